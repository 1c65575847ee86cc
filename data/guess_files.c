/* data/guess_files.c: which of the files are data, and which are for training, validation and test.
 *
 * The kind of files that makes up most of the bytes is the data. Their names are taken apart into words; one of train,
 * dev, test ... says the split and the rest is the stem: "cls_ctg_dev.tsv" is the validation set of "cls ctg". Of several
 * stems the one with most splits is taken; a split that it lacks may come from a stem that has no training set. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "data/guess_internal.h"

enum { FILES_OPENED = 48, FILES_LISTED = 6, MAX_STEM = 128 };

typedef struct Candidate {
    const InputFile *file;
    const char      *format;
    Split            split;
    char             stem[MAX_STEM];
    bool             chosen;
} Candidate;

typedef struct Candidates {
    Candidate *items;
    size_t     n;
    char       opened[FILES_OPENED][16];       /* suffixes whose format was looked at, and what it was */
    const char *formats[FILES_OPENED];
    size_t     n_opened;
} Candidates;

/* ---- names ---------------------------------------------------------------------------------------------------- */

static const char *inner_name(const InputFile *f)             /* of a member: its path in the archive */
{
    const char *member = strstr(f->name, "//");
    return f->member >= 0 && member ? member + 2 : f->name;
}

/* The folder that holds the file, the last part of its name alone. */
static void folder_of(const char *path, char *out, size_t size)
{
    const char *end = strrchr(path, '/'), *from = end;
    while (from && from > path && from[-1] != '/') from--;
    snprintf(out, size, "%.*s", from ? (int)(end - from) : 0, from ? from : "");
}

/* ---- formats ---------------------------------------------------------------------------------------------------- */

static Status look(const InputFile *f, const char **format)
{
    Input  in = { 0 };
    *format = NULL;
    Status s = guess_window(&in, f, 1 << 18);
    if (s == OK) *format = guess_format(inner_name(f), in.data, in.n, in.end);
    if (s == OK && *format && strcmp(*format, "json") == 0) {      /* more of it may show what kind */
        s = guess_window(&in, f, GUESS_JSON / 2);
        if (s == OK) *format = guess_format(inner_name(f), in.data, in.n, in.end);
    }
    input_close(&in);
    return s == ERR_DATA || s == ERR_FORMAT || s == ERR_UNSUPPORTED ? OK : s;      /* not a file that is read */
}

/* Of thousands of files only some are opened; the others go by the suffix. */
static Status format_of(Candidates *c, size_t n_files, const InputFile *f, const char **format)
{
    const char *dot = strrchr(path_name(inner_name(f)), '.');
    char        suffix[16];
    snprintf(suffix, sizeof suffix, "%s", dot ? dot : "");
    if (n_files <= FILES_OPENED) return look(f, format);
    for (size_t i = 0; i < c->n_opened; i++)
        if (strcmp(c->opened[i], suffix) == 0) {
            *format = c->formats[i];
            return OK;
        }
    if (c->n_opened == FILES_OPENED) return OK;
    TRY(look(f, format));
    memcpy(c->opened[c->n_opened], suffix, sizeof suffix);
    c->formats[c->n_opened++] = *format;
    return OK;
}

static bool same_family(const char *a, const char *b)
{
    bool text_a = strcmp(a, "text") == 0 || strcmp(a, "documents") == 0;
    bool text_b = strcmp(b, "text") == 0 || strcmp(b, "documents") == 0;
    return strcmp(a, b) == 0 || (text_a && text_b);
}

/* The format with the most bytes; files of others are dropped from the candidates. */
static const char *keep_largest_family(Candidates *c, int *n_left)
{
    const char *best = NULL;
    double      most = -1;
    for (size_t i = 0; i < c->n; i++) {
        double bytes = 0;
        for (size_t k = 0; k < c->n; k++)
            if (same_family(c->items[i].format, c->items[k].format)) bytes += (double)c->items[k].file->bytes + 1;
        if (bytes > most) {
            most = bytes;
            best = c->items[i].format;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (same_family(c->items[i].format, best)) c->items[kept++] = c->items[i];
    *n_left += (int)(c->n - kept);
    c->n = kept;
    return best;
}

/* ---- splits ----------------------------------------------------------------------------------------------------- */

typedef struct Stem { bool has[SPLIT_N]; double bytes; int n_splits; } Stem;

static Stem stem_of(const Candidates *c, const char *name)
{
    Stem s = { 0 };
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->items[i].stem, name) != 0) continue;
        s.has[c->items[i].split] = true;
        s.bytes += (double)c->items[i].file->bytes;
    }
    for (int k = SPLIT_TRAIN; k < SPLIT_N; k++) s.n_splits += s.has[k];
    return s;
}

