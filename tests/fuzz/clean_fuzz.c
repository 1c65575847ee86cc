/* tests/fuzz/clean_fuzz.c: any UTF-8 text through one cleaning step. The first byte picks the step, the second and
 * third where a span is marked; the result must be UTF-8, and the marks must stand between its characters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/clean/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const steps[] = {
    "nfc", "nfd", "nfkc", "nfkd", "control", "whitespace", "lowercase", "html", "segment", "stopwords:en zh",
    "replace:(\\w)(\\w)?=>$2-$1", "replace:\\b|é=>", "replace:(?<=a)(.)|x*=>${1}中", "min_words:3", "max_words:3",
    "min_chars:3",
    "script:Latin,Han", "drop:(a+)+$", "keep:^\\p{L}+\\s",
};

typedef struct Prepared { Cleaner *cleaner; CleanWork *work; } Prepared;

static Prepared *prepared(size_t step)
{
    static Prepared all[COUNT(steps)];
    Prepared       *p = &all[step];
    char           *name = (char *)(uintptr_t)steps[step];
    StringList      list = { &name, 1 };
    if (p->work) return p;
    BUG_ON(cleaner_new(&p->cleaner, &(CleanOptions){ .steps = &list }) != OK);
    BUG_ON(clean_work_new(&p->work, p->cleaner) != OK);
    return p;
}

static size_t at_character(const char *text, size_t n, size_t at)
{
    while (at < n && (text[at] & 0xC0) == 0x80) at++;
    return at < n ? at : n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    const char *original = (const char *)data + 3, *text = original;
    size_t      n = size - 3, marks[4] = { 0, 0, 0, n };
    bool        kept, valid = utf8_valid(text, n, NULL);
    Prepared   *p = prepared(data[0] % COUNT(steps));
    marks[0] = at_character(text, n, data[1]);
    marks[1] = at_character(text, n, marks[0] + data[2]);
    Status s = clean_text(p->cleaner, p->work, data[0] & 1, &text, &n, marks, 4, &kept);
    if (s != OK) {
        BUG_ON(!status_fact()[0] || (valid && strncmp(steps[data[0] % COUNT(steps)], "drop", 4) != 0));
        return 0;
    }
    BUG_ON(!utf8_valid(text, n, NULL) || (text != original && text[n] != '\0'));
    for (size_t i = 0; i < COUNT(marks); i++)
        BUG_ON(marks[i] > n || (marks[i] < n && (text[marks[i]] & 0xC0) == 0x80) || (i % 2 && marks[i] < marks[i - 1]));
    return 0;
}
