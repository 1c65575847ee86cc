/* tests/io/io_test.h: what the tests of both formats share: a scratch folder, files from bytes, sentences to expect. */
#ifndef TESTS_IO_IO_TEST_H
#define TESTS_IO_IO_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "io/array_file.h"

#undef fail                       /* cmocka's macro of that name, which fail_msg() needs, against core/status.h's */
#include <cmocka.h>

#define DIMS(...) (const int64_t[]){ __VA_ARGS__ }, (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))
#define ok(call) check_status((call), OK, NULL, __LINE__)
#define refuses(call, code, words) check_status((call), (code), (words), __LINE__)

static char folder[64];

static inline void check_status(Status got, Status want, const char *words, int line)
{
    if (got != want)
        fail_msg("line %d: %s, want %s: %s", line, status_name(got), status_name(want), got ? status_fact() : "");
    if (words && !strstr(status_fact(), words))
        fail_msg("line %d: the sentence \"%s\" lacks \"%s\"", line, status_fact(), words);
}

static inline int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/whet_io_XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return file_remove_folder(folder) == OK ? 0 : -1;
}

/* One of four path buffers in the scratch folder. */
static inline const char *in_folder(const char *name)
{
    static char paths[4][192];
    static int  turn;
    char       *p = paths[turn++ & 3];
    snprintf(p, sizeof paths[0], "%s/%s", folder, name);
    return p;
}

static inline const char *file_of(const char *name, const void *bytes, size_t n)
{
    const char *path = in_folder(name);
    ok(file_write_whole(path, bytes, n));
    return path;
}

static inline bool left_over(const char *path)
{
    char tmp[256];
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    return file_exists(tmp);
}

/* Reads everything there is; for files that may be anything. */
static inline Status read_all(const char *path)
{
    ArrayFile *f;
    TRY(array_file_open(&f, path));
    Status s = OK;
    for (size_t i = 0; i < array_file_count(f) && s == OK; i++) {
        const ArrayInfo *a = array_file_at(f, i);
        char            *p = malloc((size_t)a->count * dtype_size(a->dtype) + 1);
        assert_non_null(p);
        s = array_file_read(f, a, 0, a->count, p);
        free(p);
    }
    array_file_close(f);
    return s;
}

/* A deterministic byte for element byte i of array number a. */
static inline unsigned char byte_of(int a, size_t i) { return (unsigned char)(i * 37 + (size_t)a * 11 + (i >> 8)); }

