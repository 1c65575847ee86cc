/* model/layers/layers.h: the parts architectures are made of. Each declares its parameters under the names published
 * checkpoints use, and has a forward that is the same for training, evaluation and inference.
 *
 * A layer struct lives in its architecture's state; the tensors it points to belong to the Params it was declared in. */
#ifndef MODEL_LAYERS_LAYERS_H
#define MODEL_LAYERS_LAYERS_H

#include "model/ops/ops.h"
#include "model/params.h"

typedef struct Linear { Tensor *weight, *bias; } Linear;                       /* (out, in), (out) or NULL */
typedef struct Norm { Tensor *gamma, *beta; double eps; } Norm;                /* (C), (C) */
typedef struct Mlp { Linear up, down; Activation act; } Mlp;

typedef struct SelfAttention {
    Linear   qkv, out;                     /* query, key and value as one product of width 3C */
    int64_t  heads;
    bool     causal;
    double   p_drop;
    uint32_t site;
} SelfAttention;

Status  linear_declare(Linear *l, Params *ps, const char *name, int64_t in, int64_t out, bool bias) MUST_USE;
Tensor *linear_forward(Ctx *ctx, const Linear *l, Tensor *x);

Status  norm_declare(Norm *n, Params *ps, const char *name, int64_t cols, double eps) MUST_USE;
Tensor *norm_forward(Ctx *ctx, const Norm *n, Tensor *x);
Tensor *norm_forward_residual(Ctx *ctx, const Norm *n, Tensor *x, Tensor *residual,
                              Dropout drop); /* norm(residual + dropout(x)) */

/* up and down are the two linears' names. */
Status mlp_declare(Mlp *m, Params *ps, const char *up, const char *down, int64_t hidden, int64_t mid,
                   Activation act) MUST_USE;
Tensor *mlp_forward(Ctx *ctx, const Mlp *m, Tensor *x);

/* qkv: the names of the three published matrices. */
Status  self_attention_declare(SelfAttention *a, Params *ps, const char *const qkv[3], const char *out, int64_t hidden,
                               int64_t heads, bool causal, double p_drop) MUST_USE;
Tensor *self_attention_forward(Ctx *ctx, const SelfAttention *a, Tensor *x, const TokensView *tokens);

#endif
