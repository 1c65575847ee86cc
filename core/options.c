#include "core/options.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"

enum { MAX_INCLUDES = 8, MAX_KEYS = 256 };

Status string_list_add(StringList *l, const char *s)
{
    char **items = realloc(l->items, (l->n + 1) * sizeof *items);
    if (!items) return fail(ERR_MEMORY, "no memory for a list of %zu strings", l->n + 1);
    l->items = items;
    l->items[l->n] = NULL;
    TRY(text_copy(&l->items[l->n], s));
    l->n++;
    return OK;
}

void string_list_release(StringList *l)
{
    for (size_t i = 0; i < l->n; i++) free(l->items[i]);
    free(l->items);
    *l = (StringList){ 0 };
}

static bool in_list(const char *list, const char *word)      /* list is "a|b|c" */
{
    size_t n = strlen(word);
    for (const char *p = list; p && *p; p += *p == '|') {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, word, n) == 0) return true;
        p += len;
    }
    return false;
}

static bool is_string(OptionType t) { return t >= OPTION_STRING && t <= OPTION_SHARE_OR_PATH; }
static bool is_list(OptionType t)   { return t == OPTION_STRINGS || t == OPTION_PATHS; }
static void *place(const OptionSection *s, const Option *o, void *target) { return (char *)target + s->base + o->offset; }

static const char *type_name(OptionType t)
{
    static const char *const names[] = {
        [OPTION_BOOL] = "true or false",          [OPTION_INT] = "a whole number", [OPTION_NUMBER] = "a number",
        [OPTION_STRING] = "a string",             [OPTION_PATH] = "a path",        [OPTION_CHOICE] = "one word",
        [OPTION_SHARE_OR_PATH] = "a path or a share between 0 and 1",              [OPTION_STRINGS] = "a list of strings",
        [OPTION_PATHS] = "a list of paths",
    };
    return names[t];
}

/* ---- one value ------------------------------------------------------------------------------------------------------ */

/* `where` is "FILE:LINE: train.seed" or "--train.seed". */
static Status store_number(const Option *o, void *at, double v, const char *where)
{
    double min = o->min, max = o->max;
    if (min == 0 && max == 0) {                           /* any: what the type holds exactly */
        max = o->type == OPTION_INT ? 0x1p53 : DBL_MAX;
        min = -max;
    }
    if (o->type == OPTION_INT && v != floor(v)) return fail(ERR_CONFIG, "%s must be a whole number, not %.15g", where, v);
    if (v < min || v > max)
        return hint(fail(ERR_CONFIG, "%s is %.15g, which is out of range", where, v),
                    "use a value from %.15g to %.15g", min, max);
    if (o->type == OPTION_INT) *(int64_t *)at = (int64_t)v;
    else *(double *)at = v;
    return OK;
}

static Status resolve(const char *folder, const char *text, char **out)
{
    char  *joined = NULL;
    Status s = path_join(&joined, folder, text);
    if (s == OK) s = path_absolute(out, joined);
    free(joined);
    return s;
}

/* "archive.zip//member": what stands behind an archive's name is no path on the disk and stays as it is. */
static Status resolve_data(const char *folder, const char *text, char **out)
{
    const char *member = strstr(text, "//");
    char       *outer = NULL, *full = NULL;
    if (!member) return resolve(folder, text, out);
    Status s = text_format(&outer, "%.*s", (int)(member - text), text);
    if (s == OK) s = resolve(folder, outer, &full);
    if (s == OK) s = file_is_folder(full) ? resolve(folder, text, out) : text_format(out, "%s%s", full, member);
    free(outer);
    free(full);
    return s;
}

