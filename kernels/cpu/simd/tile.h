/* kernels/cpu/simd/tile.h: the product of a few rows with a few vectors, in registers. What all products are made of.
 *
 *   acc[r][v] += sum_k a[r * a_row + k * a_step] * b[k * b_step + v * W ...]
 *
 * The left operand is read scalar by scalar with any strides, so it may be transposed or a slice of something wider; the
 * right one is read as whole vectors. TILE_ROWS x 2 accumulators fill the register file: 12 x 2 of AVX-512's 32, 6 x 2 of
 * the 16 of AVX2 and SSE2. Each sum runs over k in order, so an element does not depend on the tile it was in. */
#ifndef KERNELS_CPU_SIMD_TILE_H
#define KERNELS_CPU_SIMD_TILE_H

#include "kernels/cpu/simd/vec.h"

enum { TILE_ROWS = SIMD_WIDTH == 16 ? 12 : 6, TILE_VECS = 2, TILE_COLS = TILE_VECS * SIMD_WIDTH };

/* rows and vecs are constants where this is inlined. Rows are addressed as every third row plus 0, 1 or 2 strides: x86
 * has no more registers than that to spare. */
INLINE void tile_run(const int rows, const int vecs, int64_t depth, const float *a, int64_t a_row, int64_t a_step,
                     const float *b, int64_t b_step, V acc[TILE_ROWS][TILE_VECS])
{
    V sum[TILE_ROWS][TILE_VECS];
    const float *a0 = a, *a3 = a + 3 * a_row, *a6 = a + 6 * a_row, *a9 = a + 9 * a_row;
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vecs; v++) sum[r][v] = acc[r][v];
    for (int64_t k = 0; k < depth; k++) {
        V right[TILE_VECS];
        UNROLL for (int v = 0; v < vecs; v++) right[v] = vec_load(b + v * W);
        UNROLL for (int r = 0; r < rows; r++) {
            const float *at = r < 3 ? a0 : r < 6 ? a3 : r < 9 ? a6 : a9;
            V left = vec_set(at[r % 3 * a_row]);
            UNROLL for (int v = 0; v < vecs; v++) sum[r][v] += left * right[v];
        }
        a0 += a_step;
        if (rows > 3) a3 += a_step;
        if (rows > 6) a6 += a_step;
        if (rows > 9) a9 += a_step;
        b += b_step;
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vecs; v++) acc[r][v] = sum[r][v];
}

#endif
