#include "tests/harness/test.h"

#include <string.h>

#include "tests/harness/op_check.h"

static Tensor *linear(Ctx *ctx, Tensor **in, const BatchView *b) { (void)b; return op_linear(ctx, in[0], in[1], in[2]); }

static Tensor *mlp(Ctx *ctx, Tensor **in, const BatchView *b)
{
    (void)b;
    return op_mlp(ctx, in[0], in[1], in[2], in[3], in[4], ACT_GELU);
}

/* The same x goes in twice: its gradient is the sum of both. */
static Tensor *twice(Ctx *ctx, Tensor **in, const BatchView *b)
{
    (void)b;
    return op_add(ctx, op_linear(ctx, in[0], in[1], NULL), op_linear(ctx, in[0], in[2], NULL));
}

static const OpCase cases[] = {
    { .name = "one row",           .op = linear, .in = { { { 1, 8 } }, { { 5, 8 } }, { { 5 } } } },
    { .name = "odd sizes",         .op = linear, .in = { { { 7, 33 } }, { { 17, 33 } }, { { 17 } } } },
    { .name = "no bias",           .op = linear, .in = { { { 3, 4 } }, { { 6, 4 } } } },
    { .name = "two consumers",     .op = twice,  .in = { { { 3, 4 } }, { { 6, 4 } }, { { 6, 4 } } } },
    { .name = "mlp",               .op = mlp,    .in = { { { 5, 8 } }, { { 12, 8 } }, { { 12 } }, { { 8, 12 } }, { { 8 } } }, .tolerance = 1e-4 },
};

static void linear_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

/* The fused op and its composition give the same numbers. */
static void mlp_is_its_parts(void **state)
{
    (void)state;
    Backend *b;
    Ctx     *ctx;
    REAL     v[5][96], fused[40], parts[40];
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 24));
    ctx_begin(ctx, NULL, false);
    const int64_t dims[5][2] = { { 5, 8 }, { 12, 8 }, { 12, 1 }, { 8, 12 }, { 8, 1 } };
    Tensor       *t[5];
    for (uint32_t i = 0; i < 5; i++) {
        op_random(v[i], dims[i][0] * dims[i][1], i);
        t[i] = ctx_tensor(ctx, dims[i], dims[i][1] > 1 ? 2 : 1);
        must(b->upload(b, t[i]->data, v[i], tensor_bytes(t[i])));
    }
    Tensor *x = op_mlp(ctx, t[0], t[1], t[2], t[3], t[4], ACT_GELU_TANH);
    must(b->download(b, fused, x->data, sizeof fused));
    Tensor *y = op_linear(ctx, op_activation(ctx, op_linear(ctx, t[0], t[1], t[2]), ACT_GELU_TANH), t[3], t[4]);
    must(b->download(b, parts, y->data, sizeof parts));
    must(ctx->status);
    assert_memory_equal(fused, parts, sizeof fused);
    ctx_free(ctx);
    backend_close(b);
}

static void wrong_shapes_are_named(void **state)
{
    (void)state;
    Backend *b;
    Ctx     *ctx;
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 20));
    ctx_begin(ctx, NULL, false);
    op_linear(ctx, ctx_tensor(ctx, DIMS(2, 3)), ctx_tensor(ctx, DIMS(4, 5)), NULL);
    assert_int_equal(ctx->status, ERR_SHAPE);
    assert_non_null(strstr(status_fact(), "rows are 3 wide"));
    ctx_free(ctx);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_cases), cmocka_unit_test(mlp_is_its_parts), cmocka_unit_test(wrong_shapes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
