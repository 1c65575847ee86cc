/* model/ops/linear.c: y = x w^T + bias. Nothing is saved beyond the inputs. */
#include <inttypes.h>

#include "model/ops/ops.h"

static Status linear_backward(Ctx *ctx, const TapeNode *n)
{
    LinearArgs a = *(const LinearArgs *)n->args;
    a.dy = n->out->grad;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.dw = grad_out(ctx, n->in[1]).data;
    a.dbias = grad_out(ctx, n->in[2]).data;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    a.workspace = ctx_scratch(ctx, linear_workspace, &a);
    if (a.dw || a.dbias) ctx_run(ctx, linear_bwd_weight, &a);
    if (a.dx) ctx_run(ctx, linear_bwd_input, &a);
    return ctx->status;
}

Tensor *op_linear(Ctx *ctx, Tensor *x, Tensor *w, Tensor *bias)
{
    if (ctx->status != OK) return &ctx->nothing;
    int64_t in = tensor_dim(x, -1), out = tensor_dim(w, 0);
    if (tensor_dim(w, -1) != in || (bias && tensor_count(bias) != out))
        return ctx_fail(ctx, ERR_SHAPE,
                        "linear: rows are %" PRId64 " wide, the weight is (%" PRId64 ", %" PRId64
                        "), the bias %" PRId64,
                        in, out, tensor_dim(w, -1), bias ? tensor_count(bias) : out);
    Tensor *y = ctx_tensor(ctx, DIMS(tensor_rows(x), out));
    if (ctx->status != OK) return &ctx->nothing;
    LinearArgs a = { .dtype = x->dtype, .rows = tensor_rows(x), .in = in, .out = out, .x = x->data, .w = w->data,
                     .bias = bias ? bias->data : NULL, .y = y->data };
    a.workspace = ctx_scratch(ctx, linear_workspace, &a);
    ctx_run(ctx, linear_fwd, &a);
    ctx_record(ctx, linear_backward, y, IN(x, w, bias), &a, sizeof a);
    return y;
}
