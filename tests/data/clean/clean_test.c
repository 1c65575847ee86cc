#include "tests/data/clean/clean_help.h"

#include "core/text.h"

typedef struct CleanCase { const char *step, *text, *expected; } CleanCase;

/* ⟨ ⟩ are marks: the spans of a row, which must hold the same words afterwards. */
static const CleanCase cases[] = {
    { "nfc", "plain ASCII", "plain ASCII" },
    { "nfc", "cafe\xCC\x81 au lait", "caf\xC3\xA9 au lait" },
    { "nfc", "⟨cafe\xCC\x81⟩ ⟨au⟩ lait", "⟨caf\xC3\xA9⟩ ⟨au⟩ lait" },
    /* marks are sorted */
    { "nfc", "a\xCC\xA3\xCC\x87 a\xCC\x87\xCC\xA3", "\xE1\xBA\xA1\xCC\x87 \xE1\xBA\xA1\xCC\x87" },
    { "nfc", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "\xED\x95\x9C" },      /* Hangul jamo */
    { "nfc", "\xED\x95\x98\xE1\x86\xAB", "\xED\x95\x9C" },
    { "nfc", "\xE3\x81\x8B\xE3\x82\x99 \xE3\x81\x8C", "\xE3\x81\x8C \xE3\x81\x8C" },      /* kana with a voiced mark */
    { "nfc", "\xEF\xAC\x81 \xE2\x84\xAB", "\xEF\xAC\x81 \xC3\x85" },      /* fi stays, angstrom does not */
    { "nfc", "\xE0\xA7\x87\xE0\xA6\xBE", "\xE0\xA7\x8B" },      /* composes with a starter */
    { "nfd", "caf\xC3\xA9", "cafe\xCC\x81" },
    { "nfd", "⟨\xED\x95\x9C⟩b", "⟨\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB⟩b" },
    { "nfkc", "\xEF\xBC\xA1\xEF\xBC\xA2\xEF\xBC\x91 \xEF\xAC\x81ne \xE2\x91\xA0", "AB1 fine 1" },
    { "nfkc", "\xE1\x84\x92\xE3\x85\x9D \xEF\xBD\xB6\xEF\xBE\x9E", "\xED\x9B\xA0 \xE3\x82\xAC" },
    { "nfkd", "\xEF\xAC\x81 \xC3\xA9", "fi e\xCC\x81" },
    { "control", "a\x01" "b\x7F" "c\xE2\x80\x8B" "d\xEF\xBB\xBF", "abcd" },
    { "control", "tab\tand\r\nline", "tab\tand\r\nline" },
    { "control", "⟨one⟩\x0B⟨two⟩\xC2\x85⟨three⟩", "⟨one⟩\n⟨two⟩\n⟨three⟩" },
    { "control", "soft\xC2\xADhyphen", "softhyphen" },
    { "whitespace", "one two", "one two" },
    { "whitespace", "  one \t\r\n two\n", "one two" },
    { "whitespace", "  ⟨one⟩ \t\r\n ⟨two words⟩\n", "⟨one⟩ ⟨two words⟩" },
    { "whitespace", "一\xE3\x80\x80二\xC2\xA0三\xE2\x80\x89é", "一 二 三 é" },
    { "whitespace", " \n ", "" },
    { "lowercase", "Some WORDS, 123", "some words, 123" },
    { "lowercase", "ÀÉÎ ЖЯ ΑΩ", "àéî жя αω" },
    { "lowercase", "⟨İSTANBUL⟩ ⟨X⟩", "⟨i\xCC\x87stanbul⟩ ⟨x⟩" },
    { "lowercase", "ΟΔΟΣ ΣΑΣ Σ Α.Σ.", "οδος σας σ α.ς." },
    { "lowercase", "中文 ABC", "中文 abc" },
    { "segment", "no Chinese here", "no Chinese here" },
    { "segment", "⟨我⟩爱⟨北京⟩。", "⟨我⟩ 爱 ⟨北京⟩ 。" },
    { "segment", "用Python写", "用 Python 写" },
    { "segment", "你好 世界", "你好 世界" },
    { "html", "a < b & c > d, AT&T; x<y", "a < b & c > d, AT&T; x<y" },
    { "html", "<p>⟨one⟩</p><p class=\"x > y\">⟨two⟩ <b>⟨th</b>ree⟩</p>", "⟨one⟩\n⟨two⟩ ⟨three⟩\n" },
    { "html", "a<br>b<br/><br />c", "a\nb\nc" },
    { "html", "<ul><li>x<li>y</ul>", "x\ny\n" },
    { "html", "<tr><td>1</td><td>2</td></tr>", "1 2\n" },
    { "html", "<!DOCTYPE html><?xml version=\"1.0\"?><!-- a > b -->text<!-- open", "text" },
    { "html", "a<script>if (a < b) x('</p>');</script>b<STYLE>p{}</STYLE >c", "abc" },
    { "html", "a<script>never closed", "a" },
    { "html", "caf&eacute; &lt;b&gt; &amp;lt; &nbsp;&euro; &hearts; &frac12;", "café <b> &lt; \xC2\xA0€ ♥ ½" },
    { "html", "&#233;&#xE9;&#XE9; &#128; &#0; &#xD800; &#x110000; &#99999999999;",
        "ééé € \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD" },
    { "html", "x&amp y &copy=1 &unknown; &#; &#x; & ;", "x& y &copy=1 &unknown; &#; &#x; & ;" },
    { "html", "<a href='it\"s'>q</a> <i title=\"a'>'b\">r</i>", "q r" },
    { "html", "<p it's>x</p>", "x\n" },
    { "html", "<a href=\"never closed>text", "text" },
    { "html", "open <tag and no end", "open <tag and no end" },
    { "html", "</ p> <3 <-> <1>", "</ p> <3 <-> <1>" },
    { "stopwords:en", "The cat sat on THE mat.", "cat sat mat." },
    { "stopwords:en", "⟨I⟩ don't ⟨know⟩ what ⟨it’s⟩ about", "⟨⟩don't ⟨know⟩⟨⟩" },
    { "stopwords:en", "(the cat) \"the\" 北京the x", "(cat) \"\" 北京 x" },
    { "stopwords:zh", "我在⟨北京⟩的大学", "⟨北京⟩大学" },
    { "stopwords:en zh", "The 北京 的 winter", "北京 winter" },
    { "stopwords:en", "the of and", "" },
    { "replace:[0-9]+=>#", "⟨a1⟩ 22 ⟨b⟩", "⟨a#⟩ # ⟨b⟩" },
    { "replace:(\\w+)@(?<host>\\w+)=>$2${host} at $$${1}", "me@home", "homehome at $me" },
    { "replace:x*=>-", "abxc", "-a-b--c-" },                  /* as in Perl and Python */
    { "replace:é=>", "⟨café⟩ bé", "⟨caf⟩ b" },
    { "replace:(?i)STRASSE=>road", "Strasse", "road" },
    { "replace:^=>> ", "line", "> line" },
    { "replace:(a)|b=>[$1]", "ab", "[a][]" },
};

