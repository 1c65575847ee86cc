/* kernels/cpu/simd/linear.h: y = x w^T + bias and its gradients, as one packed product in three roles.
 *
 * The plan is that of Goto & van de Geijn 2008 with the roles of the caches turned round, as the left panel is small:
 * BLOCK_DEPTH x BLOCK_COLS of the right operand is packed into L2 as panels of TILE_COLS columns; then TILE_ROWS rows of
 * the left one at a time lie in L1 and meet all of these panels. Packing the right operand is where a transposition
 * happens, if there is one. Threads own rectangles of the result, so nothing is reduced, and an element's bits depend on
 * neither the number of threads nor the number of rows.
 *
 *   forward, many rows   y = x w^T          left x, right w^T (transposed while packed)
 *   forward, few rows    y^T = w x^T        left w, as it lies; right x^T, which is small: weights are not packed at all
 *   input gradient       dx = dy w          left dy, right w
 *   weight gradient      dw += dy^T x       left dy^T (bias gradient: summed while it is packed), right x */
#ifndef KERNELS_CPU_SIMD_LINEAR_H
#define KERNELS_CPU_SIMD_LINEAR_H

#include "core/parallel.h"
#include "kernels/cpu/simd/tile.h"
#include "kernels/kernels.h"

enum {
    BLOCK_DEPTH = SIMD_WIDTH == 16 ? 384 : 256,
    BLOCK_COLS = SIMD_WIDTH == 16 ? 384 : 256,
    LEFT_STRIDE = BLOCK_DEPTH + 16,                /* not a power of two: rows fall into different cache sets */
    LEFT_GROUP = SIMD_WIDTH == 16 ? 4 : 8,         /* transposed panels packed at once: 48 rows, whole cache lines of a */
    PANEL_FLOATS = SIMD_WIDTH * BLOCK_DEPTH,
    LEFT_FLOATS = LEFT_GROUP * PANEL_FLOATS,
    RIGHT_FLOATS = BLOCK_DEPTH * BLOCK_COLS,
    LINEAR_THREAD_BYTES = (LEFT_FLOATS + RIGHT_FLOATS) * 4,
    AHEAD_DEPTH = 32,                              /* of rows read in place: steps between askings for the next rows */
    LINE = 16,                                     /* floats of a cache line */
    FEW_PANELS = 3,
    HALF_ROWS = 6,                                 /* rows 4 KB apart share a cache set of 8 ways: no more at a time */
    FEW_ROWS = 96                                  /* up to here the forward product packs x rather than w */
};

typedef struct Product {      /* c (m, n) = or += a b, plus bias */
    int64_t      m, n, depth;
    const float *a;           /* a[i * a_row + k * a_step]; one of the two is 1 */
    int64_t      a_row, a_step;
    const float *b;           /* b[k * b_step + j * b_col]; one of the two is 1 */
    int64_t      b_step, b_col;
    float       *c;           /* c[i * c_row + j * c_col]; one of the two is 1 */
    int64_t      c_row, c_col;
    bool         transposed;  /* c_row is the 1 */
    const float *bias;        /* along the direction of c whose stride is 1; or NULL */
    float       *left_sums;   /* (m) += row sums of a; only when a_row is 1; or NULL */
    bool         accumulate;
    int          grid_rows, grid_cols;
    float       *workspace;
} Product;

typedef struct Spot {         /* a tile's place */
    const Product *p;
    int64_t        row, col, cols, depth, b_step;
    const float   *left, *right, *ahead;      /* ahead: rows that come next, to be asked for; or NULL */
    int64_t        left_row, left_step;
    bool           first;     /* of the blocks that depth is cut into */
    int            most;      /* rows of a tile at most */
} Spot;

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }

/* ---- packing ------------------------------------------------------------------------------------------------------- */

