/* tests/data/readers/parallel_test.c: two texts side by side, and relations between marked words. */
#include "tests/data/rows_test.h"

static void two_files(void **state)
{
    (void)state;
    char        pair[128];
    const Want  want[] = { { "one", "eins", NULL, 1 }, { "two", "zwei", NULL, 3 }, { "three", "drei", NULL, 4 } };
    RowsOptions o = { .pair_path = pair };
    snprintf(pair, sizeof pair, "%s", write_text("t.de", "eins\n\nzwei\r\ndrei\n\n"));
    check_file("t.en", "one\n\ntwo\nthree", &o, want, 3);
    refuses(&(Bad){ "t.en", "one\n", "t.en: ends before line 2", "line i" }, 4, &o);
    assert_int_equal(first_failure(write_text("t.en", "one\n\ntwo\n"), &o), ERR_DATA);
    assert_says(status_fact(), "t.en: ends before line 4, the other text goes on");
    assert_int_equal(first_failure(write_text("t.en", "one\n\ntwo\nthree\nx\n\nfour\n"), &o), ERR_DATA);
    assert_int_equal(first_failure(write_text("t.en", "one\ngap\ntwo\nthree\n"), &o), ERR_DATA);
    assert_says(status_fact(), "t.en:2: the second text (\"pair\") is empty");
}

static void any_order(void **state)                     /* the second file is found again, near and far */
{
    (void)state;
    Text one = { 0 }, two = { 0 };
    char pair[128];
    for (int i = 0; i < 1000; i++) {
        assert_ok(text_addf(&one, "line %d\n", i));
        assert_ok(text_addf(&two, "%d\n", i * i));
    }
    snprintf(pair, sizeof pair, "%s", write_text("t.de", two.data));
    RowsOptions o = { .pair_path = pair };
    Rows       *r = open_rows(write_text("t.en", one.data), &o);
    Place       places[1000];
    Row         row;
    bool        end;
    for (int i = 0; i < 1000; i++) {
        assert_ok(rows_next(r, &row, &end));
        places[i] = row.place;
    }
    for (int k = 0; k < 1000; k++) {
        int i = k * 379 % 1000;
        assert_ok(rows_seek(r, places[i]));
        assert_ok(rows_next(r, &row, &end));
        assert_int_equal(atoi(row.text + 5), i);
        assert_int_equal(atoi(row.pair), i * i);
    }
    rows_close(r);
    r = open_rows(test_path("t.en"), &o);               /* far ahead in a new stream */
    assert_ok(rows_seek(r, places[777]));
    assert_ok(rows_next(r, &row, &end));
    assert_int_equal(atoi(row.pair), 777 * 777);
    rows_close(r);
    text_release(&one);
    text_release(&two);
}

static void two_columns(void **state)
{
    (void)state;
    const Want  want[] = { { "one", "eins", NULL, 1 }, { "two", "zwei", NULL, 3 } };
    RowsOptions o = { .format = "parallel", .text = "0", .pair = "1" };
    check_file("t.txt", "one\teins\tx\n\ntwo\tzwei\ty\n", &o, want, 2);
    RowsOptions none = { .format = "parallel" };
    assert_int_equal(first_failure(write_text("t.txt", "one\teins\n"), &none), ERR_CONFIG);
    assert_says(status_fact(), "needs its second side");
}

static void relations(void **state)
{
    (void)state;
    const Want  want[] = { { "The <e1>author</e1> uses a <e2>tool</e2>.", NULL, "Instrument-Agency(e2,e1)", 1 },
                           { "<e1>a</e1> \"b\" <e2>c</e2>", NULL, "Other", 5 } };
    RowsOptions o = { .label = "label", .need = ROW_NEEDS_LABEL };
    const char *bytes = "1\t\"The <e1>author</e1> uses a <e2>tool</e2>.\"\r\nInstrument-Agency(e2,e1)\r\nComment: no\r\n"
                        "\r\n2\t\"<e1>a</e1> \"b\" <e2>c</e2>\"\nOther\nComment:\n\n";
    check_file("t.txt", bytes, &o, want, 2);
    Rows *r = open_rows(test_path("t.txt"), &o);
    Row   row;
    bool  end;
    assert_ok(rows_next(r, &row, &end));
    assert_string_equal(rows_format(r), "semeval");
    assert_int_equal(row.n_spans, 2);
    assert_memory_equal(row.text + row.spans[0].begin, "author", row.spans[0].end - row.spans[0].begin);
    assert_memory_equal(row.text + row.spans[1].begin, "tool", row.spans[1].end - row.spans[1].begin);
    assert_string_equal(row.spans[1].label, "e2");
    rows_close(r);
    static const Bad cases[] = {
        { "t.txt", "1\t\"<e1>a</e1> <e2>b</e2>\"\nOther\n\n2\t\"<e1>a</e1> b\"\nOther\n", "t.txt:4: the sentence has no word"
          " between <e2> and </e2>", NULL },
        { "t.txt", "1\t\"<e1>a</e1> <e2>b</e2>\"\n", "t.txt:1: the label (\"label\") is empty", NULL },
    };
    refuse_all(cases, COUNT(cases), &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_files),
        cmocka_unit_test(any_order),
        cmocka_unit_test(two_columns),
        cmocka_unit_test(relations),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
