/* data/tokenizer/charmap.c: SentencePiece's precompiled character map.
 *
 * Four bytes of size, a double array (Aoe 1989, as darts-clone lays it out: label in the low byte, "has a value" in
 * bit 8, offset from bit 10 on, shifted by 8 more where bit 9 is set) and a pool of NUL-terminated strings; a value is a
 * place in the pool. Nothing in it is trusted: every step is checked against the size. */
#include "data/tokenizer/sentencepiece.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"

enum { MAX_VALUES = 32 };                         /* of one search, as in the library */

struct CharMap {
    uint32_t *units;
    size_t    n_units;
    char     *pool;
    size_t    n_pool;
};

static uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 1u << 9) >> 6); }

size_t charmap_longest(const CharMap *map, const char *text, size_t n, const char **with)
{
    size_t   longest = 0, n_values = 0;
    uint32_t at = offset_of(map->units[0]);
    for (size_t i = 0; i < n && n_values < MAX_VALUES; i++) {
        unsigned char c = (unsigned char)text[i];
        at ^= c;
        if (at >= map->n_units || (map->units[at] & (1u << 31 | 0xFF)) != c) break;
        uint32_t unit = map->units[at];
        at ^= offset_of(unit);
        if (!(unit >> 8 & 1)) continue;
        if (at >= map->n_units || !(map->units[at] >> 31)) break;
        uint32_t place = map->units[at] & ~(1u << 31);
        if (place >= map->n_pool) break;
        n_values++;
        longest = i + 1;
        *with = map->pool + place;
    }
    return longest;
}

/* Every string of the pool must be UTF-8 wherever a value may begin in it: what it becomes is text again. */
static Status check_values(const CharMap *map, const char *name)
{
    size_t bad;
    for (size_t i = 0; i < map->n_units; i++) {
        uint32_t unit = map->units[i];
        if (!(unit >> 31)) continue;
        uint32_t place = unit & ~(1u << 31);
        if (place < map->n_pool && ((unsigned char)map->pool[place] & 0xC0) == 0x80)
            return fail(ERR_FORMAT, "%s: precompiled_charsmap: unit %zu points inside a character", name, i);
    }
    for (size_t at = 0; at < map->n_pool; at += strlen(map->pool + at) + 1)
        if (!utf8_valid(map->pool + at, strlen(map->pool + at), &bad))
            return fail(ERR_FORMAT, "%s: precompiled_charsmap: byte %zu of the pool is not UTF-8", name, at + bad);
    return OK;
}

static Status split_blob(CharMap *map, const unsigned char *blob, size_t n, const char *name)
{
    size_t size = n >= 4 ? (size_t)blob[0] | (size_t)blob[1] << 8 | (size_t)blob[2] << 16 | (size_t)blob[3] << 24 : 0;
    if (n < 4 || size == 0 || size % 4 != 0 || size >= n - 4)
        return fail(ERR_FORMAT, "%s: precompiled_charsmap: %zu bytes with a table of %zu", name, n, size);
    map->n_units = size / 4;
    map->n_pool = n - 4 - size;
    TRY(mem_new(&map->units, map->n_units, sizeof *map->units));
    TRY(mem_new(&map->pool, map->n_pool + 1, 1));
    for (size_t i = 0; i < map->n_units; i++) {
        const unsigned char *b = blob + 4 + 4 * i;
        map->units[i] = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    }
    memcpy(map->pool, blob + 4 + size, map->n_pool);
    return check_values(map, name);
}

Status charmap_parse(CharMap **out, const char *base64, const char *name)
{
    size_t         n = strlen(base64), n_blob = 0;
    unsigned char *blob = NULL;
    *out = NULL;
    Status s = mem_new(&blob, n / 4 * 3 + 4, 1);
    if (s == OK && sodium_base642bin(blob, n / 4 * 3 + 4, base64, n, NULL, &n_blob, NULL,
                                     sodium_base64_VARIANT_ORIGINAL) != 0)
        s = fail(ERR_FORMAT, "%s: precompiled_charsmap is not base64", name);
    if (s == OK) s = mem_new(out, 1, sizeof **out);
    if (s == OK) s = split_blob(*out, blob, n_blob, name);
    if (s != OK) {
        charmap_free(*out);
        *out = NULL;
    }
    free(blob);
    return s;
}

void charmap_free(CharMap *map)
{
    if (!map) return;
    free(map->units);
    free(map->pool);
    free(map);
}
