/* model/ops/attention.c: softmax(q k^T / sqrt(D)) v within each sequence of the batch.  Vaswani et al. 2017, eq. 1.
 *
 * qkv is one packed projection: row i holds its query, key and value, C wide each. Saved for backward: qkv, the output
 * and the log-sum-exp of each (token, head); probabilities and dropout are computed again. */
#include <inttypes.h>
#include <math.h>

#include "model/ops/ops.h"

static Status attention_backward(Ctx *ctx, const TapeNode *n)
{
    AttentionArgs a = *(const AttentionArgs *)n->args;
    GradOut d = grad_out(ctx, n->in[0]);
    if (d.accumulate) {                        /* the kernel overwrites; nobody else reads a packed qkv */
        ctx_fail(ctx, ERR_UNSUPPORTED, "attention: its input has another consumer");
        return ctx->status;
    }
    int64_t C = a.heads * a.head_size;
    a.d_o = n->out->grad;
    a.dq = d.data;
    a.dk = (char *)d.data + (size_t)C * dtype_size(a.dtype);
    a.dv = (char *)d.data + (size_t)(2 * C) * dtype_size(a.dtype);
    a.workspace = ctx_scratch(ctx, attention_workspace, &a);
    return ctx_run(ctx, attention_bwd, &a);
}

Tensor *op_attention(Ctx *ctx, Tensor *qkv, const TokensView *t, int64_t heads, bool causal, Dropout drop)
{
    if (ctx->status != OK) return &ctx->nothing;
    int64_t width = tensor_dim(qkv, -1), C = width / 3, rows = tensor_rows(qkv);
    if (width % 3 || heads < 1 || C % heads || rows != t->n_tokens)
        return ctx_fail(ctx, ERR_SHAPE,
                        "attention: qkv is (%" PRId64 ", %" PRId64 ") for %" PRId64 " tokens and %" PRId64 " heads",
                        rows, width, t->n_tokens, heads);
    Tensor *o = ctx_tensor(ctx, DIMS(rows, C));
    bool    records = ctx_records(ctx, IN(qkv));
    size_t  e = dtype_size(qkv->dtype);
    AttentionArgs a = {
        .dtype = qkv->dtype,
        .n_seqs = t->n_seqs,
        .n_queries = rows,
        .n_keys = rows,
        .max_q = t->max_len,
        .max_k = t->max_len,
        .heads = heads,
        .head_size = C / heads,
        .cu_q = t->cu_seqlens,
        .cu_k = t->cu_seqlens,
        .scale = 1 / sqrt((double)(C / heads)),
        .causal = causal,
        .drop = drop,
        .q = qkv->data,
        .k = (char *)qkv->data + (size_t)C * e,
        .v = (char *)qkv->data + (size_t)(2 * C) * e,
        .q_stride = width,
        .k_stride = width,
        .v_stride = width,
        .o_stride = C,
        .o = o->data,
        .lse = records ? ctx_data(ctx, (size_t)(rows * heads) * e) : NULL,
    };
    if (ctx->status != OK) return &ctx->nothing;
    a.workspace = ctx_scratch(ctx, attention_workspace, &a);
    ctx_run(ctx, attention_fwd, &a);
    ctx_record(ctx, attention_backward, o, IN(qkv), &a, sizeof a);
    return o;
}
