/* data/splits.c: which examples are in which split, and what is in each.
 *
 * A split is some of a set's examples: a bit each, and the number of bits before each block, so that 25 million
 * examples take 3 MB, and finding one costs a search over the blocks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "data/data_internal.h"

#define ROW_COLUMNS                                                                                              \
    (COLUMN_BIT(COL_LINE) | COLUMN_BIT(COL_FILE) | COLUMN_BIT(COL_CLASS) | COLUMN_BIT(COL_KEY) |                 \
     COLUMN_BIT(COL_LABEL_KEY) | COLUMN_BIT(COL_GROUP) | COLUMN_BIT(COL_FILTERED) | COLUMN_BIT(COL_MINHASH))
#define EXAMPLE_COLUMNS                                                                                          \
    (COLUMN_BIT(COL_TOKENS) | COLUMN_BIT(COL_ROW) | COLUMN_BIT(COL_LENGTH) | COLUMN_BIT(COL_UNKNOWN) |           \
     COLUMN_BIT(COL_COPY) | COLUMN_BIT(COL_CLASS))

/* ---- the decision ------------------------------------------------------------------------------------------------ */

static SelectPolicy policy(const char *text)
{
    return strcmp(text, "drop") == 0 ? SELECT_DROP : strcmp(text, "fail") == 0 ? SELECT_FAIL : SELECT_REPORT;
}

static const char *path_of(void *arg, SelectSet set, int32_t file)
{
    const Data *d = arg;
    return rows_path(d->sets[set].rows, file);
}

/* Blocks know nothing of the seed, so that another one needs no other blocks. 0 stays 0. */
static uint64_t seeded(const Data *d, uint64_t key)
{
    return key ? hash_u64(&key, sizeof key, (uint64_t)d->config->seed) | 1 : 0;
}

static Status add_rows(Data *d, int k)
{
    DataSet *set = &d->sets[k];
    for (int64_t b = 0; b < block_set_count(set->blocks); b++) {
        const Block *x;
        TRY(block_set_get(set->blocks, b, ROW_COLUMNS, &x));
        for (int64_t r = 0; r < x->n[OF_ROW]; r++) {
            const Minhash *m = COLUMN(x, Minhash, COL_MINHASH);
            int32_t        class = COLUMN(x, int32_t, COL_CLASS)[r];
            SelectRow      row = { .label = (uint64_t)COLUMN(x, int64_t, COL_LABEL_KEY)[r],
                                   .group = seeded(d, (uint64_t)COLUMN(x, int64_t, COL_GROUP)[r]),
                                   .class = class >= 0 && set->class_of ? set->class_of[class] : -1,
                                   .file = COLUMN(x, int32_t, COL_FILE)[r],
                                   .line = COLUMN(x, int64_t, COL_LINE)[r],
                                   .filtered = COLUMN(x, int8_t, COL_FILTERED)[r] != 0,
                                   .minhash = m ? &m[r] : NULL };
            memcpy(row.key, COLUMN(x, int64_t, COL_KEY) + 2 * r, sizeof row.key);
            row.key[0] = seeded(d, row.key[0]);
            TRY(selection_add(d->selection, (SelectSet)k, &row));
        }
    }
    return OK;
}

static Status decide(Data *d)
{
    const DataConfig *c = d->config;
    char             *list = NULL;
    if (d->folder) TRY(text_format(&list, "%s/findings.jsonl", d->folder));
    SelectOptions o = { .on_duplicate = policy(c->on_duplicate), .on_near_duplicate = policy(c->on_near_duplicate),
                        .on_contradiction = policy(c->on_contradiction), .on_leakage = policy(c->on_leakage),
                        .near_threshold = c->near_threshold, .share = d->share, .folds = (int)c->folds,
                        .fold = (int)c->fold,
                        .stratified = c->stratified, .memory = d->memory / 2, .folder = d->folder, .list_path = list,
                        .path = path_of, .arg = d };
    Status s = selection_new(&d->selection, &o);
    for (int k = 0; k < N_SPLITS && s == OK; k++)
        if (d->sets[k].wanted && d->sets[k].blocks) s = add_rows(d, k);
    if (s == OK) s = selection_decide(d->selection);
    if (s == OK) s = selection_report(d->selection, &d->findings);
    free(list);
    return s;
}

/* ---- bits -------------------------------------------------------------------------------------------------------- */

/* Row fates -> the split's bits. Augmented copies are training examples only. */
static Status mark_kept(Data *d, Dataset *split)
{
    DataSet       *set = &d->sets[split->set];
    const uint8_t *fates = selection_fates(d->selection, (SelectSet)split->set);
    uint8_t        want = split == &d->splits[SPLIT_VALIDATION] && split->set == SPLIT_TRAIN ? FATE_SHARE : 0;
    int64_t        n = set_n_examples(set), kept = 0, at = 0;
    TRY(mem_new(&split->kept, (size_t)n / 8 + 1, 1));
    for (int64_t b = 0; b < block_set_count(set->blocks); b++) {
        const Block *x;
        TRY(block_set_get(set->blocks, b, COLUMN_BIT(COL_TOKENS) | COLUMN_BIT(COL_ROW) | COLUMN_BIT(COL_COPY), &x));
        const int8_t *copy = COLUMN(x, int8_t, COL_COPY);
        for (int64_t i = 0; i < x->n[OF_EXAMPLE]; i++, at++) {
            int64_t row = set->first_row[b] + COLUMN(x, int32_t, COL_ROW)[i];
            bool    keep = fates[row] == want && (want == 0 || !copy || copy[i] == 0);
            if (keep) split->kept[at / 8] |= (uint8_t)(1 << at % 8);
            kept += keep;
        }
    }
    if (kept < n) return OK;
    free(split->kept);                 /* all of them */
    split->kept = NULL;
    return OK;
}

