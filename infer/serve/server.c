#include "infer/serve/server.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/arena.h"
#include "core/parallel.h"
#include "infer/serve/serve_internal.h"

void server_log(Server *s, ServerLogLevel level, const char *fmt, ...)
{
    bool errors_only = strcmp(s->config->log, "errors") == 0;
    if (!s->log || strcmp(s->config->log, "off") == 0 || (errors_only && level > SERVER_LOG_WARNING)) return;
    char    line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = '?';      /* a line stays one line, whatever a client sent */
    s->log(s->log_arg, level, line);
}

/* ---- requests under way ------------------------------------------------------------------------------------------ */

void server_enter(Server *s)
{
    pthread_mutex_lock(&s->lock);
    s->n_active++;
    pthread_mutex_unlock(&s->lock);
}

void server_leave(Server *s)
{
    pthread_mutex_lock(&s->lock);
    if (--s->n_active == 0) pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void server_begin_reading(Server *s)
{
    while (sem_wait(&s->readers) != 0 && errno == EINTR) {}
}

void server_end_reading(Server *s) { sem_post(&s->readers); }

const char *server_state(const Server *s)
{
    const char *state = "ok";
    if (atomic_load(&s->draining)) return "draining";
    for (size_t i = 0; i < s->n_models; i++) {
        int one = atomic_load(&s->models[i].state);
        if (one == MODEL_FAILED) return "failed";
        if (one == MODEL_LOADING) state = "loading";
    }
    return state;
}

/* ---- the compute thread ------------------------------------------------------------------------------------------ */

static Status run_model(void *arg, const Encoding *const *inputs, int64_t n, const REAL **rows)
{
    ServedModel *m = arg;
    TRY(engine_run(m->engine, inputs, n, &m->out));
    int64_t expected = n;
    bool    a_token = engine_model(m->engine)->task->rows == ROW_TOKEN;
    for (int64_t i = 0; a_token && i < n; i++) expected += (int64_t)inputs[i]->n - 1;
    *rows = m->out.rows;
    if (m->out.n_rows == expected) return OK;
    return fail(ERR_SHAPE, "%lld rows for %lld inputs", (long long)m->out.n_rows, (long long)n);
}

static Status open_model(Server *s, size_t i, Backend *backend)
{
    ServedModel *m = &s->models[i];
    struct stat  st;
    TRY(engine_open(&m->engine, backend, m->path, NULL, NULL));
    if (stat(engine_bundle(m->engine)->path, &st) == 0) m->created = (int64_t)st.st_mtime;
    queue_open_lane(s->queue, (int)i, run_model, m, engine_width(m->engine),
                    engine_model(m->engine)->task->rows == ROW_TOKEN);
    atomic_store(&m->state, MODEL_READY);
    server_log(s, SERVER_LOG_INFO, "model %s: %s, %s", m->name, engine_model(m->engine)->arch->name,
               engine_model(m->engine)->task->name);
    return OK;
}

static void tell_opened(Server *s, Status status)
{
    pthread_mutex_lock(&s->lock);
    s->open_status = status;
    if (status != OK) {
        snprintf(s->open_fact, sizeof s->open_fact, "%s", status_fact());
        snprintf(s->open_hint, sizeof s->open_hint, "%s", status_hint());
        status_where(&s->open_file, &s->open_line);
    }
    s->opened = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void *compute(void *arg)
{
    Server  *s = arg;
    Backend *backend = NULL;
    parallel_set_threads((int)s->config->threads);
    Status status = backend_open(&backend, s->config->device);
    size_t i = 0;
    for (; i < s->n_models && status == OK && !atomic_load(&s->draining); i++) status = open_model(s, i, backend);
    if (status == OK && i < s->n_models)
        status = fail(ERR_INTERRUPTED, "the server was stopped while it opened its models");
    for (size_t k = 0; status != OK && k < s->n_models; k++)
        if (atomic_load(&s->models[k].state) == MODEL_LOADING) atomic_store(&s->models[k].state, MODEL_FAILED);
    tell_opened(s, status);
    while (queue_work(s->queue)) {}
    for (i = 0; i < s->n_models; i++) {
        engine_output_release(&s->models[i].out);
        engine_close(s->models[i].engine);
    }
    backend_close(backend);
    return NULL;
}

static struct timespec after(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)seconds;
    t.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (t.tv_nsec >= 1000000000L) t.tv_sec++, t.tv_nsec -= 1000000000L;
    return t;
}

Status server_wait_ready(Server *s, double seconds)
{
    struct timespec until = after(seconds);
    pthread_mutex_lock(&s->lock);
    while (!s->opened && pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0) {}
    bool   opened = s->opened;
    Status status = s->open_status;
    pthread_mutex_unlock(&s->lock);
    if (!opened) return fail(ERR_BUSY, "the models are still being opened");
    if (status == OK) return OK;
    /* the record was the compute thread's */
    status = status_fail(status, s->open_file, s->open_line, "%s", s->open_fact);
    if (s->open_hint[0]) status = hint(status, "%s", s->open_hint);
    return during(status, "opening the models to serve");
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static Status take_models(Server *s)
{
    const StringList *list = &s->config->models;
    if (list->n > SERVE_MAX_MODELS)
        return fail(ERR_CONFIG, "%zu models; at most %d are served by one process", list->n, SERVE_MAX_MODELS);
    TRY(mem_new(&s->models, list->n, sizeof *s->models));
    for (size_t i = 0; i < list->n; i++) {
        ServedModel *m = &s->models[i];
        s->n_models = i + 1;
        TRY(server_config_model(list->items[i], &m->name, &m->path));
        m->created = (int64_t)time(NULL);
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->models[k].name, m->name) == 0)
                return hint(fail(ERR_CONFIG, "two models are called \"%s\"", m->name), "name them with NAME=PATH");
    }
    return OK;
}

