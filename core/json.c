#include "core/json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"

/* ---- the scanner: what cJSON lets pass and we do not ------------------------------------------------------------ */

typedef struct Scan {
    const char *text, *name;
    size_t      n, at;
    bool        refuse_nul;
} Scan;

static Status bad(const Scan *s, size_t at, const char *what)
{
    int line = 1, col = 1;
    for (size_t i = 0; i < at && i < s->n; i++) {
        if (s->text[i] == '\n') { line++; col = 1; }
        else col++;
    }
    return fail(ERR_FORMAT, "%s:%d:%d: %s", s->name, line, col, what);
}

static void skip_space(Scan *s)
{
    while (s->at < s->n && memchr(" \t\r\n", s->text[s->at], 4)) s->at++;
}

/* Whether an escape follows the backslash at s->at; cJSON would take wrong digits after \u for 0000. */
static bool escape_is_json(const Scan *s)
{
    if (s->at + 1 >= s->n || !memchr("\"\\/bfnrtu", s->text[s->at + 1], 9)) return false;
    if (s->text[s->at + 1] != 'u') return true;
    if (s->n - s->at < 6) return false;
    for (size_t i = s->at + 2; i < s->at + 6; i++) if (!isxdigit((unsigned char)s->text[i])) return false;
    return true;
}

static Status scan_string(Scan *s, size_t *begin, size_t *end)
{
    if (s->at >= s->n || s->text[s->at] != '"') return bad(s, s->at, "a string in double quotes is expected here");
    *begin = ++s->at;
    while (s->at < s->n && s->text[s->at] != '"') {
        unsigned char c = (unsigned char)s->text[s->at];
        if (c < 0x20) return bad(s, s->at, "a control character inside a string must be escaped");
        if (c == '\\') {
            if (!escape_is_json(s)) return bad(s, s->at, "this escape is not JSON");
            if (s->refuse_nul && s->n - s->at >= 6 && memcmp(s->text + s->at, "\\u0000", 6) == 0)
                return bad(s, s->at, "\\u0000 is not accepted in text");
            s->at++;
        }
        s->at++;
    }
    if (s->at >= s->n) return bad(s, *begin - 1, "this string is never closed");
    *end = s->at++;
    return OK;
}

