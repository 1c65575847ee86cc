/* data/tokenizer/pretokenize_bytes.c: ByteLevel and Metaspace, the pre-tokenizers that rewrite the words they cut.
 *
 * ByteLevel shows each byte of UTF-8 as one of 256 characters. A byte-level model that can look up bytes is given the
 * bytes themselves (t->raw_bytes), and nothing is rewritten but a space put in front. Metaspace writes a visible
 * character for each space, and cuts before it. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

/* ---- bytes as characters ----------------------------------------------------------------------------------------- */

/* Printable Latin-1 stands for itself, the other 68 bytes follow from U+0100 on, in order (Radford et al. 2019). */
static bool stands_for_itself(unsigned byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/* The others lie in three stretches: up to the space, from DEL to the no-break space, and the soft hyphen. */
uint32_t byte_to_char(unsigned char byte)
{
    if (stands_for_itself(byte)) return byte;
    return byte <= ' ' ? 0x100u + byte : byte == 0xAD ? 0x143u : 0x121u + (byte - 0x7Fu);
}

int byte_of_char(uint32_t cp)
{
    if (cp < 0x100) return stands_for_itself(cp) ? (int)cp : -1;
    return cp <= 0x120 ? (int)cp - 0x100 : cp < 0x143 ? (int)cp - 0x121 + 0x7F : cp == 0x143 ? 0xAD : -1;
}

Status rewriter_bytes(Rewriter *w, size_t end)
{
    const char *text = w->in->text;
    while (w->at < end) {
        size_t from = w->at, i = from;
        while (i < end && text[i] > ' ' && text[i] < 0x7F) i++;
        TRY(rewriter_copy(w, i));
        if (i == end) return OK;
        int n;
        (void)decode_valid(text + i, &n);
        for (int k = 0; k < n; k++) {
            uint32_t shown = byte_to_char((unsigned char)text[i + (size_t)k]);
            TRY(rewriter_put(w, shown, k > 0 ? REWRITE_NEW : REWRITE_REPLACE));
        }
    }
    return OK;
}

/* ---- rewriting words --------------------------------------------------------------------------------------------- */

/* Puts `prefix` in front of the character at w->at; it stands for what that character stands for. */
static Status put_in_front(Rewriter *w, const char *prefix, size_t n)
{
    size_t at = w->at;
    int    len;
    (void)decode_valid(w->in->text + at, &len);
    w->at = at + (size_t)len;
    TRY(rewriter_text(w, prefix, n));
    w->at = at;
    return OK;
}

/* ---- ByteLevel --------------------------------------------------------------------------------------------------- */

typedef struct ByteLevel { bool add_prefix_space, use_regex, raw; } ByteLevel;

static Status add_spaces(Scratch *sc)
{
    Rewriter w;
    bool     any = false;
    for (size_t i = 0; !any && i < sc->words.n; i++) any = sc->text->text[sc->words.items[i].begin] != ' ';
    if (!any) return OK;
    TRY(rewriter_begin(&w, sc));
    for (size_t i = 0; i < sc->words.n; i++) {
        Span  *word = &sc->words.items[i];
        size_t begin = w.out->buffer.len;
        rewriter_skip(&w, word->begin);
        if (sc->text->text[word->begin] != ' ') TRY(put_in_front(&w, " ", 1));
        TRY(rewriter_copy(&w, word->end));
        *word = (Span){ (uint32_t)begin, (uint32_t)w.out->buffer.len };
    }
    rewriter_end(&w);
    return OK;
}

static Status cut_words(Scratch *sc)
{
    sc->next_words.n = 0;
    for (size_t i = 0; i < sc->words.n; i++) {
        Span        word = sc->words.items[i];
        const char *text = sc->text->text + word.begin;
        size_t      n = word.end - word.begin;
        for (size_t at = 0, end; at < n; at = end) {
            end = scan_gpt2(text, at, n);
            TRY(spans_add(&sc->next_words, word.begin + at, word.begin + end));
        }
    }
    scratch_take_words(sc);
    return OK;
}

static Status map_bytes(Scratch *sc)
{
    Rewriter w;
    TRY(rewriter_begin(&w, sc));
    for (size_t i = 0; i < sc->words.n; i++) {
        Span  *word = &sc->words.items[i];
        size_t begin = w.out->buffer.len;
        rewriter_skip(&w, word->begin);
        TRY(rewriter_bytes(&w, word->end));
        *word = (Span){ (uint32_t)begin, (uint32_t)w.out->buffer.len };
    }
    rewriter_end(&w);
    return OK;
}

static Status byte_level(const Step *step, Scratch *sc)
{
    const ByteLevel *b = step->state;
    if (b->add_prefix_space) TRY(add_spaces(sc));
    if (b->use_regex) TRY(cut_words(sc));
    return b->raw ? OK : map_bytes(sc);
}

Status pre_tokenizer_byte_level_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    ByteLevel one = { 0 }, *state;
    TRY(json_get_bool(&one.add_prefix_space, json, "add_prefix_space", true, name));
    TRY(json_get_bool(&one.use_regex, json, "use_regex", true, name));
    TRY(mem_new(&state, 1, sizeof *state));
    *state = one;
    return steps_add(&t->pre_tokenizers, (Step){ byte_level, state, NULL });
}

