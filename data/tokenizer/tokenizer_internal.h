/* data/tokenizer/tokenizer_internal.h: what the files of this folder share.
 *
 * A text goes through five parts, each named in tokenizer.json and found in a table of { type, parse function }:
 *
 *     text --added tokens--> pieces --normalizer--> Normalized --pre-tokenizer--> words --model--> Token list
 *          --post-processor (a Template)--> Encoding
 *
 * To add a part: one file with its parse function (it fills its member of Tokenizer and sets the function pointer) and
 * one row in the table of normalize.c, pretokenize.c, models in tokenizer.c, template.c or decode.c.
 *
 * Everything a text needs while it is encoded lives in the Encoding's Scratch and is reused; the Tokenizer itself is
 * only read. Positions are 32 bits: TOKENIZER_MAX_TEXT keeps even a normalised text, at most three times as long as its
 * original (hangul, decomposed), below 2^32. */
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

/* ---- normalize.c ------------------------------------------------------------------------------------------------- */

/* Which bytes of the original a normalised byte stands for. Run i covers normalised bytes [at, next run's at). A linear
 * run copies: byte at + k is original byte begin + k. Any other stands for original [begin, end) as a whole. */
typedef struct Run { uint32_t at, begin, end; } Run;
enum { RUN_LINEAR = 0 };               /* in end: no run that stands for something ends at 0 */

typedef struct Normalized {
    const char *text;                  /* n bytes; `buffer`, or the original where nothing is normalised */
    size_t      n;
    Text        buffer;
    Run        *runs;
    size_t      n_runs, cap_runs;
} Normalized;

/* A combining character that waits for its place. added: not the first of what one character decomposes into. */
typedef struct Mark { uint64_t order; uint32_t cp; bool added; } Mark;
typedef struct Span { uint32_t begin, end; } Span;
typedef struct Spans { Span *items; size_t n, cap; } Spans;
typedef struct Marks { Mark *items; size_t n, cap; Spans sources; } Marks;

typedef struct BertNormalizer {
    bool    clean_text, handle_chinese_chars, strip_accents, lowercase;
    uint8_t ascii[128];                /* what an ASCII byte becomes; 0: it is dropped */
} BertNormalizer;

typedef struct Scratch Scratch;

/* original[0..n) begins at byte `shift` of the text; the runs count from the text's start. */
typedef Status (*NormalizeFn)(const Tokenizer *t, Scratch *sc, const char *original, size_t n, size_t shift);
Status normalizer_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;          /* json NULL: none */

/* Walks Normalized.runs forward: offsets in the original of normalised [begin, end), which must not go back. */
typedef struct RunCursor { const Normalized *norm; size_t run; } RunCursor;
RunCursor run_cursor_at(const Normalized *norm, size_t at);
Span run_cursor_span(RunCursor *c, uint32_t begin, uint32_t end);

/* ---- pretokenize.c ----------------------------------------------------------------------------------------------- */

/* Appends the words of text[begin, end) to out, as positions in text. */
typedef Status (*PreTokenizeFn)(const char *text, size_t begin, size_t end, Spans *out);
Status pre_tokenizer_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
Status spans_add(Spans *s, size_t begin, size_t end) MUST_USE;

/* ---- wordpiece.c: models ----------------------------------------------------------------------------------------- */

typedef struct Token { int32_t id, word; uint32_t begin, end; } Token;
typedef struct TokenList { Token *items; size_t n, cap; } TokenList;

typedef struct WordPiece {
    Trie    trie;
    char   *unk_token, *prefix;
    int32_t unk_id;
    size_t  n_prefix, max_chars;
} WordPiece;

/* Appends the tokens of one word, their places counted from its start. */
typedef Status (*TokenizeFn)(const Tokenizer *t, const char *word, size_t n, TokenList *out);

Status wordpiece_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
void   wordpiece_release(WordPiece *w);

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

Status post_processor_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;
/* Cuts the token lists to fit and writes them into `out` in the template's order. */
Status template_apply(const Template *tpl, const TokenList *first, const TokenList *second,
                      const EncodeOptions *options, Encoding *out) MUST_USE;

/* ---- decode.c ---------------------------------------------------------------------------------------------------- */

typedef struct WordPieceDecoder { char *prefix; size_t n_prefix; bool cleanup; } WordPieceDecoder;
typedef struct DecodeWork { Text one, spare; } DecodeWork;                   /* reused from token to token */
/* Appends token number `i` of the text. */
typedef Status (*DecodeFn)(const Tokenizer *t, size_t i, const char *token, Text *out, DecodeWork *work);
Status decoder_parse(Tokenizer *t, const cJSON *json, const char *name) MUST_USE;

/* ---- the whole --------------------------------------------------------------------------------------------------- */

struct Scratch {
    Normalized norm;
    Marks      marks;
    Spans      words;
    TokenList  first, second;
};

struct Tokenizer {
    char            *json;
    char             hash[HASH_HEX];
    uint64_t         seed;                         /* from the hash: order of the tables inside */
    Vocab            vocab;
    AddedToken      *added;
    size_t           n_added;
    Vocab            added_names;                  /* content -> index in added */
    int32_t         *added_of_id;                  /* (size) index in added, -1 */
    AddedSet         raw, normalized;
    int32_t          size;

    NormalizeFn      normalize;
    BertNormalizer   bert;
    PreTokenizeFn    pre_tokenize;
    TokenizeFn       tokenize;
    WordPiece        wordpiece;
    Template         single, pair;
    DecodeFn         decode;
    WordPieceDecoder wordpiece_decoder;

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
Status vocab_txt_to_json(char **out, const char *path, const cJSON *config) MUST_USE;

/* A part by its type: refuses by name with what there is. json must be an object. */
typedef Status (*PartParse)(Tokenizer *t, const cJSON *json, const char *name);
typedef struct PartDef { const char *type; PartParse parse; } PartDef;
Status part_parse(Tokenizer *t, const cJSON *json, const char *name, const char *what, const PartDef *parts,
                  size_t n) MUST_USE;

#endif
