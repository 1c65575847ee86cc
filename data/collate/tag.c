/* data/collate/tag.c: tokens, and a class for the first token of each word. */
#include "data/collate/collate.h"

Status collate_tag(Dataset *d, const int64_t *rows, int64_t n, Batch *out)
{
    for (int64_t i = 0; i < n; i++) {
        Example e;
        TRY(dataset_example(d, rows[i], &e));
        int64_t first = out->streams[0].n_tokens;
        TRY(batch_add(out, 0, e.ids, e.segments, e.n, rows[i]));
        for (int64_t k = 0; e.tags && k < e.n; k++)
            if (e.tags[k] != BATCH_IGNORE) TRY(batch_add_token_label(out, (int32_t)(first + k), e.tags[k]));
        out->n_truncated += e.truncated;
    }
    return OK;
}
