/* model/arch/bert.c: BERT, Devlin et al. 2018: a post-norm Transformer encoder (Vaswani et al. 2017 sec. 3.1).
 *
 *   x  = dropout(norm(word[id] + position[i] + segment[s]))
 *   x  = norm(x + dropout(attention(x)))          each block
 *   x  = norm(x + dropout(mlp(x)))
 *   pooled = tanh(dense(x of the first token))    when a task asks for it
 *
 * x is (N, C): N tokens of all sequences in a row, no padding. Names are those of published checkpoints. */
#include <stdlib.h>

#include "core/arena.h"
#include "model/arch/arch.h"
#include "model/layers/layers.h"

typedef struct BertBlock {
    SelfAttention attn;
    Norm          attn_norm, mlp_norm;
    Mlp           mlp;
    double        p_drop;
    uint32_t      attn_site, mlp_site;
} BertBlock;

typedef struct Bert {
    Tensor   *word, *position, *segment;
    Norm      norm;
    uint32_t  site;
    Linear    pooler;
    BertBlock blocks[];
} Bert;

static Status block_declare(BertBlock *b, Params *ps, const ModelConfig *c, int64_t i, Activation act)
{
    char q[96], k[96], v[96], attn_out[96], attn_norm[96], up[96], down[96], mlp_norm[96];
    long long n = i;
    snprintf(q, sizeof q, "bert.encoder.layer.%lld.attention.self.query", n);
    snprintf(k, sizeof k, "bert.encoder.layer.%lld.attention.self.key", n);
    snprintf(v, sizeof v, "bert.encoder.layer.%lld.attention.self.value", n);
    snprintf(attn_out, sizeof attn_out, "bert.encoder.layer.%lld.attention.output.dense", n);
    snprintf(attn_norm, sizeof attn_norm, "bert.encoder.layer.%lld.attention.output.LayerNorm", n);
    snprintf(up, sizeof up, "bert.encoder.layer.%lld.intermediate.dense", n);
    snprintf(down, sizeof down, "bert.encoder.layer.%lld.output.dense", n);
    snprintf(mlp_norm, sizeof mlp_norm, "bert.encoder.layer.%lld.output.LayerNorm", n);

    b->p_drop = c->hidden_dropout_prob;
    TRY(self_attention_declare(&b->attn, ps, (const char *const[]){ q, k, v }, attn_out, c->hidden_size,
                               c->num_attention_heads, false, c->attention_probs_dropout_prob));
    b->attn_site = params_add_site(ps);
    TRY(norm_declare(&b->attn_norm, ps, attn_norm, c->hidden_size, c->layer_norm_eps));
    TRY(mlp_declare(&b->mlp, ps, up, down, c->hidden_size, c->intermediate_size, act));
    b->mlp_site = params_add_site(ps);
    return norm_declare(&b->mlp_norm, ps, mlp_norm, c->hidden_size, c->layer_norm_eps);
}

static Status bert_declare(Model *m)
{
    const ModelConfig *c = &m->config;
    Params            *ps = &m->params;
    Activation         act;
    Bert              *b;
    TRY(activation_from_name(c->hidden_act, &act));
    TRY(mem_new(&b, 1, sizeof *b + (size_t)c->num_hidden_layers * sizeof b->blocks[0]));
    m->arch_state = b;
    ps->layer = 0;
    TRY(params_add(ps, &b->word, DIMS(c->vocab_size, c->hidden_size), PARAM_NORMAL,
                   "bert.embeddings.word_embeddings.weight"));
    TRY(params_add(ps, &b->position, DIMS(c->max_position_embeddings, c->hidden_size), PARAM_NORMAL,
                   "bert.embeddings.position_embeddings.weight"));
    TRY(params_add(ps, &b->segment, DIMS(c->type_vocab_size, c->hidden_size), PARAM_NORMAL,
                   "bert.embeddings.token_type_embeddings.weight"));
    TRY(norm_declare(&b->norm, ps, "bert.embeddings.LayerNorm", c->hidden_size, c->layer_norm_eps));
    b->site = params_add_site(ps);
    for (int64_t i = 0; i < c->num_hidden_layers; i++) {
        ps->layer = (int)i + 1;
        TRY(block_declare(&b->blocks[i], ps, c, i, act));
    }
    return OK;
}

/* x: (N, C) -> (N, C) */
static Tensor *bert_block_forward(Ctx *ctx, const void *layer, Tensor *x, const BatchView *batch, int i)
{
    const BertBlock  *b = layer;
    const TokensView *t = &batch->streams[0];
    Tensor *h = self_attention_forward(ctx, &b->attn, x, t);
    x = norm_forward_residual(ctx, &b->attn_norm, h, x, dropout_of_tokens(ctx, t, b->p_drop, b->attn_site));
    tensor_name(ctx, x, "layer.%d.attn_norm", i);

    h = mlp_forward(ctx, &b->mlp, x);
    x = norm_forward_residual(ctx, &b->mlp_norm, h, x, dropout_of_tokens(ctx, t, b->p_drop, b->mlp_site));
    return tensor_name(ctx, x, "layer.%d.out", i);
}

static Tensor *bert_forward(Ctx *ctx, const Model *m, const BatchView *batch)
{
    const Bert       *b = m->arch_state;
    const TokensView *t = &batch->streams[0];
    Tensor *x = op_embed(ctx, t, b->word, b->position, b->segment);
    x = norm_forward(ctx, &b->norm, x);
    x = op_dropout(ctx, x, dropout_of_tokens(ctx, t, m->config.hidden_dropout_prob, b->site));
    tensor_name(ctx, x, "embeddings");
    for (int i = 0; i < m->config.num_hidden_layers; i++)
        x = ctx_block(ctx, bert_block_forward, &b->blocks[i], x, batch, i);
    return x;
}

static Status bert_declare_pooler(Model *m, int flags)
{
    Bert  *b = m->arch_state;
    Status s =
        linear_declare(&b->pooler, &m->params, "bert.pooler.dense", m->config.hidden_size, m->config.hidden_size, true);
    for (size_t i = m->params.n - 2; s == OK && i < m->params.n; i++) {
        m->params.list[i]->flags |= flags;
        m->params.list[i]->trainable = !(flags & PARAM_UNUSED);
    }
    return s;
}

static Tensor *bert_pool(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    const Bert *b = m->arch_state;
    Tensor *first = op_pool(ctx, hidden, &batch->streams[0], POOL_FIRST);
    return op_activation(ctx, linear_forward(ctx, &b->pooler, first), ACT_TANH);
}

static Tensor *bert_word_table(const Model *m) { return ((const Bert *)m->arch_state)->word; }

const ArchDef arch_bert = {
    .name = "bert",
    .prefix = "bert.",
    .class_name = "Bert",
    .declare = bert_declare,
    .forward = bert_forward,
    .declare_pooler = bert_declare_pooler,
    .pool = bert_pool,
    .word_table = bert_word_table,
};
