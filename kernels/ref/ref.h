/* kernels/ref/ref.h: the reference kernels, one family a file. Plain loops that read like their equations; sums run in
 * double. Compiled with REAL = float for use and parity, with REAL = double for gradient checks. */
#ifndef KERNELS_REF_REF_H
#define KERNELS_REF_REF_H

#include "core/rng.h"
#include "kernels/kernels.h"

#define REF_DECLARE(slot, Args, ref) Status ref(void *dev, const Args *a);
KERNEL_SLOTS(REF_DECLARE)
#undef REF_DECLARE
size_t ref_attention_workspace(void *dev, const AttentionArgs *a);

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
