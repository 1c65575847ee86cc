/* data/tokenizer/pretokenize.c: pre-tokenizers, which cut normalised text into words for the model; Sequences of them.
 *
 * BertPreTokenizer: white space separates and disappears, every punctuation character is a word of its own.
 * FixedLength: so many characters a word. UnicodeScripts: a word ends where the script changes; kana and han are one
 * script, a space and unassigned characters go with any, and what stands before the first character that has a script
 * is dropped, as in the reference. */
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

/* ---- FixedLength ------------------------------------------------------------------------------------------------- */

typedef struct FixedLength { int64_t length; } FixedLength;

static Status fixed_length(const Step *step, Scratch *sc)
{
    const FixedLength *f = step->state;
    sc->next_words.n = 0;
    for (size_t k = 0; k < sc->words.n; k++) {
        Span    word = sc->words.items[k];
        size_t  from = word.begin;
        int64_t chars = 0;
        for (size_t i = word.begin; i < word.end; chars++) {
            int n;
            if (chars == f->length) {
                TRY(spans_add(&sc->next_words, from, i));
                from = i;
                chars = 0;
            }
            (void)decode_valid(sc->text->text + i, &n);
            i += (size_t)n;
        }
        TRY(spans_add(&sc->next_words, from, word.end));
    }
    scratch_take_words(sc);
    return OK;
}

static Status fixed_length_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    FixedLength *state;
    int64_t      length;
    TRY(json_get_int(&length, json, "length", 5, name));
    if (length < 1) return fail(ERR_FORMAT, "%s: FixedLength: words of %lld characters", name, (long long)length);
    TRY(mem_new(&state, 1, sizeof *state));
    state->length = length;
    return steps_add(&t->pre_tokenizers, (Step){ fixed_length, state, NULL });
}

/* ---- UnicodeScripts ---------------------------------------------------------------------------------------------- */

static Status scripts(const Step *step, Scratch *sc)
{
    (void)step;
    sc->next_words.n = 0;
    for (size_t k = 0; k < sc->words.n; k++) {
        Span   word = sc->words.items[k];
        size_t from = word.begin;
        int    before = 0;
        for (size_t i = word.begin; i < word.end;) {
            int n, script = unicode_script(decode_valid(sc->text->text + i, &n));
            if (script != 0 && script != before) {
                if (before != 0) TRY(spans_add(&sc->next_words, from, i));
                from = i;
                before = script;
            }
            i += (size_t)n;
        }
        if (before != 0) TRY(spans_add(&sc->next_words, from, word.end));
    }
    scratch_take_words(sc);
    return OK;
}

static Status scripts_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json;
    (void)name;
    return steps_add(&t->pre_tokenizers, (Step){ scripts, NULL, NULL });
}

/* ---- which there are --------------------------------------------------------------------------------------------- */

static Status sequence_parse(Tokenizer *t, const cJSON *json, const char *name);

static const PartDef pre_tokenizers[] = {
    { "BertPreTokenizer",   bert_parse },
    { "Sequence",           sequence_parse },
    { "ByteLevel",          pre_tokenizer_byte_level_parse },
    { "Metaspace",          pre_tokenizer_metaspace_parse },
    { "Split",              pre_tokenizer_split_parse },
    { "Whitespace",         pre_tokenizer_whitespace_parse },
    { "WhitespaceSplit",    pre_tokenizer_whitespace_split_parse },
    { "Punctuation",        pre_tokenizer_punctuation_parse },
    { "Digits",             pre_tokenizer_digits_parse },
    { "CharDelimiterSplit", pre_tokenizer_delimiter_parse },
    { "UnicodeScripts",     scripts_parse },
    { "FixedLength",        fixed_length_parse },
};

static Status sequence_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const cJSON *list = json_get(json, "pretokenizers");
    if (!cJSON_IsArray(list))
        return fail(ERR_FORMAT, "%s: a Sequence of pre-tokenizers needs the list \"pretokenizers\"", name);
    for (const cJSON *c = list->child; c; c = c->next) TRY(pre_tokenizer_parse(t, c, name));
    return OK;
}

Status pre_tokenizer_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    return part_parse(t, json, name, "pre_tokenizer", pre_tokenizers, COUNT(pre_tokenizers));
}
