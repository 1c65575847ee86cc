/* data/tokenizer/tokenizer_internal.h: what the files of this folder share.
 *
 * A text goes through five parts, each named in tokenizer.json and found in a table of { type, parse function }:
 *
 *     text --added tokens--> pieces --normalizer--> Aligned text --pre-tokenizer--> words --model--> Token list
 *          --post-processor (a Template)--> Encoding
 *
 * Normalizer and pre-tokenizer are lists of Steps (a Sequence in the file is the list, nested ones are flattened). A
 * normalizer's step rewrites the text or leaves it alone; a pre-tokenizer's step cuts words finer, and may rewrite
 * their text as well. All words of a piece lie in one Aligned text, as Spans; each of its bytes knows the bytes of the
 * original that it stands for, however many steps were between. The model sees a word's bytes and answers with tokens
 * whose places count from the word's start; places inside a character are widened to the character afterwards (encode.c).
 *
 * To add a part: one file with its parse function and one row in the table of normalize.c, pretokenize.c, models in
 * tokenizer.c, template.c or decode.c; docs/howto/add-a-tokenizer-component.md goes through it.
 *
 * Everything a text needs while it is encoded lives in the Encoding's Scratch and is reused; the Tokenizer itself is
 * only read. Positions are 32 bits: what would become longer than that is refused (aligned.c). */
#ifndef DATA_TOKENIZER_TOKENIZER_INTERNAL_H
#define DATA_TOKENIZER_TOKENIZER_INTERNAL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/status.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"

enum {
    MAX_TOKEN_BYTES = 4096,            /* of one vocabulary entry; bounds how far a longest match may look */
    MAX_TEMPLATE = 4096,               /* pieces of a template, special tokens included */
    MAX_TEMPLATE_SEQUENCES = 8
};

/* ---- vocab.c: strings, ids and prefixes -------------------------------------------------------------------------- */

typedef struct VocabEntry { uint32_t at, len; } VocabEntry;                 /* in pool; len VOCAB_HOLE: no such id */
typedef struct VocabSlot { uint32_t hash; int32_t id; } VocabSlot;          /* id -1: free */

#define VOCAB_HOLE UINT32_MAX

typedef struct Vocab {
    char       *pool;                  /* every string with a NUL behind it */
    VocabEntry *entries;               /* (size) */
    VocabSlot  *slots;                 /* (mask + 1) open addressing */
    uint32_t    mask;
    int32_t     size, count;           /* highest id + 1; how many ids have a string */
    uint64_t    seed;
} Vocab;

/* From { "token": id, ... }; `where` names it in errors. The seed depends on the file, so that nobody can craft strings
 * that all fall into one slot. */
Status      vocab_parse(Vocab *v, const cJSON *object, uint64_t seed, const char *where) MUST_USE;
/* strings[i] gets ids[i], each id once and below TOKENIZER_MAX_VOCAB. A string that stands twice is ERR_FORMAT. */
Status      vocab_build(Vocab *v, const char *const *strings, const int32_t *ids, size_t n, uint64_t seed,
                        const char *where) MUST_USE;
void        vocab_release(Vocab *v);
int32_t     vocab_find(const Vocab *v, const char *s, size_t n);             /* -1 when absent */
const char *vocab_string(const Vocab *v, int32_t id);                        /* NULL when there is none */
void        vocab_byte_tokens(const Vocab *v, int32_t ids[256]);             /* of "<0x00>" to "<0xFF>"; -1: none */
uint32_t    vocab_hash(const char *s, size_t n, uint64_t seed);

/* Byte strings with values, walked a byte at a time. Two roots: WordPiece keeps word starts and continuations apart. */
enum { TRIE_NONE = 0, TRIE_ROOT = 1, TRIE_CONTINUE = 2 };

typedef struct Trie {
    uint64_t *edges;                   /* (mask + 1) node << 36 | byte << 28 | child, 0: free */
    int32_t  *values;                  /* (cap) by node; -1: a string passes here, none ends */
    uint32_t  mask, n_edges, n_nodes;
    size_t    cap;
    uint64_t  seed;
} Trie;

/* A string that is there already keeps the smaller value. */
Status trie_add(Trie *trie, uint32_t root, const char *s, size_t n, int32_t value) MUST_USE;
void   trie_release(Trie *trie);

static inline uint64_t hash_mix(uint64_t h) { h *= 0x9E3779B97F4A7C15u; return h ^ (h >> 29); }

