/* model/ctx.h: the step that a forward pass belongs to.
 *
 * A forward pass takes a Ctx and never asks what it is for; what differs is what the Ctx carries. Ops are sticky: the
 * first failure stays in ctx->status, later ops give &ctx->nothing, the caller looks once.
 *
 *   training     tape set, training true        -> gradients, dropout
 *   evaluation   tape NULL, training false      -> nothing is recorded, block scratch is reused
 *
 * Memory: `step` (host) holds Tensor structs and tape nodes, `step_data` (backend) their numbers, `back` (backend) the
 * activations' gradients, each given back as soon as its producer's backward has run. ctx_begin() ends all three.
 * One Ctx is used by one thread at a time; it owns its arenas and borrows the Backend. */
#ifndef MODEL_CTX_H
#define MODEL_CTX_H

#include "core/arena.h"
#include "core/batch.h"
#include "kernels/backend.h"
#include "model/tensor.h"

enum { CTX_MAX_IN = 6, CTX_MAX_DUMPS = 8 };

typedef struct Ctx Ctx;
typedef struct TapeNode TapeNode;
typedef Status (*BackwardFn)(Ctx *ctx, const TapeNode *n);

struct TapeNode {
    TapeNode  *previous;
    BackwardFn backward;
    Tensor    *out, *in[CTX_MAX_IN];      /* NULL: an optional input that was absent */
    const void *args;                     /* the forward call's argument struct */
};

typedef struct Tape { TapeNode *last; int64_t n_nodes; } Tape;

/* A batch's token stream in backend memory. */
typedef struct TokensView {
    int64_t        n_tokens, n_seqs, max_len;
    const int32_t *ids, *positions, *segments, *cu_seqlens;
    const int32_t *row_seq;                      /* (n_tokens) sequence within the optimizer step; row = position */
    const int32_t *row_position;                 /* (n_tokens) row in its sequence */
    const int32_t *seq_index, *seq_zero;         /* (n_seqs) the same two for arrays with a row a sequence */
} TokensView;

typedef struct BatchView {
    TokensView     streams[BATCH_MAX_STREAMS];
    const int32_t *labels;                       /* (n_seqs) */
    const REAL    *targets;                      /* (n_seqs, target_width) */
    const int32_t *spans;                        /* (n_seqs, 2) */
    const int32_t *label_rows, *token_labels;    /* (n_labelled) */
    int64_t        n_labelled;
    const Batch   *host;
} BatchView;

struct Ctx {
    Backend     *backend;
    Arena        step, step_data, back;
    Tape        *tape;                           /* NULL: nothing is recorded */
    bool         training;                       /* dropout does something */
    bool         recompute;                      /* blocks keep only their input, and run again in backward */
    bool         check_finite;                   /* look at every op's output and stop at the first bad one (slow) */
    StepScalars *scalars;                        /* backend memory */
    Status       status;
    Tensor       nothing;                        /* what a failed op gives */
    /* --dump: copies of the named tensors, for fixtures and debugging. Called with host numbers. */
    void       (*on_named)(void *arg, const Tensor *t, const REAL *values);
    void        *on_named_arg;
    struct FreeGrad { void *data; size_t bytes; } free_grads[64];      /* of `back`, to be used again */
    int          n_free_grads;
    void        *workspace;                      /* kernels' scratch; grows */
    size_t       workspace_bytes;
};

/* capacity: bytes that activations, and their gradients, may take at most (reserved, not used). */
Status ctx_new(Ctx **out, Backend *backend, size_t capacity) MUST_USE;
void   ctx_free(Ctx *ctx);
void   ctx_begin(Ctx *ctx, Tape *tape, bool training);      /* forget the last step; tape NULL: do not record */

/* The batch's arrays in backend memory. Ids, positions and segments are checked against the model's tables. */
Status ctx_upload(Ctx *ctx, const Batch *batch, int64_t vocab, int64_t max_positions, int64_t segments,
                  BatchView *out) MUST_USE;

