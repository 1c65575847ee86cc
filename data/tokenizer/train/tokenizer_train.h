/* data/tokenizer/train/tokenizer_train.h: a vocabulary learned from text, written as a tokenizer.json.
 *
 *     text --skeleton's normalizer and pre-tokenizer--> words with counts --trainer--> vocabulary --> tokenizer.json
 *
 * wordpiece   BertNormalizer, BertPreTokenizer; merges as for bpe, pieces inside a word begin with "##"
 * bpe         ByteLevel over all 256 bytes; Sennrich et al. 2016. With byte_fallback: characters, Metaspace, and 256
 *             tokens <0x00>..<0xFF> for what the alphabet lacks
 * unigram     NFKC, Metaspace; Kudo 2018: seed pieces from a suffix array, EM, pruning by loss of likelihood
 *
 * The merges of bpe and wordpiece are those of the `tokenizers` library (highest count first, then smallest ids); where
 * that library leaves the order open (ids of "##x", ties under limit_alphabet) it is the order of code points here.
 * unigram follows the same procedure. The result depends on the set of texts and the options only: not on the number
 * of threads, the order of the texts, or how often counts went to disk. With a bound on memory, words that do not fit
 * when they come back from disk are left out, the rarest first, and reported; tables of pairs and pieces, which grow
 * with vocab_size rather than with the text, come on top. Words with a NUL are not learned from: no tokenizer.json can
 * hold that character. */
#ifndef DATA_TOKENIZER_TRAIN_TOKENIZER_TRAIN_H
#define DATA_TOKENIZER_TRAIN_TOKENIZER_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum { TOKENIZER_TRAIN_MIN_MEMORY = 1 << 20, TOKENIZER_TRAIN_MAX_SPECIAL = 1024 };

/* The next piece of text, valid until the next call; *text NULL at the end. Words do not cross pieces. Called by one
 * thread. */
typedef Status (*TextNext)(void *arg, const char **text, size_t *n);

typedef struct TokenizerTrainProgress {
    const char *stage;                        /* "counting words", "merging", ... */
    int64_t     done, of;                     /* of: 0 where it is not known */
} TokenizerTrainProgress;

typedef struct TokenizerTrainOptions {
    const char        *type;                  /* "wordpiece", "bpe", "unigram" */
    int64_t            vocab_size;            /* special tokens and alphabet included */
    int64_t            min_frequency;         /* of a pair that is merged */
    int64_t            limit_alphabet;        /* keep so many characters, the most frequent; 0: all */
    int64_t            max_token_length;      /* characters; 0: no limit; unigram: 0 is 16 */
    const char *const *special_tokens;        /* ids 0, 1, ... in this order; NULL: the type's usual ones */
    size_t             n_special_tokens;
    const char *unk_token; /* NULL: the type's usual one. Unigram and byte_fallback put it in front */
    const char        *continuing_subword_prefix;     /* wordpiece; NULL: "##" */
    bool               lowercase;
    int                strip_accents;         /* wordpiece: 1 yes, -1 no, 0 as lowercase */
    int add_prefix_space; /* before a text's first word: 1 yes, -1 no, 0 usual (not for ByteLevel) */
    bool               byte_fallback;         /* bpe */
    double             shrinking_factor;      /* unigram; 0: 0.75 */
    int64_t            n_sub_iterations;      /* unigram; 0: 2 */
    size_t             memory;                /* bytes; word counts above a quarter of it go to disk; 0: no limit */
    const char        *folder;                /* where they go; NULL: $TMPDIR or /tmp */
    TextNext           next;
    void              *next_arg;
    void             (*progress)(void *arg, const TokenizerTrainProgress *p);     /* NULL: nobody asks */
    void              *progress_arg;
} TokenizerTrainOptions;

typedef struct TokenizerTrainReport {
    int64_t n_texts, n_bytes, n_words;        /* read; n_words with repetitions */
    int64_t n_distinct, n_runs;               /* distinct words; runs written to disk */
    int64_t min_count, n_dropped;             /* words seen less often did not fit into memory: so many were left out */
    int64_t n_alphabet, n_tokens;             /* of the result */
    double  seconds_counting, seconds_training;
} TokenizerTrainReport;

/* Gives the text of a tokenizer.json. ERR_CONFIG: the options do not go together; ERR_DATA: the text has no words, or
 * more characters than vocab_size has room for. */
Status tokenizer_train(char **json, TokenizerTrainReport *report, const TokenizerTrainOptions *options) MUST_USE;

#endif
