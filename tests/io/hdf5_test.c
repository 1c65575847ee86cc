/* tests/io/hdf5_test.c: round trips, growing, the hash, foreign files, and what a failed write leaves. */
#include "tests/io/io_test.h"

#include <hdf5.h>
#include <time.h>

#include "core/hash.h"
#include "io/hdf5_internal.h"

static void test_round_trip(void **state)
{
    (void)state;
    round_trip(FORMAT_HDF5, in_folder("all.h5"));
}

static void test_real_values(void **state)
{
    (void)state;
    real_values(FORMAT_HDF5, in_folder("real.h5"));
}

static void test_misuse(void **state)
{
    (void)state;
    misuse(FORMAT_HDF5, in_folder("misuse.h5"));
    ArrayFile *f;
    ok(array_file_create(&f, in_folder("misuse.h5"), FORMAT_HDF5));
    refuses(array_file_declare(f, "text", DTYPE_I8, DIMS(2)), ERR_STATE, "is for texts");
    array_file_close(f);
    ok(array_file_create(&f, in_folder("misuse.h5"), FORMAT_HDF5));
    ok(array_file_declare(f, "a", DTYPE_I8, DIMS(2)));
    refuses(array_file_declare(f, "a/b", DTYPE_I8, DIMS(2)), ERR_STATE, "HDF5 says");
    refuses(array_file_declare(f, "c", DTYPE_I8, DIMS(2)), ERR_STATE, "earlier write failed");
    array_file_close(f);
    assert_false(left_over(in_folder("misuse.h5")));
    ok(array_file_create(&f, in_folder("misuse.h5"), FORMAT_HDF5));
    refuses(array_file_declare_growing(f, "g", DTYPE_I32, 0), ERR_SHAPE, "chunks of 0");
    refuses(array_file_declare_growing(f, "g", DTYPE_I32, (1 << 24) + 1), ERR_SHAPE, "64 MiB");
    ok(array_file_declare_growing(f, "g", DTYPE_I32, 16));
    refuses(array_file_write(f, "g", 0, 0, NULL), ERR_STATE, "append to it");
    refuses(array_file_append(f, "g", -1, NULL), ERR_SHAPE, "cannot grow by -1");
    refuses(array_file_append(f, "g", INT64_MAX, NULL), ERR_SHAPE, "cannot grow");
    array_file_close(f);
}

static void test_kill_safety(void **state)
{
    (void)state;
    kill_safety(FORMAT_HDF5, in_folder("kill.h5"));
    char *tmp = NULL;
    size_t n;
    ArrayFile *f;                        /* PATH.tmp never passes for a finished file: the user block comes last */
    ok(array_file_create(&f, in_folder("kill.h5"), FORMAT_HDF5));
    ok(array_file_declare(f, "x", DTYPE_I32, NULL, 0));
    ok(file_read(&tmp, &n, in_folder("kill.h5.tmp"), 1 << 20));
    array_file_close(f);
    assert_true(read_all(file_of("half.h5", tmp, n)) != OK);
    free(tmp);
}

static void test_disk_full(void **state)
{
    (void)state;
    disk_full(FORMAT_HDF5, in_folder("full.h5"));
}

static void test_tiny_disk(void **state)
{
    (void)state;
    tiny_disk(FORMAT_HDF5);
}

