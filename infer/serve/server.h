/* infer/serve/server.h: models behind HTTP: bytes (http.c) -> routes (routes.c) -> queue (queue.c) -> engine.
 *
 * A thread a connection reads, judges and encodes; one compute thread opens the models and runs them, so that only it
 * enters the thread pool of the kernels. Nothing here prints, exits or catches signals: failures are Status, and each
 * request is a line for the log callback, which any thread may call. */
#ifndef INFER_SERVE_SERVER_H
#define INFER_SERVE_SERVER_H

#include "infer/serve/queue.h"
#include "infer/serve/serve_config.h"

typedef struct Server Server;
typedef enum ServerLogLevel {
    SERVER_LOG_ERROR, SERVER_LOG_WARNING, SERVER_LOG_INFO, SERVER_LOG_REQUEST
} ServerLogLevel;
typedef void (*ServerLog)(void *arg, ServerLogLevel level, const char *line);

/* Listens at once and opens the models meanwhile (/readyz says 503 until then). Borrows config. log may be NULL. */
Status server_start(Server **out, const ServerConfig *config, ServerLog log, void *log_arg) MUST_USE;
/* Sleeps until every model is open, or gives the failure of the first that cannot be; ERR_BUSY while they still load
 * after `seconds`. */
Status server_wait_ready(Server *s, double seconds) MUST_USE;

int         server_port(const Server *s);
const char *server_url(const Server *s);             /* "http://127.0.0.1:8080" */
QueueStats  server_stats(Server *s);

/* Stopping in steps: no new connections or work and /readyz 503; wait until the open requests have their answers; end.
 * server_stop does all three and frees the server. */
void server_drain(Server *s);
bool server_wait_idle(Server *s, double seconds);    /* false: something is still under way */
void server_stop(Server *s, double drain_seconds);   /* NULL is fine */

#endif
