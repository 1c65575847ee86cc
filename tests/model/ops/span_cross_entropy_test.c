#include "tests/harness/test.h"

#include <math.h>

#include "tests/harness/op_check.h"

static Tensor *span(Ctx *c, Tensor **in, const BatchView *b)
{
    op_span_cross_entropy(c, op_scale(c, in[0], 2), &b->streams[0], b->spans, NULL);
    return NULL;
}

static const OpCase cases[] = {
    { .name = "one token",          .op = span, .in = { { { 1, 2 } } }, .lengths = { 1 } },
    { .name = "one sequence",       .op = span, .in = { { { 7, 2 } } }, .lengths = { 7 } },
    { .name = "sequences in a row", .op = span, .in = { { { 42, 2 } } }, .lengths = { 5, 1, 33, 3 } },
};

static void span_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

/* Equal logits over n tokens cost log n, whatever the other sequence holds; a sequence is one term of the mean. */
static void by_hand(void **state)
{
    (void)state;
    const REAL    logits[] = { 0, 5, 0, 5, 0, 5, 100, 100, 100, 100 };      /* 3 tokens, then 2 */
    const int32_t ids[] = { 0, 0, 0 };
    REAL          got[10];
    Backend      *b;
    Ctx          *ctx;
    Tape          tape;
    Batch         batch = { 0 };
    BatchView     view;
    StepScalars   s;
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 20));
    must(batch_add(&batch, 0, ids, NULL, 3, 0));
    must(batch_add_span(&batch, 1, 2));
    must(batch_add(&batch, 0, ids, NULL, 2, 1));
    must(batch_add_span(&batch, 0, 0));
    ctx_begin(ctx, &tape, true);
    must(ctx_write_scalars(ctx, &(StepScalars){ 0 }));
    must(ctx_upload(ctx, &batch, 1, 4, 1, &view));
    Tensor *t = ctx_tensor(ctx, DIMS(5, 2));
    t->wants_grad = true;
    REAL *row_loss = ctx_data(ctx, 2 * sizeof *row_loss);
    must(b->upload(b, t->data, logits, sizeof logits));
    op_span_cross_entropy(ctx, t, &view.streams[0], view.spans, row_loss);
    must(ctx_read_scalars(ctx, &s));
    assert_float_equal(s.loss_sum, log(3) + log(2), 1e-6);
    assert_float_equal(s.count, 2, 0);
    must(b->download(b, got, row_loss, 2 * sizeof *got));
    assert_float_equal(got[0], log(3), 1e-6);
    assert_float_equal(got[1], log(2), 1e-6);
    must(b->download(b, got, t->grad, sizeof got));
    const double third = 1 / 6.0, want[] = { third, third, third - 0.5, third, third, third - 0.5,
                                             -0.25, -0.25, 0.25, 0.25 };
    for (int i = 0; i < 10; i++) assert_float_equal(got[i], want[i], 1e-6);
    batch_release(&batch);
    ctx_free(ctx);
    backend_close(b);
}

/* A place outside its sequence never reaches the kernel. */
static void a_span_outside_is_refused(void **state)
{
    (void)state;
    static const int32_t bad[][2] = { { 0, 3 }, { -1, 0 }, { 3, 3 } };
    const int32_t ids[] = { 0, 0, 0 };
    Backend *b;
    Ctx     *ctx;
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 20));
    for (size_t i = 0; i < COUNT(bad); i++) {
        Batch     batch = { 0 };
        BatchView view;
        must(batch_add(&batch, 0, ids, NULL, 3, 0));
        must(batch_add_span(&batch, bad[i][0], bad[i][1]));
        ctx_begin(ctx, NULL, false);
        assert_int_equal(ctx_upload(ctx, &batch, 1, 4, 1, &view), ERR_DATA);
        batch_release(&batch);
    }
    ctx_free(ctx);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(span_cases), cmocka_unit_test(by_hand),
                                        cmocka_unit_test(a_span_outside_is_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
