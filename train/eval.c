#include "train/eval.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"
#include "data/loader.h"

typedef struct Eval {
    Ctx               *ctx;
    const Model       *model;
    Dataset           *dataset;
    const EvalOptions *o;
    Metrics           *metrics;
    Batch              batch;
    Outcome           *outcomes;
    size_t             cap;
    FileWriter         predictions;
    Outcome            pending;          /* of a row whose further windows may follow */
    int64_t            pending_example;  /* -1: none */
} Eval;

static Status new_answers(cJSON ***out, int64_t n)
{
    TRY(mem_new(out, (size_t)n, sizeof **out));
    for (int64_t i = 0; i < n; i++)
        if (!((*out)[i] = cJSON_CreateObject())) return fail(ERR_MEMORY, "no memory for JSON");
    return OK;
}

static void free_answers(cJSON **answers, int64_t n)
{
    for (int64_t i = 0; answers && i < n; i++) cJSON_Delete(answers[i]);
    free(answers);
}

static Status write_prediction(Eval *e, const Row *row, cJSON *answer)
{
    char *text;
    TRY(json_add_number(answer, "line", (double)row->place.line));
    TRY(json_add_string(answer, "text", row->text));
    if (row->pair) TRY(json_add_string(answer, "text_pair", row->pair));
    TRY(json_print(&text, answer, false));
    Status s = file_printf(&e->predictions, "%s\n", text);
    free(text);
    return s;
}

/* An outcome that is complete: judged by the row's text where the task does that, written, counted. */
static Status finish_row(Eval *e, int64_t example, Outcome *o, cJSON *answer)
{
    const TrainTask *task = e->o->task;
    Row              row;
    if (task->judge || answer) TRY(dataset_row(e->dataset, example, &row));
    if (task->judge) TRY(task->judge(e->model, &row, o, answer));
    if (answer) TRY(write_prediction(e, &row, answer));
    return metrics_add(e->metrics, o->row, o);
}

static Status finish_pending(Eval *e)
{
    cJSON **answers = NULL;
    if (e->pending_example < 0) return OK;
    Status s = e->predictions.f ? new_answers(&answers, 1) : OK;
    if (s == OK) s = finish_row(e, e->pending_example, &e->pending, answers ? answers[0] : NULL);
    free_answers(answers, 1);
    e->pending_example = -1;
    return s;
}

/* A row's windows follow one another, perhaps into the next batch. */
static Status join_windows(Eval *e, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const Outcome *o = &e->outcomes[i];
        if (e->pending_example >= 0 && e->pending.row == o->row) {
            e->o->task->join(&e->pending, o);
            continue;
        }
        TRY(finish_pending(e));
        e->pending = *o;
        e->pending_example = e->batch.rows[i];
    }
    return OK;
}

static Status score(Eval *e, int64_t n)
{
    BatchView view;
    bool      joins = e->o->task->join != NULL;
    cJSON   **answers = NULL;
    ctx_begin(e->ctx, NULL, false);
    TRY(ctx_begin_scalars(e->ctx, &(StepScalars){ 0 }));
    TRY(model_upload(e->ctx, e->model, &e->batch, &view));
    TRY(mem_grow(&e->outcomes, &e->cap, (size_t)n, sizeof *e->outcomes));
    for (int64_t i = 0; i < n; i++) e->outcomes[i] = (Outcome){ .row = e->batch.rows[i] };
    Status s = e->predictions.f && !joins ? new_answers(&answers, n) : OK;
    if (s == OK) s = e->o->task->score(e->ctx, e->model, &view, e->dataset, e->outcomes, answers);
    if (s == OK && joins) s = join_windows(e, n);
    for (int64_t i = 0; i < n && s == OK && !joins; i++)
        s = finish_row(e, e->batch.rows[i], &e->outcomes[i], answers ? answers[i] : NULL);
    free_answers(answers, n);
    return s;
}

static Status run(Eval *e)
{
    LoaderOptions  lo = { .batch_sequences = e->o->train->per_device_eval_batch_size };
    Loader        *loader;
    const int64_t *rows;
    int64_t        n, done = 0;
    TRY(loader_new(&loader, e->dataset, &lo));
    Status s;
    while ((s = loader_next(loader, &rows, &n)) == OK && n > 0) {
        batch_clear(&e->batch);
        s = e->o->task->collate(e->o->train, e->o->tokenizer, e->dataset, rows, n, EVAL_EPOCH, &e->batch);
        if (s == OK) s = score(e, n);
        if (s != OK) break;
        done += n;
        if (e->o->progress) e->o->progress(e->o->progress_arg, done, dataset_count(e->dataset));
    }
    loader_free(loader);
    return s == OK ? finish_pending(e) : s;
}

Status eval_run(Ctx *ctx, const Model *m, Dataset *d, const char *split, const EvalOptions *o, cJSON **out)
{
    Eval   e = { .ctx = ctx, .model = m, .dataset = d, .o = o, .pending_example = -1 };
    cJSON *j = NULL;
    *out = NULL;
    Status s = metrics_new(&e.metrics, o->task->metrics, &m->labels, o->intervals);
    if (s == OK && o->predictions) s = file_create(&e.predictions, o->predictions);
    if (s == OK) s = run(&e);
    if (s == OK && o->predictions) s = file_commit(&e.predictions);
    if (s == OK) s = metrics_finish(e.metrics, &j);
    if (s == OK) s = json_add_string(j, "task", m->task->name);
    if (s == OK) s = json_add_string(j, "split", split);
    if (s == OK) s = json_add_number(j, "truncated", (double)dataset_n_truncated(d));
    if (s == OK) *out = j;
    else cJSON_Delete(j);
    file_abort(&e.predictions);
    metrics_free(e.metrics);
    batch_release(&e.batch);
    free(e.outcomes);
    return s == OK ? OK : during(s, "evaluating %s", split);
}
