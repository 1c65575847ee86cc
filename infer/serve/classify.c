/* infer/serve/classify.c: POST /v1/classify: the most probable label of a text, or of each text of a list. */
#include "infer/serve/serve_internal.h"

#include <math.h>

static void ignored(void *call, const char *name) { call_ignore_field(call, name); }

static bool read_job(Call *call, ServedModel **m, QueueJob **job, bool *is_list, AnswerOptions *o, ApiError *e)
{
    const ServerConfig *c = call->server->config;
    int64_t         most = c->max_items < SERVE_CLASSIFY_ITEMS ? c->max_items : SERVE_CLASSIFY_ITEMS;
    RequestRules    rules = { most, c->strict_params, ignored, call };
    ClassifyRequest r = { 0 };
    cJSON          *json;
    if (!request_json(&json, call->body, call->n_body, e)) return false;
    bool ok = classify_parse(&r, json, &rules, e) && models_find(call, r.model, USE_CLASSIFY, m, e)
           && models_encode(call, *m, r.inputs, r.n, r.truncate, "text", job, e);
    *is_list = r.is_list;
    o->top_k = r.top_k;
    classify_release(&r);
    cJSON_Delete(json);
    return ok;
}

/* The task's own answer, with its probabilities as a list, so that their order is kept by every JSON reader. */
static Status add_answer(const ServedModel *m, const REAL *row, const AnswerOptions *o, cJSON *to)
{
    TRY(engine_answer(m->engine, &(AnswerInput){ .rows = row, .n = 1, .width = engine_width(m->engine) }, 1, o, to));
    cJSON *named = cJSON_DetachItemFromObjectCaseSensitive(to, "probabilities");
    cJSON *list = cJSON_AddArrayToObject(to, "scores");
    Status s = list ? OK : ERR_MEMORY;
    for (const cJSON *p = named ? named->child : NULL; p && s == OK; p = p->next) {
        cJSON *one = cJSON_CreateObject();
        s = json_add_string(one, "label", p->string);
        if (s == OK) s = json_add_number(one, "score", p->valuedouble);
        if (s == OK) s = json_add(list, NULL, one);
        else cJSON_Delete(one);
    }
    cJSON_Delete(named);
    return s;
}

static Status add_items(const ServedModel *m, const QueueJob *job, const AnswerOptions *o, cJSON *root)
{
    cJSON *data = cJSON_AddArrayToObject(root, "data");
    Status s = data ? OK : ERR_MEMORY;
    for (int64_t i = 0; i < job->n && s == OK; i++) {
        cJSON *one = cJSON_CreateObject();
        s = json_add_string(one, "object", "classification");
        if (s == OK) s = json_add_number(one, "index", (double)i);
        if (s == OK) s = add_answer(m, job->rows + i * job->width, o, one);
        if (s == OK) s = json_add(data, NULL, one);
        else cJSON_Delete(one);
    }
    return s;
}

static cJSON *write_answer(const Call *call, const ServedModel *m, const QueueJob *job, bool is_list,
                           const AnswerOptions *o)
{
    char   id[40];
    cJSON *root = cJSON_CreateObject(), *usage = NULL;
    serve_id(id, sizeof id, "clsf-");
    Status s = json_add_string(root, "id", id);
    if (s == OK) s = json_add_string(root, "object", is_list ? "list" : "classification");
    if (s == OK) s = json_add_string(root, "model", m->name);
    if (s == OK) s = is_list ? add_items(m, job, o, root) : add_answer(m, job->rows, o, root);
    if (s == OK) s = (usage = cJSON_AddObjectToObject(root, "usage")) ? OK : ERR_MEMORY;
    if (s == OK) s = json_add_number(usage, "prompt_tokens", (double)call->n_tokens);
    if (s == OK) s = json_add_number(usage, "total_tokens", (double)call->n_tokens);
    if (s == OK) s = json_add_number(root, "latency_ms", floor((serve_clock() - call->started) * 1e6) / 1e3);
    if (s == OK) return root;
    cJSON_Delete(root);
    return NULL;
}

void classify_texts(Call *call, Reply *reply)
{
    ServedModel  *m = NULL;
    QueueJob          *job = NULL;
    ApiError      e = { 0 };
    AnswerOptions o = { 0 };
    bool          is_list = false;
    server_begin_reading(call->server);
    bool ok = read_job(call, &m, &job, &is_list, &o, &e);
    server_end_reading(call->server);
    ok = ok && models_run(call, m, job, &e);
    for (int64_t i = 0; ok && i < job->n * job->width; i++)
        if (!isfinite(job->rows[i]))
            ok = api_fail(&e, API_INTERNAL, NULL, "the model gave a number that is not finite");
    if (ok) reply_json(reply, write_answer(call, m, job, is_list, &o));
    else reply_error(reply, &e);
    queue_job_free(job);
}
