/* tests/train/metrics_families_test.c: numbers against scipy 1.17 (pearsonr, spearmanr), entities against seqeval 1.2.2
 * (zero_division=0), answers by hand; intervals by what they promise. Classes have metrics_test.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness/test.h"
#include "train/metrics.h"

static double value(const cJSON *report, const char *name)
{
    double v = NAN;
    if (!metrics_value(report, name, &v)) fail_msg("no metric \"%s\"", name);
    return v;
}

static void assert_near(const cJSON *report, const char *name, double want)
{
    double got = value(report, name);
    if (!(fabs(got - want) <= 1e-12)) fail_msg("%s is %.17g, not %.17g", name, got, want);
}

static double bound(const cJSON *report, const char *name, const char *which)
{
    const cJSON *b = json_get(json_get(json_get(report, "metrics"), name), which);
    if (!b) fail_msg("%s has no \"%s\"", name, which);
    return b->valuedouble;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

static void test_numbers(void **state)
{
    (void)state;
    static const double x[] = { 0.5, 2.25, 3, 3, 4.5, 1, 0, 2 }, y[] = { 1, 2, 2.5, 4, 5, 1, 0.5, 1 };
    static const double shifts[] = { 0, 1e8 };       /* the same spread far from 0 */
    for (size_t k = 0; k < COUNT(shifts); k++) {
        Metrics *m;
        cJSON   *r;
        must(metrics_new(&m, &metrics_numbers, NULL, true));
        for (size_t i = 0; i < COUNT(x); i++)
            must(metrics_add(m, (int64_t)i, &(Outcome){ .value = x[i] + shifts[k], .target = y[i] + shifts[k] }));
        must(metrics_finish(m, &r));
        assert_near(r, "pearson", 0.9149785259832527);
        assert_near(r, "spearman", 0.9694893700057866);
        assert_near(r, "mse", 0.3828125);
        assert_near(r, "rmse", 0.6187184335382291);
        assert_near(r, "mae", 0.53125);
        cJSON_Delete(r);
        metrics_free(m);
    }
}

static void test_constant_predictions(void **state)
{
    (void)state;
    Metrics *m;
    cJSON   *r;
    must(metrics_new(&m, &metrics_numbers, NULL, true));
    for (int i = 0; i < 5; i++) must(metrics_add(m, i, &(Outcome){ .value = 0.1, .target = i }));
    must(metrics_finish(m, &r));
    assert_near(r, "pearson", 0);
    assert_near(r, "spearman", 0);
    cJSON_Delete(r);
    metrics_free(m);
}

/* y = 0.8 x + 0.6 noise: both correlations' intervals hold theirs about as often as they promise, and are as wide as
 * theory has them (Fisher: tanh(atanh(r) -+ 1.96 / sqrt(n - 3))). */
static void test_intervals_of_correlations(void **state)
{
    (void)state;
    enum { SETS = 40, ROWS = 200 };
    int    held[2] = { 0 };
    double width = 0;
    const double truth[2] = { 0.8, 6 / M_PI * asin(0.8 / 2) };
    for (uint32_t s = 0; s < SETS; s++) {
        Metrics *m;
        cJSON   *r;
        must(metrics_new(&m, &metrics_numbers, NULL, true));
        for (int64_t i = 0; i < ROWS; i++) {
            double x = rng_draw_normal(3, s, 0, (uint64_t)i), e = rng_draw_normal(3, s, 1, (uint64_t)i);
            must(metrics_add(m, (int64_t)s * ROWS + i, &(Outcome){ .value = x, .target = 0.8 * x + 0.6 * e }));
        }
        must(metrics_finish(m, &r));
        const char *const names[] = { "pearson", "spearman" };
        for (int k = 0; k < 2; k++)
            held[k] += bound(r, names[k], "low") <= truth[k] && truth[k] <= bound(r, names[k], "high");
        width += (bound(r, "pearson", "high") - bound(r, "pearson", "low")) / SETS;
        cJSON_Delete(r);
        metrics_free(m);
    }
    for (int k = 0; k < 2; k++) assert_in_range(held[k], 33, SETS);      /* P(33 or more of 40 at 0.95) is 0.997 */
    double fisher = tanh(atanh(0.8) + 1.96 / sqrt(ROWS - 3)) - tanh(atanh(0.8) - 1.96 / sqrt(ROWS - 3));
    assert_true(width > 0.85 * fisher && width < 1.15 * fisher);
}

static void test_ranks_end_where_memory_would_grow(void **state)
{
    (void)state;
    Metrics *m;
    cJSON   *r;
    double   v;
    must(metrics_new(&m, &metrics_numbers, NULL, false));
    for (int64_t i = 0; i <= METRICS_RANKED_ROWS; i++)
        must(metrics_add(m, i, &(Outcome){ .value = (double)(i % 97), .target = (double)(i % 89) }));
    must(metrics_finish(m, &r));
    assert_false(metrics_value(r, "spearman", &v));
    assert_true(metrics_value(r, "pearson", &v));
    cJSON_Delete(r);
    metrics_free(m);
}

