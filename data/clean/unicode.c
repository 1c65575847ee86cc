/* data/clean/unicode.c: normal forms (UAX #15), lower case, control characters, white space.
 *
 * A normal form is made piece by piece. A piece begins with a character that starts anew (nothing before it can change
 * or be changed by it) and ends before the next such one; most are one character that is its own normal form, and a
 * table by code point says so. A piece of more than MAX_PIECE code points is cut, as sorting marks is quadratic. */
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <utf8proc.h>

#include "core/arena.h"
#include "data/clean/clean_internal.h"

enum { TABLE_SIZE = 0x30000, MAX_PIECE = 128, MAX_EXPANSION = 18 };      /* the longest: U+FDFA in NFKD */
enum { FORM_INNER = 1, FORM_CHANGES = 2 };

const int normal_form_nfc = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
const int normal_form_nfd = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
const int normal_form_nfkc = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
const int normal_form_nfkd = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;

size_t ascii_run(const char *s, size_t n)
{
    size_t   i = 0;
    uint64_t eight;
    while (n - i >= sizeof eight && (memcpy(&eight, s + i, sizeof eight), !(eight & 0x8080808080808080u)))
        i += sizeof eight;
    while (i < n && (signed char)s[i] >= 0) i++;
    return i;
}

/* A mark, or a Hangul vowel or final consonant. */
static bool joins_before(int32_t cp)
{
    bool jamo = (cp >= 0x1160 && cp <= 0x11FF) || (cp >= 0xD7B0 && cp <= 0xD7FF);
    return jamo || utf8proc_get_property(cp)->combining_class;
}

/* Everything that decomposition can put behind another character is FORM_INNER, so that composing never crosses
 * pieces; so is what begins with such a character when it is taken apart. */
static void fill_code_point(uint8_t *flags, int32_t cp, int options)
{
    int32_t          parts[64];
    int              last, apart = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    utf8proc_ssize_t n = utf8proc_decompose_char(cp, parts, COUNT(parts), apart, &last);
    if (joins_before(cp) || (n > 0 && joins_before(parts[0]))) flags[cp] |= FORM_INNER;
    for (utf8proc_ssize_t i = 1; i < n; i++)
        if (parts[i] < TABLE_SIZE) flags[parts[i]] |= FORM_INNER;
    n = utf8proc_decompose_char(cp, parts, COUNT(parts), options, &last);
    if (n > 0 && joins_before(parts[0])) flags[cp] |= FORM_INNER;
    if (n > 0 && (options & UTF8PROC_COMPOSE)) n = utf8proc_normalize_utf32(parts, n, options);
    if (n != 1 || parts[0] != cp) flags[cp] |= FORM_CHANGES;
}

Status normal_form_parse(Step *s, const char *argument)
{
    (void)argument;
    uint8_t *flags;
    TRY(mem_new(&flags, TABLE_SIZE, 1));
    for (int32_t cp = 0x80; cp < TABLE_SIZE; cp++)
        if (cp < 0xD800 || cp > 0xDFFF) fill_code_point(flags, cp, *(const int *)s->def->variant);
    s->table = flags;
    return OK;
}

static unsigned form_flags(const uint8_t *flags, const char *s, size_t n, size_t *len)
{
    uint32_t cp;
    *len = (size_t)utf8_decode(s, n, &cp);
    return cp < TABLE_SIZE ? flags[cp] : 0;
}

static Status normalize_piece(Rewrite *r, size_t begin, size_t end, int options)
{
    int32_t          points[MAX_PIECE * MAX_EXPANSION];
    char             bytes[sizeof points];
    size_t           n_bytes = 0;
    const uint8_t   *piece = (const uint8_t *)r->text + begin;
    utf8proc_ssize_t n = utf8proc_decompose(piece, (utf8proc_ssize_t)(end - begin), points, COUNT(points), options);
    BUG_ON(n < 0 || n > (utf8proc_ssize_t)COUNT(points));      /* the text is UTF-8, the piece short */
    n = utf8proc_normalize_utf32(points, n, options);
    for (utf8proc_ssize_t i = 0; i < n; i++) n_bytes += (size_t)utf8_encode((uint32_t)points[i], bytes + n_bytes);
    if (n_bytes == end - begin && memcmp(bytes, piece, n_bytes) == 0) return OK;
    return rewrite_replace(r, begin, end, bytes, n_bytes);
}

Status normal_form_run(const Step *s, StepWork *w)
{
    Rewrite *r = &w->rewrite;
    size_t   last = 0, floor = 0, len;                    /* the character before i; the end of the last piece */
    for (size_t i = 0; i < r->n;) {
        size_t ascii = ascii_run(r->text + i, r->n - i);
        if (ascii) {
            i += ascii;
            last = i - 1;
            continue;
        }
        unsigned flags = form_flags(s->table, r->text + i, r->n - i, &len);
        if (flags == 0) {
            last = i;
            i += len;
            continue;
        }
        size_t begin = (flags & FORM_INNER) && i > floor ? last : i, end = i + len;
        for (int count = 2; end < r->n && count < MAX_PIECE; count++) {
            if (!(form_flags(s->table, r->text + end, r->n - end, &len) & FORM_INNER)) break;
            end += len;
        }
        TRY(normalize_piece(r, begin, end, *(const int *)s->def->variant));
        i = floor = end;
    }
    return OK;
}

/* ---- control and format characters ------------------------------------------------------------------------------- */

typedef enum ControlDoes { CONTROL_STAYS, CONTROL_GOES, CONTROL_ENDS_LINE } ControlDoes;

