#include "data/augment/augment.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash.h"
#include "core/rng.h"
#include "data/augment/augment_internal.h"

enum { MAX_STEPS = 32 };

static const AugmentDef defs[] = {
    { "delete",  "0.1",      chance_parse,  delete_run },
    { "swap",    "0.1",      chance_parse,  swap_run },
    { "synonym", "FILE:0.1", synonym_parse, synonym_run },
    { "typo",    "0.05",     chance_parse,  typo_run },
    { "mlm",     "0.15",     mlm_parse,     mlm_run },
    { "pairs",   "FILE",     pairs_parse,   pairs_run },
};

struct Augmenter {
    AugmentStep *steps;
    size_t       n_steps;
};

/* ---- reading the list -------------------------------------------------------------------------------------------- */

static Status unknown_step(const AugmentStep *s, const char *name)
{
    const char *names[COUNT(defs)];
    for (size_t i = 0; i < COUNT(defs); i++) names[i] = defs[i].name;
    const char *near = text_nearest(name, names, COUNT(names));
    Status      status = fail(ERR_CONFIG, "%s: \"%s\" is not a way to augment", s->where, name);
    if (near) return hint(status, "did you mean \"%s\"?", near);
    return hint(status, "delete:P, swap:P, synonym:FILE, typo:P, mlm:P and pairs:FILE are");
}

static Status step_parse(AugmentStep *s, const AugmentOptions *o, const char *words)
{
    char        name[64];
    const char *colon = strchr(words, ':');
    size_t      n = colon ? (size_t)(colon - words) : strlen(words);
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), words);
    for (size_t i = 0; i < COUNT(defs); i++)
        if (strcmp(defs[i].name, name) == 0) s->def = &defs[i];
    if (!s->def) return unknown_step(s, name);
    if (!colon || !colon[1])
        return hint(fail(ERR_CONFIG, "%s: %s needs an argument", s->where, name), "write \"%s:%s\"", name,
                    s->def->argument);
    return s->def->parse(s, o, colon + 1);
}

Status chance_parse(AugmentStep *s, const AugmentOptions *o, const char *argument)
{
    (void)o;
    char *end;
    s->p = strtod(argument, &end);
    if (end == argument || *end || !(s->p > 0 && s->p <= 1))
        return hint(fail(ERR_CONFIG, "%s: %s needs a chance above 0 and at most 1, not \"%s\"", s->where,
                         s->def->name, argument),
                    "for example \"%s:%s\"", s->def->name, s->def->argument);
    return OK;
}

Status augmenter_new(Augmenter **out, const AugmentOptions *o)
{
    Augmenter *a = NULL;
    size_t     n = o->steps ? o->steps->n : 0;
    *out = NULL;
    if (n == 0) return OK;
    if (n > MAX_STEPS) return fail(ERR_CONFIG, "data.augment has %zu steps, more than %d", n, MAX_STEPS);
    TRY(mem_new(&a, 1, sizeof *a));
    Status s = mem_new(&a->steps, n, sizeof *a->steps);
    for (; s == OK && a->n_steps < n; a->n_steps++) {
        AugmentStep *step = &a->steps[a->n_steps];
        snprintf(step->where, sizeof step->where, "data.augment[%zu]", a->n_steps);
        s = step_parse(step, o, o->steps->items[a->n_steps]);
    }
    if (s == OK) *out = a;
    else augmenter_free(a);
    return s;
}

void augmenter_free(Augmenter *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->n_steps; i++) {
        lexicon_free(a->steps[i].lexicon);
        pairs_free(a->steps[i].pairs);
    }
    free(a->steps);
    free(a);
}

Status augment_work_new(AugmentWork **out) { return mem_new(out, 1, sizeof **out); }

void augment_work_free(AugmentWork *w)
{
    if (!w) return;
    rewrite_release(&w->rewrite);
    segmenter_release(&w->segmenter);
    text_release(&w->text);
    text_release(&w->scratch);
    free(w->words);
    free(w->flags);
    free(w->masks);
    free(w->proposed);
    free(w);
}

/* ---- a text ------------------------------------------------------------------------------------------------------ */

double   draw_uniform(Draw d, uint64_t i) { return rng_draw_uniform(d.seed, d.site, d.stream, 2 * i); }
uint32_t draw_below(Draw d, uint64_t i, uint32_t n) { return rng_draw_below(d.seed, d.site, d.stream, 2 * i + 1, n); }

/* The stream of a copy: 64 bits of (seed, text, copy). */
static Draw draw_of(const char *text, size_t n, uint32_t seed, int64_t copy)
{
    unsigned char name[16];
    uint64_t      text_hash = hash_u64(text, n, seed);
    for (int i = 0; i < 8; i++) {
        name[i] = (unsigned char)(text_hash >> (8 * i));
        name[8 + i] = (unsigned char)((uint64_t)copy >> (8 * i));
    }
    uint64_t h = hash_u64(name, sizeof name, seed);
    return (Draw){ (uint32_t)h, RNG_SITE_AUGMENT, (uint32_t)(h >> 32) };
}

Status word_list(AugmentWork *w)
{
    w->n_words = 0;
    TRY(segmenter_start(&w->segmenter, w->rewrite.text, w->rewrite.n));
    for (Segment s = { 0 }; segmenter_next(&w->segmenter, &s);) {
        if (!s.word) continue;
        TRY(mem_grow(&w->words, &w->cap_words, w->n_words + 1, sizeof *w->words));
        w->words[w->n_words++] = s;
    }
    return OK;
}

static bool has_text(const Text *t)
{
    for (size_t i = 0; i < t->len; i++)
        if ((unsigned char)t->data[i] > ' ') return true;
    return false;
}

Status augment_text(const Augmenter *a, AugmentWork *w, const char *text, size_t n, size_t *marks, size_t n_marks,
                    uint32_t seed, int64_t copy, const char **out, size_t *n_out)
{
    size_t bad;
    if (!utf8_valid(text, n, &bad)) return fail(ERR_DATA, "byte %zu of the text is not UTF-8", bad);
    Draw d = draw_of(text, n, seed, copy);
    text_clear(&w->text);
    TRY(text_add(&w->text, text, n));
    w->marks = marks;
    w->n_marks = n_marks;
    w->copy = copy;
    for (size_t i = 0; a && i < a->n_steps; i++) {
        const AugmentStep *step = &a->steps[i];
        rewrite_start(&w->rewrite, w->text.data, w->text.len, n_marks > 0);
        d.site = RNG_SITE_AUGMENT + (uint32_t)i;
        TRY(step->def->run(step, w, d));
        TRY(rewrite_finish(&w->rewrite));
        if (!w->rewrite.changed || !has_text(&w->rewrite.out)) continue;      /* a copy is never empty */
        edits_move(&w->rewrite.edits, marks, n_marks);
        Text result = w->rewrite.out;
        w->rewrite.out = w->text;
        w->text = result;
    }
    *out = w->text.data;
    *n_out = w->text.len;
    return OK;
}
