/* core/text.h: a growing string, and what several parts need of UTF-8 and of spelling mistakes. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* A growing byte string, always NUL-terminated once something was added. Zero-initialise; text_release frees. */
typedef struct Text { char *data; size_t len, cap; } Text;

Status text_add(Text *t, const void *bytes, size_t n) MUST_USE;
Status text_addf(Text *t, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
void   text_clear(Text *t);
void   text_release(Text *t);
char *text_take(Text *t); /* gives the string (free it); "" copies too; NULL when memory ran out */

Status text_copy(char **out, const char *s) MUST_USE;                 /* gives; frees what *out held */
Status text_format(char **out, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Length of the valid UTF-8 sequence at s (1-4), its code point in *cp; 0 when the bytes are not UTF-8. n > 0. */
int    utf8_decode(const char *s, size_t n, uint32_t *cp);
int    utf8_encode(uint32_t cp, char out[4]);
bool   utf8_valid(const char *s, size_t n, size_t *bad_at);           /* bad_at may be NULL */

/* The word of `words` nearest to `word` by edit distance, or NULL when none is within a third of its length and one. */
const char *text_nearest(const char *word, const char *const *words, size_t n_words);

/* "1.5 GiB", "12 MiB", into buf; and "1h 02m", "3.4 s". buf holds 32 bytes. */
const char *text_bytes(char buf[32], double bytes);
const char *text_seconds(char buf[32], double seconds);

/* "name" against a pattern with * and ?. */
bool   text_match(const char *pattern, const char *name);

#endif