static Status store_text(const Option *o, void *at, const char *text, const char *folder, const char *where)
{
    if (o->type == OPTION_CHOICE && !in_list(o->choices, text))
        return hint(fail(ERR_CONFIG, "%s: \"%s\" is not a choice", where, text), "use one of %s", o->choices);
    if (o->type == OPTION_SHARE_OR_PATH) {
        char  *end;
        double v = strtod(text, &end);
        if (end != text && *end == '\0' && isfinite(v)) {
            if (v < 0 || v >= 1) return hint(fail(ERR_CONFIG, "%s is %g", where, v), "a share lies between 0 and 1, a path is a string");
            return text_copy(at, text);
        }
    }
    if (o->type == OPTION_PATH && text[0]) return resolve(folder, text, at);
    if (o->type == OPTION_SHARE_OR_PATH && text[0]) return resolve_data(folder, text, at);
    return text_copy(at, text);
}

static Status store_item(const Option *o, void *at, const char *text, const char *folder)
{
    char  *full = NULL;
    Status s = o->type == OPTION_PATHS ? resolve_data(folder, text, &full) : text_copy(&full, text);
    if (s == OK) s = string_list_add(at, full);
    free(full);
    return s;
}

static Status append_items(const Option *o, void *at, const char *text, const char *folder)      /* a,b,c */
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        char  *item = strndup(p, n);
        Status s = item ? store_item(o, at, item, folder) : fail(ERR_MEMORY, "no memory for a list");
        free(item);
        TRY(s);
        p += n + (p[n] == ',');
    }
    return OK;
}

static Status parse_text(const Option *o, void *at, const char *text, const char *folder, const char *where)
{
    if (o->type == OPTION_BOOL) {
        bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0, no = strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
        if (!yes && !no) return fail(ERR_CONFIG, "%s must be true or false, not \"%s\"", where, text);
        *(bool *)at = yes;
        return OK;
    }
    if (o->type == OPTION_INT || o->type == OPTION_NUMBER) {
        char *end;
        errno = 0;
        double v = strtod(text, &end);
        if (end == text || *end || errno || !isfinite(v)) return fail(ERR_CONFIG, "%s must be %s, not \"%s\"", where, type_name(o->type), text);
        return store_number(o, at, v, where);
    }
    if (!is_list(o->type)) return store_text(o, at, text, folder, where);
    string_list_release(at);
    return append_items(o, at, text, folder);
}

static Status parse_json(const Option *o, void *at, const cJSON *v, const char *folder, const char *where)
{
    if (o->type == OPTION_BOOL && cJSON_IsBool(v)) {
        *(bool *)at = cJSON_IsTrue(v);
        return OK;
    }
    if ((o->type == OPTION_INT || o->type == OPTION_NUMBER) && cJSON_IsNumber(v)) return store_number(o, at, v->valuedouble, where);
    if (o->type == OPTION_SHARE_OR_PATH && cJSON_IsNumber(v)) {
        char text[32];
        snprintf(text, sizeof text, "%.17g", v->valuedouble);
        return store_text(o, at, text, folder, where);
    }
    if (is_string(o->type) && cJSON_IsString(v)) return store_text(o, at, v->valuestring, folder, where);
    if (is_list(o->type) && (cJSON_IsString(v) || cJSON_IsArray(v))) {
        string_list_release(at);
        if (cJSON_IsString(v)) return store_item(o, at, v->valuestring, folder);
        const cJSON *item;
        cJSON_ArrayForEach(item, v) {
            if (!cJSON_IsString(item)) return fail(ERR_CONFIG, "%s must be %s", where, type_name(o->type));
            TRY(store_item(o, at, item->valuestring, folder));
        }
        return OK;
    }
    return fail(ERR_CONFIG, "%s must be %s", where, type_name(o->type));
}

/* ---- finding keys --------------------------------------------------------------------------------------------------- */

static const Option *find_in(const OptionSection *s, const char *key)
{
    for (size_t i = 0; i < s->n_options; i++)
        if (strcmp(s->options[i].key, key) == 0 || in_list(s->options[i].aliases, key)) return &s->options[i];
    return NULL;
}

static void full_key(char buf[128], const OptionSection *s, const Option *o)
{
    snprintf(buf, 128, "%s%s%s", s->name, s->name[0] ? "." : "", o->key);
}

