/* tests/parity/bert_test.c: our BERT against the usual implementation, on the folders that tools/fixtures.py wrote.
 *
 * For every folder and backend: each named tensor of the forward pass, the loss, every parameter's gradient, twenty
 * AdamW steps (clipping, decay groups, warm-up and decay of the rate), and the embedding. The first tensor that differs
 * is named, with the place and both values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/test.h"

#include "core/arena.h"
#include "model/bundle.h"
#include "train/optim/optim.h"
#include "train/schedule.h"
#include "train/tasks/train_task.h"

enum { MAX_SEEN = 32 };

static const char *const folders[] = {
    "tests/parity/bert_classify_gelu", "tests/parity/bert_classify_gelu_new", "tests/parity/bert_mlm_gelu",
    "tests/parity/bert_regression",    "tests/parity/bert_tags",              "tests/parity/bert_answers",
};
static const char *const backends[] = { "ref", "cpu", "cuda" };

/* ---- what the fixture expects ---------------------------------------------------------------------------------------- */

typedef struct Case {
    const char      *backend_name;
    Backend         *backend;
    Bundle           bundle;
    ArrayFile       *expected;
    Model           *model;
    const TrainTask *task;
    Ctx             *ctx;
    Tape             tape;
    Batch            batch;
    char             seen[MAX_SEEN][TENSOR_NAME];
    int              n_seen;
} Case;

static const ArrayInfo *find(const Case *c, const char *name)
{
    const ArrayInfo *info = array_file_find(c->expected, name);
    if (!info) fail_msg("%s has no %s", array_file_path(c->expected), name);
    return info;
}

static REAL *reals(const Case *c, const char *name)
{
    const ArrayInfo *info = find(c, name);
    REAL *v = calloc((size_t)info->count, sizeof *v);
    assert_non_null(v);
    must(array_file_read_real(c->expected, info, 0, info->count, v));
    return v;
}

static int32_t *ints(const Case *c, const char *name, int64_t *count)
{
    const ArrayInfo *info = find(c, name);
    int32_t *v = calloc((size_t)info->count + 1, sizeof *v);
    assert_non_null(v);
    assert_int_equal(info->dtype, DTYPE_I32);
    must(array_file_read(c->expected, info, 0, info->count, v));
    if (count) *count = info->count;
    return v;
}

/* Every element within `tolerance` of what is expected. */
static void same(const Case *c, const char *name, const REAL *got, int64_t n, double tolerance)
{
    REAL *want = reals(c, name);
    assert_int_equal(find(c, name)->count, n);
    int64_t worst = 0;
    for (int64_t i = 1; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= fabs((double)got[worst] - (double)want[worst]))) worst = i;
    if (!(fabs((double)got[worst] - (double)want[worst]) <= tolerance))
        fail_msg("%s on %s: %s[%lld] is %.7g, expected %.7g", c->bundle.name, c->backend_name, name, (long long)worst,
                 (double)got[worst], (double)want[worst]);
    free(want);
}

/* ---- a case ----------------------------------------------------------------------------------------------------------- */

static int32_t *ints_if_there(const Case *c, const char *name, int64_t *count)
{
    return array_file_find(c->expected, name) ? ints(c, name, count) : NULL;
}

/* Sequences use[0..n_use) of the fixture; NULL: all of them. */
static void fill_batch(Case *c, const int32_t *use, int64_t n_use)
{
    int64_t  n_labelled = 0, n_bounds;
    int32_t *ids = ints(c, "ids", NULL), *segments = ints(c, "segments", NULL), *cu = ints(c, "cu_seqlens", &n_bounds);
    int32_t *labels = ints_if_there(c, "labels", NULL), *rows = ints_if_there(c, "label_rows", &n_labelled),
            *token_labels = ints_if_there(c, "token_labels", NULL), *spans = ints_if_there(c, "spans", NULL);
    REAL    *targets = array_file_find(c->expected, "targets") ? reals(c, "targets") : NULL;
    batch_clear(&c->batch);
    for (int64_t k = 0; k < (use ? n_use : n_bounds - 1); k++) {
        int32_t s = use ? use[k] : (int32_t)k, first = cu[s];
        int32_t at = (int32_t)c->batch.streams[0].n_tokens;
        must(batch_add(&c->batch, 0, ids + first, segments + first, cu[s + 1] - first, s));
        if (labels) must(batch_add_label(&c->batch, labels[s]));
        if (targets) must(batch_add_target(&c->batch, (float)targets[s]));
        if (spans) must(batch_add_span(&c->batch, spans[2 * s], spans[2 * s + 1]));
        for (int64_t i = 0; i < n_labelled; i++)
            if (rows[i] >= first && rows[i] < cu[s + 1])
                must(batch_add_token_label(&c->batch, at + rows[i] - first, token_labels[i]));
    }
    free(ids), free(segments), free(cu), free(labels), free(rows), free(token_labels), free(spans), free(targets);
}

