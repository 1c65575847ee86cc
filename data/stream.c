/* data/stream.c: a training set that is read and tokenised while training goes on, a window at a time.
 *
 *     thread: rows -> coder -> window -> queue (one)        trainer: takes the window that holds the position it wants
 *
 * A window is as many whole blocks as hold data.shuffle_window examples, so windows depend on the rows alone. Two stay in
 * memory, as a batch may begin in one and end in the next, and one waits. Behind the last window of an epoch comes the
 * first of the next. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/data_internal.h"

enum { WINDOW_EXAMPLES = 1 << 14, KEPT = 2, REPORTED = 512 };

typedef struct Window {
    Anchor  anchor;                    /* where it begins */
    int64_t n;                         /* examples; 0: the epoch ended before it */
    Block  *blocks;                    /* (n_blocks) */
    int64_t *first, *first_row;        /* (n_blocks + 1) examples, rows before each */
    int64_t n_blocks;
    size_t  cap_blocks, cap_first, cap_first_row;
    Status  failed;                    /* instead of a window */
    char    fact[REPORTED], hint[REPORTED];
} Window;

struct Stream {
    Data           *data;
    DataSet        *set;
    Rows           *rows;
    Coder          *coder;
    Window          kept[KEPT];        /* the trainer's: the newest first */
    Window          waiting, making;   /* the thread's, and between the two */
    int64_t         n_truncated;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    Anchor          next;              /* of the window being made */
    bool            running, has_waiting, stop, taken;      /* taken: kept[0] is a window of this run of the thread */
};

/* ---- a window ---------------------------------------------------------------------------------------------------- */

static void window_release(Window *w)
{
    for (size_t i = 0; i < w->cap_blocks; i++) block_release(&w->blocks[i]);
    free(w->blocks);
    free(w->first);
    free(w->first_row);
}

static Status add_block(Window *w, Stream *s, bool *end)
{
    int64_t b = w->n_blocks;
    TRY(mem_grow(&w->blocks, &w->cap_blocks, (size_t)b + 1, sizeof *w->blocks));
    TRY(mem_grow(&w->first, &w->cap_first, (size_t)b + 2, sizeof *w->first));
    TRY(mem_grow(&w->first_row, &w->cap_first_row, (size_t)b + 2, sizeof *w->first_row));
    TRY(coder_next(s->coder, s->rows, &w->blocks[b], end));
    if (*end) return OK;
    w->first[b + 1] = w->first[b] + w->blocks[b].n[OF_EXAMPLE];
    w->first_row[b + 1] = w->first_row[b] + w->blocks[b].n[OF_ROW];
    w->n = w->first[++w->n_blocks];
    return OK;
}

