/* data/readers/csv.c: CSV as RFC 4180 has it, and TSV.
 *
 * CSV: a field that begins with a quote ends at the next quote that is not doubled, and may hold commas and line ends.
 * A quote inside an unquoted field is an ordinary character.
 *
 * TSV: the same quotes, but only where the field closes on its own line, directly before a tab or the line's end.
 * Published sets (GLUE, SNLI) write tabs without any quoting rule, and a text that merely begins with a quote must not
 * swallow the rows that follow it. Such a quote is an ordinary character.
 *
 * The first line names the columns, unless data.columns does or all columns are asked for by number; every row has as
 * many. Empty lines are no rows. */
#include "data/readers/readers.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row being read: positions count from the window's start, which stays where the row begins. */
typedef struct Cursor { size_t at; int64_t line; Status status; } Cursor;

static char at(const Source *s, size_t i) { return s->in.data[i]; }

/* The next `c` from i on. False: there is none before the file's end (or the window's limit: status). */
static bool find_byte(Source *s, Cursor *c, size_t i, char wanted, size_t *found)
{
    for (;;) {
        const char *q = i < s->in.n ? memchr(s->in.data + i, wanted, s->in.n - i) : NULL;
        if (q) {
            *found = (size_t)(q - s->in.data);
            return true;
        }
        i = s->in.n > i ? s->in.n : i;
        if (!source_has(s, i, &c->status)) return false;
    }
}

/* The quote that ends the field opened at `open`; doubled ones are passed over. */
static bool closing_quote(Source *s, Cursor *c, size_t open, size_t limit, size_t *close)
{
    for (size_t i = open + 1; i < limit; i = *close + 2) {
        if (!find_byte(s, c, i, '"', close) || *close >= limit) return false;
        if (*close + 1 >= limit || !source_has(s, *close + 1, &c->status) || at(s, *close + 1) != '"') return true;
    }
    return false;
}

static bool ends_field(Source *s, Cursor *c, size_t i)      /* a separator, a line end or the end of the file */
{
    if (!source_has(s, i, &c->status) || at(s, i) == s->separator || at(s, i) == '\n') return true;
    return at(s, i) == '\r' && (!source_has(s, i + 1, &c->status) || at(s, i + 1) == '\n');
}

static bool opens_quoted(Source *s, Cursor *c)
{
    if (!source_has(s, c->at, &c->status) || at(s, c->at) != '"') return false;
    if (s->separator != '\t') return true;
    size_t limit, close = 0;
    if (!find_byte(s, c, c->at, '\n', &limit)) limit = s->in.n;
    return closing_quote(s, c, c->at, limit, &close) && ends_field(s, c, close + 1);
}

static Status never_closed(Source *s, int64_t line)
{
    s->broken = true;                                   /* the rest of the file lies inside the quotes */
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": a quoted field is never closed", s->path, line),
                "end the field with a quote, and double quotes inside it (\"\")");
}

/* Text behind a closing quote: the quote was meant as a character, or the field should have ended earlier. */
static Status bad_quote(const Source *s, int64_t opened, int64_t closed, size_t from)
{
    char   seen[16] = "";
    size_t n = 0;
    for (size_t i = from; i < s->in.n && n < 12 && (unsigned char)at(s, i) >= ' ' && (unsigned char)at(s, i) < 0x7F; i++)
        seen[n++] = at(s, i);
    Status st = opened == closed
        ? fail(ERR_DATA, "%s:%" PRId64 ": text follows after the closing quote of a field: %s", s->path, opened, seen)
        : fail(ERR_DATA, "%s:%" PRId64 ": a quoted field is never closed: the next quote, in line %" PRId64
               ", is followed by %s", s->path, opened, closed, seen);
    return hint(st, "end the field with a quote, and double quotes inside it (\"\")");
}

static int64_t count_lines(const char *d, size_t n)
{
    int64_t lines = 0;
    for (const char *lf = d, *end = d + n; (lf = memchr(lf, '\n', (size_t)(end - lf))) != NULL; lf++) lines++;
    return lines;
}

