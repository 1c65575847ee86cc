#include "data/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"
#include "data/dataset_internal.h"

/* Which rows of which file a split is. */
typedef enum Part { PART_ALL, PART_REST, PART_SHARE } Part;
typedef struct SplitPlan { const char *name, *path; Part part; double share; } SplitPlan;

struct Dataset {
    const Tokenizer *tokenizer;
    char            *path, *format, *text, *pair, *label;      /* the source file and its columns */
    bool             label_wanted, skip_bad, refuse_long;
    int64_t          max_length;
    Corpus          *corpus;           /* NULL in a prepared set until somebody asks for a row */
    Store           *store;            /* a prepared set, else NULL */
    TextWindows         *windows;          /* a language-model set on the fly, else NULL */
    int64_t         *rows;             /* (n_rows) of the corpus, on the fly; NULL: all of them */
    int32_t         *classes;          /* (n_rows) of those rows, when labels are wanted */
    uint64_t        *keys;             /* (n_rows) while a share is chosen */
    int64_t          n_rows;
    size_t           cap_classes, cap_keys;
    Labels           labels;
    Encoding         encoding;
    unsigned char   *cut;              /* (n_rows) already counted in n_truncated */
    int64_t          n_truncated, n_bad;
    int64_t          bad_lines[16];
    char             file_hash[HASH_HEX], hash[HASH_HEX];
    char            *settings;
};

/* ---- what is asked for ------------------------------------------------------------------------------------------ */

static Status plan_split(SplitPlan *out, const DataConfig *c, const char *split)
{
    *out = (SplitPlan){ .name = split };
    char  *end = NULL;
    double share = c->validation ? strtod(c->validation, &end) : 0;
    bool   is_share = c->validation && end != c->validation && *end == '\0';
    if (strcmp(split, "validation") == 0 && !is_share) out->path = c->validation;
    else if (strcmp(split, "test") == 0) out->path = c->test;
    else if (strcmp(split, "train") == 0) out->path = c->train;
    else if (strcmp(split, "validation") == 0 && share > 0) out->path = c->train;
    else if (strcmp(split, "validation") != 0)
        return hint(fail(ERR_USAGE, "\"%s\" is not a split", split), "use one of train, validation, test");
    if (!out->path || !out->path[0])
        return hint(fail(ERR_CONFIG, "there is no %s set: data.%s is not given", split, split),
                    "name a file in data.%s%s", split,
                    strcmp(split, "validation") == 0 ? ", or a share of the training rows (0.1)" : "");
    if (is_share && share > 0 && out->path == c->train) {
        out->part = strcmp(split, "train") == 0 ? PART_REST : PART_SHARE;
        out->share = share;
    }
    return OK;
}

/* Everything but the bytes of the file, the tokenizer and the class names that decides what the examples are. */
static Status describe(char **out, const Dataset *d, const DataConfig *c, const SplitPlan *plan, bool windows)
{
    static const char *const parts[] = { "all", "all but the share", "the share" };
    cJSON *o = cJSON_CreateObject();
    Status s = json_add_number(o, "version", 1);
    if (s == OK) s = json_add_string(o, "part", parts[plan->part]);
    if (s == OK) s = json_add_number(o, "share", plan->share);
    if (s == OK) s = json_add_number(o, "seed", plan->part == PART_ALL ? 0 : (double)c->seed);
    if (s == OK) s = json_add_string(o, "format", d->format);
    if (s == OK) s = json_add_string(o, "text", d->text);
    if (s == OK) s = json_add_string(o, "text_pair", d->pair);
    if (s == OK) s = json_add_string(o, "label", d->label);
    if (s == OK) s = json_add_number(o, "max_length", (double)d->max_length);
    if (s == OK) s = json_add_string(o, "truncation", d->refuse_long ? "error" : "longest_first");
    if (s == OK) s = json_add_string(o, "on_bad_row", d->skip_bad ? "skip" : "fail");
    if (s == OK) s = json_add(o, "windows", cJSON_CreateBool(windows));
    if (s == OK) s = json_print(out, o, false);
    cJSON_Delete(o);
    return s;
}

