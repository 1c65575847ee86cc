/* data/tokenizer/train/unigram_seed.c: the substrings that a unigram model begins with, from a suffix array.
 *
 * Suffixes are ordered by their first max_length + 1 characters only, as longer substrings are no candidates: 3-way
 * radix quicksort (Bentley & Sedgewick 1997), within buckets of equal first characters that threads take in turn.
 * Neighbours with a common prefix then form intervals, one inside the other: the inner nodes of the suffix tree. */
#include "data/tokenizer/train/train_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/parallel.h"

typedef struct Bucket { size_t begin, end; Seed *seeds; size_t n, cap; Status status; } Bucket;

typedef struct Sorter {
    const uint32_t *chars;
    uint32_t       *suffixes;
    uint32_t        max_length;
    Bucket         *buckets;
    size_t          n_buckets;
} Sorter;

/* ---- order ------------------------------------------------------------------------------------------------------- */

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static uint32_t middle(uint32_t a, uint32_t b, uint32_t c)
{
    if (a > b) swap(&a, &b);
    return c < a ? a : c > b ? b : c;
}

/* Suffixes [s, s + n) agree in `depth` characters. The recursion goes into the smaller parts. */
static void sort_suffixes(const Sorter *t, uint32_t *s, size_t n, uint32_t depth)
{
    const uint32_t *chars = t->chars;
    while (n > 1 && depth <= t->max_length) {
        uint32_t pivot = middle(chars[s[0] + depth], chars[s[n / 2] + depth], chars[s[n - 1] + depth]);
        size_t   less = 0, at = 0, more = n;
        while (at < more) {
            uint32_t c = chars[s[at] + depth];
            if (c < pivot) swap(&s[less++], &s[at++]);
            else if (c > pivot) swap(&s[at], &s[--more]);
            else at++;
        }
        struct { uint32_t *s; size_t n; uint32_t depth; } part[3] = {
            { s, less, depth },
            { s + less, pivot == 0 ? 0 : more - less, depth + 1 },       /* behind a word's end nothing is compared */
            { s + more, n - more, depth },
        };
        int largest = part[1].n >= part[0].n ? 1 : 0;
        if (part[2].n > part[largest].n) largest = 2;
        for (int i = 0; i < 3; i++)
            if (i != largest) sort_suffixes(t, part[i].s, part[i].n, part[i].depth);
        s = part[largest].s;
        n = part[largest].n;
        depth = part[largest].depth;
    }
}

/* Suffixes by their first character, stable; a bucket for each. */
static Status fill_buckets(Sorter *t, const SeedText *text)
{
    size_t *starts;
    size_t  used = 0;
    TRY(mem_new(&starts, CODE_POINTS, sizeof *starts));
    for (size_t i = 0; i < text->n; i++)
        if (text->chars[i] && starts[text->chars[i]]++ == 0) t->n_buckets++;
    Status s = mem_new(&t->buckets, t->n_buckets, sizeof *t->buckets);
    for (uint32_t cp = 1, b = 0; s == OK && cp < CODE_POINTS; cp++) {
        if (starts[cp] == 0) continue;
        t->buckets[b++] = (Bucket){ .begin = used, .end = used + starts[cp] };
        used += starts[cp];
        starts[cp] = used - starts[cp];
    }
    for (size_t i = 0; s == OK && i < text->n; i++)
        if (text->chars[i]) t->suffixes[starts[text->chars[i]]++] = (uint32_t)i;
    free(starts);
    return s;
}

/* ---- repeated substrings ----------------------------------------------------------------------------------------- */

static uint32_t common_prefix(const Sorter *t, uint32_t a, uint32_t b)
{
    uint32_t n = 0;
    while (n <= t->max_length && t->chars[a + n] == t->chars[b + n] && t->chars[a + n]) n++;
    return n;
}

static Status add_seed(const Sorter *t, Bucket *b, size_t left, size_t right, uint32_t len)
{
    if (len < 2 || len > t->max_length) return OK;
    TRY(mem_grow(&b->seeds, &b->cap, b->n + 1, sizeof *b->seeds));
    b->seeds[b->n++] = (Seed){ (uint64_t)(right - left) * len, t->suffixes[left], len, (uint32_t)left };
    return OK;
}

