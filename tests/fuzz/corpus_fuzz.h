/* tests/fuzz/corpus_fuzz.h: bytes as a file in memory, read as a corpus. */
#ifndef TESTS_FUZZ_CORPUS_FUZZ_H
#define TESTS_FUZZ_CORPUS_FUZZ_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"
#include "data/corpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void check_row_again(Corpus *c, int64_t i, int64_t *line)
{
    Row r;
    BUG_ON(corpus_row(c, i, &r) != OK);                 /* it was good when the file was indexed */
    BUG_ON(strlen(r.text) != r.n_text || r.n_text == 0 || !utf8_valid(r.text, r.n_text, NULL));
    BUG_ON(r.pair && (strlen(r.pair) != r.n_pair || !utf8_valid(r.pair, r.n_pair, NULL)));
    BUG_ON(r.label && !utf8_valid(r.label, strlen(r.label), NULL));
    BUG_ON(r.line >= *line || r.line < 1 || corpus_find_line(c, r.line) != i);
    *line = r.line;
}

static inline void read_as_corpus(const uint8_t *bytes, size_t n, const CorpusOptions *o)
{
    char path[64];
    int  fd = memfd_create("rows", MFD_CLOEXEC);
    BUG_ON(fd < 0);
    for (size_t at = 0; at < n;) {
        ssize_t wrote = write(fd, bytes + at, n - at);
        BUG_ON(wrote <= 0);
        at += (size_t)wrote;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    Corpus *c;
    Status  s = corpus_open(&c, path, o);
    if (s == OK) {
        int64_t line = INT64_MAX;
        for (int64_t i = corpus_count(c) - 1; i >= 0; i--) check_row_again(c, i, &line);
        BUG_ON(corpus_count(c) == 0);
        corpus_close(c);
    } else {
        BUG_ON(c || !status_fact()[0] || !status_hint()[0]);      /* every refusal says what to do */
    }
    close(fd);
}

#endif
