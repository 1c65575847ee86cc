/* tests/fuzz/csv_fuzz.c: any bytes as CSV or TSV; the first one chooses what is asked for. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    static char      *names[] = { "text", "label" };
    static StringList columns = { names, 2 };
    RowsOptions o = { .format = data[0] & 1 ? "tsv" : "csv", .text = data[0] & 2 ? "0" : "text",
                      .pair = data[0] & 4 ? "pair" : NULL, .label = data[0] & 2 ? "1" : "label",
                      .need = data[0] & 8 ? ROW_NEEDS_LABEL : ROW_NEEDS_TEXT, .columns = data[0] & 16 ? &columns : NULL };
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
