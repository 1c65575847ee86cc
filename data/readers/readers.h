/* data/readers/readers.h: one reader a file format, behind the table that rows.c walks.
 *
 * A reader parses the row at the stream's place from the window of its input and moves behind it. It reports a bad row
 * with file, line and remedy, but still moves to the next one where it can, so that bad rows may be skipped; where it
 * cannot (a quote that is never closed hides the rest of the file) it sets `broken`. What a row's strings point to lives
 * in the Source until the next read. docs/howto/add-a-reader.md says how to add one. */
#ifndef DATA_READERS_READERS_H
#define DATA_READERS_READERS_H

#include "core/json.h"
#include "core/text.h"
#include "data/input.h"
#include "data/rows.h"

enum { ROWS_MAX_ROW = INPUT_MAX_WINDOW, ROWS_MAX_COLUMNS = 4096, ROWS_MAX_PARTS = 1 << 20 };

/* Which of the columns of a table a file has for us; -1: none. */
typedef struct TableColumns { int n, text, pair, label, group; bool from_header; } TableColumns;

typedef enum SourceLayout { SOURCE_LINES, SOURCE_LIST, SOURCE_LIST_WITHIN } SourceLayout;      /* the list is the file */

/* What a reader works on. */
typedef struct Source {
    Input              in, pair_in;    /* pair_in: parallel.c, the second file */
    const InputFile   *file;
    const char        *path;           /* as errors name it */
    const RowsOptions *options;
    Place              place;          /* of the next row; place.at is in.at */
    bool               broken;

    Text        text, pair, label, group, fields;        /* for readers that have to decode them */
    RowSpan    *spans;
    RowMessage *messages;
    size_t      n_spans, cap_spans, n_messages, cap_messages;
    size_t     *offsets;               /* starts of strings that are still moving while a row is put together */
    size_t      cap_offsets;

    bool         marked;               /* text.c: documents end with a line that says so */
    char         separator;            /* csv.c: ',' or a tab */
    Text         header;               /* csv.c: column names, each ended by NUL */
    TableColumns columns;
    SourceLayout  layout;              /* elements.c: of the open file */
    cJSON        *element;             /* elements.c: what place.item counts within; NULL: none is held */
    Place         element_place, behind_element;
    int64_t       element_end, list_begin;     /* where the last one read ended; -1: none was */
    bool          element_changed;     /* since the reader looked */
    const cJSON  *paragraph, *question;        /* squad.c, instruction.c: that place.item counts to, in the element */
    int32_t       question_item;
    size_t        n_context, n_code_points;
    int64_t      *pair_marks;          /* parallel.c: where every so many lines of the second file begin */
    size_t        n_pair_marks, cap_pair_marks;
    int64_t       pair_line;
} Source;

typedef struct Reader {
    const char *name;
    const char *suffixes;              /* ".csv|.tsv": what format "auto" goes by first; NULL: none of its own */
    const char *blank;                 /* a line of nothing but these is no row; NULL: the reader sees to it */
    Status    (*begin)(Source *s);                           /* a file's start, moves behind a header; NULL: none */
    Status    (*read)(Source *s, Row *out, bool *end);       /* *end: no further row in this file */
} Reader;

extern const Reader reader_jsonl, reader_json, reader_csv, reader_tsv, reader_text, reader_documents, reader_files,
                    reader_conll, reader_conllu, reader_squad, reader_parallel, reader_chat, reader_instruction,
                    reader_semeval;

/* ---- the table (detect.c) --------------------------------------------------------------------------------------- */

const Reader *const *readers_all(void);                       /* NULL behind the last */
/* NULL or "auto": *out is NULL. ERR_CONFIG when there is none of this name. */
Status reader_named(const char *name, const Reader **out) MUST_USE;
/* By the file's name, then by its first bytes, for a stream that stands at its start. */
Status detect_reader(Source *s, const Reader **out) MUST_USE;

/* ---- the window (source.c) -------------------------------------------------------------------------------------- */

/* Whether the window has byte i, growing it when it must. False at the file's end, or with *s != OK. */
bool   source_has(Source *s, size_t i, Status *status);
void   source_skip(Source *s, size_t n, int64_t lines);       /* moves the place */
/* The line at the place without its end (LF or CRLF), checked for UTF-8; moves behind it. It lives until the window
 * grows again. *end: there is no further line. */
Status source_line(Source *s, const char **line, size_t *n, bool *end) MUST_USE;
/* The same without moving: *whole counts the line's end too. */
Status source_peek_line(Source *s, const char **line, size_t *n, size_t *whole, bool *end) MUST_USE;
/* Past lines that hold nothing but these characters. */
Status source_skip_blank(Source *s, const char *blank) MUST_USE;
void   source_skip_line(Source *s);                           /* however long; failures show on the next read */

/* ---- what is said (source.c) ------------------------------------------------------------------------------------ */

/* ERR_DATA with file, line and byte when bytes[0..n) are not UTF-8 or hold a NUL. */
Status source_check_bytes(const Source *s, const char *bytes, size_t n, int64_t line) MUST_USE;
/* "FILE:LINE: fact"; a hint may follow. */
Status source_bad(const Source *s, int64_t line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Only white space, ASCII or Unicode's. */
bool   source_is_blank(const char *text, size_t n);
/* "there is no column X; the columns are a, b, c" with the nearest; names of n columns one after another, NUL-ended. */
Status source_no_column(const Source *s, int64_t line, const char *what, const char *wanted, const char *names, int n,
                        const char *key) MUST_USE;
/* ERR_CONFIG when the options ask for annotations that this format does not have. */
Status source_offers(const Source *s, const char *format, bool pair, bool label, bool tags, bool answers) MUST_USE;

/* ---- building a row --------------------------------------------------------------------------------------------- */

Status source_add_span(Source *s, size_t begin, size_t end, const char *label) MUST_USE;
/* A word and its tag. Words are put together as text with a space between, none between Chinese or Japanese ones; the
 * row's text and spans are there once all words are. */
Status source_add_word(Source *s, const char *word, size_t n, const char *tag, size_t n_tag) MUST_USE;
/* The same where the text is known: its piece, and the tag. */
Status source_add_tag(Source *s, size_t begin, size_t end, const char *tag, size_t n_tag) MUST_USE;
void   source_finish_words(Source *s, Row *out);
void   source_release(Source *s);
bool   source_wants(const char *column);                      /* a column that is named and is not "@folder" or "@file" */

#endif
