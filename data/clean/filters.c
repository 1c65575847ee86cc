/* data/clean/filters.c: texts that are left out for their length or their script. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "data/clean/clean_internal.h"

Status limit_parse(Step *s, const char *argument)
{
    char *end;
    errno = 0;
    s->limit = strtoll(argument, &end, 10);
    if (errno || end == argument || *end || s->limit < 0)
        return hint(fail(ERR_CONFIG, "%s: %s needs a whole number, not \"%s\"", s->where, s->def->name, argument),
                    "for example \"%s:10\"", s->def->name);
    return OK;
}

static int64_t count_chars(const char *text, size_t n)
{
    int64_t count = 0;
    for (size_t i = 0; i < n; i++) count += (text[i] & 0xC0) != 0x80;
    return count;
}

Status min_chars_run(const Step *s, StepWork *w)
{
    w->drop = count_chars(w->rewrite.text, w->rewrite.n) < s->limit;
    return OK;
}

Status max_chars_run(const Step *s, StepWork *w)
{
    w->drop = count_chars(w->rewrite.text, w->rewrite.n) > s->limit;
    return OK;
}

/* Words, but no further than `enough`. */
static Status count_words(StepWork *w, int64_t enough, int64_t *count)
{
    Segment s = { 0 };
    *count = 0;
    TRY(segmenter_start(&w->segmenter, w->rewrite.text, w->rewrite.n));
    while (*count < enough && segmenter_next(&w->segmenter, &s)) *count += s.word;
    return OK;
}

Status min_words_run(const Step *s, StepWork *w)
{
    int64_t count;
    TRY(count_words(w, s->limit, &count));
    w->drop = count < s->limit;
    return OK;
}

Status max_words_run(const Step *s, StepWork *w)
{
    int64_t count;
    TRY(count_words(w, s->limit == INT64_MAX ? s->limit : s->limit + 1, &count));
    w->drop = count > s->limit;
    return OK;
}

/* ---- scripts ----------------------------------------------------------------------------------------------------- */

static Status add_script(Step *s, const char *name, size_t n)
{
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), name);
    int32_t code = n < sizeof word ? u_getPropertyValueEnum(UCHAR_SCRIPT, word) : UCHAR_INVALID_CODE;
    if (code < 0 || code >= 64 * (int)COUNT(s->scripts)) {
        static const char *const usual[] = { "Latin", "Han", "Hiragana", "Katakana", "Hangul", "Cyrillic", "Greek",
                                             "Arabic",
                                             "Hebrew", "Devanagari", "Thai" };
        const char *near = text_nearest(word, usual, COUNT(usual));
        return hint(fail(ERR_CONFIG, "%s: \"%s\" is not the name of a script", s->where, word), "did you mean %s?",
                    near ? near : "Latin or Han");
    }
    s->scripts[code / 64] |= (uint64_t)1 << (code % 64);
    return OK;
}

/* "Latin,Han" or "Latin,Han:0.8": the share of the letters that must be of these scripts. */
Status script_parse(Step *s, const char *argument)
{
    const char *colon = strchr(argument, ':'), *end = colon ? colon : argument + strlen(argument);
    s->share = 0.9;
    if (colon) {
        char *rest;
        s->share = strtod(colon + 1, &rest);
        if (rest == colon + 1 || *rest || !(s->share > 0 && s->share <= 1))
            return hint(fail(ERR_CONFIG, "%s: the share \"%s\" is not above 0 and at most 1", s->where, colon + 1),
                        "for example \"script:Latin:0.8\"");
    }
    for (const char *name = argument; name <= end;) {
        const char *comma = memchr(name, ',', (size_t)(end - name));
        if (!comma) comma = end;
        TRY(add_script(s, name, (size_t)(comma - name)));
        name = comma + 1;
    }
    return OK;
}

/* A text without letters has no script, and goes. */
Status script_run(const Step *s, StepWork *w)
{
    const char *text = w->rewrite.text;
    int64_t     letters = 0, wanted = 0;
    for (size_t i = 0; i < w->rewrite.n;) {
        uint32_t cp;
        i += (size_t)utf8_decode(text + i, w->rewrite.n - i, &cp);
        if (!u_isalpha((UChar32)cp)) continue;
        UErrorCode e = U_ZERO_ERROR;
        int        code = uscript_getScript((UChar32)cp, &e);
        if (code <= USCRIPT_INHERITED || code >= 64 * (int)COUNT(s->scripts)) continue;
        letters++;
        wanted += s->scripts[code / 64] >> (code % 64) & 1;
    }
    w->drop = letters == 0 || (double)wanted < s->share * (double)letters;
    return OK;
}
