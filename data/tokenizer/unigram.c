/* data/tokenizer/unigram.c: the Unigram model of a tokenizer.json, and the best path that it shares with SentencePiece.
 *
 * Viterbi over byte positions: at each character the trie gives every piece that begins there; of equal sums the one
 * found first stays, shorter pieces and earlier beginnings first. A character without a piece of its own costs the
 * lowest score of all less 10. Neighbouring unknown characters become one token: the piece that they spell, if there
 * is one, else the tokens of their bytes with byte_fallback, else the unknown token. */
#include "data/tokenizer/unigram.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/word_cache.h"

#define UNK_PENALTY 10.0
#define NO_BEGIN UINT32_MAX

/* ---- the best path ----------------------------------------------------------------------------------------------- */

static inline void offer(PathNode *node, double score, uint32_t begin, int32_t id, bool in_float)
{
    if (in_float) score = (float)score;
    if (node->begin != NO_BEGIN && !(score > node->score)) return;
    *node = (PathNode){ score, begin, id };
}

static inline Status best_path(const Lattice *l, const char *text, size_t n, PathNode *nodes, bool in_float)
{
    const Trie *trie = &l->trie;
    for (size_t begin = 0, len; begin < n; begin += len) {
        unsigned char c = (unsigned char)text[begin];
        double   so_far = nodes[begin].score;
        uint32_t node = TRIE_ROOT;
        bool     single = false;                  /* a piece of just this character */
        len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        for (size_t i = begin; i < n; i++) {
            node = trie_step(trie, node, (unsigned char)text[i]);
            if (node == TRIE_NONE) break;
            int32_t id = trie->values[node];
            if (id < 0) continue;
            offer(&nodes[i + 1], l->scores[id] + so_far, (uint32_t)begin, id, in_float);
            single |= i + 1 - begin == len;
        }
        if (single) continue;
        double    score = l->unk_score + so_far;
        PathNode *end = &nodes[begin + len];
        if (l->unk_id < 0 && (end->begin == NO_BEGIN || score > end->score))
            return hint(fail(ERR_DATA, "\"%.*s\" is not in the vocabulary, and there is no unknown token", (int)len,
                             text + begin),
                        "a Unigram model names its unknown token as unk_id");
        offer(end, score, (uint32_t)begin, l->unk_id, in_float);
    }
    return OK;
}

Status lattice_best_path(const Lattice *lattice, const char *text, size_t n, PathWork *work)
{
    if (n + 1 > work->cap) TRY(mem_grow(&work->nodes, &work->cap, n + 1, sizeof *work->nodes));
    for (size_t i = 0; i <= n; i++) work->nodes[i] = (PathNode){ 0.0, NO_BEGIN, -1 };
    if (!lattice->trie.edges) return fail(ERR_DATA, "the vocabulary is empty");
    if (lattice->in_float) return best_path(lattice, text, n, work->nodes, true);
    return best_path(lattice, text, n, work->nodes, false);
}

