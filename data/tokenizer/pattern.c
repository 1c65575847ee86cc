/* data/tokenizer/pattern.c: what Split and Replace look for: a string, or a regular expression through PCRE2.
 *
 * The reference compiles expressions with Oniguruma. What the two dialects spell differently is respelled (\h, \w, \s,
 * \v, \u0000, {,n}); what has no exact counterpart is refused by name, rather than cut text differently. Oniguruma's
 * Unicode is newer than PCRE2 10.42's: where a text has a character that the two put into different categories (10,302
 * of them, unicode_sets.c), PCRE2 is shown a character of the right category and the same length in its place. */
#include "data/tokenizer/tokenizer_internal.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

struct Pattern {
    char       *literal;               /* this string, or */
    size_t      n;
    ScanFn      scan;                  /* a pattern that covers everything, or */
    pcre2_code *code;
    pcre2_match_context *limits;
};

enum { MAX_PATTERN = 1 << 16, MATCH_LIMIT = 20000000, HEAP_LIMIT_KIB = 64 << 10 };

/* ---- respelling -------------------------------------------------------------------------------------------------- */

/* Inside brackets. Oniguruma's \w is alphabetic, marks, decimal digits, connectors; outside brackets also six
 * numbers of Latin-1. */
#define WORDS LISTED_WORDS "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}"
#define LISTED_WORDS "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24B6}-\\x{24E9}" \
              "\\x{1F130}-\\x{1F149}\\x{1F150}-\\x{1F169}\\x{1F170}-\\x{1F189}"
#define BLANKS "\\t-\\r \\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"
#define NOT_BLANKS "\\x{0}-\\x{8}\\x{E}-\\x{1F}!-\\x{84}\\x{86}-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}" \
                   "\\x{200B}-\\x{2027}\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{10FFFF}"

/* An escape's letter; what it becomes outside and inside brackets. NULL inside: refused there. */
static const struct { char letter; const char *outside, *inside; } escapes[] = {
    { 'w', "[" WORDS "]",      LISTED_WORDS }, { 'W', "[^" WORDS "]",      NULL       },
    { 's', "[" BLANKS "]",     BLANKS       }, { 'S', "[^" BLANKS "]",     NOT_BLANKS },
    { 'd', "\\p{Nd}",          "\\p{Nd}"    }, { 'D', "\\P{Nd}",           "\\P{Nd}"  },
    { 'h', "[0-9a-fA-F]",      "0-9a-fA-F"  }, { 'H', "[^0-9a-fA-F]",      NULL       },
    { 'v', "\\x0b",            "\\x0b"      }, { 'R', "\\R",               NULL       },
    { 'b', "(?:(?<=[" WORDS "])(?![" WORDS "])|(?<![" WORDS "])(?=[" WORDS "]))", "\\x08" },
    { 'B', "(?:(?<=[" WORDS "])(?=[" WORDS "])|(?<![" WORDS "])(?![" WORDS "]))", NULL },
};
static const char plain_escapes[] = "nrtfae";                                  /* the same in both */
static const char outside_escapes[] = "AzZG123456789";

typedef struct Respell { const char *p; Text *out; bool in_class; const char *why; } Respell;

static Status put(Respell *r, const char *s) { return text_add(r->out, s, strlen(s)); }

static Status respell_hex(Respell *r)
{
    char   digits[9] = "";
    size_t n = 0, want = r->p[0] == 'u' ? 4 : 2;
    const char *p = r->p + 1;
    bool   braces = *p == '{' && r->p[0] == 'x';
    if (braces) p++, want = 8;
    while (n < want && strchr("0123456789abcdefABCDEF", *p) && *p) digits[n++] = *p++;
    if (n == 0 || (braces && *p++ != '}') || (!braces && r->p[0] == 'u' && n != 4)) r->why = "an unfinished code point";
    else if (!braces && r->p[0] == 'x' && strtoul(digits, NULL, 16) >= 0x80) r->why = "a byte beyond ASCII";
    r->p = p;
    return text_addf(r->out, "\\x{%s}", digits);
}

