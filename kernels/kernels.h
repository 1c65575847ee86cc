/* kernels/kernels.h: the whole contract between the model and a backend: argument structs and one table of functions.
 *
 * Pointers are backend addresses: only kernels and explicit copies touch what they point to. Arrays are row-major and
 * dense unless a row stride says otherwise, floating-point arrays have the struct's dtype, statistics and parameters'
 * gradients too. Nothing allocates: an op asks X_workspace(args) (an empty slot means 0 bytes) and passes that much.
 *
 * Letters: N tokens of the batch, B sequences, C channels, H heads, D head size, V classes or vocabulary.
 *
 * `accumulate_*` says whether an output is added to (true) or overwritten (false). Gradients of parameters (dw, dbias,
 * dgamma, dbeta, embedding tables) are always added to. Losses and gradients are sums over the batch; dividing by
 * what was counted is the optimizer's first act (grad_norm).
 *
 * Adding an op: a struct and a line of KERNEL_SLOTS here, kernels/ref/NAME.c, model/ops/NAME.c (its declaration in
 * ops.h), tests/model/ops/NAME_test.c. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/status.h"

enum { KERNELS_ABI = 1 };

/* Scalars of a training step, in backend memory. The host writes the first part before the step and reads the whole
 * one step late. */
typedef struct StepScalars {
    uint32_t seed, step;          /* the dropout key */
    double   learning_rate, max_grad_norm;      /* max_grad_norm 0: no clipping */
    /* written by kernels during the step */
    double   loss_sum, count;     /* sum of losses, and of how many terms, over micro-batches */
    double   grad_norm;           /* of the mean gradient, before clipping */
    double   update_scale;        /* clip scale / count: what the optimizer multiplies gradients with */
    int32_t  finite;              /* 0: the update was skipped */
    int32_t  updates;             /* optimizer updates done so far, this one included (Adam's t) */
} StepScalars;

/* Dropout: which elements, see core/rng.h. key == NULL or p == 0: none. */
typedef struct Dropout {
    double             p;
    uint32_t           site;
    const StepScalars *key;                     /* seed and step */
    const int32_t     *row_position, *row_seq;  /* (N): row in its sequence; sequence within the optimizer step */
} Dropout;

/* y = x w^T + bias     x (rows, in), w (out, in), bias (out) or NULL, y (rows, out) */
typedef struct LinearArgs {
    DType       dtype;
    int64_t     rows, in, out;
    const void *x, *w, *bias;
    void       *y;
    const void *dy;               /* backward: dx (+)= dy w;  dw += dy^T x;  dbias += column sums of dy */
    void       *dx, *dw, *dbias;
    bool        accumulate_y, accumulate_dx;
    void       *workspace;
} LinearArgs;

/* y = word[id] + position[pos] + segment[seg]; position and segment may be NULL.  y (rows, cols) */
typedef struct EmbedArgs {
    DType          dtype;
    int64_t        rows, cols;
    const int32_t *ids, *positions, *segments;  /* (rows) */
    const void    *word, *position, *segment;
    void          *y;
    const void    *dy;
    void          *dword, *dposition, *dsegment;
} EmbedArgs;

/* r = residual + dropout(x);  y = (r - mean) * rstd * gamma + beta       x, residual, r, y (rows, cols)
 * residual may be NULL. r may be NULL when nothing is recorded, and may be x itself. */
typedef struct AddNormArgs {
    DType       dtype;
    int64_t     rows, cols;
    double      eps;
    Dropout     drop;
    const void *x, *residual, *gamma, *beta;
    void       *r, *y, *mean, *rstd;            /* mean, rstd (rows): saved, may be NULL when nothing is recorded */
    const void *dy;
    void       *dx, *dresidual, *dgamma, *dbeta;    /* each may be NULL */
    bool        accumulate_dx, accumulate_dresidual;
    void       *workspace;
} AddNormArgs;

/* y = x * rstd * gamma,  rstd = 1 / sqrt(mean(x^2) + eps) row by row       x, y (rows, cols), gamma (cols) */
typedef struct RmsNormArgs {
    DType       dtype;
    int64_t     rows, cols;
    double      eps;
    const void *x, *gamma;
    void       *y, *rstd;                       /* rstd (rows): saved, may be NULL when nothing is recorded */
    const void *dy;
    void       *dx, *dgamma;                    /* each may be NULL */
    bool        accumulate_dx;
} RmsNormArgs;

typedef enum Activation { ACT_GELU, ACT_GELU_TANH, ACT_RELU, ACT_SILU, ACT_TANH, ACT_COUNT } Activation;

