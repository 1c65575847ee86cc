/* data/rows.h: files of any format as one stream of rows.
 *
 *     paths (files, folders, globs, archives) --input--> UTF-8 bytes --reader--> Row, Row, ...
 *
 * Rows come in the order of the paths, and within a folder or glob in the byte order of their names, so that a set is
 * the same on every machine. Reading is forward and needs the memory of one row; a row's Place brings a stream back to
 * it (a step for plain files; compressed ones are decoded again from their start when the place lies behind).
 * Input is UTF-8 with or without a byte order mark; UTF-16 and GB18030 are detected and converted; gzip, zstd and the
 * members of zip and tar archives are unpacked on the way.
 *
 * A bad row (not UTF-8, not as its format has it, a column missing, a text or a required label empty) is ERR_DATA with
 * file, line and remedy; the stream then stands behind it and may be read on, unless rows_broken. One thread at a time. */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include "core/options.h"

/* Where a row begins. Everything that a stream needs to find it again; a checkpoint may store it. */
typedef struct Place {
    int64_t at, line;              /* byte of the decoded file; 1-based line */
    int32_t file, item;            /* of rows_path; which of the rows that begin there (SQuAD: an article's questions) */
} Place;

/* A marked piece of a row's text (or of its pair): a word with its tag, an answer. */
typedef struct RowSpan { size_t begin, end; const char *label; } RowSpan;      /* bytes; label NULL: none */

typedef struct RowMessage { const char *role, *content; } RowMessage;          /* chat */

typedef struct Row {               /* strings end in NUL and live until the next rows_next or rows_seek */
    const char       *text;
    const char       *pair;        /* second text: NULL when not asked for or null. SQuAD: the context (text: the question);
                                      parallel text: the target; instructions: the answer */
    const char       *label;       /* a class, or a number as text; NULL when absent */
    const char       *group;       /* rows of one group stay on one side of a split; NULL: none */
    size_t            n_text, n_pair;
    const RowSpan    *spans;       /* token labels: the words of text, in order, with their tags; SQuAD: the answers,
                                      in pair (none: unanswerable) */
    size_t            n_spans;
    const RowMessage *messages;    /* chat; text is then their contents, one paragraph each, after "role: " */
    size_t            n_messages;
    Place             place;
} Row;

/* Which annotations a row must have. */
typedef enum RowNeed { ROW_NEEDS_TEXT, ROW_NEEDS_LABEL, ROW_NEEDS_TAGS, ROW_NEEDS_ANSWERS } RowNeed;

typedef struct RowsOptions {       /* strings are borrowed while the stream is open */
    const StringList *paths;       /* "file", "folder", "*.jsonl", "file.json#key.key" (a list inside a JSON file),
                                      "archive.zip", "archive.zip//member" (globs allowed) */
    const char       *format;      /* a reader's name; "auto" or NULL: by name, then by the first bytes */
    const char       *text, *pair, *label, *group;      /* columns; pair, label, group NULL: not wanted. "a.b" reaches into
                                      objects, "a.*.b" joins with line ends what a list holds; a table's column may be
                                      its number, from 0. label "@folder", "@file": the name of the file's folder, or of
                                      the file without .txt and the like */
    const StringList *columns;     /* names of a table's columns whose file has no header. None: the first line names
                                      them, unless all columns above are numbers that it does not hold */
    const char       *pair_path;   /* parallel text in two files: the second one; line i belongs to line i */
    const char       *encoding;    /* as ICU names it ("windows-1252"); NULL: UTF-8, UTF-16 and GB18030 are detected */
    RowNeed           need;
} RowsOptions;

typedef struct Rows Rows;

Status      rows_open(Rows **out, const RowsOptions *options) MUST_USE;
void        rows_close(Rows *r);                              /* NULL is fine */
/* *end: there was no further row; *out is then empty. */
Status      rows_next(Rows *r, Row *out, bool *end) MUST_USE;
Status      rows_seek(Rows *r, Place place) MUST_USE;         /* the next row is the one that begins there */
Place       rows_tell(const Rows *r);                         /* where the next row is looked for */
bool        rows_broken(const Rows *r);                       /* the last bad row hides the rest of its file */
const char *rows_format(const Rows *r);                       /* the reader in use */
int32_t     rows_n_files(const Rows *r);
const char *rows_path(const Rows *r, int32_t file);           /* as errors name it */
int32_t     rows_given(const Rows *r, int32_t file);          /* which of options->paths it came from */
const char *rows_note(const Rows *r);                         /* what of a folder was left out; NULL: nothing */
/* Progress, in bytes as they lie on the disk. */
int64_t     rows_bytes(const Rows *r);
int64_t     rows_bytes_read(const Rows *r);

#endif
