/* kernels/cpu/simd/add_norm.h: r = residual + dropout(x), y = layernorm(r), one pass over memory each way.
 *
 * A row stays in L1 between its three looks: sum, squared differences, result. dgamma and dbeta are summed by thread in
 * the workspace and added up in thread order. */
#ifndef KERNELS_CPU_SIMD_ADD_NORM_H
#define KERNELS_CPU_SIMD_ADD_NORM_H

#include <math.h>

#include "kernels/cpu/simd/dropout.h"

/* r = residual + dropout(x) of one row, and its sum */
static float add_norm_sum(const AddNormArgs *a, const Dropper *d, int64_t i, float *r)
{
    const float *x = (const float *)a->x + i * a->cols, *res = a->residual ? (const float *)a->residual + i * a->cols : NULL;
    const VI     threshold = (VI){ 0 } + (int32_t)d->threshold;
    uint16_t     u[DROPOUT_COLS];
    V            sum = vec_zero();
    for (int64_t c0 = 0; c0 < a->cols; c0 += DROPOUT_COLS) {
        int64_t end = a->cols - c0 < DROPOUT_COLS ? a->cols : c0 + DROPOUT_COLS;
        if (d->on) dropper_row(d, u, (uint32_t)a->drop.row_position[i], (uint32_t)a->drop.row_seq[i], c0, end - c0);
        for (int64_t c = c0; c < end; c += W) {
            V v = vec_load_upto(x + c, end - c);
            if (d->on) v = dropper_keep(v * d->scale, u + c - c0, threshold);
            if (res) v += vec_load_upto(res + c, end - c);
            sum += v;
            vec_store_upto(r + c, v, end - c);
        }
    }
    return vec_sum(sum);
}

static void add_norm_forward_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const AddNormArgs *a = arg;
    const Dropper      d = dropper_of(&a->drop);
    const float       *gamma = a->gamma, *beta = a->beta;
    const int64_t      cols = a->cols, whole = cols / W * W;
    for (int64_t i = begin; i < end; i++) {
        float *y = (float *)a->y + i * cols, *r = a->r ? (float *)a->r + i * cols : y;
        float  mean = add_norm_sum(a, &d, i, r) / (float)cols;
        V      square = vec_zero();
        for (int64_t c = 0; c < whole; c += W) {
            V v = vec_load(r + c) - mean;
            square += v * v;
        }
        if (whole < cols) {
            V v = vec_load_some(r + whole, cols - whole) - mean;
            v = (V)((VI)v & (vec_lanes() < (int32_t)(cols - whole)));
            square += v * v;
        }
        float rstd = (float)(1 / sqrt((double)vec_sum(square) / (double)cols + a->eps));
        for (int64_t c = 0; c < cols; c += W) {
            V n = (vec_load_upto(r + c, cols - c) - mean) * rstd;
            vec_store_upto(y + c, n * vec_load_upto(gamma + c, cols - c) + vec_load_upto(beta + c, cols - c), cols - c);
        }
        if (a->mean) ((float *)a->mean)[i] = mean;
        if (a->rstd) ((float *)a->rstd)[i] = rstd;
    }
}

static Status add_norm_fwd(void *dev, const AddNormArgs *a)
{
    (void)dev;
    parallel_for(a->rows, 4, add_norm_forward_rows, (void *)a);
    return OK;
}

static size_t add_norm_stride(const AddNormArgs *a) { return ((size_t)a->cols + 15) / 16 * 16 + 16; }

static size_t add_norm_workspace(void *dev, const AddNormArgs *a)
{
    (void)dev;
    return (size_t)parallel_threads() * 2 * add_norm_stride(a) * sizeof(float);
}

