/* tests/fuzz/tokenizer_fuzz.h: what the targets for tokenizer files do with a text that a loader made. */
#ifndef TESTS_FUZZ_TOKENIZER_FUZZ_H
#define TESTS_FUZZ_TOKENIZER_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/tokenizer.h"

/* Takes json. It need not be a tokenizer that can be read, but what opens must work. */
static inline void fuzz_tokenizer(char *json)
{
    static const char text[] = "  The old boat,  a\xC3\xA9 \xE2\x96\x81 [MASK] <s> <0x41> \xE6\xB0\xB4\xED\x95\x9C "
                               "aaaa \xF0\x9F\x98\x80 x\t1.5 \xEF\xAC\x81 the the ";
    Tokenizer *t = NULL;
    Encoding   e = { 0 };
    if (tokenizer_parse(&t, json, strlen(json), "fuzz.json") == OK) {
        for (int twice = 0; twice < 2; twice++) {
            char *back = NULL;
            if (tokenizer_encode(t, text, sizeof text - 1, twice ? "a pair" : NULL, 6, NULL, &e) != OK) continue;
            for (size_t i = 0; i < e.n; i++) {
                int32_t begin = e.offsets[2 * i], end = e.offsets[2 * i + 1];
                if (!tokenizer_token(t, e.ids[i]) || begin < 0 || begin > end || end > (int32_t)sizeof text) abort();
            }
            if (tokenizer_decode(t, e.ids, e.n, twice, &back) != OK) abort();
            free(back);
        }
    }
    encoding_release(&e);
    tokenizer_free(t);
    free(json);
}

#endif
