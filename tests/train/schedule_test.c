/* tests/train/schedule_test.c: learning rates against transformers' get_{linear,cosine}_schedule_with_warmup. */
#include <math.h>
#include <string.h>

#include "tests/harness/test.h"
#include "train/schedule.h"

static void assert_rate(const TrainConfig *t, int64_t step, int64_t total, double want)
{
    double got = schedule_rate(t, step, total);
    if (!(fabs(got - want) <= 1e-18))
        fail_msg("%s, warm-up %d, step %d of %d: %.17g, not %.17g", t->lr_scheduler_type, (int)t->warmup_steps,
                 (int)step, (int)total, got, want);
}

static void test_against_transformers(void **state)
{
    (void)state;
    static const struct { char *type; int64_t warmup,
                          total; struct { int64_t step; double rate; } at[8]; int n; } cases[] = {
        { "linear", 10, 100, { { 0, 0 }, { 1, 5e-06 }, { 5, 2.5e-05 }, { 10, 5e-05 }, { 11, 4.9444444444444446e-05 },
                               { 55, 2.5e-05 }, { 99, 5.555555555555556e-07 }, { 100, 0 } }, 8 },
        { "linear", 0, 7, { { 0, 5e-05 }, { 1, 4.2857142857142856e-05 }, { 3, 2.857142857142857e-05 },
                            { 6, 7.142857142857143e-06 }, { 7, 0 } }, 5 },
        { "linear", 3, 3, { { 0, 0 }, { 1, 1.6666666666666667e-05 }, { 2, 3.3333333333333335e-05 }, { 3, 0 },
                            { 4, 0 } }, 5 },
        { "cosine", 10, 100, { { 0, 0 }, { 1, 5e-06 }, { 5, 2.5e-05 }, { 10, 5e-05 }, { 11, 4.99847706754774e-05 },
                               { 55, 2.5e-05 }, { 99, 1.522932452260595e-08 }, { 100, 0 } }, 8 },
        { "cosine", 0, 7, { { 0, 5e-05 }, { 1, 4.752422169756048e-05 }, { 3, 3.056302334890786e-05 },
                            { 6, 2.475778302439524e-06 }, { 7, 0 } }, 5 },
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        TrainConfig t = { .learning_rate = 5e-5, .lr_scheduler_type = cases[c].type, .warmup_steps = cases[c].warmup };
        for (int i = 0; i < cases[c].n; i++) assert_rate(&t, cases[c].at[i].step, cases[c].total, cases[c].at[i].rate);
    }
}

static void test_constant(void **state)
{
    (void)state;
    TrainConfig t = { .learning_rate = 5e-5, .lr_scheduler_type = "constant", .warmup_steps = 10 };
    assert_rate(&t, 0, 100, 5e-5);                        /* as transformers' has it: without warm-up */
    assert_rate(&t, 99, 100, 5e-5);
    t.lr_scheduler_type = "constant_with_warmup";
    assert_rate(&t, 0, 100, 0);
    assert_rate(&t, 5, 100, 2.5e-5);
    assert_rate(&t, 10, 100, 5e-5);
    assert_rate(&t, 99, 100, 5e-5);
}

static void test_warmup(void **state)
{
    (void)state;
    static const struct { int64_t steps; double ratio; int64_t total, want; } cases[] = {
        { 0, 0, 100, 0 }, { 0, 0.1, 100, 10 }, { 0, 0.1, 101, 11 }, { 0, 0.06, 50, 3 }, { 0, 1, 7, 7 },
        { 5, 0.5, 100, 5 }, { 0, 0.001, 10, 1 }, { 500, 0, 100, 500 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        TrainConfig t = { .warmup_steps = cases[i].steps, .warmup_ratio = cases[i].ratio };
        assert_int_equal(schedule_warmup(&t, cases[i].total), cases[i].want);
    }
    TrainConfig t = { .learning_rate = 5e-5, .lr_scheduler_type = "linear", .warmup_ratio = 0.1 };
    assert_rate(&t, 1, 100, 5e-6);
    t.warmup_steps = 500;                                 /* longer than the run: it only rises */
    assert_rate(&t, 99, 100, 5e-5 * 99 / 500);
}

/* A run that goes on past its planned end (or has no length) must not learn backwards, nor divide by zero. */
static void test_past_the_end(void **state)
{
    (void)state;
    static char *const types[] = { "linear", "cosine" };
    for (size_t i = 0; i < COUNT(types); i++) {
        TrainConfig t = { .learning_rate = 5e-5, .lr_scheduler_type = types[i] };
        assert_rate(&t, 101, 100, 0);
        assert_rate(&t, 1000, 100, 0);
        assert_rate(&t, 0, 0, 0);
        double last = INFINITY;
        for (int64_t step = 0; step <= 100; step++) {
            double rate = schedule_rate(&t, step, 100);
            assert_true(rate < last && rate >= 0);
            last = rate;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_transformers), cmocka_unit_test(test_constant),
        cmocka_unit_test(test_warmup),               cmocka_unit_test(test_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
