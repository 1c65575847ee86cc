/* data/augment/synonym.c: a lexicon of groups of words that may stand for each other. */
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

#include "core/arena.h"
#include "core/file.h"
#include "data/augment/augment_internal.h"

enum { MAX_FILE = 256 << 20, MAX_WORD = 128 };

typedef struct Entry {
    char    *word, *key;               /* as it stands in the file; in lower case */
    uint32_t group, n_group;           /* its group's first entry, in file order */
    uint32_t self;                     /* its own place there */
} Entry;

struct Lexicon {
    Entry         *entries;            /* in file order */
    const Entry  **by_key;
    size_t         n, cap;
};

typedef int32_t CaseMap(int32_t cp);

/* The first `n_points` code points through the map, the rest as it is; false when out is too small. */
static bool map_case(const char *word, size_t n, CaseMap *map, size_t n_points, char out[MAX_WORD])
{
    size_t m = 0;
    for (size_t i = 0, k = 0; i < n; k++) {
        uint32_t cp;
        i += (size_t)utf8_decode(word + i, n - i, &cp);
        if (m + 5 > MAX_WORD) return false;
        m += (size_t)utf8_encode(k < n_points ? (uint32_t)map((int32_t)cp) : cp, out + m);
    }
    out[m] = '\0';
    return true;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static Status add_word(Lexicon *l, const char *word, size_t n, const char *path, int line)
{
    char key[MAX_WORD], *copy;
    while (n > 0 && (*word == ' ' || *word == '\r')) word++, n--;
    while (n > 0 && (word[n - 1] == ' ' || word[n - 1] == '\r')) n--;
    if (n == 0) return OK;
    if (!utf8_valid(word, n, NULL) || memchr(word, '\0', n) || !map_case(word, n, u_tolower, n, key))
        return hint(fail(ERR_FORMAT, "%s:%d: a word is not UTF-8, or longer than %d bytes", path, line, MAX_WORD - 5),
                    "a line is a group of words, with tabs or commas between");
    TRY(mem_grow(&l->entries, &l->cap, l->n + 1, sizeof *l->entries));
    size_t n_key = strlen(key) + 1;
    TRY(mem_new(&copy, n + 1 + n_key, 1));
    memcpy(copy, word, n);
    memcpy(copy + n + 1, key, n_key);
    l->entries[l->n++] = (Entry){ .word = copy, .key = copy + n + 1 };
    return OK;
}

static Status add_line(Lexicon *l, const char *line, size_t n, const char *path, int number)
{
    size_t first = l->n;
    char   separator = memchr(line, '\t', n) ? '\t' : ',';
    for (size_t at = 0; at <= n;) {
        const char *p = memchr(line + at, separator, n - at);
        size_t      end = p ? (size_t)(p - line) : n;
        TRY(add_word(l, line + at, end - at, path, number));
        at = end + 1;
    }
    if (l->n == first + 1)
        return hint(fail(ERR_FORMAT, "%s:%d: a group of one word", path, number),
                    "a group is two words or more, with tabs or commas between");
    for (size_t i = first; i < l->n; i++) {
        l->entries[i].group = (uint32_t)first;
        l->entries[i].n_group = (uint32_t)(l->n - first);
        l->entries[i].self = (uint32_t)(i - first);
    }
    return OK;
}

static int by_key(const void *a, const void *b)
{
    const Entry *x = *(const Entry *const *)a, *y = *(const Entry *const *)b;
    int          c = strcmp(x->key, y->key);
    return c ? c : (x > y) - (x < y);
}

static Status lexicon_read(Lexicon **out, const char *path)
{
    char    *file = NULL;
    size_t   n = 0;
    Lexicon *l = NULL;
    Status   s = mem_new(&l, 1, sizeof *l);
    if (s == OK) s = file_read(&file, &n, path, MAX_FILE);
    int line = 1;
    for (size_t at = 0; s == OK && at < n; line++) {
        const char *p = memchr(file + at, '\n', n - at);
        size_t      end = p ? (size_t)(p - file) : n;
        s = add_line(l, file + at, end - at, path, line);
        at = end + 1;
    }
    if (s == OK && l->n == 0)
        s = hint(fail(ERR_FORMAT, "%s: no words", path), "a line is a group of words, with tabs or commas between");
    if (s == OK) s = mem_new(&l->by_key, l->n, sizeof *l->by_key);
    if (s == OK) {
        for (size_t i = 0; i < l->n; i++) l->by_key[i] = &l->entries[i];
        qsort(l->by_key, l->n, sizeof *l->by_key, by_key);
    }
    free(file);
    *out = s == OK ? l : NULL;
    if (s != OK) lexicon_free(l);
    return s;
}

void lexicon_free(Lexicon *l)
{
    if (!l) return;
    for (size_t i = 0; i < l->n; i++) free(l->entries[i].word);
    free(l->entries);
    free(l->by_key);
    free(l);
}

/* FILE or FILE:P; a last part that is no number belongs to the name. */
Status synonym_parse(AugmentStep *s, const AugmentOptions *o, const char *argument)
{
    char       *name = NULL, *path = NULL, *end = NULL;
    const char *colon = strrchr(argument, ':');
    if (colon) strtod(colon + 1, &end);
    bool number = colon && end > colon + 1 && !*end;
    s->p = 0.1;
    if (number) TRY(chance_parse(s, o, colon + 1));
    TRY(text_format(&name, "%.*s", number ? (int)(colon - argument) : (int)strlen(argument), argument));
    Status status = path_join(&path, o->folder ? o->folder : "", name);
    if (status == OK) status = lexicon_read(&s->lexicon, path);
    free(name);
    free(path);
    return status == OK ? OK : during(status, "reading the lexicon of %s", s->where);
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

/* The entries of the key, [*first, *behind) of by_key. */
static void find_key(const Lexicon *l, const char *key, size_t *first, size_t *behind)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(l->by_key[middle]->key, key) < 0) low = middle + 1;
        else high = middle;
    }
    *first = *behind = low;
    while (*behind < l->n && strcmp(l->by_key[*behind]->key, key) == 0) ++*behind;
}

