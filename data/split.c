/* data/split.c: which rows a validation share takes.
 *
 * Each text has a key, a hash of its bytes and the seed. Texts are taken in the order of their keys until every class
 * has its quota, so neither the order of the rows nor the machine matters, and a row that is added moves few others.
 * Rows with one text are taken together: a duplicate on the other side would make the validation figure too good. */
#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "data/dataset_internal.h"

uint64_t split_key(const Row *row, uint64_t seed)
{
    uint64_t key = hash_u64(row->text, row->n_text, seed);
    return row->pair ? hash_u64(row->pair, row->n_pair, key) : key;
}

typedef struct Item { uint64_t key; int64_t row; int32_t class; } Item;
typedef struct Quota { int64_t n, want; double rest; int32_t class; } Quota;

static int by_key(const void *a, const void *b)
{
    const Item *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->class != y->class) return x->class < y->class ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_rest(const void *a, const void *b)
{
    const Quota *x = a, *y = b;
    if (x->rest != y->rest) return x->rest > y->rest ? -1 : 1;
    return x->class - y->class;
}

static int by_class(const void *a, const void *b) { return ((const Quota *)a)->class - ((const Quota *)b)->class; }

/* share of each class, rounded so that the sum is the share of the whole (largest remainders first). */
static void set_quotas(Quota *quotas, int32_t n_classes, int64_t n, double share)
{
    int64_t left = llround(share * (double)n);
    for (int32_t c = 0; c < n_classes; c++) {
        double exact = share * (double)quotas[c].n;
        quotas[c].want = (int64_t)floor(exact);
        quotas[c].rest = exact - floor(exact);
        left -= quotas[c].want;
    }
    qsort(quotas, (size_t)n_classes, sizeof *quotas, by_rest);
    for (int32_t c = 0; c < n_classes && left > 0; c++)
        if (quotas[c].want + 1 < quotas[c].n) {
            quotas[c].want++;
            left--;
        }
    qsort(quotas, (size_t)n_classes, sizeof *quotas, by_class);
}

Status split_share(const uint64_t *keys, const int32_t *classes, int64_t n, int32_t n_classes, double share,
                   bool *chosen)
{
    Item  *items = NULL;
    Quota *quotas = NULL;
    if (!classes) n_classes = 1;
    Status s = mem_new(&items, (size_t)n, sizeof *items);
    if (s == OK) s = mem_new(&quotas, (size_t)n_classes, sizeof *quotas);
    if (s != OK) goto done;
    for (int64_t i = 0; i < n; i++) items[i] = (Item){ keys[i], i, classes ? classes[i] : 0 };
    qsort(items, (size_t)n, sizeof *items, by_key);
    for (int32_t c = 0; c < n_classes; c++) quotas[c].class = c;
    int64_t begin, end;
    for (begin = 0; begin < n; begin = end) {           /* a text with several labels counts for the first of them */
        for (end = begin; end < n && items[end].key == items[begin].key; end++) {}
        quotas[items[begin].class].n += end - begin;
    }
    set_quotas(quotas, n_classes, n, share);
    for (begin = 0; begin < n; begin = end) {
        Quota *q = &quotas[items[begin].class];
        for (end = begin; end < n && items[end].key == items[begin].key; end++) {}
        if (end - begin > q->want) continue;
        q->want -= end - begin;
        for (int64_t i = begin; i < end; i++) chosen[items[i].row] = true;
    }
done:
    free(items);
    free(quotas);
    return s;
}
