/* train/metrics.h: what an evaluation measures, in memory that does not grow with the set.
 *
 * Classification: accuracy; precision, recall and F1 per class and as macro, micro and weighted means (a class without
 * predictions or examples counts 0, as the classification report people know); Matthews' correlation (Gorodkin 2004 for
 * many classes); log-loss. Language models: loss per token and perplexity. 95 % intervals by the Poisson bootstrap
 * (Chamandy et al. 2012): each row enters each of METRICS_REPLICATES replicates Poisson(1) times, drawn from the row's
 * number, so rows stream through and the interval does not depend on their order. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include "core/json.h"
#include "core/options.h"

enum { METRICS_REPLICATES = 1000 };

typedef struct Outcome {               /* of one row */
    int32_t expected, predicted;       /* classes; ignored without classes */
    double loss, count; /* sum of losses, and over how many terms (1 a row; tokens for language models) */
} Outcome;

typedef struct Metrics Metrics;

/* labels NULL: no classes. intervals false: values only, which is what evaluation during training wants. */
Status metrics_new(Metrics **out, const StringList *labels, bool intervals) MUST_USE;
void   metrics_free(Metrics *m);
void   metrics_add(Metrics *m, int64_t row, const Outcome *o);
/* {"n", "metrics": {name: {"value", "low", "high"}}, "per_class": {...}, "confusion_matrix": {...}} without "task", "split" */
Status metrics_finish(const Metrics *m, cJSON **out) MUST_USE;
/* metrics[name].value of such an object; false when it has no such metric. */
bool   metrics_value(const cJSON *report, const char *name, double *out);

#endif
