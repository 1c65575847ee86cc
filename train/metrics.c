#include "train/metrics_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/rng.h"

Status metrics_new(Metrics **out, const MetricsDef *def, const StringList *labels, bool intervals)
{
    Metrics *m;
    TRY(mem_new(&m, 1, sizeof *m));
    m->def = def;
    m->labels = labels;
    m->intervals = intervals;
    m->n_sums = SUM_FAMILY;
    Status s = def->open ? def->open(m) : OK;
    size_t k = m->units && s == OK ? m->units->n : 0;
    if (s == OK) s = mem_new(&m->sums, (1 + (intervals ? (size_t)METRICS_REPLICATES : 0)) * m->n_sums, sizeof *m->sums);
    if (s == OK && k && m->units == labels && k <= METRICS_MAX_CONFUSION)
        s = mem_new(&m->confusion, k * k, sizeof *m->confusion);
    if (s == OK) *out = m;
    else metrics_free(m);
    return s;
}

void metrics_free(Metrics *m)
{
    if (!m) return;
    if (m->def->close) m->def->close(m);
    free(m->sums);
    free(m->confusion);
    free(m->addends);
    free(m);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

Status metrics_put(Metrics *m, size_t at, double amount)
{
    TRY(mem_grow(&m->addends, &m->cap_addends, m->n_addends + 1, sizeof *m->addends));
    m->addends[m->n_addends++] = (Addend){ at, amount };
    return OK;
}

static void add_weighted(Metrics *m, double *sums, double w)
{
    for (size_t i = 0; i < m->n_addends; i++) sums[m->addends[i].at] += w * m->addends[i].amount;
}

static int poisson1(uint16_t u)        /* the inverse of the Poisson(1) distribution at (u + 0.5) / 65536 */
{
    static const uint16_t at_most[] = { 24109, 48219, 60273, 64292, 65296, 65497, 65531, 65535 };
    int n = 0;
    while (n < (int)COUNT(at_most) && u >= at_most[n]) n++;
    return n;
}

/* The words that weigh a row in the replicates 8 k .. 8 k + 7. */
static void draw(int64_t row, int64_t replicate, uint32_t words[4])
{
    rng_philox((RngKey){ 0, (uint32_t)replicate & ~7u }, (uint32_t)row, (uint32_t)((uint64_t)row >> 32), 0,
               RNG_SITE_BOOTSTRAP, words);
}

int metrics_weight(int64_t row, int64_t replicate)
{
    uint32_t words[4];
    draw(row, replicate, words);
    return poisson1(rng_u16(words, (int)(replicate & 7)));
}

Status metrics_add(Metrics *m, int64_t row, const Outcome *o)
{
    m->n_addends = 0;
    TRY(metrics_put(m, SUM_ROWS, 1));
    TRY(metrics_put(m, SUM_LOSS, o->loss));
    TRY(metrics_put(m, SUM_COUNT, o->count));
    if (m->def->add) TRY(m->def->add(m, row, o));
    m->n++;
    add_weighted(m, m->sums, 1);
    for (int64_t i = 0; m->intervals && i < METRICS_REPLICATES; i += 8) {
        uint32_t words[4];
        draw(row, i, words);
        for (int k = 0; k < 8; k++) {
            int w = poisson1(rng_u16(words, k));
            if (w) add_weighted(m, m->sums + (size_t)(1 + i + k) * m->n_sums, w);
        }
    }
    return OK;
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int n_names(const MetricsDef *def)
{
    int n = 0;
    while (def->names[n]) n++;
    return n;
}

/* The values of all replicates, a metric a row. */
static Status replicate_values(Metrics *m, double *spread)
{
    for (int64_t r = 0; r < METRICS_REPLICATES; r++) {
        double v[METRICS_MAX];
        TRY(m->def->values(m, m->sums + (size_t)(1 + r) * m->n_sums, r, v));
        for (int w = 0; w < n_names(m->def); w++) spread[w * METRICS_REPLICATES + r] = v[w];
    }
    return OK;
}

static Status put_metrics(Metrics *m, cJSON *to)
{
    double value[METRICS_MAX], *spread = NULL;
    size_t r = METRICS_REPLICATES;
    TRY(m->def->values(m, m->sums, -1, value));
    if (m->intervals) TRY(mem_new(&spread, (size_t)n_names(m->def) * r, sizeof *spread));
    Status s = spread ? replicate_values(m, spread) : OK;
    for (int w = 0; w < n_names(m->def) && s == OK; w++) {
        if (isnan(value[w])) continue;
        cJSON *one = cJSON_AddObjectToObject(to, m->def->names[w]);
        s = json_add_number(one, "value", value[w]);
        if (s != OK || !spread || isnan(spread[(size_t)w * r])) continue;
        double *sorted = spread + (size_t)w * r;
        qsort(sorted, r, sizeof *sorted, compare_doubles);
        s = json_add_number(one, "low", sorted[(size_t)(0.025 * (double)(r - 1))]);
        if (s == OK) s = json_add_number(one, "high", sorted[(size_t)ceil(0.975 * (double)(r - 1))]);
    }
    free(spread);
    return s;
}

static Status put_units(const Metrics *m, cJSON *to)
{
    for (int64_t c = 0; c < (int64_t)m->units->n; c++) {
        double tp = m->sums[unit_at(c, UNIT_TP)], expected = m->sums[unit_at(c, UNIT_EXPECTED)];
        double p = ratio(tp, m->sums[unit_at(c, UNIT_PREDICTED)]), r = ratio(tp, expected);
        cJSON *one = cJSON_AddObjectToObject(to, m->units->items[c]);
        TRY(json_add_number(one, "precision", p));
        TRY(json_add_number(one, "recall", r));
        TRY(json_add_number(one, "f1", f1_of(p, r)));
        TRY(json_add_number(one, "support", expected));
    }
    return OK;
}

static Status put_confusion(const Metrics *m, cJSON *to)
{
    cJSON *rows = cJSON_AddArrayToObject(to, "rows");          /* rows: expected, columns: predicted */
    size_t k = m->units->n;
    TRY(json_add(to, "labels", json_strings((const char *const *)m->units->items, k)));
    for (size_t i = 0; i < k; i++) {
        cJSON *row = cJSON_CreateArray();
        TRY(json_add(rows, NULL, row));
        for (size_t j = 0; j < k; j++)
            TRY(json_add(row, NULL, cJSON_CreateNumber((double)m->confusion[i * k + j])));
    }
    return OK;
}

Status metrics_finish(Metrics *m, cJSON **out)
{
    cJSON *j = cJSON_CreateObject();
    Status s = json_add_number(j, "n", (double)m->n);
    if (s == OK) s = put_metrics(m, cJSON_AddObjectToObject(j, "metrics"));
    if (s == OK && m->units) s = put_units(m, cJSON_AddObjectToObject(j, "per_class"));
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

const char *metrics_best(const MetricsDef *def, const StringList *labels)
{
    return def->best_of ? def->best_of(labels) : def->best;
}

bool metrics_smaller_is_better(const char *name)
{
    static const char *const names[] = { "loss", "log_loss", "perplexity", "mse", "rmse", "mae" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

const char *metrics_name(const MetricsDef *def, int i) { return i < n_names(def) ? def->names[i] : NULL; }
