/* data/tokenizer/normalize_text.c: the small ones: Lowercase, Strip, StripAccents, Nmt, Replace, Prepend, ByteLevel.
 *
 * Each first looks whether there is anything to do; most texts have nothing to strip or to replace, and a step that
 * changes nothing costs one pass and no copy. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

/* ---- Lowercase --------------------------------------------------------------------------------------------------- */

static bool lower_changes(const char *at, int *n)
{
    unsigned char c = (unsigned char)*at;
    *n = 1;
    if (c < 0x80) return c >= 'A' && c <= 'Z';
    uint32_t cp = decode_valid(at, n), lower[2];
    if (cp < UNICODE_FLAT && !(unicode_flat()[cp] & UNICODE_CHANGES)) return false;
    return unicode_lower(cp, lower) > 1 || lower[0] != cp;
}

static Status lowercase(const Step *step, Scratch *sc)
{
    (void)step;
    const Aligned *in = sc->text;
    Rewriter       w;
    bool           begun = false;
    for (size_t i = 0; i < in->n;) {
        int n;
        if (!lower_changes(in->text + i, &n)) {
            i += (size_t)n;
            continue;
        }
        if (!begun) TRY(rewriter_begin(&w, sc));
        begun = true;
        TRY(rewriter_copy(&w, i));
        size_t ascii = i;
        while (ascii < in->n && in->text[ascii] >= 'A' && in->text[ascii] <= 'Z') ascii++;
        if (ascii > i) {
            TRY(rewriter_copy(&w, ascii));
            for (size_t k = 0; k < ascii - i; k++) w.out->buffer.data[w.out->buffer.len - 1 - k] += 32;
            i = ascii;
            continue;
        }
        uint32_t lower[2];
        int      len = unicode_lower(decode_valid(in->text + i, &n), lower);
        for (int k = 0; k < len; k++) TRY(rewriter_put(&w, lower[k], k > 0 ? REWRITE_NEW : REWRITE_REPLACE));
        i += (size_t)n;
    }
    if (!begun) return OK;
    TRY(rewriter_copy(&w, in->n));
    rewriter_end(&w);
    return OK;
}

/* ---- Strip ------------------------------------------------------------------------------------------------------- */

typedef struct Strip { bool left, right; } Strip;

static bool is_blank(uint32_t cp) { return unicode_sets(cp) & UNICODE_BLANK; }

static Status strip(const Step *step, Scratch *sc)
{
    const Strip   *s = step->state;
    const Aligned *in = sc->text;
    size_t         begin = 0, end = in->n;
    Rewriter       w;
    for (int n; s->left && begin < end && is_blank(decode_valid(in->text + begin, &n)); begin += (size_t)n) {}
    for (int n; s->right && end > begin && is_blank(decode_valid(in->text + char_before(in->text, end), &n));)
        end = char_before(in->text, end);
    if (begin == 0 && end == in->n) return OK;
    TRY(rewriter_begin(&w, sc));
    rewriter_skip(&w, begin);
    TRY(rewriter_copy(&w, end));
    rewriter_end(&w);
    return OK;
}

Status normalizer_strip_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    Strip  one = { true, true }, *state;
    TRY(json_get_bool(&one.left, json, "strip_left", true, name));
    TRY(json_get_bool(&one.right, json, "strip_right", true, name));
    TRY(mem_new(&state, 1, sizeof *state));
    *state = one;
    return steps_add(&t->normalizers, (Step){ strip, state, NULL });
}

/* ---- StripAccents, Nmt: characters that disappear or become a space ---------------------------------------------- */

enum { KEEP, REMOVE, TO_SPACE };

static int accents_rule(uint32_t cp) { return cp >= 0x80 && unicode_sets(cp) & UNICODE_ANYMARK ? REMOVE : KEEP; }

static int nmt_rule(uint32_t cp)
{
    if ((cp >= 0x01 && cp <= 0x08) || cp == 0x0B || (cp >= 0x0E && cp <= 0x1F)) return REMOVE;
    if (cp == 0x7F || cp == 0x8F || cp == 0x9F) return REMOVE;
    if (cp == 0x09 || cp == 0x0A || cp == 0x0C || cp == 0x0D || cp == 0x1680) return TO_SPACE;
    if ((cp >= 0x200B && cp <= 0x200F) || cp == 0x2028 || cp == 0x2029 || cp == 0x2581) return TO_SPACE;
    return cp == 0xFEFF || cp == 0xFFFD ? TO_SPACE : KEEP;
}