static bool open_case(Case *c, const char *folder, const char *backend, const char *task)
{
    static bool said;
    char        path[256];
    *c = (Case){ .backend_name = backend };
    if (backend_open(&c->backend, backend) != OK) {
        if (!said) print_message("skipped on %s: %s\n", backend, status_fact());
        said = true;
        return false;
    }
    snprintf(path, sizeof path, "%s/expected.safetensors", folder);
    must(bundle_open(&c->bundle, folder, NULL));
    must(bundle_model(&c->bundle, c->backend, task, &c->model));
    must(array_file_open(&c->expected, path));
    must(ctx_new(&c->ctx, c->backend, 256 << 20));
    if (!task) must(train_task_need(&c->task, c->model->task->name));
    fill_batch(c, NULL, 0);
    return true;
}

static void close_case(Case *c)
{
    ctx_free(c->ctx);
    batch_release(&c->batch);
    array_file_close(c->expected);
    model_free(c->model);
    bundle_close(&c->bundle);
    backend_close(c->backend);
}

static void for_each(void (*check)(Case *c), const char *task)
{
    for (size_t f = 0; f < COUNT(folders); f++)
        for (size_t b = 0; b < COUNT(backends); b++) {
            Case c;
            if (!open_case(&c, folders[f], backends[b], task)) continue;
            check(&c);
            close_case(&c);
        }
}

/* ---- forward ---------------------------------------------------------------------------------------------------------- */

static void on_named(void *arg, const Tensor *t, const REAL *values)
{
    Case *c = arg;
    char  name[TENSOR_NAME + 8];
    snprintf(name, sizeof name, "out.%s", t->name);
    if (!array_file_find(c->expected, name)) return;
    same(c, name, values, tensor_count(t), 1e-4);
    assert_in_range(c->n_seen, 0, MAX_SEEN - 1);
    snprintf(c->seen[c->n_seen++], TENSOR_NAME, "%s", t->name);
}

/* The fixture's tensors were all there, but for those in `except`. */
static void saw_all(const Case *c, const char *except)
{
    for (size_t i = 0; i < array_file_count(c->expected); i++) {
        const char *name = array_file_at(c->expected, i)->name;
        if (strncmp(name, "out.", 4) != 0 || strcmp(name + 4, except) == 0) continue;
        bool seen = false;
        for (int k = 0; k < c->n_seen; k++) seen |= strcmp(c->seen[k], name + 4) == 0;
        if (!seen) fail_msg("%s on %s: nothing was named %s", c->bundle.name, c->backend_name, name + 4);
    }
}

static void check_inference(Case *c)
{
    BatchView view;
    c->ctx->on_named = on_named;
    c->ctx->on_named_arg = c;
    ctx_begin(c->ctx, NULL, false);
    must(model_upload(c->ctx, c->model, &c->batch, &view));
    model_forward(c->ctx, c->model, &view);
    must(c->ctx->status);
    saw_all(c, "");
}

static void test_inference(void **state) { (void)state; for_each(check_inference, NULL); }

/* ---- loss and gradients ----------------------------------------------------------------------------------------------- */

