/* tests/core/file_test.c: a reader sees the old file or the new one; paths by text. */
#include "tests/core/core_test.h"

#include <sys/stat.h>

#include "core/text.h"

static void test_read(void **state)
{
    (void)state;
    char       *text;
    size_t      n;
    const char *path = in_folder("bytes");
    must(file_write_whole(path, "a\0b\n", 4));
    assert_int_equal(file_size(path), 4);
    must(file_read(&text, &n, path, 4));
    assert_int_equal(n, 4);
    assert_memory_equal(text, "a\0b\n", 5);               /* with a NUL behind */
    free(text);
    must_fail(file_read(&text, &n, path, 3), ERR_FORMAT, "4 bytes, where at most 3 make sense");
    assert_null(text);
    assert_int_equal(n, 0);
    must(file_read(&text, NULL, text_file("empty", ""), 0));
    assert_string_equal(text, "");
    free(text);
    must_fail(file_read(&text, &n, in_folder("gone"), 9), ERR_IO, "gone: cannot be opened: No such file");
    must_fail(file_read(&text, &n, folder, 9), ERR_IO, "is a folder, not a file");
}

static void test_map(void **state)
{
    (void)state;
    FileMap m;
    must(file_map(&m, text_file("map", "mapped")));
    assert_int_equal(m.size, 6);
    assert_memory_equal(m.data, "mapped", 6);
    must(file_write_whole(in_folder("map"), "new", 3));   /* a replaced file stays what it was for who maps it */
    assert_memory_equal(m.data, "mapped", 6);
    file_unmap(&m);
    assert_null(m.data);
    file_unmap(&m);
    must(file_map(&m, text_file("empty", "")));
    assert_null(m.data);
    assert_int_equal(m.size, 0);
}

static void test_commit_and_abort(void **state)
{
    (void)state;
    FileWriter  w;
    const char *path = text_file("x", "old"), *tmp = in_folder("x.tmp");
    must(file_create(&w, path));
    must(file_write(&w, "new", 3));
    must(file_printf(&w, " %d%s", 42, "\n"));
    assert_file(path, "old");
    assert_true(file_exists(tmp));
    must(file_commit(&w));
    assert_file(path, "new 42\n");
    assert_false(file_exists(tmp));
    file_abort(&w);                                       /* after a commit: nothing */
    assert_file(path, "new 42\n");

    must(file_create(&w, path));
    must(file_write(&w, "half", 4));
    file_abort(&w);
    assert_file(path, "new 42\n");
    assert_false(file_exists(tmp));

    must_fail(file_create(&w, in_folder("no/folder/x")), ERR_IO, "cannot be created: No such file");
    assert_null(w.f);
    assert_null(w.path);
    assert_null(w.tmp);

    must(file_make_folder(in_folder("taken/deep")));
    must(file_create(&w, in_folder("taken")));            /* a folder lies where the file should go */
    must(file_write(&w, "x", 1));
    must_fail(file_commit(&w), ERR_IO, "cannot be put in place");
    assert_false(file_exists(in_folder("taken.tmp")));
    assert_true(file_is_folder(in_folder("taken/deep")));
}

