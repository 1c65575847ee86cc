/* data/data.c: what a config asks for: which sets, which splits, and whether a prepared folder has them already. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"
#include "data/data_internal.h"

const char *const split_names[N_SPLITS] = { "train", "validation", "test" };

enum { MAX_KEY = 4096 };

/* ---- which sets and splits --------------------------------------------------------------------------------------- */

static bool is_share(const char *validation, double *share)
{
    char *end;
    *share = validation ? strtod(validation, &end) : 0;
    return validation && end != validation && *end == '\0';
}

/* Which set each split is taken from: -1 none. */
static Status plan(Data *d, DataUse use)
{
    const DataConfig *c = d->config;
    bool              by_share = is_share(c->validation, &d->share) || c->folds > 0;
    if (c->folds == 1 || (c->folds > 0 && c->fold >= c->folds))
        return hint(fail(ERR_CONFIG, "data.fold is %" PRId64 " of %" PRId64 " folds", c->fold, c->folds),
                    "data.folds is 2 or more, data.fold from 0 to data.folds - 1");
    if (c->folds > 0 && c->validation && !is_share(c->validation, &d->share))
        return hint(fail(ERR_CONFIG, "data.folds and a file in data.validation are both given"), "leave one out");
    if (c->folds > 0) d->share = 1.0 / (double)c->folds;
    bool share = by_share && d->share > 0, file = c->validation && c->validation[0] && !by_share;
    d->splits[SPLIT_TRAIN].set = c->train.n > 0 ? SPLIT_TRAIN : -1;
    d->splits[SPLIT_VALIDATION].set = file ? SPLIT_VALIDATION : share && c->train.n > 0 ? SPLIT_TRAIN : -1;
    d->splits[SPLIT_TEST].set = c->test.n > 0 ? SPLIT_TEST : -1;
    int one = use == DATA_TRAIN ? SPLIT_TRAIN : use == DATA_VALIDATION ? SPLIT_VALIDATION
        : use == DATA_TEST ? SPLIT_TEST : -1;
    for (int k = 0; k < N_SPLITS; k++) {
        d->splits[k].name = split_names[k];
        d->splits[k].data = d;
        d->sets[k].name = split_names[k];
        if (one >= 0 && k != one) d->splits[k].set = -1;
    }
    for (int k = 0; k < N_SPLITS; k++)
        if (d->splits[k].set >= 0) d->sets[d->splits[k].set].wanted = true;
    d->sets[SPLIT_TRAIN].paths = c->train;
    d->sets[SPLIT_VALIDATION].paths = (StringList){ (char **)&d->config->validation, file };
    d->sets[SPLIT_TEST].paths = c->test;
    if (one >= 0 && d->splits[one].set < 0)
        return hint(fail(ERR_CONFIG, "there is no %s set: data.%s is not given", split_names[one], split_names[one]),
                    "name a file in data.%s%s", split_names[one],
                    one == SPLIT_VALIDATION ? ", or a share of the training rows (0.1)" : "");
    if (one < 0 && d->splits[SPLIT_TRAIN].set < 0)
        return hint(fail(ERR_CONFIG, "there is no data: data.train is not given"), "name a file in data.train");
    return OK;
}

/* ---- how texts become examples ----------------------------------------------------------------------------------- */

static Status read_key(Data *d)
{
    const DataConfig *c = d->config;
    size_t            n;
    if (!c->anonymize_key_file) return OK;
    TRY(file_read(&d->key, &n, c->anonymize_key_file, MAX_KEY));
    while (n > 0 && (d->key[n - 1] == '\n' || d->key[n - 1] == '\r')) d->key[--n] = '\0';
    return OK;
}

