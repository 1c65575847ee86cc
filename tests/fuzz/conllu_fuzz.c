/* tests/fuzz/conllu_fuzz.c: any bytes as CoNLL-U. */
#include "tests/fuzz/rows_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    static const char *const labels[] = { NULL, "xpos", "deprel", "lemma" };
    RowsOptions o = { .format = "conllu", .label = labels[data[0] & 3], .need = ROW_NEEDS_TAGS };
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
