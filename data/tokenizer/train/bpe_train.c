/* data/tokenizer/train/bpe_train.c: merges, for bpe and wordpiece. Sennrich et al. 2016; as the `tokenizers` library's
 * BpeTrainer: the pair with the highest count is merged, of equal counts the one with the smallest ids.
 *
 * Counts are kept up to date, never taken anew. A queue entry knows the words where its pair may stand; its count may
 * be too high, since merges take pairs away, and is put right when the entry comes up. Each merge makes one symbol of
 * two, so all merges together write at most two places a symbol of the words: the memory is known at the start.
 *
 * Two habits of the library decide between equal counts and are kept: symbols that a pair stood in before a merge are
 * not taken off its own count, and a pair may enter the queue twice when two merges make the same token. */
#include "data/tokenizer/train/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

/* ---- counts of pairs --------------------------------------------------------------------------------------------- */

static uint64_t pair_key(Pair p) { return ((uint64_t)p.a << 32 | p.b) + 1; }

static PairSlot *find_pair(const PairMap *m, uint64_t key)
{
    size_t i = (size_t)hash_mix(key);
    while (m->slots[i & m->mask].key && m->slots[i & m->mask].key != key) i++;
    return &m->slots[i & m->mask];
}

static Status grow_pairs(PairMap *m)
{
    PairMap bigger = { NULL, m->slots ? 2 * m->mask + 1 : 1023, m->n };
    TRY(mem_new(&bigger.slots, bigger.mask + 1, sizeof *bigger.slots));
    for (size_t i = 0; m->slots && i <= m->mask; i++)
        if (m->slots[i].key) *find_pair(&bigger, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return OK;
}

static Status pair_gain(PairMap *m, Pair p, int64_t count)
{
    if (!m->slots || m->n >= m->mask / 4 * 3) TRY(grow_pairs(m));
    PairSlot *slot = find_pair(m, pair_key(p));
    if (!slot->key) {
        slot->key = pair_key(p);
        m->n++;
    }
    slot->count += count;
    return OK;
}

/* A pair that max_token_length kept out was never counted. */
static void pair_lose(PairMap *m, Pair p, int64_t count)
{
    PairSlot *slot = find_pair(m, pair_key(p));
    if (slot->key) slot->count -= count;
}

/* ---- the queue --------------------------------------------------------------------------------------------------- */

static bool before(const Entry *x, const Entry *y)
{
    if (x->count != y->count) return x->count > y->count;
    return x->pair.a != y->pair.a ? x->pair.a < y->pair.a : x->pair.b < y->pair.b;
}

static void sift_down(Queue *q, size_t at)
{
    Entry moved = q->items[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= q->n) break;
        if (child + 1 < q->n && before(&q->items[child + 1], &q->items[child])) child++;
        if (!before(&q->items[child], &moved)) break;
        q->items[at] = q->items[child];
        at = child;
    }
    q->items[at] = moved;
}

static Status queue_push(Queue *q, Entry e)
{
    TRY(mem_grow(&q->items, &q->cap, q->n + 1, sizeof *q->items));
    size_t at = q->n++;
    for (; at > 0 && before(&e, &q->items[(at - 1) / 2]); at = (at - 1) / 2) q->items[at] = q->items[(at - 1) / 2];
    q->items[at] = e;
    return OK;
}

static void queue_drop(Queue *q)
{
    q->items[0] = q->items[--q->n];
    if (q->n > 0) sift_down(q, 0);
}

/* ---- all pairs of the words, once -------------------------------------------------------------------------------- */

static Status count_pairs(Bpe *b)
{
    TRY(grow_pairs(&b->pairs));
    for (size_t w = 0; w < b->n_words; w++) {
        const uint32_t *s = b->symbols + b->starts[w];
        for (uint32_t i = 0; i + 1 < b->lengths[w]; i++)
            TRY(pair_gain(&b->pairs, (Pair){ s[i], s[i + 1] }, (int64_t)b->counts[w]));
    }
    return OK;
}

typedef struct Place { size_t at; uint32_t n, last_word; } Place;              /* of a pair, by slot */

/* fill false: counts the words of each pair; true: writes their numbers. */
static void walk_pairs(Bpe *b, Place *places, bool fill)
{
    for (size_t w = 0; w < b->n_words; w++) {
        const uint32_t *s = b->symbols + b->starts[w];
        for (uint32_t i = 0; i + 1 < b->lengths[w]; i++) {
            Place *p = &places[find_pair(&b->pairs, pair_key((Pair){ s[i], s[i + 1] })) - b->pairs.slots];
            if (p->last_word == w + 1) continue;
            p->last_word = (uint32_t)w + 1;
            if (fill) b->positions[p->at + p->n] = (uint32_t)w;
            p->n++;
        }
    }
}

