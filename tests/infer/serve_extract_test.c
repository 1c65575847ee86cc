/* tests/infer/serve_extract_test.c: POST /v1/ner and /v1/qa over real sockets, against the engine's own answers. */
#include "tests/infer/serve_test.h"

static char        *folder, *models[2];
static Server      *server;
static ServerConfig config;
static int          port;

static int open_server(void **state)
{
    (void)state;
    folder = temp_folder();
    models[0] = make_model(folder, "tags", "token-classification");
    models[1] = make_model(folder, "answers", "question-answering");
    configure(&config, "model", models[0], "model", models[1], "max_items", "300", "device", "ref", NULL);
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

/* What the engine says of it, in bytes. */
static cJSON *expected(const char *model, const char *text, const char *pair)
{
    Backend      *b;
    Engine       *e;
    EngineInput   in = { 0 };
    AnswerOptions o = { 0 };
    cJSON        *all = cJSON_CreateArray(), *one;
    must(backend_open(&b, "ref"));
    must(engine_open(&e, b, model, NULL, NULL));
    must(engine_read(e, text, strlen(text), pair, pair ? strlen(pair) : 0, false, &in));
    must(engine_predict(e, &in, 1, &o, all));
    one = cJSON_DetachItemFromArray(all, 0);
    cJSON_Delete(all);
    engine_input_release(&in);
    engine_close(e);
    backend_close(b);
    return one;
}

static int64_t whole(const cJSON *o, const char *key)
{
    assert_true(json_is_integer(json_get(o, key)));
    return (int64_t)json_get(o, key)->valuedouble;
}

/* `got` is the piece of `text` that `want` names in bytes, with its place in code points and in UTF-16 units. */
static void expect_piece(const cJSON *got, const cJSON *want, const char *text)
{
    int64_t points = 0, units = 0, start = -1, start_units = -1, begin = whole(want, "begin"), end = whole(want, "end");
    for (int64_t i = 0; i < end;) {
        uint32_t cp;
        if (i == begin) start = points, start_units = units;
        i += utf8_decode(text + i, strlen(text) - (size_t)i, &cp);
        points++;
        units += cp > 0xFFFF ? 2 : 1;
    }
    assert_int_equal(whole(got, "start"), start);
    assert_int_equal(whole(got, "end"), points);
    assert_int_equal(whole(got, "start_utf16"), start_units);
    assert_int_equal(whole(got, "end_utf16"), units);
    assert_null(json_get(got, "begin"));
    assert_float_equal(json_get(got, "score")->valuedouble, json_get(want, "score")->valuedouble, 1e-5);
}

static void expect_entities(const cJSON *got, const char *text)
{
    cJSON       *want = expected(models[0], text, NULL);
    const cJSON *a = json_get(got, "entities"), *b = json_get(want, "entities");
    assert_true(cJSON_GetArraySize(b) > 0);
    assert_int_equal(cJSON_GetArraySize(a), cJSON_GetArraySize(b));
    for (a = a->child, b = b->child; a; a = a->next, b = b->next) {
        assert_string_equal(json_get(a, "text")->valuestring, json_get(b, "text")->valuestring);
        assert_string_equal(json_get(a, "label")->valuestring, "IT");
        expect_piece(a, b, text);
    }
    cJSON_Delete(want);
}

static void test_ner(void **state)
{
    (void)state;
    static const char plain[] = "my card is lost , where is the parcel ?",
                      wide[] = "\U0001F600 parcel é card \U0001F600 late , my order is late .";
    Text   t = { 0 };
    Answer a = post(port, "/v1/ner", "{\"model\": \"tags\", \"text\": \"my card is lost , where is the parcel ?\"}");
    assert_int_equal(a.status, 200);
    expect_entities(a.json, plain);
    assert_memory_equal(json_get(a.json, "id")->valuestring, "ner-", 4);
    assert_int_equal(whole(json_get(a.json, "usage"), "total_tokens"), 12);
    answer_release(&a);
    must(text_addf(&t, "{\"model\": \"tags\", \"aggregate\": \"first\", \"text\": [\"%s\", \"%s\"]}", wide, plain));
    a = post(port, "/v1/ner", t.data);
    assert_int_equal(a.status, 200);
    assert_string_equal(json_get(a.json, "object")->valuestring, "list");
    expect_entities(json_get(a.json, "data")->child, wide);
    expect_entities(json_get(a.json, "data")->child->next, plain);
    answer_release(&a);
    text_release(&t);
}

static void test_qa(void **state)
{
    (void)state;
    static const char question[] = "where is my card ?";
    Text context = { 0 }, t = { 0 };
    for (int i = 0; i < 200; i++) must(text_addf(&context, "%s ", i % 9 ? words[5 + (i * 7 + i / 11) % 10] : "é"));
    must(text_addf(&t, "{\"model\": \"answers\", \"question\": \"%s\", \"context\": \"%s\"}", question, context.data));
    Answer a = post(port, "/v1/qa", t.data);                     /* in many windows */
    assert_int_equal(a.status, 200);
    cJSON *want = expected(models[1], question, context.data);
    assert_string_equal(json_get(a.json, "answer")->valuestring, json_get(want, "answer")->valuestring);
    expect_piece(a.json, want, context.data);
    cJSON_Delete(want);
    answer_release(&a);
    text_release(&context);
    text_release(&t);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct { const char *path, *body, *param; } cases[] = {
        { "/v1/ner", "{\"model\": \"answers\", \"text\": \"a\"}", "model" },
        { "/v1/ner", "{\"model\": \"tags\"}", "text" },
        { "/v1/ner", "{\"model\": \"tags\", \"text\": \"  \"}", "text" },
        { "/v1/ner", "{\"model\": \"tags\", \"text\": \"a\", \"aggregate\": \"max\"}", "aggregate" },
        { "/v1/classify", "{\"model\": \"tags\", \"text\": \"a\"}", "model" },
        { "/v1/embeddings", "{\"model\": \"tags\", \"input\": \"a\"}", "model" },
        { "/v1/qa", "{\"model\": \"tags\", \"question\": \"a\", \"context\": \"b\"}", "model" },
        { "/v1/qa", "{\"model\": \"answers\", \"question\": \"a\"}", "context" },
        { "/v1/qa", "{\"model\": \"answers\", \"context\": \"a\"}", "question" },
        { "/v1/qa", "{\"model\": \"answers\", \"question\": \"a\", \"context\": \" \"}", "context" },
        { "/v1/qa", "{\"model\": \"answers\", \"question\": \"a\", \"context\": \"b\", \"top_k\": 3}", "top_k" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Answer a = post(port, cases[i].path, cases[i].body);
        expect_error(cases[i].body, &a, 400, "invalid_request_error", NULL, cases[i].param);
        answer_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ner), cmocka_unit_test(test_qa),
                                        cmocka_unit_test(test_refusals) };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