static Status fill(Stream *s, Window *w)
{
    int64_t want = s->data->config->shuffle_window > 0 ? s->data->config->shuffle_window : WINDOW_EXAMPLES;
    bool    end = false;
    w->anchor = s->next;
    w->n = w->n_blocks = 0;
    while (w->n < want && !end) TRY(add_block(w, s, &end));
    if (w->n == 0 && w->anchor.first == 0)
        return hint(fail(ERR_DATA, "%s: no rows", rows_path(s->rows, 0)), "check that this is the right file");
    if (w->n > 0) {
        s->next.first += w->n;
        s->next.row += w->first_row[w->n_blocks];
        s->next.place = rows_tell(s->rows);
        return OK;
    }
    s->next = (Anchor){ .epoch = s->next.epoch + 1, .place = { .line = 1 } };      /* from the beginning again */
    return rows_seek(s->rows, s->next.place);
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

static void *produce(void *arg)
{
    Stream *s = arg;
    Status  st = OK;
    while (st == OK) {
        st = fill(s, &s->making);
        s->making.failed = st;
        if (st != OK) {                                 /* a failure's record belongs to its thread */
            snprintf(s->making.fact, REPORTED, "%s", status_fact());
            snprintf(s->making.hint, REPORTED, "%s", status_hint());
        }
        pthread_mutex_lock(&s->lock);
        while (s->has_waiting && !s->stop) pthread_cond_wait(&s->changed, &s->lock);
        if (s->stop) st = ERR_INTERRUPTED;
        else {
            Window swap = s->waiting;
            s->waiting = s->making;
            s->making = swap;
            s->has_waiting = true;
            pthread_cond_broadcast(&s->changed);
        }
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

static void stop(Stream *s)
{
    if (!s->running) return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->running = s->stop = s->has_waiting = false;
}

static Status begin(Stream *s, Anchor at)
{
    stop(s);
    s->next = at;
    TRY(rows_seek(s->rows, at.place));
    for (int i = 0; i < KEPT; i++) s->kept[i].n = 0;
    s->taken = false;
    int error = pthread_create(&s->thread, NULL, produce, s);
    if (error) return fail(ERR_IO, "a thread for reading cannot be started: %s", strerror(error));
    s->running = true;
    return OK;
}

/* The next window becomes the newest kept one. */
static Status take(Stream *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->has_waiting) pthread_cond_wait(&s->changed, &s->lock);
    Window oldest = s->kept[KEPT - 1];
    memmove(s->kept + 1, s->kept, (KEPT - 1) * sizeof *s->kept);
    s->kept[0] = s->waiting;
    s->waiting = oldest;
    s->has_waiting = false;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    s->taken = true;
    const Window *w = &s->kept[0];
    if (w->failed != OK) return hint(fail(w->failed, "%s", w->fact), "%s", w->hint);
    for (int64_t b = 0; b < w->n_blocks; b++)
        for (int64_t i = 0; i < w->blocks[b].n[OF_EXAMPLE]; i++)
            s->n_truncated += COLUMN(&w->blocks[b], int32_t, COL_LENGTH)[i] >
                              COLUMN(&w->blocks[b], int32_t, COL_TOKENS)[i];
    return OK;
}

/* ---- for the trainer --------------------------------------------------------------------------------------------- */

static bool is_behind(const Anchor *a, int64_t epoch, int64_t position)
{
    return a->epoch < epoch || (a->epoch == epoch && a->first <= position);
}

Status stream_window(Stream *s, int64_t epoch, int64_t position, Anchor *anchor, int64_t *n)
{
    if (!s->running) TRY(begin(s, (Anchor){ .epoch = epoch, .place = { .line = 1 } }));
    if (s->taken && !is_behind(&s->kept[0].anchor, epoch, position))
        TRY(begin(s, (Anchor){ .epoch = epoch, .place = { .line = 1 } }));
    for (;;) {
        const Window *w = &s->kept[0];
        bool          here = s->taken && w->anchor.epoch == epoch && position >= w->anchor.first;
        if (here && (position < w->anchor.first + w->n || w->n == 0)) break;      /* or the epoch is over */
        TRY(take(s));
    }
    *anchor = s->kept[0].anchor;
    *n = s->kept[0].n;
    return OK;
}

Status stream_seek(Stream *s, Anchor anchor) { return begin(s, anchor); }

Status stream_locate(Stream *s, int64_t i, const Block **block, int64_t *at, int64_t *row)
{
    for (int k = 0; k < KEPT; k++) {
        const Window *w = &s->kept[k];
        int64_t       place = i - w->anchor.first, b = 0;
        if (place < 0 || place >= w->n) continue;
        while (w->first[b + 1] <= place) b++;
        *block = &w->blocks[b];
        *at = place - w->first[b];
        *row = w->anchor.row + w->first_row[b] + COLUMN(*block, int32_t, COL_ROW)[*at];
        return OK;
    }
    return fail(ERR_STATE, "example %" PRId64 " of a stream is not in memory any more", i);
}

int64_t stream_n_truncated(const Stream *s) { return s->n_truncated; }

/* ---- life cycle -------------------------------------------------------------------------------------------------- */

Status stream_open(Stream **out, Data *d, DataSet *set)
{
    Stream      *s;
    CoderOptions o = d->coder;
    *out = NULL;
    o.serial = true;                   /* training has the thread pool */
    o.minhash = false;
    TRY(mem_new(&s, 1, sizeof *s));
    s->data = d;
    s->set = set;
    s->rows = set->rows;
    set->rows = NULL;                  /* the thread's; dataset_row opens its own */
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    Status st = coder_new(&s->coder, &o, &set->labels);
    if (st == OK) *out = s;
    else stream_close(s);
    return st;
}

void stream_close(Stream *s)
{
    if (!s) return;
    stop(s);
    for (int i = 0; i < KEPT; i++) window_release(&s->kept[i]);
    window_release(&s->waiting);
    window_release(&s->making);
    coder_free(s->coder);
    rows_close(s->rows);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
