/* tests/core/hash_test.c: known answers (Python's hashlib.blake2b; SipHash-2-4 of its authors' definition). */
#include "tests/core/core_test.h"

#include "core/hash.h"

#define EMPTY    "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
#define ABC      "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
#define THOUSAND "e00b0ddbf1e2cdaf5c898e1a5e8826ea3a2c339bcf2a478da2e5fca9ff126672"

static void test_bytes(void **state)
{
    (void)state;
    char hex[HASH_HEX], a[1000];
    memset(a, 'a', sizeof a);
    hash_bytes("", 0, hex);
    assert_string_equal(hex, EMPTY);
    hash_bytes("abc", 3, hex);
    assert_string_equal(hex, ABC);
    hash_bytes(a, sizeof a, hex);
    assert_string_equal(hex, THOUSAND);
}

static void test_pieces(void **state)
{
    (void)state;
    char a[1000];
    memset(a, 'a', sizeof a);
    for (size_t step = 1; step < 400; step += 37) {
        Hash h;
        char hex[HASH_HEX];
        hash_init(&h);
        for (size_t at = 0; at < sizeof a; at += step)
            hash_add(&h, a + at, at + step > sizeof a ? sizeof a - at : step);
        hash_finish(&h, hex);
        assert_string_equal(hex, THOUSAND);
    }
}

static void test_file(void **state)
{
    (void)state;
    char        hex[HASH_HEX];
    const char *path = text_file("abc", "xxabc");
    must(hash_file(path, 2, hex));
    assert_string_equal(hex, ABC);
    must(hash_file(path, 5, hex));
    assert_string_equal(hex, EMPTY);
    must(hash_file(path, 6, hex));
    assert_string_equal(hex, EMPTY);
    must(hash_file(text_file("empty", ""), 0, hex));
    assert_string_equal(hex, EMPTY);
    must_fail(hash_file(in_folder("gone"), 0, hex), ERR_IO, "No such file");
}

static void test_u64(void **state)
{
    (void)state;
    assert_true(hash_u64("", 0, 0) == 0x1e924b9d737700d7u);
    assert_true(hash_u64("abc", 3, 0) == 0x3fc884964770eedeu);
    assert_true(hash_u64("abc", 3, 1) == 0x4f4bd7030974e1cbu);
    assert_true(hash_u64("the same on every machine", 25, 0x0123456789abcdefu) == 0xdaee788d23195f23u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_pieces), cmocka_unit_test(test_file),
        cmocka_unit_test(test_u64),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
