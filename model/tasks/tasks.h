/* model/tasks/tasks.h: heads. What a task's training needs beyond TaskDef stands here too (train/tasks uses it). */
#ifndef MODEL_TASKS_TASKS_H
#define MODEL_TASKS_TASKS_H

#include "model/layers/layers.h"
#include "model/model.h"

extern const TaskDef task_sequence_classification, task_sentence_pair;      /* classify.c */
extern const TaskDef task_masked_lm;                                        /* mlm.c */
extern const TaskDef task_embedding;                                        /* embed.c */

/* mlm.c: rows before the decoder (n_labelled, C), and the decoder: the word table, tied, with a bias of its own. */
Tensor *mlm_transform(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch);
Tensor *mlm_decoder_bias(const Model *m);

/* Softmax of one row of logits, in double, into p (width). */
void    answer_softmax(const REAL *logits, int64_t width, double *p);

#endif
