#include "data/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "data/readers/readers.h"

struct Rows {
    RowsOptions   options;
    Source        source;
    InputList     files;
    const Reader *named, *reader;      /* asked for; of the file that is open */
    bool          open;                /* source stands in a file */
    bool          seen;                /* a row, or why there is none */
    char         *file_label;          /* "@folder", "@file" of the open one */
    int64_t       bytes, bytes_done;   /* all; of the files before the open one */
};

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static Status suffix_list(Text *to, const Reader *only, bool plain_text)
{
    const Reader *const *all = readers_all();
    for (size_t i = 0; all[i]; i++) {
        bool is_text = all[i]->suffixes && strcmp(all[i]->suffixes, reader_text.suffixes) == 0;
        if (!all[i]->suffixes || (only ? all[i] != only : is_text != plain_text)) continue;
        TRY(text_addf(to, "|%s", all[i]->suffixes));
    }
    return only ? OK : text_addf(to, plain_text ? "" : "|.zip|.tar|.tgz");
}

static Status expand(Rows *r)
{
    Text   first = { 0 }, second = { 0 };
    Status s = suffix_list(&first, r->named, false);
    if (s == OK && !r->named) s = suffix_list(&second, NULL, true);
    if (s == OK) s = input_expand(&r->files, r->options.paths, (InputSuffixes){ first.data, second.data });
    text_release(&first);
    text_release(&second);
    for (size_t i = 0; s == OK && i < r->files.n; i++) r->bytes += r->files.items[i].bytes;
    return s;
}

/* "@folder", "@file": what the file's name says about its rows. */
static Status label_of_name(Rows *r, const char *name)
{
    const char *label = r->options.label, *last = path_name(name);
    free(r->file_label);
    r->file_label = NULL;
    if (!label || label[0] != '@') return OK;
    if (strcmp(label, "@folder") == 0) {
        const char *end = last > name ? last - 1 : last, *begin = end;
        while (begin > name && begin[-1] != '/') begin--;
        return text_format(&r->file_label, "%.*s", (int)(end - begin), begin);
    }
    size_t      n = input_name_length(last);
    const char *dot = memrchr(last, '.', n);
    bool        known = false;
    for (size_t i = 0; dot && readers_all()[i]; i++) {
        char suffix[16];
        snprintf(suffix, sizeof suffix, "%.*s", (int)(n - (size_t)(dot - last)), dot);
        known |= input_has_suffix(suffix, readers_all()[i]->suffixes);
    }
    return text_format(&r->file_label, "%.*s", (int)(known ? (size_t)(dot - last) : n), last);
}

/* Opens file i and stands before its first row. */
static Status open_file(Rows *r, int32_t i)
{
    Source *s = &r->source;
    s->file = &r->files.items[i];
    s->path = s->file->name;
    s->place = (Place){ 0, 1, i, 0 };
    cJSON_Delete(s->element);
    s->element = NULL;
    s->broken = false;
    r->open = false;
    TRY(label_of_name(r, s->file->name));
    TRY(input_open(&s->in, s->file, r->options.encoding));
    r->open = true;
    r->reader = r->named;
    if (!r->reader) TRY(detect_reader(s, &r->reader));
    if (r->reader->blank) TRY(source_skip_blank(s, r->reader->blank));
    Status st = OK;
    if (!source_has(s, 0, &st) && st != OK) return st;
    return r->reader->begin && s->in.n ? r->reader->begin(s) : OK;
}

static Status check_options(const Rows *r)
{
    const char *label = r->options.label;
    if (label && label[0] == '@' && strcmp(label, "@folder") != 0 && strcmp(label, "@file") != 0)
        return hint(fail(ERR_CONFIG, "data.label: \"%s\" is not known", label), "use \"@folder\", \"@file\" or a column");
    if (r->options.pair_path && r->named && strcmp(r->named->name, "parallel") != 0)
        return hint(fail(ERR_CONFIG, "data.pair_path is for parallel text, data.format is \"%s\"", r->named->name),
                    "set data.format to parallel, or leave data.pair_path out");
    return OK;
}

static Status start(Rows *r, const RowsOptions *options)
{
    r->options = *options;
    if (!r->options.text) r->options.text = "text";
    r->source.options = &r->options;
    bool automatic = !options->format || strcmp(options->format, "auto") == 0;
    TRY(reader_named(options->pair_path && automatic ? "parallel" : options->format, &r->named));
    TRY(check_options(r));
    TRY(expand(r));
    return open_file(r, 0);
}

Status rows_open(Rows **out, const RowsOptions *options)
{
    *out = NULL;
    Rows *r;
    TRY(mem_new(&r, 1, sizeof *r));
    Status s = start(r, options);
    if (s == OK) *out = r;
    else rows_close(r);
    return s;
}

