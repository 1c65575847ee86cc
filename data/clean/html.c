/* data/clean/html.c: markup to text, in one pass and without a tree.
 *
 * Tags, comments, declarations and processing instructions go; so does what stands in script, style and template. Tags
 * of blocks end a line, those of table cells leave a space. Entities become their characters and are not looked at
 * again. What only looks like markup ("a < b", "AT&T", a tag that never ends) stays as it is. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "data/clean/clean_internal.h"
#include "data/clean/html_entities.h"

typedef struct Scan {
    Rewrite    *r;
    const char *text;
    size_t      n;
    /* no further > , ' , " : what was once looked for in vain is not looked for again */
    bool        no_end, no_quote[2];
} Scan;

static bool is_name_start(char c) { return isalpha((unsigned char)c); }
static bool is_name(char c) { return isalnum((unsigned char)c) || c == '-' || c == ':'; }
static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static size_t find_byte(const Scan *s, size_t from, char c)      /* s->n: there is none */
{
    const char *p = from < s->n ? memchr(s->text + from, c, s->n - from) : NULL;
    return p ? (size_t)(p - s->text) : s->n;
}

/* Behind the quoted value that opens at `at`, or just behind its quote when nothing closes it. */
static size_t quote_end(Scan *s, size_t at)
{
    bool  *none = &s->no_quote[s->text[at] == '"'];
    size_t close = *none ? s->n : find_byte(s, at + 1, s->text[at]);
    if (close == s->n) *none = true;
    return close == s->n ? at + 1 : close + 1;
}

/* Behind the > of the tag whose < is at `at`; 0 when it has none. A quote opens a value only behind a =. */
static size_t tag_end(Scan *s, size_t at)
{
    char before = '\0';
    for (size_t i = at + 1; i < s->n && !s->no_end;) {
        char c = s->text[i];
        if (c == '>') return i + 1;
        i = (c == '"' || c == '\'') && before == '=' ? quote_end(s, i) : i + 1;
        if (!is_blank(c)) before = c;
    }
    s->no_end = true;
    return 0;
}

static bool one_of(const char *const *words, size_t n_words, const char *name, size_t n)
{
    for (size_t i = 0; i < n_words; i++)
        if (strlen(words[i]) == n && strncasecmp(words[i], name, n) == 0) return true;
    return false;
}

static bool is_block(const char *name, size_t n)
{
    static const char *const blocks[] = {
        "p", "div", "br", "li", "ul", "ol", "tr", "table", "thead", "tbody", "tfoot", "h1", "h2", "h3", "h4", "h5",
        "h6", "hr", "pre", "blockquote", "section", "article", "header", "footer", "nav", "aside", "main", "figure",
        "figcaption", "form", "fieldset", "dl", "dt", "dd", "address", "title", "head", "body", "html", "caption",
        "option", "details", "summary", "center",
    };
    return one_of(blocks, COUNT(blocks), name, n);
}

static bool is_cell(const char *name, size_t n) { return one_of((const char *[]){ "td", "th" }, 2, name, n); }

static bool is_hidden(const char *name, size_t n)
{
    return one_of((const char *[]){ "script", "style", "template" }, 3, name, n);
}

/* Behind "</name ...>", the first from `from` on; the end of the text when there is none. */
static size_t hidden_end(Scan *s, size_t from, const char *name, size_t n)
{
    for (size_t i = find_byte(s, from, '<'); i < s->n; i = find_byte(s, i + 1, '<')) {
        if (s->n - i < n + 2 || s->text[i + 1] != '/' || strncasecmp(s->text + i + 2, name, n) != 0) continue;
        if (i + 2 + n < s->n && is_name(s->text[i + 2 + n])) continue;
        size_t end = tag_end(s, i);
        return end ? end : s->n;
    }
    return s->n;
}

/* A line end or a space for a tag, unless the text begins here or has one already. */
static const char *instead(const Rewrite *r, size_t at, const char *name, size_t n)
{
    char last = rewrite_last(r, at);
    if (is_block(name, n)) return last == '\n' || last == '\0' ? "" : "\n";
    if (is_cell(name, n) && name[-1] == '<') return last == '\n' || last == '\0' || last == ' ' ? "" : " ";
    return "";
}

