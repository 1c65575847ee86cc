/* kernels/ref/linear.c: y = x w^T + bias, and its two gradients. */
#include "kernels/ref/ref.h"

Status ref_linear_fwd(void *dev, const LinearArgs *a)
{
    (void)dev;
    const REAL *x = a->x, *w = a->w, *bias = a->bias;
    REAL       *y = a->y;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t o = 0; o < a->out; o++) {
            double sum = bias ? bias[o] : 0;
            for (int64_t c = 0; c < a->in; c++) sum += (double)x[i * a->in + c] * w[o * a->in + c];
            ref_store(&y[i * a->out + o], sum, a->accumulate_y);
        }
    return OK;
}

Status ref_linear_bwd_input(void *dev, const LinearArgs *a)
{
    (void)dev;
    const REAL *dy = a->dy, *w = a->w;
    REAL       *dx = a->dx;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t c = 0; c < a->in; c++) {
            double sum = 0;
            for (int64_t o = 0; o < a->out; o++) sum += (double)dy[i * a->out + o] * w[o * a->in + c];
            ref_store(&dx[i * a->in + c], sum, a->accumulate_dx);
        }
    return OK;
}

Status ref_linear_bwd_weight(void *dev, const LinearArgs *a)
{
    (void)dev;
    const REAL *dy = a->dy, *x = a->x;
    REAL       *dw = a->dw, *dbias = a->dbias;
    for (int64_t o = 0; dw && o < a->out; o++)
        for (int64_t c = 0; c < a->in; c++) {
            double sum = 0;
            for (int64_t i = 0; i < a->rows; i++) sum += (double)dy[i * a->out + o] * x[i * a->in + c];
            ref_store(&dw[o * a->in + c], sum, true);
        }
    for (int64_t o = 0; dbias && o < a->out; o++) {
        double sum = 0;
        for (int64_t i = 0; i < a->rows; i++) sum += dy[i * a->out + o];
        ref_store(&dbias[o], sum, true);
    }
    return OK;
}