/* Appends of many lengths against chunks of several; arrays of known length may be declared and written in between. */
static void test_growing(void **state)
{
    (void)state;
    static const int64_t chunks[] = { 1, 7, 64, 4096 };
    enum { N = 5000 };
    static int32_t numbers[N], got[N];
    const char    *path = in_folder("grow.h5");
    ArrayFile     *f;
    char           name[32];
    for (int32_t i = 0; i < N; i++) numbers[i] = i * 7919;
    ok(array_file_create(&f, path, FORMAT_HDF5));
    for (size_t c = 0; c < COUNT(chunks); c++) {
        snprintf(name, sizeof name, "stream/%zu", c);
        ok(array_file_declare_growing(f, name, DTYPE_I32, chunks[c]));
    }
    ok(array_file_declare_growing(f, "stream/flags", DTYPE_BOOL, 100));
    ok(array_file_declare_growing(f, "stream/halves", DTYPE_BF16, 100));
    ok(array_file_declare_growing(f, "stream/nothing", DTYPE_I32, 100));
    for (size_t c = 0; c < COUNT(chunks); c++) {
        snprintf(name, sizeof name, "stream/%zu", c);
        for (int64_t at = 0, n = 0; at < N; at += n, n = (n + 1) % 300)
            ok(array_file_append(f, name, n = n < N - at ? n : N - at, numbers + at));
        assert_int_equal(array_file_find(f, name)->count, N);
    }
    ok(array_file_append(f, "stream/flags", 3, "\1\0\1"));
    ok(array_file_append(f, "stream/halves", 2, "\x80\x3F\x00\xC0"));
    ok(array_file_declare(f, "late", DTYPE_I32, DIMS(2)));
    ok(array_file_write(f, "late", 0, 2, numbers));
    ok(array_file_put_text(f, "later", "and a text"));
    ok(array_file_commit(f));
    array_file_close(f);

    ok(array_file_open(&f, path));
    assert_string_equal(array_file_format(f), "HDF5");
    assert_int_equal(array_file_find(f, "stream/nothing")->count, 0);
    for (size_t c = 0; c < COUNT(chunks); c++) {
        snprintf(name, sizeof name, "stream/%zu", c);
        const ArrayInfo *a = array_file_find(f, name);
        assert_int_equal(a->ndim, 1);
        assert_int_equal(a->shape[0], N);
        assert_null(array_file_data(f, a));
        ok(array_file_read(f, a, 0, N, got));
        assert_memory_equal(got, numbers, sizeof got);
        for (int64_t at = 1; at < N; at = at * 3) {
            int64_t n = at < N - at ? at : N - at;
            ok(array_file_read(f, a, at, n, got));
            assert_memory_equal(got, numbers + at, (size_t)n * 4);
        }
        refuses(array_file_read(f, a, N - 1, 2, got), ERR_SHAPE, "5000 elements");
    }
    char flags[3];
    REAL halves[2];
    ok(array_file_read(f, array_file_find(f, "stream/flags"), 0, 3, flags));
    assert_memory_equal(flags, "\1\0\1", 3);
    ok(array_file_read_real(f, array_file_find(f, "stream/halves"), 0, 2, halves));
    assert_true(halves[0] == 1 && halves[1] == -2);
    assert_string_equal(array_file_text(f, "later"), "and a text");
    array_file_close(f);
}

/* Reals of a chunked array come piece by piece through a buffer. */
static void test_growing_reals(void **state)
{
    (void)state;
    enum { N = 30000 };
    static uint16_t halves[N];
    static REAL     values[N], got[N];
    const char     *path = in_folder("reals.h5");
    ArrayFile      *f;
    for (int i = 0; i < N; i++) values[i] = (REAL)(i % 2048);
    dtype_from_real(halves, values, DTYPE_F16, N);
    ok(array_file_create(&f, path, FORMAT_HDF5));
    ok(array_file_declare_growing(f, "x", DTYPE_F16, 1000));
    ok(array_file_append(f, "x", N, halves));
    ok(array_file_commit(f));
    array_file_close(f);
    ok(array_file_open(&f, path));
    ok(array_file_read_real(f, array_file_find(f, "x"), 1, N - 1, got));
    assert_memory_equal(got, values + 1, (N - 1) * sizeof(REAL));
    array_file_close(f);
}

static void test_text(void **state)
{
    (void)state;
    enum { MB = 1 << 20 };
    const char *path = in_folder("text.h5");
    char       *text = malloc(MB + 1);
    ArrayFile  *f;
    memset(text, 'x', MB);
    text[MB] = '\0';
    ok(array_file_create(&f, path, FORMAT_HDF5));
    ok(array_file_put_text(f, "tokenizer", text));
    ok(array_file_put_text(f, "run/config.json", "{}"));
    ok(array_file_commit(f));
    array_file_close(f);
    ok(array_file_open(&f, path));
    assert_int_equal(array_file_count(f), 0);
    assert_int_equal(array_file_text_count(f), 2);
    assert_string_equal(array_file_text(f, "tokenizer"), text);
    assert_string_equal(array_file_text(f, "run/config.json"), "{}");
    array_file_close(f);
    free(text);
}

/* A small whole file, given to free. */
static char *small_file(size_t *n)
{
    ArrayFile *f;
    char      *bytes = NULL;
    ok(array_file_create(&f, in_folder("small.h5"), FORMAT_HDF5));
    ok(array_file_put_text(f, "k", "v"));
    ok(array_file_declare(f, "g/a", DTYPE_F32, DIMS(2)));
    ok(array_file_write(f, "g/a", 0, 2, "12345678"));
    ok(array_file_declare_growing(f, "g/b", DTYPE_I8, 8));
    ok(array_file_append(f, "g/b", 3, "abc"));
    ok(array_file_commit(f));
    array_file_close(f);
    ok(file_read(&bytes, n, in_folder("small.h5"), 1 << 20));
    return bytes;
}

