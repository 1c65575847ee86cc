/* data/loader.h: the order of examples, and how many make a batch.
 *
 * Epoch e is a permutation of the set drawn from (seed, e): Fisher-Yates with counter-based numbers, so that epoch 7
 * can be made without making the six before. Batches hold n sequences, or as many as fit a token budget; nothing is
 * sorted by length, as a batch has no padding to save. A loader's position is a Cursor: a checkpoint stores it, and a
 * loader given it back goes on exactly there. */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H

#include "data/dataset.h"

typedef struct Cursor { int64_t epoch, position; } Cursor;    /* position: examples of the epoch already given out */

typedef struct LoaderOptions {
    int64_t  batch_sequences;      /* sequences a batch, or ... */
    int64_t  batch_tokens;         /* ... as many as have this many tokens (at least one sequence). 0: no such limit;
                                      with both, the first one reached */
    bool     shuffle;
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
/* Batches an epoch has: exact for batch_sequences, an estimate for batch_tokens. */
int64_t loader_batches(const Loader *l);

#endif
