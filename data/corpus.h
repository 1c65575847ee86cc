/* data/corpus.h: a file of rows, read where it lies. JSONL, CSV (RFC 4180), TSV and plain text, one reader a file.
 *
 * Opening maps the file and finds where each row begins (16 bytes a row are kept); reading parses one row again, so a
 * set of any size needs little memory and rows can be read in any order. Opening parses every row once, so that a bad
 * one stops the job before it starts: not UTF-8, not as the format has it, a column missing, a text (or a required
 * label) that is empty. Rows may be skipped instead, but not behind a quote that is never closed. Not thread-safe. */
#ifndef DATA_CORPUS_H
#define DATA_CORPUS_H

#include "data/data_config.h"

typedef struct Corpus Corpus;

typedef struct RowSpan { size_t begin, end; const char *label; } RowSpan;
typedef struct Row {               /* strings live until the next corpus_row on this corpus */
    /* pair: NULL when not asked for or null. label: also when there is no such column */
    const char *text, *pair, *label;
    size_t      n_text, n_pair, n_spans;
    const RowSpan *spans;
    int64_t     line;              /* 1-based, where the row begins */
} Row;

typedef struct CorpusOptions {
    const char *format;            /* "auto": by the file's name, then by its first bytes */
    const char *text, *pair, *label;      /* column names; pair, label NULL: not wanted */
    bool        label_required;
    bool        skip_bad_rows;     /* else the first bad row is an error naming file, line and what is wrong */
    /* Called for each row while the file is indexed, in order, so that the caller needs no pass of its own. ERR_DATA
     * makes the row a bad one, other failures end corpus_open. NULL: not called. */
    Status    (*on_row)(void *arg, const Row *row);
    void       *arg;
} CorpusOptions;

Status  corpus_open(Corpus **out, const char *path, const CorpusOptions *options) MUST_USE;
void    corpus_close(Corpus *c);
int64_t corpus_count(const Corpus *c);                        /* usable rows */
int64_t corpus_bad_rows(const Corpus *c);                     /* skipped ones */
int64_t corpus_bad_line(const Corpus *c, int64_t i);          /* lines of the first few of them; 0 for the others */
int64_t corpus_line(const Corpus *c, int64_t i);              /* where row i begins */
int64_t corpus_find_line(const Corpus *c, int64_t line);      /* the usable row that begins there; -1 when none does */
const char *corpus_path(const Corpus *c);
Status  corpus_row(Corpus *c, int64_t i, Row *out) MUST_USE;
/* BLAKE2b of the file's bytes, hexadecimal. */
Status  corpus_hash(Corpus *c, char hex[65]) MUST_USE;

#endif
