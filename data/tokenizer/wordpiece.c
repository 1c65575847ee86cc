/* data/tokenizer/wordpiece.c: the WordPiece model. Schuster & Nakajima 2012; greedy, longest match first.
 *
 * Most words of a text are in the vocabulary whole, so a word is looked up at once before the trie is walked. Pieces
 * after the first are entered into the trie without their prefix ("##ing" as "ing", under a root of their own), so
 * that a walk reads the word as it is. A word that cannot be covered is one unknown token, as is a word longer than
 * max_input_chars_per_word characters. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

static Status add_token(TokenList *list, int32_t id, size_t begin, size_t end)
{
    if (list->n == list->cap) TRY(mem_grow(&list->items, &list->cap, list->n + 1, sizeof *list->items));
    list->items[list->n++] = (Token){ id, 0, (uint32_t)begin, (uint32_t)end };
    return OK;
}

static size_t count_chars(const char *s, size_t n)
{
    size_t chars = 0;
    for (size_t i = 0; i < n; i++) chars += ((unsigned char)s[i] & 0xC0) != 0x80;
    return chars;
}

static Status tokenize_word(const Tokenizer *t, Scratch *sc, const char *word, size_t n, TokenList *out)
{
    (void)sc;
    const WordPiece *w = &t->wordpiece;
    const Trie      *trie = &w->trie;
    if (n > w->max_chars && count_chars(word, n) > w->max_chars) return add_token(out, w->unk_id, 0, n);
    int32_t whole = vocab_find(&t->vocab, word, n);
    if (whole >= 0) return add_token(out, whole, 0, n);

    size_t   before = out->n;
    uint32_t root = TRIE_ROOT;
    for (size_t begin = 0; begin < n; root = TRIE_CONTINUE) {
        uint32_t node = root;
        int32_t  id = -1;
        size_t   end = begin;
        for (size_t i = begin; i < n; i++) {
            node = trie_step(trie, node, (unsigned char)word[i]);
            if (node == TRIE_NONE) break;
            if (trie->values[node] >= 0) {
                id = trie->values[node];
                end = i + 1;
            }
        }
        if (id < 0) {
            out->n = before;
            return add_token(out, w->unk_id, 0, n);
        }
        TRY(add_token(out, id, begin, end));
        begin = end;
    }
    return OK;
}

static Status build_trie(Tokenizer *t)
{
    WordPiece *w = &t->wordpiece;
    w->trie.seed = t->seed;
    for (int32_t id = 0; id < t->vocab.size; id++) {
        const char *s = vocab_string(&t->vocab, id);
        if (!s || !*s) continue;
        size_t n = strlen(s);
        TRY(trie_add(&w->trie, TRIE_ROOT, s, n, id));
        if (n > w->n_prefix && strncmp(s, w->prefix, w->n_prefix) == 0)
            TRY(trie_add(&w->trie, TRIE_CONTINUE, s + w->n_prefix, n - w->n_prefix, id));
    }
    return OK;
}

Status wordpiece_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    WordPiece  *w = &t->wordpiece;
    const char *unk, *prefix;
    int64_t     max_chars;
    char       *where = NULL;
    TRY(json_get_string(&unk, json, "unk_token", "[UNK]", name));
    TRY(json_get_string(&prefix, json, "continuing_subword_prefix", "##", name));
    TRY(json_get_int(&max_chars, json, "max_input_chars_per_word", 100, name));
    if (max_chars < 0) return fail(ERR_FORMAT, "%s: max_input_chars_per_word is %lld", name, (long long)max_chars);
    if (strlen(prefix) > MAX_TOKEN_BYTES) return fail(ERR_FORMAT, "%s: continuing_subword_prefix is too long", name);
    TRY(text_format(&where, "%s: model.vocab", name));
    Status s = vocab_parse(&t->vocab, cJSON_GetObjectItemCaseSensitive(json, "vocab"), t->seed, where);
    free(where);
    TRY(s);
    w->unk_id = vocab_find(&t->vocab, unk, strlen(unk));
    if (w->unk_id < 0)
        return hint(fail(ERR_FORMAT, "%s: the unknown token \"%s\" is not in the vocabulary", name, unk),
                    "add it to the vocabulary, or name the one that is there as unk_token");
    TRY(text_copy(&w->unk_token, unk));
    TRY(text_copy(&w->prefix, prefix));
    w->n_prefix = strlen(prefix);
    w->max_chars = (size_t)max_chars;
    t->tokenize = tokenize_word;
    t->unk_id = w->unk_id;
    return build_trie(t);
}

void wordpiece_release(WordPiece *w)
{
    trie_release(&w->trie);
    free(w->unk_token);
    free(w->prefix);
}
