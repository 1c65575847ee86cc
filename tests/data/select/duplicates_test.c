/* tests/data/select/duplicates_test.c: exact duplicates, contradictions and leaks against comparing all with all. */
#include "tests/data/select/select_test.h"

enum { N_TRAIN = 1500, N_DEV = 200, N_TEST = 300, N_ROWS = N_TRAIN + N_DEV + N_TEST };

static TestRow rows[N_ROWS];

/* order: which set is added first must not matter. */
static void make_rows(uint32_t n_texts, const SelectSet order[3])
{
    static const size_t sizes[] = { N_TRAIN, N_DEV, N_TEST };
    for (size_t set = 0, n = 0; set < 3; set++)
        for (size_t i = 0; i < sizes[order[set]]; i++)
            rows[n++] = (TestRow){ .set = order[set], .line = (int64_t)i + 1, .text = random_below(n_texts),
                                   .label = random_below(4), .class = -1, .filtered = random_below(20) == 0 };
}

typedef struct Want { int fate[N_ROWS]; int64_t duplicates[3], contradictions[3], leaks[3][3]; } Want;

static bool is_copy(size_t a, size_t b)
{
    return !rows[a].filtered && !rows[b].filtered && rows[a].set == rows[b].set && rows[a].text == rows[b].text;
}

/* The label of the first labelled copy of row i, and whether another one disagrees. */
static uint32_t first_label(size_t i, bool *contradicted)
{
    uint32_t label = 0;
    *contradicted = false;
    for (size_t k = 0; k < N_ROWS; k++) {
        if (!is_copy(i, k) || !rows[k].label) continue;
        if (label && rows[k].label != label) *contradicted = true;
        if (!label) label = rows[k].label;
    }
    return label;
}

static void compare_all(Want *w)
{
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < N_ROWS; i++) {
        SelectSet set = rows[i].set;
        bool      duplicate = false, contradicted, leaks[3] = { false };
        if (rows[i].filtered) {
            w->fate[i] = FATE_FILTERED;
            continue;
        }
        for (size_t k = 0; k < N_ROWS; k++) {
            duplicate |= k < i && is_copy(i, k);
            if (!rows[k].filtered && rows[k].text == rows[i].text && rows[k].set > set) leaks[rows[k].set] = true;
        }
        uint32_t label = first_label(i, &contradicted);
        w->contradictions[set] += rows[i].label && rows[i].label != label;
        w->duplicates[set] += duplicate;
        for (int into = 0; into < 3; into++) w->leaks[set][into] += leaks[into];
        w->fate[i] = (duplicate ? FATE_DUPLICATE : 0) | (contradicted ? FATE_CONTRADICTS : 0) |
                     (leaks[0] || leaks[1] || leaks[2] ? FATE_LEAKED : 0);
    }
}

static void check_fates(const Selection *s, const Want *w, int dropped)
{
    int64_t seen[3] = { 0 };
    for (size_t i = 0; i < N_ROWS; i++) {
        SelectSet set = rows[i].set;
        int       want = w->fate[i] & (set == SELECT_TRAIN ? dropped | FATE_FILTERED : FATE_FILTERED);
        int       fate = selection_fates(s, set)[seen[set]++];
        if (fate != want) fail_msg("row %zu (set %d, line %d): fate %d, expected %d", i, (int)set, (int)rows[i].line,
                                   fate, want);
    }
    for (int set = 0; set < 3; set++) assert_int_equal(selection_count(s, (SelectSet)set), seen[set]);
}

static void check_report(const Selection *s, const Want *w)
{
    static const char *const names[] = { "train", "validation", "test" };
    cJSON *report;
    assert_ok(selection_report(s, &report));
    for (int set = 0; set < 3; set++) {
        assert_int_equal(report_number(report, "duplicates", names[set], "rows"), w->duplicates[set]);
        assert_int_equal(report_number(report, "duplicates", names[set], "contradictions"), w->contradictions[set]);
        assert_int_equal(report_number(report, "near_duplicates", names[set], "rows"), 0);
        for (int into = 0; into < 3; into++)
            assert_int_equal(leak_number(report, names[set], names[into], "exact"), w->leaks[set][into]);
    }
    cJSON_Delete(report);
}

