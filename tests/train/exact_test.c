/* What training promises about bits and sums: accumulation, padding-free batches, recomputation, the guard backend. Built
 * in float and in double. */
#include "tests/harness/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness/guard.h"
#include "train/optim/optim.h"
#include "train/tasks/train_task.h"

enum { SEQS = 32, VOCAB = 50, LABELS = 5 };

typedef struct Setup {
    Backend   *backend;
    Model     *model;
    Ctx       *ctx;
    Optimizer *optimizer;
    TrainConfig train;
} Setup;

static void setup(Setup *s, Backend *backend, const char *task)
{
    ModelConfig c;
    const char *names[LABELS] = { "a", "b", "c", "d", "e" };
    StringList  labels = { 0 };
    const TaskDef *def;
    *s = (Setup){ .backend = backend };
    must(model_config_default(&c));
    c.vocab_size = VOCAB;
    c.hidden_size = 48;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 3;
    c.intermediate_size = 80;
    c.max_position_embeddings = 40;
    for (int i = 0; i < LABELS; i++) must(string_list_add(&labels, names[i]));
    must(task_need(&def, task));
    must(model_new(&s->model, backend, &c, def, &labels));
    must(params_allocate_grads(&s->model->params));
    must(params_fill_initial(&s->model->params, 3, 0.2));
    must(ctx_new(&s->ctx, backend, (size_t)256 << 20));
    s->train = (TrainConfig){ .learning_rate = 1e-2,
                              .weight_decay = 0.01,
                              .adam_beta1 = 0.9,
                              .adam_beta2 = 0.999,
                              .adam_epsilon = 1e-8,
                              .optim = "adamw" };
    must(optimizer_new(&s->optimizer, s->model, &s->train));
    model_config_release(&c);
    string_list_release(&labels);
}

static void teardown(Setup *s)
{
    optimizer_free(s->optimizer);
    ctx_free(s->ctx);
    model_free(s->model);
    backend_close(s->backend);
}

/* Sequences first .. first+n-1 of a fixed set of 32, lengths 3 to 37. */
static void fill(Batch *b, int first, int n)
{
    batch_clear(b);
    for (int q = first; q < first + n; q++) {
        int32_t ids[40], segments[40], len = 3 + (int32_t)rng_draw_below(1, 0, 0, (uint64_t)q, 35);
        for (int32_t i = 0; i < len; i++) {
            ids[i] = (int32_t)rng_draw_below(1, 0, 1 + (uint32_t)q, (uint64_t)i, VOCAB);
            segments[i] = i > len / 2;
        }
        int32_t row = (int32_t)b->streams[0].n_tokens;
        must(batch_add(b, 0, ids, segments, len, q));
        must(batch_add_label(b, q % LABELS));
        for (int32_t i = 0; i < len; i += 4) must(batch_add_token_label(b, row + i, ids[i]));
    }
    b->first_seq = first;
}

/* Gradient of all 32 sequences, in batches of `size`, before any division. Gives the loss. */
static double gradient(Setup *s, int size, double p_drop, REAL *out)
{
    const TrainTask *task;
    Batch            b = { 0 };
    Tape             tape;
    StepScalars      scalars = { .seed = 5, .step = 17 };
    must(train_task_need(&task, s->model->task->name));
    s->model->config.hidden_dropout_prob = p_drop;            /* the embeddings' dropout; blocks hold their own */
    must(params_zero_grads(&s->model->params));
    must(ctx_write_scalars(s->ctx, &scalars));
    for (int first = 0; first < SEQS; first += size) {
        BatchView view;
        fill(&b, first, size);
        ctx_begin(s->ctx, &tape, p_drop > 0);
        must(model_upload(s->ctx, s->model, &b, &view));
        task->loss(s->ctx, s->model, &s->train, &view);
        must(tape_backward(s->ctx));
    }
    must(ctx_read_scalars(s->ctx, &scalars));
    must(s->backend->download(s->backend, out, s->model->params.grads, (size_t)s->model->params.n_state * sizeof *out));
    batch_release(&b);
    return scalars.loss_sum;
}

static double difference(const REAL *a, const REAL *b, int64_t n)      /* |a - b| / |a| */
{
    double d = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        d += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += (double)a[i] * a[i];
    }
    return sqrt(d / norm);
}

static Backend *open_backend(int which)
{
    Backend *b;
#ifdef WHET_REF_ONLY
    (void)which;
    must(backend_open(&b, "ref"));
#else
    if (which) must(cpu_open(&b));
    else must(backend_open(&b, "ref"));
#endif
    return b;
}

static void check_sizes(const char *task, double p_drop)
{
    const double bar = sizeof(REAL) == sizeof(double) ? 1e-6 : 1e-5;
    for (int which = 0; which < 2; which++) {
        Setup s;
        setup(&s, open_backend(which), task);
        size_t n = (size_t)s.model->params.n_state;
        REAL  *whole = calloc(n, sizeof *whole), *parts = calloc(n, sizeof *parts);
        double loss = gradient(&s, 32, p_drop, whole);
        for (int size = 8; size >= 1; size /= 8) {                /* 4 x 8, and one sequence at a time */
            double other = gradient(&s, size, p_drop, parts), d = difference(whole, parts, (int64_t)n);
            if (!(d < bar) || !(fabs(loss - other) < bar * loss))
                fail_msg("%s in batches of %d: gradient differs by %g, loss %.12g and %.12g", task, size, d, loss,
                         other);
        }
        gradient(&s, 32, p_drop, parts);
        assert_memory_equal(whole, parts, n * sizeof *whole);      /* and the same call gives the same bits */
        free(whole);
        free(parts);
        teardown(&s);
    }
}