/* y = act(x), n elements. Backward: dx (+)= dy * act'(x), and y = act(x) again when y is not NULL. dx may be dy. */
typedef struct ActivationArgs {
    DType       dtype;
    Activation  kind;
    int64_t     n;
    const void *x, *dy;
    void       *y, *dx;
    bool        accumulate_dx;
} ActivationArgs;

/* y (+)= a x + b z (z may be NULL), n elements */
typedef struct AxpbyArgs {
    DType       dtype;
    int64_t     n;
    double      a, b;
    const void *x, *z;
    void       *y;
    bool        accumulate_y;
} AxpbyArgs;

/* y (+)= dropout(x), (rows, cols); its own backward */
typedef struct DropoutArgs {
    DType       dtype;
    int64_t     rows, cols;
    Dropout     drop;
    const void *x;
    void       *y;
    bool        accumulate_y;
} DropoutArgs;

/* Attention over variable-length sequences, Vaswani et al. 2017 eq. 1, tiled as in Dao et al. 2022.
 * q, k, v, o: row i of head h begins at base + i * stride + h * D elements. Sequence b's queries are rows
 * cu_q[b] .. cu_q[b+1], its keys cu_k[b] .. cu_k[b+1]. Causal is aligned at the end (bottom right).
 * lse (Nq, H): log of the sum of exponentials, saved for backward. A query that sees no key gives o = 0. */
typedef struct AttentionArgs {
    DType          dtype;
    int64_t        n_seqs, n_queries, n_keys, max_q, max_k, heads, head_size;
    const int32_t *cu_q, *cu_k;
    double         scale;
    bool           causal;
    Dropout        drop;                        /* on the probabilities; row coordinates from cu_q and row_seq */
    const void    *q, *k, *v;
    int64_t        q_stride, k_stride, v_stride, o_stride;
    void          *o, *lse;                     /* lse may be NULL when nothing is recorded */
    const void    *d_o;                         /* (Nq, o_stride); backward overwrites dq, dk, dv, laid out as q, k, v */
    void          *dq, *dk, *dv;
    void          *workspace;
} AttentionArgs;

typedef enum Pooling { POOL_FIRST, POOL_MEAN, POOL_COUNT } Pooling;

/* y (B, C): each sequence's first row or mean row of x (N, C) */
typedef struct PoolArgs {
    DType          dtype;
    Pooling        kind;
    int64_t        n_seqs, n_tokens, cols;
    const int32_t *cu_seqlens;
    const void    *x, *dy;
    void          *y, *dx;
    bool           accumulate_dx;
} PoolArgs;

/* y (n, cols) = rows index[i] of x (rows, cols); indices are distinct. Backward: dx[index[i]] (+)= dy[i], the rest 0. */
typedef struct GatherArgs {
    DType          dtype;
    int64_t        n, rows, cols;
    const int32_t *index;
    const void    *x, *dy;
    void          *y, *dx;
    bool           accumulate_dx;
} GatherArgs;

/* y = x / max(|x|, eps) row by row */
typedef struct L2NormArgs {
    DType       dtype;
    int64_t     rows, cols;
    double      eps;
    const void *x, *dy;
    void       *y, *dx;
    bool        accumulate_dx;
} L2NormArgs;

/* Softmax cross-entropy of logits (rows, classes) against labels (rows); BATCH_IGNORE rows count nothing.
 * scalars->loss_sum and ->count are added to. dlogits (may be the logits) gets softmax - onehot; row_loss (rows) the
 * losses; both may be NULL. */
typedef struct CrossEntropyArgs {
    DType          dtype;
    int64_t        rows, classes;
    const void    *logits;
    const int32_t *labels;
    double         label_smoothing;
    void          *dlogits, *row_loss;
    StepScalars   *scalars;
    void          *workspace;
} CrossEntropyArgs;

/* Squared error of y against target (both n); scalars->loss_sum and ->count are added to. dy (may be y) gets
 * 2 (y - target), row_loss (n) the losses; both may be NULL. */
typedef struct MseArgs {
    DType        dtype;
    int64_t      n;
    const void  *y, *target;
    void        *dy, *row_loss;
    StepScalars *scalars;
} MseArgs;

/* Softmax cross-entropy over the rows of each sequence, column by column, Devlin et al. 2018 sec. 4.2: logits (N, cols)
 * against the rows spans (B, cols), counted from the sequence's first. A sequence's loss is the mean of its columns'.
 * scalars->loss_sum and ->count (one a sequence) are added to; dlogits (may be the logits) and row_loss (B) may be NULL. */
