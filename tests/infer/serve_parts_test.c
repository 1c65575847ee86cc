/* tests/infer/serve_parts_test.c: keys, errors, ids, request bodies and settings, without a server. */
#include "tests/infer/serve_test.h"

/* ---- keys -------------------------------------------------------------------------------------------------------- */


static Status parse_keys(Keys *k, const char *text)
{
    *k = (Keys){ 0 };
    return keys_parse(k, text, strlen(text), "keys.txt");
}

static void test_keys(void **state)
{
    (void)state;
    Keys k;
    must(parse_keys(&k, "# a comment\n\n  plain-key-1  \r\n"
                        "{\"id\": \"bob\", \"key\": \"bobs-key-22\", \"scopes\": [\"inference\"], \"max_concurrent\": "
                        "3, \"expires_at\": 1000}\n"
                        "{\"key\": \"metrics-only\", \"scopes\": [\"metrics\"], \"max_body_bytes\": 100}\n"
                        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")); /* of "abc" */
    assert_int_equal(k.n, 4);
    Key *plain = keys_find(&k, "plain-key-1", 11, 5000), *bob = keys_find(&k, "bobs-key-22", 11, 999),
        *abc = keys_find(&k, "abc", 3, 0);
    assert_ptr_equal(plain, &k.items[0]);
    assert_string_equal(plain->id, "line-3");
    assert_string_equal(bob->id, "bob");
    assert_int_equal(bob->max_concurrent, 3);
    assert_int_equal(bob->scopes, KEY_INFERENCE);
    assert_int_equal(k.items[2].scopes, KEY_METRICS);
    assert_int_equal(k.items[2].max_body_bytes, 100);
    assert_ptr_equal(abc, &k.items[3]);
    assert_null(keys_find(&k, "bobs-key-22", 11, 1000));                     /* expired */
    assert_null(keys_find(&k, "plain-key-", 10, 0));
    assert_null(keys_find(&k, "plain-key-11", 12, 0));
    assert_null(keys_find(&k, "", 0, 0));
    keys_release(&k);
}

static void test_keys_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "short", "has a space in it", "sha256:12",
            "sha256:zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "{\"key\": \"long-enough\"", "{\"id\": \"x\"}", "{\"key\": \"long-enough\", \"sha256\": \"00\"}",
            "{\"key\": 5}",
        "{\"key\": \"long-enough\", \"rpm\": 5}", "{\"key\": \"long-enough\", \"scopes\": [\"all\"]}",
            "{\"key\": \"long-enough\", \"scopes\": \"inference\"}",
        "{\"key\": \"long-enough\", \"max_concurrent\": -1}", "same-key-1\nsame-key-1", "t\xC3\xA4st-key-utf8",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        Keys   k;
        Status s = parse_keys(&k, bad[i]);
        if (s != ERR_CONFIG) print_error("taken: %s\n", bad[i]);
        assert_int_equal(s, ERR_CONFIG);
        assert_non_null(strstr(status_fact(), "keys.txt:"));
        assert_null(strstr(status_fact(), "long-enough"));                   /* a key never stands in a message */
        keys_release(&k);
    }
}

/* ---- errors and ids ---------------------------------------------------------------------------------------------- */

static void test_error_bodies(void **state)
{
    (void)state;
    ApiError e;
    Text     t = { 0 };
    cJSON   *json;
    assert_false(api_fail(&e, API_NO_MODEL, "model", "no \"%s\" \xC3 and \xF0\x9F\x98\x80\n", "a\\b"));
    must(api_error_body(&e, &t));
    must(json_parse(&json, t.data, t.len, "body", JSON_STRICT));
    const cJSON *error = json_get(json, "error");
    assert_string_equal(json_get(error, "message")->valuestring, "no \"a\\b\" ? and \xF0\x9F\x98\x80?");
    assert_string_equal(json_get(error, "code")->valuestring, "model_not_found");
    assert_string_equal(json_get(error, "param")->valuestring, "model");
    assert_int_equal(api_error_http_status(e.kind), 404);
    cJSON_Delete(json);
    text_clear(&t);

    char long_name[2000];                                                    /* cut inside a character */
    memset(long_name, 'x', sizeof long_name);
    for (size_t i = 0; i + 2 < sizeof long_name; i += 2) memcpy(long_name + i, "\xC3\xA9", 2);
    long_name[sizeof long_name - 1] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        api_fail(&e, API_BAD_REQUEST, long_name + 0, "%s%s", shift ? "x" : "", long_name);
        assert_true(utf8_valid(e.message, strlen(e.message), NULL) && utf8_valid(e.param, strlen(e.param), NULL));
        text_clear(&t);
        must(api_error_body(&e, &t));
        must(json_parse(&json, t.data, t.len, "body", JSON_STRICT));
        cJSON_Delete(json);
    }

    assert_false(api_fail_status(&e, fail(ERR_IO, "/secret/path is gone"), NULL));
    assert_int_equal(e.kind, API_INTERNAL);
    assert_null(strstr(e.message, "secret"));
    assert_false(api_fail_status(&e, fail(ERR_MEMORY, "none"), NULL));
    assert_int_equal(api_error_http_status(e.kind), 503);
    assert_false(api_fail_status(&e, hint(fail(ERR_DATA, "the text is empty"), "write one"), "text"));
    assert_string_equal(e.message, "the text is empty: write one");
    text_release(&t);
}

