/* data/tokenizer/sentencepiece.h: a SentencePiece model on its way into a tokenizer.json, and out of it.
 *
 * A tokenizer.json cannot say all that SentencePiece does: its normalizer takes the longest entry of the character map
 * where `Precompiled` goes by grapheme clusters; merges of equal score go from left to right whatever they make;
 * control symbols in a text are plain text; Unigram adds in float. So the text that is made for a .model (or for the same
 * kind of vocabulary in a GGUF file) has both: the parts that come nearest, for other readers, and one more member,
 * "sentencepiece", which other readers ignore and which makes this one do exactly what the sentencepiece library does,
 * encoding and decoding, special tokens in the text included: they are not looked for. */
#ifndef DATA_TOKENIZER_SENTENCEPIECE_H
#define DATA_TOKENIZER_SENTENCEPIECE_H

#include "data/tokenizer/bpe.h"
#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/unigram.h"

typedef enum SpmType { SPM_NORMAL = 1, SPM_UNKNOWN, SPM_CONTROL, SPM_USER_DEFINED, SPM_UNUSED, SPM_BYTE } SpmType;

typedef struct SpmPiece { const char *piece; float score; int type; } SpmPiece;      /* type: an SpmType */

/* What a file says; strings are borrowed. */
typedef struct SpmModel {
    SpmPiece      *pieces;
    size_t         n;
    bool           bpe;                           /* else unigram */
    bool           byte_fallback, add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces;
    bool           treat_whitespace_as_suffix;
    const char    *unk_surface;                   /* what decoding shows for the unknown token; NULL: the usual */
    const void    *charsmap;
    size_t         n_charsmap;
    int32_t        bos, eos;                      /* ids that are put around a text; -1: none */
} SpmModel;

/* The text of a tokenizer.json (gives). Refuses a model that breaks the rules of the format, `name` being the file. */
Status spm_to_json(char **out, const SpmModel *model, const char *name) MUST_USE;
/* A .model file, and its bytes; config: tokenizer_config.json, which says what is put around a text. */
Status sentencepiece_to_json(char **out, const void *bytes, size_t n, const cJSON *config, const char *name) MUST_USE;
Status sentencepiece_file_to_json(char **out, const char *path, const cJSON *config) MUST_USE;

/* From the text of a tokenizer.json with a member "sentencepiece": model, normalizer and decoder all at once. */
Status sentencepiece_parse(Tokenizer *t, const cJSON *root, const char *name) MUST_USE;

/* charmap.c: the map of characters to what they become, as SentencePiece reads it. */
typedef struct CharMap CharMap;
Status charmap_parse(CharMap **out, const char *base64, const char *name) MUST_USE;
void   charmap_free(CharMap *map);
/* The longest key that text[0..n) begins with: its length, 0 for none, and what it becomes. */
size_t charmap_longest(const CharMap *map, const char *text, size_t n, const char **with);

/* What sentencepiece.c reads and sentencepiece_normalize.c and sentencepiece_decode.c use. */
typedef struct Spm {
    bool     bpe, byte_fallback, add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces;
    bool     treat_whitespace_as_suffix;
    char    *unk_surface;
    uint8_t *types;                               /* (vocab.size) an SpmType */
    int32_t  fallback_ids[256];
    CharMap *map;                                 /* NULL: characters stay */
    Trie     users;                               /* user-defined pieces: taken as they are, wherever they stand */
    bool     user_first[256], plain[128];         /* plain: ASCII that stays as it is before other ASCII */
    Lattice  lattice;                             /* unigram */
    BpeTable table;                               /* bpe */
    uint32_t *odd;                                /* (n_odd) characters of pieces that are none: ids from size on */
    size_t   n_odd;
    bool     cut_at_spaces;                       /* as in bpe.c */
} Spm;

#define SPM_SPACE "\xE2\x96\x81"                 /* U+2581, which stands for a space */

/* The length of the longest user-defined piece that text[0..n) begins with, its id; 0: none. */
size_t spm_user_piece(const Spm *spm, const char *text, size_t n, int32_t *id);
Status spm_normalize(const Step *step, Scratch *sc) MUST_USE;                /* step->state is the Spm */
Status spm_decode(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special, Text *out) MUST_USE;

#endif
