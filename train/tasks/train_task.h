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
    const MetricsDef *metrics;
    LabelKind   labels;
    bool        windows;                /* long texts are cut into windows, not truncated */
    Status    (*collate)(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows, int64_t n,
                         int64_t epoch, Batch *out);
    /* Adds to the step's scalars and seeds backward. */
    void      (*loss)(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view);
    /* Outcomes of every sequence of the batch, without recording. out has n_seqs places, of which row is set; what they
     * borrow lives until the next step. answers NULL, or for each sequence an object to fill with what a predictions file
     * says. d: the set that the batch came from, for tasks that need the texts' places; others may be given NULL. */
    Status    (*score)(Ctx *ctx, const Model *m, const BatchView *view, Dataset *d, Outcome *out, cJSON **answers);
    /* For tasks that read a row in several windows (then score sets Outcome.row and gets no answers): two windows of one
     * row as one outcome, and what the row's own text says of it. NULL: a sequence is a row. */
    void      (*join)(Outcome *to, const Outcome *window);
    Status    (*judge)(const Model *m, const Row *row, Outcome *o, cJSON *answer);
} TrainTask;

enum { EVAL_EPOCH = -1 };               /* the epoch number of evaluation: masks are drawn once and for all */

/* log(sum exp) - logit of the class, of one row of logits; *best: the first of the largest. */
double  cross_entropy_of(const REAL *logits, int64_t width, int32_t label, int32_t *best);
Status train_task_need(const TrainTask **out, const char *name) MUST_USE;

extern const TrainTask train_sequence_classification, train_sentence_pair;      /* classify.c */
extern const TrainTask train_regression;                                        /* regress.c */
extern const TrainTask train_token_classification;                              /* tag.c */
extern const TrainTask train_question_answering;                                /* span.c */
extern const TrainTask train_masked_lm;                                         /* mlm.c */

#endif
