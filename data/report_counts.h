/* data/report_counts.h: counts by name (labels, scripts) over splits or sets, as a table with a bar a row. */
#ifndef DATA_REPORT_COUNTS_H
#define DATA_REPORT_COUNTS_H

#include "core/json.h"
#include "data/report_html.h"

enum { COUNTS_MAX_COLUMNS = 4 };

typedef struct Count { const char *name; double of[COUNTS_MAX_COLUMNS]; } Count;      /* names live in the report */

typedef struct Counts {
    Count      *rows;                  /* (n) most in the first column first */
    size_t      n, cap, n_columns;
    const char *columns[COUNTS_MAX_COLUMNS];
    double      totals[COUNTS_MAX_COLUMNS];
} Counts;

/* parts: {"train": {key: {"name": number, ...}}, ...}. counts zeroed before. */
Status counts_read(Counts *counts, const cJSON *parts, const char *key) MUST_USE;
void   counts_release(Counts *counts);
/* Rows from .. to - 1; bars and shares are those of the first column. */
void   counts_write(Page *p, const Counts *counts, const char *caption, const char *what, size_t from, size_t to);

#endif
