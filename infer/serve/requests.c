#include "infer/serve/requests.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

bool request_json(cJSON **out, const char *body, size_t n, ApiError *e)
{
    *out = NULL;
    if (n == 0) return api_fail(e, API_BAD_JSON, NULL, "the request has no body; a JSON object is expected");
    Status s = json_parse(out, body, n, "body", JSON_REFUSE_NUL);
    if (s == ERR_MEMORY) return api_fail_status(e, s, NULL);
    if (s != OK) return api_fail(e, API_BAD_JSON, NULL, "the body is not valid JSON: %s", status_fact());
    if (cJSON_IsObject(*out)) return true;
    cJSON_Delete(*out);
    *out = NULL;
    return api_fail(e, API_BAD_JSON, NULL, "the body must be a JSON object");
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static bool check_fields(const cJSON *json, const char *const *known, size_t n_known, const RequestRules *rules,
                         ApiError *e)
{
    for (const cJSON *c = json->child; c; c = c->next) {
        bool found = false;
        for (size_t i = 0; i < n_known; i++) found |= strcmp(known[i], c->string) == 0;
        if (found) continue;
        const char *near = text_nearest(c->string, known, n_known);
        if (rules->strict && near)
            return api_fail(e, API_UNKNOWN_FIELD, c->string, "unknown field \"%s\"; did you mean \"%s\"?", c->string,
                            near);
        if (rules->strict) return api_fail(e, API_UNKNOWN_FIELD, c->string, "unknown field \"%s\"", c->string);
        if (rules->ignored) rules->ignored(rules->arg, c->string);
    }
    return true;
}

static bool get_string(const char **out, const cJSON *json, const char *key, ApiError *e)
{
    const cJSON *v = json_get(json, key);
    *out = NULL;
    if (!v) return true;
    if (!cJSON_IsString(v)) return api_fail(e, API_BAD_REQUEST, key, "\"%s\" must be a string", key);
    *out = v->valuestring;
    return true;
}

static bool get_bool(bool *out, const cJSON *json, const char *key, bool fallback, ApiError *e)
{
    const cJSON *v = json_get(json, key);
    *out = v ? cJSON_IsTrue(v) : fallback;
    return !v || cJSON_IsBool(v) || api_fail(e, API_BAD_REQUEST, key, "\"%s\" must be true or false", key);
}

/* 0 when absent. */
static bool get_count(int64_t *out, const cJSON *json, const char *key, ApiError *e)
{
    const cJSON *v = json_get(json, key);
    *out = 0;
    if (!v) return true;
    if (!json_is_integer(v) || v->valuedouble < 1 || v->valuedouble > 1e9)
        return api_fail(e, API_BAD_REQUEST, key, "\"%s\" must be a whole number from 1", key);
    *out = (int64_t)v->valuedouble;
    return true;
}

static bool get_choice(const char **out, const cJSON *json, const char *key, const char *const *words, size_t n,
                       ApiError *e)
{
    if (!get_string(out, json, key, e)) return false;
    if (!*out) return true;
    for (size_t i = 0; i < n; i++)
        if (strcmp(*out, words[i]) == 0) return true;
    return api_fail(e, API_BAD_REQUEST, key, "\"%s\" is \"%s\"; it can be \"%s\"%s%s%s", key, *out, words[0],
                    n > 1 ? " or \"" : "", n > 1 ? words[1] : "", n > 1 ? "\"" : "");
}

static bool check_count(int64_t n, const char *key, const RequestRules *rules, ApiError *e)
{
    if (n == 0) return api_fail(e, API_BAD_REQUEST, key, "\"%s\" is an empty list", key);
    return n <= rules->max_items
        || api_fail(e, API_BAD_REQUEST, key, "\"%s\" has %lld items, at most %lld are taken at once", key, (long long)n,
                    (long long)rules->max_items);
}

static bool out_of_memory(ApiError *e) { return api_fail_status(e, ERR_MEMORY, NULL); }

static bool set_text(const char **to, const cJSON *v, const char *key, ApiError *e)
{
    if (!cJSON_IsString(v))
        return api_fail(e, API_BAD_REQUEST, key, "\"%s\" must be a string or a list of strings", key);
    if (!v->valuestring[0]) return api_fail(e, API_BAD_REQUEST, key, "\"%s\" has an empty string", key);
    *to = v->valuestring;
    return true;
}

/* ---- embeddings -------------------------------------------------------------------------------------------------- */

static bool read_ids(const cJSON *list, int32_t **next, RequestInput *to, ApiError *e)
{
    const cJSON *v;
    to->ids = *next;
    cJSON_ArrayForEach(v, list) {
        if (!json_is_integer(v) || v->valuedouble < 0 || v->valuedouble > INT32_MAX)
            return api_fail(e, API_BAD_REQUEST, "input", "a list of token ids has something that is no token id");
        *(*next)++ = (int32_t)v->valuedouble;
    }
    to->n_ids = *next - to->ids;
    return to->n_ids > 0 || api_fail(e, API_BAD_REQUEST, "input", "\"input\" has an empty list of token ids");
}

/* A string, strings, token ids, or lists of token ids. */
static bool read_input(EmbeddingsRequest *r, const cJSON *input, const RequestRules *rules, ApiError *e)
{
    const cJSON *v;
    bool is_list = cJSON_IsArray(input), one_list = is_list && cJSON_IsNumber(input->child);
    int64_t n = is_list && !one_list ? cJSON_GetArraySize(input) : 1, i = 0;
    size_t  n_ids = 0;
    if (!input) return api_fail(e, API_BAD_REQUEST, "input", "\"input\" is missing");
    if (!is_list && !cJSON_IsString(input))
        return api_fail(e, API_BAD_REQUEST, "input",
                        "\"input\" must be a string, a list of strings, token ids, or lists of token ids");
    if (!check_count(n, "input", rules, e)) return false;
    if (one_list) n_ids = (size_t)cJSON_GetArraySize(input);
    else cJSON_ArrayForEach(v, input) n_ids += cJSON_IsArray(v) ? (size_t)cJSON_GetArraySize(v) : 0;
    if (mem_new(&r->inputs, (size_t)n, sizeof *r->inputs) != OK || mem_new(&r->pool, n_ids + 1, sizeof *r->pool) != OK)
        return out_of_memory(e);
    r->n = n;
    int32_t *next = r->pool;
    if (one_list) return read_ids(input, &next, r->inputs, e);
    if (!is_list) return set_text(&r->inputs[0].text, input, "input", e);
    cJSON_ArrayForEach(v, input) {
        RequestInput *to = &r->inputs[i++];
        if (cJSON_IsArray(v) ? !read_ids(v, &next, to, e) : !set_text(&to->text, v, "input", e)) return false;
    }
    return true;
}

bool embeddings_parse(EmbeddingsRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e)
{
    static const char *const known[] = { "model", "input", "encoding_format", "dimensions", "user", "truncate",
                                         "normalize", "pooling", "input_type" };
    static const char *const formats[] = { "float", "base64" };
    static const char *const poolings[] = { "mean", "cls" }, *const types[] = { "query", "passage" };
    const char *format, *user, *type;
    bool        normalize;
    *r = (EmbeddingsRequest){ 0 };
    if (!check_fields(json, known, COUNT(known), rules, e) || !get_string(&r->model, json, "model", e)) return false;
    if (!r->model || !r->model[0])
        return api_fail(e, API_BAD_REQUEST, "model", "\"model\" is missing; GET /v1/models lists what there is");
    if (!get_choice(&format, json, "encoding_format", formats, COUNT(formats), e)
        || !get_count(&r->dimensions, json, "dimensions", e)
        || !get_string(&user, json, "user", e) || !get_bool(&r->truncate, json, "truncate", false, e)
        || !get_bool(&normalize, json, "normalize", true, e)
        || !get_choice(&r->pooling, json, "pooling", poolings, COUNT(poolings), e)
        || !get_choice(&type, json, "input_type", types, COUNT(types), e))
        return false;
    r->base64 = format && strcmp(format, "base64") == 0;
    r->unnormalized = !normalize;
    return read_input(r, json_get(json, "input"), rules, e);
}

void embeddings_release(EmbeddingsRequest *r)
{
    free(r->inputs);
    free(r->pool);
    *r = (EmbeddingsRequest){ 0 };
}

/* ---- classify ---------------------------------------------------------------------------------------------------- */

static bool read_texts(ClassifyRequest *r, const cJSON *text, const cJSON *pair, const RequestRules *rules, ApiError *e)
{
    const cJSON *v;
    int64_t      i = 0;
    if (!text) return api_fail(e, API_BAD_REQUEST, "text", "\"text\" is missing");
    r->is_list = cJSON_IsArray(text);
    r->has_pairs = pair != NULL;
    int64_t n = r->is_list ? cJSON_GetArraySize(text) : 1;
    if (!check_count(n, "text", rules, e)) return false;
    if (pair && (cJSON_IsArray(pair) != r->is_list || (r->is_list && cJSON_GetArraySize(pair) != n)))
        return api_fail(e, API_BAD_REQUEST, "text_pair", "\"text_pair\" must have as many texts as \"text\"");
    if (mem_new(&r->inputs, (size_t)n, sizeof *r->inputs) != OK) return out_of_memory(e);
    r->n = n;
    if (!r->is_list)
        return set_text(&r->inputs[0].text, text, "text", e)
            && (!pair || set_text(&r->inputs[0].pair, pair, "text_pair", e));
    cJSON_ArrayForEach(v, text)
        if (!set_text(&r->inputs[i++].text, v, "text", e)) return false;
    i = 0;
    cJSON_ArrayForEach(v, pair)
        if (!set_text(&r->inputs[i++].pair, v, "text_pair", e)) return false;
    return true;
}

/* What the published form has and this server cannot do yet. */
static bool check_later(const cJSON *json, const char *const *later, size_t n, ApiError *e)
{
    for (size_t i = 0; i < n; i++) {
        const cJSON *v = json_get(json, later[i]);
        if (v && !cJSON_IsFalse(v))
            return api_fail(e, API_BAD_REQUEST, later[i], "\"%s\" is not supported by this server yet", later[i]);
    }
    return true;
}

bool classify_parse(ClassifyRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e)
{
    static const char *const known[] = { "model", "text", "text_pair", "top_k", "truncate", "labels", "multi_label",
                                         "explain", "language", "user", "idempotency" };
    static const char *const later[] = { "labels", "multi_label", "explain" };
    const char *language, *user;
    *r = (ClassifyRequest){ 0 };
    if (!check_fields(json, known, COUNT(known), rules, e) || !check_later(json, later, COUNT(later), e)) return false;
    if (!get_string(&r->model, json, "model", e) || !get_count(&r->top_k, json, "top_k", e)
        || !get_bool(&r->truncate, json, "truncate", false, e)
        || !get_string(&language, json, "language", e) || !get_string(&user, json, "user", e))
        return false;
    if (r->model && !r->model[0]) r->model = NULL;
    return read_texts(r, json_get(json, "text"), json_get(json, "text_pair"), rules, e);
}

void classify_release(ClassifyRequest *r)
{
    free(r->inputs);
    *r = (ClassifyRequest){ 0 };
}

/* ---- entities and answers ---------------------------------------------------------------------------------------- */

bool ner_parse(ClassifyRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e)
{
    static const char *const known[] = { "model", "text", "aggregate", "truncate", "language", "user" };
    static const char *const ways[] = { "first", "simple" };      /* both: a word is what its first token is */
    const char *way, *language, *user;
    *r = (ClassifyRequest){ 0 };
    if (!check_fields(json, known, COUNT(known), rules, e) || !get_string(&r->model, json, "model", e)
        || !get_choice(&way, json, "aggregate", ways, COUNT(ways), e)
        || !get_bool(&r->truncate, json, "truncate", false, e)
        || !get_string(&language, json, "language", e) || !get_string(&user, json, "user", e))
        return false;
    if (r->model && !r->model[0]) r->model = NULL;
    return read_texts(r, json_get(json, "text"), NULL, rules, e);
}

bool qa_parse(QaRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e)
{
    static const char *const known[] = { "model", "question", "context", "vector_store_id", "top_k", "no_answer",
                                         "language", "user" };
    static const char *const later[] = { "vector_store_id", "no_answer" };
    const cJSON *question = json_get(json, "question"), *context = json_get(json, "context");
    const char  *language, *user;
    int64_t      top_k;
    *r = (QaRequest){ 0 };
    if (!check_fields(json, known, COUNT(known), rules, e) || !check_later(json, later, COUNT(later), e)
        || !get_string(&r->model, json, "model", e) || !get_count(&top_k, json, "top_k", e)
        || !get_string(&language, json, "language", e) || !get_string(&user, json, "user", e))
        return false;
    if (top_k > 1) return api_fail(e, API_BAD_REQUEST, "top_k", "\"top_k\" above 1 is not supported by this server yet");
    if (!question) return api_fail(e, API_BAD_REQUEST, "question", "\"question\" is missing");
    if (!context) return api_fail(e, API_BAD_REQUEST, "context", "\"context\" is missing");
    if (r->model && !r->model[0]) r->model = NULL;
    return set_text(&r->input.text, question, "question", e) && set_text(&r->input.pair, context, "context", e);
}
