/* io/hdf5.c: HDF5 files of our own making: checkpoints, prepared data sets, predictions.
 *
 *   bytes 0-511   HDF5's user block: "whet-hdf5 1 blake2b-256 <hex> <size>\n" and zeros; <hex> is the hash of all that
 *                 follows, <size> the size of the whole file. Written last, so a half-written file has none
 *   NAME          a dataset an array; slashes in names make groups. Arrays of known length are contiguous: one run of
 *                 bytes, which array_file.c reads and writes itself. Growing ones are chunked: the library's business
 *   /text/KEY     a text attribute, as a one-dimensional uint8 dataset: HDF5's own attributes end at 64 KiB. In Python:
 *                 bytes(h5py.File(PATH)["text/KEY"][:]).decode()
 *   types         IEEE and two's complement, little-endian; F16 and BF16 are 2-byte floats of 5+10 and 8+7 bits; BOOL
 *                 is the enum {FALSE, TRUE} over int8, h5py's bool
 *
 * The library parses what it reads with code that has a long list of memory errors behind it. Hence the hash: a file
 * without ours is refused, unless WHET_TRUST_HDF5=1 in the environment says that whoever made it is trusted like a
 * program. What is believed of a file after that is checked in hdf5_check.c all the same. */
#include <hdf5.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "io/hdf5_internal.h"

#define TEXT_GROUP "text"
enum { CHUNK_CACHE = 8 << 20, CHUNK_SLOTS = 521, ALIGN_FROM = 1024, ALIGN_TO = 64,
       DEFLATE_LEVEL = 1 };

typedef struct Hdf5 {
    Hdf5Disk disk;
    hid_t    file;
} Hdf5;

/* The library may be built without thread safety, and a loader reads while the trainer writes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hid_t           types[DTYPE_COUNT];

/* ---- the library ------------------------------------------------------------------------------------------------- */

static herr_t keep_innermost(unsigned n, const H5E_error2_t *e, void *text)
{
    if (n == 0 && e->desc) snprintf(text, 256, "%s", e->desc);
    return 0;
}

/* Fails with the innermost thing the library has to say; or with the system's refusal, when a write met one. */
static Status refused(ArrayFile *f, Status code, const char *doing, const char *name)
{
    Hdf5 *h = f->state;
    if (f->writing && h && h->disk.error) return array_file_write_failed(f, h->disk.error);
    char why[256] = "no reason given";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, why);
    H5Eclear2(H5E_DEFAULT);
    return fail(code, "%s: %s%s%s%s: HDF5 says: %s", f->path, doing, name ? " \"" : "", name ? name : "",
                name ? "\"" : "", why);
}

/* size bytes: sign, exponent and mantissa bits from the top, as IEEE lays them out. */
static hid_t float_type(size_t size, size_t exponent_bits, size_t mantissa_bits)
{
    hid_t t = H5Tcopy(H5T_IEEE_F32LE);
    if (t < 0 || H5Tset_fields(t, exponent_bits + mantissa_bits, mantissa_bits, exponent_bits, 0, mantissa_bits) < 0 ||
        H5Tset_precision(t, size * 8) < 0 || H5Tset_size(t, size) < 0 ||
        H5Tset_ebias(t, ((size_t)1 << (exponent_bits - 1)) - 1) < 0)
        return -1;
    return t;
}

static hid_t bool_type(void)
{
    int8_t no = 0, yes = 1;
    hid_t  t = H5Tenum_create(H5T_STD_I8LE);
    if (t < 0 || H5Tenum_insert(t, "FALSE", &no) < 0 || H5Tenum_insert(t, "TRUE", &yes) < 0) return -1;
    return t;
}

