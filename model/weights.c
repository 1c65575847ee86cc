#include "model/weights.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"

/* Spellings of one name: as declared, or with these endings exchanged (checkpoints converted before 2019). */
static const struct { const char *now, *then; } old_spellings[] = {
    { ".LayerNorm.weight", ".LayerNorm.gamma" },
    { ".LayerNorm.bias", ".LayerNorm.beta" },
};

/* Arrays that published files carry and no forward pass needs. */
static const char *const ignored[] = { "*position_ids", "cls.seq_relationship.*", "cls.predictions.decoder.*" };

static const ArrayInfo *find_spelled(ArrayFile *f, const char *group, const char *name)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", group, name);
    const ArrayInfo *info = array_file_find(f, full);
    for (size_t i = 0; !info && i < COUNT(old_spellings); i++) {
        size_t n = strlen(full), k = strlen(old_spellings[i].now);
        if (n < k || strcmp(full + n - k, old_spellings[i].now) != 0) continue;
        snprintf(full + n - k, sizeof full - (n - k), "%s", old_spellings[i].then);
        info = array_file_find(f, full);
    }
    return info;
}

static const ArrayInfo *find_array(ArrayFile *f, const char *group, const char *name, const char *prefix)
{
    const ArrayInfo *info = find_spelled(f, group, name);
    size_t           n = strlen(prefix);
    if (!info && strncmp(name, prefix, n) == 0) info = find_spelled(f, group, name + n);
    return info;
}

static bool shape_fits(const Param *p, const ParamSlice *s, const ArrayInfo *info)
{
    if (info->ndim != p->tensor.ndim || info->shape[0] != s->rows) return false;
    for (int i = 1; i < info->ndim; i++)
        if (info->shape[i] != p->tensor.shape[i]) return false;
    return true;
}

