/* tests/core/rng_test.c: Philox4x32-7 against known answers, and the draws made from it. */
#include "tests/core/core_test.h"

#include "core/rng.h"

enum { N = 100000 };

/* Computed by another implementation, whose form with 10 rounds gives the published answers of Random123; the first
 * three are in its list for 7 rounds too. */
static void test_known_answers(void **state)
{
    (void)state;
    static const struct { uint32_t counter[4], key[2], want[4]; } cases[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
          { 0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662 } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
          { 0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a } },
        { { 1, 0, 0, 0 }, { 0, 0 }, { 0x983a586e, 0xb0cc9511, 0x5850fbb9, 0x9cf9acd8 } },
        { { 0, 0, 0, 1 }, { 0, 0 }, { 0x2fafe778, 0xfeafe6ed, 0xa9cfa4a0, 0xc91c304b } },
        { { 3, 511, 11, 5 }, { 42, 1000 }, { 0xed03cda3, 0xabff85b0, 0xb15208f5, 0x5d16b84b } },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const uint32_t *c = cases[i].counter;
        uint32_t        got[4];
        rng_philox((RngKey){ cases[i].key[0], cases[i].key[1] }, c[0], c[1], c[2], c[3], got);
        for (int k = 0; k < 4; k++)
            if (got[k] != cases[i].want[k])
                fail_msg("case %zu word %d: %08x, not %08x", i, k, got[k], cases[i].want[k]);
    }
}

static void test_halves(void **state)
{
    (void)state;
    const uint32_t words[4] = { 0x00010000, 0x00030002, 0x00050004, 0xfffe0006 };
    const uint16_t want[8] = { 0, 1, 2, 3, 4, 5, 6, 0xfffe };
    for (int64_t col = 0; col < 8; col++) {
        assert_int_equal(rng_u16(words, col), want[col]);
        assert_int_equal(rng_u16(words, col + 8 * 1000003), want[col]);       /* the column counts within its eight */
    }
}

static void test_threshold(void **state)
{
    (void)state;
    assert_int_equal(rng_threshold(0), 0);
    assert_int_equal(rng_threshold(0.1), 6554);
    assert_int_equal(rng_threshold(0.5), 32768);
    assert_int_equal(rng_threshold(1), 65536);
    assert_near(rng_keep_scale(0), 1, 0, "scale of 0");
    assert_near(rng_keep_scale(0.5), 2, 0, "scale of 0.5");
    assert_near(rng_keep_scale(0.1), 65536.0 / (65536 - 6554), 1e-15, "scale of 0.1");
}

static void test_draws(void **state)
{
    (void)state;
    static const uint32_t n[] = { 1, 2, 10, 1000, 0xffffffffu };
    static const struct { uint32_t seed, site,
                          stream; uint64_t i; uint32_t u32; double normal; uint32_t below[5]; } cases[] = {
        { 42, RNG_SITE_INIT, 3, 0, 0xa03358f7, -0.9682059193247576, { 0, 1, 5, 501, 2153755589u } },
        { 42, RNG_SITE_INIT, 3, 1, 0xfd5028d8, 0.05521190773612612, { 0, 1, 8, 812, 3487732111u } },
        { 7, RNG_SITE_SHUFFLE, 0, 0x100000005u, 0x92443deb, 0.3585750356909659, { 0, 1, 8, 805, 3457565140u } },
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        uint32_t seed = cases[c].seed, site = cases[c].site, stream = cases[c].stream;
        assert_int_equal(rng_draw_u32(seed, site, stream, cases[c].i), cases[c].u32);
        assert_near(rng_draw_uniform(seed, site, stream, cases[c].i), cases[c].u32 / 4294967296.0, 0, "uniform");
        assert_near(rng_draw_normal(seed, site, stream, cases[c].i), cases[c].normal, 1e-14, "normal");
        for (size_t k = 0; k < COUNT(n); k++)
            assert_int_equal(rng_draw_below(seed, site, stream, cases[c].i, n[k]), cases[c].below[k]);
    }
}

