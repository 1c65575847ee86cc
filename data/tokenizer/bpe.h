/* data/tokenizer/bpe.h: byte pair encoding, Sennrich et al. 2016, as the `tokenizers` library does it.
 *
 * Of all neighbouring symbols whose pair is in the table, the pair of the lowest rank merges first, the leftmost of
 * equal ones; until none is left. The table, the symbols and the merging are shared with sentencepiece.c, which fills
 * them by other rules. */
#ifndef DATA_TOKENIZER_BPE_H
#define DATA_TOKENIZER_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

struct Vocab;

typedef struct BpeMerge { uint64_t pair; uint32_t rank; int32_t id; } BpeMerge;     /* pair: left << 32 | right */

typedef struct BpeTable {
    BpeMerge *slots;                              /* (mask + 1) open addressing; BPE_FREE in pair: free */
    uint32_t  mask;
    uint64_t  seed;
    bool      stale_ranks;                        /* a merge adds no bytes: only the heap is exact then */
} BpeTable;

#define BPE_FREE UINT64_MAX

Status bpe_table_init(BpeTable *table, size_t n_merges, uint64_t seed) MUST_USE;
void   bpe_table_put(BpeTable *table, int32_t left, int32_t right, uint32_t rank, int32_t id); /* the last counts */
void   bpe_table_release(BpeTable *table);

typedef struct BpeSymbol { int32_t id; uint32_t len, prev, next; } BpeSymbol;       /* len 0: merged into its left */
typedef struct BpeEntry { uint64_t order; int32_t id; } BpeEntry;                   /* order: rank << 32 | position */

/* Working memory; one a thread, in its Scratch. */
typedef struct BpeWork {
    BpeSymbol *symbols;
    size_t     n, cap;
    BpeEntry  *heap;
    size_t     n_heap, cap_heap;
} BpeWork;

Status bpe_add_symbol(BpeWork *work, int32_t id, size_t len) MUST_USE;
/* Merges work->symbols in place: n shrinks, ids and lens are those of the tokens. Words of any length: n log n. */
Status bpe_merge(const BpeTable *table, BpeWork *work) MUST_USE;
void   bpe_work_release(BpeWork *work);

/* Which neighbouring characters merges can join: bpe_joints.c. Right where each character (each byte with `raw`) of a
 * word makes at least one symbol, and one that no other character's shares; and where no merge has an unknown or
 * fallback token, or an empty one, as its half. */
typedef struct BpeJoints {
    uint64_t *slots;                              /* (mask + 1) open addressing, 0: free */
    uint32_t  mask;
    unsigned  shapes;                             /* bit 4 * l + r: keys of l and r bytes, 0: of the whole character */
    uint64_t  seed;
} BpeJoints;

/* raw: the characters of the vocabulary stand for bytes, as ByteLevel has them. */
Status bpe_joints_init(BpeJoints *joints, const BpeTable *table, const struct Vocab *vocab, bool raw) MUST_USE;
void   bpe_joints_release(BpeJoints *joints);
/* Where the part of a word ends that begins at `from` and that merges cannot leave. from < n. */
size_t bpe_joints_end(const BpeJoints *joints, const char *word, size_t n, size_t from);

#endif
