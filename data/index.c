/* data/index.c: FOLDER/index.h5: what a prepared folder knows beside its shards. Written last, so a folder without it is
 * an unfinished one.
 *
 *   SPLIT/kept   (examples of the set / 8 + 1)  a bit each; absent when the split has all of them
 *   texts        settings, tokenizer_hash, policies, labels (JSON list), report (data.json),
 *                SET/work, SET/sources (JSON: name, size, mtime_ns, hash of each file) */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"
#include "data/data_internal.h"
#include "io/array_file.h"

static Status index_path(const char *folder, char **out) { return text_format(out, "%s/index.h5", folder); }

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static Status put_text(ArrayFile *f, const char *of, const char *what, const char *text)
{
    char *key = NULL;
    TRY(text_format(&key, "%s/%s", of, what));
    Status s = array_file_put_text(f, key, text);
    free(key);
    return s;
}

static Status put_set(ArrayFile *f, const DataSet *set)
{
    cJSON *list;
    char  *text = NULL;
    TRY(put_text(f, set->name, "work", set->work));
    TRY(sources_to_json(&set->sources, &list));
    Status s = json_print(&text, list, false);
    if (s == OK) s = put_text(f, set->name, "sources", text);
    free(text);
    cJSON_Delete(list);
    return s;
}

static Status put_split(ArrayFile *f, const Dataset *split)
{
    if (!split->kept) return OK;
    int64_t blocks = block_set_count(split->data->sets[split->set].blocks), n = split->set_first[blocks] / 8 + 1;
    char   *name = NULL;
    TRY(text_format(&name, "%s/kept", split->name));
    Status s = array_file_declare(f, name, DTYPE_U8, &n, 1);
    if (s == OK) s = array_file_write(f, name, 0, n, split->kept);
    free(name);
    return s;
}

static Status put_all(ArrayFile *f, const Data *d)
{
    char *labels = NULL, *report = NULL;
    TRY(array_file_put_text(f, "kind", "dataset"));
    TRY(array_file_put_text(f, "settings", d->settings));
    TRY(array_file_put_text(f, "policies", d->policies));
    TRY(array_file_put_text(f, "tokenizer_hash", tokenizer_hash(d->tokenizer)));
    Status s = labels_to_json(d->labels.names, d->labels.n, &labels);
    if (s == OK) s = array_file_put_text(f, "labels", labels);
    if (s == OK) s = json_print(&report, d->report, false);
    if (s == OK) s = array_file_put_text(f, "report", report);
    free(labels);
    free(report);
    for (int k = 0; k < N_SPLITS && s == OK; k++) {
        if (d->sets[k].wanted) s = put_set(f, &d->sets[k]);
        if (s == OK && d->splits[k].set >= 0) s = put_split(f, &d->splits[k]);
    }
    return s;
}

