/* data/data_internal.h: what the files behind dataset.h share.
 *
 *     data.c      what a config asks for; opening and closing          sources.c   the bytes of a set: sizes, times, hashes
 *     build.c     a set's rows -> blocks                               splits.c    which rows are in which split
 *     index.c     what a prepared folder knows beside its shards       dataset.c   examples by number
 *     stream.c    a training set read while training                   report.c    data.json */
#ifndef DATA_DATA_INTERNAL_H
#define DATA_DATA_INTERNAL_H

#include "core/hash.h"
#include "data/block_set.h"
#include "data/coder.h"
#include "data/dataset.h"
#include "data/select/select.h"

/* ---- sources.c: what a set is read from --------------------------------------------------------------------------- */

typedef struct SourceFile {
    char   *path;
    int64_t size, mtime_ns;
    char    hash[HASH_HEX];
} SourceFile;

typedef struct Sources { SourceFile *files; size_t n, cap; char hash[HASH_HEX]; } Sources;

/* The files that a stream reads, and a hash of their bytes in their order (names do not count). A file whose size and
 * time are those of `known`[i] is not read again. known may be NULL. */
Status sources_open(Sources *out, const Rows *rows, const Sources *known) MUST_USE;
void   sources_release(Sources *s);
Status sources_to_json(const Sources *s, cJSON **out) MUST_USE;
Status sources_parse(Sources *out, const cJSON *json, const char *where) MUST_USE;

/* ---- a set and a split --------------------------------------------------------------------------------------------- */

typedef struct DataSet {               /* files that are read together */
    const char *name;                  /* "train" */
    StringList  paths;                 /* borrowed strings */
    bool        wanted;
    Rows       *rows;
    Sources     sources;
    char        work[HASH_HEX];        /* of what decides its blocks */
    BlockSet   *blocks;
    LabelSet    labels;                /* as first seen */
    int32_t    *class_of;              /* (labels.n) their numbers among Data.labels */
    cJSON      *counts;                /* coder_counts, added up */
    int64_t    *first_row;             /* (blocks + 1) */
} DataSet;

typedef struct SplitStats {
    int64_t  rows, tokens, truncated, tokens_cut, unknown;
    int64_t *per_label;                /* (labels.n) rows; NULL without classes */
    int64_t *lengths;                  /* (LENGTHS_COUNTED) examples of so many tokens before they were cut; the last: more */
} SplitStats;

enum { LENGTHS_COUNTED = 1 << 16 };

struct Dataset {
    Data       *data;
    const char *name;
    int         set;                   /* index in Data.sets; -1: there is no such split */
    uint8_t    *kept;                  /* a bit an example of the set; NULL: all are in the split */
    int64_t    *first;                 /* (blocks + 1) the split's examples before each block */
    int64_t    *set_first;             /* (blocks + 1) the set's */
    SplitStats  stats;
    char        hash[HASH_HEX];
    bool        owns_data;
    /* the example given out last */
    int32_t    *words, *segments, *tags;
    size_t      cap_words, cap_segments, cap_tags;
    CleanWork  *clean;                 /* dataset_row's */
    int64_t    *sources;               /* (n_sources + 1) */
    int32_t     n_sources;
    struct Stream *stream;             /* a set that is read while training; NULL otherwise */
};

enum { SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST, N_SPLITS };

/* A config of our own, for one file, with the path that it names. */
typedef struct OneFile { DataConfig config; char *path; } OneFile;

struct Data {
    const DataConfig *config;
    const Tokenizer  *tokenizer;
    DatasetOptions    options;
    CoderOptions      coder;
    Cleaner          *cleaner;
    Augmenter        *augmenter;
    char             *key;             /* of the pseudonyms */
    char             *settings;        /* JSON of what decides examples, but for the files and the tokenizer */
    char             *policies;        /* JSON of what decides splits */
    double            share;           /* of the training rows, for validation; 0 none */
    size_t            memory;
    const char       *folder;          /* prepared; NULL: in memory */
    bool              prepared;        /* nothing had to be made */
    bool              streaming;       /* the training set is a stream */
    Labels            labels;
    DataSet           sets[N_SPLITS];  /* train, validation, test */
    Dataset           splits[N_SPLITS];
    Selection        *selection;
    cJSON            *report, *findings;
    OneFile          *one_file;        /* what config points into, if it is ours */
    DataProgress      progress;
    void             *progress_arg;
};

extern const char *const split_names[N_SPLITS];

/* build.c: the set's blocks: those of its shards and the rest, or all in memory. */
Status build_set(Data *d, DataSet *set) MUST_USE;
Status set_open_rows(const Data *d, DataSet *set) MUST_USE;
/* What the states of the set's shards say together: its counts, and its class names as the last one has them. */
Status set_read_states(DataSet *set) MUST_USE;
Status set_count_rows(DataSet *set) MUST_USE;                 /* fills first_row */
int64_t set_n_examples(const DataSet *set);

/* splits.c: decides over all sets, then counts. */
Status splits_decide(Data *d) MUST_USE;
/* From kept bits that are there already. */
Status splits_count(Data *d) MUST_USE;

/* index.c: FOLDER/index.h5. Reading leaves *found false when it is not there or not of this work. */
Status index_write(const Data *d) MUST_USE;
Status index_read(Data *d, bool *found) MUST_USE;
/* What the index remembers: the files of each set, so that unchanged ones need not be hashed again, and the class names
 * (labels may be NULL). */
Status index_sources(const char *folder, Sources known[N_SPLITS], Labels *labels) MUST_USE;

/* report.c: d->report. */
Status report_make(Data *d) MUST_USE;

/* stream.c */
typedef struct Stream Stream;
Status stream_open(Stream **out, Data *d, DataSet *set) MUST_USE;
void   stream_close(Stream *s);
Status stream_window(Stream *s, int64_t epoch, int64_t position, Anchor *anchor, int64_t *n) MUST_USE;
Status stream_seek(Stream *s, Anchor anchor) MUST_USE;
int64_t stream_n_truncated(const Stream *s);
Status stream_locate(Stream *s, int64_t i, const Block **block, int64_t *at, int64_t *row) MUST_USE;

#endif
