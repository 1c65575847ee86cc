/* tests/infer/serve_life_test.c: keys, requests that wait together, full queue, deadlines, start, stop and TLS. */
#include "tests/infer/serve_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char *folder, *embed, *intents;

static int make_models(void **state)
{
    (void)state;
    folder = temp_folder();
    embed = make_model(folder, "embed", "embedding");
    intents = make_model(folder, "intents", "sequence-classification");
    return 0;
}

static int remove_models(void **state)
{
    (void)state;
    must(file_remove_folder(folder));
    free(embed);
    free(intents);
    free(folder);
    return 0;
}

static char *in_folder(const char *name)
{
    char *path = NULL;
    must(path_join(&path, folder, name));
    return path;
}

#define EMBED_BODY "{\"model\": \"embed\", \"input\": \"close the account\"}"

/* n texts of 20 words. */
static char *heavy_body(int n)
{
    Text t = { 0 };
    must(text_addf(&t, "{\"model\": \"embed\", \"truncate\": true, \"input\": ["));
    for (int i = 0; i < n; i++)
        must(text_addf(&t, "%s\"where is my parcel it is late and i want my money back please help me now ok ? %d\"",
                       i ? "," : "", i));
    must(text_addf(&t, "]}"));
    return text_take(&t);
}

/* ---- clients in threads ------------------------------------------------------------------------------------------ */

typedef struct Client {
    int         port;
    const char *path, *more, *body;
    Answer      a;
    pthread_t   thread;
} Client;

static void *client(void *arg)
{
    Client *c = arg;
    c->a = ask(c->port, "POST", c->path, c->more, c->body);
    return NULL;
}

static void send_off(Client *c, int port, const char *path, const char *more, const char *body)
{
    *c = (Client){ .port = port, .path = path, .more = more, .body = body };
    assert_int_equal(pthread_create(&c->thread, NULL, client, c), 0);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static void test_keys(void **state)
{
    (void)state;
    static const char keys[] =
        "plain-key-1\n{\"id\": \"meter\", \"key\": \"metrics-only-1\", \"scopes\": [\"metrics\"]}\n"
        "{\"key\": \"old-key-000\", \"expires_at\": 1000}\n{\"key\": \"small-key-00\", \"max_body_bytes\": 80}\n";
    static const struct { const char *header; int status; } cases[] = {
        { "Authorization: Bearer plain-key-1\r\n", 200 },      { "authorization: bEARER   plain-key-1 \r\n", 200 },
        { "X-Api-Key: plain-key-1\r\n", 200 },                 { NULL, 401 },
        { "Authorization: Bearer plain-key-2\r\n", 401 },      { "Authorization: Bearer \r\n", 401 },
        { "Authorization: Basic plain-key-1\r\n", 401 },       { "Authorization: plain-key-1\r\n", 401 },
        { "Authorization: Bearer old-key-000\r\n", 401 },      { "Authorization: Bearer metrics-only-1\r\n", 403 },
        { "Authorization: Bearer wrong\r\nX-Api-Key: plain-key-1\r\n", 401 },
    };
    ServerConfig c;
    char        *path = in_folder("keys.txt"), value[256];
    must(file_write_whole(path, keys, strlen(keys)));
    configure(&c, "model", embed, "api_keys", path, "host", "0.0.0.0", "device", "ref", NULL);
    Server *s = start(&c);
    int     port = server_port(s), fd = dial(port);
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* one connection: refusals keep it */
        write_request(fd, "POST", "/v1/embeddings", cases[i].header, EMBED_BODY);
        Answer a = receive(fd);
        if (a.status != cases[i].status) print_error("%s: %d\n", cases[i].header ? cases[i].header : "none", a.status);
        if (cases[i].status == 401) expect_error("401", &a, 401, "invalid_request_error", "invalid_api_key", NULL);
        else if (cases[i].status == 403)
            expect_error("403", &a, 403, "permission_error", "insufficient_permissions", NULL);
        else assert_int_equal(a.status, 200);
        if (cases[i].status == 401) assert_string_equal(header(&a, "WWW-Authenticate", value), "Bearer");
        assert_false(a.closed);
        answer_release(&a);
    }
    close(fd);
    Answer a = ask(port, "POST", "/v1/embeddings", "X-Api-Key: small-key-00\r\n",
                   "{\"model\": \"embed\", \"input\": \"close the account, and then open the account once more\"}");
    expect_error("small", &a, 413, "invalid_request_error", "payload_too_large", NULL);
    answer_release(&a);
    static const char *const public[] = { "/healthz", "/livez", "/readyz", "/health" },
        *const closed[] = { "/v1/models", "/version", "/v1/nope" };
    for (size_t i = 0; i < COUNT(public); i++) {
        a = get(port, public[i]);
        assert_int_equal(a.status, 200);
        answer_release(&a);
    }
    for (size_t i = 0; i < COUNT(closed); i++) {
        a = get(port, closed[i]);
        assert_int_equal(a.status, 401);
        answer_release(&a);
    }
    server_stop(s, 5);
    server_config_release(&c);
    free(path);
}

