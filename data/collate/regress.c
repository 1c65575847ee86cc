/* data/collate/regress.c: tokens and one number a sequence. */
#include "data/collate/collate.h"

Status collate_regress(Dataset *d, const int64_t *rows, int64_t n, Batch *out)
{
    for (int64_t i = 0; i < n; i++) {
        Example e;
        TRY(dataset_example(d, rows[i], &e));
        TRY(batch_add(out, 0, e.ids, e.segments, e.n, rows[i]));
        TRY(batch_add_target(out, (float)e.target));
        out->n_truncated += e.truncated;
    }
    return OK;
}
