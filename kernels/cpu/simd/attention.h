/* kernels/cpu/simd/attention.h: softmax(scale q k^T) v over variable-length sequences.  Vaswani et al. 2017, eq. 1.
 *
 * A task is one head of one sequence: nobody else writes what it writes, so there are no atomics and the bits do not
 * depend on who does what. K (and V, backward) is transposed once a task; then blocks of queries meet all their keys in
 * the thread's workspace, in L1 or L2: scores never reach memory. Longest sequences go first.
 *
 *   forward    s = q k^T;  p = exp(scale s - max);  o = (p m) v / sum p;  lse = max + log sum
 *   backward   p = exp(scale s - lse);  dp = m (do v^T);  ds = scale p (dp - sum_j p dp)
 *              dv += (p m)^T do;  dq = ds k;  dk += ds^T q
 * m: dropout's 0 or 1 / keep share, made again from its coordinates. */
#ifndef KERNELS_CPU_SIMD_ATTENTION_H
#define KERNELS_CPU_SIMD_ATTENTION_H

#include <math.h>

#include "kernels/cpu/simd/dropout.h"
#include "kernels/cpu/simd/math.h"
#include "kernels/cpu/simd/tile.h"

enum { QUERY_ROWS = 72 };      /* queries a block: a multiple of both tile heights, large enough for dk and dv to be cheap */

/* Where a thread's scratch begins, in floats from its base. */
typedef struct AttentionPlan {
    int64_t keys, width, rows;      /* max_k and head size in whole vectors; queries a block */
    size_t  k_t, v_t, k, v, q, d_o, scores, grads, drops, floats;
} AttentionPlan;

typedef struct AttentionRun {
    const AttentionArgs *a;
    AttentionPlan        plan;
    Dropper              drop;
    int32_t             *order;     /* sequences, longest first */
    float               *scratch;
} AttentionRun;

typedef struct AttentionHead {      /* one task */
    const AttentionArgs *a;
    const AttentionPlan *plan;
    const Dropper       *drop;
    int64_t  D, nq, nk, keys;       /* keys: nk in whole vectors, the stride of all score arrays */
    int64_t  head, q0, k0;
    float   *k_t, *v_t, *scores, *grads;
    uint16_t *drops;
} AttentionHead;

/* Rows of whole vectors: as they lie where the head size allows it, else a padded copy. */
typedef struct VectorRows { const float *at; int64_t stride; } VectorRows;

static int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

static AttentionPlan attention_plan(const AttentionArgs *a)
{
    AttentionPlan p = { .keys = round_up(a->max_k, W), .width = round_up(a->head_size, W) };
    bool          padded = p.width != a->head_size;
    size_t        at = 0;
    p.rows = a->max_q < QUERY_ROWS ? a->max_q : QUERY_ROWS;
    p.k_t = at; at += (size_t)(p.keys * a->head_size);
    p.v_t = at; at += (size_t)(p.keys * a->head_size);
    p.k = at; at += padded ? (size_t)(a->max_k * p.width) : 0;
    p.v = at; at += padded ? (size_t)(a->max_k * p.width) : 0;
    p.q = at; at += padded ? (size_t)(p.rows * p.width) : 0;
    p.d_o = at; at += padded ? (size_t)(p.rows * p.width) : 0;
    at = (size_t)round_up((int64_t)at, 16);
    p.scores = at; at += (size_t)(p.rows * p.keys);
    p.grads = at; at += (size_t)(p.rows * p.keys);
    p.drops = at; at += (size_t)(p.rows * round_up(a->max_k, 8) + PHILOX_COLS) / 2 + 1;
    p.floats = (size_t)round_up((int64_t)at, 64) + 16;      /* 16 more: threads' scratches start in different cache sets */
    return p;
}

static size_t attention_workspace(void *dev, const AttentionArgs *a)
{
    (void)dev;
    return (size_t)parallel_threads() * attention_plan(a).floats * sizeof(float)
           + (size_t)round_up(a->n_seqs, 64) * sizeof(int32_t);
}

/* ---- small products ------------------------------------------------------------------------------------------------ */