static ControlDoes control_does(uint32_t cp)
{
    if (cp == '\t' || cp == '\n' || cp == '\r') return CONTROL_STAYS;
    if (cp == 0x0B || cp == 0x0C || cp == 0x85) return CONTROL_ENDS_LINE;      /* vertical tab, form feed, next line */
    int8_t type = u_charType((UChar32)cp);
    return type == U_CONTROL_CHAR || type == U_FORMAT_CHAR ? CONTROL_GOES : CONTROL_STAYS;
}

Status control_run(const Step *s, StepWork *w)
{
    (void)s;
    Rewrite *r = &w->rewrite;
    for (size_t i = 0; i < r->n;) {
        unsigned char c = (unsigned char)r->text[i];
        if (c >= ' ' && c < 0x7F) {
            i++;
            continue;
        }
        uint32_t    cp;
        size_t      len = (size_t)utf8_decode(r->text + i, r->n - i, &cp);
        ControlDoes does = control_does(cp);
        if (does != CONTROL_STAYS) TRY(rewrite_replace(r, i, i + len, "\n", does == CONTROL_ENDS_LINE));
        i += len;
    }
    return OK;
}

/* ---- white space ------------------------------------------------------------------------------------------------- */

/* Bytes of the white space (Unicode's White_Space) that begins at i. */
static size_t space_run(const char *text, size_t n, size_t i)
{
    size_t start = i;
    while (i < n) {
        uint32_t cp = (unsigned char)text[i];
        size_t   len = 1;
        if (cp >= 0x80) len = (size_t)utf8_decode(text + i, n - i, &cp);
        bool space = cp < 0x80 ? cp == ' ' || (cp >= '\t' && cp <= '\r') : u_isUWhiteSpace((UChar32)cp);
        if (!space) break;
        i += len;
    }
    return i - start;
}

/* No white space beyond ASCII begins with another byte: U+0085 and U+00A0, U+1680, U+2000 to U+205F, U+3000. */
static bool may_be_space(unsigned char c)
{
    return c <= ' ' || (c >= 0xC2 && (c == 0xC2 || c == 0xE1 || c == 0xE2 || c == 0xE3));
}

Status whitespace_run(const Step *s, StepWork *w)
{
    (void)s;
    Rewrite *r = &w->rewrite;
    for (size_t i = 0; i < r->n;) {
        if (!may_be_space((unsigned char)r->text[i])) {
            i++;
            continue;
        }
        size_t len = space_run(r->text, r->n, i);
        if (len == 0) {
            uint32_t cp;
            i += (size_t)utf8_decode(r->text + i, r->n - i, &cp);
            continue;
        }
        bool edge = i == 0 || i + len == r->n;
        if (edge || len > 1 || r->text[i] != ' ') TRY(rewrite_replace(r, i, i + len, " ", !edge));
        i += len;
    }
    return OK;
}

/* ---- lower case -------------------------------------------------------------------------------------------------- */

/* Whether a cased letter stands beside, with nothing but case-ignorable characters between (Unicode 3.13,
 * Final_Sigma). */
static bool cased_before(const char *text, size_t i)
{
    while (i > 0) {
        uint32_t cp;
        size_t   end = i--;
        while (i > 0 && (text[i] & 0xC0) == 0x80) i--;
        utf8_decode(text + i, end - i, &cp);
        if (u_hasBinaryProperty((UChar32)cp, UCHAR_CASE_IGNORABLE)) continue;
        return u_hasBinaryProperty((UChar32)cp, UCHAR_CASED);
    }
    return false;
}

static bool cased_after(const char *text, size_t n, size_t i)
{
    while (i < n) {
        uint32_t cp;
        i += (size_t)utf8_decode(text + i, n - i, &cp);
        if (u_hasBinaryProperty((UChar32)cp, UCHAR_CASE_IGNORABLE)) continue;
        return u_hasBinaryProperty((UChar32)cp, UCHAR_CASED);
    }
    return false;
}

/* The two letters whose lower case is not one letter for one: I with a dot above, and sigma at the end of a word. */
static size_t lower_code_point(const char *text, size_t n, size_t i, size_t len, uint32_t cp, char out[8])
{
    enum { CAPITAL_SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, I_WITH_DOT = 0x130 };
    if (cp == I_WITH_DOT) return memcpy(out, "i\xCC\x87", 3), 3;
    if (cp == CAPITAL_SIGMA && cased_before(text, i) && !cased_after(text, n, i + len))
        return (size_t)utf8_encode(FINAL_SIGMA, out);
    return (size_t)utf8_encode((uint32_t)u_tolower((UChar32)cp), out);
}

Status lowercase_run(const Step *s, StepWork *w)
{
    (void)s;
    Rewrite *r = &w->rewrite;
    for (size_t i = 0; i < r->n;) {
        unsigned char c = (unsigned char)r->text[i];
        if (c < 0x80) {
            char small = (char)(c | 0x20);
            if (c >= 'A' && c <= 'Z') TRY(rewrite_replace(r, i, i + 1, &small, 1));
            i++;
            continue;
        }
        uint32_t cp;
        char     lower[8];
        size_t   len = (size_t)utf8_decode(r->text + i, r->n - i, &cp);
        if (u_tolower((UChar32)cp) != (UChar32)cp) {
            size_t n = lower_code_point(r->text, r->n, i, len, cp, lower);
            TRY(rewrite_replace(r, i, i + len, lower, n));
        }
        i += len;
    }
    return OK;
}
