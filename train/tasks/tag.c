/* train/tasks/tag.c: cross-entropy over one class a word, at its first token. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/ops/ops.h"
#include "train/tasks/train_task.h"

static Status tag_collate(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows, int64_t n,
                          int64_t epoch, Batch *out)
{
    (void)t, (void)tokenizer, (void)epoch;
    return collate_tag(d, rows, n, out);
}

static void tag_loss(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view)
{
    Tensor *logits = op_gather(ctx, model_forward(ctx, m, view), view->label_rows, view->n_labelled);
    op_cross_entropy(ctx, logits, view->token_labels, t->label_smoothing_factor, NULL);
}

/* The answer to a row of a labelled set: its words are the set's, each from one labelled token to the next. */
static Status add_answer(const Model *m, const Outcome *o, Dataset *d, const REAL *rows, int64_t width, cJSON *to)
{
    Row      row;
    Example  e;
    char    *text = NULL;
    int32_t *words = NULL;
    TRY(dataset_row(d, o->row, &row));
    TRY(text_copy(&text, row.text));                       /* the example may take the row's place */
    Status s = dataset_example(d, o->row, &e);
    if (s == OK) s = mem_new(&words, (size_t)e.n, sizeof *words);
    for (int64_t i = 0, n = 0; s == OK && i < e.n; i++) {
        n += e.tags[i] != BATCH_IGNORE;
        words[i] = e.words[i] < 0 || n == 0 ? -1 : (int32_t)n;
    }
    AnswerInput in = { .rows = rows, .n = e.n, .width = width, .segments = e.segments, .words = words,
                       .offsets = e.offsets, .text = text };
    if (s == OK) s = m->task->answer(m, &in, 1, &(AnswerOptions){ 0 }, to);
    cJSON *expected = cJSON_CreateArray();
    if (s == OK) s = json_add(to, "expected", expected);
    else cJSON_Delete(expected);
    for (int64_t i = 0; i < o->n_tags && s == OK; i++)
        s = json_add(expected, NULL, cJSON_CreateString(m->labels.items[o->tags[i]]));
    free(text);
    free(words);
    return s;
}

static Status tag_score(Ctx *ctx, const Model *m, const BatchView *view, Dataset *d, Outcome *out, cJSON **answers)
{
    const Batch *b = view->host;
    const int32_t *cu = b->streams[0].cu_seqlens;
    int64_t      k = (int64_t)m->labels.n;
    Tensor      *logits = model_forward(ctx, m, view);
    int32_t     *predicted = arena_alloc(&ctx->step, (size_t)b->n_labelled * sizeof *predicted);
    REAL        *host;
    if (ctx->status != OK) return ctx->status;
    if (!predicted) return fail(ERR_MEMORY, "no memory for %lld tags", (long long)b->n_labelled);
    TRY(mem_new(&host, (size_t)tensor_count(logits), sizeof *host));
    Status s = ctx->backend->download(ctx->backend, host, logits->data, tensor_bytes(logits));
    for (int64_t q = 0, i = 0; q < b->streams[0].n_seqs && s == OK; q++) {      /* label rows ascend */
        Outcome *o = &out[q];
        o->tags = b->token_labels + i;
        o->predicted_tags = predicted + i;
        for (; i < b->n_labelled && b->label_rows[i] < cu[q + 1]; i++, o->n_tags++)
            o->loss += cross_entropy_of(host + b->label_rows[i] * k, k, b->token_labels[i], &predicted[i]);
        o->count = (double)o->n_tags;
        if (answers) s = add_answer(m, o, d, host + cu[q] * k, k, answers[q]);
    }
    free(host);
    return s;
}

const TrainTask train_token_classification = {
    .name = "token-classification",
    .metrics = &metrics_tags,
    .labels = LABEL_TAGS,
    .collate = tag_collate,
    .loss = tag_loss,
    .score = tag_score,
};
