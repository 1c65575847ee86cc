/* data/tokenizer/scan.c: the published splitting patterns, by hand: each is some ten times as fast as the expression.
 *
 *   GPT-2     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *   Llama 3   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|...
 *   Qwen 2    the same with \p{N} alone
 *
 * Every character belongs to some match, so a scanner only says where the match that begins here ends. Classes are
 * Oniguruma's (unicode_sets.c). White space runs end before their last character where a word follows: \s+(?!\S). */
#include "data/tokenizer/tokenizer_internal.h"

#include <string.h>

#include "data/tokenizer/unicode.h"

enum { L = UNICODE_LETTER, N = UNICODE_NUMBER, S = UNICODE_BLANK };

static inline unsigned class_at(const uint8_t *flat, const char *text, size_t at, int *len)
{
    uint32_t cp = decode_valid(text + at, len);
    return (cp < UNICODE_FLAT ? flat[cp] : unicode_sets(cp)) & (L | N | S);
}

/* The end of the run of characters whose class is `class` (0: none of the three). */
static inline size_t run_of(const uint8_t *flat, const char *text, size_t at, size_t n, unsigned class)
{
    int len;
    while (at < n && class_at(flat, text, at, &len) == class) at += (size_t)len;
    return at;
}

/* 's 't 're 've 'm 'll 'd: the length behind the quote at `at`, or 0. */
static size_t contraction(const char *text, size_t at, size_t n, bool any_case)
{
    if (at + 1 >= n) return 0;
    unsigned char a = (unsigned char)text[at + 1], b = at + 2 < n ? (unsigned char)text[at + 2] : 0;
    if (any_case && a == 0xC5 && b == 0xBF) return 3;            /* the long s is an s where case does not count */
    if (any_case && a >= 'A' && a <= 'Z') a += 32;
    if (any_case && b >= 'A' && b <= 'Z') b += 32;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* \s+(?!\S)|\s+ from a white space character on. */
static size_t blanks(const uint8_t *flat, const char *text, size_t at, size_t n)
{
    size_t end = run_of(flat, text, at, n, S);
    if (end == n) return end;
    size_t last = char_before(text, end);
    return last > at ? last : end;
}

size_t scan_gpt2(const char *text, size_t at, size_t n)
{
    const uint8_t *flat = unicode_flat_sets();
    int            len;
    if (text[at] == '\'') {
        size_t c = contraction(text, at, n, false);
        if (c > 0) return at + c;
    }
    size_t   from = at;
    unsigned class = class_at(flat, text, at, &len);
    if (text[at] == ' ' && at + 1 < n) {
        unsigned next = class_at(flat, text, at + 1, &len);
        if (next != S) {
            class = next;
            from = at + 1;
        }
    }
    if (class == S) return blanks(flat, text, at, n);
    return run_of(flat, text, from, n, class);
}

/* \s*[\r\n]+|\s+(?!\S)|\s+: up to the last line end of the run, if there is one. */
static size_t lines_or_blanks(const uint8_t *flat, const char *text, size_t at, size_t n)
{
    size_t end = run_of(flat, text, at, n, S);
    for (size_t i = end; i > at; i--)
        if (text[i - 1] == '\n' || text[i - 1] == '\r') return i;
    if (end == n) return end;
    size_t last = char_before(text, end);
    return last > at ? last : end;
}

static size_t scan_modern(const char *text, size_t at, size_t n, int max_digits)
{
    const uint8_t *flat = unicode_flat_sets();
    char           c = text[at];
    int            len, next_len;
    if (c == '\'') {
        size_t end = contraction(text, at, n, true);
        if (end > 0) return at + end;
    }
    unsigned class = class_at(flat, text, at, &len);
    size_t   second = at + (size_t)len;
    if (class == L) return run_of(flat, text, second, n, L);
    if (class == N) {
        for (int i = 1; i < max_digits && second < n && class_at(flat, text, second, &len) == N; i++)
            second += (size_t)len;
        return second;
    }
    unsigned next = second < n ? class_at(flat, text, second, &next_len) : S;
    if (next == L && c != '\r' && c != '\n') return run_of(flat, text, second, n, L);
    if (class == S && !(c == ' ' && next == 0)) return lines_or_blanks(flat, text, at, n);
    size_t end = run_of(flat, text, second, n, 0);
    while (end < n && (text[end] == '\r' || text[end] == '\n')) end++;
    return end;
}

static size_t scan_llama3(const char *text, size_t at, size_t n) { return scan_modern(text, at, n, 3); }
static size_t scan_qwen2(const char *text, size_t at, size_t n) { return scan_modern(text, at, n, 1); }

#define MODERN(digits)                                                                   \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits                    \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

ScanFn scan_published(const char *regex)
{
    static const struct { const char *regex; ScanFn scan; } known[] = {
        { "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", scan_gpt2 },
        { MODERN("\\p{N}{1,3}"), scan_llama3 },
        { MODERN("\\p{N}"), scan_qwen2 },
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i].regex, regex) == 0) return known[i].scan;
    return NULL;
}