static void test_same_bytes(void **state)
{
    (void)state;
    size_t n, m;
    char  *a = small_file(&n), *b = small_file(&m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

/* Without syncing: tens of thousands of damaged files are tried. */
static Status open_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
    return read_all(path);
}

static void test_damage(void **state)
{
    (void)state;
    size_t      n;
    char       *bytes = small_file(&n);
    const char *path = in_folder("damaged.h5");
    ok(open_bytes(path, bytes, n));
    for (size_t at = 0; at < n; at++) {
        bytes[at] ^= (char)(1 << at % 8);
        Status s = open_bytes(path, bytes, n);
        if (s == OK || (at >= HDF5_USER_BLOCK && s != ERR_FORMAT))
            fail_msg("a bit of byte %zu changed, and the file opens (%s)", at, status_name(s));
        if (at >= HDF5_USER_BLOCK) refuses(s, ERR_FORMAT, "BLAKE2b");
        bytes[at] ^= (char)(1 << at % 8);
    }
    for (size_t k = 0; k < n; k += k < 600 || k > n - 600 ? 1 : 13) {
        Status s = open_bytes(path, bytes, k);
        assert_int_equal(s, ERR_FORMAT);
        if (k >= 2 * HDF5_USER_BLOCK) refuses(s, ERR_FORMAT, "header promises");
    }
    char *longer = calloc(1, n + 1);
    memcpy(longer, bytes, n);
    refuses(open_bytes(path, longer, n + 1), ERR_FORMAT, "header promises");
    free(longer);
    bytes[10] = '2';
    refuses(open_bytes(path, bytes, n), ERR_UNSUPPORTED, "not version 1");
    memset(bytes, 0, HDF5_USER_BLOCK);
    refuses(open_bytes(path, bytes, n), ERR_UNSUPPORTED, "whet did not write");
    setenv("WHET_TRUST_HDF5", "yes", 1);
    refuses(open_bytes(path, bytes, n), ERR_UNSUPPORTED, "whet did not write");
    setenv("WHET_TRUST_HDF5", "1", 1);
    ok(open_bytes(path, bytes, n));
    unsetenv("WHET_TRUST_HDF5");
    free(bytes);
}

/* ---- files from elsewhere, trusted ------------------------------------------------------------------------------- */

static hid_t foreign(const char *path)
{
    setenv("WHET_TRUST_HDF5", "1", 1);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t h = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(h >= 0);
    return h;
}

static void put(hid_t file, const char *name, hid_t type, int ndim, const hsize_t *dims, hid_t plist, const void *data)
{
    hid_t space = ndim ? H5Screate_simple(ndim, dims, NULL) : H5Screate(H5S_SCALAR);
    hid_t d = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(d >= 0);
    if (data) assert_true(H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Dclose(d);
}

/* Chunked and compressed in four dimensions, compact, and contiguous: any range reads right. */
static void test_foreign_layouts(void **state)
{
    (void)state;
    enum { N = 3 * 4 * 5 * 6 };
    const hsize_t dims[4] = { 3, 4, 5, 6 }, chunk[4] = { 2, 3, 2, 4 };
    const char   *path = in_folder("foreign.h5");
    int32_t       numbers[N], got[N];
    for (int32_t i = 0; i < N; i++) numbers[i] = i * i;
    hid_t h = foreign(path), chunked = H5Pcreate(H5P_DATASET_CREATE), compact = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 4, chunk);
    if (H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) H5Pset_deflate(chunked, 4);
    H5Pset_layout(compact, H5D_COMPACT);
    put(h, "chunked", H5T_STD_I32LE, 4, dims, chunked, numbers);
    put(h, "compact", H5T_STD_I32LE, 4, dims, compact, numbers);
    put(h, "contiguous", H5T_STD_I32LE, 4, dims, H5P_DEFAULT, numbers);
    put(h, "compact_scalar", H5T_STD_I32LE, 0, dims, compact, numbers + 5);
    H5Pclose(chunked);
    H5Pclose(compact);
    H5Fclose(h);

    ArrayFile *f;
    ok(array_file_open(&f, path));
    assert_int_equal(array_file_count(f), 4);
    ok(array_file_read(f, array_file_find(f, "compact_scalar"), 0, 1, got));
    assert_int_equal(got[0], 25);
    static const char *const names[] = { "chunked", "compact", "contiguous" };
    for (size_t k = 0; k < COUNT(names); k++) {
        const ArrayInfo *a = array_file_find(f, names[k]);
        assert_non_null(a);
        for (int64_t first = 0; first < N; first += 1 + first / 7)
            for (int64_t n = 1; n <= N - first; n += 1 + n / 5) {
                memset(got, -1, sizeof got);
                ok(array_file_read(f, a, first, n, got));
                assert_memory_equal(got, numbers + first, (size_t)n * 4);
                if (first + n < N) assert_int_equal(got[n], -1);
            }
    }
    array_file_close(f);
    unsetenv("WHET_TRUST_HDF5");
}

static void test_foreign_refusals(void **state)
{
    (void)state;
    const char   *path = in_folder("odd.h5");
    const hsize_t four = 4, many[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, huge[2] = { (hsize_t)1 << 62, 1 };
    const char    zeros[64] = { 0 };
    static const struct { const char *what; Status status; const char *words; } cases[] = {
        { "big-endian", ERR_UNSUPPORTED, "type that is not read" },
        { "unsigned", ERR_UNSUPPORTED, "type that is not read" },
        { "string", ERR_UNSUPPORTED, "type that is not read" },
        { "rank 9", ERR_UNSUPPORTED, "9 dimensions" },
        { "null", ERR_UNSUPPORTED, "has no shape" },
        { "external", ERR_UNSUPPORTED, "in other files" },
        { "virtual", ERR_UNSUPPORTED, "stored in a way" },
        { "soft", ERR_UNSUPPORTED, "not followed" },
        { "dangling", ERR_UNSUPPORTED, "not followed" },
        { "external link", ERR_UNSUPPORTED, "not followed" },
        { "cycle", ERR_FORMAT, "nest deeper" },
        { "deep", ERR_FORMAT, "nest deeper" },
        { "unwritten", ERR_FORMAT, "none of which were written" },
        { "huge", ERR_FORMAT, "2^63" },
        { "text of floats", ERR_FORMAT, "not a text" },
        { "text not UTF-8", ERR_FORMAT, "not UTF-8" },
        { "text with NUL", ERR_FORMAT, "without NUL" },
        { "name not UTF-8", ERR_FORMAT, "not UTF-8" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *what = cases[i].what;
        hid_t       h = foreign(path), plist = H5Pcreate(H5P_DATASET_CREATE);
        hid_t       g = H5Gcreate2(h, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        put(h, "g/fine", H5T_STD_I8LE, 1, &four, H5P_DEFAULT, zeros);
        if (strcmp(what, "big-endian") == 0) put(g, "x", H5T_STD_I32BE, 1, &four, plist, zeros);
        if (strcmp(what, "unsigned") == 0) put(g, "x", H5T_STD_U32LE, 1, &four, plist, zeros);
        if (strcmp(what, "string") == 0) put(g, "x", H5T_C_S1, 1, &four, plist, zeros);
        if (strcmp(what, "rank 9") == 0) put(g, "x", H5T_STD_I8LE, 9, many, plist, zeros);
        if (strcmp(what, "null") == 0) {
            hid_t space = H5Screate(H5S_NULL);
            H5Dclose(H5Dcreate2(g, "x", H5T_STD_I8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
            H5Sclose(space);
        }
        if (strcmp(what, "external") == 0) {
            H5Pset_external(plist, "/etc/passwd", 0, 4);
            put(g, "x", H5T_STD_I8LE, 1, &four, plist, NULL);
        }
        if (strcmp(what, "virtual") == 0) {
            hid_t space = H5Screate_simple(1, &four, NULL);
            H5Pset_virtual(plist, space, "other.h5", "y", space);
            put(g, "x", H5T_STD_I8LE, 1, &four, plist, NULL);
            H5Sclose(space);
        }
        if (strcmp(what, "soft") == 0) H5Lcreate_soft("/g/fine", g, "x", H5P_DEFAULT, H5P_DEFAULT);
        if (strcmp(what, "dangling") == 0) H5Lcreate_soft("/nowhere", g, "x", H5P_DEFAULT, H5P_DEFAULT);
        if (strcmp(what, "external link") == 0) H5Lcreate_external("other.h5", "/y", g, "x", H5P_DEFAULT, H5P_DEFAULT);
        if (strcmp(what, "cycle") == 0) {
            H5Lcreate_hard(h, "g", g, "again", H5P_DEFAULT, H5P_DEFAULT);
            H5Lcreate_hard(h, "/", g, "up", H5P_DEFAULT, H5P_DEFAULT);
        }
        if (strcmp(what, "deep") == 0) {
            char name[80] = "g";
            for (int k = 0; k < 16; k++) {
                strcat(name, "/d");
                H5Gclose(H5Gcreate2(h, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
            }
        }
        if (strcmp(what, "unwritten") == 0) put(g, "x", H5T_STD_I8LE, 1, &four, plist, NULL);
        if (strcmp(what, "huge") == 0) put(g, "x", H5T_STD_I16LE, 2, huge, plist, NULL);
        if (strncmp(what, "text", 4) == 0) H5Gclose(H5Gcreate2(h, "text", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        if (strcmp(what, "text of floats") == 0) put(h, "text/x", H5T_IEEE_F32LE, 1, &four, plist, zeros);
        if (strcmp(what, "text not UTF-8") == 0) put(h, "text/x", H5T_STD_U8LE, 1, &four, plist, "\xFF\xFE\xFD\xFC");
        if (strcmp(what, "text with NUL") == 0) put(h, "text/x", H5T_STD_U8LE, 1, &four, plist, "a\0bc");
        if (strcmp(what, "name not UTF-8") == 0) put(g, "x\xFF", H5T_STD_I8LE, 1, &four, plist, zeros);
        H5Gclose(g);
        H5Pclose(plist);
        H5Fclose(h);
        Status s = read_all(path);
        if (s != cases[i].status || !strstr(status_fact(), cases[i].words))
            fail_msg("%s: %s: %s", what, status_name(s), status_fact());
    }
    refuses(open_bytes(path, "\x89HDF\r\n\x1A\n and nothing", 20), ERR_FORMAT, "HDF5 says");
    unsetenv("WHET_TRUST_HDF5");
}

/* The pure checks, where no library makes such files. */
static void test_facts(void **state)
{
    (void)state;
    ArrayEntry      e;
    const Hdf5Facts good = { .ndim = 2, .dims = { 2, 3 }, .dtype = DTYPE_F32, .layout = HDF5_CONTIGUOUS,
                             .allocated = true, .offset = 1000, .file_size = 1024 };
    Hdf5Facts       x = good;
    ok(hdf5_check_facts(&e, &x, "p", "n"));
    assert_int_equal(e.info.count, 6);
    assert_true(e.placed);
    assert_int_equal(e.offset, 1000);
    x.offset = 1001;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "takes 24 bytes from 1001 on, file has 1024");
    x.offset = UINT64_MAX - 3;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "file has 1024");
    x = good, x.dims[0] = UINT64_MAX;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "dimension 0");
    x = good, x.dims[0] = (uint64_t)1 << 62;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "2^63");
    x = good, x.ndim = -1;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_UNSUPPORTED, "-1 dimensions");
    x = good, x.layout = HDF5_CHUNKED;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "a chunk");
    x.chunk[0] = 1, x.chunk[1] = (1 << 26) + 1;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "a chunk");
    x.chunk[1] = 1 << 26;
    ok(hdf5_check_facts(&e, &x, "p", "n"));
    assert_false(e.placed);
    x = good, x.layout = HDF5_COMPACT, x.dims[0] = 100;
    refuses(hdf5_check_facts(&e, &x, "p", "n"), ERR_FORMAT, "larger than its file");
}

static void test_many(void **state)
{
    (void)state;
    enum { N = 10000 };
    const char *path = in_folder("many.h5");
    ArrayFile  *f;
    char        name[64];
    ok(array_file_create(&f, path, FORMAT_HDF5));
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "model/layer.%d/weight.%d", i / 100, i);
        ok(array_file_declare(f, name, DTYPE_I32, DIMS(1)));
    }
    for (int32_t i = 0; i < N; i++) {
        snprintf(name, sizeof name, "model/layer.%d/weight.%d", i / 100, i);
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
    for (int32_t i = 0, got; i < N; i++) {
        snprintf(name, sizeof name, "model/layer.%d/weight.%d", i / 100, i);
        ok(array_file_read(f, array_file_find(f, name), 0, 1, &got));
        assert_int_equal(got, i);
    }
    array_file_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_real_values), cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_kill_safety), cmocka_unit_test(test_disk_full), cmocka_unit_test(test_tiny_disk),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_growing_reals), cmocka_unit_test(test_text), cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_foreign_layouts), cmocka_unit_test(test_foreign_refusals),
        cmocka_unit_test(test_facts), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
