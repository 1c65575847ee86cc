/* data/tokenizer/train/bpe.h: words as symbols that are merged; shared by bpe_words.c and bpe_train.c. */
#ifndef DATA_TOKENIZER_TRAIN_BPE_H
#define DATA_TOKENIZER_TRAIN_BPE_H

#include "data/tokenizer/train/train_internal.h"

typedef struct Pair { uint32_t a, b; } Pair;
typedef struct PairSlot { uint64_t key; int64_t count; } PairSlot;             /* key 0: free */
typedef struct PairMap { PairSlot *slots; size_t mask, n; } PairMap;

typedef struct Entry { int64_t count; Pair pair; uint32_t n; size_t at; } Entry;      /* n words, from positions[at] */
typedef struct Queue { Entry *items; size_t n, cap; } Queue;

/* What a merge of (a, b) into c does to the pairs with one neighbour x: (x, a) or (b, x) lost,
 * (x, c) or (c, x) gained. */
typedef struct Neighbour { int64_t lost, gained; uint32_t n_words, last_word; size_t at; } Neighbour;
typedef struct Event { uint32_t token, word; } Event;
typedef struct Side {
    Neighbour *by_token;               /* (max_tokens) zero but for those touched */
    uint32_t  *touched;
    size_t     n_touched;
    Event     *events;                 /* a word now holds the gained pair */
    size_t     n_events, cap_events;
} Side;

typedef struct Bpe {
    Trainer  *t;
    WordTable tokens;                  /* a token's number is its id */
    uint32_t *n_chars;                 /* (max_tokens) of a token */
    size_t    max_tokens, n_start;     /* n_start: specials and alphabet */
    uint32_t *symbols;
    size_t    n_symbols, n_words;
    size_t   *starts;                  /* (n_words) in symbols */
    uint32_t *lengths;
    uint64_t *counts;
    PairMap   pairs;
    uint32_t *positions;               /* numbers of words */
    size_t    n_positions;
    Queue     queue;
    Pair     *merges;
    size_t    n_merges, cap_merges;
    Side      left, right;
} Bpe;

/* bpe_words.c. Special tokens and alphabet become tokens, the trainer's words symbols; the words are then released. */
Status bpe_read_words(Bpe *b) MUST_USE;
Status bpe_add_token(Bpe *b, const char *s, size_t n, uint32_t n_chars, uint32_t *id) MUST_USE;
/* "vocab" and, unless pieces have a prefix, "merges" of the model. */
Status bpe_write_model(Bpe *b) MUST_USE;

#endif