static void test_concurrency_of_a_key(void **state)
{
    (void)state;
    ServerConfig c;
    configure(&c, "model", embed, "max_concurrent", "2", "device", "ref", NULL);
    Server *s = start(&c);
    int     port = server_port(s), fd[2];
    char    value[256];
    for (int i = 0; i < 2; i++) {                        /* two whose bodies are still to come */
        static const char half[] = "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
        fd[i] = dial(port);
        send_bytes(fd[i], half, strlen(half));
    }
    Answer a = { 0 };
    for (int i = 0; i < 100 && a.status != 429; i++) {
        answer_release(&a);
        nap(0.01);
        a = post(port, "/v1/embeddings", EMBED_BODY);
    }
    expect_error("concurrent", &a, 429, "requests", "rate_limit_exceeded", NULL);
    assert_non_null(header(&a, "Retry-After-Ms", value));
    assert_non_null(header(&a, "Retry-After", value));
    answer_release(&a);
    close(fd[0]);
    close(fd[1]);
    for (int i = 0; i < 200 && a.status != 200; i++) {
        answer_release(&a);
        nap(0.01);
        a = post(port, "/v1/embeddings", EMBED_BODY);
    }
    assert_int_equal(a.status, 200);
    answer_release(&a);
    server_stop(s, 5);
    server_config_release(&c);
}

/* ---- batches ----------------------------------------------------------------------------------------------------- */

static void text_of(int i, char out[200])
{
    static const char *const parts[] = { "where is my parcel", "i want my money back", "the card is stolen",
                                         "please help", "forgot the password",
                                         "the fee is too high", "close the account" };
    out[0] = '\0';
    for (int k = 0; k <= i % 5; k++)
        snprintf(out + strlen(out), 200 - strlen(out), "%s%s", k ? " , " : "", parts[(i * 3 + k) % 7]);
}

