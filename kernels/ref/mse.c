/* kernels/ref/mse.c: squared error.   loss = (y - target)^2;   gradient = 2 (y - target) */
#include "kernels/ref/ref.h"

Status ref_mse(void *dev, const MseArgs *a)
{
    (void)dev;
    const REAL *y = a->y, *target = a->target;
    REAL       *dy = a->dy, *row_loss = a->row_loss;
    for (int64_t i = 0; i < a->n; i++) {
        double error = (double)y[i] - target[i];
        if (row_loss) row_loss[i] = (REAL)(error * error);
        if (dy) dy[i] = (REAL)(2 * error);
        a->scalars->loss_sum += error * error;
    }
    a->scalars->count += (double)a->n;
    return OK;
}
