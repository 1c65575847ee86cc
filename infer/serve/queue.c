#include "infer/serve/queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/arena.h"

typedef struct Lane {
    QueueRunner run;
    void       *arg;
    int64_t     width;
    bool        a_token;
    QueueJob        *first, *last;
    int64_t     n_jobs;              /* linked */
} Lane;

typedef struct Slot { QueueJob *job; int64_t index; } Slot;

struct Queue {
    pthread_mutex_t lock;
    pthread_cond_t  work;
    Lane           *lanes;
    int             n_lanes, turn;
    int64_t         max_jobs, max_tokens;
    bool            closed;
    QueueStats      stats;

    Slot            *slots;          /* of the pass under way: the compute thread's */
    const Encoding **inputs;
    size_t           cap_slots, cap_inputs;
    int64_t          n_slots;
};

Status queue_new(Queue **out, int n_lanes, int64_t max_jobs, int64_t max_tokens)
{
    Queue *q;
    TRY(mem_new(&q, 1, sizeof *q));
    Status s = mem_new(&q->lanes, (size_t)n_lanes, sizeof *q->lanes);
    if (s != OK) {
        free(q);
        return s;
    }
    q->n_lanes = n_lanes;
    q->max_jobs = max_jobs;
    q->max_tokens = max_tokens;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->work, NULL);
    *out = q;
    return OK;
}

void queue_free(Queue *q)
{
    if (!q) return;
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q->lanes);
    free(q->slots);
    free(q->inputs);
    free(q);
}

