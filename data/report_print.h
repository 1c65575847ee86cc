/* data/report_print.h: the data report (data.json) as some ten lines for people. */
#ifndef DATA_REPORT_PRINT_H
#define DATA_REPORT_PRINT_H

#include <stdio.h>

#include "core/json.h"

/* What to look at first; lines about nothing are left out. */
void data_report_print(const cJSON *report, FILE *to);

#endif
