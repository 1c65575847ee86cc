/* tests/infer/serve_test.h: a tiny model in a folder, a server on a free port, and a client that sends any bytes. */
#ifndef TESTS_INFER_SERVE_TEST_H
#define TESTS_INFER_SERVE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail                    /* cmocka's; ours comes with core/status.h */
#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "infer/engine.h"
#include "infer/serve/serve_internal.h"

#define HELPER static __attribute__((unused))

HELPER void must(Status s)
{
    if (s != OK) status_print_last(stderr, false);
    assert_int_equal(s, OK);
}

HELPER double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

HELPER void nap(double seconds) { usleep((useconds_t)(seconds * 1e6)); }

/* ---- models ------------------------------------------------------------------------------------------------------ */

static const char *const words[] = {
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "parcel", "is", "late", "where", "my", "order", "card", "lost",
        "stolen", "##s", "money",
    "back", "want", "i", "to", "change", "address", "please", "help", "when", "will", "it", "arrive", "a", "new", "pin",
        "forgot", "password",
    "account", "close", "open", "fee", "too", "high", ".", ",", "?", "!", "thank", "you", "b", "c", "d", "e",
};
enum { N_WORDS = COUNT(words), MAX_POSITIONS = 40 };

HELPER char *temp_folder(void)
{
    char *path = NULL;
    must(text_format(&path, "/tmp/whet-serve-test-XXXXXX"));
    assert_non_null(mkdtemp(path));
    return path;
}

/* A published folder with random weights and three labels: marks of entities for tokens. */
HELPER char *make_model(const char *folder, const char *name, const char *task_name)
{
    char       *path = NULL, *vocab = NULL;
    Text        list = { 0 };
    Tokenizer  *tokenizer;
    ModelConfig config = { 0 };
    StringList  labels = { 0 };
    Backend    *backend;
    Model      *model;
    must(path_join(&path, folder, name));
    must(file_make_folder(path));
    for (size_t i = 0; i < N_WORDS; i++) must(text_addf(&list, "%s\n", words[i]));
    must(path_join(&vocab, path, "vocab.txt"));
    must(file_write_whole(vocab, list.data, list.len));
    must(tokenizer_open(&tokenizer, path));
    must(model_config_default(&config));
    must(text_copy(&config.architecture, "bert"));
    config.vocab_size = N_WORDS;
    config.hidden_size = 32;
    config.num_hidden_layers = 2;
    config.num_attention_heads = 4;
    config.intermediate_size = 64;
    config.max_position_embeddings = MAX_POSITIONS;
    const TaskDef *task = task_find(task_name);
    assert_non_null(task);
    static const char *const classes[] = { "late", "lost \"card\"", "other" }, *const tags[] = { "B-IT", "I-IT", "O" };
    for (int i = 0; i < 3 && task->has_classes; i++)
        must(string_list_add(&labels, task->rows == ROW_TOKEN ? tags[i] : classes[i]));
    must(backend_open(&backend, "ref"));
    must(model_new(&model, backend, &config, task, &labels));
    must(params_fill_initial(&model->params, 7, 0.3));      /* far from uniform answers */
    must(bundle_write_folder(model, path, MAX_POSITIONS));
    must(tokenizer_save(tokenizer, path, MAX_POSITIONS));
    model_free(model);
    backend_close(backend);
    tokenizer_free(tokenizer);
    model_config_release(&config);
    string_list_release(&labels);
    text_release(&list);
    free(vocab);
    return path;
}

/* ---- servers ----------------------------------------------------------------------------------------------------- */

/* Defaults, port 0, the cpu, and further keys and values up to NULL. */
HELPER void configure(ServerConfig *c, ...)
{
    va_list ap;
    *c = (ServerConfig){ 0 };
    must(server_config_default(c));
    c->port = 0;
    va_start(ap, c);
    for (const char *key; (key = va_arg(ap, const char *));) {
        const char *value = va_arg(ap, const char *);
        if (strcmp(key, "model") == 0) must(string_list_add(&c->models, value));
        else must(options_set(&server_config_table, c, key, value));
    }
    va_end(ap);
}

