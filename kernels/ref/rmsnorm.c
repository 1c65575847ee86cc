/* kernels/ref/rmsnorm.c: y = x rstd gamma, rstd = 1 / sqrt(mean(x^2) + eps).  Zhang & Sennrich 2019, eq. 4. */
#include <math.h>

#include "kernels/ref/ref.h"

Status ref_rmsnorm_fwd(void *dev, const RmsNormArgs *a)
{
    (void)dev;
    const REAL *gamma = a->gamma;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *x = (const REAL *)a->x + i * a->cols;
        REAL       *y = (REAL *)a->y + i * a->cols;
        double      squares = 0;
        for (int64_t c = 0; c < a->cols; c++) squares += (double)x[c] * x[c];
        double rstd = 1 / sqrt(squares / (double)a->cols + a->eps);
        for (int64_t c = 0; c < a->cols; c++) y[c] = (REAL)(x[c] * rstd * gamma[c]);
        if (a->rstd) ((REAL *)a->rstd)[i] = (REAL)rstd;
    }
    return OK;
}

/* With n = x rstd and g = dy gamma:  dx = rstd (g - n mean(g n)),  dgamma = column sums of dy n. */
Status ref_rmsnorm_bwd(void *dev, const RmsNormArgs *a)
{
    (void)dev;
    const REAL *gamma = a->gamma;
    REAL       *dgamma = a->dgamma;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *dy = (const REAL *)a->dy + i * a->cols, *x = (const REAL *)a->x + i * a->cols;
        REAL       *dx = a->dx ? (REAL *)a->dx + i * a->cols : NULL;
        double      rstd = ((const REAL *)a->rstd)[i], gn_mean = 0;
        for (int64_t c = 0; c < a->cols; c++) {
            double n = x[c] * rstd;
            gn_mean += (double)dy[c] * gamma[c] * n / (double)a->cols;
            if (dgamma) dgamma[c] += (REAL)(dy[c] * n);
        }
        for (int64_t c = 0; dx && c < a->cols; c++)
            ref_store(&dx[c], rstd * ((double)dy[c] * gamma[c] - x[c] * rstd * gn_mean), a->accumulate_dx);
    }
    return OK;
}
