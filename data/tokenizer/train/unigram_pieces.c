/* data/tokenizer/train/unigram_pieces.c: the first pieces of a unigram model, and how pieces hang together. */
#include "data/tokenizer/train/unigram.h"

#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/parallel.h"

enum { MAX_SEEDS = 1000000, MAX_PIECE = 16 };

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

Status unigram_add_piece(Pieces *p, uint32_t at, uint32_t len, double score)
{
    TRY(mem_grow(&p->items, &p->cap, p->n + 1, sizeof *p->items));
    p->items[p->n++] = (Piece){ score, 0, at, len, 0 };
    return OK;
}

void unigram_use_scores(Pieces *p)
{
    p->min_score = INFINITY;
    p->n_alive = 1;
    for (size_t i = 1; i < p->n; i++) {
        p->items[i].probability = exp(p->items[i].score);
        if (p->items[i].score == -INFINITY) continue;
        p->n_alive++;
        if (p->items[i].score < p->min_score) p->min_score = p->items[i].score;
    }
    p->unk_score = p->min_score - UNIGRAM_UNK_PENALTY;
    p->items[0].probability = exp(p->unk_score);
}

/* The longest piece that s begins with, of those shorter than `below`. */
static uint32_t longest_piece(const Trie *trie, const char *s, size_t n, size_t below)
{
    uint32_t node = TRIE_ROOT, found = 0;
    for (size_t i = 0; i < n && i + 1 < below; i++) {
        node = trie_step(trie, node, (unsigned char)s[i]);
        if (node == TRIE_NONE) break;
        if (trie->values[node] > 0) found = (uint32_t)trie->values[node];
    }
    return found;
}

typedef struct Link { Unigram *u; Trie trie; } Link;

static void link_block(int64_t block, int thread, void *arg)
{
    Link            *link = arg;
    const WordTable *words = &link->u->t->words;
    Pieces          *p = &link->u->pieces;
    size_t           begin = (size_t)block * UNIGRAM_BLOCK, end = begin + UNIGRAM_BLOCK;
    (void)thread;
    for (size_t i = begin; i < end && i < p->n; i++)
        p->items[i].parent = longest_piece(&link->trie, piece_text(p, i), p->items[i].len, p->items[i].len);
    for (size_t w = begin; w < end && w < words->n; w++) {
        size_t at = words->words[w].at, behind = at + words->words[w].len;
        for (; at < behind; at++)
            if (((unsigned char)p->text[at] & 0xC0) != 0x80)
                p->longest[at] = longest_piece(&link->trie, p->text + at, behind - at, SIZE_MAX);
    }
}

/* Once, when all seeds are there: where each stands, and which it begins with. */
static Status link_pieces(Unigram *u)
{
    Pieces *p = &u->pieces;
    Link    link = { .u = u };
    size_t  most = p->n > u->n_words ? p->n : u->n_words;
    Status  s = mem_new(&p->longest, u->t->words.used, sizeof *p->longest);
    for (size_t i = 1; s == OK && i < p->n; i++)
        s = trie_add(&link.trie, TRIE_ROOT, piece_text(p, i), p->items[i].len, (int32_t)i);
    if (s == OK) parallel_tasks((int64_t)((most + UNIGRAM_BLOCK - 1) / UNIGRAM_BLOCK), link_block, &link);
    trie_release(&link.trie);
    return s;
}

/* Room for what belongs to a piece. */
static Status make_room(Unigram *u)
{
    for (int h = 0; h < u->n_helpers; h++) {
        free(u->helpers[h].uses);
        u->helpers[h].uses = NULL;
        TRY(mem_new(&u->helpers[h].uses, u->pieces.n, sizeof *u->helpers[h].uses));
    }
    free(u->uses);
    u->uses = NULL;
    TRY(mem_new(&u->uses, u->pieces.n, sizeof *u->uses));
    unigram_use_scores(&u->pieces);
    return OK;
}

/* ---- seeds ------------------------------------------------------------------------------------------------------- */

static Status seed_text(SeedText *text, const Unigram *u)
{
    const WordTable *words = &u->t->words;
    if (words->used > UINT32_MAX)
        return hint(fail(ERR_DATA, "the distinct words have %zu bytes, more than unigram can learn from", words->used),
                    "allow less memory, so that rare words are left out");
    TRY(mem_new(&text->chars, words->used + words->n, sizeof *text->chars));
    TRY(mem_new(&text->places, words->used + words->n, sizeof *text->places));
    for (size_t w = 0; w < words->n; w++) {
        const char *s = word_text(words, w);
        for (size_t i = 0, n = words->words[w].len; i < n; text->n++) {
            text->places[text->n] = (uint32_t)(words->words[w].at + i);
            uint32_t cp = word_char(s, n, &i);
            text->chars[text->n] = u->keep[cp] ? cp : 0;
        }
        text->n++;
    }
    return OK;
}

