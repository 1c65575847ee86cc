/* experiments/tokenizer/bench.c: seconds to encode every line of a file.   bench MODEL FILE [PASSES [THREADS]]
 *
 * Prints one line a pass: seconds, bytes, tokens. Lines are encoded one by one, as a data loader does; ids, offsets,
 * words and segments are all made. With threads the file is cut in as many parts, each with an Encoding of its own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "data/tokenizer/tokenizer.h"

enum { MAX_THREADS = 64 };

typedef struct Part { const Tokenizer *t; const char *data; size_t size, n_tokens; Encoding e; Status status; } Part;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Status encode_lines(Part *p)
{
    p->n_tokens = 0;
    for (size_t at = 0; at < p->size;) {
        const char *end = memchr(p->data + at, '\n', p->size - at);
        size_t      n = end ? (size_t)(end - (p->data + at)) : p->size - at;
        TRY(tokenizer_encode(p->t, p->data + at, n, NULL, 0, NULL, &p->e));
        p->n_tokens += p->e.n;
        at += n + 1;
    }
    return OK;
}

static void *run_part(void *arg)
{
    Part *p = arg;
    p->status = encode_lines(p);
    if (p->status != OK) status_print_last(stderr, false);
    return NULL;
}

/* Parts of about the same size, cut behind line ends. */
static void cut(Part *parts, int n, const Tokenizer *t, const FileMap *m)
{
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        size_t      want = m->size / (size_t)n * (size_t)(i + 1);
        const char *line = i + 1 < n && want > at ? memchr(m->data + want, '\n', m->size - want) : NULL;
        size_t      end = line ? (size_t)(line - m->data) + 1 : m->size;
        parts[i] = (Part){ .t = t, .data = m->data + at, .size = end - at };
        at = end;
    }
}

static Status run_pass(Part *parts, int n, size_t *n_tokens)
{
    pthread_t threads[MAX_THREADS];
    Status    s = OK;
    for (int i = 1; i < n; i++)
        if (pthread_create(&threads[i], NULL, run_part, &parts[i]) != 0) return fail(ERR_IO, "no thread");
    run_part(&parts[0]);
    for (int i = 1; i < n; i++) pthread_join(threads[i], NULL);
    *n_tokens = 0;
    for (int i = 0; i < n; i++) {
        if (parts[i].status != OK) s = parts[i].status;
        *n_tokens += parts[i].n_tokens;
    }
    return s;
}

int main(int argc, char **argv)
{
    static Part parts[MAX_THREADS];
    if (argc < 3) return 2;
    Tokenizer *t = NULL;
    FileMap    m;
    int        n = argc > 4 ? atoi(argv[4]) : 1;
    if (n < 1 || n > MAX_THREADS) return 2;
    Status s = file_map(&m, argv[2]);
    double start = now();
    if (s == OK) s = tokenizer_open(&t, argv[1]);
    printf("open %.4f\n", now() - start);                  /* a first pass pays for growing the buffers */
    if (s == OK) cut(parts, n, t, &m);
    for (int pass = 0, n_passes = argc > 3 ? atoi(argv[3]) : 5; s == OK && pass < n_passes; pass++) {
        size_t n_tokens = 0;
        start = now();
        s = run_pass(parts, n, &n_tokens);
        printf("%.6f %zu %zu\n", now() - start, m.size, n_tokens);
        fflush(stdout);
    }
    if (s != OK) status_print_last(stderr, false);
    for (int i = 0; i < n; i++) encoding_release(&parts[i].e);
    tokenizer_free(t);
    return status_exit_code(s);
}
