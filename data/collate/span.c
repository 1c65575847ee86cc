/* data/collate/span.c: tokens of a question with a piece of its text, and where the answer stands in them. */
#include "data/collate/collate.h"

Status collate_span(Dataset *d, const int64_t *rows, int64_t n, Batch *out)
{
    for (int64_t i = 0; i < n; i++) {
        Example e;
        TRY(dataset_example(d, rows[i], &e));
        TRY(batch_add(out, 0, e.ids, e.segments, e.n, rows[i]));
        TRY(batch_add_span(out, e.answer_begin, e.answer_end));
        out->n_truncated += e.truncated;
    }
    return OK;
}
