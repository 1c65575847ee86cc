/* io/array_file.h: named arrays and text attributes in a file, over a table of formats. Knows no model.
 *
 * Reading: safetensors (mapped; every header rule of its specification checked) and HDF5. Writing: both, to PATH.tmp,
 * synced and renamed by array_file_commit(), so a reader sees the old file or the whole new one.
 *
 * Files are hostile until parsed: sizes are checked before they are multiplied or allocated. HDF5's own parser is not
 * ours to mend, so an HDF5 file that whet wrote carries the BLAKE2b hash of its content in its user block (the first
 * 512 bytes, which HDF5 leaves to applications) and is opened only after the hash matched: treat one from somebody
 * else like a program, and set WHET_TRUST_HDF5=1 in the environment to open one without the hash (h5py's, Keras's).
 * Array names are paths without a leading slash ("model/bert.pooler.dense.weight").
 *
 * One thread at a time uses an ArrayFile. */
#ifndef IO_ARRAY_FILE_H
#define IO_ARRAY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/status.h"

enum { ARRAY_MAX_DIMS = 8, ARRAY_MAX_COUNT = 1 << 20, ARRAY_MAX_NAME = 1024 };

typedef enum ArrayFormat { FORMAT_SAFETENSORS, FORMAT_HDF5, FORMAT_COUNT } ArrayFormat;

typedef struct ArrayInfo {
    const char *name;             /* borrowed from the file */
    DType       dtype;
    int         ndim;
    int64_t     shape[ARRAY_MAX_DIMS];
    int64_t     count;            /* product of shape */
} ArrayInfo;

typedef struct ArrayFile ArrayFile;

/* ---- reading ---- */
Status array_file_open(ArrayFile **out, const char *path) MUST_USE;         /* the format is found by the first bytes */
void   array_file_close(ArrayFile *f);                                      /* NULL is fine; gives up an open write */
const char *array_file_path(const ArrayFile *f);
const char *array_file_format(const ArrayFile *f);                           /* "safetensors", "HDF5" */

size_t array_file_count(const ArrayFile *f);
const ArrayInfo *array_file_at(const ArrayFile *f, size_t i);                /* in file order */
const ArrayInfo *array_file_find(const ArrayFile *f, const char *name);      /* NULL when absent */

/* Elements first .. first+n-1 (flattened), in the file's dtype. out holds n * dtype_size(info->dtype) bytes. */
Status array_file_read(ArrayFile *f, const ArrayInfo *info, int64_t first, int64_t n, void *out) MUST_USE;
/* The same as REALs, for F32 F64 F16 BF16. */
Status array_file_read_real(ArrayFile *f, const ArrayInfo *info, int64_t first, int64_t n, REAL *out) MUST_USE;
/* The array's bytes in the mapping, until the file is closed; NULL where they are not one run (HDF5 arrays that grew,
 * or chunked and compact ones from elsewhere). May be unaligned. */
const void *array_file_data(const ArrayFile *f, const ArrayInfo *info);

/* Text attributes of the file; NULL when absent. Borrowed. */
const char *array_file_text(const ArrayFile *f, const char *key);
size_t      array_file_text_count(const ArrayFile *f);
const char *array_file_text_key(const ArrayFile *f, size_t i);

/* ---- writing ---- */
Status array_file_create(ArrayFile **out, const char *path, ArrayFormat format) MUST_USE;
/* At most 100 MB of UTF-8; an old value of the key is replaced. */
Status array_file_put_text(ArrayFile *f, const char *key, const char *text) MUST_USE;
/* Declares an array; safetensors wants every array (and text) declared before the first write. */
Status array_file_declare(ArrayFile *f, const char *name, DType dtype, const int64_t *shape, int ndim) MUST_USE;
/* Writes elements first .. first+n-1 of a declared array; ranges may come in any order and piece by piece, each element
 * once: the commit counts them. After an ERR_IO (a full disk) PATH.tmp is gone and only closing is left. */
Status array_file_write(ArrayFile *f, const char *name, int64_t first, int64_t n, const void *data) MUST_USE;
/* HDF5 only: a one-dimensional array whose length is not known yet; append grows it. chunk: elements, up to 64 MiB,
 * each compressed by itself (shuffle, deflate). */
Status array_file_declare_growing(ArrayFile *f, const char *name, DType dtype, int64_t chunk) MUST_USE;
Status array_file_append(ArrayFile *f, const char *name, int64_t n, const void *data) MUST_USE;
Status array_file_commit(ArrayFile *f) MUST_USE;                             /* sync, rename; then close it */

/* For fuzz targets: checks the whole file (n bytes; the data is not looked at) and keeps nothing. */
Status safetensors_parse_header(const char *bytes, size_t n, const char *name) MUST_USE;

#endif
