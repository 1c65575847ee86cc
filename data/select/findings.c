/* data/select/findings.c: what was found, in the order of the rows it was found in: counted, listed, reported. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"
#include "data/select/select_internal.h"

typedef struct FindingRecord {
    uint8_t kind, from, into, row[4], other[4], unused;
    float   similarity;
} FindingRecord;

enum { FINDING_SORTED = 7 };

static const char *const set_names[] = { "train", "validation", "test" };
static const char *const list_names[] = { "contradiction", "duplicate", "near_duplicate", "leakage", "leakage" };

/* "A verb B, and 31 more" */
static const struct { FindingKind kind; const char *verb, *option, *drops; } sentences[] = {
    { FINDING_CONTRADICTION, "has another label than the same text in", "on_contradiction", "such texts" },
    { FINDING_DUPLICATE,     "repeats",                                 "on_duplicate",     "later ones" },
    { FINDING_NEAR,          "nearly repeats",                          "on_near_duplicate", "later ones" },
    { FINDING_LEAK,          "stands in",                               "on_leakage",       "the training rows" },
    { FINDING_NEAR_LEAK,     "nearly stands in",                        "on_leakage",       "the training rows" },
};

Status findings_new(Selection *s)
{
    TRY(mem_new(&s->counts, FINDING_N_KINDS, sizeof *s->counts));
    return sorter_new(&s->findings, sizeof(FindingRecord), FINDING_SORTED, s->options.memory / 16, s->folder);
}

Status findings_add(Selection *s, FindingKind kind, SelectSet from, SelectSet into, uint32_t row, uint32_t other,
                    double similarity)
{
    FindingRecord f = { .kind = (uint8_t)kind, .from = (uint8_t)from, .into = (uint8_t)into,
                        .similarity = (float)similarity };
    put_u32(f.row, row);
    put_u32(f.other, other);
    return sorter_add(s->findings, &f);
}

/* ---- where a row stands ----------------------------------------------------------------------------------------- */

static Status place_of(const Selection *s, uint32_t row, const char **path, RowPlace *out)
{
    const void *record;
    TRY(records_get(s->places, row, &record));
    memcpy(out, record, sizeof *out);
    SelectSet set = set_of(s, row);
    *path = s->options.path ? s->options.path(s->options.arg, set, out->file) : set_names[set];
    return OK;
}

