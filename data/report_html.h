/* data/report_html.h: the parts that a page of the data report is made of: text, tables, bars, a histogram.
 *
 * A Page is sticky: the first failure stays in status, later calls do nothing, the writer asks once. Whatever comes from
 * the data goes through page_say (or a cell), which escapes it; page_put is for our own markup. Every tag is closed, as
 * in XML, so that a test can check it. */
#ifndef DATA_REPORT_HTML_H
#define DATA_REPORT_HTML_H

#include <stdint.h>

#include "core/text.h"

typedef struct Page { Text out; Status status; } Page;

void page_begin(Page *p, const char *title);              /* to <body>, with the styles */
void page_end(Page *p);
void page_put(Page *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void page_say(Page *p, const char *text);
void page_say_short(Page *p, const char *text, size_t max_bytes);      /* cut at a character, with an ellipsis */
void page_number(Page *p, double v);                      /* 12,345; whole numbers without a fraction */
void page_percent(Page *p, double share);                 /* 4.1 %, 0.02 %; nothing below: "0 %" */

/* Heads that begin with # are columns of numbers. */
void page_table(Page *p, const char *caption, const char *const *heads, size_t n_heads);
void page_table_end(Page *p);
void page_row(Page *p, const char *name);                 /* opens the row with its head cell */
void page_row_end(Page *p);
void page_cell(Page *p, const char *text);
void page_cell_number(Page *p, double v);
void page_cell_percent(Page *p, double share);
void page_cell_place(Page *p, const char *file, double line, const char *note);      /* file:line, the note below */
void page_cell_bar(Page *p, double share);                /* of the widest bar */

/* Texts by length: one bar a bucket, a line where texts are cut (0: none). The table of the same numbers is the
 * caller's. */
typedef struct Bucket { double up_to, count; } Bucket;
void page_histogram(Page *p, const char *title, const Bucket *buckets, size_t n, double cut_at);

#endif
