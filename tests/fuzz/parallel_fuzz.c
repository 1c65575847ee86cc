/* tests/fuzz/parallel_fuzz.c: any bytes as two texts, parted by the byte 0xFF, or as two columns. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    char           pair[64];
    const uint8_t *part = memchr(data, 0xFF, n);
    size_t         first = part ? (size_t)(part - data) : n;
    int            fd = fuzz_file(pair, part ? part + 1 : data, part ? n - first - 1 : 0, "");
    RowsOptions    o = { .format = "parallel", .pair_path = pair };
    RowsOptions    table = { .format = "parallel", .text = "0", .pair = "1" };
    read_as_rows(data, first, part ? &o : &table, "");
    close(fd);
    return 0;
}
