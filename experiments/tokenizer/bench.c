/* experiments/tokenizer/bench.c: seconds to encode every line of a file, one thread.   bench MODEL FILE [PASSES]
 *
 * Prints one line a pass: seconds, bytes, tokens. Lines are encoded one by one, as a data loader does; ids, offsets,
 * words and segments are all made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "data/tokenizer/tokenizer.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Status encode_lines(const Tokenizer *t, const FileMap *m, Encoding *e, size_t *n_tokens)
{
    for (size_t at = 0; at < m->size;) {
        const char *end = memchr(m->data + at, '\n', m->size - at);
        size_t      n = end ? (size_t)(end - (m->data + at)) : m->size - at;
        TRY(tokenizer_encode(t, m->data + at, n, NULL, 0, NULL, e));
        *n_tokens += e->n;
        at += n + 1;
    }
    return OK;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    Tokenizer *t = NULL;
    FileMap    m;
    Encoding   e = { 0 };
    Status     s = file_map(&m, argv[2]);
    double     start = now();
    if (s == OK) s = tokenizer_open(&t, argv[1]);
    printf("open %.4f\n", now() - start);                  /* a first pass pays for growing the buffers */
    for (int pass = 0, n = argc > 3 ? atoi(argv[3]) : 5; s == OK && pass < n; pass++) {
        size_t n_tokens = 0;
        start = now();
        s = encode_lines(t, &m, &e, &n_tokens);
        printf("%.6f %zu %zu\n", now() - start, m.size, n_tokens);
        fflush(stdout);
    }
    if (s != OK) status_print_last(stderr, false);
    encoding_release(&e);
    tokenizer_free(t);
    return status_exit_code(s);
}
