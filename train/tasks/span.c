/* train/tasks/span.c: the mean of two cross-entropies over a sequence's tokens, for the answer's first and last one,
 * Devlin et al. 2018 sec. 4.2. A question whose text is read in windows gets the best answer of all of them. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/ops/ops.h"
#include "model/tasks/tasks.h"
#include "train/answer_match.h"
#include "train/tasks/train_task.h"

static Status span_collate(const TrainConfig *t, const Tokenizer *tokenizer, Dataset *d, const int64_t *rows, int64_t n,
                           int64_t epoch, Batch *out)
{
    (void)t, (void)tokenizer, (void)epoch;
    return collate_span(d, rows, n, out);
}

static void span_loss(Ctx *ctx, const Model *m, const TrainConfig *t, const BatchView *view)
{
    (void)t;
    op_span_cross_entropy(ctx, model_forward(ctx, m, view), &view->streams[0], view->spans, NULL);
}

static Status choose(const Batch *b, Dataset *d, const REAL *logits, const REAL *losses, Outcome *out)
{
    for (int64_t q = 0; q < b->streams[0].n_seqs; q++) {
        Example e;
        TRY(dataset_example(d, b->rows[q], &e));
        AnswerInput window = { .rows = logits + 2 * b->streams[0].cu_seqlens[q], .n = e.n, .width = 2,
                               .segments = e.segments, .words = e.words, .offsets = e.offsets };
        out[q].row = e.row;
        out[q].span = span_choose(&window);
        out[q].loss = losses[q];
        out[q].count = 1;
    }
    return OK;
}

static Status span_score(Ctx *ctx, const Model *m, const BatchView *view, Dataset *d, Outcome *out, cJSON **answers)
{
    (void)answers;
    const Batch *b = view->host;
    size_t       n = (size_t)b->streams[0].n_seqs;
    Tensor      *logits = model_forward(ctx, m, view);
    REAL        *row_loss = ctx_data(ctx, n * sizeof *row_loss), *host = NULL, *losses = NULL;
    op_span_cross_entropy(ctx, logits, &view->streams[0], view->spans, row_loss);
    if (ctx->status != OK) return ctx->status;
    Status s = mem_new(&host, (size_t)tensor_count(logits), sizeof *host);
    if (s == OK) s = mem_new(&losses, n, sizeof *losses);
    if (s == OK) s = ctx->backend->download(ctx->backend, host, logits->data, tensor_bytes(logits));
    if (s == OK) s = ctx->backend->download(ctx->backend, losses, row_loss, n * sizeof *losses);
    if (s == OK) s = choose(b, d, host, losses, out);
    free(host);
    free(losses);
    return s;
}

static void span_join(Outcome *to, const Outcome *window)
{
    to->loss += window->loss;
    to->count += window->count;
    to->span = span_better(to->span, window->span);
}

static Status best_match(const char *given, const Row *row, Outcome *o, cJSON *expected)
{
    char  *want = NULL;
    Status s = OK;
    for (size_t i = 0; i < row->n_spans && s == OK; i++) {
        const RowSpan *a = &row->spans[i];
        AnswerMatch    match;
        s = text_format(&want, "%.*s", (int)(a->end - a->begin), row->pair + a->begin);
        if (s == OK) s = answer_match(given, want, &match);
        if (s == OK && match.exact > o->exact) o->exact = match.exact;
        if (s == OK && match.f1 > o->f1) o->f1 = match.f1;
        if (s == OK && expected) s = json_add(expected, NULL, cJSON_CreateString(want));
    }
    free(want);
    return s;
}

static Status span_judge(const Model *m, const Row *row, Outcome *o, cJSON *answer)
{
    const SpanChoice *c = &o->span;
    bool   none = span_is_null(m, c);
    char  *given = NULL;
    cJSON *expected = NULL;
    o->has_answer = row->n_spans > 0;
    if (!o->has_answer) o->exact = o->f1 = none;
    TRY(text_format(&given, "%.*s", none ? 0 : (int)(c->end - c->begin), row->pair + (none ? 0 : c->begin)));
    Status s = answer ? span_answer(m, c, row->pair, answer) : OK;
    if (answer && s == OK && !(expected = cJSON_AddArrayToObject(answer, "expected")))
        s = fail(ERR_MEMORY, "no memory for JSON");
    if (s == OK) s = best_match(given, row, o, expected);
    if (answer && s == OK) s = json_add_number(answer, "f1", o->f1);
    free(given);
    return s;
}

const TrainTask train_question_answering = {
    .name = "question-answering",
    .metrics = &metrics_answers,
    .labels = LABEL_SPAN,
    .collate = span_collate,
    .loss = span_loss,
    .score = span_score,
    .join = span_join,
    .judge = span_judge,
};
