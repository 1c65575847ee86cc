/* tests/fuzz/gguf_vocab_fuzz.c: any bytes as a GGUF file. A vocabulary that opens must encode and decode. */
#include <stdint.h>

#include "data/tokenizer/gguf_vocab.h"
#include "tests/fuzz/tokenizer_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *json;
    if (gguf_vocab_to_json(&json, data, size, "fuzz.gguf") == OK) fuzz_tokenizer(json);
    return 0;
}
