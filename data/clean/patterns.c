/* data/clean/patterns.c: steps whose pattern a config gives: replace, drop, keep.
 *
 * Patterns are PCRE2's with UTF and Unicode properties. A pattern that tries too long on a text (nested repetition)
 * is stopped by MATCH_LIMIT, and the row is bad: it neither hangs nor is changed by halves. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/clean/clean_internal.h"

enum { MATCH_LIMIT = 1000000, HEAP_LIMIT_KIB = 65536, STACK_START = 32 << 10, STACK_MAX = 1 << 20, MAX_GROUPS = 99 };

typedef struct TemplatePart {          /* a group's text, or text[begin, end) of the template when group < 0 */
    int    group;
    size_t begin, end;
} TemplatePart;

static Status compile(Step *s, const char *pattern, size_t n)
{
    int        error;
    size_t     at;
    uint32_t   groups = 0;
    PCRE2_UCHAR words[160];
    s->code = pcre2_compile((PCRE2_SPTR)pattern, n, PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (!s->code) {
        pcre2_get_error_message(error, words, sizeof words);
        return hint(fail(ERR_CONFIG, "%s: the pattern \"%.*s\" is wrong at its byte %zu: %s", s->where, (int)n,
                         pattern, at,
                         (char *)words),
                    "in JSON a backslash is written twice: \"\\\\d+\"");
    }
    pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE);      /* without it the interpreter runs */
    pcre2_pattern_info(s->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups > MAX_GROUPS)
        return hint(fail(ERR_CONFIG, "%s: the pattern has %u groups, more than %d", s->where, groups, MAX_GROUPS),
                    "groups that are only brackets are written (?:...)");
    return OK;
}

Status clean_pattern_parse(Step *s, const char *argument) { return compile(s, argument, strlen(argument)); }

/* ---- the template of a replacement ------------------------------------------------------------------------------- */