static void content_hash(char hex[HASH_HEX], const char *file, const char *tokenizer, const char *settings,
                         const Labels *l)
{
    Hash h;
    hash_init(&h);
    hash_add(&h, file, strlen(file) + 1);
    hash_add(&h, tokenizer, strlen(tokenizer) + 1);
    hash_add(&h, settings, strlen(settings) + 1);
    for (int32_t i = 0; i < l->n; i++) hash_add(&h, l->names[i], strlen(l->names[i]) + 1);
    hash_finish(&h, hex);
}

static Status open_corpus(Dataset *d, Status (*on_row)(void *, const Row *), void *arg)
{
    return corpus_open(&d->corpus, d->path, &(CorpusOptions){ .format = d->format, .text = d->text, .pair = d->pair,
                       .label = d->label, .label_required = d->label_wanted, .skip_bad_rows = d->skip_bad,
                       .on_row = on_row, .arg = arg });
}

/* ---- from the text: which rows ---------------------------------------------------------------------------------- */

static Status encode(Dataset *d, const Row *row, bool specials, size_t max_length)
{
    return tokenizer_encode(d->tokenizer, row->text, row->n_text, row->pair, row->n_pair,
                            &(EncodeOptions){ .no_special_tokens = !specials, .max_length = max_length }, &d->encoding);
}

/* A letter or digit that no normalizer drops, so that the text need not be tokenised to know that it is not empty. */
static bool has_plain_letter(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int      len = utf8_decode(text + i, n - i, &cp);
        if (len == 0) return false;
        if ((cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
            (cp >= 0x400 && cp <= 0x481) || (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0xAC00 && cp <= 0xD7A3))
            return true;
        i += (size_t)len;
    }
    return false;
}

static Status check_not_empty(Dataset *d, const char *text, size_t n, int64_t line)
{
    if (has_plain_letter(text, n)) return OK;
    Row one = { .text = text, .n_text = n };
    TRY(during(encode(d, &one, false, 0), "reading %s:%" PRId64, d->path, line));
    if (d->encoding.n > 0) return OK;
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": the text is empty after normalisation", d->path, line),
                "correct the row, or set data.on_bad_row to skip");
}

static Status check_length(Dataset *d, const Row *row)
{
    if (!d->refuse_long) return OK;
    TRY(during(encode(d, row, true, (size_t)d->max_length), "reading %s:%" PRId64, d->path, row->line));
    if (d->encoding.n_untruncated <= d->encoding.n) return OK;
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": %zu tokens, where data.max_length allows %" PRId64, d->path, row->line,
                     d->encoding.n_untruncated, d->max_length),
                "raise data.max_length, or set data.truncation to longest_first");
}

static Status unseen_label(const Dataset *d, const Labels *known, const Row *row)
{
    const char *near = text_nearest(row->label, (const char *const *)known->names, (size_t)known->n);
    Status      s = fail(ERR_DATA, "%s:%" PRId64 ": the label \"%s\" is none of the %d that training saw", d->path,
                         row->line, row->label, known->n);
    if (near) return hint(s, "did you mean \"%s\"? Correct the row, or set data.on_bad_row to skip", near);
    return hint(s, "correct the row, add such rows to the training set, or set data.on_bad_row to skip");
}

/* What goes on while the corpus indexes its file. */
typedef struct Selection {
    Dataset              *d;
    const DatasetOptions *o;
    const SplitPlan      *plan;
    uint64_t              seed;
    LabelSet              set;
} Selection;

static Status check_row(Selection *sel, const Row *row, int32_t *class)
{
    Dataset              *d = sel->d;
    const DatasetOptions *o = sel->o;
    *class = -1;
    if (!o->windows) {                                  /* windows are tokenised anyway */
        TRY(check_not_empty(d, row->text, row->n_text, row->line));
        if (row->pair) TRY(check_not_empty(d, row->pair, row->n_pair, row->line));
        TRY(check_length(d, row));
    }
    if (o->labels == LABEL_NONE) return OK;
    if (!o->known)
        return during(label_set_add(&sel->set, row->label, class), "reading %s:%" PRId64, d->path, row->line);
    *class = labels_find(o->known, row->label);
    return *class < 0 ? unseen_label(d, o->known, row) : OK;
}

