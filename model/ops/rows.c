/* model/ops/rows.c: choosing and combining rows: pooling each sequence, gathering by index, unit length. */
#include <inttypes.h>

#include "model/ops/ops.h"

static Status pool_backward(Ctx *ctx, const TapeNode *n)
{
    PoolArgs a = *(const PoolArgs *)n->args;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.dy = n->out->grad;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    return ctx_run(ctx, pool_bwd, &a);
}

Tensor *op_pool(Ctx *ctx, Tensor *x, const TokensView *t, Pooling kind)
{
    if (ctx->status != OK) return &ctx->nothing;
    if (tensor_rows(x) != t->n_tokens)
        return ctx_fail(ctx, ERR_SHAPE, "pool: %" PRId64 " rows for %" PRId64 " tokens", tensor_rows(x), t->n_tokens);
    Tensor *y = ctx_tensor(ctx, DIMS(t->n_seqs, tensor_dim(x, -1)));
    if (ctx->status != OK) return &ctx->nothing;
    PoolArgs a = { .dtype = x->dtype,
                   .kind = kind,
                   .n_seqs = t->n_seqs,
                   .n_tokens = t->n_tokens,
                   .cols = tensor_dim(x, -1),
                   .cu_seqlens = t->cu_seqlens,
                   .x = x->data,
                   .y = y->data };
    ctx_run(ctx, pool_fwd, &a);
    ctx_record(ctx, pool_backward, y, IN(x), &a, sizeof a);
    return y;
}

static Status gather_backward(Ctx *ctx, const TapeNode *n)
{
    GatherArgs a = *(const GatherArgs *)n->args;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.dy = n->out->grad;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    return ctx_run(ctx, gather_bwd, &a);
}

Tensor *op_gather(Ctx *ctx, Tensor *x, const int32_t *rows, int64_t n)
{
    if (ctx->status != OK) return &ctx->nothing;
    Tensor *y = ctx_tensor(ctx, DIMS(n, tensor_dim(x, -1)));
    if (ctx->status != OK) return &ctx->nothing;
    GatherArgs a = { .dtype = x->dtype,
                     .n = n,
                     .rows = tensor_rows(x),
                     .cols = tensor_dim(x, -1),
                     .index = rows,
                     .x = x->data,
                     .y = y->data };
    ctx_run(ctx, gather_fwd, &a);
    ctx_record(ctx, gather_backward, y, IN(x), &a, sizeof a);
    return y;
}

static Status l2norm_backward(Ctx *ctx, const TapeNode *n)
{
    L2NormArgs a = *(const L2NormArgs *)n->args;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.dy = n->out->grad;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    return ctx_run(ctx, l2norm_bwd, &a);
}

Tensor *op_l2norm(Ctx *ctx, Tensor *x, double eps)
{
    if (ctx->status != OK) return &ctx->nothing;
    Tensor *y = ctx_tensor_like(ctx, x);
    if (ctx->status != OK) return &ctx->nothing;
    L2NormArgs a = {
        .dtype = x->dtype, .rows = tensor_rows(x), .cols = tensor_dim(x, -1), .eps = eps, .x = x->data, .y = y->data
    };
    ctx_run(ctx, l2norm_fwd, &a);
    ctx_record(ctx, l2norm_backward, y, IN(x), &a, sizeof a);
    return y;
}
