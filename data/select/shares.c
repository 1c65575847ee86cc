/* data/select/shares.c: which training rows a validation share or a fold takes.
 *
 * Rows of one group stand together in the order of their groups' hashes; a group counts for the first of its classes.
 * A share takes groups in that order until every class has its quota, so that neither the order of rows nor the machine
 * matters and a row that is added moves few others. Folds deal the groups out, each to the fold that has the fewest
 * rows of its class. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/select/select_internal.h"

enum { MAX_CLASSES = 1 << 20, MAX_FOLD_COUNTS = 1 << 24 };

typedef struct ShareRecord { uint8_t group[8], class[4], row[4]; } ShareRecord;      /* class + 1: 0 is none */

enum { SHARE_SORTED = 12 };

typedef struct Quota { int64_t n, want; double rest; int32_t class; } Quota;

Status share_new(Selection *s)
{
    return sorter_new(&s->order, sizeof(ShareRecord), SHARE_SORTED, s->options.memory / 8, s->folder);
}

Status share_add(Selection *s, uint32_t row, const SelectRow *r)
{
    BUG_ON(r->class < -1 || r->class >= MAX_CLASSES);
    ShareRecord record;
    put_u64(record.group, r->group ? r->group : r->key[0]);
    put_u32(record.class, s->options.stratified ? (uint32_t)(r->class + 1) : 0);
    put_u32(record.row, row);
    s->has_groups |= r->group != 0;
    return sorter_add(s->order, &record);
}

/* ---- group by group --------------------------------------------------------------------------------------------- */

typedef struct Group { uint32_t class, n; } Group;      /* n: its rows that are in use */

typedef struct Classes {           /* how many rows of each class there are, and the groups in their order */
    Quota   *quotas;               /* (n) */
    size_t   n, cap;
    Records *groups;               /* Group */
} Classes;

/* The next row that is in use. */
static Status next_row(Selection *s, ShareRecord *out, bool *end)
{
    const void *record;
    do {
        TRY(sorter_next(s->order, &record));
        *end = record == NULL;
        if (*end) return OK;
        memcpy(out, record, sizeof *out);
    } while (!stays(s, get_u32(out->row)));
    return OK;
}

static Status add_group(Classes *c, const Group *g)
{
    if (g->n == 0) return OK;
    TRY(mem_grow(&c->quotas, &c->cap, (size_t)g->class + 1, sizeof *c->quotas));
    if (g->class >= c->n) c->n = (size_t)g->class + 1;
    c->quotas[g->class].n += g->n;
    return records_add(c->groups, g);
}

static Status count_groups(Selection *s, Classes *c)
{
    Group       g = { 0 };
    ShareRecord last = { 0 }, r;
    for (bool end = false;;) {
        TRY(next_row(s, &r, &end));
        if (end) return add_group(c, &g);
        if (g.n == 0 || memcmp(r.group, last.group, sizeof r.group) != 0) {
            TRY(add_group(c, &g));
            g = (Group){ .class = get_u32(r.class) };
            last = r;
        }
        g.n++;
    }
}

/* Once more in the same order, now knowing each group as it begins: those that `takes` accepts are the share. */
static Status take_groups(Selection *s, Classes *c, bool (*takes)(void *arg, const Group *g), void *arg)
{
    TRY(sorter_rewind(s->order));
    for (int64_t i = 0; i < records_count(c->groups); i++) {
        const void *record;
        TRY(records_get(c->groups, i, &record));
        Group g;
        memcpy(&g, record, sizeof g);
        uint8_t fate = takes(arg, &g) ? FATE_SHARE : 0;
        for (uint32_t k = 0; k < g.n; k++) {
            ShareRecord r;
            bool        end;
            TRY(next_row(s, &r, &end));
            BUG_ON(end);
            s->fates[get_u32(r.row)] |= fate;
        }
    }
    return OK;
}

/* ---- a share ---------------------------------------------------------------------------------------------------- */

static int by_rest(const void *a, const void *b)
{
    const Quota *x = a, *y = b;
    if (x->rest != y->rest) return x->rest > y->rest ? -1 : 1;
    return x->class - y->class;
}

static int by_class(const void *a, const void *b) { return ((const Quota *)a)->class - ((const Quota *)b)->class; }

/* share of each class, rounded so that the sum is the share of the whole (largest remainders first). */
static void set_quotas(Quota *quotas, size_t n_classes, int64_t n, double share)
{
    int64_t left = llround(share * (double)n);
    for (size_t c = 0; c < n_classes; c++) {
        double exact = share * (double)quotas[c].n;
        quotas[c].want = (int64_t)floor(exact);
        quotas[c].rest = exact - floor(exact);
        left -= quotas[c].want;
    }
    qsort(quotas, n_classes, sizeof *quotas, by_rest);
    for (size_t c = 0; c < n_classes && left > 0; c++)
        if (quotas[c].want + 1 < quotas[c].n) {         /* every class keeps a row on the other side */
            quotas[c].want++;
            left--;
        }
    qsort(quotas, n_classes, sizeof *quotas, by_class);
}

static bool fits_quota(void *arg, const Group *g)
{
    Quota *q = (Quota *)arg + g->class;
    if (g->n > q->want) return false;
    q->want -= g->n;
    return true;
}

static Status choose_share(Selection *s, Classes *c)
{
    int64_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        c->quotas[i].class = (int32_t)i;
        n += c->quotas[i].n;
    }
    set_quotas(c->quotas, c->n, n, s->options.share);
    return take_groups(s, c, fits_quota, c->quotas);
}

/* ---- folds ------------------------------------------------------------------------------------------------------ */

typedef struct Deal { int64_t *counts, *of_all; int folds, wanted; } Deal;      /* counts: (classes, folds) */

static bool is_dealt(void *arg, const Group *g)
{
    Deal    *d = arg;
    int64_t *of_class = d->counts + (size_t)g->class * (size_t)d->folds;
    int      best = 0;
    for (int f = 1; f < d->folds; f++)
        if (of_class[f] < of_class[best] || (of_class[f] == of_class[best] && d->of_all[f] < d->of_all[best]))
            best = f;
    of_class[best] += g->n;
    d->of_all[best] += g->n;
    return best == d->wanted;
}

static Status choose_fold(Selection *s, Classes *c)
{
    Deal   d = { .folds = s->options.folds, .wanted = s->options.fold };
    size_t n = c->n * (size_t)d.folds;
    if (n > MAX_FOLD_COUNTS)
        return hint(fail(ERR_CONFIG, "%d folds of %zu classes are too many", d.folds, c->n), "5 or 10 are usual");
    TRY(mem_new(&d.counts, n + (size_t)d.folds, sizeof *d.counts));
    d.of_all = d.counts + n;
    Status status = take_groups(s, c, is_dealt, &d);
    free(d.counts);
    return status;
}

Status share_choose(Selection *s)
{
    Classes c = { 0 };
    Status  status = records_new(&c.groups, sizeof(Group), s->options.memory / 16, s->folder);
    if (status == OK) status = sorter_finish(s->order);
    if (status == OK) status = count_groups(s, &c);
    if (status == OK && c.n > 0) status = s->options.folds > 0 ? choose_fold(s, &c) : choose_share(s, &c);
    records_free(c.groups);
    free(c.quotas);
    return status;
}
