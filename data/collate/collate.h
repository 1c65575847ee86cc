/* data/collate/collate.h: examples of a set -> one Batch, appended to what the batch holds. One file a kind. */
#ifndef DATA_COLLATE_COLLATE_H
#define DATA_COLLATE_COLLATE_H

#include "core/batch.h"
#include "data/dataset.h"

/* classify.c: tokens and one class a sequence (LABEL_NONE: no labels). */
Status collate_classify(Dataset *d, const int64_t *rows, int64_t n, Batch *out) MUST_USE;

/* regress.c: tokens and one number a sequence. */
Status collate_regress(Dataset *d, const int64_t *rows, int64_t n, Batch *out) MUST_USE;
/* tag.c: the first token of each word is labelled (Batch.label_rows, token_labels). */
Status collate_tag(Dataset *d, const int64_t *rows, int64_t n, Batch *out) MUST_USE;
/* span.c: the answer's first and last token a sequence (Batch.spans); 0, 0 where it is not in there. */
Status collate_span(Dataset *d, const int64_t *rows, int64_t n, Batch *out) MUST_USE;

/* mlm.c: masked language model, Devlin et al. 2018 sec. 3.1: `probability` of the tokens (not specials) are predicted;
 * of those 80 % become [MASK], 10 % a random token, 10 % stay. whole_word: all tokens of a word or none. The choice
 * depends on (seed, epoch, row) alone. A sequence in which chance chose nothing predicts one token. */
typedef struct MlmOptions {
    const Tokenizer *tokenizer;
    double           probability;
    bool             whole_word;
    uint32_t         seed;
    int64_t          epoch;        /* evaluation uses a fixed one */
} MlmOptions;
Status collate_mlm(Dataset *d, const int64_t *rows, int64_t n, const MlmOptions *options, Batch *out) MUST_USE;

#endif
