/* train/metrics_tags.c: tags of words. Tags that mark entities are judged by the entities as well, which is what macro
 * means and per_class speak of then; other tags (parts of speech) are classes of words. */
#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "model/tasks/iob.h"
#include "train/metrics_internal.h"

typedef struct Tags {
    Iob        iob;
    IobEntity *expected, *predicted;   /* of the row at hand */
    size_t     cap_expected, cap_predicted;
} Tags;

static Status tags_open(Metrics *m)
{
    m->units = m->labels;
    if (iob_is(m->labels)) {
        TRY(mem_new(&m->state, 1, sizeof(Tags)));
        Tags *t = m->state;
        TRY(iob_init(&t->iob, m->labels));
        m->units = &t->iob.types;
    }
    m->n_sums = UNIT_FIRST + UNIT_SUMS * m->units->n;
    return OK;
}

static void tags_close(Metrics *m)
{
    Tags *t = m->state;
    if (!t) return;
    iob_release(&t->iob);
    free(t->expected);
    free(t->predicted);
    free(t);
}

static Status put_unit(Metrics *m, int32_t expected, int32_t predicted)       /* -1: none */
{
    if (expected >= 0) TRY(metrics_put(m, unit_at(expected, UNIT_EXPECTED), 1));
    if (predicted >= 0) TRY(metrics_put(m, unit_at(predicted, UNIT_PREDICTED), 1));
    return expected >= 0 && expected == predicted ? metrics_put(m, unit_at(expected, UNIT_TP), 1) : OK;
}

/* Both lists ascend, and the entities of one list do not overlap. */
static Status add_entities(Metrics *m, Tags *t, const Outcome *o)
{
    TRY(mem_grow(&t->expected, &t->cap_expected, (size_t)o->n_tags, sizeof *t->expected));
    TRY(mem_grow(&t->predicted, &t->cap_predicted, (size_t)o->n_tags, sizeof *t->predicted));
    int64_t n = iob_entities(&t->iob, o->tags, o->n_tags, t->expected), i = 0, j = 0,
            k = iob_entities(&t->iob, o->predicted_tags, o->n_tags, t->predicted);
    while (i < n || j < k) {
        const IobEntity *a = i < n ? &t->expected[i] : NULL, *b = j < k ? &t->predicted[j] : NULL;
        bool same = a && b && a->type == b->type && a->begin == b->begin && a->end == b->end;
        bool take_a = same || !b || (a && a->begin <= b->begin), take_b = same || !take_a;
        TRY(put_unit(m, take_a ? a->type : -1, take_b ? b->type : -1));
        i += take_a;
        j += take_b;
    }
    return OK;
}

static Status tags_add(Metrics *m, int64_t row, const Outcome *o)
{
    (void)row;
    Tags   *t = m->state;
    int64_t right = 0;
    for (int64_t i = 0; i < o->n_tags; i++) {
        right += o->tags[i] == o->predicted_tags[i];
        if (!t) TRY(put_unit(m, o->tags[i], o->predicted_tags[i]));
        if (m->confusion) m->confusion[(size_t)o->tags[i] * m->units->n + (size_t)o->predicted_tags[i]]++;
    }
    TRY(metrics_put(m, SUM_UNITS, (double)o->n_tags));
    TRY(metrics_put(m, SUM_CORRECT, (double)right));
    return t ? add_entities(m, t, o) : OK;
}

static Status tags_values(Metrics *m, const double *s, int64_t replicate, double *out)
{
    (void)replicate;
    UnitValues v = unit_values(m, s);
    out[0] = ratio(s[SUM_CORRECT], s[SUM_UNITS]);
    for (int i = 0; i < 3; i++) {
        out[1 + i] = m->state ? v.micro[i] : NAN;
        out[4 + i] = v.macro[i];
        out[7 + i] = v.weighted[i];
    }
    out[10] = ratio(s[SUM_LOSS], s[SUM_COUNT]);
    return OK;
}

static const char *tags_best(const StringList *labels) { return iob_is(labels) ? "entity_f1" : "accuracy"; }

const MetricsDef metrics_tags = {
    .names = { "accuracy", "entity_precision", "entity_recall", "entity_f1", "macro_precision", "macro_recall",
               "macro_f1", "weighted_precision", "weighted_recall", "weighted_f1", "loss" },
    .best_of = tags_best,
    .open = tags_open,
    .close = tags_close,
    .add = tags_add,
    .values = tags_values,
};
