/* data/guess.h: looking at a file or folder of data: which format, splits, columns and task it probably has.
 *
 *     files --names--> splits --first bytes--> format --some thousand rows--> columns, task, lengths
 *
 * A guess reads a part of the data only and says why it came to each answer; what it found is then tried with the
 * readers themselves (data/rows.h), so that a guess that is given can be read. Nothing is written. */
#ifndef DATA_GUESS_H
#define DATA_GUESS_H

#include "core/options.h"
#include "data/tokenizer/tokenizer.h"

typedef struct Guess {
    char      *name;               /* of the data, fit for a run: "banking77" */
    char      *task, *format;
    StringList train, test;        /* as data.train takes them */
    char      *validation;         /* a path, or a share: "0.1" */
    char      *text, *pair, *label, *group;      /* columns; NULL: none, or the format has its own */
    StringList columns;            /* names for a table without a header */
    int64_t    n_rows;             /* of the training set, estimated from its bytes when it is large */
    int64_t    n_seen, n_bad;      /* rows tried, and how many of them cannot be used */
    int64_t max_length, longest;   /* tokens: where 99 % of the rows fit, in steps of 8; of the longest row seen */
    int64_t    n_unanswered;       /* questions without an answer among the rows tried */
    bool       estimated;          /* no tokenizer: lengths by characters */
    StringList reasons;            /* sentences, in the order of the decisions */
} Guess;

/* path: a file, folder or archive. tokenizer may be NULL. ERR_DATA with a remedy when nothing in it looks like data. */
Status guess_data(Guess *out, const char *path, const Tokenizer *tokenizer) MUST_USE;
void   guess_release(Guess *g);

#endif
