/* train/tasks/registry.c: the tasks that can be trained. Adding one: a file beside this, a line here. */
#include <math.h>
#include <string.h>

#include "train/tasks/train_task.h"

static const TrainTask *const tasks[] = { &train_sequence_classification, &train_sentence_pair, &train_regression,
                                         &train_token_classification, &train_question_answering, &train_masked_lm };

Status train_task_need(const TrainTask **out, const char *name)
{
    const TaskDef *known;
    TRY(task_need(&known, name));
    for (size_t i = 0; i < COUNT(tasks); i++)
        if (strcmp(tasks[i]->name, name) == 0) {
            *out = tasks[i];
            return OK;
        }
    return hint(fail(ERR_UNSUPPORTED, "the task \"%s\" can be used but not trained yet", name),
                "train sequence-classification, sentence-pair, regression, token-classification, question-answering or "
                "masked-lm");
}

double cross_entropy_of(const REAL *logits, int64_t width, int32_t label, int32_t *best)
{
    double sum = 0;
    *best = 0;
    for (int32_t c = 1; c < width; c++) if (logits[c] > logits[*best]) *best = c;
    for (int64_t c = 0; c < width; c++) sum += exp((double)logits[c] - logits[*best]);
    return log(sum) + logits[*best] - logits[label];
}