/* \p{Han} is the script; PCRE2 means Script_Extensions by it. Categories have one or two letters. */
static Status respell_property(Respell *r)
{
    const char *name = r->p + 2, *end = strchr(r->p, '}');
    bool        not = *name == '^';
    char        head[8];
    if (r->p[1] != '{' || !end || end - name - not <= 2) return text_add(r->out, (char[]){ '\\', *r->p++ }, 2);
    snprintf(head, sizeof head, "\\%c{%ssc:", *r->p, not ? "^" : "");
    r->p = name + not;
    return put(r, head);
}

static Status respell_escape(Respell *r)
{
    char c = *++r->p;
    if (c == 'x' || c == 'u') return respell_hex(r);
    if (c == 'p' || c == 'P') return respell_property(r);
    for (size_t i = 0; i < COUNT(escapes); i++) {
        if (escapes[i].letter != c) continue;
        const char *as = r->in_class ? escapes[i].inside : escapes[i].outside;
        if (!as) r->why = "a negated class inside brackets";
        r->p++;
        return as ? put(r, as) : OK;
    }
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '\0' || (letter && !strchr(plain_escapes, c) && (r->in_class || !strchr(outside_escapes, c))))
        r->why = "an escape whose meaning differs";
    char both[2] = { '\\', c };
    if (c) r->p++;
    return text_add(r->out, both, c ? 2 : 1);
}

/* Brackets in brackets and && mean sets, which PCRE2 10.42 does not have; [:alpha:] holds something else. */
static Status respell_in_class(Respell *r)
{
    if (r->p[0] == '[' || (r->p[0] == '&' && r->p[1] == '&')) r->why = "sets inside brackets";
    if (r->p[0] == ']') r->in_class = false;
    return text_add(r->out, r->p++, 1);
}

static Status respell_group(Respell *r)
{
    const char *p = r->p + 2;
    if (*p == 'm') r->why = "the option (?m)";
    if (*p && strchr("~@|PRs", *p)) r->why = "a group of another dialect";
    r->p += 2;
    return put(r, "(?");
}

static Status respell_brace(Respell *r)
{
    const char *end = strchr(r->p, '}');
    bool counts = end && strspn(r->p + 1, "0123456789,") == (size_t)(end - r->p - 1) && end > r->p + 1;
    if (counts && end[1] == '+') r->why = "{n,m}+";
    if (counts && r->p[1] == ',') {
        r->p++;
        return put(r, "{0");
    }
    return text_add(r->out, r->p++, 1);
}