/* Every dtype, several shapes (empty, rank 0, rank 8), texts; written in pieces, read whole and in ranges. */
static inline void round_trip(ArrayFormat format, const char *path)
{
    static const struct { int64_t shape[ARRAY_MAX_DIMS]; int ndim; const char *name; } shapes[] = {
        { { 0 }, 0, "scalar" }, { { 0 }, 1, "empty" }, { { 7 }, 1, "row" }, { { 5, 3 }, 2, "deep/er/matrix" },
        { { 4, 0, 3 }, 3, "none" }, { { 1, 2, 1, 3, 1, 2, 1, 2 }, 8, "eight" }, { { 1000, 33 }, 2, "large" },
    };
    enum { N_SHAPES = sizeof shapes / sizeof *shapes };
    ArrayFile *f;
    ok(array_file_create(&f, path, format));
    ok(array_file_put_text(f, "config", "{\"hidden_size\": 384}"));
    ok(array_file_put_text(f, "empty", ""));
    ok(array_file_put_text(f, "config", "{\"hidden_size\": \"gr\xC3\xB6\xC3\x9F" "er\"}"));       /* replaces */
    char name[64];
    for (int t = 0; t < DTYPE_COUNT; t++)
        for (int i = 0; i < N_SHAPES; i++) {
            snprintf(name, sizeof name, "%s/%s", dtype_name((DType)t), shapes[i].name);
            ok(array_file_declare(f, name, (DType)t, shapes[i].shape, shapes[i].ndim));
        }
    for (int t = DTYPE_COUNT - 1; t >= 0; t--)
        for (int i = 0; i < N_SHAPES; i++) {
            snprintf(name, sizeof name, "%s/%s", dtype_name((DType)t), shapes[i].name);
            const ArrayInfo *a = array_file_find(f, name);
            size_t           size = dtype_size((DType)t), n = (size_t)a->count * size;
            unsigned char   *p = malloc(n + 1);
            for (size_t k = 0; k < n; k++) p[k] = (DType)t == DTYPE_BOOL ? k & 1 : byte_of(t * 16 + i, k);
            int64_t half = a->count / 2;
            ok(array_file_write(f, name, half, a->count - half, p + (size_t)half * size));
            ok(array_file_write(f, name, 0, half, p));
            free(p);
        }
    assert_false(file_exists(path));
    ok(array_file_commit(f));
    refuses(array_file_commit(f), ERR_STATE, "finished");
    array_file_close(f);
    assert_true(file_exists(path));
    assert_false(left_over(path));

    ok(array_file_open(&f, path));
    assert_int_equal(array_file_count(f), DTYPE_COUNT * N_SHAPES);
    assert_string_equal(array_file_text(f, "config"), "{\"hidden_size\": \"gr\xC3\xB6\xC3\x9F" "er\"}");
    assert_string_equal(array_file_text(f, "empty"), "");
    assert_null(array_file_text(f, "Config"));
    assert_null(array_file_find(f, "F32/absent"));
    for (int t = 0; t < DTYPE_COUNT; t++)
        for (int i = 0; i < N_SHAPES; i++) {
            snprintf(name, sizeof name, "%s/%s", dtype_name((DType)t), shapes[i].name);
            const ArrayInfo *a = array_file_find(f, name);
            assert_non_null(a);
            assert_int_equal(a->dtype, t);
            assert_int_equal(a->ndim, shapes[i].ndim);
            for (int d = 0; d < a->ndim; d++) assert_int_equal(a->shape[d], shapes[i].shape[d]);
            size_t         size = dtype_size((DType)t);
            unsigned char *p = malloc((size_t)a->count * size + 1);
            for (int64_t first = 0, n; first <= a->count; first += n + 1) {          /* ranges of growing length */
                n = first * 2 < a->count - first ? first * 2 : a->count - first;
                ok(array_file_read(f, a, first, n, p));
                for (size_t k = 0, at = (size_t)first * size; k < (size_t)n * size; k++, at++)
                    if (p[k] != ((DType)t == DTYPE_BOOL ? (at & 1) : byte_of(t * 16 + i, at)))
                        fail_msg("%s differs at byte %zu", name, at);
            }
            refuses(array_file_read(f, a, 0, a->count + 1, p), ERR_SHAPE, "elements");
            refuses(array_file_read(f, a, a->count + 1, 0, p), ERR_SHAPE, "elements");
            refuses(array_file_read(f, a, -1, 1, p), ERR_SHAPE, "elements");
            refuses(array_file_read(f, a, INT64_MAX, INT64_MAX, p), ERR_SHAPE, "elements");
            free(p);
        }
    array_file_close(f);
}

/* Reals come out of each floating-point type, and of no other. */
static inline void real_values(ArrayFormat format, const char *path)
{
    static const DType floats[] = { DTYPE_F32, DTYPE_F64, DTYPE_F16, DTYPE_BF16 };
    const REAL         values[5] = { 0, 1, -2, (REAL)0.5, 96 };
    char               bytes[5 * 8];
    ArrayFile         *f;
    ok(array_file_create(&f, path, format));
    for (size_t i = 0; i < 4; i++) ok(array_file_declare(f, dtype_name(floats[i]), floats[i], DIMS(5)));
    ok(array_file_declare(f, "ints", DTYPE_I32, DIMS(5)));
    ok(array_file_declare(f, "flags", DTYPE_BOOL, DIMS(5)));
    for (size_t i = 0; i < 4; i++) {
        dtype_from_real(bytes, values, floats[i], 5);
        ok(array_file_write(f, dtype_name(floats[i]), 0, 5, bytes));
    }
    ok(array_file_write(f, "ints", 0, 5, bytes));
    ok(array_file_write(f, "flags", 0, 5, "\0\1\0\1\0"));
    ok(array_file_commit(f));
    array_file_close(f);
    ok(array_file_open(&f, path));
    for (size_t i = 0; i < 4; i++) {
        REAL got[5];
        ok(array_file_read_real(f, array_file_find(f, dtype_name(floats[i])), 1, 4, got));
        assert_memory_equal(got, values + 1, 4 * sizeof(REAL));
    }
    REAL got[5];
    refuses(array_file_read_real(f, array_file_find(f, "ints"), 0, 5, got), ERR_DATA, "holds I32");
    refuses(array_file_read_real(f, array_file_find(f, "flags"), 0, 5, got), ERR_DATA, "holds BOOL");
    array_file_close(f);
}

