/* data/clean/clean.h: what is done to a text before it becomes tokens: cleaning, filters, anonymisation.
 *
 * The config's list data.clean names the steps in their order, each "name" or "name:argument":
 *
 *     nfc nfd nfkc nfkd          Unicode normal forms               control      control and format characters out
 *     whitespace                 runs become one space, ends trimmed       html       markup to text, entities resolved
 *     lowercase                  full Unicode lower case            stopwords:en zh       words of our lists left out
 *     segment                    Chinese and Japanese words set apart by spaces (ICU)
 *     replace:PATTERN=>TEXT      PCRE2 pattern with UTF, $1 in TEXT
 *     min_chars:N max_chars:N min_words:N max_words:N script:Latin,Han[:SHARE] drop:PATTERN keep:PATTERN      filters
 *
 * and data.anonymize the kinds that are replaced after them (anonymize.h). Every step keeps account of where bytes
 * went, so that words and answers marked in a row still mark the same words and answers afterwards. script:...:SHARE
 * is the share of the letters that must be of these scripts, 0.9 unless told. Words are ICU's (segment.h).
 *
 * A Cleaner is immutable; threads share it, each with its own CleanWork, which holds results and counts. */
#ifndef DATA_CLEAN_CLEAN_H
#define DATA_CLEAN_CLEAN_H

#include "core/json.h"
#include "core/options.h"
#include "core/text.h"

typedef struct CleanOptions {
    const StringList *steps;             /* data.clean */
    const StringList *anonymize;         /* data.anonymize: kinds, or "all" */
    const char       *anonymize_with;    /* "placeholder" ([EMAIL]) or "pseudonym" (stable for one key) */
    const char       *key;               /* of the pseudonyms; at least 16 bytes */
} CleanOptions;

typedef struct Cleaner Cleaner;
typedef struct CleanWork CleanWork;

/* *out NULL when there is nothing to do */
Status cleaner_new(Cleaner **out, const CleanOptions *options) MUST_USE;
void   cleaner_free(Cleaner *c);

Status clean_work_new(CleanWork **out, const Cleaner *c) MUST_USE;
void   clean_work_free(CleanWork *w);

/* One text of a row. text and n are replaced by the result (NUL behind it, unless nothing changed), which lives until
 * the next call with the same `slot` (0 the text, 1 the pair). marks: spans of the text in pairs, marks[2i] where one
 * begins, marks[2i + 1] behind its end, the spans in any order; they move to where their bytes went (edits.h says what
 * becomes of spans that reach into a replaced piece), and are empty where nothing of them is left. kept false: a
 * filter refused the text; the row is to be left out. A text that is not UTF-8, or that a pattern gives up on, is
 * ERR_DATA. */
Status clean_text(const Cleaner *c, CleanWork *w, int slot, const char **text, size_t *n, size_t *marks, size_t n_marks,
                  bool *kept) MUST_USE;

/* Counts so far: {"steps": [{"step", "changed", "dropped", "items"}, ...], "anonymised": {"email": 3, ...}}, where
 * changed and dropped are texts (a row may have two) and items replaced pieces; added up over several works by
 * clean_counts_add (from JSON, as a prepared shard remembers them; an empty object to begin with). Gives. */
Status clean_counts(const Cleaner *c, const CleanWork *w, cJSON **out) MUST_USE;
Status clean_counts_add(cJSON *total, const cJSON *more) MUST_USE;

/* Words of a text as ICU's dictionary and rules see them (Chinese and Japanese included), for whole-word masking and
 * the report: ends[i] is the byte behind word i; white space and punctuation stand alone. */
Status segment_words(CleanWork *w, const char *text, size_t n, const size_t **ends, size_t *n_words) MUST_USE;

#endif