static void steps_and_marks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = cleaned(STEPS(cases[i].step), cases[i].text);
        if (!got || strcmp(got, cases[i].expected) != 0)
            fail_msg("case %zu, %s: \"%s\" gave \"%s\", not \"%s\"", i, cases[i].step, cases[i].text, got,
                     cases[i].expected);
    }
}

static void steps_in_order(void **state)
{
    (void)state;
    assert_cleaned(STEPS("lowercase", "replace:a=>B", "whitespace"), " ⟨A⟩  c ⟨aAa⟩ ", "⟨B⟩ c ⟨BBB⟩");
    assert_cleaned(STEPS("replace:x=>", "min_chars:2"), "xab", "ab");
    assert_null(cleaned(STEPS("replace:x=>", "min_chars:3"), "xab"));
}

static const struct { const char *step, *text; bool kept; } filters[] = {
    { "min_chars:2", "é", false },          { "min_chars:2", "éé", true },
    { "max_chars:2", "中文", true },        { "max_chars:2", "中文字", false },
    { "min_words:3", "two words.", false }, { "min_words:2", "two, words", true },
    { "max_words:2", "one two three", false }, { "max_words:3", "one, two; three!", true },
    { "min_words:3", "我爱北京", true },    { "min_words:0", "", true },
    { "max_words:9223372036854775807", "a b", true },
    { "script:Latin", "plain English", true }, { "script:Latin", "по-русски", false },
    { "script:Latin", "12345", false },     { "script:Latin,Han", "用 Python 写", true },
    { "script:Han", "用 Python 写", false }, { "script:Han:0.25", "用 Python 写", true },
    { "drop:(?i)lorem", "Lorem ipsum", false }, { "drop:lorem", "ipsum", true },
    { "keep:\\d", "has 1", true },          { "keep:\\d", "has none", false },
};

