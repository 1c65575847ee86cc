/* cli/cmd_prepare.c: whet prepare: text -> tokens in HDF5, with a report of what is in the data. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/mask_filler.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "data/dataset.h"
#include "data/report_page.h"
#include "data/report_print.h"
#include "model/bundle.h"
#include "train/tasks/train_task.h"

typedef struct PrepareArgs { bool json; } PrepareArgs;
static const Option options[] = {
    { "json", OPTION_BOOL, OFFSET(PrepareArgs, json), "false", 0, 0, NULL, NULL, "print the report as one JSON line" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet prepare", &section, 1 };

static void on_progress(void *arg, const char *set, double done, int64_t rows)
{
    (void)arg;
    log_progress(false, "%s: %lld rows, %.0f %%", set, (long long)rows, 100 * done);
}

static Status open_tokenizer(const Job *job, Tokenizer **out)
{
    Bundle b = { 0 };
    if (job->model.tokenizer) return tokenizer_open(out, job->model.tokenizer);
    TRY(bundle_open(&b, job->model.from, NULL));
    Status s = b.tokenizer_json ? tokenizer_parse(out, b.tokenizer_json, strlen(b.tokenizer_json), b.path)
                                : tokenizer_open(out, b.tokenizer_path);
    bundle_close(&b);
    return s;
}

/* data.json and data.html beside the shards. */
static Status write_report(const Data *data, const char *name, const char *folder)
{
    char  *json = NULL, *page = NULL;
    Status s = path_join(&json, folder, "data.json");
    if (s == OK) s = path_join(&page, folder, "data.html");
    if (s == OK) s = json_write_file(data_report(data), json);
    if (s == OK) s = report_page_write(data_report(data), name, page);
    free(json);
    free(page);
    return s;
}

static Status prepare_job(Job *job, bool json)
{
    const TrainTask *task;
    Tokenizer       *tokenizer;
    Data            *data = NULL;
    MaskFiller      *filler = NULL;
    TRY(train_task_need(&task, job->task));
    if (!job->data.prepared) TRY(text_format(&job->data.prepared, "prepared/%s", job->name));
    TRY(open_tokenizer(job, &tokenizer));
    Status         s = mask_filler_open(&filler, job);
    DatasetOptions o = { .labels = task->labels, .windows = task->windows,
                         .max_length = job->data.max_length > 0 ? job->data.max_length
                                                                : job->model.max_position_embeddings,
                         .fill = filler ? mask_filler_fill : NULL, .fill_arg = filler };
    if (s == OK) s = data_open(&data, &job->data, tokenizer, &o, DATA_PREPARE, on_progress, NULL);
    log_progress_end();
    if (s == OK) s = write_report(data, job->name, job->data.prepared);
    if (s == OK && json) s = print_json_line(data_report(data));
    else if (s == OK) {
        data_report_print(data_report(data), stderr);
        log_line("written to %s; data.html there shows what is in the data", job->data.prepared);
    }
    data_close(data);
    mask_filler_close(filler);
    tokenizer_free(tokenizer);
    return s;
}

static Status prepare(const Args *args)
{
    const PrepareArgs *a = args->options;
    Job                job;
    TRY(args_need(args, &verb_prepare, 0, 1));
    TRY(job_read(&job, args->n_words ? args->words[0] : NULL, args->flags, args->n_flags));
    Status s = prepare_job(&job, a->json);
    job_release(&job);
    return s;
}

const Verb verb_prepare = {
    .name = "prepare",
    .usage = "prepare CONFIG [--prepared FOLDER] [--key=value ...]",
    .about = "turn text into tokens in HDF5; report what is in the data",
    .options = &table,
    .options_size = sizeof(PrepareArgs),
    .settings = job_table,
    .run = prepare,
};
