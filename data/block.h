/* data/block.h: a run of tokenised rows, column by column: what is tokenised at once, written to a file, kept in memory
 * and shuffled.
 *
 * A row of text gives one example or several (windows of a long text, augmented copies), or none (filtered out); an
 * example is a run of tokens. Each column belongs to tokens, examples or rows; `column_defs` says which, and is what
 * growing, appending, writing and reading walk, so a new column is one line there and one in the enum. */
#ifndef DATA_BLOCK_H
#define DATA_BLOCK_H

#include <stdbool.h>

#include "core/dtype.h"
#include "core/status.h"

typedef enum ColumnOf { OF_TOKEN, OF_EXAMPLE, OF_ROW, N_COLUMN_KINDS } ColumnOf;

typedef enum ColumnId {
    COL_IDS, COL_WORDS, COL_SEGMENTS, COL_TAGS, COL_OFFSETS,                             /* a token */
    COL_TOKENS, COL_ROW, COL_LENGTH, COL_UNKNOWN, COL_ANSWER, COL_COPY,                  /* an example */
    COL_AT, COL_LINE, COL_FILE, COL_ITEM, COL_CLASS, COL_TARGET, COL_KEY, COL_LABEL_KEY, /* a row */
    COL_GROUP, COL_FILTERED, COL_MINHASH,
    N_COLUMNS
} ColumnId;

typedef struct ColumnDef {
    const char *name;                  /* in files */
    ColumnOf    of;
    DType       dtype;                 /* in memory; ids are narrowed in files */
    int         width;                 /* values each */
} ColumnDef;

extern const ColumnDef column_defs[N_COLUMNS];

#define COLUMN_BIT(id) (1u << (id))
#define COLUMN(block, T, id) ((T *)(block)->data[id])

typedef struct Block {
    unsigned columns;                  /* those present, by COLUMN_BIT */
    int64_t  n[N_COLUMN_KINDS];        /* tokens, examples, rows */
    void    *data[N_COLUMNS];
    size_t   cap[N_COLUMNS];
    int64_t *begin;                    /* (examples + 1) first token of each; after block_index */
    size_t   cap_begin;
} Block;

void   block_clear(Block *b);          /* empty, memory kept */
void   block_release(Block *b);
/* Room for n more tokens, examples or rows, counted at once; new values are zero. */
Status block_extend(Block *b, ColumnOf of, int64_t n) MUST_USE;
/* Everything of `from` behind what `to` holds; row numbers go on counting. Same columns. */
Status block_append(Block *to, const Block *from) MUST_USE;
/* Fills begin; ERR_FORMAT when the examples' tokens do not add up (a damaged file). */
Status block_index(Block *b) MUST_USE;
size_t block_bytes(const Block *b);    /* memory of its values */

#endif
