#include "data/select/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"

enum { WINDOW_BYTES = 64 << 10 };

/* ---- a file without a name -------------------------------------------------------------------------------------- */

static Status refused(const Spill *s, const char *doing)
{
    int    e = errno;
    Status status = fail(ERR_IO, "%s: a temporary file cannot be %s: %s", s->folder, doing, strerror(e));
    if (e == ENOSPC || e == EDQUOT)
        return hint(status, "free some space, or write elsewhere (--output_dir); nothing was left half-written");
    if (e == EACCES || e == EPERM || e == EROFS) return hint(status, "check the folder's permissions");
    return hint(status, "check that the folder is there and can be written");
}

void spill_init(Spill *s, const char *folder) { *s = (Spill){ .folder = folder }; }

void spill_close(Spill *s)
{
    if (s->is_open) close(s->fd);
    spill_init(s, s->folder);
}

static Status open_named(Spill *s)                      /* file systems without O_TMPFILE */
{
    char *name = NULL;
    TRY(path_join(&name, s->folder, "select_XXXXXX"));
    s->fd = mkostemp(name, O_CLOEXEC);
    Status status = s->fd < 0 ? refused(s, "created") : OK;
    if (status == OK) unlink(name);
    free(name);
    return status;
}

static Status open_file(Spill *s)
{
    s->fd = open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) TRY(open_named(s));
    if (s->fd < 0) return refused(s, "created");
    s->is_open = true;
    return OK;
}

Status spill_write(Spill *s, const void *bytes, size_t n)
{
    if (!s->is_open) TRY(open_file(s));
    for (const char *p = bytes; n > 0;) {
        ssize_t got = pwrite(s->fd, p, n, (off_t)s->size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refused(s, "written");
        p += got;
        n -= (size_t)got;
        s->size += got;
    }
    return OK;
}

Status spill_read(const Spill *s, int64_t at, void *bytes, size_t n)
{
    for (char *p = bytes; n > 0;) {
        ssize_t got = pread(s->fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refused(s, "read");
        if (got == 0) return fail(ERR_IO, "%s: a temporary file has lost its end", s->folder);
        p += got;
        n -= (size_t)got;
        at += got;
    }
    return OK;
}

/* ---- records by number ------------------------------------------------------------------------------------------ */

struct Records {
    Spill    spill;
    size_t   size, n_tail, max_tail;
    int64_t  n_spilled, window_begin, window_end;       /* in records */
    uint8_t *tail, *window, *one;
};

Status records_new(Records **out, size_t record_size, size_t memory, const char *folder)
{
    *out = NULL;
    Records *r;
    TRY(mem_new(&r, 1, sizeof *r));
    spill_init(&r->spill, folder);
    r->size = record_size;
    r->max_tail = memory / record_size + 1;
    Status s = mem_new(&r->tail, r->max_tail, record_size);
    if (s == OK) s = mem_new(&r->window, WINDOW_BYTES / record_size + 1, record_size);
    if (s == OK) s = mem_new(&r->one, 1, record_size);
    if (s == OK) *out = r;
    else records_free(r);
    return s;
}

void records_free(Records *r)
{
    if (!r) return;
    spill_close(&r->spill);
    free(r->tail);
    free(r->window);
    free(r->one);
    free(r);
}

int64_t records_count(const Records *r) { return r->n_spilled + (int64_t)r->n_tail; }

Status records_add(Records *r, const void *record)
{
    if (r->n_tail == r->max_tail) {
        TRY(spill_write(&r->spill, r->tail, r->n_tail * r->size));
        r->n_spilled += (int64_t)r->n_tail;
        r->n_tail = 0;
    }
    memcpy(r->tail + r->n_tail++ * r->size, record, r->size);
    return OK;
}

static Status read_window(Records *r)
{
    int64_t n = WINDOW_BYTES / (int64_t)r->size + 1, begin = r->window_end;
    if (n > r->n_spilled - begin) n = r->n_spilled - begin;
    TRY(spill_read(&r->spill, begin * (int64_t)r->size, r->window, (size_t)n * r->size));
    r->window_begin = begin;
    r->window_end = begin + n;
    return OK;
}

Status records_get(Records *r, int64_t i, const void **record)
{
    BUG_ON(i < 0 || i >= records_count(r));
    if (i >= r->n_spilled) {
        *record = r->tail + (size_t)(i - r->n_spilled) * r->size;
        return OK;
    }
    if (i == 0 && r->window_begin > 0) r->window_begin = r->window_end = 0;
    if (i == r->window_end) TRY(read_window(r));
    if (i >= r->window_begin && i < r->window_end) {
        *record = r->window + (size_t)(i - r->window_begin) * r->size;
        return OK;
    }
    *record = r->one;
    return spill_read(&r->spill, i * (int64_t)r->size, r->one, r->size);
}