static void filters_keep_or_drop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(filters); i++) {
        bool kept = cleaned(STEPS(filters[i].step), filters[i].text) != NULL;
        if (kept != filters[i].kept) fail_msg("%s on \"%s\": kept is %d", filters[i].step, filters[i].text, kept);
    }
}

static void wrong_steps_are_named(void **state)
{
    (void)state;
    assert_refused("whitspace", "did you mean \"whitespace\"");
    assert_refused("frobnicate", "is not a cleaning step");
    assert_refused("", "is not a cleaning step");
    assert_refused("nfc:1", "takes no argument");
    assert_refused("min_chars", "min_chars:N");
    assert_refused("min_chars:", "min_chars:N");
    assert_refused("min_chars:-1", "whole number");
    assert_refused("max_words:1x", "whole number");
    assert_refused("min_chars:99999999999999999999", "whole number");
    assert_refused("script:Latn,Hann", "did you mean Han");
    assert_refused("script:Latin:2", "at most 1");
    assert_refused("script:", "script:Latin,Han");
    assert_refused("stopwords:en de", "no list of stop words for \"de\"");
    assert_refused("stopwords: ", "names no language");
    assert_refused("html:strict", "takes no argument");
    assert_refused("replace:abc", "is not PATTERN=>TEXT");
    assert_refused("replace:=>x", "is not PATTERN=>TEXT");
    assert_refused("replace:(a=>x", "wrong at its byte 2");
    assert_refused("replace:(a)=>$2", "no group \"2\"");
    assert_refused("replace:(a)=>${b}", "no group \"b\"");
    assert_refused("replace:(a)=>$", "names no group");
    assert_refused("replace:(a)=>${1", "names no group");
    assert_refused("drop:[", "wrong at its byte");
    assert_refused("drop:a\\Cb", "wrong at its byte");
}

static void a_pattern_never_hangs(void **state)
{
    (void)state;
    char        text[4096];
    size_t      n = sizeof text - 1;
    const char *p = text;
    bool        kept;
    StringList  list = help_list(STEPS("drop:^(a+)+$"));
    Cleaner    *c;
    CleanWork  *w;
    memset(text, 'a', n);
    text[n - 1] = 'b';
    text[n] = '\0';
    must(cleaner_new(&c, &(CleanOptions){ .steps = &list }));
    must(clean_work_new(&w, c));
    must_fail(clean_text(c, w, 0, &p, &n, NULL, 0, &kept), ERR_DATA, "data.clean[0]: the pattern gave up");
    clean_work_free(w);
    cleaner_free(c);
}

/* Markup that begins again and again and never ends: one look is enough. */
static void open_tags_are_linear(void **state)
{
    (void)state;
    static const char *const pieces[] = { "<a ", "<a b=\"", "<a b='>", "&", "<!", "</", "<script>", "<a b=\" c='" };
    StringList list = help_list(STEPS("html"));
    Cleaner   *c;
    CleanWork *w;
    bool       kept;
    must(cleaner_new(&c, &(CleanOptions){ .steps = &list }));
    must(clean_work_new(&w, c));
    for (size_t i = 0; i < COUNT(pieces); i++) {
        Text t = { 0 };
        while (t.len < 4000000) must(text_add(&t, pieces[i], strlen(pieces[i])));
        const char *p = t.data;
        size_t      n = t.len;
        must(clean_text(c, w, 0, &p, &n, NULL, 0, &kept));      /* quadratic, this would take hours */
        text_release(&t);
    }
    clean_work_free(w);
    cleaner_free(c);
}

/* A long run of combining marks costs no quadratic time, and stays UTF-8. */
static void many_marks_are_cut(void **state)
{
    (void)state;
    enum { MARKS = 100000 };
    Text       t = { 0 };
    StringList list = help_list(STEPS("nfc"));
    Cleaner   *c;
    CleanWork *w;
    bool       kept;
    must(text_add(&t, "a", 1));
    for (int i = 0; i < MARKS; i++) must(text_add(&t, i & 1 ? "\xCC\xA3" : "\xCC\x87", 2));
    must(cleaner_new(&c, &(CleanOptions){ .steps = &list }));
    must(clean_work_new(&w, c));
    const char *p = t.data;
    size_t      n = t.len;
    must(clean_text(c, w, 0, &p, &n, NULL, 0, &kept));
    assert_true(utf8_valid(p, n, NULL));
    assert_true(n > MARKS);
    clean_work_free(w);
    cleaner_free(c);
    text_release(&t);
}

