#include "model/layers/layers.h"

Status norm_declare(Norm *n, Params *ps, const char *name, int64_t cols, double eps)
{
    n->eps = eps;
    TRY(params_add(ps, &n->gamma, DIMS(cols), PARAM_ONE | PARAM_NO_DECAY, "%s.weight", name));
    return params_add(ps, &n->beta, DIMS(cols), PARAM_ZERO | PARAM_NO_DECAY, "%s.bias", name);
}

Tensor *norm_forward(Ctx *ctx, const Norm *n, Tensor *x) { return op_layernorm(ctx, x, n->gamma, n->beta, n->eps); }

Tensor *norm_forward_residual(Ctx *ctx, const Norm *n, Tensor *x, Tensor *residual, Dropout drop)
{
    return op_add_norm(ctx, x, residual, n->gamma, n->beta, n->eps, drop);
}
