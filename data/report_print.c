/* data/report_print.c: the data report as some ten lines: what to look at first, then a line a split, then a line for
 * each thing that happened at all. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/report_print.h"
#include "data/report_read.h"

enum { NOTES_SHOWN = 6, SCRIPTS_SHOWN = 5, LABEL_WIDTH = 12 };

static bool wants_color(FILE *to)
{
    const char *none = getenv("NO_COLOR");
    return !(none && none[0]) && isatty(fileno(to));
}

/* ---- notes ------------------------------------------------------------------------------------------------------ */

static void print_notes(const cJSON *report, FILE *to, bool color)
{
    const cJSON *w, *warnings = json_get(report, "warnings");
    int          n = 0;
    cJSON_ArrayForEach(w, warnings) {
        if (!cJSON_IsString(w) || n++ >= NOTES_SHOWN) continue;
        fprintf(to, "%snote:%s %s\n", color ? "\033[33m" : "", color ? "\033[0m" : "", w->valuestring);
    }
    if (n > NOTES_SHOWN) fprintf(to, "      and %d more in the report\n", n - NOTES_SHOWN);
}

/* ---- a line a split --------------------------------------------------------------------------------------------- */

static double rows(const cJSON *s)     { return report_number(s, "rows"); }
static double examples(const cJSON *s) { return report_number(s, "examples"); }
static double tokens(const cJSON *s)   { return report_number(s, "tokens"); }
static double median(const cJSON *s)   { return report_number(json_get(s, "lengths"), "p50"); }
static double most(const cJSON *s)     { return report_number(json_get(s, "lengths"), "p95"); }
static double longest(const cJSON *s)  { return report_number(json_get(s, "lengths"), "max"); }
static double cut(const cJSON *s)      { return report_number(s, "truncated"); }
static double unknown(const cJSON *s)  { return 100 * report_number(s, "unknown_rate"); }
static double labels(const cJSON *s)   { return report_label_range(json_get(s, "labels")).n; }
static double rarest(const cJSON *s)   { return report_label_range(json_get(s, "labels")).least; }
static double common(const cJSON *s)   { return report_label_range(json_get(s, "labels")).most; }

static const struct {
    const char *head;
    int         width;
    const char *format;
    double    (*value)(const cJSON *split);
} columns[] = {
    { "rows",      9, "%*.0f", rows },    { "examples", 10, "%*.0f", examples }, { "tokens",  11, "%*.0f", tokens },
    { "median",    8, "%*.0f", median },  { "95 %",      7, "%*.0f", most },     { "longest",  8, "%*.0f", longest },
    { "cut",       7, "%*.0f", cut },     { "unknown %", 10, "%*.2f", unknown }, { "labels",   8, "%*.0f", labels },
    { "rarest",    8, "%*.0f", rarest },  { "commonest", 11, "%*.0f", common },
};

static bool is_wanted(const cJSON *splits, size_t column)
{
    const cJSON *s;
    cJSON_ArrayForEach(s, splits) {
        double v = columns[column].value(s);
        if (columns[column].value == examples ? v != rows(s) : v > 0) return true;
    }
    return false;
}

static void print_splits(const cJSON *report, FILE *to, bool color)
{
    const cJSON *s, *splits = json_get(report, "splits");
    if (!splits || !splits->child) return;
    fprintf(to, "%s%-*s", color ? "\033[1m" : "", LABEL_WIDTH, "split");
    for (size_t c = 0; c < COUNT(columns); c++)
        if (is_wanted(splits, c)) fprintf(to, "%*s", columns[c].width, columns[c].head);
    fprintf(to, "%s\n", color ? "\033[0m" : "");
    cJSON_ArrayForEach(s, splits) {
        fprintf(to, "%-*s", LABEL_WIDTH, s->string);
        for (size_t c = 0; c < COUNT(columns); c++)
            if (is_wanted(splits, c)) fprintf(to, columns[c].format, columns[c].width, columns[c].value(s));
        fputc('\n', to);
    }
}

/* ---- what happened ---------------------------------------------------------------------------------------------- */

typedef struct Line { FILE *to; const char *name; int n; } Line;

