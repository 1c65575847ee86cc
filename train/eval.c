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
} Eval;

static Status write_predictions(Eval *e, cJSON **answers, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        Row   row;
        char *text;
        TRY(dataset_row(e->dataset, e->batch.rows[i], &row));
        TRY(json_add_number(answers[i], "line", (double)row.place.line));
        TRY(json_add_string(answers[i], "text", row.text));
        if (row.pair) TRY(json_add_string(answers[i], "text_pair", row.pair));
        TRY(json_print(&text, answers[i], false));
        Status s = file_printf(&e->predictions, "%s\n", text);
        free(text);
        TRY(s);
    }
    return OK;
}

static Status score(Eval *e, int64_t n)
{
    BatchView view;
    ctx_begin(e->ctx, NULL, false);
    TRY(ctx_begin_scalars(e->ctx, &(StepScalars){ 0 }));
    TRY(model_upload(e->ctx, e->model, &e->batch, &view));
    TRY(mem_grow(&e->outcomes, &e->cap, (size_t)n, sizeof *e->outcomes));
    cJSON **answers = NULL;
    Status  s = OK;
    if (e->predictions.f) {
        TRY(mem_new(&answers, (size_t)n, sizeof *answers));
        for (int64_t i = 0; i < n && s == OK; i++)
            if (!(answers[i] = cJSON_CreateObject())) s = fail(ERR_MEMORY, "no memory for JSON");
    }
    if (s == OK) s = e->o->task->score(e->ctx, e->model, &view, e->outcomes, answers);
    if (s == OK && answers) s = write_predictions(e, answers, n);
    for (int64_t i = 0; i < n && s == OK; i++) metrics_add(e->metrics, e->batch.rows[i], &e->outcomes[i]);
    for (int64_t i = 0; answers && i < n; i++) cJSON_Delete(answers[i]);
    free(answers);
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
    return s;
}

Status eval_run(Ctx *ctx, const Model *m, Dataset *d, const char *split, const EvalOptions *o, cJSON **out)
{
    Eval   e = { .ctx = ctx, .model = m, .dataset = d, .o = o };
    cJSON *j = NULL;
    *out = NULL;
    Status s = metrics_new(&e.metrics, m->task->has_classes ? &m->labels : NULL, o->intervals);
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
