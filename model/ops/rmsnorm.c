/* model/ops/rmsnorm.c: RMS normalisation: rows divided by their root mean square, nothing subtracted.
 *
 *   y = x * rstd * gamma      rstd = 1 / sqrt(mean(x^2) + eps)      Zhang & Sennrich 2019, eq. 4
 *
 * x is (N, C), gamma (C). x and rstd are what backward needs. */
#include <inttypes.h>

#include "model/ops/ops.h"

static Status rmsnorm_backward(Ctx *ctx, const TapeNode *n)
{
    RmsNormArgs a = *(const RmsNormArgs *)n->args;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.dy = n->out->grad;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    a.dgamma = grad_out(ctx, n->in[1]).data;
    return ctx_run(ctx, rmsnorm_bwd, &a);
}

Tensor *op_rmsnorm(Ctx *ctx, Tensor *x, Tensor *gamma, double eps)
{
    if (ctx->status != OK) return &ctx->nothing;
    int64_t cols = tensor_dim(x, -1), rows = tensor_rows(x);
    if (tensor_count(gamma) != cols)
        return ctx_fail(ctx, ERR_SHAPE, "rmsnorm: rows are %" PRId64 " wide, gamma %" PRId64,
                        cols, tensor_count(gamma));
    Tensor *y = ctx_tensor_like(ctx, x);
    RmsNormArgs a = { .dtype = x->dtype, .rows = rows, .cols = cols, .eps = eps,
                      .x = x->data, .gamma = gamma->data, .y = y->data };
    if (ctx_records(ctx, IN(x, gamma))) a.rstd = ctx_data(ctx, (size_t)rows * dtype_size(x->dtype));
    if (ctx->status != OK) return &ctx->nothing;
    ctx_run(ctx, rmsnorm_fwd, &a);
    ctx_record(ctx, rmsnorm_backward, y, IN(x, gamma), &a, sizeof a);
    return y;
}
