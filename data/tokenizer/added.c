/* data/tokenizer/added.c: added tokens, found in the text before the normalizer or, the "normalized" ones, after it.
 *
 * As in the reference: leftmost match first, the longest of those; a single_word match between word characters is
 * passed over, lstrip and rstrip make a match take the white space beside it. The id that a file gives an added token
 * must be the one the reference would give: that of the vocabulary where it stands there, else the next free one. Of
 * two tokens that normalise to the same string the first is found; the reference takes either, by chance. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static bool find(const AddedSet *set, const char *text, size_t n, size_t from, size_t *begin, size_t *end,
                 int32_t *which)
{
    for (size_t i = from; i < n; i++) {
        if (set->only_first >= 0) {
            const char *p = memchr(text + i, set->only_first, n - i);
            if (!p) return false;
            i = (size_t)(p - text);
        } else if (!set->first[(unsigned char)text[i]]) {
            continue;
        }
        uint32_t node = TRIE_ROOT;
        *which = -1;
        for (size_t k = i; k < n; k++) {
            node = trie_step(&set->trie, node, (unsigned char)text[k]);
            if (node == TRIE_NONE) break;
            if (set->trie.values[node] >= 0) {
                *which = set->trie.values[node];
                *end = k + 1;
            }
        }
        if (*which >= 0) {
            *begin = i;
            return true;
        }
    }
    return false;
}

static uint32_t code_point_at(const char *text, size_t at, size_t n, int *len)
{
    uint32_t cp = 0;
    *len = utf8_decode(text + at, n - at, &cp);
    BUG_ON(*len == 0);
    return cp;
}

static bool word_at(const char *text, size_t at, size_t n)
{
    int len;
    return unicode_is_word(code_point_at(text, at, n, &len));
}

bool added_next(const Tokenizer *t, const AddedSet *set, const char *text, size_t n, AddedIter *iter, AddedMatch *match)
{
    size_t  begin, end;
    int32_t which;
    int     len;
    while (set->n > 0 && find(set, text, n, iter->at, &begin, &end, &which)) {
        const AddedToken *token = &t->added[which];
        iter->at = end;
        if (token->single_word
            && ((begin > 0 && word_at(text, char_before(text, begin), n)) || (end < n && word_at(text, end, n))))
            continue;
        if (token->lstrip) {
            while (begin > iter->taken
                   && unicode_flags(code_point_at(text, char_before(text, begin), n, &len)) & UNICODE_SPACE)
                begin = char_before(text, begin);
            if (begin < iter->taken) begin = iter->taken;         /* the token before took that white space */
            if (begin > end) begin = end;
        }
        if (token->rstrip) {
            size_t from = end;
            if (end >= iter->spaces.begin && end < iter->spaces.end) end = iter->spaces.end;
            while (end < n && unicode_flags(code_point_at(text, end, n, &len)) & UNICODE_SPACE) end += (size_t)len;
            iter->spaces = (Span){ (uint32_t)from, (uint32_t)end };
        }
        *match = (AddedMatch){ token, begin, end };
        return true;
    }
    return false;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status set_add(AddedSet *set, const char *pattern, int32_t which, uint64_t seed)
{
    size_t n = strlen(pattern);
    if (n == 0) return OK;                        /* normalised to nothing: never found */
    set->trie.seed = seed;
    TRY(trie_add(&set->trie, TRIE_ROOT, pattern, n, which));
    set->first[(unsigned char)pattern[0]] = true;
    set->only_first = set->n == 0 || set->only_first == (unsigned char)pattern[0] ? (unsigned char)pattern[0] : -1;
    set->n++;
    return OK;
}

static Status normalise_pattern(Tokenizer *t, Scratch *sc, AddedToken *a)
{
    TRY(normalize(t, sc, a->content, strlen(a->content), 0));
    return text_format(&a->shown, "%.*s", (int)sc->text->n, sc->text->text);
}

