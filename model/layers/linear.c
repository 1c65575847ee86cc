#include "model/layers/layers.h"

Status linear_declare(Linear *l, Params *ps, const char *name, int64_t in, int64_t out, bool bias)
{
    TRY(params_add(ps, &l->weight, DIMS(out, in), PARAM_NORMAL, "%s.weight", name));
    if (bias) TRY(params_add(ps, &l->bias, DIMS(out), PARAM_ZERO | PARAM_NO_DECAY, "%s.bias", name));
    return OK;
}

Tensor *linear_forward(Ctx *ctx, const Linear *l, Tensor *x) { return op_linear(ctx, x, l->weight, l->bias); }
