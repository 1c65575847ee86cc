/* train/trainer.c: the loop over optimizer steps.
 *
 * A step is one or more micro-batches (forward, backward), then norm, clipping and update; the division by what was
 * counted belongs to the update, so 32 sequences at once and 4 x 8 accumulated are the same step. While a device
 * computes, the host builds the next step's batches; the step's numbers are read after that. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "train/run_internal.h"
#include "train/schedule.h"

static double memory_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

/* ---- one step ------------------------------------------------------------------------------------------------------- */

/* The micro-batches of one optimizer step into slot `w`; none at the end of the last epoch. A step ends with its epoch. */
static Status gather(Run *r, int w)
{
    const TrainConfig *t = &r->job->train;
    int64_t            first_seq = 0;
    r->n_micro[w] = 0;
    while (r->n_micro[w] < t->gradient_accumulation_steps) {
        const int64_t *rows;
        int64_t        n, epoch = loader_tell(r->loader).epoch;
        if (t->max_steps <= 0 && epoch >= ceil(t->num_train_epochs)) break;
        TRY(loader_next(r->loader, &rows, &n));
        if (n == 0 && r->n_micro[w] > 0) break;
        if (n == 0) continue;                                   /* this epoch is over, the next one begins */
        Batch *b = &r->micro[w][r->n_micro[w]];
        batch_clear(b);
        TRY(r->task->collate(t, r->tokenizer, r->train, rows, n, epoch, b));
        b->first_seq = first_seq;
        first_seq += n;
        r->n_micro[w]++;
    }
    return OK;
}

static double learning_rate(const Run *r)
{
    const TrainConfig *t = &r->job->train;
    int64_t            step = r->state.step;
    if (t->max_batch_tokens > 0 && t->max_steps <= 0) { /* how many steps that will be is not known: go by examples */
        step = (int64_t)(run_epoch(r) / t->num_train_epochs * (double)r->total_steps);
    }
    return schedule_rate(t, step, r->total_steps);
}

static Status forward_backward(Run *r, const Batch *b)
{
    BatchView view;
    ctx_begin(r->ctx, &r->tape, true);
    TRY(model_upload(r->ctx, r->model, b, &view));
    r->task->loss(r->ctx, r->model, &r->job->train, &view);
    return tape_backward(r->ctx);
}

static Status launch(Run *r, int w, double rate)
{
    StepScalars s = { .seed = (uint32_t)r->job->train.seed, .step = (uint32_t)r->state.step, .learning_rate = rate,
                      .max_grad_norm = r->job->train.max_grad_norm };
    TRY(ctx_begin_scalars(r->ctx, &s));
    for (int64_t i = 0; i < r->n_micro[w]; i++) TRY(forward_backward(r, &r->micro[w][i]));
    return optimizer_step(r->optimizer, r->ctx);
}

/* The update was skipped because something was not finite: find the first parameter or activation that is not. */
static Status name_the_culprit(Run *r, int w)
{
    Params *ps = &r->model->params;
    for (size_t i = 0; i < ps->n; i++) {
        const Param *p = ps->list[i];
        REAL        *v = malloc((size_t)p->n * sizeof *v);
        bool         bad = false;
        Status       s = v ? param_get(ps, p, v) : fail(ERR_MEMORY, "no memory to look at %s", p->name);
        for (int64_t k = 0; s == OK && k < p->n && !bad; k++) bad = !isfinite(v[k]);
        free(v);
        TRY(s);
        if (bad)
            return hint(fail(ERR_NUMERIC, "the parameter %s holds a number that is not finite", p->name),
                        "the checkpoint it came from is damaged, or the learning rate is far too high");
    }
    r->ctx->check_finite = true;
    Status s = OK;
    for (int64_t i = 0; i < r->n_micro[w] && s == OK; i++) s = forward_backward(r, &r->micro[w][i]);
    r->ctx->check_finite = false;
    if (s != OK)
        return hint(s,
                    "lower train.learning_rate, or set train.max_grad_norm; the last checkpoint is from before this");
    return hint(fail(ERR_NUMERIC, "the gradient is not finite, though every activation is"),
                "lower train.learning_rate, or set train.max_grad_norm");
}

/* ---- evaluation and checkpoints ------------------------------------------------------------------------------------- */

static Status no_such_metric(const Run *r)
{
    char names[256] = "";
    for (int i = 0; metrics_name(r->task->metrics, i); i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                 metrics_name(r->task->metrics, i));
    return hint(fail(ERR_CONFIG, "train.metric_for_best_model: there is no metric \"%s\" for this task", r->best_metric),
                "use one of %s", names);
}

