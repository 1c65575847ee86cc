#include "train/optim/optim.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

enum { MAX_MOMENTS = 2 };

struct Optimizer {
    const OptimDef *def;
    Model          *model;
    OptimChunk     *chunks;
    int64_t         n_chunks;
    void           *moments[MAX_MOMENTS];
    double          beta1, beta2, eps, momentum;
};

static const OptimDef *const optimizers[] = { &optim_adamw, &optim_sgd };

Status optimizer_new(Optimizer **out, Model *model, const TrainConfig *t)
{
    const Params *ps = &model->params;
    Optimizer    *o;
    TRY(mem_new(&o, 1, sizeof *o));
    o->model = model;
    o->beta1 = t->adam_beta1;
    o->beta2 = t->adam_beta2;
    o->eps = t->adam_epsilon;
    o->momentum = t->momentum;
    for (size_t i = 0; i < COUNT(optimizers); i++)
        if (strcmp(optimizers[i]->name, t->optim) == 0) o->def = optimizers[i];
    BUG_ON(!o->def);
    Status s = mem_new(&o->chunks, ps->n, sizeof *o->chunks);
    for (size_t i = 0; s == OK && i < ps->n; i++) {
        const Param *p = ps->list[i];
        if (!p->trainable) continue;
        bool  decays = !(p->flags & PARAM_NO_DECAY), is_head = p->layer > model->config.num_hidden_layers;
        float scale = is_head && t->head_learning_rate > 0 ? (float)(t->head_learning_rate / t->learning_rate) : 1;
        o->chunks[o->n_chunks++] =
            (OptimChunk){ p->offset, p->state, p->n, decays ? (float)t->weight_decay : 0, scale };
    }
    for (int i = 0; s == OK && i < o->def->n_moments; i++)
        s = model->backend->alloc(model->backend, &o->moments[i], (size_t)ps->n_state * sizeof(REAL));
    if (s == OK) *out = o;
    else optimizer_free(o);
    return s;
}

void optimizer_free(Optimizer *o)
{
    if (!o) return;
    Backend *b = o->model->backend;
    for (int i = 0; i < MAX_MOMENTS; i++) b->free(b, o->moments[i], (size_t)o->model->params.n_state * sizeof(REAL));
    free(o->chunks);
    free(o);
}

Status optimizer_step(Optimizer *o, Ctx *ctx)
{
    OptimArgs a = { .dtype = DTYPE_REAL,
                    .chunks = o->chunks,
                    .n_chunks = o->n_chunks,
                    .n_state = o->model->params.n_state,
                    .values = o->model->params.values,
                    .grads = o->model->params.grads,
                    .m = o->moments[0],
                    .v = o->moments[1],
                    .beta1 = o->beta1,
                    .beta2 = o->beta2,
                    .eps = o->eps,
                    .momentum = o->momentum,
                    .scalars = ctx->scalars };
    a.workspace = ctx_scratch(ctx, grad_norm_workspace, &a);
    ctx_run(ctx, grad_norm, &a);
    return o->def->update(ctx, &a);
}

int     optimizer_n_moments(const Optimizer *o) { return o->def->n_moments; }
int64_t optimizer_size(const Optimizer *o) { return o->model->params.n_state; }

Status optimizer_get(const Optimizer *o, int i, int64_t first, int64_t n, REAL *host)
{
    return o->model->backend->download(o->model->backend, host, (const REAL *)o->moments[i] + first,
                                       (size_t)n * sizeof *host);
}

Status optimizer_set(Optimizer *o, int i, int64_t first, int64_t n, const REAL *host)
{
    return o->model->backend->upload(o->model->backend, (REAL *)o->moments[i] + first, host, (size_t)n * sizeof *host);
}
