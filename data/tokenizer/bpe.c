/* data/tokenizer/bpe.c: the BPE model of a tokenizer.json: its settings, its first symbols, unknown characters.
 *
 * A word's characters become symbols (a byte-level model's bytes do, through a table), the merges of bpe_merge.c join
 * them. What a word became is kept in a cache. Where no token of the vocabulary has U+2581, the sign for a space,
 * behind anything but another one, merges cannot cross the place before it: a text that comes in one piece, as it does
 * in models made from SentencePiece, is then cut there, which changes nothing but the speed. What the cache does not
 * know is cut further, wherever no merge joins two such characters (bpe_joints.c): Chinese sentences, which never come
 * again, become pieces of one to three characters, which do.
 *
 * A character that is no token: with byte_fallback the tokens "<0x00>" to "<0xFF>" of its bytes where all are there,
 * else unk_token, neighbouring ones as one with fuse_unk, else nothing. */
#include "data/tokenizer/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/word_cache.h"

#define SPACE_SIGN "\xE2\x96\x81"

typedef struct Bpe {
    BpeTable  table;
    BpeJoints joints;                             /* slots NULL: words stay whole */
    char     *unk_token, *prefix, *suffix;        /* unk_token NULL: none; the others "" where there is none */
    size_t    n_prefix, n_suffix;
    bool      fuse_unk, byte_fallback, ignore_merges, cut_at_spaces;
    bool      raw;                                /* words are bytes, not the characters that stand for them */
    int32_t   first_ids[256];                     /* of a byte (raw) or of an ASCII character; -1: none */
    int32_t   fallback_ids[256];                  /* "<0x00>" ...; -1: none */
} Bpe;

/* parts: of words, with ignore_merges, which says what a word is but not what a part of one is. */
typedef struct BpeState { BpeWork merging; WordCache cache, parts; Text text; } BpeState;

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

static void state_free(void *state)
{
    BpeState *s = state;
    bpe_work_release(&s->merging);
    free(s->cache.slots);
    free(s->parts.slots);
    text_release(&s->text);
    free(s);
}

static Status state_of(const Tokenizer *t, Scratch *sc, BpeState **out)
{
    if (sc->work.owner != t->serial) {
        BpeState *s;
        TRY(mem_new(&s, 1, sizeof *s));
        const Bpe *b = t->model;
        Status     status = word_cache_init(&s->cache);
        if (status == OK && b->joints.slots && b->ignore_merges) status = word_cache_init(&s->parts);
        if (status != OK) {
            state_free(s);
            return status;
        }
        model_work_take(&sc->work, t, s, state_free);
    }
    *out = sc->work.state;
    return OK;
}

/* An unknown stretch that waits for its end. */
typedef struct Unknown { bool waits; size_t len; } Unknown;

static Status end_unknown(const Tokenizer *t, BpeWork *w, Unknown *unknown)
{
    if (!unknown->waits) return OK;
    unknown->waits = false;
    return bpe_add_symbol(w, t->unk_id, unknown->len);
}

static Status add_unknown(const Tokenizer *t, BpeWork *w, const char *piece, size_t n_piece, size_t len,
                          Unknown *unknown)
{
    const Bpe *b = t->model;
    if (b->byte_fallback) {
        bool all = true;
        for (size_t i = 0; i < n_piece; i++) all &= b->fallback_ids[(unsigned char)piece[i]] >= 0;
        if (all) {
            for (size_t i = 0; i < n_piece; i++)
                TRY(bpe_add_symbol(w, b->fallback_ids[(unsigned char)piece[i]], 1));
            return OK;
        }
    }
    if (!b->unk_token) return OK;
    if (t->unk_id < 0)
        return hint(fail(ERR_DATA, "\"%.*s\" is not in the vocabulary, and its unknown token \"%s\" is not either",
                         (int)n_piece, piece, b->unk_token),
                    "add the unknown token to the vocabulary, or name the one that is there");
    if (unknown->waits && !b->fuse_unk) TRY(end_unknown(t, w, unknown));
    unknown->len = unknown->waits ? unknown->len + len : len;
    unknown->waits = true;
    return OK;
}

