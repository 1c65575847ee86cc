/* data/report.c: what is in the sets and splits: data.json. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/data_internal.h"

/* Adds value, and gives it back to be filled. */
static Status add_new(cJSON *to, const char *key, cJSON *value, cJSON **out)
{
    *out = value;
    return json_add(to, key, value);
}

/* ---- a set: what was read ---------------------------------------------------------------------------------------- */

/* The counts of cleaning are {"steps": [...], "anonymised": {...}}; the report has these two side by side. */
static Status add_set(const Data *d, int k, cJSON *sets)
{
    const DataSet *set = &d->sets[k];
    cJSON         *o, *paths;
    TRY(add_new(sets, set->name, cJSON_CreateObject(), &o));
    TRY(add_new(o, "paths", cJSON_CreateArray(), &paths));
    for (size_t i = 0; i < set->sources.n; i++)
        TRY(json_add(paths, NULL, cJSON_CreateString(set->sources.files[i].path)));
    TRY(json_add_string(o, "format", rows_format(set->rows)));
    TRY(json_add_number(o, "bytes", (double)rows_bytes(set->rows)));
    for (const cJSON *v = set->counts->child; v; v = v->next)
        if (strcmp(v->string, "cleaning") != 0) TRY(json_add(o, v->string, cJSON_Duplicate(v, true)));
    const cJSON *cleaning = json_get(set->counts, "cleaning");
    for (const cJSON *v = cleaning ? cleaning->child : NULL; v; v = v->next)
        TRY(json_add(o, strcmp(v->string, "steps") == 0 ? "cleaning" : v->string, cJSON_Duplicate(v, true)));
    return OK;
}

/* ---- a split: what is used --------------------------------------------------------------------------------------- */

/* Length of the example at share `at` of all, by length. */
static double quantile(const SplitStats *s, int64_t n, double at)
{
    int64_t want = (int64_t)(at * (double)(n - 1) + 0.5), seen = 0, length = 0;
    for (; length < LENGTHS_COUNTED - 1; length++)
        if ((seen += s->lengths[length]) > want) break;
    return (double)length;
}

static Status add_lengths(const SplitStats *s, int64_t n, cJSON *split)
{
    static const struct { const char *name; double at; } marks[] = {
        { "min", 0 }, { "p50", 0.50 }, { "p90", 0.90 }, { "p95", 0.95 }, { "p99", 0.99 }, { "max", 1 },
    };
    cJSON *lengths, *histogram, *cut;
    TRY(add_new(split, "lengths", cJSON_CreateObject(), &lengths));
    for (size_t i = 0; i < COUNT(marks); i++) TRY(json_add_number(lengths, marks[i].name, quantile(s, n, marks[i].at)));
    TRY(json_add_number(lengths, "mean", (double)(s->tokens + s->tokens_cut) / (double)n));
    TRY(add_new(lengths, "histogram", cJSON_CreateArray(), &histogram));
    TRY(add_new(lengths, "longer_than", cJSON_CreateObject(), &cut));
    int64_t seen = 0, length = 0;
    for (int64_t up_to = 8; seen < n && length < LENGTHS_COUNTED; up_to *= 2) {
        int64_t before = seen;
        cJSON  *bar;
        char    key[24];
        for (; length <= up_to && length < LENGTHS_COUNTED; length++) seen += s->lengths[length];
        TRY(add_new(histogram, NULL, cJSON_CreateObject(), &bar));
        TRY(json_add_number(bar, "up_to", (double)up_to));
        TRY(json_add_number(bar, "examples", (double)(seen - before)));
        snprintf(key, sizeof key, "%" PRId64, up_to);
        if (up_to >= 32 && seen < n) TRY(json_add_number(cut, key, (double)(n - seen)));
    }
    return OK;
}

static Status add_split(const Data *d, const Dataset *split, cJSON *splits)
{
    const SplitStats *s = &split->stats;
    int64_t           n = dataset_count(split);
    cJSON            *o, *labels;
    TRY(add_new(splits, split->name, cJSON_CreateObject(), &o));
    TRY(json_add_string(o, "set", d->sets[split->set].name));
    TRY(json_add_number(o, "rows", (double)s->rows));
    TRY(json_add_number(o, "examples", (double)n));
    TRY(json_add_number(o, "tokens", (double)s->tokens));
    TRY(json_add_number(o, "max_length", (double)d->coder.max_length));
    TRY(add_lengths(s, n, o));
    TRY(json_add_number(o, "truncated", (double)s->truncated));
    TRY(json_add_number(o, "tokens_cut", (double)s->tokens_cut));
    TRY(json_add_number(o, "unknown_tokens", (double)s->unknown));
    TRY(json_add_number(o, "unknown_rate", s->tokens ? (double)s->unknown / (double)s->tokens : 0));
    TRY(add_new(o, "labels", cJSON_CreateObject(), &labels));
    for (int32_t i = 0; s->per_label && d->options.labels == LABEL_CLASS && i < d->labels.n; i++)
        TRY(json_add_number(labels, d->labels.names[i], (double)s->per_label[i]));
    TRY(json_add_string(o, "file_hash", d->sets[split->set].sources.hash));
    return json_add_string(o, "content_hash", split->hash);
}

