/* model/ops/activation.c: elementwise nonlinearities. The input is what backward needs. */
#include "model/ops/ops.h"

#include <string.h>

static Status activation_backward(Ctx *ctx, const TapeNode *n)
{
    ActivationArgs a = *(const ActivationArgs *)n->args;
    GradOut dx = grad_out(ctx, n->in[0]);
    a.y = NULL;
    a.dy = n->out->grad;
    a.dx = dx.data;
    a.accumulate_dx = dx.accumulate;
    return ctx_run(ctx, activation_bwd, &a);
}

Tensor *op_activation(Ctx *ctx, Tensor *x, Activation kind)
{
    if (ctx->status != OK) return &ctx->nothing;
    Tensor *y = ctx_tensor_like(ctx, x);
    if (ctx->status != OK) return &ctx->nothing;
    ActivationArgs a = { .dtype = x->dtype, .kind = kind, .n = tensor_count(x), .x = x->data, .y = y->data };
    ctx_run(ctx, activation_fwd, &a);
    ctx_record(ctx, activation_backward, y, IN(x), &a, sizeof a);
    return y;
}

Status activation_from_name(const char *name, Activation *out)
{
    static const struct { const char *name; Activation kind; } names[] = {
        { "gelu", ACT_GELU },           { "gelu_python", ACT_GELU },
        { "gelu_new", ACT_GELU_TANH },  { "gelu_pytorch_tanh", ACT_GELU_TANH }, { "gelu_fast", ACT_GELU_TANH },
        { "relu", ACT_RELU },           { "silu", ACT_SILU },
        { "swish", ACT_SILU },          { "tanh", ACT_TANH },
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].kind;
            return OK;
        }
    return hint(fail(ERR_UNSUPPORTED, "hidden_act: there is no activation \"%s\"", name),
                "known are gelu, gelu_new, gelu_pytorch_tanh, relu, silu and tanh");
}
