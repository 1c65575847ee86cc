/* tests/train/metrics_test.c: values against scikit-learn's (classification_report with zero_division=0,
 * accuracy_score, matthews_corrcoef, log_loss), intervals by what they promise, and nothing that depends on the rows'
 * order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness/test.h"
#include "train/metrics.h"

enum { MAX_ROWS = 12, MAX_CLASSES = 4 };

static char      *names[] = { "zero", "one", "two", "three" };
static StringList labels(size_t n) { return (StringList){ names, n }; }

static Outcome of(int32_t expected, int32_t predicted, double loss, double count)
{
    return (Outcome){ .expected = expected, .predicted = predicted, .loss = loss, .count = count };
}

static void add(Metrics *m, int64_t row, Outcome o) { must(metrics_add(m, row, &o)); }

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = json_get(o, key);
    if (!cJSON_IsNumber(v)) fail_msg("no number \"%s\"", key);
    return v->valuedouble;
}

static void assert_value(const cJSON *report, const char *name, double want)
{
    double got = NAN;
    if (!metrics_value(report, name, &got)) fail_msg("no metric \"%s\"", name);
    if (!(fabs(got - want) <= 1e-9)) fail_msg("%s is %.17g, not %.17g", name, got, want);
}

static void assert_interval(const cJSON *report, const char *name)
{
    const cJSON *m = json_get(json_get(report, "metrics"), name);
    double v = number(m, "value"), low = number(m, "low"), high = number(m, "high");
    if (!(low <= v && v <= high)) fail_msg("%s: %.9g is not in %.9g .. %.9g", name, v, low, high);
}

typedef struct Case {
    const char *name;
    size_t      k, n;
    int32_t     expected[MAX_ROWS], predicted[MAX_ROWS];
    double      accuracy, matthews, macro[3], weighted[3];      /* precision, recall, F1 */
    double      classes[MAX_CLASSES][4];                        /* precision, recall, F1, support */
    int         confusion[MAX_CLASSES][MAX_CLASSES];            /* (expected, predicted) */
} Case;

