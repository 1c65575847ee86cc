/* data/tokenizer/tokenizer.h: text to token ids and back, as the published tokenizer of a checkpoint does it.
 *
 * A Tokenizer is read from a `tokenizer.json` (its text), or from a `vocab.txt` (BERT's WordPiece, with the rules of
 * `tokenizer_config.json` beside it where there is one). It is immutable once open: any number of threads may encode
 * with it at once, each with its own Encoding. Parts that this build does not know are refused by name. "truncation"
 * and "padding" in a tokenizer.json do not apply: they are settings of a run, and EncodeOptions has them.
 *
 * WordPiece: Schuster & Nakajima 2012, longest match first; normalisation and splitting as in google-research/bert's
 * tokenization.py and the `tokenizers` library's BertNormalizer and BertPreTokenizer. */
#ifndef DATA_TOKENIZER_TOKENIZER_H
#define DATA_TOKENIZER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef struct Tokenizer Tokenizer;

enum { TOKENIZER_MAX_FILE = 64 << 20, TOKENIZER_MAX_VOCAB = 1 << 22, TOKENIZER_MAX_TEXT = 512 << 20 };

/* One encoded text or pair. Zero-initialise, reuse for many texts, encoding_release at the end. */
typedef struct Encoding {
    int32_t *ids;
    int32_t *segments;            /* 0 first text, 1 second */
    int32_t *offsets;             /* 2 a token: begin, end in bytes of the text it came from; specials 0, 0 */
    int32_t *words;               /* index of the word (pre-token) in its text; -1 for specials: whole-word masking */
    size_t   n, cap;
    size_t   n_untruncated;       /* what n would have been; larger than n when the text was cut */
    struct Scratch *scratch;      /* working memory, reused from text to text; nobody else's business */
} Encoding;

/* Which text of a pair loses tokens: the longer one first, or only one of them (else ERR_DATA when it is too short). */
typedef enum Truncation { TRUNCATE_LONGEST_FIRST, TRUNCATE_ONLY_FIRST, TRUNCATE_ONLY_SECOND } Truncation;

typedef struct EncodeOptions {
    bool       no_special_tokens; /* default: the template's special tokens are added */
    size_t     max_length;        /* tokens with specials; 0 is no limit */
    Truncation truncation;
    bool       truncate_left;     /* cut at the beginning instead of the end; windows then come from the end */
    size_t     stride;            /* of windows: how many tokens two in a row share */
    size_t     least;             /* of windows: tokens of a long text that each must hold, else ERR_DATA; the stride is
                                     then brought down to half of a window. 0: no such limits, as in the reference */
} EncodeOptions;

/* path: a folder or a file: tokenizer.json; vocab.json with merges.txt (or encoder.json with vocab.bpe) beside it; a
 * SentencePiece model (any name that ends in .model); a vocab.txt (.txt); a .gguf file, for its vocabulary. In a folder
 * the first of these that is there counts, but a GGUF file has to be named. A SentencePiece model gives what that library
 * gives: control symbols in a text are plain text (sentencepiece.h). special_tokens_map.json and tokenizer_config.json beside it name the roles; do_lower_case,
 * tokenize_chinese_chars and strip_accents count for a vocab.txt only, a tokenizer.json says them itself. A line that
 * stands twice in a vocab.txt counts where it stands last, which leaves a hole in the ids, as in the reference. */
Status tokenizer_open(Tokenizer **out, const char *path) MUST_USE;
/* From the text of a tokenizer.json; `name` is what errors call it. */
Status tokenizer_parse(Tokenizer **out, const char *json, size_t n, const char *name) MUST_USE;
void   tokenizer_free(Tokenizer *t);

/* The tokenizer as the text of a tokenizer.json (borrowed, lives as long as t), what checkpoints and exports carry: as
 * it was read, or generated from a vocab.txt. Roles that a config names and the usual spellings do not give are in it
 * as one more member, "special_tokens_map", which tokenizer_parse reads and other readers ignore. */
const char *tokenizer_json(const Tokenizer *t);
/* Hash of tokenizer_json, hexadecimal: equal means equal ids for every text. */
const char *tokenizer_hash(const Tokenizer *t);

/* text need not end in NUL. Invalid UTF-8 is ERR_DATA with the byte's place. pair NULL: a single text.
 * Text is encoded as the reference library does, special tokens written in the text included. */
Status tokenizer_encode(const Tokenizer *t, const char *text, size_t n, const char *pair, size_t n_pair,
                        const EncodeOptions *options, Encoding *out) MUST_USE;
void   encoding_release(Encoding *e);
/* ids, segments, offsets and words; `to` keeps its memory. */
Status encoding_copy(Encoding *to, const Encoding *from) MUST_USE;

/* A long text, or pair, as several encodings of at most max_length tokens. Question answering: only_second, and the
 * question stands in each. The texts must live until the last window.
 *
 *     EncodeWindows w = { 0 };                      reuse for many texts, encode_windows_release at the end
 *     TRY(encode_windows_begin(&w, t, question, n, context, m, &options));
 *     for (bool more; (s = encode_windows_next(&w, &more)) == OK && more;) use(&w.encoding); */
typedef struct EncodeWindows {
    Encoding         encoding;    /* what encode_windows_next gave last; its offsets count in the whole text */
    size_t           n;           /* how many there are: at least 1 */
    size_t           next, keep[2], counts[2];                               /* from here on nobody else's business */
    const Tokenizer *tokenizer;
    const char      *texts[2];
    EncodeOptions    options;
} EncodeWindows;

Status encode_windows_begin(EncodeWindows *w, const Tokenizer *t, const char *text, size_t n, const char *pair,
                            size_t n_pair, const EncodeOptions *options) MUST_USE;
Status encode_windows_next(EncodeWindows *w, bool *more) MUST_USE;
void   encode_windows_release(EncodeWindows *w);

/* Ids to text (gives, NUL-terminated); ids outside the vocabulary are ERR_DATA. */
Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special, char **out) MUST_USE;

int32_t     tokenizer_size(const Tokenizer *t);                       /* highest id + 1, added tokens included */
const char *tokenizer_token(const Tokenizer *t, int32_t id);          /* NULL when there is none */
int32_t     tokenizer_id(const Tokenizer *t, const char *token);      /* -1 when there is none */
bool        tokenizer_is_special(const Tokenizer *t, int32_t id);
bool        tokenizer_continues_word(const Tokenizer *t, int32_t id); /* "##ing" */

/* Ids of the roles; -1 when the tokenizer has none. */
typedef enum TokenRole { TOKEN_PAD, TOKEN_UNK, TOKEN_CLS, TOKEN_SEP, TOKEN_MASK, TOKEN_N_ROLES } TokenRole;
int32_t     tokenizer_role(const Tokenizer *t, TokenRole role);

/* Writes tokenizer.json, vocab.txt (WordPiece without holes), tokenizer_config.json and special_tokens_map.json into a
 * folder, so that other tools load it. max_length, if above 0, goes to model_max_length. */
Status tokenizer_save(const Tokenizer *t, const char *folder, int64_t max_length) MUST_USE;

#endif
