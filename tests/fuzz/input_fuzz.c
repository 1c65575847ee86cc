/* tests/fuzz/input_fuzz.c: any bytes as a packed file, an archive or a text in some encoding, its format found out. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    static const char *const encodings[] = { NULL, NULL, NULL, "Big5", "UTF-16", "Shift_JIS", "GB18030", "windows-1252" };
    RowsOptions o = { .text = data[0] & 8 ? "0" : "text", .label = data[0] & 16 ? "@folder" : NULL,
                      .encoding = encodings[data[0] & 7] };
    read_as_rows(data + 1, n - 1, &o, data[0] & 32 ? "//*" : "");
    return 0;
}