INLINE void small_tile(const int rows, const int vecs, int64_t depth, const float *a, int64_t a_row, int64_t a_step,
                       const float *b, int64_t b_step, float *c, int64_t c_row, int64_t cols, bool add)
{
    V acc[TILE_ROWS][TILE_VECS];
    if (add && cols >= vecs * W)
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) acc[r][v] = vec_load(c + r * c_row + v * W);
    else if (add)
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) acc[r][v] = vec_load_upto(c + r * c_row + v * W, cols - v * W);
    else
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) acc[r][v] = vec_zero();
    tile_run(rows, vecs, depth, a, a_row, a_step, b, b_step, acc);
    if (cols >= vecs * W)
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) vec_store(c + r * c_row + v * W, acc[r][v]);
    else
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vecs; v++) vec_store_upto(c + r * c_row + v * W, acc[r][v], cols - v * W);
}

INLINE void small_columns(const int vecs, int64_t m, int64_t depth, const float *a, int64_t a_row, int64_t a_step,
                          const float *b, int64_t b_step, float *c, int64_t c_row, int64_t cols, bool add)
{
    int64_t i = 0;
    for (; i + TILE_ROWS <= m; i += TILE_ROWS)
        small_tile(TILE_ROWS, vecs, depth, a + i * a_row, a_row, a_step, b, b_step, c + i * c_row, c_row, cols, add);
    for (; i + 4 <= m; i += 4)
        small_tile(4, vecs, depth, a + i * a_row, a_row, a_step, b, b_step, c + i * c_row, c_row, cols, add);
    for (; i + 2 <= m; i += 2)
        small_tile(2, vecs, depth, a + i * a_row, a_row, a_step, b, b_step, c + i * c_row, c_row, cols, add);
    if (i < m) small_tile(1, vecs, depth, a + i * a_row, a_row, a_step, b, b_step, c + i * c_row, c_row, cols, add);
}

/* c (m, n) = or += a b. b's rows are read in whole vectors, c's are written up to n. */
static void small_product(int64_t m, int64_t n, int64_t depth, const float *a, int64_t a_row, int64_t a_step,
                          const float *b, int64_t b_step, float *c, int64_t c_row, bool add)
{
    int64_t j = 0;
    for (; n - j > W; j += TILE_COLS)
        small_columns(TILE_VECS, m, depth, a, a_row, a_step, b + j, b_step, c + j, c_row, n - j, add);
    if (j < n) small_columns(1, m, depth, a, a_row, a_step, b + j, b_step, c + j, c_row, n - j, add);
}

/* to[d * to_stride + i] = from[i * stride + d], zeros for i past n up to a whole vector */
static void transpose_head(float *to, int64_t to_stride, const float *from, int64_t stride, int64_t n, int64_t D)
{
    for (int64_t i = 0; i < n; i += W)
        for (int64_t d = 0; d < D; d += W) {
            V rows[W];
            if (i + W <= n && d + W <= D)
                UNROLL for (int r = 0; r < W; r++) rows[r] = vec_load(from + (i + r) * stride + d);
            else
                for (int r = 0; r < W; r++) rows[r] = i + r < n ? vec_load_upto(from + (i + r) * stride + d, D - d) : vec_zero();
            vec_transpose(rows);
            if (d + W <= D) UNROLL for (int r = 0; r < W; r++) vec_store(to + (d + r) * to_stride + i, rows[r]);
            else for (int r = 0; r < D - d; r++) vec_store(to + (d + r) * to_stride + i, rows[r]);
        }
}

static VectorRows vector_rows(const AttentionHead *t, float *copy, const float *from, int64_t stride, int64_t n)
{
    const int64_t width = t->plan->width;
    if (width == t->D) return (VectorRows){ from, stride };
    for (int64_t i = 0; i < n; i++)
        for (int64_t d = 0; d < width; d += W) vec_store(copy + i * width + d, vec_load_upto(from + i * stride + d, t->D - d));
    return (VectorRows){ copy, width };
}

/* ---- what forward and backward share ------------------------------------------------------------------------------- */

