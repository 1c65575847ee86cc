/* train/tasks/train_task.h: what training and evaluation of a task need beyond its head: batches, loss, outcomes.
 * The other half of the task is model/tasks/ (head, labels, answer), which inference shares. */
#ifndef TRAIN_TASKS_TRAIN_TASK_H
#define TRAIN_TASKS_TRAIN_TASK_H

#include "data/collate/collate.h"
#include "model/model.h"
#include "train/job.h"
#include "train/metrics.h"

typedef struct TrainTask {
    const char *name;                   /* TaskDef's */
    const char *best_metric;            /* what best.h5 is chosen by unless the job says otherwise */
    LabelKind   labels;
    bool        windows;                /* long texts are cut into windows, not truncated */
    Status    (*collate)(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows, int64_t n,
                         int64_t epoch, Batch *out);
    /* Adds to the step's scalars and seeds backward. */
    void      (*loss)(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view);
    /* Outcomes of every sequence of the batch, without recording. out has n_seqs places. answers NULL, or for each
     * sequence an object to fill with what a predictions file says. */
    Status    (*score)(Ctx *ctx, const Model *m, const BatchView *view, Outcome *out, cJSON **answers);
} TrainTask;

enum { EVAL_EPOCH = -1 };               /* the epoch number of evaluation: masks are drawn once and for all */

Status train_task_need(const TrainTask **out, const char *name) MUST_USE;

extern const TrainTask train_sequence_classification, train_sentence_pair;      /* classify.c */
extern const TrainTask train_masked_lm;                                         /* mlm.c */

#endif
