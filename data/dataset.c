/* data/dataset.c: examples of a split by number. */
#include "data/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/batch.h"
#include "data/data_internal.h"

#define ALL_COLUMNS (COLUMN_BIT(N_COLUMNS) - 1u)
#define NO_KEYS (ALL_COLUMNS & ~(COLUMN_BIT(COL_KEY) | COLUMN_BIT(COL_LABEL_KEY) | COLUMN_BIT(COL_GROUP) |      \
                                 COLUMN_BIT(COL_FILTERED) | COLUMN_BIT(COL_MINHASH)))

/* ---- where an example lies --------------------------------------------------------------------------------------- */

static int64_t last_not_above(const int64_t *first, int64_t n, int64_t i)      /* first[0] 0 <= i < first[n] */
{
    int64_t low = 0, high = n;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (first[middle] <= i) low = middle;
        else high = middle;
    }
    return low;
}

/* The k-th kept example of the set's examples from `from` on. */
static int64_t nth_kept(const Dataset *d, int64_t from, int64_t k)
{
    if (!d->kept) return from + k;
    int64_t i = from;
    for (;; i++) {
        if (i % 8 == 0) {                               /* eight at once */
            int n = __builtin_popcount(d->kept[i / 8]);
            if (n <= k) {
                k -= n;
                i += 7;
                continue;
            }
        }
        if ((d->kept[i / 8] >> (i % 8) & 1) && k-- == 0) return i;
    }
}

static Status locate(Dataset *d, int64_t i, const Block **block, int64_t *at, int64_t *row)
{
    DataSet *set = &d->data->sets[d->set];
    int64_t  b = last_not_above(d->first, block_set_count(set->blocks), i);
    while (d->first[b + 1] <= i) b++;                   /* blocks that hold nothing of this split */
    TRY(block_set_get(set->blocks, b, NO_KEYS, block));
    *at = nth_kept(d, d->set_first[b], i - d->first[b]) - d->set_first[b];
    *row = set->first_row[b] + COLUMN(*block, int32_t, COL_ROW)[*at];
    return OK;
}

/* ---- an example -------------------------------------------------------------------------------------------------- */

/* Words are counted in each text of a pair. */
static Status unfold_words(Dataset *d, const int8_t *words, const int8_t *segments, int64_t n)
{
    int32_t word = -1;
    TRY(mem_grow(&d->words, &d->cap_words, (size_t)n, sizeof *d->words));
    for (int64_t k = 0; k < n; k++) {
        if (segments && k > 0 && segments[k] != segments[k - 1]) word = -1;
        word += words[k] > 0;
        d->words[k] = words[k] < 0 ? -1 : word;
    }
    return OK;
}

static Status unfold_segments(Dataset *d, const int8_t *segments, int64_t n)
{
    TRY(mem_grow(&d->segments, &d->cap_segments, (size_t)n, sizeof *d->segments));
    if (!segments) return OK;                           /* grown memory is zero and stays so */
    for (int64_t k = 0; k < n; k++) d->segments[k] = segments[k];
    return OK;
}

static Status unfold_tags(Dataset *d, const int32_t *tags, int64_t n)
{
    const int32_t *class_of = d->data->sets[d->set].class_of;
    TRY(mem_grow(&d->tags, &d->cap_tags, (size_t)n, sizeof *d->tags));
    for (int64_t k = 0; k < n; k++) d->tags[k] = tags[k] == BATCH_IGNORE ? BATCH_IGNORE : class_of[tags[k]];
    return OK;
}

static Status check_block(const Dataset *d, const Block *b, int64_t at, int64_t n)
{
    const int32_t *ids = COLUMN(b, int32_t, COL_IDS) + at, *tags = COLUMN(b, int32_t, COL_TAGS);
    int32_t        size = tokenizer_size(d->data->tokenizer), classes = d->data->sets[d->set].labels.n;
    bool           good = true;
    for (int64_t k = 0; k < n; k++) good = good && (uint32_t)ids[k] < (uint32_t)size;
    for (int64_t k = 0; tags && k < n; k++)
        good = good && (tags[at + k] == BATCH_IGNORE || (uint32_t)tags[at + k] < (uint32_t)classes);
    if (good) return OK;
    return hint(fail(ERR_FORMAT, "%s/%s: a token that the tokenizer does not have, or a class without a name",
                     d->data->folder, d->name), "prepare the data again");
}

static Status example_of(Dataset *d, const Block *b, int64_t i, int64_t row, Example *out)
{
    int64_t        at = b->begin[i], n = b->begin[i + 1] - at, r = COLUMN(b, int32_t, COL_ROW)[i];
    const int8_t  *segments = COLUMN(b, int8_t, COL_SEGMENTS);
    const int32_t *tags = COLUMN(b, int32_t, COL_TAGS), *offsets = COLUMN(b, int32_t, COL_OFFSETS),
                  *answer = COLUMN(b, int32_t, COL_ANSWER), *class_of = d->data->sets[d->set].class_of;
    int32_t        class = COLUMN(b, int32_t, COL_CLASS)[r], length = COLUMN(b, int32_t, COL_LENGTH)[i];
    if (d->data->prepared) TRY(check_block(d, b, at, n));
    TRY(unfold_words(d, COLUMN(b, int8_t, COL_WORDS) + at, segments ? segments + at : NULL, n));
    TRY(unfold_segments(d, segments ? segments + at : NULL, n));
    if (tags) TRY(unfold_tags(d, tags + at, n));
    *out = (Example){ .ids = COLUMN(b, int32_t, COL_IDS) + at, .segments = d->segments, .words = d->words, .n = n,
                      .n_untruncated = length, .truncated = length > n, .label = -1, .tags = tags ? d->tags : NULL,
                      .offsets = offsets ? offsets + 2 * at : NULL, .row = row,
                      .line = COLUMN(b, int64_t, COL_LINE)[r] };
    if (class >= 0 && class_of && class < d->data->sets[d->set].labels.n) out->label = class_of[class];
    if (b->columns & COLUMN_BIT(COL_TARGET)) out->target = COLUMN(b, double, COL_TARGET)[r];
    if (answer) {
        out->answer_begin = answer[2 * i];
        out->answer_end = answer[2 * i + 1];
    }
    return OK;
}

