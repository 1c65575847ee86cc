/* model/ops/add_norm.c: layer normalisation, alone or with the dropout and the residual that come before it.
 *
 *   r = residual + dropout(x)      y = (r - mean) * rstd * gamma + beta      Ba et al. 2016, eq. 3-4
 *
 * Rows: x, residual are (N, C), gamma and beta (C). r, mean and rstd are kept for backward, r in the place of x; the
 * dropout mask is computed again from its coordinates. Same as op_layernorm(op_add(residual, op_dropout(x))). */
#include <inttypes.h>

#include "model/ops/ops.h"

static Status add_norm_backward(Ctx *ctx, const TapeNode *n)
{
    AddNormArgs a = *(const AddNormArgs *)n->args;
    bool same = n->in[0] == n->in[1]; /* x is its own residual: the kernel may not write one place twice */
    size_t  bytes = tensor_bytes(n->in[0]);
    GradOut dres = grad_out(ctx, n->in[1]);
    GradOut dx = same ? (GradOut){ ctx_back_alloc(ctx, bytes), false } : grad_out(ctx, n->in[0]);
    a.dy = n->out->grad;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    a.dresidual = dres.data;
    a.accumulate_dresidual = dres.accumulate;
    a.dgamma = grad_out(ctx, n->in[2]).data;
    a.dbeta = grad_out(ctx, n->in[3]).data;
    a.workspace = ctx_scratch(ctx, add_norm_workspace, &a);
    ctx_run(ctx, add_norm_bwd, &a);
    if (same) {
        AxpbyArgs add = {
            .dtype = a.dtype, .n = a.rows * a.cols, .a = 1, .x = dx.data, .y = dres.data, .accumulate_y = true
        };
        ctx_run(ctx, axpby, &add);
        ctx_back_free(ctx, dx.data, bytes);
    }
    return ctx->status;
}

Tensor *op_add_norm(Ctx *ctx, Tensor *x, Tensor *residual, Tensor *gamma, Tensor *beta, double eps, Dropout drop)
{
    if (ctx->status != OK) return &ctx->nothing;
    int64_t cols = tensor_dim(x, -1), rows = tensor_rows(x);
    if (tensor_count(gamma) != cols || tensor_count(beta) != cols ||
        (residual && tensor_count(residual) != rows * cols))
        return ctx_fail(ctx, ERR_SHAPE,
                        "layernorm: rows are %" PRId64 " wide, gamma %" PRId64 ", beta %" PRId64 ", residual %" PRId64,
                        cols, tensor_count(gamma), tensor_count(beta), residual ? tensor_dim(residual, -1) : cols);
    Tensor *y = ctx_tensor_like(ctx, x);
    bool    records = ctx_records(ctx, IN(x, residual, gamma, beta));
    AddNormArgs a = { .dtype = x->dtype,
                      .rows = rows,
                      .cols = cols,
                      .eps = eps,
                      .drop = drop,
                      .x = x->data,
                      .residual = residual ? residual->data : NULL,
                      .gamma = gamma->data,
                      .beta = beta->data,
                      .y = y->data };
    if (records) {
        a.r = residual == x ? ctx_data(ctx, tensor_bytes(x)) : x->data;      /* x is used up: its memory holds r */
        a.mean = ctx_data(ctx, (size_t)rows * dtype_size(x->dtype));
        a.rstd = ctx_data(ctx, (size_t)rows * dtype_size(x->dtype));
    }
    if (ctx->status != OK) return &ctx->nothing;
    a.workspace = ctx_scratch(ctx, add_norm_workspace, &a);
    ctx_run(ctx, add_norm_fwd, &a);
    ctx_record(ctx, add_norm_backward, y, IN(x, residual, gamma, beta), &a, sizeof a);
    return y;
}

Tensor *op_layernorm(Ctx *ctx, Tensor *x, Tensor *gamma, Tensor *beta, double eps)
{
    return op_add_norm(ctx, x, NULL, gamma, beta, eps, (Dropout){ 0 });
}
