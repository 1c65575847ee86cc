/* tests/data/select/minhash_test.c: what a word is, and how well 64 values estimate. */
#include <math.h>

#include "tests/data/select/select_test.h"

static double similar(const char *a, const char *b)
{
    Minhash x, y;
    minhash_text(a, strlen(a), NULL, 0, &x);
    minhash_text(b, strlen(b), NULL, 0, &y);
    double s = minhash_similarity(&x, &y);
    assert_true(s == minhash_similarity(&y, &x) && s >= 0 && s <= 1);
    return s;
}

static void what_is_the_same(void **unused)
{
    (void)unused;
    static const char *const same[][2] = {
        { "", "" }, { "word", "word" }, { "Two words", "two, WORDS!" }, { "?!", "?!" },
        { "a b c d e f", " A  b\tc\n(d) e-f." }, { "a b c a b c a b c", "a b c a b c" },
        { "\xC3\x89t\xC3\xA9 \xD0\x94\xD0\xB0 x", "\xC3\xA9t\xC3\xA9 \xD0\xB4\xD0\xB0 X" },          /* Été Да */
        { "\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97", "\xE4\xB8\xAD \xE6\x96\x87, \xE5\xAD\x97" },          /* 中文字 */
        { "x\xFFy z w", "x y z w" },                    /* a byte that is no UTF-8 parts words */
    };
    for (size_t i = 0; i < COUNT(same); i++)
        if (similar(same[i][0], same[i][1]) != 1) fail_msg("\"%s\" and \"%s\" differ", same[i][0], same[i][1]);
}

static void what_differs(void **unused)
{
    (void)unused;
    static const char *const other[][2] = {
        { "", "a" }, { "word", "words" }, { "?!", "!?" }, { "a b c", "c b a" }, { "one two three", "onetwo three" },
        { "1 2 3", "4 5 6" }, { "\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97", "\xE6\x96\x87\xE4\xB8\xAD\xE5\xAD\x97" },
    };
    for (size_t i = 0; i < COUNT(other); i++)
        if (similar(other[i][0], other[i][1]) > 0.05) fail_msg("\"%s\" is like \"%s\"", other[i][0], other[i][1]);
}

static void pairs_are_one_text(void **unused)
{
    (void)unused;
    Minhash ab, ba, again, alone;
    minhash_text("one two three", 13, "four five six", 13, &ab);
    minhash_text("four five six", 13, "one two three", 13, &ba);
    minhash_text("One two, three", 14, "FOUR five six.", 14, &again);
    minhash_text("one two three", 13, NULL, 0, &alone);
    assert_true(minhash_similarity(&ab, &again) == 1);
    assert_true(minhash_similarity(&ab, &ba) < 0.7);
    assert_true(minhash_similarity(&ab, &alone) < 0.5);
}

/* Two texts of n words each, all different, of which the first `same` are common: shingles share same - 2. */
static double estimate(uint32_t n, uint32_t same, uint32_t seed)
{
    Text    a = { 0 }, b = { 0 };
    Minhash x, y;
    for (uint32_t i = 0; i < n; i++) {
        assert_ok(text_addf(&a, "%llx ", (unsigned long long)scramble((uint64_t)seed << 32 | i)));
        assert_ok(text_addf(&b, "%llx ",
                            (unsigned long long)scramble((uint64_t)seed << 32 | (i < same ? i : i + 1000000))));
    }
    minhash_text(a.data, a.len, NULL, 0, &x);
    minhash_text(b.data, b.len, NULL, 0, &y);
    text_release(&a);
    text_release(&b);
    return minhash_similarity(&x, &y);
}

/* Without bias, and within what the binomial law allows (short texts, whose bins are mostly borrowed: half as good). */
static void estimates(void **unused)
{
    (void)unused;
    enum { ROUNDS = 400 };
    static const struct { uint32_t n, same; } cases[] = {
        { 8, 7 }, { 12, 10 }, { 20, 18 }, { 60, 30 }, { 100, 90 }, { 500, 450 }, { 500, 100 }, { 3000, 2000 },
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        double common = cases[c].same - 2, truth = common / (2 * (cases[c].n - 2) - common), sum = 0, squares = 0;
        for (uint32_t i = 0; i < ROUNDS; i++) {
            double error = estimate(cases[c].n, cases[c].same, (uint32_t)c * ROUNDS + i) - truth;
            sum += error;
            squares += error * error;
        }
        double law = sqrt(truth * (1 - truth) / 64), spread = sqrt(squares / ROUNDS), bias = fabs(sum / ROUNDS);
        if (bias > 4 * spread / sqrt(ROUNDS) || spread > (cases[c].n < 64 ? 2 : 1.3) * law)
            fail_msg("%u words, similarity %.3f: bias %.4f, spread %.4f (binomial: %.4f)", cases[c].n, truth, bias,
                     spread, law);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same),
        cmocka_unit_test(what_differs),
        cmocka_unit_test(pairs_are_one_text),
        cmocka_unit_test(estimates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