typedef struct SpanCrossEntropyArgs {
    DType          dtype;
    int64_t        n_seqs, n_tokens, cols;
    const int32_t *cu_seqlens, *spans;
    const void    *logits;
    void          *dlogits, *row_loss;
    StepScalars   *scalars;
} SpanCrossEntropyArgs;

/* One parameter's place in the flat buffers, and how the optimizer treats it. */
typedef struct OptimChunk {
    int64_t param, state, n;      /* first element in the values, in gradient and moments, and how many */
    float   weight_decay, lr_scale;
} OptimChunk;

typedef struct OptimArgs {
    DType             dtype;
    const OptimChunk *chunks;     /* host memory */
    int64_t           n_chunks, n_state;
    void             *values, *grads, *m, *v;      /* SGD: m is the momentum, v unused */
    double            beta1, beta2, eps, momentum;
    StepScalars      *scalars;
    void             *workspace;
} OptimArgs;

/* The table, one line a slot: name, argument struct, reference kernel. Every slot returns OK, or a Status with its
 * sentence; dev is the backend's own state.
 *   grad_norm   norm of all gradients; writes grad_norm, update_scale, finite, updates into the scalars
 *   adamw       Loshchilov & Hutter 2019, algorithm 2. One update of every chunk, nothing when !finite; gradients are
 *               zero afterwards either way
 *   sgd         m = momentum m + g + decay w;  w -= lr m; the same rules */
#define KERNEL_SLOTS(X)                                                    \
    X(linear_fwd,          LinearArgs,            ref_linear_fwd)          \
    X(linear_bwd_input,    LinearArgs,            ref_linear_bwd_input)    \
    X(linear_bwd_weight,   LinearArgs,            ref_linear_bwd_weight)   \
    X(embed_fwd,           EmbedArgs,             ref_embed_fwd)           \
    X(embed_bwd,           EmbedArgs,             ref_embed_bwd)           \
    X(add_norm_fwd,        AddNormArgs,           ref_add_norm_fwd)        \
    X(add_norm_bwd,        AddNormArgs,           ref_add_norm_bwd)        \
    X(rmsnorm_fwd,         RmsNormArgs,           ref_rmsnorm_fwd)         \
    X(rmsnorm_bwd,         RmsNormArgs,           ref_rmsnorm_bwd)         \
    X(activation_fwd,      ActivationArgs,        ref_activation_fwd)      \
    X(activation_bwd,      ActivationArgs,        ref_activation_bwd)      \
    X(axpby,               AxpbyArgs,             ref_axpby)               \
    X(dropout,             DropoutArgs,           ref_dropout)             \
    X(attention_fwd,       AttentionArgs,         ref_attention_fwd)       \
    X(attention_bwd,       AttentionArgs,         ref_attention_bwd)       \
    X(pool_fwd,            PoolArgs,              ref_pool_fwd)            \
    X(pool_bwd,            PoolArgs,              ref_pool_bwd)            \
    X(gather_fwd,          GatherArgs,            ref_gather_fwd)          \
    X(gather_bwd,          GatherArgs,            ref_gather_bwd)          \
    X(l2norm_fwd,          L2NormArgs,            ref_l2norm_fwd)          \
    X(l2norm_bwd,          L2NormArgs,            ref_l2norm_bwd)          \
    X(cross_entropy,       CrossEntropyArgs,      ref_cross_entropy)       \
    X(span_cross_entropy,  SpanCrossEntropyArgs,  ref_span_cross_entropy)  \
    X(mse,                 MseArgs,               ref_mse)                 \
    X(grad_norm,           OptimArgs,             ref_grad_norm)           \
    X(adamw,               OptimArgs,             ref_adamw)               \
    X(sgd,                 OptimArgs,             ref_sgd)

/* Bytes of args->workspace that a slot wants; an empty slot means none. */
#define KERNEL_WORKSPACES(X)                                        \
    X(linear_workspace,        LinearArgs)                          \
    X(add_norm_workspace,      AddNormArgs)                         \
    X(attention_workspace,     AttentionArgs)                       \
    X(cross_entropy_workspace, CrossEntropyArgs)                    \
    X(grad_norm_workspace,     OptimArgs)

typedef struct Kernels {
    uint32_t abi, size;
#define KERNEL_MEMBER(slot, Args, ref) Status (*slot)(void *dev, const Args *a);
    KERNEL_SLOTS(KERNEL_MEMBER)
#undef KERNEL_MEMBER
#define KERNEL_MEMBER(slot, Args) size_t (*slot)(void *dev, const Args *a);
    KERNEL_WORKSPACES(KERNEL_MEMBER)
#undef KERNEL_MEMBER
} Kernels;

#endif
