#include "data/clean/segment.h"

#include <stdint.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include "data/clean/clean_internal.h"

static Status icu_failed(UErrorCode e, const char *what)
{
    if (e == U_MEMORY_ALLOCATION_ERROR) return fail(ERR_MEMORY, "no memory for ICU's %s", what);
    return hint(fail(ERR_STATE, "ICU gives no %s: %s", what, u_errorName(e)), "is ICU's data (libicu) complete?");
}

Status segmenter_start(Segmenter *g, const char *text, size_t n)
{
    UErrorCode e = U_ZERO_ERROR;
    if (n > INT32_MAX) return fail(ERR_DATA, "a text of %zu bytes is too long to be cut into words", n);
    if (!g->breaks) {
        g->breaks = ubrk_open(UBRK_WORD, "", NULL, 0, &e);
        if (U_FAILURE(e)) {
            g->breaks = NULL;
            return icu_failed(e, "word breaks");
        }
    }
    UText *u = utext_openUTF8(g->text, text, (int64_t)n, &e);
    if (U_FAILURE(e)) return icu_failed(e, "text access");
    g->text = u;
    ubrk_setUText(g->breaks, u, &e);
    return U_FAILURE(e) ? icu_failed(e, "word breaks") : OK;
}

bool segmenter_next(Segmenter *g, Segment *s)
{
    int32_t end = ubrk_next(g->breaks);
    if (end == UBRK_DONE) return false;
    int32_t kind = ubrk_getRuleStatus(g->breaks);
    *s = (Segment){ s->end, (size_t)end, kind >= UBRK_WORD_NONE_LIMIT, kind >= UBRK_WORD_KANA };
    return true;
}

void segmenter_release(Segmenter *g)
{
    if (g->breaks) ubrk_close(g->breaks);
    if (g->text) utext_close(g->text);
    *g = (Segmenter){ 0 };
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

/* Chinese and Japanese scripts begin at U+3000, but for rare radicals: their first byte is E3 or more. */
static bool may_be_ideographic(const char *s, size_t n)
{
    for (size_t i = ascii_run(s, n); i < n; i++)
        if ((unsigned char)s[i] >= 0xE3) return true;
    return false;
}

static bool ends_in_space(const char *text, Segment s)
{
    unsigned char last = (unsigned char)text[s.end - 1];
    if (s.word) return false;
    return last <= ' ' || (s.end - s.begin >= 3 && memcmp(text + s.end - 3, "\xE3\x80\x80", 3) == 0);      /* U+3000 */
}

/* A space at every border of a Chinese or Japanese word that has none. */
Status segment_run(const Step *step, StepWork *w)
{
    (void)step;
    Rewrite *r = &w->rewrite;
    Segment  before = { 0 }, s = { 0 };
    if (!may_be_ideographic(r->text, r->n)) return OK;
    TRY(segmenter_start(&w->segmenter, r->text, r->n));
    while (segmenter_next(&w->segmenter, &s)) {
        bool border = s.begin > 0 && (s.ideographic || before.ideographic);
        if (border && !ends_in_space(r->text, before) && !ends_in_space(r->text, s))
            TRY(rewrite_replace(r, s.begin, s.begin, " ", 1));
        before = s;
    }
    return OK;
}
