/* core/hash.h: BLAKE2b-256 of bytes, as hexadecimal text (libsodium's generichash). */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum { HASH_HEX = 65 };      /* 64 digits and the NUL */

typedef struct Hash { _Alignas(64) unsigned char state[384]; } Hash;

void hash_init(Hash *h);
void hash_add(Hash *h, const void *bytes, size_t n);
void hash_finish(Hash *h, char hex[HASH_HEX]);
void hash_bytes(const void *bytes, size_t n, char hex[HASH_HEX]);
/* The file's bytes from `offset` to its end. */
Status hash_file(const char *path, size_t offset, char hex[HASH_HEX]) MUST_USE;
/* BLAKE2b-512 with a key of 16 to 64 bytes: nobody without the key can tell what was hashed. */
enum { HASH_KEYED_BYTES = 64 };
void hash_keyed(const void *key, size_t n_key, const void *bytes, size_t n, unsigned char out[HASH_KEYED_BYTES]);
/* 64 bits for tables and stable splits; the same on every machine. */
uint64_t hash_u64(const void *bytes, size_t n, uint64_t seed);

#endif
