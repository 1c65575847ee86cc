/* data/tokenizer/word_cache.h: what a model made of the words it saw last.
 *
 * Natural text repeats its words, and a model gives a word the same tokens wherever it stands. The cache has a fixed
 * size and one place where a word may be, which a newer word takes: so it never grows and nothing has to be tidied.
 * Words and answers that do not fit a slot are not kept. It belongs to a model's working memory, so to one thread. */
#ifndef DATA_TOKENIZER_WORD_CACHE_H
#define DATA_TOKENIZER_WORD_CACHE_H

#include <string.h>

#include "core/arena.h"
#include "data/tokenizer/tokenizer_internal.h"

enum { WORD_CACHE_BYTES = 46, WORD_CACHE_TOKENS = 8, WORD_CACHE_SLOTS = 1 << 14 };

typedef struct WordSlot {
    uint32_t hash;
    uint8_t  n_bytes, n_tokens;                   /* n_bytes 0: free */
    uint8_t  ends[WORD_CACHE_TOKENS];             /* where each token ends in the word */
    char     word[WORD_CACHE_BYTES];
    int32_t  ids[WORD_CACHE_TOKENS];
} WordSlot;

typedef struct WordCache { WordSlot *slots; } WordCache;

static inline Status word_cache_init(WordCache *cache)
{
    return mem_new(&cache->slots, WORD_CACHE_SLOTS, sizeof *cache->slots);
}

/* Where a word is or would be; slot NULL for one that is too long to be kept. */
typedef struct WordPlace { WordSlot *slot; uint32_t hash; } WordPlace;

static inline WordPlace word_cache_place(const WordCache *cache, const char *word, size_t n, uint64_t seed)
{
    if (n > WORD_CACHE_BYTES) return (WordPlace){ NULL, 0 };
    uint32_t hash = vocab_hash(word, n, seed);
    return (WordPlace){ &cache->slots[hash % WORD_CACHE_SLOTS], hash };
}

static inline bool word_place_holds(WordPlace place, const char *word, size_t n)
{
    const WordSlot *slot = place.slot;
    return slot && slot->hash == place.hash && slot->n_bytes == n && memcmp(slot->word, word, n) == 0;
}

/* Appends what is kept there, for a word that begins at `at`. */
static inline Status word_place_get(WordPlace place, size_t at, TokenList *out)
{
    const WordSlot *slot = place.slot;
    if (out->n + WORD_CACHE_TOKENS > out->cap)
        TRY(mem_grow(&out->items, &out->cap, out->n + WORD_CACHE_TOKENS, sizeof *out->items));
    Token   *token = &out->items[out->n];
    uint32_t begin = (uint32_t)at;
    for (size_t i = 0; i < slot->n_tokens; i++) {
        uint32_t end = (uint32_t)at + slot->ends[i];
        token[i] = (Token){ slot->ids[i], 0, begin, end };
        begin = end;
    }
    out->n += slot->n_tokens;
    return OK;
}

/* Keeps tokens, which lie side by side from `at` on, if they fit. */
static inline void word_place_keep(WordPlace place, const char *word, size_t n, size_t at, const Token *tokens,
                                   size_t n_tokens)
{
    WordSlot *slot = place.slot;
    if (!slot || n_tokens > WORD_CACHE_TOKENS) return;
    slot->hash = place.hash;
    slot->n_bytes = (uint8_t)n;
    slot->n_tokens = (uint8_t)n_tokens;
    memcpy(slot->word, word, n);
    for (size_t i = 0; i < n_tokens; i++) {
        slot->ids[i] = tokens[i].id;
        slot->ends[i] = (uint8_t)(tokens[i].end - at);
    }
}

#endif
