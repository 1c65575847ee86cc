/* kernels/ref/fill.c: the table with every slot right, before any slot is fast. */
#include "kernels/backend.h"
#include "kernels/ref/ref.h"

void kernels_ref_fill(Kernels *k)
{
    *k = (Kernels){
        .abi = KERNELS_ABI,
        .size = sizeof *k,
        .linear_fwd = ref_linear_fwd,
        .linear_bwd_input = ref_linear_bwd_input,
        .linear_bwd_weight = ref_linear_bwd_weight,
        .embed_fwd = ref_embed_fwd,
        .embed_bwd = ref_embed_bwd,
        .add_norm_fwd = ref_add_norm_fwd,
        .add_norm_bwd = ref_add_norm_bwd,
        .activation_fwd = ref_activation_fwd,
        .activation_bwd = ref_activation_bwd,
        .axpby = ref_axpby,
        .dropout = ref_dropout,
        .attention_fwd = ref_attention_fwd,
        .attention_bwd = ref_attention_bwd,
        .attention_workspace = ref_attention_workspace,
        .pool_fwd = ref_pool_fwd,
        .pool_bwd = ref_pool_bwd,
        .gather_fwd = ref_gather_fwd,
        .gather_bwd = ref_gather_bwd,
        .l2norm_fwd = ref_l2norm_fwd,
        .l2norm_bwd = ref_l2norm_bwd,
        .cross_entropy = ref_cross_entropy,
        .grad_norm = ref_grad_norm,
        .adamw = ref_adamw,
        .sgd = ref_sgd,
    };
}