void rows_close(Rows *r)
{
    if (!r) return;
    source_release(&r->source);
    input_list_release(&r->files);
    free(r->file_label);
    free(r);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* What every reader's rows must have. */
static Status check_row(const Rows *r, const Row *row)
{
    const Source *s = &r->source;
    int64_t       line = row->place.line;
    if (!row->text || source_is_blank(row->text, row->n_text)) return source_bad(s, line, "the text is empty");
    if (row->pair && source_is_blank(row->pair, row->n_pair))
        return source_bad(s, line, "the second text (\"%s\") is empty", r->options.pair ? r->options.pair : "pair");
    if (r->options.need == ROW_NEEDS_LABEL && !(row->label && row->label[0]))
        return source_bad(s, line, "the label (\"%s\") is empty", r->options.label ? r->options.label : "label");
    if (r->options.need == ROW_NEEDS_TAGS && row->n_spans == 0) return source_bad(s, line, "no word has a tag");
    return OK;
}

static void clear_row(Source *s)
{
    text_clear(&s->text);
    text_clear(&s->pair);
    text_clear(&s->label);
    text_clear(&s->group);
    s->n_spans = s->n_messages = 0;
}

static void leave_file(Rows *r)
{
    r->bytes_done += r->source.file->bytes;
    r->open = false;
}

static Status read_row(Rows *r, Row *out, bool *end)
{
    Source *s = &r->source;
    if (r->reader->blank && s->place.item == 0) TRY(source_skip_blank(s, r->reader->blank));
    out->place = s->place;
    clear_row(s);
    TRY(r->reader->read(s, out, end));
    if (*end) return OK;
    if (r->file_label) out->label = r->file_label;
    return check_row(r, out);
}

/* Said once, then the stream is merely at its end. */
static Status no_rows(Rows *r)
{
    r->seen = true;
    return hint(fail(ERR_DATA, "%s: no rows%s", r->files.items[0].name, r->bytes ? "" : ": the file is empty"),
                "check that this is the right file");
}

Status rows_next(Rows *r, Row *out, bool *end)
{
    Source *s = &r->source;
    *end = false;
    for (;;) {
        *out = (Row){ 0 };
        if (r->open && s->broken) leave_file(r);       /* the rest of the file cannot be read */
        if (r->open) {
            bool   file_ends = false;
            Status st = read_row(r, out, &file_ends);
            if (st != OK) *out = (Row){ 0 };
            r->seen |= !file_ends;
            if (st != OK || !file_ends) return st;
            leave_file(r);
        }
        if ((size_t)s->place.file + 1 >= r->files.n) {
            *out = (Row){ 0 };
            *end = true;
            return r->seen ? OK : no_rows(r);
        }
        Status st = open_file(r, s->place.file + 1);
        if (st == ERR_DATA) s->broken = true;          /* without its header nothing of the file can be read */
        if (st != OK) return st;
    }
}

Status rows_seek(Rows *r, Place place)
{
    Source *s = &r->source;
    if (place.file < 0 || (size_t)place.file >= r->files.n || place.at < 0 || place.line < 1 || place.item < 0)
        return hint(fail(ERR_DATA, "no row of this data begins at file %d, byte %" PRId64, (int)place.file, place.at),
                    "were files added or taken away since the place was noted?");
    bool beginning = place.at == 0 && place.item == 0;      /* stands before the header */
    if (!r->open || s->place.file != place.file || s->broken || beginning) {
        TRY(open_file(r, place.file));
        r->bytes_done = 0;
        for (int32_t i = 0; i < place.file; i++) r->bytes_done += r->files.items[i].bytes;
    }
    r->seen = true;
    if (beginning) return OK;
    TRY(input_seek(&s->in, place.at));
    s->place = place;
    return OK;
}

Place       rows_tell(const Rows *r) { return r->source.place; }
bool        rows_broken(const Rows *r) { return r->source.broken; }
const char *rows_format(const Rows *r) { return r->reader ? r->reader->name : "auto"; }
int32_t     rows_n_files(const Rows *r) { return (int32_t)r->files.n; }
const char *rows_path(const Rows *r, int32_t file) { return r->files.items[file].name; }
int32_t     rows_given(const Rows *r, int32_t file) { return r->files.items[file].given; }
const char *rows_note(const Rows *r) { return r->files.note; }
int64_t     rows_bytes(const Rows *r) { return r->bytes; }

int64_t rows_bytes_read(const Rows *r)
{
    return r->bytes_done + (r->open ? input_bytes_read(&r->source.in) : 0);
}
