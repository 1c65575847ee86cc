#include "data/input.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/arena.h"
#include "data/input_internal.h"

enum {
    LOOK_BYTES = 256 << 10,            /* of an unpacked file, before its encoding is decided */
    LOOK_MAPPED = 16 << 20,            /* of a mapped one: they are read soon anyway */
    RELEASE_STEP = 8 << 20,            /* pages of a mapping given back behind the reader */
    CONVERT_STEP = 256 << 10,
};

struct InputState {
    FileMap         map;
    char           *path, *name;
    int64_t         member, entry, bytes, unpacked;      /* entry: the archive's current one; unpacked: its size, or -1 */
    struct archive *archive;           /* NULL: the file is not packed */
    Decoder        *decoder;           /* NULL: UTF-8 */
    const char     *encoding;
    char           *wanted;            /* encoding asked for; NULL: detect */
    bool            direct;            /* the window is the mapping */
    size_t          mark, released;    /* byte order mark; bytes of the mapping given back */
    Text            head;              /* first bytes of an unpacked file, looked at and not yet delivered */
    size_t          head_at;
    Text            buffer;            /* decoded bytes; the window is its end from `begin` on */
    size_t          begin, raw_at;     /* raw_at: next byte of the mapping to convert */
    int64_t         offset;            /* within the archive's entry */
    bool            raw_end;
};

/* ---- raw bytes -------------------------------------------------------------------------------------------------- */

static Status next_block(InputState *t, const char **bytes, size_t *n)
{
    const void *block;
    la_int64_t  offset = 0;
    *n = 0;
    int r = archive_read_data_block(t->archive, &block, n, &offset);
    if (r == ARCHIVE_EOF) {
        t->raw_end = true;
        *n = 0;
        return OK;
    }
    if (r < ARCHIVE_WARN)
        return hint(fail(ERR_FORMAT, "%s: cannot be unpacked: %s", t->name, archive_error_string(t->archive)),
                    "the file may be incomplete; fetch or copy it again");
    if (*n > 0 && offset != t->offset)
        return hint(fail(ERR_UNSUPPORTED, "%s: a file with holes inside an archive", t->name), "unpack it first");
    t->offset += (int64_t)*n;
    *bytes = block;
    return OK;
}

/* Some more raw bytes of a file that is not mapped directly; none with raw_end. */
static Status pull(InputState *t, const char **bytes, size_t *n)
{
    if (t->head_at < t->head.len) {
        *bytes = t->head.data + t->head_at;
        *n = t->head.len - t->head_at;
        t->head_at = t->head.len;
        return OK;
    }
    if (t->archive) return next_block(t, bytes, n);
    *n = t->map.size - t->raw_at < CONVERT_STEP ? t->map.size - t->raw_at : CONVERT_STEP;
    *bytes = t->map.data + t->raw_at;
    t->raw_at += *n;
    t->raw_end = *n == 0;
    return OK;
}