static Status library_start(ArrayFile *f)
{
    static bool started;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);              /* a setting of the thread's: print nothing, we make a Status */
    if (started) return OK;
    H5PLset_loading_state(0);                           /* no filter is worth loading code that a file asks for */
    const hid_t all[DTYPE_COUNT] = {
        [DTYPE_F32] = H5T_IEEE_F32LE, [DTYPE_F64] = H5T_IEEE_F64LE,
        [DTYPE_F16] = float_type(2, 5, 10), [DTYPE_BF16] = float_type(2, 8, 7),
        [DTYPE_I8] = H5T_STD_I8LE, [DTYPE_U8] = H5T_STD_U8LE, [DTYPE_I16] = H5T_STD_I16LE,
        [DTYPE_U16] = H5T_STD_U16LE, [DTYPE_I32] = H5T_STD_I32LE, [DTYPE_I64] = H5T_STD_I64LE, [DTYPE_BOOL] = bool_type(),
    };
    for (int t = 0; t < DTYPE_COUNT; t++)
        if (all[t] < 0)
            return refused(f, ERR_UNSUPPORTED, "the HDF5 library cannot make the type", dtype_name((DType)t));
    memcpy(types, all, sizeof types);
    started = true;
    return OK;
}

static Status state_new(ArrayFile *f, Hdf5 **out)
{
    TRY(mem_new(out, 1, sizeof **out));
    (*out)->disk = (Hdf5Disk){ .map = f->map, .fd = f->fd };
    (*out)->file = -1;
    f->state = *out;
    return OK;
}

