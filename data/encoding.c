/* data/encoding.c: which encoding a file is written in, and from there to UTF-8.
 *
 * UTF-8 wins whenever the bytes are UTF-8. UTF-16 without a mark is told from others by its NUL bytes (every line end
 * has one) and by how many of its units are characters that texts consist of. GB18030 needs three witnesses, for short
 * texts in Latin-1 or EUC-KR can be read as it too: every byte fits, ICU's detector does not find another East Asian
 * encoding likelier, and at least half of the characters are those of GB2312, as in any Chinese text. */
#include "data/input_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include "core/arena.h"

/* ---- detection -------------------------------------------------------------------------------------------------- */

/* A sample cut in the middle of a character is still a good one. */
static bool is_utf8(const char *s, size_t n, bool whole)
{
    size_t bad;
    if (utf8_valid(s, n, &bad)) return true;
    if (whole || n - bad > 3) return false;
    uint32_t cp;
    char     completed[8] = { 0 };
    memcpy(completed, s + bad, n - bad);
    for (int fill = 0x80; fill < 0xC0; fill += 0x10) {      /* would some continuation make it a character? */
        memset(completed + (n - bad), fill, 4 - (n - bad));
        if (utf8_decode(completed, 4, &cp) > (int)(n - bad)) return true;
    }
    return false;
}

static bool is_common(uint32_t u)                           /* what texts of the world mostly consist of */
{
    return u == '\n' || u == '\r' || u == '\t' || (u >= 0x20 && u < 0x7F) || (u >= 0xA0 && u < 0x600) ||
           (u >= 0x2010 && u < 0x2070) || (u >= 0x3000 && u < 0x3100) || (u >= 0x4E00 && u < 0xA000) ||
           (u >= 0xAC00 && u < 0xD7A4) || (u >= 0xFF00 && u < 0xFFF0);
}

/* Share of common units, in percent; 0 when the bytes cannot be UTF-16 of this order. */
static int utf16_score(const unsigned char *s, size_t n, bool big)
{
    size_t common = 0, units = n / 2;
    bool   high = false;                                    /* a high surrogate waits for its low one */
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t u = big ? (uint32_t)s[i] << 8 | s[i + 1] : (uint32_t)s[i + 1] << 8 | s[i];
        bool     low = u >= 0xDC00 && u < 0xE000;
        if (u == 0 || u >= 0xFFFE || low != high) return 0;
        high = u >= 0xD800 && u < 0xDC00;
        common += is_common(u) || high || low;
    }
    return units ? (int)(100 * common / units) : 0;
}

/* ASCII with a stray NUL: pairs of letters make Chinese characters too. */
static bool is_ascii_mostly(const char *s, size_t n)
{
    size_t nul = 0, printable = 0;
    for (size_t i = 0; i < n; i++) {
        nul += s[i] == 0;
        printable += (s[i] >= 0x20 && s[i] < 0x7F) || s[i] == '\n' || s[i] == '\r' || s[i] == '\t';
    }
    return nul * 4 < n && printable * 10 >= (n - nul) * 9;
}

static const char *utf16_without_mark(const char *s, size_t n, bool whole)
{
    enum { ENOUGH = 90 };
    if ((whole && n % 2) || !memchr(s, 0, n) || is_ascii_mostly(s, n)) return NULL;
    int little = utf16_score((const unsigned char *)s, n, false), big = utf16_score((const unsigned char *)s, n, true);
    if (little < ENOUGH && big < ENOUGH) return NULL;
    return little >= big ? "UTF-16LE" : "UTF-16BE";
}

/* Counts the characters that are not ASCII, and those of GB2312. False: the bytes are not GB18030. */
static bool gb18030_fits(const unsigned char *s, size_t n, bool whole, size_t *chars, size_t *gb2312)
{
    *chars = *gb2312 = 0;
    for (size_t i = 0; i < n;) {
        if (s[i] == 0) return false;
        if (s[i] < 0x80) { i++; continue; }
        if (s[i] == 0x80 || s[i] == 0xFF) return false;
        if (i + 1 >= n) return !whole;
        bool   four = s[i + 1] >= 0x30 && s[i + 1] <= 0x39;
        size_t len = four ? 4 : 2;
        if (!four && (s[i + 1] < 0x40 || s[i + 1] == 0x7F || s[i + 1] == 0xFF)) return false;
        if (i + len > n) return !whole;
        if (four && (s[i + 2] < 0x81 || s[i + 2] == 0xFF || s[i + 3] < 0x30 || s[i + 3] > 0x39)) return false;
        ++*chars;
        *gb2312 += !four && s[i + 1] >= 0xA1 && ((s[i] >= 0xA1 && s[i] <= 0xA9) || (s[i] >= 0xB0 && s[i] <= 0xF7));
        i += len;
    }
    return true;
}

