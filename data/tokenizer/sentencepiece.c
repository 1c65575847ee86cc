/* data/tokenizer/sentencepiece.c: the models of SentencePiece (Kudo & Richardson 2018), as that library has them.
 *
 * The whole normalised text is one word. BPE: characters, and user-defined pieces, which never merge, are the symbols;
 * of all neighbours that make a piece, the piece of the highest score is made first, the leftmost of equal ones.
 * Unigram: the best path of unigram.c in float, where a user-defined piece always wins. What is unknown becomes the
 * bytes of each character (byte_fallback) or one unknown token for neighbouring ones. */
#include "data/tokenizer/sentencepiece.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/word_cache.h"

#define UNK_PENALTY 10.0f

typedef struct SpmState { PathWork path; BpeWork merging; WordCache cache; } SpmState;

static void state_free(void *state)
{
    SpmState *s = state;
    free(s->path.nodes);
    bpe_work_release(&s->merging);
    free(s->cache.slots);
    free(s);
}

static Status state_of(const Tokenizer *t, Scratch *sc, SpmState **out)
{
    if (sc->work.owner != t->serial) {
        SpmState *s;
        TRY(mem_new(&s, 1, sizeof *s));
        Status status = word_cache_init(&s->cache);
        if (status != OK) {
            state_free(s);
            return status;
        }
        model_work_take(&sc->work, t, s, state_free);
    }
    *out = sc->work.state;
    return OK;
}

static size_t char_length(const char *s)
{
    unsigned char c = (unsigned char)*s;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

size_t spm_user_piece(const Spm *spm, const char *text, size_t n, int32_t *id)
{
    size_t   longest = 0;
    uint32_t node = TRIE_ROOT;
    for (size_t i = 0; i < n && spm->users.edges; i++) {
        node = trie_step(&spm->users, node, (unsigned char)text[i]);
        if (node == TRIE_NONE) break;
        if (spm->users.values[node] < 0) continue;
        longest = i + 1;
        *id = spm->users.values[node];
    }
    return longest;
}

static Status add_token(TokenList *list, int32_t id, size_t begin, size_t end)
{
    if (list->n == list->cap) TRY(mem_grow(&list->items, &list->cap, list->n + 1, sizeof *list->items));
    list->items[list->n++] = (Token){ id, 0, (uint32_t)begin, (uint32_t)end };
    return OK;
}

/* An unknown stretch: its bytes, or the unknown token, as one with an unknown one before it (from token `first` on). */
static Status add_unknown(const Tokenizer *t, const char *word, size_t begin, size_t end, size_t first, TokenList *out)
{
    const Spm *spm = t->model;
    if (!spm->byte_fallback) {
        Token *last = out->n > first ? &out->items[out->n - 1] : NULL;
        if (!last || last->id != t->unk_id) return add_token(out, t->unk_id, begin, end);
        last->end = (uint32_t)end;
        return OK;
    }
    for (size_t i = begin; i < end; i++) TRY(add_token(out, spm->fallback_ids[(unsigned char)word[i]], i, i + 1));
    return OK;
}

/* ---- BPE --------------------------------------------------------------------------------------------------------- */

/* The id of a character that is no piece but part of one: behind those of the vocabulary. -1: no part of any. */
static int32_t odd_id(const Tokenizer *t, const char *s, size_t n)
{
    const Spm *spm = t->model;
    uint32_t   cp = 0;
    (void)utf8_decode(s, n, &cp);
    size_t lo = 0, hi = spm->n_odd;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (spm->odd[mid] < cp) lo = mid + 1;
        else hi = mid;
    }
    return lo < spm->n_odd && spm->odd[lo] == cp ? t->vocab.size + (int32_t)lo : -1;
}

static bool may_merge(const Tokenizer *t, int32_t id)
{
    const Spm *spm = t->model;
    return id >= 0 && (spm->types[id] == SPM_NORMAL || spm->types[id] == SPM_UNUSED);
}

/* The symbol that a character is: a piece, an odd one, or -1. */
static int32_t char_symbol(const Tokenizer *t, const char *s, size_t n)
{
    int32_t id = vocab_find(&t->vocab, s, n);
    return may_merge(t, id) ? id : odd_id(t, s, n);
}

static Status add_symbols(const Tokenizer *t, BpeWork *w, const char *word, size_t n)
{
    const Spm *spm = t->model;
    w->n = 0;
    for (size_t i = 0, len; i < n; i += len) {
        int32_t id = -1;
        len = spm->user_first[(unsigned char)word[i]] ? spm_user_piece(spm, word + i, n - i, &id) : 0;
        if (len == 0) {
            len = char_length(word + i);
            id = char_symbol(t, word + i, len);
        }
        TRY(bpe_add_symbol(w, id, len));
    }
    return OK;
}

