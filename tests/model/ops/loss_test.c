#include "tests/harness/test.h"

#include <math.h>

#include "tests/harness/op_check.h"

static Tensor *plain(Ctx *c, Tensor **in, const BatchView *b)
{
    op_cross_entropy(c, op_scale(c, in[0], 2), b->labels, 0, NULL);
    return NULL;
}

static Tensor *smoothed(Ctx *c, Tensor **in, const BatchView *b)
{
    op_cross_entropy(c, op_scale(c, in[0], 2), b->labels, 0.1, NULL);
    return NULL;
}

static Tensor *linear_ce(Ctx *c, Tensor **in, const BatchView *b)
{
    Tensor *rows = op_gather(c, op_scale(c, in[0], 1), b->label_rows, b->n_labelled);
    op_linear_cross_entropy(c, rows, in[1], in[2], b->token_labels, NULL, 2);       /* chunks of two rows */
    return NULL;
}

static const OpCase cases[] = {
    { .name = "cross-entropy",        .op = plain,     .in = { { { 3, 7 } } }, .lengths = { 1, 2, 3 }, .vocab = 7 },
    { .name = "label smoothing",      .op = smoothed,  .in = { { { 3, 7 } } }, .lengths = { 1, 2, 3 }, .vocab = 7 },
    { .name = "many classes",         .op = plain,     .in = { { { 2, 131 } } }, .lengths = { 4, 2 }, .vocab = 131 },
    { .name = "linear cross-entropy", .op = linear_ce, .in = { { { 9, 6 } }, { { 13, 6 } }, { { 13 } } }, .lengths = { 4, 5 }, .vocab = 13 },
};

static void loss_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

/* A label of BATCH_IGNORE adds nothing to loss, count or gradient. Uniform logits cost log V. */
static void ignored_rows_count_nothing(void **state)
{
    (void)state;
    const char *const names[] = { "ref",
#ifndef WHET_REF_ONLY
                                  "cpu",
#endif
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        Backend    *b;
        Ctx        *ctx;
        Tape        tape;
        StepScalars s;
        const int32_t labels[3] = { 2, BATCH_IGNORE, 0 };
        REAL          zeros[3 * 5] = { 0 };
        must(backend_open(&b, names[i]));
        must(ctx_new(&ctx, b, 1 << 20));
        ctx_begin(ctx, &tape, true);
        must(ctx_write_scalars(ctx, &(StepScalars){ 0 }));
        Tensor *x = ctx_tensor(ctx, DIMS(3, 5));
        x->wants_grad = true;
        must(b->upload(b, x->data, zeros, sizeof zeros));
        int32_t *l = ctx_data(ctx, sizeof labels);
        must(b->upload(b, l, labels, sizeof labels));
        op_cross_entropy(ctx, x, l, 0, NULL);
        must(ctx_read_scalars(ctx, &s));
        assert_true(s.count == 2);
        assert_true(fabs(s.loss_sum - 2 * log(5)) < 1e-6);
        must(b->download(b, zeros, x->grad, sizeof zeros));
        for (int c = 0; c < 5; c++) assert_true(zeros[5 + c] == 0);
        assert_true(fabs((double)zeros[2] - (0.2 - 1)) < 1e-6 && fabs((double)zeros[3] - 0.2) < 1e-6);
        ctx_free(ctx);
        backend_close(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(loss_cases), cmocka_unit_test(ignored_rows_count_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