/* The piece of a character in the middle of a word or at its ends: with the prefix and suffix that belong there. */
static Status affix(const Bpe *b, Text *text, const char *c, size_t n, bool first, bool last)
{
    text_clear(text);
    if (!first) TRY(text_add(text, b->prefix, b->n_prefix));
    TRY(text_add(text, c, n));
    return last ? text_add(text, b->suffix, b->n_suffix) : OK;
}

static Status add_symbols(const Tokenizer *t, BpeState *s, const char *word, size_t n)
{
    const Bpe *b = t->model;
    BpeWork   *w = &s->merging;
    bool       plain = b->n_prefix == 0 && b->n_suffix == 0;
    Unknown    unknown = { 0 };
    w->n = 0;
    for (size_t i = 0, len; i < n; i += len) {
        unsigned char c = (unsigned char)word[i];
        const char   *piece = word + i;
        int32_t       id;
        size_t        n_piece;
        len = b->raw || c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        n_piece = len;
        if (b->raw || (plain && c < 0x80)) {
            id = b->first_ids[c];
        } else {
            if (!plain) {
                TRY(affix(b, &s->text, word + i, len, i == 0, i + len == n));
                piece = s->text.data;
                n_piece = s->text.len;
            }
            id = vocab_find(&t->vocab, piece, n_piece);
        }
        if (id < 0) {
            TRY(add_unknown(t, w, piece, n_piece, len, &unknown));
            continue;
        }
        TRY(end_unknown(t, w, &unknown));
        TRY(bpe_add_symbol(w, id, len));
    }
    return end_unknown(t, w, &unknown);
}

/* The token that a word is as a whole, -1. */
static Status whole_word(const Tokenizer *t, BpeState *s, const char *word, size_t n, int32_t *id)
{
    const Bpe *b = t->model;
    *id = -1;
    if (n > MAX_TOKEN_BYTES) return OK;
    if (b->raw) {
        text_clear(&s->text);
        for (size_t i = 0; i < n; i++) {
            char c[4];
            TRY(text_add(&s->text, c, (size_t)utf8_encode(byte_to_char((unsigned char)word[i]), c)));
        }
        word = s->text.data;
        n = s->text.len;
    }
    *id = vocab_find(&t->vocab, word, n);
    return OK;
}

/* The merged symbols as the tokens of a word that begins at byte `at`. */
static Status take_tokens(const BpeWork *w, WordPlace place, const char *word, size_t n, size_t at, TokenList *out)
{
    size_t begin = at, before = out->n;
    if (out->n + w->n > out->cap) TRY(mem_grow(&out->items, &out->cap, out->n + w->n, sizeof *out->items));
    for (size_t i = 0; i < w->n; i++) {
        size_t end = begin + w->symbols[i].len;
        if (end > at + n) end = at + n;           /* bytes of a prefix or suffix, which the word does not have */
        out->items[out->n++] = (Token){ w->symbols[i].id, 0, (uint32_t)begin, (uint32_t)end };
        begin = end;
    }
    if (w->n > 0) word_place_keep(place, word, n, at, out->items + before, w->n);
    return OK;
}

static Status merge_part(const Tokenizer *t, BpeState *s, const char *word, size_t n, size_t at, TokenList *out)
{
    const Bpe *b = t->model;
    WordPlace  place = word_cache_place(s->parts.slots ? &s->parts : &s->cache, word, n, t->seed);
    if (word_place_holds(place, word, n)) return word_place_get(place, at, out);
    TRY(add_symbols(t, s, word, n));
    TRY(bpe_merge(&b->table, &s->merging));
    return take_tokens(&s->merging, place, word, n, at, out);
}

