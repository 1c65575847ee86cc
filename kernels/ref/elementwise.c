/* kernels/ref/elementwise.c: a x + b z, and dropout (Srivastava et al. 2014, inverted: kept elements are scaled up). */
#include "kernels/ref/ref.h"

Status ref_axpby(void *dev, const AxpbyArgs *a)
{
    (void)dev;
    const REAL *x = a->x, *z = a->z;
    for (int64_t i = 0; i < a->n; i++)
        ref_store((REAL *)a->y + i, a->a * x[i] + (z ? a->b * z[i] : 0), a->accumulate_y);
    return OK;
}

Status ref_dropout(void *dev, const DropoutArgs *a)
{
    (void)dev;
    const REAL *x = a->x;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t c = 0; c < a->cols; c++) {
            int64_t at = i * a->cols + c;
            ref_store((REAL *)a->y + at, x[at] * ref_dropout_factor(&a->drop, i, c), a->accumulate_y);
        }
    return OK;
}