/* A panel: TILE_COLS columns of b, `depth` steps, zeros past its `cols`. */
static void pack_panel_as_is(float *to, const float *b, int64_t b_step, int64_t depth, int64_t cols)
{
    if (cols == TILE_COLS)
        for (int64_t k = 0; k < depth; k++)
            UNROLL for (int v = 0; v < TILE_VECS; v++)
                vec_store(to + k * TILE_COLS + v * W, vec_load(b + k * b_step + v * W));
    else
        for (int64_t k = 0; k < depth; k++)
            for (int v = 0; v < TILE_VECS; v++)
                vec_store(to + k * TILE_COLS + v * W, vec_load_upto(b + k * b_step + v * W, cols - v * W));
}

static void pack_panel_transposed(float *to, const float *b, int64_t b_col, int64_t depth, int64_t cols)
{
    for (int v = 0; v < TILE_VECS; v++) {
        const float *from = b + v * W * b_col;
        int64_t      here = cols - v * W;
        for (int64_t k = 0; k < depth; k += W) {
            V rows[W];
            if (here >= W && k + W <= depth) UNROLL for (int j = 0; j < W; j++) rows[j] = vec_load(from + j * b_col + k);
            else for (int j = 0; j < W; j++) rows[j] = j < here ? vec_load_upto(from + j * b_col + k, depth - k) : vec_zero();
            vec_transpose(rows);
            float *out = to + k * TILE_COLS + v * W;
            if (k + W <= depth) UNROLL for (int i = 0; i < W; i++) vec_store(out + i * TILE_COLS, rows[i]);
            else for (int i = 0; i < depth - k; i++) vec_store(out + i * TILE_COLS, rows[i]);
        }
    }
}

static void pack_right(const Product *p, float *to, int64_t step, int64_t depth, int64_t col, int64_t cols)
{
    for (int64_t j = 0; j < cols; j += TILE_COLS) {
        const float *from = p->b + step * p->b_step + (col + j) * p->b_col;
        int64_t      width = cols - j < TILE_COLS ? cols - j : TILE_COLS;
        if (p->b_col == 1) pack_panel_as_is(to + j * depth, from, p->b_step, depth, width);
        else pack_panel_transposed(to + j * depth, from, p->b_col, depth, width);
    }
}

/* Rows of a with a constant stride between them: a copy, so that the tile's twelve streams never share a cache set. */
static void pack_left_rows(float *to, const float *a, int64_t a_row, int64_t rows, int64_t depth)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < depth; k += W) vec_store(to + r * LEFT_STRIDE + k, vec_load_upto(a + r * a_row + k, depth - k));
}

/* Columns of a, in panels of TILE_ROWS: step k's rows of a panel lie together, W apart. All panels of a group are packed
 * in one walk over a, whose steps lie a page or more apart. sums, when there are any, get the rows' sums. */
static void pack_left_columns(float *to, const float *a, int64_t a_step, int64_t rows, int64_t depth, float *sums)
{
    V sum[LEFT_GROUP];
    for (int g = 0; g < LEFT_GROUP; g++) sum[g] = vec_zero();
    if (rows == LEFT_GROUP * TILE_ROWS)
        for (int64_t k = 0; k < depth; k++)
            UNROLL for (int g = 0; g < LEFT_GROUP; g++) {
                V x = vec_load_some(a + k * a_step + g * TILE_ROWS, TILE_ROWS);
                vec_store(to + g * PANEL_FLOATS + k * W, x);
                sum[g] += x;
            }
    else
        for (int64_t k = 0; k < depth; k++)
            for (int g = 0; g * TILE_ROWS < rows; g++) {
                int64_t here = rows - g * TILE_ROWS < TILE_ROWS ? rows - g * TILE_ROWS : TILE_ROWS;
                V       x = vec_load_some(a + k * a_step + g * TILE_ROWS, here);
                vec_store(to + g * PANEL_FLOATS + k * W, x);
                sum[g] += x;
            }
    for (int g = 0; sums && g * TILE_ROWS < rows; g++) {
        int64_t here = rows - g * TILE_ROWS < TILE_ROWS ? rows - g * TILE_ROWS : TILE_ROWS;
        float  *at = sums + g * TILE_ROWS;
        vec_store_some(at, vec_load_some(at, here) + sum[g], here);
    }
}

