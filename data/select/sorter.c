/* data/select/sorter.c: records are collected up to half of `memory` (the other half is where the sort puts them),
 * sorted byte by byte from the last byte of the key to the first, and written behind each other into one file.
 *
 * Counting sort keeps equal bytes in their order, so the whole is stable; bytes that are the same everywhere (the upper
 * bytes of row numbers) cost nothing. Reading merges up to MAX_FAN runs, with a heap of their heads; when there are
 * more, neighbouring runs are merged first, which keeps the order of equal keys. */
#include "data/select/sorter.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "data/select/spill.h"

enum { MIN_MEMORY = 1 << 20, MAX_FAN = 256, MIN_BUFFER = 16 << 10, MAX_BUFFER = 256 << 10 };

typedef struct Run { int64_t at, end; } Run;            /* bytes of the file */

/* The next record of one run. prefix is the start of its key as a number: most comparisons end there. */
typedef struct Head {
    uint64_t       prefix;
    const uint8_t *record;
    uint32_t       source;
} Head;

typedef struct Source { Run left; uint8_t *buffer, *next, *end; } Source;

typedef struct Merge {
    const Sorter *sorter;
    uint8_t *buffers;
    Source  *sources;              /* (n_sources) */
    Head    *heap;                 /* (n_heap) */
    size_t   n_sources, n_heap, buffer_size;
    bool     given;                /* the first head was handed out and is to be moved on */
} Merge;

struct Sorter {
    Spill     spill;
    char     *folder;
    size_t    record_size, key_size, memory;
    uint8_t  *records, *scratch;   /* (max) */
    uint32_t *counts;              /* (key_size, 256) */
    size_t    n, max, at;
    Run      *runs;
    size_t    n_runs, cap_runs;
    int64_t   count;
    Merge     merge;
    bool      is_finished;
};

/* ---- sorting in memory ------------------------------------------------------------------------------------------ */

static inline __attribute__((always_inline)) void scatter(const uint8_t *from, uint8_t *to, size_t n, size_t size,
                                                          size_t byte, uint32_t *next)
{
    for (const uint8_t *end = from + n * size; from < end; from += size)
        memcpy(to + (size_t)next[from[byte]]++ * size, from, size);
}

static void sort_by_byte(Sorter *s, size_t byte, uint32_t *counts)
{
    for (size_t v = 0, sum = 0; v < 256; v++) {
        size_t here = counts[v];
        counts[v] = (uint32_t)sum;
        sum += here;
    }
    switch (s->record_size) {                           /* a known size becomes a few moves instead of a call */
    case 12: scatter(s->records, s->scratch, s->n, 12, byte, counts); break;
    case 16: scatter(s->records, s->scratch, s->n, 16, byte, counts); break;
    case 32: scatter(s->records, s->scratch, s->n, 32, byte, counts); break;
    default: scatter(s->records, s->scratch, s->n, s->record_size, byte, counts);
    }
    uint8_t *sorted = s->scratch;
    s->scratch = s->records;
    s->records = sorted;
}

static void sort_records(Sorter *s)
{
    if (s->n < 2) return;
    memset(s->counts, 0, s->key_size * 256 * sizeof *s->counts);
    const uint8_t *end = s->records + s->n * s->record_size;
    for (const uint8_t *r = s->records; r < end; r += s->record_size)
        for (size_t k = 0; k < s->key_size; k++) s->counts[k * 256 + r[k]]++;
    for (size_t k = s->key_size; k-- > 0;) {
        uint32_t *counts = s->counts + k * 256;
        if (counts[s->records[k]] < s->n) sort_by_byte(s, k, counts);
    }
}

static Status add_run(Sorter *s, int64_t at)
{
    TRY(mem_grow(&s->runs, &s->cap_runs, s->n_runs + 1, sizeof *s->runs));
    s->runs[s->n_runs++] = (Run){ at, s->spill.size };
    return OK;
}

static Status write_run(Sorter *s)
{
    int64_t at = s->spill.size;
    sort_records(s);
    TRY(spill_write(&s->spill, s->records, s->n * s->record_size));
    s->n = 0;
    return add_run(s, at);
}

