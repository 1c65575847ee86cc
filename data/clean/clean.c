#include "data/clean/clean.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/clean/anonymize.h"
#include "data/clean/clean_internal.h"

enum { SLOTS = 2, MAX_STEPS = 64 };

static const StepDef step_defs[] = {
    { "nfc",        NULL, normal_form_parse, normal_form_run, &normal_form_nfc },
    { "nfd",        NULL, normal_form_parse, normal_form_run, &normal_form_nfd },
    { "nfkc",       NULL, normal_form_parse, normal_form_run, &normal_form_nfkc },
    { "nfkd",       NULL, normal_form_parse, normal_form_run, &normal_form_nfkd },
    { "control",    NULL, NULL,              control_run,     NULL },
    { "whitespace", NULL, NULL,              whitespace_run,  NULL },
    { "lowercase",  NULL, NULL,              lowercase_run,   NULL },
    { "html",       NULL, NULL,              html_run,        NULL },
    { "segment",    NULL, NULL,              segment_run,     NULL },
    { "stopwords",  "en zh",               stopwords_parse, stopwords_run, NULL },
    { "replace",    "PATTERN=>TEXT",       replace_parse,   replace_run,   NULL },
    { "drop",       "PATTERN",             clean_pattern_parse,   drop_run,      NULL },
    { "keep",       "PATTERN",             clean_pattern_parse,   keep_run,      NULL },
    { "min_chars",  "N",                   limit_parse,     min_chars_run, NULL },
    { "max_chars",  "N",                   limit_parse,     max_chars_run, NULL },
    { "min_words",  "N",                   limit_parse,     min_words_run, NULL },
    { "max_words",  "N",                   limit_parse,     max_words_run, NULL },
    { "script",     "Latin,Han[:SHARE]",   script_parse,    script_run,    NULL },
};

struct Cleaner {
    Step      *steps;
    size_t     n_steps;
    Anonymizer anonymizer;
    char      *key;
};

typedef struct StepCounts { int64_t changed, dropped, items; } StepCounts;

struct CleanWork {
    StepWork      step;
    AnonymizeWork anonymize;
    Text          slots[SLOTS];
    StepCounts   *counts;      /* a step each */
    size_t       *ends;        /* of segment_words */
    size_t        cap_ends;
};

/* ---- reading the list -------------------------------------------------------------------------------------------- */

static Status unknown_step(const Step *s, const char *name)
{
    const char *names[COUNT(step_defs)];
    for (size_t i = 0; i < COUNT(step_defs); i++) names[i] = step_defs[i].name;
    const char *near = text_nearest(name, names, COUNT(names));
    Status      status = fail(ERR_CONFIG, "%s: \"%s\" is not a cleaning step", s->where, name);
    if (near) return hint(status, "did you mean \"%s\"?", near);
    return hint(status, "steps are nfc, whitespace, lowercase, html, replace:PATTERN=>TEXT, min_chars:N and others");
}

static const StepDef *find_step(const char *name)
{
    for (size_t i = 0; i < COUNT(step_defs); i++)
        if (strcmp(step_defs[i].name, name) == 0) return &step_defs[i];
    return NULL;
}

static Status step_parse(Step *s, const char *words)
{
    char        name[64];
    const char *colon = strchr(words, ':');
    size_t      n = colon ? (size_t)(colon - words) : strlen(words);
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), words);
    if (!(s->def = find_step(name))) return unknown_step(s, name);
    if (colon && !s->def->argument)
        return hint(fail(ERR_CONFIG, "%s: %s takes no argument, not \"%s\"", s->where, name, colon + 1), "write \"%s\"",
                    name);
    if (s->def->argument && (!colon || !colon[1]))
        return hint(fail(ERR_CONFIG, "%s: %s needs an argument", s->where, name), "write \"%s:%s\"", name,
                    s->def->argument);
    return s->def->parse ? s->def->parse(s, colon ? colon + 1 : NULL) : OK;
}

static void step_release(Step *s)
{
    pcre2_code_free(s->code);
    free(s->table);
    free(s->parts);
    free(s->text);
}

