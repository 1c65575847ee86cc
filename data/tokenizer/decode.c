/* data/tokenizer/decode.c: ids to text. Tokens go through a list of decoders, each of which may change, join or drop
 * them; what is left is put together. Without a decoder, tokens stand with spaces between them.
 *
 *   WordPiece     a token with the prefix joins the one before; cleanup undoes spaces before punctuation, one by one
 *   BPEDecoder    the suffix becomes a space, at the end of the text nothing
 *   ByteLevel     characters back to bytes, all tokens together; a token with any other character is text already
 *   ByteFallback  tokens in a row like <0xE2> become the text that their bytes are, or one U+FFFD each
 *   Metaspace     the mark becomes a space, in the first token nothing
 *   CTC           repeated tokens once, without padding; the delimiter becomes a space
 *   Fuse, Strip, Replace, Sequence */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* ---- lists of tokens --------------------------------------------------------------------------------------------- */

/* Strings one after the other in `text`; item i is [items[i].begin, items[i].end). */
typedef struct Strings { Text text; Spans items; } Strings;

struct DecodeWork {
    Strings in, out;
    Text    one, spare;
    Scratch scratch;
};

static Status begin_string(Strings *s) { return spans_add(&s->items, s->text.len, s->text.len); }

static Status add(Strings *s, const char *bytes, size_t n)
{
    TRY(text_add(&s->text, bytes, n));
    if (s->text.len > UINT32_MAX) return fail(ERR_DATA, "the decoded text is longer than 4 GiB");
    s->items.items[s->items.n - 1].end = (uint32_t)s->text.len;
    return OK;
}

static Status add_string(Strings *s, const char *bytes, size_t n)
{
    TRY(begin_string(s));
    return add(s, bytes, n);
}

static const char *string_at(const Strings *s, size_t i, size_t *n)
{
    *n = s->items.items[i].end - s->items.items[i].begin;
    return s->text.data + s->items.items[i].begin;
}

static void clear(Strings *s)
{
    text_clear(&s->text);
    s->items.n = 0;
}

static Status copy_with(Text *out, const char *s, size_t n, const char *from, const char *to)
{
    size_t n_from = strlen(from), n_to = strlen(to);
    text_clear(out);
    if (n_from == 0) TRY(text_add(out, to, n_to));            /* before every character and at the end, as in Rust */
    for (size_t i = 0; i < n;) {
        const char *hit = n_from ? memmem(s + i, n - i, from, n_from) : NULL;
        int         len;
        if (n_from == 0) {
            (void)decode_valid(s + i, &len);
            TRY(text_add(out, s + i, (size_t)len));
            TRY(text_add(out, to, n_to));
            i += (size_t)len;
            continue;
        }
        if (!hit) return text_add(out, s + i, n - i);
        TRY(text_add(out, s + i, (size_t)(hit - s) - i));
        TRY(text_add(out, to, n_to));
        i = (size_t)(hit - s) + n_from;
    }
    return text_add(out, "", 0);
}

/* Every `from` in work->one becomes `to`. */
static Status replace_all(DecodeWork *work, const char *from, const char *to)
{
    if (*from && (!work->one.data || !memmem(work->one.data, work->one.len, from, strlen(from)))) return OK;
    TRY(copy_with(&work->spare, work->one.data, work->one.len, from, to));
    Text swap = work->one;
    work->one = work->spare;
    work->spare = swap;
    return OK;
}

/* In the reference's order, each over the result of the one before. */
static const struct { const char *from, *to; } cleanups[] = {
    { " .", "." }, { " ?", "?" }, { " !", "!" }, { " ,", "," }, { " ' ", "'" }, { " n't", "n't" }, { " 'm", "'m" },
    { " do not", " don't" }, { " 's", "'s" }, { " 've", "'ve" }, { " 're", "'re" },
};

static Status cleanup(DecodeWork *work)
{
    if (!work->one.data || !strchr(work->one.data, ' ')) return OK;
    for (size_t k = 0; k < COUNT(cleanups); k++) TRY(replace_all(work, cleanups[k].from, cleanups[k].to));
    return OK;
}

/* ---- decoders ---------------------------------------------------------------------------------------------------- */

