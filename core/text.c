#include "core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

Status text_add(Text *t, const void *bytes, size_t n)
{
    size_t need;
    TRY(size_add(t->len + 1, n, &need));
    TRY(mem_grow(&t->data, &t->cap, need, 1));
    if (n) memcpy(t->data + t->len, bytes, n);
    t->len += n;
    t->data[t->len] = '\0';
    return OK;
}

static Status add_v(Text *t, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) return fail(ERR_DATA, "text cannot be formatted with \"%s\"", fmt);
    TRY(mem_grow(&t->data, &t->cap, t->len + (size_t)n + 1, 1));
    vsnprintf(t->data + t->len, (size_t)n + 1, fmt, ap);
    t->len += (size_t)n;
    return OK;
}

Status text_addf(Text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    Status s = add_v(t, fmt, ap);
    va_end(ap);
    return s;
}

void text_clear(Text *t)
{
    t->len = 0;
    if (t->data) t->data[0] = '\0';
}

void text_release(Text *t)
{
    free(t->data);
    memset(t, 0, sizeof *t);
}

char *text_take(Text *t)
{
    char *s = t->data ? t->data : calloc(1, 1);
    memset(t, 0, sizeof *t);
    return s;
}

Status text_copy(char **out, const char *s)
{
    char *copy = NULL;
    if (s) {
        size_t n = strlen(s) + 1;
        TRY(mem_new(&copy, n, 1));
        memcpy(copy, s, n);
    }
    free(*out);
    *out = copy;
    return OK;
}

Status text_format(char **out, const char *fmt, ...)
{
    Text    t = { 0 };
    va_list ap;
    va_start(ap, fmt);
    Status s = add_v(&t, fmt, ap);
    va_end(ap);
    if (s != OK) return s;
    free(*out);
    *out = text_take(&t);
    return OK;
}

int utf8_decode(const char *text, size_t n, uint32_t *cp)
{
    const uint8_t *s = (const uint8_t *)text;
    if (s[0] < 0x80) { *cp = s[0]; return 1; }
    int len = s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : s[0] >= 0xE0 && s[0] < 0xF0 ? 3 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : 0;
    uint32_t c = len == 4 ? s[0] & 7 : len == 3 ? s[0] & 15 : s[0] & 31;
    if (len == 0 || (size_t)len > n) return 0;
    for (int i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        c = (c << 6) | (s[i] & 0x3F);
    }
    if ((len == 3 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))) || (len == 4 && (c < 0x10000 || c > 0x10FFFF)))
        return 0;
    *cp = c;
    return len;
}

int utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) { out[0] = (char)cp; return 1; }
    if (cp < 0x800) { out[0] = (char)(0xC0 | cp >> 6); out[1] = (char)(0x80 | (cp & 63)); return 2; }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12); out[1] = (char)(0x80 | (cp >> 6 & 63)); out[2] = (char)(0x80 | (cp & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18); out[1] = (char)(0x80 | (cp >> 12 & 63));
    out[2] = (char)(0x80 | (cp >> 6 & 63)); out[3] = (char)(0x80 | (cp & 63));
    return 4;
}

bool utf8_valid(const char *s, size_t n, size_t *bad_at)
{
    for (size_t i = 0; i < n;) {
        uint64_t eight;                         /* ASCII, eight bytes at a time */
        if (n - i >= sizeof eight && (memcpy(&eight, s + i, sizeof eight), !(eight & 0x8080808080808080u))) {
            i += sizeof eight;
            continue;
        }
        uint32_t cp;
        int len = utf8_decode(s + i, n - i, &cp);
        if (len == 0) {
            if (bad_at) *bad_at = i;
            return false;
        }
        i += (size_t)len;
    }
    return true;
}

static size_t edit_distance(const char *a, const char *b)      /* Levenshtein 1966; words of at most 63 bytes */
{
    size_t n = strlen(a), m = strlen(b), row[64];
    if (n > 63 || m > 63) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t keep = diagonal + (a[i - 1] != b[j - 1]), ins = row[j - 1] + 1, del = row[j] + 1;
            diagonal = row[j];
            row[j] = keep < ins ? (keep < del ? keep : del) : (ins < del ? ins : del);
        }
    }
    return row[m];
}

const char *text_nearest(const char *word, const char *const *words, size_t n_words)
{
    const char *best = NULL;
    size_t      len = strlen(word), least = (len + 5) / 3;
    if (least >= len) least = len - (len > 0);      /* a word all of whose letters change is not near */
    for (size_t i = 0; i < n_words; i++) {
        size_t d = edit_distance(word, words[i]);
        if (d <= least) {
            best = words[i];
            least = d - (d > 0);            /* later words must be strictly nearer */
            if (d == 0) break;
        }
    }
    return best;
}

const char *text_bytes(char buf[32], double bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    size_t u = 0;
    while (bytes >= 1024 && u + 1 < COUNT(units)) { bytes /= 1024; u++; }
    snprintf(buf, 32, bytes < 10 && u > 0 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return buf;
}

const char *text_seconds(char buf[32], double s)
{
    s = fmin(s, 1e8);                       /* a rate of 0 gives infinity */
    if (s < 10) snprintf(buf, 32, "%.1f s", s);
    else if (s < 120) snprintf(buf, 32, "%.0f s", s);
    else if (s < 3600) snprintf(buf, 32, "%dm %02ds", (int)s / 60, (int)s % 60);
    else snprintf(buf, 32, "%dh %02dm", (int)(s / 3600), (int)fmod(s / 60, 60));
    return buf;
}

bool text_match(const char *p, const char *s)
{
    const char *star = NULL, *resume = NULL;
    while (*s) {
        if (*p == '*') { star = p++; resume = s; }
        else if (*p == '?' || *p == *s) { p++; s++; }
        else if (star) { p = star + 1; s = ++resume; }
        else return false;
    }
    while (*p == '*') p++;
    return *p == '\0';
}
