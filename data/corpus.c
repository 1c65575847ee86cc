#include "data/corpus.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash.h"
#include "data/corpus_readers.h"

enum { BAD_LINES_KEPT = 16 };

struct Corpus {
    Source        source;
    const Reader *reader;
    Place        *rows;                /* (n) where each usable row begins */
    int64_t       n, n_bad;
    int64_t       bad_lines[BAD_LINES_KEPT];
    size_t        cap;
    char         *path, *text_name, *pair_name, *label_name;      /* owned copies of what the caller named */
};

static const Reader *const readers[] = { &corpus_reader_jsonl, &corpus_reader_csv, &corpus_reader_tsv, &corpus_reader_text };

/* ---- which reader ----------------------------------------------------------------------------------------------- */

static bool has_suffix(const char *path, const char *suffixes)
{
    for (const char *p = suffixes; *p;) {
        char   suffix[16];
        size_t n = strcspn(p, "|");
        snprintf(suffix, sizeof suffix, "%.*s", (int)n, p);
        if (path_has_suffix(path, suffix)) return true;
        p += n + (p[n] == '|');
    }
    return false;
}

/* A name that says nothing: an object is JSONL, a tab or the text column's name in the first line is a table. */
static const Reader *by_first_bytes(const Source *s, size_t at)
{
    const char *d = s->file.data + at, *end = memchr(d, '\n', s->file.size - at);
    size_t      n = end ? (size_t)(end - d) : s->file.size - at, name = strlen(s->options.text), i = 0;
    while (i < n && memchr(" \t\r", d[i], 3)) i++;
    if (i < n && d[i] == '{') return &corpus_reader_jsonl;
    if (memchr(d, '\t', n)) return &corpus_reader_tsv;
    if (name > 0 && memchr(d, ',', n) && memmem(d, n, s->options.text, name)) return &corpus_reader_csv;
    return &corpus_reader_text;
}

static Status choose_reader(Corpus *c, const char *format, size_t at)
{
    for (size_t i = 0; i < COUNT(readers); i++)
        if (strcmp(format, readers[i]->name) == 0) c->reader = readers[i];
    if (c->reader) return OK;
    if (strcmp(format, "auto") != 0)
        return hint(fail(ERR_CONFIG, "data.format: \"%s\" is not a format", format),
                    "use one of auto, jsonl, csv, tsv, text");
    for (size_t i = 0; i < COUNT(readers) && !c->reader; i++)
        if (has_suffix(c->path, readers[i]->suffixes)) c->reader = readers[i];
    if (!c->reader) c->reader = by_first_bytes(&c->source, at);
    return OK;
}

/* ---- indexing --------------------------------------------------------------------------------------------------- */

/* What every reader's rows must have. */
static Status check_row(const Corpus *c, const Row *r)
{
    const char *path = c->path, *remedy = "correct the row, or set data.on_bad_row to skip";
    const CorpusOptions *o = &c->source.options;
    if (!r->text || corpus_is_blank(r->text, r->n_text))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": the text is empty", path, r->line), "%s", remedy);
    if (r->pair && corpus_is_blank(r->pair, r->n_pair))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": the second text (\"%s\") is empty", path, r->line, o->pair),
                    "%s", remedy);
    if (o->label_required && !(r->label && r->label[0]))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": the label (\"%s\") is empty", path, r->line, o->label),
                    "%s", remedy);
    return OK;
}

static void skip_blank_lines(const Corpus *c, Place *p)
{
    const FileMap *f = &c->source.file;
    for (size_t i = p->at; i < f->size; i++) {
        if (f->data[i] == '\n') {
            p->at = i + 1;
            p->line++;
        } else if (!strchr(c->reader->blank, f->data[i]) || f->data[i] == '\0') {
            return;
        }
    }
    p->at = f->size;
}

