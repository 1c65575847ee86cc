/* tests/data/corpus_test.c: every format, good and bad, and what is said about the bad. */
#include "data/corpus.h"

#include "tests/data/data_test.h"

static const CorpusOptions plain = { .format = "auto", .text = "text", .label = "label", .label_required = true };
static const CorpusOptions no_label = { .format = "auto", .text = "text" };

typedef struct Want { const char *text, *pair, *label; int64_t line; } Want;

static void check_rows(Corpus *c, const Want *want, int64_t n)
{
    assert_int_equal(corpus_count(c), n);
    for (int64_t k = 2 * n - 1; k >= 0; k--) {          /* twice, backwards: any order gives the same */
        int64_t i = k % n;
        Row     r;
        assert_ok(corpus_row(c, i, &r));
        assert_string_equal(r.text, want[i].text);
        assert_int_equal(r.n_text, strlen(want[i].text));
        assert_int_equal(r.line, want[i].line);
        assert_int_equal(corpus_line(c, i), want[i].line);
        assert_int_equal(corpus_find_line(c, want[i].line), i);
        if (want[i].label) assert_string_equal(r.label, want[i].label);
        else assert_null(r.label);
        if (want[i].pair) assert_string_equal(r.pair, want[i].pair);
        else assert_null(r.pair);
    }
}

static void check_file(const char *name, const char *bytes, const CorpusOptions *o, const Want *want, int64_t n)
{
    Corpus *c;
    assert_ok(corpus_open(&c, write_text(name, bytes), o));
    check_rows(c, want, n);
    corpus_close(c);
}

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
    CorpusOptions named = plain;
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
    CorpusOptions nested = { .text = "a.b", .pair = "c.d.e", .label = "meta.label", .label_required = true };
    const Want deep[] = { { "x", "y", "l", 1 }, { "flat", NULL, "l", 2 } };
    check_file("t.jsonl", "{\"a\":{\"b\":\"x\"},\"c\":{\"d\":{\"e\":\"y\"}},\"meta\":{\"label\":\"l\"}}\n"
                          "{\"a.b\":\"flat\",\"c\":{\"d.e\":null},\"meta.label\":\"l\"}\n", &nested, deep, 2);
    const Want unlabelled[] = { { "x", NULL, NULL, 1 } };
    check_file("t.jsonl", "{\"text\":\"x\",\"label\":3}\n", &no_label, unlabelled, 1);
    CorpusOptions optional = plain;
    optional.label_required = false;
    check_file("t.jsonl", "{\"text\":\"x\"}\n", &optional, unlabelled, 1);
}

static void plain_text(void **state)
{
    (void)state;
    const Want want[] = { { "first line", NULL, NULL, 1 }, { "  third", NULL, NULL, 4 } };
    check_file("t.txt", "first line\r\n\n \t\r\n  third", &no_label, want, 2);
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

typedef struct Bad {
    const char *name, *bytes, *fact, *remedy;
} Bad;

static void refuses(const Bad *b, size_t n_bytes, const CorpusOptions *o)
{
    Corpus *c;
    Status  s = corpus_open(&c, write_bytes(b->name, b->bytes, n_bytes), o);
    if (s == OK) fail_msg("accepted: %s", b->bytes);
    assert_null(c);
    assert_says(status_fact(), b->fact);
    if (b->remedy) assert_says(status_hint(), b->remedy);
    assert_true(status_hint()[0] != '\0');              /* every refusal says what to do */
}

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
    for (size_t i = 0; i < COUNT(cases); i++) refuses(&cases[i], strlen(cases[i].bytes), &plain);
    refuses(&(Bad){ "t.csv", "\xFF\xFEt\0e\0", "written in UTF-16", "iconv" }, 6, &plain);
    refuses(&(Bad){ "t.csv", "text,label\na\0b,c\n", "t.csv:2: a NUL byte", "UTF-16" }, 17, &plain);
    Corpus *c;
    assert_int_equal(corpus_open(&c, test_path("absent.csv"), &plain), ERR_IO);
    assert_says(status_fact(), "absent.csv: cannot be opened");
}