static bool is_better(const Stem *a, const Stem *b)
{
    if (a->has[SPLIT_TRAIN] != b->has[SPLIT_TRAIN]) return a->has[SPLIT_TRAIN];
    return a->n_splits != b->n_splits ? a->n_splits > b->n_splits : a->bytes > b->bytes;
}

static void choose_stem(Candidates *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        c->items[i].chosen = strcmp(c->items[i].stem, name) == 0 && c->items[i].split != SPLIT_NONE;
}

static bool any_chosen(const Candidates *c, Split split)
{
    for (size_t i = 0; i < c->n; i++) if (c->items[i].chosen && c->items[i].split == split) return true;
    return false;
}

/* A split that the chosen stem lacks, from one that is no set of its own. */
static void adopt(Candidates *c, Split split)
{
    if (any_chosen(c, split)) return;
    const char *from = NULL;
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].split != split || (from && strcmp(from, c->items[i].stem) != 0)) continue;
        if (stem_of(c, c->items[i].stem).has[SPLIT_TRAIN]) continue;
        from = c->items[i].stem;
        c->items[i].chosen = true;
    }
}

static double bytes_of(const Candidates *c, Split split, bool chosen)
{
    double bytes = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->items[i].split == split && c->items[i].chosen == chosen) bytes += (double)c->items[i].file->bytes;
    return bytes;
}

static void promote(Candidates *c, Split split)               /* to training rows */
{
    for (size_t i = 0; i < c->n; i++)
        if (c->items[i].chosen && c->items[i].split == split) c->items[i].split = SPLIT_TRAIN;
}

/* Every candidate gets its place: chosen with a split, or not chosen. */
static Status choose(Guess *g, Candidates *c)
{
    const char *best = NULL;
    Stem        stem = { 0 };
    for (size_t i = 0; i < c->n; i++) {
        Stem s = stem_of(c, c->items[i].stem);
        if (s.n_splits == 0 || (best && !is_better(&s, &stem))) continue;
        best = c->items[i].stem;
        stem = s;
    }
    if (best) {
        choose_stem(c, best);
        adopt(c, SPLIT_VALIDATION);
        adopt(c, SPLIT_TEST);
        if (any_chosen(c, SPLIT_TRAIN)) return OK;
    }
    double plain = bytes_of(c, SPLIT_NONE, false);
    if (best && plain < bytes_of(c, SPLIT_VALIDATION, true) + bytes_of(c, SPLIT_TEST, true)) {
        bool dev = any_chosen(c, SPLIT_VALIDATION);
        promote(c, dev ? SPLIT_VALIDATION : SPLIT_TEST);
        return guess_say(g, "there is no training file, so the %s file is trained on and a tenth of it validates",
                         dev ? "validation" : "test");
    }
    for (size_t i = 0; i < c->n; i++) {                       /* files whose names say no split */
        if (c->items[i].split != SPLIT_NONE) continue;
        c->items[i].chosen = true;
        c->items[i].split = SPLIT_TRAIN;
    }
    return OK;
}

/* ---- names that are classes ------------------------------------------------------------------------------------- */

/* Folders of many small files each: their names are the classes, each file is a text. */
static Status guess_folder_labels(Guess *g, const Candidates *c)
{
    char   names[16][64] = { 0 };
    size_t n_names = 0, n_files = 0;
    for (size_t i = 0; i < c->n; i++) {
        char folder[64];
        size_t k = 0;
        if (!c->items[i].chosen || c->items[i].split != SPLIT_TRAIN) continue;
        folder_of(inner_name(c->items[i].file), folder, sizeof folder);
        while (k < n_names && strcmp(names[k], folder) != 0) k++;
        if (k == COUNT(names)) return OK;
        if (k == n_names) memcpy(names[n_names++], folder, sizeof folder);
        n_files++;
    }
    if (n_names < 2 || n_files < 4 * n_names) return OK;
    TRY(text_copy(&g->format, "files"));
    TRY(text_copy(&g->label, "@folder"));
    return guess_say(g, "%zu files lie in %zu folders (%s, %s ...): each file is a text, its folder the class", n_files,
                     n_names, names[0], names[1]);
}

static Status guess_file_labels(Guess *g, const Candidates *c)
{
    int n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!c->items[i].chosen || c->items[i].split != SPLIT_TRAIN) continue;
        if (!name_has_class(path_name(inner_name(c->items[i].file)))) return OK;
        n++;
    }
    if (n < 2) return OK;
    TRY(text_copy(&g->format, "text"));
    TRY(text_copy(&g->label, "@file"));
    return guess_say(g, "the %d files are named like classes: each line is a text, its file's name the class", n);
}

