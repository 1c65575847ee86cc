/* kernels/cpu/simd/vec.h: vectors of SIMD_WIDTH floats, and the few things that GCC's vector extensions cannot say.
 *
 * The kernels of this folder are written once over these types and compiled once a level: 4 lanes (portable: SSE2 or
 * NEON), 8 (AVX2 + FMA), 16 (AVX-512). The including file sets SIMD_WIDTH; everything is static, so the levels live side
 * by side. Arithmetic is written with operators; a * b + c becomes one FMA where the machine has it. */
#ifndef KERNELS_CPU_SIMD_VEC_H
#define KERNELS_CPU_SIMD_VEC_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef SIMD_WIDTH
#error "define SIMD_WIDTH as 4, 8 or 16 before including this header"
#endif

enum { W = SIMD_WIDTH, VEC_BYTES = 4 * SIMD_WIDTH };

typedef float    V __attribute__((vector_size(4 * SIMD_WIDTH), may_alias));
typedef int32_t  VI __attribute__((vector_size(4 * SIMD_WIDTH), may_alias));     /* as many 32-bit integers; masks: 0 or -1 */
typedef uint64_t VQ __attribute__((vector_size(4 * SIMD_WIDTH), may_alias));     /* half as many 64-bit ones */
typedef double   VD __attribute__((vector_size(4 * SIMD_WIDTH), may_alias));     /* half as many doubles */
typedef float    VHalf __attribute__((vector_size(2 * SIMD_WIDTH), may_alias));  /* half as many floats */
typedef uint16_t VU16 __attribute__((vector_size(2 * SIMD_WIDTH), may_alias));   /* as many 16-bit integers */

typedef V     V_unaligned __attribute__((aligned(4)));
typedef VQ    VQ_unaligned __attribute__((aligned(4)));
typedef VHalf VHalf_unaligned __attribute__((aligned(4)));
typedef VU16  VU16_unaligned __attribute__((aligned(2)));

#define INLINE static inline __attribute__((always_inline, unused))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

INLINE V    vec_set(float x) { return x - (V){ 0 }; }
INLINE V    vec_zero(void) { return (V){ 0 }; }
INLINE V    vec_load(const float *p) { return *(const V_unaligned *)p; }
INLINE void vec_store(float *p, V v) { *(V_unaligned *)p = v; }

INLINE VI vec_lanes(void)      /* 0, 1, 2, ... */
{
#if SIMD_WIDTH == 16
    return (VI){ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
#elif SIMD_WIDTH == 8
    return (VI){ 0, 1, 2, 3, 4, 5, 6, 7 };
#else
    return (VI){ 0, 1, 2, 3 };
#endif
}

/* The first n lanes, 0 <= n < W; the others are zero, and their memory is not touched. */
INLINE V vec_load_some(const float *p, int64_t n)
{
#if SIMD_WIDTH == 16
    return (V)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif SIMD_WIDTH == 8
    return (V)_mm256_maskload_ps(p, (__m256i)(vec_lanes() < (int32_t)n));
#else
    V v = vec_zero();
    for (int64_t i = 0; i < n; i++) v[i] = p[i];
    return v;
#endif
}

INLINE void vec_store_some(float *p, V v, int64_t n)
{
#if SIMD_WIDTH == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif SIMD_WIDTH == 8
    _mm256_maskstore_ps(p, (__m256i)(vec_lanes() < (int32_t)n), (__m256)v);
#else
    for (int64_t i = 0; i < n; i++) p[i] = v[i];
#endif
}

INLINE V vec_load_upto(const float *p, int64_t n) { return n >= W ? vec_load(p) : n > 0 ? vec_load_some(p, n) : vec_zero(); }

INLINE void vec_store_upto(float *p, V v, int64_t n)
{
    if (n >= W) vec_store(p, v);
    else if (n > 0) vec_store_some(p, v, n);
}

/* Past the caches, for what is read much later. p is aligned to VEC_BYTES. */
INLINE void vec_stream(float *p, V v)
{
#if SIMD_WIDTH == 16
    _mm512_stream_ps(p, (__m512)v);
#elif SIMD_WIDTH == 8
    _mm256_stream_ps(p, (__m256)v);
#elif defined(__x86_64__)
    _mm_stream_ps(p, (__m128)v);
#else
    vec_store(p, v);
#endif
}

INLINE void vec_stream_done(void)      /* before another thread reads what was streamed */
{
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

INLINE V vec_select(VI mask, V yes, V no)
{
#if SIMD_WIDTH == 16
    return (V)_mm512_mask_blend_ps(_mm512_movepi32_mask((__m512i)mask), (__m512)no, (__m512)yes);
#elif SIMD_WIDTH == 8
    return (V)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)mask);
#else
    return (V)((mask & (VI)yes) | (~mask & (VI)no));
#endif
}

