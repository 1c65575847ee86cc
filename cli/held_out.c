#include "cli/held_out.h"

#include <string.h>

Status held_out_job(Job *job, const Bundle *b, const Flag *flags, size_t n_flags)
{
    *job = (Job){ 0 };
    cJSON *j = NULL;
    Status s = options_defaults(job_table(), job);
    if (s == OK && b->run_config) s = json_parse(&j, b->run_config, strlen(b->run_config), b->path, JSON_STRICT);
    if (s == OK && j) s = options_read_json(job_table(), job, j, b->path, ".");
    if (s == OK) s = options_apply(job_table(), job, flags, n_flags);
    cJSON_Delete(j);
    if (s != OK) job_release(job);
    return s;
}

Status held_out_open(Dataset **out, const Job *job, const Engine *e, const TrainTask *task, const char *split,
                     const char *file)
{
    const StringList *names = &engine_model(e)->labels;
    Labels            known = { names->items, (int32_t)names->n };
    DatasetOptions o = {
        .labels = task->labels, .known = &known, .windows = task->windows, .max_length = engine_max_length(e)
    };
    return file ? dataset_open_file(out, &job->data, file, engine_tokenizer(e), &o)
                : dataset_open(out, &job->data, split, engine_tokenizer(e), &o);
}
