#include "tests/harness/test.h"

#include "tests/harness/op_check.h"

static Tensor *gelu(Ctx *c, Tensor **in, const BatchView *b)      { (void)b; return op_activation(c, in[0], ACT_GELU); }
static Tensor *gelu_tanh(Ctx *c, Tensor **in, const BatchView *b) { (void)b; return op_activation(c, in[0], ACT_GELU_TANH); }
static Tensor *relu(Ctx *c, Tensor **in, const BatchView *b)      { (void)b; return op_activation(c, in[0], ACT_RELU); }
static Tensor *silu(Ctx *c, Tensor **in, const BatchView *b)      { (void)b; return op_activation(c, in[0], ACT_SILU); }
static Tensor *tanh_of(Ctx *c, Tensor **in, const BatchView *b)   { (void)b; return op_activation(c, in[0], ACT_TANH); }
static Tensor *add(Ctx *c, Tensor **in, const BatchView *b)       { (void)b; return op_add(c, in[0], in[1]); }
static Tensor *add_self(Ctx *c, Tensor **in, const BatchView *b)  { (void)b; return op_add(c, in[0], in[0]); }
static Tensor *scale(Ctx *c, Tensor **in, const BatchView *b)     { (void)b; return op_scale(c, in[0], -1.5); }
static Tensor *l2norm(Ctx *c, Tensor **in, const BatchView *b)    { (void)b; return op_l2norm(c, in[0], 1e-12); }

static Tensor *dropout(Ctx *c, Tensor **in, const BatchView *b)
{
    return op_dropout(c, in[0], dropout_of_tokens(c, &b->streams[0], 0.5, 3));
}

static const OpCase cases[] = {
    { .name = "gelu",       .op = gelu,      .in = { { { 3, 37 } } } },
    { .name = "gelu tanh",  .op = gelu_tanh, .in = { { { 3, 37 } } } },
    { .name = "relu",       .op = relu,      .in = { { { 3, 37 } } } },
    { .name = "silu",       .op = silu,      .in = { { { 3, 37 } } } },
    { .name = "tanh",       .op = tanh_of,   .in = { { { 3, 37 } } } },
    { .name = "add",        .op = add,       .in = { { { 3, 5 } }, { { 3, 5 } } }, .activations = 3 },
    { .name = "add self",   .op = add_self,  .in = { { { 3, 5 } } } },
    { .name = "scale",      .op = scale,     .in = { { { 3, 5 } } } },
    { .name = "dropout",    .op = dropout,   .in = { { { 9, 21 } } }, .lengths = { 4, 5 } },
    { .name = "l2norm",     .op = l2norm,    .in = { { { 3, 13 } } } },
};

static void elementwise_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

/* Kept elements are scaled so that the expectation stays; the share of dropped ones is p. */
static void dropout_keeps_the_mean(void **state)
{
    (void)state;
    enum { ROWS = 200, COLS = 64 };
    Backend  *b;
    Ctx      *ctx;
    Batch     batch = { 0 };
    BatchView view;
    static int32_t ids[ROWS];
    static REAL    x[ROWS * COLS];
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 24));
    must(batch_add(&batch, 0, ids, NULL, ROWS, 0));
    ctx_begin(ctx, NULL, true);
    must(ctx_write_scalars(ctx, &(StepScalars){ .seed = 1, .step = 2 }));
    must(ctx_upload(ctx, &batch, 1, ROWS, 1, &view));
    for (int i = 0; i < ROWS * COLS; i++) x[i] = 1;
    Tensor *t = ctx_tensor(ctx, DIMS(ROWS, COLS));
    must(b->upload(b, t->data, x, sizeof x));
    Tensor *y = op_dropout(ctx, t, dropout_of_tokens(ctx, &view.streams[0], 0.1, 1));
    must(b->download(b, x, y->data, sizeof x));
    double sum = 0, zeros = 0;
    for (int i = 0; i < ROWS * COLS; i++) {
        sum += (double)x[i];
        zeros += x[i] == 0;
    }
    assert_true(sum / (ROWS * COLS) > 0.985 && sum / (ROWS * COLS) < 1.015);      /* 12,800 draws: deviation 0.003 */
    assert_true(zeros / (ROWS * COLS) > 0.087 && zeros / (ROWS * COLS) < 0.113);
    batch_release(&batch);
    ctx_free(ctx);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(elementwise_cases), cmocka_unit_test(dropout_keeps_the_mean) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
