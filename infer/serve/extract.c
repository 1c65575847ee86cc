/* infer/serve/extract.c: POST /v1/ner and /v1/qa: pieces of a text, with their places.
 *
 * The tasks answer in bytes of UTF-8; clients count characters, so places become code points, and UTF-16 units beside. */
#include "infer/serve/serve_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

static void ignored(void *call, const char *name) { call_ignore_field(call, name); }

/* ---- places ------------------------------------------------------------------------------------------------------ */

typedef struct TextPlace { int64_t points, units; } TextPlace;

static TextPlace place_of(const char *text, int64_t byte)
{
    TextPlace p = { 0 };
    for (int64_t i = 0; i < byte && text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        p.points += (c & 0xC0) != 0x80;
        p.units += ((c & 0xC0) != 0x80) + (c >= 0xF0);       /* beyond 16 bits: two units */
    }
    return p;
}

/* "begin" and "end" in bytes -> "start", "end" in code points, "start_utf16", "end_utf16". */
static Status change_places(cJSON *o, const char *text)
{
    TextPlace begin = place_of(text, (int64_t)json_get(o, "begin")->valuedouble),
              end = place_of(text, (int64_t)json_get(o, "end")->valuedouble);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "begin");
    cJSON_DeleteItemFromObjectCaseSensitive(o, "end");
    TRY(json_add_number(o, "start", (double)begin.points));
    TRY(json_add_number(o, "end", (double)end.points));
    TRY(json_add_number(o, "start_utf16", (double)begin.units));
    return json_add_number(o, "end_utf16", (double)end.units);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static bool all_finite(const QueueJob *job, ApiError *e)
{
    for (int64_t i = 0; i < job->first_row[job->n] * job->width; i++)
        if (!isfinite(job->rows[i]))
            return api_fail(e, API_INTERNAL, NULL, "the model gave a number that is not finite");
    return true;
}

static AnswerInput answer_input(const QueueJob *job, int64_t i, const RequestInput *in)
{
    const Encoding *x = &job->inputs[i];
    return (AnswerInput){ .rows = job->rows + job->first_row[i] * job->width, .n = (int64_t)x->n, .width = job->width,
                          .segments = x->segments, .words = x->words, .offsets = x->offsets, .text = in->text,
                          .pair = in->pair };
}

/* {"entities": [{"text", "label", "score", "start", ...}]}; tags that mark no entities are given word by word, "tokens". */
static Status add_entities(const ServedModel *m, const AnswerInput *in, cJSON *to)
{
    cJSON *all = cJSON_CreateObject(), *one;
    Status s = all ? engine_answer(m->engine, in, 1, &(AnswerOptions){ 0 }, all) : ERR_MEMORY;
    bool   entities = s == OK && json_get(all, "entities");
    const char *key = entities ? "entities" : "tokens";
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(all, key);
    cJSON_ArrayForEach(one, list) {
        cJSON *label = cJSON_DetachItemFromObjectCaseSensitive(one, entities ? "type" : "tag");
        if (s == OK) s = json_add(one, "label", label);
        else cJSON_Delete(label);
        if (s == OK) s = change_places(one, in->text);
    }
    if (s == OK) s = json_add(to, key, list);
    else cJSON_Delete(list);
    cJSON_Delete(all);
    return s;
}

static Status finish(const Call *call, const ServedModel *m, cJSON *root)
{
    cJSON *usage = cJSON_AddObjectToObject(root, "usage");
    TRY(json_add_string(root, "model", m->name));
    TRY(json_add_number(usage, "prompt_tokens", (double)call->n_tokens));
    TRY(json_add_number(usage, "total_tokens", (double)call->n_tokens));
    return json_add_number(root, "latency_ms", floor((serve_clock() - call->started) * 1e6) / 1e3);
}

static cJSON *start(const char *prefix, const char *object)
{
    char   id[40];
    cJSON *root = cJSON_CreateObject();
    serve_id(id, sizeof id, prefix);
    if (json_add_string(root, "id", id) == OK && json_add_string(root, "object", object) == OK) return root;
    cJSON_Delete(root);
    return NULL;
}