static void broken_quote_at_line_4711(void **state)
{
    (void)state;
    Text t = { 0 };
    assert_ok(text_addf(&t, "text,label\n"));
    for (int line = 2; line <= 10000; line++)
        assert_ok(text_addf(&t, line == 4711 ? "\"row %d,x\n" : "row %d,x\n", line));
    Corpus *c;
    CorpusOptions skip = plain;
    skip.skip_bad_rows = true;
    const char *path = write_bytes("train.csv", t.data, t.len);
    text_release(&t);
    assert_int_equal(corpus_open(&c, path, &plain), ERR_DATA);
    assert_says(status_fact(), "train.csv:4711: a quoted field is never closed");
    assert_int_equal(corpus_open(&c, path, &skip), ERR_DATA);      /* nothing behind it can be trusted */
    assert_says(status_fact(), "train.csv:4711: a quoted field is never closed");
}

static void bad_rows_can_be_skipped(void **state)
{
    (void)state;
    CorpusOptions skip = plain;
    skip.skip_bad_rows = true;
    Corpus *c;
    assert_ok(corpus_open(&c, write_text("t.csv", "text,label\na,b\n ,b\nc\n\"x\"y,b\nd\xFF,b\ne,f\n,\n"), &skip));
    check_rows(c, (Want[]){ { "a", NULL, "b", 2 }, { "e", NULL, "f", 7 } }, 2);
    assert_int_equal(corpus_bad_rows(c), 5);
    const int64_t lines[] = { 3, 4, 5, 6, 8, 0 };
    for (size_t i = 0; i < COUNT(lines); i++) assert_int_equal(corpus_bad_line(c, (int64_t)i), lines[i]);
    corpus_close(c);
    assert_ok(corpus_open(&c, write_text("t.jsonl", "nonsense\n{\"text\":\"a\",\"label\":\"b\"}\n{}\n"), &skip));
    assert_int_equal(corpus_count(c), 1);
    assert_int_equal(corpus_bad_rows(c), 2);
    corpus_close(c);
    assert_int_equal(corpus_open(&c, write_text("t.jsonl", "1\n2\n"), &skip), ERR_DATA);
    assert_says(status_fact(), "no rows: all 2 are bad");
}

static void hash_is_of_the_bytes(void **state)
{
    (void)state;
    Corpus *c;
    char    one[65], two[65];
    assert_ok(corpus_open(&c, write_text("a.txt", "same\n"), &no_label));
    assert_ok(corpus_hash(c, one));
    corpus_close(c);
    assert_ok(corpus_open(&c, write_text("b.txt", "same\n"), &no_label));
    assert_ok(corpus_hash(c, two));
    corpus_close(c);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 64);
}

static void the_demo_set(void **state)                  /* real rows, of both scripts, as the repository has them */
{
    (void)state;
    const char *path = "configs/demo/train.jsonl";
    if (!file_exists(path)) {
        print_message("skipped: %s is not here; run from the repository's root\n", path);
        skip();
    }
    Corpus       *c;
    CorpusOptions o = { .format = "auto", .text = "text", .label = "intent", .label_required = true };
    assert_ok(corpus_open(&c, path, &o));
    assert_true(corpus_count(c) > 1000);
    for (int64_t i = 0; i < corpus_count(c); i++) {
        Row r;
        assert_ok(corpus_row(c, i, &r));
        assert_int_equal(r.line, i + 1);
        assert_true(r.n_text > 0 && r.label[0]);
    }
    corpus_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_agree),      cmocka_unit_test(names_that_say_nothing), cmocka_unit_test(csv_quotes),
        cmocka_unit_test(tsv_quotes),         cmocka_unit_test(json_values),            cmocka_unit_test(plain_text),
        cmocka_unit_test(bad_files),          cmocka_unit_test(broken_quote_at_line_4711),
        cmocka_unit_test(bad_rows_can_be_skipped), cmocka_unit_test(hash_is_of_the_bytes),
        cmocka_unit_test(the_demo_set),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
