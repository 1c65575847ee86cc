/* data/readers/source.c: what all readers need of their input, and what they say about it. */
#include "data/readers/readers.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

void source_release(Source *s)
{
    input_close(&s->in);
    input_close(&s->pair_in);
    Text *const texts[] = { &s->text, &s->pair, &s->label, &s->group, &s->fields, &s->header };
    for (size_t i = 0; i < COUNT(texts); i++) text_release(texts[i]);
    free(s->spans);
    free(s->messages);
    free(s->offsets);
    free(s->pair_marks);
    cJSON_Delete(s->element);
}

/* ---- the window ------------------------------------------------------------------------------------------------- */

bool source_has(Source *s, size_t i, Status *status)
{
    while (i >= s->in.n) {
        if (s->in.end) return false;
        *status = input_more(&s->in);
        if (*status != OK) return false;
    }
    return true;
}

void source_skip(Source *s, size_t n, int64_t lines)
{
    input_skip(&s->in, n);
    s->place.at = s->in.at;
    s->place.line += lines;
    s->place.item = 0;
}

void source_skip_line(Source *s)
{
    for (;;) {
        const char *lf = s->in.n ? memchr(s->in.data, '\n', s->in.n) : NULL;
        if (lf) {
            source_skip(s, (size_t)(lf - s->in.data) + 1, 1);
            return;
        }
        bool end = s->in.end;                           /* of the window that is passed, not of the next */
        source_skip(s, s->in.n, 0);
        if (end || (s->in.n == 0 && input_more(&s->in) != OK)) return;
    }
}

Status source_peek_line(Source *s, const char **line, size_t *n, size_t *whole, bool *end)
{
    size_t      looked = 0;
    const char *lf = NULL;
    Status      st = OK;
    while (!lf) {
        if (s->in.n > looked) lf = memchr(s->in.data + looked, '\n', s->in.n - looked);
        looked = s->in.n;
        if (lf || !source_has(s, looked, &st)) break;
    }
    if (st != OK) return st;
    *end = s->in.n == 0;
    *line = s->in.data;
    *n = lf ? (size_t)(lf - s->in.data) : s->in.n;
    *whole = *n + (lf != NULL);
    if (*n > 0 && s->in.data[*n - 1] == '\r') (*n)--;
    return OK;
}

Status source_line(Source *s, const char **line, size_t *n, bool *end)
{
    size_t  whole;
    int64_t number = s->place.line;
    Status  st = source_peek_line(s, line, n, &whole, end);
    if (st == ERR_DATA) {
        source_skip_line(s);
        return hint(source_bad(s, number, "a line of more than %d MiB, the most that is read as one row",
                               ROWS_MAX_ROW >> 20), "split the text over several rows");
    }
    if (st != OK || *end) return st;
    st = source_check_bytes(s, *line, *n, number);
    source_skip(s, whole, 1);                           /* the bytes stay where they are */
    return st;
}

Status source_skip_blank(Source *s, const char *blank)
{
    Status st = OK;
    size_t i = 0, line = 0;                             /* line: where the current one begins */
    int64_t lines = 0;
    for (; source_has(s, i, &st); i++) {
        char c = s->in.data[i];
        if (c == '\n') {
            line = i + 1;
            lines++;
        } else if (c == '\0' || !strchr(blank, c)) {
            source_skip(s, line, lines);
            return OK;
        }
        if (line > 64 << 10) {                          /* nothing but blank lines: they need not be kept */
            source_skip(s, line, lines);
            i -= line;
            line = 0;
            lines = 0;
        }
    }
    if (st == OK) source_skip(s, s->in.n, lines);
    return st;
}

/* ---- what is said ----------------------------------------------------------------------------------------------- */

Status source_bad(const Source *s, int64_t line, const char *fmt, ...)
{
    char    fact[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fact, sizeof fact, fmt, ap);
    va_end(ap);
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": %s", s->path, line, fact),
                "correct the row, or set data.on_bad_row to skip");
}

Status source_check_bytes(const Source *s, const char *bytes, size_t n, int64_t line)
{
    size_t      bad = 0;
    bool        valid = utf8_valid(bytes, n, &bad);
    const char *nul = memchr(bytes, 0, n);
    if (nul && (valid || (size_t)(nul - bytes) < bad))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": a NUL byte in the text", s->path, line),
                    "is this a text file? UTF-16 is converted with: iconv -f UTF-16 -t UTF-8");
    if (valid) return OK;
    for (size_t i = 0; i < bad; i++) line += bytes[i] == '\n';
    size_t from = bad;
    while (from > 0 && bytes[from - 1] != '\n') from--;
    const char *encoding = input_encoding(&s->in);
    if (strcmp(encoding, "UTF-8") != 0)
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": character %zu of the line is not %s, as the file is read", s->path,
                         line, bad - from + 1, encoding),
                    "set data.encoding to the file's encoding, or data.on_bad_row to skip");
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": byte %zu of the line, 0x%02X, is not UTF-8", s->path, line,
                     bad - from + 1, (unsigned)(unsigned char)bytes[bad]),
                "convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8, or set data.on_bad_row to skip");
}

bool source_is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int      len = utf8_decode(text + i, n - i, &cp);
        if (len == 0) return false;
        bool space = cp <= ' ' || cp == 0x85 || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200B) ||
                     cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000 || cp == 0xFEFF;
        if (!space) return false;
        i += (size_t)len;
    }
    return true;
}

