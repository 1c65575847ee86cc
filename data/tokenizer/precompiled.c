/* data/tokenizer/precompiled.c: the Precompiled normalizer, SentencePiece's character map.
 *
 * The map is a double array (Aoe 1989; the layout is that of darts-clone: label in the low byte, "has leaf" in bit 8,
 * offset from bit 10 on, shifted by 8 more where bit 9 is set) and a pool of NUL-terminated replacements; a leaf holds
 * the replacement's place in the pool. The reference goes through the text by grapheme clusters: one of less than six
 * bytes is replaced as a whole, by what its shortest prefix in the map becomes; any other character by character.
 * Where a replacement is empty its characters are swallowed by what was written last, and at the very start by nobody,
 * so that alignment runs behind from there on, as in the reference.
 *
 * DEBT: clusters that hang together by hangul or Indic conjuncts, all longer than five bytes, are seen as several;
 * it shows only where such a piece with a mark of two bytes has an entry of its own. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

enum { MAX_CLUSTER = 5 };                         /* bytes of a cluster that is replaced as a whole */

typedef struct CharMap {
    uint32_t *units;
    size_t    n_units;
    char     *pool;
    size_t    n_pool;
    bool      starts[256];                        /* some key begins with this byte */
} CharMap;

/* ---- looking up -------------------------------------------------------------------------------------------------- */

static uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 1u << 9) >> 6); }

/* The replacement of the shortest key that key[0..n) begins with; NULL: none. */
static const char *find(const CharMap *m, const char *key, size_t n)
{
    if (!m->starts[(unsigned char)key[0]]) return NULL;
    uint32_t at = offset_of(m->units[0]);
    for (size_t i = 0; i < n && key[i]; i++) {
        unsigned char c = (unsigned char)key[i];
        at ^= c;
        if (at >= m->n_units || (m->units[at] & (1u << 31 | 0xFF)) != c) return NULL;
        uint32_t unit = m->units[at];
        at ^= offset_of(unit);
        if (!(unit >> 8 & 1)) continue;
        if (at >= m->n_units) return NULL;
        uint32_t place = m->units[at] & ~(1u << 31);
        if (place > m->n_pool || (place < m->n_pool && ((unsigned char)m->pool[place] & 0xC0) == 0x80)) return NULL;
        return m->pool + place;                   /* the pool ends in NUL */
    }
    return NULL;
}

/* Where the grapheme cluster at `at` ends. */
static size_t cluster_end(const char *text, size_t at, size_t n)
{
    int      len;
    uint32_t cp = decode_valid(text + at, &len);
    size_t   end = at + (size_t)len;
    if (cp == '\r') return end < n && text[end] == '\n' ? end + 1 : end;
    if (end == n || (cp < 0x80 && (unsigned char)text[end] < 0x80)) return end;
    Grapheme class = unicode_grapheme(cp);
    if (class == GRAPHEME_CONTROL) return end;
    bool emoji = class == GRAPHEME_EMOJI, prepends = class == GRAPHEME_PREPEND;
    while (end < n) {
        uint32_t before = cp;
        cp = decode_valid(text + end, &len);
        class = cp < 0x300 && cp != 0xA9 && cp != 0xAE && !prepends ? GRAPHEME_OTHER : unicode_grapheme(cp);
        bool joins = class == GRAPHEME_JOINS || (emoji && before == 0x200D && class == GRAPHEME_EMOJI)
                     || (prepends && class != GRAPHEME_CONTROL);
        if (!joins) return end;
        if (class != GRAPHEME_JOINS) prepends = class == GRAPHEME_PREPEND;
        else prepends = false;
        end += (size_t)len;
    }
    return end;
}

/* ---- rewriting --------------------------------------------------------------------------------------------------- */

typedef struct Mapper {
    Scratch *sc;
    Rewriter w;
    bool     begun, has_last;
    size_t   plain, end;               /* characters that stay and are not written yet: [plain, end) */
    uint32_t last;                     /* the last character, whose change may still grow */
    int      last_change;
} Mapper;

static Status write_last(Mapper *m)
{
    if (!m->has_last) return OK;
    m->has_last = false;
    return rewriter_put(&m->w, m->last, m->last_change);
}

static Status push(Mapper *m, uint32_t cp, int change)
{
    TRY(write_last(m));
    m->has_last = true;
    m->last = cp;
    m->last_change = change;
    return OK;
}

/* Writes what stays, but for its last character, which becomes m->last. */
static Status write_plain(Mapper *m)
{
    const char *text = m->w.in->text;
    int         n;
    if (m->plain == m->end) return OK;
    size_t last = char_before(text, m->end);
    TRY(write_last(m));
    if (m->w.at == m->plain) TRY(rewriter_copy(&m->w, last));
    else
        for (size_t i = m->plain; i < last; i += (size_t)n) TRY(rewriter_put(&m->w, decode_valid(text + i, &n), 0));
    TRY(push(m, decode_valid(text + last, &n), 0));
    m->plain = m->end;
    return OK;
}

static size_t count_chars(const char *s, size_t n)
{
    size_t chars = 0;
    for (size_t i = 0; i < n; i++) chars += ((unsigned char)s[i] & 0xC0) != 0x80;
    return chars;
}

