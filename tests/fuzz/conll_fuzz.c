/* tests/fuzz/conll_fuzz.c: any bytes as words with tags. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    RowsOptions o = { .format = "conll", .label = data[0] & 1 ? "1" : NULL, .need = ROW_NEEDS_TAGS };
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
