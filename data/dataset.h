/* data/dataset.h: tokenised examples, from a prepared HDF5 file or tokenised on the fly from a corpus.
 *
 * Row tasks (a text or a pair with a label) tokenise a row when it is asked for; language-model tasks cut each text
 * into windows of max_length when the set is opened. Either way example i is the same tokens. Not thread-safe. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "data/corpus.h"
#include "data/tokenizer/tokenizer.h"

/* What a row's answer is. NUMBER: one a row, for regression. TAGS: a class for each word, IOB or plain. SPAN: where the
 * answer stands in the second text. */
typedef enum LabelKind { LABEL_NONE, LABEL_CLASS, LABEL_NUMBER, LABEL_TAGS, LABEL_SPAN } LabelKind;

typedef struct Labels { char **names; int32_t n; } Labels;    /* sorted by bytes; owned by whoever built it */

typedef struct DatasetOptions {
    LabelKind     labels;
    const Labels *known;           /* class names; NULL: collect them from this set (training) */
    bool          windows;         /* language model: cut long texts into windows instead of truncating */
    int64_t       max_length;      /* tokens with specials */
} DatasetOptions;

typedef struct Example {           /* arrays live until the next dataset_example on this set */
    const int32_t *ids, *segments, *words;
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

typedef struct Dataset Dataset;

/* split: "train", "validation" or "test". A validation share is taken from the training file, stratified by label and
 * decided by a hash of each row's text and the seed; the rest is "train". Empty sets, texts that are empty after
 * normalisation and labels that training never saw are errors with file and line (or skipped and counted, on_bad_row).
 * truncation "error" tokenises every row here, so that nothing starts with a text that is too long. */
Status dataset_open(Dataset **out, const DataConfig *config, const char *split, const Tokenizer *tokenizer,
                    const DatasetOptions *options) MUST_USE;
/* Any file with the same columns (eval --data). */
Status dataset_open_file(Dataset **out, const DataConfig *config, const char *path, const Tokenizer *tokenizer,
                         const DatasetOptions *options) MUST_USE;
void    dataset_close(Dataset *d);

int64_t dataset_count(const Dataset *d);
Status  dataset_example(Dataset *d, int64_t i, Example *out) MUST_USE;
/* The row's own text again, for predictions files and error lists; borrowed until the next call. */
Status  dataset_row(Dataset *d, int64_t i, Row *out) MUST_USE;
const Labels *dataset_labels(const Dataset *d);
int64_t dataset_n_truncated(const Dataset *d);                /* examples cut so far (all of them once prepared) */
int64_t dataset_bad_rows(const Dataset *d);
const char *dataset_hash(const Dataset *d);                   /* content: text + labels + tokenizer + settings */
bool    dataset_is_prepared(const Dataset *d);
const char *dataset_path(const Dataset *d);                   /* the source file */

void    labels_release(Labels *l);
Status  labels_copy(Labels *out, const Labels *from) MUST_USE;
int32_t labels_find(const Labels *l, const char *name);       /* -1 when absent */

/* Tokenises all splits named in the config into config->prepared (train.h5, validation.h5, test.h5) with data.json,
 * the report: rows, bad rows, lengths (percentiles, a histogram, what max_length cuts), label balance, unknown-token
 * rate, exact duplicates within and across splits, hashes, warnings. No file is put in place before all splits are
 * read. Without config->prepared it is the report alone, for `train`. report (gives) and progress may be NULL. */
typedef void (*DataProgress)(void *arg, const char *split, int64_t done, int64_t total);
Status data_prepare(const DataConfig *config, const Tokenizer *tokenizer, const DatasetOptions *options, cJSON **report,
                    DataProgress progress, void *progress_arg) MUST_USE;
/* The report as some ten lines for people. */
void   data_report_print(const cJSON *report, FILE *to);

#endif
