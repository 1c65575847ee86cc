/* data/tokenizer/sentencepiece_normalize.c: text as SentencePiece's normalizer leaves it.
 *
 * At each place the longest user-defined piece stays as it is, else the longest entry of the character map is replaced,
 * else one character stays. Spaces at the ends and repeated ones go (remove_extra_whitespaces), one is put in front or,
 * with treat_whitespace_as_suffix, behind (add_dummy_prefix), and each becomes U+2581 (escape_whitespaces). */
#include "data/tokenizer/sentencepiece.h"

#include <string.h>

#include "core/arena.h"
#include "core/text.h"

typedef struct Writer {
    const Spm *spm;
    Aligned   *out;
    uint32_t   shift;                             /* where the text begins in the original */
    bool       after_space;                       /* another space would be an extra one */
} Writer;

static Status put_space(Writer *w, size_t begin, size_t end)
{
    Span of = { w->shift + (uint32_t)begin, w->shift + (uint32_t)end };
    return w->spm->escape_whitespaces ? aligned_put(w->out, SPM_SPACE, 3, of) : aligned_put(w->out, " ", 1, of);
}

/* What is written for the piece of text at s: `with`, n_with bytes; returns how much of s it takes. */
static size_t next_piece(const Spm *spm, const char *s, size_t n, const char **with, size_t *n_with)
{
    int32_t  id;
    uint32_t cp;
    size_t   len = spm->user_first[(unsigned char)*s] ? spm_user_piece(spm, s, n, &id) : 0;
    if (len == 0 && spm->map) {
        len = charmap_longest(spm->map, s, n, with);
        if (len > 0) {
            *n_with = strlen(*with);
            return len;
        }
    }
    if (len == 0) len = (size_t)utf8_decode(s, n, &cp);
    *with = s;
    *n_with = len;
    return len;
}

/* Bytes that stand for all of `of`, whichever of them a token takes. */
static Status put_whole(Aligned *out, const char *bytes, size_t n, Span of)
{
    if (n == 0) return OK;
    TRY(aligned_room(out, n));
    TRY(aligned_whole(out, of));
    memcpy(out->buffer.data + out->buffer.len, bytes, n);
    out->buffer.len += n;
    return OK;
}

/* Writes `with` for the original [begin, end), spaces escaped, leading ones left out behind a space. */
static Status put(Writer *w, const char *with, size_t n, size_t begin, size_t end)
{
    while (w->after_space && n > 0 && *with == ' ') with++, n--;
    if (n > 0) w->after_space = w->spm->remove_extra_whitespaces && with[n - 1] == ' ';
    while (n > 0) {
        const char *space = memchr(with, ' ', n);
        size_t      part = space ? (size_t)(space - with) : n;
        Span        of = { w->shift + (uint32_t)begin, w->shift + (uint32_t)end };
        TRY(put_whole(w->out, with, part, of));
        if (space) TRY(put_space(w, begin, end));
        with += part + (space != NULL);
        n -= part + (space != NULL);
    }
    return OK;
}

static void trim_end(Writer *w)
{
    Aligned    *out = w->out;
    const char *space = w->spm->escape_whitespaces ? SPM_SPACE : " ";
    size_t      n = strlen(space);
    while (out->buffer.len >= n && memcmp(out->buffer.data + out->buffer.len - n, space, n) == 0) out->buffer.len -= n;
    while (out->n_runs > 0 && out->runs[out->n_runs - 1].at >= out->buffer.len) out->n_runs--;
}

static size_t skip_leading(const Spm *spm, const char *text, size_t n)
{
    size_t at = 0, n_with;
    for (const char *with; at < n;) {
        size_t len = next_piece(spm, text + at, n - at, &with, &n_with);
        if (n_with != 1 || *with != ' ') break;
        at += len;
    }
    return at;
}

Status spm_normalize(const Step *step, Scratch *sc)
{
    const Spm  *spm = step->state;
    const char *text = sc->text->text;
    size_t      n = sc->text->n;
    Writer      w = { spm, scratch_next(sc), sc->shift, spm->remove_extra_whitespaces };
    size_t      at = spm->remove_extra_whitespaces ? skip_leading(spm, text, n) : 0;
    bool        empty = at == n;
    aligned_begin(w.out);
    TRY(aligned_room(w.out, n - at));
    if (!empty && spm->add_dummy_prefix && !spm->treat_whitespace_as_suffix) TRY(put_space(&w, at, at));
    while (at < n) {
        size_t from = at, n_with;
        while (at < n && (unsigned char)text[at] < 0x80 && spm->plain[(unsigned char)text[at]]
               && (at + 1 == n || (unsigned char)text[at + 1] < 0x80))
            at++;
        if (at > from) {
            Span of = { w.shift + (uint32_t)from, w.shift + (uint32_t)at };
            TRY(aligned_put(w.out, text + from, at - from, of));
            w.after_space = false;
            continue;
        }
        const char *with;
        at += next_piece(spm, text + from, n - from, &with, &n_with);
        TRY(put(&w, with, n_with, from, at));
    }
    if (spm->remove_extra_whitespaces) trim_end(&w);
    if (!empty && spm->add_dummy_prefix && spm->treat_whitespace_as_suffix) TRY(put_space(&w, n, n));
    aligned_end(w.out);
    sc->text = w.out;
    return OK;
}
