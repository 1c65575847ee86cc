/* data/corpus.h: a file of rows, read where it lies. JSONL, CSV (RFC 4180), TSV and plain text, one reader a file.
 *
 * Opening maps the file and finds where each row begins (16 bytes a row are kept); reading parses one row again, so a
 * set of any size needs little memory and rows can be read in any order. Not thread-safe. */
#ifndef DATA_CORPUS_H
#define DATA_CORPUS_H

#include "data/data_config.h"

typedef struct Corpus Corpus;

typedef struct Row {               /* strings live until the next corpus_row on this corpus */
    const char *text, *pair, *label;      /* pair and label NULL when the file has no such column or the field is null */
    size_t      n_text, n_pair;
    int64_t     line;              /* 1-based, where the row begins */
} Row;

typedef struct CorpusOptions {
    const char *format;            /* "auto": by the file's name, then by its first bytes */
    const char *text, *pair, *label;      /* column names; pair, label NULL: not wanted */
    bool        label_required;
    bool        skip_bad_rows;     /* else the first bad row is an error naming file, line and what is wrong */
} CorpusOptions;

Status  corpus_open(Corpus **out, const char *path, const CorpusOptions *options) MUST_USE;
void    corpus_close(Corpus *c);
int64_t corpus_count(const Corpus *c);                        /* usable rows */
int64_t corpus_bad_rows(const Corpus *c);                     /* skipped ones; corpus_bad_line(c, i) names the first few */
int64_t corpus_bad_line(const Corpus *c, int64_t i);
const char *corpus_path(const Corpus *c);
Status  corpus_row(Corpus *c, int64_t i, Row *out) MUST_USE;
/* BLAKE2b of the file's bytes, hexadecimal. */
Status  corpus_hash(Corpus *c, char hex[65]) MUST_USE;

#endif
