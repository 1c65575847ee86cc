/* tests/data/tokenizer/unicode_test.c: code points on which Unicode versions disagree, as the reference has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail                    /* cmocka's; ours comes with core/status.h */

#include "core/status.h"
#include "data/tokenizer/unicode.h"

static void flags_are_the_reference_ones(void **state)
{
    (void)state;
    static const struct { uint32_t cp; unsigned flags; const char *why; } cases[] = {
        { 'a', 0, "" }, { 'A', UNICODE_CHANGES, "has a lower case" }, { ' ', UNICODE_SPACE, "" },
        { '_', UNICODE_PUNCT, "" },
        { '$', UNICODE_PUNCT, "not P* but ASCII punctuation" }, { 0x20AC, 0, "Sc beyond ASCII is none" },
        { '\t', UNICODE_SPACE, "not removed" }, { 0x0B, UNICODE_SPACE | UNICODE_REMOVED, "removed although white" },
        { 0x85, UNICODE_SPACE | UNICODE_REMOVED, "" }, { 0x200B, UNICODE_REMOVED, "" }, { 0xFFFD, UNICODE_REMOVED, "" },
        { 0x180E, UNICODE_REMOVED, "no white space since Unicode 6.3" },
        { 0x08E2, 0, "Cf, but newer than the reference's Cf" },
        { 0x0890, 0, "the same" }, { 0x0301, UNICODE_MARK | UNICODE_CHANGES, "" },
        { 0x08D4, UNICODE_CHANGES, "a mark newer than its Mn" },
        { 0x1734, UNICODE_MARK | UNICODE_CHANGES, "was Mn, is Mc" }, { 0x166D, UNICODE_PUNCT, "was Po, is So" },
        { 0x2E43, 0, "punctuation newer than its P" }, { 0x4E00, UNICODE_CHINESE, "" },
        { 0xF900, UNICODE_CHINESE | UNICODE_CHANGES, "" },
        { 0x3042, 0, "kana" }, { 0xAC00, UNICODE_CHANGES, "hangul decomposes" }, { 0x20000, UNICODE_CHINESE, "" },
        { 0x2A6E0, 0, "between extensions" }, { 0x2CEB0, 0, "extension F is not in the list" },
        { 0x10FFFD, UNICODE_REMOVED, "private use" },
        { 0x16EA0, UNICODE_CHANGES, "lower case of Unicode 17" }, { 0x10FFFF, 0, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (unicode_flags(cases[i].cp) != cases[i].flags) print_error("U+%04X (%s)\n", cases[i].cp, cases[i].why);
        assert_int_equal(unicode_flags(cases[i].cp), cases[i].flags);
    }
}

static void every_letter_is_a_word(void **state)
{
    (void)state;
    for (uint32_t c = 'A'; c <= 'Z'; c++) assert_true(unicode_is_word(c) && unicode_is_word(c + 32));
}

static void compositions_undo_decompositions(void **state)
{
    (void)state;
    assert_int_equal(unicode_compose('e', 0x301), 0xE9);
    assert_int_equal(unicode_compose(0x1112, 0x1161), 0xD558);
    assert_int_equal(unicode_compose(0xD558, 0x11AB), 0xD55C);
    assert_int_equal(unicode_compose(0xD55C, 0x11AB), 0);             /* has its last consonant */
    assert_int_equal(unicode_compose(0x915, 0x93C), 0);               /* excluded from composition */
    for (uint32_t cp = 0xC0; cp < 0x110000; cp++) {
        uint32_t parts[UNICODE_MAX_DECOMPOSITION], whole;
        if ((cp >= 0xD800 && cp < 0xE000) || unicode_form_flags(cp) & UNICODE_NOT_NFC) continue;
        int n = unicode_decompose(cp, parts);
        whole = parts[0];
        for (int i = 1; i < n; i++) whole = unicode_compose(whole, parts[i]);
        assert_int_equal(whole, cp);
    }
}

static void sets_are_the_reference_ones(void **state)
{
    (void)state;
    static const struct { uint32_t cp; unsigned sets; const char *why; } cases[] = {
        { 'a', UNICODE_LETTER | UNICODE_WORD, "" }, { '_', UNICODE_WORD, "" }, { ' ', UNICODE_BLANK, "" },
        { '1', UNICODE_NUMBER | UNICODE_NUMERIC | UNICODE_WORD, "" }, { 0x180E, 0, "no white space" },
        { 0xBD, UNICODE_NUMBER | UNICODE_NUMERIC, "No is no word character here" },
        { 0x31350, UNICODE_LETTER | UNICODE_WORD | UNICODE_FOREIGN, "newer than PCRE2 10.42" },
        { 0x3040, 0, "unassigned" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (unicode_sets(cases[i].cp) != cases[i].sets) print_error("U+%04X (%s)\n", cases[i].cp, cases[i].why);
        assert_int_equal(unicode_sets(cases[i].cp), cases[i].sets);
    }
    assert_int_equal(unicode_grapheme(0x301), GRAPHEME_JOINS);
    assert_int_equal(unicode_script(' '), 0);
    assert_int_equal(unicode_script(0x3042), unicode_script(0x4E2D));        /* kana goes with han */
    assert_int_not_equal(unicode_script('a'), unicode_script(0x430));
}

static void decompositions(void **state)
{
    (void)state;
    uint32_t out[UNICODE_MAX_DECOMPOSITION];
    assert_int_equal(unicode_decompose('a', out), 1);
    assert_int_equal(out[0], 'a');
    assert_int_equal(unicode_decompose(0x1E69, out), 3);            /* s, dot below, dot above */
    assert_int_equal(out[0], 's');
    assert_int_equal(unicode_combining_class(out[1]), 220);
    assert_int_equal(unicode_combining_class(out[2]), 230);
    assert_int_equal(unicode_decompose(0xAC01, out), 3);
    assert_int_equal(out[2], 0x11A8);
    assert_int_equal(unicode_decompose(0x1F82, out), 4);            /* the longest */
    assert_int_equal(unicode_decompose(0x11938, out), 1);           /* newer than the reference */
    assert_int_equal(unicode_decompose(0xFB01, out), 1);            /* compatibility only */
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        if (cp >= 0xD800 && cp < 0xE000) continue;
        int n = unicode_decompose(cp, out);
        assert_true(n >= 1 && n <= 4);
        assert_true((n == 1 && out[0] == cp) || (unicode_flags(cp) & UNICODE_CHANGES));
    }
}

static void lower_case(void **state)
{
    (void)state;
    static const struct { uint32_t from, to; } cases[] = {
        { 'A', 'a' }, { 'a', 'a' }, { '[', '[' }, { 0xC9, 0xE9 }, { 0xD7, 0xD7 }, { 0x100, 0x101 }, { 0x101, 0x101 },
        { 0x178, 0xFF }, { 0x3A3, 0x3C3 },
        { 0x212A, 'k' }, { 0x1E9E, 0xDF }, { 0x13A0, 0xAB70 }, { 0xA7CB, 0x264 }, { 0x10D50, 0x10D70 },
        { 0x10400, 0x10428 }, { 0x1F600, 0x1F600 },
    };
    uint32_t out[2];
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(unicode_lower(cases[i].from, out), 1);
        assert_int_equal(out[0], cases[i].to);
    }
    assert_int_equal(unicode_lower(0x130, out), 2);
    assert_int_equal(out[0], 'i');
    assert_int_equal(out[1], 0x307);
}