static Status select_row(void *arg, const Row *row)
{
    Selection *sel = arg;
    Dataset   *d = sel->d;
    int32_t    class;
    size_t     need = (size_t)d->n_rows + 1;
    TRY(check_row(sel, row, &class));
    if (d->label_wanted) {
        TRY(mem_grow(&d->classes, &d->cap_classes, need, sizeof *d->classes));
        d->classes[d->n_rows] = class;
    }
    if (sel->plan->part != PART_ALL) {
        TRY(mem_grow(&d->keys, &d->cap_keys, need, sizeof *d->keys));
        d->keys[d->n_rows] = split_key(row, sel->seed);
    }
    d->n_rows++;
    return OK;
}

static Status collect_labels(Dataset *d, LabelSet *set)
{
    int32_t *new_ids = NULL;
    if (set->n == 1)
        return hint(fail(ERR_DATA, "%s: every row has the label \"%s\"", d->path, set->entries[0].name),
                    "a classifier needs two; data.label names the column with the class");
    TRY(label_set_finish(set, &d->labels, &new_ids));
    for (int64_t i = 0; i < d->n_rows; i++) d->classes[i] = new_ids[d->classes[i]];
    free(new_ids);
    return OK;
}

static Status take_part(Dataset *d, const SplitPlan *plan)
{
    bool *chosen;
    TRY(mem_new(&d->rows, (size_t)d->n_rows, sizeof *d->rows));
    TRY(mem_new(&chosen, (size_t)d->n_rows, sizeof *chosen));
    Status  s = split_share(d->keys, d->classes, d->n_rows, d->labels.n, plan->share, chosen);
    int64_t n = 0, total = d->n_rows;
    for (int64_t i = 0; s == OK && i < total; i++) {
        if (chosen[i] != (plan->part == PART_SHARE)) continue;
        d->rows[n] = i;
        if (d->classes) d->classes[n] = d->classes[i];
        n++;
    }
    free(chosen);
    free(d->keys);
    d->keys = NULL;
    d->n_rows = n;
    if (s != OK || n > 0) return s;
    return hint(fail(ERR_DATA, "%s: a share of %g of %" PRId64 " rows leaves no row for %s", d->path, plan->share,
                     total, plan->name),
                "choose another share, or give data.validation a file");
}

static Status select_rows(Dataset *d, const DatasetOptions *o, const SplitPlan *plan, uint64_t seed)
{
    Selection sel = { .d = d, .o = o, .plan = plan, .seed = seed };
    Status    s = open_corpus(d, select_row, &sel);
    if (s == OK && d->label_wanted) s = o->known ? labels_copy(&d->labels, o->known) : collect_labels(d, &sel.set);
    if (s == OK && plan->part != PART_ALL) s = take_part(d, plan);
    label_set_release(&sel.set);
    return s;
}

static int64_t corpus_index(const Dataset *d, int64_t row) { return d->rows ? d->rows[row] : row; }

static Status bad_text(Dataset *d, Status s, int64_t line)      /* OK when it may be skipped */
{
    if (s != ERR_DATA || !d->skip_bad) return s;
    if ((size_t)d->n_bad < COUNT(d->bad_lines)) d->bad_lines[d->n_bad] = line;
    d->n_bad++;
    return OK;
}

static Status cut_windows(Dataset *d)
{
    TRY(windows_new(&d->windows, d->tokenizer, d->max_length));
    for (int64_t i = 0; i < d->n_rows; i++) {
        Row row;
        TRY(corpus_row(d->corpus, corpus_index(d, i), &row));
        Status s = during(encode(d, &row, false, 0), "reading %s:%" PRId64, d->path, row.line);
        if (s == OK && d->encoding.n == 0)
            s = hint(fail(ERR_DATA, "%s:%" PRId64 ": the text is empty after normalisation", d->path, row.line),
                     "correct the row, or set data.on_bad_row to skip");
        if (s == OK) TRY(windows_add(d->windows, &d->encoding, i));
        else TRY(bad_text(d, s, row.line));
    }
    if (windows_count(d->windows) > 0) return OK;
    return hint(fail(ERR_DATA, "%s: no rows: all texts are empty after normalisation", d->path),
                "check that this is the right file");
}

