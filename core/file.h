/* core/file.h: whole files. Reading maps; writing goes to a temporary name, is synced, then renamed, so that a reader
 * sees the old file or the new one and never half of it. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/status.h"

/* A read-only mapping. data is NULL for an empty file. Truncating the file while it is mapped is the caller's risk. */
typedef struct FileMap { const char *data; size_t size; } FileMap;

Status file_map(FileMap *out, const char *path) MUST_USE;
void   file_unmap(FileMap *map);

/* The whole file as a NUL-terminated string (free it). max_bytes is a named limit of the caller's. */
Status file_read(char **out, size_t *out_size, const char *path, size_t max_bytes) MUST_USE;

/* Write, then rename. Between open and commit the bytes are in "PATH.tmp"; abort or a failed commit removes it. */
typedef struct FileWriter { FILE *f; char *path, *tmp; } FileWriter;

Status file_create(FileWriter *w, const char *path) MUST_USE;
Status file_write(FileWriter *w, const void *bytes, size_t n) MUST_USE;
Status file_printf(FileWriter *w, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
Status file_commit(FileWriter *w) MUST_USE;      /* flush, fsync, rename, fsync of the folder; closes */
void   file_abort(FileWriter *w);                /* closes and removes; nothing after a commit */

Status file_write_whole(const char *path, const void *bytes, size_t n) MUST_USE;
Status file_copy(const char *from, const char *to) MUST_USE;
Status file_replace(const char *tmp, const char *path) MUST_USE;     /* fsync tmp, rename, fsync the folder */

bool   file_exists(const char *path);
bool   file_is_folder(const char *path);
int64_t file_size(const char *path);                       /* -1 when absent */
Status file_make_folder(const char *path) MUST_USE;        /* with parents; fine when it is there */
Status file_remove_folder(const char *path) MUST_USE;      /* with what is in it; symbolic links are not followed */

/* "base/name" (free it); name alone when it is absolute or base is "" or ".". */
Status path_join(char **out, const char *base, const char *name) MUST_USE;
Status path_folder(char **out, const char *path) MUST_USE;          /* "." when there is none */
const char *path_name(const char *path);                            /* what follows the last slash */
bool   path_has_suffix(const char *path, const char *suffix);       /* ".h5"; case matters */
Status path_absolute(char **out, const char *path) MUST_USE;        /* need not exist; "." and ".." resolved by text */

#endif