Status dataset_example(Dataset *d, int64_t i, Example *out)
{
    const Block *b;
    int64_t      at, row;
    if (d->stream) {
        TRY(stream_locate(d->stream, i, &b, &at, &row));
        return example_of(d, b, at, row, out);
    }
    BUG_ON(i < 0 || i >= dataset_count(d));
    TRY(locate(d, i, &b, &at, &row));
    return example_of(d, b, at, row, out);
}

/* ---- its row ----------------------------------------------------------------------------------------------------- */

static Status place_of(Dataset *d, int64_t i, Place *out)
{
    const Block *b;
    int64_t      at, row;
    if (d->stream) TRY(stream_locate(d->stream, i, &b, &at, &row));
    else TRY(locate(d, i, &b, &at, &row));
    int32_t r = COLUMN(b, int32_t, COL_ROW)[at];
    *out = (Place){ COLUMN(b, int64_t, COL_AT)[r], COLUMN(b, int64_t, COL_LINE)[r], COLUMN(b, int32_t, COL_FILE)[r],
                    COLUMN(b, int32_t, COL_ITEM)[r] };
    return OK;
}

static Status clean_row(Dataset *d, Row *row)
{
    const Cleaner *c = d->data->cleaner;
    bool           kept;
    if (!c) return OK;
    if (!d->clean) TRY(clean_work_new(&d->clean, c));
    TRY(clean_text(c, d->clean, 0, &row->text, &row->n_text, NULL, 0, &kept));
    return row->pair ? clean_text(c, d->clean, 1, &row->pair, &row->n_pair, NULL, 0, &kept) : OK;
}

Status dataset_row(Dataset *d, int64_t i, Row *out)
{
    DataSet *set = &d->data->sets[d->set];
    Place    place;
    bool     end;
    TRY(place_of(d, i, &place));
    TRY(during(set_open_rows(d->data, set), "looking up the text of a prepared row; only tokens are stored"));
    TRY(rows_seek(set->rows, place));
    TRY(rows_next(set->rows, out, &end));
    if (end)
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": no row begins here any more", rows_path(set->rows, place.file),
                         place.line), "prepare the data again");
    return clean_row(d, out);
}

/* ---- about it ---------------------------------------------------------------------------------------------------- */

int64_t dataset_count(const Dataset *d)
{
    return d->stream ? -1 : d->first[block_set_count(d->data->sets[d->set].blocks)];
}

const Labels *dataset_labels(const Dataset *d)      { return &d->data->labels; }
int64_t       dataset_n_tokens(const Dataset *d)    { return d->stats.tokens; }

int64_t dataset_n_truncated(const Dataset *d)
{
    return d->stream ? stream_n_truncated(d->stream) : d->stats.truncated;
}

const char   *dataset_hash(const Dataset *d)        { return d->hash; }
bool          dataset_is_prepared(const Dataset *d) { return d->data->prepared; }

int64_t dataset_bad_rows(const Dataset *d)
{
    const cJSON *v = json_get(d->data->sets[d->set].counts, "bad_rows");
    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
}

const char *dataset_path(const Dataset *d)
{
    const DataSet *set = &d->data->sets[d->set];
    return set->rows && rows_n_files(set->rows) > 0 ? rows_path(set->rows, 0) : set->paths.items[0];
}

int64_t dataset_n_blocks(const Dataset *d) { return d->stream ? 0 : block_set_count(d->data->sets[d->set].blocks); }

void dataset_block(const Dataset *d, int64_t block, int64_t *first, int64_t *n)
{
    *first = d->first[block];
    *n = d->first[block + 1] - *first;
}

int32_t dataset_n_sources(const Dataset *d) { return d->n_sources; }

int64_t dataset_source_begin(const Dataset *d, int32_t source) { return d->sources[source]; }

Status dataset_window(Dataset *d, int64_t epoch, int64_t position, Anchor *anchor, int64_t *n)
{
    return stream_window(d->stream, epoch, position, anchor, n);
}

Status dataset_seek(Dataset *d, Anchor anchor) { return stream_seek(d->stream, anchor); }

/* ---- one split by itself ----------------------------------------------------------------------------------------- */

static Status own(Dataset **out, Data *data, const char *name)
{
    *out = data_split(data, name);
    (*out)->owns_data = true;
    return OK;
}

Status dataset_open(Dataset **out, const DataConfig *config, const char *split, const Tokenizer *tokenizer,
                    const DatasetOptions *options)
{
    Data *data;
    *out = NULL;
    for (int k = 0; k < N_SPLITS; k++) {
        if (strcmp(split_names[k], split) != 0) continue;
        TRY(data_open(&data, config, tokenizer, options, (DataUse)(DATA_TRAIN + k), NULL, NULL));
        return own(out, data, split);
    }
    return hint(fail(ERR_USAGE, "\"%s\" is not a split", split), "use one of train, validation, test");
}

void dataset_close(Dataset *d)
{
    if (d && d->owns_data) data_close(d->data);
}
