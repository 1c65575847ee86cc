/* core/dtype.h: element types of arrays, in files and in memory.
 *
 * REAL is the type the reference kernels and the host compute in: float, or double in the gradient-check build
 * (-DREAL=double), where DTYPE_REAL is DTYPE_F64. */
#ifndef CORE_DTYPE_H
#define CORE_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#ifndef REAL
#define REAL float
#endif

typedef enum DType {
    DTYPE_F32, DTYPE_F64, DTYPE_F16, DTYPE_BF16, DTYPE_I8, DTYPE_U8, DTYPE_I16, DTYPE_U16, DTYPE_I32, DTYPE_I64,
    DTYPE_BOOL, DTYPE_COUNT
} DType;

#define DTYPE_REAL (sizeof(REAL) == sizeof(double) ? DTYPE_F64 : DTYPE_F32)

size_t      dtype_size(DType t);
const char *dtype_name(DType t);                      /* safetensors' spelling: "F32" */
int         dtype_from_name(const char *name);        /* -1 when unknown */

/* n elements of `from` to REAL (or back, rounding to nearest even). Buffers may be unaligned; F32 F64 F16 BF16 only:
 * returns 0 when the type is no floating-point type, else 1. */
int dtype_to_real(REAL *out, const void *in, DType from, size_t n);
int dtype_from_real(void *out, const REAL *in, DType to, size_t n);

#endif