/* Lines first .. last of what the next packing reads, counted over its rows (or steps): asked for early, as the hardware
 * does not look ahead over rows that lie apart. */
static void prefetch_left(const Product *p, const float *a, int64_t rows, int64_t depth, int64_t first, int64_t last)
{
    const int64_t  outer = p->a_row != 1 ? p->a_row : p->a_step;
    const uint32_t lines = (uint32_t)divide_up(p->a_row != 1 ? depth : rows, LINE);      /* 32 bits: division is quicker */
    const int64_t  end = smaller(last, lines * (p->a_row != 1 ? rows : depth));
    for (uint32_t i = (uint32_t)first; i < (uint32_t)end; i++) __builtin_prefetch(a + i / lines * outer + i % lines * LINE, 0, 2);
}

/* ---- one tile of the result ---------------------------------------------------------------------------------------- */

INLINE void tile_finish_as_is(const int rows, const int vecs, const Spot *s, V acc[TILE_ROWS][TILE_VECS])
{
    const Product *p = s->p;
    float         *c = p->c + s->row * p->c_row + s->col;
    const bool     add = p->accumulate || !s->first;
    const float   *bias = p->bias && s->first ? p->bias + s->col : NULL;
    if (s->cols >= vecs * W) {
        if (bias)
            UNROLL for (int v = 0; v < vecs; v++) {
                V shift = vec_load(bias + v * W);
                UNROLL for (int r = 0; r < rows; r++) acc[r][v] += shift;
            }
        if (add)
            UNROLL for (int r = 0; r < rows; r++)
                UNROLL for (int v = 0; v < vecs; v++) acc[r][v] += vec_load(c + r * p->c_row + v * W);
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) vec_store(c + r * p->c_row + v * W, acc[r][v]);
        return;
    }
    for (int v = 0; v < vecs; v++) {
        int64_t here = s->cols - v * W;
        V       shift = bias ? vec_load_upto(bias + v * W, here) : vec_zero();
        for (int r = 0; r < rows; r++) {
            float *at = c + r * p->c_row + v * W;
            V      sum = acc[r][v] + shift;
            if (add) sum += vec_load_upto(at, here);
            vec_store_upto(at, sum, here);
        }
    }
}

INLINE void tile_finish_transposed(const int rows, const int vecs, const Spot *s, V acc[TILE_ROWS][TILE_VECS])
{
    const Product *p = s->p;
    const bool     add = p->accumulate || !s->first;
    const V        shift = p->bias && s->first ? vec_load_some(p->bias + s->row, rows) : vec_zero();
    UNROLL for (int v = 0; v < vecs; v++) {
        V t[W];
        UNROLL for (int r = 0; r < W; r++) t[r] = r < rows ? acc[r < rows ? r : 0][v] : vec_zero();
        vec_transpose(t);
        int64_t here = s->cols - v * W < W ? s->cols - v * W : W;
        float  *c = p->c + (s->col + v * W) * p->c_col + s->row;
        if (here == W)
            UNROLL for (int j = 0; j < W; j++) {
                V sum = t[j] + shift;
                if (add) sum += vec_load_some(c + j * p->c_col, rows);
                vec_store_some(c + j * p->c_col, sum, rows);
            }
        else
            for (int64_t j = 0; j < here; j++) {
                V sum = t[j] + shift;
                if (add) sum += vec_load_some(c + j * p->c_col, rows);
                vec_store_some(c + j * p->c_col, sum, rows);
            }
    }
}

