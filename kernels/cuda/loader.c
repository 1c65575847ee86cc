/* kernels/cuda/loader.c: opens the CUDA module, or says why not.
 *
 * The module (libwhet_cuda.so) fills the table of kernels.h; this build ships none yet, so the answer is one sentence. */
#include "kernels/backend.h"

Status cuda_open(Backend **out)
{
    *out = NULL;
    return hint(fail(ERR_UNSUPPORTED, "this build of whet has no CUDA module (libwhet_cuda.so)"),
                "use --device cpu, or --device auto, which takes the GPU when there is one");
}
