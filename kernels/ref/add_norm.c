/* kernels/ref/add_norm.c: r = residual + dropout(x), y = layernorm(r).  Ba et al. 2016, eq. 3-4. */
#include <math.h>

#include "kernels/ref/ref.h"

Status ref_add_norm_fwd(void *dev, const AddNormArgs *a)
{
    (void)dev;
    const REAL *gamma = a->gamma, *beta = a->beta;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *x = (const REAL *)a->x + i * a->cols, *res = a->residual ? (const REAL *)a->residual + i * a->cols : NULL;
        REAL       *y = (REAL *)a->y + i * a->cols, *r = a->r ? (REAL *)a->r + i * a->cols : y;
        double      mean = 0, var = 0;
        for (int64_t c = 0; c < a->cols; c++) {
            r[c] = (REAL)((res ? res[c] : 0) + x[c] * ref_dropout_factor(&a->drop, i, c));
            mean += r[c];
        }
        mean /= (double)a->cols;
        for (int64_t c = 0; c < a->cols; c++) var += (r[c] - mean) * (r[c] - mean);
        double rstd = 1 / sqrt(var / (double)a->cols + a->eps);
        for (int64_t c = 0; c < a->cols; c++) y[c] = (REAL)((r[c] - mean) * rstd * gamma[c] + beta[c]);
        if (a->mean) ((REAL *)a->mean)[i] = (REAL)mean;
        if (a->rstd) ((REAL *)a->rstd)[i] = (REAL)rstd;
    }
    return OK;
}

/* With n = (r - mean) rstd and g = dy gamma:  dr = rstd (g - mean(g) - n mean(g n)). */
Status ref_add_norm_bwd(void *dev, const AddNormArgs *a)
{
    (void)dev;
    const REAL *gamma = a->gamma;
    REAL       *dgamma = a->dgamma, *dbeta = a->dbeta;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *dy = (const REAL *)a->dy + i * a->cols, *r = (const REAL *)a->r + i * a->cols;
        REAL       *dx = a->dx ? (REAL *)a->dx + i * a->cols : NULL;
        REAL       *dres = a->dresidual ? (REAL *)a->dresidual + i * a->cols : NULL;
        double      mean = ((const REAL *)a->mean)[i], rstd = ((const REAL *)a->rstd)[i], g_mean = 0, gn_mean = 0;
        for (int64_t c = 0; c < a->cols; c++) {
            double n = (r[c] - mean) * rstd, g = (double)dy[c] * gamma[c];
            g_mean += g / (double)a->cols;
            gn_mean += g * n / (double)a->cols;
            if (dgamma) dgamma[c] += (REAL)(dy[c] * n);
            if (dbeta) dbeta[c] += dy[c];
        }
        for (int64_t c = 0; c < a->cols; c++) {
            double n = (r[c] - mean) * rstd, dr = rstd * ((double)dy[c] * gamma[c] - g_mean - n * gn_mean);
            if (dres) ref_store(&dres[c], dr, a->accumulate_dresidual);
            if (dx) ref_store(&dx[c], dr * ref_dropout_factor(&a->drop, i, c), a->accumulate_dx);
        }
    }
    return OK;
}