static int compare_keys(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Keys are compared after cJSON has decoded them, so that two spellings of one key by escapes are caught. */
static Status refuse_duplicates(const cJSON *v, const char *name)
{
    size_t n = 0;
    for (const cJSON *c = v->child; c; c = c->next) {
        TRY(refuse_duplicates(c, name));
        n++;
    }
    if (!cJSON_IsObject(v) || n < 2) return OK;
    const char **keys;
    TRY(mem_new(&keys, n, sizeof *keys));
    size_t i = 0;
    for (const cJSON *c = v->child; c; c = c->next) keys[i++] = c->string;
    qsort(keys, n, sizeof *keys, compare_keys);
    Status s = OK;
    for (i = 1; i < n && s == OK; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            s = hint(fail(ERR_FORMAT, "%s: the key \"%s\" stands twice in one object", name, keys[i]),
                     "keep one of them");
    free(keys);
    return s;
}

static Status scan_value(Scan *s, int depth)
{
    skip_space(s);
    if (s->at >= s->n) return bad(s, s->at, "the text ends where a value is expected");
    size_t begin, end;
    char   c = s->text[s->at];
    if (c == '"') return scan_string(s, &begin, &end);
    if (c == '{' || c == '[') {
        if (depth >= JSON_MAX_DEPTH) return bad(s, s->at, "nested deeper than 64 levels");
        char close = c == '{' ? '}' : ']';
        s->at++;
        skip_space(s);
        if (s->at < s->n && s->text[s->at] == close) { s->at++; return OK; }
        for (;;) {
            if (c == '{') {
                skip_space(s);
                TRY(scan_string(s, &begin, &end));
                skip_space(s);
                if (s->at >= s->n || s->text[s->at] != ':') return bad(s, s->at, "a colon is missing after this key");
                s->at++;
            }
            TRY(scan_value(s, depth + 1));
            skip_space(s);
            if (s->at < s->n && s->text[s->at] == close) { s->at++; return OK; }
            if (s->at >= s->n || s->text[s->at] != ',')
                return bad(s, s->at, c == '{' ? "a comma or } is missing here" : "a comma or ] is missing here");
            s->at++;
            skip_space(s);
            if (s->at < s->n && s->text[s->at] == close)
                return bad(s, s->at, "a comma before a closing bracket is not JSON");
        }
    }
    static const char *const words[] = { "true", "false", "null" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (s->n - s->at >= strlen(words[i]) && memcmp(s->text + s->at, words[i], strlen(words[i])) == 0) {
            s->at += strlen(words[i]);
            return OK;
        }
    size_t start = s->at;                                   /* number: RFC 8259 section 6 */
    if (s->at < s->n && s->text[s->at] == '-') s->at++;
    size_t digits = s->at;
    while (s->at < s->n && s->text[s->at] >= '0' && s->text[s->at] <= '9') s->at++;
    if (s->at == digits || (s->text[digits] == '0' && s->at > digits + 1))
        return bad(s, start, "this is not a JSON value");
    if (s->at < s->n && s->text[s->at] == '.') {
        digits = ++s->at;
        while (s->at < s->n && s->text[s->at] >= '0' && s->text[s->at] <= '9') s->at++;
        if (s->at == digits) return bad(s, start, "digits are missing after the decimal point");
    }
    if (s->at < s->n && (s->text[s->at] == 'e' || s->text[s->at] == 'E')) {
        s->at++;
        if (s->at < s->n && (s->text[s->at] == '+' || s->text[s->at] == '-')) s->at++;
        digits = s->at;
        while (s->at < s->n && s->text[s->at] >= '0' && s->text[s->at] <= '9') s->at++;
        if (s->at == digits) return bad(s, start, "digits are missing in this exponent");
    }
    if (s->at - start > 60) return bad(s, start, "a number of more than 60 characters");
    return OK;
}

/* // and block comments become spaces, so that lines and columns stay. */
static void blank_comments(char *p, size_t n)
{
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        if (in_string) {
            if (p[i] == '\\') i++;
            else if (p[i] == '"') in_string = false;
        } else if (p[i] == '"') {
            in_string = true;
        } else if (p[i] == '/' && i + 1 < n && p[i + 1] == '/') {
            while (i < n && p[i] != '\n') p[i++] = ' ';
        } else if (p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
            size_t end = i + 2;
            while (end + 1 < n && !(p[end] == '*' && p[end + 1] == '/')) end++;
            end = end + 2 < n ? end + 2 : n;
            for (; i < end; i++) if (p[i] != '\n') p[i] = ' ';
            i--;
        }
    }
}

static void blank_mark(char *p, size_t n)      /* UTF-8's byte order mark */
{
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) memset(p, ' ', 3);
}

Status json_parse(cJSON **out, const char *text, size_t n, const char *name, int flags)
{
    *out = NULL;
    char  *copy;
    size_t bad_at;
    TRY(mem_new(&copy, n + 1, 1));
    memcpy(copy, text, n);
    blank_mark(copy, n);
    Scan   scan = { copy, name, n, 0, (flags & JSON_REFUSE_NUL) != 0 };
    Status s = OK;
    if (!utf8_valid(copy, n, &bad_at)) s = bad(&scan, bad_at, "these bytes are not UTF-8");
    else if (memchr(copy, 0, n)) s = bad(&scan, (size_t)((char *)memchr(copy, 0, n) - copy), "a NUL byte");
    if (s == OK && (flags & JSON_COMMENTS)) blank_comments(copy, n);
    if (s == OK) s = scan_value(&scan, 0);
    skip_space(&scan);
    if (s == OK && scan.at < n) s = bad(&scan, scan.at, "text follows after the end of the JSON value");
    if (s == OK && !(*out = cJSON_ParseWithLength(copy, n)))
        s = bad(&scan, 0, "cannot be read as JSON (an escape or a number is wrong)");
    if (s == OK) s = refuse_duplicates(*out, name);
    if (s != OK) {
        cJSON_Delete(*out);
        *out = NULL;
    }
    free(copy);
    return s;
}

Status json_read_file(cJSON **out, const char *path, int flags)
{
    char  *text;
    size_t n;
    *out = NULL;
    TRY(file_read(&text, &n, path, JSON_MAX_FILE));
    Status s = json_parse(out, text, n, path, flags);
    free(text);
    return s;
}

/* ---- lines of paths ---------------------------------------------------------------------------------------------- */

/* Walks to the value of one path step at the current object or array; leaves s->at on the value. */
static bool step_into(Scan *s, const char **path)
{
    skip_space(s);
    if (s->at >= s->n) return false;
    bool        index = **path == '[';
    size_t      len = index ? strcspn(*path, "]") : strcspn(*path, ".[");
    long        want = index ? atol(*path + 1) : 0;
    const char *key = *path;
    *path += len + (index && (*path)[len] == ']');
    if (**path == '.') (*path)++;
    if (s->text[s->at] != (index ? '[' : '{')) return false;
    s->at++;
    skip_space(s);
    if (index && s->at < s->n && s->text[s->at] == ']') return false;
    for (long i = 0;; i++) {
        size_t begin = 0, end = 0;
        skip_space(s);
        if (!index) {
            if (scan_string(s, &begin, &end) != OK) return false;
            skip_space(s);
            s->at++;                                           /* the colon */
            skip_space(s);
        }
        if (index ? i == want : end - begin == len && memcmp(s->text + begin, key, len) == 0) return true;
        if (scan_value(s, 0) != OK) return false;
        skip_space(s);
        if (s->at >= s->n || s->text[s->at] != ',') return false;
        s->at++;
    }
}

int json_line_of(const char *text, size_t n, const char *path)
{
    char *copy = malloc(n + 1);
    if (!copy) return 0;
    memcpy(copy, text, n);
    blank_mark(copy, n);
    blank_comments(copy, n);
    Scan s = { copy, "", n, 0, false };
    int  line = 1;
    skip_space(&s);
    while (*path)
        if (!step_into(&s, &path)) {
            line = 0;
            break;
        }
    if (line) for (size_t i = 0; i < s.at; i++) line += copy[i] == '\n';
    free(copy);
    return line;
}

/* ---- reading and writing members --------------------------------------------------------------------------------- */

/* cJSON is content with 15 digits that are off by a unit in the last place; such numbers get 17, as raw text. */
static bool spell_exactly(cJSON *v)
{
    char text[32];
    for (; v; v = v->next) {
        if (v->child && !spell_exactly(v->child)) return false;
        if (!cJSON_IsNumber(v) || !isfinite(v->valuedouble)) continue;
        snprintf(text, sizeof text, "%.15g", v->valuedouble);
        if (strtod(text, NULL) == v->valuedouble) continue;
        snprintf(text, sizeof text, "%.17g", v->valuedouble);
        if (!(v->valuestring = strdup(text))) return false;
        v->type = (v->type & ~0xFF) | cJSON_Raw;
    }
    return true;
}

Status json_print(char **out, const cJSON *json, bool indented)
{
    cJSON *copy = cJSON_Duplicate(json, true);
    bool   exact = copy && spell_exactly(copy);
    *out = !exact ? NULL : indented ? cJSON_Print(copy) : cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    return *out ? OK : fail(ERR_MEMORY, "no memory to write JSON");
}

Status json_write_file(const cJSON *json, const char *path)
{
    char *text;
    TRY(json_print(&text, json, true));
    FileWriter w;
    Status s = file_create(&w, path);
    if (s == OK && (s = file_printf(&w, "%s\n", text)) == OK) s = file_commit(&w);
    else file_abort(&w);
    free(text);
    return s;
}

const cJSON *json_get(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return v && !cJSON_IsNull(v) ? v : NULL;
}

bool json_is_integer(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) && fabs(v->valuedouble) <= 9007199254740992.0;
}

