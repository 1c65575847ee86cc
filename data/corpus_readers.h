/* data/corpus_readers.h: one reader a file format, behind the table that corpus.c walks.
 *
 * A reader parses one row at a place in the mapped file and says where the next one begins; the same function indexes
 * the file and reads a row again. It reports a bad row with file, line and remedy, but still moves on to the next row
 * where it can, so that bad rows may be skipped; where it cannot (a quote that is never closed swallows the rest of the
 * file) it sets `broken`.
 *
 * To add one: a file here with its Reader, one line in the table of corpus.c, one case in tests/data/corpus_test.c. */
#ifndef DATA_CORPUS_READERS_H
#define DATA_CORPUS_READERS_H

#include "core/file.h"
#include "core/text.h"
#include "data/corpus.h"

/* A row is held in memory while it is read: the tokenizer takes no more at once either. */
enum { CORPUS_MAX_ROW = 64 << 20, CORPUS_MAX_COLUMNS = 4096 };

typedef struct Place { size_t at; int64_t line; } Place;       /* a byte of the file, and its 1-based line */

/* What a reader works on. Strings of `options` belong to the corpus. */
typedef struct Source {
    const char   *path;
    FileMap       file;
    CorpusOptions options;
    char          separator;           /* csv.c: ',' or a tab */
    Text          header;              /* csv.c: column names, each ended by NUL */
    int           n_columns, text_column, pair_column, label_column;      /* -1: none */
    Text          fields;              /* csv.c: the row's fields, each ended by NUL */
    Text          text, pair, label;   /* the row's strings for readers that have to decode them */
    bool          broken;
} Source;

typedef struct Reader {
    const char *name;
    const char *suffixes;              /* ".csv|.CSV": what format "auto" goes by first */
    const char *blank;                 /* a line of nothing but these is no row */
    Status    (*begin)(Source *s, Place *p);             /* moves p behind the header; NULL: none */
    Status    (*read)(Source *s, Place *p, Row *out);    /* moves p to the next row, also when this one is bad */
} Reader;

extern const Reader corpus_reader_jsonl, corpus_reader_csv, corpus_reader_tsv, corpus_reader_text;

/* ---- shared by the readers -------------------------------------------------------------------------------------- */

/* The line at p without its end (LF or CRLF); p moves behind it. */
const char *corpus_source_line(const Source *s, Place *p, size_t *n);
/* ERR_DATA with file, line and byte when bytes[0..n) are not UTF-8 or hold a NUL, or are more than CORPUS_MAX_ROW. */
Status corpus_check_bytes(const Source *s, const char *bytes, size_t n, int64_t line) MUST_USE;
/* Only white space, ASCII or Unicode's. */
bool   corpus_is_blank(const char *text, size_t n);
/* "there is no column X; the columns are a, b, c" with the nearest; names of n columns one after another, NUL-ended. */
Status corpus_no_column(const Source *s, int64_t line, const char *what, const char *wanted, const char *names, int n,
                        const char *key) MUST_USE;

#endif
