/* data/tokenizer/unicode.h: what tokenizers ask of a code point, answered as the reference library answers it. */
#ifndef DATA_TOKENIZER_UNICODE_H
#define DATA_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum UnicodeFlags {
    UNICODE_REMOVED = 1,      /* clean_text drops it: controls, formats, private use, U+FFFD */
    UNICODE_SPACE   = 2,      /* White_Space, tab and newline among it */
    UNICODE_PUNCT   = 4,
    UNICODE_MARK    = 8,      /* Mn: an accent on its own */
    UNICODE_CHINESE = 16,     /* what BERT sets apart with spaces; not kana, not hangul */
    UNICODE_CHANGES = 32      /* decomposes, reorders or has a lower case; without it NFD and lower-casing keep it */
};

enum { UNICODE_FLAT = 0x10000, UNICODE_MAX_DECOMPOSITION = 8 };       /* the longest canonical one is 4 */

unsigned unicode_flags(uint32_t cp);
const uint8_t *unicode_flat(void);            /* the flags of the first UNICODE_FLAT code points, for loops */
bool     unicode_is_word(uint32_t cp);                                     /* a regular expression's \w */
int      unicode_combining_class(uint32_t cp);
int      unicode_decompose(uint32_t cp, uint32_t out[UNICODE_MAX_DECOMPOSITION]);   /* canonical, full; count >= 1 */
int      unicode_lower(uint32_t cp, uint32_t out[2]);                      /* without context: final sigma is no case */

/* ---- for regular expressions and the other components ------------------------------------------------------------ */

typedef enum UnicodeCategory {                /* UNICODE_NONE: unassigned, as far as Oniguruma knows */
    UNICODE_NONE, UNICODE_LU, UNICODE_LL, UNICODE_LT, UNICODE_LM, UNICODE_LO, UNICODE_MN, UNICODE_MC, UNICODE_ME,
    UNICODE_ND, UNICODE_NL, UNICODE_NO, UNICODE_PC, UNICODE_PD, UNICODE_PS, UNICODE_PE, UNICODE_PI, UNICODE_PF,
    UNICODE_PO, UNICODE_SM, UNICODE_SC, UNICODE_SK, UNICODE_SO, UNICODE_ZS, UNICODE_ZL, UNICODE_ZP, UNICODE_CC,
    UNICODE_CF, UNICODE_CO, UNICODE_N_CATEGORIES
} UnicodeCategory;

enum UnicodeSets {
    UNICODE_LETTER  = 1,      /* \p{L} */
    UNICODE_NUMBER  = 2,      /* \p{N} of a regular expression */
    UNICODE_BLANK   = 4,      /* \s: White_Space */
    UNICODE_WORD    = 8,      /* \w of the Whitespace pre-tokenizer and of single_word */
    UNICODE_NUMERIC = 16,     /* what Digits takes for a digit: newer than \p{N} */
    UNICODE_ANYMARK = 32,     /* M*, as StripAccents has it */
    UNICODE_FOREIGN = 64      /* newer than PCRE2 10.42, which has it in another category or in none */
};

unsigned unicode_sets(uint32_t cp);
const uint8_t *unicode_flat_sets(void);                                    /* of the first UNICODE_FLAT code points */
UnicodeCategory unicode_category(uint32_t cp);
int      unicode_script(uint32_t cp);                                      /* a number; 0 goes with every other */

enum { UNICODE_MAX_COMPATIBLE = 18 };
int      unicode_decompose_compatible(uint32_t cp, uint32_t out[UNICODE_MAX_COMPATIBLE]);
uint32_t unicode_compose(uint32_t a, uint32_t b);                          /* 0: they do not compose */

/* Set where a character is no starter, or the form changes it, or (NFC, NFKC) the starter before it may take it up. */
enum { UNICODE_NOT_NFD = 1, UNICODE_NOT_NFKD = 2, UNICODE_NOT_NFC = 4, UNICODE_NOT_NFKC = 8 };
unsigned unicode_form_flags(uint32_t cp);

typedef enum Grapheme { GRAPHEME_OTHER, GRAPHEME_JOINS, GRAPHEME_CONTROL, GRAPHEME_PREPEND, GRAPHEME_EMOJI } Grapheme;
Grapheme unicode_grapheme(uint32_t cp);

/* unicode_tables.c, unicode_sets.c */
typedef struct UnicodeRange { uint32_t first, last; } UnicodeRange;
typedef struct UnicodeValue { uint32_t first, last, value; } UnicodeValue;
typedef struct UnicodeComposition { uint32_t first, second, composed; } UnicodeComposition;
typedef struct UnicodeLower { uint32_t first, last, step; int32_t distance; } UnicodeLower;

extern const UnicodeRange unicode_removed[], unicode_spaces[], unicode_punctuation[], unicode_marks[],
                          unicode_combining[], unicode_decomposed[], unicode_words[], unicode_onig_words[],
                          unicode_numeric[], unicode_all_marks[], unicode_compatible[], unicode_newer[];
extern const UnicodeValue unicode_categories[], unicode_scripts[], unicode_graphemes[];
extern const UnicodeComposition unicode_compositions[];
extern const UnicodeLower unicode_lowers[];
extern const size_t n_unicode_removed, n_unicode_spaces, n_unicode_punctuation, n_unicode_marks,
                    n_unicode_combining, n_unicode_decomposed, n_unicode_words, n_unicode_lowers, n_unicode_onig_words,
                    n_unicode_numeric, n_unicode_all_marks, n_unicode_compatible, n_unicode_newer,
                    n_unicode_categories, n_unicode_scripts, n_unicode_graphemes, n_unicode_compositions;

#endif
