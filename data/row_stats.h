/* data/row_stats.h: what a set's texts look like, counted while they are read: letters by script, the oddest rows. */
#ifndef DATA_ROW_STATS_H
#define DATA_ROW_STATS_H

#include "core/json.h"
#include "data/rows.h"

enum { ROW_STATS_SCRIPTS = 256, ROW_STATS_ODD = 10, ROW_STATS_EXCERPT = 200 };

typedef struct OddRow {
    double  score;                     /* 0 .. 1 */
    Place   place;
    char    why[80], text[ROW_STATS_EXCERPT + 8];
} OddRow;

/* Zero-initialise. Each thread has one; row_stats_merge adds them up, with the same result in any order. */
typedef struct RowStats {
    int64_t scripts[ROW_STATS_SCRIPTS];                                /* letters, by ICU's script code */
    OddRow  odd[ROW_STATS_ODD];                                        /* highest score first */
    int     n_odd;
} RowStats;

/* unknown of n_tokens are the unknown token. */
void   row_stats_add(RowStats *s, const char *text, size_t n, int64_t unknown, int64_t n_tokens, Place place);
void   row_stats_merge(RowStats *to, const RowStats *from);
/* "scripts" and "odd_rows" (with the path of each row) into `out`. */
Status row_stats_json(const RowStats *s, const Rows *rows, cJSON *out) MUST_USE;

#endif