static Status set_up_coder(Data *d, bool with_duplicates)
{
    const DataConfig *c = d->config;
    const DatasetOptions *o = &d->options;
    int64_t max_length = o->max_length ? o->max_length : c->max_length;
    if (o->windows && max_length < 1)
        return hint(fail(ERR_CONFIG, "data.max_length is not given"), "it says how many tokens a window of text has");
    TRY(read_key(d));
    TRY(cleaner_new(&d->cleaner, &(CleanOptions){ .steps = &c->clean, .anonymize = &c->anonymize,
                    .anonymize_with = c->anonymize_with, .key = d->key }));
    TRY(augmenter_new(&d->augmenter, &(AugmentOptions){ .steps = &c->augment, .fill = o->fill,
                      .fill_arg = o->fill_arg }));
    d->coder = (CoderOptions){ .tokenizer = d->tokenizer, .labels = o->labels, .windows = o->windows,
                               .pairs = c->text_pair != NULL || o->labels == LABEL_SPAN,
                               .refuse_long = !o->windows && strcmp(c->truncation, "error") == 0,
                               .skip_bad_rows = strcmp(c->on_bad_row, "skip") == 0,
                               .minhash = with_duplicates && strcmp(c->on_near_duplicate, "off") != 0,
                               .serial = o->fill != NULL, .max_length = max_length, .stride = c->stride,
                               .cleaner = d->cleaner, .augmenter = d->augmenter, .copies = c->augment_copies,
                               .seed = (uint64_t)c->seed };
    return OK;
}

static Status add_list(cJSON *o, const char *key, const StringList *l)
{
    return json_add(o, key, l->n ? json_strings((const char *const *)l->items, l->n) : cJSON_CreateArray());
}

/* Everything but the files, the tokenizer and the class names that decides what the examples are. */
static Status describe(Data *d)
{
    static const char *const kinds[] = { "none", "class", "number", "tags", "answer" };
    const DataConfig *c = d->config;
    const CoderOptions *k = &d->coder;
    cJSON *o = cJSON_CreateObject();
    char   key_hash[HASH_HEX] = "";
    if (d->key) hash_bytes(d->key, strlen(d->key), key_hash);
    Status s = json_add_number(o, "version", 2);
    if (s == OK) s = json_add_string(o, "format", c->format);
    if (s == OK) s = json_add_string(o, "text", c->text);
    if (s == OK) s = json_add_string(o, "text_pair", c->text_pair);
    if (s == OK) s = json_add_string(o, "label", k->labels == LABEL_NONE ? NULL : c->label);
    if (s == OK) s = json_add_string(o, "group", c->group);
    if (s == OK) s = json_add_string(o, "encoding", c->encoding);
    if (s == OK) s = add_list(o, "columns", &c->columns);
    if (s == OK) s = json_add_string(o, "labels", kinds[k->labels]);
    if (s == OK) s = json_add(o, "windows", cJSON_CreateBool(k->windows));
    if (s == OK) s = json_add_number(o, "max_length", (double)k->max_length);
    if (s == OK) s = json_add_number(o, "stride", k->labels == LABEL_SPAN ? (double)k->stride : 0);
    if (s == OK) s = json_add_string(o, "truncation", k->refuse_long ? "error" : "longest_first");
    if (s == OK) s = json_add_string(o, "on_bad_row", k->skip_bad_rows ? "skip" : "fail");
    if (s == OK) s = json_add(o, "minhash", cJSON_CreateBool(strcmp(c->on_near_duplicate, "off") != 0));
    if (s == OK) s = add_list(o, "clean", &c->clean);
    if (s == OK) s = add_list(o, "anonymize", &c->anonymize);
    if (s == OK) s = json_add_string(o, "anonymize_with", c->anonymize.n ? c->anonymize_with : NULL);
    if (s == OK) s = json_add_string(o, "anonymize_key", key_hash);
    if (s == OK) s = json_print(&d->settings, o, false);
    cJSON_Delete(o);
    return s;
}

