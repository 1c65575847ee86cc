/* model/tasks/registry.c: the tasks. Adding one: a file beside this and one in train/tasks, a line in each registry. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "model/tasks/tasks.h"

static const TaskDef *const tasks[] = { &task_sequence_classification, &task_sentence_pair, &task_regression,
                                        &task_token_classification, &task_question_answering, &task_masked_lm,
                                        &task_embedding };

const TaskDef *task_at(size_t i) { return i < COUNT(tasks) ? tasks[i] : NULL; }

const TaskDef *task_find(const char *name)
{
    for (size_t i = 0; i < COUNT(tasks); i++)
        if (strcmp(tasks[i]->name, name) == 0) return tasks[i];
    return NULL;
}

Status task_need(const TaskDef **out, const char *name)
{
    const char *names[COUNT(tasks)];
    if ((*out = task_find(name))) return OK;
    for (size_t i = 0; i < COUNT(tasks); i++) names[i] = tasks[i]->name;
    const char *near = text_nearest(name, names, COUNT(names));
    Status      s = fail(ERR_CONFIG, "there is no task \"%s\"", name);
    return near ? hint(s, "did you mean %s?", near)
                : hint(s, "known are sequence-classification, sentence-pair, regression, token-classification, "
                          "question-answering, masked-lm and embedding");
}

const TaskDef *task_of_class(const char *class_name)
{
    for (size_t i = 0; i < COUNT(tasks); i++) {
        size_t n = strlen(class_name), k = strlen(tasks[i]->class_suffix);
        if (n > k && strcmp(class_name + n - k, tasks[i]->class_suffix) == 0) return tasks[i];
    }
    return NULL;
}

int64_t task_width_classes(const Model *m) { return (int64_t)m->labels.n; }

void answer_softmax(const REAL *logits, int64_t width, double *p)
{
    double max = -INFINITY, sum = 0;
    for (int64_t i = 0; i < width; i++) max = fmax(max, (double)logits[i]);
    for (int64_t i = 0; i < width; i++) sum += p[i] = exp((double)logits[i] - max);
    for (int64_t i = 0; i < width; i++) p[i] /= sum;
}
