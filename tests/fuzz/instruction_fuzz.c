/* tests/fuzz/instruction_fuzz.c: any bytes as instructions, lines or a list. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    RowsOptions o = { .format = "instruction", .group = data[0] & 1 ? "id" : NULL };
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
