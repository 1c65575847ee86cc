/* tests/fuzz/text_fuzz.c: any bytes as lines, documents or one whole row. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    static const char *const formats[] = { "text", "documents", "files", "auto" };
    RowsOptions o = { .format = formats[data[0] & 3], .label = data[0] & 4 ? "@file" : NULL };
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