static Status add_part(Step *s, size_t *cap, int group, size_t begin, size_t end)
{
    if (group < 0 && begin == end) return OK;
    TRY(mem_grow(&s->parts, cap, s->n_parts + 1, sizeof *s->parts));
    s->parts[s->n_parts++] = (TemplatePart){ group, begin, end };
    return OK;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "1", "{12}" or "{name}" behind a $ at text[at]; *next is behind it. */
static Status parse_group(const Step *s, const char *text, size_t at, size_t *next, int *group)
{
    uint32_t most = 0;
    char     name[64];
    size_t   n = 0;
    bool     braced = text[at] == '{';
    pcre2_pattern_info(s->code, PCRE2_INFO_CAPTURECOUNT, &most);
    at += braced;
    while (text[at + n] && (braced ? text[at + n] != '}' : is_digit(text[at + n]) && n < 2)) n++;
    if (n == 0 || n >= sizeof name || (braced && !text[at + n]))
        return hint(fail(ERR_CONFIG, "%s: a $ in \"%s\" names no group", s->where, text),
                    "$1 or ${1} is the first group, ${name} a named one, $0 the whole match, $$ a dollar sign");
    snprintf(name, sizeof name, "%.*s", (int)n, text + at);
    *group = is_digit(name[0]) ? atoi(name) : pcre2_substring_number_from_name(s->code, (PCRE2_SPTR)name);
    if (*group < 0 || *group > (int)most || strspn(name, "0123456789") != (is_digit(name[0]) ? n : 0) || n > 32)
        return hint(fail(ERR_CONFIG, "%s: the pattern has no group \"%s\"", s->where, name), "it has %u groups", most);
    *next = at + n + braced;
    return OK;
}

static Status parse_template(Step *s, const char *text)
{
    size_t cap = 0, begin = 0, i = 0;
    TRY(text_copy(&s->text, text));
    while (text[i]) {
        int    group = -1;
        size_t next = i + 2;
        if (text[i] != '$') {
            i++;
            continue;
        }
        TRY(add_part(s, &cap, -1, begin, i));
        if (text[i + 1] == '$') TRY(add_part(s, &cap, -1, i, i + 1));
        else {
            TRY(parse_group(s, text, i + 1, &next, &group));
            TRY(add_part(s, &cap, group, 0, 0));
        }
        begin = i = next;
    }
    return add_part(s, &cap, -1, begin, i);
}

Status replace_parse(Step *s, const char *argument)
{
    const char *arrow = strstr(argument, "=>");
    if (!arrow || arrow == argument)
        return hint(fail(ERR_CONFIG, "%s: \"%s\" is not PATTERN=>TEXT", s->where, argument),
                    "for example \"replace:\\\\s+=>_\"; a => in the pattern itself is written =\\\\x3E");
    TRY(compile(s, argument, (size_t)(arrow - argument)));
    return parse_template(s, arrow + 2);
}

/* ---- matching ---------------------------------------------------------------------------------------------------- */

static Status pattern_work_open(PatternWork *p)
{
    if (p->match) return OK;
    p->context = pcre2_match_context_create(NULL);
    p->stack = pcre2_jit_stack_create(STACK_START, STACK_MAX, NULL);
    pcre2_match_data *match = pcre2_match_data_create(MAX_GROUPS + 1, NULL);
    if (!p->context || !p->stack || !match) {
        pcre2_match_data_free(match);
        pattern_work_release(p);
        return fail(ERR_MEMORY, "no memory to match patterns");
    }
    pcre2_set_match_limit(p->context, MATCH_LIMIT);
    pcre2_set_heap_limit(p->context, HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(p->context, NULL, p->stack);
    p->match = match;
    return OK;
}

void pattern_work_release(PatternWork *p)
{
    pcre2_match_data_free(p->match);
    pcre2_match_context_free(p->context);
    if (p->stack) pcre2_jit_stack_free(p->stack);
    *p = (PatternWork){ 0 };
}

/* The match at or behind `from`, in the work's ovector. */
static Status find(const Step *s, StepWork *w, size_t from, uint32_t options, bool *found)
{
    TRY(pattern_work_open(&w->pattern));
    int rc = pcre2_match(s->code, (PCRE2_SPTR)w->rewrite.text, w->rewrite.n, from, options | PCRE2_NO_UTF_CHECK,
                         w->pattern.match, w->pattern.context);
    *found = rc > 0;
    if (rc > 0 || rc == PCRE2_ERROR_NOMATCH) return OK;
    PCRE2_UCHAR words[160];
    pcre2_get_error_message(rc, words, sizeof words);
    return hint(fail(ERR_DATA, "%s: the pattern gave up on a text of %zu bytes: %s", s->where, w->rewrite.n,
                     (char *)words),
                "repetition inside repetition, as in (a+)+, tries every way to divide a text; write a++ or (?>...)");
}

static Status expand(const Step *s, const Rewrite *r, const size_t *groups, uint32_t n_groups, Text *out)
{
    text_clear(out);
    for (size_t i = 0; i < s->n_parts; i++) {
        const TemplatePart *p = &s->parts[i];
        if (p->group < 0) TRY(text_add(out, s->text + p->begin, p->end - p->begin));
        else if ((uint32_t)p->group < n_groups && groups[2 * p->group] != PCRE2_UNSET)
            TRY(text_add(out, r->text + groups[2 * p->group], groups[2 * p->group + 1] - groups[2 * p->group]));
    }
    return text_add(out, "", 0);
}

Status replace_run(const Step *s, StepWork *w)
{
    Rewrite *r = &w->rewrite;
    uint32_t options = 0;
    for (size_t from = 0; from <= r->n;) {
        bool found;
        TRY(find(s, w, from, options, &found));
        if (!found && options == 0) break;
        if (!found) {                                     /* behind an empty match: one character on */
            uint32_t cp;
            from += from < r->n ? (size_t)utf8_decode(r->text + from, r->n - from, &cp) : 1;
            options = 0;
            continue;
        }
        const size_t *groups = pcre2_get_ovector_pointer(w->pattern.match);
        size_t        begin = groups[0], end = groups[1];
        if (begin < r->copied || end < begin)
            return hint(fail(ERR_DATA, "%s: a match begins at byte %zu, inside the one before", s->where, begin),
                        "\\K in a lookaround moves it there");
        TRY(expand(s, r, groups, pcre2_get_ovector_count(w->pattern.match), &w->scratch));
        TRY(rewrite_replace(r, begin, end, w->scratch.data, w->scratch.len));
        from = end;
        options = begin == end ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    }
    return OK;
}

Status drop_run(const Step *s, StepWork *w) { return find(s, w, 0, 0, &w->drop); }

Status keep_run(const Step *s, StepWork *w)
{
    TRY(find(s, w, 0, 0, &w->drop));
    w->drop = !w->drop;
    return OK;
}
