/* kernels/cpu/simd/activation.h: GELU (erf and tanh forms), ReLU, SiLU, tanh: value and slope, one pass each. */
#ifndef KERNELS_CPU_SIMD_ACTIVATION_H
#define KERNELS_CPU_SIMD_ACTIVATION_H

#include "core/parallel.h"
#include "kernels/cpu/simd/math.h"
#include "kernels/kernels.h"

/* act(x); *slope gets act'(x). kind is a constant where this is inlined, and so is whether the slope is used. */
INLINE V activation_value(const Activation kind, V x, V *slope)
{
    const float inv_sqrt_2pi = 0.39894228040143267794f, sqrt_2_over_pi = 0.79788456080286535588f;
    V           t, s, density;
    switch (kind) {
    case ACT_GELU:
        s = vec_normal(x, &density);
        *slope = s + x * (density * inv_sqrt_2pi);
        return x * s;
    case ACT_GELU_TANH:      /* (1 + tanh z) / 2 = sigmoid(2 z), which has no cancellation */
        t = vec_min(vec_set(12), vec_max(vec_set(-12), x));      /* beyond, s is 0 or 1, but the cube may overflow */
        s = vec_sigmoid(2 * sqrt_2_over_pi * (t + 0.044715f * t * t * t));
        *slope = s + t * s * (1.0f - s) * (2 * sqrt_2_over_pi) * (1.0f + 3 * 0.044715f * t * t);
        return x * s;
    case ACT_RELU:
        *slope = (V)((VI)vec_set(1) & (x > 0.0f));
        return vec_max(vec_zero(), x);
    case ACT_SILU:
        s = vec_sigmoid(x);
        *slope = s * (1.0f + x * (1.0f - s));
        return x * s;
    default:
        t = vec_tanh(x);
        *slope = 1.0f - t * t;
        return t;
    }
}

INLINE void activation_forward_part(const Activation kind, const ActivationArgs *a, int64_t begin, int64_t end)
{
    const float *x = a->x;
    float       *y = a->y;
    V            slope;
    for (int64_t i = begin; i < end; i += W)
        vec_store_upto(y + i, activation_value(kind, vec_load_upto(x + i, end - i), &slope), end - i);
}

INLINE void activation_backward_part(const Activation kind, const ActivationArgs *a, int64_t begin, int64_t end)
{
    const float *x = a->x, *dy = a->dy;
    float       *y = a->y, *dx = a->dx;
    for (int64_t i = begin; i < end; i += W) {
        V slope, value = activation_value(kind, vec_load_upto(x + i, end - i), &slope);
        V d = vec_load_upto(dy + i, end - i) * slope;
        if (y) vec_store_upto(y + i, value, end - i);
        if (a->accumulate_dx) d += vec_load_upto(dx + i, end - i);
        vec_store_upto(dx + i, d, end - i);
    }
}

static void activation_forward_share(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const ActivationArgs *a = arg;
    switch (a->kind) {
    case ACT_GELU: activation_forward_part(ACT_GELU, a, begin, end); break;
    case ACT_GELU_TANH: activation_forward_part(ACT_GELU_TANH, a, begin, end); break;
    case ACT_RELU: activation_forward_part(ACT_RELU, a, begin, end); break;
    case ACT_SILU: activation_forward_part(ACT_SILU, a, begin, end); break;
    default: activation_forward_part(ACT_TANH, a, begin, end); break;
    }
}

static void activation_backward_share(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const ActivationArgs *a = arg;
    switch (a->kind) {
    case ACT_GELU: activation_backward_part(ACT_GELU, a, begin, end); break;
    case ACT_GELU_TANH: activation_backward_part(ACT_GELU_TANH, a, begin, end); break;
    case ACT_RELU: activation_backward_part(ACT_RELU, a, begin, end); break;
    case ACT_SILU: activation_backward_part(ACT_SILU, a, begin, end); break;
    default: activation_backward_part(ACT_TANH, a, begin, end); break;
    }
}

static Status activation_fwd(void *dev, const ActivationArgs *a)
{
    (void)dev;
    parallel_for(a->n, 1024, activation_forward_share, (void *)a);
    return OK;
}

static Status activation_bwd(void *dev, const ActivationArgs *a)
{
    (void)dev;
    parallel_for(a->n, 1024, activation_backward_share, (void *)a);
    return OK;
}

#endif
