/* kernels/ref/activation.c: GELU (Hendrycks & Gimpel 2016; erf and tanh forms), ReLU, SiLU, tanh. */
#include <math.h>

#include "kernels/ref/ref.h"

static const double sqrt_2_over_pi = 0.79788456080286535588, sqrt_half = 0.70710678118654752440,
                    inv_sqrt_2pi = 0.39894228040143267794;

static double value(Activation kind, double x)
{
    switch (kind) {
    case ACT_GELU: return 0.5 * x * (1 + erf(x * sqrt_half));
    case ACT_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt_2_over_pi * (x + 0.044715 * x * x * x)));
    case ACT_RELU: return x > 0 ? x : 0;
    case ACT_SILU: return x / (1 + exp(-x));
    case ACT_TANH: return tanh(x);
    case ACT_COUNT: break;
    }
    return NAN;
}

static double slope(Activation kind, double x)
{
    double t, s;
    switch (kind) {
    case ACT_GELU: return 0.5 * (1 + erf(x * sqrt_half)) + x * exp(-0.5 * x * x) * inv_sqrt_2pi;
    case ACT_GELU_TANH:
        t = tanh(sqrt_2_over_pi * (x + 0.044715 * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * sqrt_2_over_pi * (1 + 3 * 0.044715 * x * x);
    case ACT_RELU: return x > 0;
    case ACT_SILU: s = 1 / (1 + exp(-x)); return s * (1 + x * (1 - s));
    case ACT_TANH: t = tanh(x); return 1 - t * t;
    case ACT_COUNT: break;
    }
    return NAN;
}

Status ref_activation_fwd(void *dev, const ActivationArgs *a)
{
    (void)dev;
    for (int64_t i = 0; i < a->n; i++) ((REAL *)a->y)[i] = (REAL)value(a->kind, ((const REAL *)a->x)[i]);
    return OK;
}

Status ref_activation_bwd(void *dev, const ActivationArgs *a)
{
    (void)dev;
    for (int64_t i = 0; i < a->n; i++) {
        double x = ((const REAL *)a->x)[i], dy = ((const REAL *)a->dy)[i];
        if (a->y) ((REAL *)a->y)[i] = (REAL)value(a->kind, x);
        ref_store((REAL *)a->dx + i, dy * slope(a->kind, x), a->accumulate_dx);
    }
    return OK;
}
