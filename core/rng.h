/* core/rng.h: counter-based random numbers. The same coordinates give the same bits, in any order, on any thread.
 *
 * Philox4x32 with 7 rounds (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * Key = (seed, step). Counter = (column / 8, row position in its sequence, sequence * heads + head or sequence, site).
 * One call gives 128 bits: eight 16-bit uniforms for eight neighbouring columns. There is no state to save.
 *
 * Dropout keeps an element iff its 16-bit uniform >= rng_threshold(p), and scales it by 1 / (1 - threshold / 65536). */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include <stdint.h>

typedef struct RngKey { uint32_t seed, step; } RngKey;

enum { RNG_ROUNDS = 7 };
#define RNG_MUL0 0xD2511F53u
#define RNG_MUL1 0xCD9E8D57u
#define RNG_WEYL0 0x9E3779B9u
#define RNG_WEYL1 0xBB67AE85u

/* Sites of host-side draws; model dropout sites count up from 1 in declaration order. */
enum { RNG_SITE_INIT = 0x10000000, RNG_SITE_SHUFFLE = 0x20000000, RNG_SITE_MASK = 0x30000000,
       RNG_SITE_BOOTSTRAP = 0x40000000, RNG_SITE_SPLIT = 0x50000000,
       RNG_SITE_AUGMENT = 0x60000000 };

static inline void rng_philox(RngKey key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t out[4])
{
    uint32_t k0 = key.seed, k1 = key.step;
    for (int r = 0; r < RNG_ROUNDS; r++) {
        uint64_t p0 = (uint64_t)RNG_MUL0 * c0, p1 = (uint64_t)RNG_MUL1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += RNG_WEYL0;
        k1 += RNG_WEYL1;
    }
    out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}

/* The 16-bit uniform of column `col`: half (col & 1) of word (col / 2) % 4, low half first. */
static inline uint16_t rng_u16(const uint32_t words[4], int64_t col)
{
    return (uint16_t)(words[(col >> 1) & 3] >> ((col & 1) * 16));
}

static inline uint32_t rng_threshold(double p) { return (uint32_t)(p * 65536.0 + 0.5); }
static inline double   rng_keep_scale(double p) { return 1.0 / (1.0 - rng_threshold(p) / 65536.0); }

/* Host-side draws: a stream named by (seed, site, stream), entry i. */
uint32_t rng_draw_u32(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i);
double   rng_draw_uniform(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i);   /* [0, 1), 32 bits */
double   rng_draw_normal(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i);    /* mean 0, variance 1 */
uint32_t rng_draw_below(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i, uint32_t n);   /* 0 .. n-1, n > 0 */

#endif
