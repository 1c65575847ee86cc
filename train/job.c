#include "train/job.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "model/bundle.h"

#define AT(member) OFFSET(TrainConfig, member)
static const Option train_options[] = {
    { "learning_rate", OPTION_NUMBER, AT(learning_rate), "5e-5", 0, 100, NULL, "lr", "peak learning rate" },
    { "head_learning_rate", OPTION_NUMBER, AT(head_learning_rate), "0", 0, 100, NULL, "classifier_learning_rate", "peak learning rate of what lies above the last block; 0: learning_rate" },
    { "num_train_epochs", OPTION_NUMBER, AT(num_train_epochs), "3", 0, 1e6, NULL, "epochs", "passes over the training set" },
    { "max_steps", OPTION_INT, AT(max_steps), "-1", -1, 1e12, NULL, NULL, "optimizer steps; overrides num_train_epochs when positive" },
    { "per_device_train_batch_size", OPTION_INT, AT(per_device_train_batch_size), "32", 1, 1 << 20, NULL, "batch_size|train_batch_size", "sequences a batch" },
    { "per_device_eval_batch_size", OPTION_INT, AT(per_device_eval_batch_size), "64", 1, 1 << 20, NULL, "eval_batch_size", "sequences a batch in evaluation" },
    { "max_batch_tokens", OPTION_INT, AT(max_batch_tokens), "0", 0, 1 << 26, NULL, "batch_tokens|max_tokens", "fill batches up to this many tokens instead; 0: by sequences" },
    { "gradient_accumulation_steps", OPTION_INT, AT(gradient_accumulation_steps), "1", 1, 1 << 20, NULL, "accumulate", "batches an optimizer step" },
    { "lr_scheduler_type", OPTION_CHOICE, AT(lr_scheduler_type), "linear", 0, 0, "linear|cosine|constant|constant_with_warmup", "lr_schedule|scheduler", "how the learning rate moves" },
    { "warmup_ratio", OPTION_NUMBER, AT(warmup_ratio), "0", 0, 1, NULL, NULL, "share of the steps that the learning rate rises" },
    { "warmup_steps", OPTION_INT, AT(warmup_steps), "0", 0, 1e12, NULL, NULL, "the same in steps; overrides warmup_ratio" },
    { "optim", OPTION_CHOICE, AT(optim), "adamw", 0, 0, "adamw|sgd", "optimizer", "optimizer" },
    { "weight_decay", OPTION_NUMBER, AT(weight_decay), "0", 0, 10, NULL, NULL, "decay of weights; biases and norms are exempt" },
    { "adam_beta1", OPTION_NUMBER, AT(adam_beta1), "0.9", 0, 1, NULL, NULL, "AdamW: decay of the first moment" },
    { "adam_beta2", OPTION_NUMBER, AT(adam_beta2), "0.999", 0, 1, NULL, NULL, "AdamW: decay of the second moment" },
    { "adam_epsilon", OPTION_NUMBER, AT(adam_epsilon), "1e-8", 0, 1, NULL, NULL, "AdamW: added to the root of the second moment" },
    { "momentum", OPTION_NUMBER, AT(momentum), "0.9", 0, 1, NULL, NULL, "SGD: momentum" },
    { "max_grad_norm", OPTION_NUMBER, AT(max_grad_norm), "1", 0, 1e9, NULL, "clip|gradient_clipping", "gradients longer than this are scaled to it; 0: never" },
    { "label_smoothing_factor", OPTION_NUMBER, AT(label_smoothing_factor), "0", 0, 0.99, NULL, "label_smoothing", "share of the target spread over all classes" },
    { "seed", OPTION_INT, AT(seed), "42", 0, 4294967295.0, NULL, NULL, "initial weights, order and dropout" },
    { "eval_strategy", OPTION_CHOICE, AT(eval_strategy), "epoch", 0, 0, "epoch|steps|no", "evaluation_strategy", "when the validation set is evaluated" },
    { "eval_steps", OPTION_INT, AT(eval_steps), "500", 1, 1e12, NULL, NULL, "steps between evaluations when eval_strategy is steps" },
    { "save_strategy", OPTION_CHOICE, AT(save_strategy), "epoch", 0, 0, "epoch|steps|no", NULL, "when a checkpoint is written; one is always written at the end" },
    { "save_steps", OPTION_INT, AT(save_steps), "500", 1, 1e12, NULL, NULL, "steps between checkpoints when save_strategy is steps" },
    { "save_total_limit", OPTION_INT, AT(save_total_limit), "1", 0, 1e6, NULL, NULL, "step-N checkpoints kept beside best and last" },
    { "metric_for_best_model", OPTION_STRING, AT(metric_for_best_model), NULL, 0, 0, NULL, "best_metric", "what best.h5 is chosen by; default: the task's own" },
    { "early_stopping_patience", OPTION_INT, AT(early_stopping_patience), "0", 0, 1e6, NULL, NULL, "stop after this many evaluations without a better one; 0: never" },
    { "logging_steps", OPTION_INT, AT(logging_steps), "10", 1, 1e9, NULL, NULL, "steps between lines of metrics.jsonl" },
    { "freeze", OPTION_STRINGS, AT(freeze), NULL, 0, 0, NULL, NULL, "name patterns of parameters that are not trained" },
    { "freeze_layers", OPTION_INT, AT(freeze_layers), "-1", -1, 1024, NULL, NULL, "freeze the embeddings and this many lowest blocks; -1: nothing" },
    { "gradient_checkpointing", OPTION_BOOL, AT(gradient_checkpointing), "false", 0, 0, NULL, "recompute", "keep one tensor a block and compute the rest again: less memory, a third more work" },
    { "mlm_probability", OPTION_NUMBER, AT(mlm_probability), "0.15", 0.01, 0.9, NULL, NULL, "masked-lm: share of the tokens that are predicted" },
    { "whole_word_mask", OPTION_BOOL, AT(whole_word_mask), "false", 0, 0, NULL, "whole_word_masking", "masked-lm: hide whole words" },
};

