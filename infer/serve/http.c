/* infer/serve/http.c: bytes. libmicrohttpd reads and writes HTTP; here a request's head is judged before its body is
 * read, the body is kept within its limit, and a Reply becomes headers and bytes.
 *
 * One thread a connection, so a handler may sleep in the queue. A request that is refused by its head is answered at
 * once when its body is too large or the client waits for leave to send it (Expect: 100-continue); the connection
 * then closes, after what is still arriving was read for a moment: a close with unread bytes makes the kernel send a
 * reset, which may destroy the answer before the client has read it. Otherwise the small body is read and dropped, and
 * the connection lives on. */
#include "infer/serve/serve_internal.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"

enum {
    HEAD_SECONDS = 10, BODY_SECONDS = 30, IDLE_SECONDS = 75,      /* without a byte */
    LINGER_MS = 2000, LINGER_BYTES = 64 << 20,
    CONNECTION_MEMORY = 72 << 10, CONNECTION_GROWTH = 16 << 10,   /* request line and headers must fit */
    THREAD_STACK = 1 << 20, BACKLOG = 511, MAX_PEM = 1 << 20,
};

struct Http {
    struct MHD_Daemon *daemon;
    int                listener;          /* -1: closed */
    char              *cert, *key;
    _Atomic bool       starting;
    char               last_log[256];     /* what the library said while it was starting */
};
typedef struct Http Http;

typedef struct Request {
    Call    call;
    Reply   reply;
    Text    body;
    int64_t n_dropped, max_body;
    bool    decided;                      /* the reply stands; what is left of the body is dropped */
    bool    lingers;                      /* the connection closes with bytes still arriving */
} Request;

/* ---- the head ---------------------------------------------------------------------------------------------------- */

typedef struct HeadScan { RequestHead *head; int n_lengths; bool bad; } HeadScan;

static enum MHD_Result scan_header(void *arg, enum MHD_ValueKind kind, const char *key, size_t n_key, const char *value,
                                   size_t n_value)
{
    HeadScan *scan = arg;
    (void)kind;
    scan->head->n_headers++;
    if (strcspn(key, " \t") != n_key) scan->bad = true;      /* "Content-Length : 2" hides a body from some readers */
    /* NUL, bare CR */
    if (strlen(key) != n_key || (value && strlen(value) != n_value) || (value && strpbrk(value, "\r\n")))
        scan->bad = true;
    if (!value) return MHD_YES;
    if (strcasecmp(key, "Content-Length") == 0) {
        char *end;
        errno = 0;
        scan->head->content_length = strtoll(value, &end, 10);
        if (end == value || *end || errno || strspn(value, "0123456789") != strlen(value)) scan->bad = true;
        if (scan->n_lengths++) scan->bad = true;
    }
    if (strcasecmp(key, "Transfer-Encoding") == 0) {
        if (scan->head->chunked || strcasecmp(value, "chunked") != 0) scan->bad = true;
        scan->head->chunked = true;
    }
    return MHD_YES;
}

static void read_head(struct MHD_Connection *c, RequestHead *head)
{
    *head = (RequestHead){ .content_length = -1 };
    HeadScan scan = { head, 0, false };
    MHD_get_connection_values_n(c, MHD_HEADER_KIND, scan_header, &scan);
    head->ambiguous = scan.bad || (head->chunked && scan.n_lengths);
    head->authorization = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    head->x_api_key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Api-Key");
    head->content_type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
    head->content_encoding = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Encoding");
    head->beta = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "OpenAI-Beta");
}

