/* data/corpus_text.c: plain text, one row a line. Blank lines only separate. There are no labels. */
#include "data/corpus_readers.h"

static Status text_begin(Source *s, Place *p)
{
    (void)p;
    const char *column = s->options.label_required ? "label" : s->options.pair ? "text_pair" : NULL;
    if (!column) return OK;
    return hint(fail(ERR_DATA, "%s: plain text has no column for data.%s", s->path, column), "use JSONL or CSV");
}

static Status text_read(Source *s, Place *p, Row *out)
{
    size_t      n;
    int64_t     line = p->line;
    const char *bytes = corpus_source_line(s, p, &n);
    TRY(corpus_check_bytes(s, bytes, n, line));
    text_clear(&s->text);
    TRY(text_add(&s->text, bytes, n));
    *out = (Row){ .text = s->text.data, .n_text = n, .line = line };
    return OK;
}

const Reader corpus_reader_text = { "text", ".txt|.text|.TXT", " \t\r\f\v", text_begin, text_read };