/* Creates or opens the file through our driver. */
static Status file_start(ArrayFile *f)
{
    Hdf5 *h;
    TRY(library_start(f));
    TRY(state_new(f, &h));
    hid_t access = (hid_t)hdf5_disk_access(&h->disk), create = H5P_DEFAULT;
    if (access >= 0 && H5Pset_cache(access, 0, CHUNK_SLOTS, CHUNK_CACHE, 0.75) >= 0) {
        if (!f->writing) h->file = H5Fopen(f->path, H5F_ACC_RDONLY, access);
        else if (H5Pset_alignment(access, ALIGN_FROM, ALIGN_TO) >= 0 && (create = H5Pcreate(H5P_FILE_CREATE)) >= 0 &&
                 H5Pset_userblock(create, HDF5_USER_BLOCK) >= 0)
            h->file = H5Fcreate(f->path, H5F_ACC_TRUNC, create, access);
    }
    Status s = h->file >= 0 ? OK : refused(f, ERR_FORMAT, f->writing ? "cannot be created" : "cannot be opened", NULL);
    if (create > 0) H5Pclose(create);
    if (access >= 0) H5Pclose(access);
    return s;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

typedef struct Walk {
    ArrayFile *f;
    Text       path;              /* of the group that is being walked: "model/layer.0/" */
    int        depth;
    size_t     n_seen;            /* links, so that a group which contains itself comes to an end */
    Status     status;
} Walk;

static bool detect(const char *path, const unsigned char *bytes, size_t n)
{
    (void)path;
    /* A safetensors file, { its ninth byte, may have any bytes at 512, 1024, ... */
    return hdf5_has_user_block(bytes, n) || (hdf5_has_signature(bytes, n) && !(n > 8 && bytes[8] == '{'));
}

static int dtype_of(hid_t type)
{
    for (int t = 0; t < DTYPE_COUNT; t++)
        if (H5Tequal(type, types[t]) > 0) return t;
    return -1;
}

static Status dataset_facts(Hdf5Facts *facts, ArrayFile *f, hid_t d, const char *name)
{
    hid_t  space = H5Dget_space(d), type = H5Dget_type(d), plist = H5Dget_create_plist(d);
    Status s = OK;
    *facts = (Hdf5Facts){ .file_size = f->map.size };
    if (space < 0 || type < 0 || plist < 0) s = refused(f, ERR_FORMAT, "cannot examine", name);
    else if (H5Sget_simple_extent_type(space) != H5S_SIMPLE && H5Sget_simple_extent_type(space) != H5S_SCALAR)
        s = fail(ERR_UNSUPPORTED, "%s: \"%s\" has no shape", f->path, name);
    else {
        hsize_t     dims[H5S_MAX_RANK] = { 0 }, chunk[H5S_MAX_RANK] = { 0 };
        H5D_layout_t layout = H5Pget_layout(plist);
        facts->ndim = H5Sget_simple_extent_ndims(space);
        if (facts->ndim > 0) H5Sget_simple_extent_dims(space, dims, NULL);
        if (layout == H5D_CHUNKED) H5Pget_chunk(plist, H5S_MAX_RANK, chunk);
        for (int i = 0; i < HDF5_MAX_RANK; i++) {
            facts->dims[i] = dims[i];
            facts->chunk[i] = chunk[i];
        }
        facts->dtype = dtype_of(type);
        facts->n_external = H5Pget_external_count(plist);
        facts->layout = layout == H5D_COMPACT ? HDF5_COMPACT : layout == H5D_CONTIGUOUS ? HDF5_CONTIGUOUS
                      : layout == H5D_CHUNKED ? HDF5_CHUNKED : HDF5_OTHER;
        haddr_t offset = facts->n_external == 0 && layout == H5D_CONTIGUOUS ? H5Dget_offset(d) : HADDR_UNDEF;
        facts->allocated = offset != HADDR_UNDEF;
        facts->offset = facts->allocated ? offset : 0;
    }
    if (plist >= 0) H5Pclose(plist);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return s;
}

static Status read_text(ArrayFile *f, const ArrayEntry *e, hid_t d, const char *key)
{
    size_t n = (size_t)e->info.count;
    if (e->info.dtype != DTYPE_U8 || e->info.ndim != 1 || n > ARRAY_MAX_TEXT)
        return fail(ERR_FORMAT, "%s: \"" TEXT_GROUP "/%s\" is not a text: bytes in a row, at most %zu", f->path, key,
                    ARRAY_MAX_TEXT);
    char *copy = NULL;
    const char *bytes = e->placed ? f->map.data + e->offset : NULL;
    Status s = OK;
    if (!bytes) {
        TRY(mem_new(&copy, n, 1));
        bytes = copy;
        if (n && H5Dread(d, types[DTYPE_U8], H5S_ALL, H5S_ALL, H5P_DEFAULT, copy) < 0)
            s = refused(f, ERR_FORMAT, "cannot read", key);
    }
    if (s == OK) s = hdf5_check_text(bytes, n, f->path, key);
    if (s == OK) s = array_file_add_text(f, key, bytes, n);
    free(copy);
    return s;
}

/* Takes d. */
static Status add_dataset(ArrayFile *f, hid_t d, const char *name)
{
    Hdf5Facts  facts;
    ArrayEntry found, *e;
    Status     s = dataset_facts(&facts, f, d, name);
    if (s == OK) s = hdf5_check_facts(&found, &facts, f->path, name);
    if (s == OK && strncmp(name, TEXT_GROUP "/", sizeof TEXT_GROUP) == 0)
        s = read_text(f, &found, d, name + sizeof TEXT_GROUP);
    else if (s == OK && (s = array_file_add(f, &e, name, &found.info)) == OK) {
        e->offset = found.offset;
        e->placed = found.placed;
        if (!e->placed) {
            e->handle = d;
            return OK;
        }
    }
    H5Dclose(d);
    return s;
}

static herr_t visit(hid_t group, const char *name, const H5L_info_t *link, void *walk);

static Status walk_group(Walk *w, hid_t group)
{
    hsize_t at = 0;
    if (++w->depth > ARRAY_MAX_DEPTH)
        return fail(ERR_FORMAT, "%s: groups nest deeper than %d at \"%.80s\"", w->f->path, ARRAY_MAX_DEPTH,
                    w->path.data);
    herr_t got = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, visit, w);
    w->depth--;
    if (w->status != OK) return w->status;
    return got < 0 ? refused(w->f, ERR_FORMAT, "cannot list the group", w->path.len ? w->path.data : "/") : OK;
}

