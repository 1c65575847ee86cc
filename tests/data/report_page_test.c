/* tests/data/report_page_test.c: the page of the data report: every tag closed, everything from the data escaped, nothing
 * from elsewhere; the ten lines for people. */
#include "data/report_page.h"

#include "core/json.h"
#include "data/report_html.h"
#include "data/report_print.h"
#include "tests/data/data_test.h"

static char *page_of(const char *json)
{
    cJSON *report;
    char  *page;
    assert_ok(json_parse(&report, json, strlen(json), "report", JSON_STRICT));
    assert_ok(report_page_write(report, "a <b> & c", test_path("data.html")));
    assert_ok(file_read(&page, NULL, test_path("data.html"), 1 << 20));
    cJSON_Delete(report);
    return page;
}

/* Tags nest and close; an & begins one of our entities; < and > stand in tags only. */
static void check_well_formed(const char *page)
{
    enum { MAX_DEPTH = 64 };
    char        open[MAX_DEPTH][16];
    size_t      depth = 0;
    const char *s = strchr(page, '\n') + 1;                   /* behind the doctype */
    assert_true(strncmp(page, "<!DOCTYPE html>\n", 16) == 0);
    for (; *s; s++) {
        if (*s == '>') fail_msg("a lone > before %.60s", s);
        if (*s == '&' && strncmp(s, "&amp;", 5) != 0 && strncmp(s, "&lt;", 4) != 0 && strncmp(s, "&gt;", 4) != 0 &&
            strncmp(s, "&quot;", 6) != 0 && strncmp(s, "&#39;", 5) != 0)
            fail_msg("no entity: %.60s", s);
        if (*s != '<') continue;
        const char *end = s + 1;
        for (char quote = 0; *end && (quote || *end != '>'); end++)
            if (*end == '"') quote = (char)(quote ? 0 : '"');
        if (*end != '>') fail_msg("no end of the tag %.60s", s);
        char name[16] = "";
        sscanf(s + (s[1] == '/' ? 2 : 1), "%15[a-z0-9]", name);
        if (!name[0]) fail_msg("no tag: %.60s", s);
        if (s[1] == '/') {
            if (depth == 0 || strcmp(open[depth - 1], name) != 0)
                fail_msg("</%s> closes %s: %.80s", name, depth ? open[depth - 1] : "nothing", s);
            depth--;
        } else if (end[-1] != '/') {
            assert_true(depth < MAX_DEPTH);
            strcpy(open[depth++], name);
            if (strcmp(name, "style") == 0) end = strstr(end, "</style>") - 1;
        }
        s = end;
    }
    if (depth > 0) fail_msg("<%s> is never closed", open[depth - 1]);
}

static const char full[] =
    "{\"tokenizer_hash\": \"ab\", \"vocabulary\": 30522, \"seconds\": 3.4,"
    " \"sets\": {\"train\": {\"paths\": [\"/x/<i>.csv\", \"/x/two.csv\"], \"format\": \"csv\", \"bytes\": 4096, "
    "\"rows\": 1234567,"
    "   \"bad_rows\": 1, \"bad_lines\": [{\"path\": \"/x/i.csv\", \"line\": 7, \"why\": \"the text is <empty>\"}],"
    "   \"cleaning\": [{\"step\": \"replace:<b>=>x\", \"changed\": 5, \"dropped\": 2, \"items\": 9}],"
    "   \"anonymised\": {\"email\": 3, \"phone\": 1}, \"augmented\": 12, \"scripts\": {\"Latin\": 900, \"Han\": 100},"
    "   \"odd_rows\": [{\"path\": \"/x/i.csv\", \"line\": 9, \"why\": \"markup\", \"score\": 2,"
    "     \"text\": \"<script>alert('1')</script>\\u0001\\u0007 & \\\"so\\\"\"}]}},"
    " \"splits\": {\"train\": {\"set\": \"train\", \"rows\": 1234567, \"examples\": 1234567, \"tokens\": 9000000, "
    "\"max_length\": 32,"
    "   \"lengths\": {\"min\": 3, \"p50\": 9, \"p90\": 12, \"p95\": 20, \"p99\": 40, \"max\": 90, \"mean\": 9.54,"
    "     \"histogram\": [{\"up_to\": 8, \"examples\": 600000}, {\"up_to\": 16, \"examples\": 600000},"
    "       {\"up_to\": 32, \"examples\": 30000}, {\"up_to\": 64, \"examples\": 4000}, {\"up_to\": 128, \"examples\": "
    "1}],"
    "     \"longer_than\": {\"32\": 4001, \"64\": 1}},"
    "   \"truncated\": 4001, \"tokens_cut\": 70000, \"unknown_tokens\": 80000, \"unknown_rate\": 0.0089,"
    "   \"labels\": {\"<script>x</script>\": 1000000, \"b & \\\"c\\\"\": 234567}, \"file_hash\": \"f0\", "
    "\"content_hash\": \"c0\"},"
    "  \"test\": {\"set\": \"test\", \"rows\": 10, \"examples\": 10, \"labels\": {\"d\": 10}}},"
    " \"selection\": {\"duplicates\": {\"train\": {\"rows\": 2, \"contradictions\": 1,"
    "     \"examples\": [[{\"file\": \"<i>.csv\", \"line\": 4}, {\"file\": \"i.csv\", \"line\": 3}]]}},"
    "   \"near_duplicates\": {\"train\": {\"rows\": 1, \"examples\":"
    "     [{\"a\": {\"file\": \"i.csv\", \"line\": 4}, \"b\": {\"file\": \"i.csv\", \"line\": 2}, \"similarity\": "
    "0.87}, 5]}},"
    "   \"leakage\": [{\"from\": \"train\", \"into\": \"test\", \"exact\": 1, \"near\": 0, \"examples\": []}]},"
    " \"warnings\": [\"train: the class \\\"<script>\\\" is large\"]}";

