#include "data/report_counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/report_read.h"

static int by_name(const void *a, const void *b) { return strcmp(((const Count *)a)->name, ((const Count *)b)->name); }

static int by_count(const void *a, const void *b) /* largest first in the first column, then by the others */
{
    const Count *x = a, *y = b;
    for (size_t c = 0; c < COUNTS_MAX_COLUMNS; c++)
        if (x->of[c] != y->of[c]) return x->of[c] > y->of[c] ? -1 : 1;
    return strcmp(x->name, y->name);
}

Status counts_read(Counts *counts, const cJSON *parts, const char *key)
{
    const cJSON *part, *v;
    cJSON_ArrayForEach(part, parts) {
        if (counts->n_columns == COUNTS_MAX_COLUMNS) break;
        size_t column = counts->n_columns++;
        counts->columns[column] = part->string;
        counts->totals[column] = report_sum(json_get(part, key));
        cJSON_ArrayForEach(v, json_get(part, key)) {
            if (!cJSON_IsNumber(v) || !v->string) continue;
            TRY(mem_grow(&counts->rows, &counts->cap, counts->n + 1, sizeof *counts->rows));
            counts->rows[counts->n] = (Count){ .name = v->string };
            counts->rows[counts->n++].of[column] = v->valuedouble;
        }
    }
    if (counts->n == 0) return OK;
    qsort(counts->rows, counts->n, sizeof *counts->rows, by_name);
    size_t last = 0;
    for (size_t i = 1; i < counts->n; i++) {                  /* one row a name */
        if (strcmp(counts->rows[last].name, counts->rows[i].name) != 0) counts->rows[++last] = counts->rows[i];
        else for (size_t c = 0; c < COUNTS_MAX_COLUMNS; c++) counts->rows[last].of[c] += counts->rows[i].of[c];
    }
    counts->n = last + 1;
    qsort(counts->rows, counts->n, sizeof *counts->rows, by_count);
    return OK;
}

void counts_write(Page *p, const Counts *counts, const char *caption, const char *what, size_t from, size_t to)
{
    const char *heads[2 + 2 * COUNTS_MAX_COLUMNS];
    size_t      n = 0;
    double      most = 0;
    for (size_t i = 0; i < counts->n; i++) most = fmax(most, counts->rows[i].of[0]);
    heads[n++] = what;
    heads[n++] = "";
    char names[2 * COUNTS_MAX_COLUMNS][80];
    for (size_t c = 0; c < counts->n_columns; c++) {
        snprintf(names[2 * c], sizeof names[0], "#%.70s", counts->columns[c]);
        heads[n++] = names[2 * c];
        if (c == 0) heads[n++] = "#share";
    }
    page_table(p, caption, heads, n);
    for (size_t i = from; i < to; i++) {
        const Count *row = &counts->rows[i];
        page_row(p, row->name);
        page_cell_bar(p, report_share(row->of[0], most));
        for (size_t c = 0; c < counts->n_columns; c++) {
            page_cell_number(p, row->of[c]);
            if (c == 0) page_cell_percent(p, report_share(row->of[0], counts->totals[0]));
        }
        page_row_end(p);
    }
    page_table_end(p);
}

void counts_release(Counts *counts)
{
    free(counts->rows);
    *counts = (Counts){ 0 };
}
