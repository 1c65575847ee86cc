#include "data/readers/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

enum { KEYS = 256 };                   /* of all objects that are open at once */

typedef struct Span { const char *at; size_t n; } Span;

typedef struct Scan {
    const char  *at, *end;
    JsonMembers *out;
    Span         keys[KEYS];
    int          n_keys;
} Scan;

static void skip_space(Scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')) s->at++;
}

/* ---- strings ---------------------------------------------------------------------------------------------------- */

/* The first byte that is a quote, a backslash or a control character; eight at a time (Mycroft 1987). */
static const char *plain_end(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    for (; end - p >= 8; p += 8) {
        uint64_t x, quote, slash;
        memcpy(&x, p, sizeof x);
        quote = x ^ ones * '"';
        slash = x ^ ones * '\\';
        uint64_t found = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((x - ones * 0x20) & ~x);
        if (found & high) break;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
    return p;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static int hex_unit(const char *p, const char *end)        /* of "\uXXXX" at p; -1: it is not one */
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
    int a = hex_digit(p[2]), b = hex_digit(p[3]), c = hex_digit(p[4]), d = hex_digit(p[5]);
    return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

/* Bytes of the escape at p, its code point in *cp; 0 when it is none, or half a surrogate pair, or NUL. */
static int escape(const char *p, const char *end, uint32_t *cp)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2) return 0;
    const char *letter = p[1] != 'u' ? memchr(letters, p[1], sizeof letters - 1) : NULL;
    if (letter) {
        *cp = (uint32_t)meant[letter - letters];
        return 2;
    }
    int unit = hex_unit(p, end), low;
    if (unit <= 0 || (unit >= 0xDC00 && unit < 0xE000)) return 0;
    *cp = (uint32_t)unit;
    if (unit < 0xD800 || unit >= 0xE000) return 6;
    low = hex_unit(p + 6, end);
    if (low < 0xDC00 || low >= 0xE000) return 0;
    *cp = 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    return 12;
}

static bool scan_string(Scan *s)
{
    if (s->at >= s->end || *s->at != '"') return false;
    for (s->at++;;) {
        uint32_t cp;
        int      n;
        s->at = plain_end(s->at, s->end);
        if (s->at >= s->end || (unsigned char)*s->at < 0x20) return false;
        if (*s->at == '"') {
            s->at++;
            return true;
        }
        if ((n = escape(s->at, s->end, &cp)) == 0) return false;
        s->at += n;
    }
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool scan_value(Scan *s, int depth);

static bool digits(Scan *s)
{
    const char *begin = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') s->at++;
    return s->at > begin;
}

static bool scan_number(Scan *s)                           /* RFC 8259 section 6; the length is core/json.c's limit */
{
    const char *begin = s->at;
    if (*s->at == '-') s->at++;
    const char *whole = s->at;
    if (!digits(s) || (*whole == '0' && s->at > whole + 1)) return false;
    if (s->at < s->end && *s->at == '.' && (s->at++, !digits(s))) return false;
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-')) s->at++;
        if (!digits(s)) return false;
    }
    return s->at - begin <= 60;
}

static bool scan_word(Scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) return false;
    s->at += n;
    return true;
}

/* The key at s->at, which none of this object's (from `first` on) may equal. */
static bool scan_key(Scan *s, int first)
{
    const char *begin = s->at + 1;
    if (!scan_string(s) || s->n_keys >= KEYS) return false;
    Span key = { begin, (size_t)(s->at - 1 - begin) };
    if (memchr(key.at, '\\', key.n)) return false;
    for (int i = first; i < s->n_keys; i++)
        if (s->keys[i].n == key.n && memcmp(s->keys[i].at, key.at, key.n) == 0) return false;
    s->keys[s->n_keys++] = key;
    return true;
}

static bool keep_member(Scan *s, const char *value)
{
    JsonMembers *m = s->out;
    const Span  *key = &s->keys[s->n_keys - 1];
    if (m->n >= JSON_SCAN_MEMBERS) return false;
    m->items[m->n++] = (JsonMember){ key->at, value, key->n, (size_t)(s->at - value) };
    return true;
}

static bool scan_members(Scan *s, int depth)
{
    int first = s->n_keys;
    for (;;) {
        skip_space(s);
        if (!scan_key(s, first)) return false;
        skip_space(s);
        if (s->at >= s->end || *s->at++ != ':') return false;
        skip_space(s);
        const char *value = s->at;
        if (!scan_value(s, depth + 1) || (depth == 0 && !keep_member(s, value))) return false;
        skip_space(s);
        if (s->at >= s->end) return false;
        char c = *s->at++;
        if (c == '}') break;
        if (c != ',') return false;
    }
    s->n_keys = first;
    return true;
}

static bool scan_items(Scan *s, int depth)
{
    for (;;) {
        if (!scan_value(s, depth + 1)) return false;
        skip_space(s);
        if (s->at >= s->end) return false;
        char c = *s->at++;
        if (c == ']') return true;
        if (c != ',') return false;
    }
}

static bool scan_value(Scan *s, int depth)
{
    skip_space(s);
    if (s->at >= s->end || depth > JSON_MAX_DEPTH) return false;
    char c = *s->at;
    if (c == '"') return scan_string(s);
    if (c == '{' || c == '[') {
        if (depth >= JSON_MAX_DEPTH) return false;
        s->at++;
        skip_space(s);
        if (s->at < s->end && *s->at == (c == '{' ? '}' : ']')) {
            s->at++;
            return true;
        }
        return c == '{' ? scan_members(s, depth) : scan_items(s, depth);
    }
    if (c == 't') return scan_word(s, "true");
    if (c == 'f') return scan_word(s, "false");
    if (c == 'n') return scan_word(s, "null");
    return scan_number(s);
}

/* ---- the object ------------------------------------------------------------------------------------------------- */

bool json_scan_object(JsonMembers *out, const char *text, size_t n)
{
    Scan s;                                                /* 4 KiB of keys need no zeros */
    s.at = text;
    s.end = text + n;
    s.out = out;
    s.n_keys = 0;
    out->n = 0;
    skip_space(&s);
    if (s.at >= s.end || *s.at != '{' || !scan_value(&s, 0)) return false;
    skip_space(&s);
    return s.at == s.end;
}

const JsonMember *json_scan_find(const JsonMembers *m, const char *key)
{
    size_t n = strlen(key);
    for (int i = 0; i < m->n; i++)
        if (m->items[i].n_key == n && memcmp(m->items[i].key, key, n) == 0) return &m->items[i];
    return NULL;
}

Status json_scan_string(const JsonMember *m, Text *to)
{
    const char *p = m->value + 1, *end = m->value + m->n_value - 1;
    TRY(mem_grow(&to->data, &to->cap, to->len + m->n_value + 1, 1));      /* escapes are longer than what they mean */
    char *out = to->data + to->len;
    while (p < end) {
        const char *plain = *p == '\\' ? p : memchr(p, '\\', (size_t)(end - p));
        size_t      n = (size_t)((plain ? plain : end) - p);
        uint32_t    cp;
        memcpy(out, p, n);
        out += n;
        p += n;
        if (p >= end) break;
        p += escape(p, end, &cp);
        out += utf8_encode(cp, out);
    }
    *out = '\0';
    to->len = (size_t)(out - to->data);
    return OK;
}