/* ---- what somebody should look at -------------------------------------------------------------------------------- */

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = json_get(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

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

static Status warn_about_labels(const cJSON *split, cJSON *warnings)
{
    const cJSON *labels = json_get(split, "labels"), *rarest = NULL, *largest = NULL;
    for (const cJSON *l = labels ? labels->child : NULL; l; l = l->next) {
        if (!rarest || l->valuedouble < rarest->valuedouble) rarest = l;
        if (!largest || l->valuedouble > largest->valuedouble) largest = l;
    }
    if (!rarest) return OK;
    if (strcmp(split->string, "train") == 0 && rarest->valuedouble < 8)
        TRY(warn(warnings, "train: the class \"%.60s\" has only %.0f rows", rarest->string, rarest->valuedouble));
    if (rarest->valuedouble > 0 && largest->valuedouble / rarest->valuedouble > 20)
        TRY(warn(warnings, "%s: the largest class has %.0f times the rows of the smallest", split->string,
                 largest->valuedouble / rarest->valuedouble));
    return OK;
}

static Status warn_about_split(const cJSON *split, cJSON *warnings)
{
    const char *name = split->string;
    double      cut = number(split, "truncated"), examples = number(split, "examples");
    if (cut > 0.05 * examples)
        TRY(warn(warnings, "%s: %.0f of %.0f texts (%.0f %%) are cut to %.0f tokens", name, cut, examples,
                 100 * cut / examples, number(split, "max_length")));
    if (number(split, "unknown_rate") > 0.01)
        TRY(warn(warnings, "%s: %.1f %% of the tokens are unknown to the tokenizer", name,
                 100 * number(split, "unknown_rate")));
    return warn_about_labels(split, warnings);
}

static Status warn_about_findings(const Data *d, const cJSON *report, cJSON *warnings)
{
    const cJSON *o, *found = json_get(report, "selection"), *splits = json_get(report, "splits");
    for (o = json_get(found, "duplicates") ? json_get(found, "duplicates")->child : NULL; o; o = o->next) {
        double rows = number(json_get(splits, o->string), "rows");
        if (number(o, "contradictions") > 0)
            TRY(warn(warnings, "%s: %.0f texts stand there again with another label", o->string,
                     number(o, "contradictions")));
        if (rows > 0 && number(o, "rows") > 0.05 * rows && strcmp(d->config->on_duplicate, "report") == 0)
            TRY(warn(warnings, "%s: %.0f rows repeat an earlier text (data.on_duplicate can drop them)", o->string,
                     number(o, "rows")));
    }
    cJSON_ArrayForEach(o, json_get(found, "leakage")) {
        const cJSON *from = json_get(o, "from"), *into = json_get(o, "into");
        if (!cJSON_IsString(from) || !cJSON_IsString(into)) continue;
        bool        dropped = strcmp(d->config->on_leakage, "drop") == 0;
        const char *what = dropped ? ": they were dropped from training" : " (data.on_leakage can drop them)";
        if (number(o, "exact") > 0)
            TRY(warn(warnings, "%.0f rows of %s stand in %s too%s", number(o, "exact"), from->valuestring,
                     into->valuestring, what));
        if (number(o, "near") > 0)
            TRY(warn(warnings, "%.0f rows of %s say nearly what one of %s says%s", number(o, "near"), from->valuestring,
                     into->valuestring, what));
    }
    return OK;
}

static Status add_warnings(const Data *d, cJSON *report)
{
    cJSON *warnings;
    TRY(add_new(report, "warnings", cJSON_CreateArray(), &warnings));
    for (const cJSON *set = json_get(report, "sets")->child; set; set = set->next)
        if (number(set, "bad_rows") > 0)
            TRY(warn(warnings, "%s: %.0f bad rows were skipped", set->string, number(set, "bad_rows")));
    TRY(warn_about_findings(d, report, warnings));
    for (const cJSON *split = json_get(report, "splits")->child; split; split = split->next)
        TRY(warn_about_split(split, warnings));
    return OK;
}

Status report_make(Data *d)
{
    cJSON *report = cJSON_CreateObject(), *sets, *splits;
    if (!report) return fail(ERR_MEMORY, "no memory for the data report");
    d->report = report;
    TRY(json_add_string(report, "tokenizer_hash", tokenizer_hash(d->tokenizer)));
    TRY(json_add_number(report, "vocabulary", tokenizer_size(d->tokenizer)));
    TRY(add_new(report, "sets", cJSON_CreateObject(), &sets));
    TRY(add_new(report, "splits", cJSON_CreateObject(), &splits));
    for (int k = 0; k < N_SPLITS; k++)
        if (d->sets[k].blocks) TRY(add_set(d, k, sets));
    for (int k = 0; k < N_SPLITS; k++)
        if (d->splits[k].set >= 0 && !d->splits[k].stream) TRY(add_split(d, &d->splits[k], splits));
    if (d->findings) TRY(json_add(report, "selection", cJSON_Duplicate(d->findings, true)));
    return add_warnings(d, report);
}