Status index_write(const Data *d)
{
    ArrayFile *f = NULL;
    char      *path = NULL;
    TRY(index_path(d->folder, &path));
    Status s = array_file_create(&f, path, FORMAT_HDF5);
    if (s == OK) s = put_all(f, d);
    if (s == OK) s = array_file_commit(f);
    array_file_close(f);
    free(path);
    return s;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *get_text(const ArrayFile *f, const char *of, const char *what)
{
    char key[64];
    snprintf(key, sizeof key, "%s/%s", of, what);
    return array_file_text(f, key);
}

static bool is_text(const ArrayFile *f, const char *key, const char *expected)
{
    const char *text = array_file_text(f, key);
    return text && strcmp(text, expected) == 0;
}

/* NULL where there is no index that can be read; then the folder is as good as empty. */
static Status open_index(const char *folder, ArrayFile **out)
{
    char *path = NULL;
    *out = NULL;
    TRY(index_path(folder, &path));
    if (file_exists(path) && array_file_open(out, path) != OK) status_clear();
    free(path);
    if (*out && !is_text(*out, "kind", "dataset")) {
        array_file_close(*out);
        *out = NULL;
    }
    return OK;
}

static Status read_sources(const ArrayFile *f, const char *set, Sources *out)
{
    cJSON      *json = NULL;
    const char *text = get_text(f, set, "sources");
    if (!text) return OK;
    Status s = json_parse(&json, text, strlen(text), array_file_path(f), JSON_STRICT);
    if (s == OK) s = sources_parse(out, json, array_file_path(f));
    cJSON_Delete(json);
    return s;
}

static Status read_labels(const ArrayFile *f, Labels *out)
{
    const char *text = array_file_text(f, "labels");
    LabelSet    set = { 0 };
    int32_t    *places = NULL;
    if (!text) return OK;
    Status s = label_set_parse(&set, text, array_file_path(f));
    if (s == OK && set.n > 0) s = label_set_sorted(&set, out, &places);
    free(places);
    label_set_release(&set);
    return s;
}

Status index_sources(const char *folder, Sources known[N_SPLITS], Labels *labels)
{
    ArrayFile *f;
    Status     s = OK;
    TRY(open_index(folder, &f));
    for (int k = 0; f && k < N_SPLITS && s == OK; k++) s = read_sources(f, split_names[k], &known[k]);
    if (f && s == OK && labels) s = read_labels(f, labels);
    array_file_close(f);
    return s;
}

/* The numbers of the set's classes among all. */
static Status read_classes(const Data *d, DataSet *set)
{
    TRY(mem_new(&set->class_of, (size_t)set->labels.n + 1, sizeof *set->class_of));
    for (int32_t i = 0; i < set->labels.n; i++) {
        set->class_of[i] = labels_find(&d->labels, set->labels.names[i]);
        if (set->class_of[i] < 0) return fail(ERR_FORMAT, "%s: a class that the index does not have", d->folder);
    }
    return OK;
}

static Status read_set(Data *d, DataSet *set)
{
    TRY(block_set_open(&set->blocks, d->folder, set->name, set->work, tokenizer_size(d->tokenizer), d->memory, false));
    int64_t n = block_set_n_shards(set->blocks);
    if (n == 0 || !cJSON_IsTrue(json_get(block_set_state(set->blocks, n - 1), "complete")))
        return fail(ERR_FORMAT, "%s: shards of the %s set are missing", d->folder, set->name);
    label_set_release(&set->labels);                    /* what was declared; the shards know the order */
    TRY(set_read_states(set));
    TRY(set_count_rows(set));
    return read_classes(d, set);
}

static Status read_split(Data *d, ArrayFile *f, Dataset *split)
{
    char             name[32];
    int64_t          n = set_n_examples(&d->sets[split->set]);
    snprintf(name, sizeof name, "%s/kept", split->name);
    const ArrayInfo *a = array_file_find(f, name);
    if (!a) return OK;
    if (a->dtype != DTYPE_U8 || a->ndim != 1 || a->count != n / 8 + 1)
        return fail(ERR_FORMAT, "%s: \"%s\" does not fit the shards", d->folder, name);
    TRY(mem_new(&split->kept, (size_t)a->count, 1));
    return array_file_read(f, a, 0, a->count, split->kept);
}

static Status read_all(Data *d, ArrayFile *f)
{
    const char *report = array_file_text(f, "report");
    for (int k = 0; k < N_SPLITS; k++)
        if (d->sets[k].wanted) TRY(read_set(d, &d->sets[k]));
    for (int k = 0; k < N_SPLITS; k++)
        if (d->splits[k].set >= 0) TRY(read_split(d, f, &d->splits[k]));
    if (report) TRY(json_parse(&d->report, report, strlen(report), array_file_path(f), JSON_STRICT));
    return splits_count(d);
}

Status index_read(Data *d, bool *found)
{
    ArrayFile *f;
    *found = false;
    TRY(open_index(d->folder, &f));
    bool same = f && is_text(f, "policies", d->policies);
    for (int k = 0; k < N_SPLITS && same; k++) {
        const char *work = get_text(f, split_names[k], "work");
        same = !d->sets[k].wanted || (work && strcmp(work, d->sets[k].work) == 0);
    }
    Status s = same ? read_all(d, f) : OK;
    array_file_close(f);
    *found = same && s == OK;
    if (s == OK || s == ERR_MEMORY) return s;
    status_clear();                    /* damaged: as good as not there */
    return OK;
}
