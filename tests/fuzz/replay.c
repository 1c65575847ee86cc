/* tests/fuzz/replay.c: runs a fuzz target over the files of its corpus, then over mutations of them for a while, so
 * that the suite needs no fuzzer. Usage: TARGET CORPUS [SECONDS] */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "core/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input under way, written beside the program when it crashes: it belongs into the corpus, with the fix. */
static const uint8_t *current;
static size_t         current_size;

static void on_crash(int number)
{
    FILE *f = fopen("fuzz-crash.bin", "wb");
    if (f) {
        fwrite(current, 1, current_size, f);
        fclose(f);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void try_input(const uint8_t *data, size_t size)
{
    current = data;
    current_size = size;
    LLVMFuzzerTestOneInput(data, size);
}

/* One of: flip a bit, set a byte, remove a range, repeat a range. */
static size_t mutate(uint8_t *p, size_t n, size_t cap, uint64_t round)
{
    uint32_t kind = rng_draw_below(1, 0, 0, round, 4);
    if (n == 0) return 0;
    size_t at = rng_draw_below(1, 0, 1, round, (uint32_t)n), len = 1 + rng_draw_below(1, 0, 2, round, 16);
    if (len > n - at) len = n - at;
    if (kind == 0) p[at] ^= (uint8_t)(1u << rng_draw_below(1, 0, 3, round, 8));
    else if (kind == 1) p[at] = (uint8_t)rng_draw_u32(1, 0, 3, round);
    else if (kind == 2) {
        memmove(p + at, p + at + len, n - at - len);
        n -= len;
    } else if (n + len <= cap) {
        memmove(p + at + len, p + at, n - at);
        n += len;
    }
    return n;
}

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? atof(argv[2]) : 4;       /* eight targets: half a minute in all */
    struct { char *data; size_t n; } seeds[512];
    size_t n_seeds = 0;
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    DIR   *d = argc > 1 ? opendir(argv[1]) : NULL;
    for (struct dirent *e; d && (e = readdir(d)) && n_seeds < COUNT(seeds);) {
        char path[1024];
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        if (file_read(&seeds[n_seeds].data, &seeds[n_seeds].n, path, 1 << 24) != OK) continue;
        try_input((const uint8_t *)seeds[n_seeds].data, seeds[n_seeds].n);
        n_seeds++;
    }
    if (d) closedir(d);
    if (n_seeds == 0) {
        fprintf(stderr, "no corpus in %s\n", argc > 1 ? argv[1] : "?");
        return 1;
    }
    uint64_t round = 0;
    for (clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC); clock() < end;) {
        size_t   k = rng_draw_below(1, 0, 4, round, (uint32_t)n_seeds), n = seeds[k].n, cap = n + 64;
        uint8_t *p = malloc(cap);
        if (!p) return 1;
        memcpy(p, seeds[k].data, n);
        for (uint32_t i = 0, times = 1 + rng_draw_below(1, 0, 5, round, 8); i < times; i++)
            n = mutate(p, n, cap, round * 8 + i);
        try_input(p, n);
        free(p);
        round++;
    }
    printf("%zu files, %llu mutations\n", n_seeds, (unsigned long long)round);
    for (size_t i = 0; i < n_seeds; i++) free(seeds[i].data);
    return 0;
}