INLINE void tile_block(const int rows, const int vecs, const Spot *s)
{
    V acc[TILE_ROWS][TILE_VECS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vecs; v++) acc[r][v] = vec_zero();
    if (!s->p->transposed && (s->p->accumulate || !s->first))
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) __builtin_prefetch(s->p->c + (s->row + r) * s->p->c_row + s->col + v * W, 1);
    const int64_t slice = s->ahead ? AHEAD_DEPTH : s->depth;
    for (int64_t k = 0; k < s->depth; k += slice) {
        if (s->ahead)
            UNROLL for (int r = 0; r < rows; r++)
                UNROLL for (int l = 0; l < AHEAD_DEPTH; l += LINE) __builtin_prefetch(s->ahead + r * s->left_row + k + l, 0, 2);
        tile_run(rows, vecs, smaller(s->depth - k, slice), s->left + k * s->left_step, s->left_row, s->left_step,
                 s->right + k * s->b_step, s->b_step, acc);
    }
    if (s->p->transposed) tile_finish_transposed(rows, vecs, s, acc);
    else tile_finish_as_is(rows, vecs, s, acc);
}

static void tile_full(const Spot *s) { tile_block(TILE_ROWS, TILE_VECS, s); }
static void tile_full_narrow(const Spot *s) { tile_block(TILE_ROWS, 1, s); }
static void tile_half(const Spot *s) { tile_block(HALF_ROWS, TILE_VECS, s); }
static void tile_half_narrow(const Spot *s) { tile_block(HALF_ROWS, 1, s); }
static void tile_four(const Spot *s) { tile_block(4, TILE_VECS, s); }
static void tile_four_narrow(const Spot *s) { tile_block(4, 1, s); }
static void tile_one(const Spot *s) { tile_block(1, TILE_VECS, s); }
static void tile_one_narrow(const Spot *s) { tile_block(1, 1, s); }

/* rows <= TILE_ROWS rows of the result against one panel: a whole tile, or smaller ones. */
static void tile_rows(Spot s, int64_t rows)
{
    const bool narrow = s.cols <= W;
    while (rows > 0) {
        int64_t done = rows >= s.most ? s.most : rows >= HALF_ROWS ? HALF_ROWS : rows >= 4 ? 4 : 1;
        if (done == HALF_ROWS) (narrow ? tile_half_narrow : tile_half)(&s);
        else if (done == TILE_ROWS) (narrow ? tile_full_narrow : tile_full)(&s);
        else if (done == 4) (narrow ? tile_four_narrow : tile_four)(&s);
        else (narrow ? tile_one_narrow : tile_one)(&s);
        s.row += done;
        s.left += done * s.left_row;
        if (s.ahead) s.ahead += done * s.left_row;
        rows -= done;
    }
}

/* ---- the product --------------------------------------------------------------------------------------------------- */

typedef struct Range { int64_t begin, end; } Range;

/* Share i of n: of 0..size, in whole units; the last may be short. */
static Range share(int64_t size, int64_t unit, int64_t i, int64_t n)
{
    int64_t units = divide_up(size, unit), begin = units * i / n * unit, end = units * (i + 1) / n * unit;
    return (Range){ begin < size ? begin : size, end < size ? end : size };
}

typedef struct Block {        /* a packed piece of the right operand */
    const Product *p;
    int64_t        step, depth, col, width;
    bool           first;     /* of the pieces that depth is cut into */
    float         *left, *right, *left_sums;
} Block;

/* Rows that meet few panels are read where they lie: copying them would be a large part of the work. Otherwise the copy
 * costs what it saves, and it is safe from rows whose lines all fall into one cache set. */
static bool reads_left_in_place(const Block *b) { return b->p->a_row != 1 && b->width <= FEW_PANELS * TILE_COLS; }

