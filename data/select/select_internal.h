/* data/select/select_internal.h: what select.c, duplicates.c, near.c, shares.c and findings.c share.
 *
 * Rows of all sets are numbered in the order in which they were added. While selection_decide runs, a row's byte says
 * what was found out about it; at the end what no policy drops is taken off again. The row of a text that comes first
 * in its set stands for the later ones (its duplicates) wherever texts are compared with texts. */
#ifndef DATA_SELECT_SELECT_INTERNAL_H
#define DATA_SELECT_SELECT_INTERNAL_H

#include "data/select/select.h"
#include "data/select/sorter.h"
#include "data/select/spill.h"

/* The two upper bits of a fate, of the first row of a text: copies of it stand in the share, in the rest. Clear outside
 * of selection_decide. */
enum { MARK_SHARE = 64, MARK_REST = 128 };

typedef enum FindingKind {
    FINDING_CONTRADICTION, FINDING_DUPLICATE, FINDING_NEAR, FINDING_LEAK, FINDING_NEAR_LEAK, FINDING_N_KINDS
} FindingKind;

enum { FINDING_EXAMPLES = 20 };

/* Findings of one kind between two sets (or within one). */
typedef struct FindingCount {
    int64_t  n;
    uint32_t rows[FINDING_EXAMPLES][2];
    double   similarity;           /* of the first one */
} FindingCount;

typedef struct RowPlace { int64_t line; int32_t file; } RowPlace;

struct Selection {
    SelectOptions options;
    char     *folder, *list_path;
    uint8_t  *fates;               /* (n) */
    size_t    cap;
    uint32_t  n;
    struct { uint32_t first, n; } sets[SELECT_N_SETS];
    uint8_t   dropped;             /* the fates that leave a training row out */
    bool      has_groups, is_decided;
    Records  *places;              /* RowPlace of each row */
    Records  *signatures;          /* Minhash of each row, zero when it has none; NULL: nobody has one */
    Sorter   *keys;                /* duplicates.c: KeyRecord of each row that is not filtered */
    Sorter   *order;               /* shares.c: ShareRecord of each training row; NULL: no share */
    Sorter   *pairs;               /* near.c: near pairs; NULL: none looked for */
    Sorter   *findings;
    FindingCount (*counts)[SELECT_N_SETS][SELECT_N_SETS];      /* (FINDING_N_KINDS, from, into) */
};

/* Held-out sets come first, so that it is the training row that is found in a test set and not the other way round. */
static inline int set_rank(SelectSet set) { return SELECT_N_SETS - 1 - (int)set; }
static inline SelectSet set_of_rank(int rank) { return (SelectSet)(SELECT_N_SETS - 1 - rank); }

static inline SelectSet set_of(const Selection *s, uint32_t row)
{
    for (int set = 0; set < SELECT_N_SETS; set++)
        if (row - s->sets[set].first < s->sets[set].n) return (SelectSet)set;
    BUG_ON(true);
}

/* Whether a row is in use as far as is known. */
static inline bool stays(const Selection *s, uint32_t row)
{
    int against = set_of(s, row) == SELECT_TRAIN ? s->dropped | FATE_FILTERED : FATE_FILTERED;
    return (s->fates[row] & against) == 0;
}

static inline void put_u32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static inline void put_u64(uint8_t *to, uint64_t v)
{
    put_u32(to, (uint32_t)(v >> 32));
    put_u32(to + 4, (uint32_t)v);
}

static inline uint32_t get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* ---- duplicates.c: rows by their keys --------------------------------------------------------------------------- */

Status keys_new(Selection *s) MUST_USE;
Status keys_add(Selection *s, SelectSet set, uint32_t row, const SelectRow *r) MUST_USE;
/* Duplicates, contradictions and exact leaks. */
Status keys_compare(Selection *s) MUST_USE;
/* What was found out about the first row of a text holds for its copies in the same set. */
Status keys_spread(Selection *s) MUST_USE;
/* Leaks from the training rest into the share: equal texts (of several groups); marks which texts stand where. */
Status keys_mark_sides(Selection *s) MUST_USE;
Status keys_spread_sides(Selection *s) MUST_USE;

/* ---- near.c ----------------------------------------------------------------------------------------------------- */

Status near_compare(Selection *s) MUST_USE;
Status near_compare_sides(Selection *s) MUST_USE;       /* between keys_mark_sides and keys_spread_sides */

typedef struct Bands { int n, rows; } Bands;
/* Of MINHASH_BYTES / 2 values: what errs least for pairs on either side of the threshold. */
Bands bands_choose(double threshold);

/* ---- shares.c --------------------------------------------------------------------------------------------------- */

Status share_new(Selection *s) MUST_USE;
Status share_add(Selection *s, uint32_t row, const SelectRow *r) MUST_USE;
Status share_choose(Selection *s) MUST_USE;

/* ---- findings.c ------------------------------------------------------------------------------------------------- */

Status findings_new(Selection *s) MUST_USE;
/* row, of the set `from`, is what was found; other, in the set `into`, is what it was found to be like. */
Status findings_add(Selection *s, FindingKind kind, SelectSet from, SelectSet into, uint32_t row, uint32_t other,
                    double similarity) MUST_USE;
/* Counts them, writes the list, and fails when a policy says so. */
Status findings_finish(Selection *s) MUST_USE;

#endif
