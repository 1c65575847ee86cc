/* infer/serve/keys.h: who may ask. Keys are kept as SHA-256 digests only; a presented key is compared with all of them,
 * in constant time and without an early exit.
 *
 * A key file has one key a line: the key itself, `sha256:HEX`, or a JSON record {"key" or "sha256", "id", "scopes",
 * "max_concurrent", "max_body_bytes", "expires_at", ...}. Empty lines and lines that begin with # say nothing. */
#ifndef INFER_SERVE_KEYS_H
#define INFER_SERVE_KEYS_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/status.h"

enum { KEYS_MAX = 4096, KEY_MIN_LENGTH = 8, KEY_MAX_LENGTH = 512 };

typedef enum KeyScope { KEY_INFERENCE = 1, KEY_METRICS = 2, KEY_OTHER = 4 } KeyScope;

typedef struct Key {
    unsigned char  digest[32];
    char           id[72];               /* for logs; line-N when the record has none */
    int            scopes;               /* KeyScope bits */
    int64_t        max_concurrent, max_body_bytes, expires_at;      /* 0: the server's; never */
    _Atomic int64_t n_active;            /* requests under way */
} Key;

typedef struct Keys { Key *items; size_t n, cap; } Keys;

Status keys_read(Keys *k, const char *path) MUST_USE;
Status keys_parse(Keys *k, const char *text, size_t n,
                  const char *name) MUST_USE;      /* adds; `name` is what errors call it */
void   keys_release(Keys *k);

/* NULL: none of them, or expired at `now` (Unix seconds). */
Key   *keys_find(const Keys *k, const char *presented, size_t n, int64_t now);

#endif