HELPER Server *start(const ServerConfig *c)
{
    Server *s;
    must(server_start(&s, c, NULL, NULL));
    must(server_wait_ready(s, 60));
    return s;
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

typedef struct Answer {
    int    status;             /* 0: the connection closed without an answer */
    Text   all;                /* head and body */
    char  *body;               /* into all */
    cJSON *json;               /* NULL: the body is no JSON */
    bool   closed;             /* the server closed after it */
} Answer;

HELPER void answer_release(Answer *a)
{
    text_release(&a->all);
    cJSON_Delete(a->json);
    *a = (Answer){ 0 };
}

HELPER int dial(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

HELPER bool send_bytes(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* The value of a header, copied into buf; NULL when there is none. */
HELPER const char *header(const Answer *a, const char *name, char buf[256])
{
    size_t n = strlen(name);
    for (const char *p = strstr(a->all.data, "\r\n"); p && p + 2 < a->body; p = strstr(p + 2, "\r\n")) {
        if (strncasecmp(p + 2, name, n) != 0 || p[2 + n] != ':') continue;
        p += 2 + n + 1 + strspn(p + 3 + n, " ");
        snprintf(buf, 256, "%.*s", (int)strcspn(p, "\r"), p);
        return buf;
    }
    return NULL;
}

/* Reads one answer (after any 100 Continue), 20 s at most. head: there is no body. */
HELPER Answer receive_one(int fd, bool head)
{
    Answer a = { 0 };
    double until = now() + 20;
    char   buf[65536], value[256];
    must(text_add(&a.all, "", 0));
    for (;;) {
        char *end = strstr(a.all.data, "\r\n\r\n");
        if (end && strncmp(a.all.data, "HTTP/1.1 100", 12) == 0) {
            size_t skip = (size_t)(end + 4 - a.all.data);
            memmove(a.all.data, end + 4, a.all.len - skip + 1);
            a.all.len -= skip;
            continue;
        }
        if (end) {
            a.body = end + 4;
            const char *length = header(&a, "Content-Length", value);
            size_t      have = a.all.len - (size_t)(a.body - a.all.data);
            if (head || (length && have >= (size_t)atoll(length))) break;
        }
        struct pollfd p = { fd, POLLIN, 0 };
        if (now() > until || poll(&p, 1, 200) < 0) break;
        if (!(p.revents & (POLLIN | POLLHUP | POLLERR))) continue;
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n <= 0) {
            a.closed = true;
            break;
        }
        must(text_add(&a.all, buf, (size_t)n));
    }
    char *end = strstr(a.all.data, "\r\n\r\n");
    a.body = end ? end + 4 : a.all.data + a.all.len;
    if (a.all.len > 12 && strncmp(a.all.data, "HTTP/1.1 ", 9) == 0) a.status = atoi(a.all.data + 9);
    const char *connection = header(&a, "Connection", value);
    if (connection && strcmp(connection, "close") == 0) a.closed = true;
    if (json_parse(&a.json, a.body, strlen(a.body), "answer", JSON_STRICT) != OK) a.json = NULL;
    return a;
}

HELPER Answer receive(int fd) { return receive_one(fd, false); }

HELPER Answer send_raw(int port, const char *bytes, size_t n)
{
    int fd = dial(port);
    assert_true(fd >= 0);
    send_bytes(fd, bytes, n);
    Answer a = receive(fd);
    close(fd);
    return a;
}

/* `more`: header lines, each with its \r\n. body NULL: none. */
HELPER bool write_request(int fd, const char *method, const char *path, const char *more, const char *body)
{
    Text t = { 0 };
    must(text_addf(&t, "%s %s HTTP/1.1\r\nHost: test\r\n%s", method, path, more ? more : ""));
    if (body) must(text_addf(&t, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body)));
    must(text_addf(&t, "\r\n%s", body ? body : ""));
    bool sent = send_bytes(fd, t.data, t.len);
    text_release(&t);
    return sent;
}

HELPER Answer ask(int port, const char *method, const char *path, const char *more, const char *body)
{
    int fd = dial(port);
    assert_true(fd >= 0);
    write_request(fd, method, path, more, body);
    Answer a = receive_one(fd, strcmp(method, "HEAD") == 0);
    close(fd);
    return a;
}

HELPER Answer post(int port, const char *path, const char *body) { return ask(port, "POST", path, NULL, body); }
HELPER Answer get(int port, const char *path) { return ask(port, "GET", path, NULL, NULL); }

/* The published form: four keys, of these types. code and param NULL: null. */
HELPER void expect_error(const char *what, const Answer *a, int status, const char *type, const char *code,
                         const char *param)
{
    const cJSON *e = json_get(a->json, "error");
    char         value[256];
    if (a->status != status || !e) print_error("%s: want %d, got:\n%s\n", what, status, a->all.data);
    assert_int_equal(a->status, status);
    assert_non_null(e);
    assert_int_equal(cJSON_GetArraySize(e), 4);
    assert_true(cJSON_IsString(json_get(e, "message")) && json_get(e, "message")->valuestring[0]);
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(e, "code"), *p = cJSON_GetObjectItemCaseSensitive(e, "param");
    assert_string_equal(json_get(e, "type")->valuestring, type);
    if (code ? !cJSON_IsString(c) || strcmp(c->valuestring, code) != 0 : !cJSON_IsNull(c))
        print_error("%s: code: %s\n", what, a->body);
    if (code) assert_string_equal(c->valuestring, code);
    else assert_true(cJSON_IsNull(c));
    if (param ? !cJSON_IsString(p) || strcmp(p->valuestring, param) != 0 : !cJSON_IsNull(p))
        print_error("%s: param: %s\n", what, a->body);
    if (param) assert_string_equal(p->valuestring, param);
    else assert_true(cJSON_IsNull(p));
    assert_non_null(header(a, "X-Request-Id", value));
    assert_int_equal(strlen(value), 28);
    assert_memory_equal(value, "req_", 4);
}

#endif
