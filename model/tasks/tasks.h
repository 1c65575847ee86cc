/* model/tasks/tasks.h: heads. What a task's training needs beyond TaskDef stands here too (train/tasks uses it). */
#ifndef MODEL_TASKS_TASKS_H
#define MODEL_TASKS_TASKS_H

#include "model/layers/layers.h"
#include "model/model.h"

extern const TaskDef task_sequence_classification, task_sentence_pair;      /* classify.c */
extern const TaskDef task_regression;                                       /* regress.c */
extern const TaskDef task_token_classification;                             /* tag.c */
extern const TaskDef task_question_answering;                               /* span.c */
extern const TaskDef task_masked_lm;                                        /* mlm.c */
extern const TaskDef task_embedding;                                        /* embed.c */

/* classify.c: the head over the pooled first token, with so many outputs. */
Status  classify_declare_width(Model *m, int64_t width) MUST_USE;
Tensor *classify_forward(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch);

/* mlm.c: rows before the decoder (n_labelled, C), and the decoder: the word table, tied, with a bias of its own. */
Tensor *mlm_transform(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch);
Tensor *mlm_decoder_bias(const Model *m);

/* span.c: the best answer in one window of a pair. */
enum { SPAN_MAX_TOKENS = 30 };           /* longest answer, in tokens */
typedef struct SpanChoice {
    bool    found;                       /* false: the window has no token of the second text */
    double  score, null_score;           /* sum of the two logits; the same for "no answer", at the first token */
    double  p, null_p;                   /* products of the two probabilities within the window */
    int32_t begin, end;                  /* bytes of the second text */
} SpanChoice;
SpanChoice span_choose(const AnswerInput *window);
/* The better of two windows of one pair: the higher score; "no answer" only when every window thinks so. */
SpanChoice span_better(SpanChoice a, SpanChoice b);
bool    span_is_null(const Model *m, const SpanChoice *c);      /* "no answer" wins, and the model may say so */
Status  span_answer(const Model *m, const SpanChoice *c, const char *pair, cJSON *out) MUST_USE;

int64_t task_width_classes(const Model *m);                     /* TaskDef.width: one number a label */

/* Softmax of one row of logits, in double, into p (width). */
void    answer_softmax(const REAL *logits, int64_t width, double *p);

#endif
