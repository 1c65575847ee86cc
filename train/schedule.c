#include "train/schedule.h"

#include <math.h>
#include <string.h>

int64_t schedule_warmup(const TrainConfig *t, int64_t total)
{
    return t->warmup_steps > 0 ? t->warmup_steps : (int64_t)ceil(t->warmup_ratio * (double)total);
}

double schedule_rate(const TrainConfig *t, int64_t step, int64_t total)
{
    const char *type = t->lr_scheduler_type;
    int64_t     warmup = schedule_warmup(t, total);
    if (strcmp(type, "constant") == 0) return t->learning_rate;
    if (step < warmup) return t->learning_rate * (double)step / (double)warmup;
    if (strcmp(type, "constant_with_warmup") == 0) return t->learning_rate;
    double left = (double)(total - step) / fmax(1, (double)(total - warmup));
    if (left < 0) left = 0;
    if (strcmp(type, "cosine") == 0) return t->learning_rate * 0.5 * (1 + cos(3.14159265358979323846 * (1 - left)));
    return t->learning_rate * left;
}
