/* kernels/cpu/simd/math.h: exp, tanh and the normal distribution on vectors, to one or two units of float's last place.
 *
 * Coefficients are Chebyshev fits in 30 digits; the error of each fit stands beside it. */
#ifndef KERNELS_CPU_SIMD_MATH_H
#define KERNELS_CPU_SIMD_MATH_H

#include "kernels/cpu/simd/vec.h"

/* x = n ln 2 + r with |r| <= ln 2 / 2; gives n, and r's exp() - 1 through a polynomial in r (Cody & Waite 1980). */
INLINE V exp_reduce(V x, V *n)
{
    const float magic = 12582912.0f;      /* 1.5 * 2^23: adding it rounds to an integer, which then sits in the low bits */
    *n = (x * 1.44269504088896341f + magic) - magic;
    V r = x - *n * 0.693359375f;
    r = r - *n * -2.12194440e-4f;
    V q = 0.00139262508315f * r + 0.00836323288368f;      /* 8e-9 */
    q = q * r + 0.041666554213f;
    q = q * r + 0.166665766661f;
    q = q * r + 0.5f;
    return q * (r * r) + r;
}

/* x 2^n for an integral n of at most +-250 */
INLINE V vec_scale(V x, V n)
{
#if SIMD_WIDTH == 16
    return (V)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
    VI i = __builtin_convertvector(n, VI), half = i >> 1;      /* in two steps, as one leaves the range of the exponent */
    return x * (V)((half + 127) << 23) * (V)((i - half + 127) << 23);
#endif
}

INLINE V vec_exp(V x)
{
    V n;
    x = vec_min(vec_set(89), vec_max(vec_set(-104), x));
    V e = exp_reduce(x, &n);
    return vec_scale(e + 1.0f, n);
}

/* (exp(2a) - 1) / (exp(2a) + 1), without the cancellation near 0 */
INLINE V vec_tanh(V x)
{
    V n, a = vec_min(vec_set(10), vec_abs(x));
    V e = exp_reduce(2.0f * a, &n), power = vec_scale(vec_set(1), n);
    e = e * power + (power - 1.0f);
    return (V)((VI)(e / (e + 2.0f)) | ((VI)x & (int32_t)0x80000000));
}

INLINE V vec_sigmoid(V x) { return 1.0f / (1.0f + vec_exp(-x)); }

/* The normal distribution: *density gets exp(-x^2 / 2), and the result is its integral from minus infinity to x.
 * For x < 0 that is exp(-x^2 / 2) t P(t) with t = 1 / (1 + |x| / 4), so the small values keep their digits. */
INLINE V vec_normal(V x, V *density)
{
    V a = vec_min(vec_set(14), vec_abs(x)), t = 1.0f / (1.0f + 0.25f * a);
    V p = 0.028784735971f * t - 0.16750809755f;      /* 2e-8 */
    p = p * t + 0.32608163563f;
    p = p * t - 0.239553376f;
    p = p * t + 0.22472243023f;
    p = p * t + 0.023304775136f;
    p = p * t + 0.10616830014f;
    p = p * t + 0.098182778215f;
    p = p * t + 0.099816810698f;
    *density = vec_exp(-0.5f * a * a);
    V tail = *density * t * p;
    return vec_select((VI)(x > 0.0f), 1.0f - tail, tail);
}

#endif
