/* experiments/kernels/kbench.c: where the time of a training step or a forward pass goes, slot by slot.
 *
 * Runs the kernel calls of a whole BERT-like step (every layer with its own weights and activations, so caches are as
 * cold as in life), times each call, and prints the median over the steps of each kind's sum, beside the machine's own
 * limits: a loop of FMAs and a triad on all threads. See README.md for how to build and what was found.
 *
 *     kbench [MODEL BATCH MODE [STEPS]]     minilm | bert;  16x128, 32xshort, 1x16 ...;  train | infer */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/parallel.h"
#include "kernels/backend.h"

enum { MAX_KINDS = 48, MAX_STEPS = 400, MAX_LAYERS = 24 };

typedef struct Model { const char *name; int64_t layers, C, heads, ffn, vocab, places, classes; } Model;

static const Model models[] = {
    { "minilm", 6,  384, 12, 1536, 30522, 512, 77 },
    { "bert",   12, 768, 12, 3072, 30522, 512, 77 },
};

typedef struct Kind { const char *name; double work, step_us[MAX_STEPS], us, fastest; int calls; bool flops; } Kind;

static Kind     kinds[MAX_KINDS];
static int      n_kinds, step_index;
static double   peak_gflops, peak_gbs;
static Backend *b;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, c = *(const double *)y;
    return (a > c) - (a < c);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return x[n / 2];
}

/* ---- the machine's limits ------------------------------------------------------------------------------------------ */

typedef float Vec __attribute__((vector_size(64)));

static double measure_flops(void)
{
    enum { ROUNDS = 2000000, CHAINS = 12 };
    double best = 0;
    for (int rep = 0; rep < 5; rep++) {
        float  sink = 0;
        double t = now_us();
#pragma omp parallel num_threads(parallel_threads()) reduction(+ : sink)
        {
            Vec acc[CHAINS], x = (Vec){ 0 } + 1e-9f * (float)omp_get_thread_num(), y = (Vec){ 0 } + 0.5f;
            for (int c = 0; c < CHAINS; c++) acc[c] = x + (float)c;      /* different, or the compiler keeps one chain */
            for (int i = 0; i < ROUNDS; i++)
#pragma GCC unroll 12
                for (int c = 0; c < CHAINS; c++) acc[c] = acc[c] * y + x;
            for (int c = 0; c < CHAINS; c++) sink += acc[c][0];
        }
        double rate = 2.0 * 16 * CHAINS * ROUNDS * parallel_threads() / (now_us() - t) * 1e-3 + 0 * sink;
        if (rate > best) best = rate;
    }
    return best;
}

static double measure_triad(void)
{
    const int64_t n = 16 << 20;
    float        *x = malloc((size_t)n * 4), *y = malloc((size_t)n * 4), *z = malloc((size_t)n * 4);
    double        best = 0;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
    for (int64_t i = 0; i < n; i++) x[i] = y[i] = z[i] = 1;
    for (int rep = 0; rep < 8; rep++) {
        double t = now_us();
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
        for (int64_t i = 0; i < n; i++) z[i] = x[i] + 3 * y[i];
        double rate = 4.0 * 4 * (double)n / (now_us() - t) * 1e-3;      /* z is read too before it is written */
        if (rate > best) best = rate;
    }
    free(x);
    free(y);
    free(z);
    return best;
}

/* ---- memory and timing --------------------------------------------------------------------------------------------- */

static uint32_t noise = 1;

static void *device(size_t bytes)
{
    void *p;
    if (b->alloc(b, &p, bytes) != OK) exit(1);
    return p;
}

static float *numbers(int64_t n, float scale)
{
    float *p = device((size_t)n * 4);
    for (int64_t i = 0; i < n; i++) {
        noise = noise * 1664525u + 1013904223u;
        p[i] = scale * ((float)(noise >> 8) / 8388608.0f - 1);
    }
    return p;
}

