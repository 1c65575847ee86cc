/* kernels/cpu/avx2/fill_avx2.c: the SIMD families at eight lanes and FMA. Compile flags: CMakeLists.txt. */
#define SIMD_WIDTH 8
#include "kernels/cpu/simd/fill.h"

#include "kernels/cpu/cpu.h"

void kernels_avx2_fill(Kernels *k) { level_fill(k); }
