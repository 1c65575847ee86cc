/* data/chunk.c: rows copied out of a stream, so that threads may work on them. Class names become numbers here, in the
 * order of the rows. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash.h"
#include "data/coder_internal.h"

bool bad_row_skipped(BadRows *bad, Status s, const CoderOptions *o, Place place)
{
    if (s != ERR_DATA || !o->skip_bad_rows) return false;
    if (bad->n < CODER_BAD_SHOWN) {
        BadRow *b = &bad->shown[bad->n];
        b->place = place;
        snprintf(b->why, sizeof b->why, "%s", status_fact());
    }
    bad->n++;
    status_clear();
    return true;
}

static Status copy(Chunk *c, const char *s, size_t n, size_t *at)
{
    *at = c->bytes.len;
    TRY(text_add(&c->bytes, s, n));
    return text_add(&c->bytes, "", 1);
}

static Status unseen_label(const Rows *rows, const Row *row, const char *label, const LabelSet *set)
{
    const char *near = text_nearest(label, (const char *const *)set->names, (size_t)set->n);
    Status      s = fail(ERR_DATA, "%s:%" PRId64 ": the label \"%s\" is none of the %d that are known",
                         rows_path(rows, row->place.file), row->place.line, label, set->n);
    if (near) return hint(s, "did you mean \"%s\"? Correct the row, or set data.on_bad_row to skip", near);
    return hint(s, "correct the row, add such rows to the training set, or set data.on_bad_row to skip");
}

static Status class_of(const Rows *rows, const Row *row, const char *label, LabelSet *set, int32_t *class)
{
    TRY(during(label_set_add(set, label, class), "reading %s:%" PRId64, rows_path(rows, row->place.file),
               row->place.line));
    return *class < 0 ? unseen_label(rows, row, label, set) : OK;
}

static Status number_of(const Rows *rows, const Row *row, double *out)
{
    char *end;
    *out = strtod(row->label, &end);
    while (*end == ' ') end++;
    if (end != row->label && *end == '\0' && isfinite(*out)) return OK;
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": the label \"%s\" is no number", rows_path(rows, row->place.file),
                     row->place.line, row->label),
                "correct the row, or set data.on_bad_row to skip");
}

static Status add_spans(Chunk *c, ChunkRow *to, const Rows *rows, const Row *row, const CoderOptions *o, LabelSet *set)
{
    to->spans = c->n_spans;
    for (size_t i = 0; i < row->n_spans; i++) {
        const RowSpan *s = &row->spans[i];
        int32_t        tag = -1;
        if (o->labels == LABEL_TAGS) {
            TRY(class_of(rows, row, s->label ? s->label : "O", set, &tag));
            to->label_key = hash_u64(&tag, sizeof tag, to->label_key + 1);
        } else {
            to->label_key = hash_u64(row->pair + s->begin, s->end - s->begin, to->label_key + 1);
        }
        TRY(mem_grow(&c->spans, &c->cap_spans, c->n_spans + 1, sizeof *c->spans));
        c->spans[c->n_spans++] = (ChunkSpan){ s->begin, s->end, tag };
    }
    to->n_spans = row->n_spans;
    return OK;
}

static Status add_row(Chunk *c, const Rows *rows, const Row *row, const CoderOptions *o, LabelSet *set)
{
    ChunkRow r = { .pair = NO_TEXT, .class = -1, .place = row->place };
    if (o->labels == LABEL_CLASS) TRY(class_of(rows, row, row->label, set, &r.class));
    if (o->labels == LABEL_NUMBER) TRY(number_of(rows, row, &r.target));
    if (row->label && (o->labels == LABEL_CLASS || o->labels == LABEL_NUMBER))
        r.label_key = hash_u64(row->label, strlen(row->label), 1);
    if (o->labels == LABEL_TAGS || o->labels == LABEL_SPAN) TRY(add_spans(c, &r, rows, row, o, set));
    if (row->group && row->group[0]) r.group = hash_u64(row->group, strlen(row->group), 0) | 1;
    r.n_text = row->n_text;
    r.n_pair = row->n_pair;
    TRY(copy(c, row->text, row->n_text, &r.text));
    if (row->pair) TRY(copy(c, row->pair, row->n_pair, &r.pair));
    TRY(mem_grow(&c->rows, &c->cap_rows, c->n + 1, sizeof *c->rows));
    c->rows[c->n++] = r;
    return OK;
}

Status chunk_fill(Chunk *c, Rows *rows, const CoderOptions *o, LabelSet *labels, BadRows *bad, bool *end)
{
    text_clear(&c->bytes);
    c->n = c->n_spans = 0;
    *end = false;
    while (c->n < CODER_CHUNK_ROWS && c->bytes.len < CODER_CHUNK_BYTES) {
        Row    row;
        Place  place = rows_tell(rows);
        Status s = rows_next(rows, &row, end);
        if (s == OK && *end) break;
        if (s == OK) {
            place = row.place;
            s = add_row(c, rows, &row, o, labels);
        }
        if (s != OK && (rows_broken(rows) || !bad_row_skipped(bad, s, o, place))) return s;
    }
    *end = *end && c->n == 0;
    return OK;
}

void chunk_release(Chunk *c)
{
    text_release(&c->bytes);
    free(c->rows);
    free(c->spans);
    *c = (Chunk){ 0 };
}