/* next_id: what the next token gets that the vocabulary does not have. */
static Status read_one(Tokenizer *t, AddedToken *a, const cJSON *json, Scratch *sc, int32_t *next_id, const char *where)
{
    const char *content;
    int64_t     id;
    if (!cJSON_IsObject(json)) return fail(ERR_FORMAT, "%s must be an object", where);
    TRY(json_get_string(&content, json, "content", "", where));
    TRY(json_get_int(&id, json, "id", -1, where));
    TRY(json_get_bool(&a->special, json, "special", false, where));
    TRY(json_get_bool(&a->single_word, json, "single_word", false, where));
    TRY(json_get_bool(&a->lstrip, json, "lstrip", false, where));
    TRY(json_get_bool(&a->rstrip, json, "rstrip", false, where));
    TRY(json_get_bool(&a->normalized, json, "normalized", !a->special, where));
    if (!*content) return fail(ERR_FORMAT, "%s has no content", where);
    if (strlen(content) > MAX_TOKEN_BYTES) return fail(ERR_FORMAT, "%s: %zu bytes of content", where, strlen(content));
    a->id = vocab_find(&t->vocab, content, strlen(content));
    if (a->id < 0) {
        a->id = (*next_id)++;
        if (vocab_string(&t->vocab, a->id))
            return hint(fail(ERR_FORMAT, "%s: \"%s\" and \"%s\" share the id %d", where, vocab_string(&t->vocab, a->id),
                             content, a->id),
                        "the vocabulary has holes (a line that stands twice leaves one); fill them");
    }
    if (id != a->id)
        return hint(fail(ERR_FORMAT, "%s: \"%s\" says id %lld, but its place is %d", where, content, (long long)id,
                         a->id),
                    "added tokens that are not in the vocabulary follow it in order, without holes");
    if (id >= TOKENIZER_MAX_VOCAB) return fail(ERR_FORMAT, "%s: id %lld is too large", where, (long long)id);
    TRY(text_copy(&a->content, content));
    return a->normalized ? normalise_pattern(t, sc, a) : text_copy(&a->shown, content);
}

static Status read_all(Tokenizer *t, const cJSON *array, Scratch *sc, const char *name)
{
    /* The reference counts on from the number of tokens, which is the highest id + 1 unless there are holes. */
    int32_t next_id = t->vocab.count;
    char   *where = NULL;
    Status  s = OK;
    for (const cJSON *c = array->child; s == OK && c; c = c->next) {
        AddedToken *a = &t->added[t->n_added++];
        if ((s = text_format(&where, "%s: added_tokens[%zu]", name, t->n_added - 1)) != OK) break;
        s = read_one(t, a, c, sc, &next_id, where);
        if (s == OK) s = set_add(a->normalized ? &t->normalized : &t->raw, a->shown, (int32_t)t->n_added - 1, t->seed);
    }
    free(where);
    return s;
}

/* content -> index, and which tokens decoding skips: the reference compares what it shows with the special contents. */
static Status index_added(Tokenizer *t, const char *name)
{
    const char **strings = NULL;
    int32_t     *indexes = NULL;
    Status       s = mem_new(&strings, t->n_added, sizeof *strings);
    if (s == OK) s = mem_new(&indexes, t->n_added, sizeof *indexes);
    for (size_t i = 0; s == OK && i < t->n_added; i++) {
        strings[i] = t->added[i].content;
        indexes[i] = (int32_t)i;
    }
    char *where = NULL;
    if (s == OK) s = text_format(&where, "%s: added_tokens", name);
    if (s == OK) s = vocab_build(&t->added_names, strings, indexes, t->n_added, t->seed, where);
    for (size_t i = 0; s == OK && i < t->n_added; i++) {
        int32_t same = vocab_find(&t->added_names, t->added[i].shown, strlen(t->added[i].shown));
        t->added[i].skipped = same >= 0 && t->added[same].special;
    }
    free(where);
    free(strings);
    free(indexes);
    return s;
}

Status added_parse(Tokenizer *t, const cJSON *array, const char *name)
{
    t->raw.only_first = t->normalized.only_first = -1;
    size_t n = 0;
    if (array) {
        if (!cJSON_IsArray(array)) return fail(ERR_FORMAT, "%s: \"added_tokens\" must be a list", name);
        n = (size_t)cJSON_GetArraySize(array);
        if (n > TOKENIZER_MAX_VOCAB) return fail(ERR_FORMAT, "%s: %zu added tokens", name, n);
        TRY(mem_new(&t->added, n, sizeof *t->added));
        Scratch *sc;
        TRY(mem_new(&sc, 1, sizeof *sc));
        Status s = read_all(t, array, sc, name);
        scratch_free(sc);
        TRY(s);
        TRY(index_added(t, name));
    }
    t->size = t->vocab.size;
    for (size_t i = 0; i < n; i++)
        if (t->added[i].id >= t->size) t->size = t->added[i].id + 1;
    TRY(mem_new(&t->added_of_id, (size_t)t->size, sizeof *t->added_of_id));
    for (int32_t id = 0; id < t->size; id++) t->added_of_id[id] = -1;
    for (size_t i = 0; i < n; i++) t->added_of_id[t->added[i].id] = (int32_t)i;
    return OK;
}

void added_release(Tokenizer *t)
{
    for (size_t i = 0; i < t->n_added; i++) {
        free(t->added[i].content);
        free(t->added[i].shown);
    }
    free(t->added);
    free(t->added_of_id);
    vocab_release(&t->added_names);
    trie_release(&t->raw.trie);
    trie_release(&t->normalized.trie);
}
