/* train/tasks/regress.c: squared error of one number a sequence. */
#include <stdlib.h>

#include "core/arena.h"
#include "model/ops/ops.h"
#include "train/tasks/train_task.h"

static Status regress_collate(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows,
                              int64_t n, int64_t epoch, Batch *out)
{
    (void)t, (void)tokenizer, (void)epoch;
    return collate_regress(d, rows, n, out);
}

static void regress_loss(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view)
{
    (void)t;
    op_mse(ctx, model_forward(ctx, m, view), view->targets, NULL);
}

static Status regress_score(Ctx *ctx, const Model *m, const BatchView *view, Dataset *d, Outcome *out, cJSON **answers)
{
    (void)d;
    Tensor *y = model_forward(ctx, m, view);
    if (ctx->status != OK) return ctx->status;
    int64_t n = tensor_rows(y);
    REAL   *host;
    TRY(mem_new(&host, (size_t)n, sizeof *host));
    Status s = ctx->backend->download(ctx->backend, host, y->data, tensor_bytes(y));
    for (int64_t i = 0; i < n && s == OK; i++) {
        double error = (double)host[i] - view->host->targets[i];
        out[i].value = host[i];
        out[i].target = view->host->targets[i];
        out[i].loss = error * error;
        out[i].count = 1;
        if (answers) s = json_add_number(answers[i], "score", out[i].value);
        if (answers && s == OK) s = json_add_number(answers[i], "expected", out[i].target);
    }
    free(host);
    return s;
}

const TrainTask train_regression = {
    .name = "regression",
    .metrics = &metrics_numbers,
    .labels = LABEL_NUMBER,
    .collate = regress_collate,
    .loss = regress_loss,
    .score = regress_score,
};
