#include "tests/harness/test.h"

#include <math.h>
#include <string.h>

#include "tests/harness/op_check.h"

static Tensor *plain(Ctx *ctx, Tensor **in, const BatchView *b) { return op_attention(ctx, in[0], &b->streams[0], 2, false, (Dropout){ 0 }); }
static Tensor *causal(Ctx *ctx, Tensor **in, const BatchView *b) { return op_attention(ctx, in[0], &b->streams[0], 2, true, (Dropout){ 0 }); }

static Tensor *dropped(Ctx *ctx, Tensor **in, const BatchView *b)
{
    return op_attention(ctx, in[0], &b->streams[0], 3, false, dropout_of_tokens(ctx, &b->streams[0], 0.2, 9));
}

static const OpCase cases[] = {
    { .name = "one token",            .op = plain,   .in = { { { 1, 24 } } } },
    { .name = "lengths 1, 5, 2",      .op = plain,   .in = { { { 8, 24 } } }, .lengths = { 1, 5, 2 } },
    { .name = "causal",               .op = causal,  .in = { { { 9, 48 } } }, .lengths = { 6, 3 } },
    { .name = "odd head size",        .op = dropped, .in = { { { 7, 45 } } }, .lengths = { 4, 3 } },
    { .name = "dropout over 8 keys",  .op = dropped, .in = { { { 19, 36 } } }, .lengths = { 17, 2 } },
};

static void attention_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

enum { C = 16, T = 7 };

static void run(bool is_causal, const int64_t *lengths, int n_seqs, const REAL *qkv, REAL *out)
{
    Backend  *b;
    Ctx      *ctx;
    Batch     batch = { 0 };
    BatchView view;
    int32_t   ids[T] = { 0 };
    must(backend_open(&b, "ref"));
    must(ctx_new(&ctx, b, 1 << 22));
    for (int i = 0; i < n_seqs; i++) must(batch_add(&batch, 0, ids, NULL, lengths[i], i));
    ctx_begin(ctx, NULL, false);
    must(ctx_upload(ctx, &batch, 1, T, 1, &view));
    Tensor *x = ctx_tensor(ctx, DIMS(view.streams[0].n_tokens, 3 * C));
    must(b->upload(b, x->data, qkv, tensor_bytes(x)));
    Tensor *y = op_attention(ctx, x, &view.streams[0], 2, is_causal, (Dropout){ 0 });
    must(ctx->status);
    must(b->download(b, out, y->data, tensor_bytes(y)));
    batch_release(&batch);
    ctx_free(ctx);
    backend_close(b);
}

static void causal_ignores_what_comes_later(void **state)
{
    (void)state;
    REAL qkv[T * 3 * C], a[T * C], b[T * C];
    op_random(qkv, T * 3 * C, 1);
    run(true, (const int64_t[]){ T }, 1, qkv, a);
    op_random(qkv + 5 * 3 * C, 2 * 3 * C, 2);               /* other tokens 5 and 6 */
    run(true, (const int64_t[]){ T }, 1, qkv, b);
    assert_memory_equal(a, b, 5 * C * sizeof(REAL));
    assert_memory_not_equal(a + 5 * C, b + 5 * C, C * sizeof(REAL));
}

static void sequences_do_not_see_each_other(void **state)
{
    (void)state;
    REAL qkv[T * 3 * C], together[T * C], alone[4 * C];
    op_random(qkv, T * 3 * C, 1);
    run(false, (const int64_t[]){ 3, 4 }, 2, qkv, together);
    run(false, (const int64_t[]){ 4 }, 1, qkv + 3 * 3 * C, alone);
    assert_memory_equal(together + 3 * C, alone, sizeof alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_cases), cmocka_unit_test(causal_ignores_what_comes_later), cmocka_unit_test(sequences_do_not_see_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
