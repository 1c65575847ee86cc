/* data/tokenizer/pretokenize_split.c: those that cut at what a pattern or a class of characters matches: Split,
 * CharDelimiterSplit, Punctuation, Digits, WhitespaceSplit; and Whitespace, whose words are \w+|[^\w\s]+.
 *
 * A word is a row of stretches that match and that do not; the behaviour says which of them disappear and which grow
 * together, and empty words are dropped at the end. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

/* ---- behaviours -------------------------------------------------------------------------------------------------- */

typedef enum Behavior { REMOVED, ISOLATED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT, CONTIGUOUS, N_BEHAVIORS } Behavior;
static const char *const behaviors[N_BEHAVIORS] = {
    "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous",
};

typedef struct Cutter {
    Spans   *out;
    Behavior behavior;
    Span     held;                     /* a word that may still grow */
    bool     holds, before;            /* before: the stretch before this one matched */
} Cutter;

static Status give(Cutter *c, Span s) { return s.end > s.begin ? spans_add(c->out, s.begin, s.end) : OK; }

static Status hold(Cutter *c, Span s)
{
    if (c->holds) TRY(give(c, c->held));
    c->held = s;
    c->holds = true;
    return OK;
}

/* Stretches come in order and without gaps. */
static Status cut(Cutter *c, size_t begin, size_t end, bool is_match)
{
    Span s = { (uint32_t)begin, (uint32_t)end };
    bool before = c->before, grows;
    c->before = is_match;
    if (c->behavior == REMOVED) return is_match ? OK : give(c, s);
    if (c->behavior == ISOLATED) return give(c, s);
    if (c->behavior == MERGED_WITH_PREVIOUS) grows = is_match && !before;
    else if (c->behavior == MERGED_WITH_NEXT) grows = !is_match && before;
    else grows = is_match == before;
    if (!grows || !c->holds) return hold(c, s);
    c->held.end = s.end;
    return OK;
}

static Status finish(Cutter *c) { return c->holds ? give(c, c->held) : OK; }

static Status behavior_parse(Behavior *out, const cJSON *json, const char *fallback, const char *name)
{
    const char *text;
    TRY(json_get_string(&text, json, "behavior", fallback, name));
    for (int i = 0; text && i < N_BEHAVIORS; i++)
        if (strcmp(text, behaviors[i]) == 0) {
            *out = (Behavior)i;
            return OK;
        }
    return fail(ERR_FORMAT, "%s: the behavior \"%.40s\" is none of Removed, Isolated, MergedWithPrevious, "
                "MergedWithNext, Contiguous", name, text ? text : "");
}

/* ---- Split ------------------------------------------------------------------------------------------------------- */

typedef struct Split { Pattern *pattern; Behavior behavior; bool invert; } Split;

static void split_release(void *state)
{
    Split *s = state;
    pattern_free(s->pattern);
    free(s);
}

static Status split_word(const Split *s, Scratch *sc, Span word)
{
    const char *text = sc->text->text + word.begin;
    size_t      n = word.end - word.begin, done = 0;
    Cutter      c = { .out = &sc->next_words, .behavior = s->behavior };
    PatternIter iter = { 0 };
    Span        m;
    bool        found;
    for (;;) {
        TRY(pattern_next(s->pattern, sc, text, n, &iter, &m, &found));
        if (!found) break;
        if (m.begin > done) TRY(cut(&c, word.begin + done, word.begin + m.begin, s->invert));
        TRY(cut(&c, word.begin + m.begin, word.begin + m.end, !s->invert));
        done = m.end;
    }
    if (done < n) TRY(cut(&c, word.begin + done, word.end, s->invert));
    return finish(&c);
}

/* A pattern that covers everything, each match a word. */
static Status scan_words(ScanFn scan, Scratch *sc)
{
    for (size_t i = 0; i < sc->words.n; i++) {
        Span        w = sc->words.items[i];
        const char *text = sc->text->text + w.begin;
        size_t      n = w.end - w.begin;
        for (size_t at = 0, end; at < n; at = end) {
            end = scan(text, at, n);
            TRY(spans_add(&sc->next_words, w.begin + at, w.begin + end));
        }
    }
    return OK;
}

static Status split(const Step *step, Scratch *sc)
{
    const Split *s = step->state;
    ScanFn       scan = pattern_scan(s->pattern);
    sc->next_words.n = 0;
    if (scan && (s->behavior == ISOLATED || (s->behavior == REMOVED && s->invert))) {
        TRY(scan_words(scan, sc));
    } else {
        for (size_t i = 0; i < sc->words.n; i++) TRY(split_word(s, sc, sc->words.items[i]));
    }
    scratch_take_words(sc);
    return OK;
}

Status pre_tokenizer_split_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    Split *state;
    TRY(mem_new(&state, 1, sizeof *state));
    Status s = behavior_parse(&state->behavior, json, NULL, name);
    if (s == OK) s = json_get_bool(&state->invert, json, "invert", false, name);
    if (s == OK) s = pattern_parse(&state->pattern, json_get(json, "pattern"), name, "Split");
    if (s == OK) return steps_add(&t->pre_tokenizers, (Step){ split, state, split_release });
    split_release(state);
    return s;
}

