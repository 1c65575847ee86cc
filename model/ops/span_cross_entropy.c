/* model/ops/span_cross_entropy.c: which token of a sequence, one question a column.  As with every loss (loss.c) the
 * gradient is known in the forward pass and overwrites the logits. */
#include <inttypes.h>

#include "model/ops/ops.h"

void op_span_cross_entropy(Ctx *ctx, Tensor *logits, const TokensView *t, const int32_t *spans, REAL *row_loss)
{
    if (ctx->status != OK) return;
    if (tensor_rows(logits) != t->n_tokens) {
        ctx_fail(ctx, ERR_SHAPE, "span_cross_entropy: %" PRId64 " rows for %" PRId64 " tokens", tensor_rows(logits),
                 t->n_tokens);
        return;
    }
    bool records = ctx_records(ctx, IN(logits));
    SpanCrossEntropyArgs a = { .dtype = logits->dtype,
                               .n_seqs = t->n_seqs,
                               .n_tokens = t->n_tokens,
                               .cols = tensor_dim(logits, -1),
                               .cu_seqlens = t->cu_seqlens,
                               .spans = spans,
                               .logits = logits->data,
                               .dlogits = records ? logits->data : NULL,
                               .row_loss = row_loss,
                               .scalars = ctx->scalars };
    ctx_run(ctx, span_cross_entropy, &a);
    if (records) logits->grad = logits->data;
}