/* Opens the line before its first part, and separates the others. */
static FILE *part(Line *l)
{
    if (l->n++ == 0) fprintf(l->to, "%-*s", LABEL_WIDTH, l->name);
    else fputs(", ", l->to);
    return l->to;
}

static void end(const Line *l)
{
    if (l->n > 0) fputc('\n', l->to);
}

static void print_bad_rows(const cJSON *report, FILE *to)
{
    Line         l = { to, "bad rows", 0 };
    const cJSON *set;
    cJSON_ArrayForEach(set, json_get(report, "sets"))
        if (report_number(set, "bad_rows") > 0)
            fprintf(part(&l), "%s %.0f", set->string, report_number(set, "bad_rows"));
    end(&l);
}

static void print_repeats(const cJSON *report, FILE *to)
{
    Line         l = { to, "repeats", 0 };
    const cJSON *s, *selection = json_get(report, "selection");
    cJSON_ArrayForEach(s, json_get(selection, "duplicates")) {
        double n = report_number(s, "rows"), other = report_number(s, "contradictions");
        if (n > 0) fprintf(part(&l), "%s %.0f", s->string, n);
        if (n > 0 && other > 0) fprintf(to, " (%.0f with another label)", other);
    }
    cJSON_ArrayForEach(s, json_get(selection, "near_duplicates"))
        if (report_number(s, "rows") > 0) fprintf(part(&l), "%s nearly %.0f", s->string, report_number(s, "rows"));
    cJSON_ArrayForEach(s, json_get(selection, "leakage"))
        fprintf(part(&l), "%s in %s %.0f", report_string(s, "from"), report_string(s, "into"),
                report_number(s, "exact") + report_number(s, "near"));
    end(&l);
}

static void print_cleaning(const cJSON *report, FILE *to)
{
    Line         l = { to, "cleaned", 0 };
    const cJSON *set, *step;
    cJSON_ArrayForEach(set, json_get(report, "sets")) cJSON_ArrayForEach(step, json_get(set, "cleaning")) {
        double changed = report_number(step, "changed"), dropped = report_number(step, "dropped");
        if (changed > 0) fprintf(part(&l), "%s %s %.0f", set->string, report_string(step, "step"), changed);
        if (dropped > 0) fprintf(part(&l), "%s %s left out %.0f", set->string, report_string(step, "step"), dropped);
    }
    end(&l);
    l = (Line){ to, "anonymised", 0 };
    cJSON_ArrayForEach(set, json_get(report, "sets")) cJSON_ArrayForEach(step, json_get(set, "anonymised"))
        if (step->valuedouble > 0) fprintf(part(&l), "%s %s %.0f", set->string, step->string, step->valuedouble);
    end(&l);
    l = (Line){ to, "augmented", 0 };
    cJSON_ArrayForEach(set, json_get(report, "sets"))
        if (report_number(set, "augmented") > 0)
            fprintf(part(&l), "%s %.0f", set->string, report_number(set, "augmented"));
    end(&l);
}

/* The writing systems of the training set, most letters first; those of less than a percent are left out. */
static void print_scripts(const cJSON *report, FILE *to)
{
    Line         l = { to, "scripts", 0 };
    const cJSON *s, *scripts = json_get(json_get(json_get(report, "sets"), "train"), "scripts");
    double       all = report_sum(scripts), below = all + 1;
    for (int i = 0; i < SCRIPTS_SHOWN; i++) {
        const cJSON *next = NULL;
        cJSON_ArrayForEach(s, scripts)
            if (s->valuedouble < below && (!next || s->valuedouble > next->valuedouble)) next = s;
        if (!next || next->valuedouble < 0.01 * all) break;
        fprintf(part(&l), "%s %.0f %%", next->string, 100 * report_share(next->valuedouble, all));
        below = next->valuedouble;
    }
    end(&l);
}

void data_report_print(const cJSON *report, FILE *to)
{
    bool color = wants_color(to);
    print_notes(report, to, color);
    print_splits(report, to, color);
    print_bad_rows(report, to);
    print_repeats(report, to);
    print_cleaning(report, to);
    print_scripts(report, to);
}
