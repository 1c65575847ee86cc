#include "core/rng.h"

#include <math.h>

static void draw(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i, uint32_t out[4])
{
    rng_philox((RngKey){ seed, stream }, (uint32_t)i, (uint32_t)(i >> 32), 0, site, out);
}

uint32_t rng_draw_u32(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i)
{
    uint32_t w[4];
    draw(seed, site, stream, i, w);
    return w[0];
}

double rng_draw_uniform(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i)
{
    return rng_draw_u32(seed, site, stream, i) * 0x1p-32;
}

double rng_draw_normal(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i)
{
    uint32_t w[4];
    draw(seed, site, stream, i, w);
    double u = (w[0] + 0.5) * 0x1p-32, v = w[1] * 0x1p-32;      /* Box and Muller 1958; u is never 0 */
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

uint32_t rng_draw_below(uint32_t seed, uint32_t site, uint32_t stream, uint64_t i, uint32_t n)
{
    uint32_t w[4];
    draw(seed, site, stream, i, w);
    uint64_t wide = ((uint64_t)w[1] << 32) | w[0];              /* bias below n / 2^64 */
    return (uint32_t)(((unsigned __int128)wide * n) >> 64);
}