/* Percent-decoding that leaves %00 as it stands: a path never ends earlier than it seems to. */
static size_t unescape(void *arg, struct MHD_Connection *c, char *s)
{
    (void)arg, (void)c;
    static const char hex[] = "0123456789abcdef";
    char *to = s;
    for (const char *p = s; *p;) {
        const char *high = p[0] == '%' && p[1] ? strchr(hex, p[1] | 32) : NULL;
        const char *low = high && p[2] ? strchr(hex, p[2] | 32) : NULL;
        int         value = low ? (int)((high - hex) * 16 + (low - hex)) : 0;
        if (value) {
            *to++ = (char)value;
            p += 3;
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
    return (size_t)(to - s);
}

/* ---- replies ----------------------------------------------------------------------------------------------------- */

static void add(struct MHD_Response *r, const char *name, const char *value)
{
    (void)MHD_add_response_header(r, name, value);
}

static void add_number(struct MHD_Response *r, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.0f", value);
    add(r, name, text);
}

static void log_reply(const Request *q)
{
    const Call *call = &q->call;
    server_log(call->server, q->reply.status >= 500 ? SERVER_LOG_WARNING : SERVER_LOG_REQUEST,
               "%s %.20s %.200s %d %.1f ms key=%s model=%s items=%lld tokens=%lld", call->id, call->method, call->path,
                   q->reply.status,
               (serve_clock() - call->started) * 1e3, call->key ? call->key->id : "-", call->model ? call->model : "-",
               (long long)call->n_items, (long long)call->n_tokens);
}

static enum MHD_Result send_reply(struct MHD_Connection *c, Request *q)
{
    Call  *call = &q->call;
    Reply *reply = &q->reply;
    double ms = (serve_clock() - call->started) * 1e3;
    size_t n = reply->body.len;
    struct MHD_Response *r = MHD_create_response_from_buffer(n, text_take(&reply->body), MHD_RESPMEM_MUST_FREE);
    if (!r) return MHD_NO;
    add(r, "Content-Type", "application/json");
    add(r, "X-Request-Id", call->id);
    add(r, "OpenAI-Version", "2020-10-01");
    add_number(r, "OpenAI-Processing-Ms", ms);
    if (call->ignored[0]) add(r, "X-Ignored-Fields", call->ignored);
    if (reply->allow) add(r, "Allow", reply->allow);
    if (reply->challenge) add(r, "WWW-Authenticate", "Bearer");
    if (reply->no_retry) add(r, "X-Should-Retry", "false");
    if (reply->retry_after_ms) {
        add_number(r, "Retry-After-Ms", reply->retry_after_ms);
        add_number(r, "Retry-After", (reply->retry_after_ms + 999) / 1000);
    }
    if (q->lingers || atomic_load(&call->server->draining)) add(r, "Connection", "close");
    enum MHD_Result sent = MHD_queue_response(c, (unsigned)reply->status, r);
    MHD_destroy_response(r);
    log_reply(q);
    return sent;
}

static void linger(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    char    sink[16384];
    int64_t left = LINGER_BYTES;
    double  until = serve_clock() + LINGER_MS * 1e-3;
    if (!info) return;
    shutdown(info->connect_fd, SHUT_WR);
    for (;;) {
        struct pollfd p = { info->connect_fd, POLLIN, 0 };
        int           ms = (int)((until - serve_clock()) * 1e3);
        if (ms <= 0 || left <= 0 || poll(&p, 1, ms) <= 0) return;
        ssize_t n = recv(info->connect_fd, sink, sizeof sink, 0);
        if (n <= 0) return;
        left -= n;
    }
}

/* In the middle of a body the library takes no reply (before version 1.0), so this one goes past it. Not with TLS,
 * whose records are the library's: there the rest is read and dropped, within the same limit again. Gives whether it
 * went out. */
static bool refuse_midway(struct MHD_Connection *c, Request *q)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    Text t = { 0 };
    if (!info || q->call.server->config->tls_cert) return false;
    Status s = text_addf(&t, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nX-Request-Id: %s\r\n"
                         "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                         q->reply.status, MHD_get_reason_phrase_for((unsigned)q->reply.status), q->call.id,
                             q->reply.body.len);
    if (s == OK) s = text_add(&t, q->reply.body.data, q->reply.body.len);
    bool sent = s == OK && send(info->connect_fd, t.data, t.len, MSG_NOSIGNAL) == (ssize_t)t.len;
    text_release(&t);
    if (sent) {
        log_reply(q);
        linger(c);
    }
    return sent;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static void too_large(Request *q)
{
    ApiError e;
    api_fail(&e, API_TOO_LARGE, NULL, "the body is larger than %lld bytes", (long long)q->max_body);
    reply_error(&q->reply, &e);
    q->decided = true;
}

static enum MHD_Result begin(Server *s, struct MHD_Connection *c, const char *url, const char *method, void **slot)
{
    Request    *q;
    RequestHead head;
    if (mem_new(&q, 1, sizeof *q) != OK) return MHD_NO;
    *slot = q;
    q->call = (Call){ .server = s, .method = method, .path = url, .started = serve_clock() };
    serve_id(q->call.id, sizeof q->call.id, "req_");
    server_enter(s);
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)BODY_SECONDS);
    read_head(c, &head);
    q->decided = !routes_admit(&q->call, &head, &q->reply);
    q->max_body = s->config->max_body_bytes;
    if (q->call.key && q->call.key->max_body_bytes && q->call.key->max_body_bytes < q->max_body)
        q->max_body = q->call.key->max_body_bytes;
    const char *expect = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Expect");
    q->lingers = q->decided && (head.ambiguous || head.content_length > q->max_body
                                || (expect && (head.chunked || head.content_length > 0)));
    return q->lingers ? send_reply(c, q) : MHD_YES;
}