static Status visit_link(Walk *w, hid_t group, const char *name, const H5L_info_t *link)
{
    ArrayFile *f = w->f;
    size_t     base = w->path.len;
    if (++w->n_seen > 2 * (size_t)ARRAY_MAX_COUNT)
        return fail(ERR_FORMAT, "%s: more than %d links", f->path, 2 * ARRAY_MAX_COUNT);
    if (!utf8_valid(name, strlen(name), NULL) || base + strlen(name) > ARRAY_MAX_NAME)
        return fail(ERR_FORMAT, "%s: a name in \"/%.80s\" is longer than %d bytes or not UTF-8", f->path,
                    base ? w->path.data : "", ARRAY_MAX_NAME);
    TRY(text_addf(&w->path, "%s", name));
    if (link->type != H5L_TYPE_HARD)
        return fail(ERR_UNSUPPORTED, "%s: \"%s\" is a soft or external link, which is not followed", f->path,
                    w->path.data);
    hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0) return refused(f, ERR_FORMAT, "cannot open", w->path.data);
    H5I_type_t kind = H5Iget_type(object);
    Status     s = OK;
    if (kind == H5I_DATASET) s = add_dataset(f, object, w->path.data);
    else {
        if (kind == H5I_GROUP && (s = text_addf(&w->path, "/")) == OK) s = walk_group(w, object);
        H5Oclose(object);                               /* else a named type: no array */
    }
    w->path.data[w->path.len = base] = '\0';
    return s;
}

static herr_t visit(hid_t group, const char *name, const H5L_info_t *link, void *walk)
{
    Walk *w = walk;
    w->status = visit_link(w, group, name, link);
    return w->status == OK ? 0 : 1;
}

static Status open_locked(ArrayFile *f)
{
    if (hdf5_has_user_block((const unsigned char *)f->map.data, f->map.size))
        TRY(hdf5_check_user_block(f->map.data, f->map.size, f->path));
    else {
        const char *trust = getenv("WHET_TRUST_HDF5");
        if (!trust || strcmp(trust, "1") != 0)
            return hint(fail(ERR_UNSUPPORTED, "%s: an HDF5 file that whet did not write, or whose first line was lost",
                             f->path),
                        "it could attack its reader; if you would run its maker's programs, set WHET_TRUST_HDF5=1");
    }
    TRY(file_start(f));
    hid_t root = H5Gopen2(((Hdf5 *)f->state)->file, "/", H5P_DEFAULT);
    if (root < 0) return refused(f, ERR_FORMAT, "cannot list the group", "/");
    Walk   w = { .f = f };
    Status s = walk_group(&w, root);
    H5Gclose(root);
    text_release(&w.path);
    return s;
}

static Status open_file(ArrayFile *f)
{
    pthread_mutex_lock(&lock);
    Status s = open_locked(f);
    pthread_mutex_unlock(&lock);
    return s;
}

/* ---- reading what is not one run of bytes ------------------------------------------------------------------------ */

static herr_t transfer(const ArrayEntry *e, int ndim, const hsize_t *at, const hsize_t *count, void *in,
                       const void *out)
{
    hid_t   d = (hid_t)e->handle, type = types[e->info.dtype], file = H5S_ALL, memory = H5S_ALL;
    hsize_t n = 1;
    herr_t  got = -1;
    for (int i = 0; i < ndim; i++) n *= count[i];
    if (ndim > 0) {
        file = H5Dget_space(d);
        memory = H5Screate_simple(1, &n, NULL);
        if (file < 0 || memory < 0 || H5Sselect_hyperslab(file, H5S_SELECT_SET, at, NULL, count, NULL) < 0) goto done;
    }
    got = in ? H5Dread(d, type, memory, file, H5P_DEFAULT, in) : H5Dwrite(d, type, memory, file, H5P_DEFAULT, out);
done:
    if (file > 0) H5Sclose(file);
    if (memory > 0) H5Sclose(memory);
    return got;
}

