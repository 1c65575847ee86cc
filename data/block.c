#include "data/block.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/select/select.h"

const ColumnDef column_defs[N_COLUMNS] = {
    [COL_IDS] = { "ids", OF_TOKEN, DTYPE_I32, 1 },
    [COL_WORDS] = { "words", OF_TOKEN, DTYPE_I8, 1 },                /* 1 begins a word, 0 goes on, -1 special */
    [COL_SEGMENTS] = { "segments", OF_TOKEN, DTYPE_I8, 1 },          /* pairs */
    [COL_TAGS] = { "tags", OF_TOKEN, DTYPE_I32, 1 },                 /* class as first seen, BATCH_IGNORE */
    [COL_OFFSETS] = { "offsets", OF_TOKEN, DTYPE_I32, 2 },           /* begin, end in the cleaned text */
    [COL_TOKENS] = { "tokens", OF_EXAMPLE, DTYPE_I32, 1 },           /* how many */
    [COL_ROW] = { "row", OF_EXAMPLE, DTYPE_I32, 1 },                 /* of this block */
    [COL_LENGTH] = { "length", OF_EXAMPLE, DTYPE_I32, 1 },           /* before max_length cut it */
    [COL_UNKNOWN] = { "unknown", OF_EXAMPLE, DTYPE_I32, 1 },         /* tokens that are the unknown token */
    [COL_ANSWER] = { "answer", OF_EXAMPLE, DTYPE_I32, 2 },           /* first and last token */
    [COL_COPY] = { "copy", OF_EXAMPLE, DTYPE_I8, 1 },                /* 0 the row itself, else an augmented one */
    [COL_AT] = { "at", OF_ROW, DTYPE_I64, 1 },                       /* at, line, file, item: its Place */
    [COL_LINE] = { "line", OF_ROW, DTYPE_I64, 1 },
    [COL_FILE] = { "file", OF_ROW, DTYPE_I32, 1 },
    [COL_ITEM] = { "item", OF_ROW, DTYPE_I32, 1 },
    [COL_CLASS] = { "class", OF_ROW, DTYPE_I32, 1 },                 /* as first seen; -1 none */
    [COL_TARGET] = { "target", OF_ROW, DTYPE_F64, 1 },
    [COL_KEY] = { "key", OF_ROW, DTYPE_I64, 2 },                     /* hash of the cleaned text and pair */
    [COL_LABEL_KEY] = { "label_key", OF_ROW, DTYPE_I64, 1 },
    [COL_GROUP] = { "group", OF_ROW, DTYPE_I64, 1 },                 /* hash; 0 none */
    [COL_FILTERED] = { "filtered", OF_ROW, DTYPE_I8, 1 },            /* cleaning left it out */
    [COL_MINHASH] = { "minhash", OF_ROW, DTYPE_U8, MINHASH_BYTES },
};

static size_t value_size(ColumnId id) { return dtype_size(column_defs[id].dtype) * (size_t)column_defs[id].width; }

void block_clear(Block *b)
{
    for (int k = 0; k < N_COLUMN_KINDS; k++) b->n[k] = 0;
}

void block_release(Block *b)
{
    for (int id = 0; id < N_COLUMNS; id++) free(b->data[id]);
    free(b->begin);
    *b = (Block){ 0 };
}

static Status extend(Block *b, ColumnOf of, int64_t n, bool zero)
{
    size_t need = (size_t)(b->n[of] + n);
    for (int id = 0; id < N_COLUMNS; id++) {
        if (column_defs[id].of != of || !(b->columns & COLUMN_BIT(id))) continue;
        size_t size = value_size(id);
        TRY(mem_grow(&b->data[id], &b->cap[id], need, size));
        if (zero) memset((char *)b->data[id] + (size_t)b->n[of] * size, 0, (size_t)n * size);
    }
    b->n[of] += n;
    return OK;
}

Status block_extend(Block *b, ColumnOf of, int64_t n) { return extend(b, of, n, true); }

Status block_append(Block *to, const Block *from)
{
    BUG_ON(to->columns != from->columns);
    int64_t before[N_COLUMN_KINDS];
    memcpy(before, to->n, sizeof before);
    for (int k = 0; k < N_COLUMN_KINDS; k++) TRY(extend(to, (ColumnOf)k, from->n[k], false));
    for (int id = 0; id < N_COLUMNS; id++) {
        ColumnOf of = column_defs[id].of;
        size_t   size = value_size(id);
        if ((to->columns & COLUMN_BIT(id)) && from->n[of] > 0)
            memcpy((char *)to->data[id] + (size_t)before[of] * size, from->data[id], (size_t)from->n[of] * size);
    }
    int32_t *rows = COLUMN(to, int32_t, COL_ROW);
    for (int64_t i = before[OF_EXAMPLE]; rows && i < to->n[OF_EXAMPLE]; i++) rows[i] += (int32_t)before[OF_ROW];
    return OK;
}

Status block_index(Block *b)
{
    int64_t        at = 0, n = b->n[OF_EXAMPLE];
    const int32_t *tokens = COLUMN(b, int32_t, COL_TOKENS), *rows = COLUMN(b, int32_t, COL_ROW);
    TRY(mem_grow(&b->begin, &b->cap_begin, (size_t)n + 1, sizeof *b->begin));
    for (int64_t i = 0; i < n; i++) {
        b->begin[i] = at;
        if (tokens[i] < 1 || rows[i] < 0 || rows[i] >= b->n[OF_ROW])
            return fail(ERR_FORMAT, "example %" PRId64 " of a block has %d tokens and belongs to row %d of %" PRId64, i,
                        tokens[i], rows[i], b->n[OF_ROW]);
        at += tokens[i];
    }
    b->begin[n] = at;
    if (at == b->n[OF_TOKEN]) return OK;
    return fail(ERR_FORMAT, "the examples of a block have %" PRId64 " tokens together, the block %" PRId64, at,
                b->n[OF_TOKEN]);
}

size_t block_bytes(const Block *b)
{
    size_t bytes = 0;
    for (int id = 0; id < N_COLUMNS; id++)
        if (b->columns & COLUMN_BIT(id)) bytes += (size_t)b->n[column_defs[id].of] * value_size(id);
    return bytes;
}
