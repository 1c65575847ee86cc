/* experiments/near_duplicates/select_bench.c: data/select on texts and on made-up rows.
 *
 *     select_bench similar FILE                lines 1 and 2, 3 and 4, ...: their estimated similarity
 *     select_bench near FILE THRESHOLD         a training row a line: 1 when it is left out as a near duplicate
 *     select_bench sign FILE                   bytes a second of signing, all lines, once a line
 *     select_bench scale ROWS MEMORY_MIB FOLDER      seconds and peak memory
 *
 * run.py builds it and compares. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/file.h"
#include "core/hash.h"
#include "data/select/select.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *next_line(const FileMap *f, size_t *at, size_t *n)
{
    if (*at >= f->size) return NULL;
    const char *begin = f->data + *at, *end = memchr(begin, '\n', f->size - *at);
    *n = end ? (size_t)(end - begin) : f->size - *at;
    *at += *n + 1;
    return begin;
}

static Status similar(const FileMap *f)
{
    size_t  at = 0, n, m;
    Minhash a, b;
    for (const char *x, *y; (x = next_line(f, &at, &n)) && (y = next_line(f, &at, &m));) {
        minhash_text(x, n, NULL, 0, &a);
        minhash_text(y, m, NULL, 0, &b);
        printf("%.6f\n", minhash_similarity(&a, &b));
    }
    return OK;
}

static Status sign(const FileMap *f)
{
    size_t   at = 0, n;
    Minhash  m;
    unsigned sum = 0;
    double   begin = cpu_seconds();
    for (const char *x; (x = next_line(f, &at, &n));) {
        minhash_text(x, n, NULL, 0, &m);
        sum += m.bytes[0];
    }
    printf("{\"mb_per_second\": %.1f, \"check\": %u}\n", (double)f->size / 1e6 / (cpu_seconds() - begin), sum);
    return OK;
}

static Status near(const FileMap *f, double threshold)
{
    SelectOptions o = { .on_duplicate = SELECT_DROP, .on_near_duplicate = SELECT_DROP, .near_threshold = threshold,
                        .memory = 256 << 20, .folder = "." };
    Selection *s;
    size_t     at = 0, n;
    int64_t    line = 0;
    TRY(selection_new(&s, &o));
    for (const char *x; (x = next_line(f, &at, &n));) {
        Minhash m;
        minhash_text(x, n, NULL, 0, &m);
        SelectRow r = { .key = { hash_u64(x, n, 1), hash_u64(x, n, 2) }, .line = ++line, .minhash = &m };
        TRY(selection_add(s, SELECT_TRAIN, &r));
    }
    TRY(selection_decide(s));
    for (int64_t i = 0; i < line; i++) printf("%d\n", selection_fates(s, SELECT_TRAIN)[i] != 0);
    selection_free(s);
    return OK;
}

/* ---- made-up rows: a tenth exact copies, a fifth nearly copies, words as frequent as in a language -------------- */

static uint64_t scramble(uint64_t v)
{
    v = (v ^ v >> 33) * 0xFF51AFD7ED558CCDu;
    v = (v ^ v >> 33) * 0xC4CEB9FE1A85EC53u;
    return v ^ v >> 33;
}

static size_t make_text(char *to, uint64_t row)
{
    uint64_t kind = scramble(row + 17) % 10, changed = UINT64_MAX, of = row;
    if (row > 0 && kind < 3) of = scramble(row) % row;
    size_t n_words = 10 + scramble(of * 3 + 1) % 40, n = 0;
    if (kind == 1 || kind == 2) changed = scramble(row * 5) % n_words;
    for (size_t w = 0; w < n_words; w++) {
        uint64_t h = scramble(of * 64 + w + (w == changed) * 0x123456789u);
        n += (size_t)sprintf(to + n, "w%" PRIx64 " ", (h & 0xFFFF) >> (h >> 60));
    }
    return n;
}

static Status scale(int64_t rows, size_t memory, const char *folder)
{
    SelectOptions o = { .on_duplicate = SELECT_DROP, .on_near_duplicate = SELECT_DROP, .on_leakage = SELECT_DROP,
                        .near_threshold = 0.8, .share = 0.05, .stratified = true, .memory = memory, .folder = folder };
    Selection    *s;
    double        begin = now(), signing = 0;
    int64_t       fates[64] = { 0 };
    struct rusage usage;
    TRY(selection_new(&s, &o));
    for (int64_t i = 0; i < rows; i++) {
        char    text[1024];
        Minhash m;
        size_t  n = make_text(text, (uint64_t)i);
        double  t = i % 64 ? 0 : now();
        minhash_text(text, n, NULL, 0, &m);
        if (i % 64 == 0) signing += 64 * (now() - t);
        SelectRow r = { .key = { hash_u64(text, n, 1), hash_u64(text, n, 2) }, .line = i + 1,
                        .class = (int32_t)(i % 100), .minhash = &m };
        TRY(selection_add(s, i < rows / 50 ? SELECT_TEST : SELECT_TRAIN, &r));
    }
    double added = now();
    TRY(selection_decide(s));
    double decided = now();
    int64_t train = selection_count(s, SELECT_TRAIN);
    for (int64_t i = 0; i < train; i++) fates[selection_fates(s, SELECT_TRAIN)[i] & 63]++;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"rows\": %" PRId64 ", \"memory_mib\": %zu, \"add_s\": %.1f, \"signing_s\": %.1f, \"decide_s\": %.1f, "
           "\"peak_mib\": %ld", rows, memory >> 20, added - begin, signing, decided - added, usage.ru_maxrss >> 10);
    for (int i = 0; i < 64; i++)
        if (fates[i]) printf(", \"fate_%d\": %" PRId64, i, fates[i]);
    printf("}\n");
    selection_free(s);
    return OK;
}

int main(int argc, char **argv)
{
    FileMap f = { 0 };
    Status  s = ERR_USAGE;
    if (argc == 5 && strcmp(argv[1], "scale") == 0)
        s = scale(atoll(argv[2]), (size_t)atoll(argv[3]) << 20, argv[4]);
    else if (argc > 2 && (s = file_map(&f, argv[2])) == OK)
        s = strcmp(argv[1], "similar") == 0 ? similar(&f) : strcmp(argv[1], "sign") == 0 ? sign(&f)
          : near(&f, argc > 3 ? atof(argv[3]) : 0.8);
    if (s != OK) status_print_last(stderr, false);
    file_unmap(&f);
    return status_exit_code(s);
}
