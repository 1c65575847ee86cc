#include "data/readers/elements.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the end of a value ----------------------------------------------------------------------------------------- */

typedef struct Skim { int64_t depth; bool in_string, escaped, scalar; } Skim;

/* Goes on through a value that began earlier or at d[0]. How many of the bytes belong to it; *done: its end was seen. */
static size_t skim(Skim *k, const char *d, size_t n, bool *done)
{
    *done = true;
    for (size_t i = 0; i < n; i++) {
        char c = d[i];
        if (k->in_string) {
            if (k->escaped) k->escaped = false;
            else if (c == '\\') k->escaped = true;
            else if (c == '"') {
                k->in_string = false;
                if (k->depth == 0) return i + 1;
            }
        } else if (c == '"' && !k->scalar) {
            k->in_string = true;
        } else if (c == '{' || c == '[') {
            if (k->scalar) return i;
            k->depth++;
        } else if (c == '}' || c == ']') {
            if (k->depth == 0) return i;                    /* the end of what is around a number or word */
            if (--k->depth == 0) return i + 1;
        } else if (k->depth == 0) {
            if (strchr(", \t\r\n", c) && c) return i;
            k->scalar = true;
        }
    }
    *done = false;
    return n;
}

static int64_t count_lines(const char *d, size_t n)
{
    int64_t lines = 0;
    for (const char *lf = d, *end = d + n; (lf = memchr(lf, '\n', (size_t)(end - lf))) != NULL; lf++) lines++;
    return lines;
}

static void pass(Source *s, size_t n) { source_skip(s, n, count_lines(s->in.data, n)); }

static Status cut_short(Source *s)
{
    s->broken = true;
    return hint(source_bad(s, s->place.line, "the file ends inside a JSON value"),
                "the file may be incomplete; fetch or copy it again");
}

static Status unexpected(Source *s, const char *wanted)
{
    s->broken = true;                                       /* without knowing where the next element begins */
    return source_bad(s, s->place.line, "%s is expected here", wanted);
}

/* The byte that follows white space; 0 at the file's end. The window then begins with it. */
static Status next_byte(Source *s, char *c)
{
    Status st = source_skip_blank(s, " \t\r");
    size_t i = 0;
    *c = 0;
    if (st != OK) return st;
    while (source_has(s, i, &st) && memchr(" \t\r\n", s->in.data[i], 4)) i++;      /* up to here within its line */
    if (st != OK) return st;
    if (i < s->in.n) *c = s->in.data[i];
    pass(s, i);
    return OK;
}

/* Past the value at the place, however long. */
static Status skip_value(Source *s)
{
    Skim   k = { 0 };
    bool   done = false;
    Status st = OK;
    while (source_has(s, 0, &st)) {
        size_t n = skim(&k, s->in.data, s->in.n, &done);
        pass(s, n);
        if (done) return OK;
    }
    return st != OK ? st : k.scalar ? OK : cut_short(s);
}

/* The bytes of the value at the place, in the window. */
static Status measure_value(Source *s, size_t *n)
{
    Skim   k = { 0 };
    bool   done = false;
    Status st = OK;
    *n = 0;
    while (!done && source_has(s, *n, &st)) *n += skim(&k, s->in.data + *n, s->in.n - *n, &done);
    if (st == ERR_DATA) {
        s->broken = true;
        return hint(source_bad(s, s->place.line, "an element of more than %d MiB, the most that is read as one",
                               ROWS_MAX_ROW >> 20), "split it, or name a list within it: FILE#key.key");
    }
    return st != OK || done || k.scalar ? st : cut_short(s);
}

/* ---- the way to the list ---------------------------------------------------------------------------------------- */

static Status no_such_key(Source *s, const char *key, size_t n_key, const Text *seen)
{
    s->broken = true;
    if (n_key == 0)
        return hint(fail(ERR_DATA, "%s: is one object, and no list in it is named; its keys are %s", s->path,
                         seen->len ? seen->data : "none"), "write which one is read behind the path: FILE#key");
    return hint(fail(ERR_DATA, "%s: there is no key \"%.*s\"; there are %s", s->path, (int)n_key, key,
                     seen->len ? seen->data : "none"), "what follows # in the path names the list: FILE#key.key");
}