static void count(const char *name, double us, double work, bool flops)
{
    int k = 0;
    while (k < n_kinds && strcmp(kinds[k].name, name) != 0) k++;
    if (k == n_kinds) kinds[n_kinds++] = (Kind){ .name = name, .flops = flops };
    kinds[k].us += us;
    if (step_index == 0) {
        kinds[k].work += work;
        kinds[k].calls++;
    }
}

#define TIMED(name, work, flops, call)                 \
    do {                                               \
        double begin_ = now_us();                      \
        if ((call) != OK) status_print_last(stderr, false), exit(1); \
        count(name, now_us() - begin_, work, flops);   \
    } while (0)

/* ---- a step -------------------------------------------------------------------------------------------------------- */

typedef struct Dense { float *w, *bias, *dw, *dbias; int64_t in, out; } Dense;
typedef struct Norm { float *gamma, *beta, *dgamma, *dbeta, *r, *mean, *rstd; } Norm;
typedef struct Layer {
    Dense  qkv, proj, up, down;
    Norm   norm1, norm2;
    float *x, *qkv_y, *o, *lse, *proj_y, *mid, *up_y, *act, *down_y;      /* x: the layer's input; mid: after norm1 */
} Layer;

static struct {
    Model   m;
    int64_t N, B, longest, n_params;
    int32_t *cu, *ids, *positions, *segments, *row_seq, *labels;
    float  *values, *grads, *m1, *m2, *top, *pooled, *logits, *dx, *dy, *dmid, *dbig, *dqkv, *dpooled;
    Layer   layer[MAX_LAYERS];
    Dense   head, word, place, segment;
    Norm    norm0;
    StepScalars *scalars;
    OptimChunk   chunks[1];
    void   *workspace;
    double  p;
    bool    train;
} s;

static float *param(int64_t n, float **grad)
{
    float *p = s.values + s.n_params;
    *grad = s.grads + s.n_params;
    for (int64_t i = 0; i < n; i++) {
        noise = noise * 1664525u + 1013904223u;
        p[i] = 0.05f * ((float)(noise >> 8) / 8388608.0f - 1);
    }
    s.n_params += (n + 63) / 64 * 64;
    return p;
}

static Dense dense(int64_t in, int64_t out)
{
    Dense d = { .in = in, .out = out };
    d.w = param(in * out, &d.dw);
    d.bias = param(out, &d.dbias);
    return d;
}

static Norm norm(int64_t N, int64_t C)
{
    Norm n = { .r = numbers(N * C, 0), .mean = numbers(N, 0), .rstd = numbers(N, 0) };
    n.gamma = param(C, &n.dgamma);
    n.beta = param(C, &n.dbeta);
    for (int64_t i = 0; i < C; i++) n.gamma[i] += 1;
    return n;
}

static void linear_forward(const char *name, const Dense *d, const float *x, float *y, int64_t rows)
{
    LinearArgs a = { .dtype = DTYPE_F32, .rows = rows, .in = d->in, .out = d->out, .x = x, .w = d->w, .bias = d->bias, .y = y,
                     .workspace = s.workspace };
    TIMED(name, 2e-3 * (double)rows * (double)d->in * (double)d->out, true, b->kernels.linear_fwd(b->dev, &a));
}

static void linear_backward(const char *input, const char *weight, const Dense *d, const float *x, const float *dy, float *dx,
                            int64_t rows, bool add)
{
    LinearArgs a = { .dtype = DTYPE_F32, .rows = rows, .in = d->in, .out = d->out, .x = x, .w = d->w, .dy = dy, .dx = dx,
                     .dw = d->dw, .dbias = d->dbias, .accumulate_dx = add, .workspace = s.workspace };
    double work = 2e-3 * (double)rows * (double)d->in * (double)d->out;
    TIMED(weight, work, true, b->kernels.linear_bwd_weight(b->dev, &a));
    TIMED(input, work, true, b->kernels.linear_bwd_input(b->dev, &a));
}

static Dropout drop(uint32_t site)
{
    return (Dropout){ .p = s.train ? s.p : 0, .site = site, .key = s.scalars, .row_position = s.positions, .row_seq = s.row_seq };
}

