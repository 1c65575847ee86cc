/* model/ops/elementwise.c: sum of two tensors, scaling, dropout. */
#include "core/rng.h"
#include "model/ops/ops.h"

static Status axpby_backward(Ctx *ctx, const TapeNode *n)
{
    const AxpbyArgs *f = n->args;
    const double     factor[2] = { f->a, f->b };
    for (int i = 0; i < 2; i++) {
        GradOut d = grad_out(ctx, n->in[i]);
        AxpbyArgs a = {
            .dtype = f->dtype, .n = f->n, .a = factor[i], .x = n->out->grad, .y = d.data, .accumulate_y = d.accumulate
        };
        if (d.data) ctx_run(ctx, axpby, &a);
    }
    return ctx->status;
}

static Tensor *axpby(Ctx *ctx, double fx, Tensor *x, double fz, Tensor *z)
{
    if (ctx->status != OK) return &ctx->nothing;
    if (z && tensor_count(z) != tensor_count(x)) return ctx_fail(ctx, ERR_SHAPE, "add: the two tensors differ in size");
    Tensor *y = ctx_tensor_like(ctx, x);
    if (ctx->status != OK) return &ctx->nothing;
    AxpbyArgs a = {
        .dtype = x->dtype, .n = tensor_count(x), .a = fx, .b = fz, .x = x->data, .z = z ? z->data : NULL, .y = y->data
    };
    ctx_run(ctx, axpby, &a);
    ctx_record(ctx, axpby_backward, y, IN(x, z), &a, sizeof a);
    return y;
}

Tensor *op_add(Ctx *ctx, Tensor *a, Tensor *b) { return axpby(ctx, 1, a, 1, b); }
Tensor *op_scale(Ctx *ctx, Tensor *x, double factor) { return axpby(ctx, factor, x, 0, NULL); }

static Dropout dropout_of(const Ctx *ctx, double p, uint32_t site, const int32_t *position, const int32_t *seq)
{
    if (!ctx->training || rng_threshold(p) == 0) return (Dropout){ 0 };
    return (Dropout){ .p = p, .site = site, .key = ctx->scalars, .row_position = position, .row_seq = seq };
}

Dropout dropout_of_tokens(const Ctx *ctx, const TokensView *t, double p, uint32_t site)
{
    return dropout_of(ctx, p, site, t->row_position, t->row_seq);
}

Dropout dropout_of_seqs(const Ctx *ctx, const TokensView *t, double p, uint32_t site)
{
    return dropout_of(ctx, p, site, t->seq_zero, t->seq_index);
}

static Status dropout_backward(Ctx *ctx, const TapeNode *n)
{
    DropoutArgs a = *(const DropoutArgs *)n->args;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.x = n->out->grad;
    a.y = dx.data;
    a.accumulate_y = dx.accumulate;
    return ctx_run(ctx, dropout, &a);
}

Tensor *op_dropout(Ctx *ctx, Tensor *x, Dropout drop)
{
    if (ctx->status != OK || !drop.key) return x;
    Tensor *y = ctx_tensor_like(ctx, x);
    if (ctx->status != OK) return &ctx->nothing;
    DropoutArgs a = {
        .dtype = x->dtype, .rows = tensor_rows(x), .cols = tensor_dim(x, -1), .drop = drop, .x = x->data, .y = y->data
    };
    ctx_run(ctx, dropout, &a);
    ctx_record(ctx, dropout_backward, y, IN(x), &a, sizeof a);
    return y;
}