/* WORD gives SYNONYM, Word gives Synonym, word gives what stands in the file. */
static void keep_case(const char *word, size_t n, const char *key, const char *synonym, char out[MAX_WORD])
{
    char     upper[MAX_WORD];
    uint32_t first;
    size_t   n_first = (size_t)utf8_decode(word, n, &first), n_synonym = strlen(synonym);
    bool     all = n > n_first && map_case(word, n, u_toupper, n, upper);
    all = all && strncmp(upper, word, n) == 0 && strcmp(upper, key) != 0;
    bool     capital = u_isupper((int32_t)first);
    size_t   n_upper = all ? n_synonym : capital ? 1 : 0;
    if (!map_case(synonym, n_synonym, u_toupper, n_upper, out)) memcpy(out, synonym, n_synonym + 1);
}

Status synonym_run(const AugmentStep *s, AugmentWork *w, Draw d)
{
    TRY(word_list(w));
    for (size_t i = 0; i < w->n_words; i++) {
        const char *word = w->rewrite.text + w->words[i].begin;
        size_t      n = w->words[i].end - w->words[i].begin, first, behind;
        char        key[MAX_WORD], synonym[MAX_WORD];
        if (draw_uniform(d, 2 * i) >= s->p || !map_case(word, n, u_tolower, n, key)) continue;
        find_key(s->lexicon, key, &first, &behind);
        if (first == behind) continue;
        const Entry *e = s->lexicon->by_key[first + draw_below(d, 2 * i, (uint32_t)(behind - first))];
        uint32_t     other = draw_below(d, 2 * i + 1, e->n_group - 1);
        other += other >= e->self;
        keep_case(word, n, key, s->lexicon->entries[e->group + other].word, synonym);
        TRY(rewrite_replace(&w->rewrite, w->words[i].begin, w->words[i].end, synonym, strlen(synonym)));
    }
    return OK;
}