/* "train.jsonl:14"; gives. */
static Status name_row(const Selection *s, uint32_t row, char **out)
{
    RowPlace       p;
    const char *path;
    TRY(place_of(s, row, &path, &p));
    return text_format(out, "%s:%" PRId64, path, p.line);
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

static Status list_row(const Selection *s, cJSON *line, const char *key, uint32_t row, int set)
{
    RowPlace       p;
    const char *path;
    cJSON      *o = cJSON_CreateObject();
    TRY(json_add(line, key, o));
    TRY(place_of(s, row, &path, &p));
    TRY(json_add_string(o, "set", set_names[set]));
    TRY(json_add_string(o, "file", path));
    return json_add_number(o, "line", (double)p.line);
}

static Status fill_line(const Selection *s, cJSON *line, const FindingRecord *f)
{
    TRY(json_add_string(line, "kind", list_names[f->kind]));
    TRY(list_row(s, line, "a", get_u32(f->row), f->from));
    TRY(list_row(s, line, "b", get_u32(f->other), f->into));
    return json_add_number(line, "similarity", (double)f->similarity);
}

static Status list_finding(const Selection *s, FileWriter *list, const FindingRecord *f)
{
    char  *text = NULL;
    cJSON *line = cJSON_CreateObject();
    if (!line) return fail(ERR_MEMORY, "no memory for a line of %s", s->list_path);
    Status status = fill_line(s, line, f);
    if (status == OK) status = json_print(&text, line, false);
    if (status == OK) status = file_printf(list, "%s\n", text);
    free(text);
    cJSON_Delete(line);
    return status;
}

static void count_finding(Selection *s, const FindingRecord *f)
{
    FindingCount *c = &s->counts[f->kind][f->from][f->into];
    if (c->n == 0) c->similarity = (double)f->similarity;
    if (c->n < FINDING_EXAMPLES) {
        c->rows[c->n][0] = get_u32(f->row);
        c->rows[c->n][1] = get_u32(f->other);
    }
    c->n++;
}

static Status walk_findings(Selection *s, FileWriter *list)
{
    const void   *record;
    FindingRecord f;
    TRY(sorter_finish(s->findings));
    for (;;) {
        TRY(sorter_next(s->findings, &record));
        if (!record) return OK;
        memcpy(&f, record, sizeof f);
        count_finding(s, &f);
        if (list) TRY(list_finding(s, list, &f));
    }
}

/* ---- policies that refuse --------------------------------------------------------------------------------------- */

static Status refuse(const Selection *s, size_t sentence, const FindingCount *first, int64_t n)
{
    char  *a = NULL, *b = NULL, similarity[32] = "", more[32] = "";
    Status status = name_row(s, first->rows[0][0], &a);
    if (status == OK) status = name_row(s, first->rows[0][1], &b);
    if (first->similarity < 1) snprintf(similarity, sizeof similarity, " (similarity %.2f)", first->similarity);
    if (n > 1) snprintf(more, sizeof more, ", and %" PRId64 " more", n - 1);
    if (status == OK)
        status = hint(fail(ERR_DATA, "%s %s %s%s%s", a, sentences[sentence].verb, b, similarity, more),
                      "set data.%s to drop to leave %s out of the training set, or to report to keep them%s%s",
                      sentences[sentence].option, sentences[sentence].drops, s->list_path ? "; all are listed in " : "",
                      s->list_path ? s->list_path : "");
    free(a);
    free(b);
    return status;
}

static SelectPolicy policy_of(const SelectOptions *o, FindingKind kind)
{
    switch (kind) {
    case FINDING_CONTRADICTION: return o->on_contradiction;
    case FINDING_DUPLICATE:     return o->on_duplicate;
    case FINDING_NEAR:          return o->on_near_duplicate;
    default:                    return o->on_leakage;
    }
}

static Status apply_policies(const Selection *s)
{
    for (size_t i = 0; i < COUNT(sentences); i++) {
        if (policy_of(&s->options, sentences[i].kind) != SELECT_FAIL) continue;
        const FindingCount *counts = &s->counts[sentences[i].kind][0][0], *first = NULL;
        int64_t             n = 0;
        for (int c = 0; c < SELECT_N_SETS * SELECT_N_SETS; c++) {
            if (counts[c].n > 0 && !first) first = &counts[c];
            n += counts[c].n;
        }
        if (first) return refuse(s, i, first, n);
    }
    return OK;
}

Status findings_finish(Selection *s)
{
    FileWriter list = { 0 };
    if (s->list_path) TRY(file_create(&list, s->list_path));
    Status status = walk_findings(s, s->list_path ? &list : NULL);
    if (s->list_path && status == OK) status = file_commit(&list);
    else if (s->list_path) file_abort(&list);
    return status == OK ? apply_policies(s) : status;
}

/* ---- the report ------------------------------------------------------------------------------------------------- */

static Status add_examples(const Selection *s, cJSON *to, const FindingCount *c)
{
    cJSON *examples = cJSON_CreateArray();
    TRY(json_add(to, "examples", examples));
    for (int64_t i = 0; i < c->n && i < FINDING_EXAMPLES; i++) {
        cJSON *pair = cJSON_CreateArray();
        TRY(json_add(examples, NULL, pair));
        for (int k = 0; k < 2; k++) {
            char *name = NULL;
            TRY(name_row(s, c->rows[i][k], &name));
            Status status = json_add(pair, NULL, cJSON_CreateString(name));
            free(name);
            TRY(status);
        }
    }
    return OK;
}

static Status report_within(const Selection *s, cJSON *report, const char *key, FindingKind kind)
{
    cJSON *all = cJSON_CreateObject();
    TRY(json_add(report, key, all));
    for (int set = 0; set < SELECT_N_SETS; set++) {
        if (s->sets[set].n == 0) continue;
        cJSON              *o = cJSON_CreateObject();
        const FindingCount *c = &s->counts[kind][set][set];
        TRY(json_add(all, set_names[set], o));
        TRY(json_add_number(o, "rows", (double)c->n));
        if (kind == FINDING_DUPLICATE)
            TRY(json_add_number(o, "contradictions", (double)s->counts[FINDING_CONTRADICTION][set][set].n));
        TRY(add_examples(s, o, c));
    }
    return OK;
}

static Status report_leak(const Selection *s, cJSON *leaks, int from, int into)
{
    const FindingCount *exact = &s->counts[FINDING_LEAK][from][into], *near = &s->counts[FINDING_NEAR_LEAK][from][into];
    if (exact->n + near->n == 0) return OK;
    cJSON *o = cJSON_CreateObject();
    TRY(json_add(leaks, NULL, o));
    TRY(json_add_string(o, "from", set_names[from]));
    TRY(json_add_string(o, "into", set_names[into]));
    TRY(json_add_number(o, "exact", (double)exact->n));
    TRY(json_add_number(o, "near", (double)near->n));
    return add_examples(s, o, exact->n > 0 ? exact : near);
}

static Status fill_report(const Selection *s, cJSON *report)
{
    TRY(report_within(s, report, "duplicates", FINDING_DUPLICATE));
    TRY(report_within(s, report, "near_duplicates", FINDING_NEAR));
    cJSON *leaks = cJSON_CreateArray();
    TRY(json_add(report, "leakage", leaks));
    for (int from = 0; from < SELECT_N_SETS; from++)
        for (int into = from; into < SELECT_N_SETS; into++) TRY(report_leak(s, leaks, from, into));
    return OK;
}

Status selection_report(const Selection *s, cJSON **out)
{
    BUG_ON(!s->is_decided);
    *out = cJSON_CreateObject();
    if (!*out) return fail(ERR_MEMORY, "no memory for the data report");
    Status status = fill_report(s, *out);
    if (status == OK) return OK;
    cJSON_Delete(*out);
    *out = NULL;
    return status;
}
