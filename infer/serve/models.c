/* infer/serve/models.c: GET /v1/models, and what every handler needs of a model: find it, encode for it, run it. */
#include "infer/serve/serve_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

static ServedModel *by_name(Server *s, const char *name)
{
    for (size_t i = 0; i < s->n_models; i++)
        if (strcmp(s->models[i].name, name) == 0) return &s->models[i];
    return NULL;
}

static bool no_such_model(const char *name, ApiError *e)
{
    return api_fail(e, API_NO_MODEL, "model",
                    "the model \"%.200s\" does not exist here; GET /v1/models lists those that do", name);
}

/* ---- GET --------------------------------------------------------------------------------------------------------- */

static Status describe(const ServedModel *m, cJSON *to)
{
    int state = atomic_load(&m->state);
    TRY(json_add_string(to, "id", m->name));
    TRY(json_add_string(to, "object", "model"));
    TRY(json_add_number(to, "created", (double)m->created));
    TRY(json_add_string(to, "owned_by", "whet"));
    TRY(json_add_string(to, "state", state == MODEL_READY ? "ready" : state == MODEL_LOADING ? "loading" : "failed"));
    if (state != MODEL_READY) return OK;
    const Model *model = engine_model(m->engine);
    TRY(json_add(to, "tasks", json_strings((const char *const[]){ model->task->name }, 1)));
    TRY(json_add_string(to, "architecture", model->arch->name));
    TRY(json_add_number(to, "context_length", (double)engine_max_length(m->engine)));
    if (model->task->has_classes)
        return json_add(to, "labels", json_strings((const char *const *)model->labels.items, model->labels.n));
    if (strcmp(model->task->name, "embedding") == 0)
        return json_add_number(to, "embedding_dim", (double)engine_width(m->engine));
    return OK;
}

void models_list(Call *call, Reply *reply)
{
    cJSON *json = cJSON_CreateObject();
    Status s = json_add_string(json, "object", "list");
    cJSON *data = cJSON_AddArrayToObject(json, "data");
    for (size_t i = 0; i < call->server->n_models && s == OK; i++) {
        cJSON *one = cJSON_CreateObject();
        s = describe(&call->server->models[i], one);
        if (s == OK) s = json_add(data, NULL, one);
        else cJSON_Delete(one);
    }
    if (s == OK) {
        reply_json(reply, json);
        return;
    }
    cJSON_Delete(json);
    reply_json(reply, NULL);
}

void models_get(Call *call, Reply *reply)
{
    ServedModel *m = by_name(call->server, call->tail);
    ApiError     e;
    if (!m) {
        no_such_model(call->tail, &e);
        reply_error(reply, &e);
        return;
    }
    cJSON *json = cJSON_CreateObject();
    if (describe(m, json) == OK) {
        reply_json(reply, json);
        return;
    }
    cJSON_Delete(json);
    reply_json(reply, NULL);
}

/* ---- for the handlers -------------------------------------------------------------------------------------------- */

static ModelUse use_of(const TaskDef *task)      /* USE_N: none that a URL asks for */
{
    if (strcmp(task->name, "embedding") == 0) return USE_EMBED;
    if (task->has_classes) return task->rows == ROW_TOKEN ? USE_TAG : USE_CLASSIFY;
    return task->windows_pair ? USE_ANSWER : USE_N;
}

bool models_find(Call *call, const char *name, ModelUse use, ServedModel **out, ApiError *e)
{
    Server *s = call->server;
    if (!name && s->n_models != 1)
        return api_fail(e, API_BAD_REQUEST, "model", "\"model\" is missing and %zu models are served here",
                        s->n_models);
    ServedModel *m = name ? by_name(s, name) : &s->models[0];
    if (!m) return no_such_model(name, e);
    call->model = m->name;
    if (atomic_load(&m->state) == MODEL_LOADING)
        return api_fail(e, API_LOADING, NULL, "the model \"%s\" is being loaded", m->name);
    if (atomic_load(&m->state) == MODEL_FAILED)
        return api_fail(e, API_LOADING, NULL, "the model \"%s\" could not be loaded", m->name);
    static const char *const urls[] = { [USE_EMBED] = "; ask POST /v1/embeddings", [USE_CLASSIFY] = "; ask POST /v1/classify",
                                        [USE_TAG] = "; ask POST /v1/ner", [USE_ANSWER] = "; ask POST /v1/qa", [USE_N] = "" };
    const TaskDef *task = engine_model(m->engine)->task;
    ModelUse       can = use_of(task);
    if (can != use)
        return api_fail(e, API_BAD_REQUEST, "model", "the model \"%s\" is for %s and cannot answer this URL%s", m->name,
                        task->name, urls[can]);
    *out = m;
    return true;
}

static bool too_long(const ServedModel *m, size_t n_tokens, int64_t index, const char *param, ApiError *e)
{
    return api_fail(e, API_TOO_LONG, param,
                    "input %lld has %zu tokens, the model \"%s\" takes %lld; shorten it or set \"truncate\": true",
                        (long long)index,
                    n_tokens, m->name, (long long)engine_max_length(m->engine));
}