void queue_open_lane(Queue *q, int lane, QueueRunner run, void *arg, int64_t width, bool a_token)
{
    pthread_mutex_lock(&q->lock);
    q->lanes[lane].a_token = a_token;
    q->lanes[lane].run = run;
    q->lanes[lane].arg = arg;
    q->lanes[lane].width = width;
    pthread_mutex_unlock(&q->lock);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

Status queue_job_new(QueueJob **out, int64_t n)
{
    pthread_condattr_t monotonic;
    QueueJob *j;
    TRY(mem_new(&j, 1, sizeof *j));
    Status s = mem_new(&j->inputs, (size_t)n, sizeof *j->inputs);
    if (s == OK) s = mem_new(&j->first_row, (size_t)n + 1, sizeof *j->first_row);
    if (s != OK) {
        free(j->inputs);
        free(j);
        return s;
    }
    j->n = n;
    j->n_owners = 1;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&j->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = j;
    return OK;
}

static void destroy(QueueJob *j)
{
    for (int64_t i = 0; i < j->n; i++) encoding_release(&j->inputs[i]);
    pthread_cond_destroy(&j->ended);
    free(j->inputs);
    free(j->first_row);
    free(j->rows);
    free(j);
}

/* Only a late job has two owners when its caller lets go; running says so, and the pass ends before the other does. */
void queue_job_free(QueueJob *j)
{
    if (j && __atomic_sub_fetch(&j->n_owners, 1, __ATOMIC_ACQ_REL) == 0) destroy(j);
}

static void link_last(Lane *l, QueueJob *j)
{
    j->next = NULL;
    if (l->last) l->last->next = j;
    else l->first = j;
    l->last = j;
    l->n_jobs++;
    j->linked = true;
}

static void unlink_job(Lane *l, QueueJob *j)
{
    QueueJob *before = NULL;
    for (QueueJob *p = l->first; p != j; p = p->next) before = p;
    if (before) before->next = j->next;
    else l->first = j->next;
    if (l->last == j) l->last = before;
    l->n_jobs--;
    j->linked = false;
}

static void end(QueueJob *j, QueueOutcome outcome)
{
    if (j->outcome != QUEUE_WAITING) return;            /* its caller has gone already */
    j->outcome = outcome;
    pthread_cond_signal(&j->ended);
}

static struct timespec after(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (seconds < 0) seconds = 0;
    t.tv_sec += (time_t)seconds;
    t.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (t.tv_nsec >= 1000000000L) t.tv_sec++, t.tv_nsec -= 1000000000L;
    return t;
}

static Status make_rows(const Lane *l, QueueJob *j)
{
    j->width = l->width;
    for (int64_t i = 0; i < j->n; i++)
        j->first_row[i + 1] = j->first_row[i] + (l->a_token ? (int64_t)j->inputs[i].n : 1);
    return mem_new(&j->rows, (size_t)j->first_row[j->n] * (size_t)j->width, sizeof *j->rows);
}

QueueOutcome queue_run(Queue *q, int lane, QueueJob *j, double timeout_seconds)
{
    struct timespec deadline = after(timeout_seconds);
    Lane           *l = &q->lanes[lane];
    pthread_mutex_lock(&q->lock);
    j->outcome = QUEUE_WAITING;
    if (q->closed) j->outcome = QUEUE_CLOSED;
    else if (l->n_jobs >= q->max_jobs) {
        j->outcome = QUEUE_FULL;
        q->stats.n_refused++;
    } else if ((j->status = make_rows(l, j)) != OK) {
        j->outcome = QUEUE_FAILED;
    } else {
        link_last(l, j);
        q->stats.n_jobs++;
        pthread_cond_signal(&q->work);
    }
    while (j->outcome == QUEUE_WAITING)
        if (pthread_cond_timedwait(&j->ended, &q->lock, &deadline) != 0 && j->outcome == QUEUE_WAITING) {
            j->outcome = QUEUE_LATE;
            q->stats.n_late++;
            if (j->linked) unlink_job(l, j);
            if (j->running) __atomic_add_fetch(&j->n_owners, 1, __ATOMIC_ACQ_REL);      /* the pass lets go of it */
        }
    QueueOutcome outcome = j->outcome;
    pthread_mutex_unlock(&q->lock);
    return outcome;
}

/* ---- the compute thread ------------------------------------------------------------------------------------------ */

static Lane *next_lane(Queue *q)
{
    for (int i = 0; i < q->n_lanes; i++) {
        Lane *l = &q->lanes[(q->turn + i) % q->n_lanes];
        if (l->first) {
            q->turn = (q->turn + i + 1) % q->n_lanes;
            return l;
        }
    }
    return NULL;
}

static Status add_slot(Queue *q, QueueJob *j)
{
    TRY(mem_grow(&q->slots, &q->cap_slots, (size_t)q->n_slots + 1, sizeof *q->slots));
    TRY(mem_grow(&q->inputs, &q->cap_inputs, (size_t)q->n_slots + 1, sizeof *q->inputs));
    q->inputs[q->n_slots] = &j->inputs[j->n_taken];
    q->slots[q->n_slots++] = (Slot){ j, j->n_taken++ };
    return OK;
}

/* Fills the slots from the lane's jobs. At least one input goes, however long it is. */
static void take(Queue *q, Lane *l)
{
    int64_t tokens = 0;
    q->n_slots = 0;
    for (QueueJob *j = l->first, *next; j; j = next) {
        next = j->next;
        while (j->n_taken < j->n) {
            int64_t more = (int64_t)j->inputs[j->n_taken].n;
            if (q->n_slots > 0 && tokens + more > q->max_tokens) break;
            if (add_slot(q, j) != OK) break;
            j->running = true;
            tokens += more;
        }
        bool all = j->n_taken == j->n;
        if (all || j->running) unlink_job(l, j);
        if (!all && j->running) link_last(l, j);             /* its next share comes after those that wait now */
        if (!all) break;
    }
    if (q->n_slots == 0) {                                  /* not even one slot: memory is out */
        l->first->status = ERR_MEMORY;
        end(l->first, QUEUE_FAILED);
        unlink_job(l, l->first);
        return;
    }
    q->stats.n_passes++;
    q->stats.n_inputs += q->n_slots;
    q->stats.n_tokens += tokens;
}

static Status run_slots(Queue *q, const Lane *l, int64_t begin, int64_t end_slot)
{
    const REAL *rows = NULL;
    TRY(l->run(l->arg, q->inputs + begin, end_slot - begin, &rows));
    size_t width = (size_t)l->width;
    for (int64_t i = begin; i < end_slot; i++) {
        QueueJob      *j = q->slots[i].job;
        const int64_t *first = j->first_row + q->slots[i].index;
        size_t         n = (size_t)(first[1] - first[0]) * width;
        memcpy(j->rows + (size_t)first[0] * width, rows, n * sizeof *rows);
        rows += n;
    }
    return OK;
}

/* A pass that fails is repeated job by job, so that nobody fails for what another one sent. */
static void run_pass(Queue *q, const Lane *l)
{
    bool one = q->slots[0].job == q->slots[q->n_slots - 1].job;
    if (!one && run_slots(q, l, 0, q->n_slots) == OK) return;
    for (int64_t i = 0, next; i < q->n_slots; i = next) {
        QueueJob *j = q->slots[i].job;
        for (next = i; next < q->n_slots && q->slots[next].job == j; next++) {}
        j->status = run_slots(q, l, i, next);
        if (j->status != OK) snprintf(j->fact, sizeof j->fact, "%s", status_fact());
    }
}

static void settle(Queue *q, Lane *l)
{
    for (int64_t i = 0; i < q->n_slots; i++) {
        QueueJob *j = q->slots[i].job;
        j->n_done++;
        if (i + 1 < q->n_slots && q->slots[i + 1].job == j) continue;
        j->running = false;
        if (j->outcome == QUEUE_LATE) {
            queue_job_free(j);
            continue;
        }
        if (j->outcome != QUEUE_WAITING) continue;
        bool finished = j->status != OK || j->n_done == j->n;
        if (finished && j->linked) unlink_job(l, j);
        if (finished) end(j, j->status == OK ? QUEUE_DONE : QUEUE_FAILED);
        else if (q->closed) end(j, QUEUE_CLOSED);
    }
    q->n_slots = 0;
}

bool queue_work(Queue *q)
{
    Lane *l = NULL;
    pthread_mutex_lock(&q->lock);
    while (!q->closed && !(l = next_lane(q))) pthread_cond_wait(&q->work, &q->lock);
    if (l) take(q, l);
    pthread_mutex_unlock(&q->lock);
    if (!l) return false;
    if (q->n_slots > 0) run_pass(q, l);
    pthread_mutex_lock(&q->lock);
    settle(q, l);
    pthread_mutex_unlock(&q->lock);
    return true;
}

/* Jobs in the pass under way end with it; those that would need another pass end now. */
void queue_close(Queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    for (int i = 0; i < q->n_lanes; i++)
        while (q->lanes[i].first) {
            QueueJob *j = q->lanes[i].first;
            unlink_job(&q->lanes[i], j);
            if (j->running) continue;
            end(j, QUEUE_CLOSED);
        }
    pthread_cond_broadcast(&q->work);
    pthread_mutex_unlock(&q->lock);
}

QueueStats queue_stats(Queue *q)
{
    pthread_mutex_lock(&q->lock);
    QueueStats stats = q->stats;
    pthread_mutex_unlock(&q->lock);
    return stats;
}
