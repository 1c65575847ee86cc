/* kernels/cpu/simd/fill.h: all families of one level, and the slots that they take. Included by the level's only file,
 * which sets SIMD_WIDTH and exports kernels_LEVEL_fill. */
#ifndef KERNELS_CPU_SIMD_FILL_H
#define KERNELS_CPU_SIMD_FILL_H

#include "kernels/cpu/simd/activation.h"
#include "kernels/cpu/simd/add_norm.h"
#include "kernels/cpu/simd/attention.h"
#include "kernels/cpu/simd/dropout.h"
#include "kernels/cpu/simd/elementwise.h"
#include "kernels/cpu/simd/embed.h"
#include "kernels/cpu/simd/linear.h"
#include "kernels/cpu/simd/loss.h"
#include "kernels/cpu/simd/optim.h"
#include "kernels/cpu/simd/rows.h"

static void level_fill(Kernels *k)
{
    if (SIMD_WIDTH >= 8) {      /* four lanes without FMA: OpenBLAS has better for that machine */
        k->linear_fwd = linear_fwd;
        k->linear_bwd_input = linear_bwd_input;
        k->linear_bwd_weight = linear_bwd_weight;
        k->linear_workspace = linear_workspace;
    }
    k->embed_fwd = embed_fwd;
    k->embed_bwd = embed_bwd;
    k->add_norm_fwd = add_norm_fwd;
    k->add_norm_bwd = add_norm_bwd;
    k->add_norm_workspace = add_norm_workspace;
    k->activation_fwd = activation_fwd;
    k->activation_bwd = activation_bwd;
    k->axpby = axpby;
    k->dropout = dropout;
    k->attention_fwd = attention_fwd;
    k->attention_bwd = attention_bwd;
    k->attention_workspace = attention_workspace;
    k->pool_fwd = pool_fwd;
    k->pool_bwd = pool_bwd;
    k->gather_fwd = gather_fwd;
    k->gather_bwd = gather_bwd;
    k->l2norm_fwd = l2norm_fwd;
    k->l2norm_bwd = l2norm_bwd;
    k->cross_entropy = cross_entropy;
    k->cross_entropy_workspace = cross_entropy_workspace;
    k->grad_norm = grad_norm;
    k->grad_norm_workspace = grad_norm_workspace;
    k->adamw = adamw;
    k->sgd = sgd;
}

#endif