static AttentionHead attention_head(const AttentionRun *run, int64_t task, int thread)
{
    const AttentionArgs *a = run->a;
    const AttentionPlan *p = &run->plan;
    float               *scratch = run->scratch + (size_t)thread * p->floats;
    int64_t              b = run->order[task / a->heads];
    int64_t              nk = a->cu_k[b + 1] - a->cu_k[b];
    return (AttentionHead){ .a = a, .plan = p, .drop = &run->drop, .D = a->head_size, .nq = a->cu_q[b + 1] - a->cu_q[b],
                            .nk = nk, .keys = round_up(nk, W), .head = task % a->heads, .q0 = a->cu_q[b], .k0 = a->cu_k[b],
                            .k_t = scratch + p->k_t, .v_t = scratch + p->v_t, .scores = scratch + p->scores,
                            .grads = scratch + p->grads, .drops = (uint16_t *)(scratch + p->drops) };
}

static int64_t visible_keys(const AttentionHead *t, int64_t i)      /* of query i of the sequence */
{
    if (!t->a->causal) return t->nk;
    int64_t n = t->nk - t->nq + i + 1;
    return n < 0 ? 0 : n;
}

/* Queries a block, so that blocks are of nearly equal size and whole tiles. */
static int64_t block_rows(const AttentionHead *t)
{
    int64_t blocks = (t->nq + t->plan->rows - 1) / t->plan->rows;
    int64_t rows = round_up((t->nq + blocks - 1) / blocks, TILE_ROWS);
    return rows < t->plan->rows ? rows : t->plan->rows;
}

/* Dropout's numbers for queries i .. i + rows against keys 0 .. n. */
static void head_drops(const AttentionHead *t, int64_t i, int64_t rows, int64_t n)
{
    if (!t->drop->on || n == 0) return;
    const Dropout *d = &t->a->drop;
    uint32_t       seq = (uint32_t)d->row_seq[t->q0] * (uint32_t)t->a->heads + (uint32_t)t->head;
    dropper_rows(t->drop, t->drops, d->row_position + t->q0 + i, seq, rows, (n + 7) / 8);
}

static V lanes_below(V x, int64_t n) { return n >= W ? x : (V)((VI)x & (vec_lanes() < (int32_t)n)); }

/* ---- forward ------------------------------------------------------------------------------------------------------- */

/* Turns a row of n scores into exp(scale s - max), dropped where `drops` says so, zero up to `end`. Gives the sum before
 * dropout, and log-sum-exp in *lse. */
static float softmax_row(float *s, int64_t n, int64_t end, float scale, const Dropper *drop, const uint16_t *drops, float *lse)
{
    const VI threshold = (VI){ 0 } + (int32_t)drop->threshold;
    int64_t  whole = n / W * W;
    V        top = vec_set(-INFINITY), sum = vec_zero();
    for (int64_t j = 0; j < whole; j += W) top = vec_max(top, vec_load(s + j));
    if (whole < n) top = vec_max(top, vec_select(vec_lanes() < (int32_t)(n - whole), vec_load(s + whole), vec_set(-INFINITY)));
    float max = n > 0 ? vec_greatest(top) * scale : 0;
    for (int64_t j = 0; j < n; j += W) {
        V e = lanes_below(vec_exp(vec_load(s + j) * scale - max), n - j);
        sum += e;
        if (drop->on) e = dropper_keep(e, drops + j, threshold);
        vec_store(s + j, e);
    }
    for (int64_t j = round_up(n, W); j < end; j += W) vec_store(s + j, vec_zero());
    float total = vec_sum(sum);
    *lse = n > 0 ? max + (float)log(total) : INFINITY;
    return total;
}

