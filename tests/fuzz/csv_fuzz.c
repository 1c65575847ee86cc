/* tests/fuzz/csv_fuzz.c: any bytes as CSV and as TSV: indexed, then every row read again, backwards.
 *
 * The first byte chooses the format and whether bad rows are skipped; the rest is the file. */
#include "tests/fuzz/corpus_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    CorpusOptions o = { .format = data[0] & 1 ? "tsv" : "csv", .text = "text", .pair = data[0] & 2 ? "pair" : NULL,
                        .label = "label", .label_required = (data[0] & 4) != 0, .skip_bad_rows = (data[0] & 8) != 0 };
    read_as_corpus(data + 1, n - 1, &o);
    return 0;
}
