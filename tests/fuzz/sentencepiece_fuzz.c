/* tests/fuzz/sentencepiece_fuzz.c: any bytes as a SentencePiece model. What opens must encode and decode. */
#include <stdint.h>

#include "data/tokenizer/sentencepiece.h"
#include "tests/fuzz/tokenizer_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *json;
    cJSON *config = cJSON_CreateObject();
    if (sentencepiece_to_json(&json, data, size, config, "fuzz.model") == OK) fuzz_tokenizer(json);
    cJSON_Delete(config);
    return 0;
}
