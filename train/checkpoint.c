/* train/checkpoint.c: a run's state as one HDF5 file, complete by itself: parameters, moments, step, cursor,
 * early-stopping state, resolved config, tokenizer. Written under a temporary name, synced, renamed; the other names a
 * checkpoint goes by (last.h5, best.h5) are hard links put in place by rename, so each is the old file or the new one. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/text.h"
#include "train/run_internal.h"

enum { MOMENT_PIECE = 1 << 20 };       /* elements moved at a time */

static void moment_name(char out[32], int i) { snprintf(out, 32, "optimizer/moment%d", i + 1); }

static Status state_to_json(const Run *r, char **out)
{
    const RunState *st = &r->state;
    const Anchor   *at = &st->cursor.anchor;
    cJSON *j = cJSON_CreateObject();
    Status s = OK;
    const struct { const char *key; double value; } numbers[] = {
        { "step", (double)st->step },           { "updates", st->updates },
        { "epoch", (double)st->cursor.epoch },  { "position", (double)st->cursor.position },
        { "window_epoch", (double)at->epoch },  { "window_first", (double)at->first },
        { "window_row", (double)at->row },      { "window_at", (double)at->place.at },
        { "window_line", (double)at->place.line },  { "window_file", at->place.file },
        { "window_item", at->place.item },
        { "best", st->best },                   { "best_step", (double)st->best_step },
        { "bad_evals", (double)st->bad_evals }, { "loss_sum", st->loss_sum },
        { "count", st->count },                 { "tokens", (double)st->tokens },
        { "sequences", (double)st->sequences }, { "seconds", st->seconds },
        { "max_length", (double)r->max_length },
    };
    for (size_t i = 0; i < COUNT(numbers) && s == OK; i++) s = json_add_number(j, numbers[i].key, numbers[i].value);
    if (s == OK) s = json_add(j, "finished", cJSON_CreateBool(st->finished));
    if (s == OK) s = json_add_string(j, "machine", r->backend->description);
    if (s == OK) s = json_add_string(j, "version", WHET_VERSION);
    if (s == OK && r->last_eval) s = json_add(j, "last_eval", cJSON_Duplicate(r->last_eval, true));
    if (s == OK) s = json_print(out, j, false);
    cJSON_Delete(j);
    return s;
}

static Status anchor_from_json(Anchor *a, const cJSON *j, const char *path)
{
    int64_t file, item;
    TRY(json_get_int(&a->epoch, j, "window_epoch", 0, path));
    TRY(json_get_int(&a->first, j, "window_first", 0, path));
    TRY(json_get_int(&a->row, j, "window_row", 0, path));
    TRY(json_get_int(&a->place.at, j, "window_at", 0, path));
    TRY(json_get_int(&a->place.line, j, "window_line", 0, path));
    TRY(json_get_int(&file, j, "window_file", 0, path));
    TRY(json_get_int(&item, j, "window_item", 0, path));
    if (a->epoch < 0 || a->first < 0 || a->row < 0 || a->place.at < 0 || a->place.line < 0 || file < 0 || item < 0 ||
        file > INT32_MAX || item > INT32_MAX)
        return fail(ERR_FORMAT, "%s: the place in the training data is out of range", path);
    a->place.file = (int32_t)file;
    a->place.item = (int32_t)item;
    return OK;
}

static Status state_from_json(Run *r, const cJSON *j, const char *path)
{
    RunState *st = &r->state;
    int64_t   updates;
    TRY(json_get_int(&st->step, j, "step", 0, path));
    TRY(json_get_int(&updates, j, "updates", 0, path));
    TRY(json_get_int(&st->cursor.epoch, j, "epoch", 0, path));
    TRY(json_get_int(&st->cursor.position, j, "position", 0, path));
    TRY(anchor_from_json(&st->cursor.anchor, j, path));
    TRY(json_get_number(&st->best, j, "best", 0, path));
    TRY(json_get_int(&st->best_step, j, "best_step", -1, path));
    TRY(json_get_int(&st->bad_evals, j, "bad_evals", 0, path));
    TRY(json_get_number(&st->loss_sum, j, "loss_sum", 0, path));
    TRY(json_get_number(&st->count, j, "count", 0, path));
    TRY(json_get_int(&st->tokens, j, "tokens", 0, path));
    TRY(json_get_int(&st->sequences, j, "sequences", 0, path));
    TRY(json_get_number(&st->seconds, j, "seconds", 0, path));
    TRY(json_get_bool(&st->finished, j, "finished", false, path));
    if (st->step < 0 || updates < 0 || updates > INT32_MAX || st->cursor.epoch < 0 || st->cursor.position < 0)
        return fail(ERR_FORMAT, "%s: the run's state is out of range", path);
    st->updates = (int32_t)updates;
    if (json_get(j, "last_eval") && !(r->last_eval = cJSON_Duplicate(json_get(j, "last_eval"), true)))
        return fail(ERR_MEMORY, "no memory for JSON");
    return OK;
}