/* The same requests one at a time, then all at once with others in between: equal within 1e-5. */
static void test_together_equals_alone(void **state)
{
    (void)state;
    enum { N = 32 };
    ServerConfig c;
    configure(&c, "model", embed, "model", intents, NULL);
    Server *s = start(&c);
    int     port = server_port(s);
    Client  clients[N + 1];
    char    bodies[N][400];
    Answer  alone[N];
    char   *heavy = heavy_body(2000);
    for (int i = 0; i < N; i++) {
        char text[200];
        text_of(i, text);
        if (i % 4)
            snprintf(bodies[i], sizeof bodies[i],
                     "{\"model\": \"embed\", \"input\": \"%s\", \"encoding_format\": \"float\"}", text);
        else snprintf(bodies[i], sizeof bodies[i], "{\"model\": \"intents\", \"text\": \"%s\"}", text);
        alone[i] = post(port, i % 4 ? "/v1/embeddings" : "/v1/classify", bodies[i]);
        assert_int_equal(alone[i].status, 200);
    }
    QueueStats before = server_stats(s);
    /* keeps the compute thread busy meanwhile */
    send_off(&clients[N], port, "/v1/embeddings", NULL, heavy);
    for (int i = 0; i < 2000 && server_stats(s).n_jobs == before.n_jobs; i++) nap(0.001);
    for (int i = 0; i < N; i++) send_off(&clients[i], port, i % 4 ? "/v1/embeddings" : "/v1/classify", NULL, bodies[i]);
    for (int i = 0; i < N; i++) {
        pthread_join(clients[i].thread, NULL);
        Answer *a = &clients[i].a;
        assert_int_equal(a->status, 200);
        const cJSON *x, *y;
        if (i % 4) {
            x = json_get(json_get(alone[i].json, "data")->child, "embedding")->child;
            y = json_get(json_get(a->json, "data")->child, "embedding")->child;
            for (; x && y; x = x->next, y = y->next) assert_true(fabs(x->valuedouble - y->valuedouble) < 1e-5);
            assert_true(!x && !y);
        } else {
            assert_string_equal(json_get(alone[i].json, "label")->valuestring, json_get(a->json, "label")->valuestring);
            assert_true(fabs(json_get(alone[i].json, "score")->valuedouble - json_get(a->json,
                    "score")->valuedouble) < 1e-5);
        }
        answer_release(a);
        answer_release(&alone[i]);
    }
    pthread_join(clients[N].thread, NULL);
    assert_int_equal(clients[N].a.status, 200);
    assert_int_equal(cJSON_GetArraySize(json_get(clients[N].a.json, "data")), 2000);
    answer_release(&clients[N].a);
    QueueStats after = server_stats(s);
    assert_int_equal(after.n_jobs - before.n_jobs, N + 1);
    assert_int_equal(after.n_inputs - before.n_inputs, N + 2000);
    free(heavy);
    server_stop(s, 5);
    server_config_release(&c);
}