static inline uint32_t trie_step(const Trie *trie, uint32_t node, unsigned char byte)
{
    uint64_t key = (uint64_t)node << 8 | byte;
    for (uint32_t i = (uint32_t)hash_mix(key ^ trie->seed);; i++) {
        uint64_t edge = trie->edges[i & trie->mask];
        if (edge >> 28 == key) return (uint32_t)(edge & 0xFFFFFFF);
        if (edge == 0) return TRIE_NONE;
    }
}

/* ---- aligned.c: text that remembers where it came from ----------------------------------------------------------- */

/* Which bytes of the original a normalised byte stands for. Run i covers normalised bytes [at, next run's at). A linear
 * run copies: byte at + k is original byte begin + k. Any other stands for original [begin, end) as a whole. */
typedef struct Run { uint32_t at, begin, end; } Run;
#define RUN_LINEAR UINT32_MAX          /* in end */

typedef struct Aligned {
    const char *text;                  /* n bytes; `buffer`, or the original where nothing is changed */
    size_t      n;
    Text        buffer;
    Run        *runs;
    size_t      n_runs, cap_runs;
} Aligned;

typedef struct Span { uint32_t begin, end; } Span;
typedef struct Spans { Span *items; size_t n, cap; } Spans;
typedef struct Scratch Scratch;

Status spans_add(Spans *s, size_t begin, size_t end) MUST_USE;

/* The text as it is: original[0..n) begins at byte `shift` of the whole. */
Status aligned_of(Aligned *a, const char *original, size_t n, size_t shift) MUST_USE;

/* Walks runs forward: what [begin, end) stands for in the original. begin must not go back from call to call. */
typedef struct RunCursor { const Aligned *text; size_t run; } RunCursor;
RunCursor run_cursor_at(const Aligned *text, size_t at);
Span      run_cursor_span(RunCursor *c, uint32_t begin, uint32_t end);

/* Writing: aligned_begin, then any of the others in order of the text, then aligned_end. */
void   aligned_begin(Aligned *out);
Status aligned_room(Aligned *out, size_t rest) MUST_USE;      /* for `rest` bytes and ALIGNED_SLACK more */
Status aligned_copy(Aligned *out, RunCursor *from, size_t begin, size_t end) MUST_USE;   /* bytes with alignment */
Status aligned_runs(Aligned *out, RunCursor *from, size_t begin, size_t end) MUST_USE;   /* alignment alone */
Status aligned_linear(Aligned *out, size_t begin) MUST_USE;   /* the bytes written next stand for themselves */
Status aligned_whole(Aligned *out, Span of) MUST_USE;         /* the bytes written next stand for `of` as a whole */
Status aligned_put(Aligned *out, const char *bytes, size_t n, Span of) MUST_USE;
void   aligned_end(Aligned *out);

enum { ALIGNED_SLACK = 64 };

/* The code point at s, which is known to be valid UTF-8; *n its length. */
static inline uint32_t decode_valid(const char *at, int *n)
{
    const unsigned char *s = (const unsigned char *)at;
    if (s[0] < 0x80) { *n = 1; return s[0]; }
    if (s[0] < 0xE0) { *n = 2; return (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F); }
    if (s[0] < 0xF0) { *n = 3; return (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F); }
    *n = 4;
    return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
}