/* What a writer must refuse, and that nothing stays behind. */
static inline void misuse(ArrayFormat format, const char *path)
{
    ArrayFile *f;
    float      x[4] = { 1, 2, 3, 4 };
    ok(array_file_create(&f, path, format));
    assert_true(left_over(path));
    ok(array_file_declare(f, "a", DTYPE_F32, DIMS(4)));
    refuses(array_file_declare(f, "a", DTYPE_F32, DIMS(4)), ERR_STATE, "declared twice");
    refuses(array_file_declare(f, "b", DTYPE_F32, DIMS(4, -1)), ERR_SHAPE, "-1");
    refuses(array_file_declare(f, "b", DTYPE_F32, DIMS(INT64_MAX, 2)), ERR_FORMAT, "2^63");
    refuses(array_file_declare(f, "b", DTYPE_F32, DIMS(INT64_MAX, 0)), ERR_FORMAT, "2^63");
    refuses(array_file_declare(f, "b", DTYPE_F32, (const int64_t[9]){ 1 }, 9), ERR_SHAPE, "9 dimensions");
    static const char *const names[] = { "", "/a", "a/", "a//b", ".", "a/../b", "a/.", "\xFF",
                                         "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        refuses(array_file_declare(f, names[i], DTYPE_F32, DIMS(1)), ERR_STATE, "cannot be the name");
        refuses(array_file_put_text(f, names[i], "x"), ERR_STATE, "cannot be the name");
    }
    refuses(array_file_put_text(f, "t", "\xFF"), ERR_DATA, "UTF-8");
    refuses(array_file_write(f, "b", 0, 1, x), ERR_STATE, "not declared");
    refuses(array_file_write(f, "a", 2, 3, x), ERR_SHAPE, "4 elements");
    refuses(array_file_append(f, "a", 1, x), ERR_STATE, "cannot be appended");
    ok(array_file_write(f, "a", 1, 3, x));
    refuses(array_file_read(f, array_file_find(f, "a"), 1, 1, x), ERR_STATE, "being written");
    refuses(array_file_commit(f), ERR_STATE, "of which 3 were written");
    assert_false(file_exists(path));
    array_file_close(f);
    assert_false(left_over(path));
    assert_false(file_exists(path));
    refuses(array_file_create(&f, "/nonexistent/folder/x", format), ERR_IO, "No such file");
    assert_null(f);
    array_file_close(NULL);
}

/* A whole old file stays readable while a new one is written, given up, or killed half-way. */
static inline void kill_safety(ArrayFormat format, const char *path)
{
    ArrayFile *f, *g;
    int32_t    x = 1;
    for (int round = 0; round < 3; round++) {
        ok(array_file_create(&f, path, format));
        ok(array_file_declare(f, "x", DTYPE_I32, NULL, 0));
        x = round + 1;
        ok(array_file_write(f, "x", 0, 1, &x));
        if (round) {
            ok(array_file_open(&g, path));
            ok(array_file_read(g, array_file_at(g, 0), 0, 1, &x));
            assert_int_equal(x, 1);
            array_file_close(g);
        }
        if (round == 2) break;
        if (round == 0) ok(array_file_commit(f));
        array_file_close(f);
    }
    /* As a killed writer leaves it: PATH.tmp stays, and is in nobody's way. */
    char tmp[256];
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    char *half = NULL;
    size_t n = 0;
    ok(file_read(&half, &n, tmp, 1 << 20));
    array_file_close(f);
    ok(file_write_whole(tmp, half, n));
    free(half);
    ok(array_file_create(&f, path, format));
    ok(array_file_declare(f, "x", DTYPE_I32, NULL, 0));
    x = 9;
    ok(array_file_write(f, "x", 0, 1, &x));
    ok(array_file_commit(f));
    array_file_close(f);
    ok(array_file_open(&f, path));
    ok(array_file_read(f, array_file_at(f, 0), 0, 1, &x));
    assert_int_equal(x, 9);
    array_file_close(f);
    assert_false(left_over(path));
}