static void test_queue_full_and_deadline(void **state)
{
    (void)state;
    enum { N = 12 };
    ServerConfig c;
    Client       clients[N];
    char        *heavy = heavy_body(2000), value[256];
    int          n_full = 0, n_late = 0, n_ok = 0;
    configure(&c, "model", embed, "max_queue", "1", "device", "ref", "max_batch_tokens", "200", NULL);
    Server *s = start(&c);
    for (int i = 0; i < N; i++) send_off(&clients[i], server_port(s), "/v1/embeddings", NULL, heavy);
    for (int i = 0; i < N; i++) {
        pthread_join(clients[i].thread, NULL);
        Answer *a = &clients[i].a;
        if (a->status == 429) {
            n_full++;
            expect_error("full", a, 429, "requests", "queue_full", NULL);
            assert_non_null(header(a, "Retry-After-Ms", value));
        } else {
            assert_int_equal(a->status, 200);
            n_ok++;
        }
        answer_release(a);
    }
    assert_true(n_full > 0 && n_ok > 0);
    server_stop(s, 5);
    server_config_release(&c);

    configure(&c, "model", embed, "request_timeout", "0.05", "device", "ref", "max_batch_tokens", "200", NULL);
    s = start(&c);
    for (int i = 0; i < N; i++) send_off(&clients[i], server_port(s), "/v1/embeddings", NULL, heavy);
    for (int i = 0; i < N; i++) {
        pthread_join(clients[i].thread, NULL);
        Answer *a = &clients[i].a;
        if (a->status == 504) {
            n_late++;
            expect_error("late", a, 504, "server_error", "timeout", NULL);
        }
        answer_release(a);
    }
    assert_true(n_late > 0);
    Answer a = post(server_port(s), "/v1/embeddings", EMBED_BODY);           /* what was late does not stay behind */
    assert_int_equal(a.status, 200);
    answer_release(&a);
    server_stop(s, 5);
    server_config_release(&c);
    free(heavy);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static void refuses(Status want, const char *words_wanted, const ServerConfig *c)
{
    Server *s;
    Status  status = server_start(&s, c, NULL, NULL);
    if (status == OK) {
        status = server_wait_ready(s, 60);
        server_stop(s, 1);
    }
    if (status != want || !strstr(status_fact(), words_wanted))
        print_error("%s: %s\n", status_name(status), status_fact());
    assert_int_equal(status, want);
    assert_non_null(strstr(status_fact(), words_wanted));
}

static void test_refuses_to_start(void **state)
{
    (void)state;
    ServerConfig c;
    char         port[16], *keys = in_folder("empty-keys.txt"), *same = NULL;
    configure(&c, NULL);
    refuses(ERR_CONFIG, "no model", &c);
    server_config_release(&c);
    configure(&c, "model", embed, "host", "0.0.0.0", NULL);
    refuses(ERR_CONFIG, "without keys", &c);
    c.insecure_no_auth = true;
    Server *s = start(&c);
    snprintf(port, sizeof port, "%d", server_port(s));
    server_config_release(&c);
    ServerConfig second;
    configure(&second, "model", embed, "port", port, "host", "0.0.0.0", "insecure_no_auth", "true", NULL);
    refuses(ERR_IO, "cannot listen", &second);
    server_config_release(&second);
    configure(&second, "model", embed, "host", "no.such.host.invalid", NULL);
    refuses(ERR_CONFIG, "no.such.host", &second);
    server_config_release(&second);
    configure(&second, "model", "/nowhere/at/all", NULL);
    refuses(ERR_IO, "/nowhere/at/all", &second);
    server_config_release(&second);
    must(text_format(&same, "embed=%s", intents));
    configure(&second, "model", embed, "model", same, NULL);
    refuses(ERR_CONFIG, "two models", &second);
    server_config_release(&second);
    must(file_write_whole(keys, "# none\n", 7));
    configure(&second, "model", embed, "api_keys", keys, NULL);
    refuses(ERR_CONFIG, "no key", &second);
    server_config_release(&second);
    server_stop(s, 1);
    free(keys);
    free(same);
}

/* A server whose model is still on its way says so. The model's folder is a pipe that nobody fills until we say so. */
static void test_loading(void **state)
{
    (void)state;
    ServerConfig c;
    char        *copy = make_model(folder, "slow", "sequence-classification"), *config = NULL, *text = NULL;
    size_t       n;
    must(path_join(&config, copy, "config.json"));
    must(file_read(&text, &n, config, 1 << 20));
    assert_int_equal(unlink(config), 0);
    assert_int_equal(mkfifo(config, 0600), 0);
    configure(&c, "model", copy, "device", "ref", NULL);
    Server *s;
    must(server_start(&s, &c, NULL, NULL));
    assert_int_equal(server_wait_ready(s, 0.05), ERR_BUSY);
    int    port = server_port(s);
    Answer a = get(port, "/readyz");
    assert_int_equal(a.status, 503);
    assert_string_equal(json_get(a.json, "status")->valuestring, "loading");
    answer_release(&a);
    a = get(port, "/livez");
    assert_int_equal(a.status, 200);
    answer_release(&a);
    a = post(port, "/v1/classify", "{\"text\": \"a\"}");
    expect_error("loading", &a, 503, "server_error", "model_loading", NULL);
    answer_release(&a);
    a = get(port, "/v1/models/slow");
    assert_string_equal(json_get(a.json, "state")->valuestring, "loading");
    answer_release(&a);
    FILE *f = fopen(config, "w");                             /* wakes the reader */
    assert_non_null(f);
    fwrite(text, 1, n, f);
    fclose(f);
    /* a pipe may be refused as a file: either end is fine here */
    Status status = server_wait_ready(s, 20);
    a = get(port, "/readyz");
    assert_int_equal(a.status, status == OK ? 200 : 503);
    answer_release(&a);
    server_stop(s, 1);
    server_config_release(&c);
    free(copy);
    free(config);
    free(text);
}

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

typedef struct Stop { Server *server; double seconds, took; } Stop;

static void *stop(void *arg)
{
    Stop  *s = arg;
    double begin = now();
    server_stop(s->server, s->seconds);
    s->took = now() - begin;
    return NULL;
}

static void test_drain(void **state)
{
    (void)state;
    ServerConfig c;
    Client       clients[4];
    char        *heavy = heavy_body(300);
    configure(&c, "model", embed, "device", "ref", "max_batch_tokens", "200", NULL);
    Server *s = start(&c);
    int     port = server_port(s), idle = dial(port);
    write_request(idle, "GET", "/healthz", NULL, NULL);
    Answer a = receive(idle);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    for (int i = 0; i < 4; i++) send_off(&clients[i], port, "/v1/embeddings", NULL, heavy);
    for (int i = 0; i < 5000 && server_stats(s).n_jobs < 4; i++) nap(0.001);
    server_drain(s);
    write_request(idle, "GET", "/readyz", NULL, NULL);        /* a connection from before still hears how it is */
    a = receive(idle);
    assert_int_equal(a.status, 503);
    assert_string_equal(json_get(a.json, "status")->valuestring, "draining");
    assert_true(a.closed);
    answer_release(&a);
    close(idle);
    assert_int_equal(dial(port), -1);                         /* and nobody new comes in */
    Stop      stopping = { .server = s, .seconds = 30 };
    pthread_t thread;
    pthread_create(&thread, NULL, stop, &stopping);
    for (int i = 0; i < 4; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].a.status, 200);
        assert_int_equal(cJSON_GetArraySize(json_get(clients[i].a.json, "data")), 300);
        answer_release(&clients[i].a);
    }
    pthread_join(thread, NULL);
    assert_true(stopping.took < 25);
    server_config_release(&c);
    free(heavy);
}

