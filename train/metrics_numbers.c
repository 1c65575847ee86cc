/* train/metrics_numbers.c: errors and correlations of predicted numbers.
 *
 *   Pearson    cov(x, y) / (sd(x) sd(y)), from sums of what the first row leaves when subtracted, against cancellation
 *   Spearman   Pearson's of the ranks, ties sharing their mean rank; a replicate's ranks count a row as often as it has it
 *
 * A correlation with something constant is undefined; it is reported as 0. */
#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "train/metrics_internal.h"

enum { SUM_X = SUM_FAMILY, SUM_Y, SUM_XX, SUM_YY, SUM_XY, SUM_SQUARE, SUM_ABSOLUTE, N_SUMS };

typedef struct Pair { double x, y; int64_t row; } Pair;        /* predicted, expected */
typedef struct Ranked { double value; int64_t pair; } Ranked;

typedef struct Numbers {
    double  shift_x, shift_y;
    Pair   *pairs;
    size_t  n, cap;                    /* n is the rows' number while it is at most METRICS_RANKED_ROWS */
    Ranked *by_x, *by_y;               /* (n) ascending; made when first asked for */
    double *rank_x, *rank_y;
    int    *weights;
} Numbers;

static Status numbers_open(Metrics *m)
{
    m->n_sums = N_SUMS;
    return mem_new(&m->state, 1, sizeof(Numbers));
}

static void numbers_close(Metrics *m)
{
    Numbers *n = m->state;
    if (!n) return;
    free(n->pairs);
    free(n->by_x);
    free(n->by_y);
    free(n->rank_x);
    free(n->rank_y);
    free(n->weights);
    free(n);
}

static Status numbers_add(Metrics *m, int64_t row, const Outcome *o)
{
    Numbers *n = m->state;
    if (m->n == 0) {
        n->shift_x = o->value;
        n->shift_y = o->target;
    }
    double x = o->value - n->shift_x, y = o->target - n->shift_y, error = o->value - o->target;
    const double amounts[] = { x, y, x * x, y * y, x * y, error * error, fabs(error) };
    for (size_t i = 0; i < COUNT(amounts); i++) TRY(metrics_put(m, SUM_X + i, amounts[i]));
    if (n->n >= METRICS_RANKED_ROWS) return OK;
    TRY(mem_grow(&n->pairs, &n->cap, n->n + 1, sizeof *n->pairs));
    n->pairs[n->n++] = (Pair){ o->value, o->target, row };
    return OK;
}

static double correlation(double w, double x, double y, double xx, double yy, double xy)
{
    double cov = w * xy - x * y, spread = sqrt(fmax(0, w * xx - x * x)) * sqrt(fmax(0, w * yy - y * y));
    return spread > 0 ? fmax(-1, fmin(1, cov / spread)) : 0;
}

/* ---- ranks ---------------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = ((const Ranked *)a)->value, y = ((const Ranked *)b)->value;
    return x < y ? -1 : x > y;
}

static Status sort_pairs(Numbers *n)
{
    if (n->by_x) return OK;
    TRY(mem_new(&n->by_x, n->n, sizeof *n->by_x));
    TRY(mem_new(&n->by_y, n->n, sizeof *n->by_y));
    TRY(mem_new(&n->rank_x, n->n, sizeof *n->rank_x));
    TRY(mem_new(&n->rank_y, n->n, sizeof *n->rank_y));
    TRY(mem_new(&n->weights, n->n, sizeof *n->weights));
    for (size_t i = 0; i < n->n; i++) {
        n->by_x[i] = (Ranked){ n->pairs[i].x, (int64_t)i };
        n->by_y[i] = (Ranked){ n->pairs[i].y, (int64_t)i };
    }
    qsort(n->by_x, n->n, sizeof *n->by_x, by_value);
    qsort(n->by_y, n->n, sizeof *n->by_y, by_value);
    return OK;
}

/* Mean ranks of a sorted list whose member i stands there weights[i] times. */
static void rank(const Ranked *sorted, size_t n, const int *weights, double *out)
{
    double before = 0;
    for (size_t i = 0, j; i < n; i = j) {
        double tied = 0;
        for (j = i; j < n && sorted[j].value == sorted[i].value; j++) tied += weights[sorted[j].pair];
        for (size_t k = i; k < j; k++) out[sorted[k].pair] = before + (tied + 1) / 2;
        before += tied;
    }
}

static Status spearman(Metrics *m, int64_t replicate, double *out)
{
    Numbers *n = m->state;
    *out = NAN;
    if (n->n == 0 || m->n > METRICS_RANKED_ROWS || (replicate >= 0 && m->n > METRICS_RANKED_INTERVAL)) return OK;
    TRY(sort_pairs(n));
    double w = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n->n; i++) {
        n->weights[i] = replicate < 0 ? 1 : metrics_weight(n->pairs[i].row, replicate);
        w += n->weights[i];
    }
    rank(n->by_x, n->n, n->weights, n->rank_x);
    rank(n->by_y, n->n, n->weights, n->rank_y);
    for (size_t i = 0; i < n->n; i++) {
        double a = n->rank_x[i] - w / 2, b = n->rank_y[i] - w / 2, k = n->weights[i];
        x += k * a;
        y += k * b;
        xx += k * a * a;
        yy += k * b * b;
        xy += k * a * b;
    }
    *out = correlation(w, x, y, xx, yy, xy);
    return OK;
}

static Status numbers_values(Metrics *m, const double *s, int64_t replicate, double *out)
{
    double n = s[SUM_ROWS];
    out[0] = correlation(n, s[SUM_X], s[SUM_Y], s[SUM_XX], s[SUM_YY], s[SUM_XY]);
    out[2] = ratio(s[SUM_SQUARE], n);
    out[3] = sqrt(out[2]);
    out[4] = ratio(s[SUM_ABSOLUTE], n);
    out[5] = ratio(s[SUM_LOSS], s[SUM_COUNT]);
    return spearman(m, replicate, &out[1]);
}

const MetricsDef metrics_numbers = {
    .names = { "pearson", "spearman", "mse", "rmse", "mae", "loss" },
    .best = "pearson",
    .open = numbers_open,
    .close = numbers_close,
    .add = numbers_add,
    .values = numbers_values,
};