/* ---- paths ------------------------------------------------------------------------------------------------------ */

/* A folder, or all members of an archive that end alike, meaning exactly the chosen files of a split; NULL: there is none. */
static Status short_path(const Candidates *c, Split split, const char *path, char **out)
{
    const Candidate *first = NULL;
    char             prefix[512] = "";
    for (size_t i = 0; i < c->n; i++) {
        const Candidate *x = &c->items[i];
        if (!x->chosen || x->split != split) continue;
        if (!first) snprintf(prefix, sizeof prefix, "%s", x->file->name);
        first = first ? first : x;
        size_t same = 0;
        while (prefix[same] && prefix[same] == x->file->name[same]) same++;
        prefix[same] = '\0';
    }
    char *slash = strrchr(prefix, '/');
    if (!first || !slash) return OK;
    slash[1] = '\0';
    for (size_t i = 0; i < c->n; i++) {                       /* the other splits lie elsewhere */
        bool ours = c->items[i].chosen && c->items[i].split == split;
        if (!ours && strncmp(c->items[i].file->name, prefix, strlen(prefix)) == 0) return OK;
    }
    const char *suffix = strrchr(path_name(first->file->name), '.');
    if (first->file->member < 0) {
        *slash = '\0';
        return text_copy(out, strlen(prefix) < strlen(path) ? path : prefix);
    }
    return text_format(out, "%s*%s", prefix, suffix ? suffix : "");
}

static Status put_paths(Guess *g, const Candidates *c, Split split, const char *path, StringList *out)
{
    size_t n = 0;
    char  *whole = NULL;
    for (size_t i = 0; i < c->n; i++) n += c->items[i].chosen && c->items[i].split == split;
    if (n > FILES_LISTED) TRY(short_path(c, split, path, &whole));
    Status s = OK;
    if (whole) s = string_list_add(out, whole);
    for (size_t i = 0; i < c->n && s == OK && !whole; i++)
        if (c->items[i].chosen && c->items[i].split == split) s = string_list_add(out, c->items[i].file->name);
    if (s == OK && whole) s = guess_say(g, "%zu files: %s", n, whole);
    free(whole);
    return s;
}

static Status copy_file(InputFile *to, const InputFile *from)
{
    *to = (InputFile){ .member = from->member, .bytes = from->bytes };
    TRY(text_copy(&to->path, from->path));
    TRY(text_copy(&to->name, from->name));
    return from->key ? text_copy(&to->key, from->key) : OK;
}

void input_file_release(InputFile *f)
{
    free(f->path);
    free(f->name);
    free(f->key);
    *f = (InputFile){ 0 };
}

/* ---- splits inside one JSON file -------------------------------------------------------------------------------- */

/* {"train": [...], "test": [...]}, or one list under any key: *found. */
static Status put_json_keys(Guess *g, const char *path, const cJSON *doc, bool *found)
{
    const cJSON *v, *only = NULL;
    int          n_splits = 0, n_lists = 0;
    char         stem[MAX_STEM];
    cJSON_ArrayForEach(v, doc) {
        if (!cJSON_IsArray(v) || !v->child) continue;
        n_splits += split_of(v->string, stem, sizeof stem) == SPLIT_TRAIN;
        only = v;
        n_lists++;
    }
    *found = n_splits > 0 || n_lists == 1;
    if (!*found) return OK;
    cJSON_ArrayForEach(v, doc) {
        char *keyed = NULL;
        if (!cJSON_IsArray(v) || !v->child) continue;
        Split split = n_splits ? split_of(v->string, stem, sizeof stem) : v == only ? SPLIT_TRAIN : SPLIT_NONE;
        TRY(text_format(&keyed, "%s#%s", path, v->string));
        Status s = split == SPLIT_TRAIN ? string_list_add(&g->train, keyed)
                 : split == SPLIT_TEST  ? string_list_add(&g->test, keyed)
                 : split == SPLIT_VALIDATION && (!g->validation || !stem[0]) ? text_copy(&g->validation, keyed) : OK;
        free(keyed);
        TRY(s);
    }
    return n_splits ? guess_say(g, "the JSON file holds the splits as lists of an object") : OK;
}