void lattice_release(Lattice *lattice)
{
    trie_release(&lattice->trie);
    free(lattice->scores);
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

typedef struct Unigram {
    Lattice lattice;
    bool    byte_fallback;
    int32_t fallback_ids[256];
} Unigram;

typedef struct UnigramState { PathWork path; WordCache cache; } UnigramState;

static void state_free(void *state)
{
    UnigramState *s = state;
    free(s->path.nodes);
    free(s->cache.slots);
    free(s);
}

static Status state_of(const Tokenizer *t, Scratch *sc, UnigramState **out)
{
    if (sc->work.owner != t->serial) {
        UnigramState *s;
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

static Status add_token(TokenList *list, int32_t id, size_t begin, size_t end)
{
    if (list->n == list->cap) TRY(mem_grow(&list->items, &list->cap, list->n + 1, sizeof *list->items));
    list->items[list->n++] = (Token){ id, 0, (uint32_t)begin, (uint32_t)end };
    return OK;
}

/* Unknown characters [begin, end), which the path has as unknown: added backwards, as everything here. */
static Status add_unknown(const Tokenizer *t, const char *word, size_t begin, size_t end, TokenList *out)
{
    const Unigram *u = t->model;
    int32_t        id = vocab_find(&t->vocab, word + begin, end - begin);
    if (id >= 0) return add_token(out, id, begin, end);
    bool all = u->byte_fallback;
    for (size_t i = begin; all && i < end; i++) all = u->fallback_ids[(unsigned char)word[i]] >= 0;
    if (!all) return add_token(out, u->lattice.unk_id, begin, end);
    for (size_t i = end; i-- > begin;) TRY(add_token(out, u->fallback_ids[(unsigned char)word[i]], begin, end));
    return OK;
}

static Status read_path(const Tokenizer *t, const PathNode *nodes, const char *word, size_t n, TokenList *out)
{
    const Unigram *u = t->model;
    size_t         first = out->n;
    for (size_t end = n; end > 0;) {
        size_t begin = nodes[end].begin;
        if (nodes[end].id == u->lattice.unk_id) {
            while (begin > 0 && nodes[begin].id == u->lattice.unk_id) begin = nodes[begin].begin;
            TRY(add_unknown(t, word, begin, end, out));
        } else {
            TRY(add_token(out, nodes[end].id, begin, end));
        }
        end = begin;
    }
    for (size_t a = first, b = out->n; a + 1 < b; a++) {
        Token token = out->items[a];
        out->items[a] = out->items[--b];
        out->items[b] = token;
    }
    return OK;
}

/* The cache says where tokens end, so only tokens side by side are kept: bytes of one character all span it. */
static bool side_by_side(const Token *tokens, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (tokens[i].begin != tokens[i - 1].end) return false;
    return true;
}

static Status tokenize_word(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out)
{
    const Unigram *u = t->model;
    UnigramState  *s;
    size_t         before = out->n;
    TRY(state_of(t, sc, &s));
    WordPlace place = word_cache_place(&s->cache, word, n, t->seed);
    if (word_place_holds(place, word, n)) return word_place_get(place, 0, out);
    TRY(lattice_best_path(&u->lattice, word, n, &s->path));
    TRY(read_path(t, s->path.nodes, word, n, out));
    if (side_by_side(out->items + before, out->n - before))
        word_place_keep(place, word, n, 0, out->items + before, out->n - before);
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status read_pieces(const cJSON *list, const char **strings, int32_t *ids, double *scores, const char *name)
{
    int32_t id = 0;
    for (const cJSON *c = list->child; c; c = c->next, id++) {
        const cJSON *piece = cJSON_IsArray(c) ? c->child : NULL, *score = piece ? piece->next : NULL;
        if (!cJSON_IsString(piece) || !cJSON_IsNumber(score) || score->next)
            return fail(ERR_FORMAT, "%s: model.vocab[%d] must be a piece and its score", name, id);
        strings[id] = piece->valuestring;
        scores[id] = score->valuedouble;
        ids[id] = id;
    }
    return OK;
}

static Status read_vocab(Tokenizer *t, Lattice *l, const cJSON *list, const char *name)
{
    size_t       n = 0;
    const char **strings = NULL;
    int32_t     *ids = NULL;
    if (!cJSON_IsArray(list)) return fail(ERR_FORMAT, "%s: model.vocab must be a list of pieces with scores", name);
    for (const cJSON *c = list->child; c; c = c->next) n++;
    if (n > TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: %zu pieces; at most %d are read", name, n, TOKENIZER_MAX_VOCAB);
    Status s = mem_new(&strings, n, sizeof *strings);
    if (s == OK) s = mem_new(&ids, n, sizeof *ids);
    if (s == OK) s = mem_new(&l->scores, n, sizeof *l->scores);
    if (s == OK) s = read_pieces(list, strings, ids, l->scores, name);
    if (s == OK) s = vocab_build(&t->vocab, strings, ids, n, t->seed, name);
    free(strings);
    free(ids);
    return s;
}

static Status build_lattice(Tokenizer *t, Lattice *l)
{
    double lowest = 0.0;
    l->trie.seed = t->seed;
    for (int32_t id = 0; id < t->vocab.size; id++) {
        const char *piece = vocab_string(&t->vocab, id);
        if (id == 0 || l->scores[id] < lowest) lowest = l->scores[id];
        if (*piece) TRY(trie_add(&l->trie, TRIE_ROOT, piece, strlen(piece), id));
    }
    l->unk_score = lowest - UNK_PENALTY;
    return OK;
}

static void unigram_free(void *model)
{
    Unigram *u = model;
    lattice_release(&u->lattice);
    free(u);
}

Status unigram_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    Unigram *u;
    int64_t  unk_id;
    TRY(mem_new(&u, 1, sizeof *u));
    t->model = u;
    t->release_model = unigram_free;
    TRY(read_vocab(t, &u->lattice, cJSON_GetObjectItemCaseSensitive(json, "vocab"), name));
    TRY(json_get_int(&unk_id, json, "unk_id", -1, name));
    TRY(json_get_bool(&u->byte_fallback, json, "byte_fallback", false, name));
    if (unk_id < -1 || unk_id >= t->vocab.size)
        return fail(ERR_FORMAT, "%s: model.unk_id is %lld; ids run from 0 to %d", name, (long long)unk_id,
                    t->vocab.size - 1);
    t->unk_id = u->lattice.unk_id = (int32_t)unk_id;
    vocab_byte_tokens(&t->vocab, u->fallback_ids);
    t->tokenize = tokenize_word;
    return build_lattice(t, &u->lattice);
}
