/* data/readers/conllu.c: CoNLL-U, ten columns a word (universaldependencies.org/format.html).
 *
 * The text of a sentence is its "# text = " line where the words stand in it one after another, else the words with a
 * space between, none after SpaceAfter=No. data.label names a column: upos (the default), xpos, feats, head, deprel, lemma.
 * A word of several ("3-4 don't") is one in the text: its parts are marked within it where they spell it, else they are
 * one piece and their tags are joined by +. Empty nodes ("8.1") stand for nothing in the text and are passed over. */
#include "data/readers/readers.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

enum { ID, FORM, LEMMA, UPOS, XPOS, FEATS, HEAD, DEPREL, DEPS, MISC, N_COLUMNS };

static const char *const columns[] = { "id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc" };

typedef struct Field { const char *at; size_t n; } Field;

/* A sentence being put together. Words lie in s->text; a range's surface too. Spans may still move (align). */
typedef struct Sentence {
    Text    given;                     /* of "# text = " */
    bool    has_given, space_before;
    int     tag_column;
    long    range_end;                 /* words up to this number are parts of the last surface word; 0: none */
    size_t  range_begin, range_span;   /* where that word begins in the text, and its first part's span */
    size_t  range_at;                  /* how much of it the parts have spelled; SIZE_MAX: they do not spell it */
} Sentence;

static Status tag_column(const Source *s, int *out)
{
    const char *label = source_wants(s->options->label) ? s->options->label : "upos";
    if (strcmp(label, "label") == 0) label = "upos";
    for (int i = 0; i < N_COLUMNS; i++)
        if (strcmp(label, columns[i]) == 0 || (label[0] == '0' + i && !label[1])) {
            *out = i;
            return OK;
        }
    return hint(fail(ERR_CONFIG, "data.label: CoNLL-U has no column \"%s\"", label),
                "use upos, xpos, feats, head, deprel or lemma");
}

static Status conllu_begin(Source *s)
{
    int column;
    TRY(tag_column(s, &column));
    return source_offers(s, "CoNLL-U", false, true, true, false);
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static bool split(const char *line, size_t n, Field fields[N_COLUMNS])
{
    int count = 0;
    for (size_t at = 0; at <= n; count++) {
        const char *tab = at < n ? memchr(line + at, '\t', n - at) : NULL;
        size_t      end = tab ? (size_t)(tab - line) : n;
        if (count >= N_COLUMNS) return false;
        fields[count] = (Field){ line + at, end - at };
        at = end + 1;
    }
    return count == N_COLUMNS;
}

/* "3", "3-4" or "8.1": the first number, and what follows it. 0: none of these. */
static long word_number(Field id, char *kind, long *second)
{
    char text[32], *end;
    if (id.n == 0 || id.n >= sizeof text) return 0;
    memcpy(text, id.at, id.n);
    text[id.n] = '\0';
    long first = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : (end = text, -1L);
    *kind = *end;
    *second = 0;
    if (first < 0 || (*end != '\0' && *end != '-' && *end != '.')) return -1;
    if (*end) *second = end[1] >= '0' && end[1] <= '9' ? strtol(end + 1, &end, 10) : -1;
    return *end == '\0' && *second >= 0 ? first : -1;
}

static bool has_space_after(Field misc)
{
    return !memmem(misc.at, misc.n, "SpaceAfter=No", 13);
}

static Status add_surface(Source *s, Sentence *t, Field form, Field misc, size_t *begin)
{
    if (t->space_before && s->text.len) TRY(text_add(&s->text, " ", 1));
    *begin = s->text.len;
    t->space_before = has_space_after(misc);
    return text_add(&s->text, form.at, form.n);
}

/* The part of a word of several: its piece of it, or the whole with the tags joined. */
static Status add_part(Source *s, Sentence *t, Field form, Field tag)
{
    size_t end = s->text.len, at = t->range_begin + t->range_at;
    if (t->range_at != SIZE_MAX && form.n <= end - at && memcmp(s->text.data + at, form.at, form.n) == 0) {
        TRY(source_add_tag(s, at, at + form.n, tag.at, tag.n));
        t->range_at += form.n;
        return OK;
    }
    if (t->range_at == 0) {
        t->range_at = SIZE_MAX;
        return source_add_tag(s, t->range_begin, end, tag.at, tag.n);
    }
    if (t->range_at != SIZE_MAX) {                          /* some parts did fit: take them together after all */
        size_t keep = t->range_span + 1;
        for (size_t i = keep; i < s->n_spans; i++) s->label.data[s->offsets[i] - 1] = '+';
        s->n_spans = keep;
        s->spans[t->range_span] = (RowSpan){ t->range_begin, end, NULL };
        t->range_at = SIZE_MAX;
    }
    s->label.data[s->label.len - 1] = '+';
    TRY(text_add(&s->label, tag.at, tag.n));
    return text_add(&s->label, "", 1);
}

/* The last part may leave some of the word unspelled: then it is one piece. */
static void finish_range(Source *s, Sentence *t)
{
    if (t->range_end && t->range_at != SIZE_MAX && t->range_begin + t->range_at != s->text.len &&
        s->n_spans > t->range_span) {
        for (size_t i = t->range_span + 1; i < s->n_spans; i++) s->label.data[s->offsets[i] - 1] = '+';
        s->n_spans = t->range_span + 1;
        s->spans[t->range_span].begin = t->range_begin;
        s->spans[t->range_span].end = s->text.len;
    }
    t->range_end = 0;
}

static Status add_word_line(Source *s, Sentence *t, const char *line, size_t n, int64_t number)
{
    Field fields[N_COLUMNS];
    char  kind = 0;
    long  second;
    if (!split(line, n, fields))
        return hint(source_bad(s, number, "a word of CoNLL-U has 10 columns between tabs"),
                    "for other numbers of columns use data.format: conll");
    long   first = word_number(fields[ID], &kind, &second);
    size_t begin;
    if (first < 0)
        return source_bad(s, number, "\"%.*s\" is not a word's number", fields[ID].n < 32 ? (int)fields[ID].n : 32,
                          fields[ID].at);
    if (kind == '.') return OK;
    if (fields[FORM].n == 0) return source_bad(s, number, "the word is empty");
    if (fields[t->tag_column].n == 0) return source_bad(s, number, "the tag (%s) is empty", columns[t->tag_column]);
    if (t->range_end && (kind == '-' || first > t->range_end)) finish_range(s, t);
    if (kind == '-') {
        if (second <= first) return source_bad(s, number, "the range of words is empty");
        t->range_end = second;
        t->range_at = 0;
        t->range_span = s->n_spans;
        return add_surface(s, t, fields[FORM], fields[MISC], &t->range_begin);
    }
    if (t->range_end) return add_part(s, t, fields[FORM], fields[t->tag_column]);
    TRY(add_surface(s, t, fields[FORM], fields[MISC], &begin));
    return source_add_tag(s, begin, s->text.len, fields[t->tag_column].at, fields[t->tag_column].n);
}

static Status add_comment(Sentence *t, const char *line, size_t n)
{
    static const char key[] = "# text = ";
    size_t            len = sizeof key - 1;
    if (n < len || memcmp(line, key, len) != 0 || t->has_given) return OK;
    t->has_given = true;
    return text_add(&t->given, line + len, n - len);
}

/* ---- the text as it was given ----------------------------------------------------------------------------------- */

/* How far the given text is behind or before ours at each of our bytes: white space alone may differ. */
static bool same_but_for_space(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < n_a && a[i] == ' ') i++;
        while (k < n_b && b[k] == ' ') k++;
        if (i >= n_a || k >= n_b) return i >= n_a && k >= n_b;
        if (a[i++] != b[k++]) return false;
    }
}

