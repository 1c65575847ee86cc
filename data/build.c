/* data/build.c: a set's rows become blocks, in memory or in the shards of a prepared folder.
 *
 * A shard's state says where reading went on behind it, so a preparation that was killed begins there: the blocks that
 * follow depend on the rows alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "data/data_internal.h"

/* Preparing reads each block once or twice, in order: hardly any need to be kept. */
enum { KEPT_SHARE = 8 };

/* ---- the stream of rows ------------------------------------------------------------------------------------------ */

Status set_open_rows(const Data *d, DataSet *set)
{
    static const RowNeed needs[] = { [LABEL_NONE] = ROW_NEEDS_TEXT,  [LABEL_CLASS] = ROW_NEEDS_LABEL,
                                     [LABEL_NUMBER] = ROW_NEEDS_LABEL, [LABEL_TAGS] = ROW_NEEDS_TAGS,
                                     [LABEL_SPAN] = ROW_NEEDS_ANSWERS };
    const DataConfig *c = d->config;
    bool              label = d->options.labels == LABEL_CLASS || d->options.labels == LABEL_NUMBER ||
                              d->options.labels == LABEL_TAGS;
    if (set->rows) return OK;
    return rows_open(&set->rows, &(RowsOptions){ .paths = &set->paths, .format = c->format, .text = c->text,
                     .pair = c->text_pair, .label = label ? c->label : NULL, .group = c->group, .columns = &c->columns,
                     .pair_path = strcmp(set->name, "train") == 0 ? c->pair_path : NULL,
                     .encoding = c->encoding, .need = needs[d->options.labels] });
}

/* ---- the state of a shard ---------------------------------------------------------------------------------------- */

static Status put_place(cJSON *state, Place p)
{
    TRY(json_add_number(state, "at", (double)p.at));
    TRY(json_add_number(state, "line", (double)p.line));
    TRY(json_add_number(state, "file", p.file));
    return json_add_number(state, "item", p.item);
}

static Status get_place(const cJSON *state, Place *p, const char *where)
{
    int64_t file, item;
    TRY(json_get_int(&p->at, state, "at", 0, where));
    TRY(json_get_int(&p->line, state, "line", 1, where));
    TRY(json_get_int(&file, state, "file", 0, where));
    TRY(json_get_int(&item, state, "item", 0, where));
    p->file = (int32_t)file;
    p->item = (int32_t)item;
    return OK;
}

static Status make_state(const Data *d, const DataSet *set, cJSON *counts, bool complete, cJSON **out)
{
    cJSON *state = cJSON_CreateObject();
    Status s = json_add(state, "counts", counts);
    if (s == OK) s = json_add(state, "complete", cJSON_CreateBool(complete));
    if (s == OK) s = put_place(state, rows_tell(set->rows));
    if (s == OK && (d->options.labels == LABEL_CLASS || d->options.labels == LABEL_TAGS))
        s = json_add(state, "labels", set->labels.n
                         ? json_strings((const char *const *)set->labels.names, (size_t)set->labels.n)
                         : cJSON_CreateArray());
    if (s == OK) *out = state;
    else cJSON_Delete(state);
    return s;
}

static Status end_shard(Data *d, DataSet *set, Coder *coder, bool complete)
{
    cJSON *counts, *state;
    TRY(coder_counts(coder, set->rows, &counts));
    Status s = counts_add(set->counts, counts);
    if (s != OK) {
        cJSON_Delete(counts);
        return s;
    }
    TRY(make_state(d, set, counts, complete, &state));
    return block_set_end_shard(set->blocks, state);
}

Status set_read_states(DataSet *set)
{
    int64_t n = block_set_n_shards(set->blocks);
    set->counts = cJSON_CreateObject();
    if (!set->counts) return fail(ERR_MEMORY, "no memory for the data report");
    for (int64_t i = 0; i < n; i++) TRY(counts_add(set->counts, json_get(block_set_state(set->blocks, i), "counts")));
    const cJSON *names = n > 0 ? json_get(block_set_state(set->blocks, n - 1), "labels") : NULL;
    bool         closed = set->labels.closed;
    int32_t      id;
    set->labels.closed = false;
    for (const cJSON *name = names ? names->child : NULL; name; name = name->next)
        if (cJSON_IsString(name)) TRY(label_set_add(&set->labels, name->valuestring, &id));
    set->labels.closed = closed;
    return OK;
}

