/* tests/core/text_test.c: growing strings, UTF-8 by the Unicode standard's tables, nearest words, patterns. */
#include "tests/core/core_test.h"

#include "core/text.h"

static void test_grow(void **state)
{
    (void)state;
    Text t = { 0 };
    must(text_add(&t, "", 0));
    assert_string_equal(t.data, "");
    for (int i = 0; i < 1000; i++) {
        must(text_add(&t, "ab\0c", 4));
        must(text_addf(&t, "%d,", i % 10));
    }
    assert_int_equal(t.len, 6000);
    assert_memory_equal(t.data + 5994, "ab\0c9,", 7);
    text_clear(&t);
    assert_int_equal(t.len, 0);
    assert_string_equal(t.data, "");
    must(text_addf(&t, "%s", "fresh"));
    char *s = text_take(&t);
    assert_string_equal(s, "fresh");
    assert_null(t.data);
    assert_int_equal(t.len + t.cap, 0);
    free(s);
    s = text_take(&t);                                    /* of nothing: "" */
    assert_string_equal(s, "");
    free(s);
    text_clear(&t);
    text_release(&t);
    must(text_add(&t, "x", 1));
    text_release(&t);
    assert_null(t.data);
    t = (Text){ .data = NULL, .len = SIZE_MAX - 1 };
    must_fail(text_add(&t, "ab", 2), ERR_MEMORY, "overflows");
}

static void test_copy_and_format(void **state)
{
    (void)state;
    char *s = NULL;
    must(text_copy(&s, "one"));
    assert_string_equal(s, "one");
    must(text_copy(&s, s + 1));                           /* what it held may be the source */
    assert_string_equal(s, "ne");
    must(text_format(&s, "%s-%s-%03d", s, s, 7));
    assert_string_equal(s, "ne-ne-007");
    must(text_format(&s, "%0*d", 5000, 1));
    assert_int_equal(strlen(s), 5000);
    must(text_format(&s, "%s", ""));
    assert_string_equal(s, "");
    must(text_copy(&s, NULL));
    assert_null(s);
}

/* Every code point there and back, and that surrogates and what lies above U+10FFFF are none. */
static void test_utf8_all(void **state)
{
    (void)state;
    char b[4];
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        uint32_t got = 0;
        int      n = utf8_encode(cp, b), want = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        if (n != want) fail_msg("U+%04X takes %d bytes", cp, n);
        n = utf8_decode(b, 4, &got);
        if (cp >= 0xd800 && cp <= 0xdfff) assert_int_equal(n, 0);
        else if (n != want || got != cp) fail_msg("U+%04X came back as U+%04X in %d bytes", cp, got, n);
        else if (utf8_decode(b, (size_t)n - 1 + (n == 1), &got) != (n == 1)) fail_msg("half of U+%04X is accepted", cp);
    }
    assert_memory_equal(b, "\xF4\x8F\xBF\xBF", 4);
}