static void test_moments(void **state)
{
    (void)state;
    double u1 = 0, u2 = 0, z1 = 0, z2 = 0, z3 = 0, z4 = 0, lag = 0, streams = 0, least = 1, most = 0;
    for (uint64_t i = 0; i < N; i++) {
        double u = rng_draw_uniform(1, RNG_SITE_SPLIT, 0, i), z = rng_draw_normal(1, RNG_SITE_INIT, 0, i);
        assert_true(u >= 0 && u < 1);
        least = fmin(least, u);
        most = fmax(most, u);
        u1 += u; u2 += u * u;
        z1 += z; z2 += z * z; z3 += z * z * z; z4 += z * z * z * z;
        lag += z * rng_draw_normal(1, RNG_SITE_INIT, 0, i + 1);
        streams += z * rng_draw_normal(1, RNG_SITE_INIT, 1, i);
    }
    assert_true(least < 1e-4 && most > 1 - 1e-4);
    assert_near(u1 / N, 0.5, 0.004, "mean of uniforms");                      /* bounds: about four standard errors */
    assert_near(u2 / N - u1 / N * u1 / N, 1.0 / 12, 0.001, "variance of uniforms");
    assert_near(z1 / N, 0, 0.0127, "mean of normals");
    assert_near(z2 / N, 1, 0.018, "second moment of normals");
    assert_near(z3 / N, 0, 0.05, "third moment of normals");
    assert_near(z4 / N, 3, 0.125, "fourth moment of normals");
    assert_near(lag / N, 0, 0.0127, "correlation of neighbours");
    assert_near(streams / N, 0, 0.0127, "correlation of streams");
}

static double chi_squared(const int *seen, int n_bins, double expected)
{
    double sum = 0;
    for (int b = 0; b < n_bins; b++) sum += (seen[b] - expected) * (seen[b] - expected) / expected;
    return sum;
}

static void test_even_spread(void **state)
{
    (void)state;
    int sevens[7] = { 0 }, halves[16] = { 0 }, kept = 0;
    for (uint64_t i = 0; i < 70000; i++) {
        uint32_t v = rng_draw_below(5, RNG_SITE_SHUFFLE, 2, i, 7);
        assert_true(v < 7);
        sevens[v]++;
    }
    for (uint32_t i = 0; i < 10000; i++) {
        uint32_t words[4];
        rng_philox((RngKey){ 5, 9 }, i, 0, 0, 1, words);
        for (int col = 0; col < 8; col++) {
            uint16_t u = rng_u16(words, col);
            halves[u >> 12]++;
            kept += u >= rng_threshold(0.1);
        }
    }
    assert_true(chi_squared(sevens, 7, 10000) < 22.5);                        /* 99.9 % points for 6 and 15 */
    assert_true(chi_squared(halves, 16, 5000) < 37.7);
    assert_near(kept / 80000.0, 0.9, 0.0043, "share kept");
}

/* Another seed, site, stream or entry is another number; the same is the same. */
static void test_coordinates(void **state)
{
    (void)state;
    uint32_t a = rng_draw_u32(1, 2, 3, 4);
    assert_int_equal(rng_draw_u32(1, 2, 3, 4), a);
    assert_int_not_equal(rng_draw_u32(2, 2, 3, 4), a);
    assert_int_not_equal(rng_draw_u32(1, 3, 3, 4), a);
    assert_int_not_equal(rng_draw_u32(1, 2, 4, 4), a);
    assert_int_not_equal(rng_draw_u32(1, 2, 3, 5), a);
    assert_int_not_equal(rng_draw_u32(1, 2, 3, 4 + ((uint64_t)1 << 32)), a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_halves),      cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_draws),         cmocka_unit_test(test_moments),     cmocka_unit_test(test_even_spread),
        cmocka_unit_test(test_coordinates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
