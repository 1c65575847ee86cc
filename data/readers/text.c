/* data/readers/text.c: plain text. A row is a line (text), what stands between blank lines (documents), or a whole file
 * (files). Where "<|endoftext|>" lines stand among the first documents, these separate and blank lines do not. There are
 * no columns; a label can be the name of the file or of its folder. */
#include "data/readers/readers.h"

#include <string.h>

static const char blank[] = " \t\r\f\v";

static Status text_begin(Source *s) { return source_offers(s, "plain text", false, false, false, false); }

static Status text_read(Source *s, Row *out, bool *end)
{
    const char *line;
    size_t      n;
    TRY(source_line(s, &line, &n, end));
    if (*end) return OK;
    TRY(text_add(&s->text, line, n));
    out->text = s->text.data;
    out->n_text = n;
    return OK;
}

static bool is_blank_line(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) if (line[i] == '\0' || !strchr(blank, line[i])) return false;
    return true;
}

static const char end_of_text[] = "<|endoftext|>";

enum { LOOK = 64 << 10 };

static Status documents_begin(Source *s)
{
    Status st = OK;
    (void)source_has(s, LOOK, &st);
    s->marked = memmem(s->in.data, s->in.n < LOOK ? s->in.n : LOOK, end_of_text, sizeof end_of_text - 1) != NULL;
    return st == OK ? text_begin(s) : st;
}

static bool ends_document(const Source *s, const char *line, size_t n)
{
    return s->marked ? n == sizeof end_of_text - 1 && memcmp(line, end_of_text, n) == 0 : is_blank_line(line, n);
}

/* Lines until a blank one (documents) or the file's end (files), joined as they stood. A bad line spoils its row only. */
static Status read_lines(Source *s, Row *out, bool *end, bool documents)
{
    int64_t n_lines = 0;
    Status  bad = OK;
    for (;;) {
        const char *line;
        size_t      n;
        bool        no_more = false;
        Place       place = s->place;
        Status      st = source_line(s, &line, &n, &no_more);
        if (st != OK && st != ERR_DATA) return st;
        if (no_more) break;
        if (st == OK && documents && n_lines && ends_document(s, line, n)) break;
        if (st == OK && n_lines == 0 && (is_blank_line(line, n) || (documents && ends_document(s, line, n)))) continue;
        if (n_lines++ == 0) out->place = place;
        if (st != OK) bad = st;
        if (bad != OK) continue;
        if (s->text.len + n >= ROWS_MAX_ROW)
            bad = hint(source_bad(s, out->place.line, "more than %d MiB, the most that is read as one row",
                                  ROWS_MAX_ROW >> 20), "split it, or use data.format: text");
        else if (n_lines > 1) TRY(text_add(&s->text, "\n", 1));
        if (bad == OK) TRY(text_add(&s->text, line, n));
    }
    *end = n_lines == 0;
    out->text = s->text.data;
    out->n_text = s->text.len;
    return bad;
}

static Status documents_read(Source *s, Row *out, bool *end) { return read_lines(s, out, end, true); }
static Status files_read(Source *s, Row *out, bool *end) { return read_lines(s, out, end, false); }

const Reader reader_text = { "text", ".txt|.text|.md", blank, text_begin, text_read };
const Reader reader_documents = { "documents", ".txt|.text|.md", NULL, documents_begin, documents_read };
const Reader reader_files = { "files", ".txt|.text|.md", NULL, text_begin, files_read };
