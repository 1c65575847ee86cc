/* data/augment/pairs.c: copies that somebody made before (a translation there and back, a paraphrase), from a file. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "data/augment/augment_internal.h"

enum { MAX_FILE = 1 << 30 };

typedef struct PairRow { uint64_t hash; size_t order; cJSON *json; } PairRow;
struct Pairs {
    PairRow *rows;                     /* by hash, then as in the file */
    size_t   n, cap;
};

static bool is_words(const cJSON *v) { return cJSON_IsString(v) && v->valuestring[0]; }

static bool row_is_right(const cJSON *row)
{
    const cJSON *v = json_get(row, "augmented"), *item;
    if (!is_words(json_get(row, "text"))) return false;
    if (!cJSON_IsArray(v)) return is_words(v);
    cJSON_ArrayForEach(item, v)
        if (!is_words(item)) return false;
    return true;
}

static Status add_row(Pairs *p, const char *line, size_t n, const char *path, int number)
{
    char   name[512];
    cJSON *row;
    snprintf(name, sizeof name, "%s:%d", path, number);
    TRY(json_parse(&row, line, n, name, JSON_REFUSE_NUL));
    if (!row_is_right(row)) {
        cJSON_Delete(row);
        return hint(fail(ERR_FORMAT, "%s: not a text and what it becomes", name),
                    "a line is {\"text\": \"...\", \"augmented\": \"...\"} or {..., \"augmented\": [\"...\", \"...\"]}");
    }
    const char *text = json_get(row, "text")->valuestring;
    Status      s = mem_grow(&p->rows, &p->cap, p->n + 1, sizeof *p->rows);
    if (s == OK) p->rows[p->n] = (PairRow){ hash_u64(text, strlen(text), 0), p->n, row };
    else cJSON_Delete(row);
    p->n += s == OK;
    return s;
}

static int by_hash(const void *a, const void *b)
{
    const PairRow *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static bool is_blank(const char *line, size_t n)
{
    while (n > 0 && (unsigned char)line[n - 1] <= ' ') n--;
    return n == 0;
}

static Status pairs_read(Pairs *p, const char *path)
{
    char  *file;
    size_t n;
    Status s = file_read(&file, &n, path, MAX_FILE);
    if (s != OK) return s;
    int line = 1;
    for (size_t at = 0; s == OK && at < n; line++) {
        const char *newline = memchr(file + at, '\n', n - at);
        size_t      end = newline ? (size_t)(newline - file) : n;
        if (!is_blank(file + at, end - at)) s = add_row(p, file + at, end - at, path, line);
        at = end + 1;
    }
    free(file);
    if (s == OK && p->n == 0)
        s = hint(fail(ERR_FORMAT, "%s: no rows", path), "a line is {\"text\": \"...\", \"augmented\": \"...\"}");
    if (s == OK) qsort(p->rows, p->n, sizeof *p->rows, by_hash);
    return s;
}

Status pairs_parse(AugmentStep *s, const AugmentOptions *o, const char *argument)
{
    char *path = NULL;
    TRY(mem_new(&s->pairs, 1, sizeof *s->pairs));
    TRY(path_join(&path, o->folder ? o->folder : "", argument));
    Status status = pairs_read(s->pairs, path);
    free(path);
    return status == OK ? OK : during(status, "reading the pairs of %s", s->where);
}

void pairs_free(Pairs *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) cJSON_Delete(p->rows[i].json);
    free(p->rows);
    free(p);
}

/* What copy number `copy` of the text becomes: its rows' texts are counted through; NULL when there is none left. */
static const char *find_copy(const Pairs *p, const char *text, size_t n, int64_t copy)
{
    uint64_t hash = hash_u64(text, n, 0);
    size_t   low = 0, high = p->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->rows[middle].hash < hash) low = middle + 1;
        else high = middle;
    }
    for (; low < p->n && p->rows[low].hash == hash; low++) {
        const char  *known = json_get(p->rows[low].json, "text")->valuestring;
        const cJSON *v = json_get(p->rows[low].json, "augmented");
        if (strlen(known) != n || memcmp(known, text, n) != 0) continue;
        int count = cJSON_IsArray(v) ? cJSON_GetArraySize(v) : 1;
        if (copy < count) return cJSON_IsArray(v) ? cJSON_GetArrayItem(v, (int)copy)->valuestring : v->valuestring;
        copy -= count;
    }
    return NULL;
}

Status pairs_run(const AugmentStep *s, AugmentWork *w, Draw d)
{
    (void)d;
    if (w->n_marks > 0 || w->copy < 0) return OK;
    const char *copy = find_copy(s->pairs, w->rewrite.text, w->rewrite.n, w->copy);
    return copy ? rewrite_replace(&w->rewrite, 0, w->rewrite.n, copy, strlen(copy)) : OK;
}