/* The largest JSON file, if it is an object of lists, is all there is. */
static Status look_into_json(Guess *g, Candidates *c, bool *found)
{
    Input  in = { 0 };
    cJSON *doc = NULL;
    size_t largest = 0;
    for (size_t i = 1; i < c->n; i++) if (c->items[i].file->bytes > c->items[largest].file->bytes) largest = i;
    const InputFile *file = c->items[largest].file;
    Status s = guess_window(&in, file, GUESS_JSON);
    if (s == OK && in.n <= GUESS_JSON)
        s = hint(json_parse(&doc, in.data, in.n, file->name, JSON_STRICT), "correct the file; is all of it there?");
    if (s == OK && cJSON_IsObject(doc)) s = put_json_keys(g, file->name, doc, found);
    if (*found) {
        c->items[largest].chosen = true;
        c->items[largest].split = SPLIT_TRAIN;
    }
    cJSON_Delete(doc);
    input_close(&in);
    return s;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static Status collect(Candidates *c, const InputList *files, int *n_left)
{
    TRY(mem_new(&c->items, files->n + 1, sizeof *c->items));
    for (size_t i = 0; i < files->n; i++) {
        const InputFile *f = &files->items[i];
        const char      *name = inner_name(f), *format = NULL;
        char             folder[MAX_STEM], stem[MAX_STEM];
        if (files->n > 1 && name_is_about_data(path_name(name))) continue;
        TRY(format_of(c, files->n, f, &format));
        if (!format) {
            ++*n_left;
            continue;
        }
        Candidate *x = &c->items[c->n++];
        *x = (Candidate){ .file = f, .format = format };
        x->split = split_of(path_name(name), x->stem, sizeof x->stem);
        folder_of(name, folder, sizeof folder);
        Split above = x->split == SPLIT_NONE ? split_of(folder, stem, sizeof stem) : SPLIT_NONE;
        if (x->split == SPLIT_NONE && above == SPLIT_NONE) {      /* train/pos/0.txt */
            char up[512];
            snprintf(up, sizeof up, "%.*s", (int)(strrchr(name, '/') ? strrchr(name, '/') - name : 0), name);
            folder_of(up, folder, sizeof folder);
            above = split_of(folder, stem, sizeof stem);
        }
        if (above != SPLIT_NONE) {
            x->split = above;
            x->stem[0] = '\0';
        }
    }
    return OK;
}

static Status put_splits(Guess *g, const Candidates *c, const char *path)
{
    StringList validation = { 0 };
    TRY(put_paths(g, c, SPLIT_TRAIN, path, &g->train));
    TRY(put_paths(g, c, SPLIT_TEST, path, &g->test));
    Status s = put_paths(g, c, SPLIT_VALIDATION, path, &validation);
    if (s == OK && validation.n > 0) s = text_copy(&g->validation, validation.items[0]);
    string_list_release(&validation);
    return s;
}

static Status decide(Guess *g, Candidates *c, const char *path, int n_left, InputFile *sample)
{
    if (c->n == 0)
        return hint(fail(ERR_DATA, "%s: nothing in it looks like data that can be read", path),
                    "text, JSONL, JSON, CSV, TSV, CoNLL, CoNLL-U, SQuAD and chat files are read; `whet prepare --help` "
                    "names the formats");
    TRY(text_copy(&g->format, keep_largest_family(c, &n_left)));
    bool keyed = false;
    if (strcmp(g->format, "json") == 0) TRY(look_into_json(g, c, &keyed));
    if (!keyed) TRY(choose(g, c));
    for (size_t i = 0; i < c->n; i++) n_left += !c->items[i].chosen;
    if (!keyed) TRY(put_splits(g, c, path));
    for (size_t i = 0; i < c->n && !sample->path; i++)
        if (c->items[i].chosen && c->items[i].split == SPLIT_TRAIN) {
            TRY(text_copy(&g->format, c->items[i].format));
            TRY(copy_file(sample, c->items[i].file));
        }
    if (same_family(g->format, "text")) TRY(guess_file_labels(g, c));
    if (same_family(g->format, "text") && !g->label) TRY(guess_folder_labels(g, c));
    TRY(guess_say(g, "format %s, from the files' first bytes", g->format));
    if (n_left > 0) TRY(guess_say(g, "%d other file%s left out", n_left, n_left > 1 ? "s were" : " was"));
    return OK;
}

Status guess_files(Guess *g, const char *path, InputFile *sample)
{
    InputList  files = { 0 };
    Candidates c = { 0 };
    StringList paths = { 0 };
    int        n_left = 0;
    Status     s = string_list_add(&paths, path);
    if (s == OK) s = input_expand(&files, &paths, (InputSuffixes){ NULL, NULL });
    if (s == OK) s = collect(&c, &files, &n_left);
    if (s == OK) s = decide(g, &c, path, n_left, sample);
    free(c.items);
    input_list_release(&files);
    string_list_release(&paths);
    return s;
}
