/* data/tokenizer/pretokenize.c: pre-tokenizers, which cut normalised text into words for the model.
 *
 * BertPreTokenizer: white space separates and disappears, every punctuation character is a word of its own. */
#include "data/tokenizer/tokenizer_internal.h"

#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

Status spans_add(Spans *s, size_t begin, size_t end)
{
    if (s->n == s->cap) TRY(mem_grow(&s->items, &s->cap, s->n + 1, sizeof *s->items));
    s->items[s->n++] = (Span){ (uint32_t)begin, (uint32_t)end };
    return OK;
}

enum { LETTER = 0, SPACE = UNICODE_SPACE, PUNCT = UNICODE_PUNCT };

static Status bert_split(const char *text, size_t begin, size_t end, Spans *out)
{
    const uint8_t *flat = unicode_flat();
    size_t         word = begin;                  /* where the word that is being read began */
    for (size_t i = begin; i < end;) {
        unsigned char c = (unsigned char)text[i];
        unsigned      class;
        int           len = 1;
        if (c < 0x80) {
            class = flat[c] & (UNICODE_SPACE | UNICODE_PUNCT);
        } else {
            uint32_t cp;
            len = utf8_decode(text + i, end - i, &cp);
            BUG_ON(len == 0);                     /* encode checked the text, normalizers write valid UTF-8 */
            class = (cp < UNICODE_FLAT ? flat[cp] : unicode_flags(cp)) & (UNICODE_SPACE | UNICODE_PUNCT);
        }
        if (class != LETTER) {
            if (i > word) TRY(spans_add(out, word, i));
            if (class == PUNCT) TRY(spans_add(out, i, i + (size_t)len));
            word = i + (size_t)len;
        }
        i += (size_t)len;
    }
    return end > word ? spans_add(out, word, end) : OK;
}

static Status bert_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json;
    (void)name;
    t->pre_tokenize = bert_split;
    return OK;
}

/* None: the whole piece is one word. */
static Status one_word(const char *text, size_t begin, size_t end, Spans *out)
{
    (void)text;
    return end > begin ? spans_add(out, begin, end) : OK;
}

static const PartDef pre_tokenizers[] = {
    { "BertPreTokenizer", bert_parse },
};

Status pre_tokenizer_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    t->pre_tokenize = one_word;
    return part_parse(t, json, name, "pre_tokenizer", pre_tokenizers, COUNT(pre_tokenizers));
}
