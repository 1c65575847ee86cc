/* data/tokenizer/windows.h: a pair whose second text is too long, as overlapping windows of it, each behind the whole first
 * text and within the template's special tokens. Devlin et al. 2018's code calls the overlap the other way round: its
 * doc_stride is how far a window moves, ours is how many tokens two windows share, as the reference library has it. */
#ifndef DATA_TOKENIZER_WINDOWS_H
#define DATA_TOKENIZER_WINDOWS_H

#include "data/tokenizer/tokenizer.h"

enum { PAIR_WINDOW_LEAST = 16 };       /* tokens of the second text that a window holds at least */

typedef struct PairWindows {
    size_t begin, end;                 /* where the second text's tokens stand in the whole encoding */
    size_t room, step, n;              /* tokens of it in a window, from one window to the next; windows, at least 1 */
} PairWindows;

/* Of a pair encoded without max_length. overlap is brought down to half of a window's room where it is larger. A first
 * text that leaves less than PAIR_WINDOW_LEAST tokens to the second is ERR_DATA. */
Status pair_windows(PairWindows *out, const Encoding *whole, size_t max_length, size_t overlap) MUST_USE;
/* Window k < n into another Encoding, whose offsets and words stay those of the texts. */
Status pair_window(const PairWindows *w, const Encoding *whole, size_t k, Encoding *out) MUST_USE;

#endif
