/* kernels/ref/optim.c: norm of all gradients, AdamW, SGD with momentum. Gradients are sums over counted terms. */
#include <math.h>
#include <string.h>

#include "kernels/ref/ref.h"

Status ref_grad_norm(void *dev, const OptimArgs *a)
{
    (void)dev;
    StepScalars *s = a->scalars;
    const REAL  *g = a->grads;
    double       sum = 0, count = s->count > 0 ? s->count : 1;
    for (int64_t i = 0; i < a->n_state; i++) sum += (double)g[i] * g[i];
    s->grad_norm = sqrt(sum) / count;
    s->finite = isfinite(s->grad_norm) && isfinite(s->loss_sum);
    double clip = s->max_grad_norm > 0 ? fmin(1, s->max_grad_norm / (s->grad_norm + 1e-6)) : 1;
    s->update_scale = clip / count;
    s->updates += s->finite;
    return OK;
}

Status ref_adamw(void *dev, const OptimArgs *a)
{
    (void)dev;
    const StepScalars *s = a->scalars;
    double correct1 = 1 - pow(a->beta1, s->updates), correct2 = 1 - pow(a->beta2, s->updates);
    for (int64_t k = 0; s->finite && k < a->n_chunks; k++) {
        const OptimChunk *c = &a->chunks[k];
        REAL  *w = (REAL *)a->values + c->param, *m = (REAL *)a->m + c->state, *v = (REAL *)a->v + c->state;
        REAL  *g = (REAL *)a->grads + c->state;
        double lr = s->learning_rate * c->lr_scale;
        for (int64_t i = 0; i < c->n; i++) {
            double grad = g[i] * s->update_scale;
            m[i] = (REAL)(a->beta1 * m[i] + (1 - a->beta1) * grad);
            v[i] = (REAL)(a->beta2 * v[i] + (1 - a->beta2) * grad * grad);
            w[i] = (REAL)(w[i] - lr * c->weight_decay * w[i]
                          - lr * (m[i] / correct1) / (sqrt(v[i] / correct2) + a->eps));
        }
    }
    memset(a->grads, 0, (size_t)a->n_state * sizeof(REAL));
    return OK;
}

Status ref_sgd(void *dev, const OptimArgs *a)
{
    (void)dev;
    const StepScalars *s = a->scalars;
    for (int64_t k = 0; s->finite && k < a->n_chunks; k++) {
        const OptimChunk *c = &a->chunks[k];
        REAL  *w = (REAL *)a->values + c->param, *m = (REAL *)a->m + c->state, *g = (REAL *)a->grads + c->state;
        double lr = s->learning_rate * c->lr_scale;
        for (int64_t i = 0; i < c->n; i++) {
            m[i] = (REAL)(a->momentum * m[i] + g[i] * s->update_scale + c->weight_decay * w[i]);
            w[i] = (REAL)(w[i] - lr * m[i]);
        }
    }
    memset(a->grads, 0, (size_t)a->n_state * sizeof(REAL));
    return OK;
}