static void everything_is_shown_and_escaped(void **state)
{
    (void)state;
    char *page = page_of(full);
    check_well_formed(page);
    static const char *const shown[] = {
        "a &lt;b&gt; &amp; c: data report",
        "&lt;script&gt;x&lt;/script&gt;",
        "b &amp; &quot;c&quot;",
        "1,234,567",
        "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;\xEF\xBF\xBD\xEF\xBF\xBD &amp; &quot;so&quot;",
        "i.csv:9",
        "the text is &lt;empty&gt;",
        "&lt;i&gt;.csv:4",
        "87.0 %",
        "max_length 32",
        "class=\"over\"",
        "1 of them with another label",
        "12 rows were added to train",
        "replace:&lt;b&gt;=&gt;x",
        "33 to 64",
        "90.0 %",
        "the class &quot;&lt;script&gt;&quot; is large",
    };
    for (size_t i = 0; i < COUNT(shown); i++) assert_says(page, shown[i]);
    static const char *const never[] = { "<script", "http://", "https://", "src=", "url(", "nan", "inf," };
    for (size_t i = 0; i < COUNT(never); i++)
        if (strstr(page, never[i])) fail_msg("\"%s\" stands in the page", never[i]);
    free(page);
}

static void absent_parts_are_left_out(void **state)
{
    (void)state;
    static const char *const reports[] = {
        "{}",
        "{\"splits\": {}, \"sets\": {}, \"warnings\": [], \"selection\": {}}",
        "{\"splits\": {\"train\": {\"rows\": 0, \"lengths\": {}, \"labels\": {}}}}",
        "{\"splits\": {\"train\": {\"lengths\": {\"histogram\": [{}]}, \"max_length\": 8}}, \"sets\": {\"train\": "
        "{\"odd_rows\": [{}]}}}",
    };
    for (size_t i = 0; i < COUNT(reports); i++) {
        char *page = page_of(reports[i]);
        check_well_formed(page);
        assert_says(page, "Nothing stood out");
        assert_null(strstr(page, "id=\"cleaning\""));
        free(page);
    }
}

static void many_labels_show_both_ends(void **state)
{
    (void)state;
    Text t = { 0 };
    assert_ok(text_addf(&t, "{\"splits\": {\"train\": {\"rows\": 1, \"labels\": {"));
    for (int i = 1; i <= 60; i++) assert_ok(text_addf(&t, "%s\"label%02d\": %d", i > 1 ? ", " : "", i, i));
    assert_ok(text_addf(&t, "}}}}"));
    char *page = page_of(t.data);
    check_well_formed(page);
    assert_says(page, "60 labels");
    assert_says(page, "label60");
    assert_says(page, "label41");
    assert_says(page, "label20");
    assert_says(page, "label01");
    assert_null(strstr(page, "label40"));
    assert_null(strstr(page, "label21"));
    free(page);
    text_release(&t);
}

static void texts_are_cut_at_characters(void **state)
{
    (void)state;
    Page p = { 0 };
    page_say_short(&p, "\xE4\xBD\xA0\xE5\xA5\xBD", 4);
    assert_string_equal(p.out.data, "\xE4\xBD\xA0\xE2\x80\xA6");
    text_clear(&p.out);
    page_say(&p, "a\xFF\x62\xE4\xBD");                        /* broken bytes are marked, one by one */
    assert_string_equal(p.out.data, "a\xEF\xBF\xBD\x62\xEF\xBF\xBD\xEF\xBF\xBD");
    text_release(&p.out);
    assert_int_equal(p.status, OK);
}

static void ten_lines_for_people(void **state)
{
    (void)state;
    cJSON *report;
    char  *text;
    FILE  *f = fopen(test_path("lines"), "w");
    assert_ok(json_parse(&report, full, sizeof full - 1, "report", JSON_STRICT));
    data_report_print(report, f);
    fclose(f);
    cJSON_Delete(report);
    assert_ok(file_read(&text, NULL, test_path("lines"), 1 << 16));
    static const char *const lines[] = {
        "note: train: the class",
        "\nsplit ",
        " longest",
        "\ntrain         1234567    9000000       9",
        "\nbad rows    train 1\n",
        "\nrepeats     train 2 (1 with another label), train nearly 1, train in test 1\n",
        "\nanonymised  train email 3, train phone 1\n",
        "\nscripts     Latin 90 %, Han 10 %\n",
    };
    for (size_t i = 0; i < COUNT(lines); i++) assert_says(text, lines[i]);
    assert_true(strncmp(text, "note:", 5) == 0);              /* what matters first */
    assert_null(strchr(text, '\033'));                        /* no colours in a file */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_shown_and_escaped), cmocka_unit_test(absent_parts_are_left_out),
        cmocka_unit_test(many_labels_show_both_ends),      cmocka_unit_test(texts_are_cut_at_characters),
        cmocka_unit_test(ten_lines_for_people),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