static Status fill_queue(Bpe *b, Place *places)
{
    size_t most;
    walk_pairs(b, places, false);
    for (size_t i = 0; i <= b->pairs.mask; i++) {
        places[i].at = b->n_positions;
        b->n_positions += places[i].n;
        places[i].n = places[i].last_word = 0;
    }
    TRY(size_mul(b->n_symbols, 2, &most));
    TRY(size_add(most, b->n_positions, &most));
    TRY(mem_new(&b->positions, most, sizeof *b->positions));
    walk_pairs(b, places, true);
    for (size_t i = 0; i <= b->pairs.mask; i++) {
        if (!b->pairs.slots[i].key) continue;
        uint64_t key = b->pairs.slots[i].key - 1;
        TRY(queue_push(&b->queue, (Entry){ b->pairs.slots[i].count,
                                           { (uint32_t)(key >> 32), (uint32_t)key },
                                           places[i].n,
                                           places[i].at }));
    }
    return OK;
}

static Status start_queue(Bpe *b)
{
    Place *places;
    TRY(count_pairs(b));
    TRY(mem_new(&places, b->pairs.mask + 1, sizeof *places));
    Status s = fill_queue(b, places);
    free(places);
    return s;
}

/* ---- one merge --------------------------------------------------------------------------------------------------- */

static Neighbour *touch(Side *side, uint32_t token)
{
    Neighbour *n = &side->by_token[token];
    if (n->lost == 0 && n->gained == 0) side->touched[side->n_touched++] = token;
    return n;
}

static Status gain(Side *side, uint32_t token, uint32_t word, int64_t count)
{
    Neighbour *n = touch(side, token);
    n->gained += count;
    if (n->last_word == word + 1) return OK;
    n->last_word = word + 1;
    n->n_words++;
    TRY(mem_grow(&side->events, &side->cap_events, side->n_events + 1, sizeof *side->events));
    side->events[side->n_events++] = (Event){ token, word };
    return OK;
}

static bool fits(const Bpe *b, uint32_t neighbour, uint32_t made)
{
    int64_t most = b->t->o->max_token_length;
    return most == 0 || (int64_t)b->n_chars[neighbour] + b->n_chars[made] < most;
}

static Status merge_in_word(Bpe *b, Pair p, uint32_t made, uint32_t w)
{
    uint32_t *s = b->symbols + b->starts[w], n = b->lengths[w], k = 0;
    int64_t   count = (int64_t)b->counts[w];
    for (uint32_t i = 0; i < n;) {
        if (s[i] != p.a || i + 1 == n || s[i + 1] != p.b) {
            s[k++] = s[i++];
            continue;
        }
        if (k > 0) {
            touch(&b->left, s[k - 1])->lost += count;
            if (fits(b, s[k - 1], made)) TRY(gain(&b->left, s[k - 1], w, count));
        }
        s[k++] = made;
        i += 2;
        if (i == n) break;
        touch(&b->right, s[i])->lost += count;
        if (fits(b, s[i], made)) TRY(gain(s[i] == made ? &b->left : &b->right, s[i], w, count));
    }
    b->lengths[w] = k;
    return OK;
}

static Pair new_pair(const Bpe *b, const Side *side, uint32_t token, uint32_t made)
{
    return side == &b->left ? (Pair){ token, made } : (Pair){ made, token };
}

static Status queue_gained(Bpe *b, Side *side, uint32_t made)
{
    for (size_t i = 0; i < side->n_touched; i++) {
        Neighbour *n = &side->by_token[side->touched[i]];
        n->at = b->n_positions;
        b->n_positions += n->n_words;
        n->n_words = 0;
    }
    for (size_t i = 0; i < side->n_events; i++) {
        Neighbour *n = &side->by_token[side->events[i].token];
        b->positions[n->at + n->n_words++] = side->events[i].word;
    }
    for (size_t i = 0; i < side->n_touched; i++) {
        Neighbour *n = &side->by_token[side->touched[i]];
        if (n->n_words > 0) {
            Pair    p = new_pair(b, side, side->touched[i], made);
            int64_t count = find_pair(&b->pairs, pair_key(p))->count;
            if (count > 0) TRY(queue_push(&b->queue, (Entry){ count, p, n->n_words, n->at }));
        }
        *n = (Neighbour){ 0 };
    }
    side->n_touched = side->n_events = 0;
    return OK;
}