/* Elements first .. first+n-1 of the sub-array at[0..dim): whole rows at once, the ragged ends one dimension deeper. */
static herr_t read_rows(const ArrayEntry *e, int dim, hsize_t *at, int64_t first, int64_t n, char *out)
{
    int     ndim = e->info.ndim;
    int64_t row = 1;
    for (int i = dim + 1; i < ndim; i++) row *= e->info.shape[i];
    while (n > 0) {
        int64_t skip = ndim ? first % row : 0, take = n;
        if (ndim) at[dim] = (hsize_t)(first / row);
        if (skip == 0 && n >= row) {
            hsize_t count[ARRAY_MAX_DIMS];
            take = n / row * row;
            for (int i = 0; i < ndim; i++) {
                count[i] = i < dim ? 1 : i == dim ? (hsize_t)(n / row) : (hsize_t)e->info.shape[i];
                if (i > dim) at[i] = 0;
            }
            if (transfer(e, ndim, at, count, out, NULL) < 0) return -1;
        } else {
            take = row - skip < n ? row - skip : n;
            if (read_rows(e, dim + 1, at, skip, take, out) < 0) return -1;
        }
        first += take;
        n -= take;
        out += (size_t)take * dtype_size(e->info.dtype);
    }
    return 0;
}

static Status read_array(ArrayFile *f, const ArrayEntry *e, int64_t first, int64_t n, void *out)
{
    hsize_t at[ARRAY_MAX_DIMS] = { 0 };
    Status  s = OK;
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (read_rows(e, 0, at, first, n, out) < 0) s = refused(f, ERR_FORMAT, "cannot read", e->name);
    pthread_mutex_unlock(&lock);
    return s;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static Status create_file(ArrayFile *f)
{
    pthread_mutex_lock(&lock);
    Status s = file_start(f);
    pthread_mutex_unlock(&lock);
    return s;
}

/* Makes the dataset; a contiguous one gets its bytes at once, unfilled, so that we may write them ourselves. */
static Status create_dataset(ArrayFile *f, ArrayEntry *e, const char *name, int64_t chunk)
{
    const Hdf5 *h = f->state;
    hsize_t     dims[ARRAY_MAX_DIMS], length = (hsize_t)chunk, unlimited = H5S_UNLIMITED;
    for (int i = 0; i < e->info.ndim; i++) dims[i] = (hsize_t)e->info.shape[i];
    hid_t space = e->info.ndim == 0 ? H5Screate(H5S_SCALAR)
                                    : H5Screate_simple(e->info.ndim, dims, chunk ? &unlimited : NULL);
    hid_t create = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE), d = -1;
    Status s = OK;
    /* No times are kept: the same input makes the same bytes. */
    if (space >= 0 && create >= 0 && links >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0 &&
        H5Pset_char_encoding(links, H5T_CSET_UTF8) >= 0 && H5Pset_obj_track_times(create, 0) >= 0 &&
        (chunk ? H5Pset_chunk(create, 1, &length) >= 0 &&
                 H5Pset_shuffle(create) >= 0 && H5Pset_deflate(create, DEFLATE_LEVEL) >= 0
               : H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY) >= 0 &&
                 H5Pset_fill_time(create, H5D_FILL_TIME_NEVER) >= 0))
        d = H5Dcreate2(h->file, name, types[e->info.dtype], space, links, create, H5P_DEFAULT);
    if (d < 0) s = refused(f, ERR_STATE, "cannot make", name);
    else if (!chunk && e->info.count > 0) {
        haddr_t offset = H5Dget_offset(d);
        if (offset == HADDR_UNDEF) s = refused(f, ERR_STATE, "cannot place", name);
        e->offset = offset;
    }
    if (s == OK && h->disk.error) s = array_file_write_failed(f, h->disk.error);
    if (space >= 0) H5Sclose(space);
    if (create >= 0) H5Pclose(create);
    if (links >= 0) H5Pclose(links);
    if (chunk) e->handle = d;
    else if (d >= 0) H5Dclose(d);
    e->placed = s == OK && !chunk;
    e->growing = chunk > 0;
    return s;
}