/* ---- classes of characters --------------------------------------------------------------------------------------- */

typedef struct ClassSplit {
    Behavior behavior;
    uint32_t delimiter;                /* of CharDelimiterSplit */
    bool     ascii[128];
    bool   (*is_match)(const struct ClassSplit *s, uint32_t cp);
} ClassSplit;

static bool is_delimiter(const ClassSplit *s, uint32_t cp) { return cp == s->delimiter; }
static bool is_punct(const ClassSplit *s, uint32_t cp) { return (void)s, unicode_flags(cp) & UNICODE_PUNCT; }
static bool is_blank(const ClassSplit *s, uint32_t cp) { return (void)s, unicode_sets(cp) & UNICODE_BLANK; }
static bool is_numeric(const ClassSplit *s, uint32_t cp) { return (void)s, unicode_sets(cp) & UNICODE_NUMERIC; }

static Status class_word(const ClassSplit *s, Scratch *sc, Span word)
{
    const char *text = sc->text->text;
    Cutter      c = { .out = &sc->next_words, .behavior = s->behavior };
    size_t      done = word.begin;
    for (size_t i = word.begin; i < word.end;) {
        unsigned char byte = (unsigned char)text[i];
        int           n = 1;
        if (byte < 0x80 ? !s->ascii[byte] : !s->is_match(s, decode_valid(text + i, &n))) {
            i += (size_t)n;
            continue;
        }
        if (i > done) TRY(cut(&c, done, i, false));
        TRY(cut(&c, i, i + (size_t)n, true));
        done = i += (size_t)n;
    }
    if (done < word.end) TRY(cut(&c, done, word.end, false));
    return finish(&c);
}

static Status class_split(const Step *step, Scratch *sc)
{
    sc->next_words.n = 0;
    for (size_t i = 0; i < sc->words.n; i++) TRY(class_word(step->state, sc, sc->words.items[i]));
    scratch_take_words(sc);
    return OK;
}

static Status add_class(Tokenizer *t, ClassSplit one)
{
    ClassSplit *state;
    TRY(mem_new(&state, 1, sizeof *state));
    for (uint32_t c = 0; c < 128; c++) one.ascii[c] = one.is_match(&one, c);
    *state = one;
    return steps_add(&t->pre_tokenizers, (Step){ class_split, state, NULL });
}

Status pre_tokenizer_punctuation_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    ClassSplit one = { .is_match = is_punct };
    TRY(behavior_parse(&one.behavior, json, "Isolated", name));
    return add_class(t, one);
}

Status pre_tokenizer_digits_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    bool each;
    TRY(json_get_bool(&each, json, "individual_digits", false, name));
    return add_class(t, (ClassSplit){ .is_match = is_numeric, .behavior = each ? ISOLATED : CONTIGUOUS });
}

Status pre_tokenizer_whitespace_split_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_class(t, (ClassSplit){ .is_match = is_blank, .behavior = REMOVED });
}

Status pre_tokenizer_delimiter_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const char *text;
    int         n = 0;
    TRY(json_get_string(&text, json, "delimiter", "", name));
    uint32_t cp = *text ? decode_valid(text, &n) : 0;
    if (n == 0 || text[n]) return fail(ERR_FORMAT, "%s: the delimiter \"%.40s\" is not one character", name, text);
    return add_class(t, (ClassSplit){ .is_match = is_delimiter, .delimiter = cp, .behavior = REMOVED });
}

/* ---- Whitespace -------------------------------------------------------------------------------------------------- */

static Status whitespace(const Step *step, Scratch *sc)
{
    (void)step;
    const uint8_t *flat = unicode_flat_sets();
    const char    *text = sc->text->text;
    sc->next_words.n = 0;
    for (size_t k = 0; k < sc->words.n; k++) {
        Span     word = sc->words.items[k];
        size_t   from = word.begin;
        unsigned before = UNICODE_BLANK;
        for (size_t i = word.begin; i < word.end;) {
            int      n;
            uint32_t cp = decode_valid(text + i, &n);
            unsigned class = (cp < UNICODE_FLAT ? flat[cp] : unicode_sets(cp)) & (UNICODE_WORD | UNICODE_BLANK);
            if (class != before) {
                if (before != UNICODE_BLANK) TRY(spans_add(&sc->next_words, from, i));
                from = i;
                before = class;
            }
            i += (size_t)n;
        }
        if (before != UNICODE_BLANK) TRY(spans_add(&sc->next_words, from, word.end));
    }
    scratch_take_words(sc);
    return OK;
}

Status pre_tokenizer_whitespace_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    (void)unicode_flat_sets();
    return steps_add(&t->pre_tokenizers, (Step){ whitespace, NULL, NULL });
}
