/* data/readers/json_scan.h: the members of one JSON object, found in one pass without building a tree.
 *
 * For the common row: most of its keys are not wanted, and its strings hold few escapes. Whatever is out of the ordinary
 * (wrong JSON, a key with escapes, many keys, a lone surrogate) is answered with false, and core/json.h is asked instead;
 * what is answered with true, json_parse(JSON_REFUSE_NUL) accepts too. */
#ifndef DATA_READERS_JSON_SCAN_H
#define DATA_READERS_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"

enum { JSON_SCAN_MEMBERS = 64 };

typedef struct JsonMember {
    const char *key, *value;       /* key: between its quotes; value: as it stands, with its quotes or brackets */
    size_t      n_key, n_value;
} JsonMember;

typedef struct JsonMembers {
    JsonMember items[JSON_SCAN_MEMBERS];
    int        n;
} JsonMembers;

bool json_scan_object(JsonMembers *out, const char *text, size_t n);
const JsonMember *json_scan_find(const JsonMembers *m, const char *key);      /* NULL when there is none */
/* Appends a string value without quotes and escapes. */
Status json_scan_string(const JsonMember *m, Text *to) MUST_USE;

#endif
