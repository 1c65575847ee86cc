/* data/labels.h: class names while they are collected, and once they are known. */
#ifndef DATA_LABELS_H
#define DATA_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/json.h"
#include "core/status.h"

enum { LABELS_MAX = 1 << 16 };

typedef struct Labels { char **names; int32_t n; } Labels;    /* sorted by bytes; owned by whoever built it */

void    labels_release(Labels *l);
Status  labels_copy(Labels *out, const Labels *from) MUST_USE;
int32_t labels_find(const Labels *l, const char *name);       /* -1 when absent */

/* Names get numbers as they appear. closed: no further ones. */
typedef struct LabelSet {
    char   **names;                    /* (n) by number */
    int32_t *sorted;                   /* (n) numbers, ordered by name */
    size_t   cap_names, cap_sorted;
    int32_t  n;
    bool     closed;
} LabelSet;

/* *id -1: the set is closed and has no such name. */
Status label_set_add(LabelSet *set, const char *name, int32_t *id) MUST_USE;
/* The names sorted, and new_ids[number] the place among them (gives both). */
Status label_set_sorted(const LabelSet *set, Labels *out, int32_t **new_ids) MUST_USE;
Status label_set_from(LabelSet *set, const Labels *names, bool closed) MUST_USE;
void   label_set_release(LabelSet *set);

/* A JSON list of names, and back; `where` names it in errors. */
Status labels_to_json(char *const *names, int32_t n, char **out) MUST_USE;
Status label_set_parse(LabelSet *set, const char *json, const char *where) MUST_USE;

#endif
