#include "data/readers/json_row.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/readers/json_scan.h"

const char *json_type(const cJSON *v)
{
    return cJSON_IsString(v) ? "a string" : cJSON_IsNumber(v) ? "a number" : cJSON_IsBool(v) ? "true or false" :
           cJSON_IsNull(v) ? "null" : cJSON_IsArray(v) ? "a list" : "an object";
}

Status json_value(const Source *s, const char *bytes, size_t n, int64_t line, cJSON **out)
{
    Status st = json_parse(out, bytes, n, "", JSON_REFUSE_NUL);
    if (st == OK) return OK;
    const char *fact = status_fact();                       /* ":LINE:COLUMN: what", or ": what" */
    char       *rest;
    int64_t     within = fact[0] == ':' && fact[1] >= '0' && fact[1] <= '9' ? strtoll(fact + 1, &rest, 10) : 0;
    if (within > 0) {
        fact = rest;
        line += within - 1;
    }
    if (st == ERR_FORMAT) st = ERR_DATA;
    return hint(fail(st, "%s:%" PRId64 "%s", s->path, line, fact), "correct the line, or set data.on_bad_row to skip");
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static const cJSON *member(const cJSON *v, const char *key, size_t n)
{
    if (cJSON_IsArray(v)) {
        char *end;
        long  i = n > 0 && n < 8 ? strtol(key, &end, 10) : -1;
        return i >= 0 && key[0] >= '0' && key[0] <= '9' && end == key + n ? cJSON_GetArrayItem(v, (int)i) : NULL;
    }
    if (!cJSON_IsObject(v)) return NULL;
    const cJSON *child = v->child;
    while (child && !(strlen(child->string) == n && memcmp(child->string, key, n) == 0)) child = child->next;
    return child;
}

/* Each step takes the whole of what is left as a key if there is one, for keys may hold dots. */
static const cJSON *walk(const cJSON *v, const char *column, const char **star)
{
    while (v) {
        if (column[0] == '*' && (column[1] == '.' || !column[1]) && cJSON_IsArray(v)) {
            *star = column + 1 + (column[1] == '.');
            return v;
        }
        const cJSON *whole = member(v, column, strlen(column));
        if (whole) return whole;
        size_t n = strcspn(column, ".");
        if (!column[n]) return NULL;
        v = member(v, column, n);
        column += n + 1;
    }
    return NULL;
}

const cJSON *json_find(const cJSON *v, const char *column)
{
    const char *star = NULL;
    return walk(v, column, &star);
}

static Status wrong_type(const Source *s, const cJSON *v, int64_t line, const char *column)
{
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": \"%s\" must be a string, here it is %s", s->path, line, column,
                     json_type(v)),
                "correct the row, or name another key as data.text or data.text_pair");
}

static Status add_line(Text *to, const char *string)
{
    if (to->len) TRY(text_add(to, "\n", 1));
    return text_add(to, string, strlen(string));
}

/* Strings of the value, and of what lies in its lists. `rest`: the path within each thing of a list. */
static Status add_strings(Source *s, const cJSON *v, const char *rest, int64_t line, const char *column, Text *to,
                          int depth)
{
    if (cJSON_IsNull(v)) return OK;
    if (cJSON_IsString(v) && !(rest && *rest)) return add_line(to, v->valuestring);
    if (!cJSON_IsArray(v) || depth >= JSON_MAX_DEPTH) return wrong_type(s, v, line, column);
    for (const cJSON *item = v->child; item; item = item->next) {
        const char  *deeper = NULL;
        const cJSON *found = rest && *rest ? walk(item, rest, &deeper) : item;
        if (found) TRY(add_strings(s, found, deeper, line, column, to, depth + 1));
    }
    return OK;
}

Status json_text(Source *s, const cJSON *v, int64_t line, const char *column, Text *to)
{
    TRY(text_add(to, "", 0));
    return add_strings(s, v, NULL, line, column, to, 0);
}

/* The shortest spelling that gives the number back. */
static Status add_number(double v, Text *to)
{
    char text[32];
    for (int n = 15; n <= 17; n++) {
        snprintf(text, sizeof text, "%.*g", n, v);
        if (strtod(text, NULL) == v) break;
    }
    return text_addf(to, "%s", text);
}

Status json_label(Source *s, const cJSON *v, int64_t line, const char *column, Text *to, const char **out)
{
    *out = NULL;
    if (!v || cJSON_IsNull(v)) return OK;
    if (cJSON_IsString(v)) TRY(text_add(to, v->valuestring, strlen(v->valuestring)));
    else if (cJSON_IsBool(v)) TRY(text_addf(to, "%s", cJSON_IsTrue(v) ? "true" : "false"));
    else if (cJSON_IsNumber(v) && isfinite(v->valuedouble)) TRY(add_number(v->valuedouble, to));
    else
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": \"%s\" must be a string or a number, here it is %s", s->path, line,
                         column, json_type(v)), "one class a row; name its key as data.label");
    *out = to->data;
    return OK;
}

static Status no_key(const Source *s, const cJSON *object, int64_t line, const char *column, const char *key)
{
    Text   names = { 0 };
    int    n = 0;
    Status st = OK;
    for (const cJSON *v = object->child; v && st == OK && n < ROWS_MAX_COLUMNS; v = v->next, n++)
        st = v->string ? text_add(&names, v->string, strlen(v->string) + 1) : text_addf(&names, "%d%c", n, '\0');
    if (st == OK) st = source_no_column(s, line, "key", column, names.data, n, key);
    text_release(&names);
    return st;
}

