/* data/report_page.h: the data report (data.json) as one HTML page: no scripts, nothing from elsewhere. */
#ifndef DATA_REPORT_PAGE_H
#define DATA_REPORT_PAGE_H

#include "core/json.h"

/* Whatever the report lacks is left out. The page is written whole or not at all. name: of the job, for the title. */
Status report_page_write(const cJSON *report, const char *name, const char *path) MUST_USE;

#endif
