/* tests/harness/guard_test.c: the guard backend faults where it should, and only there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail      /* core/status.h has its own */

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/guard.h"

enum { N = 5000 };

static Backend *guard;

static int open_guard(void **state)
{
    (void)state;
    return guard_open(&guard) == OK ? 0 : -1;
}

static int close_guard(void **state)
{
    (void)state;
    backend_close(guard);
    return 0;
}

/* Whether a child that reads *p dies of it. The default action is set, as a sanitizer's handler would exit instead. */
static bool reading_faults(const volatile REAL *p)
{
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        signal(SIGSEGV, SIG_DFL);
        _exit(*p > 1e30 ? 3 : 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void the_host_cannot_read(void **state)
{
    (void)state;
    void *p;
    assert_int_equal(guard->alloc(guard, &p, N * sizeof(REAL)), OK);
    assert_true(reading_faults(p));
    guard->enter(guard);
    assert_false(reading_faults(p));
    guard->enter(guard);
    guard->leave(guard);
    assert_false(reading_faults(p));      /* still inside the outer one */
    guard->leave(guard);
    assert_true(reading_faults(p));
    assert_true(reading_faults((const REAL *)p + N - 1));
    guard->free(guard, p, N * sizeof(REAL));
}

static void kernels_and_copies_work(void **state)
{
    (void)state;
    void *x, *y, *z;
    REAL  host[N], back[N];
    assert_int_equal(guard->alloc(guard, &x, sizeof host), OK);
    assert_int_equal(guard->alloc(guard, &y, sizeof host), OK);
    for (int i = 0; i < N; i++) host[i] = (REAL)i;
    assert_int_equal(guard->upload(guard, x, host, sizeof host), OK);
    AxpbyArgs a = { .dtype = DTYPE_REAL, .n = N, .a = 2, .x = x, .y = y };
    guard->enter(guard);
    assert_int_equal(guard->alloc(guard, &z, sizeof host), OK);      /* open from the start: it is inside */
    assert_int_equal(guard->kernels.axpby(guard->dev, &a), OK);
    guard->leave(guard);
    assert_true(reading_faults(z));
    assert_int_equal(guard->copy(guard, z, y, sizeof host), OK);
    assert_int_equal(guard->download(guard, back, z, sizeof host), OK);
    for (int i = 0; i < N; i++) assert_true(back[i] == 2 * host[i]);
    assert_int_equal(guard->zero(guard, z, sizeof host), OK);
    assert_int_equal(guard->download(guard, back, z, sizeof host), OK);
    for (int i = 0; i < N; i++) assert_true(back[i] == 0);
    guard->free(guard, x, sizeof host);
    guard->free(guard, NULL, 0);      /* y and z are left to close */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_cannot_read),
        cmocka_unit_test(kernels_and_copies_work),
    };
    return cmocka_run_group_tests(tests, open_guard, close_guard);
}