Status byte_level_leave_raw(Tokenizer *t)
{
    Step *last = t->pre_tokenizers.n > 0 ? &t->pre_tokenizers.items[t->pre_tokenizers.n - 1] : NULL;
    if (!last || last->run != byte_level || !t->use_raw_bytes) return OK;
    bool ok = false;
    TRY(t->use_raw_bytes(t, &ok));
    ((ByteLevel *)last->state)->raw = t->raw_bytes = ok;
    return OK;
}

/* ---- Metaspace --------------------------------------------------------------------------------------------------- */

typedef enum Prepend { PREPEND_ALWAYS, PREPEND_FIRST, PREPEND_NEVER, N_PREPENDS } Prepend;
static const char *const prepends[N_PREPENDS] = { "always", "first", "never" };

typedef struct Metaspace { char mark[5]; size_t n; Prepend prepend; bool split; } Metaspace;

static bool starts_with_mark(const Metaspace *m, const char *text, size_t n)
{
    return text[0] == ' ' || (n >= m->n && memcmp(text, m->mark, m->n) == 0);
}

/* One word; cuts it before each mark where asked. */
static Status mark_word(const Metaspace *m, Rewriter *w, Span word, Spans *out)
{
    const char *text = w->in->text;
    size_t      begin = w->out->buffer.len;
    rewriter_skip(w, word.begin);
    if (m->prepend != PREPEND_NEVER && !starts_with_mark(m, text + word.begin, word.end - word.begin)) {
        int  n;
        (void)decode_valid(text + word.begin, &n);
        Span first = run_cursor_span(&w->cursor, word.begin, word.begin + (uint32_t)n);
        if (m->prepend == PREPEND_ALWAYS || first.begin == 0) TRY(put_in_front(w, m->mark, m->n));
    }
    for (size_t i = word.begin; i < word.end;) {
        bool space = text[i] == ' ', mark = space || (text[i] == m->mark[0] && word.end - i >= m->n
                                                      && memcmp(text + i, m->mark, m->n) == 0);
        if (!mark) {
            i++;
            continue;
        }
        TRY(rewriter_copy(w, i));
        if (m->split && w->out->buffer.len > begin) {
            TRY(spans_add(out, begin, w->out->buffer.len));
            begin = w->out->buffer.len;
        }
        if (space) {
            rewriter_skip(w, i + 1);
            TRY(rewriter_text(w, m->mark, m->n));
        }
        i += space ? 1 : m->n;
        TRY(rewriter_copy(w, i));
    }
    TRY(rewriter_copy(w, word.end));
    return w->out->buffer.len > begin ? spans_add(out, begin, w->out->buffer.len) : OK;
}

static Status metaspace(const Step *step, Scratch *sc)
{
    Rewriter w;
    sc->next_words.n = 0;
    TRY(rewriter_begin(&w, sc));
    for (size_t i = 0; i < sc->words.n; i++) TRY(mark_word(step->state, &w, sc->words.items[i], &sc->next_words));
    rewriter_end(&w);
    scratch_take_words(sc);
    return OK;
}

Status metaspace_read(char mark[5], bool *prepends_any, const cJSON *json, const char *name)
{
    const char *text, *scheme;
    bool        add;
    int         n = 0;
    TRY(json_get_string(&text, json, "replacement", "\xE2\x96\x81", name));
    TRY(json_get_string(&scheme, json, "prepend_scheme", "always", name));
    TRY(json_get_bool(&add, json, "add_prefix_space", true, name));
    if (*text) (void)decode_valid(text, &n);
    if (n == 0 || text[n]) return fail(ERR_FORMAT, "%s: the replacement \"%.40s\" is not one character", name, text);
    if (!add && json_get(json, "prepend_scheme") && strcmp(scheme, "never") != 0)
        return fail(ERR_FORMAT, "%s: add_prefix_space false and prepend_scheme \"%.20s\" contradict each other", name,
                    scheme);
    memcpy(mark, text, (size_t)n + 1);
    *prepends_any = add && strcmp(scheme, "never") != 0;
    return OK;
}

Status pre_tokenizer_metaspace_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    Metaspace   one = { .prepend = N_PREPENDS }, *state;
    const char *scheme;
    bool        any;
    TRY(metaspace_read(one.mark, &any, json, name));
    TRY(json_get_bool(&one.split, json, "split", true, name));
    TRY(json_get_string(&scheme, json, "prepend_scheme", any ? "always" : "never", name));
    for (int i = 0; i < N_PREPENDS; i++)
        if (strcmp(scheme, prepends[i]) == 0) one.prepend = (Prepend)i;
    if (one.prepend == N_PREPENDS)
        return fail(ERR_FORMAT, "%s: the prepend_scheme \"%.20s\" is none of always, first, never", name, scheme);
    one.n = strlen(one.mark);
    TRY(mem_new(&state, 1, sizeof *state));
    *state = one;
    return steps_add(&t->pre_tokenizers, (Step){ metaspace, state, NULL });
}
