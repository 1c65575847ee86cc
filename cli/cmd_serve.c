/* cli/cmd_serve.c: whet serve: models behind HTTP until a signal says stop.
 *
 * The first SIGINT or SIGTERM lets what is under way finish within drain_seconds and ends with success; a second one
 * quits. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "infer/serve/server.h"

static void say(void *arg, ServerLogLevel level, const char *line)
{
    (void)arg;
    if (level == SERVER_LOG_ERROR || level == SERVER_LOG_WARNING) log_warning("%s", line);
    else log_line("%s", line);
}

/* Words are a config (.json) or further models; flags go on top of the config. */
static Status read_config(ServerConfig *c, const Args *args)
{
    TRY(server_config_default(c));
    for (size_t i = 0; i < args->n_words; i++)
        if (path_has_suffix(args->words[i], ".json")) TRY(server_config_read(c, args->words[i]));
    TRY(options_apply(&server_config_table, c, args->flags, args->n_flags));
    for (size_t i = 0; i < args->n_words; i++)
        if (!path_has_suffix(args->words[i], ".json")) TRY(string_list_add(&c->models, args->words[i]));
    return OK;
}

static const OptionTable *settings(void) { return &server_config_table; }

static bool came(const sigset_t *signals)
{
    return sigtimedwait(signals, NULL, &(struct timespec){ 0 }) > 0;
}

static void drain(Server *server, const ServerConfig *c, const sigset_t *signals)
{
    struct timespec now, begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    log_line("stopping: requests under way get %g s", c->drain_seconds);
    server_drain(server);
    do {
        if (server_wait_idle(server, 0.1) || came(signals)) return;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) * 1e-9 < c->drain_seconds);
}

static Status serve(const ServerConfig *c, const sigset_t *signals)
{
    Server *server;
    siginfo_t which;
    TRY(server_start(&server, c, say, NULL));
    Status s;
    while ((s = server_wait_ready(server, 0.2)) == ERR_BUSY)
        if (came(signals)) break;
    if (s == ERR_BUSY) s = OK;                              /* stopped before it had begun */
    else if (s == OK) {
        log_line("listening on %s", server_url(server));
        while (sigwaitinfo(signals, &which) < 0 && errno == EINTR) {}
        drain(server, c, signals);
    }
    server_stop(server, 0);
    return s;
}

/* OpenMP's threads spin while they wait for each other, which starves the threads that read requests, and each other on
 * a busy machine: 32 clients on two cores with other load got 113 answers a second, and 261 with threads that sleep. The
 * library reads this setting before main(), hence the second start of the same program, once. */
static void restart_with_sleeping_threads(void)
{
    char  *text = NULL, **argv = NULL;
    size_t n = 0, n_args = 0, cap = 0;
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") || setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
    FILE  *f = fopen("/proc/self/cmdline", "re");
    Status s = f ? OK : ERR_IO;
    for (ssize_t got; s == OK && (got = getdelim(&text, &n, '\0', f)) > 0;) {
        if ((s = mem_grow(&argv, &cap, n_args + 2, sizeof *argv)) == OK) s = text_copy(&argv[n_args++], text);
    }
    if (f) fclose(f);
    if (s == OK && n_args > 0) execv("/proc/self/exe", argv);
    for (size_t i = 0; i < n_args; i++) free(argv[i]);      /* it could not be: serve as we are */
    free(argv);
    free(text);
}

static Status run(const Args *args)
{
    ServerConfig c = { 0 };
    sigset_t     signals;
    restart_with_sleeping_threads();
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* every thread of the server inherits it; this one asks for them */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    Status s = read_config(&c, args);
    if (s == OK) s = serve(&c, &signals);
    server_config_release(&c);
    return s;
}

const Verb verb_serve = {
    .name = "serve",
    .usage = "serve [CONFIG.json] [--model [NAME=]PATH ...] [--key=value ...]",
    .about = "answer over HTTP: classify, embeddings, models, health",
    .settings = settings,
    .run = run,
};