/* One stretch of the text, from byte `at` of it. */
static Status tokenize_stretch(const Tokenizer *t, SpmState *s, const char *word, size_t n, size_t at, TokenList *out)
{
    const Spm *spm = t->model;
    WordPlace  place = word_cache_place(&s->cache, word, n, t->seed);
    size_t     before = out->n, begin = 0;
    if (word_place_holds(place, word, n)) return word_place_get(place, at, out);
    TRY(add_symbols(t, &s->merging, word, n));
    TRY(bpe_merge(&spm->table, &s->merging));
    for (size_t i = 0; i < s->merging.n; i++) {
        BpeSymbol symbol = s->merging.symbols[i];
        size_t    end = begin + symbol.len;
        if (symbol.id >= 0 && symbol.id < t->vocab.size) TRY(add_token(out, symbol.id, begin, end));
        else TRY(add_unknown(t, word, begin, end, before, out));
        begin = end;
    }
    for (size_t i = before; i < out->n; i++) {
        out->items[i].begin += (uint32_t)at;
        out->items[i].end += (uint32_t)at;
    }
    word_place_keep(place, word, n, at, out->items + before, out->n - before);
    return OK;
}

static size_t stretch_end(const char *word, size_t n, size_t from)
{
    size_t at = from;
    while (n - at >= 3 && memcmp(word + at, SPM_SPACE, 3) == 0) at += 3;
    const char *next = n - at >= 3 ? memmem(word + at, n - at, SPM_SPACE, 3) : NULL;
    return next ? (size_t)(next - word) : n;
}

static Status tokenize_bpe(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out)
{
    const Spm *spm = t->model;
    SpmState  *s;
    TRY(state_of(t, sc, &s));
    for (size_t at = 0, end; at < n; at = end) {
        end = spm->cut_at_spaces ? stretch_end(word, n, at) : n;
        TRY(tokenize_stretch(t, s, word + at, end - at, at, out));
    }
    return OK;
}

/* ---- unigram ----------------------------------------------------------------------------------------------------- */

static Status tokenize_unigram(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out)
{
    const Spm *spm = t->model;
    SpmState  *s;
    size_t     first = out->n;
    TRY(state_of(t, sc, &s));
    TRY(lattice_best_path(&spm->lattice, word, n, &s->path));
    PathNode *nodes = s->path.nodes;
    uint32_t  next = (uint32_t)n;                 /* turn the links round, to walk forwards */
    for (uint32_t end = (uint32_t)n; end > 0;) {
        uint32_t begin = nodes[end].begin;
        nodes[end].begin = next;
        next = end;
        end = begin;
    }
    for (uint32_t begin = 0, end = next; begin < n; begin = end, end = nodes[end].begin) {
        if (nodes[end].id == t->unk_id) TRY(add_unknown(t, word, begin, end, first, out));
        else TRY(add_token(out, nodes[end].id, begin, end));
    }
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? 1 : x > y ? -1 : 0;            /* the highest first */
}

static int compare_codes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Characters of normal pieces that are no pieces themselves. They merge all the same: the library looks at strings. */
static Status find_odd(const Tokenizer *t, Spm *spm)
{
    size_t cap = 0, kept = 0;
    for (int32_t id = 0; id < t->vocab.size; id++) {
        if (!may_merge(t, id)) continue;
        const char *s = vocab_string(&t->vocab, id);
        for (size_t i = 0, len, n = strlen(s); i < n; i += len) {
            uint32_t cp = 0;
            len = (size_t)utf8_decode(s + i, n - i, &cp);
            if (may_merge(t, vocab_find(&t->vocab, s + i, len))) continue;
            TRY(mem_grow(&spm->odd, &cap, spm->n_odd + 1, sizeof *spm->odd));
            spm->odd[spm->n_odd++] = cp;
        }
    }
    if (spm->n_odd == 0) return OK;
    qsort(spm->odd, spm->n_odd, sizeof *spm->odd, compare_codes);
    for (size_t i = 0; i < spm->n_odd; i++)
        if (i == 0 || spm->odd[i] != spm->odd[i - 1]) spm->odd[kept++] = spm->odd[i];
    spm->n_odd = kept;
    return OK;
}

typedef struct SpmMerge { int32_t left, right, made; } SpmMerge;
typedef struct SpmMerges { SpmMerge *items; size_t n, cap; } SpmMerges;