static void test_ids(void **state)
{
    (void)state;
    char a[40], b[40];
    for (int i = 0; i < 200; i++) {
        serve_id(a, sizeof a, "req_");
        serve_id(b, sizeof b, "req_");
        assert_int_equal(strlen(a), 28);
        assert_int_equal(strspn(a + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), 24);
        assert_string_not_equal(a, b);
    }
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

typedef struct BodyCase { const char *body; const char *param, *code; } BodyCase;      /* code "ok": taken */

static char ignored_names[256];
static void note_ignored(void *arg, const char *name)
{
    (void)arg;
    snprintf(ignored_names + strlen(ignored_names), sizeof ignored_names - strlen(ignored_names), "%s ", name);
}

static void check_body(const BodyCase *c, bool classify, bool strict)
{
    RequestRules      rules = { 4, strict, note_ignored, NULL };
    EmbeddingsRequest er = { 0 };
    ClassifyRequest   cr = { 0 };
    ApiError          e = { 0 };
    cJSON            *json;
    ignored_names[0] = '\0';
    bool ok = request_json(&json, c->body, strlen(c->body), &e)
        && (classify ? classify_parse(&cr, json, &rules, &e) : embeddings_parse(&er, json, &rules, &e));
    bool wanted = strcmp(c->code, "ok") == 0;
    bool same = ok == wanted && (ok || (strcmp(api_error_code(e.kind), c->code) == 0
                                        && strcmp(e.param, c->param) == 0));
    if (!same)
        print_error("%s\n  -> %s, %s, param \"%s\", \"%s\"\n", c->body, ok ? "taken" : "refused",
                    api_error_code(e.kind), e.param, e.message);
    assert_true(same);
    if (!ok) assert_true(e.message[0] && api_error_http_status(e.kind) == 400);
    embeddings_release(&er);
    classify_release(&cr);
    cJSON_Delete(json);
}

#define DEEP "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
static const BodyCase json_cases[] = {
    { "", "", "invalid_json" },
    { "nonsense", "", "invalid_json" },
    { "{\"model\": \"m\", \"input\": \"a\"", "", "invalid_json" },
    { "{\"model\": \"m\", \"input\": \"a\"} x", "", "invalid_json" },
    { "{\"model\": \"m\", \"model\": \"m\", \"input\": \"a\"}", "", "invalid_json" },
    { "{\"model\": \"m\", \"mod\\u0065l\": \"m\", \"input\": \"a\"}", "", "invalid_json" },
    { "{\"model\": \"m\", \"input\": \"a\\u0000b\"}", "", "invalid_json" },
    { "{\"model\": \"m\", \"input\": \"\\ud800\"}", "", "invalid_json" },
    { "{\"model\": \"m\", \"input\": \"\xFF\"}", "", "invalid_json" },
    { "{\"model\": \"m\", \"input\": " DEEP DEEP "}", "", "invalid_json" },
    { "[]", "", "invalid_json" },
    { "\"text\"", "", "invalid_json" },
    { "{'model': 1}", "", "invalid_json" },
};

static const BodyCase embeddings_cases[] = {
    { "{\"model\": \"m\", \"input\": \"a\"}", "", "ok" },
    { "{\"model\": \"m\", \"input\": [\"a\", \"b\"], \"encoding_format\": \"base64\", \"user\": \"u\", \"dimensions\": "
      "5}",
      "", "ok" },
    { "{\"model\": \"m\", \"input\": [1, 2, 3, 4, 5]}", "", "ok" },
    { "{\"model\": \"m\", \"input\": [[1], [2, 3]], \"truncate\": true, \"normalize\": true, \"pooling\": \"cls\", "
      "\"input_type\": \"query\"}",
      "", "ok" },
    { "{\"model\": \"m\", \"input\": [\"a\", [1]]}", "", "ok" },
    { "{\"model\": \"m\", \"input\": \"a\", \"encoding_format\": null, \"dimensions\": null, \"user\": null}", "",
      "ok" },
    { "{\"model\": \"m\", \"input\": \"a\", \"something_new\": {}}", "", "ok" },
    { "{\"input\": \"a\"}", "model", "" },
    { "{\"model\": null, \"input\": \"a\"}", "model", "" },
    { "{\"model\": \"\", \"input\": \"a\"}", "model", "" },
    { "{\"model\": 5, \"input\": \"a\"}", "model", "" },
    { "{\"model\": \"m\"}", "input", "" },
    { "{\"model\": \"m\", \"input\": null}", "input", "" },
    { "{\"model\": \"m\", \"input\": \"\"}", "input", "" },
    { "{\"model\": \"m\", \"input\": []}", "input", "" },
    { "{\"model\": \"m\", \"input\": [\"\"]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [[]]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [\"a\", 1]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [1, \"a\"]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [1.5]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [-1]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [1e30]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [[1, null]]}", "input", "" },
    { "{\"model\": \"m\", \"input\": [[[1]]]}", "input", "" },
    { "{\"model\": \"m\", \"input\": {}}", "input", "" },
    { "{\"model\": \"m\", \"input\": 5}", "input", "" },
    { "{\"model\": \"m\", \"input\": true}", "input", "" },
    { "{\"model\": \"m\", \"input\": [\"a\", \"a\", \"a\", \"a\", \"a\"]}", "input", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"encoding_format\": \"hex\"}", "encoding_format", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"encoding_format\": 1}", "encoding_format", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"dimensions\": 0}", "dimensions", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"dimensions\": 1.5}", "dimensions", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"dimensions\": \"5\"}", "dimensions", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"user\": 7}", "user", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"truncate\": \"yes\"}", "truncate", "" },
    { "{\"model\": \"m\", \"input\": \"a\", \"pooling\": \"max\"}", "pooling", "" },
};

static const BodyCase classify_cases[] = {
    { "{\"text\": \"a\"}", "", "ok" },
    { "{\"text\": [\"a\", \"b\"], \"top_k\": 2, \"model\": \"m\", \"truncate\": false, \"language\": \"en\", "
      "\"explain\": false}",
      "", "ok" },
    { "{\"text\": \"a\", \"text_pair\": \"b\"}", "", "ok" },
    { "{\"text\": [\"a\"], \"text_pair\": [\"b\"], \"model\": \"\"}", "", "ok" },
    { "{}", "text", "" },
    { "{\"text\": \"\"}", "text", "" },
    { "{\"text\": 5}", "text", "" },
    { "{\"text\": []}", "text", "" },
    { "{\"text\": [\"a\", 5]}", "text", "" },
    { "{\"text\": [\"a\", null]}", "text", "" },
    { "{\"text\": [\"a\", \"a\", \"a\", \"a\", \"a\"]}", "text", "" },
    { "{\"text\": \"a\", \"text_pair\": [\"b\"]}", "text_pair", "" },
    { "{\"text\": [\"a\", \"b\"], \"text_pair\": [\"b\"]}", "text_pair", "" },
    { "{\"text\": [\"a\"], \"text_pair\": [\"\"]}", "text_pair", "" },
    { "{\"text\": \"a\", \"top_k\": 0}", "top_k", "" },
    { "{\"text\": \"a\", \"top_k\": -1}", "top_k", "" },
    { "{\"text\": \"a\", \"top_k\": \"all\"}", "top_k", "" },
    { "{\"text\": \"a\", \"labels\": [\"x\"]}", "labels", "" },
    { "{\"text\": \"a\", \"multi_label\": true}", "multi_label", "" },
    { "{\"text\": \"a\", \"language\": 5}", "language", "" },
};

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(json_cases); i++) check_body(&json_cases[i], i % 2, false);
    for (size_t i = 0; i < COUNT(embeddings_cases); i++) check_body(&embeddings_cases[i], false, false);
    for (size_t i = 0; i < COUNT(classify_cases); i++) check_body(&classify_cases[i], true, false);
    check_body(&(BodyCase){ "{\"text\": \"a\", \"later\": 1, \"even_later\": 2}", "", "ok" }, true, false);
    assert_string_equal(ignored_names, "later even_later ");
    check_body(&(BodyCase){ "{\"text\": \"a\", \"texts\": 1}", "texts", "unknown_parameter" }, true, true);
    check_body(&(BodyCase){ "{\"model\": \"m\", \"input\": \"a\", \"zzz\": 1}", "zzz", "unknown_parameter" }, false,
               true);
}

