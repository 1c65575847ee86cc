/* data/tokenizer/normalize_bert.c: BertNormalizer, in the order of the reference: clean_text (drop controls, every
 * white space becomes a space), handle_chinese_chars (a space on both sides), strip_accents (canonical decomposition,
 * then drop Mn), lowercase. strip_accents null does what lowercase says.
 *
 * ASCII goes through a table of 128 bytes; what no step changes is copied; the rest takes the long way, a code point
 * at a time. Decomposition puts combining characters in the order of their classes, so those wait in Marks until the
 * next character that is not combining. The reference hands the places of the original out in order of appearance, not
 * by character: after reordering, the first mark in the new order stands for the first mark in the old one. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

/* ---- BertNormalizer, a code point at a time ---------------------------------------------------------------------- */

enum { DROP = 0x80 };                             /* in BertNormalizer.ascii */

typedef struct Work {
    const BertNormalizer *bert;
    Aligned              *norm;
    Marks                *marks;
    Span                  last;                   /* the source handed out last */
} Work;

static void write_code_point(Aligned *norm, uint32_t cp)
{
    norm->buffer.len += (size_t)utf8_encode(cp, norm->buffer.data + norm->buffer.len);
}

static Status emit(Work *w, uint32_t cp, Span from)
{
    uint32_t lower[2] = { cp };
    int      n = w->bert->lowercase ? unicode_lower(cp, lower) : 1;
    char     bytes[4];
    for (int i = 0; i < n; i++) {
        bool as_long = utf8_encode(lower[i], bytes) == (int)(from.end - from.begin);
        TRY(as_long ? aligned_linear(w->norm, from.begin) : aligned_whole(w->norm, from));
        write_code_point(w->norm, lower[i]);
    }
    return OK;
}

static int compare_marks(const void *a, const void *b)
{
    uint64_t x = ((const Mark *)a)->order, y = ((const Mark *)b)->order;
    return (x > y) - (x < y);
}

static Status flush_marks(Work *w, size_t rest)
{
    Marks *m = w->marks;
    size_t n = m->n, source = 0;
    m->n = 0;
    for (size_t i = 1; i < n; i++)
        if (m->items[i].order < m->items[i - 1].order) {
            qsort(m->items, n, sizeof *m->items, compare_marks);
            break;
        }
    for (size_t i = 0; i < n; i++) {
        if (m->items[i].change == REWRITE_REPLACE) w->last = m->sources.items[source++];
        if (unicode_flags(m->items[i].cp) & UNICODE_MARK) continue;
        TRY(aligned_room(w->norm, rest));
        TRY(emit(w, m->items[i].cp, w->last));
    }
    m->sources.n = 0;
    return OK;
}

static Status add_mark(Work *w, uint32_t cp, int class, bool added, Span from)
{
    Marks *m = w->marks;
    if (!added) TRY(spans_add(&m->sources, from.begin, from.end));
    TRY(mem_grow(&m->items, &m->cap, m->n + 1, sizeof *m->items));
    m->items[m->n] = (Mark){ (uint64_t)class << 32 | m->n, cp, added ? REWRITE_NEW : REWRITE_REPLACE };
    m->n++;
    return OK;
}

static Status decompose(Work *w, uint32_t cp, Span from, size_t rest)
{
    uint32_t parts[UNICODE_MAX_DECOMPOSITION];
    int      n = unicode_decompose(cp, parts);
    for (int i = 0; i < n; i++) {
        int class = unicode_combining_class(parts[i]);
        if (class > 0) {
            TRY(add_mark(w, parts[i], class, i > 0, from));
            continue;
        }
        TRY(flush_marks(w, rest));
        w->last = from;
        if (unicode_flags(parts[i]) & UNICODE_MARK) continue;
        TRY(aligned_room(w->norm, rest));
        TRY(emit(w, parts[i], from));
    }
    return OK;
}

static Status put_space(Work *w, Span from, size_t rest)
{
    TRY(flush_marks(w, rest));
    TRY(aligned_room(w->norm, rest));
    w->last = from;
    return emit(w, ' ', from);
}

static Status put_code_point(Work *w, uint32_t cp, unsigned flags, Span from, size_t rest)
{
    const BertNormalizer *b = w->bert;
    if (b->clean_text) {
        if (flags & UNICODE_REMOVED) return OK;
        if (flags & UNICODE_SPACE) return put_space(w, from, rest);
    }
    bool apart = b->handle_chinese_chars && (flags & UNICODE_CHINESE);
    if (apart) TRY(put_space(w, from, rest));
    TRY(aligned_room(w->norm, rest));
    TRY(b->strip_accents ? decompose(w, cp, from, rest) : emit(w, cp, from));
    return apart ? put_space(w, from, rest) : OK;
}

/* ---- BertNormalizer, the common characters ----------------------------------------------------------------------- */