/* Writes 40 arrays of 10 kB, a growing one where that is possible, and a text; the first failure is given back. */
static inline Status write_much(ArrayFormat format, const char *path)
{
    enum { N = 10000 };
    static char bytes[N];
    ArrayFile  *f;
    char        name[32];
    TRY(array_file_create(&f, path, format));
    Status s = array_file_put_text(f, "note", "some text");
    for (int i = 0; i < 40 && s == OK; i++) {
        snprintf(name, sizeof name, "group%d/a%d", i % 5, i);
        s = array_file_declare(f, name, DTYPE_I8, DIMS(N));
    }
    if (s == OK && format == FORMAT_HDF5) s = array_file_declare_growing(f, "more", DTYPE_I8, 512);
    for (int i = 0; i < 40 && s == OK; i++) {
        snprintf(name, sizeof name, "group%d/a%d", i % 5, i);
        s = array_file_write(f, name, 0, N, bytes);
        if (s == OK && format == FORMAT_HDF5) s = array_file_append(f, "more", 300, bytes);
    }
    if (s == OK) s = array_file_commit(f);
    if (s == ERR_IO) {
        assert_false(left_over(path));           /* at once, not only after the close */
        assert_int_equal(array_file_commit(f), ERR_STATE);
        assert_int_equal(array_file_write(f, "group0/a0", 0, 1, bytes), ERR_STATE);
        assert_int_equal(array_file_put_text(f, "late", "x"), ERR_STATE);
    }
    array_file_close(f);
    return s;
}

/* Every limit on the file's size from nothing up to enough, in steps that are no multiple of anything. */
static inline void disk_full(ArrayFormat format, const char *path)
{
    struct rlimit old, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    int refused = 0;
    for (rlim_t bytes = 0;; bytes += bytes < 20000 ? 97 : 7919) {
        limit = (struct rlimit){ bytes, old.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        Status s = write_much(format, path);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_false(left_over(path));
        if (s == OK) break;
        assert_int_equal(s, ERR_IO);
        assert_false(file_exists(path));
        refused++;
        assert_true(bytes < 4000000);
    }
    assert_true(refused > 50);
    ok(read_all(path));
}

/* A disk of 256 KiB, which really fills up: the old file stays. Only root may mount one. */
static inline void tiny_disk(ArrayFormat format)
{
    char tiny[128], path[160];
    snprintf(tiny, sizeof tiny, "%s/tiny", folder);
    snprintf(path, sizeof path, "%s/x", tiny);
    ok(file_make_folder(tiny));
    if (mount("tmpfs", tiny, "tmpfs", 0, "size=256k") != 0) {
        print_message("skipped: a tmpfs cannot be mounted here (%s)\n", strerror(errno));
        skip();
    }
    ArrayFile *f;
    ok(array_file_create(&f, path, format));
    ok(array_file_declare(f, "old", DTYPE_I8, DIMS(1)));
    ok(array_file_write(f, "old", 0, 1, "o"));
    ok(array_file_commit(f));
    array_file_close(f);
    Status s = write_much(format, path);
    bool   left = left_over(path);
    Status old = read_all(path);
    assert_int_equal(umount(tiny), 0);
    assert_int_equal(s, ERR_IO);
    assert_false(left);
    assert_int_equal(old, OK);
}

#endif
