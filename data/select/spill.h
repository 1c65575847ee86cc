/* data/select/spill.h: what memory does not hold, in temporary files.
 *
 * A file is made when something is first written and has no name from the start, so a killed process leaves nothing
 * behind. Failures (a full disk, a folder that cannot be written) are ERR_IO and name the folder. */
#ifndef DATA_SELECT_SPILL_H
#define DATA_SELECT_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef struct Spill {
    const char *folder;            /* borrowed */
    int64_t     size;
    int         fd;
    bool        is_open;
} Spill;

void   spill_init(Spill *s, const char *folder);
void   spill_close(Spill *s);
Status spill_write(Spill *s, const void *bytes, size_t n) MUST_USE;                  /* at the end */
Status spill_read(const Spill *s, int64_t at, void *bytes, size_t n) MUST_USE;

/* Records of one size, appended and then read by number: the last `memory` bytes of them in memory, the rest in a file.
 * Reading one after the other is buffered. */
typedef struct Records Records;

Status  records_new(Records **out, size_t record_size, size_t memory, const char *folder) MUST_USE;
void    records_free(Records *r);
Status  records_add(Records *r, const void *record) MUST_USE;
Status  records_get(Records *r, int64_t i, const void **record) MUST_USE;            /* borrowed until the next call */
int64_t records_count(const Records *r);

#endif
