/* kernels/cpu/simd/optim.h: norm of all gradients, AdamW and SGD: each one pass over all parameters as one flat range,
 * so that threads share bytes rather than tensors. The gradient is zeroed in the pass that reads it last. */
#ifndef KERNELS_CPU_SIMD_OPTIM_H
#define KERNELS_CPU_SIMD_OPTIM_H

#include <math.h>

#include "core/parallel.h"
#include "kernels/cpu/simd/vec.h"
#include "kernels/kernels.h"

enum { NORM_BLOCK = 1 << 15 };      /* gradients summed apart, in double; the same blocks for any number of threads */

static void grad_norm_blocks(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const OptimArgs *a = arg;
    double          *sums = a->workspace;
    for (int64_t b = begin; b < end; b++) {
        const float *g = (const float *)a->grads + b * NORM_BLOCK;
        int64_t      n = a->n_state - b * NORM_BLOCK < NORM_BLOCK ? a->n_state - b * NORM_BLOCK : NORM_BLOCK, i = 0;
        VD           lo = { 0 }, hi = { 0 };
        for (; i + W <= n; i += W) {
            VD x = vec_widen(g + i), y = vec_widen(g + i + W / 2);
            lo += x * x;
            hi += y * y;
        }
        double sum = vec_sum_double(lo + hi);
        for (; i < n; i++) sum += (double)g[i] * g[i];
        sums[b] = sum;
    }
}

static int64_t grad_norm_count(const OptimArgs *a) { return (a->n_state + NORM_BLOCK - 1) / NORM_BLOCK; }

static size_t grad_norm_workspace(void *dev, const OptimArgs *a)
{
    (void)dev;
    return (size_t)grad_norm_count(a) * sizeof(double);
}

static Status grad_norm(void *dev, const OptimArgs *a)
{
    (void)dev;
    StepScalars *s = a->scalars;
    double       sum = 0, count = s->count > 0 ? s->count : 1;
    parallel_for(grad_norm_count(a), 1, grad_norm_blocks, (void *)a);
    for (int64_t b = 0; b < grad_norm_count(a); b++) sum += ((const double *)a->workspace)[b];
    s->grad_norm = sqrt(sum) / count;
    s->finite = isfinite(s->grad_norm) && isfinite(s->loss_sum);
    double clip = s->max_grad_norm > 0 ? fmin(1, s->max_grad_norm / (s->grad_norm + 1e-6)) : 1;
    s->update_scale = clip / count;
    s->updates += s->finite;
    return OK;
}

static void adamw_part(const OptimArgs *a, const OptimChunk *c, int64_t begin, int64_t end)
{
    const StepScalars *s = a->scalars;
    const double       lr = s->learning_rate * c->lr_scale;
    const float beta1 = (float)a->beta1, beta2 = (float)a->beta2, rest1 = (float)(1 - a->beta1), rest2 = (float)(1 - a->beta2);
    const float scale = (float)s->update_scale, keep = (float)(1 - lr * c->weight_decay), eps = (float)a->eps;
    const float step = (float)(lr / (1 - pow(a->beta1, s->updates))), root = (float)(1 / sqrt(1 - pow(a->beta2, s->updates)));
    float *w = (float *)a->values + c->param, *m = (float *)a->m + c->state, *v = (float *)a->v + c->state;
    float *g = (float *)a->grads + c->state;
    for (int64_t i = begin; i < end; i += W) {
        V grad = scale * vec_load_upto(g + i, end - i);
        V mv = beta1 * vec_load_upto(m + i, end - i) + rest1 * grad;
        V vv = beta2 * vec_load_upto(v + i, end - i) + rest2 * grad * grad;
        V wv = keep * vec_load_upto(w + i, end - i) - step * mv / (vec_sqrt(vv) * root + eps);
        vec_store_upto(m + i, mv, end - i);
        vec_store_upto(v + i, vv, end - i);
        vec_store_upto(w + i, wv, end - i);
        vec_store_upto(g + i, vec_zero(), end - i);
    }
}

/* m = momentum m + g + decay w;  w -= lr m */
static void sgd_part(const OptimArgs *a, const OptimChunk *c, int64_t begin, int64_t end)
{
    const StepScalars *s = a->scalars;
    const float momentum = (float)a->momentum, scale = (float)s->update_scale, decay = c->weight_decay;
    const float lr = (float)(s->learning_rate * c->lr_scale);
    float *w = (float *)a->values + c->param, *m = (float *)a->m + c->state, *g = (float *)a->grads + c->state;
    for (int64_t i = begin; i < end; i += W) {
        V wv = vec_load_upto(w + i, end - i);
        V mv = momentum * vec_load_upto(m + i, end - i) + scale * vec_load_upto(g + i, end - i) + decay * wv;
        vec_store_upto(m + i, mv, end - i);
        vec_store_upto(w + i, wv - lr * mv, end - i);
        vec_store_upto(g + i, vec_zero(), end - i);
    }
}

typedef struct OptimRun {
    const OptimArgs *a;
    void           (*part)(const OptimArgs *a, const OptimChunk *c, int64_t begin, int64_t end);
} OptimRun;

/* begin .. end of all chunks laid end to end */
static void optim_share(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const OptimRun *run = arg;
    int64_t         first = 0;
    for (int64_t k = 0; k < run->a->n_chunks && first < end; k++) {
        const OptimChunk *c = &run->a->chunks[k];
        int64_t           from = begin > first ? begin - first : 0, to = end - first < c->n ? end - first : c->n;
        if (from < to) run->part(run->a, c, from, to);
        first += c->n;
    }
}

static void optim_zero(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    memset((float *)arg + begin, 0, (size_t)(end - begin) * sizeof(float));
}

static void optim_run(const OptimArgs *a, OptimRun *run)
{
    int64_t n = 0;
    if (a->scalars->finite) {
        for (int64_t k = 0; k < a->n_chunks; k++) n += a->chunks[k].n;
        parallel_for(n, 1024, optim_share, run);
    }
    if (n != a->n_state) parallel_for(a->n_state, 1024, optim_zero, a->grads);      /* skipped, or gaps between chunks */
}

static Status adamw(void *dev, const OptimArgs *a)
{
    (void)dev;
    OptimRun run = { a, adamw_part };
    optim_run(a, &run);
    return OK;
}

static Status sgd(void *dev, const OptimArgs *a)
{
    (void)dev;
    OptimRun run = { a, sgd_part };
    optim_run(a, &run);
    return OK;
}

#endif