static void accumulation_with_dropout(void **state)    { (void)state; check_sizes("sequence-classification", 0.1); }
static void accumulation_without_dropout(void **state) { (void)state; check_sizes("sequence-classification", 0); }
static void accumulation_of_masked_lm(void **state)    { (void)state; check_sizes("masked-lm", 0.1); }

static void recomputation_gives_the_same_bits(void **state)
{
    (void)state;
    Setup s;
    setup(&s, open_backend(1), "sequence-classification");
    size_t n = (size_t)s.model->params.n_state;
    REAL  *kept = calloc(n, sizeof *kept), *again = calloc(n, sizeof *again);
    gradient(&s, 32, 0.1, kept);
    size_t high = s.ctx->step_data.high_water;
    s.ctx->step_data.high_water = 0;
    s.ctx->recompute = true;
    gradient(&s, 32, 0.1, again);
    assert_memory_equal(kept, again, n * sizeof *kept);
    assert_true(s.ctx->step_data.high_water < high);
    free(kept);
    free(again);
    teardown(&s);
}

/* Weights after two optimizer steps and an evaluation in between, on a backend. */
static void train_a_little(Backend *backend, const char *task, REAL *values, Outcome *outcomes)
{
    Setup            s;
    Batch            b = { 0 };
    BatchView        view;
    const TrainTask *t;
    setup(&s, backend, task);
    must(train_task_need(&t, task));
    REAL *scratch = calloc((size_t)s.model->params.n_state, sizeof *scratch);
    for (int step = 0; step < 2; step++) {
        gradient(&s, 16, 0.1, scratch);
        StepScalars sc;
        must(ctx_read_scalars(s.ctx, &sc));
        sc.learning_rate = 1e-2;
        sc.max_grad_norm = 1;
        must(ctx_write_scalars(s.ctx, &sc));
        must(optimizer_step(s.optimizer, s.ctx));
        must(ctx_read_scalars(s.ctx, &sc));
        assert_int_equal(sc.updates, 1);                            /* gradient() starts them anew */
        assert_int_equal(sc.finite, 1);
        ctx_begin(s.ctx, NULL, false);
        fill(&b, 0, SEQS);
        must(model_upload(s.ctx, s.model, &b, &view));
        memset(outcomes, 0, SEQS * sizeof *outcomes);
        must(t->score(s.ctx, s.model, &view, NULL, outcomes, NULL));
    }
    must(s.backend->download(s.backend, values, s.model->params.values,
                             (size_t)s.model->params.n_values * sizeof *values));
    batch_release(&b);
    free(scratch);
    teardown(&s);
}

/* The whole step, evaluation and inference run on memory that faults when the host looks at it, with ref's numbers. */
static void guard_runs_everything(void **state)
{
    (void)state;
    static const char *const tasks[] = { "sequence-classification", "masked-lm" };
    for (size_t i = 0; i < COUNT(tasks); i++) {
        Backend *ref, *guard;
        REAL    *a = calloc(1 << 20, sizeof *a), *b = calloc(1 << 20, sizeof *b);
        Outcome  x[SEQS], y[SEQS];
        must(backend_open(&ref, "ref"));
        train_a_little(ref, tasks[i], a, x);
        must(guard_open(&guard));
        train_a_little(guard, tasks[i], b, y);
        assert_memory_equal(a, b, (1 << 20) * sizeof *a);
        assert_memory_equal(x, y, sizeof x);
        free(a);
        free(b);
    }
}

/* A gradient that is not finite changes no weight, and the scalars say so. */
static void a_bad_step_changes_nothing(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        Setup       s;
        StepScalars sc;
        setup(&s, open_backend(which), "sequence-classification");
        size_t n = (size_t)s.model->params.n_values, g = (size_t)s.model->params.n_state;
        REAL  *before = calloc(n, sizeof *before), *after = calloc(n, sizeof *after), *grads = calloc(g, sizeof *grads);
        gradient(&s, 32, 0, grads);
        grads[g / 2] = NAN;
        must(s.backend->upload(s.backend, s.model->params.grads, grads, g * sizeof *grads));
        must(s.backend->download(s.backend, before, s.model->params.values, n * sizeof *before));
        must(optimizer_step(s.optimizer, s.ctx));
        must(s.backend->download(s.backend, after, s.model->params.values, n * sizeof *after));
        must(ctx_read_scalars(s.ctx, &sc));
        assert_memory_equal(before, after, n * sizeof *before);
        assert_int_equal(sc.finite, 0);
        assert_int_equal(sc.updates, 0);
        must(s.backend->download(s.backend, grads, s.model->params.grads, g * sizeof *grads));
        for (size_t i = 0; i < g; i++) assert_true(grads[i] == 0);
        free(before);
        free(after);
        free(grads);
        teardown(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accumulation_without_dropout), cmocka_unit_test(accumulation_with_dropout),
        cmocka_unit_test(accumulation_of_masked_lm),    cmocka_unit_test(recomputation_gives_the_same_bits),
        cmocka_unit_test(guard_runs_everything),        cmocka_unit_test(a_bad_step_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
