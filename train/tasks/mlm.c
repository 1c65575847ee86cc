/* train/tasks/mlm.c: cross-entropy over hidden tokens, Devlin et al. 2018 sec. 3.1. Only the chosen rows reach the
 * decoder, and its logits exist a chunk at a time. */
#include <stdlib.h>

#include "core/arena.h"
#include "model/tasks/tasks.h"
#include "train/tasks/train_task.h"

enum { CHUNK_ROWS = 512 };

static Status mlm_collate(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows, int64_t n,
                          int64_t epoch, Batch *out)
{
    MlmOptions o = { .tokenizer = tokenizer, .probability = t->mlm_probability, .whole_word = t->whole_word_mask,
                     .seed = (uint32_t)t->seed, .epoch = epoch };
    return collate_mlm(d, rows, n, &o, out);
}

static void mlm_losses(Ctx *ctx, const Model *m, const BatchView *view, REAL *row_loss)
{
    Tensor *x = mlm_transform(ctx, m, model_hidden(ctx, m, view), view);
    op_linear_cross_entropy(ctx, x, m->arch->word_table(m), mlm_decoder_bias(m), view->token_labels, row_loss,
                            CHUNK_ROWS);
}

static void mlm_loss(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view)
{
    (void)t;
    mlm_losses(ctx, m, view, NULL);
}

static Status mlm_score(Ctx *ctx, const Model *m, const BatchView *view, Dataset *d, Outcome *out, cJSON **answers)
{
    (void)d;
    const Batch *b = view->host;
    int64_t      n = b->n_labelled;
    REAL        *device = ctx_data(ctx, (size_t)n * sizeof *device), *host;
    mlm_losses(ctx, m, view, device);
    if (ctx->status != OK) return ctx->status;
    TRY(mem_new(&host, (size_t)n, sizeof *host));
    Status s = ctx->backend->download(ctx->backend, host, device, (size_t)n * sizeof *host);
    for (int64_t q = 0, i = 0; q < b->streams[0].n_seqs && s == OK; q++) {      /* label rows ascend */
        for (; i < n && b->label_rows[i] < b->streams[0].cu_seqlens[q + 1]; i++) {
            out[q].loss += host[i];
            out[q].count++;
        }
        if (answers) s = json_add_number(answers[q], "loss", out[q].count > 0 ? out[q].loss / out[q].count : 0);
    }
    free(host);
    return s;
}

const TrainTask train_masked_lm = {
    .name = "masked-lm",
    .metrics = &metrics_loss,
    .labels = LABEL_NONE,
    .windows = true,
    .collate = mlm_collate,
    .loss = mlm_loss,
    .score = mlm_score,
};
