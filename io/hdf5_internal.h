/* io/hdf5_internal.h: what hdf5.c, hdf5_check.c and hdf5_disk.c share.
 *
 * The checks are plain C over plain numbers, apart from the library, so that a fuzz target reaches each of them. */
#ifndef IO_HDF5_INTERNAL_H
#define IO_HDF5_INTERNAL_H

#include "core/hash.h"
#include "io/array_file_internal.h"

enum { HDF5_USER_BLOCK = 512, HDF5_MAX_RANK = 32 };

/* ---- hdf5_check.c ---- */

typedef enum Hdf5Layout { HDF5_COMPACT, HDF5_CONTIGUOUS, HDF5_CHUNKED, HDF5_OTHER } Hdf5Layout;

/* What the library says about one dataset. */
typedef struct Hdf5Facts {
    int        ndim;
    uint64_t   dims[HDF5_MAX_RANK], chunk[HDF5_MAX_RANK];    /* chunk: of HDF5_CHUNKED */
    int        dtype;             /* DType, or -1 */
    Hdf5Layout layout;
    int        n_external;        /* files beside this one that hold the data */
    bool       allocated;         /* HDF5_CONTIGUOUS: has an offset */
    uint64_t   offset, file_size; /* bytes from the start of the file, user block included */
} Hdf5Facts;

/* The dataset as an entry: info, and offset and placed where the data is one run of bytes inside the file. */
Status hdf5_check_facts(ArrayEntry *out, const Hdf5Facts *facts, const char *path, const char *name) MUST_USE;
Status hdf5_check_text(const char *bytes, size_t n, const char *path, const char *key) MUST_USE;

/* "whet-hdf5 1 blake2b-256 <hex> <size>\n", zeros: the hash of everything behind it, and the size of the whole file. */
bool   hdf5_has_user_block(const unsigned char *bytes, size_t n);
bool   hdf5_has_signature(const unsigned char *bytes, size_t n);     /* HDF5's own, wherever a user block lets it be */
Status hdf5_check_user_block(const char *bytes, size_t n, const char *path) MUST_USE;     /* the whole file, hashed */
void   hdf5_format_user_block(char block[HDF5_USER_BLOCK], const char *hex, uint64_t size);

/* ---- hdf5_disk.c ---- */

/* Where the library's bytes come from and go to: the mapping when map.data, else fd. */
typedef struct Hdf5Disk {
    FileMap map;                  /* borrowed */
    int     fd;                   /* borrowed */
    int     error;                /* errno of the first write that was refused; everything after it is dropped */
    bool    discard;              /* drop every write: the file is given up */
} Hdf5Disk;

/* A file access property list (hid_t) that leads to the disk; < 0 when the library refuses. Close it with H5Pclose. */
int64_t hdf5_disk_access(Hdf5Disk *disk);

#endif
