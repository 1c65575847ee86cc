/* train/run_internal.h: the body of a Run, shared by run.c (opening), trainer.c (the loop), checkpoint.c and run_log.c. */
#ifndef TRAIN_RUN_INTERNAL_H
#define TRAIN_RUN_INTERNAL_H

#include "core/file.h"
#include "data/loader.h"
#include "model/bundle.h"
#include "train/optim/optim.h"
#include "train/run.h"

/* Everything that a checkpoint must remember beyond parameters and moments. */
typedef struct RunState {
    int64_t step;                  /* optimizer steps done */
    int32_t updates;               /* those that changed the weights: Adam's t */
    Cursor  cursor;                /* of the next example */
    bool    finished;
    double  best;                  /* value of the best metric; meaningful when best_step >= 0 */
    int64_t best_step, bad_evals;  /* evaluations since then without a better one */
    double  loss_sum, count;       /* since the last log line */
    int64_t tokens, sequences;     /* the same */
    double  seconds;               /* of training, all processes together */
} RunState;

struct Run {
    const Job         *job;        /* borrowed */
    RunHooks           hooks;
    Backend           *backend;
    const TrainTask   *task;
    Tokenizer         *tokenizer;
    Data              *data;
    Dataset           *train, *validation;      /* of data; validation may be NULL */
    Loader            *loader;
    Model             *model;
    Optimizer         *optimizer;
    Ctx               *ctx;
    Tape               tape;
    RunPlan            plan;
    RunState           state;
    cJSON             *config;                  /* resolved */
    char              *config_text;
    cJSON             *last_eval;
    const char        *best_metric;
    int64_t            max_length, total_steps;

    Batch             *micro[2];                /* the batches of this step and of the next */
    int64_t            n_micro[2], cap_micro;
    double             log_clock, step_clock, started;
    bool               warned_truncated, was_finished;
};

void   run_note(const Run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
double run_clock(void);            /* seconds, monotonic */
double run_epoch(const Run *r);    /* epochs done, with the part of this one; whole ones only while reading a stream */

/* checkpoint.c */
Status checkpoint_save(Run *r, bool as_best, bool as_last) MUST_USE;
Status checkpoint_load_last(Run *r, bool *found) MUST_USE;

/* run_log.c: metrics.jsonl */
Status run_log_step(Run *r, const StepLog *log) MUST_USE;
Status run_log_eval(Run *r, const cJSON *report) MUST_USE;
Status run_log_cut(Run *r) MUST_USE;            /* forget lines past the state's step */

#endif
