#include "kernels/backend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/arena.h"
#include "core/text.h"

static const BackendDef backends[] = {              /* backend_open() walks this; so does `inspect --backends` */
#ifndef WHET_REF_ONLY
    { "cpu",  "OpenBLAS and SIMD",          cpu_open  },
    { "cuda", "NVIDIA GPU, cuBLAS",         cuda_open },
#endif
    { "ref",  "plain C, the reference",     ref_open  },
};

const BackendDef *backend_list(size_t *n)
{
    *n = COUNT(backends);
    return backends;
}

Status backend_open(Backend **out, const char *name)
{
    *out = NULL;
    if (strcmp(name, "auto") == 0) {
#ifndef WHET_REF_ONLY
        if (cuda_open(out) == OK) return OK;
        status_clear();
#endif
        return backends[0].open(out);
    }
    for (size_t i = 0; i < COUNT(backends); i++)
        if (strcmp(backends[i].name, name) == 0) return backends[i].open(out);
    return hint(fail(ERR_CONFIG, "there is no device \"%s\"", name), "use auto, cpu, cuda or ref");
}

void backend_close(Backend *b)
{
    if (b) b->close(b);
}

/* ---- host memory: mapped, so that a planned region costs only the pages that a step really touches ----------------- */

static size_t map_size(size_t bytes)
{
    const size_t page = 4096;
    return bytes < page ? page : (bytes + page - 1) & ~(page - 1);
}

static Status host_alloc(Backend *b, void **out, size_t bytes)
{
    (void)b;
    void *p = mmap(NULL, map_size(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        char text[32];
        return hint(fail(ERR_MEMORY, "no memory for %s", text_bytes(text, (double)bytes)),
                    "a smaller batch, max_length or model; `whet plan` says what takes how much");
    }
    if (bytes >= (size_t)4 << 20) (void)madvise(p, map_size(bytes), MADV_HUGEPAGE);      /* fewer faults; refusal is fine */
    *out = p;
    return OK;
}

static void host_free(Backend *b, void *p, size_t bytes)
{
    (void)b;
    if (p) munmap(p, map_size(bytes));
}

static Status host_copy_in(Backend *b, void *dst, const void *host, size_t n)
{
    (void)b;
    if (n) memcpy(dst, host, n);
    return OK;
}

static Status host_zero(Backend *b, void *dst, size_t n)
{
    (void)b;
    if (n) memset(dst, 0, n);
    return OK;
}

static void host_close(Backend *b)
{
    free(b->dev);
    free(b);
}

Status backend_new_host(Backend **out, const char *name)
{
    Backend *b;
    TRY(mem_new(&b, 1, sizeof *b));
    b->name = name;
    b->alloc = host_alloc;
    b->free = host_free;
    b->upload = b->download = b->copy = host_copy_in;
    b->zero = host_zero;
    b->close = host_close;
    kernels_ref_fill(&b->kernels);
    *out = b;
    return OK;
}

static Status dry_copy(Backend *b, void *dst, const void *src, size_t n)
{
    (void)b, (void)dst, (void)src, (void)n;
    return OK;
}

static Status dry_download(Backend *b, void *host, const void *src, size_t n)
{
    (void)b, (void)src;
    if (n) memset(host, 0, n);
    return OK;
}

static Status dry_zero(Backend *b, void *dst, size_t n)
{
    (void)b, (void)dst, (void)n;
    return OK;
}

void backend_make_dry(Backend *b)
{
    b->dry = true;
    b->upload = b->copy = dry_copy;
    b->download = dry_download;
    b->zero = dry_zero;
}

Status ref_open(Backend **out)
{
    TRY(backend_new_host(out, "ref"));
    memcpy((*out)->description, "plain C", sizeof "plain C");
    return OK;
}
