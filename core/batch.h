/* core/batch.h: the hand-over from data to model. N real tokens in a row, no padding.
 *
 * A Batch is plain host memory, owned by whoever filled it (a loader, a request queue). The model gets its view of it
 * in backend memory from ctx_upload(). Counts and longest lengths stay on the host. A Batch has one or more token
 * streams: encoders and decoders-only use streams[0]; encoder-decoder and two-tower models use two. */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include <stdint.h>

#include "core/status.h"

enum { BATCH_MAX_STREAMS = 2, BATCH_IGNORE = -100 };

typedef struct Tokens {
    int32_t *ids, *positions, *segments;     /* (n_tokens) */
    int32_t *cu_seqlens;                     /* (n_seqs + 1): sequence b is tokens cu_seqlens[b] .. cu_seqlens[b+1] */
    int64_t  n_tokens, n_seqs, max_len;      /* max_len: longest sequence */
    size_t   cap_tokens, cap_seqs;
} Tokens;

typedef struct Batch {
    Tokens   streams[BATCH_MAX_STREAMS];
    int      n_streams;
    int      task_id;                        /* which of a multi-task model's heads; 0 for one task */
    int64_t  first_seq;                      /* index of sequence 0 within the optimizer step: dropout's coordinate */

    /* Labels. Per sequence: labels[n_seqs] (class), targets[n_seqs * target_width] (numbers) or spans (answers).
     * Per token: token_labels of the n_labelled rows named in label_rows, in order. What a task does not use is empty. */
    int32_t *labels;
    float   *targets;
    int      target_width;
    int32_t *label_rows, *token_labels;      /* (n_labelled): row in streams[0], class */
    int32_t *spans;                          /* (n_seqs, 2): first and last token of the answer, from the sequence's first */
    int64_t  n_labelled;
    size_t   cap_labels, cap_targets, cap_labelled, cap_spans;

    int64_t *rows; /* (n_seqs) the data set's row of each sequence, for predictions and errors */
    size_t   cap_rows;
    int64_t  n_truncated;                    /* sequences that were cut to fit */
} Batch;

void   batch_clear(Batch *b);                                         /* empty, memory kept */
void   batch_release(Batch *b);
/* Appends one sequence; positions count from 0. segments NULL means all 0. row: see Batch.rows. */
Status batch_add(Batch *b, int stream, const int32_t *ids, const int32_t *segments, int64_t n, int64_t row) MUST_USE;
Status batch_add_label(Batch *b, int32_t label) MUST_USE;             /* class of the sequence added last to stream 0 */
Status batch_add_target(Batch *b, float target) MUST_USE;             /* the same for a number: target_width 1 */
Status batch_add_span(Batch *b, int32_t begin, int32_t end) MUST_USE; /* and for an answer's first and last token */
Status batch_add_token_label(Batch *b, int32_t row, int32_t label) MUST_USE;

#endif