/* Forward and backward of one micro-batch, without dropout; the step's scalars so far. */
static StepScalars add_micro_batch(Case *c, double label_smoothing)
{
    BatchView   view;
    StepScalars s;
    TrainConfig t = { .label_smoothing_factor = label_smoothing };
    ctx_begin(c->ctx, &c->tape, false);
    must(model_upload(c->ctx, c->model, &c->batch, &view));
    c->task->loss(c->ctx, c->model, &t, &view);
    must(tape_backward(c->ctx));
    must(ctx_read_scalars(c->ctx, &s));
    return s;
}

static StepScalars loss_and_gradients(Case *c, double rate)
{
    must(ctx_begin_scalars(c->ctx, &(StepScalars){ .seed = 1, .learning_rate = rate, .max_grad_norm = 1 }));
    return add_micro_batch(c, 0);
}

static void make_trainable(Case *c)
{
    must(params_freeze(&c->model->params, NULL, 0, -1));
    must(params_allocate_grads(&c->model->params));
}

static double norm(const REAL *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

static double norm_of_all(const Case *c)
{
    double sum = 0;
    for (size_t i = 0; i < array_file_count(c->expected); i++) {
        const ArrayInfo *info = array_file_at(c->expected, i);
        if (strncmp(info->name, "grad.", 5) != 0) continue;
        REAL *v = reals(c, info->name);
        sum += pow(norm(v, info->count), 2);
        free(v);
    }
    return sqrt(sum);
}

/* One parameter as the file has it; got is the sum's gradient, count what the mean divides by. */
static void same_gradient(const Case *c, const char *parameter, const REAL *got, int64_t n, double count, double all)
{
    char name[256];
    snprintf(name, sizeof name, "grad.%s", parameter);
    assert_int_equal(find(c, name)->count, n);
    REAL  *want = reals(c, name);
    double difference = 0, least = fmax(norm(want, n), 1e-3 * all);
    for (int64_t i = 0; i < n; i++) difference += pow((double)got[i] / count - (double)want[i], 2);
    if (!(sqrt(difference) <= 1e-3 * least))
        fail_msg("%s on %s: the gradient of %s is off by %.3g; its norm is %.3g, that of all %.3g", c->bundle.name,
                 c->backend_name, parameter, sqrt(difference), norm(want, n), all);
    free(want);
}

static void same_gradients(const Case *c, double count)
{
    const Params *ps = &c->model->params;
    double        all = norm_of_all(c);
    size_t        compared = 0, expected = 0;
    for (size_t i = 0; i < ps->n; i++) {
        const Param *p = ps->list[i];
        assert_true(p->trainable);
        REAL *got = calloc((size_t)p->n, sizeof *got);
        assert_non_null(got);
        must(c->backend->download(c->backend, got, p->tensor.grad, (size_t)p->n * sizeof *got));
        int64_t width = p->n / p->tensor.shape[0], at = 0;
        for (int k = 0; k < p->n_slices; k++, compared++) {
            same_gradient(c, p->slices[k].name, got + at, p->slices[k].rows * width, count, all);
            at += p->slices[k].rows * width;
        }
        free(got);
    }
    for (size_t i = 0; i < array_file_count(c->expected); i++)
        expected += strncmp(array_file_at(c->expected, i)->name, "grad.", 5) == 0;
    assert_int_equal(compared, expected);
}

static void check_gradients(Case *c)
{
    c->ctx->on_named = on_named;
    c->ctx->on_named_arg = c;
    make_trainable(c);
    StepScalars s = loss_and_gradients(c, 0);
    REAL loss = (REAL)(s.loss_sum / s.count);
    same(c, "loss", &loss, 1, 1e-4);
    saw_all(c, c->model->task->rows == ROW_LABELLED ? "logits" : ""); /* of tokens they exist a chunk at a time, unnamed */
    same_gradients(c, s.count);
}

static void test_gradients(void **state) { (void)state; for_each(check_gradients, NULL); }

/* Blocks computed again in backward give the same gradients. */
static void check_recomputation(Case *c)
{
    make_trainable(c);
    c->ctx->recompute = true;
    same_gradients(c, loss_and_gradients(c, 0).count);
}

static void test_recomputation(void **state) { (void)state; for_each(check_recomputation, NULL); }

/* A batch in two parts gives the same sums. */
static void check_accumulation(Case *c)
{
    static const int32_t parts[2][3] = { { 4, 0, 5 }, { 2, 1, 3 } };
    StepScalars          s = { .seed = 1 };
    make_trainable(c);
    must(ctx_begin_scalars(c->ctx, &s));
    for (size_t i = 0; i < COUNT(parts); i++) {
        fill_batch(c, parts[i], COUNT(parts[i]));
        s = add_micro_batch(c, 0);
    }
    REAL loss = (REAL)(s.loss_sum / s.count);
    same(c, "loss", &loss, 1, 1e-4);
    same_gradients(c, s.count);
}

static void test_accumulation(void **state) { (void)state; for_each(check_accumulation, NULL); }

static void check_label_smoothing(Case *c)
{
    if (!array_file_find(c->expected, "smoothed_loss")) return;
    make_trainable(c);
    must(ctx_begin_scalars(c->ctx, &(StepScalars){ .seed = 1 }));
    StepScalars s = add_micro_batch(c, 0.1);
    REAL loss = (REAL)(s.loss_sum / s.count);
    same(c, "smoothed_loss", &loss, 1, 1e-4);
}

static void test_label_smoothing(void **state) { (void)state; for_each(check_label_smoothing, NULL); }

/* ---- twenty steps ----------------------------------------------------------------------------------------------------- */

static void check_steps(Case *c)
{
    static const TrainConfig t = { .learning_rate = 1e-3,
                                   .warmup_steps = 4,
                                   .weight_decay = 0.01,
                                   .adam_beta1 = 0.9,
                                   .adam_beta2 = 0.999,
                                   .adam_epsilon = 1e-8,
                                   .max_grad_norm = 1,
                                   .lr_scheduler_type = "linear",
                                   .optim = "adamw" };
    Optimizer *o;
    make_trainable(c);
    must(optimizer_new(&o, c->model, &t));
    must(ctx_write_scalars(c->ctx, &(StepScalars){ 0 }));
    int32_t *use = ints(c, "steps.use", NULL);
    int64_t  n = find(c, "steps.loss")->count, b = find(c, "steps.use")->shape[1];
    REAL     losses[64], norms[64], rates[64];
    assert_in_range(n, 1, 64);
    for (int64_t i = 0; i < n; i++) {
        fill_batch(c, use + i * b, b);
        rates[i] = (REAL)schedule_rate(&t, i, n);
        loss_and_gradients(c, schedule_rate(&t, i, n));
        must(optimizer_step(o, c->ctx));
        StepScalars s;
        must(ctx_read_scalars(c->ctx, &s));
        assert_true(s.finite);
        losses[i] = (REAL)(s.loss_sum / s.count);
        norms[i] = (REAL)s.grad_norm;
    }
    same(c, "steps.rate", rates, n, 1e-9);
    same(c, "steps.loss", losses, n, 1e-3);
    same(c, "steps.norm", norms, n, 1e-2);
    free(use);
    optimizer_free(o);
}

static void test_steps(void **state) { (void)state; for_each(check_steps, NULL); }

/* ---- embedding -------------------------------------------------------------------------------------------------------- */

static void check_embedding(Case *c)
{
    BatchView view;
    if (!array_file_find(c->expected, "embedding")) return;
    ctx_begin(c->ctx, NULL, false);
    must(model_upload(c->ctx, c->model, &c->batch, &view));
    const Tensor *y = model_forward(c->ctx, c->model, &view);
    must(c->ctx->status);
    REAL *got = calloc((size_t)tensor_count(y), sizeof *got);
    assert_non_null(got);
    must(c->backend->download(c->backend, got, y->data, tensor_bytes(y)));
    same(c, "embedding", got, tensor_count(y), 1e-5);
    free(got);
}

static void test_embedding(void **state) { (void)state; for_each(check_embedding, "embedding"); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inference),       cmocka_unit_test(test_gradients), cmocka_unit_test(test_recomputation),
        cmocka_unit_test(test_accumulation),    cmocka_unit_test(test_label_smoothing),
        cmocka_unit_test(test_steps),           cmocka_unit_test(test_embedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
