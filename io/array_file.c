#include "io/array_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/hash.h"
#include "core/text.h"
#include "io/array_file_internal.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "both formats are little-endian: bytes are copied");

/* Indexed by ArrayFormat; asked in the order below, as HDF5's signature is the surer one. */
static const ArrayFormatDef *const formats[FORMAT_COUNT] = {
    [FORMAT_SAFETENSORS] = &safetensors_format,
    [FORMAT_HDF5] = &hdf5_format,
};
static const ArrayFormat detect_order[] = { FORMAT_HDF5, FORMAT_SAFETENSORS };

enum { DETECT_BYTES = 8192, REAL_PIECE = 16384 };

/* ---- entries and texts ------------------------------------------------------------------------------------------- */

static size_t slot_of(const ArrayFile *f, const char *name)
{
    size_t at = (size_t)hash_u64(name, strlen(name), f->seed) & (f->n_slots - 1);
    while (f->slots[at] && strcmp(f->entries[f->slots[at] - 1]->name, name) != 0) at = (at + 1) & (f->n_slots - 1);
    return at;
}

static ArrayEntry *find(const ArrayFile *f, const char *name)
{
    if (f->n_slots == 0) return NULL;
    uint32_t slot = f->slots[slot_of(f, name)];
    return slot ? f->entries[slot - 1] : NULL;
}

static Status grow_slots(ArrayFile *f)
{
    if (f->n_slots >= 2 * (f->n_entries + 1)) return OK;
    uint32_t *slots;
    size_t    n = f->n_slots ? f->n_slots * 2 : 64;
    TRY(mem_new(&slots, n, sizeof *slots));
    free(f->slots);
    f->slots = slots;
    f->n_slots = n;
    for (size_t i = 0; i < f->n_entries; i++) f->slots[slot_of(f, f->entries[i]->name)] = (uint32_t)i + 1;
    return OK;
}

Status array_file_add(ArrayFile *f, ArrayEntry **out, const char *name, const ArrayInfo *info)
{
    if (f->n_entries >= ARRAY_MAX_COUNT)
        return fail(ERR_FORMAT, "%s: more than %d arrays", f->path, ARRAY_MAX_COUNT);
    if (find(f, name)) return fail(ERR_FORMAT, "%s: the array \"%s\" is there twice", f->path, name);
    TRY(grow_slots(f));
    TRY(mem_grow(&f->entries, &f->cap_entries, f->n_entries + 1, sizeof *f->entries));
    ArrayEntry *e;
    TRY(mem_new(&e, 1, sizeof *e));
    Status s = text_copy(&e->name, name);
    if (s != OK) {
        free(e);
        return s;
    }
    e->info = *info;
    e->info.name = e->name;
    e->handle = -1;
    size_t at = slot_of(f, name);
    f->entries[f->n_entries++] = e;
    f->slots[at] = (uint32_t)f->n_entries;
    *out = e;
    return OK;
}

Status array_file_add_text(ArrayFile *f, const char *key, const char *value, size_t n)
{
    TRY(mem_grow(&f->texts, &f->cap_texts, f->n_texts + 1, sizeof *f->texts));
    ArrayText t = { 0 };
    TRY(text_copy(&t.key, key));
    Status s = mem_new(&t.value, n + 1, 1);
    if (s != OK) {
        free(t.key);
        return s;
    }
    if (n) memcpy(t.value, value, n);
    f->texts[f->n_texts++] = t;
    return OK;
}

