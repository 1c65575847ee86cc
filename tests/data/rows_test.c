/* tests/data/rows_test.c: the stream itself, and jsonl, csv, tsv, text: every format good and bad, and what is said. */
#include "tests/data/rows_test.h"

static const RowsOptions plain = { .format = "auto", .text = "text", .label = "label", .need = ROW_NEEDS_LABEL };
static const RowsOptions no_label = { .format = "auto", .text = "text" };

static void formats_agree(void **state)
{
    (void)state;
    const Want want[] = { { "one, two", NULL, "a", 2 }, { "drei", NULL, "b", 3 } };
    const Want json[] = { { "one, two", NULL, "a", 1 }, { "drei", NULL, "b", 2 } };
    check_file("t.csv", "text,label\n\"one, two\",a\ndrei,b\n", &plain, want, 2);
    check_file("t.csv", "\xEF\xBB\xBFtext,label\r\n\"one, two\",a\r\ndrei,b", &plain, want, 2);
    check_file("t.csv", "id,label,text\n1,a,\"one, two\"\n2,b,\"drei\"\n", &plain, want, 2);
    check_file("t.csv", "\"text\",\"label\"\n\"one, two\",\"a\"\r\n\"drei\",b\r\n", &plain, want, 2);
    check_file("t.tsv", "text\tlabel\none, two\ta\ndrei\tb\n", &plain, want, 2);
    check_file("t.jsonl", "{\"text\":\"one, two\",\"label\":\"a\"}\n"
                          "{\"label\":\"b\",\"text\":\"drei\"}", &plain, json, 2);
    check_file("t.jsonl", "\xEF\xBB\xBF{\"text\":\"one, two\",\"label\":\"a\"}\r\n"
                          "{\"label\":\"b\",\"text\":\"drei\"}\r\n", &plain, json, 2);
}

static void names_that_say_nothing(void **state)
{
    (void)state;
    const Want table[] = { { "one", NULL, "a", 2 } }, json[] = { { "one", NULL, "a", 1 } };
    const Want lines[] = { { "{one", NULL, NULL, 1 } };
    check_file("data", "label,text\na,one\n", &plain, table, 1);
    check_file("data", "label\ttext\na\tone\n", &plain, table, 1);
    check_file("data", "  {\"text\": \"one\", \"label\": \"a\"}\n", &plain, json, 1);
    check_file("data.txt", "{one\n", &no_label, lines, 1);
    RowsOptions named = plain;
    named.format = "csv";
    check_file("data.txt", "label,text\na,one\n", &named, table, 1);
}

static void csv_quotes(void **state)
{
    (void)state;
    const Want want[] = { { "he said \"hi\"", NULL, "a", 2 }, { "two\nlines, and \"\r\nthree", NULL, "b", 3 },
                          { "5\" pipe", NULL, "c", 6 }, { "\"\"\"\"", NULL, "d", 9 } };
    check_file("t.csv", "text,label\n\"he said \"\"hi\"\"\",a\n\"two\nlines, and \"\"\r\nthree\",b\n5\" pipe,c\n\n\r\n"
                        "\"\"\"\"\"\"\"\"\"\",d\n", &plain, want, 4);
}

static void tsv_quotes(void **state)                    /* quotes count only where the field closes on its line */
{
    (void)state;
    const Want want[] = { { "\"A\" and B", NULL, "x", 2 }, { "\"never closed", NULL, "y", 3 },
                          { "a \"tab\"", NULL, "z", 4 }, { "in\tside", NULL, "\"w", 5 } };
    check_file("t.tsv", "text\tlabel\n\"A\" and B\tx\n\"never closed\ty\n\"a \"\"tab\"\"\"\tz\n\"in\tside\"\t\"w\n",
               &plain, want, 4);
}

static void json_values(void **state)
{
    (void)state;
    const Want want[] = { { "n", NULL, "3", 1 }, { "f", NULL, "0.1", 2 }, { "b", NULL, "true", 4 },
                          { "u\xC3\xA9\xF0\x9F\x98\x80", NULL, "-2.5", 5 } };
    check_file("t.jsonl", "{\"text\":\"n\",\"label\":3}\n{\"text\":\"f\",\"label\":0.1}\n   \n"
                          "{\"text\":\"b\",\"label\":true}\n"
                          "{\"text\":\"u\\u00e9\\ud83d\\ude00\",\"label\":-2.5}\n", &plain, want, 4);
    RowsOptions nested = { .text = "a.b", .pair = "c.d.e", .label = "meta.label", .need = ROW_NEEDS_LABEL };
    const Want deep[] = { { "x", "y", "l", 1 }, { "flat", NULL, "l", 2 } };
    check_file("t.jsonl", "{\"a\":{\"b\":\"x\"},\"c\":{\"d\":{\"e\":\"y\"}},\"meta\":{\"label\":\"l\"}}\n"
                          "{\"a.b\":\"flat\",\"c\":{\"d.e\":null},\"meta.label\":\"l\"}\n", &nested, deep, 2);
    const Want unlabelled[] = { { "x", NULL, NULL, 1 } };
    check_file("t.jsonl", "{\"text\":\"x\",\"label\":3}\n", &no_label, unlabelled, 1);
    RowsOptions optional = plain;
    optional.need = ROW_NEEDS_TEXT;
    check_file("t.jsonl", "{\"text\":\"x\"}\n", &optional, unlabelled, 1);
}