static AddNormArgs norm_args(const Norm *n, uint32_t site)
{
    return (AddNormArgs){ .dtype = DTYPE_F32, .rows = s.N, .cols = s.m.C, .eps = 1e-12, .drop = drop(site), .gamma = n->gamma,
                          .beta = n->beta, .mean = n->mean, .rstd = n->rstd, .workspace = s.workspace };
}

static void norm_forward(const Norm *n, const float *x, const float *residual, float *y, uint32_t site)
{
    AddNormArgs a = norm_args(n, site);
    a.x = x;
    a.residual = residual;
    a.r = s.train ? n->r : NULL;
    a.y = y;
    double bytes = (double)s.N * (double)s.m.C * 4e-3 * (2 + (residual != NULL) + s.train);
    TIMED("add_norm fwd", bytes, false, b->kernels.add_norm_fwd(b->dev, &a));
}

static void norm_backward(const Norm *n, const float *dy, float *dx, float *dresidual, uint32_t site)
{
    AddNormArgs a = norm_args(n, site);
    a.r = n->r;
    a.dy = dy;
    a.dx = dx;
    a.dresidual = dresidual;
    a.dgamma = n->dgamma;
    a.dbeta = n->dbeta;
    double bytes = (double)s.N * (double)s.m.C * 4e-3 * (3 + (dresidual != NULL));
    TIMED("add_norm bwd", bytes, false, b->kernels.add_norm_bwd(b->dev, &a));
}

static AttentionArgs attention_args(Layer *l, uint32_t site)
{
    int64_t C = s.m.C;
    return (AttentionArgs){ .dtype = DTYPE_F32, .n_seqs = s.B, .n_queries = s.N, .n_keys = s.N, .max_q = s.longest,
                            .max_k = s.longest, .heads = s.m.heads, .head_size = C / s.m.heads, .cu_q = s.cu, .cu_k = s.cu,
                            .scale = 1 / sqrt((double)C / (double)s.m.heads), .drop = drop(site), .q = l->qkv_y,
                            .k = l->qkv_y + C, .v = l->qkv_y + 2 * C, .q_stride = 3 * C, .k_stride = 3 * C, .v_stride = 3 * C,
                            .o_stride = C, .o = l->o, .lse = l->lse, .workspace = s.workspace };
}

static double attention_work(void)      /* MFLOP of one product, q k^T, in all sequences and heads */
{
    double sum = 0;
    for (int64_t i = 0; i < s.B; i++) sum += pow(s.cu[i + 1] - s.cu[i], 2);
    return 2e-3 * sum * (double)s.m.C;
}