static size_t list_n(const StringList *l) { return l ? l->n : 0; }

Status cleaner_new(Cleaner **out, const CleanOptions *o)
{
    Cleaner *c = NULL;
    Status   s = OK;
    *out = NULL;
    if (list_n(o->steps) == 0 && list_n(o->anonymize) == 0) return OK;
    if (list_n(o->steps) > MAX_STEPS)
        return fail(ERR_CONFIG, "data.clean has %zu steps, more than %d", o->steps->n, MAX_STEPS);
    if ((s = mem_new(&c, 1, sizeof *c)) != OK) return s;
    if ((s = mem_new(&c->steps, list_n(o->steps), sizeof *c->steps)) != OK) goto done;
    for (; c->n_steps < list_n(o->steps) && s == OK; c->n_steps++) {
        Step *step = &c->steps[c->n_steps];
        snprintf(step->where, sizeof step->where, "data.clean[%zu]", c->n_steps);
        s = step_parse(step, o->steps->items[c->n_steps]);
    }
    if (s == OK) s = text_copy(&c->key, o->key);
    if (s == OK) s = anonymizer_parse(&c->anonymizer, o->anonymize, o->anonymize_with, c->key);
done:
    if (s == OK) *out = c;
    else cleaner_free(c);
    return s;
}

void cleaner_free(Cleaner *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->n_steps; i++) step_release(&c->steps[i]);
    free(c->steps);
    free(c->key);
    free(c);
}

Status clean_work_new(CleanWork **out, const Cleaner *c)
{
    *out = NULL;
    CleanWork *w;
    TRY(mem_new(&w, 1, sizeof *w));
    Status s = mem_new(&w->counts, c ? c->n_steps : 0, sizeof *w->counts);
    if (s == OK) *out = w;
    else clean_work_free(w);
    return s;
}

void clean_work_free(CleanWork *w)
{
    if (!w) return;
    rewrite_release(&w->step.rewrite);
    segmenter_release(&w->step.segmenter);
    pattern_work_release(&w->step.pattern);
    text_release(&w->step.scratch);
    anonymize_work_release(&w->anonymize);
    for (size_t i = 0; i < SLOTS; i++) text_release(&w->slots[i]);
    free(w->counts);
    free(w->ends);
    free(w);
}

/* ---- a text ------------------------------------------------------------------------------------------------------ */

static Status run_step(const Step *step, StepWork *w, const char *text, size_t n, bool keeps_edits)
{
    rewrite_start(&w->rewrite, text, n, keeps_edits);
    w->drop = false;
    TRY(step->def->run(step, w));
    return rewrite_finish(&w->rewrite);
}

/* The result of the rewrite, if it changed anything, becomes the slot's text; the slot's old buffer serves the next
 * step. */
static void take_result(CleanWork *w, int slot, const char **text, size_t *n, size_t *marks, size_t n_marks)
{
    if (!w->step.rewrite.changed) return;
    edits_move(&w->step.rewrite.edits, marks, n_marks);
    Text result = w->step.rewrite.out;
    w->step.rewrite.out = w->slots[slot];
    w->slots[slot] = result;
    *text = result.data;
    *n = result.len;
}

Status clean_text(const Cleaner *c, CleanWork *w, int slot, const char **text, size_t *n, size_t *marks, size_t n_marks,
                  bool *kept)
{
    size_t bad;
    BUG_ON(slot < 0 || slot >= SLOTS);
    *kept = true;
    if (!c) return OK;
    if (!utf8_valid(*text, *n, &bad)) return fail(ERR_DATA, "byte %zu of the text is not UTF-8", bad);
    for (size_t i = 0; i < c->n_steps && *kept; i++) {
        TRY(run_step(&c->steps[i], &w->step, *text, *n, n_marks > 0));
        const Rewrite *r = &w->step.rewrite;
        w->counts[i].changed += r->changed;
        w->counts[i].items += r->n_replaced;
        w->counts[i].dropped += w->step.drop;
        *kept = !w->step.drop;
        take_result(w, slot, text, n, marks, n_marks);
    }
    if (!*kept || !c->anonymizer.kinds) return OK;
    rewrite_start(&w->step.rewrite, *text, *n, n_marks > 0);
    TRY(anonymize_run(&c->anonymizer, &w->anonymize, &w->step.rewrite));
    TRY(rewrite_finish(&w->step.rewrite));
    take_result(w, slot, text, n, marks, n_marks);
    return OK;
}

