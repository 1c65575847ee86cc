/* data/readers/json_row.h: a JSON value as a row.
 *
 * A column is a key as it stands, or else a path: "a.b" reaches into objects, "a.0" into lists, "a.*.b" takes what each
 * thing of a list holds. A text is a string, or a list of strings, which line ends join. A label may be a number or a
 * bool too and becomes its text. Where tags are needed, text and label are lists of equal length: words and their tags. */
#ifndef DATA_READERS_JSON_ROW_H
#define DATA_READERS_JSON_ROW_H

#include "core/json.h"
#include "data/readers/readers.h"

/* bytes[0..n) are UTF-8 without NUL. */
Status json_row(Source *s, const char *bytes, size_t n, int64_t line, Row *out) MUST_USE;

/* For readers that look for keys of their own: the strictly parsed value (cJSON_Delete it), errors with file and line. */
Status json_value(const Source *s, const char *bytes, size_t n, int64_t line, cJSON **out) MUST_USE;
const char *json_type(const cJSON *v);                        /* "a string", "an object" */
/* What the path leads to; NULL when nothing. "*" is not followed. */
const cJSON *json_find(const cJSON *v, const char *column);
/* Appends the text of a string, or of a list's strings between line ends; with a path behind "*" in `rest`. */
Status json_text(Source *s, const cJSON *v, int64_t line, const char *column, Text *to) MUST_USE;
/* A string, number or bool as text; *out NULL when null. */
Status json_label(Source *s, const cJSON *v, int64_t line, const char *column, Text *to, const char **out) MUST_USE;

#endif
