/* tests/core/dtype_test.c: every half and every bfloat16 there and back, and rounding at, above and below every tie. */
#include "tests/core/core_test.h"

#include "core/dtype.h"

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static float widen(uint16_t h, DType t)
{
    REAL x;
    assert_int_equal(dtype_to_real(&x, &h, t, 1), 1);
    return (float)x;
}

static uint16_t narrow(float f, DType t)
{
    REAL     x = (REAL)f;
    uint16_t h;
    assert_int_equal(dtype_from_real(&h, &x, t, 1), 1);
    return h;
}

/* What IEEE 754 says a binary16 is worth. */
static double half_value(uint16_t h)
{
    int    exponent = h >> 10 & 31, mantissa = h & 1023;
    double v = exponent == 0 ? ldexp(mantissa, -24) : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                                                     : ldexp(1024 + mantissa, exponent - 25);
    return h & 0x8000 ? -v : v;
}

static void test_names(void **state)
{
    (void)state;
    static const struct { DType t; const char *name; size_t size; } cases[] = {
        { DTYPE_F32, "F32", 4 }, { DTYPE_F64, "F64", 8 }, { DTYPE_F16, "F16", 2 }, { DTYPE_BF16, "BF16", 2 },
        { DTYPE_I8, "I8", 1 },   { DTYPE_U8, "U8", 1 },   { DTYPE_I16, "I16", 2 }, { DTYPE_U16, "U16", 2 },
        { DTYPE_I32, "I32", 4 },
        { DTYPE_I64, "I64", 8 }, { DTYPE_BOOL, "BOOL", 1 },
    };
    assert_int_equal(COUNT(cases), DTYPE_COUNT);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(dtype_name(cases[i].t), cases[i].name);
        assert_int_equal(dtype_size(cases[i].t), cases[i].size);
        assert_int_equal(dtype_from_name(cases[i].name), cases[i].t);
    }
    assert_int_equal(dtype_from_name("f32"), -1);
    assert_int_equal(dtype_from_name("F8_E4M3"), -1);
    assert_int_equal(dtype_from_name(""), -1);
}

static void test_all_halves(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t h = (uint16_t)i;
        float    f = widen(h, DTYPE_F16);
        double   want = half_value(h);
        uint16_t back = narrow(f, DTYPE_F16);
        if (isnan(want)) {
            if (!isnan(f) || (back & 0x7fff) <= 0x7c00 || (back ^ h) & 0x8000)
                fail_msg("NaN %04x came back as %04x", i, back);
        } else if ((double)f != want || !signbit(f) != !(h >> 15) || back != h) {
            fail_msg("%04x is %.9g (not %.9g), back %04x", i, (double)f, want, back);
        }
    }
}

static void test_all_bf16(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t h = (uint16_t)i;
        float    f = widen(h, DTYPE_BF16);
        uint16_t back = narrow(f, DTYPE_BF16);
        if ((h & 0x7fff) > 0x7f80) {
            if (!isnan(f) || (back & 0x7fff) <= 0x7f80 || (back ^ h) & 0x8000)
                fail_msg("NaN %04x came back as %04x", i, back);
        } else if (bits_of(f) != i << 16 || back != h) {
            fail_msg("%04x is %08x, back %04x", i, bits_of(f), back);
        }
    }
}

/* Between each value and its neighbour: the tie goes to the even one, anything else to the nearer one. */
static void ties(DType t, uint16_t largest)
{
    for (uint32_t i = 0; i < largest; i++) {
        float    low = widen((uint16_t)i, t), high = widen((uint16_t)(i + 1), t);
        float    tie = (float)(((double)low + (double)high) / 2);
        uint16_t even = (uint16_t)(i & 1 ? i + 1 : i);
        assert_true((double)tie * 2 == (double)low + (double)high);
        uint16_t at = narrow(tie, t), below = narrow(nextafterf(tie, low), t), above = narrow(nextafterf(tie, high), t);
        if (at != even || below != i || above != i + 1)
            fail_msg("around %.9g between %04x and %04x: %04x %04x %04x", (double)tie, i, i + 1, below, at, above);
        if (narrow(-tie, t) != (even | 0x8000))
            fail_msg("%.9g is rounded otherwise than %.9g", (double)-tie, (double)tie);
    }
}

static void test_half_ties(void **state)
{
    (void)state;
    ties(DTYPE_F16, 0x7bff);
}

static void test_bf16_ties(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0x7f7f; i++) {      /* by bits: the ties of bf16's smallest numbers are subnormal floats */
        uint32_t tie = i << 16 | 0x8000;
        assert_int_equal(narrow(float_of(tie), DTYPE_BF16), i & 1 ? i + 1 : i);
        assert_int_equal(narrow(float_of(tie - 1), DTYPE_BF16), i);
        assert_int_equal(narrow(float_of(tie + 1), DTYPE_BF16), i + 1);
    }
    assert_int_equal(narrow(float_of(0x7f7f7fff), DTYPE_BF16), 0x7f7f);
    assert_int_equal(narrow(float_of(0x7f7f8000), DTYPE_BF16), 0x7f80);
    assert_int_equal(narrow(-3.4028234663852886e38f, DTYPE_BF16), 0xff80);
    assert_int_equal(narrow(float_of(0x7f800001), DTYPE_BF16) & 0x7fff, 0x7fc0);      /* a NaN whose low bits go away */
    assert_int_equal(narrow(float_of(0xff80ffff), DTYPE_BF16), 0xffc0);
}

