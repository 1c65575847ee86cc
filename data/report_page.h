/* data/report_page.h: the data report (data.json) as one HTML page: no scripts, nothing from elsewhere, light and dark. */
#ifndef DATA_REPORT_PAGE_H
#define DATA_REPORT_PAGE_H

#include "core/json.h"

/* Whatever the report lacks is left out. The page is written whole or not at all. */
Status report_page_write(const cJSON *report, const char *path) MUST_USE;

#endif
