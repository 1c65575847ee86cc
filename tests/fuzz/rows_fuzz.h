/* tests/fuzz/rows_fuzz.h: bytes as a file in memory, read as rows.
 *
 * Every row must hold what rows.h promises and be found again by its place; every refusal says what to do; and each call
 * must come further, so that their number is bounded by the file's size. */
#ifndef TESTS_FUZZ_ROWS_FUZZ_H
#define TESTS_FUZZ_ROWS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"
#include "data/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { FUZZ_KEPT = 32 };

typedef struct KeptRow { Place place; char *text, *pair, *label; size_t n_spans, n_messages; } KeptRow;

static inline int fuzz_file(char path[64], const uint8_t *bytes, size_t n, const char *key)
{
    int fd = memfd_create("rows", MFD_CLOEXEC);
    BUG_ON(fd < 0);
    for (size_t at = 0; at < n;) {
        ssize_t wrote = write(fd, bytes + at, n - at);
        BUG_ON(wrote <= 0);
        at += (size_t)wrote;
    }
    snprintf(path, 64, "/proc/self/fd/%d%s", fd, key);
    return fd;
}

static inline bool same_string(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static inline void check_text(const char *text, size_t n)
{
    BUG_ON(strlen(text) != n || n == 0 || !utf8_valid(text, n, NULL));
}

static inline void check_fuzz_row(const Row *row, const RowsOptions *o)
{
    check_text(row->text, row->n_text);
    if (row->pair) check_text(row->pair, row->n_pair);
    BUG_ON(row->label && !utf8_valid(row->label, strlen(row->label), NULL));
    BUG_ON(row->group && !utf8_valid(row->group, strlen(row->group), NULL));
    BUG_ON(o->need == ROW_NEEDS_LABEL && !row->label);
    BUG_ON(row->place.line < 1 || row->place.at < 0 || row->place.item < 0);
    for (size_t i = 0; i < row->n_spans; i++) {
        const RowSpan *s = &row->spans[i];
        const char    *in = o->need == ROW_NEEDS_ANSWERS ? row->pair : row->text;
        size_t         n = o->need == ROW_NEEDS_ANSWERS ? row->n_pair : row->n_text;
        BUG_ON(s->begin > s->end || s->end > n || (s->begin < n && (in[s->begin] & 0xC0) == 0x80));
        BUG_ON(s->label && strlen(s->label) == 0);
        BUG_ON(o->need == ROW_NEEDS_TAGS && i && s->begin < s[-1].begin);
    }
    for (size_t i = 0; i < row->n_messages; i++) BUG_ON(!row->messages[i].role || !row->messages[i].content);
}

static inline KeptRow keep_row(const Row *row)
{
    return (KeptRow){ row->place, strdup(row->text), row->pair ? strdup(row->pair) : NULL,
                      row->label ? strdup(row->label) : NULL, row->n_spans, row->n_messages };
}

static inline void check_again(Rows *r, const KeptRow *k)
{
    Row  row;
    bool end;
    BUG_ON(rows_seek(r, k->place) != OK || rows_next(r, &row, &end) != OK || end);
    BUG_ON(strcmp(row.text, k->text) != 0 || !same_string(row.pair, k->pair) || !same_string(row.label, k->label));
    BUG_ON(row.n_spans != k->n_spans || row.n_messages != k->n_messages || memcmp(&row.place, &k->place, sizeof k->place));
}

static inline void read_stream(Rows *r, size_t n, const RowsOptions *o)
{
    KeptRow kept[FUZZ_KEPT];
    size_t  n_kept = 0, calls = 0;
    for (bool end = false; !end;) {
        Row    row;
        Status s = rows_next(r, &row, &end);
        BUG_ON(++calls > 64 * n + 1024);
        if (s != OK) BUG_ON(!status_fact()[0] || (s != ERR_MEMORY && !status_hint()[0]));
        if (s != OK && s != ERR_DATA) break;
        if (s != OK || end) continue;
        check_fuzz_row(&row, o);
        if (n_kept < FUZZ_KEPT) kept[n_kept++] = keep_row(&row);
    }
    while (n_kept--) {
        check_again(r, &kept[n_kept]);
        free(kept[n_kept].text);
        free(kept[n_kept].pair);
        free(kept[n_kept].label);
    }
}

/* o->paths is filled in. key: "" or "#key". */
static inline void read_as_rows(const uint8_t *bytes, size_t n, const RowsOptions *o, const char *key)
{
    char        path[64], *paths[] = { path };
    StringList  list = { paths, 1 };
    RowsOptions options = *o;
    int         fd = fuzz_file(path, bytes, n, key);
    Rows       *r;
    options.paths = &list;
    Status s = rows_open(&r, &options);
    if (s == OK) read_stream(r, n, o);
    if (s != OK && s != ERR_MEMORY && !status_hint()[0]) status_print_last(stderr, false);
    if (s != OK) BUG_ON(r || !status_fact()[0] || (s != ERR_MEMORY && !status_hint()[0]));
    rows_close(r);
    close(fd);
}

#endif
