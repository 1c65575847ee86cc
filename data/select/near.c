/* data/select/near.c: texts that are nearly the same.
 *
 *     signatures --bands--> (hash, row), sorted --buckets--> pairs that are alike --by row--> findings
 *
 * A signature's values are cut into bands; texts that agree in a whole band meet in a bucket, where their signatures
 * are compared. A bucket compares each text with the first BUCKET_FIRST of each set only, so that its cost grows with
 * its size and not with the square of it. Only the first of equal texts takes part.
 *
 * Pairs are then judged in the order of their later row: that one is a near duplicate when the earlier one stays. So of
 * a group of similar texts the first stays, and so does what is similar only to texts that were left out. */
#include <math.h>
#include <string.h>

#include "data/select/select_internal.h"

enum { VALUES = MINHASH_BYTES / 2, BUCKET_FIRST = 16 };

typedef struct BandRecord { uint8_t hash[8], row[4]; } BandRecord;

/* Held-out rows before training rows among the rows that one row is like. */
typedef struct PairRecord { uint8_t row[4], rank, other[4], unused[3]; float similarity; } PairRecord;

enum { BAND_SORTED = 8, PAIR_SORTED = 9 };

/* ---- bands ------------------------------------------------------------------------------------------------------ */

/* The chance that two texts of similarity s meet in at least one of the bands. */
static double meets(double s, Bands b) { return 1 - pow(1 - pow(s, b.rows), b.n); }

/* The mean of `chance` of meeting (or of missing) from `low` to `high`, times the width. */
static double area(double low, double high, Bands b, bool missing)
{
    enum { STEPS = 200 };
    double sum = 0, width = (high - low) / STEPS;
    for (int i = 0; i < STEPS; i++) {
        double chance = meets(low + (i + 0.5) * width, b);
        sum += missing ? 1 - chance : chance;
    }
    return sum * width;
}

/* A pair that meets for nothing costs one comparison, one that never meets is lost and counts twenty times:
 * at 0.8 that makes 10 bands of 6, in which 95 % of the pairs at the threshold meet and 15 % of those at 0.5. */
Bands bands_choose(double threshold)
{
    Bands  best = { VALUES, 1 };
    double least = INFINITY;
    for (int rows = 1; rows <= VALUES; rows++) {
        Bands  b = { VALUES / rows, rows };
        double error = area(0, threshold, b, false) + 20 * area(threshold, 1, b, true);
        if (error < least) {
            least = error;
            best = b;
        }
    }
    return best;
}

