/* tests/infer/engine_test.c: whole inputs of the tasks that answer with places in a text. */
#include "tests/infer/serve_test.h"

#include "model/tasks/tasks.h"

static Backend *backend;
static char    *folder;

static Engine *open_engine(const char *task)
{
    Engine *e;
    char   *path = make_model(folder, task, task);
    must(engine_open(&e, backend, path, NULL, NULL));
    assert_string_equal(engine_model(e)->task->name, task);      /* the folder says so itself */
    free(path);
    return e;
}

static cJSON *predict(Engine *e, const char *text, const char *pair)
{
    EngineInput   in = { 0 };
    AnswerOptions o = { 0 };
    cJSON        *answers = cJSON_CreateArray();
    must(engine_read(e, text, strlen(text), pair, pair ? strlen(pair) : 0, false, &in));
    must(engine_predict(e, &in, 1, &o, answers));
    engine_input_release(&in);
    return answers;
}

static void a_number(void **state)
{
    (void)state;
    Engine *e = open_engine("regression");
    cJSON  *a = predict(e, "the parcel is late", NULL), *b = predict(e, "the parcel is late", "my card");
    assert_int_equal(cJSON_GetArraySize(a), 1);
    assert_true(cJSON_IsNumber(json_get(a->child, "score")));
    assert_true(json_get(a->child, "score")->valuedouble != json_get(b->child, "score")->valuedouble);
    cJSON_Delete(a);
    cJSON_Delete(b);
    engine_close(e);
}

/* Words are whole (##s goes with its word), in order, and stand where they say. */
static void tagged_words(void **state)
{
    (void)state;
    static const char *const expected[] = { "Where", "are", "my", "cards", "?" };
    const char *text = "Where  are my cards?";
    Engine     *e = open_engine("token-classification");
    cJSON      *all = predict(e, text, NULL);
    const cJSON *one;
    int          i = 0;
    cJSON_ArrayForEach(one, json_get(all->child, "tokens")) {
        int begin = json_get(one, "begin")->valueint, end = json_get(one, "end")->valueint;
        assert_true(i < (int)COUNT(expected));
        assert_string_equal(json_get(one, "text")->valuestring, expected[i]);
        assert_int_equal(end - begin, strlen(expected[i]));
        assert_memory_equal(text + begin, expected[i], strlen(expected[i]));
        assert_true(cJSON_IsString(json_get(one, "tag")));
        i++;
    }
    assert_int_equal(i, COUNT(expected));
    cJSON_ArrayForEach(one, json_get(all->child, "entities")) {
        int begin = json_get(one, "begin")->valueint, end = json_get(one, "end")->valueint;
        assert_string_equal(json_get(one, "type")->valuestring, "IT");
        assert_int_equal(strlen(json_get(one, "text")->valuestring), end - begin);
        assert_memory_equal(json_get(one, "text")->valuestring, text + begin, (size_t)(end - begin));
    }
    assert_non_null(json_get(all->child, "entities"));
    cJSON_Delete(all);
    engine_close(e);
}