static bool encode_text(Call *call, const ServedModel *m, const RequestInput *in, Encoding *out, const char *param,
                        ApiError *e)
{
    const TaskDef *task = engine_model(m->engine)->task;
    if (task->is_pair && !in->pair)
        return api_fail(e, API_BAD_REQUEST, "text_pair",
                        "the model \"%s\" judges pairs: give the second text as \"text_pair\"", m->name);
    if (!task->is_pair && in->pair)
        return api_fail(e, API_BAD_REQUEST, "text_pair", "the model \"%s\" judges one text, not pairs", m->name);
    Status s = engine_encode(m->engine, in->text, strlen(in->text), in->pair, in->pair ? strlen(in->pair) : 0, false,
                             out);
    if (s == OK) return true;
    api_fail_status(e, s, param);
    if (e->kind == API_INTERNAL)
        server_log(call->server, SERVER_LOG_ERROR, "%s: encoding for %s: %s", call->id, m->name, status_fact());
    return false;
}

/* Token ids go as they are: whoever has tokenised has added the special tokens too. */
static bool copy_ids(const ServedModel *m, const RequestInput *in, Encoding *out, const char *param, ApiError *e)
{
    int32_t limit = tokenizer_size(engine_tokenizer(m->engine));
    int64_t n = in->n_ids < engine_max_length(m->engine) ? in->n_ids : engine_max_length(m->engine);
    for (int64_t i = 0; i < in->n_ids; i++)
        if (in->ids[i] >= limit)
            return api_fail(e, API_BAD_REQUEST, param, "token id %d is outside the vocabulary of \"%s\" (0 to %d)",
                            in->ids[i], m->name, limit - 1);
    if (mem_new(&out->ids, (size_t)n, sizeof *out->ids) != OK || mem_new(&out->segments, (size_t)n,
            sizeof *out->segments) != OK)
        return api_fail_status(e, ERR_MEMORY, NULL);
    memcpy(out->ids, in->ids, (size_t)n * sizeof *out->ids);
    out->n = (size_t)n;
    out->n_untruncated = (size_t)in->n_ids;
    return true;
}

bool models_encode(Call *call, const ServedModel *m, const RequestInput *inputs, int64_t n, bool cut, const char *param,
                   QueueJob **out, ApiError *e)
{
    QueueJob *job;
    if (queue_job_new(&job, n) != OK) return api_fail_status(e, ERR_MEMORY, NULL);
    for (int64_t i = 0; i < n; i++) {
        Encoding *to = &job->inputs[i];
        bool ok = inputs[i].text ? encode_text(call, m, &inputs[i], to, param, e)
            : copy_ids(m, &inputs[i], to, param, e);
        if (ok && !cut && to->n_untruncated > to->n) ok = too_long(m, to->n_untruncated, i, param, e);
        if (!ok) {
            queue_job_free(job);
            return false;
        }
        call->n_tokens += (int64_t)to->n;
    }
    call->n_items = n;
    *out = job;
    return true;
}

bool models_encode_pair(Call *call, const ServedModel *m, const RequestInput *in, QueueJob **out, ApiError *e)
{
    EngineInput read = { 0 };
    QueueJob   *job = NULL;
    Status s = engine_read(m->engine, in->text, strlen(in->text), in->pair, strlen(in->pair), false, &read);
    if (s == OK) s = queue_job_new(&job, (int64_t)read.n);
    for (size_t i = 0; s == OK && i < read.n; i++) {
        job->inputs[i] = read.sequences[i];                  /* the job's from here on */
        read.sequences[i] = (Encoding){ 0 };
        call->n_tokens += (int64_t)job->inputs[i].n;
    }
    engine_input_release(&read);
    if (s != OK) return api_fail_status(e, s, "context");
    call->n_items = 1;
    *out = job;
    return true;
}

bool models_run(Call *call, ServedModel *m, QueueJob *job, ApiError *e)
{
    Server *s = call->server;
    double  left = s->config->request_timeout - (serve_clock() - call->started);
    switch (queue_run(s->queue, (int)(m - s->models), job, left)) {
    case QUEUE_DONE: return true;
    case QUEUE_FULL: return api_fail(e, API_QUEUE_FULL, NULL,
                                     "too many requests wait for the model \"%s\"; try again soon", m->name);
    case QUEUE_LATE: return api_fail(e, API_LATE, NULL, "there was no answer within %g seconds",
                                     s->config->request_timeout);
    case QUEUE_CLOSED: return api_fail(e, API_DRAINING, NULL, "the server is stopping");
    case QUEUE_FAILED:
    case QUEUE_WAITING: break;
    }
    server_log(s, SERVER_LOG_ERROR, "%s: running %s: %s: %s", call->id, m->name, status_name(job->status), job->fact);
    return api_fail_status(e, job->status == ERR_MEMORY ? ERR_MEMORY : ERR_STATE, NULL);
}
