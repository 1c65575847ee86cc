/* data/readers/elements.h: a file of JSON values, one after another: lines of JSONL, or the elements of a list.
 *
 * A list may be the whole file or lie at "file.json#key.key"; it is streamed, an element at a time. Elements are found by
 * their brackets alone and parsed strictly afterwards, so a wrong one is a bad row and the next is read all the same. */
#ifndef DATA_READERS_ELEMENTS_H
#define DATA_READERS_ELEMENTS_H

#include "data/readers/json_row.h"

typedef enum ElementsKind { ELEMENTS_LIST, ELEMENTS_LIST_OR_LINES } ElementsKind;

/* Goes to the first element. default_key: the list to take when the file is an object and none is named; NULL: none. */
Status elements_begin(Source *s, ElementsKind kind, const char *default_key) MUST_USE;
/* The next one's bytes, checked for UTF-8, and where it begins; moves behind. They live until the window grows. */
Status elements_next(Source *s, const char **bytes, size_t *n, Place *place, bool *end) MUST_USE;

/* For elements that give several rows: parses the one at the place into s->element unless it is held already; place.item
 * counts the rows within. The element, and strings in it, live until elements_leave. */
Status elements_hold(Source *s, bool *end) MUST_USE;
Status elements_leave(Source *s) MUST_USE;                    /* to the place behind it */

#endif
