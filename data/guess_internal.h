/* data/guess_internal.h: what guess.c, guess_files.c, guess_format.c and guess_columns.c share. */
#ifndef DATA_GUESS_INTERNAL_H
#define DATA_GUESS_INTERNAL_H

#include "core/json.h"
#include "core/text.h"
#include "data/guess.h"
#include "data/input.h"
#include "data/rows.h"

enum { GUESS_ROWS = 20000, GUESS_TEXT = 4 << 20, GUESS_WINDOW = 4 << 20,
       GUESS_JSON = 60 << 20,       /* a JSON file is parsed whole; below INPUT_MAX_WINDOW */
       GUESS_MAX_COLUMNS = 64 };

Status guess_say(Guess *g, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;      /* one more reason */

/* ---- guess_names.c ----------------------------------------------------------------------------------------------- */

/* Names, and keys of a JSON object, say it by a word: train, trn / dev, valid, val, eval / test, tst. */
typedef enum Split { SPLIT_NONE, SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST, SPLIT_N } Split;
/* stem (size bytes): what is left of the name without that word and its suffixes, lower case. */
Split split_of(const char *name, char *stem, size_t size);
bool  name_is_about_data(const char *name);                   /* a licence, a readme, a program */
bool  name_has_class(const char *name);                       /* pos, neg, spam ... is one of its words */

/* ---- guess_files.c: which files, which splits -------------------------------------------------------------------- */

/* Fills train, validation, test, format and label (when names are the classes); *sample: a training file, a copy. */
Status guess_files(Guess *g, const char *path, InputFile *sample) MUST_USE;
void   input_file_release(InputFile *f);

/* ---- guess_format.c ---------------------------------------------------------------------------------------------- */

/* A reader's name, or NULL when the bytes are not text of a kind that is read. whole: they are all of the file. */
const char *guess_format(const char *name, const char *bytes, size_t n, bool whole);
/* At least `want` bytes of the file, or all of it. */
Status guess_window(Input *in, const InputFile *file, size_t want) MUST_USE;

/* ---- guess_columns.c ---------------------------------------------------------------------------------------------- */

enum { SEEN_CAP = 4096 };
typedef struct Column {
    char    *name;
    int64_t  n, n_empty, n_numbers, n_whole, n_same_start, n_links, n_chars, n_items;
    double   least, most;
    bool     list, star;           /* a list of strings; what each thing of a list holds */
    char     start[16];            /* of the first value */
    char     first[64];            /* the first value itself, cut: a header, perhaps */
    uint64_t seen[SEEN_CAP];       /* hashes; a full table counts no further */
    int32_t  n_distinct;
} Column;

typedef struct Columns { Column *items; size_t n, cap; int64_t n_rows; } Columns;

void   columns_release(Columns *c);
Status columns_see(Columns *c, const char *name, const char *value, bool list, bool star) MUST_USE;
/* A JSON row: members become columns, "a.b" and "a.*.b" included; a list's things "0", "1". */
Status columns_see_json(Columns *c, const cJSON *row) MUST_USE;
/* A table: each column of it read by its number. The first row is among the values. */
Status columns_read_table(Columns *c, const StringList *paths, const char *format, const char *bytes,
                          size_t n) MUST_USE;

/* Chooses task, text, pair, label, group of a table or JSON. named: the columns have names of their own. */
Status guess_columns(Guess *g, const Columns *c, bool named) MUST_USE;
/* Whether the first row names the columns. */
bool   columns_have_header(const Columns *c);

#endif
