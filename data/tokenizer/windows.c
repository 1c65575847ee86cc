#include "data/tokenizer/windows.h"

#include <string.h>

#include "core/arena.h"

static bool of_second(const Encoding *x, size_t i) { return x->segments[i] == 1 && x->words[i] >= 0; }

Status pair_windows(PairWindows *out, const Encoding *whole, size_t max_length, size_t overlap)
{
    PairWindows w = { .end = whole->n };
    while (w.begin < whole->n && !of_second(whole, w.begin)) w.begin++;
    while (w.end > w.begin && !of_second(whole, w.end - 1)) w.end--;
    size_t second = w.end - w.begin, around = whole->n - second;
    if (whole->n > max_length && around + PAIR_WINDOW_LEAST > max_length)
        return hint(fail(ERR_DATA, "the first text has %zu tokens, which leaves no room for the second among %zu", around,
                         max_length),
                    "shorten the first text");
    w.room = whole->n > max_length ? max_length - around : second;
    w.step = w.room - (overlap < w.room / 2 ? overlap : w.room / 2);
    w.n = second > w.room ? 1 + (second - w.room + w.step - 1) / w.step : 1;
    *out = w;
    return OK;
}

static Status append(Encoding *to, const Encoding *from, size_t first, size_t n)
{
    size_t need = to->n + n, cap[3] = { to->cap, to->cap, to->cap };
    TRY(mem_grow(&to->ids, &cap[0], need, sizeof *to->ids));
    TRY(mem_grow(&to->words, &cap[1], need, sizeof *to->words));
    TRY(mem_grow(&to->offsets, &cap[2], need, 2 * sizeof *to->offsets));
    TRY(mem_grow(&to->segments, &to->cap, need, sizeof *to->segments));
    memcpy(to->ids + to->n, from->ids + first, n * sizeof *to->ids);
    memcpy(to->words + to->n, from->words + first, n * sizeof *to->words);
    memcpy(to->segments + to->n, from->segments + first, n * sizeof *to->segments);
    memcpy(to->offsets + 2 * to->n, from->offsets + 2 * first, 2 * n * sizeof *to->offsets);
    to->n = to->n_untruncated = need;
    return OK;
}

Status pair_window(const PairWindows *w, const Encoding *whole, size_t k, Encoding *out)
{
    size_t at = w->begin + k * w->step, size = w->end - at < w->room ? w->end - at : w->room;
    BUG_ON(k >= w->n);
    out->n = 0;
    TRY(append(out, whole, 0, w->begin));
    TRY(append(out, whole, at, size));
    return append(out, whole, w->end, whole->n - w->end);
}
