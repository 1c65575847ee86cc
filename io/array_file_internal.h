/* io/array_file_internal.h: what array_file.c and the formats share.
 *
 * A format says where an array's bytes lie (ArrayEntry.offset, `placed`); array_file.c then reads them from the mapping
 * and writes them with pwrite. A format's own read() is asked only for arrays that are not one run of bytes. */
#ifndef IO_ARRAY_FILE_INTERNAL_H
#define IO_ARRAY_FILE_INTERNAL_H

#include "core/file.h"
#include "io/array_file.h"

/* HDF5 group paths are walked this deep, and names have fewer parts. Keys leave room for HDF5's "text/" before them. */
enum { ARRAY_MAX_DEPTH = 16, ARRAY_MAX_KEY = ARRAY_MAX_NAME - 8 };

/* One text of a file (a tokenizer, a config): the same bound as safetensors puts on its whole header. */
#define ARRAY_MAX_TEXT ((size_t)100000000)

typedef struct ArrayEntry {
    ArrayInfo info;            /* first: array_file_read() gets back from the caller's ArrayInfo to its entry */
    char     *name;
    uint64_t  offset;          /* of the first byte, from the start of the file; when placed */
    bool      placed, growing;
    int64_t   written;         /* elements */
    int64_t   handle;          /* the format's own; HDF5's dataset while it stays open, else -1 */
} ArrayEntry;

typedef struct ArrayText { char *key, *value; } ArrayText;

typedef struct ArrayFormatDef {
    const char *name;
    /* bytes: the file's first n, at most 8 KiB. */
    bool   (*detect)(const char *path, const unsigned char *bytes, size_t n);
    Status (*open)(ArrayFile *f);                       /* map is set; adds entries and texts */
    Status (*read)(ArrayFile *f, const ArrayEntry *e, int64_t first, int64_t n, void *out);     /* arrays not placed */
    Status (*create)(ArrayFile *f);                     /* writer and fd are set */
    Status (*declare)(ArrayFile *f, ArrayEntry *e, int64_t chunk);     /* chunk > 0: growing */
    Status (*start)(ArrayFile *f);                      /* before the first byte of data; NULL: nothing to do */
    Status (*append)(ArrayFile *f, ArrayEntry *e, int64_t n, const void *data);     /* NULL: cannot grow */
    Status (*finish)(ArrayFile *f);                     /* everything is written: complete PATH.tmp */
    void   (*close)(ArrayFile *f);                      /* frees state; after a failure or half-way too */
} ArrayFormatDef;

struct ArrayFile {
    const ArrayFormatDef *format;
    char        *path;
    ArrayEntry **entries;      /* pointers, so that an ArrayInfo stays where it is while more are declared */
    size_t       n_entries, cap_entries;
    uint32_t    *slots;        /* open addressing by name: index + 1, 0 is free */
    size_t       n_slots;      /* a power of two */
    uint64_t     seed;         /* random, so that no file can choose its names to collide */
    ArrayText   *texts;
    size_t       n_texts, cap_texts;

    FileMap      map;          /* reading */
    FileWriter   writer;       /* writing: owns PATH.tmp */
    int          fd;           /* writing: PATH.tmp for reading and writing; -1 */
    bool         writing, started, committed, broken;
    void        *state;        /* the format's own */
};

extern const ArrayFormatDef safetensors_format, hdf5_format;

/* Adds an array; ERR_FORMAT when the name is there already. shape and dtype are the caller's to have checked. */
Status array_file_add(ArrayFile *f, ArrayEntry **out, const char *name, const ArrayInfo *info) MUST_USE;
Status array_file_add_text(ArrayFile *f, const char *key, const char *value, size_t n) MUST_USE;

/* Checks the name's length, and sets count and bytes: ERR_FORMAT naming the array when either passes 2^63 - 1. */
Status array_info_check(ArrayInfo *info, uint64_t *bytes, const char *path, const char *name) MUST_USE;

/* All n bytes at the offset of PATH.tmp, or the file is given up: see array_file_write_failed. */
Status array_file_put(ArrayFile *f, const void *bytes, size_t n, uint64_t offset) MUST_USE;
/* The sentence for a write that the system refused (errno value); PATH.tmp is removed at once. */
Status array_file_write_failed(ArrayFile *f, int error);

#endif
