/* data/dataset.h: tokenised examples of a split, from a prepared folder, from memory, or read while training.
 *
 *     data_open     reads every set that the config names, cleans, tokenises, looks for duplicates and leakage, splits
 *     data_split    one split of it: examples by number
 *     dataset_open  both, for one split
 *
 * Whether a set was prepared makes no difference to what it holds: the same code made it (data/coder.h). A prepared folder
 * is used while its hash fits the text, the tokenizer and the settings. Not thread-safe. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "core/json.h"
#include "data/augment/augment.h"
#include "data/data_config.h"
#include "data/labels.h"
#include "data/rows.h"
#include "data/tokenizer/tokenizer.h"

/* What a row's answer is. NUMBER: one a row, for regression. TAGS: a class for each word, IOB or plain. SPAN: where the
 * answer stands in the second text. */
typedef enum LabelKind { LABEL_NONE, LABEL_CLASS, LABEL_NUMBER, LABEL_TAGS, LABEL_SPAN } LabelKind;

typedef struct DatasetOptions {
    LabelKind     labels;
    const Labels *known;           /* class names; NULL: those that the training rows have (or data.labels) */
    bool          windows;         /* language model: cut long texts into windows instead of truncating */
    int64_t       max_length;      /* tokens with specials; 0: data.max_length */
    AugmentFill   fill;            /* what augmentation by a language model calls; NULL: it is refused */
    void         *fill_arg;
} DatasetOptions;

typedef struct Example {           /* arrays live until the next dataset_example on this set */
    const int32_t *ids, *segments, *words;      /* words: counted in each text; -1 for special tokens */
    int64_t        n;
    int64_t        n_untruncated;  /* tokens before max_length cut it */
    int32_t        label;          /* CLASS; -1 otherwise */
    double         target;         /* NUMBER */
    const int32_t *tags;           /* TAGS: (n) class of the first token of each word, BATCH_IGNORE elsewhere; else NULL */
    int32_t        answer_begin, answer_end;      /* SPAN: first and last token of the answer; 0, 0 when not in here */
    const int32_t *offsets;        /* TAGS, SPAN: (2 n) begin and end in bytes of the token's text; else NULL */
    int64_t        row;            /* which row of the set; several examples may come from one */
    int64_t        line;           /* in the source file */
    bool           truncated;
} Example;

/* Where a window of a stream begins: all that a checkpoint needs to find it again. */
typedef struct Anchor {
    int64_t epoch, first, row;     /* examples and rows of the epoch before it */
    Place   place;
} Anchor;

typedef struct Data Data;
typedef struct Dataset Dataset;

typedef enum DataUse {
    DATA_ALL,                      /* every set that the config names */
    DATA_PREPARE,                  /* the same, written to config->prepared; a killed one goes on where it was */
    DATA_TRAIN, DATA_VALIDATION, DATA_TEST,      /* only what that split needs */
} DataUse;

typedef void (*DataProgress)(void *arg, const char *set, double done, int64_t rows);      /* done: 0 .. 1 */

/* Empty sets, texts that are empty after normalisation and labels that training never saw are errors with file and line
 * (or skipped and counted, on_bad_row). progress may be NULL. Borrows config, tokenizer and options->known. */
Status data_open(Data **out, const DataConfig *config, const Tokenizer *tokenizer, const DatasetOptions *options,
                 DataUse use, DataProgress progress, void *progress_arg) MUST_USE;
void   data_close(Data *d);                                   /* and all its splits */
/* "train", "validation", "test"; NULL: there is no such split. Borrowed. */
Dataset *data_split(Data *d, const char *name);
/* What is in the sets and splits (data.json); borrowed. */
const cJSON *data_report(const Data *d);
bool   data_is_prepared(const Data *d);                       /* nothing had to be tokenised */

/* One split; closing it closes the Data behind it. */
Status dataset_open(Dataset **out, const DataConfig *config, const char *split, const Tokenizer *tokenizer,
                    const DatasetOptions *options) MUST_USE;
/* Any files with the same columns (eval --data). */
Status dataset_open_file(Dataset **out, const DataConfig *config, const char *path, const Tokenizer *tokenizer,
                         const DatasetOptions *options) MUST_USE;
void    dataset_close(Dataset *d);

int64_t dataset_count(const Dataset *d);                      /* -1: a stream whose end was not seen */
Status  dataset_example(Dataset *d, int64_t i, Example *out) MUST_USE;
/* The row of example i again, its text as it was tokenised (cleaned); borrowed until the next call. */
Status  dataset_row(Dataset *d, int64_t i, Row *out) MUST_USE;
const Labels *dataset_labels(const Dataset *d);
int64_t dataset_n_tokens(const Dataset *d);
int64_t dataset_n_truncated(const Dataset *d);
int64_t dataset_bad_rows(const Dataset *d);
const char *dataset_hash(const Dataset *d);                   /* content: text + labels + tokenizer + settings */
bool    dataset_is_prepared(const Dataset *d);
const char *dataset_path(const Dataset *d);                   /* the first source file */

/* How a loader may walk it: runs of neighbouring examples that are read together, and the paths of data.train (with
 * mixing) that they belong to. */
int64_t dataset_n_blocks(const Dataset *d);
void    dataset_block(const Dataset *d, int64_t block, int64_t *first, int64_t *n);
int32_t dataset_n_sources(const Dataset *d);
int64_t dataset_source_begin(const Dataset *d, int32_t source);      /* its first example; n_sources: the count */
/* A stream (count -1) holds two windows: the one with this position of this epoch, and the one before. *n 0: the epoch
 * ended. Going back begins again at the first row. */
Status  dataset_window(Dataset *d, int64_t epoch, int64_t position, Anchor *anchor, int64_t *n) MUST_USE;
Status  dataset_seek(Dataset *d, Anchor anchor) MUST_USE;      /* the next window is the one that begins there */

#endif
