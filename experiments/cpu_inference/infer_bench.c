/* experiments/cpu_inference/infer_bench.c: the speed of an encoder through infer/engine.h.
 *
 *     infer_bench MODEL shapes 1x16,32x128 [SECONDS [THREADS]]      ms of one pass: token ids in, embeddings out
 *     infer_bench MODEL text FILE [BATCH [THREADS]]                 a text a line, in file order; tokenising is part of it
 *
 * bench.py builds it and runs it beside its peer. One JSON line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/file.h"
#include "core/parallel.h"
#include "infer/engine.h"

enum { MAX_BATCH = 1024, MAX_PASSES = 100000, LEAST_PASSES = 5, WARMUP = 2 };

typedef struct Bench {
    Engine      *engine;
    Encoding     inputs[MAX_BATCH];
    EngineOutput out;
} Bench;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Status run_batch(Bench *b, int64_t n)
{
    const Encoding *list[MAX_BATCH];
    for (int64_t i = 0; i < n; i++) list[i] = &b->inputs[i];
    return engine_run(b->engine, list, n, &b->out);
}

/* ---- equal lengths ----------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static Status fill_inputs(Bench *b, long batch, long length)
{
    uint32_t state = 1;
    for (long i = 0; i < batch; i++) {
        Encoding *e = &b->inputs[i];
        free(e->ids), free(e->segments);
        e->ids = malloc((size_t)length * sizeof *e->ids);
        e->segments = calloc((size_t)length, sizeof *e->segments);
        if (!e->ids || !e->segments) return fail(ERR_MEMORY, "no memory for %ld tokens", length);
        for (long k = 0; k < length; k++) {
            state = state * 1664525u + 1013904223u;
            e->ids[k] = 1000 + (int32_t)((state >> 8) % 29000);
        }
        e->n = e->n_untruncated = (size_t)length;
    }
    return OK;
}

static Status one_shape(Bench *b, long batch, long length, double seconds, double *ms)
{
    static double took[MAX_PASSES];
    int    n = 0;
    TRY(fill_inputs(b, batch, length));
    for (double until = now() + seconds; n < MAX_PASSES && (n < LEAST_PASSES || now() < until); n++) {
        double t = now();
        TRY(run_batch(b, batch));
        took[n] = now() - t;
    }
    n -= WARMUP;
    qsort(took + WARMUP, (size_t)n, sizeof *took, by_size);
    *ms = 1e3 * (took[WARMUP + (n - 1) / 2] + took[WARMUP + n / 2]) / 2;
    return OK;
}

static Status shapes(Bench *b, const char *list, double seconds)
{
    const char *separator = "{\"ms\": {";
    for (const char *at = list; *at;) {
        long   batch, length;
        double ms;
        int    used = 0;
        if (sscanf(at, "%ldx%ld%n", &batch, &length, &used) != 2 || batch < 1 || batch > MAX_BATCH || length < 1 || length > engine_max_length(b->engine))
            return fail(ERR_USAGE, "\"%s\" is no list of BATCHxTOKENS", list);
        TRY(one_shape(b, batch, length, seconds, &ms));
        printf("%s\"%ldx%ld\": %.3f", separator, batch, length, ms);
        separator = ", ";
        at += used + (at[used] == ',');
    }
    printf("}, ");
    return OK;
}

/* ---- real text --------------------------------------------------------------------------------------------------------- */

typedef struct Pass { int64_t texts, tokens; double check; } Pass;

static Status flush_batch(Bench *b, int64_t n, Pass *p)
{
    TRY(run_batch(b, n));
    for (int64_t i = 0; i < n; i++) {
        p->tokens += (int64_t)b->inputs[i].n;
        p->check += (double)b->out.rows[i * engine_width(b->engine)];
    }
    p->texts += n;
    return OK;
}

/* Up to `limit` lines of the file in batches. */
static Status one_pass(Bench *b, const FileMap *m, int64_t batch, int64_t limit, Pass *p)
{
    int64_t n = 0;
    *p = (Pass){ 0 };
    for (size_t at = 0; at < m->size && p->texts < limit;) {
        const char *end = memchr(m->data + at, '\n', m->size - at);
        size_t      length = (end ? (size_t)(end - m->data) : m->size) - at;
        TRY(engine_encode(b->engine, m->data + at, length, NULL, 0, false, &b->inputs[n]));
        at += length + 1;
        if (++n < batch) continue;
        TRY(flush_batch(b, n, p));
        n = 0;
    }
    return n > 0 ? flush_batch(b, n, p) : OK;
}

static Status text(Bench *b, const char *path, int64_t batch)
{
    FileMap m;
    Pass    p;
    TRY(file_map(&m, path));
    Status s = one_pass(b, &m, batch, batch, &p);                      /* warm-up: the first batch */
    double t = now();
    if (s == OK) s = one_pass(b, &m, batch, INT64_MAX, &p);
    t = now() - t;
    if (s == OK) printf("{\"texts\": %lld, \"tokens\": %lld, \"seconds\": %.4f, \"tok_s\": %.1f, \"check\": %.4f, ", (long long)p.texts,
                        (long long)p.tokens, t, (double)p.tokens / t, p.check);
    file_unmap(&m);
    return s;
}

static Status run(Bench *b, char **argv, int argc)
{
    bool   is_text = strcmp(argv[2], "text") == 0;
    double number = argc > 4 ? atof(argv[4]) : is_text ? 32 : 3;
    if (is_text && (number < 1 || number > MAX_BATCH)) return fail(ERR_USAGE, "a batch is 1 to %d texts", MAX_BATCH);
    return is_text ? text(b, argv[3], (int64_t)number) : shapes(b, argv[3], number);
}

int main(int argc, char **argv)
{
    static Bench b;
    Backend     *backend = NULL;
    if (argc < 4 || (strcmp(argv[2], "shapes") != 0 && strcmp(argv[2], "text") != 0)) {
        fprintf(stderr, "usage: infer_bench MODEL shapes BATCHxTOKENS,... [SECONDS [THREADS]] | text FILE [BATCH [THREADS]]\n");
        return 2;
    }
    parallel_set_threads(argc > 5 ? atoi(argv[5]) : 0);
    Status s = backend_open(&backend, "cpu");
    if (s == OK) s = engine_open(&b.engine, backend, argv[1], NULL, "embedding");
    if (s == OK) s = run(&b, argv, argc);
    if (s == OK) {
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        printf("\"threads\": %d, \"rss_mib\": %ld}\n", parallel_threads(), u.ru_maxrss / 1024);
    } else {
        status_print_last(stderr, false);
    }
    for (int i = 0; i < MAX_BATCH; i++) encoding_release(&b.inputs[i]);
    engine_output_release(&b.out);
    engine_close(b.engine);
    backend_close(backend);
    return s != OK;
}
