#include "data/clean/edits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

void rewrite_start(Rewrite *r, const char *text, size_t n, bool keeps_edits)
{
    r->text = text;
    r->n = n;
    r->copied = 0;
    r->edits.n = 0;
    r->keeps_edits = keeps_edits;
    r->changed = false;
    r->n_replaced = 0;
    r->out.len = 0;
}

static Status add_edit(Edits *e, size_t at, size_t old, size_t now)
{
    const Edit *last = e->n ? &e->list[e->n - 1] : NULL;
    size_t      to = last ? last->to + last->now + (at - last->at - last->old) : at;
    TRY(mem_grow(&e->list, &e->cap, e->n + 1, sizeof *e->list));
    e->list[e->n++] = (Edit){ at, old, to, now };
    return OK;
}

Status rewrite_replace(Rewrite *r, size_t begin, size_t end, const char *with, size_t n_with)
{
    BUG_ON(begin < r->copied || end < begin || end > r->n);
    TRY(text_add(&r->out, r->text + r->copied, begin - r->copied));
    TRY(text_add(&r->out, with, n_with));
    r->copied = end;
    r->changed = true;
    r->n_replaced++;
    if (!r->keeps_edits || (end - begin == 1 && n_with == 1)) return OK;      /* byte for byte: no mark moves */
    return add_edit(&r->edits, begin, end - begin, n_with);
}

Status rewrite_finish(Rewrite *r)
{
    if (!r->changed) return OK;
    TRY(text_add(&r->out, r->text + r->copied, r->n - r->copied));
    r->copied = r->n;
    return OK;
}

void rewrite_release(Rewrite *r)
{
    text_release(&r->out);
    free(r->edits.list);
    *r = (Rewrite){ 0 };
}

char rewrite_last(const Rewrite *r, size_t at)
{
    if (at > r->copied) return r->text[at - 1];
    return r->out.len ? r->out.data[r->out.len - 1] : '\0';
}

Status rewrite_remove_word(Rewrite *r, size_t begin, size_t end)
{
    unsigned char last = (unsigned char)rewrite_last(r, begin);
    if (begin > r->copied && last == ' ') begin--;
    else if (end < r->n && r->text[end] == ' ' && last < 0x80 && !isalnum(last)) end++;
    return rewrite_replace(r, begin, end, "", 0);
}

/* How many edits begin before `at`, or at it too. */
static size_t edits_up_to(const Edits *e, size_t at, bool and_at)
{
    size_t low = 0, high = e->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (e->list[middle].at < at || (and_at && e->list[middle].at == at)) low = middle + 1;
        else high = middle;
    }
    return low;
}

static size_t moved(const Edits *e, size_t mark, bool ends)
{
    size_t k = edits_up_to(e, mark, !ends);
    if (k == 0) return mark;
    const Edit *x = &e->list[k - 1];
    if (mark >= x->at + x->old) return x->to + x->now + (mark - x->at - x->old);
    return ends ? x->to + x->now : x->to;
}

void edits_move(const Edits *e, size_t *marks, size_t n_marks)
{
    if (e->n == 0) return;
    for (size_t i = 0; i < n_marks; i++) {
        marks[i] = moved(e, marks[i], i & 1);
        if ((i & 1) && marks[i] < marks[i - 1]) marks[i] = marks[i - 1];      /* empty, where something was inserted */
    }
}
