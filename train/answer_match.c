#include "train/answer_match.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "data/tokenizer/unicode.h"

typedef struct Words { Text text; size_t *starts, n, cap; } Words;     /* each ends in NUL */

static void words_release(Words *w)
{
    text_release(&w->text);
    free(w->starts);
}

static uint32_t next(const char **s)
{
    uint32_t cp;
    int      n = utf8_decode(*s, strlen(*s), &cp);
    *s += n ? n : 1;
    return n ? cp : 0xFFFD;
}

static bool has_chinese(const char *s)
{
    while (*s) if (unicode_flags(next(&s)) & UNICODE_CHINESE) return true;
    return false;
}

static bool is_punctuation(uint32_t cp, bool chinese)
{
    static const char ascii[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    return cp < 128 ? cp != 0 && strchr(ascii, (int)cp) != NULL : chinese && unicode_flags(cp) & UNICODE_PUNCT;
}

static bool is_space(uint32_t cp) { return (cp >= 0x1C && cp <= 0x1F) || unicode_flags(cp) & UNICODE_SPACE; }

/* Lower case and no punctuation; what follows looks at single code points. */
static Status simplify(const char *s, bool chinese, Text *out)
{
    TRY(text_add(out, "", 0));
    while (*s) {
        uint32_t lower[2], cp = next(&s);
        int      n = unicode_lower(cp, lower);
        char     bytes[4];
        for (int i = 0; i < n; i++)
            if (!is_punctuation(lower[i], chinese)) TRY(text_add(out, bytes, (size_t)utf8_encode(lower[i], bytes)));
    }
    return OK;
}

/* Length of an article that stands at s as a word of its own; 0: none. `before`: a letter or digit precedes it. */
static size_t article(const char *s, bool before)
{
    static const char *const articles[] = { "an", "a", "the" };
    for (size_t i = 0; i < COUNT(articles) && !before; i++) {
        size_t      n = strlen(articles[i]);
        const char *after = s + n;
        if (strncmp(s, articles[i], n) == 0 && (!*after || !unicode_is_word(next(&after)))) return n;
    }
    return 0;
}

static Status start_word(Words *w)
{
    TRY(mem_grow(&w->starts, &w->cap, w->n + 1, sizeof *w->starts));
    w->starts[w->n++] = w->text.len;
    return OK;
}

static Status split(const char *text, bool chinese, Words *out)
{
    Text   plain = { 0 };
    bool   inside = false, before = false;       /* of a word; behind a letter or digit */
    Status s = simplify(text, chinese, &plain);
    for (const char *p = plain.data; s == OK && *p;) {
        const char *from = p;
        size_t      skip = article(p, before);
        uint32_t    cp = next(&p);
        if (skip) p = from + skip;               /* leaves a space */
        bool alone = unicode_flags(cp) & UNICODE_CHINESE, ends = skip > 0 || is_space(cp);
        if (inside && (ends || alone)) s = text_add(&out->text, "", 1);
        if (s == OK && !ends && (!inside || alone)) s = start_word(out);
        if (s == OK && !ends) s = text_add(&out->text, from, (size_t)(p - from));
        if (s == OK && alone) s = text_add(&out->text, "", 1);
        inside = !ends && !alone;
        before = !skip && unicode_is_word(cp);
    }
    if (s == OK && inside) s = text_add(&out->text, "", 1);
    text_release(&plain);
    return s;
}

static const char *word(const Words *w, size_t i) { return w->text.data + w->starts[i]; }

static bool equal(const Words *a, const Words *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) same = strcmp(word(a, i), word(b, i)) == 0;
    return same;
}

/* Words that both have, each as often as both have it. used: (b->n) false. */
static size_t common(const Words *a, const Words *b, bool *used)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (!used[j] && strcmp(word(a, i), word(b, j)) == 0) {
                used[j] = true;
                n++;
                break;
            }
    return n;
}

Status answer_match(const char *given, const char *expected, AnswerMatch *out)
{
    Words  a = { 0 }, b = { 0 };
    bool  *used = NULL, chinese = has_chinese(given) || has_chinese(expected);
    Status s = split(given, chinese, &a);
    if (s == OK) s = split(expected, chinese, &b);
    if (s == OK) s = mem_new(&used, b.n, sizeof *used);
    if (s == OK) {
        double n = (double)common(&a, &b, used);
        out->exact = equal(&a, &b);
        out->f1 = a.n == 0 || b.n == 0 ? out->exact : 2 * n / (double)(a.n + b.n);
    }
    free(used);
    words_release(&a);
    words_release(&b);
    return s;
}
