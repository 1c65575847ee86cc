/* train/optim/sgd.c: gradient descent with momentum (Polyak 1964, in the form of Sutskever et al. 2013 without Nesterov). */
#include "train/optim/optim.h"

static Status sgd_update(Ctx *ctx, const OptimArgs *a) { return ctx_run(ctx, sgd, a); }

const OptimDef optim_sgd = { "sgd", 1, sgd_update };