/* The tag, comment or declaration at `at`; *next is behind it, or at + 1 when it is none. */
static Status put_markup(Scan *s, size_t at, size_t *next)
{
    const char *p = s->text + at;
    size_t      left = s->n - at, begin = at + 1, end;
    *next = at + 1;
    if (left >= 4 && memcmp(p, "<!--", 4) == 0) {
        const char *close = memmem(p + 4, left - 4, "-->", 3);
        *next = close ? (size_t)(close - s->text) + 3 : s->n;
        return rewrite_replace(s->r, at, *next, "", 0);
    }
    if (left >= 2 && p[1] == '/') begin++;
    bool declares = left >= 3 && (p[1] == '!' || p[1] == '?') && is_name_start(p[2]);
    if (!declares && (begin >= s->n || !is_name_start(s->text[begin]))) return OK;
    if (!(end = tag_end(s, at))) return OK;
    *next = end;
    if (declares) return rewrite_replace(s->r, at, end, "", 0);

    size_t n = 0;
    while (begin + n < end && is_name(s->text[begin + n])) n++;
    const char *name = s->text + begin, *with = instead(s->r, at, name, n);
    if (begin == at + 1 && is_hidden(name, n) && s->text[end - 2] != '/') *next = hidden_end(s, end, name, n);
    return rewrite_replace(s->r, at, *next, with, strlen(with));
}

/* ---- entities ---------------------------------------------------------------------------------------------------- */

/* What browsers make of the numbers 128 to 159, which pages mean as Windows-1252. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
    0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
    0x0153, 0x9D, 0x017E, 0x0178,
};

/* "#233" or "#xE9" between begin and the digits' end; 0: no number. */
static uint32_t numeric(const char *p, size_t n, size_t *len)
{
    bool     hex = n > 1 && (p[1] | 0x20) == 'x';
    size_t   i = hex ? 2 : 1, first = i;
    uint32_t v = 0;
    for (; i < n && (hex ? isxdigit((unsigned char)p[i]) : isdigit((unsigned char)p[i])); i++) {
        uint32_t digit = p[i] <= '9' ? (uint32_t)(p[i] - '0') : (uint32_t)((p[i] | 0x20) - 'a' + 10);
        if (v <= 0x10FFFF) v = v * (hex ? 16 : 10) + digit;
    }
    *len = i;
    if (i == first) return 0;
    if (v >= 0x80 && v <= 0x9F) return windows_1252[v - 0x80];
    return v == 0 || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF) ? 0xFFFD : v;
}

/* Names that are also taken without their semicolon, when no letter, digit or = follows. */
static bool is_bare(const char *name, size_t n)
{
    return one_of((const char *[]){ "amp", "lt", "gt", "quot", "nbsp", "copy", "reg" }, 7, name, n);
}

static Status put_entity(Scan *s, size_t at, size_t *next)
{
    const char *p = s->text + at + 1;
    size_t      left = s->n - at - 1, len = 0;
    char        bytes[4];
    uint32_t    cp = 0;
    *next = at + 1;
    if (left > 0 && *p == '#') cp = numeric(p, left, &len);
    else {
        while (len < left && len < 10 && isalnum((unsigned char)p[len])) len++;
        cp = html_entity(p, len);
    }
    if (cp == 0) return OK;
    bool closed = len < left && p[len] == ';', bare = *p == '#' || (is_bare(p, len) && !(len < left && p[len] == '='));
    if (!closed && !bare) return OK;
    *next = at + 1 + len + closed;
    return rewrite_replace(s->r, at, *next, bytes, (size_t)utf8_encode(cp, bytes));
}

Status html_run(const Step *step, StepWork *w)
{
    (void)step;
    Scan s = { &w->rewrite, w->rewrite.text, w->rewrite.n, false, { false, false } };
    if (s.n == 0 || (!memchr(s.text, '<', s.n) && !memchr(s.text, '&', s.n))) return OK;
    for (size_t i = 0; i < s.n;) {
        size_t len = 0;
        while (i + len < s.n && s.text[i + len] != '<' && s.text[i + len] != '&') len++;
        if ((i += len) == s.n) break;
        if (s.text[i] == '<') TRY(put_markup(&s, i, &i));
        else TRY(put_entity(&s, i, &i));
    }
    return OK;
}