/* ---- tags ----------------------------------------------------------------------------------------------------------- */

typedef struct TagRow { int n; int32_t expected[6], predicted[6]; } TagRow;

static cJSON *tag_report(char **names, size_t n_names, const TagRow *rows, size_t n)
{
    StringList labels = { names, n_names };
    Metrics   *m;
    cJSON     *r;
    must(metrics_new(&m, &metrics_tags, &labels, true));
    for (size_t i = 0; i < n; i++)
        must(metrics_add(m, (int64_t)i, &(Outcome){ .tags = rows[i].expected, .predicted_tags = rows[i].predicted,
                                                    .n_tags = rows[i].n, .loss = 1, .count = 1 }));
    must(metrics_finish(m, &r));
    metrics_free(m);
    return r;
}

static void test_entities(void **state)
{
    (void)state;
    static char *names[] = { "B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O" };
    static const TagRow rows[] = {
        { 5, { 2, 5, 6, 0, 6 }, { 2, 5, 6, 0, 6 } }, { 3, { 6, 6, 1 }, { 6, 1, 4 } },
        { 6, { 1, 4, 4, 6, 2, 0 }, { 1, 4, 6, 6, 2, 1 } }, { 2, { 6, 6 }, { 2, 6 } },
        { 4, { 0, 3, 6, 0 }, { 3, 3, 6, 6 } },
    };
    cJSON *r = tag_report(names, COUNT(names), rows, COUNT(rows));
    assert_near(r, "accuracy", 13.0 / 20);
    assert_near(r, "entity_precision", 0.5);
    assert_near(r, "entity_recall", 0.5);
    assert_near(r, "entity_f1", 0.5);
    assert_near(r, "macro_precision", 0.5555555555555555);
    assert_near(r, "macro_recall", 0.5);
    assert_near(r, "macro_f1", 0.48888888888888893);
    assert_near(r, "weighted_precision", 0.6666666666666666);
    assert_near(r, "weighted_f1", 0.5333333333333333);
    assert_true(bound(r, "entity_f1", "low") <= 0.5 && bound(r, "entity_f1", "high") >= 0.5);
    const cJSON *per = json_get(json_get(r, "per_class"), "PER");
    assert_float_equal(json_get(per, "precision")->valuedouble, 2.0 / 3, 1e-12);
    assert_float_equal(json_get(per, "recall")->valuedouble, 1, 0);
    assert_float_equal(json_get(per, "support")->valuedouble, 2, 0);
    assert_int_equal(cJSON_GetArraySize(json_get(r, "per_class")), 3);
    cJSON_Delete(r);
}

static void test_plain_tags(void **state)
{
    (void)state;
    static char *names[] = { "ADJ", "NOUN", "VERB" };
    static const TagRow rows[] = { { 3, { 0, 1, 2 }, { 0, 1, 1 } }, { 2, { 1, 2 }, { 1, 2 } } };
    StringList   labels = { names, COUNT(names) };
    double       v;
    cJSON       *r = tag_report(names, COUNT(names), rows, COUNT(rows));
    assert_near(r, "accuracy", 0.8);
    assert_near(r, "macro_f1", (1 + 0.8 + 2.0 / 3) / 3);
    assert_false(metrics_value(r, "entity_f1", &v));
    assert_non_null(json_get(r, "confusion_matrix"));
    assert_string_equal(metrics_best(&metrics_tags, &labels), "accuracy");
    cJSON_Delete(r);
}

/* ---- answers -------------------------------------------------------------------------------------------------------- */

static void test_answers(void **state)
{
    (void)state;
    static const struct { double exact, f1; bool has; } rows[] = { { 1, 1, true }, { 0, 0.5, true }, { 1, 1, false },
                                                                    { 0, 0, false } };
    for (size_t n = 2; n <= 4; n += 2) {                     /* the first two: every question has an answer */
        Metrics *m;
        cJSON   *r;
        double   v;
        must(metrics_new(&m, &metrics_answers, NULL, true));
        for (size_t i = 0; i < n; i++)
            must(metrics_add(m, (int64_t)i, &(Outcome){ .exact = rows[i].exact, .f1 = rows[i].f1,
                                                        .has_answer = rows[i].has, .loss = 3, .count = 2 }));
        must(metrics_finish(m, &r));
        assert_near(r, "exact_match", 0.5);
        assert_near(r, "f1", n == 2 ? 0.75 : 0.625);
        assert_near(r, "loss", 1.5);
        assert_int_equal(metrics_value(r, "answerable_f1", &v), n == 4);
        if (n == 4) assert_near(r, "answerable_f1", 0.75);
        if (n == 4) assert_near(r, "unanswerable_accuracy", 0.5);
        cJSON_Delete(r);
        metrics_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_constant_predictions),
        cmocka_unit_test(test_intervals_of_correlations),
        cmocka_unit_test(test_ranks_end_where_memory_would_grow),
        cmocka_unit_test(test_entities),
        cmocka_unit_test(test_plain_tags),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