/* Well-formed byte sequences, Unicode 15, table 3-7; everything else of two bytes, and the edges of three and four. */
static void test_utf8_table(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char two[2] = { (char)a, (char)b };
            bool first = a < 0x80, second = b < 0x80, pair = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
            size_t bad = 9;
            if (utf8_valid(two, 2, &bad) != ((first && second) || pair)) fail_msg("bytes %02x %02x", a, b);
            if (!pair && !(first && second)) assert_int_equal(bad, first);
        }
    static const struct { const char *bytes; bool valid; } cases[] = {
        { "\xE0\xA0\x80", true },      { "\xE0\x9F\xBF", false },     { "\xED\x9F\xBF", true },
        { "\xED\xA0\x80", false }, { "\xEE\x80\x80", true },      { "\xEF\xBF\xBF", true },      { "\xE1\x80", false },
        { "\xE1\x80\xC0", false },
        { "\xF0\x90\x80\x80", true },  { "\xF0\x8F\xBF\xBF", false }, { "\xF4\x8F\xBF\xBF", true },
        { "\xF4\x90\x80\x80", false },
        { "\xF5\x80\x80\x80", false }, { "\xF1\x80\x80", false },     { "\xF1\x80\x80\x7F", false }, { "\xFF", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (utf8_valid(cases[i].bytes, strlen(cases[i].bytes), NULL) != cases[i].valid) fail_msg("case %zu", i);
}

static void test_utf8_position(void **state)
{
    (void)state;
    char text[64];
    for (size_t at = 0; at < 40; at++) {                  /* the reader takes eight ASCII bytes at a time */
        size_t bad = 99;
        memset(text, 'a', 40);
        text[at] = '\xFF';
        assert_false(utf8_valid(text, 40, &bad));
        assert_int_equal(bad, at);
    }
    assert_true(utf8_valid("", 0, NULL));
    assert_true(utf8_valid("abcdefgh\0ijklmnopq", 18, NULL));
    assert_true(utf8_valid("abcdefg\xC3\xA9hijklmn", 16, NULL));
    assert_false(utf8_valid("abcdefg\xC3\xA9", 8, NULL));
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = { "train", "eval", "predict", "learning_rate", "lr", "seed", "speed" };
    static const struct { const char *word, *want; } cases[] = {
        { "train", "train" },   { "trian", "train" },           { "tran", "train" },          { "evla", "eval" },
        { "predictt", "predict" }, { "learnin_rate", "learning_rate" }, { "learning-rate", "learning_rate" },
        { "sed", "seed" },      { "speedd", "speed" },            { "lrr", "lr" },              { "lt", "lr" },
        { "unrelated", NULL },  { "x", NULL },                  { "qq", NULL },               { "", NULL },
        { "learning_rate_of_the_head", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = text_nearest(cases[i].word, words, COUNT(words));
        if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
            fail_msg("nearest to \"%s\" is %s, not %s", cases[i].word, got ? got : "none",
                     cases[i].want ? cases[i].want : "none");
    }
    static const char *const two[] = { "abcdef", "abcdeg" };
    assert_string_equal(text_nearest("abcdex", two, 2), "abcdef");            /* as near: the first */
    assert_string_equal(text_nearest("abcdeg", two, 2), "abcdeg");
    assert_null(text_nearest("abcdeg", two, 0));
    char longest[80];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    /* too long to compare: no suggestion, no harm */
    assert_null(text_nearest(longest, (const char *const[]){ longest }, 1));
}

static void test_match(void **state)
{
    (void)state;
    static const struct { const char *pattern, *name; bool want; } cases[] = {
        { "", "", true },           { "", "a", false },         { "*", "", true },          { "*", "anything", true },
        { "abc", "abc", true },     { "abc", "abcd", false },   { "abc", "ab", false },     { "a?c", "abc", true },
        { "a?c", "ac", false },     { "?", "", false },         { "a*c", "ac", true },      { "a*c", "abbbc", true },
        { "a*c", "abcb", false },   { "*.bias", "encoder.layer.0.bias", true },             { "*.bias", "bias", false },
        { "*ab*ab", "abab", true }, { "*ab*ab", "ab", false },  { "a*b*c", "a-b-b-c-c", true }, { "**", "x", true },
        { "*a", "aaaaab", false },  { "encoder.layer.?.*", "encoder.layer.3.output", true },
        { "encoder.layer.?.*", "encoder.layer.11.output", false }, { "A", "a", false },     { "x**y?", "xaybyc", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (text_match(cases[i].pattern, cases[i].name) != cases[i].want)
            fail_msg("\"%s\" against \"%s\" is not %d", cases[i].pattern, cases[i].name, cases[i].want);
    char name[201], pattern[101];
    memset(name, 'a', 200);
    name[200] = '\0';
    for (int i = 0; i < 50; i++) memcpy(pattern + 2 * i, "*a", 2);
    pattern[100] = '\0';
    assert_true(text_match(pattern, name));
    pattern[99] = 'b';                                    /* must not take exponential time */
    assert_false(text_match(pattern, name));
}

static void test_units(void **state)
{
    (void)state;
    static const struct { double v; const char *bytes, *seconds; } cases[] = {
        { 0, "0 B", "0.0 s" },          { 1, "1 B", "1.0 s" },          { 9.44, "9 B", "9.4 s" },
        { 42, "42 B", "42 s" },
        { 119, "119 B", "119 s" },      { 120, "120 B", "2m 00s" },     { 1023, "1023 B", "17m 03s" },
        { 1024, "1.0 KiB", "17m 04s" },
        { 1536, "1.5 KiB", "25m 36s" }, { 3599, "3.5 KiB", "59m 59s" }, { 3600, "3.5 KiB", "1h 00m" },
        { 3720, "3.6 KiB", "1h 02m" },
        { 12582912, "12 MiB", "3495h 15m" },                            { 1610612736.0, "1.5 GiB", NULL },
        { 5e15, "4547 TiB", NULL },
    };
    char buf[32];
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(text_bytes(buf, cases[i].v), cases[i].bytes);
        if (cases[i].seconds) assert_string_equal(text_seconds(buf, cases[i].v), cases[i].seconds);
    }
    /* a rate of 0: not finite, still a text */
    assert_string_equal(text_seconds(buf, INFINITY), "27777h 46m");
    assert_string_equal(text_seconds(buf, 1e300), "27777h 46m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grow),          cmocka_unit_test(test_copy_and_format), cmocka_unit_test(test_utf8_all),
        cmocka_unit_test(test_utf8_table),    cmocka_unit_test(test_utf8_position),   cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_match),         cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