static void agrees_with_comparing_all(void **unused)
{
    (void)unused;
    static const SelectSet orders[][3] = { { SELECT_TRAIN, SELECT_VALIDATION, SELECT_TEST },
                                           { SELECT_TEST, SELECT_TRAIN, SELECT_VALIDATION } };
    static Want want;
    for (int round = 0; round < 6; round++) {
        const uint32_t texts[] = { 5, 300, 20000 };
        make_rows(texts[round % 3], orders[round / 3]);
        compare_all(&want);
        SelectOptions o = report_all();
        Selection    *s = decide_rows(&o, rows, N_ROWS, false);
        check_fates(s, &want, 0);
        check_report(s, &want);
        selection_free(s);
        o.on_duplicate = o.on_leakage = SELECT_DROP;
        s = decide_rows(&o, rows, N_ROWS, false);
        check_fates(s, &want, FATE_DUPLICATE | FATE_LEAKED);
        check_report(s, &want);
        selection_free(s);
        o = report_all();
        o.on_contradiction = SELECT_DROP;
        s = decide_rows(&o, rows, N_ROWS, false);
        check_fates(s, &want, FATE_CONTRADICTS);
        selection_free(s);
    }
}

/* ---- sentences -------------------------------------------------------------------------------------------------- */

static const TestRow few[] = {
    { SELECT_TRAIN, 1, 10, 1, 0, 0, false, { { 0 } } }, { SELECT_TRAIN, 2, 11, 1, 0, 0, false, { { 0 } } },
    { SELECT_TRAIN, 3, 12, 2, 0, 0, false, { { 0 } } }, { SELECT_TRAIN, 4, 10, 2, 0, 0, false, { { 0 } } },
    { SELECT_TRAIN, 5, 10, 1, 0, 0, false, { { 0 } } }, { SELECT_TEST, 7, 12, 2, 0, 0, false, { { 0 } } },
    { SELECT_TEST, 8, 11, 2, 0, 0, false, { { 0 } } },
};

static void refuses(const SelectOptions *o, const char *fact, const char *remedy)
{
    Selection *s = select_rows(o, few, COUNT(few), false);
    assert_int_equal(selection_decide(s), ERR_DATA);
    assert_string_equal(status_fact(), fact);
    assert_says(status_hint(), remedy);
    selection_free(s);
}

static void policies_that_fail(void **unused)
{
    (void)unused;
    SelectOptions o = report_all();
    o.on_leakage = SELECT_FAIL;
    refuses(&o, "train.jsonl:2 stands in test.jsonl:8, and 1 more", "set data.on_leakage to drop");
    o = report_all();
    o.on_duplicate = SELECT_FAIL;
    refuses(&o, "train.jsonl:4 repeats train.jsonl:1, and 1 more", "set data.on_duplicate to drop");
    o = report_all();
    o.on_contradiction = SELECT_FAIL;
    refuses(&o, "train.jsonl:4 has another label than the same text in train.jsonl:1", "data.on_contradiction");
}

static void list_of_findings(void **unused)
{
    (void)unused;
    SelectOptions o = report_all();
    o.list_path = test_path("findings.jsonl");
    o.on_leakage = SELECT_FAIL;
    refuses(&o, "train.jsonl:2 stands in test.jsonl:8, and 1 more", "all are listed in ");
    char  *text;
    size_t n;
    assert_ok(file_read(&text, &n, o.list_path, 1 << 20));
    assert_string_equal(text,
        "{\"kind\":\"contradiction\",\"a\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":4},"
        "\"b\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":1},\"similarity\":1}\n"
        "{\"kind\":\"duplicate\",\"a\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":4},"
        "\"b\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":1},\"similarity\":1}\n"
        "{\"kind\":\"duplicate\",\"a\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":5},"
        "\"b\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":1},\"similarity\":1}\n"
        "{\"kind\":\"leakage\",\"a\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":2},"
        "\"b\":{\"set\":\"test\",\"file\":\"test.jsonl\",\"line\":8},\"similarity\":1}\n"
        "{\"kind\":\"leakage\",\"a\":{\"set\":\"train\",\"file\":\"train.jsonl\",\"line\":3},"
        "\"b\":{\"set\":\"test\",\"file\":\"test.jsonl\",\"line\":7},\"similarity\":1}\n");
    free(text);
}