typedef struct Words { size_t n; const char *word[MAX_KEYS]; char full[MAX_KEYS][128]; } Words;

static void add_words(Words *w, const OptionSection *s, bool in_full)
{
    for (size_t k = 0; k < s->n_options && w->n < MAX_KEYS; k++, w->n++) {
        full_key(w->full[w->n], s, &s->options[k]);
        w->word[w->n] = in_full ? w->full[w->n] : s->options[k].key;
    }
}

static void add_section_names(Words *w, const OptionTable *t)
{
    for (size_t i = 0; i < t->n_sections; i++) {
        if (!t->sections[i].name[0] || w->n == MAX_KEYS) continue;
        snprintf(w->full[w->n], sizeof w->full[0], "%s", t->sections[i].name);
        w->word[w->n++] = t->sections[i].name;
    }
}

/* Fails with the nearest key: this very key of another section, a near one of this section, then of any.
 * section NULL: any, spelled in full. */
static Status unknown(const OptionTable *t, const OptionSection *section, const char *key, const char *where)
{
    static _Thread_local Words w;
    const char *near;
    Status      s = fail(ERR_CONFIG, "%s is not a key of %s", where, t->name);
    w.n = 0;
    for (size_t i = 0; section && i < t->n_sections; i++) {
        const Option *o = find_in(&t->sections[i], key);
        if (!o) continue;
        full_key(w.full[0], &t->sections[i], o);
        return hint(s, "did you mean %s?", w.full[0]);
    }
    if (section) {
        add_words(&w, section, false);
        if (!section->name[0]) add_section_names(&w, t);
        if ((near = text_nearest(key, w.word, w.n))) return hint(s, "did you mean %s?", near);
    }
    w.n = 0;
    add_section_names(&w, t);
    for (size_t i = 0; i < t->n_sections; i++) add_words(&w, &t->sections[i], strchr(key, '.') != NULL);
    near = text_nearest(key, w.word, w.n);
    for (size_t i = 0; near && i < w.n; i++)
        if (w.word[i] == near) return hint(s, "did you mean %s?", w.full[i]);
    return hint(s, "--help lists the keys");
}

/* "train.seed", or "seed" when it is unique. */
static Status find(const OptionTable *t, const char *key, const OptionSection **section, const Option **option)
{
    const char *dot = strchr(key, '.');
    int         hits = 0;
    for (size_t i = 0; i < t->n_sections; i++) {
        const OptionSection *s = &t->sections[i];
        size_t n = dot ? (size_t)(dot - key) : 0;
        if (dot && (n == 0 || strlen(s->name) != n || strncmp(s->name, key, n) != 0)) continue;
        const Option *o = find_in(s, dot ? dot + 1 : key);
        if (!o) continue;
        *section = s;
        *option = o;
        if (++hits > 1) return hint(fail(ERR_USAGE, "--%s could mean %s.%s too", key, s->name, o->key), "write the section before it");
        if (!s->name[0]) return OK;                       /* a top-level key is itself the full spelling */
    }
    if (hits) return OK;
    char where[160];
    snprintf(where, sizeof where, "--%.120s", key);
    Status s = unknown(t, NULL, key, where);
    return s;
}

bool options_knows(const OptionTable *t, const char *key, bool *is_bool)
{
    const OptionSection *s;
    const Option        *o;
    if (find(t, key, &s, &o) != OK) return false;
    *is_bool = o->type == OPTION_BOOL;
    return true;
}

Status options_set(const OptionTable *t, void *target, const char *key, const char *text)
{
    const OptionSection *s;
    const Option        *o;
    char                 where[160];
    TRY(find(t, key, &s, &o));
    snprintf(where, sizeof where, "--%.120s", key);
    return parse_text(o, place(s, o, target), text, ".", where);
}

