/* data/select/duplicates.c: rows sorted by their keys, so that equal texts stand together: test rows first, then
 * validation, then training, each in their order. One walk finds duplicates, contradictions and exact leaks; later ones
 * carry what was found out about a text to its copies. */
#include <stdlib.h>
#include <string.h>

#include "data/select/select_internal.h"

enum { KEY_BYTES = 16 };

typedef struct KeyRecord {
    uint8_t  key[KEY_BYTES], rank, row[4], unused[3];
    uint64_t label;
} KeyRecord;

enum { KEY_SORTED = KEY_BYTES + 1 };                    /* rows of one rank come in their order as it is */

/* What is known of the text that is being walked over, set by set (by rank). */
typedef struct TextSeen {
    uint8_t  key[KEY_BYTES];
    bool     any, seen[SELECT_N_SETS];
    uint32_t first[SELECT_N_SETS], labelled[SELECT_N_SETS];
    uint64_t label[SELECT_N_SETS];                      /* 0: none yet */
} TextSeen;

Status keys_new(Selection *s)
{
    return sorter_new(&s->keys, sizeof(KeyRecord), KEY_SORTED, s->options.memory / 4, s->folder);
}

Status keys_add(Selection *s, SelectSet set, uint32_t row, const SelectRow *r)
{
    KeyRecord k = { .label = r->label, .rank = (uint8_t)set_rank(set) };
    put_u64(k.key, r->key[0]);
    put_u64(k.key + 8, r->key[1]);
    put_u32(k.row, row);
    return sorter_add(s->keys, &k);
}

/* The next row of the walk; a new text begins a new TextSeen. record NULL at the end. */
static Status next_row(Sorter *keys, TextSeen *t, KeyRecord *out, bool *end)
{
    const void *record;
    TRY(sorter_next(keys, &record));
    *end = record == NULL;
    if (*end) return OK;
    memcpy(out, record, sizeof *out);
    if (!t->any || memcmp(t->key, out->key, KEY_BYTES) != 0) {
        *t = (TextSeen){ .any = true };
        memcpy(t->key, out->key, KEY_BYTES);
    }
    return OK;
}

/* ---- duplicates, contradictions, leaks -------------------------------------------------------------------------- */

static Status compare_labels(Selection *s, TextSeen *t, const KeyRecord *k, uint32_t row)
{
    SelectSet set = set_of_rank(k->rank);
    if (k->label == 0 || k->label == t->label[k->rank]) return OK;
    if (t->label[k->rank] == 0) {
        t->label[k->rank] = k->label;
        t->labelled[k->rank] = row;
        return OK;
    }
    s->fates[t->first[k->rank]] |= FATE_CONTRADICTS;    /* keys_spread tells the others */
    return findings_add(s, FINDING_CONTRADICTION, set, set, row, t->labelled[k->rank], 1);
}

static Status compare_row(Selection *s, TextSeen *t, const KeyRecord *k)
{
    uint32_t  row = get_u32(k->row);
    SelectSet set = set_of_rank(k->rank);
    for (int rank = 0; rank < k->rank; rank++) {
        if (!t->seen[rank]) continue;
        s->fates[row] |= FATE_LEAKED;
        TRY(findings_add(s, FINDING_LEAK, set, set_of_rank(rank), row, t->first[rank], 1));
    }
    if (t->seen[k->rank]) {
        s->fates[row] |= FATE_DUPLICATE;
        TRY(findings_add(s, FINDING_DUPLICATE, set, set, row, t->first[k->rank], 1));
    } else {
        t->seen[k->rank] = true;
        t->first[k->rank] = row;
    }
    return compare_labels(s, t, k, row);
}

Status keys_compare(Selection *s)
{
    TextSeen  t = { 0 };
    KeyRecord k;
    for (bool end = false;;) {
        TRY(next_row(s->keys, &t, &k, &end));
        if (end) return OK;
        TRY(compare_row(s, &t, &k));
    }
}

/* ---- from a text to its copies ---------------------------------------------------------------------------------- */

/* visit(s, row, first row of this text in this set) for every row, by text. */
static Status walk(Selection *s, void (*visit)(Selection *s, uint32_t row, uint32_t first))
{
    TextSeen  t = { 0 };
    KeyRecord k;
    TRY(sorter_rewind(s->keys));
    for (bool end = false;;) {
        TRY(next_row(s->keys, &t, &k, &end));
        if (end) return OK;
        uint32_t row = get_u32(k.row);
        if (!t.seen[k.rank]) t.first[k.rank] = row;
        t.seen[k.rank] = true;
        visit(s, row, t.first[k.rank]);
    }
}

static void spread(Selection *s, uint32_t row, uint32_t first)
{
    s->fates[row] |= s->fates[first] & (FATE_NEAR | FATE_CONTRADICTS | FATE_LEAKED);
}

Status keys_spread(Selection *s) { return walk(s, spread); }

/* ---- the two sides of a share ----------------------------------------------------------------------------------- */

static bool is_in_share(const Selection *s, uint32_t row) { return (s->fates[row] & FATE_SHARE) != 0; }

static void mark_side(Selection *s, uint32_t row, uint32_t first)
{
    if (set_of(s, row) == SELECT_TRAIN && stays(s, row))
        s->fates[first] |= is_in_share(s, row) ? MARK_SHARE : MARK_REST;
}

/* Training rows in use by text, those of the share first. */
static Status sort_by_side(Selection *s, Sorter *sides)
{
    TextSeen  t = { 0 };
    KeyRecord k;
    TRY(sorter_rewind(s->keys));
    for (bool end = false;;) {
        TRY(next_row(s->keys, &t, &k, &end));
        if (end) return sorter_finish(sides);
        uint32_t row = get_u32(k.row);
        if (set_of_rank(k.rank) != SELECT_TRAIN || !stays(s, row)) continue;
        k.rank = is_in_share(s, row) ? 0 : 1;
        TRY(sorter_add(sides, &k));
    }
}

static Status compare_sides(Selection *s, Sorter *sides)
{
    TextSeen  t = { 0 };
    KeyRecord k;
    for (bool end = false;;) {
        TRY(next_row(sides, &t, &k, &end));
        if (end) return OK;
        uint32_t row = get_u32(k.row);
        if (!t.seen[k.rank]) t.first[k.rank] = row;
        t.seen[k.rank] = true;
        if (k.rank == 0 || !t.seen[0]) continue;
        s->fates[row] |= FATE_LEAKED;
        TRY(findings_add(s, FINDING_LEAK, SELECT_TRAIN, SELECT_VALIDATION, row, t.first[0], 1));
    }
}

Status keys_mark_sides(Selection *s)
{
    TRY(walk(s, mark_side));
    if (!s->has_groups) return OK;
    Sorter *sides;
    TRY(sorter_new(&sides, sizeof(KeyRecord), KEY_SORTED, s->options.memory / 4, s->folder));
    Status status = sort_by_side(s, sides);
    if (status == OK) status = compare_sides(s, sides);
    sorter_free(sides);
    return status;
}

/* near_compare_sides takes MARK_REST off a text that may not be in the rest. */
static void spread_side(Selection *s, uint32_t row, uint32_t first)
{
    if (set_of(s, row) == SELECT_TRAIN && stays(s, row) && !is_in_share(s, row) && !(s->fates[first] & MARK_REST))
        s->fates[row] |= FATE_LEAKED;
}

Status keys_spread_sides(Selection *s) { return walk(s, spread_side); }