static Status respell(Text *out, const char *regex, const char **why)
{
    Respell r = { regex, out, false, NULL };
    Status  s = OK;
    while (s == OK && *r.p && !r.why) {
        if (*r.p == '\\') s = respell_escape(&r);
        else if (r.in_class) s = respell_in_class(&r);
        else if (*r.p == '(' && r.p[1] == '?') s = respell_group(&r);
        else if (*r.p == '{') s = respell_brace(&r);
        else if (*r.p == '[') {
            r.in_class = true;
            s = text_add(out, r.p++, 1);
            if (s == OK && *r.p == '^') s = text_add(out, r.p++, 1);
            if (s == OK && *r.p == ']') s = text_add(out, r.p++, 1);
        } else s = text_add(out, r.p++, 1);
    }
    *why = r.why;
    return s;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status compile(Pattern *p, const char *regex, const char *name, const char *part)
{
    Text        text = { 0 };
    const char *why = NULL;
    int         error = 0;
    PCRE2_SIZE  at = 0;
    PCRE2_UCHAR message[120];
    if (strlen(regex) > MAX_PATTERN) return fail(ERR_FORMAT, "%s: an expression of %zu bytes", name, strlen(regex));
    Status s = respell(&text, regex, &why);
    if (s == OK && why)
        s = hint(fail(ERR_UNSUPPORTED, "%s: %s: the expression \"%.200s\" uses %s", name, part, regex, why),
                 "spell it out with \\p{..} classes and plain groups");
    pcre2_compile_context *context = s == OK ? pcre2_compile_context_create(NULL) : NULL;
    if (s == OK && !context) s = fail(ERR_MEMORY, "no memory for an expression");
    if (s == OK) {
        pcre2_set_newline(context, PCRE2_NEWLINE_LF);
        pcre2_set_parens_nest_limit(context, 100);
        p->code = pcre2_compile((PCRE2_SPTR)(text.data ? text.data : ""), text.len,
                                PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &at,
                                context);
        if (!p->code) {
            pcre2_get_error_message(error, message, sizeof message);
            s = fail(ERR_UNSUPPORTED, "%s: %s: the expression \"%.200s\": %s", name, part, regex, (char *)message);
        }
    }
    if (s == OK) (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);       /* without it, matching is only slower */
    if (s == OK && !(p->limits = pcre2_match_context_create(NULL))) s = fail(ERR_MEMORY, "no memory for an expression");
    if (s == OK) {
        pcre2_set_match_limit(p->limits, MATCH_LIMIT);
        pcre2_set_heap_limit(p->limits, HEAP_LIMIT_KIB);
    }
    pcre2_compile_context_free(context);
    text_release(&text);
    return s;
}

Status pattern_parse(Pattern **out, const cJSON *json, const char *name, const char *part)
{
    const cJSON *string = json_get(json, "String"), *regex = json_get(json, "Regex");
    Pattern     *p;
    *out = NULL;
    if (!cJSON_IsString(string) && !cJSON_IsString(regex))
        return fail(ERR_FORMAT, "%s: %s: \"pattern\" must be { \"String\": ... } or { \"Regex\": ... }", name, part);
    TRY(mem_new(&p, 1, sizeof *p));
    Status s = OK;
    if (cJSON_IsString(string) && *string->valuestring) {
        s = text_copy(&p->literal, string->valuestring);
        p->n = strlen(string->valuestring);
    } else {
        const char *expression = cJSON_IsString(string) ? "" : regex->valuestring;
        p->scan = scan_published(expression);
        if (!p->scan) s = compile(p, expression, name, part);
    }
    if (s == OK) *out = p;
    else pattern_free(p);
    return s;
}

void pattern_free(Pattern *p)
{
    if (!p) return;
    pcre2_code_free(p->code);
    pcre2_match_context_free(p->limits);
    free(p->literal);
    free(p);
}

ScanFn pattern_scan(const Pattern *p) { return p->scan; }

/* ---- matching ---------------------------------------------------------------------------------------------------- */

/* For each category, characters of three and four bytes that every PCRE2 with Unicode 14 or later has in it. */
static const struct { UnicodeCategory category; uint32_t three, four; } stand_ins[] = {
    { UNICODE_LU, 0x1E00, 0x10400 }, { UNICODE_LL, 0x1E01, 0x10428 }, { UNICODE_LM, 0x1D2C, 0x16B40 },
    { UNICODE_LO, 0x0E01, 0x10000 }, { UNICODE_MN, 0x0E31, 0x101FD }, { UNICODE_MC, 0x0903, 0x11000 },
    { UNICODE_ND, 0x0966, 0x104A0 }, { UNICODE_NO, 0x2460, 0x10107 }, { UNICODE_PO, 0x2020, 0x10100 },
    { UNICODE_PD, 0x2010, 0x10EAD }, { UNICODE_SM, 0x2200, 0x1D6C1 }, { UNICODE_SO, 0x2100, 0x10137 },
    { UNICODE_CF, 0x200B, 0x110BD },
};
enum { HAN_STAND_IN = 0x20000, HIRAGANA = 0x1B132, HIRAGANA_STAND_IN = 0x1B001, KATAKANA = 0x1B155,
       KATAKANA_STAND_IN = 0x1B000 };

/* DEBT: of scripts, han and kana are kept; a \p{Script} of any other misses its some 600 newest characters. */
static void show_stand_in(char *at, uint32_t cp, int len)
{
    UnicodeCategory c = unicode_category(cp);
    if (cp == HIRAGANA || cp == KATAKANA) {
        (void)utf8_encode(cp == HIRAGANA ? HIRAGANA_STAND_IN : KATAKANA_STAND_IN, at);
        return;
    }
    for (size_t i = 0; i < COUNT(stand_ins); i++) {
        if (stand_ins[i].category != c || len < 3) continue;
        bool han = c == UNICODE_LO && cp >= 0x20000;
        (void)utf8_encode(han ? HAN_STAND_IN : len == 3 ? stand_ins[i].three : stand_ins[i].four, at);
    }
}

/* The text as PCRE2 is to see it: itself, or a copy in which foreign characters are replaced. */
static Status show(RegexMatch *m, const char *text, size_t n, const char **shown)
{
    bool copied = false;
    *shown = text;
    for (size_t i = 0; i < n;) {
        int      len;
        uint64_t eight;
        if (i + 8 <= n) {
            memcpy(&eight, text + i, 8);
            if (!(eight & 0x8080808080808080u)) {
                i += 8;
                continue;
            }
        }
        uint32_t cp = decode_valid(text + i, &len);
        if (len >= 3 && unicode_sets(cp) & UNICODE_FOREIGN) {
            if (!copied) {
                text_clear(&m->shown);
                TRY(text_add(&m->shown, text, n));
                copied = true;
                *shown = m->shown.data;
            }
            show_stand_in(m->shown.data + i, cp, len);
        }
        i += (size_t)len;
    }
    return OK;
}

static Status match_regex(const Pattern *p, RegexMatch *m, const char *text, size_t n, size_t at, Span *match,
                          bool *found)
{
    if (!m->data && !(m->data = pcre2_match_data_create(1, NULL))) return fail(ERR_MEMORY, "no memory for matching");
    int rc = pcre2_match(p->code, (PCRE2_SPTR)text, n, at, PCRE2_NO_UTF_CHECK, m->data, p->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(p->code, (PCRE2_SPTR)text, n, at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, m->data, p->limits);
    *found = rc >= 0;
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
        return hint(fail(ERR_DATA, "the tokenizer's expression gave up on a text of %zu bytes (PCRE2 error %d)", n, rc),
                    "split the text, for example at line ends");
    if (rc < 0) return OK;
    const PCRE2_SIZE *at_of = pcre2_get_ovector_pointer(m->data);
    *match = (Span){ (uint32_t)at_of[0], (uint32_t)at_of[1] };
    *found = match->begin <= match->end;
    return OK;
}

Status pattern_next(const Pattern *p, Scratch *sc, const char *text, size_t n, PatternIter *iter, Span *match,
                    bool *found)
{
    *found = false;
    if (iter->at > n) return OK;
    if (p->scan || p->literal) {
        const char *hit = p->literal ? memmem(text + iter->at, n - iter->at, p->literal, p->n) : text + iter->at;
        if (!hit || iter->at == n) return OK;
        size_t begin = (size_t)(hit - text), end = p->literal ? begin + p->n : p->scan(text, begin, n);
        *match = (Span){ (uint32_t)begin, (uint32_t)end };
        *found = true;
        iter->at = end;
        return OK;
    }
    if (!iter->any && iter->at == 0) TRY(show(&sc->match, text, n, &iter->shown));
    while (iter->at <= n) {
        TRY(match_regex(p, &sc->match, iter->shown, n, iter->at, match, found));
        if (!*found) return OK;
        if (match->begin < match->end || !iter->any || match->end != iter->matched_to) break;
        int len = 1;                              /* empty, right behind the match before: look on a character later */
        if (iter->at < n) (void)decode_valid(text + iter->at, &len);
        iter->at += (size_t)len;
        *found = false;
    }
    if (!*found) return OK;
    iter->at = iter->matched_to = match->end;
    iter->any = true;
    return OK;
}

void regex_match_release(RegexMatch *m)
{
    pcre2_match_data_free(m->data);
    text_release(&m->shown);
}