Status options_apply(const OptionTable *t, void *target, const Flag *flags, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const OptionSection *s;
        const Option        *o, *before = NULL;
        for (size_t k = 0; k < i && !before; k++) {
            TRY(find(t, flags[i].key, &s, &o));
            TRY(find(t, flags[k].key, &s, &before));
            if (before != o) before = NULL;
        }
        if (before && is_list(before->type)) TRY(append_items(before, place(s, before, target), flags[i].text, "."));
        else TRY(options_set(t, target, flags[i].key, flags[i].text));
    }
    return OK;
}

Status options_defaults(const OptionTable *t, void *target)
{
    for (size_t i = 0; i < t->n_sections; i++)
        for (size_t k = 0; k < t->sections[i].n_options; k++) {
            const Option *o = &t->sections[i].options[k];
            if (!o->fallback) continue;
            Status s = parse_text(o, place(&t->sections[i], o, target), o->fallback, ".", o->key);
            BUG_ON(s != OK);
        }
    return OK;
}

void options_release(const OptionTable *t, void *target)
{
    for (size_t i = 0; i < t->n_sections; i++)
        for (size_t k = 0; k < t->sections[i].n_options; k++) {
            const Option *o = &t->sections[i].options[k];
            void         *at = place(&t->sections[i], o, target);
            if (is_list(o->type)) string_list_release(at);
            else if (is_string(o->type)) {
                free(*(char **)at);
                *(char **)at = NULL;
            }
        }
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

typedef struct Source { const char *name, *folder, *text; size_t n; } Source;

static void where_is(char buf[1024], const Source *src, const char *path)
{
    int line = src->text ? json_line_of(src->text, src->n, path) : 0;
    if (line) snprintf(buf, 1024, "%.800s:%d: %.180s", src->name, line, path);
    else snprintf(buf, 1024, "%.800s: %.180s", src->name, path);
}

/* null: as if nobody, an included config neither, had said anything. */
static Status back_to_default(const Option *o, void *at)
{
    if (is_list(o->type)) string_list_release(at);
    else if (is_string(o->type)) {
        free(*(char **)at);
        *(char **)at = NULL;
    } else {
        memset(at, 0, o->type == OPTION_BOOL ? sizeof(bool) : sizeof(double));
    }
    return o->fallback ? parse_text(o, at, o->fallback, ".", o->key) : OK;
}

static Status read_section(const OptionTable *t, const OptionSection *s, void *target, const cJSON *object, const Source *src)
{
    const Option *given[MAX_KEYS] = { 0 };
    for (const cJSON *v = object->child; v; v = v->next) {
        char path[256], where[1024];
        snprintf(path, sizeof path, "%s%s%.180s", s->name, s->name[0] ? "." : "", v->string);
        where_is(where, src, path);
        if (s->name[0] == '\0') {                         /* the top level: sections and "include" are handled elsewhere */
            bool section = strcmp(v->string, "include") == 0 || v->string[0] == '$';      /* "$schema" is for editors */
            for (size_t i = 0; i < t->n_sections; i++) section |= t->sections[i].name[0] && strcmp(t->sections[i].name, v->string) == 0;
            if (section) continue;
        }
        const Option *o = find_in(s, v->string);
        if (!o) return unknown(t, s, v->string, where);
        size_t k = (size_t)(o - s->options);
        if (given[k]) return hint(fail(ERR_CONFIG, "%s: %s is given twice, once by another name", where, o->key), "keep one of them");
        given[k] = o;
        void *at = place(s, o, target);
        TRY(cJSON_IsNull(v) ? back_to_default(o, at) : parse_json(o, at, v, src->folder, where));
    }
    return OK;
}

Status options_read_known(const OptionSection *s, void *target, const cJSON *object, const char *name, const char *folder)
{
    for (const cJSON *v = object->child; v; v = v->next) {
        const Option *o = find_in(s, v->string);
        char          where[1024];
        snprintf(where, sizeof where, "%.800s: %.180s", name, v->string);
        if (o && !cJSON_IsNull(v)) TRY(parse_json(o, place(s, o, target), v, folder, where));
    }
    return OK;
}

static Status read_object(const OptionTable *t, void *target, const cJSON *object, const Source *src)
{
    if (!cJSON_IsObject(object)) return fail(ERR_CONFIG, "%s: %s is one JSON object", src->name, t->name);
    for (size_t i = 0; i < t->n_sections; i++) {
        const OptionSection *s = &t->sections[i];
        const cJSON         *o = s->name[0] ? cJSON_GetObjectItemCaseSensitive(object, s->name) : object;
        char                 where[1024];
        if (!o) continue;
        if (!cJSON_IsObject(o)) {
            where_is(where, src, s->name);
            return fail(ERR_CONFIG, "%s must be an object in { }", where);
        }
        TRY(read_section(t, s, target, o, src));
    }
    return OK;
}

Status options_read_json(const OptionTable *t, void *target, const cJSON *object, const char *name, const char *folder)
{
    Source src = { .name = name, .folder = folder };
    return read_object(t, target, object, &src);
}

static Status read_file(const OptionTable *t, void *target, const char *path, int depth)
{
    if (depth > MAX_INCLUDES) return hint(fail(ERR_CONFIG, "%s: includes go deeper than %d files", path, MAX_INCLUDES), "a file may include itself in a circle");
    char  *text = NULL, *folder = NULL;
    size_t n;
    cJSON *json = NULL;
    TRY(file_read(&text, &n, path, JSON_MAX_FILE));
    Status s = path_folder(&folder, path);
    if (s == OK && (s = json_parse(&json, text, n, path, JSON_COMMENTS)) == ERR_FORMAT) s = ERR_CONFIG;
    const cJSON *include = s == OK ? json_get(json, "include") : NULL;
    for (const cJSON *one = cJSON_IsArray(include) ? include->child : include; one && s == OK; one = cJSON_IsArray(include) ? one->next : NULL) {
        char *full = NULL;
        if (!cJSON_IsString(one)) s = fail(ERR_CONFIG, "%s: include must be a path or a list of paths", path);
        else if ((s = path_join(&full, folder, one->valuestring)) == OK) s = during(read_file(t, target, full, depth + 1), "reading what %s includes", path);
        free(full);
    }
    Source src = { path, folder, text, n };
    if (s == OK) s = read_object(t, target, json, &src);
    cJSON_Delete(json);
    free(text);
    free(folder);
    return s;
}

Status options_read_file(const OptionTable *t, void *target, const char *path) { return read_file(t, target, path, 0); }

/* ---- out ------------------------------------------------------------------------------------------------------------ */

static cJSON *value_json(const Option *o, const void *at)
{
    if (o->type == OPTION_BOOL) return cJSON_CreateBool(*(const bool *)at);
    if (o->type == OPTION_INT) return cJSON_CreateNumber((double)*(const int64_t *)at);
    if (o->type == OPTION_NUMBER) return cJSON_CreateNumber(*(const double *)at);
    if (is_list(o->type)) {
        const StringList *l = at;
        return json_strings((const char *const *)l->items, l->n);
    }
    const char *text = *(char *const *)at;
    if (!text) return cJSON_CreateNull();
    char  *end;
    double share = strtod(text, &end);
    if (o->type == OPTION_SHARE_OR_PATH && end != text && !*end) return cJSON_CreateNumber(share);
    return cJSON_CreateString(text);
}

Status options_to_json(const OptionTable *t, const void *target, cJSON **out)
{
    cJSON *root = cJSON_CreateObject();
    Status s = root ? OK : fail(ERR_MEMORY, "no memory for JSON");
    for (size_t i = 0; i < t->n_sections && s == OK; i++) {
        const OptionSection *sec = &t->sections[i];
        cJSON               *to = sec->name[0] ? cJSON_AddObjectToObject(root, sec->name) : root;
        if (!to) s = fail(ERR_MEMORY, "no memory for JSON");
        for (size_t k = 0; k < sec->n_options && s == OK; k++)
            s = json_add(to, sec->options[k].key, value_json(&sec->options[k], (const char *)target + sec->base + sec->options[k].offset));
    }
    if (s == OK) *out = root;
    else cJSON_Delete(root);
    return s;
}

static Status schema_of(const Option *o, cJSON *to)
{
    static const char *const types[] = { [OPTION_BOOL] = "boolean", [OPTION_INT] = "integer", [OPTION_NUMBER] = "number",
                                         [OPTION_STRING] = "string", [OPTION_PATH] = "string", [OPTION_CHOICE] = "string" };
    cJSON *p = cJSON_AddObjectToObject(to, o->key);
    TRY(json_add_string(p, "description", o->help));
    if (o->type == OPTION_SHARE_OR_PATH) TRY(json_add(p, "type", json_strings((const char *const[]){ "string", "number" }, 2)));
    else if (is_list(o->type)) TRY(json_add(p, "type", json_strings((const char *const[]){ "string", "array" }, 2)));
    else TRY(json_add_string(p, "type", types[o->type]));
    if (o->min != 0 || o->max != 0) {
        TRY(json_add_number(p, "minimum", o->min));
        TRY(json_add_number(p, "maximum", o->max));
    }
    if (o->choices) {
        cJSON *list = cJSON_AddArrayToObject(p, "enum");
        for (const char *c = o->choices; *c;) {
            char   word[64];
            size_t n = strcspn(c, "|");
            snprintf(word, sizeof word, "%.*s", (int)n, c);
            TRY(json_add(list, NULL, cJSON_CreateString(word)));
            c += n + (c[n] == '|');
        }
    }
    if (o->fallback && (o->type == OPTION_INT || o->type == OPTION_NUMBER)) return json_add_number(p, "default", atof(o->fallback));
    if (o->fallback && o->type == OPTION_BOOL) return json_add(p, "default", cJSON_CreateBool(o->fallback[0] == 't'));
    if (o->fallback && is_string(o->type)) return json_add_string(p, "default", o->fallback);
    return OK;
}

Status options_schema(const OptionTable *t, cJSON **out)
{
    cJSON *root = cJSON_CreateObject();
    Status s = json_add_string(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    if (s == OK) s = json_add_string(root, "title", t->name);
    if (s == OK) s = json_add_string(root, "type", "object");
    if (s == OK) s = json_add(root, "additionalProperties", cJSON_CreateBool(false));
    cJSON *properties = cJSON_AddObjectToObject(root, "properties");
    for (size_t i = 0; i < t->n_sections && s == OK; i++) {
        const OptionSection *sec = &t->sections[i];
        cJSON               *to = properties;
        if (sec->name[0]) {
            cJSON *section = cJSON_AddObjectToObject(properties, sec->name);
            s = json_add_string(section, "type", "object");
            if (s == OK) s = json_add(section, "additionalProperties", cJSON_CreateBool(false));
            to = cJSON_AddObjectToObject(section, "properties");
        } else {
            cJSON *include = cJSON_AddObjectToObject(properties, "include");
            s = json_add_string(include, "description", "configs to read first; a path or a list of paths");
            cJSON_AddObjectToObject(properties, "$schema");
        }
        for (size_t k = 0; k < sec->n_options && s == OK; k++) s = schema_of(&sec->options[k], to);
    }
    if (s == OK) *out = root;
    else cJSON_Delete(root);
    return s;
}

void options_print_help(const OptionTable *t, FILE *to)
{
    for (size_t i = 0; i < t->n_sections; i++) {
        const OptionSection *s = &t->sections[i];
        if (s->name[0]) fprintf(to, "\n%s:\n", s->name);
        for (size_t k = 0; k < s->n_options; k++) {
            const Option *o = &s->options[k];
            char          key[128];
            full_key(key, s, o);
            fprintf(to, "  --%-38s %s", key, o->help);
            if (o->choices) fprintf(to, " (%s)", o->choices);
            if (o->fallback && o->fallback[0] && o->type != OPTION_BOOL) fprintf(to, " [%s]", o->fallback);
            if (o->aliases) fprintf(to, " (also: %s)", o->aliases);
            fputc('\n', to);
        }
    }
}