static Status wrong_type(const char *where, const char *key, const char *want)
{
    return fail(ERR_FORMAT, "%s: \"%s\" must be %s", where, key, want);
}

Status json_get_string(const char **out, const cJSON *o, const char *key, const char *fallback, const char *where)
{
    const cJSON *v = json_get(o, key);
    if (v && !cJSON_IsString(v)) return wrong_type(where, key, "a string");
    *out = v ? v->valuestring : fallback;
    return OK;
}

Status json_get_int(int64_t *out, const cJSON *o, const char *key, int64_t fallback, const char *where)
{
    const cJSON *v = json_get(o, key);
    if (v && !json_is_integer(v)) return wrong_type(where, key, "a whole number");
    *out = v ? (int64_t)v->valuedouble : fallback;
    return OK;
}

Status json_get_number(double *out, const cJSON *o, const char *key, double fallback, const char *where)
{
    const cJSON *v = json_get(o, key);
    if (v && !cJSON_IsNumber(v)) return wrong_type(where, key, "a number");
    *out = v ? v->valuedouble : fallback;
    return OK;
}

Status json_get_bool(bool *out, const cJSON *o, const char *key, bool fallback, const char *where)
{
    const cJSON *v = json_get(o, key);
    if (v && !cJSON_IsBool(v)) return wrong_type(where, key, "true or false");
    *out = v ? cJSON_IsTrue(v) : fallback;
    return OK;
}

Status json_add(cJSON *o, const char *key, cJSON *value)
{
    bool added = value && (cJSON_IsArray(o) ? cJSON_AddItemToArray(o, value) : cJSON_AddItemToObject(o, key, value));
    if (added) return OK;
    cJSON_Delete(value);
    return fail(ERR_MEMORY, "no memory for JSON");
}

cJSON *json_strings(const char *const *items, size_t n)      /* cJSON's own refuses an empty list */
{
    return n ? cJSON_CreateStringArray(items, (int)n) : cJSON_CreateArray();
}

Status json_add_string(cJSON *o, const char *key, const char *s)
{
    return json_add(o, key, s ? cJSON_CreateString(s) : cJSON_CreateNull());
}

Status json_add_number(cJSON *o, const char *key, double v)
{
    return json_add(o, key, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}