Status array_info_check(ArrayInfo *info, uint64_t *bytes, const char *path, const char *name)
{
    if (name[0] == '\0' || strlen(name) > ARRAY_MAX_NAME)
        return fail(ERR_FORMAT, "%s: the name of an array has %zu bytes, where 1 to %d are possible", path,
                    strlen(name), ARRAY_MAX_NAME);
    /* A zero counts as one here: [0, 2^62, 2^62] is empty, but a caller that multiplies two of its sizes would wrap. */
    int64_t count = 1, size = 0;
    bool    wraps = false, empty = false;
    for (int i = 0; i < info->ndim; i++) {
        empty |= info->shape[i] == 0;
        wraps |= __builtin_mul_overflow(count, info->shape[i] ? info->shape[i] : 1, &count);
    }
    wraps |= __builtin_mul_overflow(count, (int64_t)dtype_size(info->dtype), &size);
    if (wraps)
        return hint(fail(ERR_FORMAT, "%s: the shape of \"%s\" multiplies to more than 2^63 - 1 bytes", path, name),
                    "the file is damaged, or made to do harm");
    info->count = empty ? 0 : count;
    *bytes = empty ? 0 : (uint64_t)size;
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status file_new(ArrayFile **out, const char *path)
{
    ArrayFile *f;
    *out = NULL;
    TRY(mem_new(&f, 1, sizeof *f));
    f->fd = -1;
    if (getrandom(&f->seed, sizeof f->seed, GRND_NONBLOCK) != (ssize_t)sizeof f->seed) f->seed = (uintptr_t)f;
    Status s = text_copy(&f->path, path);
    if (s != OK) array_file_close(f);
    else *out = f;
    return s;
}

Status array_file_open(ArrayFile **out, const char *path)
{
    ArrayFile *f;
    *out = NULL;
    TRY(file_new(&f, path));
    Status s = file_map(&f->map, path);
    if (s == OK) {
        size_t n = f->map.size < DETECT_BYTES ? f->map.size : DETECT_BYTES;
        for (size_t i = 0; i < COUNT(detect_order) && !f->format; i++)
            if (formats[detect_order[i]]->detect(path, (const unsigned char *)f->map.data, n))
                f->format = formats[detect_order[i]];
        s = f->format ? f->format->open(f)
                      : hint(fail(ERR_FORMAT, "%s: neither safetensors nor HDF5, by its first bytes", path),
                             "PyTorch's .bin and .pt are not read: convert them to safetensors");
    }
    if (s != OK) {
        array_file_close(f);
        return s;
    }
    *out = f;
    return OK;
}

const char *array_file_path(const ArrayFile *f) { return f->path; }
const char *array_file_format(const ArrayFile *f) { return f->format->name; }
size_t      array_file_count(const ArrayFile *f) { return f->n_entries; }

const ArrayInfo *array_file_at(const ArrayFile *f, size_t i)
{
    BUG_ON(i >= f->n_entries);
    return &f->entries[i]->info;
}

const ArrayInfo *array_file_find(const ArrayFile *f, const char *name)
{
    ArrayEntry *e = find(f, name);
    return e ? &e->info : NULL;
}

static Status check_range(const ArrayFile *f, const ArrayInfo *info, int64_t first, int64_t n)
{
    if (first >= 0 && n >= 0 && first <= info->count && n <= info->count - first) return OK;
    return fail(ERR_SHAPE, "%s: \"%s\" has %" PRId64 " elements; %" PRId64 " from number %" PRId64 " on were asked for",
                f->path, info->name, info->count, n, first);
}

const void *array_file_data(const ArrayFile *f, const ArrayInfo *info)
{
    const ArrayEntry *e = (const ArrayEntry *)(const void *)info;
    return e->placed && f->map.data ? f->map.data + e->offset : NULL;
}

Status array_file_read(ArrayFile *f, const ArrayInfo *info, int64_t first, int64_t n, void *out)
{
    if (f->writing) return fail(ERR_STATE, "%s is being written and cannot be read yet", f->path);
    TRY(check_range(f, info, first, n));
    if (n == 0) return OK;
    size_t      size = dtype_size(info->dtype);
    const char *data = array_file_data(f, info);
    if (!data) return f->format->read(f, (const ArrayEntry *)(const void *)info, first, n, out);
    memcpy(out, data + (size_t)first * size, (size_t)n * size);
    return OK;
}

Status array_file_read_real(ArrayFile *f, const ArrayInfo *info, int64_t first, int64_t n, REAL *out)
{
    DType t = info->dtype;
    if (t != DTYPE_F32 && t != DTYPE_F64 && t != DTYPE_F16 && t != DTYPE_BF16)
        return fail(ERR_DATA, "%s: \"%s\" holds %s, where floating-point numbers are needed", f->path, info->name,
                    dtype_name(info->dtype));
    if (f->writing) return fail(ERR_STATE, "%s is being written and cannot be read yet", f->path);
    TRY(check_range(f, info, first, n));
    size_t      size = dtype_size(info->dtype);
    const char *data = array_file_data(f, info);
    if (data) {
        dtype_to_real(out, data + (size_t)first * size, info->dtype, (size_t)n);
        return OK;
    }
    char piece[REAL_PIECE];
    for (int64_t per = (int64_t)(sizeof piece / size), k; n > 0; first += k, n -= k, out += k) {
        k = n < per ? n : per;
        TRY(f->format->read(f, (const ArrayEntry *)(const void *)info, first, k, piece));
        dtype_to_real(out, piece, info->dtype, (size_t)k);
    }
    return OK;
}

void array_file_forget(ArrayFile *f)
{
    if (!f->map.data) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)f->map.data / page * page;
    (void)madvise((void *)begin, f->map.size, MADV_DONTNEED);      /* of a file: read again when touched */
}

const char *array_file_text(const ArrayFile *f, const char *key)
{
    for (size_t i = 0; i < f->n_texts; i++)
        if (strcmp(f->texts[i].key, key) == 0) return f->texts[i].value;
    return NULL;
}

