/* data/tokenizer/vocab.c: a vocabulary both ways (string to id by an open table, id to string by position), and a trie.
 *
 * The trie keeps its edges in one hash table of 8-byte entries, (node, byte) -> child: a step is one look-up, building
 * is linear in the bytes whatever the strings are, and a hostile vocabulary costs no more memory than its own size. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

/* ---- hashing ----------------------------------------------------------------------------------------------------- */

static uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t load4(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Words are short: eight bytes a round, and a tail without a loop. */
uint32_t vocab_hash(const char *s, size_t n, uint64_t seed)
{
    uint64_t h = seed ^ n * 0xD6E8FEB86659FD93u;
    for (; n >= 8; s += 8, n -= 8) h = hash_mix(h ^ load8(s));
    if (n >= 4)      h ^= load4(s) << 32 | load4(s + n - 4);
    else if (n > 0)
        h ^= (uint64_t)(unsigned char)s[0] << 16 | (uint64_t)(unsigned char)s[n / 2] << 8 | (unsigned char)s[n - 1];
    h = hash_mix(hash_mix(h));
    return (uint32_t)(h >> 32);
}

/* ---- vocabulary -------------------------------------------------------------------------------------------------- */

int32_t vocab_find(const Vocab *v, const char *s, size_t n)
{
    if (!v->slots) return -1;
    uint32_t h = vocab_hash(s, n, v->seed);
    for (uint32_t i = h;; i++) {
        VocabSlot slot = v->slots[i & v->mask];
        if (slot.id < 0) return -1;
        if (slot.hash != h) continue;
        VocabEntry e = v->entries[slot.id];
        if (e.len == n && memcmp(v->pool + e.at, s, n) == 0) return slot.id;
    }
}

const char *vocab_string(const Vocab *v, int32_t id)
{
    if (id < 0 || id >= v->size || v->entries[id].len == VOCAB_HOLE) return NULL;
    return v->pool + v->entries[id].at;
}

void vocab_byte_tokens(const Vocab *v, int32_t ids[256])
{
    for (int i = 0; i < 256; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        ids[i] = vocab_find(v, name, strlen(name));
    }
}

void vocab_release(Vocab *v)
{
    free(v->pool);
    free(v->entries);
    free(v->slots);
    memset(v, 0, sizeof *v);
}

static Status put(Vocab *v, const char *s, size_t n, int32_t id, size_t *used, const char *where)
{
    if (v->entries[id].len != VOCAB_HOLE)
        return fail(ERR_FORMAT, "%s: \"%s\" and \"%s\" share the id %d", where, v->pool + v->entries[id].at, s, id);
    if (vocab_find(v, s, n) >= 0) return fail(ERR_FORMAT, "%s: \"%s\" stands twice", where, s);
    memcpy(v->pool + *used, s, n + 1);
    v->entries[id] = (VocabEntry){ (uint32_t)*used, (uint32_t)n };
    *used += n + 1;
    uint32_t h = vocab_hash(s, n, v->seed), i = h;
    while (v->slots[i & v->mask].id >= 0) i++;
    v->slots[i & v->mask] = (VocabSlot){ h, id };
    v->count++;
    return OK;
}

Status vocab_build(Vocab *v, const char *const *strings, const int32_t *ids, size_t n, uint64_t seed, const char *where)
{
    size_t bytes = 1, used = 0, slots = 16;
    *v = (Vocab){ .seed = seed };
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(strings[i]);
        if (len > MAX_TOKEN_BYTES)
            return fail(ERR_FORMAT, "%s: a token of %zu bytes (\"%.40s...\"), where at most %d make sense", where, len,
                        strings[i], MAX_TOKEN_BYTES);
        TRY(size_add(bytes, len + 1, &bytes));
        if (ids[i] >= v->size) v->size = ids[i] + 1;
    }
    if (bytes > UINT32_MAX) return fail(ERR_FORMAT, "%s: %zu bytes of tokens", where, bytes);
    while (slots < 2 * n) slots *= 2;
    v->mask = (uint32_t)slots - 1;
    Status s = mem_new(&v->pool, bytes, 1);
    if (s == OK) s = mem_new(&v->entries, (size_t)v->size, sizeof *v->entries);
    if (s == OK) s = mem_new(&v->slots, slots, sizeof *v->slots);
    if (s == OK) {
        memset(v->slots, 0xFF, slots * sizeof *v->slots);
        for (int32_t i = 0; i < v->size; i++) v->entries[i].len = VOCAB_HOLE;
    }
    for (size_t i = 0; s == OK && i < n; i++) s = put(v, strings[i], strlen(strings[i]), ids[i], &used, where);
    if (s != OK) vocab_release(v);
    return s;
}

