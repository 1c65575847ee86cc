/* cli/cmd_train.c: whet train, and whet plan, which stops before the first step. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/mask_filler.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/text.h"
#include "train/run.h"

typedef struct TrainArgs { bool resume, overwrite, json, quiet; } TrainArgs;

static const Option options[] = {
    { "resume", OPTION_BOOL, OFFSET(TrainArgs, resume), "false", 0, 0, NULL, NULL, "go on with an interrupted run" },
    { "overwrite", OPTION_BOOL, OFFSET(TrainArgs, overwrite), "false", 0, 0, NULL, "overwrite_output_dir", "remove the run of this name first" },
    { "json", OPTION_BOOL, OFFSET(TrainArgs, json), "false", 0, 0, NULL, NULL, "print the summary as one JSON line" },
    { "quiet", OPTION_BOOL, OFFSET(TrainArgs, quiet), "false", 0, 0, NULL, NULL, "say nothing on stderr but errors" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet train", &section, 1 };

static const char *count(char buf[32], double n)
{
    if (n >= 1e9) snprintf(buf, 32, "%.2f G", n / 1e9);
    else if (n >= 1e6) snprintf(buf, 32, "%.1f M", n / 1e6);
    else if (n >= 1e4) snprintf(buf, 32, "%.1f k", n / 1e3);
    else snprintf(buf, 32, "%.0f", n);
    return buf;
}

static void say_plan(const Job *job, const RunPlan *p)
{
    char a[32], b[32], c[32], d[32], e[32], f[32], g[32];
    const MemoryPlan *m = &p->memory;
    log_head("%s: %s", job->name, job->task);
    log_line("  model    %s parameters, %s trainable", count(a, (double)p->n_parameters),
             count(b, (double)p->n_trainable));
    log_line("  data     %s examples, %s%s tokens, longest %lld", count(a, (double)p->n_examples),
             p->tokens_sampled ? "about " : "", count(b, (double)p->n_tokens), (long long)p->longest);
    log_line("  steps    %lld in %.3g epochs", (long long)p->total_steps, p->epochs);
    log_line("  memory   %s: parameters %s, gradients %s, optimizer %s,", text_bytes(a, m->total),
             text_bytes(b, m->parameters), text_bytes(c, m->gradients), text_bytes(d, m->optimizer));
    log_line("           activations %s, their gradients %s, the rest %s", text_bytes(e, m->activations),
             text_bytes(f, m->activation_gradients), text_bytes(g, m->workspace + m->data));
}

static void on_step(void *arg, const StepLog *l, bool logged)
{
    (void)arg;
    char left[32], bar[16];
    if (log_is_terminal()) {
        log_progress(false, "%s %lld/%lld  epoch %.2f  loss %.4f  %.0f tok/s  %s left",
                     log_bar(bar, 12, (double)l->step / (double)l->total_steps), (long long)l->step,
                     (long long)l->total_steps, l->epoch, l->loss, l->tokens_per_second,
                     text_seconds(left, l->seconds_left));
    } else if (logged && (l->step == 1 || l->step % 100 == 0 || l->step == l->total_steps)) {
        log_line("step %lld/%lld  epoch %.2f  loss %.4f  lr %.2e  %.0f tok/s  %s left", (long long)l->step,
                 (long long)l->total_steps, l->epoch, l->loss, l->learning_rate, l->tokens_per_second,
                 text_seconds(left, l->seconds_left));
    }
}

static void on_eval(void *arg, int64_t step, const cJSON *report, bool is_best)
{
    (void)arg;
    static const char *const shown[][2] = {
        { "accuracy", "accuracy" }, { "macro_f1", "macro F1" },       { "entity_f1", "entity F1" },
        { "pearson", "Pearson" },   { "spearman", "Spearman" },       { "exact_match", "exact match" },
        { "f1", "F1" },             { "perplexity", "perplexity" },
    };
    double loss = 0, value;
    char   more[160] = "";
    metrics_value(report, "loss", &loss);
    for (size_t i = 0; i < COUNT(shown); i++)
        if (metrics_value(report, shown[i][0], &value))
            snprintf(more + strlen(more), sizeof more - strlen(more), "  %s %.4f", shown[i][1], value);
    log_line("step %lld: validation loss %.4f%s%s", (long long)step, loss, more, is_best ? "  (best)" : "");
}

/* Only when it takes a while: a set of some seconds. */
static void on_data(void *arg, const char *set, double done, int64_t rows)
{
    (void)arg;
    if (rows > 100000) log_progress(false, "tokenising %s: %lld rows, %.0f %%", set, (long long)rows, 100 * done);
}

static void on_note(void *arg, const char *sentence)
{
    (void)arg;
    log_warning("%s", sentence);
}

static Status finish(Run *r, const Job *job, bool json)
{
    cJSON *summary;
    TRY(run_summary(r, &summary));
    Status s = json ? print_json_line(summary) : OK;
    const cJSON *best = json_get(summary, "best_checkpoint");
    char         took[32];
    if (!json && run_is_finished(r)) log_line("the run is finished already: %s", job->output_dir);
    if (!json)
        log_line("%lld steps in %s; %s", (long long)run_step(r),
                 text_seconds(took, json_get(summary, "seconds")->valuedouble), best->valuestring);
    cJSON_Delete(summary);
    return s;
}

