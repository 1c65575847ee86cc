/* kernels/cpu/simd/embed.h: sum of word, position and segment rows; its gradient, in parallel over columns, so that every
 * table row is added to in the order of the tokens. */
#ifndef KERNELS_CPU_SIMD_EMBED_H
#define KERNELS_CPU_SIMD_EMBED_H

#include "core/parallel.h"
#include "kernels/cpu/simd/vec.h"
#include "kernels/kernels.h"

static void embed_forward_rows(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const EmbedArgs *a = arg;
    const int64_t    n = a->cols;
    for (int64_t i = begin; i < end; i++) {
        const float *word = (const float *)a->word + a->ids[i] * n;
        const float *position = a->position ? (const float *)a->position + a->positions[i] * n : NULL;
        const float *segment = a->segment ? (const float *)a->segment + a->segments[i] * n : NULL;
        float       *y = (float *)a->y + i * n;
        for (int64_t c = 0; c < n; c += W) {
            V sum = vec_load_upto(word + c, n - c);
            if (position) sum += vec_load_upto(position + c, n - c);
            if (segment) sum += vec_load_upto(segment + c, n - c);
            vec_store_upto(y + c, sum, n - c);
        }
    }
}

static Status embed_fwd(void *dev, const EmbedArgs *a)
{
    (void)dev;
    parallel_for(a->rows, 4, embed_forward_rows, (void *)a);
    return OK;
}

static void embed_add(float *to, const float *dy, int64_t n)
{
    for (int64_t c = 0; c < n; c += W)
        vec_store_upto(to + c, vec_load_upto(to + c, n - c) + vec_load_upto(dy + c, n - c), n - c);
}

static void embed_backward_columns(int64_t begin, int64_t end, int thread, void *arg)
{
    (void)thread;
    const EmbedArgs *a = arg;
    const int64_t    n = a->cols;
    for (int64_t i = 0; i < a->rows; i++) {
        const float *dy = (const float *)a->dy + i * n + begin;
        if (a->dword) embed_add((float *)a->dword + a->ids[i] * n + begin, dy, end - begin);
        if (a->dposition) embed_add((float *)a->dposition + a->positions[i] * n + begin, dy, end - begin);
        if (a->dsegment) embed_add((float *)a->dsegment + a->segments[i] * n + begin, dy, end - begin);
    }
}

static Status embed_bwd(void *dev, const EmbedArgs *a)
{
    (void)dev;
    parallel_for(a->cols, 16, embed_backward_columns, (void *)a);
    return OK;
}

#endif
