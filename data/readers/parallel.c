/* data/readers/parallel.c: a text and its translation: line i of one file and line i of another (data.pair_path), or two
 * columns of a table between tabs.
 *
 * For the row at a place to be found again, the second file's bytes are noted every so many lines as they go by. Lines
 * that are blank on both sides are no rows. */
#include "data/readers/readers.h"

#include <inttypes.h>
#include <string.h>

#include "core/arena.h"

enum { MARK_EVERY = 64 };              /* lines */

static Status not_equally_long(Source *s, bool first_ended)
{
    const char *shorter = first_ended ? s->path : s->options->pair_path;
    s->broken = true;
    return hint(fail(ERR_DATA, "%s: ends before line %" PRId64 ", the other text goes on", shorter, s->place.line),
                "line i of one file belongs to line i of the other; is one incomplete?");
}

static Status open_pair(Source *s)
{
    char     *path = (char *)(uintptr_t)s->options->pair_path;
    InputFile file = { .path = path, .name = path, .member = -1 };
    s->pair_line = 1;
    s->n_pair_marks = 0;
    return input_open(&s->pair_in, &file, s->options->encoding);
}

static Status parallel_begin(Source *s)
{
    const RowsOptions *o = s->options;
    if (!o->pair_path && !o->pair)
        return hint(fail(ERR_CONFIG, "%s: parallel text needs its second side", s->path),
                    "set data.pair_path to the other file, or data.text and data.text_pair to two columns");
    if (!o->pair_path) return reader_tsv.begin(s);
    if (s->place.file > 0)
        return hint(fail(ERR_CONFIG, "data.pair_path: one file belongs to it, there is another: %s", s->path),
                    "join the files of each side in the same order");
    TRY(source_offers(s, "parallel text", true, false, false, false));
    return open_pair(s);
}

/* The second file stands at the line where the first does. */
static Status reach_line(Source *s, int64_t line)
{
    Input *in = &s->pair_in;
    if (line != s->pair_line) {
        int64_t mark = (line - 1) / MARK_EVERY, known = (int64_t)s->n_pair_marks - 1;
        int64_t from = mark < known ? mark : known;
        if (line < s->pair_line || from * MARK_EVERY + 1 > s->pair_line) {
            TRY(input_seek(in, from >= 0 ? s->pair_marks[from] : 0));
            s->pair_line = from >= 0 ? from * MARK_EVERY + 1 : 1;
        }
    }
    for (;;) {
        if ((s->pair_line - 1) % MARK_EVERY == 0 && (s->pair_line - 1) / MARK_EVERY == (int64_t)s->n_pair_marks) {
            TRY(mem_grow(&s->pair_marks, &s->cap_pair_marks, s->n_pair_marks + 1, sizeof *s->pair_marks));
            s->pair_marks[s->n_pair_marks++] = in->at;
        }
        if (s->pair_line == line) return OK;
        const char *lf;
        while (!(lf = in->n ? memchr(in->data, '\n', in->n) : NULL)) {
            input_skip(in, in->n);
            if (in->end) return OK;                         /* shorter than the first; the read says so */
            TRY(input_more(in));
        }
        input_skip(in, (size_t)(lf - in->data) + 1);
        s->pair_line++;
    }
}

/* The second file's line at its place, into s->pair. */
static Status pair_line(Source *s, bool *end)
{
    Input      *in = &s->pair_in;
    const char *lf = NULL;
    size_t      looked = 0;
    for (;;) {
        if (in->n > looked) lf = memchr(in->data + looked, '\n', in->n - looked);
        looked = in->n;
        if (lf || in->end) break;
        TRY(input_more(in));
    }
    size_t n = lf ? (size_t)(lf - in->data) : in->n, whole = n + (lf != NULL);
    *end = in->n == 0;
    if (n > 0 && in->data[n - 1] == '\r') n--;
    TRY(text_add(&s->pair, in->data, n));
    input_skip(in, whole);
    s->pair_line += lf != NULL;
    return OK;
}

static Status check_pair(Source *s, int64_t line)
{
    const char *path = s->path;
    s->path = s->options->pair_path;                        /* so that errors name the second file */
    Status st = source_check_bytes(s, s->pair.data, s->pair.len, line);
    s->path = path;
    return st;
}

/* Blank lines may follow in one file where the other has ended. */
static Status only_blank_follows(Source *s)
{
    for (bool end = false; !end;) {
        if (!source_is_blank(s->pair.data, s->pair.len)) return not_equally_long(s, true);
        text_clear(&s->pair);
        TRY(pair_line(s, &end));
    }
    return OK;
}

static Status read_lines(Source *s, Row *out, bool *end)
{
    const char *line;
    size_t      n;
    if (!s->pair_in.state) TRY(open_pair(s));               /* an empty file has no beginning */
    for (;;) {
        bool    pair_end = false;
        int64_t number = s->place.line;
        out->place = s->place;
        text_clear(&s->pair);
        TRY(reach_line(s, number));
        Status st = source_line(s, &line, &n, end), st_pair = st == OK || st == ERR_DATA ? pair_line(s, &pair_end) : OK;
        if (st_pair == ERR_DATA) s->broken = true;          /* a line longer than a window: no way to the next */
        if (st_pair != OK) return st_pair;
        if (st != OK) return st;
        if (*end) return pair_end ? OK : only_blank_follows(s);
        if (pair_end && n == 0) continue;
        if (pair_end) return not_equally_long(s, false);
        TRY(check_pair(s, number));
        if (n || s->pair.len) break;
    }
    TRY(text_add(&s->text, line, n));
    out->text = s->text.data;
    out->n_text = s->text.len;
    out->pair = s->pair.data;
    out->n_pair = s->pair.len;
    return OK;
}

static Status parallel_read(Source *s, Row *out, bool *end)
{
    if (s->options->pair_path) return read_lines(s, out, end);
    TRY(source_skip_blank(s, reader_tsv.blank));
    out->place = s->place;
    return reader_tsv.read(s, out, end);
}

const Reader reader_parallel = { "parallel", NULL, NULL, parallel_begin, parallel_read };
