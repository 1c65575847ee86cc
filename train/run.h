/* train/run.h: a training run: a job with its data, model, optimizer and folder, and the loop over steps.
 *
 * run_open() prepares everything and refuses what cannot work; run_train() goes to the end, or stops with
 * ERR_INTERRUPTED after a step when *stop becomes nonzero, its state saved in checkpoints/last.h5. Nothing here prints:
 * hooks tell the caller what happens.
 *
 * The same job, seed and thread count give the same bits, whether or not the run was interrupted: the order of examples,
 * masks and dropout are functions of (seed, epoch, step), and a checkpoint holds parameters, moments, step, cursor and
 * the state of the best metric. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include <signal.h>

#include "train/eval.h"

typedef struct StepLog {
    int64_t step, total_steps;
    double  epoch, loss, learning_rate, grad_norm, tokens_per_second, samples_per_second, memory_mib, seconds_left;
} StepLog;

typedef struct RunHooks {
    void *arg;
    void (*on_data)(void *arg, const char *set, double done, int64_t rows);      /* while text is tokenised; 0 .. 1 */
    void (*on_step)(void *arg, const StepLog *log,
                    bool logged); /* after every step; logged: it went to metrics.jsonl */
    void (*on_eval)(void *arg, int64_t step, const cJSON *report, bool is_best);
    void (*on_checkpoint)(void *arg, const char *path);
    void (*on_note)(void *arg, const char *sentence);                 /* a new head, truncated texts, ... */
    AugmentFill fill;                                                 /* of data.augment's mlm step; may be NULL */
    void       *fill_arg;
    const volatile sig_atomic_t *stop;                                /* may be NULL */
} RunHooks;

typedef enum RunMode { RUN_NEW, RUN_RESUME, RUN_OVERWRITE } RunMode;

typedef struct Run Run;

/* Memory by category, in bytes: what `plan` says and the first line of train. */
typedef struct MemoryPlan {
    double parameters, gradients, optimizer, activations, activation_gradients, workspace, data, total;
} MemoryPlan;

typedef struct RunPlan {
    int64_t    n_parameters, n_trainable, n_examples, n_tokens, total_steps, longest, n_truncated;
    double     epochs, checkpoint_bytes;
    MemoryPlan memory;
    bool       tokens_sampled;               /* n_tokens is scaled up from a part of the set */
} RunPlan;

Status run_open(Run **out, const Job *job, RunMode mode, const RunHooks *hooks) MUST_USE;
/* The plan alone, on a dry backend: nothing is computed or written. */
Status run_plan_job(const Job *job, RunPlan *out) MUST_USE;
void   run_close(Run *r);
const RunPlan *run_plan(const Run *r);
const Model   *run_model(const Run *r);
const Backend *run_backend(const Run *r);
bool   run_is_finished(const Run *r);        /* a resumed run that had nothing left to do */
int64_t run_step(const Run *r);

Status run_train(Run *r) MUST_USE;
/* {"run", "steps", "seconds", "best_checkpoint", "metrics"} (gives) */
Status run_summary(const Run *r, cJSON **out) MUST_USE;

#endif
