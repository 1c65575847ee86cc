/* tests/core/status_test.c: the record of a failure, its sentence on the terminal, one record a thread. */
#include "tests/core/core_test.h"

#include <pthread.h>

#undef fail
#define fail(code, ...) status_fail((code), __FILE__, __LINE__, __VA_ARGS__)

static Status two_steps(Status first)
{
    TRY(first);
    return ERR_BUSY;
}

static void test_codes(void **state)
{
    (void)state;
    static const struct { Status code; int exit_code; const char *name; } cases[] = {
        { OK, 0, "OK" },                     { ERR_USAGE, 2, "ERR_USAGE" },   { ERR_CONFIG, 2, "ERR_CONFIG" },
        { ERR_IO, 1, "ERR_IO" },             { ERR_FORMAT, 1, "ERR_FORMAT" }, { ERR_DATA, 1, "ERR_DATA" },
        { ERR_MEMORY, 1, "ERR_MEMORY" },     { ERR_SHAPE, 1, "ERR_SHAPE" },   { ERR_UNSUPPORTED, 1, "ERR_UNSUPPORTED" },
        { ERR_NUMERIC, 1, "ERR_NUMERIC" },   { ERR_STATE, 1, "ERR_STATE" },   { ERR_BUSY, 1, "ERR_BUSY" },
        { ERR_INTERRUPTED, 1, "ERR_INTERRUPTED" },
    };
    assert_int_equal(OK, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(status_exit_code(cases[i].code), cases[i].exit_code);
        assert_string_equal(status_name(cases[i].code), cases[i].name);
    }
    assert_string_equal(status_sentence(ERR_FORMAT), "a file does not follow its format");
    assert_string_equal(status_sentence(OK), "no error");
}

static void test_record(void **state)
{
    (void)state;
    const char *file;
    int         line, here = __LINE__ + 1;
    Status      s = fail(ERR_FORMAT, "%s: header promises %zu bytes, file has %d", "a.bin", (size_t)12, 7);
    assert_int_equal(s, ERR_FORMAT);
    assert_string_equal(status_fact(), "a.bin: header promises 12 bytes, file has 7");
    assert_string_equal(status_hint(), "");
    assert_string_equal(status_trail(), "");
    status_where(&file, &line);
    assert_non_null(strstr(file, "status_test.c"));
    assert_int_equal(line, here);
    assert_int_equal(hint(s, "copy it %s", "again"), ERR_FORMAT);
    assert_int_equal(during(s, "reading %d", 1), ERR_FORMAT);
    assert_int_equal(during(s, "loading"), ERR_FORMAT);
    assert_string_equal(status_hint(), "copy it again");
    assert_string_equal(status_trail(), "reading 1\nloading");

    assert_int_equal(fail(ERR_IO, "then: %s", status_fact()), ERR_IO);        /* a new record may quote the old one */
    assert_string_equal(status_fact(), "then: a.bin: header promises 12 bytes, file has 7");
    assert_string_equal(status_hint(), "");
    assert_string_equal(status_trail(), "");

    assert_int_equal(hint(OK, "unused"), OK);
    assert_int_equal(during(OK, "unused"), OK);
    assert_string_equal(status_hint(), "");
    assert_string_equal(status_trail(), "");

    status_clear();
    status_where(&file, &line);
    assert_string_equal(status_fact(), "");
    assert_string_equal(file, "");
    assert_int_equal(line, 0);
}

static void test_long_texts(void **state)
{
    (void)state;
    char x[4000];
    memset(x, 'x', sizeof x);
    x[sizeof x - 1] = '\0';
    Status s = fail(ERR_DATA, "%s", x);
    assert_int_equal(hint(s, "%s", x), ERR_DATA);
    for (int i = 0; i < 2000; i++) s = during(s, "y%d", i);
    assert_int_equal(s, ERR_DATA);
    assert_int_equal(strlen(status_fact()), 1023);
    assert_int_equal(strlen(status_hint()), 511);
    assert_true(strlen(status_trail()) > 1000 && strlen(status_trail()) < 1024);
    assert_memory_equal(status_trail(), "y0\ny1\ny2\n", 9);
}

static void test_print(void **state)
{
    (void)state;
    char   want[512], *got = NULL;
    size_t n = 0;
    int    line = __LINE__ + 1;
    Status s = fail(ERR_CONFIG, "job.json:3: train.seed must be a whole number");
    s = during(hint(s, "write 42"), "reading what a.json includes");
    assert_int_equal(during(s, "training"), ERR_CONFIG);
    const char *file;
    int         ignored;
    status_where(&file, &ignored);
    FILE *f = open_memstream(&got, &n);
    status_print_last(f, false);
    fclose(f);
    snprintf(want, sizeof want, "error: job.json:3: train.seed must be a whole number\n  at %s:%d\n"
             "  while reading what a.json includes\n  while training\n  try: write 42\n", file, line);
    assert_string_equal(got, want);
    free(got);

    f = open_memstream(&got, &n);
    status_print_last(f, true);
    fclose(f);
    assert_memory_equal(got, "\033[1;31merror:\033[0m ", 17);
    free(got);

    assert_int_equal(fail(ERR_BUSY, "%s", ""), ERR_BUSY);                     /* no fact: the code's sentence */
    f = open_memstream(&got, &n);
    status_print_last(f, false);
    fclose(f);
    assert_memory_equal(got, "error: too much is waiting already\n", 35);
    assert_null(strstr(got, "try:"));
    free(got);
}

static void *fail_elsewhere(void *arg)
{
    (void)arg;
    bool   empty = status_fact()[0] == '\0';
    Status s = fail(ERR_MEMORY, "the other thread");
    return empty && s == ERR_MEMORY && strcmp(status_fact(), "the other thread") == 0 ? "yes" : NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t t;
    void     *fine;
    assert_int_equal(fail(ERR_IO, "this thread"), ERR_IO);
    assert_int_equal(pthread_create(&t, NULL, fail_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(t, &fine), 0);
    assert_non_null(fine);
    assert_string_equal(status_fact(), "this thread");
}

static void mistake(void) { BUG_ON(2 + 2 == 4); }

static void test_try_and_bug(void **state)
{
    (void)state;
    assert_int_equal(two_steps(ERR_SHAPE), ERR_SHAPE);
    assert_int_equal(two_steps(OK), ERR_BUSY);
    BUG_ON(2 + 2 == 5);
    must_abort(mistake, "2 + 2 == 4");
    must_abort(mistake, "status_test.c:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),   cmocka_unit_test(test_record),  cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_print),   cmocka_unit_test(test_threads), cmocka_unit_test(test_try_and_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
