/* data/tokenizer/train/train_internal.h: what the files of this folder share.
 *
 * Words are counted in tables, one a thread, that are added up at the end. A table that grows past its share of the
 * memory is written to disk, sorted by hash, and the runs are merged. No result depends on the order of words: counts
 * are integers, and every tie is broken by ids or strings. */
#ifndef DATA_TOKENIZER_TRAIN_TRAIN_INTERNAL_H
#define DATA_TOKENIZER_TRAIN_TRAIN_INTERNAL_H

#include <cjson/cJSON.h>

#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/train/tokenizer_train.h"

/* ---- word_table.c: strings, each with a number and a count ------------------------------------------------------- */

typedef struct Word { uint64_t count, at; uint32_t len, hash; } Word;         /* at: in the pool */
typedef struct TableSlot { uint32_t hash, index; } TableSlot;                   /* index + 1; 0: free */

typedef struct WordTable {
    char     *pool;
    size_t    used, cap_pool;
    Word     *words;                   /* (n) in the order in which they came */
    size_t    n, cap;
    TableSlot *slots;                   /* (mask + 1) */
    uint32_t  mask;
    uint64_t seed; /* of the hashes; set before the first word, the same in tables that are merged */
} WordTable;

/* Adds count to the string's; *index (if not NULL) is its number. */
Status word_table_add(WordTable *t, const char *s, size_t n, uint64_t count, uint32_t *index) MUST_USE;
/* One that is known to be new, for a table that is only walked: word_table_find does not know it. */
Status word_table_append(WordTable *t, const char *s, Word word) MUST_USE;
int64_t word_table_find(const WordTable *t, const char *s, size_t n);         /* -1: absent */
size_t  word_table_bytes(const WordTable *t);
void    word_table_clear(WordTable *t);                                       /* keeps the memory */
void    word_table_release(WordTable *t);

static inline const char *word_text(const WordTable *t, size_t i) { return t->pool + t->words[i].at; }

/* ---- word_runs.c: tables on disk --------------------------------------------------------------------------------- */

typedef struct WordRuns { struct WordRun *items; size_t n, cap; const char *folder; } WordRuns;

/* Writes the table as one more run, sorted, and clears it. The file has no name, so nothing is left behind. */
Status word_runs_add(WordRuns *runs, WordTable *t) MUST_USE;
/* Every word once, counts added up, in the order of hashes. May be called again. */
typedef Status (*WordSink)(void *arg, const char *s, Word word);
Status word_runs_merge(WordRuns *runs, WordSink sink, void *arg) MUST_USE;
void   word_runs_release(WordRuns *runs);

/* ---- word_counts.c ----------------------------------------------------------------------------------------------- */

/* The words of all texts as t cuts them. */
Status count_words(WordTable *out, const Tokenizer *t, const TokenizerTrainOptions *o,
                   TokenizerTrainReport *report) MUST_USE;

/* ---- trainers ---------------------------------------------------------------------------------------------------- */

typedef struct Trainer {
    const TokenizerTrainOptions *o;    /* every default filled in */
    const struct TrainerType    *type;
    TokenizerTrainReport        *report;
    bool                         byte_level;   /* the alphabet is ByteLevel's 256 characters */
    bool                         raw_bytes;    /* words are bytes of UTF-8; tokens are written in those characters */
    WordTable                    words;
    cJSON                       *model;        /* of the tokenizer.json: to be filled */
} Trainer;

void train_progress(const TokenizerTrainOptions *o, const char *stage, int64_t done, int64_t of);

/* alphabet.c. The code point at *i of a word, and *i behind it. */
static inline uint32_t word_char(const char *s, size_t n, size_t *i)
{
    uint32_t cp;
    *i += (size_t)utf8_decode(s + *i, n - *i, &cp);
    return cp;
}

enum { CODE_POINTS = 0x110000 };
uint32_t byte_level_char(unsigned char byte);          /* what ByteLevel writes for a byte */
/* Counts of the characters of all words, by code point (gives). */
Status alphabet_count(uint64_t **counts, const Trainer *t) MUST_USE;
/* keep[cp]: the characters of the vocabulary (gives); limit 0: all. */
Status alphabet_choose(uint8_t **keep, const Trainer *t, int64_t limit, int64_t *n) MUST_USE;

/* Merges, for bpe and wordpiece: "vocab" and, for bpe, "merges" of the model. */
Status bpe_train(Trainer *t) MUST_USE;
Status unigram_train(Trainer *t) MUST_USE;

/* ---- unigram_seed.c ---------------------------------------------------------------------------------------------- */

typedef struct Seed { uint64_t score; uint32_t at, len, order; } Seed;        /* place in the text, rank in string order */
/* Words, each with a 0 behind it; places: the byte of each character in the words' text. */
typedef struct SeedText { uint32_t *chars, *places; size_t n; } SeedText;

/* Substrings of 2 to max_length characters that stand in the text twice or more and cannot be made longer without
 * losing an occurrence; score: occurrences x length. The best first, of equals the greater string; at most `most` (gives). */
Status unigram_seeds(Seed **out, size_t *n, const SeedText *text, uint32_t max_length, size_t most) MUST_USE;

/* ---- unigram_lattice.c: all ways to cut a word into pieces ------------------------------------------------------- */

/* A piece is a place in the words' text. Its parent is the longest other piece that it begins with; so the longest
 * piece at a place leads to all pieces there. Piece 0 is the unknown character, and the end of every such chain. A dropped
 * piece has probability 0 and stays until the next pruning. */
typedef struct Piece { double score, probability; uint32_t at, len, parent; } Piece;      /* score: log probability */

typedef struct Pieces {
    const char *text;
    uint32_t   *longest;               /* by byte of text */
    Piece      *items;
    size_t      n, cap, n_alive;
    double      min_score, unk_score;
} Pieces;

typedef struct Edge { uint32_t end, id; } Edge;                               /* from its begin to end, in bytes */
/* value x 2^(-256 power): a long word's probability is below what a double holds. */
typedef struct Scaled { double value; int32_t power; } Scaled;

typedef struct PieceLattice {               /* reused from word to word; zero-initialise */
    size_t    n, cap, n_edges, cap_edges;
    uint32_t *first;                   /* (n + 2) first edge from each byte */
    Edge     *edges;
    Scaled   *forward, *backward;      /* (n + 1) */
    double   *best;                    /* (n + 1) log probability of the best way there */
    Edge     *back;                    /* (n + 1) its last edge: where that began, and its piece */
    uint32_t *path;                    /* pieces of the best way */
    size_t    n_path;
} PieceLattice;

/* Of the n bytes from text[at]. */
Status piece_lattice_build(PieceLattice *l, const Pieces *p, size_t at, size_t n) MUST_USE;
/* Adds count x the chance that a piece is used, in units of 1 / scale: whole numbers, whose sum knows no order. */
void   piece_lattice_expect(PieceLattice *l, const Pieces *p, double count, double scale, int64_t *expected);
/* The best way, into path; not with one piece for the whole if no_whole. Gives its log probability, -inf: none. */
double piece_lattice_best(PieceLattice *l, const Pieces *p, bool no_whole);
void   piece_lattice_release(PieceLattice *l);

#endif
