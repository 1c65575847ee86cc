/* tests/data/readers/json_test.c: lists in JSON files, paths into objects, lists of words and tags. */
#include "tests/data/rows_test.h"

static const RowsOptions plain = { .text = "text", .label = "label", .need = ROW_NEEDS_LABEL };

static void a_list_is_the_file(void **state)
{
    (void)state;
    const Want want[] = { { "a", NULL, "x", 2 }, { "b}]", NULL, "3", 4 }, { "c", NULL, "y", 4 } };
    check_file("t.json", "[\n  {\"text\": \"a\", \"label\": \"x\"},\n\n {\"text\": \"b}]\",\"label\":3} , "
                         "{\"label\":\"y\",\"text\":\"c\"}\n]\n", &plain, want, 3);
    check_file("data", "[\n  {\"text\": \"a\", \"label\": \"x\"},\n\n {\"text\": \"b}]\",\"label\":3} , "
                       "{\"label\":\"y\",\"text\":\"c\"}\n]", &plain, want, 3);
}

static void a_list_inside(void **state)
{
    (void)state;
    const char *bytes = "{\"skip\": [1, \"]\", {\"train\": 5}], \"n\": -1.5e3, \"deep\": {\"train\": [[\"a\", \"x\"],\n"
                        "[\"b\", \"y\"]], \"test\": []}, \"never\": read";
    const Want  want[] = { { "a", NULL, "x", 1 }, { "b", NULL, "y", 2 } };
    RowsOptions o = { .text = "0", .label = "1", .need = ROW_NEEDS_LABEL };
    char        path[256];
    write_text("t.json", bytes);
    snprintf(path, sizeof path, "%s#deep.train", test_path("t.json"));
    check_path(path, &o, want, 2);
    snprintf(path, sizeof path, "%s#deep.dev", test_path("t.json"));
    assert_int_equal(first_failure(path, &o), ERR_DATA);
    assert_says(status_fact(), "there is no key \"dev\"; there are train, test");
    assert_int_equal(first_failure(write_text("o.json", "{\n \"a\": [],\n \"b\": 1\n}"), &o), ERR_DATA);
    assert_says(status_fact(), "no list in it is named; its keys are a, b");
}

static void lists_as_text(void **state)
{
    (void)state;
    const Want  want[] = { { "one\ntwo", "p", NULL, 1 }, { "three", "q\nr", NULL, 2 } };
    RowsOptions o = { .text = "lines", .pair = "a.*.b" };
    check_file("t.jsonl", "{\"lines\":[\"one\",\"two\"],\"a\":[{\"b\":\"p\"},{\"c\":1}]}\n"
                          "{\"lines\":\"three\",\"a\":[{\"b\":\"q\"},{\"b\":[\"r\"]}]}\n", &o, want, 2);
    refuses(&(Bad){ "t.jsonl", "{\"lines\":[\"one\",2],\"a\":[]}\n", "\"lines\" must be a string, here it is a number",
                    NULL }, 28, &o);
}

static void words_and_tags(void **state)
{
    (void)state;
    RowsOptions o = { .text = "tokens", .label = "tags", .need = ROW_NEEDS_TAGS };
    Rows *r = open_rows(write_text("t.jsonl", "{\"tokens\":[\"EU\",\"rejects\",\"\xE5\xBE\xB7\",\"\xE5\x9B\xBD\",\"x\"],"
                                              "\"tags\":[\"B\",\"O\",1,0,\"O\"]}\n{\"tokens\":[\"a\"],\"tags\":[]}\n"), &o);
    Row   row;
    bool  end;
    assert_ok(rows_next(r, &row, &end));
    assert_string_equal(row.text, "EU rejects \xE5\xBE\xB7\xE5\x9B\xBD x");      /* none between Chinese */
    assert_int_equal(row.n_spans, 5);
    const RowSpan want[] = { { 0, 2, "B" }, { 3, 10, "O" }, { 11, 14, "1" }, { 14, 17, "0" }, { 18, 19, "O" } };
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(row.spans[i].begin, want[i].begin);
        assert_int_equal(row.spans[i].end, want[i].end);
        assert_string_equal(row.spans[i].label, want[i].label);
    }
    assert_int_equal(rows_next(r, &row, &end), ERR_DATA);
    assert_says(status_fact(), "\"tokens\" has 1 words, \"tags\" 0 tags");
    rows_close(r);
}

static void bad_lists(void **state)
{
    (void)state;
    static const Bad cases[] = {
        { "t.json", "[{\"text\":\"a\",\"label\":1},\n{\"text\":\"b\",\"label\":1]}]", "t.json:2:22: a comma or }", NULL },
        { "t.json", "[{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":1}]", "t.json:2: a comma or ] is expected", NULL },
        { "t.json", "[{\"text\":\"a\",\"label\":1},]", "t.json:1: an element", NULL },
        { "t.json", "[,{\"text\":\"a\",\"label\":1}]", "t.json:1: an element", NULL },
        { "t.json", "[{\"text\":\"a\",\"label\":1},\n{\"text\":\"b", "t.json:2: the file ends inside", "incomplete" },
        { "t.json", "[{\"text\":\"a\",\"label\":1},\n{\"text\":\"b\",\"label\":1}\n", "t.json:3: the file ends", NULL },
        { "t.json", "[{\"text\":\"a\",\"label\":1}] 5", "t.json:1: nothing more, behind the list", NULL },
        { "t.json", "[{\"text\":\"a\",\"label\":1}, 5]", "t.json:1: a row must be an object", NULL },
        { "t.json", "[{\"text\":\"a\",\n\"label\":1,\n\"text\":\"b\"}]", "t.json:1: the key \"text\" stands twice", NULL },
        { "t.json", "[{\"text\":\"a\",\n\n\"label\": tru}]", "t.json:3:10: this is not a JSON value", NULL },
    };
    refuse_all(cases, COUNT(cases), &plain);
    Counts c = count_rows(write_text("t.json", "[{\"text\":\"a\",\"label\":1},{\"text\":},7,{\"text\":\"b\",\"label\":2}]"),
                          &plain);
    assert_int_equal(c.good, 2);
    assert_int_equal(c.bad, 2);
    assert_string_equal(c.last, "b");
}

static void a_stream_goes_on_where_it_was(void **state)      /* rows_tell lies before a comma, or behind the last */
{
    (void)state;
    const char *path = write_text("t.json", "[{\"text\":\"a\",\"label\":1} , {\"text\":\"b\",\"label\":2}]");
    Rows       *r = open_rows(path, &plain);
    Row         row;
    bool        end;
    for (int done = 0; done <= 2; done++) {
        Place place = rows_tell(r);
        Rows *again = open_rows(path, &plain);
        assert_ok(rows_seek(again, place));
        for (int i = done; i < 2; i++) {
            assert_ok(rows_next(again, &row, &end));
            assert_string_equal(row.text, i ? "b" : "a");
        }
        assert_ok(rows_next(again, &row, &end));
        assert_true(end);
        rows_close(again);
        assert_ok(rows_next(r, &row, &end));
    }
    rows_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_the_file),
        cmocka_unit_test(a_list_inside),
        cmocka_unit_test(lists_as_text),
        cmocka_unit_test(words_and_tags),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(a_stream_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