static Status read_text(Dataset *d, const DataConfig *c, const SplitPlan *plan, const DatasetOptions *o)
{
    TRY(select_rows(d, o, plan, (uint64_t)c->seed));
    d->n_bad = corpus_bad_rows(d->corpus);
    for (int64_t i = 0; i < d->n_bad && (size_t)i < COUNT(d->bad_lines); i++)
        d->bad_lines[i] = corpus_bad_line(d->corpus, i);
    if (o->windows) TRY(cut_windows(d));
    else TRY(mem_new(&d->cut, (size_t)d->n_rows, 1));
    TRY(corpus_hash(d->corpus, d->file_hash));
    content_hash(d->hash, d->file_hash, tokenizer_hash(d->tokenizer), d->settings, &d->labels);
    return OK;
}

/* ---- from a prepared file --------------------------------------------------------------------------------------- */

/* Opens PREPARED/SPLIT.h5 when what it holds is what reading the text would give; d->store stays NULL otherwise. The
 * text itself may be gone: then the hash that the file remembers of it has to do. */
static Status try_prepared(Dataset *d, const DataConfig *c, const SplitPlan *plan, const DatasetOptions *o)
{
    char  *path = NULL;
    Store *store = NULL;
    TRY(text_format(&path, "%s/%s.h5", c->prepared, plan->name));
    if (!file_exists(path)) goto done;
    if (store_open(&store, path, tokenizer_size(d->tokenizer), STORE_MEMORY) != OK) goto done;      /* damaged */
    const StoreInfo *info = store_info(store);
    const char      *now = info->file_hash;
    if (file_exists(d->path)) {
        if (hash_file(d->path, 0, d->file_hash) != OK) goto done;
        now = d->file_hash;
    }
    const Labels *labels = o->labels == LABEL_CLASS && o->known ? o->known : &info->labels;
    content_hash(d->hash, now, tokenizer_hash(d->tokenizer), d->settings, labels);
    if (strcmp(d->hash, info->content_hash) != 0) goto done;
    snprintf(d->file_hash, sizeof d->file_hash, "%s", info->file_hash);
    Status s = labels_copy(&d->labels, &info->labels);
    if (s != OK) {
        store_close(store);
        free(path);
        return s;
    }
    d->store = store;
    d->n_bad = info->n_bad;
    d->n_truncated = store_n_truncated(store);
    store = NULL;
done:
    store_close(store);
    free(path);
    return OK;
}

/* ---- life cycle ------------------------------------------------------------------------------------------------- */

static Status start(Dataset *d, const DataConfig *c, const SplitPlan *plan, const Tokenizer *t, const DatasetOptions *o,
                    bool prepared)
{
    d->tokenizer = t;
    d->label_wanted = o->labels == LABEL_CLASS;
    d->skip_bad = c->on_bad_row && strcmp(c->on_bad_row, "skip") == 0;
    d->refuse_long = !o->windows && c->truncation && strcmp(c->truncation, "error") == 0;
    d->max_length = o->max_length ? o->max_length : c->max_length;
    if (o->windows && d->max_length < 1)
        return hint(fail(ERR_CONFIG, "data.max_length is not given"), "it says how many tokens a window of text has");
    if (o->windows && c->text_pair)
        return hint(fail(ERR_CONFIG, "data.text_pair is given, but a language model reads one text"), "leave it out");
    TRY(text_copy(&d->path, plan->path));
    TRY(text_copy(&d->format, c->format ? c->format : "auto"));
    TRY(text_copy(&d->text, c->text ? c->text : "text"));
    TRY(text_copy(&d->pair, c->text_pair));
    if (d->label_wanted) TRY(text_copy(&d->label, c->label ? c->label : "label"));
    TRY(describe(&d->settings, d, c, plan, o->windows));
    if (prepared && c->prepared && c->prepared[0]) TRY(try_prepared(d, c, plan, o));
    return d->store ? OK : read_text(d, c, plan, o);
}

static Status open_plan(Dataset **out, const DataConfig *c, const SplitPlan *plan, const Tokenizer *t,
                        const DatasetOptions *o, bool prepared)
{
    *out = NULL;
    Dataset *d;
    TRY(mem_new(&d, 1, sizeof *d));
    Status s = start(d, c, plan, t, o, prepared);
    if (s == OK) *out = d;
    else dataset_close(d);
    return s;
}