/* True when these bytes were too many: the reply stands now. */
static bool take_body(Request *q, const char *bytes, size_t n)
{
    if (!q->decided && q->call.route->method[0] != 'P') {          /* a GET's body says nothing */
        q->n_dropped += (int64_t)n;
        return false;
    }
    bool over = !q->decided && q->body.len + n > (size_t)q->max_body;
    if (over) too_large(q);
    if (!q->decided && text_add(&q->body, bytes, n) != OK) {
        ApiError e;
        api_fail_status(&e, ERR_MEMORY, NULL);
        reply_error(&q->reply, &e);
        q->decided = true;
    }
    if (!q->decided) return false;
    text_release(&q->body);
    q->n_dropped += (int64_t)n;
    return over;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version,
                                  const char *data, size_t *n_data, void **slot)
{
    (void)version;
    Request *q = *slot;
    if (!q) return begin(arg, c, url, method, slot);
    if (*n_data) {
        bool midway = take_body(q, data, *n_data);
        *n_data = 0;
        if (midway && refuse_midway(c, q)) return MHD_NO;
        return q->n_dropped > q->max_body ? MHD_NO : MHD_YES;         /* refused long ago, and still sending */
    }
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, 0u);      /* our own time is no silence of the client */
    if (!q->decided) {
        q->call.body = q->body.data ? q->body.data : "";
        q->call.n_body = q->body.len;
        routes_answer(&q->call, &q->reply);
        text_release(&q->body);
    }
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)BODY_SECONDS);
    return send_reply(c, q);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **slot, enum MHD_RequestTerminationCode code)
{
    Server  *s = arg;
    Request *q = *slot;
    if (!q) return;
    if (q->lingers && code == MHD_REQUEST_TERMINATED_COMPLETED_OK) linger(c);
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_SECONDS);
    routes_finish(&q->call);
    text_release(&q->body);
    text_release(&q->reply.body);
    free(q);
    *slot = NULL;
    server_leave(s);
}

