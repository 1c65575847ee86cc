#include "data/loader.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/rng.h"

/* Up to so many tokens, some 200 MB as they lie in memory, all of a set is shuffled unless the caller says otherwise. */
enum { SHUFFLE_ALL_TOKENS = 1 << 25, WINDOW = 1 << 16 };

typedef struct Run { int64_t first, n; } Run;            /* neighbouring examples */

/* The order of examples begin .. end - 1 (of one path, or of all), a window at a time. */
typedef struct Walk {
    int64_t  begin, end;
    uint32_t seed;
    Run     *runs;                     /* (n_runs) blocks, in the order of `epoch` */
    int64_t  n_runs, next_run;
    int64_t  epoch;                    /* -1: none yet */
    int64_t  first, n;                 /* positions of the epoch that `order` holds */
    int64_t *order;
    size_t   cap_runs, cap_order;
} Walk;

struct Loader {
    Dataset      *dataset;
    LoaderOptions options;
    int64_t       count;               /* examples an epoch; -1: a stream */
    Walk         *walks;               /* (n_walks) one; with weights, one a path */
    int32_t       n_walks;
    double       *weights;             /* (n_walks) sum 1; NULL: no mixing */
    int64_t      *taken, *share;       /* (n_walks) of this epoch, up to `taken_at`; of a whole one */
    Cursor        taken_at, cursor;
    int64_t      *batch;
    size_t        cap_batch;
    bool          sought;              /* a stream that has to go to the cursor's anchor first */
};

/* ---- one order --------------------------------------------------------------------------------------------------- */

/* Fisher & Yates 1938, in Durstenfeld's form; draw i is named by `stream` and base + i. */
static void shuffle(int64_t *items, int64_t n, uint32_t seed, uint32_t stream, int64_t base)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t k = rng_draw_below(seed, RNG_SITE_SHUFFLE, stream, (uint64_t)(base + i), (uint32_t)i + 1);
        int64_t swap = items[i];
        items[i] = items[k];
        items[k] = swap;
    }
}

/* The runs of an epoch: all as one, or the blocks shuffled. */
static Status begin_epoch(Loader *l, Walk *w, int64_t epoch)
{
    int64_t blocks = dataset_n_blocks(l->dataset), *order;
    w->epoch = epoch;
    w->n_runs = w->next_run = w->first = w->n = 0;
    TRY(mem_grow(&w->runs, &w->cap_runs, (size_t)blocks + 1, sizeof *w->runs));
    if (!l->options.shuffle || l->options.window == 0 || l->options.window >= w->end - w->begin) {
        w->runs[w->n_runs++] = (Run){ w->begin, w->end - w->begin };
        return OK;
    }
    TRY(mem_new(&order, (size_t)blocks, sizeof *order));
    for (int64_t b = 0; b < blocks; b++) order[b] = b;
    shuffle(order, blocks, w->seed, (uint32_t)epoch | 0x80000000u, 0);
    for (int64_t b = 0; b < blocks; b++) {
        int64_t first, n, last;
        dataset_block(l->dataset, order[b], &first, &n);
        last = first + n < w->end ? first + n : w->end;
        if (first < w->begin) first = w->begin;
        if (first < last) w->runs[w->n_runs++] = (Run){ first, last - first };
    }
    free(order);
    return OK;
}

static Status next_window(Loader *l, Walk *w)
{
    int64_t window = l->options.window ? l->options.window : INT64_MAX, n = 0, limit = w->next_run;
    while (limit < w->n_runs && n < window) n += w->runs[limit++].n;
    TRY(mem_grow(&w->order, &w->cap_order, (size_t)n + 1, sizeof *w->order));
    w->first += w->n;
    w->n = 0;
    for (; w->next_run < limit; w->next_run++)
        for (int64_t i = 0; i < w->runs[w->next_run].n; i++) w->order[w->n++] = w->runs[w->next_run].first + i;
    if (l->options.shuffle) shuffle(w->order, w->n, w->seed, (uint32_t)w->epoch, w->first);
    return OK;
}