static void tables_are_in_order(void **state)
{
    (void)state;
    static const struct { const UnicodeRange *r; const size_t *n; } tables[] = {
        { unicode_removed, &n_unicode_removed }, { unicode_spaces, &n_unicode_spaces },
        { unicode_punctuation, &n_unicode_punctuation },
        { unicode_marks, &n_unicode_marks }, { unicode_combining, &n_unicode_combining },
        { unicode_decomposed, &n_unicode_decomposed },
        { unicode_words, &n_unicode_words },
    };
    for (size_t t = 0; t < COUNT(tables); t++)
        for (size_t i = 0; i < *tables[t].n; i++) {
            assert_true(tables[t].r[i].first <= tables[t].r[i].last);
            if (i > 0) assert_true(tables[t].r[i].first > tables[t].r[i - 1].last);
        }
    for (size_t i = 1; i < n_unicode_lowers; i++) assert_true(unicode_lowers[i].first > unicode_lowers[i - 1].last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_the_reference_ones),
        cmocka_unit_test(every_letter_is_a_word),
        cmocka_unit_test(compositions_undo_decompositions),
        cmocka_unit_test(sets_are_the_reference_ones),
        cmocka_unit_test(decompositions),
        cmocka_unit_test(lower_case),
        cmocka_unit_test(tables_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
