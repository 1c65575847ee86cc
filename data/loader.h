/* data/loader.h: the order of examples, and how many make a batch.
 *
 * An epoch's order follows from (seed, epoch) alone, so that epoch 7 can be made without the six before. While a set is
 * small all of its examples are shuffled (Fisher-Yates with counter-based numbers). A larger one is shuffled out of core:
 * its blocks are, then the examples of as many neighbouring blocks as hold `window` examples, so that a window's blocks
 * are read once. A stream is shuffled within the window that it holds. With weights, the paths of data.train take turns,
 * each in its own order, so that at every place each has had its share; a path that is used up begins again.
 *
 * Batches hold n sequences, or as many as fit a token budget; nothing is sorted by length, as a batch has no padding to
 * save. A loader's position is a Cursor: a checkpoint stores it, and a loader given it back goes on exactly there. */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H

#include "data/dataset.h"

typedef struct Cursor {
    int64_t epoch, position;       /* examples of the epoch already given out */
    Anchor  anchor;                /* streams: the window of the last one; zeros are the beginning */
} Cursor;

typedef struct LoaderOptions {
    int64_t  batch_sequences;      /* sequences a batch, or ... */
    int64_t  batch_tokens;         /* ... as many as have this many tokens (at least one sequence). 0: no such limit;
                                      with both, the first one reached */
    bool     shuffle;
    int64_t  window;               /* examples shuffled among each other; 0: all */
    const double *weights;         /* (dataset_n_sources) shares of the sources; NULL: no mixing. Copied */
    uint32_t seed;
} LoaderOptions;

typedef struct Loader Loader;

Status  loader_new(Loader **out, Dataset *dataset, const LoaderOptions *options) MUST_USE;     /* borrows the set */
void    loader_free(Loader *l);
void    loader_seek(Loader *l, Cursor c);
Cursor  loader_tell(const Loader *l);
/* The rows of the next batch (borrowed until the next call); *n 0 at the end of an epoch, after which the cursor stands
 * at the beginning of the next. */
Status  loader_next(Loader *l, const int64_t **rows, int64_t *n) MUST_USE;
/* Examples that an epoch has: the set's, or with weights what makes every path's share of them; -1: not known. */
int64_t loader_examples(const Loader *l);
/* Batches an epoch has: exact for batch_sequences, an estimate for batch_tokens; -1: not known. */
int64_t loader_batches(const Loader *l);

#endif
