/* train/job.h: a job config: task, model, data, training. One table for the file, the flags, --help and the schema. */
#ifndef TRAIN_JOB_H
#define TRAIN_JOB_H

#include "data/data_config.h"
#include "model/model_config.h"

typedef struct TrainConfig {
    double learning_rate, head_learning_rate, num_train_epochs, warmup_ratio, weight_decay, adam_beta1, adam_beta2,
        adam_epsilon, momentum, max_grad_norm, label_smoothing_factor, mlm_probability;
    int64_t    max_steps, per_device_train_batch_size, per_device_eval_batch_size, max_batch_tokens,
               gradient_accumulation_steps, warmup_steps, seed, eval_steps, save_steps, save_total_limit, logging_steps,
               early_stopping_patience, freeze_layers;
    char      *lr_scheduler_type, *optim, *eval_strategy, *save_strategy, *metric_for_best_model;
    StringList freeze;
    bool       gradient_checkpointing, whole_word_mask;
} TrainConfig;

typedef struct Job {
    char       *name, *task, *output_dir, *device;
    int64_t     threads;
    ModelConfig model;
    DataConfig  data;
    TrainConfig train;
    char       *config_path;              /* not an option: the file this was read from */
} Job;

const OptionTable *job_table(void);

/* Defaults, then the file, then the flags (key, text pairs). When model.from names a published folder or checkpoint, its
 * shape comes between defaults and file, so that a config says only what it changes. Checks what can be checked without
 * reading data. config_path NULL: flags only. */
Status job_read(Job *job, const char *config_path, const Flag *flags, size_t n_flags) MUST_USE;
void   job_release(Job *job);

#endif