static void step(void)
{
    const int64_t C = s.m.C, F = s.m.ffn, N = s.N;
    EmbedArgs e = { .dtype = DTYPE_F32, .rows = N, .cols = C, .ids = s.ids, .positions = s.positions, .segments = s.segments,
                    .word = s.word.w, .position = s.place.w, .segment = s.segment.w, .y = s.dx, .dy = s.dx,
                    .dword = s.word.dw, .dposition = s.place.dw, .dsegment = s.segment.dw };
    TIMED("embed fwd", (double)(N * C) * 8e-3, false, b->kernels.embed_fwd(b->dev, &e));
    norm_forward(&s.norm0, s.dx, NULL, s.layer[0].x, 1);
    for (int64_t i = 0; i < s.m.layers; i++) {
        Layer *l = &s.layer[i];
        float *out = i + 1 < s.m.layers ? s.layer[i + 1].x : s.top;
        linear_forward("linear fwd qkv", &l->qkv, l->x, l->qkv_y, N);
        AttentionArgs at = attention_args(l, (uint32_t)(10 * i + 2));
        TIMED("attention fwd", 2 * attention_work(), true, b->kernels.attention_fwd(b->dev, &at));
        linear_forward("linear fwd proj", &l->proj, l->o, l->proj_y, N);
        norm_forward(&l->norm1, l->proj_y, l->x, l->mid, (uint32_t)(10 * i + 3));
        linear_forward("linear fwd up", &l->up, l->mid, l->up_y, N);
        ActivationArgs act = { .dtype = DTYPE_F32, .kind = ACT_GELU, .n = N * F, .x = l->up_y, .y = l->act };
        TIMED("activation fwd", (double)(N * F) * 8e-3, false, b->kernels.activation_fwd(b->dev, &act));
        linear_forward("linear fwd down", &l->down, l->act, l->down_y, N);
        norm_forward(&l->norm2, l->down_y, l->mid, out, (uint32_t)(10 * i + 4));
    }
    PoolArgs pool = { .dtype = DTYPE_F32, .kind = POOL_MEAN, .n_seqs = s.B, .n_tokens = N, .cols = C, .cu_seqlens = s.cu,
                      .x = s.top, .y = s.pooled, .dy = s.dpooled, .dx = s.dy };
    TIMED("pool fwd", (double)(N * C) * 4e-3, false, b->kernels.pool_fwd(b->dev, &pool));
    linear_forward("linear fwd head", &s.head, s.pooled, s.logits, s.B);
    if (!s.train) return;

    CrossEntropyArgs ce = { .dtype = DTYPE_F32, .rows = s.B, .classes = s.m.classes, .logits = s.logits, .labels = s.labels,
                            .dlogits = s.logits, .scalars = s.scalars, .workspace = s.workspace };
    s.scalars->loss_sum = s.scalars->count = 0;
    TIMED("cross_entropy", (double)(s.B * s.m.classes) * 8e-3, false, b->kernels.cross_entropy(b->dev, &ce));
    linear_backward("linear bwd head", "linear bwd head", &s.head, s.pooled, s.logits, s.dpooled, s.B, false);
    TIMED("pool bwd", (double)(N * C) * 4e-3, false, b->kernels.pool_bwd(b->dev, &pool));
    for (int64_t i = s.m.layers - 1; i >= 0; i--) {
        Layer *l = &s.layer[i];
        norm_backward(&l->norm2, s.dy, s.dx, s.dmid, (uint32_t)(10 * i + 4));
        linear_backward("linear dx down", "linear dw down", &l->down, l->act, s.dx, s.dbig, N, false);
        ActivationArgs act = { .dtype = DTYPE_F32, .kind = ACT_GELU, .n = N * F, .x = l->up_y, .dy = s.dbig, .dx = s.dbig };
        TIMED("activation bwd", (double)(N * F) * 12e-3, false, b->kernels.activation_bwd(b->dev, &act));
        linear_backward("linear dx up", "linear dw up", &l->up, l->mid, s.dbig, s.dmid, N, true);
        norm_backward(&l->norm1, s.dmid, s.dx, s.dy, (uint32_t)(10 * i + 3));
        linear_backward("linear dx proj", "linear dw proj", &l->proj, l->o, s.dx, s.dmid, N, false);
        AttentionArgs at = attention_args(l, (uint32_t)(10 * i + 2));
        at.d_o = s.dmid;
        at.dq = s.dqkv;
        at.dk = s.dqkv + C;
        at.dv = s.dqkv + 2 * C;
        TIMED("attention bwd", 5 * attention_work(), true, b->kernels.attention_bwd(b->dev, &at));
        linear_backward("linear dx qkv", "linear dw qkv", &l->qkv, l->x, s.dqkv, s.dy, N, true);
    }
    norm_backward(&s.norm0, s.dy, s.dx, NULL, 1);
    TIMED("embed bwd", (double)(N * C) * 24e-3, false, b->kernels.embed_bwd(b->dev, &e));
    OptimArgs o = { .dtype = DTYPE_F32, .chunks = s.chunks, .n_chunks = 1, .n_state = s.n_params, .values = s.values,
                    .grads = s.grads, .m = s.m1, .v = s.m2, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .scalars = s.scalars,
                    .workspace = s.workspace };
    TIMED("grad_norm", (double)s.n_params * 4e-3, false, b->kernels.grad_norm(b->dev, &o));
    TIMED("adamw", (double)s.n_params * 32e-3, false, b->kernels.adamw(b->dev, &o));
}

