#include "model/ctx.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_HOST_BYTES = 16 << 20 };      /* Tensor structs and tape nodes; a 96-layer step takes about 2 MiB */

Status ctx_new(Ctx **out, Backend *backend, size_t capacity)
{
    Ctx *c;
    TRY(mem_new(&c, 1, sizeof *c));
    c->backend = backend;
    void  *host = NULL, *data = NULL, *back = NULL, *scalars = NULL;
    Status s = mem_new(&host, STEP_HOST_BYTES, 1);
    if (s == OK) s = backend->alloc(backend, &data, capacity);
    if (s == OK) s = backend->alloc(backend, &back, capacity);
    if (s == OK) s = backend->alloc(backend, &scalars, sizeof *c->scalars);
    arena_init(&c->step, host, STEP_HOST_BYTES);
    arena_init(&c->step_data, data, capacity);
    arena_init(&c->back, back, capacity);
    c->scalars = scalars;
    if (s != OK) ctx_free(c);
    else *out = c;
    return s;
}

void ctx_free(Ctx *c)
{
    if (!c) return;
    Backend *b = c->backend;
    free(c->step.base);
    b->free(b, c->step_data.base, c->step_data.capacity);
    b->free(b, c->back.base, c->back.capacity);
    b->free(b, c->scalars, sizeof *c->scalars);
    b->free(b, c->workspace, c->workspace_bytes);
    free(c);
}

void ctx_begin(Ctx *c, Tape *tape, bool training)
{
    arena_reset(&c->step);
    arena_reset(&c->step_data);
    arena_reset(&c->back);
    c->n_free_grads = 0;
    c->tape = tape;
    if (tape) *tape = (Tape){ 0 };
    c->training = training;
    c->status = OK;
    c->nothing = (Tensor){ .ndim = 1, .shape = { 0 }, .dtype = DTYPE_REAL };
}

Status ctx_begin_scalars(Ctx *c, const StepScalars *s)
{
    StepScalars first = *s;
    first.loss_sum = first.count = 0;
    return c->backend->upload(c->backend, c->scalars, &first, offsetof(StepScalars, grad_norm));
}

Status ctx_write_scalars(Ctx *c, const StepScalars *s)
{
    return c->backend->upload(c->backend, c->scalars, s, sizeof *s);
}
Status ctx_read_scalars(Ctx *c, StepScalars *s) { return c->backend->download(c->backend, s, c->scalars, sizeof *s); }

/* ---- tensors of the step -------------------------------------------------------------------------------------------- */

Tensor *ctx_fail(Ctx *c, Status code, const char *fmt, ...)
{
    if (c->status == OK) {
        char    fact[512];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(fact, sizeof fact, fmt, ap);
        va_end(ap);
        c->status = fail(code, "%s", fact);
    }
    return &c->nothing;
}

void *ctx_data(Ctx *c, size_t bytes)
{
    if (c->status != OK) return NULL;
    void *p = arena_alloc(&c->step_data, bytes);
    if (!p) {
        ctx_fail(c, ERR_MEMORY, "the step's memory of %zu MiB is full", c->step_data.capacity >> 20);
        c->status =
            hint(c->status, "a smaller batch or max_length, or gradient_checkpointing; `whet plan` shows the sizes");
    }
    return p;
}

static Tensor *tensor_struct(Ctx *c)
{
    Tensor *t = c->status == OK ? arena_alloc(&c->step, sizeof *t) : NULL;
    if (!t) return ctx_fail(c, ERR_MEMORY, "a step of more tensors than %d MiB hold", STEP_HOST_BYTES >> 20);
    *t = (Tensor){ .dtype = DTYPE_REAL };
    return t;
}

