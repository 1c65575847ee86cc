/* tests/core/arena_test.c: bump allocation, its marks, and sizes that do not fit. */
#include "tests/core/core_test.h"

#include "core/arena.h"

/* AddressSanitizer, where it is built in, would end the program when calloc refuses. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

static void test_bump(void **state)
{
    (void)state;
    Arena a;
    char *base = (char *)0x100000;                        /* the arena must never touch the region */
    arena_init(&a, base, 2048);
    assert_ptr_equal(arena_alloc(&a, 1), base);
    assert_ptr_equal(arena_alloc(&a, 256), base + 256);
    assert_ptr_equal(arena_alloc(&a, 257), base + 512);
    assert_int_equal(a.used, 1024);
    assert_int_equal(a.high_water, 1024);
    size_t mark = arena_mark(&a);
    assert_null(arena_alloc(&a, 1025));
    assert_int_equal(a.used, 1024);                       /* a refusal takes nothing */
    assert_ptr_equal(arena_alloc(&a, 1024), base + 1024);
    assert_null(arena_alloc(&a, 1));
    assert_int_equal(a.high_water, 2048);
    arena_release(&a, mark);
    assert_int_equal(a.used, 1024);
    assert_int_equal(a.high_water, 2048);
    assert_ptr_equal(arena_alloc(&a, 3), base + 1024);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 3), base);
    assert_int_equal(a.high_water, 2048);
}

static void test_huge(void **state)
{
    (void)state;
    Arena a;
    arena_init(&a, (char *)0x100000, 4096);
    assert_non_null(arena_alloc(&a, 1));
    for (size_t less = 0; less < 600; less++) assert_null(arena_alloc(&a, SIZE_MAX - less));
    assert_null(arena_alloc(&a, SIZE_MAX / 2));
    assert_int_equal(a.used, 256);
    arena_init(&a, NULL, 0);
    assert_null(arena_alloc(&a, 1));
}

static void release_the_future(void)
{
    Arena a;
    arena_init(&a, NULL, 4096);
    arena_release(&a, 256);
}

static void test_wrong_mark(void **state)
{
    (void)state;
    must_abort(release_the_future, "mark > a->used");
}

static void test_checked_sizes(void **state)
{
    (void)state;
    size_t n = 7;
    must(size_mul(1u << 20, 12, &n));
    assert_int_equal(n, 12582912);
    must(size_mul(SIZE_MAX, 0, &n));
    assert_int_equal(n, 0);
    must(size_mul(SIZE_MAX, 1, &n));
    assert_true(n == SIZE_MAX);
    must_fail(size_mul(SIZE_MAX / 2 + 1, 2, &n), ERR_MEMORY, "overflows");
    must_fail(size_mul((size_t)1 << 32, (size_t)1 << 32, &n), ERR_MEMORY, "4294967296 x 4294967296");
    must(size_add(SIZE_MAX - 1, 1, &n));
    assert_true(n == SIZE_MAX);
    must_fail(size_add(SIZE_MAX, 1, &n), ERR_MEMORY, "overflows");
}

static void test_new(void **state)
{
    (void)state;
    int64_t *p = NULL;
    must(mem_new(&p, 100, sizeof *p));
    for (int i = 0; i < 100; i++) assert_int_equal(p[i], 0);
    free(p);
    must(mem_new(&p, 0, sizeof *p));
    assert_non_null(p);
    free(p);
    must_fail(mem_new(&p, SIZE_MAX / 4, 8), ERR_MEMORY, "no memory for 4611686018427387903 x 8 bytes");
    assert_null(p);
}

static void test_grow(void **state)
{
    (void)state;
    int32_t *p = NULL;
    size_t   cap = 0;
    must(mem_grow(&p, &cap, 0, sizeof *p));
    assert_null(p);
    for (size_t n = 1; n <= 1000; n++) {
        must(mem_grow(&p, &cap, n, sizeof *p));
        assert_true(cap >= n);
        assert_int_equal(p[n - 1], 0);
        p[n - 1] = (int32_t)n * 3;
    }
    assert_int_equal(cap, 1024);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(p[i], (i + 1) * 3);
    for (size_t i = 1000; i < 1024; i++) assert_int_equal(p[i], 0);
    int32_t *before = p;
    must_fail(mem_grow(&p, &cap, SIZE_MAX, sizeof *p), ERR_MEMORY, "too long");
    must_fail(mem_grow(&p, &cap, SIZE_MAX / 4, sizeof *p), ERR_MEMORY, "");
    assert_ptr_equal(p, before);                          /* a refusal leaves the list as it was */
    assert_int_equal(cap, 1024);
    assert_int_equal(p[999], 3000);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bump), cmocka_unit_test(test_huge), cmocka_unit_test(test_wrong_mark),
        cmocka_unit_test(test_checked_sizes), cmocka_unit_test(test_new), cmocka_unit_test(test_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
