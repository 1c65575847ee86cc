/* core/arena.h: bump allocation inside one region, with mark and release.
 *
 * An Arena hands out addresses of a region that somebody else owns (malloc, mmap, or a device); it never touches the
 * memory itself, so the region may be one that the host cannot read. It remembers the most that was ever in use.
 * Not thread-safe. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum { ARENA_ALIGN = 256 };      /* bytes; what cuda_design asks of base pointers, and four cache lines */

typedef struct Arena {
    char  *base;
    size_t capacity, used, high_water;
} Arena;

void   arena_init(Arena *a, void *base, size_t capacity);   /* borrows the region */
void  *arena_alloc(Arena *a, size_t bytes);                 /* NULL when full; uninitialised */
size_t arena_mark(const Arena *a);
void   arena_release(Arena *a, size_t mark);                /* forget everything allocated since the mark */
void   arena_reset(Arena *a);

/* Checked products for sizes that come from outside: ERR_MEMORY instead of wrapping round. */
Status size_mul(size_t a, size_t b, size_t *out) MUST_USE;
Status size_add(size_t a, size_t b, size_t *out) MUST_USE;

/* Host memory that may fail: a clear ERR_MEMORY with the size, zeroed. count * size is checked. */
Status mem_new(void *out_pointer, size_t count, size_t size) MUST_USE;             /* out_pointer: T ** */
Status mem_grow(void *inout_pointer, size_t *capacity, size_t need,
                size_t size) MUST_USE; /* doubles; new part zeroed */

#endif