/* From the object at the place to the value of its key. */
static Status enter_key(Source *s, const char *key, size_t n_key)
{
    Text   seen = { 0 };
    char   c;
    Status st = next_byte(s, &c);
    if (st == OK && c != '{') st = unexpected(s, "an object { } that holds the list");
    if (st == OK) pass(s, 1);
    for (bool found = false; st == OK && !found;) {
        size_t n;
        if ((st = next_byte(s, &c)) != OK) break;
        if (c == '}') st = no_such_key(s, key, n_key, &seen);
        else if (c != '"') st = unexpected(s, "a key in double quotes");
        if (st != OK || (st = measure_value(s, &n)) != OK) break;
        found = n == n_key + 2 && memcmp(s->in.data + 1, key, n_key) == 0;
        st = source_check_bytes(s, s->in.data, n, s->place.line);
        if (st == OK && seen.len + n < 400)
            st = text_addf(&seen, "%s%.*s", seen.len ? ", " : "", (int)n - 2, s->in.data + 1);
        pass(s, n);
        if (st == OK) st = next_byte(s, &c);
        if (st == OK && c != ':') st = unexpected(s, "a colon behind the key");
        if (st != OK) break;
        pass(s, 1);
        if (found || (st = next_byte(s, &c)) != OK || (st = skip_value(s)) != OK) break;
        if ((st = next_byte(s, &c)) != OK) break;
        if (c == ',') pass(s, 1);
        else if (c != '}') st = unexpected(s, "a comma or }");
    }
    text_release(&seen);
    return st;
}

static Status enter_list(Source *s)
{
    char c;
    TRY(next_byte(s, &c));
    if (c != '[') return unexpected(s, "a list [ ]");
    pass(s, 1);
    s->list_begin = s->in.at;
    return OK;
}

Status elements_begin(Source *s, ElementsKind kind, const char *default_key)
{
    const char *path = s->file->key;
    char        c;
    s->element_place.at = s->element_end = -1;
    TRY(next_byte(s, &c));
    s->layout = SOURCE_LINES;
    if (!path && c == '[') {
        s->layout = SOURCE_LIST;
        return enter_list(s);
    }
    if (!path && kind == ELEMENTS_LIST_OR_LINES) return OK;
    s->layout = SOURCE_LIST_WITHIN;
    if (!path) path = default_key ? default_key : "";
    for (size_t n;; path += n + 1) {
        n = strcspn(path, ".");
        TRY(enter_key(s, path, n));
        if (!path[n]) break;
    }
    return enter_list(s);
}

/* ---- elements --------------------------------------------------------------------------------------------------- */

static Status end_of_list(Source *s, bool *end)
{
    char c;
    *end = true;
    pass(s, 1);
    if (s->layout != SOURCE_LIST) return OK;                /* what else the object holds is not ours to judge */
    TRY(next_byte(s, &c));
    return c ? unexpected(s, "nothing more, behind the list,") : OK;
}

static Status next_of_list(Source *s, const char **bytes, size_t *n, Place *place, bool *end)
{
    char c;
    bool behind = s->in.at == s->element_end, first = s->in.at == s->list_begin;      /* neither: it was sought */
    TRY(next_byte(s, &c));
    if (c == ']') return end_of_list(s, end);
    if (behind || (c == ',' && !first)) {
        if (c != ',') return c ? unexpected(s, "a comma or ]") : cut_short(s);
        pass(s, 1);
        TRY(next_byte(s, &c));
    }
    if (!c) return cut_short(s);
    if (strchr("}]:,", c)) return unexpected(s, "an element of the list");
    *place = (Place){ s->place.at, s->place.line, s->place.file, 0 };
    TRY(measure_value(s, n));
    *bytes = s->in.data;
    Status st = source_check_bytes(s, *bytes, *n, place->line);
    pass(s, *n);
    s->element_end = s->in.at;
    return st;
}

Status elements_next(Source *s, const char **bytes, size_t *n, Place *place, bool *end)
{
    *place = s->place;
    *end = false;
    if (s->layout != SOURCE_LINES) return next_of_list(s, bytes, n, place, end);
    TRY(source_skip_blank(s, " \t\r"));
    *place = s->place;
    Status st = source_line(s, bytes, n, end);
    s->element_end = s->in.at;
    return st;
}

Status elements_hold(Source *s, bool *end)
{
    const char *bytes;
    size_t      n;
    int32_t     item = s->place.item;
    *end = false;
    if (s->element && s->element_place.file == s->place.file && s->element_place.at == s->place.at) return OK;
    cJSON_Delete(s->element);
    s->element = NULL;
    TRY(elements_next(s, &bytes, &n, &s->element_place, end));
    if (*end) return OK;
    s->behind_element = s->place;
    TRY(json_value(s, bytes, n, s->element_place.line, &s->element));
    s->element_changed = true;
    s->place = s->element_place;
    s->place.item = item;
    return OK;
}

Status elements_leave(Source *s)
{
    cJSON_Delete(s->element);
    s->element = NULL;
    TRY(input_seek(&s->in, s->element_end));
    s->place = s->behind_element;
    return OK;
}
