/* data/windows.c: texts cut into windows that lie side by side: every token once, in order, none left out.
 *
 * The tokens stay in memory (8 bytes each): tokenising a long text again for each of its windows would cost its length
 * squared. Sets for which that is too much are prepared. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/dataset_internal.h"

typedef struct Window { int64_t at, row; int32_t n; } Window;

struct TextWindows {
    int32_t *ids, *words;              /* (n_tokens) of all texts */
    int64_t  n_tokens, n;
    size_t   cap_ids, cap_words, cap;
    Window  *windows;                  /* (n) */
    int64_t  room;                     /* tokens of the text a window holds */
    int32_t *prefix, *suffix;          /* special tokens around a text */
    int32_t  n_prefix, n_suffix;
    int32_t *out_ids, *out_words, *zeros;      /* (max_length) the example given out last */
};

/* What the tokenizer puts around a text, from what it puts around a letter. */
static Status find_specials(TextWindows *w, const Tokenizer *tokenizer)
{
    Encoding e = { 0 };
    Status   s = tokenizer_encode(tokenizer, "a", 1, NULL, 0, &(EncodeOptions){ 0 }, &e);
    if (s == OK) s = mem_new(&w->prefix, e.n, sizeof *w->prefix);
    if (s == OK) s = mem_new(&w->suffix, e.n, sizeof *w->suffix);
    for (size_t i = 0; s == OK && i < e.n && e.words[i] < 0; i++) w->prefix[w->n_prefix++] = e.ids[i];
    size_t from = e.n;
    while (from > (size_t)w->n_prefix && e.words[from - 1] < 0) from--;
    for (; s == OK && from < e.n; from++) w->suffix[w->n_suffix++] = e.ids[from];
    encoding_release(&e);
    return s;
}

Status windows_new(TextWindows **out, const Tokenizer *tokenizer, int64_t max_length)
{
    *out = NULL;
    TextWindows *w;
    TRY(mem_new(&w, 1, sizeof *w));
    Status s = find_specials(w, tokenizer);
    w->room = max_length - w->n_prefix - w->n_suffix;
    if (s == OK && w->room < 1)
        s = hint(fail(ERR_CONFIG, "data.max_length is %" PRId64 ", which leaves no room for text beside %d special "
                      "tokens", max_length, w->n_prefix + w->n_suffix),
                 "use at least %d", w->n_prefix + w->n_suffix + 1);
    if (s == OK) s = mem_new(&w->out_ids, (size_t)max_length, sizeof *w->out_ids);
    if (s == OK) s = mem_new(&w->out_words, (size_t)max_length, sizeof *w->out_words);
    if (s == OK) s = mem_new(&w->zeros, (size_t)max_length, sizeof *w->zeros);
    if (s == OK) *out = w;
    else windows_free(w);
    return s;
}

void windows_free(TextWindows *w)
{
    if (!w) return;
    free(w->ids);
    free(w->words);
    free(w->windows);
    free(w->prefix);
    free(w->suffix);
    free(w->out_ids);
    free(w->out_words);
    free(w->zeros);
    free(w);
}

Status windows_add(TextWindows *w, const Encoding *text, int64_t row)
{
    size_t need = (size_t)w->n_tokens + text->n;
    TRY(mem_grow(&w->ids, &w->cap_ids, need, sizeof *w->ids));
    TRY(mem_grow(&w->words, &w->cap_words, need, sizeof *w->words));
    memcpy(w->ids + w->n_tokens, text->ids, text->n * sizeof *w->ids);
    memcpy(w->words + w->n_tokens, text->words, text->n * sizeof *w->words);
    for (int64_t at = 0, n = (int64_t)text->n; at < n; at += w->room) {
        TRY(mem_grow(&w->windows, &w->cap, (size_t)w->n + 1, sizeof *w->windows));
        w->windows[w->n++] = (Window){ w->n_tokens + at, row, (int32_t)(n - at < w->room ? n - at : w->room) };
    }
    w->n_tokens += (int64_t)text->n;
    return OK;
}

int64_t windows_count(const TextWindows *w) { return w->n; }
int64_t windows_row(const TextWindows *w, int64_t i) { return w->windows[i].row; }

void windows_example(TextWindows *w, int64_t i, Example *out)
{
    Window  v = w->windows[i];
    int64_t n = 0;
    int32_t first = -1;                                 /* words count from the window's own first */
    for (int32_t k = 0; k < w->n_prefix; k++, n++) {
        w->out_ids[n] = w->prefix[k];
        w->out_words[n] = -1;
    }
    for (int64_t k = v.at; k < v.at + v.n; k++, n++) {
        if (first < 0) first = w->words[k];
        w->out_ids[n] = w->ids[k];
        w->out_words[n] = w->words[k] < 0 ? -1 : w->words[k] - first;
    }
    for (int32_t k = 0; k < w->n_suffix; k++, n++) {
        w->out_ids[n] = w->suffix[k];
        w->out_words[n] = -1;
    }
    out->ids = w->out_ids;
    out->words = w->out_words;
    out->segments = w->zeros;
    out->n = n;
}
