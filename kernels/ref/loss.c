/* kernels/ref/loss.c: softmax cross-entropy with label smoothing (Szegedy et al. 2016, sec. 7).
 *
 *   target t = (1 - s) onehot + s / V;   loss = lse - sum_v t_v logit_v;   gradient = softmax - t */
#include <math.h>

#include "core/batch.h"
#include "kernels/ref/ref.h"

Status ref_cross_entropy(void *dev, const CrossEntropyArgs *a)
{
    (void)dev;
    double smooth = a->label_smoothing, share = smooth / (double)a->classes;
    for (int64_t i = 0; i < a->rows; i++) {
        const REAL *x = (const REAL *)a->logits + i * a->classes;
        REAL       *dx = a->dlogits ? (REAL *)a->dlogits + i * a->classes : NULL;
        int32_t     label = a->labels[i];
        bool        counts = label != BATCH_IGNORE;
        double      max = -INFINITY, sum = 0, mean = 0;
        for (int64_t c = 0; c < a->classes; c++) max = fmax(max, x[c]);
        for (int64_t c = 0; c < a->classes; c++) {
            sum += exp(x[c] - max);
            mean += share * x[c];
        }
        double lse = max + log(sum), loss = counts ? lse - (1 - smooth) * x[label] - mean : 0;
        for (int64_t c = 0; dx && c < a->classes; c++)
            dx[c] = (REAL)(counts ? exp(x[c] - lse) - share - (c == label ? 1 - smooth : 0) : 0);
        if (a->row_loss) ((REAL *)a->row_loss)[i] = (REAL)loss;
        a->scalars->loss_sum += loss;
        a->scalars->count += counts;
    }
    return OK;
}
