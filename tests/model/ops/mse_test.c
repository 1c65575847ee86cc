#include "tests/harness/test.h"

#include "tests/harness/op_check.h"

static Tensor *mse(Ctx *c, Tensor **in, const BatchView *b)
{
    op_mse(c, op_scale(c, in[0], 2), b->targets, NULL);
    return NULL;
}

/* The input has a second consumer, whose gradient arrives first. */
static Tensor *twice(Ctx *c, Tensor **in, const BatchView *b)
{
    Tensor *x = op_scale(c, in[0], 2);
    op_mse(c, op_add(c, op_scale(c, x, 3), x), b->targets, NULL);
    return NULL;
}

static const OpCase cases[] = {
    { .name = "one number",    .op = mse,   .in = { { { 1, 1 } } }, .lengths = { 3 } },
    { .name = "three numbers", .op = mse,   .in = { { { 3, 1 } } }, .lengths = { 1, 2, 3 } },
    { .name = "twice",         .op = twice, .in = { { { 3, 1 } } }, .lengths = { 1, 2, 3 } },
};

static void mse_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

/* (3 - 1)^2 + (-1 - 0.5)^2 = 6.25 over two numbers; gradients 4 and -3. */
static void by_hand(void **state)
{
    (void)state;
    const REAL  y[] = { 3, -1 }, target[] = { 1, 0.5f }, losses[] = { 4, 2.25f }, gradients[] = { 4, -3 };
    REAL        got[2];
    Backend    *b;
    Ctx        *ctx;
    Tape        tape;
    StepScalars s;
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 20));
    ctx_begin(ctx, &tape, true);
    must(ctx_write_scalars(ctx, &(StepScalars){ 0 }));
    Tensor *t = ctx_tensor(ctx, DIMS(2, 1));
    t->wants_grad = true;
    REAL *want = ctx_data(ctx, sizeof target), *row_loss = ctx_data(ctx, sizeof got);
    must(b->upload(b, t->data, y, sizeof y));
    must(b->upload(b, want, target, sizeof target));
    op_mse(ctx, t, want, row_loss);
    must(ctx_read_scalars(ctx, &s));
    assert_float_equal(s.loss_sum, 6.25, 1e-6);
    assert_float_equal(s.count, 2, 0);
    must(b->download(b, got, row_loss, sizeof got));
    for (int i = 0; i < 2; i++) assert_float_equal(got[i], losses[i], 1e-6);
    must(b->download(b, got, t->grad, sizeof got));
    for (int i = 0; i < 2; i++) assert_float_equal(got[i], gradients[i], 1e-6);
    ctx_free(ctx);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(mse_cases), cmocka_unit_test(by_hand) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
