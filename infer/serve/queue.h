/* infer/serve/queue.h: the hand-over from many HTTP threads to the one that computes.
 *
 * A QueueJob is one request's encoded inputs; a lane is one model. queue_run() leaves a job in its lane and sleeps until
 * all of its rows are there. The compute thread calls queue_work() again and again: each call takes what waits in one
 * lane, in order of arrival and up to max_batch_tokens, through the model in one pass. A request too large for one pass
 * goes behind those that came after it when its share is done, so that it delays nobody by more than one pass. Lanes
 * take turns.
 *
 * Nothing here spins: without work the compute thread sleeps. */
#ifndef INFER_SERVE_QUEUE_H
#define INFER_SERVE_QUEUE_H

#include <pthread.h>

#include "data/tokenizer/tokenizer.h"
#include "kernels/kernels.h"

typedef struct Queue Queue;

typedef enum QueueOutcome { QUEUE_WAITING, QUEUE_DONE, QUEUE_FULL, QUEUE_LATE, QUEUE_CLOSED,
                            QUEUE_FAILED } QueueOutcome;

/* One pass over n inputs; *rows stays the runner's and holds the inputs' rows of the lane's width, one or one a token. */
typedef Status (*QueueRunner)(void *arg, const Encoding *const *inputs, int64_t n, const REAL **rows);

typedef struct QueueJob {
    Encoding *inputs;                /* (n) filled by the caller before queue_run, not touched after */
    int64_t   n;
    REAL     *rows;                  /* (first_row[n], width) after QUEUE_DONE */
    int64_t  *first_row, width;      /* (n + 1): input i has the rows first_row[i] .. first_row[i + 1] */
    Status    status;                /* after QUEUE_FAILED, with the fact */
    char      fact[256];

    struct QueueJob    *next;             /* the rest is the queue's */
    pthread_cond_t ended;
    QueueOutcome   outcome;
    int64_t        n_taken, n_done;
    int            n_owners;
    bool           linked, running;
} QueueJob;

typedef struct QueueStats { int64_t n_passes, n_inputs, n_tokens, n_jobs, n_refused, n_late; } QueueStats;

Status queue_new(Queue **out, int n_lanes, int64_t max_jobs_a_lane, int64_t max_batch_tokens) MUST_USE;
void   queue_free(Queue *q);                         /* closed, and nobody waits in it */
/* Before its first job. a_token: an input has a row a token, else one. */
void   queue_open_lane(Queue *q, int lane, QueueRunner run, void *arg, int64_t width, bool a_token);

Status queue_job_new(QueueJob **out, int64_t n) MUST_USE;
void   queue_job_free(QueueJob *j);            /* the caller is done with it; the queue may still be computing it */

/* Any thread: gives the outcome, QUEUE_LATE after timeout_seconds at the latest. */
QueueOutcome queue_run(Queue *q, int lane, QueueJob *j, double timeout_seconds);

/* The compute thread: waits for work and does one pass. False once the queue is closed. */
bool   queue_work(Queue *q);
void   queue_close(Queue *q);                        /* what waits ends with QUEUE_CLOSED */
QueueStats queue_stats(Queue *q);

#endif