static void list_that_cannot_be_written(void **unused)
{
    (void)unused;
    SelectOptions o = report_all();
    o.list_path = "/nonexistent/folder/findings.jsonl";
    Selection *s = select_rows(&o, few, COUNT(few), false);
    assert_int_equal(selection_decide(s), ERR_IO);
    assert_says(status_fact(), "/nonexistent/folder/findings.jsonl");
    selection_free(s);
}

static void folder_that_is_not_there(void **unused)     /* noticed when memory is used up */
{
    (void)unused;
    SelectOptions o = report_all();
    o.memory = 0;
    o.folder = "/nonexistent/folder";
    Selection *s;
    Status     status = OK;
    assert_ok(selection_new(&s, &o));
    for (uint32_t i = 0; i < 100000 && status == OK; i++)
        status = selection_add(s, SELECT_TRAIN, &(SelectRow){ .key = { scramble(i), i }, .line = i + 1 });
    assert_int_equal(status, ERR_IO);
    assert_says(status_fact(), "/nonexistent/folder: a temporary file cannot be created");
    selection_free(s);
}

static void options_that_make_no_sense(void **unused)
{
    (void)unused;
    Selection    *s;
    SelectOptions o = report_all();
    o.share = 1;
    assert_int_equal(selection_new(&s, &o), ERR_CONFIG);
    o = report_all();
    o.folds = o.fold = 5;
    assert_int_equal(selection_new(&s, &o), ERR_CONFIG);
    assert_says(status_fact(), "fold 5 of 5");
    o.folds = 1;
    assert_int_equal(selection_new(&s, &o), ERR_CONFIG);
    assert_null(s);
}

static void examples_name_both_rows(void **unused)
{
    (void)unused;
    SelectOptions o = report_all();
    Selection    *s = decide_rows(&o, few, COUNT(few), false);
    cJSON        *report;
    char         *text;
    assert_ok(selection_report(s, &report));
    assert_ok(json_print(&text, report, false));
    assert_string_equal(text,
        "{\"duplicates\":{\"train\":{\"rows\":2,\"contradictions\":1,\"examples\":[[\"train.jsonl:4\","
        "\"train.jsonl:1\"],[\"train.jsonl:5\",\"train.jsonl:1\"]]},\"test\":{\"rows\":0,\"contradictions\":0,"
        "\"examples\":[]}},\"near_duplicates\":{\"train\":{\"rows\":0,\"examples\":[]},\"test\":{\"rows\":0,"
        "\"examples\":[]}},\"leakage\":[{\"from\":\"train\",\"into\":\"test\",\"exact\":2,\"near\":0,"
        "\"examples\":[[\"train.jsonl:2\",\"test.jsonl:8\"],[\"train.jsonl:3\",\"test.jsonl:7\"]]}]}");
    free(text);
    cJSON_Delete(report);
    selection_free(s);
}

static void nothing_at_all(void **unused)
{
    (void)unused;
    SelectOptions o = report_all();
    o.share = 0.1;
    Selection *s = decide_rows(&o, few, 0, false);
    assert_int_equal(selection_count(s, SELECT_TRAIN), 0);
    selection_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_comparing_all),
        cmocka_unit_test(policies_that_fail),
        cmocka_unit_test(list_of_findings),
        cmocka_unit_test(list_that_cannot_be_written),
        cmocka_unit_test(folder_that_is_not_there),
        cmocka_unit_test(options_that_make_no_sense),
        cmocka_unit_test(examples_name_both_rows),
        cmocka_unit_test(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
