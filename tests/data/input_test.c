/* tests/data/input_test.c: packed files, archives, encodings, and rows across the edges of buffers. */
#include "tests/data/rows_test.h"

#include <archive.h>
#include <archive_entry.h>
#include <unicode/ucnv.h>

static const RowsOptions lines = { .format = "text" };

/* ---- packed files, written by libarchive ------------------------------------------------------------------------- */

typedef struct Member { const char *name, *bytes; } Member;
typedef int (*Setup)(struct archive *);

static const char *write_packed(const char *name, Setup format, Setup filter, const Member *members, size_t n)
{
    const char     *path = test_path(name);
    struct archive *a = archive_write_new();
    assert_int_equal(format(a), ARCHIVE_OK);
    if (filter) assert_int_equal(filter(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        size_t                size = strlen(members[i].bytes);
        archive_entry_set_pathname(e, members[i].name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)size);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        assert_int_equal(archive_write_data(a, members[i].bytes, size), (la_ssize_t)size);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
    return path;
}

static const Want table[] = { { "one", NULL, "a", 2 }, { "two", NULL, "b", 3 } };

static void compressed_files(void **state)
{
    (void)state;
    static const struct { const char *name; Setup filter; } packers[] = {
        { "t.csv.gz", archive_write_add_filter_gzip }, { "t.csv.zst", archive_write_add_filter_zstd },
        { "t.csv.xz", archive_write_add_filter_xz },   { "t.csv.bz2", archive_write_add_filter_bzip2 },
        { "data", archive_write_add_filter_gzip },
    };
    RowsOptions o = { .text = "text", .label = "label", .need = ROW_NEEDS_LABEL };
    for (size_t i = 0; i < COUNT(packers); i++) {
        const char *path = write_packed(packers[i].name, archive_write_set_format_raw, packers[i].filter,
                                        &(Member){ "data", "text,label\none,a\ntwo,b\n" }, 1);
        check_path(path, &o, table, 2);
    }
}

static const Member pages[] = { { "set/pos/a.txt", "good\nfine\n" }, { "set/neg/b.txt", "bad\n" },
                                { "set/.hidden/c.txt", "no\n" }, { "__MACOSX/d.txt", "no\n" }, { "set/README", "about\n" } };

static void archives(void **state)
{
    (void)state;
    const Want  want[] = { { "good", NULL, "pos", 1 }, { "fine", NULL, "pos", 2 }, { "bad", NULL, "neg", 1 } };
    RowsOptions o = { .format = "text", .label = "@folder" };
    char        inside[256];
    for (int k = 0; k < 3; k++) {
        const char *path = k == 0 ? write_packed("t.zip", archive_write_set_format_zip, NULL, pages, COUNT(pages))
                         : k == 1 ? write_packed("t.tar", archive_write_set_format_pax_restricted, NULL, pages, COUNT(pages))
                                  : write_packed("t.tar.zst", archive_write_set_format_pax_restricted,
                                                 archive_write_add_filter_zstd, pages, COUNT(pages));
        check_path(path, &o, want, 3);
        snprintf(inside, sizeof inside, "%s//set/neg/b.txt", path);
        check_path(inside, &o, want + 2, 1);
        snprintf(inside, sizeof inside, "%s//set/p*/*.txt", path);
        check_path(inside, &o, want, 2);
        snprintf(inside, sizeof inside, "%s//set/pos", path);
        check_path(inside, &o, want, 2);
        snprintf(inside, sizeof inside, "%s//nothing", path);
        assert_int_equal(first_failure(inside, &o), ERR_DATA);
        assert_says(status_fact(), "no member of the archive matches nothing");
    }
    Rows *r = open_rows(test_path("t.zip"), &o);
    assert_says(rows_note(r), "README");
    assert_says(rows_path(r, 1), "t.zip//set/neg/b.txt");
    assert_true(rows_bytes(r) > 0 && rows_bytes(r) <= file_size(test_path("t.zip")));
    rows_close(r);
    assert_int_equal(first_failure(write_text("plain.txt", "a\n"), &o), OK);
    snprintf(inside, sizeof inside, "%s//a", test_path("plain.txt"));
    assert_int_equal(first_failure(inside, &o), ERR_DATA);
    assert_says(status_fact(), "is not an archive");
}

static void broken_archives(void **state)
{
    (void)state;
    Text t = { 0 };
    for (int i = 0; i < 20000; i++) assert_ok(text_addf(&t, "%d\n", i * 7919 % 10007));
    const char *path = write_packed("t.gz", archive_write_set_format_raw, archive_write_add_filter_gzip,
                                    &(Member){ "data", t.data }, 1);
    FileMap m;
    assert_ok(file_map(&m, path));
    const char *cut = write_bytes("cut.gz", m.data, m.size / 2);
    file_unmap(&m);
    text_release(&t);
    assert_int_equal(first_failure(cut, &lines), ERR_FORMAT);
    assert_says(status_fact(), "cut.gz: cannot be unpacked");
    assert_says(status_hint(), "incomplete");
}

/* Rows that lie across blocks, read in order and then by their places, of a stream that cannot go back. */
static void places_in_a_packed_file(void **state)
{
    (void)state;
    enum { N = 60000 };
    Text  t = { 0 };
    Place places[N / 1000];
    Row   row;
    bool  end;
    for (int i = 0; i < N; i++) assert_ok(text_addf(&t, "row %d %*s.\n", i, i % 61, ""));
    const char *path = write_packed("t.txt.gz", archive_write_set_format_raw, archive_write_add_filter_gzip,
                                    &(Member){ "data", t.data }, 1);
    Rows *r = open_rows(path, &lines);
    for (int i = 0; i < N; i++) {
        assert_ok(rows_next(r, &row, &end));
        assert_int_equal(atoi(row.text + 4), i);
        assert_int_equal(row.place.line, i + 1);
        if (i % 1000 == 0) places[i / 1000] = row.place;
    }
    assert_true(rows_bytes_read(r) > 0 && rows_bytes_read(r) <= rows_bytes(r));
    for (int k = 0; k < N / 1000; k++) {
        int i = k * 7 % (N / 1000);
        assert_ok(rows_seek(r, places[i]));
        assert_ok(rows_next(r, &row, &end));
        assert_int_equal(atoi(row.text + 4), i * 1000);
    }
    rows_close(r);
    text_release(&t);
}

static void a_row_has_an_end(void **state)
{
    (void)state;
    enum { LONG = (64 << 20) + 5 };
    char *bytes = malloc(LONG + 8);
    memset(bytes, 'x', LONG);
    memcpy(bytes + LONG, "\nnext\n", 7);
    const char *path = write_bytes("long.txt", bytes, LONG + 6);
    Counts      c = count_rows(path, &lines);
    assert_int_equal(c.good, 1);
    assert_int_equal(c.bad, 1);
    assert_string_equal(c.last, "next");
    assert_int_equal(first_failure(path, &lines), ERR_DATA);
    assert_says(status_fact(), "long.txt:1: a line of more than 64 MiB");
    bytes[LONG] = '\0';
    path = write_packed("long.txt.gz", archive_write_set_format_raw, archive_write_add_filter_gzip,
                        &(Member){ "data", bytes }, 1);
    assert_int_equal(first_failure(path, &lines), ERR_DATA);
    assert_says(status_fact(), "long.txt.gz:1: a line of more than 64 MiB");
    free(bytes);
}

/* ---- encodings --------------------------------------------------------------------------------------------------- */

static const char *write_encoded(const char *name, const char *text, const char *encoding, const char *mark, size_t n_mark)
{
    static char bytes[1 << 20];
    UErrorCode  e = U_ZERO_ERROR;
    memcpy(bytes, mark, n_mark);
    UConverter *to = ucnv_open(encoding, &e), *from = ucnv_open("UTF-8", &e);
    char       *target = bytes + n_mark;
    const char *source = text;
    ucnv_convertEx(to, from, &target, bytes + sizeof bytes, &source, text + strlen(text), NULL, NULL, NULL, NULL, true, true, &e);
    assert_true(U_SUCCESS(e));
    ucnv_close(to);
    ucnv_close(from);
    return write_bytes(name, bytes, (size_t)(target - bytes));
}

static void encodings_are_found(void **state)
{
    (void)state;
    static const struct { const char *encoding, *mark; size_t n_mark; } written[] = {
        { "UTF-8", "\xEF\xBB\xBF", 3 }, { "UTF-8", "", 0 },         { "UTF-16LE", "\xFF\xFE", 2 },
        { "UTF-16BE", "\xFE\xFF", 2 },  { "UTF-16LE", "", 0 },      { "UTF-16BE", "", 0 },
        { "GB18030", "", 0 },           { "GBK", "", 0 },
    };
    const Want want[] = {
        { "\xE4\xBB\x8A\xE5\xA4\xA9\xE5\xA4\xA9\xE6\xB0\x94\xE5\xBE\x88\xE5\xA5\xBD\xEF\xBC\x8C\xE6\x88\x91\xE4\xBB\xAC"
          "\xE5\x8E\xBB\xE5\x85\xAC\xE5\x9B\xAD", NULL, NULL, 1 },
        { "\xE4\xB8\x80 plain words \xE6\x98\xAF", NULL, NULL, 2 },
    };
    char text[256];
    snprintf(text, sizeof text, "%s\n%s\r\n", want[0].text, want[1].text);
    for (size_t i = 0; i < COUNT(written); i++)
        check_path(write_encoded("t.txt", text, written[i].encoding, written[i].mark, written[i].n_mark), &lines, want, 2);
    const Want latin[] = { { "caf\xC3\xA9 cr\xC3\xA8me", NULL, NULL, 1 } };
    RowsOptions o = { .format = "text", .encoding = "windows-1252" };
    check_path(write_bytes("t.txt", "caf\xE9 cr\xE8me\n", 11), &o, latin, 1);
    const Want both[] = { { "plain", NULL, NULL, 1 }, { "\xF0\x9F\x98\x80 x", NULL, NULL, 2 } };
    check_path(write_encoded("t.txt", "plain\n\xF0\x9F\x98\x80 x\n", "UTF-16LE", "", 0), &lines, both, 2);
}

static void what_is_not_found_is_refused(void **state)      /* not read as something it is not */
{
    (void)state;
    static const Bad cases[] = {
        { "t.txt", "gr\xFC\xDF" "e aus M\xFCnchen\n", "t.txt:1: byte 3 of the line, 0xFC, is not UTF-8", "iconv" },
        { "t.txt", "caf\xE9, cr\xE8me\n", "t.txt:1: byte 4 of the line, 0xE9, is not UTF-8", "iconv" },
        { "t.txt", "\xC7\xD1\xB1\xB9\xBE\xEE \xB9\xAE\xC0\xE5\xC0\xBB \xC0\xD0\xB4\xC2\xB4\xD9. \xBF\xC0\xB4\xC3\xC0\xBA "
          "\xB3\xAF\xBE\xBE\xB0\xA1 \xC1\xC1\xB4\xD9.\n", "is not UTF-8", "iconv" },                  /* EUC-KR */
    };
    refuse_all(cases, COUNT(cases), &lines);
    refuses(&(Bad){ "t.txt", "one\ntw\0o\n", "t.txt:2: a NUL byte", "UTF-16" }, 9, &lines);
    RowsOptions o = { .format = "text", .encoding = "no-such" };
    assert_int_equal(first_failure(write_text("t.txt", "a\n"), &o), ERR_CONFIG);
    assert_says(status_fact(), "data.encoding: \"no-such\" is not an encoding");
    o.encoding = "GB18030";
    Counts c = count_rows(write_text("t.txt", "\xC4\xE3\n\xC4\xFF\xFF\nend\n"), &o);
    assert_int_equal(c.good, 2);
    assert_int_equal(c.bad, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressed_files),    cmocka_unit_test(archives),
        cmocka_unit_test(broken_archives),     cmocka_unit_test(places_in_a_packed_file),
        cmocka_unit_test(a_row_has_an_end),    cmocka_unit_test(encodings_are_found),
        cmocka_unit_test(what_is_not_found_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