Status source_no_column(const Source *s, int64_t line, const char *what, const char *wanted, const char *names, int n,
                        const char *key)
{
    enum { SHOWN = 32 };
    const char *words[SHOWN] = { NULL };
    char        list[512] = "";
    size_t      len = 0;
    int         shown = 0;
    for (const char *name = names; shown < n && shown < SHOWN; name += strlen(name) + 1, shown++) {
        words[shown] = name;
        size_t n_name = strlen(name);
        while (n_name > 60 || (n_name > 0 && (name[n_name] & 0xC0) == 0x80)) n_name--;      /* between characters */
        if (len + n_name + 3 > sizeof list) break;
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%.*s", shown ? ", " : "", (int)n_name, name);
    }
    const char *near = text_nearest(wanted, words, (size_t)shown);
    Status      st = fail(ERR_DATA, "%s:%" PRId64 ": there is no %s \"%s\"; there %s %s%s", s->path, line, what, wanted,
                          n == 1 ? "is" : "are", n ? list : "none", shown < n ? ", ..." : "");
    if (near) return hint(st, "did you mean \"%s\"? data.%s says which one is read", near, key);
    return hint(st, "set data.%s to one of these%s", key,
                what[0] == 'c' ? "; the first line of the file must name the columns, or data.columns does" : "");
}

bool source_wants(const char *column) { return column && column[0] != '@'; }

Status source_offers(const Source *s, const char *format, bool pair, bool label, bool tags, bool answers)
{
    const RowsOptions *o = s->options;
    const char        *key = o->pair && !pair ? "text_pair" : source_wants(o->label) && !label ? "label" : NULL;
    if (key)
        return hint(fail(ERR_DATA, "%s: %s has no column for data.%s", s->path, format, key),
                    "use JSONL or CSV%s", key[0] == 'l' ? ", or a label of \"@folder\" or \"@file\"" : "");
    if (o->need == ROW_NEEDS_LABEL && !label && !o->label)
        return hint(fail(ERR_DATA, "%s: %s has no labels", s->path, format),
                    "use JSONL or CSV, or set data.label to @file");
    if ((o->need == ROW_NEEDS_TAGS && !tags) || (o->need == ROW_NEEDS_ANSWERS && !answers))
        return hint(fail(ERR_DATA, "%s: %s has no %s", s->path, format,
                         o->need == ROW_NEEDS_TAGS ? "tags" : "answers"),
                    "use %s", o->need == ROW_NEEDS_TAGS ? "conll, conllu or jsonl with lists of words and tags"
                                                        : "the SQuAD format (data.format: squad)");
    return OK;
}

/* ---- building a row --------------------------------------------------------------------------------------------- */

Status source_add_span(Source *s, size_t begin, size_t end, const char *label)
{
    if (s->n_spans >= ROWS_MAX_PARTS)
        return hint(source_bad(s, s->place.line, "more than %d marked pieces in one row", ROWS_MAX_PARTS),
                    "split the text over several rows");
    TRY(mem_grow(&s->spans, &s->cap_spans, s->n_spans + 1, sizeof *s->spans));
    s->spans[s->n_spans++] = (RowSpan){ begin, end, label };
    return OK;
}

Status source_add_tag(Source *s, size_t begin, size_t end, const char *tag, size_t n)
{
    TRY(mem_grow(&s->offsets, &s->cap_offsets, s->n_spans + 1, sizeof *s->offsets));
    s->offsets[s->n_spans] = s->label.len;
    TRY(text_add(&s->label, tag, n));
    TRY(text_add(&s->label, "", 1));
    return source_add_span(s, begin, end, NULL);
}

static bool joins_without_space(uint32_t cp)             /* Chinese and Japanese, and their punctuation */
{
    return (cp >= 0x2E80 && cp < 0xA000) || (cp >= 0xF900 && cp < 0xFB00) || (cp >= 0xFE30 && cp < 0xFE50) ||
           (cp >= 0xFF00 && cp < 0xFFF0) || (cp >= 0x20000 && cp < 0x40000);
}

static bool needs_space(const Text *text, const char *word, size_t n)
{
    uint32_t before = 0, after = 0;
    size_t   last = text->len;
    if (text->len == 0 || n == 0) return false;
    do last--; while (last > 0 && (text->data[last] & 0xC0) == 0x80);
    utf8_decode(text->data + last, text->len - last, &before);
    utf8_decode(word, n, &after);
    return !(joins_without_space(before) && joins_without_space(after));
}

Status source_add_word(Source *s, const char *word, size_t n, const char *tag, size_t n_tag)
{
    if (needs_space(&s->text, word, n)) TRY(text_add(&s->text, " ", 1));
    size_t begin = s->text.len;
    TRY(text_add(&s->text, word, n));
    return source_add_tag(s, begin, s->text.len, tag, n_tag);
}

void source_finish_words(Source *s, Row *out)
{
    for (size_t i = 0; i < s->n_spans; i++) s->spans[i].label = s->label.data + s->offsets[i];
    out->text = s->text.data;
    out->n_text = s->text.len;
    out->spans = s->spans;
    out->n_spans = s->n_spans;
}
