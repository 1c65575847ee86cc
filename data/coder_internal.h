/* data/coder_internal.h: what chunk.c (rows into memory), coder.c (threads) and code_row.c (one row) share. */
#ifndef DATA_CODER_INTERNAL_H
#define DATA_CODER_INTERNAL_H

#include "core/text.h"
#include "data/augment/augment.h"
#include "data/coder.h"
#include "data/row_stats.h"

#define NO_TEXT SIZE_MAX

typedef struct ChunkSpan { size_t begin, end; int32_t tag; } ChunkSpan;

typedef struct ChunkRow {              /* places in Chunk.bytes and Chunk.spans */
    size_t   text, n_text, pair, n_pair;      /* pair NO_TEXT: none */
    size_t   spans, n_spans;
    int32_t  class;
    double   target;
    uint64_t label_key, group;
    Place    place;
} ChunkRow;

typedef struct Chunk {
    Text       bytes;
    ChunkRow  *rows;
    ChunkSpan *spans;
    size_t     n, n_spans, cap_rows, cap_spans;
} Chunk;

typedef struct BadRow { Place place; char why[160]; } BadRow;

/* What went wrong so far: every bad row is counted, the first few are kept by name. */
typedef struct BadRows { int64_t n; BadRow shown[CODER_BAD_SHOWN]; } BadRows;

/* chunk.c: rows until the chunk is full or the stream ends. Bad rows are ERR_DATA, or go to `bad` when skipped. */
Status chunk_fill(Chunk *c, Rows *rows, const CoderOptions *o, LabelSet *labels, BadRows *bad, bool *end) MUST_USE;
void   chunk_release(Chunk *c);
/* Whether the failure may be passed over; notes it then. */
bool   bad_row_skipped(BadRows *bad, Status s, const CoderOptions *o, Place place);

/* code_row.c: what a thread works with. */
typedef struct RowWork {
    const CoderOptions *o;
    Encoding      encoding;
    EncodeWindows windows;             /* of a long context */
    CleanWork    *clean;
    AugmentWork  *augment;
    Text          joined;              /* text and pair of a language model's document */
    size_t       *marks;               /* (2 n_spans) begin and end of each, while cleaning moves them */
    size_t       *kept_marks;          /* the same, while a copy moves them */
    size_t        cap_marks, cap_kept;
    int32_t      *prefix, *suffix;     /* special tokens around a text */
    int32_t       n_prefix, n_suffix;
    RowStats      stats;
    int64_t       augmented;
} RowWork;

Status row_work_init(RowWork *w, const CoderOptions *o) MUST_USE;
void   row_work_release(RowWork *w);
Status code_row(RowWork *w, const Chunk *c, const ChunkRow *row, const Rows *rows, Block *out) MUST_USE;

#endif
