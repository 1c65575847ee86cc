/* train/tasks/registry.c: the tasks that can be trained. Adding one: a file beside this, a line here. */
#include <string.h>

#include "train/tasks/train_task.h"

static const TrainTask *const tasks[] = { &train_sequence_classification, &train_sentence_pair, &train_masked_lm };

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
                "train sequence-classification, sentence-pair or masked-lm");
}