/* Copies from text[i) while characters stay as long as they are; returns where that ends. */
static size_t copy_plain(const BertNormalizer *b, const uint8_t *flat, const unsigned char *text, size_t i, size_t n,
                         Text *out)
{
    char *to = out->data + out->len, *start = to;
    while (i < n) {
        unsigned char c = text[i];
        if (c < 0x80) {
            if (b->ascii[c] == DROP) break;
            *to++ = (char)b->ascii[c];
            i++;
            continue;
        }
        int      len;
        uint32_t cp = decode_valid((const char *)text + i, &len);
        if (cp >= UNICODE_FLAT || (flat[cp] & ~(unsigned)UNICODE_PUNCT)) break;
        if (n - i >= 4) memcpy(to, text + i, 4);  /* one store; ALIGNED_SLACK has room for it */
        else memcpy(to, text + i, (size_t)len);
        to += len;
        i += (size_t)len;
    }
    out->len += (size_t)(to - start);
    return i;
}

/* A character that copy_plain stops at. */
static Status put_other(Work *w, const uint8_t *flat, const unsigned char *text, size_t i, size_t n, RunCursor *cursor,
                        int *len)
{
    uint32_t cp = text[i];
    *len = 1;
    if (cp < 0x80) return OK;                     /* dropped; marks around it become neighbours */
    cp = decode_valid((const char *)text + i, len);
    unsigned flags = cp < UNICODE_FLAT ? flat[cp] : unicode_flags(cp);
    Span     from = run_cursor_span(cursor, (uint32_t)i, (uint32_t)i + (uint32_t)*len);
    if (flags != UNICODE_CHINESE || !w->bert->handle_chinese_chars) return put_code_point(w, cp, flags, from, n - i);

    if (w->marks->n > 0) TRY(flush_marks(w, n - i));
    TRY(aligned_room(w->norm, n - i));
    TRY(aligned_whole(w->norm, from));
    char *to = w->norm->buffer.data + w->norm->buffer.len;
    *to++ = ' ';
    memcpy(to, text + i, (size_t)*len);
    to[*len] = ' ';
    w->norm->buffer.len += (size_t)*len + 2;
    return OK;
}

static bool is_plain(const BertNormalizer *b, const uint8_t *flat, const unsigned char *s)
{
    if (*s < 0x80) return b->ascii[*s] != DROP;
    int      len;
    uint32_t cp = decode_valid((const char *)s, &len);
    return cp < UNICODE_FLAT && !(flat[cp] & ~(unsigned)UNICODE_PUNCT);
}

static Status bert_normalize(const Step *step, Scratch *sc)
{
    const BertNormalizer *b = step->state;
    const Aligned        *in = sc->text;
    const unsigned char  *text = (const unsigned char *)in->text;
    const uint8_t        *flat = unicode_flat();
    Aligned              *norm = scratch_next(sc);
    RunCursor             cursor = run_cursor_at(in, 0);
    Work                  w = { b, norm, &sc->marks, { 0, 0 } };
    aligned_begin(norm);
    sc->marks.n = sc->marks.sources.n = 0;
    TRY(aligned_room(norm, in->n));
    for (size_t i = 0, from; i < in->n;) {
        int len;
        if (is_plain(b, flat, text + i)) {
            if (sc->marks.n > 0) TRY(flush_marks(&w, in->n - i));
            from = i;
            size_t at = norm->buffer.len;
            i = copy_plain(b, flat, text, i, in->n, &norm->buffer);
            norm->buffer.len = at;                /* the alignment is written at the place where the bytes began */
            TRY(aligned_runs(norm, &cursor, from, i));
            norm->buffer.len += i - from;
        } else {
            TRY(put_other(&w, flat, text, i, in->n, &cursor, &len));
            i += (size_t)len;
        }
    }
    TRY(flush_marks(&w, 0));
    aligned_end(norm);
    sc->text = norm;
    return OK;
}

Status normalizer_bert_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    BertNormalizer *b = &t->bert, *state;
    TRY(json_get_bool(&b->clean_text, json, "clean_text", true, name));
    TRY(json_get_bool(&b->handle_chinese_chars, json, "handle_chinese_chars", true, name));
    TRY(json_get_bool(&b->lowercase, json, "lowercase", true, name));
    TRY(json_get_bool(&b->strip_accents, json, "strip_accents", b->lowercase, name));
    for (int c = 0; c < 128; c++) {
        bool space = c == '\t' || c == '\n' || c == '\r';
        b->ascii[c] = (uint8_t)c;
        if (b->lowercase && c >= 'A' && c <= 'Z') b->ascii[c] = (uint8_t)(c + 32);
        if (b->clean_text && (c < 32 || c == 127)) b->ascii[c] = space ? ' ' : DROP;
    }
    TRY(mem_new(&state, 1, sizeof *state));
    *state = *b;
    return steps_add(&t->normalizers, (Step){ bert_normalize, state, NULL });
}
