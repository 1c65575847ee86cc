/* tests/fuzz/squad_fuzz.c: any bytes as SQuAD. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    RowsOptions o = { .format = "squad", .need = ROW_NEEDS_ANSWERS };
    read_as_rows(data, n, &o, "");
    return 0;
}
