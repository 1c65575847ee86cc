/* data/clean/clean_internal.h: a step, and what steps share. Texts are valid UTF-8; so must be what a step makes of
 * them. */
#ifndef DATA_CLEAN_CLEAN_INTERNAL_H
#define DATA_CLEAN_CLEAN_INTERNAL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "data/clean/clean.h"
#include "data/clean/edits.h"
#include "data/clean/segment.h"

typedef struct Step Step;

typedef struct PatternWork {           /* made on first use */
    pcre2_match_data    *match;
    pcre2_match_context *context;
    pcre2_jit_stack     *stack;
} PatternWork;

typedef struct StepWork {              /* of one thread */
    Rewrite     rewrite;               /* the text on its way through a step */
    bool        drop;                  /* a filter's answer */
    Segmenter   segmenter;
    PatternWork pattern;
    Text        scratch;
} StepWork;

typedef struct StepDef {
    const char *name;
    const char *argument;                                    /* what it looks like, for sentences; NULL: takes none */
    Status    (*parse)(Step *s, const char *argument);       /* NULL: nothing to read */
    Status    (*run)(const Step *s, StepWork *w);            /* between rewrite_start and rewrite_finish */
    const void *variant;                                     /* for run functions that serve several names */
} StepDef;

struct Step {
    const StepDef *def;
    char           where[40];          /* "data.clean[2]" */
    void          *table;              /* normal forms: flags by code point */
    int64_t        limit;
    double         share;
    uint64_t       scripts[4];         /* set of UScriptCode */
    uint32_t       languages;          /* stop words: bits */
    pcre2_code    *code;
    struct TemplatePart *parts;        /* of a replacement */
    size_t         n_parts;
    char          *text;               /* its literal parts, and other strings */
};

/* unicode.c */
Status normal_form_parse(Step *s, const char *argument) MUST_USE;
Status normal_form_run(const Step *s, StepWork *w) MUST_USE;
Status control_run(const Step *s, StepWork *w) MUST_USE;
Status whitespace_run(const Step *s, StepWork *w) MUST_USE;
Status lowercase_run(const Step *s, StepWork *w) MUST_USE;
extern const int normal_form_nfc, normal_form_nfd, normal_form_nfkc, normal_form_nfkd;      /* utf8proc's options */

/* html.c, stopwords.c, segment.c */
Status html_run(const Step *s, StepWork *w) MUST_USE;
Status stopwords_parse(Step *s, const char *argument) MUST_USE;
Status stopwords_run(const Step *s, StepWork *w) MUST_USE;
Status segment_run(const Step *s, StepWork *w) MUST_USE;

/* patterns.c */
Status replace_parse(Step *s, const char *argument) MUST_USE;
Status replace_run(const Step *s, StepWork *w) MUST_USE;
Status clean_pattern_parse(Step *s, const char *argument) MUST_USE;
Status drop_run(const Step *s, StepWork *w) MUST_USE;
Status keep_run(const Step *s, StepWork *w) MUST_USE;
void   pattern_work_release(PatternWork *w);

/* filters.c */
Status limit_parse(Step *s, const char *argument) MUST_USE;
Status min_chars_run(const Step *s, StepWork *w) MUST_USE;
Status max_chars_run(const Step *s, StepWork *w) MUST_USE;
Status min_words_run(const Step *s, StepWork *w) MUST_USE;
Status max_words_run(const Step *s, StepWork *w) MUST_USE;
Status script_parse(Step *s, const char *argument) MUST_USE;
Status script_run(const Step *s, StepWork *w) MUST_USE;

/* Bytes at s that are ASCII. */
size_t ascii_run(const char *s, size_t n);

#endif
