/* data/report_read.h: reading the data report (data.json) for people: missing members are nothing, never an error. */
#ifndef DATA_REPORT_READ_H
#define DATA_REPORT_READ_H

#include "core/json.h"

double      report_number(const cJSON *o, const char *key);           /* 0 when absent */
const char *report_string(const cJSON *o, const char *key);           /* "" when absent */
double      report_sum(const cJSON *o);                               /* of an object's numbers */
double      report_share(double part, double whole);                  /* 0 of nothing */

typedef struct LabelRange {
    int         n;
    double      least, most;
    const char *rarest;
} LabelRange;

LabelRange report_label_range(const cJSON *labels);                   /* {"name": rows, ...} */

/* A finding of the selection: two rows, and how alike they are (1 unless it says). false: not one. */
typedef struct Finding {
    const char *files[2];
    double      lines[2], similarity;
} Finding;

bool report_finding(const cJSON *example, Finding *out);

#endif
