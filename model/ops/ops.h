/* model/ops/ops.h: differentiable operations on tensors, one family a file.
 *
 * Every op computes at once and, when its Ctx records and an input wants a gradient, pushes one tape node. Shapes:
 * N tokens, B sequences, C channels, H heads, V classes. A failed op gives &ctx->nothing and leaves ctx->status. */
#ifndef MODEL_OPS_OPS_H
#define MODEL_OPS_OPS_H

#include "model/ctx.h"

/* linear.c: y = x w^T + bias     x (N, in), w (out, in), bias (out) or NULL */
Tensor *op_linear(Ctx *ctx, Tensor *x, Tensor *w, Tensor *bias);

/* mlp.c: act(x w1^T + b1) w2^T + b2 without keeping the activation: backward computes it again from the
 * pre-activation. Same as op_linear(op_activation(op_linear(x, w1, b1)), w2, b2). */
Tensor *op_mlp(Ctx *ctx, Tensor *x, Tensor *w1, Tensor *b1, Tensor *w2, Tensor *b2, Activation kind);

/* embed.c: rows of the three tables, summed. position, segment may be NULL.  -> (N, C) */
Tensor *op_embed(Ctx *ctx, const TokensView *tokens, Tensor *word, Tensor *position, Tensor *segment);

/* add_norm.c: layernorm(residual + dropout(x)); residual may be NULL. Same as op_layernorm(op_add(residual, op_dropout(x))).
 * Recording uses x up: its memory then holds the sum, so no op that keeps its own output may have made it, and nobody
 * else may read it later. */
Tensor *op_add_norm(Ctx *ctx, Tensor *x, Tensor *residual, Tensor *gamma, Tensor *beta, double eps, Dropout drop);
Tensor *op_layernorm(Ctx *ctx, Tensor *x, Tensor *gamma, Tensor *beta, double eps);

/* rmsnorm.c: x / sqrt(mean(x^2) + eps) * gamma     x (N, C), gamma (C) */
Tensor *op_rmsnorm(Ctx *ctx, Tensor *x, Tensor *gamma, double eps);

/* activation.c */
Tensor *op_activation(Ctx *ctx, Tensor *x, Activation kind);
/* By the name in a published config ("gelu", "gelu_new", "relu", ...); ERR_UNSUPPORTED names it. */
Status  activation_from_name(const char *name, Activation *out) MUST_USE;

/* elementwise.c */
Tensor *op_add(Ctx *ctx, Tensor *a, Tensor *b);
Tensor *op_scale(Ctx *ctx, Tensor *x, double factor);
Tensor *op_dropout(Ctx *ctx, Tensor *x, Dropout drop);
/* Dropout as the Ctx wants it: nothing when not training. tokens NULL is not allowed. */
Dropout dropout_of_tokens(const Ctx *ctx, const TokensView *tokens, double p, uint32_t site); /* arrays of N rows */
Dropout dropout_of_seqs(const Ctx *ctx, const TokensView *tokens, double p, uint32_t site);   /* arrays of B rows */

/* attention.c: softmax(q k^T / sqrt(D)) v within each sequence.  qkv (N, 3C): query, key, value  -> (N, C) */
Tensor *op_attention(Ctx *ctx, Tensor *qkv, const TokensView *tokens, int64_t heads, bool causal, Dropout drop);

/* rows.c */
Tensor *op_pool(Ctx *ctx, Tensor *x, const TokensView *tokens, Pooling kind);                  /* (N, C) -> (B, C) */
Tensor *op_gather(Ctx *ctx, Tensor *x, const int32_t *rows, int64_t n);                        /* (N, C) -> (n, C) */
Tensor *op_l2norm(Ctx *ctx, Tensor *x, double eps);

/* loss.c: adds the losses of all rows and their count to the step's scalars. Recording, the logits' memory becomes
 * their gradient. row_loss (rows, backend memory) may be NULL. */
void    op_cross_entropy(Ctx *ctx, Tensor *logits, const int32_t *labels, double label_smoothing, REAL *row_loss);
/* The same for logits = x w^T + bias, a chunk of rows at a time, so that all logits never exist at once. */
void    op_linear_cross_entropy(Ctx *ctx, Tensor *x, Tensor *w, Tensor *bias, const int32_t *labels, REAL *row_loss,
                                int64_t chunk_rows);
/* mse.c: the same sums for squared errors of y (n numbers) against target (n, backend memory). */
void    op_mse(Ctx *ctx, Tensor *y, const REAL *target, REAL *row_loss);
/* span_cross_entropy.c: cross-entropy over the rows of each sequence, column by column.  logits (N, cols), spans
 * (B, cols): the right row of each column, from the sequence's first. Counts one a sequence; row_loss (B) may be NULL. */
void    op_span_cross_entropy(Ctx *ctx, Tensor *logits, const TokensView *tokens, const int32_t *spans, REAL *row_loss);

#endif
