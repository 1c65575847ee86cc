/* model/tasks/regress.c: one number for a text or a pair: the classification head with a single output, which is the
 * answer as it is (published with num_labels 1 and problem_type "regression"). */
#include "model/tasks/tasks.h"

static int64_t regress_width(const Model *m) { return (void)m, 1; }

static Status regress_declare(Model *m) { return classify_declare_width(m, 1); }

/* {"score"} */
static Status regress_answer(const Model *m, const AnswerInput *in, int64_t n_inputs, const AnswerOptions *o, cJSON *out)
{
    (void)m, (void)n_inputs, (void)o;
    return json_add_number(out, "score", (double)in->rows[0]);
}

const TaskDef task_regression = {
    .name = "regression",
    .about = "a number for a text or a pair of texts",
    .class_suffix = "ForSequenceClassification",
    .problem_type = "regression",
    .may_pair = true,
    .declare = regress_declare,
    .forward = classify_forward,
    .width = regress_width,
    .answer = regress_answer,
};