static Status pull_head(InputState *t)
{
    text_clear(&t->head);
    t->head_at = 0;
    while (t->head.len < LOOK_BYTES && !t->raw_end) {
        const char *bytes = "";
        size_t      n;
        TRY(next_block(t, &bytes, &n));
        TRY(text_add(&t->head, bytes, n));
    }
    return OK;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static Status reach_entry(InputState *t)
{
    struct archive_entry *entry;
    int64_t               wanted = t->member < 0 ? 0 : t->member;
    if (!t->archive || t->entry >= wanted) {
        if (t->archive) archive_read_free(t->archive);
        t->archive = NULL;
        t->entry = -1;
        TRY(packed_open(&t->archive, &t->map, t->path));
    }
    t->raw_end = false;
    t->offset = 0;
    do {
        TRY(packed_next(t->archive, t->path, &entry, &t->entry));
    } while (entry && t->member >= 0 && t->entry < wanted);
    if (!entry && t->member >= 0)
        return hint(fail(ERR_DATA, "%s: is no longer in the archive", t->name), "was the file changed meanwhile?");
    t->raw_end = !entry;
    t->unpacked = entry && archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
    return OK;
}

static Status choose_encoding(Input *in, const char *bytes, size_t n, bool whole)
{
    InputState *t = in->state;
    t->encoding = encoding_detect(bytes, n, whole, &t->mark);
    if (t->wanted && t->mark == 0) t->encoding = t->wanted;
    if (strcasecmp(t->encoding, "UTF-8") == 0 || strcasecmp(t->encoding, "UTF8") == 0) return OK;
    return decoder_open(&t->decoder, t->encoding);
}

static void show_mapping(Input *in, size_t from)           /* the window begins at this byte of the mapping */
{
    const FileMap *m = &in->state->map;
    size_t         rest = m->size - from;
    in->data = m->size ? m->data + from : "";
    in->end = rest <= INPUT_MAX_WINDOW;
    in->n = in->end ? rest : INPUT_MAX_WINDOW;
}

/* To the first byte: of the file that is there, packed or not. */
static Status rewind_stream(Input *in)
{
    InputState *t = in->state;
    decoder_close(t->decoder);
    t->decoder = NULL;
    text_clear(&t->buffer);
    text_clear(&t->head);
    t->begin = t->raw_at = t->head_at = 0;
    t->raw_end = t->direct = false;
    in->at = 0;
    in->n = 0;
    in->data = "";
    in->end = false;
    if (t->member >= 0 || packed_looks(t->map.data, t->map.size)) {
        TRY(reach_entry(t));
        TRY(pull_head(t));
        if (t->head.len && packed_looks(t->head.data, t->head.len))
            return hint(fail(ERR_UNSUPPORTED, "%s: an archive inside an archive", t->name), "unpack the outer one first");
        TRY(choose_encoding(in, t->head.data ? t->head.data : "", t->head.len, t->raw_end));
        t->head_at = t->mark;
        return OK;
    }
    size_t look = t->map.size < LOOK_MAPPED ? t->map.size : LOOK_MAPPED;
    TRY(choose_encoding(in, t->map.data ? t->map.data : "", look, look == t->map.size));
    t->raw_at = t->mark;
    t->direct = t->decoder == NULL;
    if (t->direct) show_mapping(in, t->mark);
    return OK;
}

static Status open_state(Input *in, const InputFile *file, const char *encoding)
{
    InputState *t = in->state;
    bool        same = t && t->archive && file->member >= 0 && t->member >= 0 && strcmp(t->path, file->path) == 0;
    if (!same) {
        input_close(in);
        TRY(mem_new(&in->state, 1, sizeof *in->state));
        t = in->state;
        t->entry = -1;
        TRY(text_copy(&t->path, file->path));
        TRY(text_copy(&t->wanted, encoding));
        TRY(file_map(&t->map, file->path));
        if (t->map.size) (void)madvise((void *)(uintptr_t)t->map.data, t->map.size, MADV_SEQUENTIAL);
    }
    TRY(text_copy(&t->name, file->name));
    t->member = file->member;
    t->bytes = file->bytes;
    return rewind_stream(in);
}

Status input_open(Input *in, const InputFile *file, const char *encoding)
{
    Status s = open_state(in, file, encoding);
    if (s != OK) input_close(in);
    return s;
}

void input_close(Input *in)
{
    InputState *t = in->state;
    if (t) {
        if (t->archive) archive_read_free(t->archive);
        decoder_close(t->decoder);
        file_unmap(&t->map);
        text_release(&t->head);
        text_release(&t->buffer);
        free(t->path);
        free(t->name);
        free(t->wanted);
        free(t);
    }
    *in = (Input){ 0 };
}

/* ---- the window ------------------------------------------------------------------------------------------------- */

/* What lies behind the reader makes room once it is more than what lies before: each byte moves at most once or so. */
static void drop_behind(Input *in)
{
    InputState *t = in->state;
    if (t->begin <= in->n) return;
    memmove(t->buffer.data, t->buffer.data + t->begin, in->n);
    t->buffer.len = in->n;
    t->begin = 0;
}

Status input_more(Input *in)
{
    InputState *t = in->state;
    if (in->end) return OK;
    if (in->n >= INPUT_MAX_WINDOW)
        return hint(fail(ERR_DATA, "%s: a row of more than %d MiB, the most that is read as one", t->name,
                         INPUT_MAX_WINDOW >> 20),
                    "split the text over several rows");
    BUG_ON(t->direct);                                      /* a mapped window that is short has the end */
    drop_behind(in);
    size_t before = t->buffer.len;
    while (t->buffer.len == before && !in->end) {
        const char *bytes = "";
        size_t      n;
        TRY(pull(t, &bytes, &n));
        Status s = t->decoder ? decoder_add(t->decoder, bytes, n, t->raw_end, &t->buffer)
                              : text_add(&t->buffer, bytes, n);
        if (s != OK) return s;
        in->end = t->raw_end;
    }
    in->data = t->buffer.data ? t->buffer.data + t->begin : "";
    in->n = t->buffer.len - t->begin;
    return OK;
}

/* Pages behind the reader count as memory of ours until they are given back; they stay in the system's cache. */
static void release_pages(InputState *t, size_t upto)
{
    if (upto < t->released + RELEASE_STEP) return;
    size_t whole = upto / RELEASE_STEP * RELEASE_STEP;
    (void)madvise((void *)(uintptr_t)(t->map.data + t->released), whole - t->released, MADV_DONTNEED);
    t->released = whole;
}

void input_skip(Input *in, size_t n)
{
    InputState *t = in->state;
    BUG_ON(n > in->n);
    in->at += (int64_t)n;
    if (t->direct) {
        show_mapping(in, t->mark + (size_t)in->at);
        if (t->mark + (size_t)in->at > RELEASE_STEP) release_pages(t, t->mark + (size_t)in->at - RELEASE_STEP);
        return;
    }
    in->data += n;
    in->n -= n;
    t->begin += n;
}

Status input_seek(Input *in, int64_t at)
{
    InputState *t = in->state;
    if (at < 0) return fail(ERR_STATE, "%s: there is no byte %" PRId64, t->name, at);
    if (t->direct) {
        size_t size = t->map.size - t->mark;
        in->at = (uint64_t)at < size ? at : (int64_t)size;
        show_mapping(in, t->mark + (size_t)in->at);
        t->released = t->mark + (size_t)in->at < t->released ? (t->mark + (size_t)in->at) / RELEASE_STEP * RELEASE_STEP
                                                             : t->released;
        return OK;
    }
    if (at < in->at) TRY(rewind_stream(in));
    while (in->at < at) {
        if (in->n == 0 && in->end) return OK;
        if (in->n == 0) TRY(input_more(in));
        input_skip(in, (uint64_t)(at - in->at) < in->n ? (size_t)(at - in->at) : in->n);
    }
    return OK;
}

int64_t input_bytes_read(const Input *in)
{
    const InputState *t = in->state;
    if (!t) return 0;
    if (t->direct) return in->at + (int64_t)t->mark;
    if (!t->archive) return (int64_t)t->raw_at;
    if (t->member < 0) return archive_filter_bytes(t->archive, -1);
    double share = t->unpacked > 0 ? (double)t->offset / (double)t->unpacked : 0;      /* of the member's share */
    return (int64_t)((share < 1 ? share : 1) * (double)t->bytes);
}

const char *input_encoding(const Input *in) { return in->state ? in->state->encoding : "UTF-8"; }
