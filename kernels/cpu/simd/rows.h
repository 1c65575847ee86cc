/* kernels/cpu/simd/rows.h: choosing and combining rows: pooling a sequence, gathering by index, unit length. */
#ifndef KERNELS_CPU_SIMD_ROWS_H
#define KERNELS_CPU_SIMD_ROWS_H

#include <math.h>

#include "core/parallel.h"
#include "kernels/cpu/simd/vec.h"
#include "kernels/kernels.h"

static void pool_forward_seqs(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const PoolArgs *a = arg;
    const int64_t   n = a->cols;
    for (int64_t b = begin; b < end; b++) {
        int64_t first = a->cu_seqlens[b], last = a->kind == POOL_FIRST ? first + 1 : a->cu_seqlens[b + 1];
        for (int64_t c = 0; c < n; c += W) {
            V sum = vec_zero();
            for (int64_t i = first; i < last; i++) sum += vec_load_upto((const float *)a->x + i * n + c, n - c);
            vec_store_upto((float *)a->y + b * n + c, sum / (float)(last - first), n - c);
        }
    }
}

static Status pool_fwd(void *dev, const PoolArgs *a)
{
    (void)dev;
    parallel_for(a->n_seqs, 1, pool_forward_seqs, (void *)a);
    return OK;
}

static void pool_backward_seqs(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const PoolArgs *a = arg;
    const int64_t   n = a->cols;
    for (int64_t b = begin; b < end; b++) {
        int64_t first = a->cu_seqlens[b], last = a->cu_seqlens[b + 1], used = a->kind == POOL_FIRST ? 1 : last - first;
        const float *dy = (const float *)a->dy + b * n;
        for (int64_t i = first; i < last; i++) {
            float *dx = (float *)a->dx + i * n;
            for (int64_t c = 0; c < n; c += W) {
                V d = vec_zero();
                if (i - first < used) d = vec_load_upto(dy + c, n - c) / (float)used;
                if (a->accumulate_dx) d += vec_load_upto(dx + c, n - c);
                vec_store_upto(dx + c, d, n - c);
            }
        }
    }
}

static Status pool_bwd(void *dev, const PoolArgs *a)
{
    (void)dev;
    parallel_for(a->n_seqs, 1, pool_backward_seqs, (void *)a);
    return OK;
}

static void gather_forward_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const GatherArgs *a = arg;
    for (int64_t i = begin; i < end; i++)
        memcpy((float *)a->y + i * a->cols, (const float *)a->x + a->index[i] * a->cols, (size_t)a->cols * sizeof(float));
}

static Status gather_fwd(void *dev, const GatherArgs *a)
{
    (void)dev;
    parallel_for(a->n, 4, gather_forward_rows, (void *)a);
    return OK;
}

static void gather_clear(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    memset((float *)arg + begin, 0, (size_t)(end - begin) * sizeof(float));
}

static void gather_backward_rows(int64_t begin, int64_t end, int thread, void *arg)      /* indices are distinct */
{
    (void)thread;
    const GatherArgs *a = arg;
    const int64_t     n = a->cols;
    for (int64_t i = begin; i < end; i++) {
        const float *dy = (const float *)a->dy + i * n;
        float       *dx = (float *)a->dx + a->index[i] * n;
        for (int64_t c = 0; c < n; c += W)
            vec_store_upto(dx + c, vec_load_upto(dx + c, n - c) + vec_load_upto(dy + c, n - c), n - c);
    }
}

static Status gather_bwd(void *dev, const GatherArgs *a)
{
    (void)dev;
    if (!a->accumulate_dx) parallel_for(a->rows * a->cols, 4096, gather_clear, a->dx);
    parallel_for(a->n, 4, gather_backward_rows, (void *)a);
    return OK;
}

static float row_dot(const float *x, const float *y, int64_t n)
{
    V sum = vec_zero();
    for (int64_t c = 0; c < n; c += W) sum += vec_load_upto(x + c, n - c) * vec_load_upto(y + c, n - c);
    return vec_sum(sum);
}

static void l2norm_forward_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const L2NormArgs *a = arg;
    const int64_t     n = a->cols;
    for (int64_t i = begin; i < end; i++) {
        const float *x = (const float *)a->x + i * n;
        const float  scale = (float)(1 / fmax(sqrt(row_dot(x, x, n)), a->eps));
        for (int64_t c = 0; c < n; c += W) vec_store_upto((float *)a->y + i * n + c, vec_load_upto(x + c, n - c) * scale, n - c);
    }
}

static Status l2norm_fwd(void *dev, const L2NormArgs *a)
{
    (void)dev;
    parallel_for(a->rows, 4, l2norm_forward_rows, (void *)a);
    return OK;
}

/* dx = (dy - y (y . dy)) / |x| */
static void l2norm_backward_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const L2NormArgs *a = arg;
    const int64_t     n = a->cols;
    for (int64_t i = begin; i < end; i++) {
        const float *x = (const float *)a->x + i * n, *dy = (const float *)a->dy + i * n;
        float       *dx = (float *)a->dx + i * n;
        const double len = fmax(sqrt(row_dot(x, x, n)), a->eps);
        const float  scale = (float)(1 / len), along = (float)(row_dot(x, dy, n) / (len * len));
        for (int64_t c = 0; c < n; c += W) {
            V d = (vec_load_upto(dy + c, n - c) - vec_load_upto(x + c, n - c) * along) * scale;
            if (a->accumulate_dx) d += vec_load_upto(dx + c, n - c);
            vec_store_upto(dx + c, d, n - c);
        }
    }
}

static Status l2norm_bwd(void *dev, const L2NormArgs *a)
{
    (void)dev;
    parallel_for(a->rows, 4, l2norm_backward_rows, (void *)a);
    return OK;
}

#endif
