#include "tests/harness/test.h"

#include "tests/harness/op_check.h"

static Tensor *embed(Ctx *c, Tensor **in, const BatchView *b) { return op_embed(c, &b->streams[0], in[0], in[1], in[2]); }
static Tensor *words(Ctx *c, Tensor **in, const BatchView *b) { return op_embed(c, &b->streams[0], in[0], NULL, NULL); }
static Tensor *mean(Ctx *c, Tensor **in, const BatchView *b)  { return op_pool(c, in[0], &b->streams[0], POOL_MEAN); }
static Tensor *first(Ctx *c, Tensor **in, const BatchView *b) { return op_pool(c, in[0], &b->streams[0], POOL_FIRST); }
static Tensor *gather(Ctx *c, Tensor **in, const BatchView *b) { return op_gather(c, in[0], b->label_rows, b->n_labelled); }

static Tensor *pool_and_gather(Ctx *c, Tensor **in, const BatchView *b)       /* gradients of both add up in x */
{
    Tensor *a = op_pool(c, in[0], &b->streams[0], POOL_MEAN), *g = op_gather(c, in[0], b->label_rows, 2);
    return op_add(c, a, g);
}

static const OpCase cases[] = {
    { .name = "embed",           .op = embed,  .in = { { { 11, 9 } }, { { 8, 9 } }, { { 2, 9 } } }, .activations = 8, .lengths = { 5, 8, 1 }, .vocab = 11 },
    { .name = "words only",      .op = words,  .in = { { { 5, 16 } } }, .activations = 8, .lengths = { 9 }, .vocab = 5 },
    { .name = "mean",            .op = mean,   .in = { { { 8, 17 } } }, .lengths = { 5, 1, 2 } },
    { .name = "first",           .op = first,  .in = { { { 8, 17 } } }, .lengths = { 5, 1, 2 } },
    { .name = "gather",          .op = gather, .in = { { { 7, 10 } } }, .lengths = { 4, 3 } },
    { .name = "pool and gather", .op = pool_and_gather, .in = { { { 7, 10 } } }, .lengths = { 4, 3 } },
};

static void rows_cases(void **state)
{
    (void)state;
    op_check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rows_cases) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
