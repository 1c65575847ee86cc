#include "train/run_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/parallel.h"
#include "core/text.h"

enum { PLAN_ROWS = 20000 };            /* examples that the plan looks at */

double run_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double run_epoch(const Run *r)
{
    const Cursor *c = &r->state.cursor;
    int64_t       n = loader_examples(r->loader);
    return (double)c->epoch + (n > 0 ? (double)c->position / (double)n : 0);
}

void run_note(const Run *r, const char *fmt, ...)
{
    char    text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->hooks.on_note) r->hooks.on_note(r->hooks.arg, text);
}

static size_t physical_memory(void) { return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE); }

/* ---- the parts of a run --------------------------------------------------------------------------------------------- */

static Status open_tokenizer(Run *r, const Bundle *from)
{
    const char *path = r->job->model.tokenizer ? r->job->model.tokenizer : from->tokenizer_path;
    if (path) return tokenizer_open(&r->tokenizer, path);
    if (from->tokenizer_json)
        return tokenizer_parse(&r->tokenizer, from->tokenizer_json, strlen(from->tokenizer_json), from->path);
    return hint(fail(ERR_CONFIG, "there is no tokenizer"),
                "set model.tokenizer to a tokenizer.json, a vocab.txt or a folder with one");
}

/* Shares of the paths of data.train, or *out NULL. */
static Status mixing_weights(const Run *r, double **out)
{
    const DataConfig *c = &r->job->data;
    int32_t           n = dataset_n_sources(r->train);
    *out = NULL;
    if (c->mixing_weights.n == 0 && c->mixing_temperature == 0) return OK;
    if (dataset_count(r->train) < 0)
        return hint(fail(ERR_CONFIG, "a stream is read as it comes: its paths cannot be mixed"),
                    "leave out data.streaming, or data.mixing_weights and data.mixing_temperature");
    if (c->mixing_weights.n > 0 && c->mixing_weights.n != (size_t)n)
        return hint(fail(ERR_CONFIG, "data.mixing_weights has %zu numbers, data.train %d paths", c->mixing_weights.n, n),
                    "give one a path");
    TRY(mem_new(out, (size_t)n, sizeof **out));
    for (int32_t k = 0; k < n; k++) {
        double rows = (double)(dataset_source_begin(r->train, k + 1) - dataset_source_begin(r->train, k));
        (*out)[k] = c->mixing_weights.n > 0 ? strtod(c->mixing_weights.items[k], NULL)
                                            : rows > 0 ? pow(rows, 1 / c->mixing_temperature) : 0;
    }
    return OK;
}

static Status open_loader(Run *r)
{
    const Job    *job = r->job;
    double       *weights;
    LoaderOptions lo = { .batch_sequences = job->train.per_device_train_batch_size,
                         .batch_tokens = job->train.max_batch_tokens,
                         .shuffle = true,
                         .window = job->data.shuffle_window,
                         .seed = (uint32_t)job->train.seed };
    if (job->data.packing && lo.batch_tokens == 0) lo.batch_tokens = lo.batch_sequences * r->max_length;
    if (lo.batch_tokens > 0) lo.batch_sequences = 0;
    TRY(mixing_weights(r, &weights));
    lo.weights = weights;
    Status s = loader_new(&r->loader, r->train, &lo);
    free(weights);
    return s;
}

static Status open_data(Run *r)
{
    const Job     *job = r->job;
    DatasetOptions o = { .labels = r->task->labels, .windows = r->task->windows, .max_length = r->max_length,
                         .fill = r->hooks.fill, .fill_arg = r->hooks.fill_arg };
    if (job->data.streaming && job->train.max_steps <= 0)
        return hint(fail(ERR_CONFIG, "how long an epoch of a stream is cannot be known"), "set train.max_steps");
    TRY(data_open(&r->data, &job->data, r->tokenizer, &o, DATA_ALL, r->hooks.on_data, r->hooks.arg));
    r->train = data_split(r->data, "train");
    r->validation = data_split(r->data, "validation");
    return open_loader(r);
}

static StringList label_names(const Run *r)      /* borrowed */
{
    const Labels *l = dataset_labels(r->train);
    return (StringList){ l ? l->names : NULL, l ? (size_t)l->n : 0 };
}

