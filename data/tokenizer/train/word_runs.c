/* data/tokenizer/train/word_runs.c: tables of words on disk, and their sum.
 *
 * A run is a file without a name: records of { count, length, hash } and the bytes, ordered by hash, then bytes. A
 * merge holds one record and a buffer of 64 KiB of each run. */
#include "data/tokenizer/train/train_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"

enum { RUN_BUFFER = 64 << 10, MAX_RUNS = 4096 };

typedef struct WordRun {
    FILE *f;
    Word  word;                        /* the record that comes next; its bytes: */
    Text  text;
    bool  ended;
} WordRun;

typedef struct RunHead { uint64_t count; uint32_t len, hash; } RunHead;

static int compare_words(uint32_t hash_a, const char *a, uint32_t n_a, uint32_t hash_b, const char *b, uint32_t n_b)
{
    if (hash_a != hash_b) return hash_a < hash_b ? -1 : 1;
    int c = memcmp(a, b, n_a < n_b ? n_a : n_b);
    return c != 0 ? c : (n_a > n_b) - (n_a < n_b);
}

static int compare_in_table(const void *a, const void *b, void *arg)
{
    const WordTable *t = arg;
    const Word      *x = a, *y = b;
    return compare_words(x->hash, t->pool + x->at, x->len, y->hash, t->pool + y->at, y->len);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static Status open_unnamed(FILE **out, const char *folder)
{
    char *path = NULL;
    TRY(path_join(&path, folder, "whet-words-XXXXXX"));
    int fd = mkstemp(path);
    if (fd >= 0) unlink(path);
    *out = fd >= 0 ? fdopen(fd, "w+b") : NULL;
    Status s =
        *out ? OK
             : hint(fail(ERR_IO, "%s: %s", path, strerror(errno)),
                    "word counts that memory has no room for are written there; choose another folder with TMPDIR");
    if (!*out && fd >= 0) close(fd);
    free(path);
    return s;
}

static Status write_run(WordRun *run, const WordTable *t, const char *folder)
{
    bool ok = setvbuf(run->f, NULL, _IOFBF, RUN_BUFFER) == 0;
    for (size_t i = 0; ok && i < t->n; i++) {
        RunHead head = { t->words[i].count, t->words[i].len, t->words[i].hash };
        ok = fwrite(&head, sizeof head, 1, run->f) == 1;
        ok = ok && fwrite(word_text(t, i), 1, head.len, run->f) == head.len;
    }
    if (ok && fflush(run->f) == 0) return OK;
    return hint(fail(ERR_IO, "%s: word counts cannot be written: %s", folder, strerror(errno)),
                "make room there, choose another folder with TMPDIR, or allow more memory");
}

Status word_runs_add(WordRuns *runs, WordTable *t)
{
    WordRun run = { 0 };
    if (runs->n == MAX_RUNS)
        return hint(fail(ERR_MEMORY, "word counts went to disk %d times", MAX_RUNS), "allow more memory");
    TRY(mem_grow(&runs->items, &runs->cap, runs->n + 1, sizeof *runs->items));
    TRY(open_unnamed(&run.f, runs->folder));
    runs->items[runs->n++] = run;
    qsort_r(t->words, t->n, sizeof *t->words, compare_in_table, t);
    TRY(write_run(&runs->items[runs->n - 1], t, runs->folder));
    word_table_clear(t);
    return OK;
}

/* ---- merging ----------------------------------------------------------------------------------------------------- */

static Status read_word(WordRun *run, const char *folder)
{
    RunHead head;
    if (fread(&head, sizeof head, 1, run->f) != 1) {
        run->ended = true;
        return ferror(run->f) ? fail(ERR_IO, "%s: word counts cannot be read back: %s", folder, strerror(errno)) : OK;
    }
    TRY(mem_grow(&run->text.data, &run->text.cap, (size_t)head.len + 1, 1));
    run->word = (Word){ head.count, 0, head.len, head.hash };
    if (fread(run->text.data, 1, head.len, run->f) != head.len)
        return fail(ERR_IO, "%s: word counts cannot be read back: %s", folder, strerror(errno));
    return OK;
}

static int compare_runs(const WordRun *a, const WordRun *b)
{
    if (a->ended || b->ended) return a->ended - b->ended;
    return compare_words(a->word.hash, a->text.data, a->word.len, b->word.hash, b->text.data, b->word.len);
}

/* Restores the heap of run numbers below `at`, whose run has moved on. */
static void sift(WordRuns *runs, uint32_t *heap, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= runs->n) return;
        if (child + 1 < runs->n && compare_runs(&runs->items[heap[child + 1]], &runs->items[heap[child]]) < 0) child++;
        if (compare_runs(&runs->items[heap[at]], &runs->items[heap[child]]) <= 0) return;
        uint32_t swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

static Status start(WordRuns *runs, uint32_t *heap)
{
    for (size_t i = 0; i < runs->n; i++) {
        rewind(runs->items[i].f);
        runs->items[i].ended = false;
        heap[i] = (uint32_t)i;
        TRY(read_word(&runs->items[i], runs->folder));
    }
    for (size_t i = runs->n; i-- > 0;) sift(runs, heap, i);
    return OK;
}

static Status merge(WordRuns *runs, uint32_t *heap, WordSink sink, void *arg, Text *text)
{
    TRY(start(runs, heap));
    for (;;) {
        WordRun *top = &runs->items[heap[0]];
        if (top->ended) return OK;
        Word word = top->word;
        word.count = 0;
        text_clear(text);
        TRY(text_add(text, top->text.data, word.len));
        while (!top->ended
               && compare_words(word.hash, text->data, word.len, top->word.hash, top->text.data, top->word.len) == 0) {
            word.count += top->word.count;
            TRY(read_word(top, runs->folder));
            sift(runs, heap, 0);
            top = &runs->items[heap[0]];
        }
        TRY(sink(arg, text->data, word));
    }
}

Status word_runs_merge(WordRuns *runs, WordSink sink, void *arg)
{
    uint32_t *heap;
    Text      text = { 0 };
    TRY(mem_new(&heap, runs->n, sizeof *heap));
    Status s = runs->n > 0 ? merge(runs, heap, sink, arg, &text) : OK;
    text_release(&text);
    free(heap);
    return s;
}

void word_runs_release(WordRuns *runs)
{
    for (size_t i = 0; i < runs->n; i++) {
        if (runs->items[i].f) fclose(runs->items[i].f);
        text_release(&runs->items[i].text);
    }
    free(runs->items);
    memset(runs, 0, sizeof *runs);
}
