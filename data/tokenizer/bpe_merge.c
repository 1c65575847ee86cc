/* data/tokenizer/bpe_merge.c: the table of merges, and merging the symbols of one word.
 *
 * A short word keeps the rank of each neighbouring pair in an array and looks for the smallest: some hundred numbers
 * are scanned faster than a heap is kept in order. A long one takes a heap, so that a word of 100,000 characters
 * costs n log n. Both do what the reference's queue does; entries of the heap that are out of date are recognised, as
 * there, by the pair that now stands at their place giving another token. */
#include "data/tokenizer/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/tokenizer/tokenizer_internal.h"

enum { SHORT_WORD = 256 };                        /* symbols; measured on Chinese: 57 ms a pass, 70 with 64 */

#define NO_RANK UINT32_MAX
#define NO_SYMBOL UINT32_MAX

static inline uint64_t pair_of(int32_t left, int32_t right) { return (uint64_t)(uint32_t)left << 32 | (uint32_t)right; }

Status bpe_table_init(BpeTable *table, size_t n_merges, uint64_t seed)
{
    size_t slots = 16;
    while (slots < 2 * n_merges) slots *= 2;
    TRY(mem_new(&table->slots, slots, sizeof *table->slots));
    for (size_t i = 0; i < slots; i++) table->slots[i].pair = BPE_FREE;
    table->mask = (uint32_t)(slots - 1);
    table->seed = seed;
    return OK;
}

static inline BpeMerge *slot_of(const BpeTable *table, uint64_t pair)
{
    for (uint32_t i = (uint32_t)hash_mix(hash_mix(pair ^ table->seed));; i++) {
        BpeMerge *m = &table->slots[i & table->mask];
        if (m->pair == pair || m->pair == BPE_FREE) return m;
    }
}

void bpe_table_put(BpeTable *table, int32_t left, int32_t right, uint32_t rank, int32_t id)
{
    uint64_t pair = pair_of(left, right);
    *slot_of(table, pair) = (BpeMerge){ pair, rank, id };
}

void bpe_table_release(BpeTable *table)
{
    free(table->slots);
    *table = (BpeTable){ 0 };
}

/* NULL: this pair does not merge. */
static inline const BpeMerge *find(const BpeTable *table, int32_t left, int32_t right)
{
    const BpeMerge *m = slot_of(table, pair_of(left, right));
    return m->pair == BPE_FREE ? NULL : m;
}

Status bpe_add_symbol(BpeWork *work, int32_t id, size_t len)
{
    if (work->n == work->cap) TRY(mem_grow(&work->symbols, &work->cap, work->n + 1, sizeof *work->symbols));
    work->symbols[work->n++] = (BpeSymbol){ .id = id, .len = (uint32_t)len };
    return OK;
}

/* ---- short words ------------------------------------------------------------------------------------------------- */

typedef struct Ranks { uint32_t rank[SHORT_WORD]; int32_t id[SHORT_WORD]; } Ranks;

static inline void look_up(const BpeTable *table, const BpeSymbol *s, size_t i, Ranks *r)
{
    const BpeMerge *m = find(table, s[i].id, s[i + 1].id);
    r->rank[i] = m ? m->rank : NO_RANK;
    r->id[i] = m ? m->id : -1;
}

static void merge_short(const BpeTable *table, BpeWork *work)
{
    BpeSymbol *s = work->symbols;
    size_t     n = work->n;
    Ranks      r;
    for (size_t i = 0; i + 1 < n; i++) look_up(table, s, i, &r);
    while (n > 1) {
        size_t   best = 0;
        uint32_t lowest = r.rank[0];
        for (size_t i = 1; i + 1 < n; i++)
            if (r.rank[i] < lowest) {
                lowest = r.rank[i];
                best = i;
            }
        if (lowest == NO_RANK) break;
        s[best].id = r.id[best];
        s[best].len += s[best + 1].len;
        n--;
        for (size_t i = best + 1; i < n; i++) {
            s[i] = s[i + 1];
            r.rank[i - 1] = r.rank[i];
            r.id[i - 1] = r.id[i];
        }
        if (best > 0) look_up(table, s, best - 1, &r);
        if (best + 1 < n) look_up(table, s, best, &r);
    }
    work->n = n;
}

