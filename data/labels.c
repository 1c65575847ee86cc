#include "data/labels.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"

void labels_release(Labels *l)
{
    for (int32_t i = 0; i < l->n; i++) free(l->names[i]);
    free(l->names);
    *l = (Labels){ 0 };
}

Status labels_copy(Labels *out, const Labels *from)
{
    Labels copy = { 0 };
    TRY(mem_new(&copy.names, (size_t)from->n, sizeof *copy.names));
    copy.n = from->n;
    for (int32_t i = 0; i < from->n; i++) {
        Status s = text_copy(&copy.names[i], from->names[i]);
        if (s != OK) {
            labels_release(&copy);
            return s;
        }
    }
    *out = copy;
    return OK;
}

int32_t labels_find(const Labels *l, const char *name)
{
    int32_t low = 0, high = l->n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int     order = strcmp(l->names[middle], name);
        if (order == 0) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return -1;
}

/* ---- while they are collected ------------------------------------------------------------------------------------ */

/* Where the name stands in `sorted`, or would. */
static int32_t place_of(const LabelSet *set, const char *name, bool *found)
{
    int32_t low = 0, high = set->n;
    *found = false;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int     order = strcmp(set->names[set->sorted[middle]], name);
        *found = order == 0;
        if (*found) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

Status label_set_add(LabelSet *set, const char *name, int32_t *id)
{
    bool    found;
    int32_t at = place_of(set, name, &found);
    *id = found ? set->sorted[at] : -1;
    if (found || set->closed) return OK;
    if (set->n >= LABELS_MAX)
        return hint(fail(ERR_CONFIG, "more than %d different labels", LABELS_MAX),
                    "data.label names the column with the class; is it this one?");
    TRY(mem_grow(&set->names, &set->cap_names, (size_t)set->n + 1, sizeof *set->names));
    TRY(mem_grow(&set->sorted, &set->cap_sorted, (size_t)set->n + 1, sizeof *set->sorted));
    TRY(text_copy(&set->names[set->n], name));
    memmove(set->sorted + at + 1, set->sorted + at, (size_t)(set->n - at) * sizeof *set->sorted);
    set->sorted[at] = *id = set->n++;
    return OK;
}

Status label_set_sorted(const LabelSet *set, Labels *out, int32_t **new_ids)
{
    Labels l = { 0 };
    *new_ids = NULL;
    TRY(mem_new(new_ids, (size_t)set->n + 1, sizeof **new_ids));
    Status s = mem_new(&l.names, (size_t)set->n + 1, sizeof *l.names);
    for (; s == OK && l.n < set->n; l.n++) {
        (*new_ids)[set->sorted[l.n]] = l.n;
        s = text_copy(&l.names[l.n], set->names[set->sorted[l.n]]);
    }
    if (s == OK) *out = l;
    else labels_release(&l);
    return s;
}

Status label_set_from(LabelSet *set, const Labels *names, bool closed)
{
    int32_t id;
    for (int32_t i = 0; i < names->n; i++) TRY(label_set_add(set, names->names[i], &id));
    set->closed = closed;
    return OK;
}

void label_set_release(LabelSet *set)
{
    for (int32_t i = 0; i < set->n; i++) free(set->names[i]);
    free(set->names);
    free(set->sorted);
    *set = (LabelSet){ 0 };
}

/* ---- in files ---------------------------------------------------------------------------------------------------- */

Status labels_to_json(char *const *names, int32_t n, char **out)
{
    cJSON *list = n ? json_strings((const char *const *)names, (size_t)n) : cJSON_CreateArray();
    if (!list) return fail(ERR_MEMORY, "no memory for %d label names", n);
    Status s = json_print(out, list, false);
    cJSON_Delete(list);
    return s;
}

Status label_set_parse(LabelSet *set, const char *json, const char *where)
{
    cJSON *list;
    TRY(json_parse(&list, json, strlen(json), where, JSON_REFUSE_NUL));
    Status       s = cJSON_IsArray(list) ? OK : fail(ERR_FORMAT, "%s: the label names are no list", where);
    const cJSON *name;
    int32_t      id, before = 0;
    if (s == OK)
        cJSON_ArrayForEach(name, list) {
            if (s == OK && !cJSON_IsString(name)) s = fail(ERR_FORMAT, "%s: a label is no text", where);
            if (s == OK) s = label_set_add(set, name->valuestring, &id);
            if (s == OK && id != before++) s = fail(ERR_FORMAT, "%s: a label stands there twice", where);
        }
    cJSON_Delete(list);
    return s;
}
