/* train/eval.h: a model over a held-out set: metrics with intervals, a predictions file, constant memory. */
#ifndef TRAIN_EVAL_H
#define TRAIN_EVAL_H

#include "train/tasks/train_task.h"

typedef struct EvalOptions {
    const TrainTask   *task;
    const TrainConfig *train;             /* batch size, masking */
    const Tokenizer   *tokenizer;
    bool               intervals;
    const char        *predictions;       /* path of a JSONL file, or NULL */
    void             (*progress)(void *arg, int64_t done, int64_t total);      /* may be NULL */
    void              *progress_arg;
} EvalOptions;

/* {"task", "split", "n", "metrics", "per_class", ...} (gives). Uses ctx without a tape. */
Status eval_run(Ctx *ctx, const Model *m, Dataset *d, const char *split, const EvalOptions *o, cJSON **out) MUST_USE;

#endif
