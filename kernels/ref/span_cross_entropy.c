/* kernels/ref/span_cross_entropy.c: which row of a sequence, by softmax over its rows.  Devlin et al. 2018 sec. 4.2
 *
 *   loss = mean over columns of (lse_rows(logits) - logit[right row]);   gradient = (softmax - onehot) / columns */
#include <math.h>

#include "kernels/ref/ref.h"

/* Column c of n rows; gives its loss. */
static double column(const SpanCrossEntropyArgs *a, int64_t first, int64_t n, int64_t c, int32_t right)
{
    const REAL *x = (const REAL *)a->logits + first * a->cols + c;
    REAL       *dx = a->dlogits ? (REAL *)a->dlogits + first * a->cols + c : NULL;
    double      max = -INFINITY, sum = 0, at_right = x[right * a->cols];
    for (int64_t i = 0; i < n; i++) max = fmax(max, x[i * a->cols]);
    for (int64_t i = 0; i < n; i++) sum += exp(x[i * a->cols] - max);
    double lse = max + log(sum);
    for (int64_t i = 0; dx && i < n; i++)
        dx[i * a->cols] = (REAL)((exp(x[i * a->cols] - lse) - (i == right)) / (double)a->cols);
    return lse - at_right;
}

Status ref_span_cross_entropy(void *dev, const SpanCrossEntropyArgs *a)
{
    (void)dev;
    for (int64_t b = 0; b < a->n_seqs; b++) {
        int64_t first = a->cu_seqlens[b], n = a->cu_seqlens[b + 1] - first;
        double  loss = 0;
        for (int64_t c = 0; c < a->cols; c++)
            loss += column(a, first, n, c, a->spans[b * a->cols + c]) / (double)a->cols;
        if (a->row_loss) ((REAL *)a->row_loss)[b] = (REAL)loss;
        a->scalars->loss_sum += loss;
        a->scalars->count++;
    }
    return OK;
}
