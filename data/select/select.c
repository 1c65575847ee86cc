/* data/select/select.c: rows in, fates out; the steps are in duplicates.c, near.c, shares.c and findings.c. */
#include "data/select/select_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"

static uint8_t dropped_fates(const SelectOptions *o)
{
    return (uint8_t)((o->on_duplicate == SELECT_DROP ? FATE_DUPLICATE : 0) |
                     (o->on_near_duplicate == SELECT_DROP ? FATE_NEAR : 0) |
                     (o->on_contradiction == SELECT_DROP ? FATE_CONTRADICTS : 0) |
                     (o->on_leakage == SELECT_DROP ? FATE_LEAKED : 0));
}

static Status check_options(const SelectOptions *o)
{
    if (!(o->share >= 0 && o->share < 1))
        return hint(fail(ERR_CONFIG, "a validation share of %g", o->share), "it is at least 0 and below 1");
    if (o->folds < 0 || o->folds == 1)
        return hint(fail(ERR_CONFIG, "%d folds", o->folds), "5 or 10 are usual, 2 the least; 0: none");
    if (o->folds > 0 && (o->fold < 0 || o->fold >= o->folds))
        return hint(fail(ERR_CONFIG, "fold %d of %d", o->fold, o->folds), "they are counted from 0");
    return OK;
}

static Status selection_init(Selection *s)
{
    TRY(text_copy(&s->folder, s->options.folder));
    if (s->options.list_path) TRY(text_copy(&s->list_path, s->options.list_path));
    s->dropped = dropped_fates(&s->options);
    TRY(records_new(&s->places, sizeof(RowPlace), s->options.memory / 16, s->folder));
    TRY(keys_new(s));
    TRY(findings_new(s));
    return s->options.share > 0 || s->options.folds > 0 ? share_new(s) : OK;
}

Status selection_new(Selection **out, const SelectOptions *options)
{
    *out = NULL;
    TRY(check_options(options));
    Selection *s;
    TRY(mem_new(&s, 1, sizeof *s));
    s->options = *options;
    Status status = selection_init(s);
    if (status == OK) *out = s;
    else selection_free(s);
    return status;
}

void selection_free(Selection *s)
{
    if (!s) return;
    records_free(s->places);
    records_free(s->signatures);
    sorter_free(s->keys);
    sorter_free(s->order);
    sorter_free(s->pairs);
    sorter_free(s->findings);
    free(s->counts);
    free(s->fates);
    free(s->folder);
    free(s->list_path);
    free(s);
}

/* ---- rows in ---------------------------------------------------------------------------------------------------- */

static Status add_signature(Selection *s, const Minhash *minhash)
{
    static const Minhash none;
    if (!s->signatures) {
        if (!minhash) return OK;
        TRY(records_new(&s->signatures, sizeof none, s->options.memory / 8, s->folder));
        for (uint32_t i = 0; i < s->n; i++) TRY(records_add(s->signatures, &none));
    }
    return records_add(s->signatures, minhash ? minhash : &none);
}

Status selection_add(Selection *s, SelectSet set, const SelectRow *row)
{
    BUG_ON(s->is_decided);
    if (s->n == UINT32_MAX)
        return hint(fail(ERR_UNSUPPORTED, "the data has more than %u rows", UINT32_MAX),
                    "prepare it in several parts");
    if (s->sets[set].n == 0) s->sets[set].first = s->n;
    BUG_ON(s->sets[set].first + s->sets[set].n != s->n);
    TRY(mem_grow(&s->fates, &s->cap, (size_t)s->n + 1, 1));
    TRY(records_add(s->places, &(RowPlace){ row->line, row->file }));
    TRY(add_signature(s, row->filtered ? NULL : row->minhash));
    if (row->filtered) {
        s->fates[s->n] = FATE_FILTERED;
    } else {
        TRY(keys_add(s, set, s->n, row));
        if (s->order && set == SELECT_TRAIN) TRY(share_add(s, s->n, row));
    }
    s->sets[set].n++;
    s->n++;
    return OK;
}

/* ---- fates out -------------------------------------------------------------------------------------------------- */

static Status decide_share(Selection *s)
{
    TRY(share_choose(s));
    if (!s->has_groups && !s->pairs) return OK;         /* equal texts are on one side */
    TRY(keys_mark_sides(s));
    if (s->pairs) TRY(near_compare_sides(s));
    return keys_spread_sides(s);
}

/* Only training rows are left out, and only for what a policy drops. */
static void keep_fates(Selection *s)
{
    for (int set = 0; set < SELECT_N_SETS; set++) {
        int kept = set == SELECT_TRAIN ? s->dropped | FATE_FILTERED | FATE_SHARE : FATE_FILTERED;
        for (uint32_t i = 0; i < s->sets[set].n; i++) s->fates[s->sets[set].first + i] &= (uint8_t)kept;
    }
}

Status selection_decide(Selection *s)
{
    BUG_ON(s->is_decided);
    s->is_decided = true;
    TRY(sorter_finish(s->keys));
    TRY(keys_compare(s));
    if (s->signatures) TRY(near_compare(s));
    TRY(keys_spread(s));
    if (s->order) TRY(decide_share(s));
    keep_fates(s);
    return findings_finish(s);
}

int64_t selection_count(const Selection *s, SelectSet set) { return s->sets[set].n; }

const uint8_t *selection_fates(const Selection *s, SelectSet set) { return s->fates + s->sets[set].first; }