/* Goes on where the shards that are there end. *complete: nothing is left to read. */
static Status take_up(DataSet *set, bool *complete)
{
    int64_t n = block_set_n_shards(set->blocks);
    *complete = false;
    TRY(set_read_states(set));
    if (n == 0) return OK;
    const cJSON *last = block_set_state(set->blocks, n - 1);
    *complete = cJSON_IsTrue(json_get(last, "complete"));
    if (*complete) return OK;
    Place p;
    TRY(get_place(last, &p, set->name));
    return rows_seek(set->rows, p);
}

/* ---- the blocks -------------------------------------------------------------------------------------------------- */

static Status read_blocks(Data *d, DataSet *set)
{
    CoderOptions o = d->coder;
    Coder       *coder;
    Block        block = { 0 };
    bool         end = false;
    int64_t      n_rows = 0;
    double       bytes = (double)rows_bytes(set->rows);
    if (set != &d->sets[SPLIT_TRAIN]) o.augmenter = NULL;
    TRY(coder_new(&coder, &o, &set->labels));
    Status s = OK;
    while (s == OK) {
        s = coder_next(coder, set->rows, &block, &end);
        if (s != OK || end) break;
        n_rows += block.n[OF_ROW];
        s = block_set_add(set->blocks, &block);
        if (s == OK && block_set_shard_is_full(set->blocks)) s = end_shard(d, set, coder, false);
        if (s == OK && d->progress)
            d->progress(d->progress_arg, set->name, bytes > 0 ? (double)rows_bytes_read(set->rows) / bytes : 1, n_rows);
    }
    if (s == OK) s = end_shard(d, set, coder, true);
    block_release(&block);
    coder_free(coder);
    return s;
}

int64_t set_n_examples(const DataSet *set)
{
    int64_t n = 0;
    for (int64_t b = 0; b < block_set_count(set->blocks); b++) n += block_set_n(set->blocks, b, OF_EXAMPLE);
    return n;
}

Status set_count_rows(DataSet *set)
{
    int64_t n = block_set_count(set->blocks);
    TRY(mem_new(&set->first_row, (size_t)n + 1, sizeof *set->first_row));
    for (int64_t b = 0; b < n; b++)
        set->first_row[b + 1] = set->first_row[b] + block_set_n(set->blocks, b, OF_ROW);
    return OK;
}

static Status check_not_empty(const DataSet *set)
{
    int64_t n = block_set_count(set->blocks);
    if (set_n_examples(set) > 0) return OK;
    double bad = cJSON_GetNumberValue(json_get(set->counts, "bad_rows"));
    if (set->first_row[n] > 0)
        return hint(fail(ERR_DATA, "%s: no rows: cleaning filtered out all %" PRId64, rows_path(set->rows, 0),
                         set->first_row[n]), "look at data.clean");
    if (bad > 0)
        return hint(fail(ERR_DATA, "%s: no rows: all %.0f are bad", rows_path(set->rows, 0), bad),
                    "set data.on_bad_row to fail to see what is wrong with the first one");
    return hint(fail(ERR_DATA, "%s: no rows", rows_path(set->rows, 0)), "check that this is the right file");
}

Status build_set(Data *d, DataSet *set)
{
    bool complete = false;
    TRY(set_open_rows(d, set));
    if (d->folder) TRY(block_set_open(&set->blocks, d->folder, set->name, set->work, tokenizer_size(d->tokenizer),
                                      d->memory / KEPT_SHARE, true));
    else TRY(block_set_new(&set->blocks));
    TRY(take_up(set, &complete));
    if (!complete) TRY(read_blocks(d, set));
    TRY(set_count_rows(set));
    return check_not_empty(set);
}
