/* data/tokenizer/unigram.h: the best path through a text for pieces with log-probabilities, Kudo 2018, section 3.2.
 *
 * Shared by the Unigram model of a tokenizer.json (unigram.c), which adds in double, and by sentencepiece.c, which adds
 * in float as that library does: near-ties are decided by the rounding, so each has to round as its reference does. */
#ifndef DATA_TOKENIZER_UNIGRAM_H
#define DATA_TOKENIZER_UNIGRAM_H

#include "data/tokenizer/tokenizer_internal.h"

typedef struct Lattice {
    Trie    trie;                                 /* pieces to ids */
    double *scores;                               /* by id */
    double  unk_score;                            /* of one character that no piece of one character covers */
    int32_t unk_id;                               /* -1: such a character is an error */
    bool    in_float;
} Lattice;

/* The best path that ends at a byte: where its last piece begins, and which it is. */
typedef struct PathNode { double score; uint32_t begin; int32_t id; } PathNode;
typedef struct PathWork { PathNode *nodes; size_t cap; } PathWork;

/* Fills work->nodes[1..n]; the path is read from n backwards. */
Status lattice_best_path(const Lattice *lattice, const char *text, size_t n, PathWork *work) MUST_USE;
void   lattice_release(Lattice *lattice);

#endif
