/* data/tokenizer/encode.c: a text on its way through the parts, to ids with offsets in the original bytes. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

/* One text being encoded. word counts what the reference calls splits: words and added tokens, empty ones left out. */
typedef struct Pass {
    const Tokenizer *t;
    Scratch         *sc;
    TokenList       *out;
    int32_t          word;
} Pass;

static Status push(Pass *p, int32_t id, Span at)
{
    TokenList *list = p->out;
    if (list->n == list->cap) TRY(mem_grow(&list->items, &list->cap, list->n + 1, sizeof *list->items));
    list->items[list->n++] = (Token){ id, p->word++, at.begin, at.end };
    return OK;
}

/* ASCII eight bytes at a time; from the first other byte on, a sequence at a time. */
static Status check_text(const char *text, size_t n, const char *which)
{
    size_t at = 0, bad = 0;
    if (n > TOKENIZER_MAX_TEXT)
        return hint(fail(ERR_DATA, "%s has %zu bytes; at most %d can be encoded at once", which, n, TOKENIZER_MAX_TEXT),
                    "split it, for example at line ends");
    for (uint64_t eight; at + 8 <= n; at += 8) {
        memcpy(&eight, text + at, 8);
        if (eight & 0x8080808080808080u) break;
    }
    if (at < n && !utf8_valid(text + at, n - at, &bad))
        return hint(fail(ERR_DATA, "%s: byte %zu is not UTF-8", which, at + bad),
                    "convert the text to UTF-8, for example with iconv");
    return OK;
}

/* The characters that [begin, end) of text touches: a model may cut characters into bytes. */
static Span whole_characters(const Aligned *text, uint32_t begin, uint32_t end)
{
    while (begin > 0 && ((unsigned char)text->text[begin] & 0xC0) == 0x80) begin--;
    while (end < text->n && ((unsigned char)text->text[end] & 0xC0) == 0x80) end++;
    return (Span){ begin, end };
}

/* Normalised text without added tokens: words, then tokens, whose places in the word become places in the original. */
static Status encode_words(Pass *p, size_t begin, size_t end)
{
    const Tokenizer *t = p->t;
    Scratch         *sc = p->sc;
    TokenList       *out = p->out;
    TRY(pre_tokenize(t, sc, begin, end));
    const Aligned *text = sc->text;
    RunCursor      cursor = run_cursor_at(text, sc->words.n > 0 ? sc->words.items[0].begin : 0);
    for (size_t i = 0; i < sc->words.n; i++) {
        Span   w = sc->words.items[i];
        size_t from = out->n;
        TRY(t->tokenize(t, sc, text->text + w.begin, w.end - w.begin, out));
        for (size_t k = from; k < out->n; k++) {
            Token *token = &out->items[k];
            Span   at = whole_characters(text, w.begin + token->begin, w.begin + token->end);
            at = run_cursor_span(&cursor, at.begin, at.end);
            *token = (Token){ token->id, p->word, at.begin, at.end };
        }
        p->word++;
    }
    return OK;
}

/* A piece of the text between the added tokens that are looked for before normalising. */
static Status encode_piece(Pass *p, const char *text, size_t n, size_t shift)
{
    Scratch *sc = p->sc;
    TRY(normalize(p->t, sc, text, n, shift));
    Aligned   *norm = sc->kept = sc->text;
    AddedIter  iter = { 0 };
    AddedMatch m;
    while (added_next(p->t, &p->t->normalized, norm->text, norm->n, &iter, &m)) {
        if (m.begin > iter.taken) TRY(encode_words(p, iter.taken, m.begin));
        if (m.end > m.begin) {
            RunCursor there = run_cursor_at(norm, m.begin);
            TRY(push(p, m.token->id, run_cursor_span(&there, (uint32_t)m.begin, (uint32_t)m.end)));
        }
        iter.taken = m.end;
    }
    return norm->n > iter.taken ? encode_words(p, iter.taken, norm->n) : OK;
}