/* Quoted field at the cursor, appended to s->fields with its NUL; the cursor moves behind the closing quote. */
static Status read_quoted(Source *s, Cursor *c)
{
    int64_t opened = c->line;
    size_t  close = 0, open = c->at;
    if (!closing_quote(s, c, open, SIZE_MAX, &close)) {
        if (c->status == OK || c->status == ERR_DATA) return never_closed(s, opened);
        return c->status;
    }
    for (size_t i = open + 1; i < close;) {             /* piece by piece, each but the last ending in a kept quote */
        const char *q = memchr(s->in.data + i, '"', close - i);
        size_t      stop = q ? (size_t)(q - s->in.data) + 1 : close;
        TRY(text_add(&s->fields, s->in.data + i, stop - i));
        i = stop + (q != NULL);
    }
    c->line += count_lines(s->in.data + open, close - open);
    c->at = close + 1;
    if (!ends_field(s, c, c->at)) {
        Status st = bad_quote(s, opened, c->line, c->at);
        size_t lf;
        if (!find_byte(s, c, c->at, '\n', &lf)) lf = s->in.n;
        c->at = lf;                                     /* reading may go on with the next line */
        return st;
    }
    return text_add(&s->fields, "", 1);
}

static Status read_unquoted(Source *s, Cursor *c)
{
    size_t i = c->at;
    for (;;) {
        const char *d = s->in.data, separator = s->separator;
        size_t      n = s->in.n;
        while (i < n && d[i] != separator && d[i] != '\n') i++;
        if (i < n || !source_has(s, i, &c->status)) break;
    }
    if (c->status != OK) return c->status;
    size_t n = i - c->at;
    if (n > 0 && at(s, i - 1) == '\r' && (i >= s->in.n || at(s, i) == '\n')) n--;
    TRY(text_add(&s->fields, s->in.data + c->at, n));
    c->at = i;
    return text_add(&s->fields, "", 1);
}

