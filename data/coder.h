/* data/coder.h: rows -> Blocks: cleaned, augmented, tokenised, labelled. All that decides what an example is stands here.
 *
 *     Rows --chunk--> texts in memory --threads: clean, augment, tokenise--> pieces --in order--> Block
 *
 * A chunk is CODER_CHUNK_ROWS rows or CODER_CHUNK_BYTES of text, whichever comes first, so that blocks depend on the
 * rows alone: not on threads, and not on where an interrupted preparation took up its work. */
#ifndef DATA_CODER_H
#define DATA_CODER_H

#include "data/augment/augment.h"
#include "data/block.h"
#include "data/clean/clean.h"
#include "data/dataset.h"
#include "data/labels.h"
#include "data/rows.h"

enum { CODER_CHUNK_ROWS = 2048, CODER_CHUNK_BYTES = 4 << 20, CODER_BAD_SHOWN = 16 };

typedef struct CoderOptions {
    const Tokenizer *tokenizer;
    LabelKind        labels;
    bool             windows;          /* language model: cut long texts into windows instead of truncating */
    bool             pairs;            /* rows have a second text */
    bool             refuse_long;      /* truncation "error" */
    bool             skip_bad_rows;
    bool             icu_words;        /* words are ICU's, not the pre-tokenizer's; language models only */
    bool             offsets;          /* keep them whatever the labels are */
    bool             minhash;          /* keys for the search for near duplicates */
    bool             serial;           /* never enter the thread pool: beside training */
    int64_t          max_length, stride;
    const Cleaner   *cleaner;          /* NULL: texts stay as they are */
    const Augmenter *augmenter;        /* NULL: no copies */
    int64_t          copies;
    uint64_t         seed;             /* of the augmentation */
} CoderOptions;

typedef struct Coder Coder;

/* labels: class names in the order of their numbers; the coder adds those it meets unless they are closed. Borrows all. */
Status coder_new(Coder **out, const CoderOptions *options, LabelSet *labels) MUST_USE;
void   coder_free(Coder *c);

/* The next chunk of rows. *out is cleared and filled; *end: there was none. Not skipped bad rows are ERR_DATA. */
Status coder_next(Coder *c, Rows *rows, Block *out, bool *end) MUST_USE;

/* Since the last call (or the beginning): {"rows", "bad_rows", "bad_lines", "cleaning", "anonymised", "augmented",
 * "scripts", "odd_rows"}; counts start anew. Gives. counts_add adds such objects up. */
Status coder_counts(Coder *c, const Rows *rows, cJSON **out) MUST_USE;
Status counts_add(cJSON *total, const cJSON *more) MUST_USE;

#endif
