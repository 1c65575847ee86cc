/* model/tensor.h: an array in backend memory.
 *
 * `data` is a backend address: only kernels and explicit copies touch it. A step's tensors live in the Ctx's arenas
 * and end with the step; a parameter's tensor lives in its Params. Arrays are dense and row-major.
 *
 * A gradient is made on demand: grad_out() gives the place to write it and whether to add to what is there. */
#ifndef MODEL_TENSOR_H
#define MODEL_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dtype.h"

enum { TENSOR_MAX_DIMS = 4, TENSOR_NAME = 56 };

typedef struct Tensor {
    void   *data;
    void   *grad;                 /* same shape; NULL until somebody wrote one */
    int64_t shape[TENSOR_MAX_DIMS];
    int     ndim;
    DType   dtype;
    bool    wants_grad;           /* something trainable lies at or above it */
    bool    is_param;             /* its gradient is always added to, and outlives the step */
    char    name[TENSOR_NAME];    /* "" or what --dump, --check-nan and fixtures call it */
} Tensor;

static inline int64_t tensor_dim(const Tensor *t, int i) { return t->shape[i < 0 ? t->ndim + i : i]; }

static inline int64_t tensor_count(const Tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->ndim; i++) n *= t->shape[i];
    return n;
}

static inline int64_t tensor_rows(const Tensor *t)
{
    return tensor_dim(t, -1) ? tensor_count(t) / tensor_dim(t, -1) : 0;
}
static inline size_t  tensor_bytes(const Tensor *t) { return (size_t)tensor_count(t) * dtype_size(t->dtype); }

#endif
