/* train/optim/adamw.c: Loshchilov & Hutter 2019, algorithm 2: the decay is not part of the gradient. */
#include "train/optim/optim.h"

static Status adamw_update(Ctx *ctx, const OptimArgs *a) { return ctx_run(ctx, adamw, a); }

const OptimDef optim_adamw = { "adamw", 2, adamw_update };