/* ---- words and tags --------------------------------------------------------------------------------------------- */

static Status tagged_words(Source *s, const cJSON *words, const cJSON *tags, int64_t line, Row *out)
{
    const RowsOptions *o = s->options;
    const cJSON       *word = words->child, *tag = tags->child;
    for (; word && tag; word = word->next, tag = tag->next) {
        const char *name;
        if (!cJSON_IsString(word)) return wrong_type(s, word, line, o->text);
        text_clear(&s->fields);
        TRY(json_label(s, tag, line, o->label, &s->fields, &name));
        if (!name) return source_bad(s, line, "a word has no tag (null in \"%s\")", o->label);
        TRY(source_add_word(s, word->valuestring, strlen(word->valuestring), name, s->fields.len));
    }
    if (word || tag)
        return source_bad(s, line, "\"%s\" has %d words, \"%s\" %d tags", o->text, cJSON_GetArraySize(words), o->label,
                          cJSON_GetArraySize(tags));
    source_finish_words(s, out);
    return OK;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static Status columns_of(Source *s, const cJSON *object, int64_t line, Row *out)
{
    const RowsOptions *o = s->options;
    const char        *star[4] = { NULL, NULL, NULL, NULL };
    if (!cJSON_IsObject(object) && !(cJSON_IsArray(object) && o->text[0] >= '0' && o->text[0] <= '9'))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": a row must be an object in { }, here it is %s", s->path, line,
                         json_type(object)),
                    "JSONL has one object a line; a list is converted with: jq -c '.[]' FILE");
    const cJSON *text = walk(object, o->text, &star[0]), *pair = o->pair ? walk(object, o->pair, &star[1]) : NULL,
                *label = source_wants(o->label) ? walk(object, o->label, &star[2]) : NULL,
                *group = o->group ? walk(object, o->group, &star[3]) : NULL;
    bool         tags = o->need == ROW_NEEDS_TAGS, required = o->need == ROW_NEEDS_LABEL || tags;
    if (!text) return no_key(s, object, line, o->text, "text");
    if (o->pair && !pair) return no_key(s, object, line, o->pair, "text_pair");
    if (source_wants(o->label) && required && !label) return no_key(s, object, line, o->label, "label");
    if (o->group && !group) return no_key(s, object, line, o->group, "group");
    if (group) TRY(json_label(s, group, line, o->group, &s->group, &out->group));
    if (tags && cJSON_IsArray(text) && cJSON_IsArray(label)) return tagged_words(s, text, label, line, out);
    if (tags)
        return hint(source_bad(s, line, "\"%s\" and \"%s\" must be lists, of words and of their tags", o->text,
                               o->label ? o->label : ""), "name the two lists as data.text and data.label");
    if (!cJSON_IsNull(text)) {
        TRY(text_add(&s->text, "", 0));
        TRY(add_strings(s, text, star[0], line, o->text, &s->text, 0));
        out->text = s->text.data;
        out->n_text = s->text.len;
    }
    if (pair && !cJSON_IsNull(pair)) {
        TRY(text_add(&s->pair, "", 0));
        TRY(add_strings(s, pair, star[1], line, o->pair, &s->pair, 0));
        out->pair = s->pair.data;
        out->n_pair = s->pair.len;
    }
    return json_label(s, label, line, o->label, &s->label, &out->label);
}

/* A wanted member, when it is a string (or null); false: the tree has to be asked. */
static bool quick_string(const JsonMembers *m, const char *column, Text *to, const char **out, size_t *n, Status *st)
{
    const JsonMember *v = json_scan_find(m, column);
    if (!v || v->value[0] != '"') return false;
    *st = json_scan_string(v, to);
    *out = to->data;
    *n = to->len;
    return true;
}

/* The common row, straight from its bytes: texts are strings, and so is the label. */
static bool quick_row(Source *s, const JsonMembers *m, Row *out, Status *st)
{
    const RowsOptions *o = s->options;
    size_t             n;
    return o->need != ROW_NEEDS_TAGS &&
           quick_string(m, o->text, &s->text, &out->text, &out->n_text, st) &&
           (!o->pair || quick_string(m, o->pair, &s->pair, &out->pair, &out->n_pair, st)) &&
           (!source_wants(o->label) || quick_string(m, o->label, &s->label, &out->label, &n, st)) &&
           (!o->group || quick_string(m, o->group, &s->group, &out->group, &n, st));
}

Status json_row(Source *s, const char *bytes, size_t n, int64_t line, Row *out)
{
    JsonMembers members;
    Status      st = OK;
    cJSON      *object = NULL;
    bool        usual = json_scan_object(&members, bytes, n);
    if (usual && quick_row(s, &members, out, &st)) return st;
    Place place = out->place;
    *out = (Row){ .place = place };
    text_clear(&s->text);
    text_clear(&s->pair);
    text_clear(&s->label);
    text_clear(&s->group);
    if (usual && !(object = cJSON_ParseWithLength(bytes, n))) return fail(ERR_MEMORY, "no memory for a row of JSON");
    if (!usual) TRY(json_value(s, bytes, n, line, &object));
    st = columns_of(s, object, line, out);
    cJSON_Delete(object);
    return st;
}