/* A stream's window, in the order that it is given out. n 0: the epoch is over. */
static Status stream_window(Loader *l, Walk *w, int64_t epoch, int64_t position)
{
    int64_t n;
    if (l->sought) TRY(dataset_seek(l->dataset, l->cursor.anchor));
    l->sought = false;
    TRY(dataset_window(l->dataset, epoch, position, &l->cursor.anchor, &n));
    TRY(mem_grow(&w->order, &w->cap_order, (size_t)n + 1, sizeof *w->order));
    w->epoch = epoch;
    w->first = l->cursor.anchor.first;
    w->n = n;
    for (int64_t i = 0; i < n; i++) w->order[i] = w->first + i;
    if (l->options.shuffle) shuffle(w->order, n, w->seed, (uint32_t)epoch, w->first);
    return OK;
}

/* The example at a position of an epoch; -1 behind a stream's end. */
static Status example_at(Loader *l, Walk *w, int64_t epoch, int64_t position, int64_t *out)
{
    if (w->epoch != epoch || position < w->first || position >= w->first + w->n) {
        if (l->count < 0) TRY(stream_window(l, w, epoch, position));
        else if (w->epoch != epoch || position < w->first) TRY(begin_epoch(l, w, epoch));
        while (l->count >= 0 && position >= w->first + w->n) TRY(next_window(l, w));
    }
    *out = w->n > 0 ? w->order[position - w->first] : -1;
    return OK;
}

/* ---- several paths taking turns ---------------------------------------------------------------------------------- */

/* Whose turn it is at a position: the path that is furthest behind its share. */
static int32_t turn(const Loader *l, int64_t position)
{
    int32_t best = 0;
    double  most = -INFINITY;
    for (int32_t k = 0; k < l->n_walks; k++) {
        double behind = l->weights[k] * (double)(position + 1) - (double)l->taken[k];
        if (behind > most) {
            most = behind;
            best = k;
        }
    }
    return best;
}

static void take_turns_until(Loader *l, Cursor c)
{
    if (l->taken_at.epoch != c.epoch || l->taken_at.position > c.position) {
        memset(l->taken, 0, (size_t)l->n_walks * sizeof *l->taken);
        l->taken_at = (Cursor){ .epoch = c.epoch };
    }
    for (; l->taken_at.position < c.position; l->taken_at.position++) l->taken[turn(l, l->taken_at.position)]++;
}

static Status mixed_example(Loader *l, Cursor c, int64_t *out)
{
    take_turns_until(l, c);
    int32_t k = turn(l, c.position);
    Walk   *w = &l->walks[k];
    int64_t n = w->end - w->begin, at = c.epoch * l->share[k] + l->taken[k];
    return example_at(l, w, at / n, at % n, out);
}

/* How often each path's turn comes in an epoch. */
static void count_shares(Loader *l)
{
    take_turns_until(l, (Cursor){ .position = l->count });
    memcpy(l->share, l->taken, (size_t)l->n_walks * sizeof *l->share);
    l->taken_at = (Cursor){ .epoch = -1 };
}

/* ---- life cycle -------------------------------------------------------------------------------------------------- */

static Status set_up_mixing(Loader *l, const double *weights)
{
    double sum = 0;
    TRY(mem_new(&l->weights, (size_t)l->n_walks, sizeof *l->weights));
    TRY(mem_new(&l->taken, (size_t)l->n_walks, sizeof *l->taken));
    TRY(mem_new(&l->share, (size_t)l->n_walks, sizeof *l->share));
    for (int32_t k = 0; k < l->n_walks; k++) {
        bool empty = l->walks[k].begin == l->walks[k].end;
        if (!(weights[k] >= 0) || (empty && weights[k] > 0))
            return hint(fail(ERR_CONFIG, "path %d of data.train has %" PRId64 " rows and the weight %g", k + 1,
                             l->walks[k].end - l->walks[k].begin, weights[k]), "look at data.mixing_weights");
        sum += weights[k];
    }
    if (!(sum > 0)) return hint(fail(ERR_CONFIG, "all weights are 0"), "look at data.mixing_weights");
    for (int32_t k = 0; k < l->n_walks; k++) l->weights[k] = weights[k] / sum;
    l->taken_at.epoch = -1;
    count_shares(l);
    return OK;
}

