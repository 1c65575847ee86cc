/* data/tokenizer/gguf_header.h: the key/value part of a GGUF file (ggml's docs/gguf.md), checked as it is read.
 *
 * Little-endian: "GGUF", u32 version (2 or 3), i64 tensors, i64 pairs, then the pairs: string key, u32 type, value. A
 * string is a u64 length and its bytes; an array a u32 type, a u64 count and its elements, which are no arrays. */
#ifndef DATA_TOKENIZER_GGUF_HEADER_H
#define DATA_TOKENIZER_GGUF_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef enum GgufType {
    GGUF_U8, GGUF_I8, GGUF_U16, GGUF_I16, GGUF_U32, GGUF_I32, GGUF_F32, GGUF_BOOL, GGUF_STRING, GGUF_ARRAY, GGUF_U64,
    GGUF_I64, GGUF_F64, GGUF_N_TYPES
} GgufType;

enum { GGUF_MAX_STRING = 16 << 20, GGUF_MAX_ARRAY = 1 << 24, GGUF_MAX_PAIRS = 65536, GGUF_MAX_TENSORS = 65536 };

typedef struct GgufBytes { const char *s; size_t n; } GgufBytes;             /* in the file; does not end in NUL */

/* type GGUF_ARRAY: `element` and count say what lies at data. Else count is 1. */
typedef struct GgufPair { GgufBytes key; GgufType type, element; const unsigned char *data; uint64_t count; } GgufPair;
typedef struct GgufHeader { GgufPair *pairs; size_t n; const char *name; } GgufHeader;

/* Borrows bytes and name. Keys that stand twice, sizes beyond the file, unknown types and numbers that are not finite
 * are refused with the offset. */
Status gguf_header_parse(GgufHeader *out, const void *bytes, size_t n, const char *name) MUST_USE;
void   gguf_header_release(GgufHeader *h);

const GgufPair *gguf_find(const GgufHeader *h, const char *key);             /* NULL when there is none */
/* Values with a check of their type; absent gives the fallback. Strings are given, as NUL-terminated copies. */
Status gguf_get_string(char **out, const GgufHeader *h, const char *key, const char *fallback) MUST_USE;
Status gguf_get_int(int64_t *out, const GgufHeader *h, const char *key, int64_t fallback) MUST_USE;
Status gguf_get_bool(bool *out, const GgufHeader *h, const char *key, bool fallback) MUST_USE;
/* An array of this element type; *out NULL when absent. */
Status gguf_get_array(const GgufPair **out, const GgufHeader *h, const char *key, GgufType element) MUST_USE;
/* The strings of an array, NUL-terminated and valid UTF-8: *out and *pool are given. */
Status gguf_copy_strings(const char ***out, char **pool, const GgufPair *array, const char *name) MUST_USE;

int32_t gguf_i32_at(const GgufPair *array, size_t i);
float   gguf_f32_at(const GgufPair *array, size_t i);

#endif
