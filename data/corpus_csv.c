/* data/corpus_csv.c: CSV as RFC 4180 has it, and TSV.
 *
 * CSV: a field that begins with a quote ends at the next quote that is not doubled, and may hold commas and line ends.
 * A quote inside an unquoted field is an ordinary character.
 *
 * TSV: the same quotes, but only where the field closes on its own line, directly before a tab or the line's end.
 * Published sets (GLUE, SNLI) write tabs without any quoting rule, and a text that merely begins with a quote must not
 * swallow the rows that follow it. Such a quote is an ordinary character.
 *
 * The first line names the columns; every row has as many. Empty lines are no rows. */
#include "data/corpus_readers.h"

#include <inttypes.h>
#include <string.h>

/* The quote that ends the field opened at `at`, or limit; doubled ones are passed over. */
static size_t closing_quote(const char *d, size_t at, size_t limit)
{
    for (size_t i = at + 1; i < limit;) {
        const char *q = memchr(d + i, '"', limit - i);
        if (!q) return limit;
        i = (size_t)(q - d);
        if (i + 1 >= limit || d[i + 1] != '"') return i;
        i += 2;
    }
    return limit;
}

static bool ends_field(const Source *s, size_t at)      /* a separator, a line end or the end of the file */
{
    const char *d = s->file.data;
    return at >= s->file.size || d[at] == s->separator || d[at] == '\n' ||
           (d[at] == '\r' && (at + 1 >= s->file.size || d[at + 1] == '\n'));
}

static bool opens_quoted(const Source *s, size_t at)
{
    const char *d = s->file.data;
    if (at >= s->file.size || d[at] != '"') return false;
    if (s->separator != '\t') return true;
    const char *lf = memchr(d + at, '\n', s->file.size - at);
    size_t      limit = lf ? (size_t)(lf - d) : s->file.size, end = closing_quote(d, at, limit);
    return end < limit && ends_field(s, end + 1);
}

static Status never_closed(Source *s, int64_t line)
{
    s->broken = true;                                   /* the rest of the file lies inside the quotes */
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": a quoted field is never closed", s->path, line),
                "end the field with a quote, and double quotes inside it (\"\")");
}

/* Text behind a closing quote: the quote was meant as a character, or the field should have ended earlier. */
static Status bad_quote(const Source *s, int64_t opened, int64_t closed, const char *follows, size_t n)
{
    char seen[16] = "";
    for (size_t i = 0; i < n && i < 12 && (unsigned char)follows[i] >= ' ' && (unsigned char)follows[i] < 0x7F; i++)
        seen[i] = follows[i], seen[i + 1] = '\0';
    Status st = opened == closed
        ? fail(ERR_DATA, "%s:%" PRId64 ": text follows after the closing quote of a field: %s", s->path, opened, seen)
        : fail(ERR_DATA, "%s:%" PRId64 ": a quoted field is never closed: the next quote, in line %" PRId64
               ", is followed by %s", s->path, opened, closed, seen);
    return hint(st, "end the field with a quote, and double quotes inside it (\"\")");
}

/* Quoted field at p->at, appended to s->fields with its NUL; p moves behind the closing quote. */
static Status read_quoted(Source *s, Place *p)
{
    const char *d = s->file.data;
    int64_t     opened = p->line;
    size_t      end = closing_quote(d, p->at, s->file.size);
    if (end >= s->file.size) return never_closed(s, opened);
    for (size_t i = p->at + 1; i < end;) {              /* piece by piece, each but the last ending in a kept quote */
        const char *q = memchr(d + i, '"', end - i);
        size_t      stop = q ? (size_t)(q - d) + 1 : end;
        for (size_t k = i; k < stop; k++) p->line += d[k] == '\n';
        if (s->fields.len + (stop - i) <= CORPUS_MAX_ROW) TRY(text_add(&s->fields, d + i, stop - i));
        i = stop + (q != NULL);
    }
    p->at = end + 1;
    if (!ends_field(s, p->at)) {
        int64_t closed = p->line;
        size_t  n;
        const char *rest = corpus_source_line(s, p, &n);       /* reading may go on with the next line */
        return bad_quote(s, opened, closed, rest, n);
    }
    return text_add(&s->fields, "", 1);
}