static void plain_text(void **state)
{
    (void)state;
    const Want want[] = { { "first line", NULL, NULL, 1 }, { "  third", NULL, NULL, 4 } };
    check_file("t.txt", "first line\r\n\n \t\r\n  third", &no_label, want, 2);
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

static void bad_files(void **state)
{
    (void)state;
    static const Bad cases[] = {
        { "t.csv", "", "t.csv: no rows: the file is empty", "right file" },
        { "t.jsonl", "\n \n", "t.jsonl: no rows", "right file" },
        { "t.csv", "text,label\n", "t.csv: no rows", NULL },
        { "t.csv", "\xEF\xBB\xBF", "t.csv: no rows", NULL },
        { "t.csv", "text,label\na,b\n\"open,c\nd,e\n", "t.csv:3: a quoted field is never closed",
          "double quotes inside it" },
        { "t.csv", "text,label\na,b\n\"open,c\n\"d\",e\n",
          "t.csv:3: a quoted field is never closed: the next quote, in line 4, is followed by d\",e", NULL },
        { "t.csv", "text,label\n\"a\"b,c\n", "t.csv:2: text follows after the closing quote of a field: b,c",
          "double quotes" },
        { "t.csv", "text,label\na,b\nc\n", "t.csv:3: 1 columns, expected 2", "in quotes" },
        { "t.csv", "text,label\na,b\nc,d,e\n", "t.csv:3: 3 columns, expected 2", "in quotes" },
        { "t.csv", "text,label\n\"a\nb\"\n",
          "t.csv:2: 1 columns, expected 2 as in the header (inside quotes, the row goes on to line 3)", NULL },
        { "t.csv", "texts,label,id\na,b,c\n", "t.csv:1: there is no column \"text\"; there are texts, label, id",
          "did you mean \"texts\"? data.text" },
        { "t.csv", "text,category\na,b\n", "there is no column \"label\"; there are text, category",
          "set data.label to one of these" },
        { "t.csv", "text,label,text\na,b,c\n", "t.csv:1: two columns are named \"text\"", "rename" },
        { "t.csv", "text,label\na,b\nc\xE9,d\n", "t.csv:3: byte 2 of the line, 0xE9, is not UTF-8", "iconv" },
        { "t.csv", "text,label\n\"a\n\nb\xFF\",d\n", "t.csv:4: byte 2 of the line, 0xFF, is not UTF-8", "skip" },
        { "t.csv", "text,label\n  ,b\n", "t.csv:2: the text is empty", "on_bad_row" },
        { "t.csv", "text,label\n\xE3\x80\x80,b\n", "t.csv:2: the text is empty", "on_bad_row" },
        { "t.csv", "text,label\na,\n", "t.csv:2: the label (\"label\") is empty", "on_bad_row" },
        { "t.tsv", "text\tlabel\na\tb\nc\td\te\n", "t.tsv:3: 3 columns, expected 2", "CSV or JSONL" },
        { "t.jsonl", "{\"text\":\"a\",\"label\":1}\n[1]\n",
          "t.jsonl:2: a row must be an object in { }, here it is a list", "jq" },
        { "t.jsonl", "{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":1\n",
          "t.jsonl:2:22: a comma or } is missing", "skip" },
        { "t.jsonl", "{\"utterance\":\"a\",\"label\":1}\n",
          "t.jsonl:1: there is no key \"text\"; there are utterance, label", "data.text" },
        { "t.jsonl", "{\"text\":\"a\",\"lable\":1}\n", "t.jsonl:1: there is no key \"label\"; there are text, lable",
          "did you mean \"lable\"" },
        { "t.jsonl", "{\"text\":3,\"label\":1}\n", "t.jsonl:1: \"text\" must be a string, here it is a number", NULL },
        { "t.jsonl", "{\"text\":null,\"label\":1}\n", "t.jsonl:1: the text is empty", NULL },
        { "t.jsonl", "{\"text\":\"a\",\"label\":null}\n", "t.jsonl:1: the label (\"label\") is empty", NULL },
        { "t.jsonl", "{\"text\":\"a\",\"label\":[\"x\"]}\n",
          "t.jsonl:1: \"label\" must be a string or a number, here it is a list", "one class" },
        { "t.jsonl", "{\"text\":\"a\\u0000b\",\"label\":1}\n", "t.jsonl:1:11: \\u0000 is not accepted", NULL },
        { "t.jsonl", "{\"text\":\"a\",\"text\":\"b\",\"label\":1}\n", "t.jsonl:1: the key \"text\" stands twice",
          NULL },
        { "t.jsonl", "{\"text\":\"\xC3(\",\"label\":1}\n", "t.jsonl:1: byte 10 of the line, 0xC3, is not UTF-8", NULL },
        { "t.txt", "just text\n", "plain text has no column for data.label", "JSONL or CSV" },
    };
    refuse_all(cases, COUNT(cases), &plain);
    refuses(&(Bad){ "t.csv", "text,label\na\0b,c\n", "t.csv:2: a NUL byte", "UTF-16" }, 17, &plain);
    assert_int_equal(first_failure(test_path("absent.csv"), &plain), ERR_IO);
    assert_says(status_fact(), "absent.csv: cannot be opened");
}

static void broken_quote_at_line_4711(void **state)
{
    (void)state;
    Text t = { 0 };
    assert_ok(text_addf(&t, "text,label\n"));
    for (int line = 2; line <= 10000; line++)
        assert_ok(text_addf(&t, line == 4711 ? "\"row %d,x\n" : "row %d,x\n", line));
    const char *path = write_bytes("train.csv", t.data, t.len);
    text_release(&t);
    assert_int_equal(first_failure(path, &plain), ERR_DATA);
    assert_says(status_fact(), "train.csv:4711: a quoted field is never closed");
    Rows  *r = open_rows(path, &plain);
    Row    row;
    bool   end = false;
    Status s = OK;
    for (int i = 0; s == OK; i++) {
        assert_false(rows_broken(r));
        s = rows_next(r, &row, &end);
        if (s != OK) assert_int_equal(i, 4709);
    }
    assert_true(rows_broken(r));
    assert_ok(rows_next(r, &row, &end));                /* nothing behind it can be trusted */
    assert_true(end);
    rows_close(r);
}

static void bad_rows_can_be_skipped(void **state)
{
    (void)state;
    const char *path = write_text("t.csv", "text,label\na,b\n ,b\nc\n\"x\"y,b\nd\xFF,b\ne,f\n,\n");
    Counts      c = count_rows(path, &plain);
    assert_int_equal(c.good, 2);
    assert_int_equal(c.bad, 5);
    assert_string_equal(c.last, "e");
    c = count_rows(write_text("t.jsonl", "nonsense\n{\"text\":\"a\",\"label\":\"b\"}\n{}\n"), &plain);
    assert_int_equal(c.good, 1);
    assert_int_equal(c.bad, 2);
}

static void numbers_and_names_for_columns(void **state)
{
    (void)state;
    const Want  bare[] = { { "one", NULL, "a", 1 }, { "two", NULL, "b", 2 } };
    RowsOptions o = { .format = "tsv", .text = "1", .label = "0", .need = ROW_NEEDS_LABEL };
    check_file("data", "a\tone\nb\ttwo\n", &o, bare, 2);
    char      *names[] = { "class", "words" };
    StringList columns = { names, 2 };
    RowsOptions named = { .format = "tsv", .text = "words", .label = "class", .columns = &columns };
    check_file("data", "a\tone\nb\ttwo\n", &named, bare, 2);
    const Want headed[] = { { "one", NULL, "a", 2 } };
    check_file("data", "1\t0\none\ta\n", &o, headed, 1);            /* the first line does hold these names */
    RowsOptions mixed = { .format = "tsv", .text = "words", .label = "0" };
    check_file("data", "class\twords\na\tone\n", &mixed, headed, 1);
    refuses(&(Bad){ "data", "a\tone\nb\n", "data:2: 1 columns, expected 2 as in the first line", "JSONL" }, 8, &o);
    refuses(&(Bad){ "data", "a\tone\tx\n", "data:1: 3 columns, expected 2 as in data.columns", NULL }, 8, &named);
}

static void names_as_labels(void **state)
{
    (void)state;
    assert_ok(file_make_folder(test_path("set/pos")));
    assert_ok(file_make_folder(test_path("set/neg")));
    write_text("set/pos/a.txt", "good\n\nfine\n");
    write_text("set/neg/b.txt", "bad\n");
    write_text("set/neg/.hidden.txt", "no\n");
    const Want  by_folder[] = { { "bad", NULL, "neg", 1 }, { "good", NULL, "pos", 1 }, { "fine", NULL, "pos", 3 } };
    RowsOptions o = { .text = "text", .label = "@folder", .need = ROW_NEEDS_LABEL };
    check_path(test_path("set"), &o, by_folder, 3);
    const Want by_file[] = { { "bad", NULL, "b", 1 }, { "good", NULL, "a", 1 }, { "fine", NULL, "a", 3 } };
    o.label = "@file";
    check_path(test_path("set"), &o, by_file, 3);
    check_path(test_path("set/*/?.txt"), &o, by_file, 3);
    const Want whole[] = { { "bad", NULL, "b", 1 }, { "good\n\nfine", NULL, "a", 1 } };
    o.format = "files";
    check_path(test_path("set"), &o, whole, 2);
    o.format = "documents";
    check_path(test_path("set"), &o, by_file, 3);
    o.label = "@name";
    assert_int_equal(first_failure(test_path("set"), &o), ERR_CONFIG);
}

static void folders_take_what_is_data(void **state)
{
    (void)state;
    assert_ok(file_make_folder(test_path("mixed/deep")));
    assert_ok(file_make_folder(test_path("empty")));
    write_text("mixed/b.csv", "text\ntwo\n");
    write_text("mixed/a.jsonl", "{\"text\":\"one\"}\n");
    write_text("mixed/deep/c.CSV", "text\nthree\n");
    write_text("mixed/README.md", "about\n");
    const Want want[] = { { "one", NULL, NULL, 1 }, { "two", NULL, NULL, 2 }, { "three", NULL, NULL, 2 } };
    Rows *r = open_rows(test_path("mixed"), &no_label);
    check_rows(r, want, 3);
    assert_int_equal(rows_n_files(r), 3);
    assert_says(rows_note(r), "1 file was left out");
    assert_says(rows_note(r), "README.md");
    assert_says(rows_path(r, 2), "mixed/deep/c.CSV");
    assert_int_equal(rows_bytes(r), 15 + 9 + 11);
    rows_close(r);
    assert_int_equal(first_failure(test_path("empty"), &no_label), ERR_DATA);
    assert_says(status_fact(), "there is no file in this folder");
    assert_int_equal(first_failure(test_path("mixed/*.tsv"), &no_label), ERR_DATA);
    assert_says(status_fact(), "no file matches");
}

static void progress_counts_bytes(void **state)
{
    (void)state;
    Rows *r = open_rows(write_text("t.txt", "one\ntwo\n"), &no_label);
    Row   row;
    bool  end;
    assert_int_equal(rows_bytes(r), 8);
    assert_int_equal(rows_bytes_read(r), 0);
    assert_ok(rows_next(r, &row, &end));
    assert_int_equal(rows_bytes_read(r), 4);
    assert_int_equal(rows_tell(r).at, 4);
    assert_int_equal(rows_tell(r).line, 2);
    assert_ok(rows_next(r, &row, &end));
    assert_ok(rows_next(r, &row, &end));
    assert_true(end);
    assert_int_equal(rows_bytes_read(r), 8);
    assert_ok(rows_next(r, &row, &end));                /* the end stays the end */
    assert_true(end);
    Place beyond = { .file = 1, .line = 1 };
    assert_int_equal(rows_seek(r, beyond), ERR_DATA);
    rows_close(r);
}

static void the_demo_set(void **state)                  /* real rows, of both scripts, as the repository has them */
{
    (void)state;
    const char *path = "configs/demo/train.jsonl";
    if (!file_exists(path)) {
        print_message("skipped: %s is not here; run from the repository's root\n", path);
        skip();
    }
    RowsOptions o = { .format = "auto", .text = "text", .label = "intent", .need = ROW_NEEDS_LABEL };
    Counts      c = count_rows(path, &o);
    assert_true(c.good > 1000);
    assert_int_equal(c.bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_agree),      cmocka_unit_test(names_that_say_nothing), cmocka_unit_test(csv_quotes),
        cmocka_unit_test(tsv_quotes),         cmocka_unit_test(json_values),            cmocka_unit_test(plain_text),
        cmocka_unit_test(bad_files),          cmocka_unit_test(broken_quote_at_line_4711),
        cmocka_unit_test(bad_rows_can_be_skipped),   cmocka_unit_test(numbers_and_names_for_columns),
        cmocka_unit_test(names_as_labels),    cmocka_unit_test(folders_take_what_is_data),
        cmocka_unit_test(progress_counts_bytes),     cmocka_unit_test(the_demo_set),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
