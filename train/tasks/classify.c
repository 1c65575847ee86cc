/* train/tasks/classify.c: cross-entropy over one class a sequence, for a text or a pair. */
#include <stdlib.h>

#include "core/arena.h"
#include "model/ops/ops.h"
#include "train/tasks/train_task.h"

static Status classify_collate(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows,
                               int64_t n, int64_t epoch, Batch *out)
{
    (void)t, (void)tokenizer, (void)epoch;
    return collate_classify(d, rows, n, out);
}

static void classify_loss(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view)
{
    op_cross_entropy(ctx, model_forward(ctx, m, view), view->labels, t->label_smoothing_factor, NULL);
}

static Status classify_score(Ctx *ctx, const Model *m, const BatchView *view, Dataset *d, Outcome *out,
                             cJSON **answers)
{
    (void)d;
    Tensor *logits = model_forward(ctx, m, view);
    if (ctx->status != OK) return ctx->status;
    int64_t n = tensor_rows(logits), k = tensor_dim(logits, -1);
    REAL   *host;
    TRY(mem_new(&host, (size_t)(n * k), sizeof *host));
    Status s = ctx->backend->download(ctx->backend, host, logits->data, tensor_bytes(logits));
    const AnswerOptions top = { .top_k = 3 };
    for (int64_t i = 0; i < n && s == OK; i++) {
        const REAL *row = host + i * k;
        out[i].expected = view->host->labels[i];
        out[i].count = 1;
        out[i].loss = cross_entropy_of(row, k, out[i].expected, &out[i].predicted);
        if (answers) s = m->task->answer(m, &(AnswerInput){ .rows = row, .n = 1, .width = k }, 1, &top, answers[i]);
        if (answers && s == OK) s = json_add_string(answers[i], "expected", m->labels.items[out[i].expected]);
    }
    free(host);
    return s;
}

const TrainTask train_sequence_classification = {
    .name = "sequence-classification",
    .metrics = &metrics_classes,
    .labels = LABEL_CLASS,
    .collate = classify_collate,
    .loss = classify_loss,
    .score = classify_score,
};

const TrainTask train_sentence_pair = {
    .name = "sentence-pair",
    .metrics = &metrics_classes,
    .labels = LABEL_CLASS,
    .collate = classify_collate,
    .loss = classify_loss,
    .score = classify_score,
};
