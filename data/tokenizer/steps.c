/* data/tokenizer/steps.c: lists of steps, and the texts that they hand on. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

static void release(Step step)
{
    if (step.release) step.release(step.state);
    else free(step.state);
}

Status steps_add(Steps *steps, Step step)
{
    Status s = mem_grow(&steps->items, &steps->cap, steps->n + 1, sizeof *steps->items);
    if (s == OK) steps->items[steps->n++] = step;
    else release(step);
    return s;
}

void steps_release(Steps *steps)
{
    for (size_t i = 0; i < steps->n; i++) release(steps->items[i]);
    free(steps->items);
    memset(steps, 0, sizeof *steps);
}

Aligned *scratch_next(Scratch *sc)
{
    Aligned *a = sc->texts;
    while (a == sc->text || a == sc->kept) a++;
    return a;
}

void scratch_take_words(Scratch *sc)
{
    Spans swap = sc->words;
    sc->words = sc->next_words;
    sc->next_words = swap;
}

Status normalize(const Tokenizer *t, Scratch *sc, const char *original, size_t n, size_t shift)
{
    sc->kept = NULL;
    sc->text = &sc->texts[0];
    sc->shift = (uint32_t)shift;
    TRY(aligned_of(sc->text, original, n, shift));
    for (size_t i = 0; i < t->normalizers.n; i++) TRY(t->normalizers.items[i].run(&t->normalizers.items[i], sc));
    return OK;
}

Status pre_tokenize(const Tokenizer *t, Scratch *sc, size_t begin, size_t end)
{
    sc->text = sc->kept;
    sc->words.n = 0;
    if (begin == end) return OK;
    TRY(spans_add(&sc->words, begin, end));
    for (size_t i = 0; i < t->pre_tokenizers.n; i++)
        TRY(t->pre_tokenizers.items[i].run(&t->pre_tokenizers.items[i], sc));
    return OK;
}

void model_work_take(ModelWork *work, const Tokenizer *t, void *state, void (*release_state)(void *state))
{
    if (work->release) work->release(work->state);
    *work = (ModelWork){ t->serial, state, release_state };
}