typedef struct Open { size_t left; uint32_t len; } Open;       /* an interval that is not closed yet */

/* Intervals of the bucket, by a stack whose lengths grow: at most max_length + 2 deep. */
static Status find_repeated(const Sorter *t, Bucket *b)
{
    Open     open[MAX_TOKEN_BYTES + 2];
    uint32_t depth = 0;
    for (size_t i = b->begin + 1; i <= b->end; i++) {
        uint32_t len = i < b->end ? common_prefix(t, t->suffixes[i - 1], t->suffixes[i]) : 0;
        size_t   left = i - 1;
        for (; depth > 0 && open[depth - 1].len > len; depth--) {
            left = open[depth - 1].left;
            TRY(add_seed(t, b, left, i, open[depth - 1].len));
        }
        if (len > 0 && (depth == 0 || open[depth - 1].len < len)) open[depth++] = (Open){ left, len };
    }
    return OK;
}

static void sort_bucket(int64_t i, int thread, void *arg)
{
    Sorter *t = arg;
    Bucket *b = &t->buckets[i];
    (void)thread;
    sort_suffixes(t, t->suffixes + b->begin, b->end - b->begin, 1);
    b->status = find_repeated(t, b);
}

/* ---- the best ---------------------------------------------------------------------------------------------------- */

enum { SCORES = 1 << 16 };

/* A score that at least `most` seeds reach, or 0: the others need not be sorted. */
static Status find_threshold(uint64_t *least, const Sorter *t, size_t most)
{
    size_t *n, above = 0;
    TRY(mem_new(&n, SCORES, sizeof *n));
    for (size_t b = 0; b < t->n_buckets; b++)
        for (size_t i = 0; i < t->buckets[b].n; i++) {
            uint64_t score = t->buckets[b].seeds[i].score;
            n[score < SCORES ? score : SCORES - 1]++;
        }
    *least = SCORES - 1;
    while (*least > 0 && (above += n[*least]) < most) --*least;
    free(n);
    return OK;
}

static int compare_seeds(const void *a, const void *b)
{
    const Seed *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->order != y->order) return x->order > y->order ? -1 : 1;
    return (x->len < y->len) - (x->len > y->len);
}

static Status collect(Seed **out, size_t *n, const Sorter *t, size_t most)
{
    uint64_t least;
    size_t   cap = 0;
    TRY(find_threshold(&least, t, most));
    for (size_t b = 0; b < t->n_buckets; b++) {
        TRY(t->buckets[b].status);
        for (size_t i = 0; i < t->buckets[b].n; i++) {
            if (t->buckets[b].seeds[i].score < least) continue;
            TRY(mem_grow(out, &cap, *n + 1, sizeof **out));
            (*out)[(*n)++] = t->buckets[b].seeds[i];
        }
    }
    if (*n > 0) qsort(*out, *n, sizeof **out, compare_seeds);
    if (*n > most) *n = most;
    return OK;
}

Status unigram_seeds(Seed **out, size_t *n, const SeedText *text, uint32_t max_length, size_t most)
{
    Sorter t = { .chars = text->chars, .max_length = max_length };
    *out = NULL;
    *n = 0;
    if (text->n >= UINT32_MAX)
        return hint(fail(ERR_DATA, "the distinct words have %zu characters, more than a suffix array of 32 bits",
                         text->n),
                    "learn from fewer texts, or allow less memory, so that rare words are left out");
    Status s = mem_new(&t.suffixes, text->n, sizeof *t.suffixes);
    if (s == OK) s = fill_buckets(&t, text);
    if (s == OK) parallel_tasks((int64_t)t.n_buckets, sort_bucket, &t);
    if (s == OK) s = collect(out, n, &t, most);
    for (size_t b = 0; t.buckets && b < t.n_buckets; b++) free(t.buckets[b].seeds);
    free(t.buckets);
    free(t.suffixes);
    return s;
}
