#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/rng.h"

enum { REPLICATES_ALIGNED = (METRICS_REPLICATES + 7) / 8 * 8, MAX_CONFUSION_CLASSES = 2000 };

typedef struct Sums {                  /* of one replicate, or of the sample itself */
    double  rows, correct, loss, count;
    double *tp, *predicted, *expected;      /* (classes) */
} Sums;

struct Metrics {
    const StringList *labels;
    size_t   k;                        /* classes */
    int64_t  n;
    int64_t *confusion;                /* (expected, predicted); NULL when there are too many classes */
    Sums     all;
    Sums    *replicates;               /* NULL without intervals */
    double  *counts;                   /* memory of every Sums' arrays */
};

static void give_counts(Sums *s, double *counts, size_t k)
{
    s->tp = counts;
    s->predicted = counts + k;
    s->expected = counts + 2 * k;
}

Status metrics_new(Metrics **out, const StringList *labels, bool intervals)
{
    Metrics *m;
    TRY(mem_new(&m, 1, sizeof *m));
    m->labels = labels;
    m->k = labels ? labels->n : 0;
    size_t n_sums = 1 + (intervals ? REPLICATES_ALIGNED : 0);
    Status s = mem_new(&m->counts, n_sums * 3 * m->k, sizeof *m->counts);
    if (s == OK && intervals) s = mem_new(&m->replicates, REPLICATES_ALIGNED, sizeof *m->replicates);
    if (s == OK && m->k && m->k <= MAX_CONFUSION_CLASSES) s = mem_new(&m->confusion, m->k * m->k, sizeof *m->confusion);
    if (s != OK) {
        metrics_free(m);
        return s;
    }
    give_counts(&m->all, m->counts, m->k);
    for (size_t i = 0; m->replicates && i < REPLICATES_ALIGNED; i++)
        give_counts(&m->replicates[i], m->counts + (i + 1) * 3 * m->k, m->k);
    *out = m;
    return OK;
}

void metrics_free(Metrics *m)
{
    if (!m) return;
    free(m->counts);
    free(m->replicates);
    free(m->confusion);
    free(m);
}

static void add_weighted(Sums *s, const Outcome *o, double w, bool classes)
{
    s->rows += w;
    s->loss += w * o->loss;
    s->count += w * o->count;
    if (!classes) return;
    s->predicted[o->predicted] += w;
    s->expected[o->expected] += w;
    if (o->expected == o->predicted) {
        s->correct += w;
        s->tp[o->expected] += w;
    }
}

static int poisson1(uint16_t u)        /* the inverse of the Poisson(1) distribution at (u + 0.5) / 65536 */
{
    static const uint16_t at_most[] = { 24109, 48219, 60273, 64292, 65296, 65497, 65531, 65535 };
    int n = 0;
    while (n < (int)COUNT(at_most) && u >= at_most[n]) n++;
    return n;
}

void metrics_add(Metrics *m, int64_t row, const Outcome *o)
{
    m->n++;
    add_weighted(&m->all, o, 1, m->k > 0);
    if (m->confusion) m->confusion[(size_t)o->expected * m->k + (size_t)o->predicted]++;
    for (uint32_t i = 0; m->replicates && i < REPLICATES_ALIGNED; i += 8) {
        uint32_t words[4];
        rng_philox((RngKey){ 0, i }, (uint32_t)row, (uint32_t)((uint64_t)row >> 32), 0, RNG_SITE_BOOTSTRAP, words);
        for (int k = 0; k < 8; k++) {
            int w = poisson1(rng_u16(words, k));
            if (w) add_weighted(&m->replicates[i + (uint32_t)k], o, w, m->k > 0);
        }
    }
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }
static double f1_of(double precision, double recall) { return ratio(2 * precision * recall, precision + recall); }

typedef enum Which {
    ACCURACY,
    MACRO_P,
    MACRO_R,
    MACRO_F1,
    MICRO_P,
    MICRO_R,
    MICRO_F1,
    WEIGHTED_P,
    WEIGHTED_R,
    WEIGHTED_F1,
    MATTHEWS,
    LOG_LOSS,
    LOSS,
    PERPLEXITY,
    N_WHICH
} Which;

static const struct { const char *name; bool classes;
} names[N_WHICH] = {
    [ACCURACY] = { "accuracy", true },
    [MACRO_P] = { "macro_precision", true },
    [MACRO_R] = { "macro_recall", true },
    [MACRO_F1] = { "macro_f1", true },
    [MICRO_P] = { "micro_precision", true },
    [MICRO_R] = { "micro_recall", true },
    [MICRO_F1] = { "micro_f1", true },
    [WEIGHTED_P] = { "weighted_precision", true },
    [WEIGHTED_R] = { "weighted_recall", true },
    [WEIGHTED_F1] = { "weighted_f1", true },
    [MATTHEWS] = { "matthews_correlation", true },
    [LOG_LOSS] = { "log_loss", true },
    [LOSS] = { "loss", false },
    [PERPLEXITY] = { "perplexity", false },
};