/* Rows row .. row + rows, at most a group (columns) or a tile (rows) of them, against all panels of the block. */
static void block_product(const Block *b, int64_t row, int64_t rows, int64_t rows_after)
{
    const Product *p = b->p;
    const float   *a = p->a + row * p->a_row + b->step * p->a_step;
    const int64_t  panels = divide_up(b->width, TILE_COLS);
    Spot s = { .p = p, .depth = b->depth, .b_step = TILE_COLS, .first = b->first, .left_row = p->a_row, .left_step = p->a_step,
               .most = TILE_ROWS };
    const float *left = b->left;
    const bool   in_place = reads_left_in_place(b);
    if (in_place) {
        left = a;
        if (p->a_row % 1024 == 0) s.most = HALF_ROWS;
    } else if (p->a_row != 1) {
        pack_left_rows(b->left, a, p->a_row, rows, b->depth);
        s.left_row = LEFT_STRIDE;
    } else {
        pack_left_columns(b->left, a, p->a_step, rows, b->depth, b->left_sums ? b->left_sums + row : NULL);
        s.left_step = W;
    }
    int64_t lines = p->a_row != 1 ? rows_after * divide_up(b->depth, LINE) : b->depth * divide_up(rows_after, LINE);
    int64_t part = divide_up(lines, panels * divide_up(rows, TILE_ROWS)), at = 0;
    for (int64_t r = 0; r < rows; r += TILE_ROWS)
        for (int64_t j = 0; j < b->width; j += TILE_COLS, at += part) {
            if (in_place) s.ahead = rows_after > 0 && j == 0 ? a + rows * p->a_row : NULL;
            else if (rows_after > 0) prefetch_left(p, a + rows * p->a_row, rows_after, b->depth, at, at + part);
            s.row = row + r;
            s.col = b->col + j;
            s.cols = b->width - j < TILE_COLS ? b->width - j : TILE_COLS;
            s.left = left + r / TILE_ROWS * PANEL_FLOATS;
            s.right = b->right + j * b->depth;
            tile_rows(s, rows - r < TILE_ROWS ? rows - r : TILE_ROWS);
        }
}

static void product_rectangle(const Product *p, Range rows, Range cols, float *left, float *right, float *left_sums)
{
    if (rows.begin >= rows.end || cols.begin >= cols.end) return;
    const int64_t unit = p->a_row != 1 ? TILE_ROWS : TILE_ROWS * LEFT_GROUP;
    const int64_t col_blocks = divide_up(cols.end - cols.begin, BLOCK_COLS), depth_blocks = divide_up(p->depth, BLOCK_DEPTH);
    for (int64_t cb = 0; cb < col_blocks; cb++) {
        Range c = share(cols.end - cols.begin, TILE_COLS, cb, col_blocks);
        for (int64_t kb = 0; kb < depth_blocks; kb++) {
            Range k = share(p->depth, 8, kb, depth_blocks);
            Block b = { .p = p, .step = k.begin, .depth = k.end - k.begin, .col = cols.begin + c.begin, .width = c.end - c.begin,
                        .first = kb == 0, .left = left, .right = right, .left_sums = cb == 0 ? left_sums : NULL };
            pack_right(p, right, b.step, b.depth, b.col, b.width);
            for (int64_t i = rows.begin; i < rows.end; i += unit)
                block_product(&b, i, smaller(rows.end - i, unit), smaller(rows.end - i - unit, unit));
        }
    }
}

static void product_cell(int64_t begin, int64_t end, int thread, void *arg)
{
    const Product *p = arg;
    float         *left = p->workspace + (size_t)thread * (LEFT_FLOATS + RIGHT_FLOATS), *right = left + LEFT_FLOATS;
    for (int64_t cell = begin; cell < end; cell++) {
        int64_t gr = cell / p->grid_cols, gc = cell % p->grid_cols;
        Range   rows = share(p->m, TILE_ROWS, gr, p->grid_rows), cols = share(p->n, TILE_COLS, gc, p->grid_cols);
        product_rectangle(p, rows, cols, left, right, cols.begin == 0 ? p->left_sums : NULL);
    }
}