static void attention_forward_head(int64_t task, int thread, void *arg)
{
    const AttentionRun  *run = arg;
    const AttentionArgs *a = run->a;
    const AttentionHead  t = attention_head(run, task, thread);
    if (t.nq == 0) return;
    const int64_t D = t.D, at = t.head * D, block = block_rows(&t);
    float        *scratch = run->scratch + (size_t)thread * run->plan.floats;
    const float  *q = (const float *)a->q + t.q0 * a->q_stride + at, *k = (const float *)a->k + t.k0 * a->k_stride + at;
    VectorRows    v = vector_rows(&t, scratch + run->plan.v, (const float *)a->v + t.k0 * a->v_stride + at, a->v_stride, t.nk);
    float        *o = (float *)a->o + t.q0 * a->o_stride + at;
    transpose_head(t.k_t, t.keys, k, a->k_stride, t.nk, D);
    for (int64_t i = 0; i < t.nq; i += block) {
        int64_t rows = t.nq - i < block ? t.nq - i : block;
        int64_t seen = visible_keys(&t, i + rows - 1), end = round_up(seen, W), blocks8 = (seen + 7) / 8;
        head_drops(&t, i, rows, seen);
        small_product(rows, end, D, q + i * a->q_stride, a->q_stride, 1, t.k_t, t.keys, t.scores, t.keys, false);
        float sums[QUERY_ROWS];
        for (int64_t r = 0; r < rows; r++) {
            float lse;
            sums[r] = softmax_row(t.scores + r * t.keys, visible_keys(&t, i + r), end, (float)a->scale, t.drop,
                                  t.drops + r * blocks8 * 8, &lse);
            if (a->lse) ((float *)a->lse)[(t.q0 + i + r) * a->heads + t.head] = lse;
        }
        small_product(rows, D, seen, t.scores, t.keys, 1, v.at, v.stride, o + i * a->o_stride, a->o_stride, false);
        for (int64_t r = 0; r < rows; r++) {
            float factor = sums[r] > 0 ? t.drop->scale / sums[r] : sums[r], *row = o + (i + r) * a->o_stride;
            for (int64_t d = 0; d < D; d += W) vec_store_upto(row + d, vec_load_upto(row + d, D - d) * factor, D - d);
        }
    }
}

/* ---- backward ------------------------------------------------------------------------------------------------------ */

/* From a row of scores s and of do v^T in g: s becomes p m, g becomes ds. n keys count; both are zero up to `end`. */
static void softmax_row_backward(float *s, float *g, int64_t n, int64_t end, float scale, float lse, const Dropper *drop,
                                 const uint16_t *drops)
{
    const VI threshold = (VI){ 0 } + (int32_t)drop->threshold;
    V        delta = vec_zero();
    for (int64_t j = 0; j < n; j += W) {
        V p = lanes_below(vec_exp(vec_load(s + j) * scale - lse), n - j), dp = vec_load(g + j);
        if (drop->on) {
            dp = dropper_keep(dp * drop->scale, drops + j, threshold);
            vec_store(g + j, dp);
        }
        delta += p * dp;
        vec_store(s + j, p);
    }
    const float sum = vec_sum(delta);
    for (int64_t j = 0; j < n; j += W) {
        V p = vec_load(s + j);
        vec_store(g + j, p * (vec_load(g + j) - sum) * scale);
        if (drop->on) vec_store(s + j, dropper_keep(p * drop->scale, drops + j, threshold));
    }
    for (int64_t j = round_up(n, W); j < end; j += W) {
        vec_store(s + j, vec_zero());
        vec_store(g + j, vec_zero());
    }
}

static void clear_head(float *rows, int64_t stride, int64_t n, int64_t D)
{
    for (int64_t i = 0; i < n; i++) memset(rows + i * stride, 0, (size_t)D * sizeof *rows);
}