static void values_of(const Sums *s, size_t k, double out[N_WHICH])
{
    double p_sum = 0, r_sum = 0, f_sum = 0, pw = 0, rw = 0, fw = 0, pt = 0, pp = 0, tt = 0, seen = 0;
    for (size_t c = 0; c < k; c++) {
        double p = ratio(s->tp[c], s->predicted[c]), r = ratio(s->tp[c], s->expected[c]), f = f1_of(p, r);
        if (s->predicted[c] > 0 || s->expected[c] > 0) {     /* classes absent from both do not enter the mean */
            p_sum += p;
            r_sum += r;
            f_sum += f;
            seen++;
        }
        pw += s->expected[c] * p;
        rw += s->expected[c] * r;
        fw += s->expected[c] * f;
        pt += s->predicted[c] * s->expected[c];
        pp += s->predicted[c] * s->predicted[c];
        tt += s->expected[c] * s->expected[c];
    }
    double n2 = s->rows * s->rows, spread = sqrt((n2 - pp) * (n2 - tt));
    out[ACCURACY] = out[MICRO_P] = out[MICRO_R] = out[MICRO_F1] =
        ratio(s->correct, s->rows); /* equal: one label a row */
    out[MACRO_P] = ratio(p_sum, seen);
    out[MACRO_R] = ratio(r_sum, seen);
    out[MACRO_F1] = ratio(f_sum, seen);
    out[WEIGHTED_P] = ratio(pw, s->rows);
    out[WEIGHTED_R] = ratio(rw, s->rows);
    out[WEIGHTED_F1] = ratio(fw, s->rows);
    out[MATTHEWS] = spread > 0 ? (s->correct * s->rows - pt) / spread : 0;
    out[LOG_LOSS] = out[LOSS] = ratio(s->loss, s->count);
    out[PERPLEXITY] = exp(out[LOSS]);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static Status put_metrics(const Metrics *m, cJSON *to)
{
    double  value[N_WHICH], *spread = NULL;
    size_t  r = METRICS_REPLICATES;
    bool    classes = m->k > 0;
    values_of(&m->all, m->k, value);
    if (m->replicates) {
        TRY(mem_new(&spread, N_WHICH * r, sizeof *spread));
        for (size_t i = 0; i < r; i++) {
            double v[N_WHICH];
            values_of(&m->replicates[i], m->k, v);
            for (int w = 0; w < N_WHICH; w++) spread[(size_t)w * r + i] = v[w];
        }
    }
    Status s = OK;
    for (int w = 0; w < N_WHICH && s == OK; w++) {
        if (names[w].classes && !classes) continue;
        if (w == PERPLEXITY && classes) continue;
        cJSON *one = cJSON_AddObjectToObject(to, names[w].name);
        s = json_add_number(one, "value", value[w]);
        if (s != OK || !spread) continue;
        double *sorted = spread + (size_t)w * r;
        qsort(sorted, r, sizeof *sorted, compare_doubles);
        s = json_add_number(one, "low", sorted[(size_t)(0.025 * (double)(r - 1))]);
        if (s == OK) s = json_add_number(one, "high", sorted[(size_t)ceil(0.975 * (double)(r - 1))]);
    }
    free(spread);
    return s;
}

static Status put_classes(const Metrics *m, cJSON *to)
{
    for (size_t c = 0; c < m->k; c++) {
        double p = ratio(m->all.tp[c], m->all.predicted[c]), r = ratio(m->all.tp[c], m->all.expected[c]);
        cJSON *one = cJSON_AddObjectToObject(to, m->labels->items[c]);
        TRY(json_add_number(one, "precision", p));
        TRY(json_add_number(one, "recall", r));
        TRY(json_add_number(one, "f1", f1_of(p, r)));
        TRY(json_add_number(one, "support", m->all.expected[c]));
    }
    return OK;
}

static Status put_confusion(const Metrics *m, cJSON *to)
{
    cJSON *rows = cJSON_AddArrayToObject(to, "rows");          /* rows: expected, columns: predicted */
    TRY(json_add(to, "labels", json_strings((const char *const *)m->labels->items, m->k)));
    for (size_t i = 0; i < m->k; i++) {
        cJSON *row = cJSON_CreateArray();
        TRY(json_add(rows, NULL, row));
        for (size_t j = 0; j < m->k; j++)
            TRY(json_add(row, NULL, cJSON_CreateNumber((double)m->confusion[i * m->k + j])));
    }
    return OK;
}

Status metrics_finish(const Metrics *m, cJSON **out)
{
    cJSON *j = cJSON_CreateObject();
    Status s = json_add_number(j, "n", (double)m->n);
    if (s == OK) s = put_metrics(m, cJSON_AddObjectToObject(j, "metrics"));
    if (s == OK && m->k) s = put_classes(m, cJSON_AddObjectToObject(j, "per_class"));
    if (s == OK && m->confusion) s = put_confusion(m, cJSON_AddObjectToObject(j, "confusion_matrix"));
    if (s == OK) *out = j;
    else cJSON_Delete(j);
    return s;
}

bool metrics_value(const cJSON *report, const char *name, double *out)
{
    const cJSON *v = json_get(json_get(json_get(report, "metrics"), name), "value");
    if (!cJSON_IsNumber(v)) return false;
    *out = v->valuedouble;
    return true;
}