static Status declare(ArrayFile *f, ArrayEntry *e, int64_t chunk)
{
    if (strncmp(e->name, TEXT_GROUP "/", sizeof TEXT_GROUP) == 0 || strcmp(e->name, TEXT_GROUP) == 0)
        return fail(ERR_STATE, "%s: \"%s\" cannot be the name of an array: the group \"" TEXT_GROUP "\" is for texts",
                    f->path, e->name);
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    Status s = create_dataset(f, e, e->name, chunk);
    pthread_mutex_unlock(&lock);
    return s;
}

static Status append(ArrayFile *f, ArrayEntry *e, int64_t n, const void *data)
{
    const Hdf5 *h = f->state;
    hsize_t     at = (hsize_t)e->info.count, count = (hsize_t)n, length = at + count;
    Status      s = OK;
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (H5Dset_extent((hid_t)e->handle, &length) < 0 || transfer(e, 1, &at, &count, NULL, data) < 0)
        s = refused(f, ERR_STATE, "cannot append to", e->name);
    else if (h->disk.error) s = array_file_write_failed(f, h->disk.error);
    pthread_mutex_unlock(&lock);
    if (s != OK) f->broken = true;
    return s;
}

static Status write_texts(ArrayFile *f)
{
    for (size_t i = 0; i < f->n_texts; i++) {
        const ArrayText *t = &f->texts[i];
        int64_t          n = (int64_t)strlen(t->value);
        ArrayEntry       e = { .info = { .dtype = DTYPE_U8, .ndim = 1, .shape = { n }, .count = n }, .handle = -1 };
        char            *name = NULL;
        TRY(text_format(&name, TEXT_GROUP "/%s", t->key));
        Status s = create_dataset(f, &e, name, 0);
        free(name);
        if (s == OK) s = array_file_put(f, t->value, (size_t)n, e.offset);
        if (s != OK) return s;
    }
    return OK;
}

static herr_t close_library_file(ArrayFile *f)
{
    Hdf5  *h = f->state;
    herr_t got = 0;
    for (size_t i = 0; i < f->n_entries; i++) {
        if (f->entries[i]->handle >= 0 && H5Dclose((hid_t)f->entries[i]->handle) < 0) got = -1;
        f->entries[i]->handle = -1;
    }
    if (h->file >= 0 && H5Fclose(h->file) < 0) got = -1;
    h->file = -1;
    return got;
}

static Status finish_locked(ArrayFile *f)
{
    const Hdf5 *h = f->state;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    TRY(write_texts(f));
    if (close_library_file(f) < 0 || h->disk.error) return refused(f, ERR_IO, "cannot be completed", NULL);
    char hex[HASH_HEX], block[HDF5_USER_BLOCK];
    TRY(hash_file(f->writer.tmp, HDF5_USER_BLOCK, hex));
    hdf5_format_user_block(block, hex, (uint64_t)file_size(f->writer.tmp));
    return array_file_put(f, block, sizeof block, 0);
}

static Status finish(ArrayFile *f)
{
    pthread_mutex_lock(&lock);
    Status s = finish_locked(f);
    pthread_mutex_unlock(&lock);
    return s;
}

static void close_file(ArrayFile *f)
{
    Hdf5 *h = f->state;
    if (!h) return;
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    h->disk.discard = true;
    (void)close_library_file(f);
    H5Eclear2(H5E_DEFAULT);
    pthread_mutex_unlock(&lock);
    free(h);
    f->state = NULL;
}

const ArrayFormatDef hdf5_format = {
    .name = "HDF5", .detect = detect, .open = open_file, .read = read_array, .create = create_file, .declare = declare,
    .append = append, .finish = finish, .close = close_file,
};
