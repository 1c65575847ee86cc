/* kernels/ref/rows.c: choosing and combining rows: pooling a sequence, gathering by index, unit length. */
#include <math.h>

#include "kernels/ref/ref.h"

Status ref_pool_fwd(void *dev, const PoolArgs *a)
{
    (void)dev;
    const REAL *x = a->x;
    REAL       *y = a->y;
    for (int64_t b = 0; b < a->n_seqs; b++) {
        int64_t begin = a->cu_seqlens[b], end = a->kind == POOL_FIRST ? begin + 1 : a->cu_seqlens[b + 1];
        for (int64_t c = 0; c < a->cols; c++) {
            double sum = 0;
            for (int64_t i = begin; i < end; i++) sum += x[i * a->cols + c];
            y[b * a->cols + c] = (REAL)(sum / (double)(end - begin));
        }
    }
    return OK;
}

Status ref_pool_bwd(void *dev, const PoolArgs *a)
{
    (void)dev;
    const REAL *dy = a->dy;
    REAL       *dx = a->dx;
    for (int64_t b = 0; b < a->n_seqs; b++) {
        int64_t begin = a->cu_seqlens[b], end = a->cu_seqlens[b + 1], used = a->kind == POOL_FIRST ? 1 : end - begin;
        for (int64_t i = begin; i < end; i++)
            for (int64_t c = 0; c < a->cols; c++)
                ref_store(&dx[i * a->cols + c], i - begin < used ? (double)dy[b * a->cols + c] / (double)used : 0,
                          a->accumulate_dx);
    }
    return OK;
}

Status ref_gather_fwd(void *dev, const GatherArgs *a)
{
    (void)dev;
    for (int64_t i = 0; i < a->n; i++)
        for (int64_t c = 0; c < a->cols; c++)
            ((REAL *)a->y)[i * a->cols + c] = ((const REAL *)a->x)[a->index[i] * a->cols + c];
    return OK;
}

Status ref_gather_bwd(void *dev, const GatherArgs *a)
{
    (void)dev;
    REAL *dx = a->dx;
    for (int64_t i = 0; !a->accumulate_dx && i < a->rows * a->cols; i++) dx[i] = 0;
    for (int64_t i = 0; i < a->n; i++)
        for (int64_t c = 0; c < a->cols; c++) dx[a->index[i] * a->cols + c] += ((const REAL *)a->dy)[i * a->cols + c];
    return OK;
}

static double length(const REAL *x, int64_t n, double eps)
{
    double sum = 0;
    for (int64_t c = 0; c < n; c++) sum += (double)x[c] * x[c];
    return fmax(sqrt(sum), eps);
}

Status ref_l2norm_fwd(void *dev, const L2NormArgs *a)
{
    (void)dev;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *x = (const REAL *)a->x + i * a->cols;
        double      len = length(x, a->cols, a->eps);
        for (int64_t c = 0; c < a->cols; c++) ((REAL *)a->y)[i * a->cols + c] = (REAL)(x[c] / len);
    }
    return OK;
}

/* dx = (dy - y (y . dy)) / |x| */
Status ref_l2norm_bwd(void *dev, const L2NormArgs *a)
{
    (void)dev;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *x = (const REAL *)a->x + i * a->cols, *dy = (const REAL *)a->dy + i * a->cols;
        double      len = length(x, a->cols, a->eps), along = 0;
        for (int64_t c = 0; c < a->cols; c++) along += x[c] / len * dy[c];
        for (int64_t c = 0; c < a->cols; c++)
            ref_store((REAL *)a->dx + i * a->cols + c, (dy[c] - x[c] / len * along) / len, a->accumulate_dx);
    }
    return OK;
}
