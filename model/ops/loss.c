/* model/ops/loss.c: softmax cross-entropy, on logits or fused with the product that makes them.
 *
 * Losses are sums and their upstream gradient is 1 (the mean is taken by the optimizer), so the gradient is known in
 * the forward pass: it overwrites the logits, which nobody reads again while recording. */
#include <inttypes.h>

#include "model/ops/ops.h"

void op_cross_entropy(Ctx *ctx, Tensor *logits, const int32_t *labels, double label_smoothing, REAL *row_loss)
{
    if (ctx->status != OK) return;
    bool records = ctx_records(ctx, IN(logits));
    CrossEntropyArgs a = { .dtype = logits->dtype, .rows = tensor_rows(logits), .classes = tensor_dim(logits, -1),
                           .logits = logits->data, .labels = labels, .label_smoothing = label_smoothing,
                           .dlogits = records ? logits->data : NULL, .row_loss = row_loss, .scalars = ctx->scalars };
    a.workspace = ctx_scratch(ctx, cross_entropy_workspace, &a);
    ctx_run(ctx, cross_entropy, &a);
    if (records) logits->grad = logits->data;
}

/* The gradient of x is computed here and now, chunk by chunk, into a tensor that backward only has to hand on. */
static Status linear_cross_entropy_backward(Ctx *ctx, const TapeNode *n)
{
    GradOut dx = grad_out(ctx, n->in[0]);
    AxpbyArgs a = { .dtype = n->out->dtype,
                    .n = tensor_count(n->out),
                    .a = 1,
                    .x = n->out->data,
                    .y = dx.data,
                    .accumulate_y = dx.accumulate };
    return dx.data ? ctx_run(ctx, axpby, &a) : ctx->status;
}

void op_linear_cross_entropy(Ctx *ctx, Tensor *x, Tensor *w, Tensor *bias, const int32_t *labels, REAL *row_loss,
                             int64_t chunk_rows)
{
    if (ctx->status != OK) return;
    int64_t rows = tensor_rows(x), in = tensor_dim(x, -1), classes = tensor_dim(w, 0);
    if (tensor_dim(w, -1) != in || (bias && tensor_count(bias) != classes)) {
        ctx_fail(ctx, ERR_SHAPE,
                 "linear_cross_entropy: rows are %" PRId64 " wide, the weight is (%" PRId64 ", %" PRId64 ")", in,
                 classes, tensor_dim(w, -1));
        return;
    }
    bool    records = ctx_records(ctx, IN(x, w, bias));
    Tensor *dx = records ? ctx_tensor_like(ctx, x) : NULL;
    size_t  mark = arena_mark(&ctx->step_data), e = dtype_size(x->dtype);
    char   *logits = ctx_data(ctx, (size_t)(chunk_rows < rows ? chunk_rows : rows) * (size_t)classes * e);
    for (int64_t i = 0; i < rows && ctx->status == OK; i += chunk_rows) {
        int64_t n = rows - i < chunk_rows ? rows - i : chunk_rows;
        LinearArgs a = { .dtype = x->dtype,
                         .rows = n,
                         .in = in,
                         .out = classes,
                         .x = (char *)x->data + (size_t)(i * in) * e,
                         .w = w->data,
                         .bias = bias ? bias->data : NULL,
                         .y = logits,
                         .dy = logits };
        a.dw = records && w->wants_grad ? w->grad : NULL;
        a.dbias = records && bias && bias->wants_grad ? bias->grad : NULL;
        a.dx = records && x->wants_grad ? (char *)dx->data + (size_t)(i * in) * e : NULL;
        a.workspace = ctx_scratch(ctx, linear_workspace, &a);
        ctx_run(ctx, linear_fwd, &a);
        CrossEntropyArgs ce = { .dtype = x->dtype,
                                .rows = n,
                                .classes = classes,
                                .logits = logits,
                                .labels = labels + i,
                                .dlogits = records ? logits : NULL,
                                .row_loss = row_loss ? row_loss + i : NULL,
                                .scalars = ctx->scalars };
        ce.workspace = ctx_scratch(ctx, cross_entropy_workspace, &ce);
        ctx_run(ctx, cross_entropy, &ce);
        a.workspace = ctx_scratch(ctx, linear_workspace, &a);
        if (a.dw || a.dbias) ctx_run(ctx, linear_bwd_weight, &a);
        if (a.dx) ctx_run(ctx, linear_bwd_input, &a);
    }
    arena_release(&ctx->step_data, mark);
    if (!records || ctx->status != OK) return;
    dx->grad = dx->data;                    /* seeds backward */
    int nothing = 0;
    ctx_record(ctx, linear_cross_entropy_backward, dx, IN(x), &nothing, sizeof nothing);
}
