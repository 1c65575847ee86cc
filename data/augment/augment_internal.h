/* data/augment/augment_internal.h: a step, and what steps share. */
#ifndef DATA_AUGMENT_AUGMENT_INTERNAL_H
#define DATA_AUGMENT_AUGMENT_INTERNAL_H

#include "data/augment/augment.h"
#include "data/clean/edits.h"
#include "data/clean/segment.h"

typedef struct AugmentStep AugmentStep;
typedef struct Lexicon Lexicon;
typedef struct Pairs Pairs;

/* Random numbers of one step on one copy of one text; i names a decision (a word, a letter). */
typedef struct Draw { uint32_t seed, site, stream; } Draw;
double   draw_uniform(Draw d, uint64_t i);                /* [0, 1) */
/* 0 .. n - 1; another decision than draw_uniform's of the same i */
uint32_t draw_below(Draw d, uint64_t i, uint32_t n);

struct AugmentWork {
    Rewrite      rewrite;              /* the text on its way through a step */
    Segmenter    segmenter;
    Segment     *words;                /* of that text; word_list finds them */
    size_t       n_words, cap_words;
    Text         text, scratch;
    uint8_t     *flags;                /* swap: by word */
    size_t       cap_flags;
    AugmentMask *masks;
    const char **proposed;
    size_t       cap_masks, cap_proposed;
    size_t      *marks;                /* the caller's */
    size_t       n_marks;
    int64_t      copy;
};

typedef struct AugmentDef {
    const char *name, *argument;       /* what the argument looks like, for sentences */
    Status    (*parse)(AugmentStep *s, const AugmentOptions *o, const char *argument);
    Status    (*run)(const AugmentStep *s, AugmentWork *w, Draw d);      /* between rewrite_start and rewrite_finish */
} AugmentDef;

struct AugmentStep {
    const AugmentDef *def;
    char              where[40];       /* "data.augment[0]" */
    double            p;
    Lexicon          *lexicon;
    Pairs            *pairs;
    AugmentFill       fill;
    void             *fill_arg;
};

Status chance_parse(AugmentStep *s, const AugmentOptions *o, const char *argument) MUST_USE;      /* augment.c */
Status word_list(AugmentWork *w) MUST_USE;

Status delete_run(const AugmentStep *s, AugmentWork *w, Draw d) MUST_USE;                         /* words.c */
Status swap_run(const AugmentStep *s, AugmentWork *w, Draw d) MUST_USE;
Status typo_run(const AugmentStep *s, AugmentWork *w, Draw d) MUST_USE;                           /* typo.c */
Status synonym_parse(AugmentStep *s, const AugmentOptions *o, const char *argument) MUST_USE;     /* synonym.c */
Status synonym_run(const AugmentStep *s, AugmentWork *w, Draw d) MUST_USE;
void   lexicon_free(Lexicon *l);
Status mlm_parse(AugmentStep *s, const AugmentOptions *o, const char *argument) MUST_USE;         /* mlm.c */
Status mlm_run(const AugmentStep *s, AugmentWork *w, Draw d) MUST_USE;
Status pairs_parse(AugmentStep *s, const AugmentOptions *o, const char *argument) MUST_USE;       /* pairs.c */
Status pairs_run(const AugmentStep *s, AugmentWork *w, Draw d) MUST_USE;
void   pairs_free(Pairs *p);

#endif
