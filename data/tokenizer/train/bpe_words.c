/* data/tokenizer/train/bpe_words.c: words become symbols, what was learned the model of a tokenizer.json. */
#include "data/tokenizer/train/bpe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

/* ---- words as symbols -------------------------------------------------------------------------------------------- */

Status bpe_add_token(Bpe *b, const char *s, size_t n, uint32_t n_chars, uint32_t *id)
{
    size_t before_it = b->tokens.n;
    TRY(word_table_add(&b->tokens, s, n, 1, id));
    if (b->tokens.n > before_it) {
        TRY(mem_grow(&b->n_chars, &b->max_tokens, b->tokens.n, sizeof *b->n_chars));
        b->n_chars[*id] = n_chars;
    }
    return OK;
}

static Status add_special(Bpe *b)
{
    const TokenizerTrainOptions *o = b->t->o;
    uint32_t id;
    for (size_t i = 0; i < o->n_special_tokens; i++)
        TRY(bpe_add_token(b, o->special_tokens[i], strlen(o->special_tokens[i]), 1, &id));
    for (int byte = 0; o->byte_fallback && byte < 256; byte++) {
        char name[8];
        int  n = snprintf(name, sizeof name, "<0x%02X>", (unsigned)byte);
        TRY(bpe_add_token(b, name, (size_t)n, 1, &id));
    }
    return OK;
}

typedef struct CharIds { uint32_t *first, *inner; } CharIds;      /* by code point: id + 1; 0: not of the alphabet */

static Status add_char(Bpe *b, uint32_t cp, const char *prefix, uint32_t *id_plus_1)
{
    char     name[64];
    int      n = snprintf(name, sizeof name, "%s", prefix);
    uint32_t id;
    n += utf8_encode(cp, name + n);
    TRY(bpe_add_token(b, name, (size_t)n, 1, &id));
    *id_plus_1 = id + 1;
    return OK;
}

static uint32_t next_char(const Bpe *b, const char *s, size_t n, size_t *i)
{
    return b->t->raw_bytes ? byte_level_char((unsigned char)s[(*i)++]) : word_char(s, n, i);
}

/* The "##x" for every kept x that stands inside a word. */
static Status add_inner(Bpe *b, CharIds *ids, uint8_t *inside)
{
    for (size_t w = 0; w < b->n_words; w++) {
        const char *s = word_text(&b->t->words, w);
        size_t      n = b->t->words.words[w].len;
        for (size_t i = 0; i < n;) {
            bool first = i == 0;
            uint32_t cp = next_char(b, s, n, &i);
            if (!first) inside[cp] = 1;
        }
    }
    for (uint32_t cp = 1; cp < CODE_POINTS; cp++)
        if (inside[cp] && ids->first[cp])
            TRY(add_char(b, cp, b->t->o->continuing_subword_prefix, &ids->inner[cp]));
    return OK;
}

static Status add_alphabet(Bpe *b, CharIds *ids)
{
    uint8_t *keep = NULL;
    Status   s = alphabet_choose(&keep, b->t, b->t->o->limit_alphabet, &b->t->report->n_alphabet);
    for (uint32_t cp = 1; s == OK && cp < CODE_POINTS; cp++)
        if (keep[cp]) s = add_char(b, cp, "", &ids->first[cp]);
    if (s == OK && b->t->o->continuing_subword_prefix) {
        memset(keep, 0, CODE_POINTS);
        s = add_inner(b, ids, keep);
    }
    free(keep);
    return s;
}

/* Characters outside the alphabet are left out of their words. */
static void write_symbols(Bpe *b, const CharIds *ids)
{
    const uint32_t *inner = b->t->o->continuing_subword_prefix ? ids->inner : ids->first;
    for (size_t w = 0; w < b->n_words; w++) {
        const char *s = word_text(&b->t->words, w);
        size_t      n = b->t->words.words[w].len, at = b->n_symbols;
        b->starts[w] = at;
        b->counts[w] = b->t->words.words[w].count;
        for (size_t i = 0; i < n;) {
            const uint32_t *ids_here = i == 0 ? ids->first : inner;
            uint32_t        id = ids_here[next_char(b, s, n, &i)];
            if (id) b->symbols[at++] = id - 1;
        }
        b->lengths[w] = (uint32_t)(at - b->n_symbols);
        b->n_symbols = at;
    }
}