static Status index_rows(Corpus *c, Place p)
{
    for (skip_blank_lines(c, &p); p.at < c->source.file.size; skip_blank_lines(c, &p)) {
        Place  begin = p;
        Row    row;
        Status s = c->reader->read(&c->source, &p, &row);
        if (s == OK) s = check_row(c, &row);
        if (s == OK && c->source.options.on_row) s = c->source.options.on_row(c->source.options.arg, &row);
        if (s == OK) {
            TRY(mem_grow(&c->rows, &c->cap, (size_t)c->n + 1, sizeof *c->rows));
            c->rows[c->n++] = begin;
            continue;
        }
        if (s != ERR_DATA || c->source.broken || !c->source.options.skip_bad_rows) return s;
        if (c->n_bad < BAD_LINES_KEPT) c->bad_lines[c->n_bad] = begin.line;
        c->n_bad++;
    }
    if (c->n > 0) return OK;
    if (c->n_bad > 0)
        return hint(fail(ERR_DATA, "%s: no rows: all %" PRId64 " are bad", c->path, c->n_bad),
                    "set data.on_bad_row to fail to see what is wrong with the first one");
    return hint(fail(ERR_DATA, "%s: no rows", c->path), "check that this is the right file");
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static Status start(Corpus *c, const char *path, const CorpusOptions *options)
{
    Source *s = &c->source;
    TRY(text_copy(&c->path, path));
    TRY(text_copy(&c->text_name, options->text ? options->text : "text"));
    TRY(text_copy(&c->pair_name, options->pair));
    TRY(text_copy(&c->label_name, options->label));
    s->path = c->path;
    s->options = *options;
    s->options.format = NULL;
    s->options.text = c->text_name;
    s->options.pair = c->pair_name;
    s->options.label = c->label_name;
    TRY(file_map(&s->file, path));
    if (s->file.size == 0)
        return hint(fail(ERR_DATA, "%s: no rows: the file is empty", path), "check that this is the right file");

    const char *d = s->file.data;
    size_t      bom = s->file.size >= 3 && memcmp(d, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (s->file.size >= 2 && (memcmp(d, "\xFF\xFE", 2) == 0 || memcmp(d, "\xFE\xFF", 2) == 0))
        return hint(fail(ERR_DATA, "%s:1: the file is written in UTF-16", path),
                    "convert it: iconv -f UTF-16 -t UTF-8");
    TRY(choose_reader(c, options->format ? options->format : "auto", bom));
    Place p = { bom, 1 };
    skip_blank_lines(c, &p);
    if (p.at < s->file.size && c->reader->begin) TRY(c->reader->begin(s, &p));
    return index_rows(c, p);
}

Status corpus_open(Corpus **out, const char *path, const CorpusOptions *options)
{
    *out = NULL;
    Corpus *c;
    TRY(mem_new(&c, 1, sizeof *c));
    Status s = start(c, path, options);
    if (s == OK) *out = c;
    else corpus_close(c);
    return s;
}

void corpus_close(Corpus *c)
{
    if (!c) return;
    file_unmap(&c->source.file);
    text_release(&c->source.header);
    text_release(&c->source.fields);
    text_release(&c->source.text);
    text_release(&c->source.pair);
    text_release(&c->source.label);
    free(c->rows);
    free(c->path);
    free(c->text_name);
    free(c->pair_name);
    free(c->label_name);
    free(c);
}

int64_t     corpus_count(const Corpus *c) { return c->n; }
int64_t     corpus_bad_rows(const Corpus *c) { return c->n_bad; }
const char *corpus_path(const Corpus *c) { return c->path; }

int64_t corpus_bad_line(const Corpus *c, int64_t i)
{
    return i >= 0 && i < c->n_bad && i < BAD_LINES_KEPT ? c->bad_lines[i] : 0;
}

Status corpus_row(Corpus *c, int64_t i, Row *out)
{
    BUG_ON(i < 0 || i >= c->n);
    Place p = c->rows[i];
    return c->reader->read(&c->source, &p, out);
}

int64_t corpus_line(const Corpus *c, int64_t i) { return c->rows[i].line; }

int64_t corpus_find_line(const Corpus *c, int64_t line)
{
    int64_t low = 0, high = c->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (c->rows[middle].line < line) low = middle + 1;
        else high = middle;
    }
    return low < c->n && c->rows[low].line == line ? low : -1;
}

Status corpus_hash(Corpus *c, char hex[65])
{
    hash_bytes(c->source.file.data, c->source.file.size, hex);
    return OK;
}