static Status read_unquoted(Source *s, Place *p)
{
    const char *d = s->file.data;
    size_t      i = p->at;
    while (i < s->file.size && d[i] != s->separator && d[i] != '\n') i++;
    size_t n = i - p->at;
    if (n > 0 && d[i - 1] == '\r' && (i >= s->file.size || d[i] == '\n')) n--;
    if (s->fields.len + n <= CORPUS_MAX_ROW) {
        TRY(text_add(&s->fields, d + p->at, n));
        TRY(text_add(&s->fields, "", 1));
    }
    p->at = i;
    return OK;
}

/* All fields of the row at p into s->fields. */
static Status read_fields(Source *s, Place *p, int *n_fields)
{
    Place begin = *p;
    *n_fields = 0;
    text_clear(&s->fields);
    for (;;) {
        TRY(opens_quoted(s, p->at) ? read_quoted(s, p) : read_unquoted(s, p));
        if (*n_fields < INT32_MAX) ++*n_fields;
        if (p->at >= s->file.size || s->file.data[p->at] != s->separator) break;
        p->at++;
    }
    size_t end = p->at;
    if (p->at < s->file.size && s->file.data[p->at] == '\r') p->at++;
    if (p->at < s->file.size && s->file.data[p->at] == '\n') {
        p->at++;
        p->line++;
    }
    return corpus_check_bytes(s, s->file.data + begin.at, end - begin.at, begin.line);
}

static Status find_column(const Source *s, int64_t line, const char *wanted, bool required, const char *key, int *out)
{
    *out = -1;
    if (!wanted) return OK;
    const char *name = s->header.data;
    for (int i = 0; i < s->n_columns; i++, name += strlen(name) + 1) {
        if (strcmp(name, wanted) != 0) continue;
        if (*out >= 0)
            return hint(fail(ERR_DATA, "%s:%" PRId64 ": two columns are named \"%s\"", s->path, line, wanted),
                        "rename one of them");
        *out = i;
    }
    if (*out >= 0 || !required) return OK;
    return corpus_no_column(s, line, "column", wanted, s->header.data, s->n_columns, key);
}

static Status begin_table(Source *s, Place *p, char separator)
{
    const CorpusOptions *o = &s->options;
    int64_t              line = p->line;
    s->separator = separator;
    TRY(read_fields(s, p, &s->n_columns));
    if (s->n_columns > CORPUS_MAX_COLUMNS)
        return fail(ERR_DATA, "%s:%" PRId64 ": %d columns, where at most %d are read", s->path, line, s->n_columns,
                    CORPUS_MAX_COLUMNS);
    Text swap = s->header;
    s->header = s->fields;
    s->fields = swap;
    TRY(find_column(s, line, o->text, true, "text", &s->text_column));
    TRY(find_column(s, line, o->pair, true, "text_pair", &s->pair_column));
    return find_column(s, line, o->label, o->label_required, "label", &s->label_column);
}

static Status csv_begin(Source *s, Place *p) { return begin_table(s, p, ','); }
static Status tsv_begin(Source *s, Place *p) { return begin_table(s, p, '\t'); }

static Status table_read(Source *s, Place *p, Row *out)
{
    int     n;
    int64_t line = p->line;
    *out = (Row){ .line = line };
    TRY(read_fields(s, p, &n));
    if (n != s->n_columns) {
        int64_t last = p->line - (p->at > 0 && s->file.data[p->at - 1] == '\n');
        Status  st = last > line
            ? fail(ERR_DATA, "%s:%" PRId64 ": %d columns, expected %d as in the header (inside quotes, the row goes on "
                   "to line %" PRId64 ")", s->path, line, n, s->n_columns, last)
            : fail(ERR_DATA, "%s:%" PRId64 ": %d columns, expected %d as in the header", s->path, line, n,
                   s->n_columns);
        if (s->separator == '\t')
            return hint(st, "a tab or a line end inside a field is not possible in TSV; use CSV or JSONL");
        return hint(st, "put fields that hold a comma or a line end in quotes");
    }
    const char *field = s->fields.data;
    for (int i = 0; i < n; i++, field += strlen(field) + 1) {
        if (i == s->text_column) out->text = field;
        if (i == s->pair_column) out->pair = field;
        if (i == s->label_column && field[0]) out->label = field;      /* an empty field has no label */
    }
    out->n_text = strlen(out->text);
    out->n_pair = out->pair ? strlen(out->pair) : 0;
    return OK;
}

const Reader corpus_reader_csv = { "csv", ".csv|.CSV", "\r", csv_begin, table_read };
const Reader corpus_reader_tsv = { "tsv", ".tsv|.tab|.TSV", "\r", tsv_begin, table_read };
