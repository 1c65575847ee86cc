/* data/tokenizer/train/word_table.c: an open hash table of strings with counts.
 *
 * The strings lie one behind the other in a pool; the slots hold 32 bits of the hash, so that growing touches no
 * string. A word that is there already, nearly all of a text, costs one hash, one slot and one comparison. */
#include "data/tokenizer/train/train_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

static Status grow_slots(WordTable *t)
{
    size_t    n = t->slots ? ((size_t)t->mask + 1) * 2 : 1024;
    TableSlot *bigger;
    if (n > UINT32_MAX) return fail(ERR_MEMORY, "%zu distinct words are more than one table holds", t->n);
    TRY(mem_new(&bigger, n, sizeof *bigger));
    free(t->slots);
    t->slots = bigger;
    t->mask = (uint32_t)(n - 1);
    for (size_t i = 0; i < t->n; i++) {
        uint32_t at = t->words[i].hash;
        while (t->slots[at & t->mask].index) at++;
        t->slots[at & t->mask] = (TableSlot){ t->words[i].hash, (uint32_t)i + 1 };
    }
    return OK;
}

/* The slot that holds the string, or the free one where it belongs. */
static TableSlot *find_slot(const WordTable *t, const char *s, size_t n, uint32_t hash)
{
    for (uint32_t at = hash;; at++) {
        TableSlot *slot = &t->slots[at & t->mask];
        if (!slot->index) return slot;
        if (slot->hash != hash) continue;
        const Word *w = &t->words[slot->index - 1];
        if (w->len == n && memcmp(t->pool + w->at, s, n) == 0) return slot;
    }
}

Status word_table_append(WordTable *t, const char *s, Word word)
{
    TRY(mem_grow(&t->pool, &t->cap_pool, t->used + word.len, 1));
    TRY(mem_grow(&t->words, &t->cap, t->n + 1, sizeof *t->words));
    memcpy(t->pool + t->used, s, word.len);
    word.at = t->used;
    t->words[t->n++] = word;
    t->used += word.len;
    return OK;
}

Status word_table_add(WordTable *t, const char *s, size_t n, uint64_t count, uint32_t *index)
{
    uint32_t hash = vocab_hash(s, n, t->seed);
    if (!t->slots || t->n >= t->mask / 4 * 3) TRY(grow_slots(t));
    TableSlot *slot = find_slot(t, s, n, hash);
    if (!slot->index) {
        TRY(word_table_append(t, s, (Word){ 0, 0, (uint32_t)n, hash }));
        *slot = (TableSlot){ hash, (uint32_t)t->n };
    }
    t->words[slot->index - 1].count += count;
    if (index) *index = slot->index - 1;
    return OK;
}

int64_t word_table_find(const WordTable *t, const char *s, size_t n)
{
    if (!t->slots) return -1;
    return (int64_t)find_slot(t, s, n, vocab_hash(s, n, t->seed))->index - 1;
}

size_t word_table_bytes(const WordTable *t)
{
    return t->cap_pool + t->cap * sizeof *t->words + (t->slots ? ((size_t)t->mask + 1) * sizeof *t->slots : 0);
}

void word_table_clear(WordTable *t)
{
    if (t->slots) memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof *t->slots);
    t->used = t->n = 0;
}

void word_table_release(WordTable *t)
{
    free(t->pool);
    free(t->words);
    free(t->slots);
    memset(t, 0, sizeof *t);
}
