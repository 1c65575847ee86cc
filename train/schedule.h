/* train/schedule.h: the learning rate of each optimizer step. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include "train/job.h"

/* step counts from 0; total is the number of steps of the whole run. Rises from 0 over the warm-up steps, then moves
 * as lr_scheduler_type says: linear to 0, half a cosine to 0 (Loshchilov & Hutter 2017 without restarts), constant. */
double  schedule_rate(const TrainConfig *t, int64_t step, int64_t total);
int64_t schedule_warmup(const TrainConfig *t, int64_t total);

#endif
