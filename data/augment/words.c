/* data/augment/words.c: words left out, words that change places (Wei & Zou 2019, EDA). */
#include <string.h>

#include "core/arena.h"
#include "data/augment/augment_internal.h"

Status delete_run(const AugmentStep *s, AugmentWork *w, Draw d)
{
    size_t n_goes = 0, stays;
    TRY(word_list(w));
    if (w->n_words == 0) return OK;
    for (size_t i = 0; i < w->n_words; i++) n_goes += draw_uniform(d, i) < s->p;
    stays = n_goes == w->n_words ? draw_below(d, w->n_words, (uint32_t)w->n_words) : SIZE_MAX;
    for (size_t i = 0; i < w->n_words; i++) {
        if (i == stays || draw_uniform(d, i) >= s->p) continue;
        TRY(rewrite_remove_word(&w->rewrite, w->words[i].begin, w->words[i].end));
    }
    return OK;
}

/* ---- swap -------------------------------------------------------------------------------------------------------- */

enum { SWAP_BLOCKED = 1, SWAP_DONE = 2 };      /* of a word and the next one */

/* The first word that ends behind `at`. */
static size_t word_behind(const AugmentWork *w, size_t at)
{
    size_t low = 0, high = w->n_words;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->words[middle].end <= at) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The words that the span touches, [*first, *behind); true when it lies inside of one. */
static bool words_of_span(const AugmentWork *w, const size_t *span, size_t *first, size_t *behind)
{
    *first = word_behind(w, span[0]);
    size_t last = span[1] > span[0] ? span[1] - 1 : span[0];      /* an empty span touches the word that it stands in */
    *behind = word_behind(w, last);
    if (*behind < w->n_words && w->words[*behind].begin <= last) ++*behind;
    if (*behind != *first + 1) return false;
    return span[0] >= w->words[*first].begin && span[1] <= w->words[*first].end;
}

/* No word leaves or enters a span of several words (an answer): it would mark something else. */
static void block_borders(AugmentWork *w)
{
    for (size_t k = 0; k + 1 < w->n_marks; k += 2) {
        const size_t *span = &w->marks[k];
        size_t        first, behind;
        if (words_of_span(w, span, &first, &behind) || behind == first) continue;
        if (first > 0) w->flags[first - 1] |= SWAP_BLOCKED;
        w->flags[behind - 1] |= SWAP_BLOCKED;
        if (span[0] > w->words[first].begin) w->flags[first] |= SWAP_BLOCKED;
        if (span[1] < w->words[behind - 1].end && behind - 1 > 0) w->flags[behind - 2] |= SWAP_BLOCKED;
    }
}

/* A span inside of a word goes where the word goes, one of the space between two stays between them. */
static void move_span(const AugmentWork *w, size_t *span)
{
    size_t k, behind;
    bool   inside = words_of_span(w, span, &k, &behind);
    size_t shift = 0;
    if (inside && (w->flags[k] & SWAP_DONE)) shift = w->words[k + 1].end - w->words[k].end;
    else if (inside && k > 0 && (w->flags[k - 1] & SWAP_DONE)) shift = w->words[k - 1].begin - w->words[k].begin;
    else if (behind == k && k > 0 && k < w->n_words && (w->flags[k - 1] & SWAP_DONE) && span[0] < w->words[k].begin)
        shift = w->words[k].end - w->words[k].begin - (w->words[k - 1].end - w->words[k - 1].begin);
    span[0] += shift;                      /* modulo 2^n: a shift to the left is a large number */
    span[1] += shift;
}

static bool only_space(const char *text, size_t begin, size_t end)
{
    while (begin < end && (unsigned char)text[begin] <= ' ') begin++;
    return begin == end;
}

static Status swap_words(AugmentWork *w, const Segment *a, const Segment *b)
{
    const char *text = w->rewrite.text;
    text_clear(&w->scratch);
    TRY(text_add(&w->scratch, text + b->begin, b->end - b->begin));
    TRY(text_add(&w->scratch, text + a->end, b->begin - a->end));
    TRY(text_add(&w->scratch, text + a->begin, a->end - a->begin));
    return rewrite_replace(&w->rewrite, a->begin, b->end, w->scratch.data, w->scratch.len);
}

Status swap_run(const AugmentStep *s, AugmentWork *w, Draw d)
{
    TRY(word_list(w));
    w->rewrite.keeps_edits = false;        /* the length stays; marks are moved here */
    TRY(mem_grow(&w->flags, &w->cap_flags, w->n_words, 1));
    if (w->n_words) memset(w->flags, 0, w->n_words);
    block_borders(w);
    for (size_t i = 0; i + 1 < w->n_words; i++) {
        const Segment *a = &w->words[i], *b = a + 1;
        if ((w->flags[i] & SWAP_BLOCKED) || !only_space(w->rewrite.text, a->end, b->begin)) continue;
        if (draw_uniform(d, i) >= s->p) continue;
        TRY(swap_words(w, a, b));
        w->flags[i++] |= SWAP_DONE;
    }
    for (size_t k = 0; k + 1 < w->n_marks; k += 2) move_span(w, &w->marks[k]);
    return OK;
}