static const Case cases[] = {
    { "three classes", 3, 10, { 0, 1, 2, 2, 1, 0, 2, 2, 0, 1 }, { 0, 2, 2, 2, 1, 0, 1, 2, 1, 1 }, 0.7,
      0.5539117094069973,
      { 0.75, 0.6944444444444443, 0.7071428571428572 }, { 0.75, 0.7, 0.7114285714285715 },
      { { 1, 0.6666666666666666, 0.8, 3 }, { 0.5, 0.6666666666666666, 0.5714285714285714, 3 },
        { 0.75, 0.75, 0.75, 4 } },
      { { 2, 1, 0 }, { 0, 2, 1 }, { 0, 1, 3 } } },
    { "a class never predicted", 4, 7, { 0, 0, 1, 1, 2, 3, 3 }, { 0, 1, 1, 1, 0, 0, 3 }, 0.5714285714285714,
      0.42600643361512924,
      { 0.5, 0.5, 0.4666666666666667 }, { 0.5714285714285714, 0.5714285714285714, 0.5333333333333333 },
      { { 0.3333333333333333, 0.5, 0.4, 2 }, { 0.6666666666666666, 1, 0.8, 2 }, { 0, 0, 0, 1 },
        { 1, 0.5, 0.6666666666666666, 2 } },
      { { 1, 1, 0, 0 }, { 0, 2, 0, 0 }, { 1, 0, 0, 0 }, { 1, 0, 0, 1 } } },
    { "a class never expected", 3, 6, { 0, 0, 1, 1, 0, 1 }, { 0, 2, 1, 1, 2, 0 }, 0.5, 0.28867513459481287,
      { 0.5, 0.3333333333333333, 0.4000000000000001 }, { 0.75, 0.5, 0.6000000000000001 },
      { { 0.5, 0.3333333333333333, 0.4, 3 }, { 1, 0.6666666666666666, 0.8, 3 }, { 0, 0, 0, 0 } },
      { { 1, 0, 2 }, { 1, 2, 0 }, { 0, 0, 0 } } },
    { "two classes, and two the rows lack", 4, 8, { 0, 0, 0, 1, 1, 1, 1, 0 }, { 0, 1, 0, 1, 1, 0, 1, 0 }, 0.75, 0.5,
      { 0.75, 0.75, 0.75 }, { 0.75, 0.75, 0.75 }, { { 0.75, 0.75, 0.75, 4 }, { 0.75, 0.75, 0.75, 4 } },
      { { 3, 1 }, { 1, 3 } } },
    { "always one answer", 2, 5, { 0, 1, 1, 0, 1 }, { 1, 1, 1, 1, 1 }, 0.6, 0,
      { 0.3, 0.5, 0.375 }, { 0.36, 0.6, 0.45 }, { { 0, 0, 0, 2 }, { 0.6, 1, 0.75, 3 } }, { { 0, 2 }, { 0, 3 } } },
    { "all right", 3, 3, { 0, 1, 2 }, { 0, 1, 2 }, 1, 1, { 1, 1, 1 }, { 1, 1, 1 },
      { { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } }, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
};

static void test_against_scikit_learn(void **state)
{
    (void)state;
    static const char *const parts[] = { "precision", "recall", "f1", "support" };
    for (size_t c = 0; c < COUNT(cases); c++) {
        const Case *t = &cases[c];
        StringList  l = labels(t->k);
        Metrics    *m;
        cJSON      *r;
        char        key[32];
        print_message("%s\n", t->name);
        must(metrics_new(&m, &metrics_classes, &l, true));
        for (size_t i = 0; i < t->n; i++)
            add(m, (int64_t)i, of(t->expected[i], t->predicted[i], 1, 1));
        must(metrics_finish(m, &r));
        metrics_free(m);
        assert_int_equal(number(r, "n"), t->n);
        assert_value(r, "accuracy", t->accuracy);
        assert_value(r, "matthews_correlation", t->matthews);
        for (int p = 0; p < 3; p++) {
            snprintf(key, sizeof key, "macro_%s", parts[p]);
            assert_value(r, key, t->macro[p]);
            assert_interval(r, key);
            snprintf(key, sizeof key, "weighted_%s", parts[p]);
            assert_value(r, key, t->weighted[p]);
            snprintf(key, sizeof key, "micro_%s", parts[p]);
            assert_value(r, key, t->accuracy);
            assert_interval(r, key);
        }
        assert_interval(r, "accuracy");
        const cJSON *confusion = json_get(r, "confusion_matrix");
        assert_int_equal(cJSON_GetArraySize(json_get(r, "per_class")), t->k);
        assert_int_equal(cJSON_GetArraySize(json_get(confusion, "rows")), t->k);
        for (size_t k = 0; k < t->k; k++) {
            const cJSON *one = json_get(json_get(r, "per_class"), names[k]);
            for (int p = 0; p < 4; p++)
                if (!(fabs(number(one, parts[p]) - t->classes[k][p]) <= 1e-9))
                    fail_msg("%s of %s is %.17g, not %.17g", parts[p], names[k], number(one, parts[p]),
                             t->classes[k][p]);
            assert_string_equal(cJSON_GetArrayItem(json_get(confusion, "labels"), (int)k)->valuestring, names[k]);
            for (size_t q = 0; q < t->k; q++)
                assert_int_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(json_get(confusion, "rows"), (int)k),
                                                    (int)q)->valueint, t->confusion[k][q]);
        }
        cJSON_Delete(r);
    }
}

static void test_log_loss(void **state)
{
    (void)state;
    static const double  p[6][3] = { { .7, .2, .1 }, { .1, .3, .6 }, { .05, .05, .9 }, { .2, .2, .6 },
                                     { .25, .5, .25 }, { .4, .35, .25 } };
    static const int32_t expected[6] = { 0, 1, 2, 2, 1, 0 }, predicted[6] = { 0, 2, 2, 2, 1, 0 };
    StringList l = labels(3);
    Metrics   *m;
    cJSON     *r;
    must(metrics_new(&m, &metrics_classes, &l, true));
    for (int i = 0; i < 6; i++) add(m, i, of(expected[i], predicted[i], -log(p[i][expected[i]]), 1));
    must(metrics_finish(m, &r));
    assert_value(r, "log_loss", 0.631045300020431);
    assert_value(r, "loss", 0.631045300020431);
    assert_interval(r, "log_loss");
    double ignored;
    assert_false(metrics_value(r, "perplexity", &ignored));                   /* of classes it says nothing */
    assert_false(metrics_value(r, "accurcy", &ignored));
    cJSON_Delete(r);
    metrics_free(m);
}

