/* train/metrics.h: what an evaluation measures, in memory that does not grow with the set.
 *
 * A family of metrics is computed from sums over rows (metrics_internal.h). Classes: accuracy; precision, recall and F1
 * per class and as macro, micro and weighted means (a class without predictions or examples counts 0, as the
 * classification report people know); Matthews' correlation (Gorodkin 2004 for many classes); log-loss. Language models:
 * loss per token and perplexity. Numbers: squared and absolute error, Pearson's and Spearman's correlation. Tags: accuracy
 * of words; of entities (model/tasks/iob.h) micro and macro precision, recall and F1, an entity being right when type and
 * both ends are. Answers: exact match and F1 (train/answer_match.h).
 *
 * 95 % intervals by the Poisson bootstrap (Chamandy et al. 2012): each row enters each of METRICS_REPLICATES replicates
 * Poisson(1) times, drawn from the row's number, so rows stream through and the interval does not depend on their order.
 * Spearman's correlation is the exception, as ranks need all pairs: they are kept (24 bytes a row) up to
 * METRICS_RANKED_ROWS and it is left out above that; its interval ends at METRICS_RANKED_INTERVAL rows. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include "core/json.h"
#include "core/options.h"
#include "model/tasks/tasks.h"

enum { METRICS_REPLICATES = 1000, METRICS_RANKED_ROWS = 1 << 20, METRICS_RANKED_INTERVAL = 1 << 14 };

typedef struct Outcome {               /* of one row; what its family does not look at stays 0 */
    int32_t expected, predicted;       /* classes */
    double  loss, count;               /* sum of losses, and over how many terms (1 a row; tokens for language models) */
    double  target, value;             /* numbers: expected, predicted */
    const int32_t *tags, *predicted_tags;      /* tags: (n_tags), of the words; borrowed */
    int64_t n_tags;
    double  exact, f1;                 /* answers: 0..1 */
    bool    has_answer;
    SpanChoice span;                   /* question answering: what exact and f1 are about, before texts are compared */
    int64_t row;                       /* of the set; several windows may belong to one */
} Outcome;

typedef struct Metrics    Metrics;
typedef struct MetricsDef MetricsDef;
extern const MetricsDef metrics_loss, metrics_classes;        /* metrics_classes.c */
extern const MetricsDef metrics_numbers;                      /* metrics_numbers.c */
extern const MetricsDef metrics_tags;                         /* metrics_tags.c */
extern const MetricsDef metrics_answers;                      /* metrics_answers.c */

/* labels: names of the classes; NULL for families without. intervals false: values only, which is what evaluation during
 * training wants. */
Status metrics_new(Metrics **out, const MetricsDef *def, const StringList *labels, bool intervals) MUST_USE;
void   metrics_free(Metrics *m);
Status metrics_add(Metrics *m, int64_t row, const Outcome *o) MUST_USE;
/* {"n", "metrics": {name: {"value", "low", "high"}}, "per_class": {...}, "confusion_matrix": {...}} without "task", "split" */
Status metrics_finish(Metrics *m, cJSON **out) MUST_USE;
/* metrics[name].value of such an object; false when it has no such metric. */
bool   metrics_value(const cJSON *report, const char *name, double *out);

/* The metric that best.h5 is chosen by unless the job says otherwise. */
const char *metrics_best(const MetricsDef *def, const StringList *labels);
bool        metrics_smaller_is_better(const char *name);
/* The names that a family may report, for messages; NULL past the last. */
const char *metrics_name(const MetricsDef *def, int i);

#endif
