#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

Status model_new(Model **out, Backend *backend, const ModelConfig *config, const TaskDef *task,
                 const StringList *labels)
{
    Model *m;
    TRY(mem_new(&m, 1, sizeof *m));
    m->backend = backend;
    m->task = task;
    params_init(&m->params, backend);
    Status s = model_config_copy(&m->config, config);
    if (s == OK) s = model_config_check(&m->config, "model");
    if (s == OK && !(m->arch = arch_find(m->config.architecture)))
        s = fail(ERR_UNSUPPORTED, "there is no architecture \"%s\"", m->config.architecture);
    for (size_t i = 0; task->has_classes && labels && i < labels->n && s == OK; i++) s = string_list_add(&m->labels, labels->items[i]);
    if (s == OK && task->has_classes && m->labels.n < 2)
        s = hint(fail(ERR_DATA, "a classifier needs at least two labels, the data has %zu", m->labels.n),
                 "check data.label: the name of the label column");
    if (s == OK) s = m->arch->declare(m);
    m->params.layer = 1 << 30;                       /* heads come after every block */
    if (s == OK) s = task->declare(m);
    if (s == OK) s = params_allocate(&m->params);
    if (s == OK) *out = m;
    else model_free(m);
    return s;
}

void model_free(Model *m)
{
    if (!m) return;
    params_release(&m->params);
    model_config_release(&m->config);
    string_list_release(&m->labels);
    free(m->arch_state);
    free(m->head);
    free(m);
}

bool model_takes_pairs(const Model *m) { return m->task->is_pair || (m->task->may_pair && m->config.pairs); }

Status model_upload(Ctx *ctx, const Model *m, const Batch *batch, BatchView *view)
{
    return ctx_upload(ctx, batch, m->config.vocab_size, m->config.max_position_embeddings, m->config.type_vocab_size,
                      view);
}

Tensor *model_hidden(Ctx *ctx, const Model *m, const BatchView *view) { return m->arch->forward(ctx, m, view); }

Tensor *model_forward(Ctx *ctx, const Model *m, const BatchView *view)
{
    return m->task->forward(ctx, m, model_hidden(ctx, m, view), view);
}