/* No time to finish: what waits is told so. A body that never comes does not hold the server. */
static void test_stop_now(void **state)
{
    (void)state;
    ServerConfig c;
    Client       clients[6];
    char        *heavy = heavy_body(2000);
    int          n_stopped = 0;
    configure(&c, "model", embed, "device", "ref", "max_batch_tokens", "300", NULL);
    Server *s = start(&c);
    int     fd = dial(server_port(s)), late = dial(server_port(s));
    static const char half[] = "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    send_bytes(fd, half, strlen(half));
    for (int i = 0; i < 6; i++) send_off(&clients[i], server_port(s), "/v1/embeddings", NULL, heavy);
    for (int i = 0; i < 5000 && server_stats(s).n_jobs < 6; i++) nap(0.001);
    server_drain(s);
    write_request(late, "POST", "/v1/embeddings", NULL, EMBED_BODY);
    Answer a = receive(late);
    expect_error("draining", &a, 503, "server_error", "shutting_down", NULL);
    answer_release(&a);
    Stop stopping = { .server = s, .seconds = 0 };
    stop(&stopping);
    assert_true(stopping.took < 5);
    for (int i = 0; i < 6; i++) {
        pthread_join(clients[i].thread, NULL);
        if (clients[i].a.status == 503) {
            expect_error("stopped", &clients[i].a, 503, "server_error", "shutting_down", NULL);
            n_stopped++;
        }
        answer_release(&clients[i].a);
    }
    assert_true(n_stopped > 0);
    close(fd);
    close(late);
    server_config_release(&c);
    free(heavy);
}