/* A model like the job says on `backend`, its parameters trainable as the job says, values not filled yet. */
static Status declare_model(const Run *r, Backend *backend, Model **out)
{
    const Job    *job = r->job;
    StringList    labels = label_names(r);
    ModelConfig   config = job->model;                          /* shallow: model_new copies */
    const TaskDef *task;
    Model         *m;
    if (config.vocab_size == 0) config.vocab_size = tokenizer_size(r->tokenizer);
    if (config.vocab_size < tokenizer_size(r->tokenizer))
        return hint(fail(ERR_CONFIG, "the tokenizer has %d tokens, the model's vocab_size is %lld",
                         tokenizer_size(r->tokenizer), (long long)config.vocab_size),
                    "tokenizer and model must belong together: check model.tokenizer and model.from");
    TRY(task_need(&task, job->task));
    config.pairs = task->may_pair && job->data.text_pair;
    TRY(model_new(&m, backend, &config, task, &labels));
    Status s = params_freeze(&m->params, (const char *const *)job->train.freeze.items, job->train.freeze.n,
                             job->train.freeze_layers);
    if (s == OK) s = params_allocate_grads(&m->params);
    if (s == OK) *out = m;
    else model_free(m);
    return s;
}

static Status fill_model(Run *r, const Bundle *from)
{
    LoadReport report;
    if (from->weights) {
        TRY(weights_load(r->model, from->weights, from->group, true, &report));
        if (report.n_new)
            run_note(r, "%lld parameters are new (%s ...): %s has none for this task", (long long)report.n_new,
                     report.first_new, from->name);
        if (report.n_unused)
            run_note(r, "%lld arrays of %s are not used by this task (%s ...)", (long long)report.n_unused, from->name,
                     report.first_unused);
    }
    return params_fill_initial(&r->model->params, (uint32_t)r->job->train.seed, r->model->config.initializer_range);
}

static Status count_steps(Run *r)
{
    const TrainConfig *t = &r->job->train;
    int64_t batches = loader_batches(r->loader),
            per_epoch = (batches + t->gradient_accumulation_steps - 1) / t->gradient_accumulation_steps;
    r->total_steps = t->max_steps > 0 ? t->max_steps : (int64_t)ceil(t->num_train_epochs * (double)per_epoch);
    r->plan.total_steps = r->total_steps;
    r->plan.epochs = batches < 0 ? 0 : t->max_steps > 0 ? (double)t->max_steps / (double)per_epoch : t->num_train_epochs;
    return OK;
}

/* ---- the plan: the real step on a dry backend ------------------------------------------------------------------------ */

/* The largest of the first epoch's batches, up to PLAN_ROWS examples. */
static Status largest_batch(Run *r, Batch *out)
{
    const int64_t *rows;
    int64_t        n, seen = 0, most = 0;
    Batch          one = { 0 };
    Status         s = OK;
    while (seen < PLAN_ROWS && s == OK && (s = loader_next(r->loader, &rows, &n)) == OK && n > 0) {
        batch_clear(&one);
        s = r->task->collate(&r->job->train, r->tokenizer, r->train, rows, n, 0, &one);
        const Tokens *t = &one.streams[0];
        r->plan.n_tokens += t->n_tokens;
        r->plan.n_truncated += one.n_truncated;
        if (t->max_len > r->plan.longest) r->plan.longest = t->max_len;
        seen += n;
        if (t->n_tokens > most) {
            Batch swap = *out;
            most = t->n_tokens;
            *out = one;
            one = swap;
        }
    }
    batch_release(&one);
    loader_seek(r->loader, (Cursor){ 0 });
    r->plan.n_examples = loader_examples(r->loader);
    r->plan.tokens_sampled = seen < r->plan.n_examples;
    if (r->plan.tokens_sampled)
        r->plan.n_tokens = (int64_t)((double)r->plan.n_tokens * (double)r->plan.n_examples / (double)seen);
    return s;
}

