/* io/hdf5_check.c: what an HDF5 file must fulfil before its numbers are believed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "io/hdf5_internal.h"

#define USER_BLOCK_START "whet-hdf5 1 blake2b-256 "
enum { USER_BLOCK_HEX = sizeof USER_BLOCK_START - 1, USER_BLOCK_SIZE = USER_BLOCK_HEX + HASH_HEX, MAX_CHUNK = 1 << 28 };

/* ---- the user block ---------------------------------------------------------------------------------------------- */

bool hdf5_has_user_block(const unsigned char *bytes, size_t n)
{
    return n >= 10 && memcmp(bytes, "whet-hdf5 ", 10) == 0;
}

bool hdf5_has_signature(const unsigned char *bytes, size_t n)
{
    static const unsigned char signature[8] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n' };
    for (size_t at = 0; at + sizeof signature <= n; at = at ? at * 2 : HDF5_USER_BLOCK)
        if (memcmp(bytes + at, signature, sizeof signature) == 0) return true;
    return false;
}

void hdf5_format_user_block(char block[HDF5_USER_BLOCK], const char *hex, uint64_t size)
{
    memset(block, 0, HDF5_USER_BLOCK);
    snprintf(block, HDF5_USER_BLOCK, USER_BLOCK_START "%s %" PRIu64 "\n", hex, size);
}

static Status damaged(const char *path, const char *what)
{
    return hint(fail(ERR_FORMAT, "%s: %s", path, what),
                "the file was changed or damaged after it was written; copy it again");
}

/* There is one right spelling for a hash and a size, so the block is made again and compared, zeros and all. */
Status hdf5_check_user_block(const char *bytes, size_t n, const char *path)
{
    if (n < 2 * HDF5_USER_BLOCK)
        return hint(fail(ERR_FORMAT, "%s: %zu bytes, too few for an HDF5 file", path, n),
                    "the copy may be incomplete; compare its size with the source");
    if (memcmp(bytes, USER_BLOCK_START, USER_BLOCK_HEX) != 0)
        return hint(fail(ERR_UNSUPPORTED, "%s: not version 1 of whet's HDF5 files", path),
                    "a newer whet may have written it");
    uint64_t size = 0;
    for (const char *p = bytes + USER_BLOCK_SIZE; p < bytes + USER_BLOCK_SIZE + 18 && *p >= '0' && *p <= '9'; p++)
        size = size * 10 + (uint64_t)(*p - '0');
    if (size != n)
        return hint(fail(ERR_FORMAT, "%s: header promises %" PRIu64 " bytes, file has %zu", path, size, n),
                    "the copy may be incomplete; compare its size with the source");
    char hex[HASH_HEX], block[HDF5_USER_BLOCK];
    hash_bytes(bytes + HDF5_USER_BLOCK, n - HDF5_USER_BLOCK, hex);
    if (memcmp(hex, bytes + USER_BLOCK_HEX, HASH_HEX - 1) != 0)
        return damaged(path, "the content does not have the BLAKE2b hash that its first line promises");
    hdf5_format_user_block(block, hex, size);
    if (memcmp(block, bytes, sizeof block) != 0)
        return damaged(path, "the first 512 bytes are not as whet writes them");
    return OK;
}

/* ---- datasets ---------------------------------------------------------------------------------------------------- */

Status hdf5_check_facts(ArrayEntry *out, const Hdf5Facts *facts, const char *path, const char *name)
{
    *out = (ArrayEntry){ .handle = -1 };
    if (facts->ndim < 0 || facts->ndim > ARRAY_MAX_DIMS)
        return fail(ERR_UNSUPPORTED, "%s: \"%s\" has %d dimensions, where 0 to %d are read", path, name, facts->ndim,
                    ARRAY_MAX_DIMS);
    if (facts->dtype < 0 || facts->dtype >= DTYPE_COUNT)
        return hint(fail(ERR_UNSUPPORTED, "%s: \"%s\" is of a type that is not read", path, name),
                    "little-endian integers (unsigned: 8 and 16 bits), floats of 16 to 64 bits and booleans are");
    if (facts->n_external != 0)
        return fail(ERR_UNSUPPORTED, "%s: \"%s\" keeps its data in other files, which is not followed", path, name);
    if (facts->layout != HDF5_COMPACT && facts->layout != HDF5_CONTIGUOUS && facts->layout != HDF5_CHUNKED)
        return fail(ERR_UNSUPPORTED, "%s: \"%s\" is stored in a way that is not read (virtual?)", path, name);
    out->info = (ArrayInfo){ .dtype = (DType)facts->dtype, .ndim = facts->ndim };
    for (int i = 0; i < facts->ndim; i++) {
        if (facts->dims[i] > INT64_MAX)
            return fail(ERR_FORMAT, "%s: dimension %d of \"%s\" is %" PRIu64, path, i, name, facts->dims[i]);
        out->info.shape[i] = (int64_t)facts->dims[i];
    }
    uint64_t bytes, chunk = dtype_size((DType)facts->dtype);
    TRY(array_info_check(&out->info, &bytes, path, name));
    if (facts->layout == HDF5_CHUNKED) {
        for (int i = 0; i < facts->ndim; i++)
            if (facts->chunk[i] == 0 || __builtin_mul_overflow(chunk, facts->chunk[i], &chunk) || chunk > MAX_CHUNK)
                return fail(ERR_FORMAT, "%s: a chunk of \"%s\" is empty or has more than %d bytes", path, name,
                            MAX_CHUNK);
        return OK;
    }
    if (facts->layout == HDF5_COMPACT) {
        if (bytes > facts->file_size) return fail(ERR_FORMAT, "%s: \"%s\" is larger than its file", path, name);
        return OK;
    }
    if (bytes == 0) {
        out->placed = true;
        return OK;
    }
    if (!facts->allocated)
        return fail(ERR_FORMAT, "%s: \"%s\" has %" PRIu64 " bytes by its shape, none of which were written", path, name,
                    bytes);
    if (facts->offset > facts->file_size || bytes > facts->file_size - facts->offset)
        return fail(ERR_FORMAT, "%s: \"%s\" takes %" PRIu64 " bytes from %" PRIu64 " on, file has %" PRIu64, path, name,
                    bytes, facts->offset, facts->file_size);
    out->offset = facts->offset;
    out->placed = true;
    return OK;
}

Status hdf5_check_text(const char *bytes, size_t n, const char *path, const char *key)
{
    size_t at;
    if (!utf8_valid(bytes, n, &at) || memchr(bytes, 0, n))
        return fail(ERR_FORMAT, "%s: the text \"%s\" is not UTF-8 without NUL", path, key);
    return OK;
}
