/* data/tokenizer/decode.c: ids to text.
 *
 * WordPiece: a token with the prefix joins the one before, any other follows after a space; `cleanup` then undoes,
 * inside each token, the spaces that tokenising put before punctuation. None: tokens with spaces between them. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

/* In the reference's order, each over the result of the one before. */
static const struct { const char *from, *to; } cleanups[] = {
    { " .", "." }, { " ?", "?" }, { " !", "!" }, { " ,", "," }, { " ' ", "'" }, { " n't", "n't" }, { " 'm", "'m" },
    { " do not", " don't" }, { " 's", "'s" }, { " 've", "'ve" }, { " 're", "'re" },
};

static Status replace_all(Text *text, Text *work, const char *from, const char *to)
{
    const char *p = text->data, *hit = p ? strstr(p, from) : NULL;
    if (!hit) return OK;
    text_clear(work);
    for (; hit; hit = strstr(p, from)) {
        TRY(text_add(work, p, (size_t)(hit - p)));
        TRY(text_add(work, to, strlen(to)));
        p = hit + strlen(from);
    }
    TRY(text_add(work, p, strlen(p)));
    Text swap = *text;
    *text = *work;
    *work = swap;
    return OK;
}

static Status decode_wordpiece(const Tokenizer *t, size_t i, const char *token, Text *out, DecodeWork *work)
{
    const WordPieceDecoder *d = &t->wordpiece_decoder;
    bool   joins = i > 0 && strncmp(token, d->prefix, d->n_prefix) == 0;
    Text  *one = &work->one;
    text_clear(one);
    if (joins) token += d->n_prefix;
    if (i > 0 && !joins) TRY(text_add(one, " ", 1));
    TRY(text_add(one, token, strlen(token)));
    if (d->cleanup && strchr(one->data, ' '))
        for (size_t k = 0; k < COUNT(cleanups); k++)
            TRY(replace_all(one, &work->spare, cleanups[k].from, cleanups[k].to));
    return text_add(out, one->data, one->len);
}

static Status decode_spaces(const Tokenizer *t, size_t i, const char *token, Text *out, DecodeWork *work)
{
    (void)t;
    (void)work;
    if (i > 0) TRY(text_add(out, " ", 1));
    return text_add(out, token, strlen(token));
}

static Status wordpiece_decoder_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const char *prefix;
    TRY(json_get_string(&prefix, json, "prefix", "##", name));
    TRY(json_get_bool(&t->wordpiece_decoder.cleanup, json, "cleanup", true, name));
    t->decode = decode_wordpiece;
    t->wordpiece_decoder.n_prefix = strlen(prefix);
    return text_copy(&t->wordpiece_decoder.prefix, prefix);
}

static const PartDef decoders[] = {
    { "WordPiece", wordpiece_decoder_parse },
};

Status decoder_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    t->decode = decode_spaces;
    return part_parse(t, json, name, "decoder", decoders, COUNT(decoders));
}

Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special, char **out)
{
    Text       text = { 0 };
    DecodeWork work = { 0 };
    Status     s = OK;
    *out = NULL;
    if (t->decode_ids) s = t->decode_ids(t, ids, n, skip_special, &text);
    for (size_t i = 0, shown = 0; s == OK && !t->decode_ids && i < n; i++) {
        const AddedToken *added = tokenizer_added(t, ids[i]);
        const char       *token = added ? added->shown : vocab_string(&t->vocab, ids[i]);
        if (added && skip_special && added->skipped) continue;
        if (token) s = t->decode(t, shown++, token, &text, &work);
        else s = fail(ERR_DATA, "there is no token with the id %d; ids run from 0 to %d", ids[i], t->size - 1);
    }
    if (s == OK && !(*out = text_take(&text))) s = fail(ERR_MEMORY, "no memory for the decoded text");
    text_release(&text);
    text_release(&work.one);
    text_release(&work.spare);
    return s;
}