/* Writes n bytes over path while no file may grow past limit. */
static Status write_limited(const char *path, size_t n, size_t limit, size_t piece)
{
    static char   bytes[20000];
    struct rlimit old;
    FileWriter    w;
    memset(bytes, 'n', sizeof bytes);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = { limit, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    Status s = piece ? file_create(&w, path) : file_write_whole(path, bytes, n);
    if (piece) {
        for (size_t at = 0; s == OK && at < n; at += piece) {
            size_t part = at + piece > n ? n - at : piece;
            s = at % 2 ? file_write(&w, bytes, part) : file_printf(&w, "%.*s", (int)part, bytes);
        }
        if (s == OK) s = file_commit(&w);
        else file_abort(&w);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    return s;
}

/* The disk fills up at any byte: the old file stays, whole, and nothing lies beside it. */
static void test_disk_full(void **state)
{
    (void)state;
    static const size_t limits[] = { 0, 1, 100, 4095, 4096, 4097, 8192, 19999 }, pieces[] = { 0, 33, 5000 };
    char                path[192];
    snprintf(path, sizeof path, "%s", text_file("full", "the old file"));
    signal(SIGXFSZ, SIG_IGN);
    for (size_t p = 0; p < COUNT(pieces); p++)
        for (size_t i = 0; i < COUNT(limits); i++) {
            must_fail(write_limited(path, 20000, limits[i], pieces[p]), ERR_IO,
                      "full: cannot be written: File too large");
            assert_file(path, "the old file");
            assert_false(file_exists(in_folder("full.tmp")));
        }
    for (size_t p = 0; p < COUNT(pieces); p++) {
        must(file_write_whole(path, "the old file", 12));
        must(write_limited(path, 20000, 20000, pieces[p]));
        assert_int_equal(file_size(path), 20000);
        assert_false(file_exists(in_folder("full.tmp")));
    }
}

static void test_copy_and_replace(void **state)
{
    (void)state;
    const char *a = text_file("a", "first"), *b = in_folder("b");
    must(file_copy(a, b));
    assert_file(b, "first");
    must(file_copy(text_file("empty", ""), b));
    assert_int_equal(file_size(b), 0);
    must(file_copy(a, a));                                /* onto itself */
    assert_file(a, "first");
    must_fail(file_copy(in_folder("gone"), b), ERR_IO, "No such file");
    must(file_replace(a, b));
    assert_file(b, "first");
    assert_false(file_exists(a));
    must_fail(file_replace(a, b), ERR_IO, "No such file");
    assert_file(b, "first");
    must(file_make_folder(in_folder("in_the_way/x")));
    must_fail(file_replace(b, in_folder("in_the_way")), ERR_IO, "cannot be put in place");
    assert_false(file_exists(b));                         /* the temporary file does not stay */
    assert_int_equal(file_size(b), -1);
}

static void test_folders(void **state)
{
    (void)state;
    must(file_make_folder(in_folder("p/q//r/")));
    must(file_make_folder(in_folder("p/q/r")));
    assert_true(file_is_folder(in_folder("p/q/r")));
    text_file("p/q/file", "x");
    assert_false(file_is_folder(in_folder("p/q/file")));
    must_fail(file_make_folder(in_folder("p/q/file")), ERR_IO, "is in the way: it is not a folder");
    must_fail(file_make_folder(in_folder("p/q/file/deeper")), ERR_IO, "is in the way: it is not a folder");
    must(file_make_folder("/"));
    must(file_make_folder("."));
    must_fail(file_make_folder(""), ERR_IO, "cannot be created");

    text_file("p/.hidden", "x");
    must(file_make_folder(in_folder("outside")));
    text_file("outside/precious", "kept");
    assert_int_equal(symlink(in_folder("outside"), in_folder("p/link")), 0);
    assert_int_equal(symlink("nowhere", in_folder("p/dangling")), 0);
    must(file_remove_folder(in_folder("p")));
    assert_false(file_exists(in_folder("p")));
    assert_file(in_folder("outside/precious"), "kept");

    assert_int_equal(symlink(in_folder("outside"), in_folder("straight")), 0);
    must_fail(file_remove_folder(in_folder("straight")), ERR_IO, "straight");       /* nor when it is itself a link */
    assert_file(in_folder("outside/precious"), "kept");
    must_fail(file_remove_folder(in_folder("gone")), ERR_IO, "No such file");
    must_fail(file_remove_folder(in_folder("outside/precious")), ERR_IO, "precious");
    assert_file(in_folder("outside/precious"), "kept");
}

static void test_paths(void **state)
{
    (void)state;
    static const struct { const char *base, *name, *want; } joins[] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a", "/b", "/b" }, { "", "b", "b" }, { ".", "b", "b" },
        { "/", "b", "/b" }, { "..", "b", "../b" }, { "a", "", "a/" },
    };
    static const struct { const char *path, *folder, *name; } parts[] = {
        { "a/b/c", "a/b", "c" }, { "c", ".", "c" }, { "/c", "/", "c" }, { "a/", "a", "" }, { "a/b.h5", "a", "b.h5" },
    };
    char *got = NULL;
    for (size_t i = 0; i < COUNT(joins); i++) {
        must(path_join(&got, joins[i].base, joins[i].name));
        assert_string_equal(got, joins[i].want);
    }
    for (size_t i = 0; i < COUNT(parts); i++) {
        must(path_folder(&got, parts[i].path));
        assert_string_equal(got, parts[i].folder);
        assert_string_equal(path_name(parts[i].path), parts[i].name);
    }
    free(got);
    assert_true(path_has_suffix("run/best.h5", ".h5"));
    assert_true(path_has_suffix(".h5", ".h5"));
    assert_false(path_has_suffix("best.H5", ".h5"));
    assert_false(path_has_suffix("h5", ".h5"));
    assert_false(path_has_suffix("best.h5.tmp", ".h5"));
}

static void test_absolute(void **state)
{
    (void)state;
    static const struct { const char *path, *want; } cases[] = {
        { "/", "/" },           { "//", "/" },          { "/a", "/a" },        { "/a/", "/a" }, { "//a///b//", "/a/b" },
        { "/a/./b/.", "/a/b" }, { "/a/../b", "/b" },    { "/a/b/..", "/a" },   { "/a/..", "/" },       { "/..", "/" },
        { "/../../x", "/x" },   { "/a/b/../../c", "/c" }, { "/a/...", "/a/..." }, { "/a/.b/..c", "/a/.b/..c" },
        { "/./../.", "/" },     { "/ab/../ab/c", "/ab/c" }, { "/a/b/c/../../d/./e/..", "/a/d" },
    };
    char *got = NULL, *cwd = getcwd(NULL, 0), *parent = NULL, want[512];
    for (size_t i = 0; i < COUNT(cases); i++) {
        must(path_absolute(&got, cases[i].path));
        if (strcmp(got, cases[i].want) != 0) fail_msg("%s became %s, not %s", cases[i].path, got, cases[i].want);
    }
    static const struct { const char *path, *tail; } here[] = {
        { "", "" }, { ".", "" }, { "./", "" }, { "x", "/x" }, { "./x/", "/x" }, { "x/../y", "/y" },
        { "not//there/z", "/not/there/z" },
    };
    for (size_t i = 0; i < COUNT(here); i++) {
        must(path_absolute(&got, here[i].path));
        snprintf(want, sizeof want, "%s%s", cwd, here[i].tail);
        assert_string_equal(got, want);
    }
    must(path_folder(&parent, cwd));
    must(path_absolute(&got, "../x"));
    snprintf(want, sizeof want, "%s/x", parent);
    assert_string_equal(got, want);
    free(got);
    free(cwd);
    free(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),    cmocka_unit_test(test_map),   cmocka_unit_test(test_commit_and_abort),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_folders), cmocka_unit_test(test_paths), cmocka_unit_test(test_copy_and_replace),
        cmocka_unit_test(test_absolute),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