static Status evaluate(Run *r, bool *is_best)
{
    EvalOptions o = { .task = r->task, .train = &r->job->train, .tokenizer = r->tokenizer };
    double      value;
    char       *path = NULL;
    cJSON_Delete(r->last_eval);
    r->last_eval = NULL;
    TRY(eval_run(r->ctx, r->model, r->validation, "validation", &o, &r->last_eval));
    if (!metrics_value(r->last_eval, r->best_metric, &value))
        return no_such_metric(r);
    RunState *st = &r->state;
    *is_best = st->best_step < 0 || (metrics_smaller_is_better(r->best_metric) ? value < st->best : value > st->best);
    st->bad_evals = *is_best ? 0 : st->bad_evals + 1;
    if (*is_best) {
        st->best = value;
        st->best_step = st->step;
        TRY(path_join(&path, r->job->output_dir, "eval-validation.json"));
        Status s = json_write_file(r->last_eval, path);
        free(path);
        TRY(s);
    }
    TRY(run_log_eval(r, r->last_eval));
    if (r->hooks.on_eval) r->hooks.on_eval(r->hooks.arg, st->step, r->last_eval, *is_best);
    return OK;
}

static bool is_due(const char *strategy, int64_t steps, int64_t step, bool epoch_ends, bool run_ends)
{
    if (strcmp(strategy, "no") == 0) return false;
    return run_ends || (strcmp(strategy, "epoch") == 0 ? epoch_ends : step % steps == 0);
}

/* After a step: evaluate, save, decide whether to go on. */
static Status after_step(Run *r, bool last_step)
{
    const TrainConfig *t = &r->job->train;
    RunState          *st = &r->state;
    int64_t examples = loader_examples(r->loader);
    bool    epoch_ends = st->cursor.position == 0 || (examples > 0 && st->cursor.position >= examples), is_best = false;
    bool stopped = r->hooks.stop && *r->hooks.stop;
    if (epoch_ends && !r->warned_truncated && dataset_n_truncated(r->train) > 0) {
        run_note(r, "%lld texts were longer than max_length %lld and were cut",
                 (long long)dataset_n_truncated(r->train), (long long)r->max_length);
        r->warned_truncated = true;
    }
    if (r->validation && is_due(t->eval_strategy, t->eval_steps, st->step, epoch_ends, last_step)) {
        TRY(evaluate(r, &is_best));
        if (t->early_stopping_patience > 0 && st->bad_evals >= t->early_stopping_patience) {
            run_note(r, "stopping early: no better %s in %lld evaluations", r->best_metric, (long long)st->bad_evals);
            last_step = true;
        }
    }
    st->finished = last_step;
    bool due = last_step || stopped || is_due(t->save_strategy, t->save_steps, st->step, epoch_ends, false);
    if (due || is_best) TRY(checkpoint_save(r, is_best, due));
    if (stopped && !last_step)
        return hint(fail(ERR_INTERRUPTED, "stopped after step %lld; the state is in %s/checkpoints/last.h5",
                         (long long)st->step, r->job->output_dir),
                    "--resume goes on from there");
    return OK;
}

static Status account(Run *r, int w, double rate, const StepScalars *s)
{
    RunState *st = &r->state;
    double    now = run_clock();
    for (int64_t i = 0; i < r->n_micro[w]; i++) {
        st->tokens += r->micro[w][i].streams[0].n_tokens;
        st->sequences += r->micro[w][i].streams[0].n_seqs;
    }
    st->loss_sum += s->loss_sum;
    st->count += s->count;
    st->updates = s->updates;
    st->seconds += now - r->step_clock;
    r->step_clock = now;
    double elapsed = now - r->log_clock;
    StepLog log = { .step = st->step,
                    .total_steps = r->total_steps,
                    .learning_rate = rate,
                    .grad_norm = s->grad_norm,
                    .epoch = run_epoch(r),
                    .loss = st->loss_sum / st->count,
                    .memory_mib = memory_mib(),
                    .tokens_per_second = (double)st->tokens / elapsed,
                    .samples_per_second = (double)st->sequences / elapsed,
                    .seconds_left = (double)(r->total_steps - st->step) * (st->seconds / (double)st->step) };
    bool logged = st->step % r->job->train.logging_steps == 0 || st->step == r->total_steps || st->step == 1;
    if (logged) {
        TRY(run_log_step(r, &log));
        st->loss_sum = st->count = 0;
        st->tokens = st->sequences = 0;
        r->log_clock = now;
    }
    if (r->hooks.on_step) r->hooks.on_step(r->hooks.arg, &log, logged);
    return OK;
}

Status run_train(Run *r)
{
    const TrainConfig *t = &r->job->train;
    RunState          *st = &r->state;
    if (st->finished) return OK;
    r->started = r->step_clock = r->log_clock = run_clock();
    TRY(gather(r, 0));
    for (int w = 0; r->n_micro[w] > 0 && !st->finished; w = !w) {
        StepScalars s;
        double rate = learning_rate(r);
        Cursor next = loader_tell(r->loader);                   /* where this step's examples end */
        TRY(launch(r, w, rate));
        bool last = t->max_steps > 0 || t->max_batch_tokens == 0 ? st->step + 1 >= r->total_steps : false;
        if (last) r->n_micro[!w] = 0;
        else TRY(gather(r, !w));
        TRY(ctx_read_scalars(r->ctx, &s));
        if (!s.finite) return during(name_the_culprit(r, w), "step %lld", (long long)st->step + 1);
        st->step++;
        st->cursor = next;
        TRY(account(r, w, rate, &s));
        TRY(after_step(r, r->n_micro[!w] == 0));
        r->step_clock = run_clock();                            /* evaluations and checkpoints are not training time */
    }
    return OK;
}
