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

/* unicode_tables.c */
typedef struct UnicodeRange { uint32_t first, last; } UnicodeRange;
typedef struct UnicodeLower { uint32_t first, last, step; int32_t distance; } UnicodeLower;

extern const UnicodeRange unicode_removed[], unicode_spaces[], unicode_punctuation[], unicode_marks[],
                          unicode_combining[], unicode_decomposed[], unicode_words[];
extern const UnicodeLower unicode_lowers[];
extern const size_t n_unicode_removed, n_unicode_spaces, n_unicode_punctuation, n_unicode_marks,
                    n_unicode_combining, n_unicode_decomposed, n_unicode_words, n_unicode_lowers;

#endif