/* All pairs of symbols that make piece `id`: the trie gives the left halves that are pieces. */
static Status find_merges(const Tokenizer *t, const Trie *pieces, int32_t id, SpmMerges *out)
{
    const char *s = vocab_string(&t->vocab, id);
    size_t      n = strlen(s), first = char_length(s), last = n;
    uint32_t    node = TRIE_ROOT;
    do last--;
    while (last > 0 && ((unsigned char)s[last] & 0xC0) == 0x80);
    for (size_t i = 0; i + 1 < n; i++) {
        if (node != TRIE_NONE) node = trie_step(pieces, node, (unsigned char)s[i]);
        size_t cut = i + 1;
        if (((unsigned char)s[cut] & 0xC0) == 0x80) continue;
        int32_t left = cut == first ? char_symbol(t, s, cut) : node != TRIE_NONE ? pieces->values[node] : -1;
        if (left < 0) continue;
        int32_t right = cut == last ? char_symbol(t, s + cut, n - cut) : vocab_find(&t->vocab, s + cut, n - cut);
        if (right < 0 || (cut != last && !may_merge(t, right))) continue;
        TRY(mem_grow(&out->items, &out->cap, out->n + 1, sizeof *out->items));
        out->items[out->n++] = (SpmMerge){ left, right, id };
    }
    return OK;
}

/* Equal scores get equal ranks, so that of them the leftmost pair merges first. */
static Status fill_table(Tokenizer *t, Spm *spm, const SpmMerges *merges, const float *scores)
{
    float *sorted;
    size_t n = 0;
    TRY(bpe_table_init(&spm->table, merges->n, t->seed));
    TRY(mem_new(&sorted, (size_t)t->vocab.size, sizeof *sorted));
    memcpy(sorted, scores, (size_t)t->vocab.size * sizeof *sorted);
    qsort(sorted, (size_t)t->vocab.size, sizeof *sorted, compare_floats);
    for (int32_t i = 0; i < t->vocab.size; i++)
        if (i == 0 || sorted[i] != sorted[n - 1]) sorted[n++] = sorted[i];
    for (size_t i = 0; i < merges->n; i++) {
        SpmMerge     m = merges->items[i];
        const float *at = bsearch(&scores[m.made], sorted, n, sizeof *sorted, compare_floats);
        BUG_ON(!at);
        bpe_table_put(&spm->table, m.left, m.right, (uint32_t)(at - sorted), m.made);
    }
    free(sorted);
    return OK;
}

static Status refuse_unused(const Tokenizer *t, const SpmMerges *merges, const char *name)
{
    const Spm *spm = t->model;
    for (size_t i = 0; i < merges->n; i++)
        if (spm->types[merges->items[i].made] == SPM_UNUSED)
            return hint(fail(ERR_UNSUPPORTED, "%s: the piece \"%s\" is switched off, but merges would make it", name,
                             vocab_string(&t->vocab, merges->items[i].made)),
                        "a BPE model whose vocabulary was restricted cannot be read; use the model it was made from");
    return OK;
}

static Status build_bpe(Tokenizer *t, Spm *spm, const float *scores, const char *name)
{
    Trie      pieces = { .seed = t->seed };
    SpmMerges merges = { 0 };
    Status    s = find_odd(t, spm);
    spm->cut_at_spaces = spm->escape_whitespaces && vocab_find(&t->vocab, SPM_SPACE, 3) >= 0;
    for (int32_t id = 0; s == OK && id < t->vocab.size; id++) {
        const char *piece = vocab_string(&t->vocab, id);
        size_t      n = strlen(piece);
        if (spm->types[id] == SPM_USER_DEFINED || may_merge(t, id))
            spm->cut_at_spaces &= stretch_end(piece, n, 0) == n;
        if (may_merge(t, id)) s = trie_add(&pieces, TRIE_ROOT, piece, n, id);
    }
    for (int32_t id = 0; s == OK && id < t->vocab.size; id++)
        if (may_merge(t, id)) s = find_merges(t, &pieces, id, &merges);
    if (s == OK) s = refuse_unused(t, &merges, name);
    if (s == OK) s = fill_table(t, spm, &merges, scores);
    trie_release(&pieces);
    free(merges.items);
    return s;
}

