/* tests/train/answer_match_test.c: exact match and F1 as the published evaluation of SQuAD gives them for the same texts. */
#include "tests/harness/test.h"

#include "train/answer_match.h"

typedef struct Case { const char *given, *expected; double exact, f1; } Case;

static void check(const Case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AnswerMatch m;
        must(answer_match(cases[i].given, cases[i].expected, &m));
        if (m.exact != cases[i].exact || m.f1 < cases[i].f1 - 1e-12 || m.f1 > cases[i].f1 + 1e-12)
            fail_msg("\"%s\" for \"%s\": exact %g, F1 %.17g, not %g, %.17g", cases[i].given, cases[i].expected, m.exact,
                     m.f1, cases[i].exact, cases[i].f1);
    }
}

static void as_squad(void **state)
{
    (void)state;
    static const Case cases[] = {
        { "The Norman conquest", "norman conquest.", 1, 1 },
        { "in the 10th and 11th centuries", "10th and 11th centuries", 0, 0.888888888888889 },
        { "a", "the", 1, 1 },
        { "", "an apple", 0, 0 },
        { "", "", 1, 1 },
        { "U.S. Army", "us army", 1, 1 },
        { "a\u2013b an", "\u2013 b", 0, 0 },
        { "\u00dcnder\u00a0\u00d6l", "\u00fcnder \u00f6l", 1, 1 },
        { "theory of the a-team", "theory of ateam", 1, 1 },
        { "to be or not to be", "be to be", 0, 0.6666666666666666 },
        { "1,000", "1000", 1, 1 },
        { "\u201cquoted\u201d", "quoted", 0, 0 },
        { "anthem", "them", 0, 0 },
        { "New\tYork\nCity ", "york city new", 0, 1 },
        { "the\u2003cat", "cat", 1, 1 },
        { "Stra\u00dfe", "strasse", 0, 0 },
        { "an_a the_x", "x", 0, 0 },
    };
    check(cases, COUNT(cases));
}

static void chinese_by_the_character(void **state)
{
    (void)state;
    static const Case cases[] = {
        { "北京大学", "北京大学。", 1, 1 },
        { "北京", "北京大学", 0, 2.0 * 2 / 6 },
        { "在1998年", "1998年", 0, 2.0 * 2 / 5 },          /* a number is one word */
        { "《红楼梦》", "红楼梦", 1, 1 },
        { "上海", "北京", 0, 0 },
        { "京北", "北京", 0, 1 },
        { "iPhone 手机", "iphone手机", 1, 1 },
    };
    check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_squad), cmocka_unit_test(chinese_by_the_character) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
