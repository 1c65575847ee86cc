/* data/corpus_jsonl.c: JSON Lines, one object a line.
 *
 * The text and the pair are strings; a label may be a number or a bool too and becomes its text. A column name is a key
 * as it stands, or else a path "a.b" into nested objects. */
#include "data/corpus_readers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

static const char *type_of(const cJSON *v)
{
    return cJSON_IsString(v) ? "a string" : cJSON_IsNumber(v) ? "a number" : cJSON_IsBool(v) ? "true or false" :
           cJSON_IsNull(v) ? "null" : cJSON_IsArray(v) ? "a list" : "an object";
}

static const cJSON *find(const cJSON *object, const char *column)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, column);
    while (!v && object) {
        size_t n = strcspn(column, ".");
        if (!column[n]) return cJSON_GetObjectItemCaseSensitive(object, column);
        const cJSON *child = object->child;
        while (child && !(strlen(child->string) == n && memcmp(child->string, column, n) == 0)) child = child->next;
        if (!cJSON_IsObject(child)) return NULL;
        object = child;
        column += n + 1;
        v = cJSON_GetObjectItemCaseSensitive(object, column);
    }
    return v;
}

static Status no_key(const Source *s, const cJSON *object, int64_t line, const char *column, const char *key)
{
    Text   names = { 0 };
    int    n = 0;
    Status st = OK;
    for (const cJSON *v = object->child; v && st == OK && n < CORPUS_MAX_COLUMNS; v = v->next, n++)
        st = text_add(&names, v->string, strlen(v->string) + 1);
    if (st == OK) st = corpus_no_column(s, line, "key", column, names.data, n, key);
    text_release(&names);
    return st;
}

/* A string, into *to. null is no value; other types are refused. */
static Status string_of(const Source *s, const cJSON *v, int64_t line, const char *column, Text *to, const char **out,
                        size_t *n)
{
    *out = NULL;
    if (cJSON_IsNull(v)) return OK;
    if (!cJSON_IsString(v))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": \"%s\" must be a string, here it is %s", s->path, line, column,
                         type_of(v)),
                    "correct the row, or name another key as data.text or data.text_pair");
    text_clear(to);
    TRY(text_add(to, v->valuestring, strlen(v->valuestring)));
    *out = to->data;
    *n = to->len;
    return OK;
}

static Status label_of(const Source *s, const cJSON *v, int64_t line, Text *to, const char **out)
{
    *out = NULL;
    if (!v || cJSON_IsNull(v)) return OK;
    text_clear(to);
    if (cJSON_IsString(v)) TRY(text_add(to, v->valuestring, strlen(v->valuestring)));
    else if (cJSON_IsBool(v)) TRY(text_addf(to, "%s", cJSON_IsTrue(v) ? "true" : "false"));
    else if (cJSON_IsNumber(v) && isfinite(v->valuedouble)) {
        char text[32];                                   /* the shortest spelling that gives the number back */
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, v->valuedouble);
            if (strtod(text, NULL) == v->valuedouble) break;
        }
        TRY(text_addf(to, "%s", text));
    } else
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": \"%s\" must be a string or a number, here it is %s", s->path, line,
                         s->options.label, type_of(v)), "one class a row; name its key as data.label");
    *out = to->data;
    return OK;
}

static Status columns_of(Source *s, const cJSON *object, int64_t line, Row *out)
{
    const CorpusOptions *o = &s->options;
    if (!cJSON_IsObject(object))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": a row must be an object in { }, here it is %s", s->path, line,
                         type_of(object)),
                    "JSONL has one object a line; a list is converted with: jq -c '.[]' FILE");
    const cJSON *text = find(object, o->text), *pair = o->pair ? find(object, o->pair) : NULL,
                *label = o->label ? find(object, o->label) : NULL;
    if (!text) return no_key(s, object, line, o->text, "text");
    if (o->pair && !pair) return no_key(s, object, line, o->pair, "text_pair");
    if (o->label_required && !label) return no_key(s, object, line, o->label, "label");
    TRY(string_of(s, text, line, o->text, &s->text, &out->text, &out->n_text));
    if (pair) TRY(string_of(s, pair, line, o->pair, &s->pair, &out->pair, &out->n_pair));
    return label_of(s, label, line, &s->label, &out->label);
}

static Status jsonl_read(Source *s, Place *p, Row *out)
{
    size_t      n;
    int64_t     line = p->line;
    const char *bytes = corpus_source_line(s, p, &n);
    *out = (Row){ .line = line };
    TRY(corpus_check_bytes(s, bytes, n, line));
    cJSON *object;
    Status st = json_parse(&object, bytes, n, "", JSON_REFUSE_NUL);
    if (st != OK) {                                      /* ":1:COLUMN: what", for each row is line 1 to the parser */
        const char *fact = status_fact();
        if (strncmp(fact, ":1:", 3) == 0) fact += 2;
        if (st == ERR_FORMAT) st = ERR_DATA;
        return hint(fail(st, "%s:%" PRId64 "%s", s->path, line, fact),
                    "correct the line, or set data.on_bad_row to skip");
    }
    st = columns_of(s, object, line, out);
    cJSON_Delete(object);
    return st;
}

const Reader corpus_reader_jsonl = { "jsonl", ".jsonl|.ndjson|.json|.JSONL", " \t\r", NULL, jsonl_read };
