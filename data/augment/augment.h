/* data/augment/augment.h: changed copies of a training text, so that a small set says the same thing in more ways.
 *
 * The config's list data.augment names the steps in their order, each "name:argument"; P is the chance of each word
 * (typo: of each letter), above 0 and at most 1:
 *
 *     delete:P              words left out, with the space beside them; one word always stays
 *     swap:P                a word changes places with the next one
 *     synonym:FILE[:P]      another word of its group (0.1); a line of FILE is a group, separated by tabs or commas;
 *                           case kept
 *     typo:P                letters a-z: a neighbour on the keyboard (QWERTY), doubled, dropped, or before the next one
 *     mlm:P                 words that a masked language model proposes, through the fill callback
 *     pairs:FILE            JSON lines {"text": ..., "augmented": "..." or ["...", ...]}: copy i of such a text becomes
 *                           augmented[i], where there is one; rows with marks are left alone, as nothing says where
 *                           their words went
 *
 * Words are ICU's, Chinese and Japanese by dictionary (data/clean/segment.h). A copy follows from (seed, the text's
 * hash, copy) alone: neither the order of rows nor threads matter.
 *
 * An Augmenter is immutable; threads share it, each with its own AugmentWork. */
#ifndef DATA_AUGMENT_AUGMENT_H
#define DATA_AUGMENT_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/options.h"

typedef struct AugmentMask {
    size_t begin, end;         /* a whole word of the text, in bytes */
    double uniform;      /* in [0, 1): a model that samples chooses by it, so that the same copy is the same again */
} AugmentMask;

/* Proposes words[i] for masks[i]; masks are in the text's order. words[i] is NULL on entry, and NULL keeps the word;
 * the strings live until the next call. Called by the thread that called augment_text. */
typedef Status (*AugmentFill)(void *arg, const char *text, size_t n, const AugmentMask *masks, size_t n_masks,
                              const char **words);

typedef struct AugmentOptions {
    const StringList *steps;   /* data.augment */
    const char       *folder;  /* relative FILEs lie here; NULL: where the program runs */
    AugmentFill       fill;    /* NULL: mlm is refused */
    void             *fill_arg;
} AugmentOptions;

typedef struct Augmenter Augmenter;
typedef struct AugmentWork AugmentWork;

/* *out NULL when there is nothing to do */
Status augmenter_new(Augmenter **out, const AugmentOptions *options) MUST_USE;
void   augmenter_free(Augmenter *a);

Status augment_work_new(AugmentWork **out) MUST_USE;
void   augment_work_free(AugmentWork *w);

/* Copy number `copy` (0, 1, ...) of the text, which must be UTF-8 and not empty; *out lives until the next call with
 * this work, ends in NUL and is not empty. marks: spans in pairs, as clean_text moves them; a swapped word takes its
 * span along, and no swap crosses the border of a longer span. A span whose words were all left out is empty. */
Status augment_text(const Augmenter *a, AugmentWork *w, const char *text, size_t n, size_t *marks, size_t n_marks,
                    uint32_t seed, int64_t copy, const char **out, size_t *n_out) MUST_USE;

#endif