/* One stretch of a word, from byte `at` of it. */
static Status tokenize_stretch(const Tokenizer *t, BpeState *s, const char *word, size_t n, size_t at, TokenList *out)
{
    const Bpe *b = t->model;
    WordPlace  place = word_cache_place(&s->cache, word, n, t->seed);
    if (word_place_holds(place, word, n)) return word_place_get(place, at, out);
    if (b->ignore_merges) {
        int32_t id;
        TRY(whole_word(t, s, word, n, &id));
        s->merging.n = 0;
        if (id >= 0) {
            TRY(bpe_add_symbol(&s->merging, id, n));
            return take_tokens(&s->merging, place, word, n, at, out);
        }
    }
    size_t end = b->joints.slots && n > 0 ? bpe_joints_end(&b->joints, word, n, 0) : n;
    if (end == n) {
        TRY(add_symbols(t, s, word, n));
        TRY(bpe_merge(&b->table, &s->merging));
        return take_tokens(&s->merging, place, word, n, at, out);
    }
    for (size_t from = 0; from < n; from = end) {
        if (from > 0) end = bpe_joints_end(&b->joints, word, n, from);
        TRY(merge_part(t, s, word + from, end - from, at + from, out));
    }
    return OK;
}

/* Where the stretch that begins at `from` ends: before the next sign for a space that something else precedes. */
static size_t stretch_end(const char *word, size_t n, size_t from)
{
    size_t at = from;
    while (n - at >= 3 && memcmp(word + at, SPACE_SIGN, 3) == 0) at += 3;
    const char *next = n - at >= 3 ? memmem(word + at, n - at, SPACE_SIGN, 3) : NULL;
    return next ? (size_t)(next - word) : n;
}

