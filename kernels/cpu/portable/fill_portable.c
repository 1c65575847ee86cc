/* kernels/cpu/portable/fill_portable.c: the SIMD families at four lanes, the baseline of every machine (SSE2, NEON). Compile flags: CMakeLists.txt. */
#define SIMD_WIDTH 4
#include "kernels/cpu/simd/fill.h"

#include "kernels/cpu/cpu.h"

void kernels_portable_fill(Kernels *k) { level_fill(k); }
