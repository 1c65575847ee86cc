/* kernels/cpu/fill.c: the cpu backend starts as ref, then overrides what it is better at: linear layers through OpenBLAS,
 * then the SIMD level that this machine has.
 *
 * WHET_CPU=portable, avx2 or avx512 asks for a lower level than the machine's best; the tests run all that it has. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/parallel.h"
#include "kernels/backend.h"
#include "kernels/cpu/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

typedef struct CpuLevel {
    const char *name;
    bool      (*runs)(void);
    void      (*fill)(Kernels *k);
} CpuLevel;

static bool runs_always(void) { return true; }

#if defined(__x86_64__)
static bool runs_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
           && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const CpuLevel levels[] = {      /* best first */
#if defined(__x86_64__)
    { "avx512",   runs_avx512, kernels_avx512_fill },
    { "avx2",     runs_avx2,   kernels_avx2_fill },
#endif
    { "portable", runs_always, kernels_portable_fill },
};

static Status choose_level(const CpuLevel **out)
{
    *out = NULL;
    const char *wish = getenv("WHET_CPU");
    if (wish && !*wish) wish = NULL;
    for (size_t i = 0; i < COUNT(levels); i++) {
        if (wish && strcmp(wish, levels[i].name) != 0) continue;
        if (levels[i].runs()) {
            *out = &levels[i];
            return OK;
        }
        if (wish) return hint(fail(ERR_UNSUPPORTED, "WHET_CPU=%s: this machine has no such instructions", wish),
                              "unset WHET_CPU to take the best level that there is");
    }
    return hint(fail(ERR_CONFIG, "WHET_CPU=%s is no level of the cpu backend", wish), "use portable, avx2 or avx512");
}

/* The processor's own name, from cpuid leaves 0x80000002 .. 4; "CPU" where there is none. */
static void processor_name(char name[49])
{
    memcpy(name, "CPU", sizeof "CPU");
#if defined(__x86_64__)
    unsigned regs[12];
    if (__get_cpuid_max(0x80000000u, NULL) < 0x80000004u) return;
    for (unsigned leaf = 0; leaf < 3; leaf++)
        __get_cpuid(0x80000002u + leaf, &regs[4 * leaf], &regs[4 * leaf + 1], &regs[4 * leaf + 2], &regs[4 * leaf + 3]);
    memcpy(name, regs, 48);
    name[48] = '\0';
    const char *begin = name + strspn(name, " ");
    memmove(name, begin, strlen(begin) + 1);
    for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--) name[n - 1] = '\0';
#endif
}

static Status (*host_alloc)(Backend *b, void **out, size_t bytes);

/* Large regions on large pages where the kernel has some: products over many rows are 1 to 2 % faster, as their panels
 * spread evenly over the second cache, and the first touch of a region costs a 500th of the faults. */
static Status cpu_alloc(Backend *b, void **out, size_t bytes)
{
    enum { LARGE_PAGE = 2 << 20 };
    TRY(host_alloc(b, out, bytes));
#if defined(MADV_HUGEPAGE)
    if (bytes >= 2 * (size_t)LARGE_PAGE) madvise(*out, bytes, MADV_HUGEPAGE);      /* a wish: its failure costs nothing */
#endif
    return OK;
}

Status cpu_open(Backend **out)
{
    const CpuLevel *level;
    char            name[49];
    TRY(choose_level(&level));
    TRY(backend_new_host(out, "cpu"));
    host_alloc = (*out)->alloc;
    (*out)->alloc = cpu_alloc;
    blas_open();
    kernels_blas_fill(&(*out)->kernels);
    level->fill(&(*out)->kernels);
    processor_name(name);
    snprintf((*out)->description, sizeof (*out)->description, "%s, %s, OpenBLAS %s, %d threads", name, level->name,
             blas_core_name(), parallel_threads());
    return OK;
}
