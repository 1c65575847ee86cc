/* data/tokenizer/train/word_counts.c: reads all texts and counts their words, on all threads.
 *
 * Texts are copied into a batch of a megabyte or so; threads take pieces of it in turn, each with a table of its own,
 * so nobody waits for anybody within a batch. Between batches the tables are measured: together above a quarter of the
 * memory allowed, all go to disk. At the end they are added up, or the runs merged. */
#include "data/tokenizer/train/train_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash.h"
#include "core/parallel.h"

enum { BATCH_BYTES = 2 << 20, PIECE_BYTES = 32 << 10, MAX_COUNT = 256 };

typedef struct TextSpan { size_t at, n; int64_t number; } TextSpan;           /* number: of the text in the source */

typedef struct Counter {               /* a thread's own */
    WordTable table;
    Encoding  work;
    int64_t   n_words;
    Status    status;
    int64_t   failed;                  /* number of the text that could not be used */
    char      fact[256];
} Counter;

typedef struct Batch {
    const Tokenizer *t;
    Counter         *counters;         /* (n_threads) */
    int              n_threads;
    Text             text;
    TextSpan        *spans;
    size_t           n_spans, cap_spans;
    size_t          *pieces;           /* (n_pieces + 1) first span of each */
    size_t           n_pieces, cap_pieces;
} Batch;

/* ---- one batch --------------------------------------------------------------------------------------------------- */

static Status count_one(void *arg, const char *word, size_t n)
{
    Counter *c = arg;
    if (n == 0 || n > UINT32_MAX || memchr(word, 0, n)) return OK;
    c->n_words++;
    return word_table_add(&c->table, word, n, 1, NULL);
}

static void count_piece(int64_t piece, int thread, void *arg)
{
    Batch   *b = arg;
    Counter *c = &b->counters[thread];
    for (size_t i = b->pieces[piece]; i < b->pieces[piece + 1]; i++) {
        const TextSpan *at = &b->spans[i];
        Status          s = tokenizer_pre_tokenize(b->t, &c->work, b->text.data + at->at, at->n, count_one, c);
        if (s == OK || (c->status != OK && c->failed < at->number)) continue;
        c->status = s;
        c->failed = at->number;
        snprintf(c->fact, sizeof c->fact, "%s", status_fact());
    }
}

/* The failure of the first text that failed, whichever thread had it. */
static Status first_failure(const Batch *b)
{
    const Counter *first = NULL;
    for (int i = 0; i < b->n_threads; i++)
        if (b->counters[i].status != OK && (!first || b->counters[i].failed < first->failed)) first = &b->counters[i];
    return first ? fail(first->status, "text %lld: %s", (long long)first->failed, first->fact) : OK;
}

static Status count_batch(Batch *b)
{
    size_t bytes = PIECE_BYTES;
    b->n_pieces = 0;
    for (size_t i = 0; i < b->n_spans; i++, bytes += b->spans[i - 1].n) {
        if (bytes < PIECE_BYTES) continue;
        TRY(mem_grow(&b->pieces, &b->cap_pieces, b->n_pieces + 2, sizeof *b->pieces));
        b->pieces[b->n_pieces++] = i;
        bytes = 0;
    }
    if (b->n_pieces == 0) return OK;
    b->pieces[b->n_pieces] = b->n_spans;
    parallel_tasks((int64_t)b->n_pieces, count_piece, b);
    return first_failure(b);
}

