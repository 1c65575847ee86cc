/* data/collate/classify.c: tokens and one class a sequence. Also plain tokens, for sets without labels. */
#include "data/collate/collate.h"

Status collate_classify(Dataset *d, const int64_t *rows, int64_t n, Batch *out)
{
    for (int64_t i = 0; i < n; i++) {
        Example e;
        TRY(dataset_example(d, rows[i], &e));
        TRY(batch_add(out, 0, e.ids, e.segments, e.n, rows[i]));
        if (e.label >= 0) TRY(batch_add_label(out, e.label));
        out->n_truncated += e.truncated;
    }
    return OK;
}
