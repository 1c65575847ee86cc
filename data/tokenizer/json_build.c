/* data/tokenizer/json_build.c: pieces of a tokenizer.json. */
#include "data/tokenizer/json_build.h"

#include <string.h>

#include "core/json.h"

Status build_bool(cJSON *o, const char *key, bool v) { return json_add(o, key, cJSON_CreateBool(v)); }
Status build_null(cJSON *o, const char *key) { return json_add(o, key, cJSON_CreateNull()); }

Status build_object(cJSON *o, const char *key, cJSON **member)
{
    *member = cJSON_CreateObject();
    return json_add(o, key, *member);
}

Status build_array(cJSON *o, const char *key, cJSON **member)
{
    *member = cJSON_CreateArray();
    return json_add(o, key, *member);
}

Status build_part(cJSON *o, const char *key, const char *type, cJSON **part)
{
    TRY(build_object(o, key, part));
    return json_add_string(*part, "type", type);
}

Status build_head(cJSON *root)
{
    TRY(json_add_string(root, "version", "1.0"));
    TRY(build_null(root, "truncation"));
    return build_null(root, "padding");
}

Status build_added(cJSON *list, int32_t id, const char *content, bool special)
{
    static const char *const no[] = { "single_word", "lstrip", "rstrip", "normalized" };
    cJSON *one;
    TRY(build_object(list, "", &one));
    TRY(json_add_number(one, "id", id));
    TRY(json_add_string(one, "content", content));
    for (size_t k = 0; k < COUNT(no); k++) TRY(build_bool(one, no[k], false));
    return build_bool(one, "special", special);
}

static Status add_piece(cJSON *list, const char *kind, const char *id, int segment)
{
    cJSON *outer, *inner;
    TRY(build_object(list, "", &outer));
    TRY(build_object(outer, kind, &inner));
    TRY(json_add_string(inner, "id", id));
    return json_add_number(inner, "type_id", segment);
}

static Status add_special(cJSON *list, const BuildToken *token, int segment)
{
    return token ? add_piece(list, "SpecialToken", token->content, segment) : OK;
}

static Status define_special(cJSON *specials, const BuildToken *token)
{
    cJSON *one, *ids, *tokens;
    if (!token || cJSON_GetObjectItemCaseSensitive(specials, token->content)) return OK;
    TRY(build_object(specials, token->content, &one));
    TRY(json_add_string(one, "id", token->content));
    TRY(build_array(one, "ids", &ids));
    TRY(json_add_number(ids, "", token->id));
    TRY(build_array(one, "tokens", &tokens));
    return json_add_string(tokens, "", token->content);
}

Status build_template(cJSON *root, const BuildTemplate *t)
{
    cJSON *part, *list, *specials;
    TRY(build_part(root, "post_processor", "TemplateProcessing", &part));
    for (int pair = 0; pair < 2; pair++) {
        TRY(build_array(part, pair ? "pair" : "single", &list));
        TRY(add_special(list, t->first, 0));
        TRY(add_piece(list, "Sequence", "A", 0));
        for (size_t k = 0; pair && k < COUNT(t->pair_middle); k++) TRY(add_special(list, t->pair_middle[k], 0));
        if (pair) TRY(add_piece(list, "Sequence", "B", t->second_segment));
        TRY(add_special(list, t->last, pair ? t->second_segment : 0));
    }
    TRY(build_object(part, "special_tokens", &specials));
    TRY(define_special(specials, t->first));
    TRY(define_special(specials, t->last));
    for (size_t k = 0; k < COUNT(t->pair_middle); k++) TRY(define_special(specials, t->pair_middle[k]));
    return OK;
}

Status build_byte_level(cJSON *root, const char *const *regexes, size_t n, bool add_prefix_space)
{
    cJSON *outer, *list, *part, *pattern;
    TRY(build_part(root, "pre_tokenizer", "Sequence", &outer));
    TRY(build_array(outer, "pretokenizers", &list));
    for (size_t i = 0; i < n; i++) {
        TRY(build_part(list, "", "Split", &part));
        TRY(build_object(part, "pattern", &pattern));
        TRY(json_add_string(pattern, "Regex", regexes[i]));
        TRY(json_add_string(part, "behavior", "Isolated"));
        TRY(build_bool(part, "invert", false));
    }
    TRY(build_part(list, "", "ByteLevel", &part));
    TRY(build_bool(part, "add_prefix_space", add_prefix_space));
    TRY(build_bool(part, "trim_offsets", true));
    TRY(build_bool(part, "use_regex", n == 0));
    TRY(build_part(root, "decoder", "ByteLevel", &part));
    TRY(build_bool(part, "add_prefix_space", true));
    TRY(build_bool(part, "trim_offsets", true));
    return build_bool(part, "use_regex", true);
}
