/* tests/data/clean/clean_help.h: a text through steps in one line, and marks written into the text itself. */
#ifndef TESTS_DATA_CLEAN_CLEAN_HELP_H
#define TESTS_DATA_CLEAN_CLEAN_HELP_H

#include <stdlib.h>
#include <string.h>

#include "data/clean/clean.h"
#include "tests/harness/test.h"

enum { HELP_MAX = 8192, HELP_MARKS = 32 };

/* "a|b|c" to a list; a NULL word ends it. Strings are borrowed. */
static inline StringList help_list(const char **words)
{
    StringList l = { (char **)words, 0 };
    while (words && words[l.n]) l.n++;
    return l;
}

#define STEPS(...) (const char *[]){ __VA_ARGS__, NULL }

/* Takes < and > of the marked text out, as marks in pairs; `plain` has room for HELP_MAX. */
static inline size_t help_unmark(const char *marked, char *plain, size_t marks[HELP_MARKS])
{
    size_t n = 0, n_marks = 0;
    for (; *marked; marked++) {
        /* brackets of U+27E8 */
        if (strncmp(marked, "\xE2\x9F\xA8", 3) == 0 || strncmp(marked, "\xE2\x9F\xA9", 3) == 0) {
            marks[n_marks++] = n;
            marked += 2;
        } else plain[n++] = *marked;
    }
    plain[n] = '\0';
    return n_marks;
}

static inline void help_mark(const char *plain, size_t n, const size_t *marks, size_t n_marks, char *marked)
{
    for (size_t i = 0, k = 0; i <= n; i++) {
        for (; k < n_marks && marks[k] == i; k++) {
            memcpy(marked, k & 1 ? "\xE2\x9F\xA9" : "\xE2\x9F\xA8", 3);
            marked += 3;
        }
        if (i < n) *marked++ = plain[i];
    }
    *marked = '\0';
}

/* The text, with marks in ⟨ ⟩, through the steps; NULL when a filter refused it. The string lives until the next call. */
static inline const char *cleaned_with(const CleanOptions *o, const char *marked)
{
    static char result[2 * HELP_MAX];
    char        plain[HELP_MAX];
    size_t      marks[HELP_MARKS], n_marks = help_unmark(marked, plain, marks), n = strlen(plain);
    const char *text = plain;
    Cleaner    *c;
    CleanWork  *w;
    bool        kept;
    must(cleaner_new(&c, o));
    must(clean_work_new(&w, c));
    must(clean_text(c, w, 0, &text, &n, marks, n_marks, &kept));
    assert_int_equal(strlen(text), n);
    assert_true(n + 3 * n_marks < sizeof result);
    help_mark(text, n, marks, n_marks, result);
    clean_work_free(w);
    cleaner_free(c);
    return kept ? result : NULL;
}

static inline const char *cleaned(const char **steps, const char *marked)
{
    StringList   list = help_list(steps);
    CleanOptions o = { .steps = &list };
    return cleaned_with(&o, marked);
}

#define assert_cleaned(steps, text, expected) assert_string_equal(cleaned(steps, text), expected)

/* The step is refused with these words in fact or hint. */
static inline void assert_refused(const char *step, const char *words)
{
    StringList   list = help_list(STEPS("nfc", "whitespace", step));
    CleanOptions o = { .steps = &list };
    Cleaner     *c;
    must_fail(cleaner_new(&c, &o), ERR_CONFIG, words);
    assert_null(c);
    if (!strstr(status_fact(), "data.clean[2]")) fail_msg("\"%s\" lacks data.clean[2]", status_fact());
}

#endif
