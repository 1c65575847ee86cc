/* model/tasks/mlm.c: predict hidden tokens.  Devlin et al. 2018 sec. 3.1 and the published code:
 *   h = norm(act(dense(x)))      logits = h word^T + bias      of the chosen rows only */
#include <stdlib.h>

#include "core/arena.h"
#include "model/tasks/tasks.h"

typedef struct MlmHead {
    Linear     dense;
    Norm       norm;
    Activation act;
    Tensor    *bias;
} MlmHead;

static Status mlm_declare(Model *m)
{
    const ModelConfig *c = &m->config;
    MlmHead *h;
    TRY(mem_new(&h, 1, sizeof *h));
    m->head = h;
    TRY(activation_from_name(c->hidden_act, &h->act));
    TRY(linear_declare(&h->dense, &m->params, "cls.predictions.transform.dense", c->hidden_size, c->hidden_size, true));
    TRY(norm_declare(&h->norm, &m->params, "cls.predictions.transform.LayerNorm", c->hidden_size, c->layer_norm_eps));
    return params_add(&m->params, &h->bias, DIMS(c->vocab_size), PARAM_ZERO | PARAM_NO_DECAY, "cls.predictions.bias");
}

Tensor *mlm_transform(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    const MlmHead *h = m->head;
    Tensor *x = op_gather(ctx, hidden, batch->label_rows, batch->n_labelled);
    x = op_activation(ctx, linear_forward(ctx, &h->dense, x), h->act);
    return tensor_name(ctx, norm_forward(ctx, &h->norm, x), "mlm_transform");
}

Tensor *mlm_decoder_bias(const Model *m) { return ((const MlmHead *)m->head)->bias; }

static Tensor *mlm_forward(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    Tensor *x = mlm_transform(ctx, m, hidden, batch);
    return tensor_name(ctx, op_linear(ctx, x, m->arch->word_table(m), mlm_decoder_bias(m)), "logits");
}

static int64_t mlm_width(const Model *m) { return m->config.vocab_size; }

/* {"candidates": [{"id", "score"}]}, the top_k (5 when 0) most probable tokens; whoever has the tokenizer adds names. */
static Status mlm_answer(const Model *m, const AnswerInput *in, int64_t n_inputs, const AnswerOptions *o, cJSON *out)
{
    (void)m, (void)n_inputs;
    const int64_t width = in->width;
    double *p;
    TRY(mem_new(&p, (size_t)width, sizeof *p));
    answer_softmax(in->rows, width, p);
    cJSON *list = cJSON_AddArrayToObject(out, "candidates");
    Status s = OK;
    for (int64_t k = 0, n = o->top_k > 0 ? o->top_k : 5; k < n && k < width && s == OK; k++) {
        int64_t best = 0;
        for (int64_t i = 1; i < width; i++) if (p[i] > p[best]) best = i;
        cJSON *one = cJSON_CreateObject();
        s = json_add(list, NULL, one);
        if (s == OK) s = json_add_number(one, "id", (double)best);
        if (s == OK) s = json_add_number(one, "score", p[best]);
        p[best] = -1;
    }
    free(p);
    return s;
}

const TaskDef task_masked_lm = {
    .name = "masked-lm",
    .about = "predict hidden tokens; pretraining",
    .class_suffix = "ForMaskedLM",
    .rows = ROW_LABELLED,
    .declare = mlm_declare,
    .forward = mlm_forward,
    .width = mlm_width,
    .answer = mlm_answer,
};
