/* train/answer_match.h: whether an extracted answer is the one expected, as SQuAD's evaluation has it (Rajpurkar et al. 2016,
 * sec. 6.1): lower case, without punctuation and the articles a, an, the, words separated by one space.
 *
 * When either text holds Chinese characters, each of them is a word, and punctuation is all of Unicode's (as in the MLQA
 * evaluation, Lewis et al. 2020); other texts lose ASCII punctuation only, as in the original. */
#ifndef TRAIN_ANSWER_MATCH_H
#define TRAIN_ANSWER_MATCH_H

#include "core/status.h"

typedef struct AnswerMatch { double exact, f1; } AnswerMatch;      /* exact: 0 or 1; f1: of the words both have */

/* Against one expected answer; both empty is a match. Texts are UTF-8 and end in NUL. */
Status answer_match(const char *given, const char *expected, AnswerMatch *out) MUST_USE;

#endif
