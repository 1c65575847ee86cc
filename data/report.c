/* data/report.c: what is in a set, for data.json; report_page.c and report_print.c show it to people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"
#include "data/dataset_internal.h"
#include "data/report_read.h"

enum { LINES_SHOWN = 5 };

/* ---- counting --------------------------------------------------------------------------------------------------- */

Status report_add(SplitCount *c, Dataset *d, int64_t i, const Example *e, const Tokenizer *tokenizer)
{
    int32_t unknown = tokenizer_role(tokenizer, TOKEN_UNK);
    if (!c->per_label && dataset_labels(d)->n > 0)
        TRY(mem_new(&c->per_label, (size_t)dataset_labels(d)->n, sizeof *c->per_label));
    TRY(mem_grow(&c->lengths, &c->cap_lengths, (size_t)c->n + 1, sizeof *c->lengths));
    c->lengths[c->n++] = (int32_t)e->n_untruncated;
    c->n_tokens += e->n;
    c->n_cut += e->n_untruncated - e->n;
    for (int64_t k = 0; k < e->n; k++) {
        c->n_words += e->words[k] >= 0;
        c->n_unknown += e->words[k] >= 0 && e->ids[k] == unknown;
    }
    if (e->label >= 0) c->per_label[e->label]++;
    if (c->n_texts > 0 && c->texts[c->n_texts - 1].line == e->line) return OK;      /* the text's next window */
    Row row;
    TRY(dataset_row(d, i, &row));
    TRY(mem_grow(&c->texts, &c->cap_texts, (size_t)c->n_texts + 1, sizeof *c->texts));
    c->texts[c->n_texts++] = (SeenText){ split_key(&row, 0), e->line, e->label };
    return OK;
}

void split_count_release(SplitCount *c)
{
    free(c->texts);
    free(c->lengths);
    free(c->per_label);
    *c = (SplitCount){ 0 };
}