/* Puts dr of one row where it is wanted: the residual's gradient and, through the dropout, x's. */
static void add_norm_spread(const AddNormArgs *a, const Dropper *d, int64_t i, float g_mean, float gn_mean)
{
    const float *dy = (const float *)a->dy + i * a->cols, *r = (const float *)a->r + i * a->cols, *gamma = a->gamma;
    float       *dx = a->dx ? (float *)a->dx + i * a->cols : NULL;
    float       *dres = a->dresidual ? (float *)a->dresidual + i * a->cols : NULL;
    const float  mean = ((const float *)a->mean)[i], rstd = ((const float *)a->rstd)[i];
    const VI     threshold = (VI){ 0 } + (int32_t)d->threshold;
    uint16_t     u[DROPOUT_COLS];
    for (int64_t c0 = 0; c0 < a->cols; c0 += DROPOUT_COLS) {
        int64_t end = a->cols - c0 < DROPOUT_COLS ? a->cols : c0 + DROPOUT_COLS;
        if (d->on && dx) dropper_row(d, u, (uint32_t)a->drop.row_position[i], (uint32_t)a->drop.row_seq[i], c0, end - c0);
        for (int64_t c = c0; c < end; c += W) {
            V n = (vec_load_upto(r + c, end - c) - mean) * rstd;
            V g = vec_load_upto(dy + c, end - c) * vec_load_upto(gamma + c, end - c);
            V dr = rstd * (g - g_mean - n * gn_mean);
            if (dres) {
                V old = a->accumulate_dresidual ? vec_load_upto(dres + c, end - c) : vec_zero();
                vec_store_upto(dres + c, old + dr, end - c);
            }
            if (dx) {
                V old = a->accumulate_dx ? vec_load_upto(dx + c, end - c) : vec_zero();
                if (d->on) dr = dropper_keep(dr * d->scale, u + c - c0, threshold);
                vec_store_upto(dx + c, old + dr, end - c);
            }
        }
    }
}

static void add_norm_backward_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    const AddNormArgs *a = arg;
    const Dropper      d = dropper_of(&a->drop);
    const float       *gamma = a->gamma;
    const int64_t      cols = a->cols, stride = (int64_t)add_norm_stride(a);
    float             *dgamma = (float *)a->workspace + 2 * thread * stride, *dbeta = dgamma + stride;
    memset(dgamma, 0, (size_t)(2 * stride) * sizeof *dgamma);
    for (int64_t i = begin; i < end; i++) {
        const float *dy = (const float *)a->dy + i * cols, *r = (const float *)a->r + i * cols;
        const float  mean = ((const float *)a->mean)[i], rstd = ((const float *)a->rstd)[i];
        V            g_sum = vec_zero(), gn_sum = vec_zero();
        for (int64_t c = 0; c < cols; c += W) {
            V dyv = vec_load_upto(dy + c, cols - c), n = (vec_load_upto(r + c, cols - c) - mean) * rstd;
            V g = dyv * vec_load_upto(gamma + c, cols - c);      /* past the end g is 0, so n does not matter */
            g_sum += g;
            gn_sum += g * n;
            vec_store(dgamma + c, vec_load(dgamma + c) + dyv * n);      /* the stride leaves room for a whole vector */
            vec_store(dbeta + c, vec_load(dbeta + c) + dyv);
        }
        if (a->dx || a->dresidual)
            add_norm_spread(a, &d, i, vec_sum(g_sum) / (float)cols, vec_sum(gn_sum) / (float)cols);
    }
}

static Status add_norm_bwd(void *dev, const AddNormArgs *a)
{
    (void)dev;
    const int64_t stride = (int64_t)add_norm_stride(a);
    float        *dgamma = a->dgamma, *dbeta = a->dbeta, *sums = a->workspace;
    for (int t = 0; t < parallel_threads(); t++) memset(sums + 2 * t * stride, 0, (size_t)(2 * stride) * sizeof *sums);
    parallel_for(a->rows, 4, add_norm_backward_rows, (void *)a);
    for (int t = 0; t < parallel_threads(); t++)
        for (int64_t c = 0; c < a->cols; c++) {
            if (dgamma) dgamma[c] += sums[2 * t * stride + c];
            if (dbeta) dbeta[c] += sums[(2 * t + 1) * stride + c];
        }
    return OK;
}

#endif