static void release(Server *s)
{
    for (size_t i = 0; i < s->n_models; i++) {
        free(s->models[i].name);
        free(s->models[i].path);
    }
    free(s->models);
    queue_free(s->queue);
    keys_release(&s->keys);
    free(s->url);
    if (s->readers_made) sem_destroy(&s->readers);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}

Status server_start(Server **out, const ServerConfig *config, ServerLog log, void *log_arg)
{
    pthread_condattr_t monotonic;
    Server            *s;
    *out = NULL;
    if (sodium_init() < 0) return fail(ERR_STATE, "the cryptography library cannot start");
    TRY(server_config_check(config));
    TRY(mem_new(&s, 1, sizeof *s));
    s->config = config;
    s->log = log;
    s->log_arg = log_arg;
    s->anyone = (Key){ .id = "anyone", .scopes = KEY_INFERENCE };
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->readers_made = sem_init(&s->readers, 0, 2 * (unsigned)parallel_threads()) == 0;
    Status status = s->readers_made ? OK : fail(ERR_MEMORY, "no semaphore");
    if (status == OK && config->api_keys) status = keys_read(&s->keys, config->api_keys);
    if (status == OK) status = take_models(s);
    if (status == OK) status = queue_new(&s->queue, (int)s->n_models, config->max_queue, config->max_batch_tokens);
    if (status == OK) status = http_start(s);
    if (status == OK && pthread_create(&s->compute, NULL, compute, s) != 0)
        status = fail(ERR_MEMORY, "no thread to compute on");
    if (status != OK) {
        http_stop(s);
        release(s);
        return during(status, "starting the server");
    }
    s->computes = true;
    *out = s;
    return OK;
}

int         server_port(const Server *s) { return s->port; }
const char *server_url(const Server *s)  { return s->url; }
QueueStats  server_stats(Server *s)      { return queue_stats(s->queue); }

void server_drain(Server *s)
{
    if (!atomic_exchange(&s->draining, true)) http_close_listener(s);
}

bool server_wait_idle(Server *s, double seconds)
{
    struct timespec until = after(seconds);
    pthread_mutex_lock(&s->lock);
    while (s->n_active > 0 && pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0) {}
    bool idle = s->n_active == 0;
    pthread_mutex_unlock(&s->lock);
    return idle;
}

void server_stop(Server *s, double drain_seconds)
{
    if (!s) return;
    server_drain(s);
    bool idle = server_wait_idle(s, drain_seconds);
    queue_close(s->queue);
    if (!idle) server_wait_idle(s, 1);              /* those that waited are told 503 before their connections close */
    http_stop(s);
    if (s->computes) pthread_join(s->compute, NULL);
    release(s);
}
