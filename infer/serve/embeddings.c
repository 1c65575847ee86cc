/* infer/serve/embeddings.c: POST /v1/embeddings, in the form of the published clients: they ask for base64 of
 * little-endian floats unless told otherwise. */
#include "infer/serve/serve_internal.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

static void ignored(void *call, const char *name) { call_ignore_field(call, name); }

/* What was asked of this model that only some models can do. */
static bool suits(const ServedModel *m, const EmbeddingsRequest *r, ApiError *e)
{
    const ModelConfig *c = &engine_model(m->engine)->config;
    const char        *pooling = strcmp(c->pooling, "first") == 0 ? "cls" : "mean";
    if (r->dimensions && r->dimensions != engine_width(m->engine))
        return api_fail(e, API_BAD_REQUEST, "dimensions", "the model \"%s\" gives %lld dimensions and no other number",
                        m->name, (long long)engine_width(m->engine));
    if (r->unnormalized && c->normalize)
        return api_fail(e, API_BAD_REQUEST, "normalize", "the model \"%s\" gives vectors of length 1 only", m->name);
    if (r->pooling && strcmp(r->pooling, pooling) != 0)
        return api_fail(e, API_BAD_REQUEST, "pooling", "the model \"%s\" pools by \"%s\" and no other way", m->name,
                        pooling);
    return true;
}

static bool read_job(Call *call, ServedModel **m, QueueJob **job, bool *base64, ApiError *e)
{
    const ServerConfig *c = call->server->config;
    RequestRules      rules = { c->max_items, c->strict_params, ignored, call };
    EmbeddingsRequest r = { 0 };
    cJSON            *json;
    if (!request_json(&json, call->body, call->n_body, e)) return false;
    bool ok = embeddings_parse(&r, json, &rules, e) && models_find(call, r.model, USE_EMBED, m, e) && suits(*m, &r, e)
           && models_encode(call, *m, r.inputs, r.n, r.truncate, "input", job, e);
    *base64 = r.base64;
    embeddings_release(&r);
    cJSON_Delete(json);
    return ok;
}

/* A row as quoted base64, or as the shortest decimals that give the same floats back. scratch: 4 bytes a number. */
static Status write_row(Text *t, const REAL *row, int64_t width, bool base64, unsigned char *scratch)
{
    if (!base64) {
        for (int64_t i = 0; i < width; i++) TRY(text_addf(t, i ? ",%.9g" : "[%.9g", (double)row[i]));
        return text_add(t, "]", 1);
    }
    for (int64_t i = 0; i < width; i++) {
        float    value = (float)row[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        for (int k = 0; k < 4; k++) scratch[4 * i + k] = (unsigned char)(bits >> (8 * k));
    }
    size_t room = sodium_base64_encoded_len((size_t)width * 4, sodium_base64_VARIANT_ORIGINAL);
    TRY(text_add(t, "\"", 1));
    TRY(mem_grow(&t->data, &t->cap, t->len + room + 1, 1));
    sodium_bin2base64(t->data + t->len, room, scratch, (size_t)width * 4, sodium_base64_VARIANT_ORIGINAL);
    t->len += room - 1;
    return text_add(t, "\"", 1);
}

static Status write_answer(Text *t, const Call *call, const QueueJob *job, bool base64)
{
    unsigned char *scratch;
    TRY(mem_new(&scratch, (size_t)job->width, 4));
    Status s = text_addf(t, "{\"object\":\"list\",\"data\":[");
    for (int64_t i = 0; i < job->n && s == OK; i++) {
        s = text_addf(t, "%s{\"object\":\"embedding\",\"index\":%lld,\"embedding\":", i ? "," : "", (long long)i);
        if (s == OK) s = write_row(t, job->rows + i * job->width, job->width, base64, scratch);
        if (s == OK) s = text_add(t, "}", 1);
    }
    if (s == OK)
        s = text_addf(t, "],\"model\":\"%s\",\"usage\":{\"prompt_tokens\":%lld,\"total_tokens\":%lld}}", call->model,
                      (long long)call->n_tokens,
                      (long long)call->n_tokens);      /* a model's name needs no escapes: serve_config.c */
    free(scratch);
    return s;
}

void embeddings_create(Call *call, Reply *reply)
{
    ServedModel *m = NULL;
    QueueJob         *job = NULL;
    ApiError     e = { 0 };
    Text         t = { 0 };
    bool         base64 = false;
    server_begin_reading(call->server);
    bool ok = read_job(call, &m, &job, &base64, &e);
    server_end_reading(call->server);
    ok = ok && models_run(call, m, job, &e);
    for (int64_t i = 0; ok && i < job->n * job->width; i++)
        if (!isfinite(job->rows[i]))
            ok = api_fail(&e, API_INTERNAL, NULL, "the model gave a number that is not finite");
    if (ok) reply_text(reply, &t, write_answer(&t, call, job, base64));
    else reply_error(reply, &e);
    queue_job_free(job);
}
