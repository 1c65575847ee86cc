/* data/tokenizer/aligned.c: text that remembers, byte for byte, which bytes of the original it stands for.
 *
 * Alignment is a list of runs, so text that no step changed costs one run however long it is. Steps read one Aligned
 * and write another; what they copy takes its runs along, so that any number of steps in a row leaves places in the
 * original, not in the text of the step before. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

Status spans_add(Spans *s, size_t begin, size_t end)
{
    if (s->n == s->cap) TRY(mem_grow(&s->items, &s->cap, s->n + 1, sizeof *s->items));
    s->items[s->n++] = (Span){ (uint32_t)begin, (uint32_t)end };
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

RunCursor run_cursor_at(const Aligned *text, size_t at)
{
    size_t lo = 0, hi = text->n_runs;             /* the last run that begins at or before `at` */
    while (lo + 1 < hi) {
        size_t mid = (lo + hi) / 2;
        if (text->runs[mid].at <= at) lo = mid;
        else hi = mid;
    }
    return (RunCursor){ text, lo };
}

Span run_cursor_span(RunCursor *c, uint32_t begin, uint32_t end)
{
    const Run *runs = c->text->runs;
    size_t     n = c->text->n_runs;
    while (c->run + 1 < n && runs[c->run + 1].at <= begin) c->run++;
    size_t last = c->run;
    while (last + 1 < n && runs[last + 1].at < end) last++;
    Run a = runs[c->run], b = runs[last];
    return (Span){ a.end == RUN_LINEAR ? a.begin + (begin - a.at) : a.begin,
                   b.end == RUN_LINEAR ? b.begin + (end - b.at) : b.end };
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static Status add_run(Aligned *out, size_t at, uint32_t begin, uint32_t end)
{
    if (out->n_runs == out->cap_runs) TRY(mem_grow(&out->runs, &out->cap_runs, out->n_runs + 1, sizeof *out->runs));
    out->runs[out->n_runs++] = (Run){ (uint32_t)at, begin, end };
    return OK;
}

static Status linear_at(Aligned *out, size_t at, size_t begin)
{
    if (out->n_runs > 0) {
        const Run *last = &out->runs[out->n_runs - 1];
        if (last->end == RUN_LINEAR && at - last->at == begin - last->begin) return OK;
    }
    return add_run(out, at, (uint32_t)begin, RUN_LINEAR);
}

static Status whole_at(Aligned *out, size_t at, Span of)
{
    if (out->n_runs > 0) {
        const Run *last = &out->runs[out->n_runs - 1];
        if (last->end == of.end && last->begin == of.begin) return OK;
    }
    return add_run(out, at, of.begin, of.end);
}

Status aligned_linear(Aligned *out, size_t begin) { return linear_at(out, out->buffer.len, begin); }
Status aligned_whole(Aligned *out, Span of) { return whole_at(out, out->buffer.len, of); }

void aligned_begin(Aligned *out) { out->n_runs = out->buffer.len = 0; }

void aligned_end(Aligned *out)
{
    out->text = out->buffer.data;
    out->n = out->buffer.len;
}

Status aligned_room(Aligned *out, size_t rest)
{
    size_t need = out->buffer.len + rest + ALIGNED_SLACK;
    if (need <= out->buffer.cap) return OK;
    if (need > UINT32_MAX)
        return hint(fail(ERR_DATA, "the normalised text grows beyond 4 GiB"),
                    "split the text, for example at line ends");
    return mem_grow(&out->buffer.data, &out->buffer.cap, need, 1);
}

Status aligned_runs(Aligned *out, RunCursor *from, size_t begin, size_t end)
{
    const Run *runs = from->text->runs;
    size_t     n = from->text->n_runs, to = out->buffer.len;
    if (begin == end) return OK;
    while (from->run + 1 < n && runs[from->run + 1].at <= begin) from->run++;
    for (size_t i = from->run, at = begin;; i++) {
        Run r = runs[i];
        if (r.end == RUN_LINEAR) TRY(linear_at(out, to + (at - begin), r.begin + (at - r.at)));
        else TRY(whole_at(out, to + (at - begin), (Span){ r.begin, r.end }));
        if (i + 1 >= n || runs[i + 1].at >= end) return OK;
        at = runs[i + 1].at;
    }
}

Status aligned_copy(Aligned *out, RunCursor *from, size_t begin, size_t end)
{
    if (begin == end) return OK;
    TRY(aligned_room(out, end - begin));
    TRY(aligned_runs(out, from, begin, end));
    memcpy(out->buffer.data + out->buffer.len, from->text->text + begin, end - begin);
    out->buffer.len += end - begin;
    return OK;
}

Status aligned_put(Aligned *out, const char *bytes, size_t n, Span of)
{
    if (n == 0) return OK;
    TRY(aligned_room(out, n));
    TRY(n == of.end - of.begin ? aligned_linear(out, of.begin) : aligned_whole(out, of));
    memcpy(out->buffer.data + out->buffer.len, bytes, n);
    out->buffer.len += n;
    return OK;
}

Status aligned_of(Aligned *a, const char *original, size_t n, size_t shift)
{
    aligned_begin(a);
    a->text = original;
    a->n = n;
    return aligned_linear(a, shift);
}

/* ---- rewriting --------------------------------------------------------------------------------------------------- */

Status rewriter_begin(Rewriter *w, Scratch *sc)
{
    *w = (Rewriter){ sc, sc->text, scratch_next(sc), run_cursor_at(sc->text, 0), 0 };
    aligned_begin(w->out);
    return aligned_room(w->out, w->in->n);
}

/* What the last character of the old text that is gone stands for; at the start, nothing in front of the piece. */
static Span span_before(Rewriter *w)
{
    if (w->at == 0) return (Span){ w->sc->shift, w->sc->shift };
    return run_cursor_span(&w->cursor, (uint32_t)char_before(w->in->text, w->at), (uint32_t)w->at);
}

static size_t char_after(const Aligned *in, size_t at)
{
    int n;
    if (at < in->n) (void)decode_valid(in->text + at, &n);
    return at < in->n ? at + (size_t)n : at;
}

Status rewriter_put(Rewriter *w, uint32_t cp, int change)
{
    char bytes[4];
    int  n = utf8_encode(cp, bytes);
    Span of;
    if (change > 0 || w->at >= w->in->n) {
        of = span_before(w);
    } else {
        size_t end = char_after(w->in, w->at);
        of = run_cursor_span(&w->cursor, (uint32_t)w->at, (uint32_t)end);
        w->at = end;
        for (; change < 0; change++) w->at = char_after(w->in, w->at);
    }
    return aligned_put(w->out, bytes, (size_t)n, of);
}

Status rewriter_copy(Rewriter *w, size_t end)
{
    TRY(aligned_copy(w->out, &w->cursor, w->at, end));
    w->at = end;
    return OK;
}

Status rewriter_text(Rewriter *w, const char *bytes, size_t n)
{
    if (n == 0) return OK;
    TRY(aligned_room(w->out, n));
    TRY(aligned_whole(w->out, span_before(w)));
    memcpy(w->out->buffer.data + w->out->buffer.len, bytes, n);
    w->out->buffer.len += n;
    return OK;
}

void rewriter_skip(Rewriter *w, size_t end) { w->at = end; }

void rewriter_end(Rewriter *w)
{
    aligned_end(w->out);
    w->sc->text = w->out;
}