typedef struct Decoder {
    char    *text;                     /* prefix, suffix (BPEDecoder), pad token (CTC), else the content */
    char    *delimiter;                /* CTC */
    char     mark[5];                  /* Metaspace */
    bool     flag;                     /* WordPiece, CTC: cleanup; Metaspace: drop the marks of the first token */
    int64_t  start, stop;              /* Strip */
    Pattern *pattern;                  /* Replace */
} Decoder;

static void decoder_release(void *state)
{
    Decoder *d = state;
    free(d->text);
    free(d->delimiter);
    pattern_free(d->pattern);
    free(d);
}

static Status run_wordpiece(const Decoder *d, DecodeWork *work)
{
    size_t n_prefix = strlen(d->text), n;
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        bool joins = i > 0 && n >= n_prefix && memcmp(s, d->text, n_prefix) == 0;
        text_clear(&work->one);
        if (i > 0 && !joins) TRY(text_add(&work->one, " ", 1));
        TRY(text_add(&work->one, joins ? s + n_prefix : s, joins ? n - n_prefix : n));
        if (d->flag) TRY(cleanup(work));
        TRY(add_string(&work->out, work->one.data, work->one.len));
    }
    return OK;
}

static Status run_bpe(const Decoder *d, DecodeWork *work)
{
    size_t n;
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        TRY(copy_with(&work->one, s, n, d->text, i + 1 == work->in.items.n ? "" : " "));
        TRY(add_string(&work->out, work->one.data, work->one.len));
    }
    return OK;
}

/* Bytes that are no UTF-8 become U+FFFD, one for each longest beginning of a character. */
static Status add_lossy(Strings *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t bad = n - i;
        if (utf8_valid(s + i, n - i, &bad)) return add(out, s + i, n - i);
        TRY(add(out, s + i, bad));
        TRY(add(out, REPLACEMENT, 3));
        i += bad;
        unsigned char c = (unsigned char)s[i];
        size_t want = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 1, k = 1;
        unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
        unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
        for (; k < want && i + k < n && (unsigned char)s[i + k] >= low && (unsigned char)s[i + k] <= high; k++)
            low = 0x80, high = 0xBF;
        i += k;
    }
    return OK;
}

static Status run_byte_level(const Decoder *d, DecodeWork *work)
{
    (void)d;
    Text  *bytes = &work->one;
    size_t n;
    text_clear(bytes);
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        size_t      before = bytes->len;
        int         len, byte = 0;
        for (size_t k = 0; k < n && byte >= 0; k += (size_t)len) {
            byte = byte_of_char(decode_valid(s + k, &len));
            char c = (char)byte;
            if (byte >= 0) TRY(text_add(bytes, &c, 1));
        }
        if (byte >= 0) continue;
        bytes->len = before;
        TRY(text_add(bytes, s, n));
    }
    TRY(begin_string(&work->out));
    return add_lossy(&work->out, bytes->data, bytes->len);
}

/* <0xAB>: its byte, or -1. A sign is read too, as in the reference. */
static int fallback_byte(const char *s, size_t n)
{
    if (n != 6 || memcmp(s, "<0x", 3) != 0 || s[5] != '>') return -1;
    int value = 0;
    for (size_t i = s[3] == '+' ? 4 : 3; i < 5; i++) {
        static const char digits[] = "0123456789abcdef";
        char        c = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] + 32) : s[i];
        const char *at = c ? strchr(digits, c) : NULL;
        if (!at) return -1;
        value = value * 16 + (int)(at - digits);
    }
    return value;
}

static Status put_bytes(DecodeWork *work)
{
    Text *bytes = &work->one;
    if (bytes->len == 0) return OK;
    if (utf8_valid(bytes->data, bytes->len, NULL)) TRY(add_string(&work->out, bytes->data, bytes->len));
    else
        for (size_t i = 0; i < bytes->len; i++) TRY(add_string(&work->out, REPLACEMENT, 3));
    text_clear(bytes);
    return OK;
}