/* Language models: a row is many tokens, and each token counts the same. */
static void test_perplexity(void **state)
{
    (void)state;
    static const struct { double loss, count; } rows[] = { { 12.5, 5 }, { 40, 20 }, { 0, 0 }, { 3.5, 2 } };
    Metrics *m;
    cJSON   *r;
    must(metrics_new(&m, &metrics_loss, NULL, true));
    for (int i = 0; i < 4; i++) add(m, i, of(-100, 7, rows[i].loss, rows[i].count));
    must(metrics_finish(m, &r));
    assert_value(r, "loss", 56.0 / 27);
    assert_value(r, "perplexity", 7.957175292084034);     /* exp(56 / 27) */
    assert_interval(r, "loss");
    assert_interval(r, "perplexity");
    assert_int_equal(cJSON_GetArraySize(json_get(r, "metrics")), 2);
    assert_null(json_get(r, "per_class"));
    assert_null(json_get(r, "confusion_matrix"));
    cJSON_Delete(r);
    metrics_free(m);
}

static void test_values_only(void **state)
{
    (void)state;
    StringList l = labels(2);
    Metrics   *m;
    cJSON     *r;
    must(metrics_new(&m, &metrics_classes, &l, false));
    add(m, 0, of(1, 1, 0.5, 1));
    add(m, 1, of(1, 0, 1.5, 1));
    must(metrics_finish(m, &r));
    assert_value(r, "accuracy", 0.5);
    assert_value(r, "log_loss", 1);
    assert_null(json_get(json_get(json_get(r, "metrics"), "accuracy"), "low"));
    assert_null(json_get(json_get(json_get(r, "metrics"), "accuracy"), "high"));
    cJSON_Delete(r);
    metrics_free(m);
}

static void test_nothing(void **state)
{
    (void)state;
    for (int intervals = 0; intervals < 2; intervals++) {
        StringList l = labels(3);
        Metrics   *m;
        cJSON     *r;
        must(metrics_new(&m, &metrics_classes, &l, intervals));
        must(metrics_finish(m, &r));
        assert_int_equal(number(r, "n"), 0);
        assert_value(r, "accuracy", 0);
        assert_value(r, "macro_f1", 0);
        assert_value(r, "matthews_correlation", 0);
        assert_value(r, "log_loss", 0);
        cJSON_Delete(r);
        metrics_free(m);
    }
    metrics_free(NULL);
}

/* Rows as they might come: three classes, right four times in five, losses that are sums of powers of two. */
static Outcome row_of(uint32_t seed, int64_t row, double right)
{
    int32_t expected = (int32_t)rng_draw_below(seed, 1, 0, (uint64_t)row, 3);
    bool    hit = rng_draw_uniform(seed, 2, 0, (uint64_t)row) < right;
    int32_t other = (expected + 1 + (int32_t)rng_draw_below(seed, 3, 0, (uint64_t)row, 2)) % 3;
    return of(expected, hit ? expected : other, (1 + rng_draw_below(seed, 4, 0, (uint64_t)row, 64)) / 16.0, 1);
}

static char *report_of(const int64_t *order, size_t n)
{
    StringList l = labels(3);
    Metrics   *m;
    cJSON     *r;
    char      *text;
    must(metrics_new(&m, &metrics_classes, &l, true));
    for (size_t i = 0; i < n; i++) {
        Outcome o = row_of(9, order[i], 0.8);
        add(m, order[i], o);
    }
    must(metrics_finish(m, &r));
    must(json_print(&text, r, false));
    cJSON_Delete(r);
    metrics_free(m);
    return text;
}