static Status check_room(const Bpe *b)
{
    const TokenizerTrainOptions *o = b->t->o;
    if ((int64_t)b->tokens.n <= o->vocab_size) return OK;
    return hint(fail(ERR_CONFIG,
                     "vocab_size %" PRId64
                     " is below what the vocabulary begins with: %zu special tokens and characters",
                     o->vocab_size, b->tokens.n),
                "ask for more than %zu, or keep fewer characters with limit_alphabet", b->tokens.n);
}

/* Specials, alphabet, and the words in those; the words' text is not needed after that. */
Status bpe_read_words(Bpe *b)
{
    CharIds ids = { 0 };
    size_t  most = b->t->words.used;
    b->n_words = b->t->words.n;
    Status s = mem_new(&ids.first, CODE_POINTS, sizeof *ids.first);
    if (s == OK) s = mem_new(&ids.inner, CODE_POINTS, sizeof *ids.inner);
    if (s == OK) s = add_special(b);
    if (s == OK) s = add_alphabet(b, &ids);
    if (s == OK) s = check_room(b);
    if (s == OK) s = mem_new(&b->symbols, most, sizeof *b->symbols);
    if (s == OK) s = mem_new(&b->starts, b->n_words, sizeof *b->starts);
    if (s == OK) s = mem_new(&b->lengths, b->n_words, sizeof *b->lengths);
    if (s == OK) s = mem_new(&b->counts, b->n_words, sizeof *b->counts);
    if (s == OK) write_symbols(b, &ids);
    b->n_start = b->tokens.n;
    free(ids.first);
    free(ids.inner);
    word_table_release(&b->t->words);
    return s;
}

/* ---- into the model ---------------------------------------------------------------------------------------------- */

static Status token_name(const Bpe *b, uint32_t id, Text *name)
{
    text_clear(name);
    return text_add(name, word_text(&b->tokens, id), b->tokens.words[id].len);
}

static Status write_vocab(const Bpe *b, Text *name)
{
    cJSON *vocab = cJSON_CreateObject();
    TRY(json_add(b->t->model, "vocab", vocab));
    for (uint32_t id = 0; id < b->tokens.n; id++) {
        TRY(token_name(b, id, name));
        TRY(json_add_number(vocab, name->data, id));
    }
    return OK;
}

typedef struct MergeRank { uint64_t key; size_t rank; } MergeRank;

static int compare_ranks(const void *a, const void *b)
{
    const MergeRank *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* A pair that was merged twice counts where it came last, as in the library. */
static Status drop_repeated(Bpe *b)
{
    MergeRank *ranks;
    size_t     kept = 0;
    TRY(mem_new(&ranks, b->n_merges, sizeof *ranks));
    for (size_t i = 0; i < b->n_merges; i++)
        ranks[i] = (MergeRank){ (uint64_t)b->merges[i].a << 32 | b->merges[i].b, i };
    qsort(ranks, b->n_merges, sizeof *ranks, compare_ranks);
    for (size_t i = 0; i + 1 < b->n_merges; i++)
        if (ranks[i].key == ranks[i + 1].key) b->merges[ranks[i].rank] = (Pair){ UINT32_MAX, UINT32_MAX };
    for (size_t i = 0; i < b->n_merges; i++)
        if (b->merges[i].a != UINT32_MAX) b->merges[kept++] = b->merges[i];
    b->n_merges = kept;
    free(ranks);
    return OK;
}

static Status write_merges(Bpe *b, Text *name)
{
    cJSON *merges = cJSON_CreateArray();
    TRY(json_add(b->t->model, "merges", merges));
    TRY(drop_repeated(b));
    for (size_t i = 0; i < b->n_merges; i++) {
        cJSON *pair = cJSON_CreateArray();
        TRY(json_add(merges, NULL, pair));
        TRY(token_name(b, b->merges[i].a, name));
        TRY(json_add(pair, NULL, cJSON_CreateString(name->data)));
        TRY(token_name(b, b->merges[i].b, name));
        TRY(json_add(pair, NULL, cJSON_CreateString(name->data)));
    }
    return OK;
}

Status bpe_write_model(Bpe *b)
{
    Text   name = { 0 };
    Status s = write_vocab(b, &name);
    if (s == OK && !b->t->o->continuing_subword_prefix) s = write_merges(b, &name);
    text_release(&name);
    return s;
}
