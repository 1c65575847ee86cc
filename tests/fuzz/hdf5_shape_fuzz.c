/* tests/fuzz/hdf5_shape_fuzz.c: what we believe of an HDF5 file: a dataset's facts, the user block, a text.
 *
 * The first byte chooses; the rest is the facts as numbers in a row, or the file. Whatever passes must be safe to read:
 * the run of bytes inside the file, products without overflow. */
#include <string.h>

#include "io/hdf5_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint64_t take(const uint8_t **p, size_t *n, size_t width)
{
    uint64_t v = 0;
    size_t   k = *n < width ? *n : width;
    if (k) memcpy(&v, *p, k);
    *p += k;
    *n -= k;
    return v;
}

static void try_facts(const uint8_t *p, size_t n)
{
    Hdf5Facts facts = { .ndim = (int8_t)take(&p, &n, 1), .dtype = (int8_t)take(&p, &n, 1) };
    facts.layout = (Hdf5Layout)(take(&p, &n, 1) & 7);
    facts.n_external = (int)(take(&p, &n, 1) & 1);
    facts.allocated = take(&p, &n, 1) & 1;
    facts.offset = take(&p, &n, 8);
    facts.file_size = take(&p, &n, 8) & INT64_MAX;
    for (int i = 0; i < HDF5_MAX_RANK && n > 0; i++) {
        facts.dims[i] = take(&p, &n, 8);
        facts.chunk[i] = take(&p, &n, 4);
    }
    ArrayEntry e;
    if (hdf5_check_facts(&e, &facts, "fuzz", "x") != OK) return;
    BUG_ON(e.info.ndim < 0 || e.info.ndim > ARRAY_MAX_DIMS || e.info.dtype >= DTYPE_COUNT || e.info.count < 0);
    unsigned __int128 count = 1;
    for (int i = 0; i < e.info.ndim; i++) {
        BUG_ON(e.info.shape[i] < 0 || (uint64_t)e.info.shape[i] != facts.dims[i]);
        count *= (unsigned __int128)e.info.shape[i];
    }
    BUG_ON(count != (unsigned __int128)e.info.count);
    unsigned __int128 size = count * dtype_size(e.info.dtype);
    BUG_ON(size > INT64_MAX);
    BUG_ON(e.placed && size > 0 && (unsigned __int128)e.offset + size > facts.file_size);
    BUG_ON(e.placed && facts.layout != HDF5_CONTIGUOUS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0) return 0;
    const char *rest = (const char *)bytes + 1;
    switch (bytes[0] % 3) {
    case 0: try_facts(bytes + 1, n - 1); break;
    case 1:
        (void)hdf5_has_signature(bytes + 1, n - 1);
        if (hdf5_has_user_block(bytes + 1, n - 1)) {
            char hex[HASH_HEX], block[HDF5_USER_BLOCK];
            if (hdf5_check_user_block(rest, n - 1, "fuzz") != OK) break;
            hash_bytes(rest + HDF5_USER_BLOCK, n - 1 - HDF5_USER_BLOCK, hex);
            hdf5_format_user_block(block, hex, n - 1);
            BUG_ON(memcmp(block, rest, sizeof block) != 0);
        }
        break;
    case 2:
        if (hdf5_check_text(rest, n - 1, "fuzz", "k") == OK) BUG_ON(memchr(rest, 0, n - 1) != NULL);
        break;
    }
    return 0;
}
