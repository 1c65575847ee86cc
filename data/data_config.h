/* data/data_config.h: the "data" section of a job config: which files, which columns, how text becomes tokens. */
#ifndef DATA_DATA_CONFIG_H
#define DATA_DATA_CONFIG_H

#include "core/options.h"

typedef struct DataConfig {
    /* where the rows are */
    StringList train, test;        /* files, folders, globs, archives (data/rows.h) */
    char      *validation;         /* the same, one; or a share of the training rows ("0.1"); or NULL */
    char      *format;             /* auto or a reader's name */
    char      *text, *text_pair, *label, *group;      /* columns (JSONL keys, header names) */
    StringList columns;            /* names of a table's columns that has no header */
    StringList labels;             /* class names, declared; n 0: those that the training rows have */
    char      *pair_path;          /* parallel text: the file with the second language */
    char      *encoding;           /* of the files; NULL: detected */
    char      *on_bad_row;         /* fail, skip */

    /* what happens to the text */
    StringList clean, anonymize;   /* steps, kinds (data/clean/clean.h) */
    char      *anonymize_with, *anonymize_key_file;
    StringList augment;            /* steps (data/augment/augment.h), training rows only */
    int64_t    augment_copies;
    char      *augment_model;      /* a masked language model, for the mlm step */

    /* which rows are used */
    char      *on_duplicate, *on_near_duplicate, *on_contradiction, *on_leakage;
    double     near_threshold;
    bool       stratified;
    int64_t    folds, fold;        /* k-fold: validation is fold number `fold` of the training rows */
    int64_t    seed;               /* of the validation split */

    /* how it becomes tokens and batches */
    int64_t    max_length;         /* tokens a sequence with specials; 0: what the model allows */
    int64_t    stride;             /* tokens that neighbouring windows of a long context share */
    char      *truncation;         /* longest_first: cut and count; error: refuse */
    bool       packing;            /* fill each batch with as many texts as max_length * batch size holds */
    bool       streaming;          /* read while training; nothing is held but a window */
    int64_t    shuffle_window;     /* examples; 0: all of them while they are few */
    StringList mixing_weights;     /* one a path of train */
    double     mixing_temperature; /* weights n ^ (1 / T); 0: no mixing */
    char      *prepared;           /* folder of `whet prepare`; used when its content hash fits, else on the fly */
    char      *memory;             /* "512M": for sorting and shuffling */
} DataConfig;

extern const Option data_options[];
extern const size_t n_data_options;

/* "512M", "2G", "65536" -> bytes; `key` is what errors call it. */
Status data_memory(const char *text, const char *key, size_t *out) MUST_USE;

#endif
