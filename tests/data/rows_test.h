/* tests/data/rows_test.h: files read as rows, and what the tests of readers assert again and again. */
#ifndef TESTS_DATA_ROWS_TEST_H
#define TESTS_DATA_ROWS_TEST_H

#include "data/rows.h"
#include "tests/data/data_test.h"

typedef struct Want { const char *text, *pair, *label; int64_t line; } Want;

/* Options for one file; the list lives in static memory until the next call. */
static inline RowsOptions options_for(const char *path, const RowsOptions *o)
{
    static char       name[512];
    static char      *items[1] = { name };
    static StringList list = { items, 1 };
    RowsOptions       out = *o;
    snprintf(name, sizeof name, "%s", path);
    out.paths = &list;
    return out;
}

static inline Rows *open_rows(const char *path, const RowsOptions *o)
{
    RowsOptions options = options_for(path, o);
    Rows       *r;
    assert_ok(rows_open(&r, &options));
    return r;
}

static inline void check_string(const char *got, const char *want)
{
    if (want && !got) fail_msg("nothing, where \"%s\" was expected", want);
    if (want) assert_string_equal(got, want);
    else assert_null(got);
}

static inline void check_row(const Row *row, const Want *want)
{
    assert_string_equal(row->text, want->text);
    assert_int_equal(row->n_text, strlen(want->text));
    assert_int_equal(row->place.line, want->line);
    check_string(row->pair, want->pair);
    check_string(row->label, want->label);
}

/* Forward, then each row again by its place, backwards. */
static inline void check_rows(Rows *r, const Want *want, int n)
{
    Place places[64];
    Row   row;
    bool  end;
    assert_true(n <= 64);
    for (int i = 0; i < n; i++) {
        assert_ok(rows_next(r, &row, &end));
        if (end) fail_msg("%d rows, %d expected", i, n);
        check_row(&row, &want[i]);
        places[i] = row.place;
    }
    assert_ok(rows_next(r, &row, &end));
    if (!end) fail_msg("a row too many: %s", row.text);
    assert_null(row.text);
    for (int i = n - 1; i >= 0; i--) {
        assert_ok(rows_seek(r, places[i]));
        assert_ok(rows_next(r, &row, &end));
        assert_false(end);
        check_row(&row, &want[i]);
        assert_memory_equal(&row.place, &places[i], sizeof row.place);
    }
}

static inline void check_path(const char *path, const RowsOptions *o, const Want *want, int n)
{
    Rows *r = open_rows(path, o);
    check_rows(r, want, n);
    rows_close(r);
}

static inline void check_file(const char *name, const char *bytes, const RowsOptions *o, const Want *want, int n)
{
    check_path(write_text(name, bytes), o, want, n);
}

/* The first failure of opening and reading; OK when there is none. */
static inline Status first_failure(const char *path, const RowsOptions *o)
{
    RowsOptions options = options_for(path, o);
    Rows       *r;
    Row         row;
    bool        end = false;
    Status      s = rows_open(&r, &options);
    if (s != OK) assert_null(r);
    while (s == OK && !end) s = rows_next(r, &row, &end);
    rows_close(r);
    return s;
}

typedef struct Bad { const char *name, *bytes, *fact, *remedy; } Bad;

static inline void refuses(const Bad *b, size_t n_bytes, const RowsOptions *o)
{
    Status s = first_failure(write_bytes(b->name, b->bytes, n_bytes), o);
    if (s == OK) fail_msg("accepted: %s", b->bytes);
    assert_says(status_fact(), b->fact);
    if (b->remedy) assert_says(status_hint(), b->remedy);
    assert_true(status_hint()[0] != '\0');              /* every refusal says what to do */
}

static inline void refuse_all(const Bad *cases, size_t n, const RowsOptions *o)
{
    for (size_t i = 0; i < n; i++) refuses(&cases[i], strlen(cases[i].bytes), o);
}

/* Good rows among bad ones: how many of each, and the last good one's text. */
typedef struct Counts { int64_t good, bad; char last[256]; } Counts;

static inline Counts count_rows(const char *path, const RowsOptions *o)
{
    Counts c = { 0 };
    Rows  *r = open_rows(path, o);
    for (bool end = false; !end;) {
        Row    row;
        Status s = rows_next(r, &row, &end);
        if (s != OK && s != ERR_DATA) fail_msg("%s", status_fact());
        if (s != OK) c.bad++;
        if (s == OK && !end) {
            c.good++;
            snprintf(c.last, sizeof c.last, "%s", row.text);
        }
    }
    rows_close(r);
    return c;
}

#endif
