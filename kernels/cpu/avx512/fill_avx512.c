/* kernels/cpu/avx512/fill_avx512.c: the SIMD families at sixteen lanes (F, BW, DQ, VL). Compile flags: CMakeLists.txt. */
#define SIMD_WIDTH 16
#include "kernels/cpu/simd/fill.h"

#include "kernels/cpu/cpu.h"

void kernels_avx512_fill(Kernels *k) { level_fill(k); }
