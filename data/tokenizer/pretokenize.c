/* data/tokenizer/pretokenize.c: pre-tokenizers, which cut normalised text into words for the model.
 *
 * BertPreTokenizer: white space separates and disappears, every punctuation character is a word of its own. */
#include "data/tokenizer/tokenizer_internal.h"

#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

enum { LETTER = 0, SPACE = UNICODE_SPACE, PUNCT = UNICODE_PUNCT };

static Status bert_word(const char *text, size_t begin, size_t end, Spans *out)
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

static Status bert_split(const Step *step, Scratch *sc)
{
    (void)step;
    sc->next_words.n = 0;
    for (size_t i = 0; i < sc->words.n; i++)
        TRY(bert_word(sc->text->text, sc->words.items[i].begin, sc->words.items[i].end, &sc->next_words));
    scratch_take_words(sc);
    return OK;
}

static Status bert_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json;
    (void)name;
    return steps_add(&t->pre_tokenizers, (Step){ bert_split, NULL, NULL });
}

static const PartDef pre_tokenizers[] = {
    { "BertPreTokenizer", bert_parse },
};

Status pre_tokenizer_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    return part_parse(t, json, name, "pre_tokenizer", pre_tokenizers, COUNT(pre_tokenizers));
}
