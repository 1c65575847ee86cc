/* infer/serve/serve_internal.h: what the files of this folder share: the Server, one Call, its Reply, the
 * handlers. */
#ifndef INFER_SERVE_SERVE_INTERNAL_H
#define INFER_SERVE_SERVE_INTERNAL_H

#include <semaphore.h>
#include <stdatomic.h>

#include "infer/engine.h"
#include "infer/serve/errors.h"
#include "infer/serve/keys.h"
#include "infer/serve/requests.h"
#include "infer/serve/server.h"

enum { SERVE_MAX_MODELS = 256, SERVE_MAX_URL = 8192, SERVE_MAX_HEADERS = 100, SERVE_CLASSIFY_ITEMS = 256 };

typedef enum ModelState { MODEL_LOADING, MODEL_READY, MODEL_FAILED } ModelState;

typedef struct ServedModel {
    char        *name, *path;
    int64_t      created;                /* Unix seconds: when its weights were written */
    Engine      *engine;                 /* the compute thread's; others may read it once state is MODEL_READY */
    EngineOutput out;                    /* the compute thread's */
    _Atomic int  state;
} ServedModel;

typedef struct Server {
    const ServerConfig *config;
    ServerLog           log;
    void               *log_arg;
    Keys                keys;            /* none: everybody is `anyone` */
    Key                 anyone;
    ServedModel        *models;
    size_t              n_models;
    Queue              *queue;           /* lane i is models[i] */
    /* how many requests are parsed and encoded at once: bounds memory and stolen cores */
    sem_t               readers;
    bool                readers_made;

    struct Http        *http;            /* http.c's */
    int                 port;
    char               *url;

    pthread_t           compute;
    bool                computes;
    pthread_mutex_t     lock;            /* of what follows */
    pthread_cond_t      changed;
    int64_t             n_active;        /* requests between their headers and the end of their answer */
    bool                opened;          /* every model is ready, or one has failed */
    Status              open_status;
    char                open_fact[1024], open_hint[512];
    const char         *open_file;
    int                 open_line;
    _Atomic bool        draining;
} Server;

/* One request as the handlers see it. */
typedef struct Call {
    Server     *server;
    const char *method, *path;           /* path without query, as sent but percent-decoded */
    const char *tail;                    /* what follows a prefix route: the id */
    const char *body;
    size_t      n_body;
    Key        *key;                     /* NULL: not known yet */
    double      started;                 /* core clock, seconds */
    char        id[40];                  /* req_... */
    char        ignored[256];            /* names of the fields that were ignored, comma-separated */
    const struct Route *route;
    const char *model;                   /* for the log */
    bool        counted;                 /* in its key's n_active */
    int64_t     n_items, n_tokens;
} Call;

typedef struct Reply {
    int         status;
    Text        body;                    /* JSON */
    const char *allow;                   /* 405 */
    int         retry_after_ms;          /* 0: none */
    bool        no_retry, challenge;     /* x-should-retry: false; WWW-Authenticate */
} Reply;

/* What http.c knows of a request once its headers are there. Values are NULL when absent. */
typedef struct RequestHead {
    const char *authorization, *x_api_key, *content_type, *content_encoding, *beta;
    int64_t     content_length;          /* -1: none given */
    bool        chunked, ambiguous;      /* ambiguous: where the body ends could be read in two ways */
    int         n_headers;
} RequestHead;

typedef void (*Handler)(Call *call, Reply *reply);
typedef struct Route {
    const char *method, *path;           /* without /v1 */
    int         flags;
    Handler     handle;
} Route;

/* routes.c: the request is judged by its head (false: the reply stands), then answered. */
bool routes_admit(Call *call, const RequestHead *head, Reply *reply);
void routes_answer(Call *call, Reply *reply);
void routes_finish(Call *call);
void reply_error(Reply *reply, const ApiError *e);
void reply_json(Reply *reply, cJSON *json);                          /* takes json */
void reply_text(Reply *reply, Text *text, Status s);                 /* takes text; s: whether it is whole */
double serve_clock(void);                                            /* seconds, monotonic */
void   serve_id(char *out, size_t size, const char *prefix);         /* prefix + 24 base-62 characters */
void   call_ignore_field(Call *call, const char *name);

/* server.c */
void server_log(Server *s, ServerLogLevel level, const char *fmt, ...) PRINTF_LIKE(3, 4);
void server_enter(Server *s);                                        /* a request begins, and ends */
void server_leave(Server *s);
void server_begin_reading(Server *s);                                /* around parsing and encoding a body */
void server_end_reading(Server *s);
const char *server_state(const Server *s);                           /* ok, loading, draining, failed */

/* models.c: the model that a request names, if it is ready and of that use. name NULL: the only one that is served. */
typedef enum ModelUse { USE_EMBED, USE_CLASSIFY, USE_TAG, USE_ANSWER, USE_N } ModelUse;
bool models_find(Call *call, const char *name, ModelUse use, ServedModel **out, ApiError *e);
/* The inputs, encoded, as a job; too long is an error unless cut. Counts items and tokens in the call. */
bool models_encode(Call *call, const ServedModel *m, const RequestInput *inputs, int64_t n, bool cut, const char *param,
                   QueueJob **out, ApiError *e);
/* A question and its text as one job, in windows where it is long. */
bool models_encode_pair(Call *call, const ServedModel *m, const RequestInput *in, QueueJob **out, ApiError *e);
bool models_run(Call *call, ServedModel *m, QueueJob *job, ApiError *e);

/* handlers, one file a family */
void health_live(Call *call, Reply *reply);
void health_ready(Call *call, Reply *reply);
void health_version(Call *call, Reply *reply);
void models_list(Call *call, Reply *reply);
void models_get(Call *call, Reply *reply);
void embeddings_create(Call *call, Reply *reply);
void classify_texts(Call *call, Reply *reply);
void extract_entities(Call *call, Reply *reply);
void extract_answer(Call *call, Reply *reply);

/* http.c */
Status http_start(Server *s) MUST_USE;
void   http_close_listener(Server *s);
void   http_stop(Server *s);

#endif
