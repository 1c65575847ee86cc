#include "model/layers/layers.h"

Status self_attention_declare(SelfAttention *a, Params *ps, const char *const qkv[3], const char *out, int64_t hidden,
                              int64_t heads, bool causal, double p_drop)
{
    a->heads = heads;
    a->causal = causal;
    a->p_drop = p_drop;
    a->site = params_add_site(ps);
    TRY(params_add_packed(ps, &a->qkv.weight, DIMS(3 * hidden, hidden), PARAM_NORMAL, qkv, 3, "weight"));
    TRY(params_add_packed(ps, &a->qkv.bias, DIMS(3 * hidden), PARAM_ZERO | PARAM_NO_DECAY, qkv, 3, "bias"));
    return linear_declare(&a->out, ps, out, hidden, hidden, true);
}

Tensor *self_attention_forward(Ctx *ctx, const SelfAttention *a, Tensor *x, const TokensView *tokens)
{
    Tensor *qkv = linear_forward(ctx, &a->qkv, x);
    Tensor *o = op_attention(ctx, qkv, tokens, a->heads, a->causal, dropout_of_tokens(ctx, tokens, a->p_drop, a->site));
    return linear_forward(ctx, &a->out, o);
}
