/* data/clean/edits.h: a text rewritten from left to right, and where its bytes went.
 *
 *     rewrite_start(&r, text, n, true);
 *     TRY(rewrite_replace(&r, 4, 9, "[EMAIL]", 7));          what is not replaced is copied
 *     TRY(rewrite_finish(&r));                               r.out, if r.changed; else the text as it was
 *     edits_move(&r.edits, marks, n_marks);
 *
 * A text in which nothing is replaced is never copied. Cleaning and augmentation share this. */
#ifndef DATA_CLEAN_EDITS_H
#define DATA_CLEAN_EDITS_H

#include "core/text.h"

typedef struct Edit { size_t at, old, to, now; } Edit;      /* bytes [at, at + old) became [to, to + now) */
typedef struct Edits { Edit *list; size_t n, cap; } Edits;  /* in order, apart from each other */

typedef struct Rewrite {
    const char *text;          /* borrowed */
    size_t      n, copied;     /* of text; how much of it is in out */
    Text        out;
    Edits       edits;
    bool        keeps_edits;   /* false: nobody has marks */
    bool        changed;
    int64_t     n_replaced;
} Rewrite;

void   rewrite_start(Rewrite *r, const char *text, size_t n, bool keeps_edits);      /* buffers are used again */
/* begin is not before the end of the last piece; begin == end inserts. `with` must not lie in r->out. */
Status rewrite_replace(Rewrite *r, size_t begin, size_t end, const char *with, size_t n_with) MUST_USE;
Status rewrite_finish(Rewrite *r) MUST_USE;
void   rewrite_release(Rewrite *r);
/* The last byte that the result would have now, if the text up to `at` were copied; 0 at its beginning. */
char   rewrite_last(const Rewrite *r, size_t at);

/* A word of the text goes, with the space before it, or behind it where it begins the text or a bracket. */
Status rewrite_remove_word(Rewrite *r, size_t begin, size_t end) MUST_USE;

/* Marks in pairs: marks[2i] begins a span, marks[2i + 1] ends it. A span that reaches into a replaced piece then holds
 * all of its replacement, never half a character; what is inserted at a span's border stays outside. */
void   edits_move(const Edits *e, size_t *marks, size_t n_marks);

#endif