static bool is_kept(const Dataset *split, int64_t i)
{
    return !split->kept || (split->kept[i / 8] >> (i % 8) & 1);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void count_example(SplitStats *s, const Block *x, int64_t i)
{
    int64_t tokens = COLUMN(x, int32_t, COL_TOKENS)[i], length = COLUMN(x, int32_t, COL_LENGTH)[i];
    s->tokens += tokens;
    s->truncated += length > tokens;
    s->tokens_cut += length - tokens;
    s->unknown += COLUMN(x, int32_t, COL_UNKNOWN)[i];
    s->lengths[length < LENGTHS_COUNTED ? length : LENGTHS_COUNTED - 1]++;
}

static Status count_split(Data *d, Dataset *split)
{
    DataSet    *set = &d->sets[split->set];
    SplitStats *s = &split->stats;
    int64_t     n = block_set_count(set->blocks), at = 0;
    TRY(mem_new(&split->first, (size_t)n + 1, sizeof *split->first));
    TRY(mem_new(&split->set_first, (size_t)n + 1, sizeof *split->set_first));
    TRY(mem_new(&s->lengths, LENGTHS_COUNTED, sizeof *s->lengths));
    if (d->labels.n > 0) TRY(mem_new(&s->per_label, (size_t)d->labels.n, sizeof *s->per_label));
    for (int64_t b = 0; b < n; b++) {
        const Block *x;
        int64_t      kept = 0, row = -1;
        TRY(block_set_get(set->blocks, b, EXAMPLE_COLUMNS, &x));
        for (int64_t i = 0; i < x->n[OF_EXAMPLE]; i++, at++) {
            if (!is_kept(split, at)) continue;
            kept++;
            count_example(s, x, i);
            if (COLUMN(x, int32_t, COL_ROW)[i] == row) continue;
            row = COLUMN(x, int32_t, COL_ROW)[i];
            s->rows++;
            int32_t class = COLUMN(x, int32_t, COL_CLASS)[row];
            if (s->per_label && class >= 0) s->per_label[set->class_of[class]]++;
        }
        split->first[b + 1] = split->first[b] + kept;
        split->set_first[b + 1] = at;
    }
    if (split->first[n] > 0) return OK;
    return hint(fail(ERR_DATA, "no row is left for %s", split->name),
                "choose another share, or give data.validation a file; look at data.on_duplicate and its neighbours too");
}

/* The split's first example of each path of the set: rows come in the order of the paths. */
static Status find_sources(Data *d, Dataset *split)
{
    DataSet *set = &d->sets[split->set];
    int64_t  n = block_set_count(set->blocks), at = 0, seen = 0;
    int32_t  next = 0;
    split->n_sources = (int32_t)set->paths.n;
    TRY(mem_new(&split->sources, (size_t)split->n_sources + 1, sizeof *split->sources));
    for (int64_t b = 0; b < n && split->n_sources > 1; b++) {
        const Block *x;
        TRY(block_set_get(set->blocks, b, COLUMN_BIT(COL_TOKENS) | COLUMN_BIT(COL_ROW) | COLUMN_BIT(COL_FILE), &x));
        for (int64_t i = 0; i < x->n[OF_EXAMPLE]; i++, at++) {
            int32_t file = COLUMN(x, int32_t, COL_FILE)[COLUMN(x, int32_t, COL_ROW)[i]];
            for (int32_t given = rows_given(set->rows, file); next <= given; next++) split->sources[next] = seen;
            seen += is_kept(split, at);
        }
    }
    while (next <= split->n_sources) split->sources[next++] = split->first[n];
    if (split->n_sources > 0) split->sources[0] = 0;
    return OK;
}

/* By what it holds: the set's blocks, which of their examples, the class names. */
static void name_split(Dataset *split, const Data *d)
{
    Hash           h;
    const DataSet *set = &d->sets[split->set];
    hash_init(&h);
    hash_add(&h, set->work, HASH_HEX);
    if (split->kept) hash_add(&h, split->kept, (size_t)split->set_first[block_set_count(set->blocks)] / 8 + 1);
    for (int32_t i = 0; i < d->labels.n; i++) hash_add(&h, d->labels.names[i], strlen(d->labels.names[i]) + 1);
    hash_finish(&h, split->hash);
}

Status splits_count(Data *d)
{
    for (int k = 0; k < N_SPLITS; k++) {
        Dataset *split = &d->splits[k];
        if (split->set < 0 || split->stream) continue;
        TRY(count_split(d, split));
        TRY(find_sources(d, split));
        name_split(split, d);
    }
    return OK;
}

Status splits_decide(Data *d)
{
    TRY(decide(d));
    for (int k = 0; k < N_SPLITS; k++)
        if (d->splits[k].set >= 0 && !d->splits[k].stream) TRY(mark_kept(d, &d->splits[k]));
    return splits_count(d);
}
