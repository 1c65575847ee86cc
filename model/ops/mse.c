/* model/ops/mse.c: squared error. As with every loss (loss.c) the gradient is known in the forward pass and overwrites y. */
#include "model/ops/ops.h"

void op_mse(Ctx *ctx, Tensor *y, const REAL *target, REAL *row_loss)
{
    if (ctx->status != OK) return;
    bool    records = ctx_records(ctx, IN(y));
    MseArgs a = { .dtype = y->dtype, .n = tensor_count(y), .y = y->data, .target = target,
                  .dy = records ? y->data : NULL, .row_loss = row_loss, .scalars = ctx->scalars };
    ctx_run(ctx, mse, &a);
    if (records) y->grad = y->data;
}
