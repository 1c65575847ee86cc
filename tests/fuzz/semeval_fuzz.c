/* tests/fuzz/semeval_fuzz.c: any bytes as SemEval-2010 task 8. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    RowsOptions o = { .format = "semeval", .label = "label", .need = data[0] & 1 ? ROW_NEEDS_LABEL : ROW_NEEDS_TEXT };
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
