/* tests/infer/serve_test.c: a server with tiny models, asked over real sockets: every status that it can give, both
 * POST routes against the engine's own numbers, limits, malformed HTTP. Batching, stopping and TLS: serve_life_test.c. */
#include "tests/infer/serve_test.h"

#include <sodium.h>

static char  *folder, *models[4];             /* embedding, classifier, pairs, masked-lm */
static Server *server;
static ServerConfig config;
static int     port;

static int open_server(void **state)
{
    (void)state;
    folder = temp_folder();
    models[0] = make_model(folder, "embed", "embedding");
    models[1] = make_model(folder, "intents", "sequence-classification");
    models[2] = make_model(folder, "pairs", "sentence-pair");
    models[3] = make_model(folder, "mlm", "masked-lm");
    configure(&config, "model", models[0], "model", models[1], "model", models[2], "model", models[3], "max_body_bytes",
              "6000", "max_items", "300",
              "device", "ref", NULL);
    server = start(&config);
    port = server_port(server);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    server_stop(server, 5);
    server_config_release(&config);
    must(file_remove_folder(folder));
    for (size_t i = 0; i < COUNT(models); i++) free(models[i]);
    free(folder);
    return 0;
}

/* ---- GET --------------------------------------------------------------------------------------------------------- */

static void expect_status(const char *method, const char *path, int status)
{
    Answer a = ask(port, method, path, NULL, NULL);
    if (a.status != status) print_error("%s %s: %d\n", method, path, a.status);
    assert_int_equal(a.status, status);
    answer_release(&a);
}

static void test_health(void **state)
{
    (void)state;
    static const char *const paths[] = { "/healthz", "/livez", "/readyz", "/health", "/version", "/v1/healthz",
                                         "/healthz?verbose=1" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        expect_status("GET", paths[i], 200);
        expect_status("HEAD", paths[i], 200);
    }
    Answer a = get(port, "/readyz");
    assert_string_equal(json_get(a.json, "status")->valuestring, "ok");
    assert_string_equal(json_get(json_get(a.json, "models"), "embed")->valuestring, "ready");
    answer_release(&a);
}

static void test_models(void **state)
{
    (void)state;
    Answer a = get(port, "/v1/models"), b = get(port, "/models");
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, b.body);
    assert_string_equal(json_get(a.json, "object")->valuestring, "list");
    assert_int_equal(cJSON_GetArraySize(json_get(a.json, "data")), 4);
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(a.json, "data")) {
        assert_true(cJSON_IsString(json_get(m, "id")) && json_is_integer(json_get(m, "created"))
                    && cJSON_IsString(json_get(m, "owned_by")));
        assert_string_equal(json_get(m, "object")->valuestring, "model");
        assert_string_equal(json_get(m, "state")->valuestring, "ready");
    }
    answer_release(&a);
    answer_release(&b);
    a = get(port, "/v1/models/intents");
    assert_int_equal(a.status, 200);
    assert_int_equal(cJSON_GetArraySize(json_get(a.json, "labels")), 3);
    assert_int_equal((int)json_get(a.json, "context_length")->valuedouble, MAX_POSITIONS);
    answer_release(&a);
    static const char *const absent[] = { "/v1/models/nope", "/v1/models/..%2f..%2fetc", "/v1/models/%00embed",
                                          "/v1/models/embed/", "/v1/models/%F0%9F%98%80" };
    for (size_t i = 0; i < COUNT(absent); i++) {
        a = get(port, absent[i]);
        expect_error(absent[i], &a, 404, "invalid_request_error", "model_not_found", "model");
        answer_release(&a);
    }
}

static void test_urls_and_methods(void **state)
{
    (void)state;
    static const char *const absent[] = { "/", "/v1", "/v1/", "/v1/models/", "/v2/models", "/v1/chat/completions",
                                          "/healthz%00", "/healthzz", "//healthz" };
    for (size_t i = 0; i < COUNT(absent); i++) {
        Answer a = get(port, absent[i]);
        expect_error(absent[i], &a, 404, "invalid_request_error", "unknown_url", NULL);
        answer_release(&a);
    }
    static const struct { const char *method, *path, *allow; } wrong[] = {
        { "POST", "/healthz", "GET, HEAD" }, { "DELETE", "/v1/models/embed", "GET, HEAD" },
            { "GET", "/v1/embeddings", "POST" },
        { "PUT", "/v1/classify", "POST" },   { "OPTIONS", "/v1/classify", "POST" },
            { "BREW", "/v1/models", "GET, HEAD" },
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char   value[256];
        Answer a = ask(port, wrong[i].method, wrong[i].path, NULL, NULL);
        expect_error(wrong[i].path, &a, 405, "invalid_request_error", "method_not_allowed", NULL);
        assert_string_equal(header(&a, "Allow", value), wrong[i].allow);
        answer_release(&a);
    }
}