/* The grid of threads with the shortest longest share; packing the right operand counts, as each grid row repeats it. */
static void product_run(Product *p)
{
    int    threads = parallel_threads();
    double best = 1e300;
    for (int gr = 1; gr <= threads; gr++) {
        int    gc = threads / gr;
        double rows = (double)(divide_up(divide_up(p->m, TILE_ROWS), gr) * TILE_ROWS);
        double cols = (double)(divide_up(divide_up(p->n, TILE_COLS), gc) * TILE_COLS);
        double cost = cols * (rows + (p->b_col == 1 ? 3 : 6)) + 8 * rows;
        if (cost < best) {
            best = cost;
            p->grid_rows = gr;
            p->grid_cols = gc;
        }
    }
    parallel_for(p->grid_rows * p->grid_cols, 1, product_cell, p);
}

/* A product over no terms is zero (or only the bias); product_rectangle wants at least one. */
static void linear_without_input(const LinearArgs *a)
{
    const float *bias = a->bias;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t o = 0; o < a->out; o++) {
            float *y = (float *)a->y + i * a->out + o;
            *y = (a->accumulate_y ? *y : 0) + (bias ? bias[o] : 0);
        }
}

static Status linear_fwd(void *dev, const LinearArgs *a)
{
    (void)dev;
    Product p = { .m = a->rows, .n = a->out, .depth = a->in, .a = a->x, .a_row = a->in, .a_step = 1, .b = a->w, .b_step = 1,
                  .b_col = a->in, .c = a->y, .c_row = a->out, .c_col = 1, .bias = a->bias, .accumulate = a->accumulate_y,
                  .workspace = a->workspace };
    if (a->in == 0) {
        linear_without_input(a);
        return OK;
    }
    if (a->rows <= FEW_ROWS) {
        p.m = a->out;
        p.n = a->rows;
        p.a = a->w;
        p.b = a->x;
        p.c_row = 1;
        p.c_col = a->out;
        p.transposed = true;
    }
    product_run(&p);
    return OK;
}

static Status linear_bwd_input(void *dev, const LinearArgs *a)
{
    (void)dev;
    Product p = { .m = a->rows, .n = a->in, .depth = a->out, .a = a->dy, .a_row = a->out, .a_step = 1, .b = a->w,
                  .b_step = a->in, .b_col = 1, .c = a->dx, .c_row = a->in, .c_col = 1, .accumulate = a->accumulate_dx,
                  .workspace = a->workspace };
    product_run(&p);
    return OK;
}

static void linear_bias_columns(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const LinearArgs *a = arg;
    for (int64_t o = begin; o < end; o += W) {
        V sum = vec_zero();
        for (int64_t i = 0; i < a->rows; i++) sum += vec_load_upto((const float *)a->dy + i * a->out + o, end - o);
        float *to = (float *)a->dbias + o;
        vec_store_upto(to, vec_load_upto(to, end - o) + sum, end - o);
    }
}

static Status linear_bwd_weight(void *dev, const LinearArgs *a)
{
    (void)dev;
    Product p = { .m = a->out, .n = a->in, .depth = a->rows, .a = a->dy, .a_row = 1, .a_step = a->out, .b = a->x,
                  .b_step = a->in, .b_col = 1, .c = a->dw, .c_row = a->in, .c_col = 1, .left_sums = a->dbias,
                  .accumulate = true, .workspace = a->workspace };
    if (a->dw) product_run(&p);
    else if (a->dbias) parallel_for(a->out, 64, linear_bias_columns, (void *)a);
    return OK;
}

static size_t linear_workspace(void *dev, const LinearArgs *a)
{
    (void)dev;
    (void)a;
    return (size_t)parallel_threads() * LINEAR_THREAD_BYTES;
}

#endif