/* ---- merging runs ----------------------------------------------------------------------------------------------- */

static Status refill(const Merge *m, Source *source)
{
    int64_t n = source->left.end - source->left.at;
    if (n > (int64_t)m->buffer_size) n = (int64_t)m->buffer_size;
    TRY(spill_read(&m->sorter->spill, source->left.at, source->buffer, (size_t)n));
    source->left.at += n;
    source->next = source->buffer;
    source->end = source->buffer + n;
    return OK;
}

/* The source's next record; NULL at its end. */
static Status next_head(Merge *m, uint32_t i, Head *out)
{
    Source *source = &m->sources[i];
    size_t  n = m->sorter->key_size < 8 ? m->sorter->key_size : 8;
    *out = (Head){ .source = i };
    if (source->next == source->end) TRY(refill(m, source));
    if (source->next == source->end) return OK;
    out->record = source->next;
    source->next += m->sorter->record_size;
    memcpy(&out->prefix, out->record, n);
    out->prefix = be64toh(out->prefix);
    return OK;
}

static bool comes_first(const Merge *m, const Head *a, const Head *b)
{
    if (a->prefix != b->prefix) return a->prefix < b->prefix;
    size_t n = m->sorter->key_size;
    int    order = n > 8 ? memcmp(a->record + 8, b->record + 8, n - 8) : 0;
    return order != 0 ? order < 0 : a->source < b->source;
}

static void sink(Merge *m, size_t i)
{
    Head moved = m->heap[i];
    for (size_t child; (child = 2 * i + 1) < m->n_heap; i = child) {
        if (child + 1 < m->n_heap && comes_first(m, &m->heap[child + 1], &m->heap[child])) child++;
        if (!comes_first(m, &m->heap[child], &moved)) break;
        m->heap[i] = m->heap[child];
    }
    m->heap[i] = moved;
}

static void merge_release(Merge *m)
{
    free(m->buffers);
    free(m->sources);
    free(m->heap);
    *m = (Merge){ 0 };
}

static Status merge_fill(Merge *m, const Run *runs, size_t n)
{
    size_t buffer = m->sorter->memory / 2 / n;          /* the other half may hold what is written meanwhile */
    if (buffer > MAX_BUFFER) buffer = MAX_BUFFER;
    m->buffer_size = buffer / m->sorter->record_size * m->sorter->record_size;
    m->n_sources = n;
    TRY(mem_new(&m->buffers, n, m->buffer_size));
    TRY(mem_new(&m->sources, n, sizeof *m->sources));
    TRY(mem_new(&m->heap, n, sizeof *m->heap));
    for (size_t i = 0; i < n; i++) {
        uint8_t *b = m->buffers + i * m->buffer_size;
        m->sources[i] = (Source){ runs[i], b, b, b };
        TRY(next_head(m, (uint32_t)i, &m->heap[m->n_heap]));
        m->n_heap += m->heap[m->n_heap].record != NULL;
    }
    for (size_t i = m->n_heap / 2; i-- > 0;) sink(m, i);
    return OK;
}

static Status merge_start(Merge *m, const Sorter *s, const Run *runs, size_t n)
{
    *m = (Merge){ .sorter = s };
    Status status = merge_fill(m, runs, n);
    if (status != OK) merge_release(m);
    return status;
}

static Status merge_next(Merge *m, const void **record)
{
    *record = NULL;
    if (m->given) {
        TRY(next_head(m, m->heap[0].source, &m->heap[0]));
        if (!m->heap[0].record) m->heap[0] = m->heap[--m->n_heap];
        sink(m, 0);
    }
    m->given = m->n_heap > 0;
    if (m->given) *record = m->heap[0].record;
    return OK;
}

/* ---- more runs than can be merged at once ----------------------------------------------------------------------- */