static Status run_byte_fallback(const Decoder *d, DecodeWork *work)
{
    (void)d;
    size_t n;
    text_clear(&work->one);
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        int         byte = fallback_byte(s, n);
        char        c = (char)byte;
        if (byte >= 0) {
            TRY(text_add(&work->one, &c, 1));
            continue;
        }
        TRY(put_bytes(work));
        TRY(add_string(&work->out, s, n));
    }
    return put_bytes(work);
}

static Status run_metaspace(const Decoder *d, DecodeWork *work)
{
    size_t n;
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        TRY(copy_with(&work->one, s, n, d->mark, i == 0 && d->flag ? "" : " "));
        TRY(add_string(&work->out, work->one.data, work->one.len));
    }
    return OK;
}

static Status run_ctc(const Decoder *d, DecodeWork *work)
{
    const char *before = NULL;
    size_t      n, n_before = 0;
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        bool repeated = before && n == n_before && memcmp(s, before, n) == 0;
        before = s;
        n_before = n;
        if (repeated) continue;
        TRY(copy_with(&work->one, s, n, d->text, ""));
        if (d->flag) TRY(cleanup(work));
        if (d->flag) TRY(replace_all(work, d->delimiter, " "));
        if (work->one.len > 0) TRY(add_string(&work->out, work->one.data, work->one.len));
    }
    return OK;
}

static Status run_fuse(const Decoder *d, DecodeWork *work)
{
    (void)d;
    TRY(begin_string(&work->out));
    return add(&work->out, work->in.text.data, work->in.text.len);
}

static Status run_strip(const Decoder *d, DecodeWork *work)
{
    size_t n, n_content = strlen(d->text);
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        size_t      begin = 0, end = n;
        for (int64_t k = 0; k < d->start && end - begin >= n_content && memcmp(s + begin, d->text, n_content) == 0; k++)
            begin += n_content;
        for (int64_t k = 0; k < d->stop && end - begin >= n_content; k++) {
            if (memcmp(s + end - n_content, d->text, n_content) != 0) break;
            end -= n_content;
        }
        TRY(add_string(&work->out, s + begin, end - begin));
    }
    return OK;
}

static Status run_replace(const Decoder *d, DecodeWork *work)
{
    size_t n;
    for (size_t i = 0; i < work->in.items.n; i++) {
        const char *s = string_at(&work->in, i, &n);
        PatternIter iter = { 0 };
        size_t      done = 0;
        bool        found = n > 0;
        TRY(begin_string(&work->out));
        while (found) {
            Span m;
            TRY(pattern_next(d->pattern, &work->scratch, s, n, &iter, &m, &found));
            if (!found) break;
            TRY(add(&work->out, s + done, m.begin - done));
            TRY(add(&work->out, d->text, strlen(d->text)));
            done = m.end;
        }
        TRY(add(&work->out, s + done, n - done));
    }
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status add_decoder(Tokenizer *t, DecodeFn run, Decoder *d, Status s)
{
    if (s == OK) s = mem_grow(&t->decoders, &t->cap_decoders, t->n_decoders + 1, sizeof *t->decoders);
    if (s == OK) t->decoders[t->n_decoders++] = (DecodeStep){ run, d };
    else decoder_release(d);
    return s;
}

static Status read_text(char **out, const cJSON *json, const char *key, const char *fallback, const char *name)
{
    const char *text;
    TRY(json_get_string(&text, json, key, fallback, name));
    return text_copy(out, text);
}

static Status wordpiece_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    Status s = read_text(&d->text, json, "prefix", "##", name);
    if (s == OK) s = json_get_bool(&d->flag, json, "cleanup", true, name);
    return add_decoder(t, run_wordpiece, d, s);
}

static Status bpe_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    return add_decoder(t, run_bpe, d, read_text(&d->text, json, "suffix", "</w>", name));
}

static Status byte_level_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    return add_decoder(t, run_byte_level, d, OK);
}

static Status byte_fallback_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    return add_decoder(t, run_byte_fallback, d, OK);
}

static Status metaspace_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    return add_decoder(t, run_metaspace, d, metaspace_read(d->mark, &d->flag, json, name));
}

static Status ctc_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    Status s = read_text(&d->text, json, "pad_token", "<pad>", name);
    if (s == OK) s = read_text(&d->delimiter, json, "word_delimiter_token", "|", name);
    if (s == OK) s = json_get_bool(&d->flag, json, "cleanup", true, name);
    return add_decoder(t, run_ctc, d, s);
}

