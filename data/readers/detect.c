/* data/readers/detect.c: the table of readers, and which of them a file asks for. */
#include "data/readers/readers.h"

#include <string.h>

static const Reader *const readers[] = {
    &reader_jsonl, &reader_csv, &reader_tsv, &reader_text, &reader_documents, &reader_files, NULL,
};

const Reader *const *readers_all(void) { return readers; }

Status reader_named(const char *name, const Reader **out)
{
    Text   names = { 0 };
    Status s = OK;
    *out = NULL;
    if (!name || strcmp(name, "auto") == 0) return OK;
    for (size_t i = 0; readers[i]; i++) if (strcmp(name, readers[i]->name) == 0) *out = readers[i];
    if (*out) return OK;
    for (size_t i = 0; readers[i] && s == OK; i++) s = text_addf(&names, ", %s", readers[i]->name);
    if (s == OK)
        s = hint(fail(ERR_CONFIG, "data.format: \"%s\" is not a format", name), "use one of auto%s", names.data);
    text_release(&names);
    return s;
}

/* A name that says nothing: an object is JSONL, a tab or the text column's name in the first line is a table. */
static const Reader *by_first_line(const char *d, size_t n, const RowsOptions *o)
{
    size_t i = 0, name = strlen(o->text);
    while (i < n && memchr(" \t\r", d[i], 3)) i++;
    if (i < n && d[i] == '{') return &reader_jsonl;
    if (memchr(d, '\t', n)) return &reader_tsv;
    if (name > 0 && memchr(d, ',', n) && memmem(d, n, o->text, name)) return &reader_csv;
    return &reader_text;
}

Status detect_reader(Source *s, const Reader **out)
{
    const char *line;
    size_t      n, whole;
    bool        end;
    *out = NULL;
    for (size_t i = 0; readers[i] && !*out; i++)
        if (input_has_suffix(s->path, readers[i]->suffixes)) *out = readers[i];
    if (*out) return OK;
    TRY(source_peek_line(s, &line, &n, &whole, &end));
    *out = by_first_line(line, n, s->options);
    return OK;
}