static uint64_t band_hash(const Minhash *m, Bands b, int band)
{
    uint64_t       h = (uint64_t)band + 1;
    const uint8_t *bytes = m->bytes + 2 * band * b.rows;
    for (int i = 0; i < 2 * b.rows; i += 2) {
        h = (h ^ (uint64_t)(bytes[i] | bytes[i + 1] << 8)) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return h;
}

/* Whether the row stands for a text that is compared. *out NULL: it does not. */
static Status signature_of(const Selection *s, uint32_t row, const Minhash **out)
{
    static const Minhash none;
    const void *record = NULL;
    *out = NULL;
    if ((s->fates[row] & FATE_DUPLICATE) || !stays(s, row)) return OK;
    TRY(records_get(s->signatures, row, &record));
    if (memcmp(record, &none, sizeof none) != 0) *out = record;
    return OK;
}

/* Set by set, held-out ones first: that is then the order within a bucket. */
static Status add_bands(const Selection *s, Bands b, Sorter *bands)
{
    for (int rank = 0; rank < SELECT_N_SETS; rank++) {
        uint32_t first = s->sets[set_of_rank(rank)].first, n = s->sets[set_of_rank(rank)].n;
        for (uint32_t row = first; row - first < n; row++) {
            const Minhash *m;
            BandRecord     r;
            TRY(signature_of(s, row, &m));
            put_u32(r.row, row);
            for (int band = 0; m && band < b.n; band++) {
                put_u64(r.hash, band_hash(m, b, band));
                TRY(sorter_add(bands, &r));
            }
        }
    }
    return sorter_finish(bands);
}

/* ---- buckets ---------------------------------------------------------------------------------------------------- */

typedef struct Bucket {
    uint8_t hash[8];
    struct BucketSet { uint32_t rows[BUCKET_FIRST]; Minhash signatures[BUCKET_FIRST]; int n; } sets[SELECT_N_SETS];
    int64_t  n;
    uint32_t first;                /* the first row: read when a second one comes */
} Bucket;

static Status add_pair(Selection *s, uint32_t row, int rank, uint32_t other, double similarity)
{
    PairRecord p = { .rank = (uint8_t)rank, .similarity = (float)similarity };
    put_u32(p.row, row);
    put_u32(p.other, other);
    return sorter_add(s->pairs, &p);
}

static Status meet(Selection *s, Bucket *b, uint32_t row)
{
    const void *record;
    Minhash     mine;
    int         rank = set_rank(set_of(s, row));
    TRY(records_get(s->signatures, row, &record));
    memcpy(&mine, record, sizeof mine);
    for (int r = 0; r <= rank; r++) {
        struct BucketSet *set = &b->sets[r];
        for (int i = 0; i < set->n; i++) {
            double similarity = minhash_similarity(&mine, &set->signatures[i]);
            if (similarity < s->options.near_threshold) continue;
            TRY(add_pair(s, row, r, set->rows[i], similarity));
            if (set->n == BUCKET_FIRST) break;          /* a large bucket: one is enough */
        }
    }
    struct BucketSet *own = &b->sets[rank];
    if (own->n == BUCKET_FIRST) return OK;
    own->rows[own->n] = row;
    own->signatures[own->n++] = mine;
    return OK;
}

static Status compare_buckets(Selection *s, Sorter *bands)
{
    Bucket b = { .n = 0 };
    for (;;) {
        const void *record;
        BandRecord  r;
        TRY(sorter_next(bands, &record));
        if (!record) return sorter_finish(s->pairs);
        memcpy(&r, record, sizeof r);
        uint32_t row = get_u32(r.row);
        if (b.n == 0 || memcmp(b.hash, r.hash, sizeof b.hash) != 0) {
            memcpy(b.hash, r.hash, sizeof b.hash);
            for (int rank = 0; rank < SELECT_N_SETS; rank++) b.sets[rank].n = 0;
            b.n = 1;
            b.first = row;
            continue;
        }
        if (b.n++ == 1) TRY(meet(s, &b, b.first));
        TRY(meet(s, &b, row));
    }
}

/* ---- pairs ------------------------------------------------------------------------------------------------------ */

typedef struct Pair { uint32_t row, other; SelectSet from, into; double similarity; } Pair;

/* The next pair; bands that found the same one count once. */
static Status next_pair(const Selection *s, Pair *p, bool *end)
{
    Pair        last = *p;
    const void *record;
    do {
        PairRecord r;
        TRY(sorter_next(s->pairs, &record));
        *end = record == NULL;
        if (*end) return OK;
        memcpy(&r, record, sizeof r);
        *p = (Pair){ .row = get_u32(r.row), .other = get_u32(r.other), .into = set_of_rank(r.rank),
                     .similarity = (double)r.similarity };
    } while (p->row == last.row && p->other == last.other);
    p->from = set_of(s, p->row);
    return OK;
}

/* A row that stands in a held-out set exactly is not looked for there again; else it counts once a set. */
static Status judge_pairs(Selection *s)
{
    Pair p = { 0 }, leak = { .row = UINT32_MAX };
    for (bool end = false;;) {
        TRY(next_pair(s, &p, &end));
        if (end) return OK;
        if (p.from == p.into) {
            if (((s->fates[p.row] | s->fates[p.other]) & FATE_NEAR) || !stays(s, p.row) || !stays(s, p.other))
                continue;
            s->fates[p.row] |= FATE_NEAR;
            TRY(findings_add(s, FINDING_NEAR, p.from, p.into, p.row, p.other, p.similarity));
        } else if (!(s->fates[p.row] & FATE_LEAKED) || (leak.row == p.row && leak.into != p.into)) {
            s->fates[p.row] |= FATE_LEAKED;
            leak = p;
            TRY(findings_add(s, FINDING_NEAR_LEAK, p.from, p.into, p.row, p.other, p.similarity));
        }
    }
}

Status near_compare(Selection *s)
{
    BUG_ON(!(s->options.near_threshold > 0 && s->options.near_threshold <= 1));
    Bands   b = bands_choose(s->options.near_threshold);
    Sorter *bands = NULL;
    TRY(sorter_new(&s->pairs, sizeof(PairRecord), PAIR_SORTED, s->options.memory / 16, s->folder));
    Status status = sorter_new(&bands, sizeof(BandRecord), BAND_SORTED, s->options.memory / 4, s->folder);
    if (status == OK) status = add_bands(s, b, bands);
    if (status == OK) status = compare_buckets(s, bands);
    sorter_free(bands);
    return status == OK ? judge_pairs(s) : status;
}

/* ---- the two sides of a share ----------------------------------------------------------------------------------- */

/* Which of two training texts is in the rest and like one in the share; such a text leaves the rest. */
static Status compare_sides(Selection *s, const Pair *p, uint32_t rest, uint32_t share)
{
    if ((s->fates[rest] & (MARK_SHARE | MARK_REST)) != MARK_REST || !(s->fates[share] & MARK_SHARE)) return OK;
    s->fates[rest] &= (uint8_t)~MARK_REST;
    return findings_add(s, FINDING_NEAR_LEAK, SELECT_TRAIN, SELECT_VALIDATION, rest, share, p->similarity);
}

Status near_compare_sides(Selection *s)
{
    Pair p = { 0 };
    TRY(sorter_rewind(s->pairs));
    for (bool end = false;;) {
        TRY(next_pair(s, &p, &end));
        if (end) return OK;
        if (p.from != SELECT_TRAIN || p.into != SELECT_TRAIN) continue;
        TRY(compare_sides(s, &p, p.row, p.other));
        TRY(compare_sides(s, &p, p.other, p.row));
    }
}
