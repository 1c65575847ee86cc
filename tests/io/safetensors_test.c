/* tests/io/safetensors_test.c: round trips, every rule of the header, truncation, and what a failed write leaves. */
#include "tests/io/io_test.h"

#include <time.h>

#define E(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* header, padded by nothing, and n_data bytes of data: a file, given to free. */
static char *make(size_t *n, const char *header, size_t n_data)
{
    uint64_t length = strlen(header);
    *n = 8 + (size_t)length + n_data;
    char *p = calloc(1, *n + 1);
    memcpy(p, &length, 8);
    memcpy(p + 8, header, (size_t)length);
    return p;
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip(FORMAT_SAFETENSORS, in_folder("all.safetensors"));
}

static void test_real_values(void **state)
{
    (void)state;
    real_values(FORMAT_SAFETENSORS, in_folder("real.safetensors"));
}

static void test_misuse(void **state)
{
    (void)state;
    misuse(FORMAT_SAFETENSORS, in_folder("misuse.safetensors"));
    ArrayFile *f;
    ok(array_file_create(&f, in_folder("misuse.safetensors"), FORMAT_SAFETENSORS));
    refuses(array_file_declare_growing(f, "g", DTYPE_I32, 16), ERR_UNSUPPORTED, "cannot grow");
    ok(array_file_declare(f, "a", DTYPE_I8, DIMS(2)));
    ok(array_file_write(f, "a", 0, 1, "x"));
    refuses(array_file_declare(f, "b", DTYPE_I8, DIMS(2)), ERR_STATE, "after the first data");
    refuses(array_file_put_text(f, "b", "late"), ERR_STATE, "after the first data");
    array_file_close(f);
    ok(array_file_create(&f, in_folder("misuse.safetensors"), FORMAT_SAFETENSORS));
    refuses(array_file_declare(f, "__metadata__", DTYPE_I8, DIMS(2)), ERR_STATE, "__metadata__");
    array_file_close(f);
}

static void test_kill_safety(void **state)
{
    (void)state;
    kill_safety(FORMAT_SAFETENSORS, in_folder("kill.safetensors"));
}

static void test_disk_full(void **state)
{
    (void)state;
    disk_full(FORMAT_SAFETENSORS, in_folder("full.safetensors"));
}

static void test_tiny_disk(void **state)
{
    (void)state;
    tiny_disk(FORMAT_SAFETENSORS);
}

/* What other readers rely on: padding to 8, "format", wider types first, each width in the order of declaration. */
static void test_layout(void **state)
{
    (void)state;
    const char *path = in_folder("layout.safetensors");
    ArrayFile  *f;
    ok(array_file_create(&f, path, FORMAT_SAFETENSORS));
    ok(array_file_declare(f, "byte", DTYPE_U8, DIMS(3)));
    ok(array_file_declare(f, "z", DTYPE_F32, DIMS(1)));
    ok(array_file_declare(f, "a", DTYPE_F32, DIMS(1)));
    ok(array_file_declare(f, "long", DTYPE_I64, DIMS(1)));
    const char zeros[8] = { 0 };
    ok(array_file_write(f, "byte", 0, 3, zeros));
    ok(array_file_write(f, "a", 0, 1, zeros));
    ok(array_file_write(f, "z", 0, 1, zeros));
    ok(array_file_write(f, "long", 0, 1, zeros));
    ok(array_file_commit(f));
    array_file_close(f);
    char  *bytes = NULL;
    size_t n;
    ok(file_read(&bytes, &n, path, 10000));
    uint64_t length;
    memcpy(&length, bytes, 8);
    assert_int_equal(length % 8, 0);
    assert_int_equal(n, 8 + length + 8 + 4 + 4 + 3);
    static const char want[] = "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"long\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
        "\"z\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]},"
        "\"byte\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[16,19]}}";
    assert_memory_equal(bytes + 8, want, sizeof want - 1);
    for (size_t i = sizeof want - 1; i < length; i++) assert_int_equal(bytes[8 + i], ' ');
    free(bytes);
    ok(array_file_open(&f, path));
    assert_string_equal(array_file_format(f), "safetensors");
    assert_string_equal(array_file_path(f), path);
    assert_string_equal(array_file_at(f, 0)->name, "long");
    assert_string_equal(array_file_at(f, 3)->name, "byte");
    assert_int_equal((uintptr_t)array_file_data(f, array_file_at(f, 0)) % 8, 0);
    assert_int_equal(array_file_text_count(f), 1);
    assert_string_equal(array_file_text_key(f, 0), "format");
    assert_string_equal(array_file_text(f, "format"), "pt");
    array_file_close(f);
}

