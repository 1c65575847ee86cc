/* cli/cmd_eval.c: whet eval: held-out metrics with 95 % intervals; eval-SPLIT.json and predictions-SPLIT.jsonl. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/held_out.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/text.h"
#include "train/eval.h"

typedef struct EvalArgs { char *data, *split, *checkpoint, *out, *device; bool json; int64_t threads; } EvalArgs;
#define AT(member) OFFSET(EvalArgs, member)
static const Option options[] = {
    { "data", OPTION_PATH, AT(data), NULL, 0, 0, NULL, NULL, "a file of held-out rows" },
    { "split", OPTION_STRING, AT(split), "test", 0, 0, NULL, NULL, "or one of the run's own: test, validation, train" },
    { "checkpoint", OPTION_STRING, AT(checkpoint), NULL, 0, 0, NULL, NULL, "best, last or a file; default: best if there is one" },
    { "out", OPTION_PATH, AT(out), NULL, 0, 0, NULL, "output_dir", "folder for the report and the predictions; default: the run" },
    { "device", OPTION_CHOICE, AT(device), "auto", 0, 0, "auto|cpu|cuda|ref", NULL, "what computes" },
    { "threads", OPTION_INT, AT(threads), "0", 0, 256, NULL, NULL, "threads; 0: one a core" },
    { "json", OPTION_BOOL, AT(json), "false", 0, 0, NULL, NULL, "print the report as one JSON line" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet eval", &section, 1 };

static void on_progress(void *arg, int64_t done, int64_t total)
{
    char bar[24];
    log_progress(false, "%s %s %lld/%lld", (const char *)arg, log_bar(bar, 16, (double)done / (double)total),
                 (long long)done, (long long)total);
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = json_get(o, key);
    return v ? v->valuedouble : 0;
}

static void print_report(const cJSON *report)
{
    printf("%-22s %8s   95 %% interval\n", "metric", "value");
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(report, "metrics")) {
        printf("%-22s %8.4f", m->string, number(m, "value"));
        if (json_get(m, "low")) printf("   %.4f to %.4f", number(m, "low"), number(m, "high"));
        putchar('\n');
    }
    const cJSON *classes = json_get(report, "per_class");
    if (!classes) return;
    int width = 5;
    cJSON_ArrayForEach(m, classes) if ((int)strlen(m->string) > width) width = (int)strlen(m->string);
    printf("\n%-*s %9s %9s %9s %8s\n", width, "class", "precision", "recall", "f1", "support");
    cJSON_ArrayForEach(m, classes) printf("%-*s %9.4f %9.4f %9.4f %8.0f\n", width, m->string, number(m, "precision"),
                                          number(m, "recall"), number(m, "f1"), number(m, "support"));
}

/* Where files go: --out, else the run's folder, else nowhere. */
static Status out_folder(char **out, const EvalArgs *a, const char *model)
{
    char  *inside = NULL;
    Status s = path_join(&inside, model, "checkpoints");
    if (s == OK && a->out) s = text_copy(out, a->out);
    else if (s == OK && file_is_folder(inside)) s = text_copy(out, model);
    free(inside);
    if (s == OK && *out) s = file_make_folder(*out);
    return s;
}

static Status evaluate(const EvalArgs *a, const Args *args, Engine *e, Backend *backend)
{
    Job              job;
    const TrainTask *task;
    Dataset         *d = NULL;
    Ctx             *ctx = NULL;
    cJSON           *report = NULL;
    char            *folder = NULL, *path = NULL, *predictions = NULL, split[64];
    TRY(train_task_need(&task, engine_model(e)->task->name));
    TRY(held_out_job(&job, engine_bundle(e), args->flags, args->n_flags));
    snprintf(split, sizeof split, "%.50s", a->data ? path_name(a->data) : a->split);
    if (a->data) split[strcspn(split, ".")] = '\0';
    Status s = held_out_open(&d, &job, e, task, a->split, a->data);
    if (s == OK) s = out_folder(&folder, a, args->words[0]);
    if (s == OK && folder) s = text_format(&predictions, "%s/predictions-%s.jsonl", folder, split);
    if (s == OK && folder) s = text_format(&path, "%s/eval-%s.json", folder, split);
    if (s == OK) s = ctx_new(&ctx, backend, (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE));
    EvalOptions o = { .task = task,
                      .train = &job.train,
                      .tokenizer = engine_tokenizer(e),
                      .intervals = true,
                      .predictions = predictions,
                      .progress = on_progress,
                      .progress_arg = split };
    if (s == OK) s = eval_run(ctx, engine_model(e), d, split, &o, &report);
    log_progress_end();
    if (s == OK && dataset_n_truncated(d) > 0)
        log_warning("%lld texts were longer than %lld tokens and were cut", (long long)dataset_n_truncated(d),
                    (long long)engine_max_length(e));
    if (s == OK && path) s = json_write_file(report, path);
    if (s == OK && a->json) s = print_json_line(report);
    else if (s == OK) {
        printf("%s, %.0f rows of %s\n\n", engine_bundle(e)->path, number(report, "n"), split);
        print_report(report);
    }
    if (s == OK && path) log_line("written: %s, %s", path, predictions);
    cJSON_Delete(report);
    ctx_free(ctx);
    dataset_close(d);
    job_release(&job);
    free(folder);
    free(path);
    free(predictions);
    return s;
}

static Status run(const Args *args)
{
    const EvalArgs *a = args->options;
    Backend        *backend;
    Engine         *e;
    TRY(args_need(args, &verb_eval, 1, 1));
    parallel_set_threads((int)a->threads);
    TRY(backend_open(&backend, a->device));
    Status s = engine_open(&e, backend, args->words[0], a->checkpoint, NULL);
    if (s == OK) {
        s = evaluate(a, args, e, backend);
        engine_close(e);
    }
    backend_close(backend);
    return s;
}

const Verb verb_eval = {
    .name = "eval",
    .usage = "eval MODEL [--split NAME | --data FILE]",
    .about = "measure a model on held-out rows, with confidence intervals",
    .options = &table,
    .options_size = sizeof(EvalArgs),
    .settings = job_table,
    .run = run,
};
