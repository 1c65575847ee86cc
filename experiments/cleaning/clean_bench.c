/* One step over the lines of a file:  clean_bench STEP FILE [print]     seconds and MB/s to stderr; print: the results,
 * each with a NUL behind it. STEP "anonymize" finds personal data of all kinds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "data/clean/clean.h"

static Status run(Cleaner *c, CleanWork *w, const char *file, size_t n, bool prints)
{
    for (const char *line = file, *end; (end = memchr(line, '\n', (size_t)(file + n - line))); line = end + 1) {
        const char *text = line;
        size_t      len = (size_t)(end - line);
        bool        kept;
        TRY(clean_text(c, w, 0, &text, &len, NULL, 0, &kept));
        if (!prints) continue;
        fwrite(text, 1, len, stdout);
        putchar('\0');
    }
    return OK;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    char        *all = "all", *file;
    size_t       n;
    bool         anonymizes = strcmp(argv[1], "anonymize") == 0;
    StringList   list = { anonymizes ? &all : &argv[1], 1 };
    CleanOptions o = { .steps = anonymizes ? NULL : &list, .anonymize = anonymizes ? &list : NULL };
    Cleaner     *c;
    CleanWork   *w;
    if (cleaner_new(&c, &o) != OK || clean_work_new(&w, c) != OK || file_read(&file, &n, argv[2], 1 << 30) != OK) {
        status_print_last(stderr, false);
        return 1;
    }
    clock_t begin = clock();
    Status  s = run(c, w, file, n, argc > 3);
    double  seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (s != OK) status_print_last(stderr, false);
    else fprintf(stderr, "%-18s %8.3f s %8.0f MB/s\n", argv[1], seconds, (double)n / 1e6 / seconds);
    free(file);
    clean_work_free(w);
    cleaner_free(c);
    return s == OK ? 0 : 1;
}
