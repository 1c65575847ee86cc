/* tests/fuzz/augment_fuzz.c: any bytes as a text to augment, as a lexicon, or as a file of pairs. The first byte says
 * which, the next two where a span is marked. A copy is UTF-8 and not empty, its marks stand between characters. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"
#include "data/augment/augment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_copy(const Augmenter *a, AugmentWork *w, const char *text, size_t n, const uint8_t at[2])
{
    size_t      marks[4] = { at[0] < n ? at[0] : n, 0, 0, n }, n_out;
    const char *out;
    while (marks[0] < n && (text[marks[0]] & 0xC0) == 0x80) marks[0]++;
    marks[1] = marks[0] + at[1] < n ? marks[0] + at[1] : n;
    while (marks[1] < n && (text[marks[1]] & 0xC0) == 0x80) marks[1]++;
    if (n == 0 || augment_text(a, w, text, n, marks, at[0] & 1 ? 4 : 0, at[1], at[0] & 3, &out, &n_out) != OK) return;
    BUG_ON(n_out == 0 || out[n_out] != '\0' || !utf8_valid(out, n_out, NULL));
    for (size_t i = 0; (at[0] & 1) && i < 4; i++)
        BUG_ON(marks[i] > n_out || (out[marks[i]] & 0xC0) == 0x80 || (i % 2 && marks[i] < marks[i - 1]));
}

/* A step whose file these bytes are; then on a text of its words. */
static void check_file(const char *step, const char *bytes, size_t n, AugmentWork *w, const uint8_t at[2])
{
    char       word[64], *item = word;
    Augmenter *a;
    int        fd = memfd_create("words", MFD_CLOEXEC);
    BUG_ON(fd < 0 || write(fd, bytes, n) != (ssize_t)n);
    snprintf(word, sizeof word, "%s:/proc/self/fd/%d", step, fd);
    Status s = augmenter_new(&a, &(AugmentOptions){ .steps = &(StringList){ &item, 1 } });
    if (s == OK) check_copy(a, w, bytes, n, at);
    else BUG_ON(a || !status_fact()[0]);
    augmenter_free(a);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Augmenter   *a;
    static AugmentWork *w;
    char               *steps[] = { "delete:0.3", "swap:0.5", "typo:0.2" };
    if (size < 4) return 0;
    if (!w) BUG_ON(augment_work_new(&w) != OK);
    if (!a) BUG_ON(augmenter_new(&a, &(AugmentOptions){ .steps = &(StringList){ steps, COUNT(steps) } }) != OK);
    const char *bytes = (const char *)data + 3;
    if (data[0] % 3 == 0) check_copy(a, w, bytes, size - 3, data + 1);
    else check_file(data[0] % 3 == 1 ? "synonym" : "pairs", bytes, size - 3, w, data + 1);
    return 0;
}
