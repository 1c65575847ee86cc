/* model/tasks/embed.c: one vector a text: the mean of its token vectors or its first one, scaled to length 1.
 * Reimers & Gurevych 2019, sec. 3. */
#include <string.h>

#include "model/tasks/tasks.h"

static Status embed_declare(Model *m)
{
    return m->arch->declare_pooler(m, PARAM_UNUSED);       /* published with the encoder, not part of the embedding */
}

static Tensor *embed_forward(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    Pooling kind = strcmp(m->config.pooling, "first") == 0 ? POOL_FIRST : POOL_MEAN;
    Tensor *v = op_pool(ctx, hidden, &batch->streams[0], kind);
    if (m->config.normalize) v = op_l2norm(ctx, v, 1e-12);
    return tensor_name(ctx, v, "embedding");
}

static int64_t embed_width(const Model *m) { return m->config.hidden_size; }

static Status embed_answer(const Model *m, const AnswerInput *in, int64_t n_inputs, const AnswerOptions *o, cJSON *out)
{
    (void)m, (void)o, (void)n_inputs;
    cJSON *list = cJSON_AddArrayToObject(out, "embedding");
    for (int64_t i = 0; i < in->width; i++) TRY(json_add(list, NULL, cJSON_CreateNumber((double)in->rows[i])));
    return OK;
}

const TaskDef task_embedding = {
    .name = "embedding",
    .about = "one vector for a text",
    .class_suffix = "Model",
    .declare = embed_declare,
    .forward = embed_forward,
    .width = embed_width,
    .answer = embed_answer,
};