static inline size_t char_before(const char *text, size_t at)    /* where the character before `at` begins */
{
    do at--;
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

/* Rewrites sc->text a character at a time, with the reference's bookkeeping: each character written is either new (it
 * stands for what the one before it stands for) or replaces the next one of the old text, and may swallow more after
 * it. What counts is the order, not which character became which. */
typedef struct Rewriter {
    Scratch       *sc;
    const Aligned *in;
    Aligned       *out;
    RunCursor      cursor;
    size_t         at;                 /* in `in`: what comes next */
} Rewriter;

enum { REWRITE_NEW = 1, REWRITE_REPLACE = 0 };                               /* -n: replaces and swallows n more */

Status rewriter_begin(Rewriter *w, Scratch *sc) MUST_USE;
Status rewriter_put(Rewriter *w, uint32_t cp, int change) MUST_USE;
Status rewriter_copy(Rewriter *w, size_t end) MUST_USE;                      /* [at, end) as it is */
Status rewriter_text(Rewriter *w, const char *bytes, size_t n) MUST_USE;     /* new characters */
Status rewriter_bytes(Rewriter *w, size_t end) MUST_USE;                     /* ByteLevel's characters for [at, end) */
void   rewriter_skip(Rewriter *w, size_t end);                               /* [at, end) disappears */
void   rewriter_end(Rewriter *w);                                            /* the result is sc->text */

/* ---- steps.c: what normalizers and pre-tokenizers have in common ------------------------------------------------- */

/* run reads sc->text (and for a pre-tokenizer sc->words, places in it) and leaves its result there: it writes into what
 * scratch_next gives and sets sc->text to it, or returns having changed nothing. */
typedef struct Step {
    Status (*run)(const struct Step *step, Scratch *sc);
    void    *state;                    /* its settings; read only once the tokenizer is open */
    void   (*release)(void *state);    /* NULL: free */
} Step;
typedef struct Steps { Step *items; size_t n, cap; } Steps;

Status   steps_add(Steps *steps, Step step) MUST_USE;         /* takes step.state, also when it fails */
void     steps_release(Steps *steps);
Aligned *scratch_next(Scratch *sc);                           /* a text to write that nobody reads */
void     scratch_take_words(Scratch *sc);                     /* sc->next_words become sc->words */

/* ---- pattern.c: strings and regular expressions ------------------------------------------------------------------ */

typedef struct Pattern Pattern;
typedef struct RegexMatch { void *data; Text shown; } RegexMatch;            /* PCRE2's, made when it is needed */

/* { "String": ... } or { "Regex": ... }, the latter in Oniguruma's dialect as far as published files use it; `part` is
 * the component that names it. An expression that has no exact counterpart here is refused. */
Status pattern_parse(Pattern **out, const cJSON *json, const char *name, const char *part) MUST_USE;
void   pattern_free(Pattern *p);
/* Finds matches one after the other, empty ones too but never at the end of the one before. Zero-initialise iter. */
typedef struct PatternIter { size_t at, matched_to; bool any; const char *shown; } PatternIter;
Status pattern_next(const Pattern *p, Scratch *sc, const char *text, size_t n, PatternIter *iter, Span *match,
                    bool *found) MUST_USE;
void   regex_match_release(RegexMatch *m);

/* scan.c: the end of the match at `at` of one of the published patterns that cover every character. */
typedef size_t (*ScanFn)(const char *text, size_t at, size_t n);
ScanFn pattern_scan(const Pattern *p);                        /* NULL: it is none of the published ones */
ScanFn scan_published(const char *regex);                     /* NULL: not one of them */
size_t scan_gpt2(const char *text, size_t at, size_t n);

/* ---- normalize.c and the files of the normalizers ---------------------------------------------------------------- */

/* A combining character that waits for its place. change: REWRITE_NEW for all but the first of what one character
 * decomposes into. */
typedef struct Mark { uint64_t order; uint32_t cp; int change; } Mark;
typedef struct Marks { Mark *items; size_t n, cap; Spans sources; } Marks;

/* The settings of tokenizer_config.json that a vocab.txt knows, for saving. */
typedef struct BertNormalizer {
    bool    clean_text, handle_chinese_chars, strip_accents, lowercase;
    uint8_t ascii[128];                /* what an ASCII byte becomes; 0: it is dropped */
} BertNormalizer;

Status normalizer_bert_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_lowercase_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_accents_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_nmt_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_byte_level_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_strip_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_replace_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_prepend_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_nfd_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_nfkd_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_nfc_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_nfkc_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_precompiled_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status normalizer_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;          /* json NULL: none */
/* Sets sc->text to what original[0..n), at byte `shift` of the whole, becomes. */
Status normalize(const Tokenizer *t, Scratch *sc, const char *original, size_t n, size_t shift) MUST_USE;

/* ---- pretokenize.c and the files of the pre-tokenizers ----------------------------------------------------------- */

Status pre_tokenizer_split_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_punctuation_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_digits_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_whitespace_split_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_delimiter_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_whitespace_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_byte_level_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_metaspace_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
/* Where the last step is ByteLevel and the model can do without its characters, it gets the bytes: t->raw_bytes. */
Status byte_level_leave_raw(Tokenizer *t) MUST_USE;
uint32_t byte_to_char(unsigned char byte);                    /* ByteLevel's character for a byte */
int      byte_of_char(uint32_t cp);                           /* and back; -1: it is none of the 256 */
/* A Metaspace's replacement, and whether it prepends at all. */
Status metaspace_read(char mark[5], bool *prepends, const cJSON *json, const char *name) MUST_USE;
Status pre_tokenizer_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
/* Sets sc->words, and sc->text if steps rewrite it, for bytes [begin, end) of sc->kept, which stays as it is. */
Status pre_tokenize(const Tokenizer *t, Scratch *sc, size_t begin, size_t end) MUST_USE;

/* Each word of a text after normalizer and pre-tokenizer, what a trainer counts; added tokens are not looked for, as in
 * the reference. With t->raw_bytes they are the bytes of the text, else characters stand for bytes in a byte-level
 * tokenizer. `e` lends its working memory. The word lives until fn returns. */
typedef Status (*WordFn)(void *arg, const char *word, size_t n);
Status tokenizer_pre_tokenize(const Tokenizer *t, Encoding *e, const char *text, size_t n, WordFn fn,
                              void *arg) MUST_USE;

/* ---- models: wordpiece.c, bpe.c, unigram.c, wordlevel.c ---------------------------------------------------------- */

typedef struct Token { int32_t id, word; uint32_t begin, end; } Token;
typedef struct TokenList { Token *items; size_t n, cap; } TokenList;

typedef struct WordPiece {
    Trie    trie;
    char   *unk_token, *prefix;
    int32_t unk_id;
    size_t  n_prefix, max_chars;
} WordPiece;

/* Appends the tokens of one word, their places counted from its start, in bytes. The word is never empty. Working
 * memory goes into sc->work. */
typedef Status (*TokenizeFn)(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out);

/* What a model keeps from word to word: buffers, a cache. An Encoding may meet several tokenizers, so a model whose
 * t->serial is not `owner` calls model_work_take, which releases what was there, and starts anew. */
typedef struct ModelWork { uint64_t owner; void *state; void (*release)(void *state); } ModelWork;
void model_work_take(ModelWork *work, const Tokenizer *t, void *state, void (*release)(void *state));

/* A model's parse fills t->vocab, sets t->tokenize, t->model with t->release_model where it has more to keep, t->unk_id
 * where it has an unknown token, and t->use_raw_bytes where it can read bytes instead of ByteLevel's characters. */
Status wordpiece_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
void   wordpiece_release(WordPiece *w);
Status bpe_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status unigram_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status wordlevel_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;

/* From now on words come as the bytes they are. *ok false, and nothing changed, when a token of the vocabulary is no
 * sequence of ByteLevel's 256 characters: then the words keep those characters. Called once, when all is read. */
Status bpe_use_raw_bytes(Tokenizer *t, bool *ok) MUST_USE;

/* ---- added.c ----------------------------------------------------------------------------------------------------- */

typedef struct AddedToken {
    char   *content;                   /* as the file has it */
    char   *shown;                     /* what decoding shows: content, normalised where `normalized` asks for it */
    int32_t id;
    bool    special, single_word, lstrip, rstrip, normalized;
    bool    skipped;                   /* decoding without special tokens leaves it out */
} AddedToken;

/* Those that are looked for in the text as it is, or those for the normalised text. */
typedef struct AddedSet { Trie trie; bool first[256]; int only_first; size_t n; } AddedSet;

typedef struct AddedMatch { const AddedToken *token; size_t begin, end; } AddedMatch;
/* at: where to look on. taken: where the last accepted match ended; the caller moves it. spaces: the white space that
 * an rstrip token took last, so that a text of nothing but spaces is not walked once a space. */
typedef struct AddedIter { size_t at, taken; Span spaces; } AddedIter;

Status added_parse(Tokenizer *t, const cJSON *array, const char *name) MUST_USE;   /* the normalizer must be there */
void   added_release(Tokenizer *t);
/* The next added token in text; what lies between iter->taken (before the call) and match->begin is ordinary text. */
bool   added_next(const Tokenizer *t, const AddedSet *set, const char *text, size_t n, AddedIter *iter,
                  AddedMatch *match);

/* ---- template.c: post-processors --------------------------------------------------------------------------------- */

enum { PIECE_FIRST, PIECE_SECOND, PIECE_SPECIAL };
typedef struct TemplatePiece { int32_t kind, id, segment; } TemplatePiece;
typedef struct Template { TemplatePiece *pieces; size_t n, cap, n_special; } Template;

/* One of the texts, encoded: those of its tokens that are wanted. text is the original, for trimming. */
typedef struct EncodedText { const TokenList *tokens; const char *text; size_t begin, end; } EncodedText;

/* "trim_offsets": white space at a token's ends does not count to its place. knows_first: of sequence A, of B; whether
 * the processor finds the text's first token at the front. */
typedef struct Trim { bool add_prefix_space, knows_first[2]; } Trim;
typedef struct TokenSpaces { uint32_t before, after; } TokenSpaces;          /* in characters */
enum { MAX_TRIMS = 4 };

Status post_processor_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
/* Writes the tokens into `out` in the template's order. second NULL: a single text. */
Status template_apply(const Tokenizer *t, const EncodedText *first, const EncodedText *second, bool specials,
                      Encoding *out) MUST_USE;

/* truncate.c: how many tokens of each text stay. */
Status truncate_lengths(const Tokenizer *t, const EncodeOptions *options, size_t *n1, size_t *n2,
                        bool is_pair) MUST_USE;
/* encode.c: checks and encodes both texts into e->scratch's first and second; pair may be NULL. */
Status encode_both(const Tokenizer *t, const char *text, size_t n, const char *pair, size_t n_pair,
                   Encoding *e) MUST_USE;

/* ---- decode.c ---------------------------------------------------------------------------------------------------- */

/* A decoder turns the tokens of work's `in` into those of its `out`. */
typedef struct DecodeWork DecodeWork;
struct Decoder;
typedef Status (*DecodeFn)(const struct Decoder *d, DecodeWork *work);
typedef struct DecodeStep { DecodeFn run; struct Decoder *state; } DecodeStep;

Status decoder_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
void   decoders_release(Tokenizer *t);

/* ---- the whole --------------------------------------------------------------------------------------------------- */

struct Scratch {
    Aligned        texts[3];
    Aligned       *text;               /* one of them: as far as the steps have come */
    uint32_t       shift;              /* where the piece that is being normalised begins in the original */
    Aligned       *kept;               /* the normalised text, while pre-tokenizers rewrite pieces of it; or NULL */
    Marks          marks, blocked;
    RegexMatch     match;              /* pattern.c */
    Spans          words, next_words;  /* in *text; what a pre-tokenizer writes before it swaps them */
    ModelWork      work;
    TokenList      first, second;
};

struct Tokenizer {
    char            *json;
    char             hash[HASH_HEX];
    uint64_t         seed;                         /* from the hash: order of the tables inside */
    uint64_t         serial;                       /* of this open tokenizer, never used again in the process; not 0 */
    Vocab            vocab;                        /* tokens as the file has them, whatever a model looks up */
    AddedToken      *added;
    size_t           n_added;
    Vocab            added_names;                  /* content -> index in added */
    int32_t         *added_of_id;                  /* (size) index in added, -1 */
    AddedSet         raw, normalized;
    int32_t          size;

    Steps            normalizers, pre_tokenizers;
    BertNormalizer   bert;
    bool             raw_bytes;                    /* words reach the model as bytes, not as ByteLevel's characters */

    TokenizeFn       tokenize;
    WordPiece        wordpiece;
    void            *model;                        /* of any other model */
    void           (*release_model)(void *model);
    Status         (*use_raw_bytes)(Tokenizer *t, bool *ok);
    int32_t          unk_id;                       /* -1: the model has none */
    bool             hide_pieces;                  /* added tokens that the vocabulary has are not looked for in texts */
    Status         (*decode_ids)(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special,
                                 Text *out);       /* in place of decoders, where tokens alone do not say it; NULL */

    Template         single, pair;
    bool             has_template, hides_first[2]; /* so far; of A, of B: tokens were put in front of it */
    Trim             trims[MAX_TRIMS];
    size_t           n_trims;
    TokenSpaces     *spaces;                       /* (size) of each token; NULL when nothing trims */
    DecodeStep      *decoders;
    size_t           n_decoders, cap_decoders;
    bool             has_decoder;                  /* an empty Sequence is one too: then no spaces between tokens */

    int32_t          roles[TOKEN_N_ROLES];
};

void scratch_free(Scratch *sc);
const AddedToken *tokenizer_added(const Tokenizer *t, int32_t id);           /* NULL when id is none */

/* tokenizer_files.c: the text of a tokenizer.json for a vocab.txt; names of roles in its config files. */
typedef struct TokenNames { char *names[TOKEN_N_ROLES]; } TokenNames;
extern const char *const role_keys[TOKEN_N_ROLES];                            /* "pad_token", ... */
Status tokenizer_config_read(cJSON **config, const char *folder) MUST_USE;    /* {} when there is none */
Status token_names_read(TokenNames *names, const cJSON *config, const char *where) MUST_USE;
void   token_names_release(TokenNames *names);
/* The file to read in a folder, or the path itself; its text as a tokenizer.json, whatever kind of file it is. */
Status tokenizer_choose_file(char **out, const char *path) MUST_USE;
Status tokenizer_file_to_json(char **out, size_t *n, const char *path, const cJSON *config) MUST_USE;

/* A part by its type: refuses by name with what there is. json must be an object. */
typedef Status (*PartParse)(Tokenizer *t, const cJSON *json, const char *name);
typedef struct PartDef { const char *type; PartParse parse; } PartDef;
Status part_parse(Tokenizer *t, const cJSON *json, const char *name, const char *what, const PartDef *parts,
                  size_t n) MUST_USE;

#endif
