/* infer/serve/routes.c: which URL is answered by whom, who may ask, and how an answer or an error becomes a Reply. */
#include "infer/serve/serve_internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ROUTE_PUBLIC = 1, ROUTE_PREFIX = 2 };

static const Route routes[] = {
    { "GET",  "/healthz",    ROUTE_PUBLIC, health_live },
    { "GET",  "/livez",      ROUTE_PUBLIC, health_live },
    { "GET",  "/readyz",     ROUTE_PUBLIC, health_ready },
    { "GET",  "/health",     ROUTE_PUBLIC, health_ready },
    { "GET",  "/version",    0,            health_version },
    { "GET",  "/models",     0,            models_list },
    { "GET",  "/models/",    ROUTE_PREFIX, models_get },
    { "POST", "/embeddings", 0,            embeddings_create },
    { "POST", "/classify",   0,            classify_texts },
    { "POST", "/ner",        0,            extract_entities },
    { "POST", "/qa",         0,            extract_answer },
};

/* ---- small things that calls need -------------------------------------------------------------------------------- */

double serve_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void serve_id(char *out, size_t size, const char *prefix)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t at = strlen(prefix);
    BUG_ON(at + 25 > size);
    memcpy(out, prefix, at);
    for (int i = 0; i < 24; i++) out[at++] = digits[randombytes_uniform(62)];
    out[at] = '\0';
}

/* Names go into a header, so only what a header may carry. */
void call_ignore_field(Call *call, const char *name)
{
    size_t at = strlen(call->ignored), n = strlen(name);
    if (n > 64 || at + n + 2 > sizeof call->ignored) return;
    for (size_t i = 0; i < n; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == ',') return;
    snprintf(call->ignored + at, sizeof call->ignored - at, "%s%s", at ? "," : "", name);
}

/* ---- replies ----------------------------------------------------------------------------------------------------- */

void reply_error(Reply *reply, const ApiError *e)
{
    static const char fallback[] = "{\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\","
                                   "\"param\":null,\"code\":\"out_of_memory\"}}";
    ApiErrorKind kind = e->kind;
    text_clear(&reply->body);
    if (api_error_body(e, &reply->body) != OK) {
        kind = API_NO_MEMORY;
        text_clear(&reply->body);
        if (text_add(&reply->body, fallback, sizeof fallback - 1) != OK) text_release(&reply->body);
    }
    reply->status = api_error_http_status(kind);
    reply->challenge = kind == API_BAD_KEY;
    reply->no_retry = kind == API_INTERNAL;
    /* not all of them at once again */
    if (reply->status == 429) reply->retry_after_ms = 250 + (int)randombytes_uniform(500);
    if (reply->status == 503) reply->retry_after_ms = 1000;
}

void reply_text(Reply *reply, Text *text, Status s)
{
    ApiError e;
    if (s == OK) {
        text_release(&reply->body);
        reply->body = *text;
        reply->status = 200;
    } else {
        text_release(text);
        api_fail_status(&e, s, NULL);
        reply_error(reply, &e);
    }
}

void reply_json(Reply *reply, cJSON *json)
{
    char  *printed = NULL;
    Text   t = { 0 };
    Status s = json ? json_print(&printed, json, false) : ERR_MEMORY;
    if (s == OK) t = (Text){ printed, strlen(printed), strlen(printed) + 1 };
    cJSON_Delete(json);
    reply_text(reply, &t, s);
}

/* ---- admission --------------------------------------------------------------------------------------------------- */

/* Exact paths first, then prefixes; *method_differs when only the method does not fit. */
static const Route *find_route(Call *call, const Route **method_differs)
{
    const char *path = call->path, *method = strcmp(call->method, "HEAD") == 0 ? "GET" : call->method;
    if (strncmp(path, "/v1/", 4) == 0) path += 3;
    *method_differs = NULL;
    for (size_t i = 0; i < COUNT(routes); i++) {
        const Route *r = &routes[i];
        size_t       n = strlen(r->path);
        if (r->flags & ROUTE_PREFIX ? strncmp(path, r->path, n) != 0 || !path[n] : strcmp(path, r->path) != 0) continue;
        call->tail = path + n;
        if (strcmp(r->method, method) == 0) return r;
        *method_differs = r;
    }
    return NULL;
}

/* The scheme's name is compared without regard to case (RFC 9110, section 11.1). */
static const char *presented_key(const RequestHead *head)
{
    const char *a = head->authorization;
    if (!a) return head->x_api_key;
    if (strncasecmp(a, "Bearer", 6) != 0 || a[6] != ' ') return NULL;
    return a + 6 + strspn(a + 6, " ");
}

