/* data/select/select.h: which rows of which set are used for what: duplicates, contradictions, leakage, splits.
 *
 * Rows are added set by set in their order, as keys: the text itself is not needed again. What is kept in memory is one
 * byte a row (its fate); the rest is sorted on disk within `memory`.
 *
 *     exact duplicates     equal keys in one set
 *     near duplicates      MinHash (Broder 1997; one-permutation, Li et al. 2012, densified, Shrivastava 2017) with
 *                          banded LSH; texts whose estimated Jaccard similarity of word 3-shingles to an earlier one
 *                          of the set that stays reaches near_threshold (64 values: +-0.05 at 0.8)
 *     contradictions       equal keys in one set, other labels
 *     leakage              a training row that stands, exactly or nearly, in validation or test (or a validation row
 *                          in test), and after a share was taken a row of the training rest that stands in the share
 *     shares and folds     by the order of the rows' group hashes (of their texts unless a group is given), so that
 *                          neither the order of rows nor the machine matters; stratified by class with the largest
 *                          remainders; a group is never divided
 *
 * Everything is found, counted and listed in every set; only training rows are ever left out. Of equal texts the first
 * stays, of contradicting ones none. Near duplicates and near leaks are counted once a text (its copies are
 * duplicates), but a text's copies share its fate. Neither `memory` nor the order of the sets changes a result. */
#ifndef DATA_SELECT_SELECT_H
#define DATA_SELECT_SELECT_H

#include <stdbool.h>

#include "core/json.h"
#include "core/status.h"

enum { MINHASH_BYTES = 128 };
typedef struct Minhash { uint8_t bytes[MINHASH_BYTES]; } Minhash;

/* Of a text, or a pair as one. Words are runs of letters, marks and digits in lower case; characters of scripts without
 * spaces (CJK, Thai, ...) count as words. A text of fewer than three words is its words; without any, its bytes. Any
 * bytes will do. Threads may call it at once. */
void minhash_text(const char *text, size_t n, const char *pair, size_t n_pair, Minhash *out);
double minhash_similarity(const Minhash *a, const Minhash *b);         /* estimate of the Jaccard similarity, 0 .. 1 */

typedef enum SelectSet { SELECT_TRAIN, SELECT_VALIDATION, SELECT_TEST, SELECT_N_SETS } SelectSet;

/* Bits of a row's fate. A row is used when none but FATE_SHARE is set. */
enum { FATE_SHARE = 1, FATE_DUPLICATE = 2, FATE_NEAR = 4, FATE_CONTRADICTS = 8, FATE_LEAKED = 16, FATE_FILTERED = 32 };

typedef struct SelectRow {
    uint64_t key[2];               /* hashes of text and pair; key[0] with the run's seed, as it decides the share */
    uint64_t label;                /* hash of all labels; 0: none */
    uint64_t group;                /* hash of the group, with the seed; 0: key[0] stands for it */
    int32_t  class;                /* for stratification; -1: none */
    int32_t  file;
    int64_t  line;
    bool     filtered;             /* cleaning left it out: counted, looked at no further */
    const Minhash *minhash;        /* NULL: no search for near duplicates */
} SelectRow;

typedef enum SelectPolicy { SELECT_REPORT, SELECT_DROP, SELECT_FAIL } SelectPolicy;

typedef struct SelectOptions {
    SelectPolicy on_duplicate, on_near_duplicate, on_contradiction, on_leakage;
    double       near_threshold;   /* 0.8 */
    double       share;            /* of the training rows, for validation; 0: none */
    int          folds, fold;      /* folds > 0: the share is fold number `fold` (from 0) of that many instead */
    bool         stratified;
    size_t       memory;           /* bytes; some 8 MiB are used in any case */
    const char  *folder;           /* for temporary files */
    const char  *list_path;        /* NULL, or a JSONL file of every finding: {"kind", "a": {"set", "file", "line"},
                                      "b": ..., "similarity"}; written whole or not at all, also when a policy fails */
    const char *(*path)(void *arg, SelectSet set, int32_t file);      /* NULL: the set's name */
    void        *arg;
} SelectOptions;

typedef struct Selection Selection;

/* folder and list_path are copied. */
Status selection_new(Selection **out, const SelectOptions *options) MUST_USE;
void   selection_free(Selection *s);
Status selection_add(Selection *s, SelectSet set, const SelectRow *row) MUST_USE;
/* After the last row. FAIL policies are ERR_DATA here, naming both rows of the first finding and their number. */
Status selection_decide(Selection *s) MUST_USE;
int64_t        selection_count(const Selection *s, SelectSet set);
const uint8_t *selection_fates(const Selection *s, SelectSet set);     /* (count) */
/* {"duplicates": {"train": {"rows", "contradictions", "examples": [[a, b], ...]}, ...}, "near_duplicates": ...,
 *  "leakage": [{"from", "into", "exact", "near", "examples"}]}; at most 20 examples each, "train.jsonl:14"; gives. */
Status selection_report(const Selection *s, cJSON **out) MUST_USE;

#endif
