#include "tests/harness/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/arena.h"

typedef struct Region { void *base; size_t bytes; } Region;

typedef struct Guard {
    Region *regions;
    size_t  n, cap;
    int     open;      /* enters without their leave */
} Guard;

static void protect(Guard *g, int access)
{
    for (size_t i = 0; i < g->n; i++) BUG_ON(mprotect(g->regions[i].base, g->regions[i].bytes, access) != 0);
}

static void guard_enter(Backend *b)
{
    Guard *g = b->dev;
    if (g->open++ == 0) protect(g, PROT_READ | PROT_WRITE);
}

static void guard_leave(Backend *b)
{
    Guard *g = b->dev;
    BUG_ON(g->open == 0);
    if (--g->open == 0) protect(g, PROT_NONE);
}

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return bytes < page ? page : (bytes + page - 1) / page * page;
}

static Status guard_alloc(Backend *b, void **out, size_t bytes)
{
    Guard *g = b->dev;
    TRY(mem_grow(&g->regions, &g->cap, g->n + 1, sizeof *g->regions));
    void *p = mmap(NULL, whole_pages(bytes), g->open ? PROT_READ | PROT_WRITE : PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return fail(ERR_MEMORY, "guard: no memory for %zu bytes: %s", bytes, strerror(errno));
    g->regions[g->n++] = (Region){ p, whole_pages(bytes) };
    *out = p;
    return OK;
}

static void guard_free(Backend *b, void *p, size_t bytes)
{
    Guard *g = b->dev;
    for (size_t i = 0; p && i < g->n; i++)
        if (g->regions[i].base == p) {
            BUG_ON(g->regions[i].bytes != whole_pages(bytes));
            munmap(p, g->regions[i].bytes);
            g->regions[i] = g->regions[--g->n];
            return;
        }
    BUG_ON(p != NULL);      /* never handed out, or freed twice */
}

static Status guard_copy(Backend *b, void *dst, const void *src, size_t n)
{
    guard_enter(b);
    if (n) memcpy(dst, src, n);
    guard_leave(b);
    return OK;
}

static Status guard_zero(Backend *b, void *dst, size_t n)
{
    guard_enter(b);
    if (n) memset(dst, 0, n);
    guard_leave(b);
    return OK;
}

static void guard_close(Backend *b)
{
    Guard *g = b->dev;
    for (size_t i = 0; i < g->n; i++) munmap(g->regions[i].base, g->regions[i].bytes);
    free(g->regions);
    free(g);
    free(b);
}

Status guard_open(Backend **out)
{
    Guard *g;
    *out = NULL;
    TRY(mem_new(&g, 1, sizeof *g));
    Status s = backend_new_host(out, "guard");
    if (s != OK) {
        free(g);
        return s;
    }
    Backend *b = *out;
    memcpy(b->description, "plain C behind closed memory", sizeof "plain C behind closed memory");
    b->dev = g;
    b->alloc = guard_alloc;
    b->free = guard_free;
    b->upload = b->download = b->copy = guard_copy;
    b->zero = guard_zero;
    b->enter = guard_enter;
    b->leave = guard_leave;
    b->close = guard_close;
    return OK;
}
