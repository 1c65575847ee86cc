/* data/readers/text.c: plain text. A row is a line (text), what stands between blank lines (documents), or a whole file
 * (files). There are no columns; a label can be the name of the file or of its folder. */
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

/* Lines until a blank one (documents) or the file's end (files), joined as they stood. A bad line spoils its row only. */
static Status read_lines(Source *s, Row *out, bool *end, bool until_blank)
{
    int64_t first = s->place.line, n_lines = 0;
    Status  bad = OK;
    for (;; n_lines++) {
        const char *line;
        size_t      n;
        bool        no_more = false;
        Status      st = source_line(s, &line, &n, &no_more);
        if (st != OK && st != ERR_DATA) return st;
        if (st != OK) bad = st;
        if (st == OK && (no_more || (until_blank && n_lines && is_blank_line(line, n)))) break;
        if (bad != OK) continue;
        if (s->text.len + n >= ROWS_MAX_ROW)
            bad = hint(source_bad(s, first, "more than %d MiB, the most that is read as one row", ROWS_MAX_ROW >> 20),
                       "split it, or use data.format: text");
        else if (n_lines) TRY(text_add(&s->text, "\n", 1));
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
const Reader reader_documents = { "documents", ".txt|.text|.md", blank, text_begin, documents_read };
const Reader reader_files = { "files", ".txt|.text|.md", blank, text_begin, files_read };