static void nothing_to_do_is_no_copy(void **state)
{
    (void)state;
    StringList  list = help_list(STEPS("nfc", "control", "whitespace", "lowercase", "segment", "replace:z=>y"));
    const char *text = "already clean \xC3\xA9 text", *p = text;
    size_t      n = strlen(text);
    Cleaner    *c;
    CleanWork  *w;
    bool        kept;
    must(cleaner_new(&c, &(CleanOptions){ .steps = &list }));
    must(clean_work_new(&w, c));
    must(clean_text(c, w, 0, &p, &n, NULL, 0, &kept));
    assert_ptr_equal(p, text);
    n = 2;
    p = "\xC3(";
    must_fail(clean_text(c, w, 0, &p, &n, NULL, 0, &kept), ERR_DATA, "is not UTF-8");
    clean_work_free(w);
    cleaner_free(c);
    must(cleaner_new(&c, &(CleanOptions){ 0 }));
    assert_null(c);
}

static void slots_live_side_by_side(void **state)
{
    (void)state;
    StringList  list = help_list(STEPS("lowercase", "whitespace"));
    const char *a = "A  B", *b = "C  D";
    size_t      n_a = 4, n_b = 4;
    Cleaner    *c;
    CleanWork  *w;
    bool        kept;
    must(cleaner_new(&c, &(CleanOptions){ .steps = &list }));
    must(clean_work_new(&w, c));
    for (int i = 0; i < 3; i++) {
        a = "A  B", b = "C  D", n_a = n_b = 4;
        must(clean_text(c, w, 0, &a, &n_a, NULL, 0, &kept));
        must(clean_text(c, w, 1, &b, &n_b, NULL, 0, &kept));
        assert_string_equal(a, "a b");
        assert_string_equal(b, "c d");
    }
    clean_work_free(w);
    cleaner_free(c);
}

static void counts_add_up(void **state)
{
    (void)state;
    static const char *const texts[] = { "A a A", "clean", "B", "x" };
    StringList  list = help_list(STEPS("lowercase", "min_chars:2"));
    cJSON      *total = cJSON_CreateObject(), *counts;
    Cleaner    *c;
    CleanWork  *w;
    char       *printed = NULL;
    bool        kept;
    must(cleaner_new(&c, &(CleanOptions){ .steps = &list }));
    must(clean_work_new(&w, c));
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *p = texts[i];
        size_t      n = strlen(p);
        must(clean_text(c, w, 0, &p, &n, NULL, 0, &kept));
    }
    must(clean_counts(c, w, &counts));
    must(clean_counts_add(total, counts));
    must(clean_counts_add(total, counts));
    must(json_print(&printed, json_get(total, "steps"), false));
    assert_string_equal(printed, "[{\"step\":\"lowercase\",\"changed\":4,\"dropped\":0,\"items\":6},"
                                 "{\"step\":\"min_chars\",\"changed\":0,\"dropped\":4,\"items\":0}]");
    free(printed);
    cJSON_Delete(counts);
    cJSON_Delete(total);
    clean_work_free(w);
    cleaner_free(c);
}

static void words_of_a_text(void **state)
{
    (void)state;
    const char   *text = "I like 北京, really.";
    const size_t *ends;
    size_t        n;
    CleanWork    *w;
    static const size_t expected[] = { 1, 2, 6, 7, 13, 14, 15, 21, 22 };
    must(clean_work_new(&w, NULL));
    must(segment_words(w, text, strlen(text), &ends, &n));
    assert_int_equal(n, COUNT(expected));
    assert_memory_equal(ends, expected, sizeof expected);
    must(segment_words(w, "", 0, &ends, &n));
    assert_int_equal(n, 0);
    clean_work_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_and_marks),         cmocka_unit_test(steps_in_order),
        cmocka_unit_test(filters_keep_or_drop),    cmocka_unit_test(wrong_steps_are_named),
        cmocka_unit_test(a_pattern_never_hangs),   cmocka_unit_test(many_marks_are_cut),
        cmocka_unit_test(open_tags_are_linear),
        cmocka_unit_test(nothing_to_do_is_no_copy), cmocka_unit_test(slots_live_side_by_side),
        cmocka_unit_test(counts_add_up),           cmocka_unit_test(words_of_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