/* ---- set-up and report --------------------------------------------------------------------------------------------- */

static void set_batch(const char *batch)
{
    int n = 0, len = 0;
    if (sscanf(batch, "%dx%d", &n, &len) != 2) {      /* "32xshort": 5 to 30 tokens, 14 on average, as in short queries */
        sscanf(batch, "%d", &n);
        len = 0;
    }
    s.B = n;
    s.cu = device((size_t)(n + 1) * 4);
    for (int i = 0; i < n; i++) {
        noise = noise * 1664525u + 1013904223u;
        uint32_t r = noise >> 8;
        int      here = len ? len : 5 + (int)(r % 8) + (int)(r / 8 % 7) + (r / 64 % 8 == 0 ? 12 : 0);
        s.cu[i + 1] = s.cu[i] + here;
        if (here > s.longest) s.longest = here;
    }
    s.N = s.cu[n];
    s.ids = device((size_t)s.N * 4);
    s.positions = device((size_t)s.N * 4);
    s.segments = device((size_t)s.N * 4);
    s.row_seq = device((size_t)s.N * 4);
    s.labels = device((size_t)n * 4);
    for (int i = 0; i < n; i++)
        for (int32_t t = s.cu[i]; t < s.cu[i + 1]; t++) {
            noise = noise * 1664525u + 1013904223u;
            s.ids[t] = (int32_t)((noise >> 8) % (uint32_t)s.m.vocab);
            s.positions[t] = t - s.cu[i];
            s.row_seq[t] = i;
        }
    for (int i = 0; i < n; i++) s.labels[i] = i % (int)s.m.classes;
}

static size_t larger(size_t x, size_t y) { return x > y ? x : y; }

static void set_model(void)
{
    const int64_t C = s.m.C, F = s.m.ffn, N = s.N;
    const size_t  capacity = (size_t)(s.m.vocab * C + s.m.layers * (4 * C * C + 2 * C * F + 20 * C + 2 * F) + 1000 * C) * 4;
    s.values = device(capacity);
    s.grads = device(capacity);
    s.m1 = device(capacity);
    s.m2 = device(capacity);
    s.word.w = param(s.m.vocab * C, &s.word.dw);
    s.place.w = param(s.m.places * C, &s.place.dw);
    s.segment.w = param(2 * C, &s.segment.dw);
    s.norm0 = norm(N, C);
    for (int64_t i = 0; i < s.m.layers; i++) {
        Layer *l = &s.layer[i];
        l->qkv = dense(C, 3 * C);
        l->proj = dense(C, C);
        l->norm1 = norm(N, C);
        l->up = dense(C, F);
        l->down = dense(F, C);
        l->norm2 = norm(N, C);
        l->x = numbers(N * C, 0);
        l->qkv_y = numbers(3 * N * C, 0);
        l->o = numbers(N * C, 0);
        l->lse = numbers(N * s.m.heads, 0);
        l->proj_y = numbers(N * C, 0);
        l->mid = numbers(N * C, 0);
        l->up_y = numbers(N * F, 0);
        l->act = numbers(N * F, 0);
        l->down_y = numbers(N * C, 0);
    }
    s.head = dense(C, s.m.classes);
    s.top = numbers(N * C, 0);
    s.pooled = numbers(s.B * C, 0);
    s.dpooled = numbers(s.B * C, 0);
    s.logits = numbers(s.B * s.m.classes, 0);
    s.dx = numbers(N * C, 0);
    s.dy = numbers(N * C, 0);
    s.dmid = numbers(N * C, 0);
    s.dbig = numbers(N * F, 0);
    s.dqkv = numbers(3 * N * C, 0);
    s.scalars = device(sizeof *s.scalars);
    *s.scalars = (StepScalars){ .seed = 1, .step = 2, .learning_rate = 1e-5, .max_grad_norm = 1 };
    s.chunks[0] = (OptimChunk){ 0, 0, s.n_params, 0.01f, 1 };

    AttentionArgs at = attention_args(&s.layer[0], 1);
    AddNormArgs   an = norm_args(&s.norm0, 1);
    OptimArgs     op = { .n_state = s.n_params };
    LinearArgs    li = { .rows = N, .in = F, .out = F };
    CrossEntropyArgs ce = { .rows = s.B };
    const Kernels *k = &b->kernels;
    size_t         bytes = 4096;
    if (k->attention_workspace) bytes = larger(bytes, k->attention_workspace(b->dev, &at));
    if (k->add_norm_workspace) bytes = larger(bytes, k->add_norm_workspace(b->dev, &an));
    if (k->grad_norm_workspace) bytes = larger(bytes, k->grad_norm_workspace(b->dev, &op));
    if (k->linear_workspace) bytes = larger(bytes, k->linear_workspace(b->dev, &li));
    if (k->cross_entropy_workspace) bytes = larger(bytes, k->cross_entropy_workspace(b->dev, &ce));
    s.workspace = device(bytes);
}

