/* core/parallel.h: the one thread pool (OpenMP's) and how work is split over it.
 *
 * One compute thread a process enters parallel regions: libgomp makes a pool for every thread that does. Loaders and
 * HTTP threads queue to it. Splits are by thread index, so the same thread count gives the same bits. */
#ifndef CORE_PARALLEL_H
#define CORE_PARALLEL_H

#include <stdint.h>

enum { PARALLEL_MAX_THREADS = 256 };

void parallel_set_threads(int n);         /* 0: one a core this process may run on */
int  parallel_threads(void);

/* body(begin, end, thread, arg) on each thread's share of 0..n, shares cut at multiples of `grain`. */
void parallel_for(int64_t n, int64_t grain, void (*body)(int64_t begin, int64_t end, int thread, void *arg), void *arg);

/* body(i, thread, arg) for i in 0..n, handed out one at a time in order: for unequal work whose result does not depend
 * on who does it. */
void parallel_tasks(int64_t n, void (*body)(int64_t i, int thread, void *arg), void *arg);

#endif
