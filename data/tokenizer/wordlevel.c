/* data/tokenizer/wordlevel.c: the WordLevel model: a word is a token, or the unknown one. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"

static Status tokenize_word(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out)
{
    (void)sc;
    int32_t id = vocab_find(&t->vocab, word, n);
    if (id < 0) id = t->unk_id;
    if (id < 0)
        return hint(fail(ERR_DATA, "\"%.*s\" is not in the vocabulary, and neither is an unknown token",
                         (int)(n < 80 ? n : 80), word),
                    "add the token that model.unk_token names to the vocabulary");
    if (out->n == out->cap) TRY(mem_grow(&out->items, &out->cap, out->n + 1, sizeof *out->items));
    out->items[out->n++] = (Token){ id, 0, 0, (uint32_t)n };
    return OK;
}

Status wordlevel_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const char *unk;
    char       *where = NULL;
    TRY(json_get_string(&unk, json, "unk_token", "<unk>", name));
    TRY(text_format(&where, "%s: model.vocab", name));
    Status s = vocab_parse(&t->vocab, cJSON_GetObjectItemCaseSensitive(json, "vocab"), t->seed, where);
    free(where);
    TRY(s);
    t->unk_id = vocab_find(&t->vocab, unk, strlen(unk));
    t->tokenize = tokenize_word;
    return OK;
}
