/* tests/fuzz/vocab_merges_fuzz.c: any bytes as vocab.json, merges.txt and tokenizer_config.json, one behind the other
 * with a 0x1E byte between. What opens must encode and decode. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "data/tokenizer/vocab_merges.h"
#include "tests/fuzz/tokenizer_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *part(const char **at, const char *end, size_t *n)
{
    const char *begin = *at, *mark = begin < end ? memchr(begin, 0x1E, (size_t)(end - begin)) : NULL;
    *n = (size_t)((mark ? mark : end) - begin);
    *at = mark ? mark + 1 : end;
    return begin;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    size_t      n_vocab, n_merges, n_config;
    if (size == 0) return 0;
    const char *vocab = part(&at, end, &n_vocab), *merges = part(&at, end, &n_merges);
    const char *text = part(&at, end, &n_config);
    cJSON      *config = NULL;
    char       *json;
    if (json_parse(&config, text, n_config, "config", JSON_REFUSE_NUL) != OK || !cJSON_IsObject(config)) {
        cJSON_Delete(config);
        config = cJSON_CreateObject();
    }
    const cJSON *added = json_get(config, "added_tokens.json");
    if (vocab_merges_to_json(&json, vocab, n_vocab, merges, n_merges, config, added, "vocab.json") == OK)
        fuzz_tokenizer(json);
    cJSON_Delete(config);
    return 0;
}