static bool icu_agrees(const char *s, size_t n)
{
    static const char *const others[] = { "Big5", "EUC-KR", "EUC-JP", "Shift_JIS" };
    UErrorCode        e = U_ZERO_ERROR;
    UCharsetDetector *d = ucsdet_open(&e);
    int32_t           n_found = 0;
    bool              agrees = true;
    ucsdet_setText(d, s, (int32_t)n, &e);
    const UCharsetMatch **found = ucsdet_detectAll(d, &n_found, &e);
    for (int32_t i = 0; U_SUCCESS(e) && i < n_found; i++) {                 /* the likeliest first */
        const char *name = ucsdet_getName(found[i], &e);
        if (!name || strcmp(name, "GB18030") == 0) break;
        for (size_t k = 0; k < COUNT(others); k++) if (strcmp(name, others[k]) == 0) agrees = false;
    }
    ucsdet_close(d);
    return U_SUCCESS(e) && agrees;
}

const char *encoding_detect(const char *s, size_t n, bool whole, size_t *mark)
{
    enum { SAMPLE = 64 << 10 };
    *mark = 3;
    if (n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0) return "UTF-8";
    *mark = 2;
    if (n >= 2 && memcmp(s, "\xFF\xFE", 2) == 0) return "UTF-16LE";
    if (n >= 2 && memcmp(s, "\xFE\xFF", 2) == 0) return "UTF-16BE";
    *mark = 4;
    if (n >= 4 && memcmp(s, "\x84\x31\x95\x33", 4) == 0) return "GB18030";
    *mark = 0;
    size_t ascii = 0;                                       /* pure ASCII says nothing: look at what follows it */
    while (ascii < n && s[ascii] > 0) ascii++;
    if (ascii == n) return "UTF-8";
    if (s[ascii] == 0) ascii = 0;
    if (n - ascii > SAMPLE) {
        n = ascii + SAMPLE;
        whole = false;
    }
    const char *utf16 = utf16_without_mark(s, n - (n & 1), whole && n % 2 == 0);
    if (utf16) return utf16;
    size_t chars, gb2312;
    if (is_utf8(s + ascii, n - ascii, whole)) return "UTF-8";
    if (!gb18030_fits((const unsigned char *)s + ascii, n - ascii, whole, &chars, &gb2312)) return "UTF-8";
    return gb2312 * 2 >= chars && icu_agrees(s + ascii, n - ascii) ? "GB18030" : "UTF-8";
}

/* ---- conversion ------------------------------------------------------------------------------------------------- */

enum { UNITS = 16 << 10 };

struct Decoder {
    UConverter *from;
    UChar       units[UNITS], high;    /* high: a surrogate whose other half comes with the next units; 0: none */
};

Status decoder_open(Decoder **out, const char *encoding)
{
    UErrorCode e = U_ZERO_ERROR;
    Decoder   *d;
    *out = NULL;
    TRY(mem_new(&d, 1, sizeof *d));
    d->from = ucnv_open(encoding, &e);
    if (U_SUCCESS(e)) ucnv_setToUCallBack(d->from, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &e);
    if (U_SUCCESS(e)) {
        *out = d;
        return OK;
    }
    decoder_close(d);
    return hint(fail(ERR_CONFIG, "data.encoding: \"%s\" is not an encoding that can be read (%s)", encoding,
                     u_errorName(e)),
                "use a name such as UTF-8, GB18030, Big5, windows-1252, or leave it out to have it detected");
}

void decoder_close(Decoder *d)
{
    if (!d) return;
    if (d->from) ucnv_close(d->from);
    free(d);
}

/* The converter pairs surrogates, but a pair may lie across two calls. */
static Status add_units(Decoder *d, size_t n, Text *out)
{
    TRY(mem_grow(&out->data, &out->cap, out->len + 3 * n + 4, 1));
    for (size_t i = 0; i < n; i++) {
        uint32_t u = d->units[i];
        if (u >= 0xD800 && u < 0xDC00) {
            d->high = (UChar)u;
            continue;
        }
        if (d->high && u >= 0xDC00 && u < 0xE000) u = 0x10000 + ((uint32_t)(d->high - 0xD800) << 10) + (u - 0xDC00);
        d->high = 0;
        out->len += (size_t)utf8_encode(u, out->data + out->len);
    }
    out->data[out->len] = '\0';
    return OK;
}

Status decoder_add(Decoder *d, const char *bytes, size_t n, bool last, Text *out)
{
    for (const char *end = bytes + n;;) {
        UErrorCode e = U_ZERO_ERROR;
        UChar     *to = d->units;
        ucnv_toUnicode(d->from, &to, d->units + UNITS, &bytes, end, NULL, last, &e);
        TRY(add_units(d, (size_t)(to - d->units), out));
        if (e == U_BUFFER_OVERFLOW_ERROR) continue;
        if (U_SUCCESS(e)) return OK;
        if (e != U_ILLEGAL_CHAR_FOUND && e != U_INVALID_CHAR_FOUND && e != U_TRUNCATED_CHAR_FOUND)
            return hint(fail(ERR_FORMAT, "text cannot be converted to UTF-8 (%s)", u_errorName(e)),
                        "convert it first: iconv -t UTF-8");
        TRY(text_add(out, "\xFF", 1));
        if (last && bytes == end) return OK;
    }
}