static void test_half_edges(void **state)
{
    (void)state;
    static const struct { double value; uint16_t want; } cases[] = {
        { 0, 0 }, { 1, 0x3c00 }, { -2, 0xc000 }, { 0.333251953125, 0x3555 }, { 65504, 0x7bff },
        { 65519.99609375, 0x7bff },
        { 65520, 0x7c00 }, { -65520, 0xfc00 }, { 1e30, 0x7c00 }, { 0x1p-14, 0x0400 }, { 0x1.ff8p-15, 0x03ff },
        { 0x1.ffcp-15, 0x0400 }, { 0x1p-24, 1 }, { 0x1p-25, 0 }, { 0x1.000002p-25, 1 }, { 0x1.8p-24, 2 },
        { 0x1p-26, 0 }, { -0x1p-26, 0x8000 }, { 1e-45, 0 }, { 1.0009765625, 0x3c01 }, { 1.00048828125, 0x3c00 },
        { 1.00146484375, 0x3c02 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint16_t got = narrow((float)cases[i].value, DTYPE_F16);
        if (got != cases[i].want) fail_msg("%.17g became %04x, not %04x", cases[i].value, got, cases[i].want);
    }
    assert_int_equal(narrow(INFINITY, DTYPE_F16), 0x7c00);
    assert_int_equal(narrow(-INFINITY, DTYPE_F16), 0xfc00);
    assert_int_equal(narrow(-0.0f, DTYPE_F16), 0x8000);
    assert_int_equal(narrow(float_of(0x7f800001), DTYPE_F16) & 0x7e00, 0x7e00);
}

static void test_wide_types(void **state)
{
    (void)state;
    const REAL   in[3] = { (REAL)1.5, (REAL)-0.0, (REAL)3e38 };
    const double want[3] = { (double)in[0], (double)in[1], (double)in[2] };
    double       f64[3];
    REAL         back[3];
    assert_int_equal(dtype_from_real(f64, in, DTYPE_F64, 3), 1);
    assert_memory_equal(f64, want, sizeof want);
    assert_int_equal(dtype_to_real(back, f64, DTYPE_F64, 3), 1);
    assert_memory_equal(back, in, sizeof in);
    f64[0] = 1 + 0x1p-24;                                 /* a tie between two floats: to even */
    f64[1] = 1 + 3 * 0x1p-24;
    f64[2] = 1e300;
    assert_int_equal(dtype_to_real(back, f64, DTYPE_F64, 3), 1);
    if (sizeof(REAL) == sizeof(float)) {
        assert_true(back[0] == 1 && back[1] == (REAL)(1 + 0x1p-22) && isinf(back[2]));
        float f32[3];
        assert_int_equal(dtype_from_real(f32, in, DTYPE_F32, 3), 1);
        assert_memory_equal(f32, in, sizeof in);
    }
}

static void test_unaligned(void **state)
{
    (void)state;
    static const DType types[] = { DTYPE_F32, DTYPE_F64, DTYPE_F16, DTYPE_BF16 };
    const REAL in[5] = { 0, 1, -2, (REAL)0.5, 96 };
    for (size_t t = 0; t < COUNT(types); t++) {
        char bytes[5 * 8 + 1];
        REAL out[5] = { 0 };
        assert_int_equal(dtype_from_real(bytes + 1, in, types[t], 5), 1);
        assert_int_equal(dtype_to_real(out, bytes + 1, types[t], 5), 1);
        assert_memory_equal(out, in, sizeof in);
    }
}

static void test_no_reals(void **state)
{
    (void)state;
    static const DType types[] = { DTYPE_I8, DTYPE_U8, DTYPE_I16, DTYPE_I32, DTYPE_I64, DTYPE_BOOL };
    for (size_t t = 0; t < COUNT(types); t++) {
        REAL x[2] = { 1, 2 };
        char bytes[16] = { 0 };
        assert_int_equal(dtype_to_real(x, bytes, types[t], 2), 0);
        assert_int_equal(dtype_from_real(bytes, x, types[t], 2), 0);
        assert_int_equal(dtype_to_real(x, bytes, types[t], 0), 0);            /* also of nothing */
        assert_int_equal(dtype_from_real(bytes, x, types[t], 0), 0);
    }
    assert_int_equal(dtype_to_real(NULL, NULL, DTYPE_F16, 0), 1);
    assert_int_equal(dtype_to_real(NULL, NULL, DTYPE_F32, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),     cmocka_unit_test(test_all_halves), cmocka_unit_test(test_all_bf16),
        cmocka_unit_test(test_half_ties), cmocka_unit_test(test_bf16_ties),  cmocka_unit_test(test_half_edges),
        cmocka_unit_test(test_wide_types), cmocka_unit_test(test_unaligned), cmocka_unit_test(test_no_reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