/* An id far above the number of tokens would ask for memory (and embedding rows) that nothing uses. Some published
 * vocabularies do have holes, where duplicates were dropped; as many holes as tokens are let through. */
static Status check_id(const cJSON *v, size_t n, const char *where)
{
    if (!json_is_integer(v)) return fail(ERR_FORMAT, "%s: the id of \"%s\" must be a whole number", where, v->string);
    if (v->valuedouble < 0 || v->valuedouble >= TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: \"%s\" has the id %.0f; ids run from 0 to %d", where, v->string, v->valuedouble,
                    TOKENIZER_MAX_VOCAB - 1);
    if (v->valuedouble >= 2.0 * (double)n + 16)
        return hint(fail(ERR_FORMAT, "%s: \"%s\" has the id %.0f, but there are only %zu tokens", where, v->string,
                         v->valuedouble, n),
                    "ids should run from 0 without large holes; renumber them, or check the file");
    return OK;
}

Status vocab_parse(Vocab *v, const cJSON *object, uint64_t seed, const char *where)
{
    *v = (Vocab){ 0 };
    if (!cJSON_IsObject(object)) return fail(ERR_FORMAT, "%s must be an object of \"token\": id", where);
    size_t       n = 0;
    const char **strings = NULL;
    int32_t     *ids = NULL;
    for (const cJSON *c = object->child; c; c = c->next) n++;
    if (n > TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: %zu tokens; at most %d are read", where, n, TOKENIZER_MAX_VOCAB);
    Status s = mem_new(&strings, n, sizeof *strings);
    if (s == OK) s = mem_new(&ids, n, sizeof *ids);
    size_t i = 0;
    for (const cJSON *c = object->child; s == OK && c; c = c->next, i++) {
        if ((s = check_id(c, n, where)) != OK) break;
        strings[i] = c->string;
        ids[i] = (int32_t)c->valuedouble;
    }
    if (s == OK) s = vocab_build(v, strings, ids, n, seed, where);
    free(strings);
    free(ids);
    return s;
}

/* ---- trie -------------------------------------------------------------------------------------------------------- */

enum { TRIE_MAX_NODES = (1 << 28) - 1 };

static void insert_edge(uint64_t *edges, uint32_t mask, uint64_t seed, uint64_t edge)
{
    uint32_t i = (uint32_t)hash_mix((edge >> 28) ^ seed);
    while (edges[i & mask]) i++;
    edges[i & mask] = edge;
}

static Status grow_edges(Trie *trie)
{
    size_t    slots = trie->edges ? ((size_t)trie->mask + 1) * 2 : 64;
    uint64_t *bigger;
    TRY(mem_new(&bigger, slots, sizeof *bigger));
    if (trie->edges)
        for (size_t i = 0; i <= trie->mask; i++)
            if (trie->edges[i]) insert_edge(bigger, (uint32_t)slots - 1, trie->seed, trie->edges[i]);
    free(trie->edges);
    trie->edges = bigger;
    trie->mask = (uint32_t)slots - 1;
    return OK;
}

Status trie_add(Trie *trie, uint32_t root, const char *s, size_t n, int32_t value)
{
    if (trie->n_nodes == 0) {
        TRY(mem_grow(&trie->values, &trie->cap, TRIE_CONTINUE + 1, sizeof *trie->values));
        trie->n_nodes = TRIE_CONTINUE + 1;
        for (uint32_t i = 0; i < trie->n_nodes; i++) trie->values[i] = -1;
    }
    uint32_t node = root;
    for (size_t i = 0; i < n; i++) {
        if (!trie->edges || trie->n_edges >= trie->mask / 2) TRY(grow_edges(trie));
        unsigned char byte = (unsigned char)s[i];
        uint32_t child = trie_step(trie, node, byte);
        if (child == TRIE_NONE) {
            if (trie->n_nodes >= TRIE_MAX_NODES) return fail(ERR_MEMORY, "the vocabulary has too many prefixes");
            TRY(mem_grow(&trie->values, &trie->cap, (size_t)trie->n_nodes + 1, sizeof *trie->values));
            child = trie->n_nodes++;
            trie->values[child] = -1;
            insert_edge(trie->edges, trie->mask, trie->seed, (uint64_t)node << 36 | (uint64_t)byte << 28 | child);
            trie->n_edges++;
        }
        node = child;
    }
    if (trie->values[node] < 0 || value < trie->values[node]) trie->values[node] = value;
    return OK;
}

void trie_release(Trie *trie)
{
    free(trie->edges);
    free(trie->values);
    memset(trie, 0, sizeof *trie);
}