/* HDF5 may begin at byte 512: not in a file that begins like this one. */
static void test_hdf5_inside(void **state)
{
    (void)state;
    size_t n;
    char  *bytes = make(&n, "{\"a\":" E("U8", "[1000]", "[0,1000]") "}", 1000);
    memcpy(bytes + 512, "\x89HDF\r\n\x1A\n", 8);
    ok(read_all(file_of("inside.bin", bytes, n)));
    free(bytes);
}

static void test_no_arrays(void **state)
{
    (void)state;
    const char *path = in_folder("none.safetensors");
    ArrayFile  *f;
    ok(array_file_create(&f, path, FORMAT_SAFETENSORS));
    ok(array_file_put_text(f, "format", "np"));
    ok(array_file_commit(f));
    array_file_close(f);
    ok(array_file_open(&f, path));
    assert_int_equal(array_file_count(f), 0);
    assert_null(array_file_find(f, "x"));
    assert_string_equal(array_file_text(f, "format"), "np");
    array_file_close(f);
}

static const struct { const char *header; size_t n_data; Status status; const char *words; } headers[] = {
    /* good ones, lest everything be refused for one wrong reason */
    { "{}", 0, OK, NULL },
    { "{}     ", 0, OK, NULL },
    { "{\"a\":" E("F32", "[2]", "[0,8]") "}", 8, OK, NULL },
    { "{\"b\":" E("U8", "[2]", "[4,6]") ",\"a\":" E("F32", "[]", "[0,4]") "}", 6, OK, NULL },
    { "{\"e\":" E("F32", "[0]", "[4,4]") ",\"a\":" E("F32", "[1]", "[0,4]") ",\"f\":" E("I8", "[0,3]", "[0,0]") "}",
      4, OK, NULL },
    { "{\"__metadata__\":{\"k\":\"v\"},\"a\":" E("BOOL", "[1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, OK, NULL },
    { "{\"__metadata__\":{}}", 0, OK, NULL },
    /* not this JSON */
    { "", 0, ERR_FORMAT, "not a JSON object" },
    { "     ", 0, ERR_FORMAT, "not a JSON object" },
    { "[]", 0, ERR_FORMAT, "not a JSON object" },
    { " {}", 0, ERR_FORMAT, "not a JSON object" },
    { "{}\n", 0, ERR_FORMAT, "not a JSON object" },
    { "{}x", 0, ERR_FORMAT, "not a JSON object" },
    { "{} {}", 0, ERR_FORMAT, "text follows" },
    { "{\"a\":}", 0, ERR_FORMAT, "not a JSON value" },
    { "{\"a\" " E("F32", "[2]", "[0,8]") "}", 8, ERR_FORMAT, "a colon is missing" },
    { "{\"a\":" E("F32", "[2]", "[0,8]") ",}", 8, ERR_FORMAT, "comma before a closing bracket" },
    { "{\"\xFF\":" E("F32", "[2]", "[0,8]") "}", 8, ERR_FORMAT, "UTF-8" },
    { "{\"a\\u0000b\":" E("F32", "[2]", "[0,8]") "}", 8, ERR_FORMAT, "u0000" },
    { "{\"a\":" E("F32", "[1]", "[0,4]") ",\"a\":" E("F32", "[1]", "[4,8]") "}", 8, ERR_FORMAT, "stands twice" },
    { "{\"a\":" E("F32", "[1]", "[0,4]") ",\"\\u0061\":" E("F32", "[1]", "[4,8]") "}", 8, ERR_FORMAT, "stands twice" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, ERR_FORMAT,
      "stands twice" },
    /* entries */
    { "{\"a\":1}", 0, ERR_FORMAT, "not an object" },
    { "{\"a\":[]}", 0, ERR_FORMAT, "not an object" },
    { "{\"a\":{}}", 0, ERR_FORMAT, "no text \"dtype\"" },
    { "{\"a\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,4]}}", 4, ERR_FORMAT, "no text \"dtype\"" },
    { "{\"a\":" E("f32", "[]", "[0,4]") "}", 4, ERR_UNSUPPORTED, "holds f32" },
    { "{\"a\":" E("F8_E4M3", "[4]", "[0,4]") "}", 4, ERR_UNSUPPORTED, "holds F8_E4M3" },
    { "{\"a\":" E("U64", "[1]", "[0,8]") "}", 8, ERR_UNSUPPORTED, "holds U64" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, ERR_FORMAT, "no list \"shape\"" },
    { "{\"a\":" E("F32", "1", "[0,4]") "}", 4, ERR_FORMAT, "no list \"shape\"" },
    { "{\"a\":" E("F32", "{}", "[0,4]") "}", 4, ERR_FORMAT, "no list \"shape\"" },
    { "{\"a\":" E("F32", "[-1]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[1.5]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[\"1\"]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[null]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[[1]]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[1e300]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[18446744073709551617]", "[0,4]") "}", 4, ERR_FORMAT, "no whole number" },
    { "{\"a\":" E("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, ERR_UNSUPPORTED, "more than 8 dimensions" },
    { "{\"a\":" E("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, ERR_FORMAT, "2^63" },
    { "{\"a\":" E("F32", "[4294967296,1073741825]", "[0,4]") "}", 4, ERR_FORMAT, "2^63" },
    { "{\"a\":" E("F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0, ERR_FORMAT, "2^63" },
    { "{\"a\":" E("F32", "[0,4294967296,4294967296]", "[0,0]") "}", 0, ERR_FORMAT, "2^63" },
    { "{\"a\":" E("I64", "[1152921504606846976]", "[0,0]") "}", 0, ERR_FORMAT, "no whole number" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, ERR_FORMAT, "data_offsets" },
    { "{\"a\":" E("F32", "[1]", "4") "}", 4, ERR_FORMAT, "not a pair" },
    { "{\"a\":" E("F32", "[1]", "[0]") "}", 4, ERR_FORMAT, "not a pair" },
    { "{\"a\":" E("F32", "[1]", "[0,4,8]") "}", 4, ERR_FORMAT, "not a pair" },
    { "{\"a\":" E("F32", "[1]", "[-4,0]") "}", 4, ERR_FORMAT, "not a pair" },
    { "{\"a\":" E("F32", "[1]", "[0.5,4.5]") "}", 4, ERR_FORMAT, "not a pair" },
    { "{\"a\":" E("F32", "[1]", "[4,0]") "}", 4, ERR_FORMAT, "before it begins" },
    { "{\"a\":" E("F32", "[2]", "[0,4]") "}", 4, ERR_FORMAT, "needs 8 bytes by its shape, and has 4" },
    { "{\"a\":" E("F32", "[0]", "[0,4]") "}", 4, ERR_FORMAT, "needs 0 bytes" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, ERR_FORMAT, "member \"x\"" },
    { "{\"\":" E("F32", "[1]", "[0,4]") "}", 4, ERR_FORMAT, "name of an array has 0 bytes" },
    /* the data */
    { "{\"a\":" E("F32", "[1]", "[4,8]") "}", 8, ERR_FORMAT, "a hole" },
    { "{\"a\":" E("F32", "[1]", "[0,4]") ",\"b\":" E("F32", "[1]", "[8,12]") "}", 12, ERR_FORMAT, "a hole" },
    { "{\"a\":" E("F32", "[2]", "[0,8]") ",\"b\":" E("F32", "[1]", "[4,8]") "}", 8, ERR_FORMAT, "an overlap" },
    { "{\"a\":" E("F32", "[1]", "[0,4]") ",\"b\":" E("F32", "[1]", "[0,4]") "}", 4, ERR_FORMAT, "an overlap" },
    { "{\"e\":" E("F32", "[0]", "[2,2]") ",\"a\":" E("F32", "[1]", "[0,4]") "}", 4, ERR_FORMAT, "an overlap" },
    { "{\"a\":" E("F32", "[1]", "[0,4]") "}", 5, ERR_FORMAT, "1 bytes follow" },
    { "{}", 1, ERR_FORMAT, "1 bytes follow" },
    { "{\"a\":" E("F32", "[2]", "[0,8]") "}", 7, ERR_FORMAT, "header promises" },
    { "{\"a\":" E("U8", "[9007199254740992]", "[0,9007199254740992]") "}", 4, ERR_FORMAT, "header promises" },
    /* metadata */
    { "{\"__metadata__\":1}", 0, ERR_FORMAT, "\"__metadata__\" is not an object" },
    { "{\"__metadata__\":{\"a\":1}}", 0, ERR_FORMAT, "\"a\" in \"__metadata__\" is not a text" },
    { "{\"__metadata__\":{\"a\":null}}", 0, ERR_FORMAT, "is not a text" },
    { "{\"__metadata__\":{\"a\":\"x\\u0000y\"}}", 0, ERR_FORMAT, "u0000" },
    { "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, ERR_FORMAT, "stands twice" },
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        size_t n;
        char  *bytes = make(&n, headers[i].header, headers[i].n_data);
        Status s = safetensors_parse_header(bytes, n, "it.safetensors");
        Status t = read_all(file_of("it.safetensors", bytes, n));
        if (s != headers[i].status || t != headers[i].status)
            fail_msg("%s: %s, from the file %s: %s", headers[i].header, status_name(s), status_name(t), status_fact());
        if (s != OK && !strstr(status_fact(), headers[i].words))
            fail_msg("%s: \"%s\"", headers[i].header, status_fact());
        free(bytes);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct { uint64_t length; const char *words; } lengths[] = {
        { 100000001, "at most 100000000" }, { UINT64_MAX, "at most" }, { UINT64_MAX - 7, "at most" },
        { 100000000, "header promises 100000008 bytes, file has 18" }, { 11, "header promises 19 bytes, file has 18" },
        { 0, "not a JSON object" }, { 1, "not a JSON object" },
    };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char bytes[18] = "........{}        ";
        memcpy(bytes, &lengths[i].length, 8);
        refuses(read_all(file_of("n.safetensors", bytes, sizeof bytes)), ERR_FORMAT, lengths[i].words);
    }
    for (size_t n = 0; n < 8; n++)
        refuses(read_all(file_of("n.safetensors", "\2\0\0\0\0\0\0\0", n)), ERR_FORMAT, "at least 10");
    refuses(read_all(file_of("n.bin", "nothing of ours", 15)), ERR_FORMAT, "neither safetensors nor HDF5");
    refuses(read_all(file_of("n.bin", "", 0)), ERR_FORMAT, "neither");
    refuses(read_all(in_folder("absent.safetensors")), ERR_IO, "No such file");
    refuses(read_all(folder), ERR_IO, "folder");
    char name[1200] = { 0 }, header[1400];
    memset(name, 'n', 1025);
    snprintf(header, sizeof header, "{\"%s\":" E("F32", "[1]", "[0,4]") "}", name);
    size_t n;
    char  *bytes = make(&n, header, 4);
    refuses(read_all(file_of("n.safetensors", bytes, n)), ERR_FORMAT, "1025 bytes");
    free(bytes);
}

static void test_depth(void **state)
{
    (void)state;
    enum { DEPTH = 200000 };
    char *header = malloc(2 * DEPTH + 16);
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', DEPTH);
    memset(header + 5 + DEPTH, ']', DEPTH);
    memcpy(header + 5 + 2 * DEPTH, "}", 2);
    size_t n;
    char  *bytes = make(&n, header, 0);
    refuses(read_all(file_of("deep.safetensors", bytes, n)), ERR_FORMAT, "nested deeper");
    free(bytes);
    free(header);
}

static void test_values(void **state)
{
    (void)state;
    enum { N = 9000000 };
    char *header = malloc(2 * N + 64);
    strcpy(header, "{\"a\":{\"shape\":[0");
    char *end = header + strlen(header);
    for (size_t i = 0; i < N; i++, end += 2) memcpy(end, ",0", 2);
    strcpy(end, "]}}");
    size_t n;
    char  *bytes = make(&n, header, 0);
    refuses(safetensors_parse_header(bytes, n, "x"), ERR_FORMAT, "more than 8388608 values");
    free(bytes);
    memset(header, ',', 2 * N);                      /* commas inside a text are no values */
    static const char start[] = "{\"__metadata__\":{\"\\\"\":\"";
    memcpy(header, start, sizeof start - 1);
    memcpy(header + 2 * N, "\"}}", 4);
    bytes = make(&n, header, 0);
    ok(safetensors_parse_header(bytes, n, "x"));
    free(bytes);
    free(header);
}

static void test_truncated(void **state)
{
    (void)state;
    size_t n;
    char  *bytes = make(&n, "{\"__metadata__\":{\"k\":\"v\"},\"a\":" E("F32", "[2,2]", "[0,16]")
                            ",\"b\":" E("I8", "[3]", "[16,19]") "}  ", 19);
    ok(read_all(file_of("cut.safetensors", bytes, n)));
    for (size_t k = 0; k < n; k++) {
        Status s = read_all(file_of("cut.safetensors", bytes, k));
        if (s != ERR_FORMAT) fail_msg("cut at %zu: %s", k, status_name(s));
        if (k >= 8) {
            char words[80];
            snprintf(words, sizeof words, "bytes, file has %zu", k);
            refuses(s, ERR_FORMAT, words);
            assert_non_null(strstr(status_hint(), "incomplete"));
        }
        assert_int_equal(safetensors_parse_header(bytes, k, "cut"), ERR_FORMAT);
    }
    for (size_t bit = 0; bit < n * 8; bit++) {                      /* any answer but a crash */
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        (void)read_all(file_of("flip.safetensors", bytes, n));
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    free(bytes);
}

/* 10k arrays and a text of 1 MB, in well under 0.1 s without sanitizers; the bound is loose for slow machines. */
static void test_many(void **state)
{
    (void)state;
    enum { N = 10000, MB = 1 << 20 };
    const char *path = in_folder("many.safetensors");
    ArrayFile  *f;
    char        name[32], *text = malloc(MB + 1);
    memset(text, '"', MB);
    text[MB] = '\0';
    ok(array_file_create(&f, path, FORMAT_SAFETENSORS));
    ok(array_file_put_text(f, "long", text));
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "layer.%d.weight", i);
        ok(array_file_declare(f, name, DTYPE_I32, NULL, 0));
    }
    for (int32_t i = 0; i < N; i++) {
        snprintf(name, sizeof name, "layer.%d.weight", i);
        ok(array_file_write(f, name, 0, 1, &i));
    }
    ok(array_file_commit(f));
    array_file_close(f);

    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    ok(array_file_open(&f, path));
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    print_message("opening %d arrays took %.3f s\n", N, seconds);
    assert_true(seconds < 2.0);
    for (int32_t i = 0, got; i < N; i++) {
        snprintf(name, sizeof name, "layer.%d.weight", i);
        ok(array_file_read(f, array_file_find(f, name), 0, 1, &got));
        assert_int_equal(got, i);
    }
    assert_string_equal(array_file_text(f, "long"), text);
    array_file_close(f);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_real_values), cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_kill_safety), cmocka_unit_test(test_disk_full), cmocka_unit_test(test_tiny_disk),
        cmocka_unit_test(test_layout), cmocka_unit_test(test_values), cmocka_unit_test(test_hdf5_inside),
        cmocka_unit_test(test_no_arrays), cmocka_unit_test(test_headers), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_depth), cmocka_unit_test(test_truncated), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
