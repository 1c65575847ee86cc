/* kernels/cpu/cpu.h: what the files of the cpu backend share: the levels, and linear layers through OpenBLAS. */
#ifndef KERNELS_CPU_CPU_H
#define KERNELS_CPU_CPU_H

#include "kernels/kernels.h"

/* Each level overrides the slots that it is better at. The last two exist on x86-64 only. */
void kernels_portable_fill(Kernels *k);
void kernels_avx2_fill(Kernels *k);
void kernels_avx512_fill(Kernels *k);

/* blas.c. One call a thread on its share; the library itself never threads (blas_open says so to it once). */
void        blas_open(void);
const char *blas_core_name(void);
void        kernels_blas_fill(Kernels *k);

#endif