static cJSON *write_entities(const Call *call, const ServedModel *m, const QueueJob *job, const ClassifyRequest *r)
{
    cJSON *root = start("ner-", r->is_list ? "list" : "entities");
    cJSON *data = root && r->is_list ? cJSON_AddArrayToObject(root, "data") : NULL;
    Status s = root && (data || !r->is_list) ? OK : ERR_MEMORY;
    for (int64_t i = 0; i < job->n && s == OK; i++) {
        AnswerInput in = answer_input(job, i, &r->inputs[i]);
        cJSON      *one = r->is_list ? cJSON_CreateObject() : root;
        if (r->is_list) s = json_add(data, NULL, one);
        if (s == OK && r->is_list) s = json_add_number(one, "index", (double)i);
        if (s == OK) s = add_entities(m, &in, one);
    }
    if (s == OK) s = finish(call, m, root);
    if (s == OK) return root;
    cJSON_Delete(root);
    return NULL;
}

static Status add_best(const ServedModel *m, const QueueJob *job, const RequestInput *in, cJSON *to)
{
    AnswerInput *windows;
    TRY(mem_new(&windows, (size_t)job->n, sizeof *windows));
    for (int64_t i = 0; i < job->n; i++) windows[i] = answer_input(job, i, in);
    Status s = engine_answer(m->engine, windows, job->n, &(AnswerOptions){ 0 }, to);
    free(windows);
    return s == OK ? change_places(to, in->pair) : s;
}

static cJSON *write_best(const Call *call, const ServedModel *m, const QueueJob *job, const RequestInput *in)
{
    cJSON *root = start("qa-", "answer");
    Status s = root ? add_best(m, job, in, root) : ERR_MEMORY;
    if (s == OK) s = finish(call, m, root);
    if (s == OK) return root;
    cJSON_Delete(root);
    return NULL;
}

/* ---- handlers ---------------------------------------------------------------------------------------------------- */

void extract_entities(Call *call, Reply *reply)
{
    const ServerConfig *c = call->server->config;
    int64_t         most = c->max_items < SERVE_CLASSIFY_ITEMS ? c->max_items : SERVE_CLASSIFY_ITEMS;
    RequestRules    rules = { most, c->strict_params, ignored, call };
    ClassifyRequest r = { 0 };
    ServedModel    *m = NULL;
    QueueJob       *job = NULL;
    cJSON          *json = NULL;
    ApiError        e = { 0 };
    server_begin_reading(call->server);
    bool ok = request_json(&json, call->body, call->n_body, &e) && ner_parse(&r, json, &rules, &e)
           && models_find(call, r.model, USE_TAG, &m, &e)
           && models_encode(call, m, r.inputs, r.n, r.truncate, "text", &job, &e);
    server_end_reading(call->server);
    ok = ok && models_run(call, m, job, &e) && all_finite(job, &e);
    if (ok) reply_json(reply, write_entities(call, m, job, &r));
    else reply_error(reply, &e);
    queue_job_free(job);
    classify_release(&r);
    cJSON_Delete(json);
}

void extract_answer(Call *call, Reply *reply)
{
    RequestRules rules = { 1, call->server->config->strict_params, ignored, call };
    QaRequest    r = { 0 };
    ServedModel *m = NULL;
    QueueJob    *job = NULL;
    cJSON       *json = NULL;
    ApiError     e = { 0 };
    server_begin_reading(call->server);
    bool ok = request_json(&json, call->body, call->n_body, &e) && qa_parse(&r, json, &rules, &e)
           && models_find(call, r.model, USE_ANSWER, &m, &e) && models_encode_pair(call, m, &r.input, &job, &e);
    server_end_reading(call->server);
    ok = ok && models_run(call, m, job, &e) && all_finite(job, &e);
    if (ok) reply_json(reply, write_best(call, m, job, &r.input));
    else reply_error(reply, &e);
    queue_job_free(job);
    cJSON_Delete(json);
}
