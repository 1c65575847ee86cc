/* data/dataset_internal.h: what dataset.c, labels.c, split.c, windows.c, store.c and prepare.c share. */
#ifndef DATA_DATASET_INTERNAL_H
#define DATA_DATASET_INTERNAL_H

#include "core/hash.h"
#include "data/dataset.h"

/* ---- labels.c: class names while they are collected ------------------------------------------------------------- */

enum { DATASET_MAX_LABELS = 1 << 16 };

/* Names get ids as they appear; label_set_finish sorts the names and says where each id went. */
typedef struct LabelSet {
    struct LabelEntry { char *name; int32_t id; } *entries;      /* (n) sorted by name */
    size_t  cap;
    int32_t n;
} LabelSet;

Status label_set_add(LabelSet *set, const char *name, int32_t *id) MUST_USE;
/* Takes the names; new_ids[id] is the id among the sorted names (free it). */
Status label_set_finish(LabelSet *set, Labels *out, int32_t **new_ids) MUST_USE;
void   label_set_release(LabelSet *set);

/* ---- split.c: a stable, stratified share ------------------------------------------------------------------------ */

/* The text's place in the order that decides a share; equal texts are equal. */
uint64_t split_key(const Row *row, uint64_t seed);

/* Chooses round(share * n) of n rows, each class in proportion; chosen[i] is set to true for those. All rows of one
 * text fall on one side, and every class keeps a row on the other. classes NULL: one class. */
Status split_share(const uint64_t *keys, const int32_t *classes, int64_t n, int32_t n_classes, double share,
                   bool *chosen) MUST_USE;

/* ---- windows.c: texts of a language-model set, cut to length ---------------------------------------------------- */

typedef struct TextWindows TextWindows;

/* max_length counts the special tokens that each window gets. */
Status  windows_new(TextWindows **out, const Tokenizer *tokenizer, int64_t max_length) MUST_USE;
void    windows_free(TextWindows *w);
/* Cuts one tokenised text (without special tokens); row is what windows_row gives back. */
Status  windows_add(TextWindows *w, const Encoding *text, int64_t row) MUST_USE;
int64_t windows_count(const TextWindows *w);
int64_t windows_row(const TextWindows *w, int64_t i);
/* ids, segments, words and n; the rest of *out is left alone. Arrays live until the next call. */
void    windows_example(TextWindows *w, int64_t i, Example *out);

/* ---- store.c: tokenised examples in an HDF5 file ---------------------------------------------------------------- */

typedef struct StoreInfo {             /* what a prepared file says about itself; strings are borrowed from it */
    const char *file_hash, *tokenizer_hash, *settings, *content_hash, *source;
    int64_t     n_bad;
    Labels      labels;
} StoreInfo;

typedef struct Store Store;

enum { STORE_MEMORY = 64 << 20 };      /* bytes of tokens that are kept in memory; larger sets are read in ranges */

/* Ids outside 0 .. vocab_size - 1 are refused when they are read. memory: STORE_MEMORY, or 0 to read ranges only. */
Status  store_open(Store **out, const char *path, int32_t vocab_size, size_t memory) MUST_USE;
void    store_close(Store *s);
int64_t store_count(const Store *s);
const StoreInfo *store_info(const Store *s);
int64_t store_n_truncated(const Store *s);
int64_t store_n_tokens(const Store *s);
Status  store_example(Store *s, int64_t i, Example *out) MUST_USE;

typedef struct StoreWriter StoreWriter;

/* PATH.tmp until store_commit. pairs: examples have segments; max_length 0: no limit. */
Status  store_create(StoreWriter **out, const char *path, int32_t vocab_size, int64_t max_length, bool pairs) MUST_USE;
Status  store_add(StoreWriter *w, const Example *e) MUST_USE;
Status  store_commit(StoreWriter *w, const StoreInfo *info) MUST_USE;      /* closes in any case */
void    store_abort(StoreWriter *w);

/* ---- dataset.c: what prepare.c needs to know -------------------------------------------------------------------- */

/* Opens a split from its text, never from a prepared file. */
Status dataset_open_text(Dataset **out, const DataConfig *config, const char *split, const Tokenizer *tokenizer,
                         const DatasetOptions *options) MUST_USE;
const char *dataset_file_hash(const Dataset *d);              /* of the source file's bytes */
const char *dataset_settings(const Dataset *d);               /* JSON text */
int64_t     dataset_bad_line(const Dataset *d, int64_t i);    /* of the first few bad rows; 0 for the others */

/* ---- report.c: what is in a split ------------------------------------------------------------------------------- */

typedef struct SeenText { uint64_t key; int64_t line; int32_t label; } SeenText;

/* Collected while a split is read; report_add for each example in order, then report_split once. */
typedef struct SplitCount {
    const char *name;
    SeenText   *texts;                 /* (n_texts) one a row; sorted by key after report_split */
    int64_t     n_texts;
    int32_t    *lengths;               /* (n) tokens of each example before it was cut */
    int64_t     n, n_tokens, n_words, n_unknown, n_cut;      /* n_words: tokens that are not special */
    int64_t    *per_label;             /* (labels) */
    size_t      cap_texts, cap_lengths;
} SplitCount;

Status report_add(SplitCount *c, Dataset *d, int64_t i, const Example *e, const Tokenizer *tokenizer) MUST_USE;
/* Adds c->name to splits. path: the prepared file or NULL. */
Status report_split(SplitCount *c, const Dataset *d, int64_t max_length, const char *path, cJSON *splits) MUST_USE;
/* Rows of `second` whose text stands in `first` too; nothing is added when there are none. Both after report_split. */
Status report_across(const SplitCount *first, const SplitCount *second, cJSON *across) MUST_USE;
/* Sentences about what somebody should look at, into report["warnings"]. */
Status report_warnings(cJSON *report) MUST_USE;
void   split_count_release(SplitCount *c);

#endif
