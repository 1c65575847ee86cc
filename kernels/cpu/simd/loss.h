/* kernels/cpu/simd/loss.h: softmax cross-entropy and its gradient, a row at a time while it is in cache.
 *
 * Rows' losses go to the workspace and are added in row order, so the sum does not depend on the number of threads. */
#ifndef KERNELS_CPU_SIMD_LOSS_H
#define KERNELS_CPU_SIMD_LOSS_H

#include <math.h>

#include "core/batch.h"
#include "core/parallel.h"
#include "kernels/cpu/simd/math.h"
#include "kernels/kernels.h"

/* target t = (1 - s) onehot + s / V;   loss = lse - sum_v t_v logit_v;   gradient = softmax - t */
static double cross_entropy_row(const CrossEntropyArgs *a, int64_t i)
{
    const int64_t n = a->classes;
    const float  *x = (const float *)a->logits + i * n;
    float        *dx = a->dlogits ? (float *)a->dlogits + i * n : NULL;
    const int32_t label = a->labels[i];
    if (label == BATCH_IGNORE) {
        if (dx) memset(dx, 0, (size_t)n * sizeof *dx);
        return 0;
    }
    const double smooth = a->label_smoothing, at_label = x[label];
    const V      none = vec_set(-INFINITY);
    V            top = none, logits = vec_zero(), sum = vec_zero();
    for (int64_t c = 0; c < n; c += W) {
        V v = vec_load_upto(x + c, n - c);
        logits += v;
        top = vec_max(top, n - c >= W ? v : vec_select(vec_lanes() < (int32_t)(n - c), v, none));
    }
    const float max = vec_greatest(top);
    for (int64_t c = 0; c < n; c += W) {
        V e = vec_exp(vec_load_upto(x + c, n - c) - max);
        if (n - c < W) e = (V)((VI)e & (vec_lanes() < (int32_t)(n - c)));
        sum += e;
        if (dx) vec_store_upto(dx + c, e, n - c);
    }
    const double total = vec_sum(sum), mean = smooth > 0 ? smooth * vec_sum(logits) / (double)n : 0;
    if (dx) {
        const float scale = (float)(1 / total), share = (float)(smooth / (double)n);
        for (int64_t c = 0; c < n; c += W) vec_store_upto(dx + c, vec_load_upto(dx + c, n - c) * scale - share, n - c);
        dx[label] -= (float)(1 - smooth);
    }
    return max + log(total) - (1 - smooth) * at_label - mean;
}

static void cross_entropy_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const CrossEntropyArgs *a = arg;
    for (int64_t i = begin; i < end; i++) ((double *)a->workspace)[i] = cross_entropy_row(a, i);
}

static size_t cross_entropy_workspace(void *dev, const CrossEntropyArgs *a)
{
    (void)dev;
    return (size_t)a->rows * sizeof(double);
}

static Status cross_entropy(void *dev, const CrossEntropyArgs *a)
{
    (void)dev;
    const double *losses = a->workspace;
    parallel_for(a->rows, 1, cross_entropy_rows, (void *)a);
    for (int64_t i = 0; i < a->rows; i++) {
        if (a->row_loss) ((float *)a->row_loss)[i] = (float)losses[i];
        a->scalars->loss_sum += losses[i];
        a->scalars->count += a->labels[i] != BATCH_IGNORE;
    }
    return OK;
}

#endif