/* What decides which rows are in which split. */
static Status describe_policies(Data *d)
{
    const DataConfig *c = d->config;
    cJSON *o = cJSON_CreateObject();
    Status s = json_add_string(o, "on_duplicate", c->on_duplicate);
    if (s == OK) s = json_add_string(o, "on_near_duplicate", c->on_near_duplicate);
    if (s == OK) s = json_add_string(o, "on_contradiction", c->on_contradiction);
    if (s == OK) s = json_add_string(o, "on_leakage", c->on_leakage);
    if (s == OK) s = json_add_number(o, "near_threshold", c->near_threshold);
    if (s == OK) s = json_add_number(o, "share", d->share);
    if (s == OK) s = json_add_number(o, "folds", (double)c->folds);
    if (s == OK) s = json_add_number(o, "fold", (double)c->fold);
    if (s == OK) s = json_add(o, "stratified", cJSON_CreateBool(c->stratified));
    if (s == OK) s = json_add_number(o, "seed", (double)c->seed);
    if (s == OK) s = json_print(&d->policies, o, false);
    cJSON_Delete(o);
    return s;
}

/* The hash of what a set's blocks follow from. Labels named after files make the files' names count. */
static Status name_work(Data *d, DataSet *set)
{
    const DataConfig *c = d->config;
    Hash              h;
    hash_init(&h);
    hash_add(&h, d->settings, strlen(d->settings) + 1);
    hash_add(&h, tokenizer_hash(d->tokenizer), HASH_HEX);
    hash_add(&h, set->sources.hash, HASH_HEX);
    for (int32_t i = 0; c->label && c->label[0] == '@' && i < rows_n_files(set->rows); i++) {
        const char *path = rows_path(set->rows, i), *tail = path + strlen(path);
        for (int slashes = 0; tail > path && slashes < 2; tail--) slashes += tail[-1] == '/';
        hash_add(&h, tail, strlen(tail) + 1);
    }
    if (set == &d->sets[SPLIT_TRAIN]) {
        for (size_t i = 0; i < c->augment.n; i++) hash_add(&h, c->augment.items[i], strlen(c->augment.items[i]) + 1);
        if (c->augment.n > 0) hash_add(&h, &c->augment_copies, sizeof c->augment_copies);
        if (c->augment.n > 0) hash_add(&h, &c->seed, sizeof c->seed);
    }
    bool declared = set != &d->sets[SPLIT_TRAIN] || c->labels.n > 0;      /* else they follow from the rows */
    for (int32_t i = 0; declared && i < set->labels.n; i++)
        hash_add(&h, set->labels.names[i], strlen(set->labels.names[i]) + 1);
    hash_finish(&h, set->work);
    return OK;
}

/* ---- class names ------------------------------------------------------------------------------------------------- */

static bool has_classes(const Data *d) { return d->options.labels == LABEL_CLASS || d->options.labels == LABEL_TAGS; }

/* Names that are known before a row was read: the model's, or declared ones. */
static Status declared_labels(Data *d)
{
    const StringList *l = &d->config->labels;
    if (!has_classes(d)) return OK;
    if (d->options.known) return labels_copy(&d->labels, d->options.known);
    LabelSet set = { 0 };
    int32_t  id, *places = NULL;
    Status   s = OK;
    for (size_t i = 0; i < l->n && s == OK; i++) s = label_set_add(&set, l->items[i], &id);
    if (s == OK && l->n > 0) s = label_set_sorted(&set, &d->labels, &places);
    free(places);
    label_set_release(&set);
    return s;
}