Status segment_words(CleanWork *w, const char *text, size_t n, const size_t **ends, size_t *n_words)
{
    Segment s = { 0 };
    *n_words = 0;
    *ends = w->ends;
    TRY(segmenter_start(&w->step.segmenter, text, n));
    while (segmenter_next(&w->step.segmenter, &s)) {
        TRY(mem_grow(&w->ends, &w->cap_ends, *n_words + 1, sizeof *w->ends));
        w->ends[(*n_words)++] = s.end;
    }
    *ends = w->ends;
    return OK;
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

static Status add_counts(cJSON *list, const Step *step, const StepCounts *counts)
{
    cJSON *o = cJSON_CreateObject();
    if (!o || !cJSON_AddItemToArray(list, o)) {
        cJSON_Delete(o);
        return fail(ERR_MEMORY, "no memory for the counts of cleaning");
    }
    TRY(json_add_string(o, "step", step->def->name));
    TRY(json_add_number(o, "changed", (double)counts->changed));
    TRY(json_add_number(o, "dropped", (double)counts->dropped));
    return json_add_number(o, "items", (double)counts->items);
}

Status clean_counts(const Cleaner *c, const CleanWork *w, cJSON **out)
{
    Status s = OK;
    cJSON *o = cJSON_CreateObject(), *steps = o ? cJSON_AddArrayToObject(o, "steps") : NULL;
    if (!steps) s = fail(ERR_MEMORY, "no memory for the counts of cleaning");
    for (size_t i = 0; c && i < c->n_steps && s == OK; i++) s = add_counts(steps, &c->steps[i], &w->counts[i]);
    cJSON *found = s == OK ? cJSON_AddObjectToObject(o, "anonymised") : NULL;
    if (s == OK && !found) s = fail(ERR_MEMORY, "no memory for the counts of cleaning");
    for (int k = 0; c && k < ANONYMIZE_N_KINDS && s == OK; k++)
        if (c->anonymizer.kinds >> k & 1)
            s = json_add_number(found, anonymize_kind_name((AnonymizeKind)k), (double)w->anonymize.counts[k]);
    if (s != OK) cJSON_Delete(o);
    *out = s == OK ? o : NULL;
    return s;
}

static Status add_numbers(cJSON *total, const cJSON *more)
{
    for (const cJSON *v = more ? more->child : NULL; v; v = v->next) {
        cJSON *sum = cJSON_GetObjectItemCaseSensitive(total, v->string);
        if (!cJSON_IsNumber(v)) continue;
        if (sum) cJSON_SetNumberValue(sum, sum->valuedouble + v->valuedouble);
        else TRY(json_add_number(total, v->string, v->valuedouble));
    }
    return OK;
}

Status clean_counts_add(cJSON *total, const cJSON *more)
{
    cJSON       *steps = cJSON_GetObjectItemCaseSensitive(total, "steps");
    const cJSON *add = json_get(more, "steps");
    if (!steps) {
        TRY(json_add(total, "steps", cJSON_Duplicate(add, true)));
        return json_add(total, "anonymised", cJSON_Duplicate(json_get(more, "anonymised"), true));
    }
    if (cJSON_GetArraySize(steps) != cJSON_GetArraySize(add))
        return fail(ERR_STATE, "counts of %d and of %d cleaning steps do not add up", cJSON_GetArraySize(steps),
                    cJSON_GetArraySize(add));
    for (int i = 0; i < cJSON_GetArraySize(steps); i++)
        TRY(add_numbers(cJSON_GetArrayItem(steps, i), cJSON_GetArrayItem(add, i)));
    return add_numbers(cJSON_GetObjectItemCaseSensitive(total, "anonymised"), json_get(more, "anonymised"));
}
