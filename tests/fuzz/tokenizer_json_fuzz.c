/* tests/fuzz/tokenizer_json_fuzz.c: any bytes as a tokenizer.json; what opens must encode, decode and open again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "The old boat, UNHAPPY [MASK] a  b caf\xC3\xA9 e\xCC\x81\xCC\xA3 \xE6\xB0\xB4\xED\x95\x9C "
                           "\xF0\x9F\x98\x80\xE2\x80\x8D x\t1.5";

static void check_token(const Tokenizer *t, int32_t id, int32_t begin, int32_t end)
{
    if (id < 0 || id >= tokenizer_size(t) || !tokenizer_token(t, id)) abort();
    if (begin < 0 || begin > end || end > (int32_t)sizeof text) abort();
}

static void use(const Tokenizer *t)
{
    Encoding e = { 0 };
    for (size_t max = 0; max < 12; max += 3) {
        EncodeOptions options = { .max_length = max, .no_special_tokens = max == 6 };
        if (tokenizer_encode(t, text, sizeof text - 1, max ? "a pair" : NULL, 6, &options, &e) != OK) continue;
        char *back = NULL;
        for (size_t i = 0; i < e.n; i++) check_token(t, e.ids[i], e.offsets[2 * i], e.offsets[2 * i + 1]);
        if (max && e.n > max) abort();
        if (tokenizer_decode(t, e.ids, e.n, max == 3, &back) == OK) free(back);
        else abort();
    }
    encoding_release(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Tokenizer *t, *again;
    if (tokenizer_parse(&t, (const char *)data, size, "fuzz.json") != OK) return 0;
    use(t);
    if (tokenizer_parse(&again, tokenizer_json(t), strlen(tokenizer_json(t)), "again.json") != OK) abort();
    if (strcmp(tokenizer_hash(t), tokenizer_hash(again)) != 0) abort();
    tokenizer_free(again);
    tokenizer_free(t);
    return 0;
}