static Status settle_labels(Data *d, DataSet *set)
{
    if (!has_classes(d)) return OK;
    if (d->labels.n == 0) {
        TRY(label_set_sorted(&set->labels, &d->labels, &set->class_of));
        if (d->labels.n > 1) return OK;
        return hint(fail(ERR_DATA, "%s: every row has the label \"%s\"", rows_path(set->rows, 0), d->labels.names[0]),
                    "there is nothing to learn; is data.label the right column?");
    }
    TRY(mem_new(&set->class_of, (size_t)set->labels.n + 1, sizeof *set->class_of));
    for (int32_t i = 0; i < set->labels.n; i++)
        set->class_of[i] = labels_find(&d->labels, set->labels.names[i]);
    return OK;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static Status open_set(Data *d, DataSet *set, const Sources *known)
{
    TRY(set_open_rows(d, set));
    TRY(sources_open(&set->sources, set->rows, known));
    if (d->labels.n > 0) TRY(label_set_from(&set->labels, &d->labels, true));
    return name_work(d, set);
}

/* The training set is read while training goes on; nothing of it is known before. */
static Status open_stream(Data *d)
{
    DataSet *set = &d->sets[SPLIT_TRAIN];
    Dataset *split = &d->splits[SPLIT_TRAIN];
    if (d->splits[SPLIT_VALIDATION].set == SPLIT_TRAIN)
        return hint(fail(ERR_CONFIG, "data.streaming reads the training rows once: no share of them can validate"),
                    "give data.validation a file");
    if (has_classes(d) && d->labels.n == 0)
        return hint(fail(ERR_CONFIG, "data.streaming begins before all rows were read: which labels there are has to be "
                         "said"), "list the class names in data.labels");
    TRY(set_open_rows(d, set));
    TRY(label_set_from(&set->labels, &d->labels, true));
    TRY(name_work(d, set));
    TRY(settle_labels(d, set));
    memcpy(split->hash, set->work, sizeof split->hash);
    return stream_open(&split->stream, d, set);
}

static Status build(Data *d)
{
    Sources known[N_SPLITS] = { 0 };
    Status  s = d->folder ? index_sources(d->folder, known, NULL) : OK;
    for (int k = 0; k < N_SPLITS && s == OK; k++) {
        DataSet *set = &d->sets[k];
        if (!set->wanted) continue;
        if (k == SPLIT_TRAIN && d->streaming) {
            s = open_stream(d);
            if (s == OK) continue;
        }
        if (s == OK) s = open_set(d, set, &known[k]);
        if (s == OK) s = build_set(d, set);
        if (s == OK) s = settle_labels(d, set);
        if (s != OK) s = during(s, "reading the %s set", set->name);
    }
    for (int k = 0; k < N_SPLITS; k++) sources_release(&known[k]);
    if (s == OK) s = splits_decide(d);
    if (s == OK) s = report_make(d);
    return s;
}

/* What a prepared folder holds, if it is of the same text, tokenizer and settings. Files that are gone are taken as they
 * were: only tokens are needed. */
static Status try_prepared(Data *d, bool *found)
{
    Sources known[N_SPLITS] = { 0 };
    Labels  labels = { 0 };
    Status  s = index_sources(d->folder, known, &labels);
    bool    any = false;
    *found = false;
    if (d->labels.n == 0) d->labels = labels;
    else labels_release(&labels);
    for (int k = 0; k < N_SPLITS && s == OK; k++) {
        DataSet *set = &d->sets[k];
        if (!set->wanted) continue;
        any = known[k].n > 0;
        if (!any) break;
        if (open_set(d, set, &known[k]) == OK) continue;
        status_clear();
        any = false;
        break;
    }
    for (int k = 0; k < N_SPLITS; k++) sources_release(&known[k]);
    if (s == OK && any) s = index_read(d, found);
    return s;
}

static void release_sets(Data *d)
{
    for (int k = 0; k < N_SPLITS; k++) {
        DataSet *set = &d->sets[k];
        rows_close(set->rows);
        sources_release(&set->sources);
        block_set_close(set->blocks);
        label_set_release(&set->labels);
        free(set->class_of);
        free(set->first_row);
        cJSON_Delete(set->counts);
        *set = (DataSet){ .name = set->name, .paths = set->paths, .wanted = set->wanted };
    }
}

static void release_split(Dataset *s)
{
    stream_close(s->stream);
    free(s->kept);
    free(s->first);
    free(s->set_first);
    free(s->stats.per_label);
    free(s->stats.lengths);
    free(s->words);
    free(s->segments);
    free(s->tags);
    free(s->sources);
    clean_work_free(s->clean);
    *s = (Dataset){ .data = s->data, .name = s->name, .set = s->set, .owns_data = s->owns_data };
}

/* Back to what the config says: a prepared folder was looked at and is of no use. */
static void forget(Data *d)
{
    for (int k = 0; k < N_SPLITS; k++) release_split(&d->splits[k]);
    release_sets(d);
    labels_release(&d->labels);
    cJSON_Delete(d->report);
    d->report = NULL;
}

static Status open_all(Data *d, DataUse use)
{
    const DataConfig *c = d->config;
    const char       *folder = c->prepared && c->prepared[0] ? c->prepared : NULL;
    TRY(data_memory(c->memory, "data.memory", &d->memory));
    TRY(plan(d, use));
    TRY(set_up_coder(d, use == DATA_ALL || use == DATA_PREPARE));
    TRY(describe(d));
    TRY(describe_policies(d));
    TRY(declared_labels(d));
    if (use == DATA_PREPARE) {
        TRY(file_make_folder(folder));
        d->folder = folder;
    } else if (folder && !d->streaming) {
        d->folder = folder;
        TRY(try_prepared(d, &d->prepared));
        if (d->prepared) return OK;
        d->folder = NULL;
        forget(d);
        TRY(declared_labels(d));
    }
    TRY(build(d));
    return use == DATA_PREPARE ? index_write(d) : OK;
}

Status data_open(Data **out, const DataConfig *config, const Tokenizer *tokenizer, const DatasetOptions *options,
                 DataUse use, DataProgress progress, void *progress_arg)
{
    *out = NULL;
    Data *d;
    TRY(mem_new(&d, 1, sizeof *d));
    d->config = config;
    d->tokenizer = tokenizer;
    d->options = *options;
    d->progress = progress;
    d->progress_arg = progress_arg;
    d->streaming = config->streaming && use != DATA_PREPARE;
    for (int k = 0; k < N_SPLITS; k++) d->splits[k].set = -1;
    Status s = open_all(d, use);
    if (s == OK) *out = d;
    else data_close(d);
    return s;
}

void data_close(Data *d)
{
    if (!d) return;
    forget(d);
    selection_free(d->selection);
    cleaner_free(d->cleaner);
    augmenter_free(d->augmenter);
    cJSON_Delete(d->findings);
    free(d->one_file);
    free(d->key);
    free(d->settings);
    free(d->policies);
    free(d);
}

/* A config that knows one set: the files at `path`, as a test set. */
Status dataset_open_file(Dataset **out, const DataConfig *config, const char *path, const Tokenizer *tokenizer,
                         const DatasetOptions *options)
{
    OneFile *one;
    *out = NULL;
    TRY(mem_new(&one, 1, sizeof *one));
    one->config = *config;
    one->path = (char *)path;
    one->config.test = (StringList){ &one->path, 1 };
    one->config.prepared = NULL;
    Data  *data;
    Status s = data_open(&data, &one->config, tokenizer, options, DATA_TEST, NULL, NULL);
    if (s != OK) {
        free(one);
        return s;
    }
    data->one_file = one;
    *out = data_split(data, "test");
    (*out)->owns_data = true;
    return OK;
}

Dataset *data_split(Data *d, const char *name)
{
    for (int k = 0; k < N_SPLITS; k++)
        if (strcmp(split_names[k], name) == 0 && d->splits[k].set >= 0) return &d->splits[k];
    return NULL;
}

const cJSON *data_report(const Data *d)      { return d->report; }
bool         data_is_prepared(const Data *d) { return d->prepared; }
