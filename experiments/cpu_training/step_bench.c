/* experiments/cpu_training/step_bench.c: the speed of whole training steps on dense batches.
 *
 *     step_bench MODEL BATCH TOKENS [STEPS [WARMUP [THREADS]]]         minilm | bert-base;  bench.py builds it
 *
 * A step is forward, backward, norm, clipping and AdamW of a two-class classifier with random weights, dropout 0.1 on
 * hidden states and attention, on BATCH sequences of TOKENS tokens each. One JSON line: medians with the extremes, the
 * matrix products' floating-point operations a second (backward counts twice forward), the process's peak memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/parallel.h"
#include "train/optim/optim.h"
#include "train/tasks/train_task.h"

enum { N_BATCHES = 4, MAX_STEPS = 1000, CLASSES = 2, FIRST_ID = 1000 };

typedef struct Shape { const char *name; int64_t layers, hidden, heads, ffn; } Shape;
static const Shape shapes[] = { { "minilm", 6, 384, 12, 1536 }, { "bert-base", 12, 768, 12, 3072 } };

static const TrainConfig train = { .learning_rate = 2e-5, .weight_decay = 0.01, .adam_beta1 = 0.9, .adam_beta2 = 0.999,
                                   .adam_epsilon = 1e-8, .max_grad_norm = 1, .optim = "adamw" };

typedef struct Bench {
    Backend         *backend;
    Model           *model;
    Optimizer       *optimizer;
    const TrainTask *task;
    Ctx             *ctx;
    Tape             tape;
    Batch            batches[N_BATCHES];
} Bench;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Status new_model(Bench *b, const Shape *s)
{
    static char   *names[CLASSES] = { "no", "yes" };
    ModelConfig    c;
    const TaskDef *task;
    TRY(model_config_default(&c));
    c.vocab_size = 30522;
    c.num_hidden_layers = s->layers;
    c.hidden_size = s->hidden;
    c.num_attention_heads = s->heads;
    c.intermediate_size = s->ffn;
    Status st = task_need(&task, "sequence-classification");
    if (st == OK) st = model_new(&b->model, b->backend, &c, task, &(StringList){ names, CLASSES });
    model_config_release(&c);
    if (st == OK) st = params_freeze(&b->model->params, NULL, 0, -1);
    if (st == OK) st = params_allocate_grads(&b->model->params);
    if (st == OK) st = params_fill_initial(&b->model->params, 1, 0.02);
    if (st == OK) st = optimizer_new(&b->optimizer, b->model, &train);
    return st;
}

static Status fill_batches(Bench *b, int64_t n_seqs, int64_t length)
{
    int32_t *ids = malloc((size_t)length * sizeof *ids);
    uint32_t state = 1;
    Status   s = ids ? OK : fail(ERR_MEMORY, "no memory for %lld tokens", (long long)length);
    for (int i = 0; i < N_BATCHES; i++)
        for (int64_t q = 0; q < n_seqs && s == OK; q++) {
            for (int64_t k = 0; k < length; k++) {
                state = state * 1664525u + 1013904223u;
                ids[k] = FIRST_ID + (int32_t)((state >> 8) % (30522 - FIRST_ID));
            }
            s = batch_add(&b->batches[i], 0, ids, NULL, length, q);
            if (s == OK) s = batch_add_label(&b->batches[i], (int32_t)(state >> 31));
        }
    free(ids);
    return s;
}

static Status step(Bench *b, int i, double *loss)
{
    BatchView   view;
    StepScalars s = { .seed = 1, .step = (uint32_t)i, .learning_rate = train.learning_rate, .max_grad_norm = train.max_grad_norm };
    TRY(ctx_begin_scalars(b->ctx, &s));
    ctx_begin(b->ctx, &b->tape, true);
    TRY(model_upload(b->ctx, b->model, &b->batches[i % N_BATCHES], &view));
    b->task->loss(b->ctx, b->model, &train, &view);
    TRY(tape_backward(b->ctx));
    TRY(optimizer_step(b->optimizer, b->ctx));
    TRY(ctx_read_scalars(b->ctx, &s));
    *loss = s.loss_sum / s.count;
    return s.finite ? OK : fail(ERR_NUMERIC, "step %d is not finite", i);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Products only, as in the peer's script: projections, feed-forward, scores and weighted sum, pooler. */
