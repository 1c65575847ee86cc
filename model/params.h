/* model/params.h: the one ordered list of named parameters.
 *
 * Layers declare their parameters once, under the names that published checkpoints use. Init, loading, saving,
 * counting, the optimizer, weight-decay groups, freezing and `inspect` all walk this list.
 *
 * Values lie in one flat buffer of backend memory, ordered as backward reaches them (last declared first), each at a
 * multiple of PARAM_ALIGN elements; gradients of the trainable ones in another. A parameter may lie in a file as several
 * named slices of rows (a fused QKV is three published matrices), or be known there under other spellings. */
#ifndef MODEL_PARAMS_H
#define MODEL_PARAMS_H

#include "kernels/backend.h"
#include "model/tensor.h"

enum { PARAM_ALIGN = 64, PARAM_MAX_SLICES = 4 };

typedef enum ParamFlags {
    PARAM_NORMAL = 1,            /* initial value: normal, mean 0, deviation initializer_range */
    PARAM_ZERO = 2,
    PARAM_ONE = 4,
    PARAM_NO_DECAY = 8,
    PARAM_UNUSED = 16,           /* kept because the published file has it; this task does not train it */
} ParamFlags;

typedef struct ParamSlice {
    char   *name;                /* in the file */
    int64_t rows;                /* of the parameter's first dimension */
} ParamSlice;

typedef struct Param {
    Tensor     tensor;
    char      *name;
    ParamSlice slices[PARAM_MAX_SLICES];
    int        n_slices, flags;
    int layer; /* 0 embeddings, 1.. blocks, INT_MAX what comes after: for freezing the lowest layers */
    bool       trainable;
    bool       loaded;           /* its values came from a file */
    int64_t    n, offset, state; /* elements; first one in the values, in the gradients (-1: frozen) */
} Param;

typedef struct Params {
    Backend *backend;
    Param  **list;               /* declaration order */
    size_t   n, cap;
    int      layer;              /* what the next declarations belong to */
    uint32_t n_sites;            /* dropout sites given out */
    int64_t  n_values, n_state;  /* elements of the flat buffers, padding included */
    void    *values, *grads;
} Params;

void   params_init(Params *ps, Backend *backend);
void   params_release(Params *ps);

/* Declares one parameter; *out becomes its tensor. */
Status params_add(Params *ps, Tensor **out, const int64_t *dims, int ndim, int flags, const char *name_fmt, ...)
    PRINTF_LIKE(6, 7) MUST_USE;
/* The same for a first dimension that a file holds as n_names arrays of equal height, one below the other. */
Status params_add_packed(Params *ps, Tensor **out, const int64_t *dims, int ndim, int flags, const char *const *names,
                         int n_names, const char *suffix) MUST_USE;
uint32_t params_add_site(Params *ps);             /* a dropout site's number, from 1 */

/* After the last declaration: memory for the values. */
Status params_allocate(Params *ps) MUST_USE;
/* Initial values of every parameter that no file gave, from the seed and the parameter's name. */
Status params_fill_initial(Params *ps, uint32_t seed, double initializer_range) MUST_USE;

/* Freezes what matches a pattern (* and ?) of the published names, and the embeddings with the lowest n_layers blocks
 * when n_layers >= 0. A pattern that matches nothing is an error. Then memory for gradients. */
Status params_freeze(Params *ps, const char *const *patterns, size_t n_patterns, int64_t n_layers) MUST_USE;
Status params_allocate_grads(Params *ps) MUST_USE;

Param  *params_find(const Params *ps, const char *name);
int64_t params_count(const Params *ps, bool trainable_only);      /* elements without padding */
Status  params_zero_grads(Params *ps) MUST_USE;

/* Copies between host and one parameter's values. host holds p->n REALs. */
Status param_get(const Params *ps, const Param *p, REAL *host) MUST_USE;
Status param_set(Params *ps, Param *p, const REAL *host) MUST_USE;

#endif