/* The best answer over windows made by hand, one by one, is what engine_predict says of the long text. */
static void long_texts_in_windows(void **state)
{
    (void)state;
    static const char question[] = "where is my parcel ?";
    Engine     *e = open_engine("question-answering");
    Text        text = { 0 };
    EngineInput in = { 0 };
    for (int i = 0; i < 150; i++) must(text_addf(&text, "%s ", words[5 + (i * 7 + i / 11) % 20]));
    must(engine_read(e, question, strlen(question), text.data, text.len, false, &in));
    assert_true(in.n > 3);
    assert_false(in.cut);

    SpanChoice   best = { 0 };
    EngineOutput out = { 0 };
    size_t       begin = 0, covered = 0;
    for (size_t i = 0; i < in.n; i++) {
        const Encoding *x = &in.sequences[i];
        assert_true(x->n <= (size_t)engine_max_length(e));
        assert_memory_equal(x->ids, in.sequences[0].ids, 7 * sizeof *x->ids);          /* [CLS] question [SEP] */
        for (size_t k = 7; k + 1 < x->n; k++) {
            assert_int_equal(x->segments[k], 1);
            if (x->offsets[2 * k] == (int32_t)covered) covered = (size_t)x->offsets[2 * k + 1] + 1;
        }
        assert_int_equal(x->ids[x->n - 1], 3);
        assert_true(i == 0 || ((size_t)x->offsets[14] > begin && (size_t)x->offsets[14] < covered));    /* overlap */
        begin = (size_t)x->offsets[14];
        must(engine_run(e, &x, 1, &out));
        assert_int_equal(out.n_rows, x->n);
        AnswerInput w = { .rows = out.rows, .n = out.n_rows, .width = 2, .segments = x->segments, .words = x->words,
                          .offsets = x->offsets };
        SpanChoice c = span_choose(&w);
        best = i ? span_better(best, c) : c;
    }
    assert_int_equal(covered, text.len);                         /* no token is in no window */
    cJSON *a = predict(e, question, text.data);
    assert_int_equal(cJSON_GetArraySize(a), 1);
    int at = json_get(a->child, "begin")->valueint, end = json_get(a->child, "end")->valueint;
    assert_int_equal(at, best.begin);
    assert_int_equal(end, best.end);
    assert_float_equal(json_get(a->child, "score")->valuedouble, best.p, 1e-4);
    assert_int_equal(strlen(json_get(a->child, "answer")->valuestring), end - at);
    assert_memory_equal(json_get(a->child, "answer")->valuestring, text.data + at, (size_t)(end - at));
    cJSON_Delete(a);
    engine_output_release(&out);
    engine_input_release(&in);
    text_release(&text);
    engine_close(e);
}

static void a_question_that_fills_the_model(void **state)
{
    (void)state;
    Engine     *e = open_engine("question-answering");
    Text        question = { 0 };
    EngineInput in = { 0 };
    static const char context[] = "the parcel is late , my order is late , is it ?";
    for (int i = 0; i < 30; i++) must(text_addf(&question, "parcel "));
    must(engine_read(e, question.data, question.len, context, strlen(context), false, &in));
    assert_in_range(in.n, 2, 12);                                /* seven tokens of the context at a time */
    for (int i = 0; i < 8; i++) must(text_addf(&question, "parcel "));
    assert_int_equal(engine_read(e, question.data, question.len, context, strlen(context), false, &in), ERR_DATA);
    engine_input_release(&in);
    text_release(&question);
    engine_close(e);
}

/* Many inputs at once are answered as each by itself, in order. */
static void many_at_once(void **state)
{
    (void)state;
    enum { N = 70 };
    Engine       *e = open_engine("token-classification");
    EngineInput  *in = calloc(N, sizeof *in);
    AnswerOptions o = { 0 };
    cJSON        *all = cJSON_CreateArray();
    char          text[64];
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "%s %s the parcel", words[5 + i % 10], i % 3 ? "card" : "money back");
        must(engine_read(e, text, strlen(text), NULL, 0, false, &in[i]));
    }
    must(engine_predict(e, in, N, &o, all));
    assert_int_equal(cJSON_GetArraySize(all), N);
    for (int i = 0; i < N; i++) {
        cJSON       *alone = predict(e, in[i].text, NULL);
        const cJSON *a = json_get(cJSON_GetArrayItem(all, i), "tokens"), *b = json_get(alone->child, "tokens");
        assert_int_equal(cJSON_GetArraySize(a), cJSON_GetArraySize(b));
        assert_string_equal(json_get(a->child, "text")->valuestring, words[5 + i % 10]);
        assert_string_equal(json_get(a->child, "tag")->valuestring, json_get(b->child, "tag")->valuestring);
        assert_float_equal(json_get(a->child, "score")->valuedouble, json_get(b->child, "score")->valuedouble, 1e-4);
        cJSON_Delete(alone);
        engine_input_release(&in[i]);
    }
    cJSON_Delete(all);
    free(in);
    engine_close(e);
}

static int open_all(void **state)
{
    (void)state;
    folder = temp_folder();
    return backend_open(&backend, "cpu") == OK ? 0 : 1;
}

static int close_all(void **state)
{
    (void)state;
    backend_close(backend);
    Status s = file_remove_folder(folder);
    free(folder);
    return s == OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number),
        cmocka_unit_test(tagged_words),
        cmocka_unit_test(long_texts_in_windows),
        cmocka_unit_test(a_question_that_fills_the_model),
        cmocka_unit_test(many_at_once),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
