/* model/tasks/classify.c: one class a sequence, for a text or a pair.  Devlin et al. 2018 sec. 4.1:
 * logits = classifier(dropout(pooled)). */
#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "model/tasks/tasks.h"

typedef struct ClassifyHead {
    Linear   classifier;
    uint32_t site;
    double   p_drop;
} ClassifyHead;

Status classify_declare_width(Model *m, int64_t width)
{
    ClassifyHead *h;
    TRY(mem_new(&h, 1, sizeof *h));
    m->head = h;
    h->p_drop = m->config.classifier_dropout >= 0 ? m->config.classifier_dropout : m->config.hidden_dropout_prob;
    TRY(m->arch->declare_pooler(m, 0));
    h->site = params_add_site(&m->params);
    return linear_declare(&h->classifier, &m->params, "classifier", m->config.hidden_size, width, true);
}

static Status classify_declare(Model *m) { return classify_declare_width(m, (int64_t)m->labels.n); }

Tensor *classify_forward(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    const ClassifyHead *h = m->head;
    Tensor *pooled = m->arch->pool(ctx, m, hidden, batch);
    tensor_name(ctx, pooled, "pooled");
    pooled = op_dropout(ctx, pooled, dropout_of_seqs(ctx, &batch->streams[0], h->p_drop, h->site));
    return tensor_name(ctx, linear_forward(ctx, &h->classifier, pooled), "logits");
}

typedef struct Ranked { double p; int64_t i; } Ranked;

static int by_probability(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    return x->p < y->p ? 1 : x->p > y->p ? -1 : x->i < y->i ? -1 : x->i > y->i;
}

/* {"label", "score", "probabilities": {label: p}} with the top_k most probable labels (all of them when 0). */
static Status classify_answer(const Model *m, const AnswerInput *in, int64_t n_inputs, const AnswerOptions *o,
                              cJSON *out)
{
    (void)n_inputs;
    const int64_t width = in->width;
    double *p;
    Ranked *ranked;
    TRY(mem_new(&p, (size_t)width, sizeof *p));
    Status s = mem_new(&ranked, (size_t)width, sizeof *ranked);
    if (s == OK) {
        answer_softmax(in->rows, width, p);
        for (int64_t i = 0; i < width; i++) ranked[i] = (Ranked){ p[i], i };
        qsort(ranked, (size_t)width, sizeof *ranked, by_probability);
        s = json_add_string(out, "label", m->labels.items[ranked[0].i]);
        if (s == OK) s = json_add_number(out, "score", ranked[0].p);
        cJSON *list = cJSON_AddObjectToObject(out, "probabilities");
        int64_t n = o->top_k > 0 && o->top_k < width ? o->top_k : width;
        for (int64_t i = 0; i < n && s == OK; i++) s = json_add_number(list, m->labels.items[ranked[i].i], ranked[i].p);
    }
    free(p);
    free(ranked);
    return s;
}

const TaskDef task_sequence_classification = {
    .name = "sequence-classification",
    .about = "one label for a text",
    .class_suffix = "ForSequenceClassification",
    .problem_type = "single_label_classification",
    .has_classes = true,
    .declare = classify_declare,
    .forward = classify_forward,
    .width = task_width_classes,
    .answer = classify_answer,
};

const TaskDef task_sentence_pair = {
    .name = "sentence-pair",
    .about = "one label for a pair of texts",
    .class_suffix = "ForSequenceClassification",
    .problem_type = "single_label_classification",
    .has_classes = true,
    .is_pair = true,
    .declare = classify_declare,
    .forward = classify_forward,
    .width = task_width_classes,
    .answer = classify_answer,
};
