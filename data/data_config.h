/* data/data_config.h: the "data" section of a job config: which files, which columns, how text becomes tokens. */
#ifndef DATA_DATA_CONFIG_H
#define DATA_DATA_CONFIG_H

#include "core/options.h"

typedef struct DataConfig {
    char   *train, *test;          /* files */
    char   *validation;            /* a file, or a share of the training rows ("0.1"), or NULL */
    char   *format;                /* auto, jsonl, csv, tsv, text */
    char   *text, *text_pair, *label;      /* columns (JSONL keys, header names) */
    int64_t max_length;            /* tokens a sequence with specials; 0: what the model allows */
    char   *truncation;            /* longest_first: cut and count; error: refuse */
    char   *on_bad_row;            /* fail, skip */
    char   *prepared;              /* folder of `whet prepare`; used when its content hash fits, else on the fly */
    int64_t seed;                  /* of the validation split */
} DataConfig;

extern const Option data_options[];
extern const size_t n_data_options;

#endif