int main(int argc, char **argv)
{
    const char *model = argc > 1 ? argv[1] : "minilm", *batch = argc > 2 ? argv[2] : "16x128", *mode = argc > 3 ? argv[3] : "train";
    int         steps = argc > 4 ? atoi(argv[4]) : 15;
    if (backend_open(&b, "cpu") != OK) return status_print_last(stderr, false), 1;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i].name, model) == 0) s.m = models[i];
    if (!s.m.name || steps < 1 || steps > MAX_STEPS) return fprintf(stderr, "no such model or too many steps\n"), 2;
    s.p = 0.1;
    s.train = strcmp(mode, "train") == 0;
    set_batch(batch);
    set_model();
    peak_gflops = measure_flops();
    peak_gbs = measure_triad();
    printf("%s\n%s %s %s: %lld tokens; limits here %.0f GFLOP/s, %.0f GB/s\n", b->description, model, batch, mode,
           (long long)s.N, peak_gflops, peak_gbs);
    step();      /* touches all pages */
    memset(kinds, 0, sizeof kinds);
    n_kinds = 0;
    static double totals[MAX_STEPS];
    for (step_index = 0; step_index < steps; step_index++) {
        double begin = now_us();
        step();
        totals[step_index] = now_us() - begin;
        for (int k = 0; k < n_kinds; k++) {
            kinds[k].step_us[step_index] = kinds[k].us;
            kinds[k].us = 0;
        }
    }
    double total = median(totals, steps), sum = 0, products = 0, ideal = 0;
    for (int k = 0; k < n_kinds; k++) {
        sum += kinds[k].us = median(kinds[k].step_us, steps);
        kinds[k].fastest = kinds[k].step_us[0];
    }
    for (int k = 0; k < n_kinds; k++) {      /* work is in thousands of operations or bytes: divided by us it is G a second */
        const Kind *d = &kinds[k];
        double      rate = d->work / d->us, limit = d->flops ? peak_gflops : peak_gbs;
        printf("%-16s %3d calls %10.1f us (fastest %9.1f) %5.1f %% of the step %7.1f %s %6.1f %% of the limit (%5.1f)\n", d->name,
               d->calls, d->us, d->fastest, 100 * d->us / sum, rate, d->flops ? "GFLOP/s" : "GB/s   ", 100 * rate / limit,
               100 * d->work / d->fastest / limit);
        if (d->flops && strncmp(d->name, "linear", 6) == 0) {
            products += d->us;
            ideal += d->work / peak_gflops;
        }
    }
    printf("step %.2f ms (fastest %.2f), %.0f tok/s; products %.1f %% of it, at %.1f %% of the peak\n", total / 1000,
           totals[0] / 1000, (double)s.N / total * 1e6, 100 * products / sum, 100 * ideal / products);
    backend_close(b);
    return 0;
}
