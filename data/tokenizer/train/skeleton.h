/* data/tokenizer/train/skeleton.h: the types of trainers, and the tokenizer.json around what they learn. */
#ifndef DATA_TOKENIZER_TRAIN_SKELETON_H
#define DATA_TOKENIZER_TRAIN_SKELETON_H

#include "data/tokenizer/train/train_internal.h"

typedef struct TrainerType {
    const char        *name, *text;           /* text: the skeleton */
    const char        *unk_token;             /* NULL: needs none */
    const char *const *special_tokens;        /* the usual ones */
    size_t             n_special_tokens;
    Status           (*train)(Trainer *t);
} TrainerType;

Status trainer_type_find(const TrainerType **out, const char *name, bool byte_fallback) MUST_USE;
/* An openable tokenizer with hardly a vocabulary; *root may be set when it fails. */
Status skeleton_make(cJSON **root, const TrainerType *type, const TokenizerTrainOptions *o) MUST_USE;
/* Added tokens and template, once the ids are known: those of the special tokens are their places in the options. */
Status skeleton_finish(cJSON *root, const TokenizerTrainOptions *o) MUST_USE;

#endif