/* All fields of the row at the place into s->fields; moves behind it, good or bad. */
static Status read_fields(Source *s, int *n_fields)
{
    Cursor c = { 0, s->place.line, OK };
    Status st = OK;
    *n_fields = 0;
    text_clear(&s->fields);
    while (st == OK) {
        bool quoted = opens_quoted(s, &c);
        st = c.status != OK ? c.status : quoted ? read_quoted(s, &c) : read_unquoted(s, &c);
        if (st == OK && *n_fields < INT32_MAX) ++*n_fields;
        if (st != OK || !source_has(s, c.at, &c.status) || at(s, c.at) != s->separator) break;
        c.at++;
    }
    if (st == OK) st = c.status;
    if (st != OK && c.status == ERR_DATA && !s->broken) {      /* longer than a row may be */
        int64_t line = s->place.line;
        source_skip_line(s);
        return hint(source_bad(s, line, "a row of more than %d MiB, the most that is read as one", ROWS_MAX_ROW >> 20),
                    "split the text over several rows");
    }
    if (st != OK && (st != ERR_DATA || s->broken)) return st;
    if (st == OK) st = source_check_bytes(s, s->in.data, c.at, s->place.line);
    if (c.at < s->in.n && at(s, c.at) == '\r') c.at++;
    if (c.at < s->in.n && at(s, c.at) == '\n') {
        c.at++;
        c.line++;
    }
    source_skip(s, c.at, c.line - s->place.line);
    return st;
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static int column_number(const char *name)              /* -1: not a number */
{
    size_t n = strspn(name, "0123456789");
    return n > 0 && n <= 4 && name[n] == '\0' ? atoi(name) : -1;
}

static bool is_named(const Text *names, int n, const char *wanted)
{
    const char *name = names->data;
    for (int i = 0; i < n; i++, name += strlen(name) + 1) if (strcmp(name, wanted) == 0) return true;
    return false;
}

/* All that is asked for are numbers, and the first line does not happen to hold them as names. */
static bool only_numbers(const Source *s, const Text *first, int n)
{
    const RowsOptions *o = s->options;
    const char        *asked[] = { o->text, o->pair, o->label, o->group };
    for (size_t i = 0; i < COUNT(asked); i++)
        if (source_wants(asked[i]) && (column_number(asked[i]) < 0 || is_named(first, n, asked[i]))) return false;
    return true;
}

static Status find_column(const Source *s, int64_t line, const char *wanted, bool required, const char *key, int *out)
{
    const TableColumns *c = &s->columns;
    *out = -1;
    if (!source_wants(wanted)) return OK;
    const char *name = s->header.data;
    for (int i = 0; i < c->n; i++, name += strlen(name) + 1) {
        if (strcmp(name, wanted) != 0) continue;
        if (*out >= 0)
            return hint(fail(ERR_DATA, "%s:%" PRId64 ": two columns are named \"%s\"", s->path, line, wanted),
                        "rename one of them");
        *out = i;
    }
    int number = column_number(wanted);
    if (*out < 0 && number >= 0 && number < c->n) *out = number;
    if (*out >= 0 || !required) return OK;
    return source_no_column(s, line, "column", wanted, s->header.data, c->n, key);
}

/* Where the names come from: data.columns, nowhere (numbers), or the first line. */
static Status read_header(Source *s)
{
    const StringList *named = s->options->columns;
    TableColumns     *c = &s->columns;
    Place             first = s->place;
    int64_t           line = s->place.line;
    *c = (TableColumns){ 0 };
    text_clear(&s->header);
    if (named && named->n) {
        for (size_t i = 0; i < named->n; i++) TRY(text_add(&s->header, named->items[i], strlen(named->items[i]) + 1));
        c->n = (int)named->n;
        return OK;
    }
    Status st = read_fields(s, &c->n);
    bool   numbered = st == OK && only_numbers(s, &s->fields, c->n);
    if (st != OK && !s->broken) numbered = only_numbers(s, &s->fields, 0);       /* a bad first row, not a bad header */
    if (st != OK && !numbered) return st;
    if (c->n > ROWS_MAX_COLUMNS)
        return fail(ERR_DATA, "%s:%" PRId64 ": %d columns, where at most %d are read", s->path, line, c->n,
                    ROWS_MAX_COLUMNS);
    c->from_header = !numbered;
    if (numbered) {
        for (int i = 0; i < c->n; i++) {
            char number[16];
            snprintf(number, sizeof number, "%d", i);
            TRY(text_add(&s->header, number, strlen(number) + 1));
        }
        TRY(input_seek(&s->in, first.at));
        s->place = first;
        return OK;
    }
    Text swap = s->header;
    s->header = s->fields;
    s->fields = swap;
    return OK;
}

static Status begin_table(Source *s, char separator)
{
    const RowsOptions *o = s->options;
    TableColumns      *c = &s->columns;
    int64_t            line = s->place.line;
    s->separator = separator;
    TRY(source_offers(s, "a table", true, true, false, false));
    TRY(read_header(s));
    TRY(find_column(s, line, o->text, true, "text", &c->text));
    TRY(find_column(s, line, o->pair, true, "text_pair", &c->pair));
    TRY(find_column(s, line, o->group, true, "group", &c->group));
    return find_column(s, line, o->label, o->need == ROW_NEEDS_LABEL, "label", &c->label);
}

static Status csv_begin(Source *s) { return begin_table(s, ','); }
static Status tsv_begin(Source *s) { return begin_table(s, '\t'); }

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static Status wrong_count(const Source *s, int64_t line, int n)
{
    int64_t     last = s->place.line - 1;               /* wrong by one where the file ends without a line end */
    const char *where = s->columns.from_header ? "in the header"
                        : s->options->columns && s->options->columns->n ? "in data.columns" : "in the first line";
    Status      st = last > line
        ? fail(ERR_DATA, "%s:%" PRId64 ": %d columns, expected %d as %s (inside quotes, the row goes on to line %" PRId64
               ")", s->path, line, n, s->columns.n, where, last)
        : fail(ERR_DATA, "%s:%" PRId64 ": %d columns, expected %d as %s", s->path, line, n, s->columns.n, where);
    if (s->separator == '\t')
        return hint(st, "a tab or a line end inside a field is not possible in TSV; use CSV or JSONL");
    return hint(st, "put fields that hold a comma or a line end in quotes");
}

static Status table_read(Source *s, Row *out, bool *end)
{
    const TableColumns *c = &s->columns;
    int64_t             line = s->place.line;
    int                 n;
    Status              st = OK;
    *end = !source_has(s, 0, &st);
    if (*end) return st;
    TRY(read_fields(s, &n));
    if (n != c->n) return wrong_count(s, line, n);
    const char *field = s->fields.data;
    for (int i = 0; i < n; i++, field += strlen(field) + 1) {
        if (i == c->text) out->text = field;
        if (i == c->pair) out->pair = field;
        if (i == c->label && field[0]) out->label = field;      /* an empty field has no label */
        if (i == c->group && field[0]) out->group = field;
    }
    out->n_text = strlen(out->text);
    out->n_pair = out->pair ? strlen(out->pair) : 0;
    return OK;
}

const Reader reader_csv = { "csv", ".csv", "\r", csv_begin, table_read };
const Reader reader_tsv = { "tsv", ".tsv|.tab", "\r", tsv_begin, table_read };