typedef struct CharUse { uint64_t count; uint32_t cp, at; } CharUse;

static int compare_chars(const void *a, const void *b)
{
    const CharUse *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->cp < y->cp) - (x->cp > y->cp);
}

/* Any place of each character will do, as only what stands there counts. */
static Status find_chars(Unigram *u, const SeedText *text, CharUse *chars, size_t *n, const uint64_t *counts)
{
    uint32_t *places;
    TRY(mem_new(&places, CODE_POINTS, sizeof *places));
    for (size_t i = 0; i < text->n; i++) places[text->chars[i]] = text->places[i];
    for (uint32_t cp = 1; cp < CODE_POINTS; cp++)
        if (u->keep[cp]) chars[(*n)++] = (CharUse){ counts[cp], cp, places[cp] };
    free(places);
    qsort(chars, *n, sizeof *chars, compare_chars);
    return OK;
}

static Status add_chars(Unigram *u, const SeedText *text, double *sum)
{
    uint64_t *counts;
    CharUse  *chars = NULL;
    size_t    n = 0;
    TRY(alphabet_count(&counts, u->t));
    Status s = mem_new(&chars, (size_t)u->t->report->n_alphabet, sizeof *chars);
    if (s == OK) s = find_chars(u, text, chars, &n, counts);
    for (size_t i = 0; s == OK && i < n; i++) {
        char utf8[4];
        s = unigram_add_piece(&u->pieces, chars[i].at, (uint32_t)utf8_encode(chars[i].cp, utf8),
                              (double)chars[i].count);
        *sum += (double)chars[i].count;
    }
    free(chars);
    free(counts);
    return s;
}

static Status add_substrings(Unigram *u, const SeedText *text, double *sum)
{
    int64_t max_length = u->t->o->max_token_length ? u->t->o->max_token_length : MAX_PIECE;
    Seed   *seeds = NULL;
    size_t  n = 0;
    if (u->pieces.n >= MAX_SEEDS) return OK;
    Status s = unigram_seeds(&seeds, &n, text, (uint32_t)max_length, MAX_SEEDS - u->pieces.n);
    for (size_t i = 0; s == OK && i < n; i++) {
        uint32_t last = seeds[i].at + seeds[i].len - 1, len = 0;
        char     utf8[4];
        len = text->places[last] + (uint32_t)utf8_encode(text->chars[last], utf8) - text->places[seeds[i].at];
        s = unigram_add_piece(&u->pieces, text->places[seeds[i].at], len, (double)seeds[i].score);
        *sum += (double)seeds[i].score;
    }
    free(seeds);
    return s;
}

Status unigram_make_seeds(Unigram *u)
{
    SeedText text = { 0 };
    double   sum = 0;
    Status   s = seed_text(&text, u);
    u->pieces.text = u->t->words.pool;
    if (s == OK) s = unigram_add_piece(&u->pieces, 0, 0, -INFINITY);
    if (s == OK) s = add_chars(u, &text, &sum);
    if (s == OK) s = add_substrings(u, &text, &sum);
    free(text.chars);
    free(text.places);
    TRY(s);
    for (size_t i = 1; i < u->pieces.n; i++) u->pieces.items[i].score = log(u->pieces.items[i].score) - log(sum);
    TRY(link_pieces(u));
    return make_room(u);
}

/* ---- after a pruning --------------------------------------------------------------------------------------------- */

Status unigram_relink(Unigram *u, Pieces *rest, const uint32_t *number)
{
    Pieces *old = &u->pieces;
    for (size_t i = 1; i < old->n; i++) {
        uint32_t parent = old->items[i].parent;
        while (parent && !number[parent]) parent = old->items[parent].parent;
        if (number[i]) rest->items[number[i]].parent = number[parent];
    }
    for (size_t at = 0; at < u->t->words.used; at++) {
        uint32_t id = old->longest[at];
        while (id && !number[id]) id = old->items[id].parent;
        old->longest[at] = number[id];
    }
    rest->text = old->text;
    rest->longest = old->longest;
    free(old->items);
    *old = *rest;
    return make_room(u);
}
