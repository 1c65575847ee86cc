#include "tests/harness/test.h"

#include "tests/harness/op_check.h"

static Tensor *rmsnorm(Ctx *c, Tensor **in, const BatchView *b)   { (void)b; return op_rmsnorm(c, in[0], in[1], 1e-6); }
static Tensor *large_eps(Ctx *c, Tensor **in, const BatchView *b) { (void)b; return op_rmsnorm(c, in[0], in[1], 0.5); }

/* x has a second consumer, whose gradient arrives first: this one is added. */
static Tensor *twice(Ctx *c, Tensor **in, const BatchView *b)
{
    (void)b;
    return op_add(c, op_rmsnorm(c, in[0], in[1], 1e-6), in[0]);
}

static const OpCase cases[] = {
    { .name = "one row",          .op = rmsnorm,   .in = { { { 1, 8 } }, { { 8 } } } },
    { .name = "one column",       .op = large_eps, .in = { { { 4, 1 } }, { { 1 } } } },
    { .name = "odd width",        .op = rmsnorm,   .in = { { { 5, 33 } }, { { 33 } } } },    /* fills no SIMD width */
    { .name = "three dimensions", .op = rmsnorm,   .in = { { { 2, 3, 7 } }, { { 7 } } } },
    { .name = "large eps",        .op = large_eps, .in = { { { 3, 16 } }, { { 16 } } } },
    { .name = "twice",            .op = twice,     .in = { { { 4, 17 } }, { { 17 } } } },
};

static void rmsnorm_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

/* The cases compare backward with forward; this compares forward with the equation: mean(x^2) 25, eps 11, rstd 1/6. */
static void rmsnorm_by_hand(void **state)
{
    (void)state;
    const REAL x[] = { 1, 7, -7, 1 }, gamma[] = { 6, 12 }, want[] = { 1, 14, -7, 2 };
    REAL       got[COUNT(want)];
    Backend   *b;
    Ctx       *ctx;
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 20));
    ctx_begin(ctx, NULL, false);
    Tensor *tx = ctx_tensor(ctx, DIMS(2, 2)), *tgamma = ctx_tensor(ctx, DIMS(2));
    must(b->upload(b, tx->data, x, sizeof x));
    must(b->upload(b, tgamma->data, gamma, sizeof gamma));
    Tensor *y = op_rmsnorm(ctx, tx, tgamma, 11);
    must(ctx->status);
    must(b->download(b, got, y->data, sizeof got));
    for (size_t i = 0; i < COUNT(want); i++) assert_float_equal(got[i], want[i], 1e-5);
    ctx_free(ctx);
    backend_close(b);
}

static void gamma_of_another_width_is_an_error(void **state)
{
    (void)state;
    Backend *b;
    Ctx     *ctx;
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 20));
    ctx_begin(ctx, NULL, false);
    assert_ptr_equal(op_rmsnorm(ctx, ctx_tensor(ctx, DIMS(2, 4)), ctx_tensor(ctx, DIMS(3)), 1e-6), &ctx->nothing);
    assert_int_equal(ctx->status, ERR_SHAPE);
    ctx_free(ctx);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rmsnorm_cases),
        cmocka_unit_test(rmsnorm_by_hand),
        cmocka_unit_test(gamma_of_another_width_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
