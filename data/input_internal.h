/* data/input_internal.h: what input.c, expand.c and encoding.c share. */
#ifndef DATA_INPUT_INTERNAL_H
#define DATA_INPUT_INTERNAL_H

#include <archive.h>
#include <archive_entry.h>

#include "core/file.h"
#include "core/text.h"
#include "data/input.h"

/* ---- packed files (expand.c) ------------------------------------------------------------------------------------ */

/* By the first bytes: gzip, zstd, xz, bzip2, zip, tar. */
bool   packed_looks(const char *bytes, size_t n);
/* An archive over the mapped bytes, before its first entry. A compressed single file is an archive of one entry. */
Status packed_open(struct archive **out, const FileMap *map, const char *name) MUST_USE;
/* The next entry that is a file. *entry NULL: there is none. *index counts the entries (-1 before the first). */
Status packed_next(struct archive *a, const char *name, struct archive_entry **entry, int64_t *index) MUST_USE;

/* ---- encodings (encoding.c) ------------------------------------------------------------------------------------- */

/* The encoding of a file by its first bytes; *mark: length of the byte order mark. UTF-8 whenever they are. */
const char *encoding_detect(const char *bytes, size_t n, bool whole, size_t *mark);

typedef struct Decoder Decoder;
Status decoder_open(Decoder **out, const char *encoding) MUST_USE;
void   decoder_close(Decoder *d);
/* Appends the bytes as UTF-8; `last` flushes what is pending. */
Status decoder_add(Decoder *d, const char *bytes, size_t n, bool last, Text *out) MUST_USE;

#endif