static void attention_backward_head(int64_t task, int thread, void *arg)
{
    const AttentionRun  *run = arg;
    const AttentionArgs *a = run->a;
    const AttentionHead  t = attention_head(run, task, thread);
    const int64_t        D = t.D, at = t.head * D, block = t.nq ? block_rows(&t) : 1;
    float        *scratch = run->scratch + (size_t)thread * run->plan.floats;
    const float  *q = (const float *)a->q + t.q0 * a->q_stride + at, *d_o = (const float *)a->d_o + t.q0 * a->o_stride + at;
    const float  *k = (const float *)a->k + t.k0 * a->k_stride + at, *v = (const float *)a->v + t.k0 * a->v_stride + at;
    float        *dq = (float *)a->dq + t.q0 * a->q_stride + at, *dk = (float *)a->dk + t.k0 * a->k_stride + at;
    float        *dv = (float *)a->dv + t.k0 * a->v_stride + at;
    VectorRows    k_rows = vector_rows(&t, scratch + run->plan.k, k, a->k_stride, t.nk);
    transpose_head(t.k_t, t.keys, k, a->k_stride, t.nk, D);
    transpose_head(t.v_t, t.keys, v, a->v_stride, t.nk, D);
    const bool whole = t.nq > 0 && visible_keys(&t, block - 1 < t.nq ? block - 1 : t.nq - 1) == t.nk;
    if (!whole) {      /* the first block does not reach all keys */
        clear_head(dk, a->k_stride, t.nk, D);
        clear_head(dv, a->v_stride, t.nk, D);
    }
    for (int64_t i = 0; i < t.nq; i += block) {
        int64_t rows = t.nq - i < block ? t.nq - i : block;
        int64_t seen = visible_keys(&t, i + rows - 1), end = round_up(seen, W), blocks8 = (seen + 7) / 8;
        const float *qi = q + i * a->q_stride, *doi = d_o + i * a->o_stride;
        VectorRows   q_rows = vector_rows(&t, scratch + run->plan.q, qi, a->q_stride, rows);
        VectorRows   do_rows = vector_rows(&t, scratch + run->plan.d_o, doi, a->o_stride, rows);
        bool         add = !whole || i > 0;
        head_drops(&t, i, rows, seen);
        small_product(rows, end, D, qi, a->q_stride, 1, t.k_t, t.keys, t.scores, t.keys, false);
        small_product(rows, end, D, doi, a->o_stride, 1, t.v_t, t.keys, t.grads, t.keys, false);
        for (int64_t r = 0; r < rows; r++)
            softmax_row_backward(t.scores + r * t.keys, t.grads + r * t.keys, visible_keys(&t, i + r), end, (float)a->scale,
                                 ((const float *)a->lse)[(t.q0 + i + r) * a->heads + t.head], t.drop,
                                 t.drops + r * blocks8 * 8);
        small_product(seen, D, rows, t.scores, 1, t.keys, do_rows.at, do_rows.stride, dv, a->v_stride, add);
        small_product(seen, D, rows, t.grads, 1, t.keys, q_rows.at, q_rows.stride, dk, a->k_stride, add);
        small_product(rows, D, seen, t.grads, t.keys, 1, k_rows.at, k_rows.stride, dq + i * a->q_stride, a->q_stride, false);
    }
}

/* ---- tasks --------------------------------------------------------------------------------------------------------- */

static int64_t sequence_work(const AttentionArgs *a, int64_t b)
{
    return (int64_t)(a->cu_q[b + 1] - a->cu_q[b]) * (a->cu_k[b + 1] - a->cu_k[b]);
}

/* Longest first, so that no thread is left with a long one at the end (Graham 1969). Shell's sort: n is small. */
static void order_sequences(const AttentionArgs *a, int32_t *order)
{
    for (int64_t b = 0; b < a->n_seqs; b++) order[b] = (int32_t)b;
    for (int64_t gap = a->n_seqs / 2; gap > 0; gap /= 2)
        for (int64_t b = gap; b < a->n_seqs; b++) {
            int32_t moved = order[b];
            int64_t to = b, work = sequence_work(a, moved);
            for (; to >= gap && sequence_work(a, order[to - gap]) < work; to -= gap) order[to] = order[to - gap];
            order[to] = moved;
        }
}

static void attention_run(const AttentionArgs *a, void (*head)(int64_t task, int thread, void *arg))
{
    AttentionRun run = { .a = a, .plan = attention_plan(a), .drop = dropper_of(&a->drop), .order = a->workspace };
    run.scratch = (float *)a->workspace + round_up(a->n_seqs, 64);
    order_sequences(a, run.order);
    parallel_tasks(a->n_seqs * a->heads, head, &run);
}

static Status attention_fwd(void *dev, const AttentionArgs *a)
{
    (void)dev;
    attention_run(a, attention_forward_head);
    return OK;
}

static Status attention_bwd(void *dev, const AttentionArgs *a)
{
    (void)dev;
    attention_run(a, attention_backward_head);
    return OK;
}

#endif
