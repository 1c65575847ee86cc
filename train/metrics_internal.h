/* train/metrics_internal.h: a family of metrics. A row adds to named places of a vector of sums; every metric is a function
 * of the sums, so that a replicate of the bootstrap is the same vector with other weights. */
#ifndef TRAIN_METRICS_INTERNAL_H
#define TRAIN_METRICS_INTERNAL_H

#include "train/metrics.h"

enum { SUM_ROWS, SUM_LOSS, SUM_COUNT, SUM_FAMILY };      /* the sums that every family has; its own begin at SUM_FAMILY */
enum { METRICS_MAX = 16, METRICS_MAX_CONFUSION = 2000 };

struct MetricsDef {
    const char *names[METRICS_MAX + 1];                  /* NULL ends */
    const char *best;
    const char *(*best_of)(const StringList *labels);    /* NULL: best */
    Status    (*open)(Metrics *m);                       /* sets n_sums and the family's own members; may be NULL */
    void      (*close)(Metrics *m);                      /* may be NULL */
    /* metrics_put() for everything that the row adds beyond rows, loss and count. */
    Status    (*add)(Metrics *m, int64_t row, const Outcome *o);
    /* A value for each name; NAN: the set has no such metric. replicate: -1 for the sample itself. */
    Status    (*values)(Metrics *m, const double *sums, int64_t replicate, double *out);
};

typedef struct Addend { size_t at; double amount; } Addend;

struct Metrics {
    const MetricsDef *def;
    const StringList *labels;
    const StringList *units;           /* what per_class speaks of: classes, or types of entities; NULL: nothing */
    int64_t  n;
    size_t   n_sums;
    double  *sums;                     /* (1 + replicates, n_sums); the first is the sample */
    int64_t *confusion;                /* (expected, predicted) units; NULL: none */
    bool     intervals;
    Addend  *addends;                  /* of the row at hand */
    size_t   n_addends, cap_addends;
    void    *state;                    /* the family's */
};

Status metrics_put(Metrics *m, size_t at, double amount) MUST_USE;
/* How often the row is in the replicate: Poisson(1). */
int    metrics_weight(int64_t row, int64_t replicate);
static inline double ratio(double a, double b) { return b > 0 ? a / b : 0; }
static inline double f1_of(double precision, double recall) { return ratio(2 * precision * recall, precision + recall); }

/* Units that are expected and predicted (classes, types of entities): sums from UNIT_FIRST on, three a unit. */
enum { SUM_UNITS = SUM_FAMILY, SUM_CORRECT, UNIT_FIRST };
typedef enum UnitSum { UNIT_TP, UNIT_PREDICTED, UNIT_EXPECTED, UNIT_SUMS } UnitSum;
static inline size_t unit_at(int64_t unit, UnitSum which) { return UNIT_FIRST + UNIT_SUMS * (size_t)unit + which; }

typedef struct UnitValues { double macro[3], weighted[3], micro[3], matthews; } UnitValues;      /* precision, recall, F1 */
UnitValues unit_values(const Metrics *m, const double *sums);

#endif