/* Texts until the batch is full; *end: there are no more. */
static Status fill_batch(Batch *b, const TokenizerTrainOptions *o, TokenizerTrainReport *report, bool *end)
{
    b->n_spans = 0;
    text_clear(&b->text);
    size_t full = o->memory && o->memory / 8 < BATCH_BYTES ? o->memory / 8 : BATCH_BYTES;
    while (b->text.len < full) {
        const char *text;
        size_t      n;
        TRY(o->next(o->next_arg, &text, &n));
        *end = text == NULL;
        if (*end) return OK;
        TRY(mem_grow(&b->spans, &b->cap_spans, b->n_spans + 1, sizeof *b->spans));
        b->spans[b->n_spans++] = (TextSpan){ b->text.len, n, ++report->n_texts };
        TRY(text_add(&b->text, text, n));
        report->n_bytes += (int64_t)n;
    }
    return OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static Status spill(Batch *b, WordRuns *runs)
{
    for (int i = 0; i < b->n_threads; i++)
        if (b->counters[i].table.n > 0) TRY(word_runs_add(runs, &b->counters[i].table));
    return OK;
}

static Status read_all(Batch *b, WordRuns *runs, const TokenizerTrainOptions *o, TokenizerTrainReport *report)
{
    bool end = false, first = true;
    for (; !end; first = false) {
        TRY(fill_batch(b, o, report, &end));
        for (int i = 0; first && i < b->n_threads; i++)
            b->counters[i].table.seed = hash_u64(b->text.data ? b->text.data : "", b->text.len, 0);
        TRY(count_batch(b));
        size_t bytes = 0;
        for (int i = 0; i < b->n_threads; i++) bytes += word_table_bytes(&b->counters[i].table);
        if (o->memory && bytes > o->memory / 4) TRY(spill(b, runs));
        train_progress(o, "counting words", report->n_bytes, 0);
    }
    return OK;
}

/* Adds the others to the first thread's table, and gives that. */
static Status add_up(WordTable *out, Batch *b)
{
    WordTable *sum = &b->counters[0].table;
    for (int i = 1; i < b->n_threads; i++) {
        WordTable *from = &b->counters[i].table;
        for (size_t k = 0; k < from->n; k++)
            TRY(word_table_add(sum, word_text(from, k), from->words[k].len, from->words[k].count, NULL));
        word_table_release(from);
    }
    *out = *sum;
    memset(sum, 0, sizeof *sum);
    return OK;
}

/* ---- from the runs: what fits ------------------------------------------------------------------------------------ */

/* What a word costs a trainer, about: its characters with their places, and its record. */
static size_t word_cost(Word w) { return sizeof(Word) + 64 + 20 * (size_t)w.len; }

typedef struct Take {
    WordTable *out;
    size_t     cost[MAX_COUNT];        /* of the words seen 1, 2, ... times; the last: or more often */
    uint64_t   least;
    int64_t    n_dropped;
} Take;

static Status add_cost(void *arg, const char *s, Word word)
{
    (void)s;
    Take *take = arg;
    take->cost[word.count < MAX_COUNT ? word.count : MAX_COUNT - 1] += word_cost(word);
    return OK;
}

static Status take_word(void *arg, const char *s, Word word)
{
    Take *take = arg;
    if (word.count >= take->least) return word_table_append(take->out, s, word);
    take->n_dropped++;
    return OK;
}

static Status take_frequent(WordTable *out, WordRuns *runs, size_t memory, TokenizerTrainReport *report)
{
    Take   take = { .out = out, .least = MAX_COUNT };
    size_t sum = 0;
    TRY(word_runs_merge(runs, add_cost, &take));
    while (take.least > 1 && sum + take.cost[take.least - 1] <= memory) sum += take.cost[--take.least];
    if (take.least == MAX_COUNT)
        return hint(fail(ERR_MEMORY,
                         "the words that stand %d times or more in the text do not fit into the memory allowed",
                         MAX_COUNT - 1),
                    "allow more memory");
    TRY(word_runs_merge(runs, take_word, &take));
    report->min_count = (int64_t)take.least;
    report->n_dropped = take.n_dropped;
    return OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static void release(Batch *b)
{
    for (int i = 0; b->counters && i < b->n_threads; i++) {
        word_table_release(&b->counters[i].table);
        encoding_release(&b->counters[i].work);
    }
    free(b->counters);
    free(b->spans);
    free(b->pieces);
    text_release(&b->text);
}

Status count_words(WordTable *out, const Tokenizer *t, const TokenizerTrainOptions *o, TokenizerTrainReport *report)
{
    Batch    b = { .t = t, .n_threads = parallel_threads() };
    WordRuns runs = { .folder = o->folder };
    Status   s = mem_new(&b.counters, (size_t)b.n_threads, sizeof *b.counters);
    if (s == OK) s = read_all(&b, &runs, o, report);
    for (int i = 0; s == OK && i < b.n_threads; i++) report->n_words += b.counters[i].n_words;
    report->min_count = 1;
    if (s == OK && runs.n > 0) s = spill(&b, &runs);
    report->n_runs = (int64_t)runs.n;
    if (s == OK && runs.n == 0) s = add_up(out, &b);
    else if (s == OK) {
        release(&b);
        b = (Batch){ 0 };
        s = take_frequent(out, &runs, o->memory, report);
    }
    report->n_distinct = (int64_t)out->n;
    word_runs_release(&runs);
    release(&b);
    return s;
}
