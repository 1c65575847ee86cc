/* kernels/ref/ref.h: the reference kernels, one family a file. Plain loops that read like their equations; sums run in
 * double. Compiled with REAL = float for use and parity, with REAL = double for gradient checks. */
#ifndef KERNELS_REF_REF_H
#define KERNELS_REF_REF_H

#include "core/rng.h"
#include "kernels/kernels.h"

Status ref_linear_fwd(void *dev, const LinearArgs *a);
Status ref_linear_bwd_input(void *dev, const LinearArgs *a);
Status ref_linear_bwd_weight(void *dev, const LinearArgs *a);
Status ref_embed_fwd(void *dev, const EmbedArgs *a);
Status ref_embed_bwd(void *dev, const EmbedArgs *a);
Status ref_add_norm_fwd(void *dev, const AddNormArgs *a);
Status ref_add_norm_bwd(void *dev, const AddNormArgs *a);
Status ref_activation_fwd(void *dev, const ActivationArgs *a);
Status ref_activation_bwd(void *dev, const ActivationArgs *a);
Status ref_axpby(void *dev, const AxpbyArgs *a);
Status ref_dropout(void *dev, const DropoutArgs *a);
Status ref_attention_fwd(void *dev, const AttentionArgs *a);
Status ref_attention_bwd(void *dev, const AttentionArgs *a);
size_t ref_attention_workspace(void *dev, const AttentionArgs *a);
Status ref_pool_fwd(void *dev, const PoolArgs *a);
Status ref_pool_bwd(void *dev, const PoolArgs *a);
Status ref_gather_fwd(void *dev, const GatherArgs *a);
Status ref_gather_bwd(void *dev, const GatherArgs *a);
Status ref_l2norm_fwd(void *dev, const L2NormArgs *a);
Status ref_l2norm_bwd(void *dev, const L2NormArgs *a);
Status ref_cross_entropy(void *dev, const CrossEntropyArgs *a);
Status ref_grad_norm(void *dev, const OptimArgs *a);
Status ref_adamw(void *dev, const OptimArgs *a);
Status ref_sgd(void *dev, const OptimArgs *a);

/* What dropout multiplies an element with: 0, or 1 / keep share; 1 without dropout. row is a row of the array. */
static inline double ref_dropout_factor(const Dropout *d, int64_t row, int64_t col)
{
    if (!d->key || d->p == 0) return 1;
    uint32_t w[4];
    rng_philox((RngKey){ d->key->seed, d->key->step }, (uint32_t)(col / 8), (uint32_t)d->row_position[row],
               (uint32_t)d->row_seq[row], d->site, w);
    return rng_u16(w, col) >= rng_threshold(d->p) ? rng_keep_scale(d->p) : 0;
}

static inline void ref_store(REAL *out, double v, bool accumulate)
{
    *out = (REAL)(accumulate ? *out + v : v);
}

#endif
