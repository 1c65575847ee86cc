#include "core/batch.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

void batch_clear(Batch *b)
{
    for (int s = 0; s < BATCH_MAX_STREAMS; s++) {
        Tokens *t = &b->streams[s];
        t->n_tokens = t->n_seqs = t->max_len = 0;
    }
    b->n_streams = 0;
    b->task_id = 0;
    b->first_seq = 0;
    b->n_labelled = 0;
    b->n_truncated = 0;
}

void batch_release(Batch *b)
{
    for (int s = 0; s < BATCH_MAX_STREAMS; s++) {
        Tokens *t = &b->streams[s];
        free(t->ids);
        free(t->positions);
        free(t->segments);
        free(t->cu_seqlens);
    }
    free(b->labels);
    free(b->targets);
    free(b->label_rows);
    free(b->token_labels);
    free(b->spans);
    free(b->rows);
    memset(b, 0, sizeof *b);
}

static Status grow_tokens(Tokens *t, size_t tokens, size_t seqs)
{
    size_t cap = t->cap_tokens;
    TRY(mem_grow(&t->ids, &cap, tokens, sizeof *t->ids));
    cap = t->cap_tokens;
    TRY(mem_grow(&t->positions, &cap, tokens, sizeof *t->positions));
    TRY(mem_grow(&t->segments, &t->cap_tokens, tokens, sizeof *t->segments));
    return mem_grow(&t->cu_seqlens, &t->cap_seqs, seqs + 1, sizeof *t->cu_seqlens);
}

Status batch_add(Batch *b, int stream, const int32_t *ids, const int32_t *segments, int64_t n, int64_t row)
{
    BUG_ON(stream < 0 || stream >= BATCH_MAX_STREAMS || n <= 0);
    Tokens *t = &b->streams[stream];
    if (t->n_tokens + n > INT32_MAX) return fail(ERR_DATA, "a batch of more than %d tokens", INT32_MAX);
    TRY(grow_tokens(t, (size_t)(t->n_tokens + n), (size_t)t->n_seqs + 1));
    memcpy(t->ids + t->n_tokens, ids, (size_t)n * sizeof *ids);
    for (int64_t i = 0; i < n; i++) {
        t->positions[t->n_tokens + i] = (int32_t)i;
        t->segments[t->n_tokens + i] = segments ? segments[i] : 0;
    }
    if (stream == 0) {
        TRY(mem_grow(&b->rows, &b->cap_rows, (size_t)t->n_seqs + 1, sizeof *b->rows));
        b->rows[t->n_seqs] = row;
    }
    t->cu_seqlens[0] = 0;
    t->n_tokens += n;
    t->cu_seqlens[++t->n_seqs] = (int32_t)t->n_tokens;
    if (n > t->max_len) t->max_len = n;
    if (stream >= b->n_streams) b->n_streams = stream + 1;
    return OK;
}

Status batch_add_label(Batch *b, int32_t label)
{
    int64_t n = b->streams[0].n_seqs;
    BUG_ON(n == 0);
    TRY(mem_grow(&b->labels, &b->cap_labels, (size_t)n, sizeof *b->labels));
    b->labels[n - 1] = label;
    return OK;
}

Status batch_add_target(Batch *b, float target)
{
    int64_t n = b->streams[0].n_seqs;
    BUG_ON(n == 0);
    TRY(mem_grow(&b->targets, &b->cap_targets, (size_t)n, sizeof *b->targets));
    b->target_width = 1;
    b->targets[n - 1] = target;
    return OK;
}

Status batch_add_span(Batch *b, int32_t begin, int32_t end)
{
    int64_t n = b->streams[0].n_seqs;
    BUG_ON(n == 0);
    TRY(mem_grow(&b->spans, &b->cap_spans, 2 * (size_t)n, sizeof *b->spans));
    b->spans[2 * n - 2] = begin;
    b->spans[2 * n - 1] = end;
    return OK;
}

Status batch_add_token_label(Batch *b, int32_t row, int32_t label)
{
    size_t cap = b->cap_labelled, need = (size_t)b->n_labelled + 1;
    TRY(mem_grow(&b->label_rows, &cap, need, sizeof *b->label_rows));
    TRY(mem_grow(&b->token_labels, &b->cap_labelled, need, sizeof *b->token_labels));
    b->label_rows[b->n_labelled] = row;
    b->token_labels[b->n_labelled++] = label;
    return OK;
}
