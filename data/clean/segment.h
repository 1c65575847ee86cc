/* data/clean/segment.h: the words of a text, by ICU's rules and its Chinese and Japanese dictionary.
 *
 *     TRY(segmenter_start(&g, text, n));
 *     for (Segment s = { 0 }; segmenter_next(&g, &s);)
 *         if (s.word) ... text[s.begin .. s.end)
 *
 * Zero-initialise a Segmenter; it belongs to one thread. Text is valid UTF-8, borrowed until the next start. */
#ifndef DATA_CLEAN_SEGMENT_H
#define DATA_CLEAN_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

typedef struct Segmenter { void *breaks, *text; } Segmenter;      /* UBreakIterator, UText */

typedef struct Segment {
    size_t begin, end;
    bool   word;              /* letters, digits, ideographs; not white space, not punctuation */
    bool   ideographic;       /* Chinese, or Japanese in kana */
} Segment;

Status segmenter_start(Segmenter *g, const char *text, size_t n) MUST_USE;
bool   segmenter_next(Segmenter *g, Segment *s);
void   segmenter_release(Segmenter *g);

#endif
