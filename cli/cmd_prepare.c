/* cli/cmd_prepare.c: whet prepare: text -> tokens in HDF5, with a report of what is in the data. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/log.h"
#include "core/text.h"
#include "data/dataset.h"
#include "model/bundle.h"
#include "train/tasks/train_task.h"

typedef struct PrepareArgs { bool json; } PrepareArgs;
static const Option options[] = {
    { "json", OPTION_BOOL, OFFSET(PrepareArgs, json), "false", 0, 0, NULL, NULL, "print the report as one JSON line" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet prepare", &section, 1 };

static void on_progress(void *arg, const char *split, int64_t done, int64_t total)
{
    (void)arg;
    log_progress(false, "%s: %lld of %lld", split, (long long)done, (long long)total);
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

static Status prepare(const Args *args)
{
    const PrepareArgs *a = args->options;
    Job              job;
    const TrainTask *task;
    Tokenizer       *tokenizer = NULL;
    cJSON           *report = NULL;
    TRY(args_need(args, &verb_prepare, 0, 1));
    TRY(job_read(&job, args->n_words ? args->words[0] : NULL, args->flags, args->n_flags));
    Status s = train_task_need(&task, job.task);
    if (s == OK && !job.data.prepared) s = text_format(&job.data.prepared, "prepared/%s", job.name);
    if (s == OK) s = open_tokenizer(&job, &tokenizer);
    DatasetOptions o = { .labels = task ? task->labels : LABEL_NONE,
                         .windows = task && task->windows,
                         .max_length =
                             job.data.max_length > 0 ? job.data.max_length : job.model.max_position_embeddings };
    if (s == OK) s = data_prepare(&job.data, tokenizer, &o, &report, on_progress, NULL);
    log_progress_end();
    if (s == OK && a->json) s = print_json_line(report);
    else if (s == OK) {
        data_report_print(report, stderr);
        log_line("written to %s", job.data.prepared);
    }
    cJSON_Delete(report);
    tokenizer_free(tokenizer);
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