/* ---- POST: the numbers ------------------------------------------------------------------------------------------- */

/* What the engine says without a server. */
static void engine_row(const char *model, const char *text, const char *pair, REAL *row, int64_t *n_tokens)
{
    Backend     *backend;
    Engine      *e;
    Encoding     x = { 0 };
    EngineOutput out = { 0 };
    must(backend_open(&backend, "ref"));
    must(engine_open(&e, backend, model, NULL, NULL));
    must(engine_encode(e, text, strlen(text), pair, pair ? strlen(pair) : 0, false, &x));
    must(engine_run(e, (const Encoding *const[]){ &x }, 1, &out));
    memcpy(row, out.rows, (size_t)engine_width(e) * sizeof *row);
    /* the model says something */
    assert_true(fabs((double)row[0]) > 1e-4 && fabs((double)row[1] - (double)row[2]) > 1e-4);
    *n_tokens = (int64_t)x.n;
    engine_output_release(&out);
    encoding_release(&x);
    engine_close(e);
    backend_close(backend);
}

static void expect_row(const cJSON *list, const REAL *want, int n)
{
    int i = 0;
    const cJSON *v;
    assert_int_equal(cJSON_GetArraySize(list), n);
    cJSON_ArrayForEach(v, list) {
        assert_true(cJSON_IsNumber(v) && fabs(v->valuedouble - (double)want[i]) < 1e-5);
        i++;
    }
}

static void test_embeddings(void **state)
{
    (void)state;
    REAL    one[32], two[32];
    int64_t n_one, n_two;
    engine_row(models[0], "where is my parcel ?", NULL, one, &n_one);
    engine_row(models[0], "close the account", NULL, two, &n_two);
    Answer a = post(port, "/v1/embeddings",
                    "{\"model\": \"embed\", \"input\": [\"where is my parcel ?\", \"close the account\"], "
                    "\"encoding_format\": \"float\"}");
    assert_int_equal(a.status, 200);
    assert_string_equal(json_get(a.json, "object")->valuestring, "list");
    assert_string_equal(json_get(a.json, "model")->valuestring, "embed");
    assert_int_equal((int)json_get(json_get(a.json, "usage"), "prompt_tokens")->valuedouble, n_one + n_two);
    assert_int_equal((int)json_get(json_get(a.json, "usage"), "total_tokens")->valuedouble, n_one + n_two);
    const cJSON *first = json_get(a.json, "data")->child, *second = first->next;
    assert_string_equal(json_get(second, "object")->valuestring, "embedding");
    assert_int_equal((int)json_get(second, "index")->valuedouble, 1);
    expect_row(json_get(first, "embedding"), one, 32);
    expect_row(json_get(second, "embedding"), two, 32);
    answer_release(&a);

    a = post(port, "/embeddings",
             "{\"model\": \"embed\", \"input\": \"close the account\", \"encoding_format\": \"base64\"}");
    float  values[32];
    size_t n;
    const char *text = json_get(json_get(a.json, "data")->child, "embedding")->valuestring;
    assert_int_equal(sodium_base642bin((unsigned char *)values, sizeof values, text, strlen(text), NULL, &n, NULL,
                                       sodium_base64_VARIANT_ORIGINAL), 0);
    assert_int_equal(n, sizeof values);
    for (int i = 0; i < 32; i++) assert_true(fabs((double)values[i] - (double)two[i]) < 1e-5);
    answer_release(&a);

    /* [CLS] close the account [SEP] as ids */
    a = post(port, "/v1/embeddings",
             "{\"model\": \"embed\", \"input\": [2, 35, 5, 34, 3], \"dimensions\": 32, \"normalize\": true, "
             "\"pooling\": \"mean\"}");
    expect_row(json_get(json_get(a.json, "data")->child, "embedding"), two, 32);
    answer_release(&a);
    a = post(port, "/v1/embeddings", "{\"model\": \"embed\", \"input\": [[2, 35, 5, 34, 3], [2, 3]]}");
    assert_int_equal(cJSON_GetArraySize(json_get(a.json, "data")), 2);
    expect_row(json_get(json_get(a.json, "data")->child, "embedding"), two, 32);
    assert_int_equal((int)json_get(json_get(a.json, "usage"), "prompt_tokens")->valuedouble, 7);
    answer_release(&a);
}

