/* tests/fuzz/guess_fuzz.c: any bytes as a file of data that whet init looks at: a guess that is given was read with the
 * readers, and one that is refused says what to do. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/guess_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const Guess *g)
{
    static const char *const tasks[] = { "sequence-classification", "sentence-pair", "regression", "token-classification",
                                         "question-answering", "masked-lm" };
    bool known = false;
    for (size_t i = 0; i < COUNT(tasks); i++) known |= strcmp(g->task, tasks[i]) == 0;
    BUG_ON(!known || !g->format || g->train.n == 0 || !g->validation || g->reasons.n == 0);
    BUG_ON(g->n_seen <= g->n_bad || g->max_length < 16 || g->max_length > 512 || g->max_length % 8 != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    Guess g;
    char  path[64], stem[16];
    int   fd = memfd_create("data", MFD_CLOEXEC);
    BUG_ON(fd < 0);
    for (size_t at = 0; at < n;) {
        ssize_t wrote = write(fd, data + at, n - at);
        BUG_ON(wrote <= 0);
        at += (size_t)wrote;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (guess_data(&g, path, NULL) == OK) check(&g);
    else BUG_ON(g.task || !status_fact()[0] || !status_hint()[0]);
    guess_release(&g);
    close(fd);

    char name[64];                                        /* and as the name of a file */
    snprintf(name, sizeof name, "%.*s", (int)(n < 60 ? n : 60), (const char *)data);
    split_of(name, stem, sizeof stem);
    BUG_ON(strlen(stem) >= sizeof stem);
    return 0;
}