static Status write_file(Run *r, const char *path)
{
    ArrayFile *f = NULL;
    char      *state = NULL, name[32];
    REAL      *piece = NULL;
    int64_t    n = optimizer_size(r->optimizer);
    Status     s = state_to_json(r, &state);
    if (s == OK) s = array_file_create(&f, path, FORMAT_HDF5);
    if (s == OK) s = bundle_put_texts(f, r->model, tokenizer_json(r->tokenizer), r->config_text);
    if (s == OK) s = array_file_put_text(f, BUNDLE_TEXT_STATE, state);
    if (s == OK) s = weights_declare(r->model, f, BUNDLE_GROUP, true);
    for (int i = 0; i < optimizer_n_moments(r->optimizer) && s == OK; i++) {
        moment_name(name, i);
        s = array_file_declare(f, name, DTYPE_REAL, DIMS(n));
    }
    if (s == OK) s = weights_write(r->model, f, BUNDLE_GROUP, true);
    if (s == OK) s = mem_new(&piece, MOMENT_PIECE, sizeof *piece);
    for (int i = 0; i < optimizer_n_moments(r->optimizer) && s == OK; i++) {
        moment_name(name, i);
        for (int64_t at = 0; at < n && s == OK; at += MOMENT_PIECE) {
            int64_t k = n - at < MOMENT_PIECE ? n - at : MOMENT_PIECE;
            s = optimizer_get(r->optimizer, i, at, k, piece);
            if (s == OK) s = array_file_write(f, name, at, k, piece);
        }
    }
    if (s == OK) s = array_file_commit(f);
    array_file_close(f);
    free(piece);
    free(state);
    return s;
}

/* Another name for a file, put in place at once. */
static Status also_call(const char *path, const char *folder, const char *name)
{
    char  *to = NULL, *tmp = NULL;
    Status s = path_join(&to, folder, name);
    if (s == OK) s = text_format(&tmp, "%s.tmp", to);
    if (s == OK) {
        unlink(tmp);
        if (link(path, tmp) == 0) s = file_replace(tmp, to);
        else s = file_copy(path, to);                          /* a file system without hard links */
    }
    free(to);
    free(tmp);
    return s;
}

static int newest_first(const void *a, const void *b) { return strcmp(*(char *const *)b, *(char *const *)a); }

/* Keeps the newest save_total_limit step-N.h5; removes what an interrupted write left. */
static Status rotate(const Run *r, const char *folder)
{
    StringList steps = { 0 };
    Status     s = OK;
    DIR       *d = opendir(folder);
    for (struct dirent *e; d && s == OK && (e = readdir(d));)
        if (text_match("step-*.h5", e->d_name)) s = string_list_add(&steps, e->d_name);
    if (d) closedir(d);
    if (steps.n) qsort(steps.items, steps.n, sizeof *steps.items, newest_first);
    for (size_t i = (size_t)r->job->train.save_total_limit; i < steps.n && s == OK; i++) {
        char *path = NULL;
        if ((s = path_join(&path, folder, steps.items[i])) == OK) unlink(path);
        free(path);
    }
    string_list_release(&steps);
    return s;
}

