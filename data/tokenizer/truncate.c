/* data/tokenizer/truncate.c: how much of each text fits, and long texts as several windows.
 *
 * longest_first: the longer side of a pair loses tokens until both are equally long, then both do (the odd token stays
 * on the second side, or on the first if that was longer). only_first, only_second: one side gives what is too much.
 * Windows are what the reference calls overflowing encodings, in its order: all windows of the second text for each
 * window of the first, except that those of the first window come last. */
#include "data/tokenizer/tokenizer_internal.h"

#include <string.h>

#include "core/arena.h"

static void cut_longest(size_t *n1, size_t *n2, size_t room)
{
    bool   swap = *n1 > *n2;
    size_t shorter = swap ? *n2 : *n1, longer;
    if (shorter > room) longer = shorter;
    else longer = room - shorter > shorter ? room - shorter : shorter;
    if (shorter + longer > room) {
        shorter = room / 2;
        longer = room - shorter;
    }
    *n1 = swap ? longer : shorter;
    *n2 = swap ? shorter : longer;
}

static Status cut_one(size_t *n, size_t too_many, const char *which)
{
    if (*n <= too_many)
        return hint(fail(ERR_DATA, "the %s text has %zu tokens, %zu would have to go", which, *n, too_many),
                    "raise max_length, or truncate with longest_first");
    *n -= too_many;
    return OK;
}

Status truncate_lengths(const Tokenizer *t, const EncodeOptions *options, size_t *n1, size_t *n2, bool is_pair)
{
    if (!options || options->max_length == 0) return OK;
    const Template *tpl = is_pair ? &t->pair : &t->single;
    size_t          n_special = options->no_special_tokens ? 0 : tpl->n_special, max_length = options->max_length;
    if (max_length < n_special)
        return hint(fail(ERR_CONFIG, "max_length %zu leaves no room beside %zu special tokens", max_length, n_special),
                    "raise max_length");
    size_t room = max_length - n_special;
    if (*n1 + *n2 <= room) return OK;
    if (room == 0) {
        *n1 = *n2 = 0;
        return OK;
    }
    if (options->truncation == TRUNCATE_ONLY_FIRST) return cut_one(n1, *n1 + *n2 - room, "first");
    if (options->truncation == TRUNCATE_ONLY_SECOND && !is_pair)
        return hint(fail(ERR_CONFIG, "only the second text may be cut, and there is none"),
                    "truncate with longest_first");
    if (options->truncation == TRUNCATE_ONLY_SECOND) return cut_one(n2, *n1 + *n2 - room, "second");
    if (is_pair) cut_longest(n1, n2, room);
    else *n1 = room;
    return OK;
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

/* Window k of `keep` tokens at a time: its place in x->tokens. */
static void set_window(EncodedText *x, size_t keep, size_t stride, bool left, size_t k)
{
    size_t n = x->tokens->n, step = k * (keep - stride);
    if (keep >= n) {
        x->begin = 0;
        x->end = n;
    } else if (left) {
        x->end = n - step;
        x->begin = x->end > keep ? x->end - keep : 0;
    } else {
        x->begin = step;
        x->end = n - step > keep ? step + keep : n;
    }
}

static Status count_windows(size_t *count, size_t n, size_t keep, size_t stride)
{
    *count = 1;
    if (keep >= n) return OK;
    if (stride >= keep)
        return hint(fail(ERR_CONFIG, "windows of %zu tokens cannot share %zu of them", keep, stride),
                    "lower the stride or raise max_length");
    *count = 1 + (n - keep + (keep - stride) - 1) / (keep - stride);
    return OK;
}

static bool second_comes_first(const Template *tpl)
{
    for (size_t i = 0; i < tpl->n; i++)
        if (tpl->pieces[i].kind != PIECE_SPECIAL) return tpl->pieces[i].kind == PIECE_SECOND;
    return false;
}

/* Which windows of the outer and of the inner text come as number k. */
static void window_numbers(size_t k, size_t n_outer, size_t n_inner, size_t *outer, size_t *inner)
{
    size_t later = (n_outer - 1) * n_inner;       /* those with a window of the outer text other than its first */
    *outer = k == 0 || k > later ? 0 : 1 + (k - 1) / n_inner;
    *inner = k == 0 ? 0 : k > later ? k - later : (k - 1) % n_inner;
}

/* Windows that are of use: not of a few tokens each, not nearly all of the one before. */
static Status check_least(EncodeWindows *w, const size_t n[2])
{
    EncodeOptions *o = &w->options;
    for (int i = 0; o->least > 0 && i < 2; i++) {
        if (w->keep[i] >= n[i]) continue;
        if (w->keep[i] < o->least)
            return hint(fail(ERR_DATA, "%zu of max_length %zu tokens are left for a text of %zu", w->keep[i],
                             o->max_length, n[i]), "shorten the other text, or raise max_length");
        if (o->stride > w->keep[i] / 2) o->stride = w->keep[i] / 2;
    }
    return OK;
}

Status encode_windows_begin(EncodeWindows *w, const Tokenizer *t, const char *text, size_t n, const char *pair,
                            size_t n_pair, const EncodeOptions *options)
{
    static const EncodeOptions none;
    w->tokenizer = t;
    w->options = options ? *options : none;
    w->texts[0] = text;
    w->texts[1] = pair;
    w->n = w->next = 0;
    TRY(encode_both(t, text, n, pair, n_pair, &w->encoding));
    Scratch *sc = w->encoding.scratch;
    w->keep[0] = sc->first.n;
    w->keep[1] = pair ? sc->second.n : 0;
    TRY(truncate_lengths(t, &w->options, &w->keep[0], &w->keep[1], pair != NULL));
    TRY(check_least(w, (size_t[]){ sc->first.n, pair ? sc->second.n : 0 }));
    TRY(count_windows(&w->counts[0], sc->first.n, w->keep[0], w->options.stride));
    TRY(count_windows(&w->counts[1], pair ? sc->second.n : 0, w->keep[1], w->options.stride));
    return size_mul(w->counts[0], w->counts[1], &w->n);
}

Status encode_windows_next(EncodeWindows *w, bool *more)
{
    *more = w->next < w->n;
    if (!*more) return OK;
    Scratch    *sc = w->encoding.scratch;
    EncodedText x[2] = { { &sc->first, w->texts[0], 0, 0 }, { &sc->second, w->texts[1], 0, 0 } };
    int         outer = w->texts[1] && second_comes_first(&w->tokenizer->pair);
    size_t      k[2];
    window_numbers(w->next++, w->counts[outer], w->counts[!outer], &k[outer], &k[!outer]);
    for (int i = 0; i < (w->texts[1] ? 2 : 1); i++)
        set_window(&x[i], w->keep[i], w->options.stride, w->options.truncate_left, k[i]);
    return template_apply(w->tokenizer, &x[0], w->texts[1] ? &x[1] : NULL, !w->options.no_special_tokens, &w->encoding);
}

void encode_windows_release(EncodeWindows *w) { encoding_release(&w->encoding); }