/* Gains first: what a merge makes, its next occurrence in the word may take away. */
static Status apply_merge(Bpe *b, Pair p, uint32_t made)
{
    Side *sides[] = { &b->left, &b->right };
    for (size_t k = 0; k < COUNT(sides); k++)
        for (size_t i = 0; i < sides[k]->n_touched; i++) {
            uint32_t token = sides[k]->touched[i];
            int64_t  gained = sides[k]->by_token[token].gained;
            if (gained > 0) TRY(pair_gain(&b->pairs, new_pair(b, sides[k], token, made), gained));
        }
    for (size_t i = 0; i < b->left.n_touched; i++)
        pair_lose(&b->pairs, (Pair){ b->left.touched[i], p.a }, b->left.by_token[b->left.touched[i]].lost);
    for (size_t i = 0; i < b->right.n_touched; i++)
        pair_lose(&b->pairs, (Pair){ p.b, b->right.touched[i] }, b->right.by_token[b->right.touched[i]].lost);
    for (size_t k = 0; k < COUNT(sides); k++) TRY(queue_gained(b, sides[k], made));
    return OK;
}

/* The token for a pair: "ab" + "##c" is "abc". */
static Status make_token(Bpe *b, Pair p, Text *name, uint32_t *id)
{
    const char *prefix = b->t->o->continuing_subword_prefix, *second = word_text(&b->tokens, p.b);
    size_t      n = b->tokens.words[p.b].len, n_prefix = prefix ? strlen(prefix) : 0;
    if (n_prefix > 0 && n >= n_prefix && memcmp(second, prefix, n_prefix) == 0) second += n_prefix, n -= n_prefix;
    text_clear(name);
    TRY(text_add(name, word_text(&b->tokens, p.a), b->tokens.words[p.a].len));
    TRY(text_add(name, second, n));
    return bpe_add_token(b, name->data, name->len, b->n_chars[p.a] + b->n_chars[p.b], id);
}

static Status merge(Bpe *b, Entry top, Text *name)
{
    uint32_t made;
    TRY(make_token(b, top.pair, name, &made));
    TRY(mem_grow(&b->merges, &b->cap_merges, b->n_merges + 1, sizeof *b->merges));
    b->merges[b->n_merges++] = top.pair;
    for (uint32_t i = 0; i < top.n; i++) TRY(merge_in_word(b, top.pair, made, b->positions[top.at + i]));
    return apply_merge(b, top.pair, made);
}

static Status merge_all(Bpe *b, Text *name)
{
    const TokenizerTrainOptions *o = b->t->o;
    int64_t least = o->min_frequency > 1 ? o->min_frequency : 1;
    while ((int64_t)b->tokens.n < o->vocab_size && b->queue.n > 0) {
        Entry  *top = &b->queue.items[0];
        int64_t count = find_pair(&b->pairs, pair_key(top->pair))->count;
        if (count <= 0) {
            queue_drop(&b->queue);
        } else if (count != top->count) {
            top->count = count;
            sift_down(&b->queue, 0);
        } else if (count < least) {
            break;
        } else {
            Entry taken = *top;
            queue_drop(&b->queue);
            TRY(merge(b, taken, name));
            if (b->n_merges % 256 == 0) train_progress(o, "merging", (int64_t)b->tokens.n, o->vocab_size);
        }
    }
    return OK;
}

static Status make_sides(Bpe *b)
{
    size_t most = (size_t)b->t->o->vocab_size;
    Side  *sides[] = { &b->left, &b->right };
    for (size_t k = 0; k < COUNT(sides); k++) {
        TRY(mem_new(&sides[k]->by_token, most, sizeof *sides[k]->by_token));
        TRY(mem_new(&sides[k]->touched, most, sizeof *sides[k]->touched));
    }
    return OK;
}

static void release(Bpe *b)
{
    word_table_release(&b->tokens);
    free(b->n_chars);
    free(b->symbols);
    free(b->starts);
    free(b->lengths);
    free(b->counts);
    free(b->pairs.slots);
    free(b->positions);
    free(b->queue.items);
    free(b->merges);
    Side *sides[] = { &b->left, &b->right };
    for (size_t k = 0; k < COUNT(sides); k++) {
        free(sides[k]->by_token);
        free(sides[k]->touched);
        free(sides[k]->events);
    }
}

Status bpe_train(Trainer *t)
{
    Bpe  b = { .t = t };
    Text name = { 0 };
    Status s = bpe_read_words(&b);
    if (s == OK) s = make_sides(&b);
    if (s == OK) s = start_queue(&b);
    if (s == OK) s = merge_all(&b, &name);
    t->report->n_tokens = (int64_t)b.tokens.n;
    if (s == OK) s = bpe_write_model(&b);
    text_release(&name);
    release(&b);
    return s;
}