static Status dry_step(Run *r, Backend *dry, const Batch *batch)
{
    Model     *m = NULL;
    Optimizer *o = NULL;
    Ctx       *c = NULL;
    Tape       tape;
    BatchView  view;
    Status     s = declare_model(r, dry, &m);
    if (s == OK) s = optimizer_new(&o, m, &r->job->train);
    if (s == OK) s = ctx_new(&c, dry, (size_t)1 << 40);
    if (s == OK) {
        c->recompute = r->job->train.gradient_checkpointing;
        ctx_begin(c, &tape, true);
        s = model_upload(c, m, batch, &view);
    }
    if (s == OK) {
        r->task->loss(c, m, &r->job->train, &view);
        s = tape_backward(c);
    }
    if (s == OK) s = optimizer_step(o, c);
    if (s == OK) {
        const double e = sizeof(REAL);
        MemoryPlan  *p = &r->plan.memory;
        r->plan.n_parameters = params_count(&m->params, false);
        r->plan.n_trainable = params_count(&m->params, true);
        *p = (MemoryPlan){ .parameters = e * (double)m->params.n_values,
                           .gradients = e * (double)m->params.n_state,
                           .optimizer = e * (double)m->params.n_state * optimizer_n_moments(o),
                           .activations = (double)c->step_data.high_water,
                           .activation_gradients = (double)c->back.high_water,
                           .workspace = (double)c->workspace_bytes };
        r->plan.checkpoint_bytes = p->parameters + p->optimizer;
    }
    ctx_free(c);
    optimizer_free(o);
    model_free(m);
    return s;
}

