/* data/select/sorter.h: sorting more records than memory holds: runs on disk, merged.
 *
 * Records have one size and are ordered by memcmp of their first key_size bytes, so keys are written big-endian; equal
 * keys keep the order in which they were added. Files are unlinked as soon as they are open, so a killed process leaves
 * nothing behind. */
#ifndef DATA_SELECT_SORTER_H
#define DATA_SELECT_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef struct Sorter Sorter;

/* memory: bytes for records, at least 1 MiB; folder: where runs are written when it does not do. */
Status  sorter_new(Sorter **out, size_t record_size, size_t key_size, size_t memory, const char *folder) MUST_USE;
void    sorter_free(Sorter *s);
Status  sorter_add(Sorter *s, const void *record) MUST_USE;
Status  sorter_finish(Sorter *s) MUST_USE;                     /* no more records; sorter_next may be called */
Status  sorter_next(Sorter *s, const void **record) MUST_USE;  /* NULL at the end; borrowed until the next call */
Status  sorter_rewind(Sorter *s) MUST_USE;                     /* from the first record again */
int64_t sorter_count(const Sorter *s);

#endif