typedef struct CharRule { int (*rule)(uint32_t cp); } CharRule;

static Status apply_rule(const Step *step, Scratch *sc)
{
    const CharRule *r = step->state;
    const Aligned  *in = sc->text;
    Rewriter        w;
    bool            begun = false;
    for (size_t i = 0; i < in->n;) {
        int n, what = r->rule(decode_valid(in->text + i, &n));
        if (what != KEEP) {
            if (!begun) TRY(rewriter_begin(&w, sc));
            begun = true;
            TRY(rewriter_copy(&w, i));
            if (what == TO_SPACE) TRY(rewriter_put(&w, ' ', REWRITE_REPLACE));
            rewriter_skip(&w, i + (size_t)n);
        }
        i += (size_t)n;
    }
    if (!begun) return OK;
    TRY(rewriter_copy(&w, in->n));
    rewriter_end(&w);
    return OK;
}

static Status add_rule(Tokenizer *t, int (*rule)(uint32_t cp))
{
    CharRule *state;
    TRY(mem_new(&state, 1, sizeof *state));
    state->rule = rule;
    return steps_add(&t->normalizers, (Step){ apply_rule, state, NULL });
}

/* ---- Replace ----------------------------------------------------------------------------------------------------- */

typedef struct Replace { Pattern *pattern; char *content; size_t n; } Replace;

static void replace_release(void *state)
{
    Replace *r = state;
    pattern_free(r->pattern);
    free(r->content);
    free(r);
}

static Status replace(const Step *step, Scratch *sc)
{
    const Replace *r = step->state;
    const Aligned *in = sc->text;
    Rewriter       w;
    bool           begun = false, found;
    Span           m;
    PatternIter    iter = { 0 };
    if (in->n == 0) return OK;
    for (;;) {
        TRY(pattern_next(r->pattern, sc, in->text, in->n, &iter, &m, &found));
        if (!found) break;
        if (!begun) TRY(rewriter_begin(&w, sc));
        begun = true;
        TRY(rewriter_copy(&w, m.begin));
        rewriter_skip(&w, m.end);
        TRY(rewriter_text(&w, r->content, r->n));
    }
    if (!begun) return OK;
    TRY(rewriter_copy(&w, in->n));
    rewriter_end(&w);
    return OK;
}

Status normalizer_replace_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    Replace    *state;
    const char *content;
    TRY(json_get_string(&content, json, "content", "", name));
    TRY(mem_new(&state, 1, sizeof *state));
    state->n = strlen(content);
    Status s = text_copy(&state->content, content);
    if (s == OK) s = pattern_parse(&state->pattern, json_get(json, "pattern"), name, "Replace");
    if (s == OK) return steps_add(&t->normalizers, (Step){ replace, state, replace_release });
    replace_release(state);
    return s;
}

/* ---- Prepend ----------------------------------------------------------------------------------------------------- */

static Status prepend(const Step *step, Scratch *sc)
{
    const char    *prefix = step->state;
    const Aligned *in = sc->text;
    Rewriter       w;
    int            n;
    if (in->n == 0 || !*prefix) return OK;
    TRY(rewriter_begin(&w, sc));
    (void)decode_valid(in->text, &n);
    w.at = (size_t)n;                             /* the prefix stands for the first character, as in the reference */
    TRY(rewriter_text(&w, prefix, strlen(prefix)));
    w.at = 0;
    TRY(rewriter_copy(&w, in->n));
    rewriter_end(&w);
    return OK;
}

Status normalizer_prepend_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const char *prefix;
    char       *state = NULL;
    TRY(json_get_string(&prefix, json, "prepend", "", name));
    TRY(text_copy(&state, prefix));
    return steps_add(&t->normalizers, (Step){ prepend, state, NULL });
}

/* ---- ByteLevel --------------------------------------------------------------------------------------------------- */

static Status byte_level(const Step *step, Scratch *sc)
{
    (void)step;
    Rewriter w;
    TRY(rewriter_begin(&w, sc));
    TRY(rewriter_bytes(&w, w.in->n));
    rewriter_end(&w);
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

Status normalizer_lowercase_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return steps_add(&t->normalizers, (Step){ lowercase, NULL, NULL });
}

Status normalizer_accents_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_rule(t, accents_rule);
}

Status normalizer_nmt_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_rule(t, nmt_rule);
}

Status normalizer_byte_level_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return steps_add(&t->normalizers, (Step){ byte_level, NULL, NULL });
}
