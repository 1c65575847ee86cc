/* tests/fuzz/http_body_fuzz.c: any bytes as the body of the POST routes. The first byte chooses route (two bits), strictness
 * and the most items; what is taken must be usable, and what is refused must have an error body that is JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/serve/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *arg, const char *name) { *(size_t *)arg += strlen(name); }

static void check_inputs(const RequestInput *inputs, int64_t n, int64_t most)
{
    if (n < 1 || n > most) abort();
    for (int64_t i = 0; i < n; i++) {
        const RequestInput *in = &inputs[i];
        if (in->text ? !in->text[0] || !utf8_valid(in->text, strlen(in->text), NULL) : in->n_ids < 1) abort();
        if (in->pair && !in->pair[0]) abort();
        for (int64_t k = 0; k < in->n_ids; k++)
            if (in->ids[k] < 0) abort();
    }
}

static void check_error(const ApiError *e)
{
    Text   t = { 0 };
    cJSON *json;
    if (e->kind == API_OK || !e->message[0]) abort();
    if (api_error_body(e, &t) != OK || json_parse(&json, t.data, t.len, "error", JSON_STRICT) != OK) abort();
    if (cJSON_GetArraySize(json_get(json, "error")) != 4) abort();
    cJSON_Delete(json);
    text_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t   n_ignored = 0;
    ApiError e = { 0 };
    cJSON   *json;
    if (size == 0) return 0;
    RequestRules rules = { 1 + (data[0] / 4) % 32, (data[0] & 2) != 0, ignore, &n_ignored };
    bool extract = data[0] & 0x80;
    bool ok = request_json(&json, (const char *)data + 1, size - 1, &e);
    if (ok && extract && (data[0] & 1)) {
        ClassifyRequest r = { 0 };
        ok = ner_parse(&r, json, &rules, &e);
        if (ok) check_inputs(r.inputs, r.n, rules.max_items);
        classify_release(&r);
    } else if (ok && extract) {
        QaRequest r = { 0 };
        ok = qa_parse(&r, json, &rules, &e);
        if (ok) check_inputs(&r.input, 1, 1);
        if (ok && !r.input.pair) abort();
    } else if (ok && (data[0] & 1)) {
        ClassifyRequest r = { 0 };
        ok = classify_parse(&r, json, &rules, &e);
        if (ok) check_inputs(r.inputs, r.n, rules.max_items);
        classify_release(&r);
    } else if (ok) {
        EmbeddingsRequest r = { 0 };
        ok = embeddings_parse(&r, json, &rules, &e);
        if (ok) check_inputs(r.inputs, r.n, rules.max_items);
        if (ok && (!r.model || !r.model[0])) abort();
        embeddings_release(&r);
    }
    if (!ok) check_error(&e);
    cJSON_Delete(json);
    return 0;
}
