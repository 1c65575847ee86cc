/* model/ops/mlp.c: the feed-forward layer of a Transformer, Vaswani et al. 2017 sec. 3.3.
 *
 *   h = x w1^T + b1 (saved)     a = act(h) (not saved)     y = a w2^T + b2
 *
 * a is as wide as h, four times the hidden size: keeping both would make a quarter of a BERT layer's activations.
 * Backward needs act'(h) anyway, and the same pass over h gives a again. */
#include <inttypes.h>

#include "model/ops/ops.h"

typedef struct MlpArgs {
    LinearArgs     up, down;
    ActivationArgs act;
} MlpArgs;

static Status mlp_backward(Ctx *ctx, const TapeNode *n)
{
    MlpArgs a = *(const MlpArgs *)n->args;
    size_t  bytes = (size_t)a.act.n * dtype_size(a.act.dtype);
    void   *act = ctx_back_alloc(ctx, bytes), *dh = ctx_back_alloc(ctx, bytes);

    a.down.dy = n->out->grad;                          /* dh = dy w2, for now the gradient of act(h) */
    a.down.dx = dh;
    a.down.workspace = ctx_scratch(ctx, linear_workspace, &a.down);
    ctx_run(ctx, linear_bwd_input, &a.down);

    a.act.y = act;                                     /* act = act(h), dh *= act'(h) */
    a.act.dy = a.act.dx = dh;
    ctx_run(ctx, activation_bwd, &a.act);

    a.down.x = act;
    a.down.dw = grad_out(ctx, n->in[3]).data;
    a.down.dbias = grad_out(ctx, n->in[4]).data;
    if (a.down.dw || a.down.dbias) ctx_run(ctx, linear_bwd_weight, &a.down);

    GradOut dx = grad_out(ctx, n->in[0]);
    a.up.dy = dh;
    a.up.dw = grad_out(ctx, n->in[1]).data;
    a.up.dbias = grad_out(ctx, n->in[2]).data;
    a.up.dx = dx.data;
    a.up.accumulate_dx = dx.accumulate;
    a.up.workspace = ctx_scratch(ctx, linear_workspace, &a.up);
    if (a.up.dw || a.up.dbias) ctx_run(ctx, linear_bwd_weight, &a.up);
    if (a.up.dx) ctx_run(ctx, linear_bwd_input, &a.up);
    ctx_back_free(ctx, act, bytes);
    ctx_back_free(ctx, dh, bytes);
    return ctx->status;
}

Tensor *op_mlp(Ctx *ctx, Tensor *x, Tensor *w1, Tensor *b1, Tensor *w2, Tensor *b2, Activation kind)
{
    if (ctx->status != OK) return &ctx->nothing;
    int64_t rows = tensor_rows(x), in = tensor_dim(x, -1), mid = tensor_dim(w1, 0), out = tensor_dim(w2, 0);
    if (tensor_dim(w1, -1) != in || tensor_dim(w2, -1) != mid || tensor_count(b1) != mid || tensor_count(b2) != out)
        return ctx_fail(ctx, ERR_SHAPE,
                        "mlp: rows are %" PRId64 " wide, weights (%" PRId64 ", %" PRId64 ") and (%" PRId64 ", %" PRId64
                        "), biases %" PRId64 " and %" PRId64,
                        in, mid, tensor_dim(w1, -1), out, tensor_dim(w2, -1), tensor_count(b1), tensor_count(b2));
    Tensor *y = ctx_tensor(ctx, DIMS(rows, out)), *h = ctx_tensor(ctx, DIMS(rows, mid));
    size_t  mark = arena_mark(&ctx->step_data);
    Tensor *act = ctx_tensor_like(ctx, h);
    if (ctx->status != OK) return &ctx->nothing;
    MlpArgs a = {
        .up = { .dtype = x->dtype,
                .rows = rows,
                .in = in,
                .out = mid,
                .x = x->data,
                .w = w1->data,
                .bias = b1->data,
                .y = h->data },
        .act = { .dtype = x->dtype, .kind = kind, .n = tensor_count(h), .x = h->data, .y = act->data },
        .down = { .dtype = x->dtype,
                  .rows = rows,
                  .in = mid,
                  .out = out,
                  .x = act->data,
                  .w = w2->data,
                  .bias = b2->data,
                  .y = y->data },
    };
    a.up.workspace = ctx_scratch(ctx, linear_workspace, &a.up);
    ctx_run(ctx, linear_fwd, &a.up);
    ctx_run(ctx, activation_fwd, &a.act);
    a.down.workspace = ctx_scratch(ctx, linear_workspace, &a.down);
    ctx_run(ctx, linear_fwd, &a.down);
    arena_release(&ctx->step_data, mark);
    ctx_record(ctx, mlp_backward, y, IN(x, w1, b1, w2, b2), &a, sizeof a);
    return y;
}
