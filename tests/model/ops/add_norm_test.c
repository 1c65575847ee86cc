#include "tests/harness/test.h"

#include "tests/harness/op_check.h"

static Tensor *layernorm(Ctx *ctx, Tensor **in, const BatchView *b) { (void)b; return op_layernorm(ctx, in[0], in[1], in[2], 1e-5); }

static Tensor *residual(Ctx *ctx, Tensor **in, const BatchView *b)
{
    return op_add_norm(ctx, in[0], in[1], in[2], in[3], 1e-12, dropout_of_tokens(ctx, &b->streams[0], 0.3, 5));
}

static Tensor *no_dropout(Ctx *ctx, Tensor **in, const BatchView *b)
{
    (void)b;
    return op_add_norm(ctx, in[0], in[1], in[2], in[3], 1e-12, (Dropout){ 0 });
}

/* x is its own residual: both gradients land in one tensor. */
static Tensor *same_twice(Ctx *ctx, Tensor **in, const BatchView *b)
{
    return op_add_norm(ctx, in[0], in[0], in[1], in[2], 1e-12, dropout_of_tokens(ctx, &b->streams[0], 0.1, 2));
}

static const OpCase cases[] = {
    { .name = "one row",        .op = layernorm,  .in = { { { 1, 8 } }, { { 8 } }, { { 8 } } } },
    { .name = "odd width",      .op = layernorm,  .in = { { { 5, 33 } }, { { 33 } }, { { 33 } } } },      /* a multiple of no SIMD width */
    { .name = "residual",       .op = residual,   .in = { { { 7, 24 } }, { { 7, 24 } }, { { 24 } }, { { 24 } } }, .activations = 3, .lengths = { 3, 1, 3 } },
    { .name = "no dropout",     .op = no_dropout, .in = { { { 4, 16 } }, { { 4, 16 } }, { { 16 } }, { { 16 } } }, .activations = 3 },
    { .name = "same twice",     .op = same_twice, .in = { { { 6, 17 } }, { { 17 } }, { { 17 } } }, .lengths = { 4, 2 } },
};

static void add_norm_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(add_norm_cases) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
