#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

void arena_init(Arena *a, void *base, size_t capacity)
{
    *a = (Arena){ .base = base, .capacity = capacity };
}

void *arena_alloc(Arena *a, size_t bytes)
{
    size_t padded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (padded < bytes || padded > a->capacity - a->used) return NULL;
    void *p = a->base + a->used;
    a->used += padded;
    if (a->used > a->high_water) a->high_water = a->used;
    return p;
}

size_t arena_mark(const Arena *a) { return a->used; }

void arena_release(Arena *a, size_t mark)
{
    BUG_ON(mark > a->used);
    a->used = mark;
}

void arena_reset(Arena *a) { a->used = 0; }

Status size_mul(size_t a, size_t b, size_t *out)
{
    if (__builtin_mul_overflow(a, b, out)) return fail(ERR_MEMORY, "a size of %zu x %zu overflows", a, b);
    return OK;
}

Status size_add(size_t a, size_t b, size_t *out)
{
    if (__builtin_add_overflow(a, b, out)) return fail(ERR_MEMORY, "a size of %zu + %zu overflows", a, b);
    return OK;
}

Status mem_new(void *out_pointer, size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    memcpy(out_pointer, &p, sizeof p);
    if (!p) return fail(ERR_MEMORY, "no memory for %zu x %zu bytes", count, size);
    return OK;
}

Status mem_grow(void *inout_pointer, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) return OK;
    size_t cap = *capacity ? *capacity : 16, bytes;
    while (cap < need) {
        if (cap > SIZE_MAX / 2) return fail(ERR_MEMORY, "a list of %zu entries is too long", need);
        cap *= 2;
    }
    TRY(size_mul(cap, size, &bytes));
    void *p;
    memcpy(&p, inout_pointer, sizeof p);
    void *q = realloc(p, bytes);
    if (!q) return fail(ERR_MEMORY, "no memory for %zu x %zu bytes", cap, size);
    memset((char *)q + *capacity * size, 0, (cap - *capacity) * size);
    memcpy(inout_pointer, &q, sizeof q);
    *capacity = cap;
    return OK;
}
