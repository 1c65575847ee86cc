/* tests/harness/op_check.h: cases are data; one harness runs them.
 *
 *   double build   gradient check: central differences against backward, every element of every input, on ref
 *   float build    parity: outputs and gradients of each other backend (cpu, guard) against ref
 *
 * A case's op takes its inputs and, for ops over sequences, the case's tokens. A loss returns NULL: its value is the
 * step's loss_sum. Inputs are random, mean 0, deviation 1 (positive values near 1 for gamma-like ones are not needed). */
#ifndef TESTS_HARNESS_OP_CHECK_H
#define TESTS_HARNESS_OP_CHECK_H

#include "model/ops/ops.h"

enum { OP_MAX_IN = 6, OP_MAX_SEQS = 16 };

typedef struct OpInput { int64_t dims[TENSOR_MAX_DIMS]; } OpInput;      /* trailing zeros: fewer dimensions */

typedef struct OpCase {
    const char *name;
    Tensor   *(*op)(Ctx *ctx, Tensor **in, const BatchView *batch);
    OpInput     in[OP_MAX_IN];
    int activations; /* bit i: input i is an activation; the others are parameters. 0: only input 0 */
    int64_t     lengths[OP_MAX_SEQS];   /* of the sequences; empty: one sequence of as many rows as input 0 has */
    int64_t     vocab;                  /* ids below this; 0: 1 */
    double tolerance; /* parity; 0: 2e-5, relative to max(1, |a|, |b|). A looser one says why in its case */
} OpCase;

/* Fails the running cmocka test with the case's name, the backend, the place and both values. */
void op_check(const OpCase *cases, size_t n);

/* Numbers the cases use: normal, reproducible. */
void op_random(REAL *out, int64_t n, uint32_t stream);

#endif
