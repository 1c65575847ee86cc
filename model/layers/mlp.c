#include "model/layers/layers.h"

Status mlp_declare(Mlp *m, Params *ps, const char *up, const char *down, int64_t hidden, int64_t mid, Activation act)
{
    m->act = act;
    TRY(linear_declare(&m->up, ps, up, hidden, mid, true));
    return linear_declare(&m->down, ps, down, mid, hidden, true);
}

Tensor *mlp_forward(Ctx *ctx, const Mlp *m, Tensor *x)
{
    return op_mlp(ctx, x, m->up.weight, m->up.bias, m->down.weight, m->down.bias, m->act);
}
