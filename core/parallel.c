#include "core/parallel.h"

#include <omp.h>
#include <sched.h>

static int n_threads;

void parallel_set_threads(int n)
{
    if (n <= 0) {
        cpu_set_t set;
        n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    }
    n_threads = n < PARALLEL_MAX_THREADS ? n : PARALLEL_MAX_THREADS;
    omp_set_dynamic(0);
    omp_set_num_threads(n_threads);
}

int parallel_threads(void)
{
    if (n_threads == 0) parallel_set_threads(0);
    return n_threads;
}

void parallel_for(int64_t n, int64_t grain, void (*body)(int64_t, int64_t, int, void *), void *arg)
{
    int     threads = parallel_threads();
    int64_t blocks = (n + grain - 1) / grain;
    if (threads == 1 || blocks <= 1) {
        if (n > 0) body(0, n, 0, arg);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        int     t = omp_get_thread_num();
        int64_t begin = blocks * t / threads * grain, end = blocks * (t + 1) / threads * grain;
        if (end > n) end = n;
        if (begin < end) body(begin, end, t, arg);
    }
}

void parallel_tasks(int64_t n, void (*body)(int64_t, int, void *), void *arg)
{
    int threads = parallel_threads();
    if (threads == 1 || n <= 1) {
        for (int64_t i = 0; i < n; i++) body(i, 0, arg);
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < n; i++) body(i, omp_get_thread_num(), arg);
}
