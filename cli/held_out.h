/* cli/held_out.h: opening a data set for a model that is already trained: the run's own split, or any file with the
 * columns of the run (or of the flags). Shared by eval and export. */
#ifndef CLI_HELD_OUT_H
#define CLI_HELD_OUT_H

#include "data/dataset.h"
#include "infer/engine.h"
#include "train/job.h"
#include "train/tasks/train_task.h"

/* The job that a checkpoint carries; defaults for a published folder. Flags of data and train go on top. */
Status held_out_job(Job *job, const Bundle *b, const Flag *flags, size_t n_flags) MUST_USE;

/* file NULL: the job's split. The set's labels are the model's. */
Status held_out_open(Dataset **out, const Job *job, const Engine *e, const TrainTask *task, const char *split,
                     const char *file) MUST_USE;

#endif
