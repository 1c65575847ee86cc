/* data/corpus_source.c: what all readers need of a mapped file. */
#include "data/corpus_readers.h"

#include <inttypes.h>
#include <string.h>

const char *corpus_source_line(const Source *s, Place *p, size_t *n)
{
    const char *begin = s->file.data + p->at, *end = memchr(begin, '\n', s->file.size - p->at);
    *n = end ? (size_t)(end - begin) : s->file.size - p->at;
    p->at += *n + (end != NULL);
    p->line += end != NULL;
    if (*n > 0 && begin[*n - 1] == '\r') (*n)--;
    return begin;
}

Status corpus_check_bytes(const Source *s, const char *bytes, size_t n, int64_t line)
{
    size_t bad;
    if (n > CORPUS_MAX_ROW)
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": a row of %zu bytes, where at most %d are read", s->path, line, n,
                         CORPUS_MAX_ROW),
                    "split the text over several rows");
    const char *nul = memchr(bytes, 0, n);
    bool        valid = utf8_valid(bytes, n, &bad);
    if (nul && (valid || (size_t)(nul - bytes) < bad))
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": a NUL byte in the text", s->path, line),
                    "is this a text file? UTF-16 is converted with: iconv -f UTF-16 -t UTF-8");
    if (valid) return OK;
    for (size_t i = 0; i < bad; i++) line += bytes[i] == '\n';
    size_t from = bad;
    while (from > 0 && bytes[from - 1] != '\n') from--;
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": byte %zu of the line, 0x%02X, is not UTF-8", s->path, line,
                     bad - from + 1, (unsigned)(unsigned char)bytes[bad]),
                "convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8, or set data.on_bad_row to skip");
}

bool corpus_is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int      len = utf8_decode(text + i, n - i, &cp);
        if (len == 0) return false;
        bool space = cp <= ' ' || cp == 0x85 || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200B) ||
                     cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000 || cp == 0xFEFF;
        if (!space) return false;
        i += (size_t)len;
    }
    return true;
}

Status corpus_no_column(const Source *s, int64_t line, const char *what, const char *wanted, const char *names, int n,
                        const char *key)
{
    enum { SHOWN = 32 };
    const char *words[SHOWN] = { NULL };
    char        list[512] = "";
    size_t      len = 0;
    int         shown = 0;
    for (const char *name = names; shown < n && shown < SHOWN; name += strlen(name) + 1, shown++) {
        words[shown] = name;
        size_t n_name = strlen(name);
        while (n_name > 60 || (n_name > 0 && (name[n_name] & 0xC0) == 0x80)) n_name--;      /* between characters */
        if (len + n_name + 3 > sizeof list) break;
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%.*s", shown ? ", " : "", (int)n_name, name);
    }
    const char *near = text_nearest(wanted, words, (size_t)shown);
    Status      st = fail(ERR_DATA, "%s:%" PRId64 ": there is no %s \"%s\"; there %s %s%s", s->path, line, what, wanted,
                          n == 1 ? "is" : "are", n ? list : "none", shown < n ? ", ..." : "");
    if (near) return hint(st, "did you mean \"%s\"? data.%s says which one is read", near, key);
    return hint(st, "set data.%s to one of these%s", key,
                what[0] == 'c' ? "; the first line of the file must name the columns" : "");
}
