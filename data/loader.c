#include "data/loader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/rng.h"

struct Loader {
    Dataset      *dataset;
    LoaderOptions options;
    int64_t       count;
    int64_t      *order;               /* (count) the permutation of epoch `order_of` */
    int64_t       order_of;            /* -1: none yet */
    int32_t      *lengths;             /* (count) tokens of each example, 0 while unknown; only for a token budget */
    Cursor        cursor;
};

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
    *l = (Loader){ .dataset = dataset, .options = *options, .count = count, .order_of = -1 };
    Status s = mem_new(&l->order, (size_t)count, sizeof *l->order);
    if (s == OK && options->batch_tokens) s = mem_new(&l->lengths, (size_t)count, sizeof *l->lengths);
    if (s == OK) *out = l;
    else loader_free(l);
    return s;
}

void loader_free(Loader *l)
{
    if (!l) return;
    free(l->order);
    free(l->lengths);
    free(l);
}

void   loader_seek(Loader *l, Cursor c) { l->cursor = c; }
Cursor loader_tell(const Loader *l)     { return l->cursor; }

/* Fisher & Yates 1938, in Durstenfeld's form. */
static void set_order(Loader *l, int64_t epoch)
{
    if (l->order_of == epoch) return;
    for (int64_t i = 0; i < l->count; i++) l->order[i] = i;
    for (int64_t i = l->count - 1; l->options.shuffle && i > 0; i--) {
        int64_t k = rng_draw_below(l->options.seed, RNG_SITE_SHUFFLE, (uint32_t)epoch, (uint64_t)i, (uint32_t)i + 1);
        int64_t swap = l->order[i];
        l->order[i] = l->order[k];
        l->order[k] = swap;
    }
    l->order_of = epoch;
}

static Status length_of(Loader *l, int64_t row, int64_t *n)
{
    if (!l->lengths[row]) {
        Example e;
        TRY(dataset_example(l->dataset, row, &e));
        l->lengths[row] = (int32_t)e.n;
    }
    *n = l->lengths[row];
    return OK;
}

Status loader_next(Loader *l, const int64_t **rows, int64_t *n)
{
    Cursor c = l->cursor;
    *n = 0;
    set_order(l, c.epoch);
    *rows = l->order;
    if (c.position >= l->count) {
        l->cursor = (Cursor){ c.epoch + 1, 0 };
        return OK;
    }
    const int64_t *from = l->order + c.position;
    int64_t        left = l->count - c.position, take = 0, tokens = 0;
    if (!l->options.batch_tokens) take = left < l->options.batch_sequences ? left : l->options.batch_sequences;
    while (l->options.batch_tokens && take < left) {
        int64_t length;
        TRY(length_of(l, from[take], &length));
        if (take > 0 && tokens + length > l->options.batch_tokens) break;
        if (l->options.batch_sequences && take == l->options.batch_sequences) break;
        tokens += length;
        take++;
    }
    *rows = from;
    *n = take;
    l->cursor.position += take;
    return OK;
}

/* The mean length of some examples spread over the set stands for all. */
static double mean_length(const Loader *l)
{
    enum { SAMPLE = 256 };
    int64_t step = l->count / SAMPLE + 1, n = 0;
    double  sum = 0;
    for (int64_t i = 0; i < l->count; i += step) {
        Example e;
        if (dataset_example(l->dataset, i, &e) != OK) continue;
        sum += (double)e.n;
        n++;
    }
    return n ? sum / (double)n : 1;
}

int64_t loader_batches(const Loader *l)
{
    int64_t by_count = l->options.batch_sequences, by_tokens = 0;
    if (l->options.batch_tokens) {
        by_tokens = (int64_t)((double)l->options.batch_tokens / mean_length(l));
        if (by_tokens < 1) by_tokens = 1;
    }
    int64_t each = by_tokens && (!by_count || by_tokens < by_count) ? by_tokens : by_count;
    return (l->count + each - 1) / each;
}
