/* tests/data/select/shares_test.c: quotas, groups, folds; and the choice that earlier runs made. */
#include "data/select/select_internal.h"

#include <math.h>

#include "tests/data/select/select_test.h"

enum { N = 5000, N_CLASSES = 7 };

static TestRow rows[N];

static void make_rows(uint32_t n_texts, uint32_t n_groups)
{
    for (size_t i = 0; i < N; i++) {
        uint32_t text = n_texts ? random_below(n_texts) : (uint32_t)i;
        uint32_t group = n_groups ? 1 + random_below(n_groups) : 0;
        rows[i] = (TestRow){ .set = SELECT_TRAIN, .line = (int64_t)i + 1, .text = text, .group = group,
                             .class = (int32_t)(random_below(N_CLASSES) * random_below(N_CLASSES) / N_CLASSES) };
    }
}

static const uint8_t *fates_of(Selection *s) { return selection_fates(s, SELECT_TRAIN); }

/* The rows that this share took when every key was kept in memory: runs made then must not change. */
static void as_before(void **unused)
{
    (void)unused;
    static const double   shares[] = { 0.1, 0.01, 0.37, 0.9 };
    static const uint64_t chosen[] = {
        0x2906140790278F6Fu, 0x136E503D46A239FEu, 0xEBA5947E05EBF89Au, 0xE9C756FCB097A72Cu,
        0x2470EA07AC1E02D3u, 0x7F33DC6B0CF9CADFu, 0x60296E246F7E7462u, 0xF2E9C42928348430u,
        0xD95E0AF569893FA5u, 0x152C9A42847AD78Eu, 0xF2BD5C9E2E6173C4u, 0x530F6B41B34D7F41u,
        0xF73ABAA2049CBAFEu, 0xA9B001152DF7B6ACu, 0x428210FCA1C8407Cu, 0x7D7B0FB720C4552u,
    };
    for (size_t c = 0; c < COUNT(chosen); c++) {
        random_state = c;
        make_rows(c & 2 ? 2000 : 0, 0);
        SelectOptions o = report_all();
        o.share = shares[c / 4];
        o.stratified = c % 2;
        Selection *s = decide_rows(&o, rows, N, false);
        uint64_t   hash = 0;
        for (size_t i = 0; i < N; i++) hash = scramble(hash ^ (fates_of(s)[i] & FATE_SHARE ? i + 1 : 0));
        if (hash != chosen[c]) fail_msg("case %zu takes other rows: 0x%llX", c, (unsigned long long)hash);
        selection_free(s);
    }
}

static void quotas_are_exact(void **unused)             /* texts all differ: each class within one row of its share */
{
    (void)unused;
    static const double shares[] = { 0.05, 0.2, 0.5 };
    for (size_t c = 0; c < COUNT(shares); c++) {
        int64_t of_class[N_CLASSES] = { 0 }, taken[N_CLASSES] = { 0 }, n = 0;
        make_rows(0, 0);
        SelectOptions o = report_all();
        o.share = shares[c];
        o.stratified = true;
        Selection *s = decide_rows(&o, rows, N, false);
        for (size_t i = 0; i < N; i++) {
            of_class[rows[i].class]++;
            taken[rows[i].class] += (fates_of(s)[i] & FATE_SHARE) != 0;
            n += (fates_of(s)[i] & FATE_SHARE) != 0;
        }
        assert_int_equal(n, llround(shares[c] * N));
        for (int k = 0; k < N_CLASSES; k++)
            assert_true(fabs((double)taken[k] - shares[c] * (double)of_class[k]) < 1);
        selection_free(s);
    }
}

/* Sides of each group: 1 the rest, 2 the share. */
static void groups_stay_whole(void **unused)
{
    (void)unused;
    int sides[301] = { 0 };
    make_rows(0, 300);
    SelectOptions o = report_all();
    o.share = 0.2;
    o.stratified = true;
    Selection *s = decide_rows(&o, rows, N, false);
    int64_t    n = 0;
    for (size_t i = 0; i < N; i++) {
        bool in = fates_of(s)[i] & FATE_SHARE;
        sides[rows[i].group] |= in ? 2 : 1;
        n += in;
    }
    for (size_t g = 1; g <= 300; g++) assert_int_not_equal(sides[g], 3);
    assert_in_range(n, N / 5 - 7 * 20, N / 5);          /* a group that does not fit any more leaves a gap */
    selection_free(s);
}