Status dataset_open(Dataset **out, const DataConfig *config, const char *split, const Tokenizer *tokenizer,
                    const DatasetOptions *options)
{
    SplitPlan plan;
    *out = NULL;
    TRY(plan_split(&plan, config, split));
    return open_plan(out, config, &plan, tokenizer, options, true);
}

Status dataset_open_text(Dataset **out, const DataConfig *config, const char *split, const Tokenizer *tokenizer,
                         const DatasetOptions *options)
{
    SplitPlan plan;
    *out = NULL;
    TRY(plan_split(&plan, config, split));
    return open_plan(out, config, &plan, tokenizer, options, false);
}

Status dataset_open_file(Dataset **out, const DataConfig *config, const char *path, const Tokenizer *tokenizer,
                         const DatasetOptions *options)
{
    return open_plan(out, config, &(SplitPlan){ .name = "data", .path = path }, tokenizer, options, false);
}

void dataset_close(Dataset *d)
{
    if (!d) return;
    corpus_close(d->corpus);
    store_close(d->store);
    windows_free(d->windows);
    labels_release(&d->labels);
    encoding_release(&d->encoding);
    free(d->rows);
    free(d->classes);
    free(d->keys);
    free(d->cut);
    free(d->path);
    free(d->format);
    free(d->text);
    free(d->pair);
    free(d->label);
    free(d->settings);
    free(d);
}

/* ---- examples --------------------------------------------------------------------------------------------------- */

int64_t dataset_count(const Dataset *d)
{
    return d->store ? store_count(d->store) : d->windows ? windows_count(d->windows) : d->n_rows;
}

static Status encode_row(Dataset *d, int64_t i, Example *out)
{
    Row row;
    TRY(corpus_row(d->corpus, corpus_index(d, i), &row));
    TRY(during(encode(d, &row, true, (size_t)d->max_length), "reading %s:%" PRId64, d->path, row.line));
    const Encoding *e = &d->encoding;
    bool            cut = e->n_untruncated > e->n;
    if (cut && !d->cut[i]) {
        d->cut[i] = 1;
        d->n_truncated++;
    }
    *out = (Example){ .ids = e->ids, .segments = e->segments, .words = e->words, .n = (int64_t)e->n,
                      .n_untruncated = (int64_t)e->n_untruncated, .label = d->classes ? d->classes[i] : -1,
                      .line = row.line, .truncated = cut };
    return OK;
}

Status dataset_example(Dataset *d, int64_t i, Example *out)
{
    BUG_ON(i < 0 || i >= dataset_count(d));
    if (d->store) return store_example(d->store, i, out);
    if (!d->windows) return encode_row(d, i, out);
    *out = (Example){ .label = -1 };
    windows_example(d->windows, i, out);
    out->n_untruncated = out->n;
    out->line = corpus_line(d->corpus, corpus_index(d, windows_row(d->windows, i)));
    return OK;
}

Status dataset_row(Dataset *d, int64_t i, Row *out)
{
    BUG_ON(i < 0 || i >= dataset_count(d));
    if (!d->store) return corpus_row(d->corpus, corpus_index(d, d->windows ? windows_row(d->windows, i) : i), out);
    if (!d->corpus)
        TRY(during(open_corpus(d, NULL, NULL), "looking up the text of a prepared row; only tokens are stored"));
    Example e;
    TRY(store_example(d->store, i, &e));
    int64_t row = corpus_find_line(d->corpus, e.line);
    if (row < 0)
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": no row begins here any more", d->path, e.line),
                    "prepare the data again");
    return corpus_row(d->corpus, row, out);
}

const Labels *dataset_labels(const Dataset *d) { return &d->labels; }
int64_t       dataset_n_truncated(const Dataset *d) { return d->n_truncated; }
int64_t       dataset_bad_rows(const Dataset *d) { return d->n_bad; }
const char   *dataset_hash(const Dataset *d) { return d->hash; }
bool          dataset_is_prepared(const Dataset *d) { return d->store != NULL; }
const char   *dataset_path(const Dataset *d) { return d->path; }
const char   *dataset_file_hash(const Dataset *d) { return d->file_hash; }
const char   *dataset_settings(const Dataset *d) { return d->settings; }

int64_t dataset_bad_line(const Dataset *d, int64_t i)
{
    return i >= 0 && i < d->n_bad && (size_t)i < COUNT(d->bad_lines) ? d->bad_lines[i] : 0;
}