size_t array_file_text_count(const ArrayFile *f) { return f->n_texts; }

const char *array_file_text_key(const ArrayFile *f, size_t i)
{
    BUG_ON(i >= f->n_texts);
    return f->texts[i].key;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

Status array_file_create(ArrayFile **out, const char *path, ArrayFormat format)
{
    ArrayFile *f;
    *out = NULL;
    BUG_ON(format < 0 || format >= FORMAT_COUNT);
    TRY(file_new(&f, path));
    f->writing = true;
    f->format = formats[format];
    Status s = file_create(&f->writer, path);
    /* The writer's own descriptor cannot read; HDF5 reads back what it wrote. */
    if (s == OK && (f->fd = open(f->writer.tmp, O_RDWR | O_CLOEXEC)) < 0) s = array_file_write_failed(f, errno);
    if (s == OK) s = f->format->create(f);
    if (s != OK) {
        array_file_close(f);
        return s;
    }
    *out = f;
    return OK;
}

Status array_file_write_failed(ArrayFile *f, int error)
{
    f->broken = true;
    file_abort(&f->writer);          /* now and not at close: the disk may be full because of it */
    Status s = fail(ERR_IO, "%s: cannot be written: %s", f->path, strerror(error));
    if (error == ENOSPC || error == EDQUOT)
        return hint(s, "free some space, or write elsewhere (--output_dir); nothing was left half-written");
    if (error == EFBIG)
        return hint(s, "the limit on the size of a file is too low (ulimit -f); nothing was left half-written");
    return s;
}

Status array_file_put(ArrayFile *f, const void *bytes, size_t n, uint64_t offset)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t k = pwrite(f->fd, p, n, (off_t)offset);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return array_file_write_failed(f, k < 0 ? errno : ENOSPC);
        p += k;
        n -= (size_t)k;
        offset += (uint64_t)k;
    }
    return OK;
}

static Status check_writing(const ArrayFile *f)
{
    if (!f->writing) return fail(ERR_STATE, "%s is open for reading", f->path);
    if (f->committed) return fail(ERR_STATE, "%s is finished already", f->path);
    if (f->broken) return fail(ERR_STATE, "%s: an earlier write failed, so nothing more can be written", f->path);
    return OK;
}

/* Names are paths: no empty part (so no slash at either end), no "." and "..", nothing HDF5 or a shell trips over. */
static Status check_name(const ArrayFile *f, const char *name, size_t max, const char *what)
{
    size_t n = strlen(name);
    int    depth = 0;
    bool   ok = n > 0 && n <= max && utf8_valid(name, n, NULL);
    for (const char *p = name; ok; p++) {
        size_t len = strcspn(p, "/");
        bool dots = p[0] == '.' && (len == 1 || (len == 2 && p[1] == '.'));
        ok = len > 0 && !dots && ++depth < ARRAY_MAX_DEPTH;
        p += len;
        if (*p == '\0') break;
    }
    if (ok) return OK;
    return hint(fail(ERR_STATE, "%s: \"%.*s\" cannot be the name of %s", f->path, 80, name, what),
                "names are paths like \"model/layer.0.weight\": UTF-8, no slash at either end, at most %zu bytes", max);
}

Status array_file_put_text(ArrayFile *f, const char *key, const char *text)
{
    TRY(check_writing(f));
    if (f->started)
        return fail(ERR_STATE, "%s: the text \"%s\" comes after the first data; put texts first", f->path, key);
    TRY(check_name(f, key, ARRAY_MAX_KEY, "a text"));
    size_t n = strlen(text), at;
    if (n > ARRAY_MAX_TEXT)
        return fail(ERR_DATA, "%s: the text \"%s\" has %zu bytes, more than %zu", f->path, key, n, ARRAY_MAX_TEXT);
    if (!utf8_valid(text, n, &at))
        return fail(ERR_DATA, "%s: the text \"%s\" is not UTF-8 at byte %zu", f->path, key, at);
    for (size_t i = 0; i < f->n_texts; i++)
        if (strcmp(f->texts[i].key, key) == 0) return text_copy(&f->texts[i].value, text);
    return array_file_add_text(f, key, text, n);
}

static Status declare(ArrayFile *f, const char *name, ArrayInfo *info, int64_t chunk)
{
    TRY(check_writing(f));
    if (f->started)
        return fail(ERR_STATE, "%s: \"%s\" is declared after the first data; declare every array first", f->path, name);
    TRY(check_name(f, name, ARRAY_MAX_NAME, "an array"));
    if (find(f, name)) return fail(ERR_STATE, "%s: \"%s\" is declared twice", f->path, name);
    uint64_t bytes;
    TRY(array_info_check(info, &bytes, f->path, name));
    ArrayEntry *e;
    TRY(array_file_add(f, &e, name, info));
    Status s = f->format->declare(f, e, chunk);
    if (s != OK) f->broken = true;              /* the entry stands without its array */
    return s;
}