static double flops(const Shape *s, int64_t n_seqs, int64_t length)
{
    double h = (double)s->hidden, b = (double)n_seqs, t = (double)length;
    double token = (double)s->layers * (8 * h * h + 4 * h * (double)s->ffn + 4 * t * h);
    return 3 * (b * t * token + b * 2 * h * h);
}

static Status measure(Bench *b, const Shape *s, int64_t n_seqs, int64_t length, int steps, int warmup)
{
    static double seconds[MAX_STEPS];
    double        loss;
    struct rusage u;
    for (int i = 0; i < warmup; i++) TRY(step(b, i, &loss));
    for (int i = 0; i < steps; i++) {
        double t = now();
        TRY(step(b, warmup + i, &loss));
        seconds[i] = now() - t;
    }
    qsort(seconds, (size_t)steps, sizeof *seconds, by_size);
    double median = (seconds[(steps - 1) / 2] + seconds[steps / 2]) / 2, tokens = (double)(n_seqs * length);
    getrusage(RUSAGE_SELF, &u);
    printf("{\"model\": \"%s\", \"batch\": %lld, \"tokens\": %lld, \"threads\": %d, \"backend\": \"%s\", \"steps\": %d, "
           "\"ms_med\": %.2f, \"ms_min\": %.2f, \"ms_max\": %.2f, \"tok_s\": %.1f, \"tok_s_min\": %.1f, \"tok_s_max\": %.1f, "
           "\"gflops\": %.1f, \"rss_mib\": %ld, \"loss\": %.4f}\n",
           s->name, (long long)n_seqs, (long long)length, parallel_threads(), b->backend->description, steps, median * 1e3,
           seconds[0] * 1e3, seconds[steps - 1] * 1e3, tokens / median, tokens / seconds[steps - 1], tokens / seconds[0],
           flops(s, n_seqs, length) / median / 1e9, u.ru_maxrss / 1024, loss);
    return OK;
}

static Status run(const Shape *s, int64_t n_seqs, int64_t length, int steps, int warmup)
{
    Bench  b = { 0 };
    Status st = backend_open(&b.backend, "cpu");
    if (st == OK) st = new_model(&b, s);
    if (st == OK) st = train_task_need(&b.task, b.model->task->name);
    if (st == OK) st = fill_batches(&b, n_seqs, length);
    if (st == OK) st = ctx_new(&b.ctx, b.backend, (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE));
    if (st == OK) st = ctx_write_scalars(b.ctx, &(StepScalars){ 0 });
    if (st == OK) st = measure(&b, s, n_seqs, length, steps, warmup);
    ctx_free(b.ctx);
    optimizer_free(b.optimizer);
    model_free(b.model);
    for (int i = 0; i < N_BATCHES; i++) batch_release(&b.batches[i]);
    backend_close(b.backend);
    return st;
}

int main(int argc, char **argv)
{
    const Shape *shape = NULL;
    for (size_t i = 0; i < COUNT(shapes) && argc > 1; i++) if (strcmp(argv[1], shapes[i].name) == 0) shape = &shapes[i];
    long batch = argc > 2 ? atol(argv[2]) : 0, tokens = argc > 3 ? atol(argv[3]) : 0;
    int  steps = argc > 4 ? atoi(argv[4]) : 10, warmup = argc > 5 ? atoi(argv[5]) : 2;
    if (!shape || batch < 1 || tokens < 1 || tokens > 512 || steps < 1 || steps > MAX_STEPS || warmup < 0) {
        fprintf(stderr, "usage: step_bench minilm|bert-base BATCH TOKENS [STEPS [WARMUP [THREADS]]]\n");
        return 2;
    }
    parallel_set_threads(argc > 6 ? atoi(argv[6]) : 0);
    if (run(shape, batch, tokens, steps, warmup) == OK) return 0;
    status_print_last(stderr, false);
    return 1;
}
