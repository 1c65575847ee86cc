/* core/json.h: cJSON, strict. Values are cJSON's own; this adds what a config or a request needs before cJSON may
 * read it: comments blanked in place (configs only), invalid UTF-8, NUL, depth over JSON_MAX_DEPTH and trailing text
 * refused with line and column, duplicate keys by name, and the line on which a path's value begins. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_FILE = 64 << 20 };

typedef enum JsonFlags { JSON_STRICT = 0, JSON_COMMENTS = 1, JSON_REFUSE_NUL = 2 } JsonFlags;

/* Parses text[0..n), which need not end in NUL. `name` is what errors call it. Free with cJSON_Delete. */
Status json_parse(cJSON **out, const char *text, size_t n, const char *name, int flags) MUST_USE;
Status json_read_file(cJSON **out, const char *path, int flags) MUST_USE;

/* The 1-based line where the value at "a.b[2].c" begins; 0 when there is none. Text as it was parsed (with comments). */
int    json_line_of(const char *text, size_t n, const char *path);

Status json_write_file(const cJSON *json, const char *path) MUST_USE;        /* indented, newline at the end; atomic */
Status json_print(char **out, const cJSON *json, bool indented) MUST_USE;    /* gives; numbers read back as they were */

/* Members with a check. Absent or null gives the fallback; a wrong type is ERR_FORMAT naming the key and `where`. */
Status json_get_string(const char **out, const cJSON *o, const char *key, const char *fallback,
                       const char *where) MUST_USE;
Status json_get_int(int64_t *out, const cJSON *o, const char *key, int64_t fallback, const char *where) MUST_USE;
Status json_get_number(double *out, const cJSON *o, const char *key, double fallback, const char *where) MUST_USE;
Status json_get_bool(bool *out, const cJSON *o, const char *key, bool fallback, const char *where) MUST_USE;
const cJSON *json_get(const cJSON *o, const char *key);      /* NULL when absent or null */
bool   json_is_integer(const cJSON *v);                      /* a whole number within +-2^53 */

/* Adding; cJSON's own failures become ERR_MEMORY. A non-finite number becomes null (JSON has none). */
Status json_add(cJSON *o, const char *key, cJSON *value) MUST_USE; /* takes value; NULL value is out of memory */
cJSON *json_strings(const char *const *items, size_t n);                     /* an array; NULL when memory ran out */
Status json_add_string(cJSON *o, const char *key, const char *s) MUST_USE;
Status json_add_number(cJSON *o, const char *key, double v) MUST_USE;

#endif