Status array_file_declare(ArrayFile *f, const char *name, DType dtype, const int64_t *shape, int ndim)
{
    if (ndim < 0 || ndim > ARRAY_MAX_DIMS)
        return fail(ERR_SHAPE, "%s: \"%s\" has %d dimensions, where 0 to %d are possible", f->path, name, ndim,
                    ARRAY_MAX_DIMS);
    ArrayInfo info = { .dtype = dtype, .ndim = ndim };
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0) return fail(ERR_SHAPE, "%s: \"%s\" has %" PRId64 " in its shape", f->path, name, shape[i]);
        info.shape[i] = shape[i];
    }
    return declare(f, name, &info, 0);
}

Status array_file_declare_growing(ArrayFile *f, const char *name, DType dtype, int64_t chunk)
{
    if (!f->format->append)
        return hint(fail(ERR_UNSUPPORTED, "%s: arrays in %s cannot grow", f->path, f->format->name),
                    "write HDF5 instead");
    if (chunk < 1 || (uint64_t)chunk > ((uint64_t)1 << 26) / dtype_size(dtype))
        return fail(ERR_SHAPE, "%s: \"%s\" would grow by chunks of %" PRId64 " elements; 1 to 64 MiB are possible",
                    f->path, name, chunk);
    ArrayInfo info = { .dtype = dtype, .ndim = 1 };
    return declare(f, name, &info, chunk);
}

static Status writable_entry(ArrayFile *f, ArrayEntry **out, const char *name, bool growing)
{
    TRY(check_writing(f));
    ArrayEntry *e = *out = find(f, name);
    if (!e) return fail(ERR_STATE, "%s: \"%s\" is written but was not declared", f->path, name);
    if (e->growing != growing)
        return fail(ERR_STATE, growing ? "%s: \"%s\" was declared with a length and cannot be appended to"
                                       : "%s: \"%s\" grows: append to it", f->path, name);
    return OK;
}

static Status start(ArrayFile *f)
{
    if (f->started || !f->format->start) return OK;
    TRY(f->format->start(f));
    f->started = true;
    return OK;
}

Status array_file_write(ArrayFile *f, const char *name, int64_t first, int64_t n, const void *data)
{
    ArrayEntry *e;
    TRY(writable_entry(f, &e, name, false));
    TRY(check_range(f, &e->info, first, n));
    TRY(start(f));
    if (n == 0) return OK;
    size_t size = dtype_size(e->info.dtype);
    TRY(array_file_put(f, data, (size_t)n * size, e->offset + (uint64_t)first * size));
    e->written += n;
    return OK;
}

Status array_file_append(ArrayFile *f, const char *name, int64_t n, const void *data)
{
    ArrayEntry *e;
    TRY(writable_entry(f, &e, name, true));
    if (n < 0 || n > INT64_MAX / 16 - e->info.count)
        return fail(ERR_SHAPE, "%s: \"%s\" cannot grow by %" PRId64 " elements", f->path, name, n);
    if (n == 0) return OK;
    TRY(f->format->append(f, e, n, data));
    e->info.shape[0] = e->info.count += n;
    return OK;
}

Status array_file_commit(ArrayFile *f)
{
    TRY(check_writing(f));
    for (size_t i = 0; i < f->n_entries; i++) {
        const ArrayEntry *e = f->entries[i];
        if (!e->growing && e->written != e->info.count)
            return hint(fail(ERR_STATE, "%s: \"%s\" has %" PRId64 " elements, of which %" PRId64 " were written",
                             f->path, e->name, e->info.count, e->written),
                        "write each element of each declared array once before the commit");
    }
    Status s = start(f);
    if (s == OK) s = f->format->finish(f);
    if (s == OK) s = file_commit(&f->writer);
    f->committed = s == OK;
    f->broken = s != OK;
    if (s != OK) file_abort(&f->writer);
    return s;
}

void array_file_close(ArrayFile *f)
{
    if (!f) return;
    if (f->format) f->format->close(f);
    if (f->fd >= 0) close(f->fd);
    file_abort(&f->writer);
    file_unmap(&f->map);
    for (size_t i = 0; i < f->n_entries; i++) {
        free(f->entries[i]->name);
        free(f->entries[i]);
    }
    for (size_t i = 0; i < f->n_texts; i++) {
        free(f->texts[i].key);
        free(f->texts[i].value);
    }
    free(f->entries);
    free(f->slots);
    free(f->texts);
    free(f->path);
    free(f);
}
