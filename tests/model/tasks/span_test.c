/* tests/model/tasks/span_test.c: which answer two numbers a token make. */
#include "tests/harness/test.h"

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "model/tasks/tasks.h"

enum { N = 90, FIRST = 5, LAST = 88 };      /* [CLS] q q q [SEP] text ... [SEP]: the text is tokens 5 .. 88 */

static REAL    logits[2 * N];
static int32_t segments[N], words[N], offsets[2 * N];

static AnswerInput window(void)
{
    for (int i = 0; i < N; i++) {
        bool text = i >= FIRST && i <= LAST;
        logits[2 * i] = logits[2 * i + 1] = 0;
        segments[i] = i >= FIRST;
        words[i] = text || (i > 0 && i < FIRST - 1) ? i : -1;
        offsets[2 * i] = text ? 10 * i : 0;
        offsets[2 * i + 1] = text ? 10 * i + 5 : 0;
    }
    return (AnswerInput){ .rows = logits, .n = N, .width = 2, .segments = segments, .words = words, .offsets = offsets };
}

static void assert_place(const SpanChoice *c, int begin, int end)
{
    assert_true(c->found);
    assert_int_equal(c->begin, 10 * begin);
    assert_int_equal(c->end, 10 * end + 5);
}

static void the_highest_sum_wins(void **state)
{
    (void)state;
    AnswerInput w = window();
    logits[2 * 20] = 5;
    logits[2 * 23 + 1] = 4;
    SpanChoice c = span_choose(&w);
    assert_place(&c, 20, 23);
    assert_float_equal(c.score, 9, 1e-6);
    assert_float_equal(c.null_score, 0, 1e-6);
    double p = exp(5) / (exp(5) + N - 1) * exp(4) / (exp(4) + N - 1);
    assert_float_equal(c.p, p, 1e-9);
}

/* The question, specials, an end before its begin and more than SPAN_MAX_TOKENS tokens are no answers. */
static void only_places_that_can_be(void **state)
{
    (void)state;
    AnswerInput w = window();
    logits[2 * 2] = logits[2 * 2 + 1] = 50;                     /* in the question */
    logits[2 * (N - 1) + 1] = 40;                               /* the last [SEP] */
    logits[2 * 30] = 9;
    logits[2 * 29 + 1] = 9;                                     /* before its begin */
    logits[2 * (30 + SPAN_MAX_TOKENS) + 1] = 9;                 /* a token too far */
    logits[2 * (29 + SPAN_MAX_TOKENS) + 1] = 1;                 /* just near enough */
    SpanChoice c = span_choose(&w);
    assert_place(&c, 30, 29 + SPAN_MAX_TOKENS);
    assert_float_equal(c.score, 10, 1e-6);
}

static void as_the_long_way_says(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 50; round++) {
        AnswerInput w = window();
        double      best = -INFINITY;
        for (int i = 0; i < 2 * N; i++) logits[i] = (REAL)rng_draw_normal(5, round, 0, (uint64_t)i);
        for (int i = FIRST; i <= LAST; i++)
            for (int j = i; j <= LAST && j - i < SPAN_MAX_TOKENS; j++)
                best = fmax(best, (double)logits[2 * i] + (double)logits[2 * j + 1]);
        assert_float_equal(span_choose(&w).score, best, 1e-12);
    }
}

static void a_window_without_text(void **state)
{
    (void)state;
    AnswerInput w = window();
    for (int i = 0; i < N; i++) words[i] = -1;
    Model      m = { .config.no_answer = false };
    SpanChoice none = span_choose(&w), some;
    assert_false(none.found);
    assert_true(span_is_null(&m, &none));
    w = window();
    logits[2 * 7] = -3;
    some = span_choose(&w);
    assert_true(span_better(none, some).found && span_better(some, none).found);
}

/* The best answer of all windows; "no answer" by the window that thinks so least (Devlin et al. 2018, sec. 4.3). */
static void windows_together(void **state)
{
    (void)state;
    SpanChoice a = { .found = true, .score = 3, .null_score = 9, .p = 0.1, .null_p = 0.9, .begin = 1, .end = 2 },
               b = { .found = true, .score = 5, .null_score = 4, .p = 0.6, .null_p = 0.3, .begin = 7, .end = 9 };
    Model answers = { .config.no_answer = true };
    for (int order = 0; order < 2; order++) {
        SpanChoice c = order ? span_better(a, b) : span_better(b, a);
        assert_int_equal(c.begin, 7);
        assert_float_equal(c.score, 5, 0);
        assert_float_equal(c.null_score, 4, 0);
        assert_float_equal(c.null_p, 0.3, 0);
        assert_false(span_is_null(&answers, &c));
        c.null_score = 5.5;
        assert_true(span_is_null(&answers, &c));
        assert_false(span_is_null(&(Model){ .config.no_answer = false }, &c));
    }
}

static void the_text_is_cut_from_the_original(void **state)
{
    (void)state;
    const char *text = "Der Fluß heißt Elbe.";
    SpanChoice  c = { .found = true, .score = 1, .null_score = 2, .p = 0.25, .null_p = 0.5, .begin = 17, .end = 21 };
    Model       m = { .config.no_answer = false };
    for (int none = 0; none < 2; none++) {
        cJSON *j = cJSON_CreateObject();
        m.config.no_answer = none;
        must(span_answer(&m, &c, text, j));
        assert_string_equal(json_get(j, "answer")->valuestring, none ? "" : "Elbe");
        assert_int_equal(json_get(j, "begin")->valueint, none ? 0 : 17);
        assert_int_equal(json_get(j, "end")->valueint, none ? 0 : 21);
        assert_float_equal(json_get(j, "score")->valuedouble, none ? 0.5 : 0.25, 0);
        cJSON_Delete(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_sum_wins),  cmocka_unit_test(only_places_that_can_be),
        cmocka_unit_test(as_the_long_way_says),  cmocka_unit_test(a_window_without_text),
        cmocka_unit_test(windows_together),      cmocka_unit_test(the_text_is_cut_from_the_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