static void check_folds(int folds, uint32_t n_groups, bool stratified, int64_t slack)
{
    static int fold_of[N];
    int64_t    n[16] = { 0 }, of_class[16][N_CLASSES] = { { 0 } };
    make_rows(0, n_groups);
    for (size_t i = 0; n_groups && i < N; i++) rows[i].class = (int32_t)(rows[i].group % N_CLASSES);
    memset(fold_of, -1, sizeof fold_of);
    for (int f = 0; f < folds; f++) {
        SelectOptions o = report_all();
        o.folds = folds;
        o.fold = f;
        o.stratified = stratified;
        Selection *s = decide_rows(&o, rows, N, false);
        for (size_t i = 0; i < N; i++) {
            if (!(fates_of(s)[i] & FATE_SHARE)) continue;
            assert_int_equal(fold_of[i], -1);           /* each row in one fold only ... */
            fold_of[i] = f;
            n[f]++;
            of_class[f][rows[i].class]++;
        }
        selection_free(s);
    }
    for (size_t i = 0; i < N; i++) assert_int_not_equal(fold_of[i], -1);      /* ... and in one */
    for (size_t i = 1; i < N; i++)
        for (size_t k = 0; n_groups && k < i; k++)
            if (rows[k].group == rows[i].group) assert_int_equal(fold_of[k], fold_of[i]);
    for (int f = 1; f < folds; f++) {
        assert_true(llabs(n[f] - n[0]) <= slack * (stratified ? N_CLASSES : 1));
        for (int c = 0; c < N_CLASSES && stratified; c++) assert_true(llabs(of_class[f][c] - of_class[0][c]) <= slack);
    }
}

static void folds_partition_everything(void **unused)
{
    (void)unused;
    check_folds(5, 0, false, 1);
    check_folds(10, 0, true, 1);
    check_folds(3, 200, false, 50);
    check_folds(4, 400, true, 40);
}

static void order_of_rows_does_not_matter(void **unused)
{
    (void)unused;
    static uint8_t first[N];
    make_rows(4000, 0);
    for (size_t i = 0; i < N; i++) rows[i].class = (int32_t)(rows[i].text % N_CLASSES);
    SelectOptions o = report_all();
    o.share = 0.25;
    o.stratified = true;
    Selection *s = decide_rows(&o, rows, N, false);
    for (size_t i = 0; i < N; i++) first[rows[i].text] = fates_of(s)[i];
    selection_free(s);
    for (size_t i = 0; i < N / 2; i++) {
        TestRow moved = rows[i];
        rows[i] = rows[N - 1 - i];
        rows[N - 1 - i] = moved;
    }
    s = decide_rows(&o, rows, N, false);
    for (size_t i = 0; i < N; i++) assert_int_equal(first[rows[i].text], fates_of(s)[i]);
    selection_free(s);
}

static void dropped_rows_take_no_part(void **unused)
{
    (void)unused;
    make_rows(3000, 0);
    for (size_t i = 0; i < N; i++) rows[i].filtered = i % 3 == 0;
    SelectOptions o = report_all();
    o.share = 0.2;
    o.on_duplicate = SELECT_DROP;
    Selection *s = decide_rows(&o, rows, N, false);
    int64_t    used = 0, share = 0;
    for (size_t i = 0; i < N; i++) {
        int fate = fates_of(s)[i];
        if (fate & (FATE_DUPLICATE | FATE_FILTERED)) assert_false(fate & FATE_SHARE);
        else used++;
        share += (fate & FATE_SHARE) != 0;
    }
    assert_int_equal(share, llround(0.2 * (double)used));
    selection_free(s);
}

/* A text in two groups may stand on both sides: the training row is a leak into the share. */
static void leaks_between_groups(void **unused)
{
    (void)unused;
    for (int drop = 0; drop < 2; drop++) {
        make_rows(2000, 500);
        SelectOptions o = report_all();
        o.share = 0.3;
        o.on_leakage = drop ? SELECT_DROP : SELECT_REPORT;
        Selection     *s = decide_rows(&o, rows, N, false);
        const uint8_t *fates = fates_of(s);
        int64_t        leaks = 0;
        for (size_t i = 0; i < N; i++) {
            bool leaked = false;
            for (size_t k = 0; k < N && !(fates[i] & FATE_SHARE); k++)
                leaked |= rows[k].text == rows[i].text && (fates[k] & FATE_SHARE);
            assert_int_equal((fates[i] & FATE_LEAKED) != 0, leaked && drop);
            leaks += leaked;
        }
        assert_true(leaks > 100);
        cJSON *report;
        assert_ok(selection_report(s, &report));
        assert_int_equal(leak_number(report, "train", "validation", "exact"), leaks);
        cJSON_Delete(report);
        selection_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_before),
        cmocka_unit_test(quotas_are_exact),
        cmocka_unit_test(groups_stay_whole),
        cmocka_unit_test(folds_partition_everything),
        cmocka_unit_test(order_of_rows_does_not_matter),
        cmocka_unit_test(dropped_rows_take_no_part),
        cmocka_unit_test(leaks_between_groups),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