/* ---- long words -------------------------------------------------------------------------------------------------- */

static void sift_down(BpeEntry *heap, size_t n, size_t i)
{
    BpeEntry e = heap[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && heap[child + 1].order < heap[child].order) child++;
        if (e.order <= heap[child].order) break;
        heap[i] = heap[child];
    }
    heap[i] = e;
}

static void sift_up(BpeEntry *heap, size_t i)
{
    BpeEntry e = heap[i];
    for (size_t parent; i > 0; i = parent) {
        parent = (i - 1) / 2;
        if (heap[parent].order <= e.order) break;
        heap[i] = heap[parent];
    }
    heap[i] = e;
}

static Status push(const BpeTable *table, BpeWork *work, uint32_t at, bool ordered)
{
    const BpeSymbol *s = work->symbols;
    const BpeMerge  *m = find(table, s[at].id, s[s[at].next].id);
    if (!m) return OK;
    if (work->n_heap == work->cap_heap)
        TRY(mem_grow(&work->heap, &work->cap_heap, work->n_heap + 1, sizeof *work->heap));
    work->heap[work->n_heap++] = (BpeEntry){ (uint64_t)m->rank << 32 | at, m->id };
    if (ordered) sift_up(work->heap, work->n_heap - 1);
    return OK;
}

static Status fill_heap(const BpeTable *table, BpeWork *work)
{
    work->n_heap = 0;
    for (uint32_t i = 0; i < work->n; i++) {
        work->symbols[i].prev = i - 1;                                /* NO_SYMBOL before the first */
        work->symbols[i].next = i + 1 < work->n ? i + 1 : NO_SYMBOL;
    }
    for (uint32_t i = 0; i + 1 < work->n; i++) TRY(push(table, work, i, false));
    for (size_t i = work->n_heap / 2; i-- > 0;) sift_down(work->heap, work->n_heap, i);
    return OK;
}

static Status merge_long(const BpeTable *table, BpeWork *work)
{
    BpeSymbol *s = work->symbols;
    TRY(fill_heap(table, work));
    while (work->n_heap > 0) {
        BpeEntry top = work->heap[0];
        work->heap[0] = work->heap[--work->n_heap];
        if (work->n_heap > 1) sift_down(work->heap, work->n_heap, 0);
        uint32_t at = (uint32_t)top.order, right = s[at].next;
        if (s[at].len == 0 || right == NO_SYMBOL) continue;
        const BpeMerge *now = find(table, s[at].id, s[right].id);
        if (!now || now->id != top.id) continue;
        s[at].id = top.id;
        s[at].len += s[right].len;
        s[at].next = s[right].next;
        s[right].len = 0;
        if (s[at].next != NO_SYMBOL) s[s[at].next].prev = at;
        if (s[at].prev != NO_SYMBOL) TRY(push(table, work, s[at].prev, true));
        if (s[at].next != NO_SYMBOL) TRY(push(table, work, at, true));
    }
    size_t kept = 0;
    for (size_t i = 0; i < work->n; i++)
        if (s[i].len > 0) s[kept++] = s[i];
    work->n = kept;
    return OK;
}

Status bpe_merge(const BpeTable *table, BpeWork *work)
{
    if (work->n < 2) return OK;
    if (work->n > SHORT_WORD || table->stale_ranks) return merge_long(table, work);
    merge_short(table, work);
    return OK;
}

void bpe_work_release(BpeWork *work)
{
    free(work->symbols);
    free(work->heap);
    *work = (BpeWork){ 0 };
}
