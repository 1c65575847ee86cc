/* tests/data/select/sorter_test.c: order and stability, in memory, from runs, and over several passes; records. */
#include "data/select/sorter.h"
#include "data/select/spill.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/data/data_test.h"

static uint64_t state = 1;

static uint32_t random_u32(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

/* Records: a key of key_size bytes with few values in some, then the number in which it was added. */
static void check_sorter(size_t record_size, size_t key_size, size_t memory, uint32_t n, uint32_t values)
{
    Sorter *s;
    uint8_t record[64] = { 0 }, last[64] = { 0 };
    assert_ok(sorter_new(&s, record_size, key_size, memory, test_folder));
    uint64_t sum = 0, got = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (size_t k = 0; k < key_size; k++) record[k] = (uint8_t)(random_u32() % values);
        memcpy(record + key_size, &i, sizeof i);
        assert_ok(sorter_add(s, record));
        sum += (uint64_t)record[0] * (i + 1);
    }
    assert_ok(sorter_finish(s));
    assert_int_equal(sorter_count(s), n);
    for (int round = 0; round < 2; round++) {
        const void *next;
        uint32_t    count = 0, number, before;
        for (got = 0;; count++) {
            assert_ok(sorter_next(s, &next));
            if (!next) break;
            memcpy(&number, (const uint8_t *)next + key_size, sizeof number);
            memcpy(&before, last + key_size, sizeof before);
            int order = count ? memcmp(last, next, key_size) : -1;
            if (order > 0 || (order == 0 && before >= number)) fail_msg("record %u comes after a later one", count);
            got += (uint64_t)((const uint8_t *)next)[0] * (number + 1);
            memcpy(last, next, record_size);
        }
        assert_int_equal(count, n);
        assert_true(got == sum);
        assert_ok(sorter_next(s, &next));               /* the end stays the end */
        assert_null(next);
        assert_ok(sorter_rewind(s));
    }
    sorter_free(s);
}

static void in_memory(void **unused)
{
    (void)unused;
    check_sorter(16, 8, 64 << 20, 0, 256);
    check_sorter(16, 8, 64 << 20, 1, 256);
    check_sorter(16, 8, 64 << 20, 50000, 256);
    check_sorter(32, 17, 64 << 20, 50000, 2);
    check_sorter(12, 8, 64 << 20, 30000, 1);            /* all keys equal: the order of adding */
}

static void from_runs(void **unused)
{
    (void)unused;
    check_sorter(16, 8, 1, 200000, 256);                /* 1 MiB is the least: 7 runs */
    check_sorter(32, 17, 1, 100000, 2);
    check_sorter(12, 3, 1, 150000, 3);
    check_sorter(23, 5, 1, 100000, 4);                  /* a size that no copy is made for */
}

static void from_many_runs(void **unused)               /* over 64 of them: merged in two passes */
{
    (void)unused;
    check_sorter(48, 17, 1, 900000, 2);
}

static void folder_that_is_not_there(void **unused)
{
    (void)unused;
    Sorter *s;
    uint8_t record[16] = { 0 };
    assert_ok(sorter_new(&s, sizeof record, 8, 0, "/nonexistent/folder"));
    Status status = OK;
    for (int i = 0; i < 100000 && status == OK; i++) status = sorter_add(s, record);
    assert_int_equal(status, ERR_IO);
    assert_says(status_fact(), "/nonexistent/folder: a temporary file cannot be created");
    assert_true(status_hint()[0] != '\0');
    sorter_free(s);
}

/* The least that a full disk does: a write that is cut short, then one that fails. */
static void disk_that_is_full(void **unused)
{
    (void)unused;
    Sorter       *s;
    uint8_t       record[16] = { 0 };
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 700 << 10;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_ok(sorter_new(&s, sizeof record, 8, 0, test_folder));
    Status status = OK;
    int    n = 0;
    while (status == OK && n < 200000) {
        status = sorter_add(s, record);
        n++;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, ERR_IO);
    assert_in_range(n, 32768, 3 * 32768);               /* the first run of 512 KiB went through, the second did not */
    assert_says(status_fact(), "a temporary file cannot be written: File too large");
    sorter_free(s);
}

static void records_by_number(void **unused)
{
    (void)unused;
    enum { N_RECORDS = 50000 };
    for (size_t memory = 0; memory <= 4 << 20; memory = memory ? memory * 64 : 1024) {
        Records    *r;
        const void *record;
        assert_ok(records_new(&r, sizeof(uint64_t), memory, test_folder));
        for (uint64_t i = 0; i < N_RECORDS; i++) {
            uint64_t v = i * i;
            assert_ok(records_add(r, &v));
        }
        assert_int_equal(records_count(r), N_RECORDS);
        for (int round = 0; round < 3; round++)         /* in order, at random, in order again */
            for (uint64_t i = 0; i < N_RECORDS; i++) {
                uint64_t k = round == 1 ? random_u32() % N_RECORDS : i, v = k * k;
                assert_ok(records_get(r, (int64_t)k, &record));
                assert_memory_equal(record, &v, sizeof v);
            }
        records_free(r);
    }
}

static void nothing_stays_in_the_folder(void **unused)
{
    (void)unused;
    Sorter *s;
    uint8_t record[16] = { 0 };
    assert_ok(sorter_new(&s, sizeof record, 8, 0, test_folder));
    for (int i = 0; i < 100000; i++) assert_ok(sorter_add(s, record));
    assert_int_equal(rmdir(test_folder), 0);            /* empty although runs are in use */
    assert_int_equal(mkdir(test_folder, 0700), 0);
    assert_ok(sorter_finish(s));
    sorter_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(from_runs),
        cmocka_unit_test(from_many_runs),
        cmocka_unit_test(folder_that_is_not_there),
        cmocka_unit_test(disk_that_is_full),
        cmocka_unit_test(records_by_number),
        cmocka_unit_test(nothing_stays_in_the_folder),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
