/* data/guess_names.c: what the name of a file, folder or key says: a split, a class, or that it is no data. */
#include <ctype.h>
#include <string.h>

#include "data/guess_internal.h"

static Split split_of_word(const char *word, size_t n)
{
    static const struct { const char *word; Split split; } words[] = {
        { "train", SPLIT_TRAIN },      { "trn", SPLIT_TRAIN },             { "training", SPLIT_TRAIN },
        { "dev", SPLIT_VALIDATION },   { "development", SPLIT_VALIDATION }, { "valid", SPLIT_VALIDATION },
        { "val", SPLIT_VALIDATION },   { "validation", SPLIT_VALIDATION }, { "eval", SPLIT_VALIDATION },
        { "test", SPLIT_TEST },        { "tst", SPLIT_TEST },              { "testing", SPLIT_TEST },
    };
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i].word) == n && strncasecmp(words[i].word, word, n) == 0) return words[i].split;
    return SPLIT_NONE;
}

/* Words are runs of letters, or of digits, or of anything that is not ASCII. */
static int kind_of(char c)
{
    return isalpha((unsigned char)c) ? 1 : isdigit((unsigned char)c) ? 2 : (unsigned char)c >= 0x80 ? 3 : 0;
}

static void add_word(char *stem, size_t size, size_t *used, const char *word, size_t n)
{
    if (*used > 0 && *used + 1 < size) stem[(*used)++] = ' ';
    for (size_t i = 0; i < n && *used + 1 < size; i++) stem[(*used)++] = (char)tolower((unsigned char)word[i]);
    stem[*used] = '\0';
}

Split split_of(const char *name, char *stem, size_t size)
{
    size_t n = strcspn(name, ".") ? input_name_length(name) : strlen(name), used = 0;
    Split  split = SPLIT_NONE;
    const char *dot = memrchr(name, '.', n);
    stem[0] = '\0';
    if (dot && dot > name && strlen(dot) <= 10) n = (size_t)(dot - name);
    for (size_t i = 0; i < n;) {
        size_t from = i;
        int    kind = kind_of(name[i]);
        while (i < n && kind_of(name[i]) == kind) i++;
        Split s = kind == 1 ? split_of_word(name + from, i - from) : SPLIT_NONE;
        if (s != SPLIT_NONE && split == SPLIT_NONE) split = s;
        else if (kind != 0) add_word(stem, size, &used, name + from, i - from);
    }
    while (used > 0 && (isdigit((unsigned char)stem[used - 1]) || stem[used - 1] == ' '))
        stem[--used] = '\0'; /* a part's number */
    return split;
}

bool name_is_about_data(const char *name)
{
    static const char *const words[] = { "license*",  "licence*",   "readme*", "source*", "notice*",
                                         "citation*", "changelog*", "*.md",    "*.py",    "*.sh",
                                         "*.pl",      "*.pdf",      "*.yml",   "*.yaml",  "*.html",
                                         "*.xml",     "*.dtd",      "*.css",   "*.xsl" };
    char lower[256];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof lower; n++) lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < COUNT(words); i++) if (text_match(words[i], lower)) return true;
    return false;
}

static bool is_class_word(const char *word, size_t n)
{
    static const char *const words[] = {
        "pos", "neg", "positive", "negative", "neutral", "ham", "spam", "toxic", "normal", "fake", "real", "true",
        "false", "subjective", "objective", "quote", "plot", "good", "bad",
    };
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i]) == n && strncasecmp(words[i], word, n) == 0) return true;
    return false;
}

bool name_has_class(const char *name)
{
    for (const char *p = name; *p;) {
        size_t n = 0;
        while (p[n] && kind_of(p[n]) == 1) n++;
        if (n > 0 && is_class_word(p, n)) return true;
        p += n + (p[n] != '\0');
    }
    return false;
}