static void expect_scores(const cJSON *answer, const REAL *logits, int n_scores)
{
    double p[3], sum = 0, before = 2;
    static const char *const labels[] = { "late", "lost \"card\"", "other" };
    for (int i = 0; i < 3; i++) sum += p[i] = exp((double)logits[i]);
    const cJSON *scores = json_get(answer, "scores"), *s;
    assert_int_equal(cJSON_GetArraySize(scores), n_scores);
    assert_string_equal(json_get(answer, "label")->valuestring, json_get(scores->child, "label")->valuestring);
    cJSON_ArrayForEach(s, scores) {
        double score = json_get(s, "score")->valuedouble;
        int    i = 0;
        while (i < 3 && strcmp(labels[i], json_get(s, "label")->valuestring) != 0) i++;
        assert_true(i < 3 && fabs(score - p[i] / sum) < 1e-5 && score <= before);
        before = score;
    }
}

static void test_classify(void **state)
{
    (void)state;
    REAL    one[3], two[3], pair[3];
    int64_t n_one, n_two, n_pair;
    engine_row(models[1], "my card is lost", NULL, one, &n_one);
    engine_row(models[1], "the parcel is late !", NULL, two, &n_two);
    engine_row(models[2], "my card is lost", "the parcel is late !", pair, &n_pair);
    Answer a = post(port, "/v1/classify", "{\"model\": \"intents\", \"text\": \"my card is lost\"}");
    assert_int_equal(a.status, 200);
    expect_scores(a.json, one, 3);
    assert_memory_equal(json_get(a.json, "id")->valuestring, "clsf-", 5);
    assert_string_equal(json_get(a.json, "object")->valuestring, "classification");
    assert_string_equal(json_get(a.json, "model")->valuestring, "intents");
    assert_int_equal((int)json_get(json_get(a.json, "usage"), "total_tokens")->valuedouble, n_one);
    assert_true(json_get(a.json, "latency_ms")->valuedouble >= 0);
    answer_release(&a);
    a = post(port, "/v1/classify",
             "{\"model\": \"intents\", \"text\": [\"my card is lost\", \"the parcel is late !\"], \"top_k\": 2}");
    assert_string_equal(json_get(a.json, "object")->valuestring, "list");
    expect_scores(json_get(a.json, "data")->child, one, 2);
    expect_scores(json_get(a.json, "data")->child->next, two, 2);
    answer_release(&a);
    a = post(port, "/v1/classify",
             "{\"model\": \"pairs\", \"text\": \"my card is lost\", \"text_pair\": \"the parcel is late !\", "
             "\"top_k\": 99}");
    expect_scores(a.json, pair, 3);
    answer_release(&a);
}

/* ---- POST: refusals ---------------------------------------------------------------------------------------------- */

typedef struct Refusal { const char *path, *body; int status; const char *code, *param; } Refusal;

#define FIFTY                                                                                                          \
    "the the the the the the the the the the the the the the the the the the the the the the the the the the the "     \
    "the the the the the the the the the the the the the the the the the the the the the the the"