static Status train(const Args *args)
{
    const TrainArgs *a = args->options;
    Job  job;
    Run *r = NULL;
    TRY(args_need(args, &verb_train, 0, 1));
    if (a->resume && a->overwrite)
        return hint(fail(ERR_USAGE, "--resume and --overwrite exclude each other"), "use one of them");
    log_init(a->quiet ? LOG_QUIET : LOG_NORMAL);
    TRY(job_read(&job, args->n_words ? args->words[0] : NULL, args->flags, args->n_flags));
    cli_catch_signals();
    MaskFiller *filler;
    Status      s = mask_filler_open(&filler, &job);
    RunHooks hooks = { .on_step = on_step, .on_eval = on_eval, .on_note = on_note, .stop = &cli_stop,
                       .on_data = on_data, .fill = filler ? mask_filler_fill : NULL, .fill_arg = filler };
    if (s == OK) s = run_open(&r, &job, a->resume ? RUN_RESUME : a->overwrite ? RUN_OVERWRITE : RUN_NEW, &hooks);
    if (s == OK) {
        say_plan(&job, run_plan(r));
        log_line("  backend  %s (%s), %d threads, seed %lld", run_backend(r)->name, run_backend(r)->description,
                 parallel_threads(), (long long)job.train.seed);
        log_line("  run      %s%s", job.output_dir, run_step(r) > 0 ? " (resumed)" : "");
        s = run_train(r);
    }
    log_progress_end();
    if (s == OK) s = finish(r, &job, a->json);
    if (s == ERR_INTERRUPTED) hint(s, "whet train %s --resume", args->n_words ? args->words[0] : "...");
    run_close(r);
    mask_filler_close(filler);
    job_release(&job);
    return s;
}

const Verb verb_train = {
    .name = "train",
    .usage = "train CONFIG [--resume | --overwrite] [--key=value ...]",
    .about = "pretrain or fine-tune as a job config says",
    .options = &table,
    .options_size = sizeof(TrainArgs),
    .settings = job_table,
    .run = train,
};

/* ---- plan ----------------------------------------------------------------------------------------------------------- */

typedef struct PlanArgs { bool json; } PlanArgs;
static const Option plan_options[] = {
    { "json", OPTION_BOOL, OFFSET(PlanArgs, json), "false", 0, 0, NULL, NULL, "print the plan as one JSON line" },
};
static const OptionSection plan_section = { "", plan_options, COUNT(plan_options), 0 };
static const OptionTable   plan_table = { "whet plan", &plan_section, 1 };

static Status plan_json(const RunPlan *p)
{
    const struct { const char *key; double value;
    } top[] = {
        { "parameters", (double)p->n_parameters }, { "trainable", (double)p->n_trainable }, { "examples", (double)p->n_examples },
        { "tokens", (double)p->n_tokens },         { "longest", (double)p->longest },       { "steps", (double)p->total_steps },
        { "epochs", p->epochs },                   { "checkpoint_bytes", p->checkpoint_bytes },
    }, memory[] = {
        { "parameters", p->memory.parameters },    { "gradients", p->memory.gradients },    { "optimizer", p->memory.optimizer },
        { "activations", p->memory.activations },  { "activation_gradients", p->memory.activation_gradients },
        { "workspace", p->memory.workspace },      { "data", p->memory.data },              { "total", p->memory.total },
    };
    cJSON *j = cJSON_CreateObject();
    Status s = OK;
    for (size_t i = 0; i < COUNT(top) && s == OK; i++) s = json_add_number(j, top[i].key, top[i].value);
    cJSON *m = cJSON_AddObjectToObject(j, "memory_bytes");
    for (size_t i = 0; i < COUNT(memory) && s == OK; i++) s = json_add_number(m, memory[i].key, memory[i].value);
    if (s == OK) s = print_json_line(j);
    cJSON_Delete(j);
    return s;
}

static Status plan(const Args *args)
{
    const PlanArgs *a = args->options;
    Job     job;
    RunPlan p;
    char    disk[32];
    TRY(args_need(args, &verb_plan, 0, 1));
    TRY(job_read(&job, args->n_words ? args->words[0] : NULL, args->flags, args->n_flags));
    Status s = run_plan_job(&job, &p);
    if (s == OK && a->json) s = plan_json(&p);
    else if (s == OK) {
        say_plan(&job, &p);
        log_line("  disk     %s a checkpoint; up to %lld of them", text_bytes(disk, p.checkpoint_bytes),
                 (long long)job.train.save_total_limit + 2);
        log_line("  would go to %s", job.output_dir);
    }
    job_release(&job);
    return s;
}

const Verb verb_plan = {
    .name = "plan",
    .usage = "plan CONFIG [--key=value ...]",
    .about = "say what a job will take: tokens, steps, memory, disk; run nothing",
    .options = &plan_table,
    .options_size = sizeof(PlanArgs),
    .settings = job_table,
    .run = plan,
};
