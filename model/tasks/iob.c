#include "model/tasks/iob.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

/* The mark and what follows it; "B" alone is of the type "_". false: no such tag. */
static bool split(const char *tag, IobMark *mark, const char **type)
{
    static const char letters[] = "OBIESLU";
    static const IobMark marks[] = { IOB_O, IOB_B, IOB_I, IOB_E, IOB_S, IOB_E, IOB_S };
    const char *letter = *tag ? strchr(letters, *tag) : NULL;
    if (!letter || (tag[1] != '\0' && tag[1] != '-')) return false;
    *mark = marks[letter - letters];
    *type = tag[1] == '-' && tag[2] != '\0' ? tag + 2 : "_";
    return *mark != IOB_O || tag[1] == '\0';
}

bool iob_is(const StringList *tags)
{
    bool any = false;
    for (size_t i = 0; i < tags->n; i++) {
        IobMark     mark;
        const char *type;
        if (!split(tags->items[i], &mark, &type)) return false;
        any |= mark != IOB_O;
    }
    return any;
}

static Status type_number(Iob *iob, const char *type, int32_t *out)
{
    for (size_t i = 0; i < iob->types.n; i++)
        if (strcmp(iob->types.items[i], type) == 0) {
            *out = (int32_t)i;
            return OK;
        }
    *out = (int32_t)iob->types.n;
    return string_list_add(&iob->types, type);
}

Status iob_init(Iob *iob, const StringList *tags)
{
    *iob = (Iob){ 0 };
    Status s = mem_new(&iob->marks, tags->n, 1);
    if (s == OK) s = mem_new(&iob->type_of, tags->n, sizeof *iob->type_of);
    for (size_t i = 0; i < tags->n && s == OK; i++) {
        IobMark     mark;
        const char *type;
        BUG_ON(!split(tags->items[i], &mark, &type));
        iob->marks[i] = (unsigned char)mark;
        iob->type_of[i] = -1;
        if (mark != IOB_O) s = type_number(iob, type, &iob->type_of[i]);
    }
    if (s != OK) iob_release(iob);
    return s;
}

void iob_release(Iob *iob)
{
    string_list_release(&iob->types);
    free(iob->marks);
    free(iob->type_of);
    *iob = (Iob){ 0 };
}

static bool ends(IobMark before, int32_t type_before, IobMark now, int32_t type)
{
    if (before == IOB_O) return false;
    return before == IOB_E || before == IOB_S || now == IOB_O || now == IOB_B || now == IOB_S || type != type_before;
}

static bool begins(IobMark before, int32_t type_before, IobMark now, int32_t type)
{
    if (now == IOB_O) return false;
    return now == IOB_B || now == IOB_S || before == IOB_O || before == IOB_E || before == IOB_S || type != type_before;
}

int64_t iob_entities(const Iob *iob, const int32_t *tags, int64_t n, IobEntity *out)
{
    IobMark before = IOB_O;
    int32_t type_before = -1;
    int64_t found = 0, begin = 0;
    for (int64_t i = 0; i <= n; i++) {
        IobMark now = i < n ? (IobMark)iob->marks[tags[i]] : IOB_O;
        int32_t type = i < n ? iob->type_of[tags[i]] : -1;
        if (ends(before, type_before, now, type)) out[found++] = (IobEntity){ type_before, begin, i };
        if (begins(before, type_before, now, type)) begin = i;
        before = now;
        type_before = type;
    }
    return found;
}
