/* train/metrics_answers.c: extracted answers, Rajpurkar et al. 2016 and 2018. Where some questions have no answer, both
 * kinds are reported by themselves as well. */
#include <math.h>

#include "train/metrics_internal.h"

enum { SUM_EXACT = SUM_FAMILY, SUM_F1, SUM_HAS, SUM_HAS_EXACT, SUM_HAS_F1, N_SUMS };

static Status answers_open(Metrics *m) { return m->n_sums = N_SUMS, OK; }

static Status answers_add(Metrics *m, int64_t row, const Outcome *o)
{
    (void)row;
    TRY(metrics_put(m, SUM_EXACT, o->exact));
    TRY(metrics_put(m, SUM_F1, o->f1));
    if (!o->has_answer) return OK;
    TRY(metrics_put(m, SUM_HAS, 1));
    TRY(metrics_put(m, SUM_HAS_EXACT, o->exact));
    return metrics_put(m, SUM_HAS_F1, o->f1);
}

static Status answers_values(Metrics *m, const double *s, int64_t replicate, double *out)
{
    (void)replicate;
    bool   both = m->sums[SUM_HAS] < m->sums[SUM_ROWS];            /* of the sample, so that all replicates agree */
    double none = s[SUM_ROWS] - s[SUM_HAS];
    out[0] = ratio(s[SUM_EXACT], s[SUM_ROWS]);
    out[1] = ratio(s[SUM_F1], s[SUM_ROWS]);
    out[2] = both ? ratio(s[SUM_HAS_EXACT], s[SUM_HAS]) : NAN;
    out[3] = both ? ratio(s[SUM_HAS_F1], s[SUM_HAS]) : NAN;
    out[4] = both ? ratio(s[SUM_EXACT] - s[SUM_HAS_EXACT], none) : NAN;
    out[5] = ratio(s[SUM_LOSS], s[SUM_COUNT]);
    return OK;
}

const MetricsDef metrics_answers = {
    .names = { "exact_match", "f1", "answerable_exact_match", "answerable_f1", "unanswerable_accuracy", "loss" },
    .best = "f1",
    .open = answers_open,
    .add = answers_add,
    .values = answers_values,
};