/* Moves spans (in order, ends as well) over to the given text, where the letters are the same. */
static void align(Source *s, Sentence *t)
{
    const char *ours = s->text.data, *theirs = t->given.data;
    size_t      i = 0, k = 0;
    if (!t->has_given || !same_but_for_space(ours, s->text.len, theirs, t->given.len)) return;
    for (size_t span = 0; span < s->n_spans; span++) {
        RowSpan *r = &s->spans[span];
        for (int edge = 0; edge < 2; edge++) {
            size_t to = edge ? r->end : r->begin;
            while (i < to) {                                /* one letter of ours, with what space lies before theirs */
                if (ours[i] != ' ') {
                    while (theirs[k] == ' ') k++;
                    k++;
                }
                i++;
            }
            if (!edge) while (theirs[k] == ' ') k++;
            if (edge) r->end = k;
            else r->begin = k;
        }
    }
    Text swap = s->text;
    s->text = t->given;
    t->given = swap;
}

static Status read_sentence(Source *s, Sentence *t, Row *out, bool *end)
{
    Status bad = OK;
    int    n_words = 0, n_lines = 0;
    for (;;) {
        const char *line;
        size_t      n;
        bool        no_more = false;
        Place       place = s->place;
        Status      st = source_line(s, &line, &n, &no_more);
        if (st != OK && st != ERR_DATA) return st;
        if (no_more || (st == OK && n == 0 && n_words)) break;
        if (st == OK && n == 0) {                           /* comments that belong to no sentence */
            n_lines = 0;
            t->has_given = false;
            text_clear(&t->given);
            continue;
        }
        if (n_lines++ == 0) out->place = place;
        bool comment = st == OK && line[0] == '#';
        n_words += !comment;
        if (bad == OK)
            bad = st != OK ? st : comment ? add_comment(t, line, n) : add_word_line(s, t, line, n, place.line);
        if (bad != OK && bad != ERR_DATA) return bad;
        if (s->text.len > ROWS_MAX_ROW)
            bad = source_bad(s, place.line, "a sentence of more than %d MiB", ROWS_MAX_ROW >> 20);
    }
    *end = n_words == 0;
    if (*end || bad != OK) return *end && n_words == 0 ? OK : bad;
    finish_range(s, t);
    align(s, t);
    source_finish_words(s, out);
    return OK;
}

static Status conllu_read(Source *s, Row *out, bool *end)
{
    Sentence t = { 0 };
    TRY(tag_column(s, &t.tag_column));
    Status st = read_sentence(s, &t, out, end);
    text_release(&t.given);
    return st;
}

const Reader reader_conllu = { "conllu", ".conllu|.conll-u", NULL, conllu_begin, conllu_read };
