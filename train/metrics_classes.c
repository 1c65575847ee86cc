/* train/metrics_classes.c: one class a row, and the loss alone (language models). */
#include <math.h>

#include "train/metrics_internal.h"

UnitValues unit_values(const Metrics *m, const double *s)
{
    UnitValues v = { 0 };
    double     pt = 0, pp = 0, tt = 0, seen = 0, tp_sum = 0, p_sum = 0, t_sum = 0, rows = s[SUM_UNITS];
    for (int64_t c = 0; c < (int64_t)m->units->n; c++) {
        double tp = s[unit_at(c, UNIT_TP)], predicted = s[unit_at(c, UNIT_PREDICTED)],
               expected = s[unit_at(c, UNIT_EXPECTED)], one[3] = { ratio(tp, predicted), ratio(tp, expected) };
        one[2] = f1_of(one[0], one[1]);
        bool present = predicted > 0 || expected > 0;      /* units absent from both do not enter the mean */
        for (int i = 0; i < 3; i++) {
            v.macro[i] += present ? one[i] : 0;
            v.weighted[i] += expected * one[i];
        }
        seen += present;
        tp_sum += tp;
        p_sum += predicted;
        t_sum += expected;
        pt += predicted * expected;
        pp += predicted * predicted;
        tt += expected * expected;
    }
    for (int i = 0; i < 3; i++) {
        v.macro[i] = ratio(v.macro[i], seen);
        v.weighted[i] = ratio(v.weighted[i], t_sum);
    }
    v.micro[0] = ratio(tp_sum, p_sum);
    v.micro[1] = ratio(tp_sum, t_sum);
    v.micro[2] = f1_of(v.micro[0], v.micro[1]);
    double n2 = rows * rows, spread = sqrt((n2 - pp) * (n2 - tt));
    v.matthews = spread > 0 ? (s[SUM_CORRECT] * rows - pt) / spread : 0;
    return v;
}

static Status classes_open(Metrics *m)
{
    m->units = m->labels;
    m->n_sums = UNIT_FIRST + UNIT_SUMS * m->labels->n;
    return OK;
}

static Status classes_add(Metrics *m, int64_t row, const Outcome *o)
{
    (void)row;
    bool right = o->expected == o->predicted;
    TRY(metrics_put(m, SUM_UNITS, 1));
    TRY(metrics_put(m, unit_at(o->predicted, UNIT_PREDICTED), 1));
    TRY(metrics_put(m, unit_at(o->expected, UNIT_EXPECTED), 1));
    if (right) TRY(metrics_put(m, SUM_CORRECT, 1));
    if (right) TRY(metrics_put(m, unit_at(o->expected, UNIT_TP), 1));
    if (m->confusion) m->confusion[(size_t)o->expected * m->units->n + (size_t)o->predicted]++;
    return OK;
}

static Status classes_values(Metrics *m, const double *s, int64_t replicate, double *out)
{
    (void)replicate;
    UnitValues v = unit_values(m, s);
    out[0] = ratio(s[SUM_CORRECT], s[SUM_UNITS]);
    for (int i = 0; i < 3; i++) {
        out[1 + i] = v.macro[i];
        out[4 + i] = out[0];                             /* micro: equal, one label a row */
        out[7 + i] = v.weighted[i];
    }
    out[10] = v.matthews;
    out[11] = out[12] = ratio(s[SUM_LOSS], s[SUM_COUNT]);
    return OK;
}

const MetricsDef metrics_classes = {
    .names = { "accuracy", "macro_precision", "macro_recall", "macro_f1", "micro_precision", "micro_recall", "micro_f1",
               "weighted_precision", "weighted_recall", "weighted_f1", "matthews_correlation", "log_loss", "loss" },
    .best = "accuracy",
    .open = classes_open,
    .add = classes_add,
    .values = classes_values,
};

static Status loss_values(Metrics *m, const double *s, int64_t replicate, double *out)
{
    (void)m, (void)replicate;
    out[0] = ratio(s[SUM_LOSS], s[SUM_COUNT]);
    out[1] = exp(out[0]);
    return OK;
}

const MetricsDef metrics_loss = { .names = { "loss", "perplexity" }, .best = "loss", .values = loss_values };
