/* data/prepare.c: every split once: tokenised into its file, counted for the report. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "data/dataset_internal.h"

enum { N_SPLITS = 3, PROGRESS_EVERY = 512 };

typedef struct Preparation {
    const DataConfig *config;
    const Tokenizer  *tokenizer;
    DatasetOptions    options;
    Labels            known;                   /* of the training set, for the others */
    StoreWriter      *writers[N_SPLITS];       /* open until every split is read: all files or none */
    StoreInfo         infos[N_SPLITS];
    Dataset          *sets[N_SPLITS];
    SplitCount        counts[N_SPLITS];
    char             *paths[N_SPLITS];
    DataProgress      progress;
    void             *progress_arg;
} Preparation;

static const char *const split_names[N_SPLITS] = { "train", "validation", "test" };

static bool is_named(const DataConfig *c, int split)
{
    const char *value = split == 0 ? c->train : split == 1 ? c->validation : c->test;
    if (!value || !value[0]) return false;
    char  *end;
    double share = strtod(value, &end);
    return split != 1 || *end || share > 0;             /* "validation": 0 is none */
}

static int64_t max_length(const Preparation *p)
{
    return p->options.max_length ? p->options.max_length : p->config->max_length;
}

static Status read_split(Preparation *p, int split)
{
    const DataConfig *c = p->config;
    TRY(dataset_open_text(&p->sets[split], c, split_names[split], p->tokenizer, &p->options));
    Dataset *d = p->sets[split];
    if (p->options.labels == LABEL_CLASS && !p->options.known) {
        TRY(labels_copy(&p->known, dataset_labels(d)));
        p->options.known = &p->known;
    }
    if (c->prepared && c->prepared[0]) {
        TRY(file_make_folder(c->prepared));
        TRY(text_format(&p->paths[split], "%s/%s.h5", c->prepared, split_names[split]));
        TRY(store_create(&p->writers[split], p->paths[split], tokenizer_size(p->tokenizer), max_length(p),
                         c->text_pair != NULL));
    }
    int64_t n = dataset_count(d);
    for (int64_t i = 0; i < n; i++) {
        Example e;
        TRY(dataset_example(d, i, &e));
        if (p->writers[split]) TRY(store_add(p->writers[split], &e));
        TRY(report_add(&p->counts[split], d, i, &e, p->tokenizer));
        if (p->progress && ((i + 1) % PROGRESS_EVERY == 0 || i + 1 == n))
            p->progress(p->progress_arg, split_names[split], i + 1, n);
    }
    p->infos[split] = (StoreInfo){ .file_hash = dataset_file_hash(d), .tokenizer_hash = tokenizer_hash(p->tokenizer),
                                   .settings = dataset_settings(d), .content_hash = dataset_hash(d),
                                   .source = path_name(dataset_path(d)), .n_bad = dataset_bad_rows(d),
                                   .labels = *dataset_labels(d) };
    return OK;
}

static Status make_report(Preparation *p, cJSON *report)
{
    cJSON *splits = cJSON_CreateObject(), *across = cJSON_CreateArray();
    Status s = json_add(report, "splits", splits);
    Status t = json_add(report, "across", across);      /* both are the report's now, or gone */
    if (s != OK || t != OK) return s != OK ? s : t;
    TRY(json_add_string(report, "tokenizer_hash", tokenizer_hash(p->tokenizer)));
    TRY(json_add_number(report, "vocabulary", tokenizer_size(p->tokenizer)));
    for (int k = 0; k < N_SPLITS; k++)
        if (p->sets[k]) TRY(report_split(&p->counts[k], p->sets[k], max_length(p), p->paths[k], splits));
    for (int k = 0; k < N_SPLITS; k++)
        for (int other = k + 1; other < N_SPLITS; other++)
            if (p->sets[k] && p->sets[other]) TRY(report_across(&p->counts[k], &p->counts[other], across));
    return report_warnings(report);
}

static Status put_in_place(Preparation *p, const cJSON *report)
{
    for (int k = 0; k < N_SPLITS; k++) {
        if (!p->writers[k]) continue;
        StoreWriter *w = p->writers[k];
        p->writers[k] = NULL;
        TRY(store_commit(w, &p->infos[k]));
    }
    char  *path = NULL;
    Status s = text_format(&path, "%s/data.json", p->config->prepared);
    if (s == OK) s = json_write_file(report, path);
    free(path);
    return s;
}

static void release(Preparation *p)
{
    for (int k = 0; k < N_SPLITS; k++) {
        store_abort(p->writers[k]);
        dataset_close(p->sets[k]);
        split_count_release(&p->counts[k]);
        free(p->paths[k]);
    }
    labels_release(&p->known);
}

Status data_prepare(const DataConfig *config, const Tokenizer *tokenizer, const DatasetOptions *options, cJSON **report,
                    DataProgress progress, void *progress_arg)
{
    Preparation p = { .config = config, .tokenizer = tokenizer, .options = *options, .progress = progress,
                      .progress_arg = progress_arg };
    cJSON      *json = cJSON_CreateObject();
    Status      s = json ? OK : fail(ERR_MEMORY, "no memory for the data report");
    bool        any = false;
    if (report) *report = NULL;
    for (int k = 0; k < N_SPLITS && s == OK; k++) {
        if (!is_named(config, k)) continue;
        p.counts[k].name = split_names[k];
        s = during(read_split(&p, k), "preparing the %s set", split_names[k]);
        any = true;
    }
    if (s == OK && !any)
        s = hint(fail(ERR_CONFIG, "there is no data: data.train is not given"), "name a file in data.train");
    if (s == OK) s = make_report(&p, json);
    if (s == OK && config->prepared && config->prepared[0]) s = put_in_place(&p, json);
    if (s == OK && report) *report = json;
    else cJSON_Delete(json);
    release(&p);
    return s;
}
