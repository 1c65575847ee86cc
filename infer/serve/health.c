/* infer/serve/health.c: what a supervisor asks, without a key. */
#include "infer/serve/serve_internal.h"

#include <string.h>

/* Alive: the process can answer. */
void health_live(Call *call, Reply *reply)
{
    (void)call;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "status", "ok");
    reply_json(reply, json);
}

/* Ready: every model is open and the server is not stopping; else 503, which balancers obey. */
void health_ready(Call *call, Reply *reply)
{
    static const char *const names[] = { [MODEL_LOADING] = "loading", [MODEL_READY] = "ready",
                                         [MODEL_FAILED] = "failed" };
    Server     *s = call->server;
    const char *state = server_state(s);
    cJSON      *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "status", state);
    cJSON *models = cJSON_AddObjectToObject(json, "models");
    for (size_t i = 0; i < s->n_models; i++)
        cJSON_AddStringToObject(models, s->models[i].name, names[atomic_load(&s->models[i].state)]);
    reply_json(reply, json);
    if (reply->status == 200 && strcmp(state, "ok") != 0) {
        reply->status = 503;
        reply->retry_after_ms = 1000;
    }
}

void health_version(Call *call, Reply *reply)
{
    (void)call;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "version", WHET_VERSION);
    reply_json(reply, json);
}
