/* kernels/backend.h: a Backend is memory + copies + a table of kernels.
 *
 * backend_open("ref") plain C; ("cpu") OpenBLAS and SIMD; ("cuda") a module opened at run time, or one sentence saying
 * why not; ("auto") the best that this machine has. The process opens one and closes it last. */
#ifndef KERNELS_BACKEND_H
#define KERNELS_BACKEND_H

#include "kernels/kernels.h"

typedef struct Backend Backend;
struct Backend {
    const char *name;
    char        description[160];     /* for the first line of a run: CPU, instruction set, BLAS core */
    void       *dev;                  /* the kernels' own state */
    Kernels     kernels;
    bool        dry;                  /* kernels and copies do nothing: a run of it only counts memory (`whet plan`) */

    /* Memory is zeroed and aligned to ARENA_ALIGN. Untouched pages of a large region cost nothing on host backends. */
    Status    (*alloc)(Backend *b, void **out, size_t bytes);
    void      (*free)(Backend *b, void *p, size_t bytes);
    Status    (*upload)(Backend *b, void *dst, const void *host, size_t bytes);
    Status    (*download)(Backend *b, void *host, const void *src, size_t bytes);
    Status    (*copy)(Backend *b, void *dst, const void *src, size_t bytes);
    Status    (*zero)(Backend *b, void *dst, size_t bytes);
    void      (*enter)(Backend *b);   /* around each kernel call; NULL: nothing to do */
    void      (*leave)(Backend *b);
    void      (*close)(Backend *b);
};

typedef struct BackendDef {
    const char *name, *about;
    Status    (*open)(Backend **out);
} BackendDef;

const BackendDef *backend_list(size_t *n);
Status backend_open(Backend **out, const char *name) MUST_USE;
void   backend_close(Backend *b);                 /* NULL is fine */

/* Makes an open backend dry: from now on memory is reserved but never touched, and kernels and copies do nothing. */
void   backend_make_dry(Backend *b);

/* A backend over ordinary host memory with the reference kernels: what ref is and cpu starts from. */
Status backend_new_host(Backend **out, const char *name) MUST_USE;

/* kernels/ref/fill.c, kernels/cpu/fill.c, kernels/cuda/loader.c */
void   kernels_ref_fill(Kernels *k);
Status ref_open(Backend **out) MUST_USE;
Status cpu_open(Backend **out) MUST_USE;
Status cuda_open(Backend **out) MUST_USE;

#endif
