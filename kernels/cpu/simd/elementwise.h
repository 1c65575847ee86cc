/* kernels/cpu/simd/elementwise.h: y (+)= a x + b z. */
#ifndef KERNELS_CPU_SIMD_ELEMENTWISE_H
#define KERNELS_CPU_SIMD_ELEMENTWISE_H

#include "core/parallel.h"
#include "kernels/cpu/simd/vec.h"
#include "kernels/kernels.h"

static void axpby_share(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const AxpbyArgs *p = arg;
    const float     *x = p->x, *z = p->z, a = (float)p->a, b = (float)p->b;
    float           *y = p->y;
    for (int64_t i = begin; i < end; i += W) {
        V v = a * vec_load_upto(x + i, end - i);
        if (z) v += b * vec_load_upto(z + i, end - i);
        if (p->accumulate_y) v += vec_load_upto(y + i, end - i);
        vec_store_upto(y + i, v, end - i);
    }
}

static Status axpby(void *dev, const AxpbyArgs *a)
{
    (void)dev;
    parallel_for(a->n, 4096, axpby_share, (void *)a);
    return OK;
}

#endif
