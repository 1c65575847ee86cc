/* data/readers/json.c: a list inside a JSON file ("file.json" or "file.json#key.key"); its elements are rows as JSONL's
 * lines are, or lists whose columns are numbers. */
#include "data/readers/elements.h"

static Status json_begin(Source *s)
{
    TRY(source_offers(s, "JSON", true, true, true, false));
    return elements_begin(s, ELEMENTS_LIST, NULL);
}

static Status json_read(Source *s, Row *out, bool *end)
{
    const char *bytes;
    size_t      n;
    TRY(elements_next(s, &bytes, &n, &out->place, end));
    return *end ? OK : json_row(s, bytes, n, out->place.line, out);
}

const Reader reader_json = { "json", ".json", NULL, json_begin, json_read };
