/* kernels/cpu/simd/dropout.h: the masks of core/rng.h, bit for bit, W / 2 Philox counters at a time.
 *
 * A counter gives eight neighbouring columns' 16-bit numbers. They are written to a small buffer in column order and
 * compared where the values are: masks are made again in backward rather than stored. */
#ifndef KERNELS_CPU_SIMD_DROPOUT_H
#define KERNELS_CPU_SIMD_DROPOUT_H

#include "core/parallel.h"
#include "core/rng.h"
#include "kernels/cpu/simd/vec.h"
#include "kernels/kernels.h"

enum {
    PHILOX_LANES = SIMD_WIDTH / 2,                /* counters a call */
    PHILOX_COLS = 8 * PHILOX_LANES,               /* columns that they give */
    DROPOUT_COLS = 512                            /* columns of a row done at a time: 1 KB of numbers */
};

typedef struct Dropper {      /* a Dropout made ready; on is false when nothing is dropped */
    bool     on;
    uint32_t threshold, site;
    float    scale;
    RngKey   key;
} Dropper;

static Dropper dropper_of(const Dropout *d)
{
    Dropper r = { .on = d->key && d->p != 0, .scale = 1 };
    if (!r.on) return r;
    r.threshold = rng_threshold(d->p);
    r.scale = (float)rng_keep_scale(d->p);
    r.site = d->site;
    r.key = (RngKey){ d->key->seed, d->key->step };
    return r;
}

INLINE VQ philox_lanes(void)
{
    VQ lanes = { 0 };
    for (int i = 0; i < PHILOX_LANES; i++) lanes[i] = (uint64_t)i;
    return lanes;
}

/* Counters sit in the low halves of 64-bit lanes; the high halves carry rubbish between rounds, which the multiplication
 * does not read. u: PHILOX_COLS numbers. */
INLINE void philox_run(uint16_t *u, RngKey key, VQ c0, VQ c1, VQ c2, VQ c3)
{
    uint32_t k0 = key.seed, k1 = key.step;
    UNROLL for (int r = 0; r < RNG_ROUNDS; r++) {
        VQ p0 = vec_mul_low(c0, RNG_MUL0), p1 = vec_mul_low(c2, RNG_MUL1);
        c0 = (p1 >> 32) ^ c1 ^ (uint64_t)k0;
        c2 = (p0 >> 32) ^ c3 ^ (uint64_t)k1;
        c1 = p1;
        c3 = p0;
        k0 += RNG_WEYL0;
        k1 += RNG_WEYL1;
    }
    const uint64_t low = 0xffffffffu;
    VQ first = (c0 & low) | (c1 << 32), second = (c2 & low) | (c3 << 32);      /* words 0, 1 and 2, 3 of each counter */
    VI lane = vec_lanes(), pick = (lane >> 2) * 2 + (lane & 1) + ((lane >> 1) & 1) * W;      /* pairs of first and second */
    *(V_unaligned *)(void *)u = vec_shuffle((V)first, (V)second, pick);
    *(V_unaligned *)(void *)(u + PHILOX_COLS / 2) = vec_shuffle((V)first, (V)second, pick + W / 2);
}

/* Numbers of columns col .. col + cols of one row; col is a multiple of 8, u has room for whole PHILOX_COLS. */
static void dropper_row(const Dropper *d, uint16_t *u, uint32_t position, uint32_t seq, int64_t col, int64_t cols)
{
    const VQ zero = { 0 };
    VQ       c0 = philox_lanes() + (uint64_t)(col / 8);
    for (int64_t i = 0; i < cols; i += PHILOX_COLS, c0 += (uint64_t)PHILOX_LANES)
        philox_run(u + i, d->key, c0, zero + position, zero + seq, zero + d->site);
}

/* Numbers of `rows` rows of `blocks` * 8 columns, close together, so that short rows fill the lanes too. */
static void dropper_rows(const Dropper *d, uint16_t *u, const int32_t *positions, uint32_t seq, int64_t rows, int64_t blocks)
{
    const VQ zero = { 0 };
    int64_t  row = 0, block = 0;
    for (int64_t i = 0; i < rows * blocks; i += PHILOX_LANES) {
        uint64_t c0[PHILOX_LANES], c1[PHILOX_LANES];
        for (int l = 0; l < PHILOX_LANES; l++) {
            c0[l] = (uint64_t)block;
            c1[l] = (uint32_t)positions[row];
            if (++block == blocks) {
                block = 0;
                if (row + 1 < rows) row++;
            }
        }
        philox_run(u + i * 8, d->key, *(VQ_unaligned *)(void *)c0, *(VQ_unaligned *)(void *)c1, zero + seq, zero + d->site);
    }
}

/* x where the number is at least the threshold, else 0; not yet scaled up */
INLINE V dropper_keep(V x, const uint16_t *u, VI threshold)
{
    VI number = __builtin_convertvector(*(const VU16_unaligned *)u, VI);
    return (V)((VI)x & (number >= threshold));
}

static void dropout_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const DropoutArgs *a = arg;
    const Dropper      d = dropper_of(&a->drop);
    const VI           threshold = (VI){ 0 } + (int32_t)d.threshold;
    uint16_t           u[DROPOUT_COLS];
    for (int64_t i = begin; i < end; i++)
        for (int64_t c0 = 0; c0 < a->cols; c0 += DROPOUT_COLS) {
            int64_t      n = a->cols - c0 < DROPOUT_COLS ? a->cols - c0 : DROPOUT_COLS;
            const float *x = (const float *)a->x + i * a->cols + c0;
            float       *y = (float *)a->y + i * a->cols + c0;
            if (d.on) dropper_row(&d, u, (uint32_t)a->drop.row_position[i], (uint32_t)a->drop.row_seq[i], c0, n);
            for (int64_t c = 0; c < n; c += W) {
                V v = vec_load_upto(x + c, n - c);
                if (d.on) v = dropper_keep(v * d.scale, u + c, threshold);
                if (a->accumulate_y) v += vec_load_upto(y + c, n - c);
                vec_store_upto(y + c, v, n - c);
            }
        }
}

static Status dropout(void *dev, const DropoutArgs *a)
{
    (void)dev;
    parallel_for(a->rows, 4, dropout_rows, (void *)a);
    return OK;
}

#endif
