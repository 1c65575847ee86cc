/* tests/harness/guard.h: a backend that the host cannot look into, so that a host read of device memory is a fault here and
 * not a surprise on a GPU.
 *
 * Reference kernels on memory that is PROT_NONE except between enter() and leave(), which the model layer calls around
 * every kernel call, and inside upload, download, copy and zero. Not thread-safe. Built in float and in double. */
#ifndef TESTS_HARNESS_GUARD_H
#define TESTS_HARNESS_GUARD_H

#include "kernels/backend.h"

Status guard_open(Backend **out) MUST_USE;      /* backend_close() ends it; what was not freed is freed then */

#endif