static Status tokenize_word(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out)
{
    const Bpe *b = t->model;
    BpeState  *s;
    TRY(state_of(t, sc, &s));
    if (!b->cut_at_spaces) return tokenize_stretch(t, s, word, n, 0, out);
    for (size_t at = 0; at < n;) {
        size_t end = stretch_end(word, n, at);
        TRY(tokenize_stretch(t, s, word + at, end - at, at, out));
        at = end;
    }
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The two halves of a merge: ["a", "b"], or "a b". Halves of a string are copied into `text`. */
static Status read_halves(const cJSON *merge, Text *text, const char *halves[2], size_t rank, const char *name)
{
    const cJSON *a = cJSON_IsArray(merge) ? merge->child : NULL, *b = a ? a->next : NULL;
    if (cJSON_IsString(merge)) {
        const char *s = merge->valuestring, *space = strchr(s, ' ');
        if (!space || strchr(space + 1, ' '))
            return hint(fail(ERR_FORMAT, "%s: model.merges[%zu] is \"%.80s\"", name, rank, s),
                        "a merge is two tokens with one space between them, or a list of the two");
        text_clear(text);
        TRY(text_add(text, s, strlen(s) + 1));
        text->data[space - s] = '\0';
        halves[0] = text->data;
        halves[1] = text->data + (space - s) + 1;
        return OK;
    }
    if (!cJSON_IsString(a) || !cJSON_IsString(b) || b->next)
        return fail(ERR_FORMAT, "%s: model.merges[%zu] must be two tokens", name, rank);
    halves[0] = a->valuestring;
    halves[1] = b->valuestring;
    return OK;
}

static Status not_a_token(const char *s, size_t rank, const char *name)
{
    return hint(fail(ERR_FORMAT, "%s: model.merges[%zu] has \"%.80s\", which is not in the vocabulary", name, rank, s),
                "both halves of a merge and the token that they make must be in model.vocab");
}

static Status read_merge(const Tokenizer *t, Bpe *b, const char *const halves[2], Text *text, size_t rank,
                         const char *name)
{
    size_t  n_left = strlen(halves[0]), n_right = strlen(halves[1]);
    int32_t left = vocab_find(&t->vocab, halves[0], n_left), right = vocab_find(&t->vocab, halves[1], n_right);
    if (left < 0 || right < 0) return not_a_token(halves[left < 0 ? 0 : 1], rank, name);
    if (n_right < b->n_prefix)
        return fail(ERR_FORMAT, "%s: model.merges[%zu]: \"%.80s\" is shorter than continuing_subword_prefix", name,
                    rank, halves[1]);
    text_clear(text);
    TRY(text_add(text, halves[0], n_left));
    TRY(text_add(text, halves[1] + b->n_prefix, n_right - b->n_prefix));
    int32_t made = vocab_find(&t->vocab, text->data, text->len);
    if (made < 0) return not_a_token(text->data, rank, name);
    b->table.stale_ranks |= n_left == 0 || n_right == b->n_prefix;
    bpe_table_put(&b->table, left, right, (uint32_t)rank, made);
    return OK;
}

static Status read_merges(Tokenizer *t, Bpe *b, const cJSON *merges, const char *name)
{
    Text        text = { 0 }, made = { 0 };
    const char *halves[2];
    size_t      n = 0, rank = 0;
    Status      s = OK;
    if (!cJSON_IsArray(merges)) return fail(ERR_FORMAT, "%s: model.merges must be a list", name);
    for (const cJSON *c = merges->child; c; c = c->next) n++;
    TRY(bpe_table_init(&b->table, n, t->seed));
    for (const cJSON *c = merges->child; s == OK && c; c = c->next) {
        if (cJSON_IsString(c) && strncmp(c->valuestring, "#version", 8) == 0) continue;
        s = read_halves(c, &text, halves, rank, name);
        if (s == OK) s = read_merge(t, b, halves, &made, rank, name);
        rank++;
    }
    text_release(&text);
    text_release(&made);
    return s;
}

/* Whether merges never make a token with the sign for a space behind anything else, and the sign is a token. */
static bool cuts_at_spaces(const Tokenizer *t, const Bpe *b)
{
    if (b->ignore_merges || b->n_prefix || b->n_suffix || vocab_find(&t->vocab, SPACE_SIGN, 3) < 0) return false;
    for (uint32_t i = 0; i <= b->table.mask; i++) {
        const BpeMerge *m = &b->table.slots[i];
        if (m->pair == BPE_FREE) continue;
        const char *token = vocab_string(&t->vocab, m->id);
        size_t      n = strlen(token);
        if (stretch_end(token, n, 0) < n) return false;
    }
    return true;
}

/* A token that a word gets for characters other than its own: the unknown one, "<0x00>" to "<0xFF>". */
static bool stands_in(const Tokenizer *t, const Bpe *b, int32_t id)
{
    const char *token = vocab_string(&t->vocab, id);
    return id == t->unk_id || (b->byte_fallback && strncmp(token, "<0x", 3) == 0 && strlen(token) == 6);
}

/* Whether BpeJoints' conditions hold: characters that share an unknown token or vanish bring others together. */
static bool cuts_at_joints(const Tokenizer *t, const Bpe *b)
{
    bool all = true;
    if (b->n_prefix || b->n_suffix || b->table.stale_ranks) return false;
    for (int i = 0; i < 256; i++) all &= (b->raw ? b->first_ids : b->fallback_ids)[i] >= 0;
    if (!(all && (b->raw || b->byte_fallback)) && (!b->unk_token || b->fuse_unk || b->byte_fallback)) return false;
    for (uint32_t i = 0; i <= b->table.mask; i++) {
        uint64_t pair = b->table.slots[i].pair;
        if (pair == BPE_FREE) continue;
        if (stands_in(t, b, (int32_t)(pair >> 32)) || stands_in(t, b, (int32_t)(uint32_t)pair)) return false;
    }
    return true;
}

static Status find_joints(const Tokenizer *t, Bpe *b)
{
    bpe_joints_release(&b->joints);
    return cuts_at_joints(t, b) ? bpe_joints_init(&b->joints, &b->table, &t->vocab, b->raw) : OK;
}

static Status read_settings(Tokenizer *t, Bpe *b, const cJSON *json, const char *name)
{
    const char *unk, *prefix, *suffix;
    double      dropout;
    TRY(json_get_number(&dropout, json, "dropout", 0.0, name));
    if (dropout != 0.0)
        return hint(fail(ERR_UNSUPPORTED, "%s: model.dropout is %g: it makes random tokens", name, dropout),
                    "set it to null in a copy of the file; the vocabulary and the merges stay the same");
    TRY(json_get_string(&unk, json, "unk_token", NULL, name));
    TRY(json_get_string(&prefix, json, "continuing_subword_prefix", "", name));
    TRY(json_get_string(&suffix, json, "end_of_word_suffix", "", name));
    TRY(json_get_bool(&b->fuse_unk, json, "fuse_unk", false, name));
    TRY(json_get_bool(&b->byte_fallback, json, "byte_fallback", false, name));
    TRY(json_get_bool(&b->ignore_merges, json, "ignore_merges", false, name));
    if (strlen(prefix) > MAX_TOKEN_BYTES || strlen(suffix) > MAX_TOKEN_BYTES)
        return fail(ERR_FORMAT, "%s: continuing_subword_prefix or end_of_word_suffix is too long", name);
    if (unk) TRY(text_copy(&b->unk_token, unk));
    TRY(text_copy(&b->prefix, prefix));
    TRY(text_copy(&b->suffix, suffix));
    b->n_prefix = strlen(prefix);
    b->n_suffix = strlen(suffix);
    t->unk_id = unk ? vocab_find(&t->vocab, unk, strlen(unk)) : -1;
    return OK;
}

static void bpe_free(void *model)
{
    Bpe *b = model;
    bpe_table_release(&b->table);
    bpe_joints_release(&b->joints);
    free(b->unk_token);
    free(b->prefix);
    free(b->suffix);
    free(b);
}

Status bpe_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    Bpe  *b;
    char *where = NULL;
    TRY(mem_new(&b, 1, sizeof *b));
    t->model = b;
    t->release_model = bpe_free;
    TRY(text_format(&where, "%s: model.vocab", name));
    Status s = vocab_parse(&t->vocab, cJSON_GetObjectItemCaseSensitive(json, "vocab"), t->seed, where);
    free(where);
    TRY(s);
    TRY(read_settings(t, b, json, name));
    TRY(read_merges(t, b, cJSON_GetObjectItemCaseSensitive(json, "merges"), name));
    vocab_byte_tokens(&t->vocab, b->fallback_ids);
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        b->first_ids[i] = i < 0x80 ? vocab_find(&t->vocab, &c, 1) : -1;
    }
    b->cut_at_spaces = cuts_at_spaces(t, b);
    t->tokenize = tokenize_word;
    t->use_raw_bytes = bpe_use_raw_bytes;
    return find_joints(t, b);
}

/* A byte that is no token makes an unknown one, of one character as of one byte. What depends on the characters that
 * stand for bytes (their number of bytes, a prefix before them) rules raw bytes out. */
Status bpe_use_raw_bytes(Tokenizer *t, bool *ok)
{
    Bpe    *b = t->model;
    int32_t ids[256];
    bool    all = true;
    for (int i = 0; i < 256; i++) {
        char c[4];
        ids[i] = vocab_find(&t->vocab, c, (size_t)utf8_encode(byte_to_char((unsigned char)i), c));
        all &= ids[i] >= 0;
    }
    *ok = b->n_prefix == 0 && b->n_suffix == 0 && (all || (b->unk_token && !b->byte_fallback));
    if (!*ok) return OK;
    memcpy(b->first_ids, ids, sizeof ids);
    b->raw = true;
    b->cut_at_spaces = false;
    return find_joints(t, b);
}