static Status start(Loader *l, const LoaderOptions *o)
{
    bool mixed = o->weights && l->count >= 0;
    l->n_walks = mixed ? dataset_n_sources(l->dataset) : 1;
    TRY(mem_new(&l->walks, (size_t)l->n_walks, sizeof *l->walks));
    for (int32_t k = 0; k < l->n_walks; k++)
        l->walks[k] = (Walk){ .epoch = -1, .seed = o->seed + (uint32_t)k * 0x9E3779B9u,
                              .begin = mixed ? dataset_source_begin(l->dataset, k) : 0,
                              .end = mixed ? dataset_source_begin(l->dataset, k + 1) : l->count };
    if (l->options.window == 0 && dataset_n_tokens(l->dataset) > SHUFFLE_ALL_TOKENS) l->options.window = WINDOW;
    return mixed ? set_up_mixing(l, o->weights) : OK;
}

Status loader_new(Loader **out, Dataset *dataset, const LoaderOptions *options)
{
    *out = NULL;
    if (options->batch_sequences < 0 || options->batch_tokens < 0 ||
        (!options->batch_sequences && !options->batch_tokens))
        return hint(fail(ERR_CONFIG, "a batch of %" PRId64 " sequences and %" PRId64 " tokens",
                         options->batch_sequences, options->batch_tokens), "set one of them to 1 or more");
    int64_t count = dataset_count(dataset);
    if (count > UINT32_MAX) return fail(ERR_UNSUPPORTED, "a set of %" PRId64 " examples cannot be shuffled", count);
    Loader *l;
    TRY(mem_new(&l, 1, sizeof *l));
    *l = (Loader){ .dataset = dataset, .options = *options, .count = count };
    l->options.weights = NULL;
    Status s = start(l, options);
    if (s == OK) *out = l;
    else loader_free(l);
    return s;
}

void loader_free(Loader *l)
{
    if (!l) return;
    for (int32_t k = 0; l->walks && k < l->n_walks; k++) {
        free(l->walks[k].runs);
        free(l->walks[k].order);
    }
    free(l->walks);
    free(l->weights);
    free(l->taken);
    free(l->share);
    free(l->batch);
    free(l);
}

void loader_seek(Loader *l, Cursor c)
{
    l->cursor = c;
    l->sought = l->count < 0 && c.anchor.place.line > 0;
}

Cursor  loader_tell(const Loader *l)           { return l->cursor; }
int64_t loader_examples(const Loader *l)       { return l->count; }

/* ---- batches ----------------------------------------------------------------------------------------------------- */

static bool fits(const Loader *l, int64_t n, int64_t tokens)
{
    const LoaderOptions *o = &l->options;
    return (!o->batch_sequences || n <= o->batch_sequences) && (!o->batch_tokens || n == 1 || tokens <= o->batch_tokens);
}

static Status tokens_of(Loader *l, int64_t example, int64_t *n)
{
    Example e;
    *n = 0;
    if (!l->options.batch_tokens) return OK;
    TRY(dataset_example(l->dataset, example, &e));
    *n = e.n;
    return OK;
}

Status loader_next(Loader *l, const int64_t **rows, int64_t *n)
{
    int64_t tokens = 0;
    *n = 0;
    for (;;) {
        Cursor  at = { .epoch = l->cursor.epoch, .position = l->cursor.position + *n };
        int64_t example = -1, more;
        if (l->count < 0 || at.position < l->count)
            TRY(l->weights ? mixed_example(l, at, &example) : example_at(l, l->walks, at.epoch, at.position, &example));
        if (example < 0) break;
        TRY(tokens_of(l, example, &more));
        if (!fits(l, *n + 1, tokens + more)) break;
        tokens += more;
        TRY(mem_grow(&l->batch, &l->cap_batch, (size_t)*n + 1, sizeof *l->batch));
        l->batch[(*n)++] = example;
    }
    *rows = l->batch;
    if (*n > 0) l->cursor.position += *n;
    else l->cursor = (Cursor){ .epoch = l->cursor.epoch + 1 };
    return OK;
}

int64_t loader_batches(const Loader *l)
{
    int64_t by_count = l->options.batch_sequences, by_tokens = 0;
    if (l->count < 0) return -1;
    if (l->options.batch_tokens) {
        double mean = (double)dataset_n_tokens(l->dataset) / (double)dataset_count(l->dataset);
        by_tokens = (int64_t)((double)l->options.batch_tokens / mean);
        if (by_tokens < 1) by_tokens = 1;
    }
    int64_t each = by_tokens && (!by_count || by_tokens < by_count) ? by_tokens : by_count;
    return (l->count + each - 1) / each;
}