static Status build_lattice(Tokenizer *t, Spm *spm, const float *scores)
{
    Lattice *l = &spm->lattice;
    float    lowest = FLT_MAX, highest = FLT_MIN;
    TRY(mem_new(&l->scores, (size_t)t->vocab.size, sizeof *l->scores));
    for (int32_t id = 0; id < t->vocab.size; id++) {
        if (spm->types[id] != SPM_NORMAL) continue;
        if (scores[id] < lowest) lowest = scores[id];
        if (scores[id] > highest) highest = scores[id];
    }
    l->trie.seed = t->seed;
    for (int32_t id = 0; id < t->vocab.size; id++) {
        const char *piece = vocab_string(&t->vocab, id);
        size_t      n = strlen(piece);
        if (spm->types[id] != SPM_NORMAL && spm->types[id] != SPM_USER_DEFINED) continue;
        TRY(trie_add(&l->trie, TRIE_ROOT, piece, n, id));
        l->scores[id] = scores[id];
        if (spm->types[id] == SPM_USER_DEFINED) l->scores[id] = (float)((float)n * highest - 0.1);
    }
    l->unk_score = lowest - UNK_PENALTY;
    l->unk_id = t->unk_id;
    l->in_float = true;
    return OK;
}

static Status build_users(Tokenizer *t, Spm *spm)
{
    spm->users.seed = t->seed;
    for (int32_t id = 0; id < t->vocab.size; id++) {
        const char *piece = vocab_string(&t->vocab, id);
        if (spm->types[id] != SPM_USER_DEFINED) continue;
        TRY(trie_add(&spm->users, TRIE_ROOT, piece, strlen(piece), id));
        spm->user_first[(unsigned char)*piece] = true;
    }
    for (unsigned c = 0; c < 128; c++) {
        char        pair[2] = { (char)c };
        const char *with;
        spm->plain[c] = c != ' ' && !spm->user_first[c];
        for (unsigned next = 0; spm->map && spm->plain[c] && next < 128; next++) {
            pair[1] = (char)next;
            spm->plain[c] = charmap_longest(spm->map, pair, 2, &with) == 0;
        }
    }
    return OK;
}

static void spm_free(void *model)
{
    Spm *spm = model;
    lattice_release(&spm->lattice);
    bpe_table_release(&spm->table);
    trie_release(&spm->users);
    charmap_free(spm->map);
    free(spm->unk_surface);
    free(spm->types);
    free(spm->odd);
    free(spm);
}

/* model.vocab of either kind: ids by piece, or pieces with scores; bpe's scores are in the member's own list. */
static Status read_vocab(Tokenizer *t, const cJSON *vocab, float **scores, const cJSON *list, const char *name)
{
    const char **strings = NULL;
    int32_t     *ids = NULL;
    size_t       n = 0, i = 0;
    for (const cJSON *c = vocab ? vocab->child : NULL; c; c = c->next) n++;
    if (n == 0 || n > TOKENIZER_MAX_VOCAB) return fail(ERR_FORMAT, "%s: model.vocab has %zu pieces", name, n);
    Status s = mem_new(scores, n, sizeof **scores);
    if (s == OK) s = mem_new(&strings, n, sizeof *strings);
    if (s == OK) s = mem_new(&ids, n, sizeof *ids);
    const cJSON *score = cJSON_IsArray(list) ? list->child : NULL;
    for (const cJSON *c = vocab->child; s == OK && c; c = c->next, i++) {
        const cJSON *piece = cJSON_IsArray(c) ? c->child : NULL, *number = piece ? piece->next : score;
        bool         named = cJSON_IsArray(vocab) ? cJSON_IsString(piece) : c->string != NULL;
        bool         fine = named && cJSON_IsNumber(number);
        if (!piece) fine = fine && cJSON_IsNumber(c) && c->valuedouble == (double)i;
        if (!fine) {
            s = fail(ERR_FORMAT, "%s: piece %zu of model.vocab needs a string, its id in order and a score", name, i);
            break;
        }
        strings[i] = piece ? piece->valuestring : c->string;
        (*scores)[i] = (float)number->valuedouble;
        ids[i] = (int32_t)i;
        if (!*strings[i]) s = fail(ERR_FORMAT, "%s: piece %zu is empty", name, i);
        if (score) score = score->next;
    }
    if (s == OK) s = vocab_build(&t->vocab, strings, ids, n, t->seed, name);
    free(strings);
    free(ids);
    return s;
}