static double resident_bytes(void)
{
    long  pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static Status make_plan(Run *r)
{
    Batch    batch = { 0 };
    Backend *dry = NULL;
    Status   s = largest_batch(r, &batch);
    if (s == OK) s = count_steps(r);
    double base = resident_bytes(); /* program, libraries, index of the data, the checkpoint's mapping */
    if (s == OK) s = backend_open(&dry, r->job->device);
    if (s == OK) {
        backend_make_dry(dry);
        s = dry_step(r, dry, &batch);
    }
    MemoryPlan *p = &r->plan.memory;
    p->data = base;
    p->total =
        p->parameters + p->gradients + p->optimizer + p->activations + p->activation_gradients + p->workspace + p->data;
    backend_close(dry);
    batch_release(&batch);
    return s;
}

/* ---- the folder ----------------------------------------------------------------------------------------------------- */

static Status resolve_config(Run *r)
{
    TRY(options_to_json(job_table(), r->job, &r->config));
    return json_print(&r->config_text, r->config, false);
}

static Status look_at_folder(const Run *r, RunMode mode)
{
    char  *config = NULL;
    Status s = path_join(&config, r->job->output_dir, "config.json");
    bool   there = s == OK && file_exists(config);
    free(config);
    TRY(s);
    if (there && mode == RUN_NEW)
        return hint(fail(ERR_STATE, "the run %s exists already", r->job->output_dir),
                    "--resume goes on with it, --overwrite starts anew, --output_dir names another folder");
    if (!there && file_exists(r->job->output_dir) && mode == RUN_OVERWRITE)
        return hint(fail(ERR_STATE, "%s is no run folder (it has no config.json), so --overwrite leaves it alone",
                         r->job->output_dir),
                    "choose another output_dir");
    return OK;
}

static Status write_folder(const Run *r, RunMode mode)
{
    char *path = NULL;
    if (mode == RUN_OVERWRITE && file_exists(r->job->output_dir)) TRY(file_remove_folder(r->job->output_dir));
    TRY(file_make_folder(r->job->output_dir));
    Status s = path_join(&path, r->job->output_dir, "data.json");
    if (s == OK && data_report(r->data)) s = json_write_file(data_report(r->data), path);
    if (s == OK) s = path_join(&path, r->job->output_dir, "config.json");
    if (s == OK) s = json_write_file(r->config, path);          /* last: a folder with a config is a run */
    free(path);
    return s;
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

static Status open_parts(Run *r, Bundle *from)
{
    const Job *job = r->job;
    parallel_set_threads((int)job->threads);
    TRY(train_task_need(&r->task, job->task));
    if (job->model.from) TRY(bundle_open(from, job->model.from, NULL));
    TRY(open_tokenizer(r, from));
    r->max_length = job->data.max_length > 0 ? job->data.max_length : job->model.max_position_embeddings;
    if (r->max_length > job->model.max_position_embeddings)
        return hint(fail(ERR_CONFIG, "data.max_length is %lld, the model knows %lld positions",
                         (long long)r->max_length, (long long)job->model.max_position_embeddings),
                    "use at most %lld", (long long)job->model.max_position_embeddings);
    TRY(open_data(r));
    StringList labels = label_names(r);
    r->best_metric = job->train.metric_for_best_model ? job->train.metric_for_best_model
                                                      : metrics_best(r->task->metrics, &labels);
    return make_plan(r);
}

static Status start(Run *r, RunMode mode, const Bundle *from)
{
    bool found = false;
    TRY(backend_open(&r->backend, r->job->device));
    TRY(declare_model(r, r->backend, &r->model));
    TRY(optimizer_new(&r->optimizer, r->model, &r->job->train));
    TRY(ctx_new(&r->ctx, r->backend, physical_memory()));
    r->ctx->recompute = r->job->train.gradient_checkpointing;
    r->state.best_step = -1;
    if (mode == RUN_RESUME) TRY(checkpoint_load_last(r, &found));
    if (!found) TRY(fill_model(r, from));
    TRY(ctx_write_scalars(r->ctx, &(StepScalars){ .updates = r->state.updates }));
    loader_seek(r->loader, r->state.cursor);
    r->was_finished = r->state.finished;
    r->cap_micro = r->job->train.gradient_accumulation_steps;
    for (int i = 0; i < 2; i++) TRY(mem_new(&r->micro[i], (size_t)r->cap_micro, sizeof(Batch)));
    if (!found) TRY(write_folder(r, mode));
    return run_log_cut(r);                              /* also of a run that was killed before its first checkpoint */
}

Status run_open(Run **out, const Job *job, RunMode mode, const RunHooks *hooks)
{
    Run   *r;
    Bundle from = { 0 };
    TRY(mem_new(&r, 1, sizeof *r));
    r->job = job;
    r->hooks = *hooks;
    Status s = look_at_folder(r, mode);
    if (s == OK) s = resolve_config(r);
    if (s == OK) s = open_parts(r, &from);
    if (s == OK) s = start(r, mode, &from);
    bundle_close(&from);
    if (s == OK) *out = r;
    else run_close(r);
    return s;
}

Status run_plan_job(const Job *job, RunPlan *out)
{
    Run    r = { .job = job };
    Bundle from = { 0 };
    Status s = open_parts(&r, &from);
    *out = r.plan;
    bundle_close(&from);
    loader_free(r.loader);
    data_close(r.data);
    tokenizer_free(r.tokenizer);
    return s;
}

void run_close(Run *r)
{
    if (!r) return;
    for (int i = 0; i < 2; i++) {
        for (int64_t k = 0; r->micro[i] && k < r->cap_micro; k++) batch_release(&r->micro[i][k]);
        free(r->micro[i]);
    }
    cJSON_Delete(r->config);
    cJSON_Delete(r->last_eval);
    free(r->config_text);
    ctx_free(r->ctx);
    optimizer_free(r->optimizer);
    model_free(r->model);
    loader_free(r->loader);
    data_close(r->data);
    tokenizer_free(r->tokenizer);
    backend_close(r->backend);
    free(r);
}

const RunPlan *run_plan(const Run *r)     { return &r->plan; }
const Model   *run_model(const Run *r)    { return r->model; }
const Backend *run_backend(const Run *r)  { return r->backend; }
bool    run_is_finished(const Run *r)     { return r->was_finished; }
int64_t run_step(const Run *r)            { return r->state.step; }

Status run_summary(const Run *r, cJSON **out)
{
    cJSON *j = cJSON_CreateObject(), *metrics = NULL;
    char  *best = NULL;
    Status s = json_add_string(j, "run", r->job->output_dir);
    if (s == OK) s = json_add_number(j, "steps", (double)r->state.step);
    if (s == OK) s = json_add_number(j, "seconds", r->state.seconds);
    if (s == OK)
        s = text_format(&best, "%s/checkpoints/%s.h5", r->job->output_dir, r->state.best_step >= 0 ? "best" : "last");
    if (s == OK) s = json_add_string(j, "best_checkpoint", best);
    if (s == OK && !(metrics = cJSON_AddObjectToObject(j, "metrics"))) s = fail(ERR_MEMORY, "no memory for JSON");
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(r->last_eval, "metrics")) {
        const cJSON *v = json_get(m, "value");
        if (s == OK) s = json_add_number(metrics, m->string, v ? v->valuedouble : 0);
    }
    free(best);
    if (s == OK) *out = j;
    else cJSON_Delete(j);
    return s;
}
