/* data/labels.c: class names, sorted by bytes so that a class has the same number in every run. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "data/dataset_internal.h"

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

Status label_set_add(LabelSet *set, const char *name, int32_t *id)
{
    int32_t low = 0, high = set->n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int     order = strcmp(set->entries[middle].name, name);
        if (order == 0) {
            *id = set->entries[middle].id;
            return OK;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    if (set->n >= DATASET_MAX_LABELS)
        return hint(fail(ERR_CONFIG, "more than %d different labels", DATASET_MAX_LABELS),
                    "data.label names the column with the class; is it this one?");
    TRY(mem_grow(&set->entries, &set->cap, (size_t)set->n + 1, sizeof *set->entries));
    char *copy = NULL;
    TRY(text_copy(&copy, name));
    memmove(set->entries + low + 1, set->entries + low, (size_t)(set->n - low) * sizeof *set->entries);
    set->entries[low] = (struct LabelEntry){ copy, set->n };
    *id = set->n++;
    return OK;
}

Status label_set_finish(LabelSet *set, Labels *out, int32_t **new_ids)
{
    Labels labels = { 0 };
    TRY(mem_new(&labels.names, (size_t)set->n, sizeof *labels.names));
    Status s = mem_new(new_ids, (size_t)set->n, sizeof **new_ids);
    if (s != OK) {
        free(labels.names);
        return s;
    }
    labels.n = set->n;
    for (int32_t i = 0; i < set->n; i++) {
        labels.names[i] = set->entries[i].name;
        (*new_ids)[set->entries[i].id] = i;
    }
    set->n = 0;
    *out = labels;
    return OK;
}

void label_set_release(LabelSet *set)
{
    for (int32_t i = 0; i < set->n; i++) free(set->entries[i].name);
    free(set->entries);
    *set = (LabelSet){ 0 };
}