static Status wrong_shape(const Model *m, const Param *p, const ParamSlice *s, const ArrayInfo *info, const char *path)
{
    char want[96] = "", got[96] = "";
    for (int i = 0; i < p->tensor.ndim; i++)
        snprintf(want + strlen(want), sizeof want - strlen(want), "%s%" PRId64, i ? " x " : "",
                 i ? p->tensor.shape[i] : s->rows);
    for (int i = 0; i < info->ndim; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%" PRId64, i ? " x " : "", info->shape[i]);
    Status st = fail(ERR_FORMAT, "%s: %s is %s, the config says %s", path, info->name, got, want);
    return &p->tensor == m->arch->word_table(m) ? hint(st, "vocab_size must be the word table's rows; weights, "
                                                           "config.json and tokenizer must belong together")
                                                : hint(st, "config.json and the weights must belong together");
}

/* *found: all slices were there with the right shape. */
static Status load_param(Model *m, Param *p, ArrayFile *f, const char *group, bool may_lack, bool *found)
{
    const ArrayInfo *slices[PARAM_MAX_SLICES];
    *found = false;
    for (int i = 0; i < p->n_slices; i++) {
        slices[i] = find_array(f, group, p->slices[i].name, m->arch->prefix);
        if (!slices[i] && may_lack) return OK;
        if (!slices[i])
            return hint(fail(ERR_FORMAT, "%s has no array %s%s", array_file_path(f), group, p->slices[i].name),
                        "this model is \"%s\" with task \"%s\"; `whet inspect` lists what the file holds",
                        m->arch->name, m->task->name);
        if (!shape_fits(p, &p->slices[i], slices[i])) {
            if (may_lack) return OK;
            return wrong_shape(m, p, &p->slices[i], slices[i], array_file_path(f));
        }
    }
    REAL *host;
    TRY(mem_new(&host, (size_t)p->n, sizeof *host));
    Status s = OK;
    for (int64_t i = 0, at = 0; i < p->n_slices && s == OK; at += slices[i++]->count)
        s = array_file_read_real(f, slices[i], 0, slices[i]->count, host + at);
    if (s == OK) s = param_set(&m->params, p, host);
    free(host);
    *found = s == OK;
    return s;
}

static bool has_place(const Model *m, const char *name)
{
    for (size_t i = 0; i < COUNT(ignored); i++)
        if (text_match(ignored[i], name)) return true;
    for (size_t i = 0; i < m->params.n; i++)
        for (int k = 0; k < m->params.list[i]->n_slices; k++) {
            const char *mine = m->params.list[i]->slices[k].name;
            size_t      n = strlen(m->arch->prefix), len = strlen(name);
            if (strncmp(mine, m->arch->prefix, n) == 0 && strncmp(name, m->arch->prefix, n) != 0) mine += n;
            if (strcmp(mine, name) == 0) return true;
            for (size_t j = 0; j < COUNT(old_spellings); j++) {
                size_t a = strlen(old_spellings[j].then), b = strlen(old_spellings[j].now), base = len - a;
                if (len > a && strcmp(name + base, old_spellings[j].then) == 0 && strlen(mine) == base + b &&
                    strncmp(mine, name, base) == 0 && strcmp(mine + base, old_spellings[j].now) == 0) return true;
            }
        }
    return false;
}

Status weights_load(Model *m, ArrayFile *f, const char *group, bool allow_new_head, LoadReport *report)
{
    *report = (LoadReport){ 0 };
    for (size_t i = 0; i < m->params.n; i++) {
        Param *p = m->params.list[i];
        bool   is_head = p->layer > m->config.num_hidden_layers;
        TRY(load_param(m, p, f, group, (allow_new_head && is_head) || (p->flags & PARAM_UNUSED), &p->loaded));
        if (p->loaded) report->n_loaded++;
        else if (report->n_new++ == 0) snprintf(report->first_new, sizeof report->first_new, "%s", p->name);
    }
    size_t n = strlen(group);
    for (size_t i = 0; i < array_file_count(f); i++) {
        const char *name = array_file_at(f, i)->name;
        if (strncmp(name, group, n) != 0 || has_place(m, name + n)) continue;
        if (report->n_unused++ == 0) snprintf(report->first_unused, sizeof report->first_unused, "%s", name);
    }
    return OK;
}

static void file_name(char out[512], const Model *m, const char *group, const char *name, bool with_prefix)
{
    size_t n = strlen(m->arch->prefix);
    bool   strip = !with_prefix && strncmp(name, m->arch->prefix, n) == 0;
    snprintf(out, 512, "%s%s", group, strip ? name + n : name);
}

Status weights_declare(const Model *m, ArrayFile *f, const char *group, bool with_prefix)
{
    for (size_t i = 0; i < m->params.n; i++) {
        const Param *p = m->params.list[i];
        for (int k = 0; k < p->n_slices; k++) {
            char    name[512];
            int64_t shape[TENSOR_MAX_DIMS];
            memcpy(shape, p->tensor.shape, sizeof shape);
            shape[0] = p->slices[k].rows;
            file_name(name, m, group, p->slices[k].name, with_prefix);
            TRY(array_file_declare(f, name, DTYPE_REAL, shape, p->tensor.ndim));
        }
    }
    return OK;
}

Status weights_write(const Model *m, ArrayFile *f, const char *group, bool with_prefix)
{
    for (size_t i = 0; i < m->params.n; i++) {
        const Param *p = m->params.list[i];
        REAL        *host;
        TRY(mem_new(&host, (size_t)p->n, sizeof *host));
        Status s = param_get(&m->params, p, host);
        int64_t row = p->n / p->tensor.shape[0], at = 0;
        for (int k = 0; k < p->n_slices && s == OK; k++) {
            char name[512];
            file_name(name, m, group, p->slices[k].name, with_prefix);
            s = array_file_write(f, name, 0, p->slices[k].rows * row, host + at);
            at += p->slices[k].rows * row;
        }
        free(host);
        TRY(s);
    }
    return OK;
}