static Status replace(Mapper *m, size_t begin, size_t end, const char *with)
{
    int written = 0, len, old;
    if (!m->begun) TRY(rewriter_begin(&m->w, m->sc));
    m->begun = true;
    m->end = begin;
    TRY(write_plain(m));
    old = (int)count_chars(m->w.in->text + begin, end - begin);
    for (; *with; with += len, written++)
        TRY(push(m, decode_valid(with, &len), written < old ? REWRITE_REPLACE : REWRITE_NEW));
    if (written < old && m->has_last) m->last_change -= old - written;
    m->plain = end;
    return OK;
}

static Status map_chars(Mapper *m, const CharMap *map, const char *text, size_t begin, size_t end)
{
    int n;
    for (size_t i = begin; i < end; i += (size_t)n) {
        (void)decode_valid(text + i, &n);
        const char *with = find(map, text + i, (size_t)n);
        if (with) TRY(replace(m, i, i + (size_t)n, with));
    }
    return OK;
}

static Status run(const Step *step, Scratch *sc)
{
    const CharMap *map = step->state;
    const Aligned *in = sc->text;
    Mapper         m = { .sc = sc };
    for (size_t i = 0, end; i < in->n; i = end) {
        unsigned char c = (unsigned char)in->text[i];
        if (c < 0x80 && c != '\r' && !map->starts[c] && (i + 1 == in->n || (unsigned char)in->text[i + 1] < 0x80)) {
            end = i + 1;
            continue;
        }
        end = cluster_end(in->text, i, in->n);
        const char *with = end - i <= MAX_CLUSTER ? find(map, in->text + i, end - i) : NULL;
        if (with) TRY(replace(&m, i, end, with));
        else TRY(map_chars(&m, map, in->text, i, end));
    }
    if (!m.begun) return OK;
    m.end = in->n;
    TRY(write_plain(&m));
    TRY(write_last(&m));
    rewriter_end(&m.w);
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static Status base64_decode(unsigned char *out, size_t *n_out, const char *text, size_t n, const char *name)
{
    size_t   used = 0;
    uint32_t bits = 0;
    int      n_bits = 0;
    size_t   end = n;
    while (end > 0 && n - end < 2 && text[end - 1] == '=') end--;
    for (size_t i = 0; i < end; i++) {
        int v = base64_value(text[i]);
        if (v < 0) return fail(ERR_FORMAT, "%s: precompiled_charsmap: character %zu is not base64", name, i);
        bits = bits << 6 | (uint32_t)v;
        n_bits += 6;
        if (n_bits < 8) continue;
        n_bits -= 8;
        out[used++] = (unsigned char)(bits >> n_bits);
    }
    *n_out = used;
    return n % 4 == 0 ? OK : fail(ERR_FORMAT, "%s: precompiled_charsmap: %zu characters are no base64", name, n);
}

static uint32_t load_le(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static Status read_map(CharMap *m, const unsigned char *blob, size_t n, const char *name)
{
    size_t bad = 0;
    if (n < 8) return fail(ERR_FORMAT, "%s: precompiled_charsmap holds %zu bytes, too few for a map", name, n);
    m->n_units = load_le(blob) / 4;
    if (m->n_units == 0 || m->n_units > (n - 4) / 4)
        return fail(ERR_FORMAT, "%s: precompiled_charsmap: a trie of %zu units in %zu bytes", name, m->n_units, n);
    m->n_pool = n - 4 - 4 * m->n_units;
    TRY(mem_new(&m->units, m->n_units, sizeof *m->units));
    TRY(mem_new(&m->pool, m->n_pool + 1, 1));
    for (size_t i = 0; i < m->n_units; i++) m->units[i] = load_le(blob + 4 + 4 * i);
    if (m->n_pool) memcpy(m->pool, blob + 4 + 4 * m->n_units, m->n_pool);
    if (!utf8_valid(m->pool, m->n_pool, &bad))
        return fail(ERR_FORMAT, "%s: precompiled_charsmap: byte %zu of the replacements is not UTF-8", name, bad);
    for (unsigned c = 1; c < 256; c++) {
        uint32_t at = offset_of(m->units[0]) ^ c;
        m->starts[c] = at < m->n_units && (m->units[at] & (1u << 31 | 0xFF)) == c;
    }
    return OK;
}

static void map_release(void *state)
{
    CharMap *m = state;
    free(m->units);
    free(m->pool);
    free(m);
}

Status normalizer_precompiled_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const char    *text;
    unsigned char *blob = NULL;
    CharMap       *map;
    size_t         n = 0;
    TRY(json_get_string(&text, json, "precompiled_charsmap", "", name));
    TRY(mem_new(&map, 1, sizeof *map));
    Status s = mem_new(&blob, strlen(text) / 4 * 3 + 4, 1);
    if (s == OK) s = base64_decode(blob, &n, text, strlen(text), name);
    if (s == OK) s = read_map(map, blob, n, name);
    free(blob);
    if (s == OK) return steps_add(&t->normalizers, (Step){ run, map, map_release });
    map_release(map);
    return s;
}
