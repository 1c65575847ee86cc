/* cli/mask_filler.h: words that a masked language model proposes, for data.augment's mlm step. Here, because data knows no
 * model and train no inference. */
#ifndef CLI_MASK_FILLER_H
#define CLI_MASK_FILLER_H

#include "data/dataset.h"
#include "train/job.h"

typedef struct MaskFiller MaskFiller;

/* *out NULL when the job has no mlm step. The model is data.augment_model, else model.from. */
Status mask_filler_open(MaskFiller **out, const Job *job) MUST_USE;
void   mask_filler_close(MaskFiller *f);

/* An AugmentFill; arg is the filler. One thread at a time. */
Status mask_filler_fill(void *arg, const char *text, size_t n, const AugmentMask *masks, size_t n_masks,
                        const char **words) MUST_USE;

#endif