/* The larger of bound and x; a NaN in x stays, so that a broken number is seen at the end of the step. */
INLINE V vec_max(V bound, V x)
{
#if SIMD_WIDTH == 16
    return (V)_mm512_max_ps((__m512)bound, (__m512)x);
#elif SIMD_WIDTH == 8
    return (V)_mm256_max_ps((__m256)bound, (__m256)x);
#else
    return vec_select((VI)(bound > x), bound, x);
#endif
}

INLINE V vec_min(V bound, V x)
{
#if SIMD_WIDTH == 16
    return (V)_mm512_min_ps((__m512)bound, (__m512)x);
#elif SIMD_WIDTH == 8
    return (V)_mm256_min_ps((__m256)bound, (__m256)x);
#else
    return vec_select((VI)(bound < x), bound, x);
#endif
}

INLINE V vec_abs(V x) { return (V)((VI)x & 0x7fffffff); }

INLINE V vec_sqrt(V x)
{
#if SIMD_WIDTH == 16
    return (V)_mm512_sqrt_ps((__m512)x);
#elif SIMD_WIDTH == 8
    return (V)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
    return (V)_mm_sqrt_ps((__m128)x);
#else
    for (int i = 0; i < W; i++) x[i] = __builtin_sqrtf(x[i]);
    return x;
#endif
}

/* Sums in a fixed order: halves onto halves. */
INLINE float vec_sum(V x)
{
#if SIMD_WIDTH == 16
    __m256 y = _mm256_add_ps(_mm512_castps512_ps256((__m512)x), _mm512_extractf32x8_ps((__m512)x, 1));
#elif SIMD_WIDTH == 8
    __m256 y = (__m256)x;
#endif
#if SIMD_WIDTH >= 8
    __m128 z = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
#else
    V z = x;
#endif
    return (z[0] + z[2]) + (z[1] + z[3]);
}

INLINE float vec_greatest(V x)
{
#if SIMD_WIDTH == 16
    __m256 y = _mm256_max_ps(_mm512_castps512_ps256((__m512)x), _mm512_extractf32x8_ps((__m512)x, 1));
#elif SIMD_WIDTH == 8
    __m256 y = (__m256)x;
#endif
#if SIMD_WIDTH >= 8
    __m128 z = _mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
#else
    V z = x;
#endif
    float a = z[0] > z[2] ? z[0] : z[2], b = z[1] > z[3] ? z[1] : z[3];
    return a > b ? a : b;
}

INLINE double vec_sum_double(VD x)
{
    double sum = 0;
    for (int i = 0; i < W / 2; i++) sum += x[i];
    return sum;
}

INLINE VD vec_widen(const float *p) { return __builtin_convertvector(*(const VHalf_unaligned *)p, VD); }

/* Low 32 bits of each 64-bit lane, multiplied to 64 bits; the high halves of a are ignored. */
INLINE VQ vec_mul_low(VQ a, uint32_t b)
{
#if SIMD_WIDTH == 16
    return (VQ)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b));
#elif SIMD_WIDTH == 8
    return (VQ)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined(__x86_64__)
    return (VQ)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
    return (a & 0xffffffffu) * (uint64_t)b;
#endif
}

/* Lane i of the result is lane pick[i] of a and b laid end to end; pick is a constant. */
INLINE V vec_shuffle(V a, V b, const VI pick)
{
#if defined(__clang__)
    V out = { 0 };
    UNROLL for (int i = 0; i < W; i++) out[i] = pick[i] < W ? a[pick[i]] : b[pick[i] - W];
    return out;
#else
    return __builtin_shuffle(a, b, pick);
#endif
}

/* rows[i][j] <-> rows[j][i] of W vectors, by log2(W) rounds of swapped halves. */
INLINE void vec_transpose(V rows[W])
{
    const VI lane = vec_lanes();
    UNROLL for (int s = W / 2; s > 0; s /= 2) {
        const VI upper = (lane & s) != 0;
        const VI first = lane + (upper & (W - s)), second = first + s;
        UNROLL for (int i = 0; i < W; i++) {
            if (i & s) continue;
            V a = rows[i], b = rows[i + s];
            rows[i] = vec_shuffle(a, b, first);
            rows[i + s] = vec_shuffle(a, b, second);
        }
    }
}

#endif
