/* cli/init_config.h: a guess about data as a job config that a person can read and change. */
#ifndef CLI_INIT_CONFIG_H
#define CLI_INIT_CONFIG_H

#include "core/text.h"
#include "data/guess.h"

typedef struct InitModel {
    const char *path;              /* model.from */
    int64_t     hidden_size, max_length;      /* of its shape: positions it has */
} InitModel;

/* JSON with comments. folder: where the config will lie; paths below it are written relative to it. */
Status init_config_write(Text *out, const Guess *g, const InitModel *model, const char *folder) MUST_USE;

#endif
