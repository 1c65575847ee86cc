/* data/tokenizer/json_build.h: pieces of a tokenizer.json, for the loaders that write one for another kind of file. */
#ifndef DATA_TOKENIZER_JSON_BUILD_H
#define DATA_TOKENIZER_JSON_BUILD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

Status build_bool(cJSON *o, const char *key, bool v) MUST_USE;
Status build_null(cJSON *o, const char *key) MUST_USE;
Status build_object(cJSON *o, const char *key, cJSON **member) MUST_USE;     /* key "" in a list */
Status build_array(cJSON *o, const char *key, cJSON **member) MUST_USE;
/* { "type": type } as member `key`, or as one more of a list. */
Status build_part(cJSON *o, const char *key, const char *type, cJSON **part) MUST_USE;
/* version, truncation and padding: what every tokenizer.json begins with. */
Status build_head(cJSON *root) MUST_USE;
Status build_added(cJSON *list, int32_t id, const char *content, bool special) MUST_USE;

/* A TemplateProcessing: `first` A `last`, for a pair `first` A `middle` B `last`; NULL: nothing there. */
typedef struct BuildToken { const char *content; int32_t id; } BuildToken;
typedef struct BuildTemplate {
    const BuildToken *first, *last, *pair_middle[2];
    int               second_segment;             /* of B and what follows it */
} BuildTemplate;
Status build_template(cJSON *root, const BuildTemplate *t) MUST_USE;

/* pre_tokenizer and decoder of a byte-level model. Regular expressions cut the text one after the other; with none it
 * is ByteLevel's own, GPT-2's. */
Status build_byte_level(cJSON *root, const char *const *regexes, size_t n, bool add_prefix_space) MUST_USE;

#define BUILD_REGEX_DIGIT "\\p{N}"
#define BUILD_REGEX_GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define BUILD_REGEX_WORDS(digits)                                                                                    \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+" \
    "|\\s+(?!\\S)|\\s+"
#define BUILD_REGEX_LLAMA3 BUILD_REGEX_WORDS("\\p{N}{1,3}")
#define BUILD_REGEX_QWEN2 BUILD_REGEX_WORDS("\\p{N}")

#endif