#undef AT
#define AT(member) OFFSET(Job, member)
static const Option top_options[] = {
    { "name", OPTION_STRING, AT(name), NULL, 0, 0, NULL, "run_name", "name of the run; default: the config file's" },
    { "task", OPTION_STRING, AT(task), NULL, 0, 0, NULL, NULL, "sequence-classification, sentence-pair, regression, token-classification, question-answering, masked-lm" },
    { "output_dir", OPTION_PATH, AT(output_dir), NULL, 0, 0, NULL, NULL, "run folder; default: runs/NAME" },
    { "device", OPTION_CHOICE, AT(device), "auto", 0, 0, "auto|cpu|cuda|ref", NULL, "what computes" },
    { "threads", OPTION_INT, AT(threads), "0", 0, 256, NULL, NULL, "threads; 0: one a core" },
};


const OptionTable *job_table(void)
{
    static OptionSection sections[] = {
        { "", top_options, COUNT(top_options), 0 },
        { "model", model_options, 0, OFFSET(Job, model) },
        { "data", data_options, 0, OFFSET(Job, data) },
        { "train", train_options, COUNT(train_options), OFFSET(Job, train) },
    };
    static const OptionTable table = { "a job config", sections, COUNT(sections) };
    sections[1].n_options = n_model_options;
    sections[2].n_options = n_data_options;
    return &table;
}

void job_release(Job *job)
{
    options_release(job_table(), job);
    free(job->config_path);
    *job = (Job){ 0 };
}

static Status read_file_and_flags(Job *job, const char *config_path, const Flag *flags, size_t n_flags)
{
    if (config_path) TRY(options_read_file(job_table(), job, config_path));
    return options_apply(job_table(), job, flags, n_flags);
}

/* The shape of what model.from names, under what the job itself says. */
static Status take_shape(Job *job, const char *config_path, const Flag *flags, size_t n_flags)
{
    Bundle b;
    cJSON *shape = NULL;
    TRY(bundle_open(&b, job->model.from, NULL));
    Status s = model_config_to_json(&b.config, &shape);
    if (s == OK) {
        cJSON_DeleteItemFromObjectCaseSensitive(shape, "from");
        cJSON_DeleteItemFromObjectCaseSensitive(shape, "tokenizer");
        s = model_config_read_json(&job->model, shape, job->model.from);
    }
    cJSON_Delete(shape);
    bundle_close(&b);
    if (s == OK) s = read_file_and_flags(job, config_path, flags, n_flags);
    return s;
}

static Status default_name(Job *job)
{
    const char *file = job->config_path ? path_name(job->config_path) : job->task;
    size_t      n = strcspn(file, ".");
    if (!job->name) TRY(text_format(&job->name, "%.*s", (int)n, file));
    if (!job->output_dir) {
        char *relative = NULL;
        TRY(text_format(&relative, "runs/%s", job->name));
        Status s = path_absolute(&job->output_dir, relative);
        free(relative);
        return s;
    }
    return OK;
}

static Status check(const Job *job)
{
    const TrainConfig *t = &job->train;
    const char        *at = job->config_path ? job->config_path : "the command line";
    if (!job->task)
        return hint(fail(ERR_CONFIG, "%s does not say which task", at),
                    "add \"task\": \"sequence-classification\" (or sentence-pair, regression, token-classification, "
                    "question-answering, masked-lm)");
    if (strchr(job->name, '/') || job->name[0] == '.')
        return fail(ERR_CONFIG, "name: \"%s\" is no name for a folder", job->name);
    if (!job->model.from && !job->model.tokenizer)
        return hint(fail(ERR_CONFIG, "%s names no model to start from", at),
                    "set model.from to a published folder, or model.tokenizer (and the sizes) to start from scratch");
    if (t->max_steps <= 0 && t->num_train_epochs <= 0)
        return fail(ERR_CONFIG, "train.num_train_epochs is %g and train.max_steps is not set: nothing to do",
                    t->num_train_epochs);
    if (t->early_stopping_patience > 0 && (!job->data.validation || strcmp(t->eval_strategy, "no") == 0))
        return hint(fail(ERR_CONFIG, "train.early_stopping_patience needs evaluations"),
                    "set data.validation (a file, or a share such as 0.1) and train.eval_strategy");
    return OK;
}

Status job_read(Job *job, const char *config_path, const Flag *flags, size_t n_flags)
{
    *job = (Job){ 0 };
    Status s = options_defaults(job_table(), job);
    if (s == OK && config_path) s = text_copy(&job->config_path, config_path);
    if (s == OK) s = read_file_and_flags(job, config_path, flags, n_flags);
    if (s == OK && job->model.from) s = take_shape(job, config_path, flags, n_flags);
    if (s == OK && job->task) s = default_name(job);
    if (s == OK && !job->task && !job->name) s = text_copy(&job->name, "run");
    if (s == OK) s = check(job);
    if (s != OK) job_release(job);
    return s;
}
