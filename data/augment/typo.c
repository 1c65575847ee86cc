/* data/augment/typo.c: mistakes of fingers on a QWERTY keyboard, a letter at a time. */
#include <ctype.h>
#include <string.h>

#include "data/augment/augment_internal.h"

static const char *const neighbours[26] = {
    "qwsz", "vghn", "xdfv", "serfcx", "wsdr", "drtgvc", "ftyhbv", "gyujnb", "ujko", "huikmn", "jiolm", "kop", "njk",
    "bhjm", "iklp", "ol", "wa", "edft", "awedxz", "rfgy", "yhji", "cfgb", "qase", "zsdc", "tghu", "asx",
};

typedef enum TypoKind { TYPO_NEIGHBOUR, TYPO_DOUBLED, TYPO_DROPPED, TYPO_TRANSPOSED, TYPO_N_KINDS } TypoKind;

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* A letter of a word, in place of which stands what a slip makes of it; *used is 2 when the next letter went with it. */
static Status slip(AugmentWork *w, const Segment *word, size_t at, uint32_t choice, size_t *used)
{
    char        c = w->rewrite.text[at], next = at + 1 < word->end ? w->rewrite.text[at + 1] : '\0', out[2] = { c, c };
    TypoKind    kind = (TypoKind)(choice % TYPO_N_KINDS);
    const char *near = neighbours[tolower((unsigned char)c) - 'a'];
    *used = 1;
    if (kind == TYPO_TRANSPOSED && (!is_letter(next) || next == c)) kind = TYPO_DOUBLED;
    if (kind == TYPO_DROPPED && at == word->begin) kind = TYPO_NEIGHBOUR;      /* no word vanishes */
    if (kind == TYPO_TRANSPOSED) {
        out[0] = next;
        *used = 2;
    }
    if (kind == TYPO_NEIGHBOUR) {
        out[0] = near[choice / TYPO_N_KINDS % strlen(near)];
        if (isupper((unsigned char)c)) out[0] = (char)toupper((unsigned char)out[0]);
    }
    size_t n = kind == TYPO_DROPPED ? 0 : kind == TYPO_NEIGHBOUR ? 1 : 2;
    return rewrite_replace(&w->rewrite, at, at + *used, out, n);
}

Status typo_run(const AugmentStep *s, AugmentWork *w, Draw d)
{
    TRY(word_list(w));
    for (size_t k = 0; k < w->n_words; k++) {
        const Segment *word = &w->words[k];
        for (size_t i = word->begin, used; i < word->end; i += used) {
            used = 1;
            if (!is_letter(w->rewrite.text[i]) || draw_uniform(d, i) >= s->p) continue;
            TRY(slip(w, word, i, draw_below(d, i, 1u << 16), &used));
        }
    }
    return OK;
}