/* Scalars of a step. Begin writes what the host decides (key, learning rate, clipping) and zeroes the sums; what kernels
 * count across steps (updates) stays. Write sets all of it, after opening or resuming. */
Status ctx_begin_scalars(Ctx *ctx, const StepScalars *s) MUST_USE;
Status ctx_write_scalars(Ctx *ctx, const StepScalars *s) MUST_USE;
Status ctx_read_scalars(Ctx *ctx, StepScalars *s) MUST_USE;

/* ---- for ops -------------------------------------------------------------------------------------------------------- */

#define DIMS(...) (const int64_t[]){ __VA_ARGS__ }, (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))
#define IN(...) (Tensor *const[]){ __VA_ARGS__ }, (int)(sizeof((Tensor *[]){ __VA_ARGS__ }) / sizeof(Tensor *))

Tensor *ctx_tensor(Ctx *ctx, const int64_t *dims, int ndim);       /* uninitialised; &ctx->nothing when memory is out */
Tensor *ctx_tensor_like(Ctx *ctx, const Tensor *t);
void *ctx_data(Ctx *ctx, size_t bytes); /* backend memory of the step; NULL after a failure */
Tensor *ctx_fail(Ctx *ctx, Status code, const char *fmt, ...) PRINTF_LIKE(3, 4);      /* gives &ctx->nothing */
Tensor *tensor_name(Ctx *ctx, Tensor *t, const char *fmt, ...) PRINTF_LIKE(3, 4);     /* gives t */

/* Calls a kernel through the table. An empty slot is ERR_UNSUPPORTED naming the file to add. */
#define ctx_run(ctx, slot, args)                                                                            \
    (ctx_enter((ctx), #slot, (ctx)->backend->kernels.slot != NULL)                                          \
         ? ctx_leave((ctx), (ctx)->backend->kernels.slot((ctx)->backend->dev, (args)), #slot)               \
         : (ctx)->status)
bool   ctx_enter(Ctx *ctx, const char *slot, bool filled);
Status ctx_leave(Ctx *ctx, Status s, const char *slot);

/* Scratch of at least `slot`'s wish for these args, until the next call. */
#define ctx_scratch(ctx, slot, args) \
    ctx_workspace((ctx), (ctx)->backend->kernels.slot ? (ctx)->backend->kernels.slot((ctx)->backend->dev, (args)) : 0)
void *ctx_workspace(Ctx *ctx, size_t bytes);

/* Records how `out` came about when there is a tape and an input wants a gradient. `args` is copied. */
void ctx_record(Ctx *ctx, BackwardFn backward, Tensor *out, Tensor *const *in, int n_in, const void *args,
                size_t bytes);
bool ctx_records(const Ctx *ctx, Tensor *const *in, int n_in);

/* Where an input's gradient goes: data NULL when nobody wants it, else write (or add to) it. */
typedef struct GradOut { void *data; bool accumulate; } GradOut;
GradOut grad_out(Ctx *ctx, Tensor *t);
void   *ctx_back_alloc(Ctx *ctx, size_t bytes);                     /* scratch of a backward function */
void    ctx_back_free(Ctx *ctx, void *data, size_t bytes);

/* Backward from every tensor that has a gradient already (losses seed theirs). Walks the tape once. */
Status tape_backward(Ctx *ctx) MUST_USE;

/* One block of a stack: x (N, C) -> (N, C), x is used up. Recording: the block, or the block again in backward when
 * ctx->recompute (Chen et al. 2016). Not recording: its scratch is released and the result replaces x. */
typedef Tensor *(*BlockFn)(Ctx *ctx, const void *layer, Tensor *x, const BatchView *batch, int index);
Tensor *ctx_block(Ctx *ctx, BlockFn block, const void *layer, Tensor *x, const BatchView *batch, int index);

#endif
