/* data/tokenizer/train/unigram.h: a unigram model while it is learned; for unigram_pieces.c and unigram_train.c. */
#ifndef DATA_TOKENIZER_TRAIN_UNIGRAM_H
#define DATA_TOKENIZER_TRAIN_UNIGRAM_H

#include "data/tokenizer/train/train_internal.h"

enum { UNIGRAM_BLOCK = 512 };          /* words, or pieces, that a thread takes at once */
#define UNIGRAM_UNK_PENALTY 10.0

typedef struct UnigramHelper {                /* a thread's own */
    PieceLattice   lattice;
    int64_t  *uses;                    /* (n pieces) */
    Status    status;
} UnigramHelper;

typedef struct Unigram {
    Trainer *t;
    uint8_t *keep;                     /* by code point: characters of the vocabulary */
    Pieces   pieces;
    UnigramHelper *helpers;
    int      n_helpers;
    size_t   n_words;
    double   scale, sum_counts;
    int64_t *uses;                     /* (n pieces) of all helpers */
    double   sum_uses;
    double  *losses;                   /* (n pieces) while pruning */
    uint8_t *fates;
} Unigram;

/* unigram_pieces.c. The first pieces: all characters, then repeated substrings, with u->pieces ready for use. */
Status unigram_make_seeds(Unigram *u) MUST_USE;
Status unigram_add_piece(Pieces *p, uint32_t at, uint32_t len, double score) MUST_USE;
/* Probabilities from the scores; -inf: dropped. */
void   unigram_use_scores(Pieces *p);
/* u->pieces become *rest, what number[old] > 0 names of them; their chains go on over those that went. Takes rest. */
Status unigram_relink(Unigram *u, Pieces *rest, const uint32_t *number) MUST_USE;

static inline const char *piece_text(const Pieces *p, size_t id) { return p->text + p->items[id].at; }

#endif