static bool authorize(Call *call, const RequestHead *head, ApiError *e)
{
    Server     *s = call->server;
    const char *key = presented_key(head);
    if (s->keys.n == 0) {
        call->key = &s->anyone;
        return true;
    }
    if (!key) return api_fail(e, API_BAD_KEY, NULL, "an API key is needed; send it as \"Authorization: Bearer KEY\"");
    size_t n = strlen(key);
    while (n > 0 && (key[n - 1] == ' ' || key[n - 1] == '\t')) n--;
    call->key = keys_find(&s->keys, key, n, (int64_t)time(NULL));
    if (!call->key) return api_fail(e, API_BAD_KEY, NULL, "this API key is not known, or has expired");
    if (!(call->key->scopes & KEY_INFERENCE))
        return api_fail(e, API_FORBIDDEN, NULL, "this API key may not ask models");
    return true;
}

/* application/json, or anything +json; a charset must be utf-8. No Content-Type is taken as JSON. */
static bool is_json(const char *type)
{
    if (!type) return true;
    char   lower[128];
    size_t n = 0;
    for (; type[n] && n + 1 < sizeof lower; n++)
        lower[n] = (char)(type[n] >= 'A' && type[n] <= 'Z' ? type[n] + 32 : type[n]);
    lower[n] = '\0';
    n = strcspn(lower, "; \t");
    bool json = (n == 16 && memcmp(lower, "application/json", 16) == 0)
        || (n > 17 && memcmp(lower, "application/", 12) == 0 && memcmp(lower + n - 5, "+json", 5) == 0);
    const char *charset = strstr(lower + n, "charset=");
    if (!json || !charset) return json;
    charset += 8 + (charset[8] == '"');
    return strncmp(charset, "utf-8", 5) == 0 || strncmp(charset, "utf8", 4) == 0;
}

static bool check_body(const Call *call, const RequestHead *head, ApiError *e)
{
    int64_t most = call->server->config->max_body_bytes;
    if (call->key->max_body_bytes && call->key->max_body_bytes < most) most = call->key->max_body_bytes;
    if (head->content_length > most)
        return api_fail(e, API_TOO_LARGE, NULL, "the body has %lld bytes, at most %lld are taken",
                        (long long)head->content_length, (long long)most);
    if (!is_json(head->content_type))
        return api_fail(e, API_MEDIA_TYPE, NULL, "the body must be JSON: send \"Content-Type: application/json\"");
    if (head->content_encoding && strcasecmp(head->content_encoding, "identity") != 0)
        return api_fail(e, API_MEDIA_TYPE, NULL, "a compressed body is not read; send it as it is");
    return true;
}

static bool count_in(Call *call, ApiError *e)
{
    int64_t most = call->key->max_concurrent ? call->key->max_concurrent : call->server->config->max_concurrent;
    call->counted = true;
    return atomic_fetch_add(&call->key->n_active, 1) < most
        || api_fail(e, API_TOO_MANY, NULL, "this key has %lld requests under way already", (long long)most);
}

static bool admit(Call *call, const RequestHead *head, Reply *reply, ApiError *e)
{
    const Route *differs;
    if (head->ambiguous)
        return api_fail(e, API_BAD_REQUEST, NULL, "the request does not say in one way where its body ends");
    if (head->n_headers > SERVE_MAX_HEADERS)
        return api_fail(e, API_HEADERS, NULL, "more than %d header lines", SERVE_MAX_HEADERS);
    if (strlen(call->path) > SERVE_MAX_URL)
        return api_fail(e, API_LONG_URL, NULL, "the URL is longer than %d bytes", SERVE_MAX_URL);
    const Route *r = call->route = find_route(call, &differs);
    bool public = (r ? r : differs) && ((r ? r : differs)->flags & ROUTE_PUBLIC);
    if (!public && !authorize(call, head, e)) return false;
    if (differs && !r) {
        reply->allow = strcmp(differs->method, "GET") == 0 ? "GET, HEAD" : "POST";
        return api_fail(e, API_BAD_METHOD, NULL, "%.20s is not allowed here; use %s", call->method, differs->method);
    }
    if (!r) return api_fail(e, API_NO_URL, NULL, "there is nothing at %.20s %.200s", call->method, call->path);
    if (!public && atomic_load(&call->server->draining))
        return api_fail(e, API_DRAINING, NULL, "the server is stopping");
    if (head->beta && strstr(head->beta, "assistants=v1"))
        return api_fail(e, API_BAD_BETA, NULL, "assistants=v1 is not spoken here; assistants=v2 is");
    if (strcmp(r->method, "POST") != 0) return true;
    return check_body(call, head, e) && count_in(call, e);
}

bool routes_admit(Call *call, const RequestHead *head, Reply *reply)
{
    ApiError e = { 0 };
    if (admit(call, head, reply, &e)) return true;
    reply_error(reply, &e);
    return false;
}

void routes_answer(Call *call, Reply *reply) { call->route->handle(call, reply); }

void routes_finish(Call *call)
{
    if (call->counted) atomic_fetch_sub(&call->key->n_active, 1);
    call->counted = false;
}