Status tokenizer_pre_tokenize(const Tokenizer *t, Encoding *e, const char *text, size_t n, WordFn fn, void *arg)
{
    TRY(check_text(text, n, "the text"));
    if (!e->scratch) TRY(mem_new(&e->scratch, 1, sizeof *e->scratch));
    Scratch *sc = e->scratch;
    TRY(normalize(t, sc, text, n, 0));
    sc->kept = sc->text;
    TRY(pre_tokenize(t, sc, 0, sc->kept->n));
    for (size_t i = 0; i < sc->words.n; i++) {
        Span w = sc->words.items[i];
        TRY(fn(arg, sc->text->text + w.begin, w.end - w.begin));
    }
    return OK;
}

static Status encode_text(const Tokenizer *t, Scratch *sc, const char *text, size_t n, TokenList *out)
{
    Pass       p = { t, sc, out, 0 };
    AddedIter  iter = { 0 };
    AddedMatch m;
    out->n = 0;
    while (added_next(t, &t->raw, text, n, &iter, &m)) {
        if (m.begin > iter.taken) TRY(encode_piece(&p, text + iter.taken, m.begin - iter.taken, iter.taken));
        if (m.end > m.begin) TRY(push(&p, m.token->id, (Span){ (uint32_t)m.begin, (uint32_t)m.end }));
        iter.taken = m.end;
    }
    return n > iter.taken ? encode_piece(&p, text + iter.taken, n - iter.taken, iter.taken) : OK;
}

Status encode_both(const Tokenizer *t, const char *text, size_t n, const char *pair, size_t n_pair, Encoding *e)
{
    TRY(check_text(text, n, "the text"));
    if (pair) TRY(check_text(pair, n_pair, "the second text"));
    if (!e->scratch) TRY(mem_new(&e->scratch, 1, sizeof *e->scratch));
    TRY(encode_text(t, e->scratch, text, n, &e->scratch->first));
    return pair ? encode_text(t, e->scratch, pair, n_pair, &e->scratch->second) : OK;
}

Status tokenizer_encode(const Tokenizer *t, const char *text, size_t n, const char *pair, size_t n_pair,
                        const EncodeOptions *options, Encoding *out)
{
    out->n = out->n_untruncated = 0;
    TRY(encode_both(t, text, n, pair, n_pair, out));
    const TokenList *first = &out->scratch->first, *second = &out->scratch->second;
    size_t           n1 = first->n, n2 = pair ? second->n : 0;
    TRY(truncate_lengths(t, options, &n1, &n2, pair != NULL));
    bool        left = options && options->truncate_left;
    EncodedText a = { first, text, left ? first->n - n1 : 0, left ? first->n : n1 };
    EncodedText b = { second, pair, left ? second->n - n2 : 0, left ? second->n : n2 };
    return template_apply(t, &a, pair ? &b : NULL, !(options && options->no_special_tokens), out);
}

void scratch_free(Scratch *sc)
{
    if (!sc) return;
    for (size_t i = 0; i < COUNT(sc->texts); i++) {
        text_release(&sc->texts[i].buffer);
        free(sc->texts[i].runs);
    }
    if (sc->work.release) sc->work.release(sc->work.state);
    free(sc->marks.items);
    free(sc->blocked.items);
    regex_match_release(&sc->match);
    free(sc->marks.sources.items);
    free(sc->words.items);
    free(sc->next_words.items);
    free(sc->first.items);
    free(sc->second.items);
    free(sc);
}

Status encoding_copy(Encoding *to, const Encoding *from)
{
    size_t n = from->n, cap[3] = { to->cap, to->cap, to->cap };
    TRY(mem_grow(&to->ids, &cap[0], n, sizeof *to->ids));
    TRY(mem_grow(&to->words, &cap[1], n, sizeof *to->words));
    TRY(mem_grow(&to->offsets, &cap[2], n, 2 * sizeof *to->offsets));
    TRY(mem_grow(&to->segments, &to->cap, n, sizeof *to->segments));
    memcpy(to->ids, from->ids, n * sizeof *to->ids);
    memcpy(to->words, from->words, n * sizeof *to->words);
    memcpy(to->segments, from->segments, n * sizeof *to->segments);
    memcpy(to->offsets, from->offsets, 2 * n * sizeof *to->offsets);
    to->n = n;
    to->n_untruncated = from->n_untruncated;
    return OK;
}

void encoding_release(Encoding *e)
{
    free(e->ids);
    free(e->segments);
    free(e->offsets);
    free(e->words);
    scratch_free(e->scratch);
    memset(e, 0, sizeof *e);
}