static const Refusal refusals[] = {
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"   \"}", 400, NULL, "input" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"\"}", 400, NULL, "input" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"a\", \"dimensions\": 16}", 400, NULL, "dimensions" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"a\", \"normalize\": false}", 400, NULL, "normalize" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"a\", \"pooling\": \"cls\"}", 400, NULL, "pooling" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": [2, 50]}", 400, NULL, "input" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"" FIFTY "\"}", 400, "context_length_exceeded", "input" },
    { "/v1/embeddings",
      "{\"model\": \"embed\", \"input\": "
      "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}",
      400, "context_length_exceeded", "input" },
    { "/v1/embeddings", "{\"model\": \"intents\", \"input\": \"a\"}", 400, NULL, "model" },
    { "/v1/embeddings", "{\"model\": \"mlm\", \"input\": \"a\"}", 400, NULL, "model" },
    { "/v1/embeddings", "{\"model\": \"nope\", \"input\": \"a\"}", 404, "model_not_found", "model" },
    { "/v1/embeddings", "{\"input\": \"a\"}", 400, NULL, "model" },
    { "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"a\"", 400, "invalid_json", NULL },
    { "/v1/classify", "{\"model\": \"embed\", \"text\": \"a\"}", 400, NULL, "model" },
    { "/v1/classify", "{\"model\": \"mlm\", \"text\": \"a\"}", 400, NULL, "model" },
    /* four are served */
    { "/v1/classify", "{\"text\": \"a\"}", 400, NULL, "model" },
    { "/v1/classify", "{\"model\": \"../../x\", \"text\": \"a\"}", 404, "model_not_found", "model" },
    { "/v1/classify", "{\"model\": \"pairs\", \"text\": \"a\"}", 400, NULL, "text_pair" },
    { "/v1/classify", "{\"model\": \"intents\", \"text\": \"a\", \"text_pair\": \"b\"}", 400, NULL, "text_pair" },
    { "/v1/classify", "{\"model\": \"intents\", \"text\": \"" FIFTY "\"}", 400, "context_length_exceeded", "text" },
    { "/v1/classify", "", 400, "invalid_json", NULL },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const Refusal *r = &refusals[i];
        Answer a = post(port, r->path, r->body);
        expect_error(r->body, &a, r->status, "invalid_request_error", r->code, r->param);
        answer_release(&a);
    }
    Answer a = post(port, "/v1/embeddings", "{\"model\": \"embed\", \"input\": \"" FIFTY "\", \"truncate\": true}");
    assert_int_equal(a.status, 200);
    assert_int_equal((int)json_get(json_get(a.json, "usage"), "prompt_tokens")->valuedouble, MAX_POSITIONS);
    answer_release(&a);
}

static void test_items(void **state)
{
    (void)state;
    for (int classify = 0; classify < 2; classify++)
        for (int over = 0; over < 2; over++) {
            Text t = { 0 };
            int  n = (classify ? SERVE_CLASSIFY_ITEMS : 300) + over;
            must(text_addf(&t, classify ? "{\"model\": \"intents\", \"text\": ["
                           : "{\"model\": \"embed\", \"input\": ["));
            for (int i = 0; i < n; i++) must(text_addf(&t, "%s\"a\"", i ? "," : ""));
            must(text_addf(&t, "]}"));
            Answer a = post(port, classify ? "/v1/classify" : "/v1/embeddings", t.data);
            if (over) expect_error("items", &a, 400, "invalid_request_error", NULL, classify ? "text" : "input");
            else assert_int_equal(cJSON_GetArraySize(json_get(a.json, "data")), n);
            answer_release(&a);
            text_release(&t);
        }
}

/* ---- bodies and headers ------------------------------------------------------------------------------------------ */

#define EMBED_BODY "{\"model\": \"embed\", \"input\": \"close the account\"}"

static void test_media_types(void **state)
{
    (void)state;
    static const struct { const char *header; int status; } cases[] = {
        { "Content-Type: application/json\r\n", 200 },
        { "Content-Type: Application/JSON; charset=UTF-8\r\n", 200 },
        { "Content-Type: application/vnd.api+json\r\n", 200 },
        { "", 200 },
        { "Content-Type: application/x-www-form-urlencoded\r\n", 415 },
        { "Content-Type: text/plain\r\n", 415 },
        { "Content-Type: application/jsonl\r\n", 415 },
        { "Content-Type: application/json; charset=utf-16\r\n", 415 },
        { "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415 },
        { "Content-Type: application/json\r\nContent-Encoding: identity\r\n", 200 },
    };
    /* and the connection lives through all of it */
    int fd = dial(port);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[600];
        snprintf(text, sizeof text, "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s",
                 cases[i].header, strlen(EMBED_BODY), EMBED_BODY);
        send_bytes(fd, text, strlen(text));
        Answer a = receive(fd);
        if (a.status != cases[i].status) print_error("%s: %d\n", cases[i].header, a.status);
        if (cases[i].status == 415)
            expect_error(cases[i].header, &a, 415, "invalid_request_error", "unsupported_media_type", NULL);
        else assert_int_equal(a.status, 200);
        assert_false(a.closed);
        answer_release(&a);
    }
    close(fd);
}