static Status read_types(Tokenizer *t, Spm *spm, const cJSON *json, const char *name)
{
    const char *types;
    size_t      n = (size_t)t->vocab.size;
    TRY(json_get_string(&types, json, "types", "", name));
    if (strlen(types) != n || strspn(types, "123456") != n)
        return fail(ERR_FORMAT, "%s: sentencepiece.types needs a digit from 1 to 6 for each of %zu pieces", name, n);
    TRY(mem_new(&spm->types, n, 1));
    vocab_byte_tokens(&t->vocab, spm->fallback_ids);
    for (size_t i = 0; i < n; i++) {
        spm->types[i] = (uint8_t)(types[i] - '0');
        if (spm->types[i] == SPM_UNKNOWN && t->unk_id >= 0) return fail(ERR_FORMAT, "%s: two unknown pieces", name);
        if (spm->types[i] == SPM_UNKNOWN) t->unk_id = (int32_t)i;
    }
    for (int32_t i = 0; i < t->vocab.size; i++) {
        bool byte = false;
        for (int k = 0; spm->types[i] == SPM_BYTE && k < 256; k++) byte |= spm->fallback_ids[k] == i;
        if (spm->types[i] == SPM_BYTE && !byte)
            return fail(ERR_FORMAT, "%s: piece %d is a byte and has no name from \"<0x00>\" to \"<0xFF>\"", name, i);
    }
    for (int k = 0; spm->byte_fallback && k < 256; k++)
        if (spm->fallback_ids[k] < 0 || spm->types[spm->fallback_ids[k]] != SPM_BYTE)
            return fail(ERR_FORMAT, "%s: byte_fallback without a piece for byte %d", name, k);
    return t->unk_id >= 0 ? OK : fail(ERR_FORMAT, "%s: no piece is the unknown one", name);
}

/* The character map is where other readers look for it: in the normalizer. */
static Status read_charmap(Spm *spm, const cJSON *normalizer, const char *name)
{
    const char *base64;
    for (const cJSON *c = normalizer ? json_get(normalizer, "normalizers") : NULL, *one = c ? c->child : NULL; one;
         one = one->next) {
        TRY(json_get_string(&base64, one, "precompiled_charsmap", NULL, name));
        if (base64) return charmap_parse(&spm->map, base64, name);
    }
    return OK;
}

static Status read_settings(Spm *spm, const cJSON *json, const char *name)
{
    const char *type, *surface;
    TRY(json_get_string(&type, json, "model_type", "", name));
    if (strcmp(type, "bpe") != 0 && strcmp(type, "unigram") != 0)
        return fail(ERR_UNSUPPORTED, "%s: sentencepiece.model_type \"%.40s\"; bpe and unigram are known", name, type);
    spm->bpe = strcmp(type, "bpe") == 0;
    TRY(json_get_bool(&spm->byte_fallback, json, "byte_fallback", false, name));
    TRY(json_get_bool(&spm->add_dummy_prefix, json, "add_dummy_prefix", true, name));
    TRY(json_get_bool(&spm->remove_extra_whitespaces, json, "remove_extra_whitespaces", true, name));
    TRY(json_get_bool(&spm->escape_whitespaces, json, "escape_whitespaces", true, name));
    TRY(json_get_bool(&spm->treat_whitespace_as_suffix, json, "treat_whitespace_as_suffix", false, name));
    TRY(json_get_string(&surface, json, "unk_surface", " \xE2\x81\x87 ", name));
    return text_copy(&spm->unk_surface, surface);
}

static void nothing_to_free(void *state) { (void)state; }

Status sentencepiece_parse(Tokenizer *t, const cJSON *root, const char *name)
{
    const cJSON *json = json_get(root, "sentencepiece"), *model = json_get(root, "model");
    float       *scores = NULL;
    Spm         *spm;
    TRY(mem_new(&spm, 1, sizeof *spm));
    t->model = spm;
    t->release_model = spm_free;
    TRY(read_settings(spm, json, name));
    TRY(read_charmap(spm, json_get(root, "normalizer"), name));
    const cJSON *vocab = model ? cJSON_GetObjectItemCaseSensitive(model, "vocab") : NULL;
    if (!(spm->bpe ? cJSON_IsObject(vocab) : cJSON_IsArray(vocab)))
        return fail(ERR_FORMAT, "%s: model.vocab does not fit sentencepiece.model_type", name);
    Status s = read_vocab(t, vocab, &scores, json_get(json, "scores"), name);
    if (s == OK) s = read_types(t, spm, json, name);
    if (s == OK) s = build_users(t, spm);
    if (s == OK) s = spm->bpe ? build_bpe(t, spm, scores, name) : build_lattice(t, spm, scores);
    free(scores);
    TRY(s);
    t->tokenize = spm->bpe ? tokenize_bpe : tokenize_unigram;
    t->decode_ids = spm_decode;
    t->hide_pieces = true;
    return steps_add(&t->normalizers, (Step){ spm_normalize, spm, nothing_to_free });
}
