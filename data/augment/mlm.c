/* data/augment/mlm.c: words that a masked language model proposes in the place of others. The model is the caller's. */
#include <string.h>

#include "core/arena.h"
#include "data/augment/augment_internal.h"

Status mlm_parse(AugmentStep *s, const AugmentOptions *o, const char *argument)
{
    s->fill = o->fill;
    s->fill_arg = o->fill_arg;
    if (!o->fill)
        return hint(fail(ERR_CONFIG, "%s: mlm needs a masked language model, and there is none here", s->where),
                    "name one, or leave the step out");
    return chance_parse(s, o, argument);
}

Status mlm_run(const AugmentStep *s, AugmentWork *w, Draw d)
{
    size_t n = 0;
    TRY(word_list(w));
    TRY(mem_grow(&w->masks, &w->cap_masks, w->n_words, sizeof *w->masks));
    TRY(mem_grow(&w->proposed, &w->cap_proposed, w->n_words, sizeof *w->proposed));
    for (size_t i = 0; i < w->n_words; i++) {
        if (draw_uniform(d, 2 * i) >= s->p) continue;
        w->proposed[n] = NULL;
        w->masks[n++] = (AugmentMask){ w->words[i].begin, w->words[i].end, draw_uniform(d, 2 * i + 1) };
    }
    if (n == 0) return OK;
    TRY(s->fill(s->fill_arg, w->rewrite.text, w->rewrite.n, w->masks, n, w->proposed));
    for (size_t k = 0; k < n; k++) {
        const char *word = w->proposed[k];
        if (!word || !*word || !utf8_valid(word, strlen(word), NULL)) continue;
        TRY(rewrite_replace(&w->rewrite, w->masks[k].begin, w->masks[k].end, word, strlen(word)));
    }
    return OK;
}
