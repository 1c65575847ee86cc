/* tests/fuzz/json_rows_fuzz.c: any bytes as a JSON file with a list of rows, or with one at a key. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    RowsOptions o = { .format = "json", .text = data[0] & 1 ? "text" : "0", .label = data[0] & 1 ? "a.*.b" : "1",
                      .need = data[0] & 2 ? ROW_NEEDS_LABEL : data[0] & 4 ? ROW_NEEDS_TAGS : ROW_NEEDS_TEXT };
    read_as_rows(data + 1, n - 1, &o, data[0] & 8 ? "#rows" : data[0] & 16 ? "#a.b" : "");
    return 0;
}