static Status write_merged(const Sorter *from, const Run *runs, size_t n, Sorter *to)
{
    Merge       m;
    const void *record;
    int64_t     at = to->spill.size;
    TRY(merge_start(&m, from, runs, n));
    Status s;
    while ((s = merge_next(&m, &record)) == OK && record) {
        memcpy(to->records + to->n++ * to->record_size, record, to->record_size);
        if (to->n < to->max) continue;
        if ((s = spill_write(&to->spill, to->records, to->n * to->record_size)) != OK) break;
        to->n = 0;
    }
    merge_release(&m);
    TRY(s);
    TRY(spill_write(&to->spill, to->records, to->n * to->record_size));
    to->n = 0;
    return add_run(to, at);
}

/* Every `fan` neighbours become one run of a new file. */
static Status merge_runs(Sorter *s, size_t fan)
{
    Sorter to = *s;
    spill_init(&to.spill, s->folder);
    to.runs = NULL;
    to.n_runs = to.cap_runs = 0;
    Status status = OK;
    for (size_t i = 0; i < s->n_runs && status == OK; i += fan)
        status = write_merged(s, s->runs + i, s->n_runs - i < fan ? s->n_runs - i : fan, &to);
    if (status != OK) {
        spill_close(&to.spill);
        free(to.runs);
        return status;
    }
    spill_close(&s->spill);
    free(s->runs);
    *s = to;
    return OK;
}

/* ---- the sorter ------------------------------------------------------------------------------------------------- */

static Status sorter_init(Sorter *s, const char *folder)
{
    TRY(text_copy(&s->folder, folder));
    spill_init(&s->spill, s->folder);
    s->max = s->memory / 2 / s->record_size;
    if (s->max > UINT32_MAX) s->max = UINT32_MAX;
    TRY(mem_new(&s->counts, s->key_size * 256, sizeof *s->counts));
    TRY(mem_new(&s->records, s->max, s->record_size));
    return mem_new(&s->scratch, s->max, s->record_size);
}

Status sorter_new(Sorter **out, size_t record_size, size_t key_size, size_t memory, const char *folder)
{
    BUG_ON(record_size == 0 || key_size > record_size || record_size > MIN_BUFFER / 2);
    *out = NULL;
    Sorter *s;
    TRY(mem_new(&s, 1, sizeof *s));
    s->record_size = record_size;
    s->key_size = key_size;
    s->memory = memory < MIN_MEMORY ? MIN_MEMORY : memory;
    Status status = sorter_init(s, folder);
    if (status == OK) *out = s;
    else sorter_free(s);
    return status;
}

void sorter_free(Sorter *s)
{
    if (!s) return;
    merge_release(&s->merge);
    spill_close(&s->spill);
    free(s->folder);
    free(s->records);
    free(s->scratch);
    free(s->counts);
    free(s->runs);
    free(s);
}

int64_t sorter_count(const Sorter *s) { return s->count; }

Status sorter_add(Sorter *s, const void *record)
{
    BUG_ON(s->is_finished);
    if (s->n == s->max) TRY(write_run(s));
    memcpy(s->records + s->n++ * s->record_size, record, s->record_size);
    s->count++;
    return OK;
}

Status sorter_finish(Sorter *s)
{
    BUG_ON(s->is_finished);
    size_t fan = s->memory / MIN_BUFFER < MAX_FAN ? s->memory / MIN_BUFFER : MAX_FAN;
    if (s->n_runs > 0) TRY(write_run(s));
    else sort_records(s);
    free(s->scratch);
    s->scratch = NULL;
    while (s->n_runs > fan) TRY(merge_runs(s, fan));
    s->is_finished = true;
    if (s->n_runs > 0) {
        free(s->records);
        s->records = NULL;
    }
    return sorter_rewind(s);
}

Status sorter_rewind(Sorter *s)
{
    BUG_ON(!s->is_finished);
    s->at = 0;
    merge_release(&s->merge);
    return s->n_runs > 0 ? merge_start(&s->merge, s, s->runs, s->n_runs) : OK;
}

Status sorter_next(Sorter *s, const void **record)
{
    BUG_ON(!s->is_finished);
    if (s->n_runs > 0) return merge_next(&s->merge, record);
    *record = s->at < s->n ? s->records + s->at++ * s->record_size : NULL;
    return OK;
}
