/* kernels/ref/attention.c: softmax(scale q k^T) v over variable-length sequences.  Vaswani et al. 2017, eq. 1. */
#include <math.h>

#include "kernels/ref/ref.h"

typedef struct Head {        /* one head of one sequence */
    const AttentionArgs *a;
    int64_t q0, nq, k0, nk, h, b;
} Head;

static const REAL *row(const void *base, int64_t stride, int64_t i, const Head *t)
{
    return (const REAL *)base + i * stride + t->h * t->a->head_size;
}

static REAL *row_out(void *base, int64_t stride, int64_t i, const Head *t)
{
    return (REAL *)base + i * stride + t->h * t->a->head_size;
}

static double dot(const REAL *x, const REAL *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * y[i];
    return sum;
}

static int64_t visible(const Head *t, int64_t i)      /* keys that query i of its sequence sees; may be <= 0 */
{
    return t->a->causal ? t->nk - t->nq + i + 1 : t->nk;
}

static double factor(const Head *t, int64_t i, int64_t j)
{
    const Dropout *d = &t->a->drop;
    if (!d->key || d->p == 0) return 1;
    uint32_t w[4], seq = (uint32_t)d->row_seq[t->q0] * (uint32_t)t->a->heads + (uint32_t)t->h;
    rng_philox((RngKey){ d->key->seed, d->key->step }, (uint32_t)(j / 8), (uint32_t)d->row_position[t->q0 + i], seq,
               d->site, w);
    return rng_u16(w, j) >= rng_threshold(d->p) ? rng_keep_scale(d->p) : 0;
}

static Head head(const AttentionArgs *a, int64_t b, int64_t h)
{
    return (Head){ a, a->cu_q[b], a->cu_q[b + 1] - a->cu_q[b], a->cu_k[b], a->cu_k[b + 1] - a->cu_k[b], h, b };
}

static void forward_query(const Head *t, int64_t i)
{
    const AttentionArgs *a = t->a;
    const REAL *q = row(a->q, a->q_stride, t->q0 + i, t);
    REAL       *o = row_out(a->o, a->o_stride, t->q0 + i, t);
    double      max = -INFINITY, sum = 0;
    int64_t     n = visible(t, i);
    for (int64_t j = 0; j < n; j++) max = fmax(max, a->scale * dot(q, row(a->k, a->k_stride, t->k0 + j, t), a->head_size));
    for (int64_t j = 0; j < n; j++)      /* subtract the maximum first: exp() of a raw score overflows float above 88 */
        sum += exp(a->scale * dot(q, row(a->k, a->k_stride, t->k0 + j, t), a->head_size) - max);
    for (int64_t c = 0; c < a->head_size; c++) {
        double out = 0;
        for (int64_t j = 0; j < n; j++) {
            double s = a->scale * dot(q, row(a->k, a->k_stride, t->k0 + j, t), a->head_size);
            out += exp(s - max) / sum * factor(t, i, j) * row(a->v, a->v_stride, t->k0 + j, t)[c];
        }
        o[c] = (REAL)out;
    }
    if (a->lse) ((REAL *)a->lse)[(t->q0 + i) * a->heads + t->h] = (REAL)(n > 0 ? max + log(sum) : INFINITY);
}

Status ref_attention_fwd(void *dev, const AttentionArgs *a)
{
    (void)dev;
    for (int64_t b = 0; b < a->n_seqs; b++)
        for (int64_t h = 0; h < a->heads; h++) {
            Head t = head(a, b, h);
            for (int64_t i = 0; i < t.nq; i++) forward_query(&t, i);
        }
    return OK;
}

size_t ref_attention_workspace(void *dev, const AttentionArgs *a)
{
    (void)dev;
    return (size_t)a->max_k * sizeof(double);
}

/* With p the probabilities, m the dropout factors, dp = m (do . v):  ds = p (dp - sum_j p dp),
 * dq = scale ds k,  dk = scale ds^T q,  dv = (p m)^T do. */
static void backward_query(const Head *t, int64_t i, double *dp)
{
    const AttentionArgs *a = t->a;
    int64_t     D = a->head_size, n = visible(t, i);
    const REAL *q = row(a->q, a->q_stride, t->q0 + i, t), *d_o = row(a->d_o, a->o_stride, t->q0 + i, t);
    REAL       *dq = row_out(a->dq, a->q_stride, t->q0 + i, t);
    double      lse = ((const REAL *)a->lse)[(t->q0 + i) * a->heads + t->h], delta = 0;
    for (int64_t j = 0; j < n; j++) {
        double p = exp(a->scale * dot(q, row(a->k, a->k_stride, t->k0 + j, t), D) - lse), m = factor(t, i, j);
        REAL  *dv = row_out(a->dv, a->v_stride, t->k0 + j, t);
        dp[j] = m * dot(d_o, row(a->v, a->v_stride, t->k0 + j, t), D);
        delta += p * dp[j];
        for (int64_t c = 0; c < D; c++) dv[c] += (REAL)(p * m * d_o[c]);
    }
    for (int64_t j = 0; j < n; j++) {
        const REAL *k = row(a->k, a->k_stride, t->k0 + j, t);
        REAL       *dk = row_out(a->dk, a->k_stride, t->k0 + j, t);
        double      ds = a->scale * exp(a->scale * dot(q, k, D) - lse) * (dp[j] - delta);
        for (int64_t c = 0; c < D; c++) {
            dq[c] += (REAL)(ds * k[c]);
            dk[c] += (REAL)(ds * q[c]);
        }
    }
}

static void clear_rows(void *base, int64_t stride, int64_t first, int64_t n, const Head *t)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < t->a->head_size; c++) row_out(base, stride, first + i, t)[c] = 0;
}

Status ref_attention_bwd(void *dev, const AttentionArgs *a)
{
    (void)dev;
    for (int64_t b = 0; b < a->n_seqs; b++)
        for (int64_t h = 0; h < a->heads; h++) {
            Head t = head(a, b, h);
            clear_rows(a->dq, a->q_stride, t.q0, t.nq, &t);
            clear_rows(a->dk, a->k_stride, t.k0, t.nk, &t);
            clear_rows(a->dv, a->v_stride, t.k0, t.nk, &t);
            for (int64_t i = 0; i < t.nq; i++) backward_query(&t, i, a->workspace);
        }
    return OK;
}