static int by_key(const void *a, const void *b)
{
    const SeenText *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* ---- one split -------------------------------------------------------------------------------------------------- */

static Status add_new(cJSON *to, const char *key, cJSON *value, cJSON **out)
{
    *out = value;
    return json_add(to, key, value);
}

static Status add_lengths(const SplitCount *c, cJSON *split)      /* lengths are sorted */
{
    static const struct { const char *name; double at; } marks[] = {
        { "min", 0 }, { "p50", 0.50 }, { "p90", 0.90 }, { "p95", 0.95 }, { "p99", 0.99 }, { "max", 1 },
    };
    cJSON *lengths, *histogram, *cut;
    TRY(add_new(split, "lengths", cJSON_CreateObject(), &lengths));
    for (size_t i = 0; i < COUNT(marks); i++)
        TRY(json_add_number(lengths, marks[i].name, c->lengths[(int64_t)(marks[i].at * (double)(c->n - 1) + 0.5)]));
    double sum = 0;
    for (int64_t i = 0; i < c->n; i++) sum += c->lengths[i];
    TRY(json_add_number(lengths, "mean", sum / (double)c->n));
    TRY(add_new(lengths, "histogram", cJSON_CreateArray(), &histogram));
    TRY(add_new(lengths, "longer_than", cJSON_CreateObject(), &cut));
    int64_t i = 0, longest = c->lengths[c->n - 1];
    for (int64_t up_to = 8; i < c->n; up_to *= 2) {
        int64_t from = i;
        cJSON  *bar;
        char    key[24];
        while (i < c->n && c->lengths[i] <= up_to) i++;
        TRY(add_new(histogram, NULL, cJSON_CreateObject(), &bar));
        TRY(json_add_number(bar, "up_to", (double)up_to));
        TRY(json_add_number(bar, "examples", (double)(i - from)));
        snprintf(key, sizeof key, "%" PRId64, up_to);
        if (up_to >= 32 && up_to < longest) TRY(json_add_number(cut, key, (double)(c->n - i)));
    }
    return OK;
}

/* Rows beyond the first of their text, and texts that stand there with different labels. */
static Status add_duplicates(const SplitCount *c, cJSON *split)      /* texts are sorted */
{
    int64_t rows = 0, conflicts = 0;
    cJSON  *o, *lines;
    TRY(add_new(split, "duplicates", cJSON_CreateObject(), &o));
    TRY(add_new(o, "lines", cJSON_CreateArray(), &lines));
    for (int64_t i = 1, first = 0; i < c->n_texts; i++) {
        if (c->texts[i].key != c->texts[first].key) {
            first = i;
            continue;
        }
        if (rows++ < LINES_SHOWN) {
            double pair[2] = { (double)c->texts[first].line, (double)c->texts[i].line };
            TRY(json_add(lines, NULL, cJSON_CreateDoubleArray(pair, 2)));
        }
        conflicts += c->texts[i].label != c->texts[first].label;
    }
    TRY(json_add_number(o, "rows", (double)rows));
    return json_add_number(o, "other_label", (double)conflicts);
}

static Status add_bad_rows(const Dataset *d, cJSON *split)
{
    cJSON *lines;
    TRY(json_add_number(split, "bad_rows", (double)dataset_bad_rows(d)));
    TRY(add_new(split, "bad_lines", cJSON_CreateArray(), &lines));
    for (int64_t i = 0; dataset_bad_line(d, i) > 0; i++)
        TRY(json_add(lines, NULL, cJSON_CreateNumber((double)dataset_bad_line(d, i))));
    return OK;
}

Status report_split(SplitCount *c, const Dataset *d, int64_t max_length, const char *path, cJSON *splits)
{
    const Labels *l = dataset_labels(d);
    cJSON        *split, *labels;
    TRY(add_new(splits, c->name, cJSON_CreateObject(), &split));
    qsort(c->texts, (size_t)c->n_texts, sizeof *c->texts, by_key);
    qsort(c->lengths, (size_t)c->n, sizeof *c->lengths, by_value);
    TRY(json_add_string(split, "path", dataset_path(d)));
    TRY(json_add_number(split, "rows", (double)c->n_texts));
    TRY(json_add_number(split, "examples", (double)c->n));
    TRY(add_bad_rows(d, split));
    TRY(json_add_number(split, "tokens", (double)c->n_tokens));
    TRY(add_lengths(c, split));
    TRY(json_add_number(split, "max_length", (double)max_length));
    TRY(json_add_number(split, "truncated", (double)dataset_n_truncated(d)));
    TRY(json_add_number(split, "tokens_cut", (double)c->n_cut));
    TRY(json_add_number(split, "unknown_tokens", (double)c->n_unknown));
    TRY(json_add_number(split, "unknown_rate", c->n_words ? (double)c->n_unknown / (double)c->n_words : 0));
    TRY(add_new(split, "labels", cJSON_CreateObject(), &labels));
    for (int32_t i = 0; i < l->n; i++)
        TRY(json_add_number(labels, l->names[i], c->per_label ? (double)c->per_label[i] : 0));
    TRY(add_duplicates(c, split));
    TRY(json_add_string(split, "file_hash", dataset_file_hash(d)));
    TRY(json_add_string(split, "content_hash", dataset_hash(d)));
    return json_add_string(split, "prepared", path);
}

/* ---- across splits ---------------------------------------------------------------------------------------------- */

Status report_across(const SplitCount *first, const SplitCount *second, cJSON *across)
{
    int64_t rows = 0, i = 0;
    cJSON  *o = NULL, *lines = NULL;
    for (int64_t k = 0; k < second->n_texts; k++) {
        while (i < first->n_texts && first->texts[i].key < second->texts[k].key) i++;
        if (i == first->n_texts) break;
        if (first->texts[i].key != second->texts[k].key) continue;
        if (!o) {
            TRY(add_new(across, NULL, cJSON_CreateObject(), &o));
            TRY(json_add_string(o, "first", first->name));
            TRY(json_add_string(o, "second", second->name));
            TRY(add_new(o, "lines", cJSON_CreateArray(), &lines));
        }
        if (rows++ < LINES_SHOWN) {
            double pair[2] = { (double)first->texts[i].line, (double)second->texts[k].line };
            TRY(json_add(lines, NULL, cJSON_CreateDoubleArray(pair, 2)));
        }
    }
    return o ? json_add_number(o, "rows", (double)rows) : OK;
}

/* ---- worth a look ------------------------------------------------------------------------------------------------ */

static Status warn(cJSON *warnings, const char *fmt, ...) PRINTF_LIKE(2, 3);
static Status warn(cJSON *warnings, const char *fmt, ...)
{
    char    text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return json_add(warnings, NULL, cJSON_CreateString(text));
}

static Status warn_about(const cJSON *split, cJSON *warnings)
{
    const char   *name = split->string;
    const cJSON  *twice = json_get(split, "duplicates"), *first_pair = json_get(twice, "lines")->child;
    LabelRange    labels = report_label_range(json_get(split, "labels"));
    double        rows = report_number(split, "rows"), examples = report_number(split, "examples");
    double        cut = report_number(split, "truncated"), bad = report_number(split, "bad_rows");
    if (bad > 0) TRY(warn(warnings, "%s: %.0f bad rows were skipped", name, bad));
    if (cut > 0.05 * examples)
        TRY(warn(warnings, "%s: %.0f of %.0f texts (%.0f %%) are cut to %.0f tokens", name, cut, examples,
                 100 * cut / examples, report_number(split, "max_length")));
    if (report_number(split, "unknown_rate") > 0.01)
        TRY(warn(warnings, "%s: %.1f %% of the tokens are unknown to the tokenizer", name,
                 100 * report_number(split, "unknown_rate")));
    if (labels.n > 0 && strcmp(name, "train") == 0 && labels.least < 8)
        TRY(warn(warnings, "train: the class \"%.60s\" has only %.0f rows", labels.rarest, labels.least));
    if (labels.least > 0 && labels.most / labels.least > 20)
        TRY(warn(warnings, "%s: the largest class has %.0f times the rows of the smallest", name,
                 labels.most / labels.least));
    if (report_number(twice, "other_label") > 0)
        TRY(warn(warnings, "%s: %.0f texts stand there again with another label", name,
                 report_number(twice, "other_label")));
    if (report_number(twice, "rows") > 0.05 * rows && first_pair)
        TRY(warn(warnings, "%s: %.0f of %.0f rows repeat an earlier text, for example line %.0f that of line %.0f",
                 name, report_number(twice, "rows"), rows, first_pair->child->next->valuedouble,
                 first_pair->child->valuedouble));
    return OK;
}

Status report_warnings(cJSON *report)
{
    cJSON *warnings;
    TRY(add_new(report, "warnings", cJSON_CreateArray(), &warnings));
    for (const cJSON *s = json_get(report, "splits")->child; s; s = s->next) TRY(warn_about(s, warnings));
    for (const cJSON *a = json_get(report, "across")->child; a; a = a->next) {
        const cJSON *pair = json_get(a, "lines")->child->child;
        TRY(warn(warnings, "%.0f rows of %s stand in %s too, for example line %.0f (line %.0f there)",
                 report_number(a, "rows"), report_string(a, "second"), report_string(a, "first"), pair->next->valuedouble,
                 pair->valuedouble));
    }
    return OK;
}