Status checkpoint_save(Run *r, bool as_best, bool as_last)
{
    char  *folder = NULL, *path = NULL, name[64];
    snprintf(name, sizeof name, "step-%08lld.h5", (long long)r->state.step);
    Status s = path_join(&folder, r->job->output_dir, "checkpoints");
    if (s == OK) s = file_make_folder(folder);
    if (s == OK) s = path_join(&path, folder, name);
    if (s == OK) s = write_file(r, path);
    if (s == OK && as_best) s = also_call(path, folder, "best.h5");
    if (s == OK && as_last) s = also_call(path, folder, "last.h5");
    if (s == OK) s = rotate(r, folder);
    if (s == OK && r->hooks.on_checkpoint) r->hooks.on_checkpoint(r->hooks.arg, path);
    free(folder);
    free(path);
    return s == OK ? OK : during(s, "saving step %lld", (long long)r->state.step);
}

/* ---- loading -------------------------------------------------------------------------------------------------------- */

static Status load_moments(Run *r, ArrayFile *f)
{
    REAL  *piece;
    Status s = mem_new(&piece, MOMENT_PIECE, sizeof *piece);
    for (int i = 0; i < optimizer_n_moments(r->optimizer) && s == OK; i++) {
        char name[32];
        moment_name(name, i);
        const ArrayInfo *info = array_file_find(f, name);
        if (!info || info->count != optimizer_size(r->optimizer)) {
            s = hint(fail(ERR_FORMAT, "%s: %s does not fit this run's optimizer", array_file_path(f), name),
                     "resume with the config the run was started with");
            break;
        }
        for (int64_t at = 0; at < info->count && s == OK; at += MOMENT_PIECE) {
            int64_t k = info->count - at < MOMENT_PIECE ? info->count - at : MOMENT_PIECE;
            s = array_file_read_real(f, info, at, k, piece);
            if (s == OK) s = optimizer_set(r->optimizer, i, at, k, piece);
        }
    }
    free(piece);
    return s;
}

/* Settings that may differ between the run's parts without changing its numbers. */
static const char *const free_to_change[] = { "device",        "threads",          "output_dir",
                                              "logging_steps", "save_total_limit", "prepared" };

static Status same_settings(const cJSON *then, const cJSON *now, const char *at)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, then) {
        const cJSON *w = cJSON_GetObjectItemCaseSensitive(now, v->string);
        bool         skip = !w;
        for (size_t i = 0; i < COUNT(free_to_change); i++) skip |= strcmp(v->string, free_to_change[i]) == 0;
        if (skip) continue;
        if (cJSON_IsObject(v)) TRY(same_settings(v, w, v->string));
        else if (!cJSON_Compare(v, w, true))
            return hint(
                fail(ERR_CONFIG, "%s%s%s has changed since this run was started", at, *at ? "." : "", v->string),
                "resume with the old value (it stands in the run's config.json), or start anew with --overwrite");
    }
    return OK;
}

Status checkpoint_load_last(Run *r, bool *found)
{
    char      *path = NULL;
    ArrayFile *f = NULL;
    cJSON     *state = NULL, *config = NULL;
    LoadReport report;
    Status     s = path_join(&path, r->job->output_dir, "checkpoints/last.h5");
    *found = s == OK && file_exists(path);
    if (*found && s == OK) s = array_file_open(&f, path);
    const char *state_text = f ? array_file_text(f, BUNDLE_TEXT_STATE) : NULL,
               *config_text = f ? array_file_text(f, BUNDLE_TEXT_RUN) : NULL;
    if (f && s == OK && (!state_text || !config_text)) s = fail(ERR_FORMAT, "%s is no checkpoint of a run", path);
    if (f && s == OK) s = json_parse(&config, config_text, strlen(config_text), path, JSON_STRICT);
    if (f && s == OK) s = same_settings(config, r->config, "");
    if (f && s == OK) s = json_parse(&state, state_text, strlen(state_text), path, JSON_STRICT);
    if (f && s == OK) s = state_from_json(r, state, path);
    if (f && s == OK) s = weights_load(r->model, f, BUNDLE_GROUP, false, &report);
    if (f && s == OK) s = load_moments(r, f);
    array_file_close(f);
    cJSON_Delete(state);
    cJSON_Delete(config);
    free(path);
    return s == OK ? OK : during(s, "resuming %s", r->job->output_dir);
}