Tensor *ctx_tensor(Ctx *c, const int64_t *dims, int ndim)
{
    BUG_ON(ndim < 1 || ndim > TENSOR_MAX_DIMS);
    Tensor *t = tensor_struct(c);
    if (c->status != OK) return &c->nothing;
    t->ndim = ndim;
    memcpy(t->shape, dims, (size_t)ndim * sizeof *dims);
    t->data = ctx_data(c, tensor_bytes(t));
    return c->status == OK ? t : &c->nothing;
}

Tensor *ctx_tensor_like(Ctx *c, const Tensor *t) { return ctx_tensor(c, t->shape, t->ndim); }

/* Downloads t for whoever looks inside the step. */
static void look_at(Ctx *c, const Tensor *t)
{
    int64_t n = tensor_count(t);
    REAL   *v = malloc((size_t)n * sizeof *v + 1);
    if (!v || c->backend->download(c->backend, v, t->data, (size_t)n * sizeof *v) != OK) {
        free(v);
        return;
    }
    if (c->on_named) c->on_named(c->on_named_arg, t, v);
    for (int64_t i = 0; c->check_finite && i < n; i++)
        if (!isfinite(v[i])) {
            int64_t cols = tensor_dim(t, -1);
            ctx_fail(c, ERR_NUMERIC, "%s: element (%lld, %lld) is %s", t->name, (long long)(i / cols),
                     (long long)(i % cols), isnan(v[i]) ? "NaN" : "infinite");
            break;
        }
    free(v);
}

Tensor *tensor_name(Ctx *c, Tensor *t, const char *fmt, ...)
{
    if (c->status != OK || t == &c->nothing) return t;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->name, sizeof t->name, fmt, ap);
    va_end(ap);
    if (c->on_named || c->check_finite) look_at(c, t);
    return c->status == OK ? t : &c->nothing;
}

/* ---- kernels -------------------------------------------------------------------------------------------------------- */

bool ctx_enter(Ctx *c, const char *slot, bool filled)
{
    if (c->status != OK) return false;
    if (!filled) {
        ctx_fail(c, ERR_UNSUPPORTED, "backend %s has no kernel %s", c->backend->name, slot);
        c->status = hint(c->status, "add it under kernels/%s/ and fill the slot", c->backend->name);
        return false;
    }
    if (c->backend->dry) return false;
    if (c->backend->enter) c->backend->enter(c->backend);
    return true;
}

Status ctx_leave(Ctx *c, Status s, const char *slot)
{
    if (c->backend->leave) c->backend->leave(c->backend);
    if (s != OK) c->status = during(s, "running kernel %s on %s", slot, c->backend->name);
    return s;
}

void *ctx_workspace(Ctx *c, size_t bytes)
{
    if (bytes > c->workspace_bytes) {
        Backend *b = c->backend;
        b->free(b, c->workspace, c->workspace_bytes);
        c->workspace = NULL;
        c->workspace_bytes = 0;
        Status s = b->alloc(b, &c->workspace, bytes);
        if (s == OK) c->workspace_bytes = bytes;
        else if (c->status == OK) c->status = s;
    }
    return c->workspace;
}

/* ---- the batch ------------------------------------------------------------------------------------------------------ */

static Status check_range(const int32_t *v, int64_t n, int64_t limit, const char *what)
{
    for (int64_t i = 0; i < n; i++)
        if (v[i] < 0 || v[i] >= limit)
            return hint(fail(ERR_DATA, "token %lld of the batch has %s %d, where the model knows 0 to %lld",
                             (long long)i, what, v[i], (long long)limit - 1),
                        "the tokenizer and the model must belong together, and max_length must fit the model");
    return OK;
}

static const int32_t *put(Ctx *c, const int32_t *host, int64_t n)
{
    int32_t *p = ctx_data(c, (size_t)n * sizeof *p);
    if (c->status == OK) c->status = c->backend->upload(c->backend, p, host, (size_t)n * sizeof *p);
    return p;
}

