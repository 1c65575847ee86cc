/* model/ops/embed.c: the sum of a token's word, position and segment rows, Devlin et al. 2018 fig. 2. */
#include <inttypes.h>

#include "model/ops/ops.h"

static Status embed_backward(Ctx *ctx, const TapeNode *n)
{
    EmbedArgs a = *(const EmbedArgs *)n->args;
    a.dy = n->out->grad;
    a.dword = grad_out(ctx, n->in[0]).data;
    a.dposition = grad_out(ctx, n->in[1]).data;
    a.dsegment = grad_out(ctx, n->in[2]).data;
    return ctx_run(ctx, embed_bwd, &a);
}

Tensor *op_embed(Ctx *ctx, const TokensView *tokens, Tensor *word, Tensor *position, Tensor *segment)
{
    if (ctx->status != OK) return &ctx->nothing;
    int64_t cols = tensor_dim(word, -1);
    if ((position && tensor_dim(position, -1) != cols) || (segment && tensor_dim(segment, -1) != cols))
        return ctx_fail(ctx, ERR_SHAPE, "embed: word rows are %" PRId64 " wide, position or segment rows are not",
                        cols);
    Tensor *y = ctx_tensor(ctx, DIMS(tokens->n_tokens, cols));
    if (ctx->status != OK) return &ctx->nothing;
    EmbedArgs a = { .dtype = word->dtype,
                    .rows = tokens->n_tokens,
                    .cols = cols,
                    .ids = tokens->ids,
                    .positions = tokens->positions,
                    .segments = tokens->segments,
                    .word = word->data,
                    .position = position ? position->data : NULL,
                    .segment = segment ? segment->data : NULL,
                    .y = y->data };
    ctx_run(ctx, embed_fwd, &a);
    ctx_record(ctx, embed_backward, y, IN(word, position, segment), &a, sizeof a);
    return y;
}
