/* kernels/ref/fill.c: the table with every slot right, before any slot is fast. */
#include "kernels/backend.h"
#include "kernels/ref/ref.h"

void kernels_ref_fill(Kernels *k)
{
    *k = (Kernels){
        .abi = KERNELS_ABI,
        .size = sizeof *k,
#define REF_SLOT(slot, Args, ref) .slot = ref,
        KERNEL_SLOTS(REF_SLOT)
#undef REF_SLOT
        .attention_workspace = ref_attention_workspace,
    };
}