static void test_answer_headers(void **state)
{
    (void)state;
    char   value[256];
    Answer a = post(port, "/v1/embeddings",
                    "{\"model\": \"embed\", \"input\": \"a\", \"later\": 1, \"bad\\r\\nName: x\": 2, \"also\": 3}");
    assert_int_equal(a.status, 200);
    assert_string_equal(header(&a, "Content-Type", value), "application/json");
    assert_string_equal(header(&a, "OpenAI-Version", value), "2020-10-01");
    assert_non_null(header(&a, "OpenAI-Processing-Ms", value));
    assert_string_equal(header(&a, "X-Ignored-Fields", value), "later,also");
    assert_null(header(&a, "Name", value));
    answer_release(&a);
    a = ask(port, "POST", "/v1/embeddings", "OpenAI-Beta: assistants=v1\r\n", EMBED_BODY);
    expect_error("beta", &a, 400, "invalid_request_error", "invalid_beta", NULL);
    answer_release(&a);
    a = ask(port, "POST", "/v1/embeddings", "OpenAI-Beta: assistants=v2\r\nAuthorization: Bearer anything\r\n",
            EMBED_BODY);
    assert_int_equal(a.status, 200);                                         /* no keys: any is fine */
    answer_release(&a);
}

static void test_body_limit(void **state)
{
    (void)state;
    static const char head[] = "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    static char       junk[1 << 20];
    char              text[400];
    memset(junk, ' ', sizeof junk);
    for (int round = 0; round < 4; round++) {
        int fd = dial(port);
        /* 0: nothing of the body was sent yet; 1: all of it at once; 2: the client asks first; 3: chunks without an end */
        snprintf(text, sizeof text, "%s%s%s\r\n", head, round == 2 ? "Expect: 100-continue\r\n" : "",
                 round == 3 ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 1048576\r\n");
        send_bytes(fd, text, strlen(text));
        if (round == 1) send_bytes(fd, junk, sizeof junk);
        for (int i = 0; round == 3 && i < 2; i++) {
            send_bytes(fd, "1000\r\n", 6);
            send_bytes(fd, junk, 0x1000);
            send_bytes(fd, "\r\n", 2);
        }
        double begin = now();
        Answer a = receive(fd);
        assert_true(now() - begin < 5);
        expect_error("413", &a, 413, "invalid_request_error", "payload_too_large", NULL);
        assert_true(a.closed);
        answer_release(&a);
        close(fd);
    }
    char body[6001 + 1];                                                     /* to the byte */
    memset(body, ' ', sizeof body);
    memcpy(body, EMBED_BODY, strlen(EMBED_BODY));
    body[6000] = '\0';
    Answer a = post(port, "/v1/embeddings", body);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    body[6000] = ' ';
    body[6001] = '\0';
    a = post(port, "/v1/embeddings", body);
    assert_int_equal(a.status, 413);
    answer_release(&a);
}

static void test_chunks_and_slow_bodies(void **state)
{
    (void)state;
    static const char head[] = "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    char text[1000];
    int  fd = dial(port), n = 0;
    n += snprintf(text + n, sizeof text - (size_t)n, "%sTransfer-Encoding: chunked\r\n\r\n", head);
    for (size_t i = 0; i < strlen(EMBED_BODY); i += 5) {
        int len = (int)strnlen(EMBED_BODY + i, 5);
        n += snprintf(text + n, sizeof text - (size_t)n, "%x\r\n%.*s\r\n", (unsigned)len, len, EMBED_BODY + i);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "0\r\n\r\n");
    send_bytes(fd, text, (size_t)n);
    Answer a = receive(fd);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    n = snprintf(text, sizeof text, "%sContent-Length: %zu\r\n\r\n%s", head, strlen(EMBED_BODY), EMBED_BODY);
    for (int i = 0; i < n; i++) { /* a byte a write, on the same connection */
        send_bytes(fd, text + i, 1);
        if (i % 16 == 0) nap(0.001);
    }
    a = receive(fd);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    n = snprintf(text, sizeof text, "%sExpect: 100-continue\r\nContent-Length: %zu\r\n\r\n", head, strlen(EMBED_BODY));
    send_bytes(fd, text, (size_t)n);
    char first[64] = "";
    assert_true(recv(fd, first, sizeof first - 1, 0) > 0);
    assert_memory_equal(first, "HTTP/1.1 100", 12);
    send_bytes(fd, EMBED_BODY, strlen(EMBED_BODY));
    a = receive(fd);
    assert_int_equal(a.status, 200);
    answer_release(&a);
    close(fd);
}

/* What could be read in two ways is refused, and its connection closes. status 0: closed without an answer is fine too. */
static void test_malformed(void **state)
{
    (void)state;
    static const struct { const char *name, *bytes; size_t n; int status;
    } cases[] = {
#define CASE(name, bytes, status) { name, bytes, sizeof bytes - 1, status }
        CASE("both lengths",
             "POST /v1/classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
             "5\r\n\r\n0\r\n\r\n",
             400),
        CASE("two lengths",
             "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400),
        CASE("negative length", "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}", 400),
        CASE("signed length", "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}", 400),
        CASE("huge length",
             "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", 413),
        CASE("hidden length", "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}", 400),
        CASE("other coding",
             "POST /v1/classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        CASE("bad chunk", "POST /v1/classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        CASE("huge chunk",
             "POST /v1/classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 413),
        CASE("bare CR", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n", 400),
        CASE("NUL in a name", "GET /healthz HTTP/1.1\r\nHost: x\r\nX\0A: ab\r\n\r\n", 400),
        CASE("no colon", "GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400),
        CASE("no host", "GET /healthz HTTP/1.1\r\n\r\n", 400),
        CASE("version", "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        CASE("garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 0),
#undef CASE
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Answer a = send_raw(port, cases[i].bytes, cases[i].n);
        bool   right = cases[i].status ? a.status == cases[i].status : a.status == 0 || a.status >= 400;
        if (!right || !a.closed)
            print_error("%s: %d, %s:\n%s\n", cases[i].name, a.status, a.closed ? "closed" : "open", a.all.data);
        assert_true(right && a.closed);
        answer_release(&a);
    }
    Text t = { 0 };
    must(text_addf(&t, "GET /healthz HTTP/1.1\r\nHost: x\r\n"));
    for (int i = 0; i < 150; i++) must(text_addf(&t, "X-%d: y\r\n", i));
    must(text_addf(&t, "\r\n"));
    Answer a = send_raw(port, t.data, t.len);
    expect_error("lines", &a, 431, "invalid_request_error", "headers_too_large", NULL);
    answer_release(&a);
    text_clear(&t);
    must(text_addf(&t, "GET /%09000d HTTP/1.1\r\nHost: x\r\n\r\n", 0));
    a = send_raw(port, t.data, t.len);
    expect_error("url", &a, 414, "invalid_request_error", "uri_too_long", NULL);
    answer_release(&a);
    text_clear(&t);
    must(text_addf(&t, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: %0100000d\r\n\r\n", 0));
    a = send_raw(port, t.data, t.len);
    assert_int_equal(a.status, 431);
    answer_release(&a);
    text_release(&t);
    expect_status("GET", "/healthz", 200);
}

static void test_keep_alive_and_pipelining(void **state)
{
    (void)state;
    int  fd = dial(port);
    Text t = { 0 };
    for (int i = 0; i < 50; i++) {
        write_request(fd, i % 2 ? "GET" : "POST", i % 2 ? "/v1/models" : "/v1/embeddings", NULL,
                      i % 2 ? NULL : EMBED_BODY);
        Answer a = receive(fd);
        assert_int_equal(a.status, 200);
        answer_release(&a);
    }
    for (int i = 0; i < 5; i++)
        must(text_addf(&t, "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(EMBED_BODY), EMBED_BODY));
    must(text_addf(&t, "GET /v1/nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    send_bytes(fd, t.data, t.len);
    int     n_ok = 0, n_absent = 0;
    char    buf[65536];
    Text    all = { 0 };
    for (ssize_t n; (n = recv(fd, buf, sizeof buf, 0)) > 0;) must(text_add(&all, buf, (size_t)n));
    for (const char *p = all.data; (p = strstr(p, "HTTP/1.1 ")); p += 9)
        n_ok += atoi(p + 9) == 200, n_absent += atoi(p + 9) == 404;
    assert_int_equal(n_ok, 5);
    assert_int_equal(n_absent, 1);
    text_release(&t);
    text_release(&all);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health),        cmocka_unit_test(test_models),
            cmocka_unit_test(test_urls_and_methods),
        cmocka_unit_test(test_embeddings),    cmocka_unit_test(test_classify),       cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_items),         cmocka_unit_test(test_media_types),
            cmocka_unit_test(test_answer_headers),
        cmocka_unit_test(test_body_limit),    cmocka_unit_test(test_chunks_and_slow_bodies),
        cmocka_unit_test(test_malformed),     cmocka_unit_test(test_keep_alive_and_pipelining),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