static void test_order(void **state)
{
    (void)state;
    enum { N = 300 };
    int64_t order[N];
    for (int i = 0; i < N; i++) order[i] = i;
    char *forward = report_of(order, N);
    for (int i = 0; i < N; i++) order[i] = N - 1 - i;
    char *backward = report_of(order, N);
    for (int i = N - 1; i > 0; i--) {
        int     j = (int)rng_draw_below(3, 1, 0, (uint64_t)i, (uint32_t)i + 1);
        int64_t t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    char *shuffled = report_of(order, N);
    assert_string_equal(forward, backward);
    assert_string_equal(forward, shuffled);
    for (int i = 0; i < N; i++) order[i] = i + N;         /* and other rows are another answer */
    char *others = report_of(order, N);
    assert_string_not_equal(forward, others);
    free(forward);
    free(backward);
    free(shuffled);
    free(others);
}

/* A 95 % interval covers the truth in about 95 of 100 samples, and is as wide as the binomial's. */
static void test_coverage(void **state)
{
    (void)state;
    enum { SAMPLES = 200, ROWS = 400 };
    const double truth = 0.8, loss = 65 / 32.0;           /* the mean of 1/16 .. 64/16 */
    int    covered = 0, covered_loss = 0;
    double width = 0;
    for (int s = 0; s < SAMPLES; s++) {
        Metrics *m;
        cJSON   *r;
        StringList l = labels(3);
        must(metrics_new(&m, &metrics_classes, &l, true));
        for (int64_t i = 0; i < ROWS; i++) {
            Outcome o = row_of(1, s * ROWS + i, truth);
            add(m, s * ROWS + i, o);
        }
        must(metrics_finish(m, &r));
        const cJSON *a = json_get(json_get(r, "metrics"), "accuracy"),
        *b = json_get(json_get(r, "metrics"), "log_loss");
        covered += number(a, "low") <= truth && truth <= number(a, "high");
        covered_loss += number(b, "low") <= loss && loss <= number(b, "high");
        width += (number(a, "high") - number(a, "low")) / SAMPLES;
        static const char *const all[] = { "accuracy", "macro_f1", "weighted_f1", "matthews_correlation", "log_loss" };
        for (size_t k = 0; k < COUNT(all); k++) assert_interval(r, all[k]);
        cJSON_Delete(r);
        metrics_free(m);
    }
    print_message("covered: accuracy %d, loss %d of %d; mean width %.4f\n", covered, covered_loss, SAMPLES, width);
    assert_true(covered >= 180 && covered <= 198);
    assert_true(covered_loss >= 180 && covered_loss <= 198);
    if (fabs(width - 2 * 1.96 * sqrt(truth * (1 - truth) / ROWS)) > 0.004) fail_msg("a mean width of %.6f", width);
}

/* With very many classes the confusion matrix is left out; the rest stays. */
static void test_many_classes(void **state)
{
    (void)state;
    enum { K = 2001 };
    static char  store[K][16];
    static char *items[K];
    for (int i = 0; i < K; i++) {
        snprintf(store[i], sizeof store[i], "c%d", i);
        items[i] = store[i];
    }
    StringList l = { items, K };
    Metrics   *m;
    cJSON     *r;
    must(metrics_new(&m, &metrics_classes, &l, false));
    for (int i = 0; i < K; i++) add(m, i, of(i, i < 1000 ? i : 0, 1, 1));
    must(metrics_finish(m, &r));
    assert_null(json_get(r, "confusion_matrix"));
    assert_int_equal(cJSON_GetArraySize(json_get(r, "per_class")), K);
    assert_value(r, "accuracy", 1000.0 / K);
    assert_value(r, "macro_recall", 1000.0 / K);
    assert_value(r, "macro_precision", (999 + 1.0 / 1002) / K);
    cJSON_Delete(r);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_scikit_learn), cmocka_unit_test(test_log_loss), cmocka_unit_test(test_perplexity),
        cmocka_unit_test(test_values_only),          cmocka_unit_test(test_nothing),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_coverage),             cmocka_unit_test(test_many_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