static void test_what_a_body_means(void **state)
{
    (void)state;
    static const char body[] = "{\"model\": \"m\", \"input\": [[7, 8], \"text\", [9]], \"encoding_format\": "
                               "\"base64\", \"normalize\": false, \"dimensions\": 12}";
    RequestRules      rules = { 4, true, NULL, NULL };
    EmbeddingsRequest r;
    ApiError          e = { 0 };
    cJSON            *json;
    assert_true(request_json(&json, body, strlen(body), &e) && embeddings_parse(&r, json, &rules, &e));
    assert_int_equal(r.n, 3);
    assert_true(r.base64 && r.unnormalized && !r.truncate);
    assert_int_equal(r.dimensions, 12);
    assert_int_equal(r.inputs[0].n_ids, 2);
    assert_int_equal(r.inputs[0].ids[1], 8);
    assert_string_equal(r.inputs[1].text, "text");
    assert_int_equal(r.inputs[2].ids[0], 9);
    embeddings_release(&r);
    cJSON_Delete(json);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static void test_config(void **state)
{
    (void)state;
    ServerConfig c = { 0 };
    char        *folder = temp_folder(), *path = NULL, *want = NULL;
    static const char text[] =
        "// comment\n{\"models\": [\"a=../x/m\", \"/abs/b/\"], \"port\": 9, \"drain_seconds\": 2.5}";
    must(path_join(&path, folder, "serve.json"));
    must(file_write_whole(path, text, strlen(text)));
    must(server_config_default(&c));
    assert_int_equal(c.port, 8080);
    assert_string_equal(c.host, "127.0.0.1");
    assert_int_equal(server_config_check(&c), ERR_CONFIG);                   /* no model */
    must(server_config_read(&c, path));
    must(text_format(&want, "a=/tmp/x/m"));
    assert_string_equal(c.models.items[0], want);
    assert_string_equal(c.models.items[1], "b=/abs/b");
    assert_int_equal(c.port, 9);
    must(server_config_check(&c));
    must(text_copy(&c.tls_cert, "cert.pem"));
    assert_int_equal(server_config_check(&c), ERR_CONFIG);
    server_config_release(&c);
    must(file_write_whole(path, "{\"prot\": 9}", 11));
    c = (ServerConfig){ 0 };
    must(server_config_default(&c));
    assert_int_equal(server_config_read(&c, path), ERR_CONFIG);
    assert_string_equal(status_hint(), "did you mean port?");
    server_config_release(&c);
    must(file_remove_folder(folder));
    free(folder);
    free(path);
    free(want);
}

static void test_model_names(void **state)
{
    (void)state;
    static const struct { const char *entry, *name, *path; } good[] = {
        { "runs/intents", "intents", "runs/intents" }, { "runs/intents//", "intents", "runs/intents" },
        { "a/b@7=/x/y=z", "a/b@7", "/x/y=z" },         { "m=best.h5", "m", "best.h5" },
    };
    static const char *const bad[] = { "=path", "name=", "two words=path", "path with spaces", "", "a\"b=c" };
    for (size_t i = 0; i < COUNT(good); i++) {
        char *name = NULL, *path = NULL;
        must(server_config_model(good[i].entry, &name, &path));
        assert_string_equal(name, good[i].name);
        assert_string_equal(path, good[i].path);
        free(name);
        free(path);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *name = NULL, *path = NULL;
        assert_int_equal(server_config_model(bad[i], &name, &path), ERR_CONFIG);
        free(name);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_keys_refused),
            cmocka_unit_test(test_error_bodies),
        cmocka_unit_test(test_ids),        cmocka_unit_test(test_bodies),
            cmocka_unit_test(test_what_a_body_means),
        cmocka_unit_test(test_config),     cmocka_unit_test(test_model_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
