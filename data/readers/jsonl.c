/* data/readers/jsonl.c: JSON Lines, one object a line. What is in the object is json_row.c's business. */
#include "data/readers/json_row.h"

static Status jsonl_begin(Source *s) { return source_offers(s, "JSONL", true, true, true, false); }

static Status jsonl_read(Source *s, Row *out, bool *end)
{
    const char *line;
    size_t      n;
    int64_t     number = s->place.line;
    TRY(source_line(s, &line, &n, end));
    return *end ? OK : json_row(s, line, n, number, out);
}

const Reader reader_jsonl = { "jsonl", ".jsonl|.ndjson", " \t\r", jsonl_begin, jsonl_read };