static void test_idle_sleeps(void **state)
{
    (void)state;
    ServerConfig  c;
    struct rusage before, after;
    configure(&c, "model", embed, NULL);
    Server *s = start(&c);
    int     fd[8];
    for (int i = 0; i < 8; i++) {
        fd[i] = dial(server_port(s));
        write_request(fd[i], "POST", "/v1/embeddings", NULL, EMBED_BODY);
        Answer a = receive(fd[i]);
        assert_int_equal(a.status, 200);
        answer_release(&a);
    }
    nap(0.3);                                                 /* the kernels' thread pool may spin for a moment */
    getrusage(RUSAGE_SELF, &before);
    nap(1);
    getrusage(RUSAGE_SELF, &after);
    double busy =
        (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
        1e-6 * (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
                        before.ru_stime.tv_usec);
    if (busy > 0.05) print_error("an idle server took %.3f s of a second\n", busy);
    assert_true(busy <= 0.05);
    for (int i = 0; i < 8; i++) close(fd[i]);
    server_stop(s, 1);
    server_config_release(&c);
}

/* ---- TLS --------------------------------------------------------------------------------------------------------- */

static void test_tls(void **state)
{
    (void)state;
    ServerConfig c;
    char        *cert = in_folder("cert.pem"), *key = in_folder("key.pem"), *command = NULL;
    if (system("command -v openssl >/dev/null 2>&1") != 0) {
        print_message("skipped: the openssl tool, which makes the certificate and plays the client, is not here\n");
        skip();
    }
    must(text_format(&command,
                     "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout '%s' -out '%s' "
                     ">/dev/null 2>&1",
                     key, cert));
    assert_int_equal(system(command), 0);
    configure(&c, "model", embed, "tls_cert", cert, "tls_key", key, "device", "ref", NULL);
    Server *s = start(&c);
    assert_memory_equal(server_url(s), "https://127.0.0.1:", 18);
    static const struct { const char *options; const char *want; } cases[] = {
        { "-tls1_3", "HTTP/1.1 200" }, { "-tls1_2", "HTTP/1.1 200" }, { "-tls1_1 -cipher ALL:@SECLEVEL=0", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char first[64] = "";
        must(text_format(&command,
                         "(printf 'POST /v1/embeddings HTTP/1.1\\r\\nHost: x\\r\\nConnection: "
                         "close\\r\\nContent-Length: %d\\r\\n\\r\\n%%s' '%s'; sleep 1) |"
                         " openssl s_client -quiet -connect 127.0.0.1:%d %s 2>/dev/null",
                         (int)strlen(EMBED_BODY), EMBED_BODY, server_port(s), cases[i].options));
        FILE *p = popen(command, "r");
        assert_non_null(p);
        if (!fgets(first, sizeof first, p)) first[0] = '\0';
        while (fgetc(p) != EOF) {}
        pclose(p);
        if (cases[i].want) assert_memory_equal(first, cases[i].want, strlen(cases[i].want));
        else assert_string_equal(first, "");
    }
    Answer a = get(server_port(s), "/healthz");               /* plain HTTP finds nothing here */
    assert_int_equal(a.status, 0);
    answer_release(&a);
    server_stop(s, 5);
    must(file_write_whole(key, "no key\n", 7));
    refuses(ERR_STATE, "cannot start", &c);
    server_config_release(&c);
    free(cert);
    free(key);
    free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_concurrency_of_a_key),
            cmocka_unit_test(test_together_equals_alone),
        cmocka_unit_test(test_queue_full_and_deadline), cmocka_unit_test(test_refuses_to_start),
            cmocka_unit_test(test_loading),
        cmocka_unit_test(test_drain),      cmocka_unit_test(test_stop_now),
            cmocka_unit_test(test_idle_sleeps),
        cmocka_unit_test(test_tls),
    };
    signal(SIGPIPE, SIG_IGN);                                 /* the pipe of test_loading may lose its reader */
    return cmocka_run_group_tests(tests, make_models, remove_models);
}
