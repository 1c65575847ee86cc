/* data/readers/conll.c: a word a line with its tag, sentences between blank lines, as CoNLL-2003 has them (Tjong Kim Sang
 * and De Meulder 2003).
 *
 * Columns lie between tabs, or between spaces where a line has no tab. The word is in the first column and the tag in the
 * last, unless data.text and data.label say others by number, or by a name of data.columns. Lines of white space alone
 * separate (some sets leave the tab in), and so does -DOCSTART-. Tags stay as they are, IOB1 or IOB2. The text of a
 * sentence is its words, with a space between. */
#include "data/readers/readers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct Field { const char *at; size_t n; } Field;

static Status conll_begin(Source *s) { return source_offers(s, "CoNLL", false, true, true, false); }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

static bool separates(const char *line, size_t n)
{
    size_t i = 0;
    while (i < n && is_space(line[i])) i++;
    return i == n || (n - i >= 10 && memcmp(line + i, "-DOCSTART-", 10) == 0 && (n - i == 10 || is_space(line[i + 10])));
}

/* The next column of the line from *at on; false at its end. */
static bool next_field(const char *line, size_t n, bool tabs, size_t *at, Field *out)
{
    if (*at > n) return false;
    if (!tabs) while (*at < n && is_space(line[*at])) ++*at;
    if (!tabs && *at >= n) return false;
    size_t end = *at;
    while (end < n && !(tabs ? line[end] == '\t' : is_space(line[end]))) end++;
    *out = (Field){ line + *at, end - *at };
    *at = end + 1;
    return true;
}

/* A column by its number or its name in data.columns; -1: not said. */
static Status column_of(const Source *s, const char *wanted, const char *key, int *out)
{
    const StringList *names = s->options->columns;
    *out = -1;
    if (!source_wants(wanted) || strcmp(wanted, key) == 0) return OK;
    if (strspn(wanted, "0123456789") == strlen(wanted) && wanted[0] && strlen(wanted) < 5) {
        *out = atoi(wanted);
        return OK;
    }
    for (size_t i = 0; names && i < names->n; i++) if (strcmp(names->items[i], wanted) == 0) *out = (int)i;
    if (*out >= 0) return OK;
    return hint(fail(ERR_CONFIG, "data.%s: CoNLL files do not name their columns, so \"%s\" is not known", key, wanted),
                "give its number, from 0, or name all columns with data.columns");
}

static Status add_line(Source *s, const char *line, size_t n, int64_t number, int word_column, int tag_column)
{
    bool   tabs = memchr(line, '\t', n) != NULL;
    Field  field = { 0 }, word = { 0 }, tag = { 0 };
    size_t at = 0;
    int    n_fields = 0;
    for (; next_field(line, n, tabs, &at, &field); n_fields++) {
        if (n_fields == (word_column < 0 ? 0 : word_column)) word = field;
        if (tag_column < 0 || n_fields == tag_column) tag = field;
    }
    if (n_fields < 2 || n_fields <= tag_column || n_fields <= word_column)
        return hint(source_bad(s, number, "%d column%s, where a word and its tag are expected", n_fields,
                               n_fields == 1 ? "" : "s"),
                    "columns lie between tabs, or between spaces where a line has no tab");
    if (word.n == 0 || tag.n == 0) return source_bad(s, number, "the %s is empty", word.n ? "tag" : "word");
    return source_add_word(s, word.at, word.n, tag.at, tag.n);
}

static Status conll_read(Source *s, Row *out, bool *end)
{
    Status bad = OK;
    int    word_column, tag_column, n_lines = 0;
    TRY(column_of(s, s->options->text, "text", &word_column));
    TRY(column_of(s, s->options->label, "label", &tag_column));
    for (;;) {
        const char *line;
        size_t      n;
        bool        no_more = false;
        int64_t     number = s->place.line;
        Place       place = s->place;
        Status      st = source_line(s, &line, &n, &no_more);
        if (st != OK && st != ERR_DATA) return st;
        if (no_more) break;
        if (st == OK && separates(line, n)) {
            if (n_lines) break;
            continue;
        }
        if (n_lines++ == 0) out->place = place;
        if (bad == OK) bad = st != OK ? st : add_line(s, line, n, number, word_column, tag_column);
        if (bad == OK && s->text.len > ROWS_MAX_ROW)
            bad = source_bad(s, out->place.line, "a sentence of more than %d MiB", ROWS_MAX_ROW >> 20);
        if (bad != OK && bad != ERR_DATA) return bad;
    }
    *end = n_lines == 0;
    if (bad == OK && !*end) source_finish_words(s, out);
    return bad;
}

const Reader reader_conll = { "conll", ".conll|.conll.txt|.bio|.iob|.iob2", NULL, conll_begin, conll_read };