/* A Batch holds floats; the double build computes in double. */
static const REAL *put_targets(Ctx *c, const Batch *b)
{
    int64_t n = b->streams[0].n_seqs * b->target_width;
    REAL   *p = ctx_data(c, (size_t)n * sizeof *p), *host = NULL;
    if (c->status == OK) c->status = mem_new(&host, (size_t)n, sizeof *host);
    for (int64_t i = 0; host && i < n; i++) host[i] = b->targets[i];
    if (c->status == OK) c->status = c->backend->upload(c->backend, p, host, (size_t)n * sizeof *p);
    free(host);
    return p;
}

static Status check_spans(const Batch *b)
{
    const Tokens *t = &b->streams[0];
    for (int64_t i = 0; i < 2 * t->n_seqs; i++)
        if (b->spans[i] < 0 || b->spans[i] >= t->cu_seqlens[i / 2 + 1] - t->cu_seqlens[i / 2])
            return fail(ERR_DATA, "sequence %lld of the batch has its answer at token %d of %d", (long long)i / 2,
                        b->spans[i], t->cu_seqlens[i / 2 + 1] - t->cu_seqlens[i / 2]);
    return OK;
}

static Status upload_stream(Ctx *c, const Tokens *t, int64_t first_seq, TokensView *v)
{
    int64_t  n = t->n_tokens, b = t->n_seqs;
    int32_t *coordinates;                 /* row_seq and row_position of tokens, then of sequences */
    TRY(mem_new(&coordinates, (size_t)(2 * (n + b)), sizeof *coordinates));
    int32_t *row_seq = coordinates, *row_position = row_seq + n, *seq_index = row_position + n,
            *seq_zero = seq_index + b;
    for (int64_t s = 0; s < b; s++) {
        seq_index[s] = (int32_t)(first_seq + s);
        seq_zero[s] = 0;
        for (int32_t i = t->cu_seqlens[s]; i < t->cu_seqlens[s + 1]; i++) {
            row_seq[i] = seq_index[s];
            row_position[i] = i - t->cu_seqlens[s];
        }
    }
    *v = (TokensView){ .n_tokens = n,
                       .n_seqs = b,
                       .max_len = t->max_len,
                       .ids = put(c, t->ids, n),
                       .positions = put(c, t->positions, n),
                       .segments = put(c, t->segments, n),
                       .cu_seqlens = put(c, t->cu_seqlens, b + 1),
                       .row_seq = put(c, row_seq, n),
                       .row_position = put(c, row_position, n),
                       .seq_index = put(c, seq_index, b),
                       .seq_zero = put(c, seq_zero, b) };
    free(coordinates);
    return c->status;
}

Status ctx_upload(Ctx *c, const Batch *batch, int64_t vocab, int64_t max_positions, int64_t segments, BatchView *out)
{
    *out = (BatchView){ .host = batch, .n_labelled = batch->n_labelled };
    for (int s = 0; s < batch->n_streams; s++) {
        const Tokens *t = &batch->streams[s];
        TRY(check_range(t->ids, t->n_tokens, vocab, "id"));
        TRY(check_range(t->positions, t->n_tokens, max_positions, "position"));
        TRY(check_range(t->segments, t->n_tokens, segments, "segment"));
        TRY(upload_stream(c, t, batch->first_seq, &out->streams[s]));
    }
    if (batch->labels) out->labels = put(c, batch->labels, batch->streams[0].n_seqs);
    if (batch->targets) out->targets = put_targets(c, batch);
    if (batch->spans) {
        TRY(check_spans(batch));
        out->spans = put(c, batch->spans, 2 * batch->streams[0].n_seqs);
    }
    if (batch->n_labelled) {
        TRY(check_range(batch->label_rows, batch->n_labelled, batch->streams[0].n_tokens, "label row"));
        out->label_rows = put(c, batch->label_rows, batch->n_labelled);
        out->token_labels = put(c, batch->token_labels, batch->n_labelled);
    }
    return c->status;
}