/* ---- listening --------------------------------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) return (ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24) == 127;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)a)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

static Status may_listen(const Server *s, const struct sockaddr *a)
{
    const ServerConfig *c = s->config;
    if (is_loopback(a) || s->keys.n || c->insecure_no_auth) return OK;
    return hint(fail(ERR_CONFIG, "without keys the server listens on this machine only, not on %s", c->host),
                "name a file with --api_keys, or say --insecure_no_auth");
}

static Status listen_on(Server *s, const struct addrinfo *a)
{
    const char *host = s->config->host;
    struct sockaddr_storage bound = { 0 };
    socklen_t   n = sizeof bound;
    int         on = 1;
    char        port[16] = "";
    TRY(may_listen(s, a->ai_addr));
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(ERR_IO, "no socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0
        || getsockname(fd, (struct sockaddr *)&bound, &n) != 0) {
        int error = errno;
        close(fd);
        return hint(fail(ERR_IO, "cannot listen on %s port %lld: %s", host, (long long)s->config->port,
                         strerror(error)),
                    error == EADDRINUSE ? "another program listens there; choose another --port"
                        : "choose another --host or --port");
    }
    getnameinfo((struct sockaddr *)&bound, n, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    s->port = atoi(port);
    s->http->listener = fd;
    bool six = strchr(host, ':') != NULL;
    return text_format(&s->url, "http%s://%s%s%s:%d", s->config->tls_cert ? "s" : "", six ? "[" : "", host,
                       six ? "]" : "", s->port);
}

static Status open_listener(Server *s)
{
    struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found = NULL;
    char            port[16];
    snprintf(port, sizeof port, "%lld", (long long)s->config->port);
    int error = getaddrinfo(s->config->host, port, &want, &found);
    if (error)
        return hint(fail(ERR_CONFIG, "host \"%s\": %s", s->config->host, gai_strerror(error)),
                    "127.0.0.1 is this machine only, 0.0.0.0 every address it has");
    Status status = listen_on(s, found);
    freeaddrinfo(found);
    return status;
}

static void on_library_log(void *arg, const char *fmt, va_list ap)
{
    Server *s = arg;
    if (!atomic_load(&s->http->starting)) return;      /* later it tells of clients that went away */
    vsnprintf(s->http->last_log, sizeof s->http->last_log, fmt, ap);
    s->http->last_log[strcspn(s->http->last_log, "\n")] = '\0';
}

static Status start_daemon(Server *s)
{
    Http    *h = s->http;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC
                   | MHD_USE_ERROR_LOG | (h->cert ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, h->cert },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, h->key },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
        { MHD_OPTION_END, 0, NULL },
    };
    if (h->cert && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return hint(fail(ERR_UNSUPPORTED, "this libmicrohttpd was built without TLS"),
                    "put a proxy in front that speaks HTTPS");
    atomic_store(&h->starting, true);
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
                                 MHD_OPTION_EXTERNAL_LOGGER, on_library_log, s,
                                 MHD_OPTION_LISTEN_SOCKET, h->listener,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                                 MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->config->max_connections,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HEAD_SECONDS,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                 MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)CONNECTION_GROWTH,
                                 MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK,
                                 MHD_OPTION_ARRAY, h->cert ? tls : tls + 3,
                                 MHD_OPTION_END);
    atomic_store(&h->starting, false);
    if (h->daemon) return OK;
    return hint(fail(ERR_STATE, "the HTTP server cannot start: %s", h->last_log[0] ? h->last_log
                     : "no reason is given"),
                h->cert ? "certificate and key must be PEM and belong together"
                    : "too many threads or open files may be in use");
}

Status http_start(Server *s)
{
    size_t n;
    TRY(mem_new(&s->http, 1, sizeof *s->http));
    s->http->listener = -1;
    if (s->config->tls_cert) {
        TRY(file_read(&s->http->cert, &n, s->config->tls_cert, MAX_PEM));
        TRY(file_read(&s->http->key, &n, s->config->tls_key, MAX_PEM));
    }
    TRY(open_listener(s));
    return start_daemon(s);
}

void http_close_listener(Server *s)
{
    int fd = MHD_quiesce_daemon(s->http->daemon);
    if (fd < 0) return;
    /* at once: a thread that still polls it would keep the closed socket listening */
    shutdown(fd, SHUT_RDWR);
    close(fd);
    s->http->listener = -1;
}

void http_stop(Server *s)
{
    Http *h = s->http;
    if (!h) return;
    if (h->daemon) MHD_stop_daemon(h->daemon);
    if (h->listener >= 0) close(h->listener);
    free(h->cert);
    free(h->key);
    free(h);
    s->http = NULL;
}
