#include "core/hash.h"

#include <sodium.h>
#include <string.h>

#include "core/file.h"

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(Hash), "Hash.state is too small");

void hash_init(Hash *h)
{
    BUG_ON(sodium_init() < 0);
    crypto_generichash_init((crypto_generichash_state *)(void *)h, NULL, 0, 32);
}

void hash_add(Hash *h, const void *bytes, size_t n)
{
    crypto_generichash_update((crypto_generichash_state *)(void *)h, bytes, n);
}

void hash_finish(Hash *h, char hex[HASH_HEX])
{
    unsigned char digest[32];
    crypto_generichash_final((crypto_generichash_state *)(void *)h, digest, sizeof digest);
    sodium_bin2hex(hex, HASH_HEX, digest, sizeof digest);
}

void hash_bytes(const void *bytes, size_t n, char hex[HASH_HEX])
{
    Hash h;
    hash_init(&h);
    hash_add(&h, bytes, n);
    hash_finish(&h, hex);
}

void hash_keyed(const void *key, size_t n_key, const void *bytes, size_t n, unsigned char out[HASH_KEYED_BYTES])
{
    BUG_ON(sodium_init() < 0 || n_key < crypto_generichash_KEYBYTES_MIN || n_key > crypto_generichash_KEYBYTES_MAX);
    crypto_generichash(out, HASH_KEYED_BYTES, bytes, n, key, n_key);
}

Status hash_file(const char *path, size_t offset, char hex[HASH_HEX])
{
    FileMap m;
    TRY(file_map(&m, path));
    if (offset > m.size) offset = m.size;
    hash_bytes(m.size ? m.data + offset : "", m.size - offset, hex);
    file_unmap(&m);
    return OK;
}

uint64_t hash_u64(const void *bytes, size_t n, uint64_t seed)
{
    unsigned char key[crypto_shorthash_KEYBYTES] = { 0 }, out[crypto_shorthash_BYTES];      /* SipHash-2-4 */
    memcpy(key, &seed, sizeof seed);
    crypto_shorthash(out, bytes, n, key);
    uint64_t v = 0;
    for (size_t i = 0; i < sizeof out; i++) v |= (uint64_t)out[i] << (8 * i);
    return v;
}
