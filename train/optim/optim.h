/* train/optim/optim.h: an optimizer over a model's flat buffers, one file an algorithm.
 *
 * step() = norm of all gradients (divided by what was counted), clipping, one update, gradients zeroed; all scalars
 * stay in backend memory. Moments are flat arrays laid out like the gradients. */
#ifndef TRAIN_OPTIM_OPTIM_H
#define TRAIN_OPTIM_OPTIM_H

#include "model/model.h"
#include "train/job.h"

typedef struct Optimizer Optimizer;

typedef struct OptimDef {
    const char *name;
    int         n_moments;                       /* flat arrays of state: 2 for AdamW, 1 for SGD */
    Status    (*update)(Ctx *ctx, const OptimArgs *a);
} OptimDef;

extern const OptimDef optim_adamw, optim_sgd;

Status optimizer_new(Optimizer **out, Model *model, const TrainConfig *config) MUST_USE;     /* borrows the model */
void   optimizer_free(Optimizer *o);
Status optimizer_step(Optimizer *o, Ctx *ctx) MUST_USE;

/* For checkpoints: each moment is a flat array of optimizer_size() elements; get and set move n of them from `first`. */
int     optimizer_n_moments(const Optimizer *o);
int64_t optimizer_size(const Optimizer *o);
Status  optimizer_get(const Optimizer *o, int moment, int64_t first, int64_t n, REAL *host) MUST_USE;
Status  optimizer_set(Optimizer *o, int moment, int64_t first, int64_t n, const REAL *host) MUST_USE;

#endif
