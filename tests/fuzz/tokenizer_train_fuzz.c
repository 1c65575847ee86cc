/* tests/fuzz/tokenizer_train_fuzz.c: any bytes as options (the first four) and lines of text; what is trained must encode. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/train/tokenizer_train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Lines { const char *at, *end; } Lines;

static Status next_line(void *arg, const char **text, size_t *n)
{
    Lines *l = arg;
    *text = NULL;
    if (l->at >= l->end) return OK;
    const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at));
    *text = l->at;
    *n = (size_t)((stop ? stop : l->end) - l->at);
    l->at += *n + 1;
    return OK;
}

static void use(const char *json, const char *text, size_t n)
{
    Tokenizer *t;
    Encoding   e = { 0 };
    if (tokenizer_parse(&t, json, strlen(json), "trained") != OK) abort();
    if (tokenizer_encode(t, text, n < 1000 ? n : 1000, NULL, 0, NULL, &e) == OK)
        for (size_t i = 0; i < e.n; i++)
            if (!tokenizer_token(t, e.ids[i])) abort();
    encoding_release(&e);
    tokenizer_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = { "wordpiece", "bpe", "unigram", "bpe" };
    if (size < 4) return 0;
    const char *text = (const char *)data + 4;
    Lines       lines = { text, text + size - 4 };
    char       *json;
    TokenizerTrainOptions o = {
        .type = types[data[0] % 4], .byte_fallback = data[0] % 4 == 3, .vocab_size = 20 + 4 * data[1],
        .min_frequency = data[2] % 4, .max_token_length = data[2] / 4 % 8, .limit_alphabet = data[3] % 32,
        .lowercase = data[3] / 32 % 2, .next = next_line, .next_arg = &lines,
    };
    if (tokenizer_train(&json, NULL, &o) != OK) {
        if (json) abort();
        return 0;
    }
    use(json, text, size - 4);
    free(json);
    return 0;
}
