/* tests/data/readers/squad_test.c: questions, contexts, and answers in bytes. */
#include "tests/data/rows_test.h"

static const RowsOptions answers = { .need = ROW_NEEDS_ANSWERS };

static const char set[] =
    "{\"version\": \"2.0\", \"data\": [\n"
    "{\"title\": \"Caf\xC3\xA9\", \"paragraphs\": [{\"context\": \"Le caf\xC3\xA9 \xE9\xBB\x91 noir\", \"qas\": [\n"
    "  {\"id\": \"q1\", \"question\": \"color?\", \"answers\": [{\"text\": \"noir\", \"answer_start\": 10},"
    "{\"text\": \"\xE9\xBB\x91 noir\", \"answer_start\": 8}]},\n"
    "  {\"id\": \"q2\", \"question\": \"age?\", \"is_impossible\": true, \"answers\": []}]},\n"
    " {\"context\": \"second\", \"qas\": []}, {\"context\": \"third\", \"qas\": [\n"
    "  {\"id\": \"q3\", \"question\": \"which?\", \"answers\": [{\"text\": \"third\", \"answer_start\": 0}]}]}]},\n"
    "{\"paragraphs\": [{\"context\": \"x\", \"qas\": [{\"id\": \"q4\", \"question\": \"x?\", \"answers\":"
    " [{\"text\": \"x\", \"answer_start\": 0}]}]}]}]}\n";

static void check_question(Rows *r, const char *text, const char *context, const char *group, const RowSpan *spans, size_t n)
{
    Row  row;
    bool end;
    assert_ok(rows_next(r, &row, &end));
    assert_false(end);
    assert_string_equal(row.text, text);
    assert_string_equal(row.pair, context);
    assert_int_equal(row.n_pair, strlen(context));
    assert_string_equal(row.group, group);
    assert_int_equal(row.n_spans, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(row.spans[i].begin, spans[i].begin);
        assert_int_equal(row.spans[i].end, spans[i].end);
    }
}

static void questions_in_order(void **state)
{
    (void)state;
    const RowSpan noir[] = { { 13, 17, NULL }, { 9, 17, NULL } }, third[] = { { 0, 5, NULL } }, x[] = { { 0, 1, NULL } };
    Rows *r = open_rows(write_text("t.json", set), &answers);
    Place third_at = { 0 };
    assert_string_equal(rows_format(r), "squad");
    for (int i = 0; i < 2; i++) {
        check_question(r, "color?", "Le caf\xC3\xA9 \xE9\xBB\x91 noir", "Caf\xC3\xA9", noir, 2);
        check_question(r, "age?", "Le caf\xC3\xA9 \xE9\xBB\x91 noir", "Caf\xC3\xA9", NULL, 0);
        third_at = rows_tell(r);
        check_question(r, "which?", "third", "Caf\xC3\xA9", third, 1);
        check_question(r, "x?", "x", "line 7", x, 1);
        assert_ok(rows_seek(r, (Place){ 0, 1, 0, 0 }));
        Row  row;
        bool end;
        rows_close(r);
        r = open_rows(write_text("t.json", set), &answers);
        assert_ok(rows_seek(r, third_at));
        check_question(r, "which?", "third", "Caf\xC3\xA9", third, 1);
        check_question(r, "x?", "x", "line 7", x, 1);
        assert_ok(rows_next(r, &row, &end));
        assert_true(end);
        rows_close(r);
        r = open_rows(write_text("t.json", set), &answers);
    }
    rows_close(r);
}

#define ONE(qa) "{\"data\": [{\"paragraphs\": [{\"context\": \"some text\", \"qas\": [" qa "]}]}]}"

static void bad_questions(void **state)
{
    (void)state;
    static const Bad cases[] = {
        { "t.json", ONE("{\"id\":\"q7\",\"question\":\"a\",\"answers\":[{\"text\":\"text\",\"answer_start\":4}]}"),
          "t.json:1: question q7: the answer does not stand at answer_start", NULL },
        { "t.json", ONE("{\"id\":\"q7\",\"question\":\"a\",\"answers\":[{\"text\":\"text\",\"answer_start\":99}]}"),
          "question q7: answer_start lies outside", NULL },
        { "t.json", ONE("{\"id\":\"q7\",\"question\":\"a\",\"answers\":[{\"text\":\"text\",\"answer_start\":-1}]}"),
          "question q7: answer_start lies outside", NULL },
        { "t.json", ONE("{\"id\":\"q7\",\"question\":\"a\",\"answers\":[{\"text\":\"\",\"answer_start\":0}]}"),
          "question q7: the answer does not stand", NULL },
        { "t.json", ONE("{\"id\":\"q7\",\"question\":\"a\"}"), "question q7: there is no list of \"answers\"", NULL },
        { "t.json", ONE("{\"question\":5,\"answers\":[]}"), "question without an id: a \"question\" and its", NULL },
        { "t.json", ONE("{\"id\":\"q7\",\"question\":\" \",\"answers\":[]}"), "the text is empty", NULL },
        { "t.json", "{\"data\": [{\"paragraphs\": 5}]}", "an article of SQuAD has a list of \"paragraphs\"", NULL },
    };
    refuse_all(cases, COUNT(cases), &answers);
    Counts c = count_rows(write_text("t.json", ONE("{\"question\":5},{\"id\":\"q\",\"question\":\"good\",\"answers\":[]}")),
                          &answers);
    assert_int_equal(c.good, 1);
    assert_int_equal(c.bad, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_in_order),
        cmocka_unit_test(bad_questions),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