static Status fuse_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    return add_decoder(t, run_fuse, d, OK);
}

static Status strip_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    Decoder *d;
    int      n = 0;
    TRY(mem_new(&d, 1, sizeof *d));
    Status s = read_text(&d->text, json, "content", " ", name);
    if (s == OK) s = json_get_int(&d->start, json, "start", 0, name);
    if (s == OK) s = json_get_int(&d->stop, json, "stop", 0, name);
    if (s == OK && *d->text) (void)decode_valid(d->text, &n);
    if (s == OK && (n == 0 || d->text[n]))
        s = fail(ERR_FORMAT, "%s: Strip: the content \"%.40s\" is not one character", name, d->text);
    return add_decoder(t, run_strip, d, s);
}

static Status replace_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    Decoder *d;
    TRY(mem_new(&d, 1, sizeof *d));
    Status s = read_text(&d->text, json, "content", "", name);
    if (s == OK) s = pattern_parse(&d->pattern, json_get(json, "pattern"), name, "Replace");
    return add_decoder(t, run_replace, d, s);
}

static Status sequence_parse_decoder(Tokenizer *t, const cJSON *json, const char *name)
{
    const cJSON *list = json_get(json, "decoders");
    if (!cJSON_IsArray(list)) return fail(ERR_FORMAT, "%s: a Sequence of decoders needs the list \"decoders\"", name);
    for (const cJSON *c = list->child; c; c = c->next) TRY(decoder_parse(t, c, name));
    return OK;
}

static const PartDef decoders[] = {
    { "WordPiece",    wordpiece_parse_decoder },
    { "Sequence",     sequence_parse_decoder },
    { "BPEDecoder",   bpe_parse_decoder },
    { "ByteLevel",    byte_level_parse_decoder },
    { "ByteFallback", byte_fallback_parse_decoder },
    { "Metaspace",    metaspace_parse_decoder },
    { "CTC",          ctc_parse_decoder },
    { "Fuse",         fuse_parse_decoder },
    { "Strip",        strip_parse_decoder },
    { "Replace",      replace_parse_decoder },
};

Status decoder_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    t->has_decoder |= json != NULL;
    return part_parse(t, json, name, "decoder", decoders, COUNT(decoders));
}

void decoders_release(Tokenizer *t)
{
    for (size_t i = 0; i < t->n_decoders; i++) decoder_release(t->decoders[i].state);
    free(t->decoders);
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

static Status collect(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special, Strings *out)
{
    for (size_t i = 0; i < n; i++) {
        const AddedToken *added = tokenizer_added(t, ids[i]);
        const char       *token = added ? added->shown : vocab_string(&t->vocab, ids[i]);
        if (added && skip_special && added->skipped) continue;
        if (!token)
            return fail(ERR_DATA, "there is no token with the id %d; ids run from 0 to %d", ids[i], t->size - 1);
        if (!t->has_decoder && out->items.n > 0) TRY(add(out, " ", 1));
        TRY(add_string(out, token, strlen(token)));
    }
    return OK;
}

static void work_release(DecodeWork *work)
{
    text_release(&work->in.text);
    text_release(&work->out.text);
    free(work->in.items.items);
    free(work->out.items.items);
    text_release(&work->one);
    text_release(&work->spare);
    regex_match_release(&work->scratch.match);
}

Status tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t n, bool skip_special, char **out)
{
    DecodeWork work = { 0 };
    *out = NULL;
    Status s = t->decode_ids ? t->decode_ids(t, ids, n, skip_special, &work.in.text)
                             : collect(t, ids, n, skip_special, &work.in);
    for (size_t i = 0; s == OK && i < t->n_decoders; i++) {
        clear(&work.out);
        s = t->decoders[i].run(t->decoders[i].state, &work);
        Strings swap = work.in;
        work.in = work.out;
        work.out = swap;
    }
    if (s == OK && !(*out = text_take(&work.in.text))) s = fail(ERR_MEMORY, "no memory for the decoded text");
    work_release(&work);
    return s;
}
