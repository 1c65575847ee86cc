/* tests/data/tokenizer/models_test.c: every model and every kind of file beside the reference libraries, through the
 * files of tests/data/tokenizer/models (tools/tokenizer_models_fixtures.py); and files that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail                    /* cmocka's; ours comes with core/status.h */

#include "core/json.h"
#include "core/rng.h"
#include "core/text.h"
#include "data/tokenizer/gguf_vocab.h"
#include "data/tokenizer/sentencepiece.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/vocab_merges.h"

#define FOLDER "tests/data/tokenizer/models"

static void must(Status s)
{
    if (s != OK) status_print_last(stderr, false);
    assert_int_equal(s, OK);
}

static void check_ids(const cJSON *row, const Encoding *e)
{
    const cJSON *ids = json_get(row, "ids"), *offsets = json_get(row, "offsets");
    bool         same = (size_t)cJSON_GetArraySize(ids) == e->n;
    size_t       i = 0;
    for (const cJSON *c = ids->child; same && c; c = c->next) same = c->valueint == e->ids[i++];
    if (!same) {
        char *want = cJSON_PrintUnformatted(row);
        fprintf(stderr, "%.400s\nours:", want);
        for (size_t k = 0; k < e->n && k < 40; k++) fprintf(stderr, " %d", e->ids[k]);
        fputc('\n', stderr);
        free(want);
    }
    assert_true(same);
    i = 0;
    for (const cJSON *c = offsets ? offsets->child : NULL; c; c = c->next, i++) {
        assert_int_equal(c->child->valueint, e->offsets[2 * i]);
        assert_int_equal(c->child->next->valueint, e->offsets[2 * i + 1]);
    }
}

/* The text that tokenizer_json() gives is a tokenizer of the same ids. */
static Tokenizer *open_again(const char *path)
{
    Tokenizer *t, *again;
    must(tokenizer_open(&t, path));
    must(tokenizer_parse(&again, tokenizer_json(t), strlen(tokenizer_json(t)), "again"));
    assert_string_equal(tokenizer_hash(t), tokenizer_hash(again));
    tokenizer_free(t);
    return again;
}

static void equal_to_reference(void **state)
{
    (void)state;
    cJSON     *rows;
    Tokenizer *t = NULL;
    Encoding   e = { 0 };
    char      *path = NULL, *decoded;
    const char *open = "", *model, *text, *want;
    must(json_read_file(&rows, FOLDER "/cases.json", JSON_REFUSE_NUL));
    assert_true(cJSON_GetArraySize(rows) > 200);
    for (const cJSON *row = rows->child; row; row = row->next) {
        must(json_get_string(&model, row, "model", "", "cases.json"));
        must(json_get_string(&text, row, "text", "", "cases.json"));
        must(json_get_string(&want, row, "decoded", "", "cases.json"));
        if (strcmp(model, open) != 0) {
            tokenizer_free(t);
            must(text_format(&path, FOLDER "/%s", model));
            t = open_again(path);
            open = model;
        }
        for (int twice = 0; twice < 2; twice++) {                    /* the second time from the cache */
            must(tokenizer_encode(t, text, strlen(text), NULL, 0, NULL, &e));
            check_ids(row, &e);
        }
        must(tokenizer_decode(t, e.ids, e.n, true, &decoded));
        assert_string_equal(decoded, want);
        free(decoded);
    }
    free(path);
    tokenizer_free(t);
    encoding_release(&e);
    cJSON_Delete(rows);
}

/* A word of 200,000 characters takes n log n: this test would not end in time otherwise. */
static void long_words(void **state)
{
    (void)state;
    static const char *const models[] = { "byte_bpe.json", "fallback_bpe.json", "unigram.json", "spm_bpe.model",
                                          "spm_unigram.model" };
    enum { N = 200000 };
    char    *word, *path = NULL;
    Encoding e = { 0 };
    assert_non_null(word = malloc(N));
    for (size_t i = 0; i < N; i++) word[i] = "the-stone"[i * i % 9];
    for (size_t k = 0; k < COUNT(models); k++) {
        must(text_format(&path, FOLDER "/%s", models[k]));
        Tokenizer *t = open_again(path);
        must(tokenizer_encode(t, word, N, NULL, 0, NULL, &e));
        assert_true(e.n > N / 20);
        assert_int_equal(e.offsets[2 * e.n - 1], N);
        tokenizer_free(t);
    }
    free(path);
    free(word);
    encoding_release(&e);
}

/* ---- words cut where no merge joins two characters --------------------------------------------------------------- */

/* Symbols of the models, and the characters of the texts: all of them can be made of the symbols. */
typedef struct Alphabet { const char *steps, *symbols[7], *chars[5]; } Alphabet;

static const Alphabet alphabets[] = {
    { "null",
      { "\u6c34", "\u77f3", "\u706b", "\u5c71", "a", "b", "\u00e9" },
      { "\u6c34", "\u77f3", "\u706b", "a", "\u00e9" } },
    { "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}",
      { "\u00e6", "\u00b0", "\u00b4", "\u00b3", "\u00c3", "a", "b" },     /* bytes E6 B0 B4 B3 C3 61 62 */
      { "\u6c34", "\u6c33", "\u00f3", "a", "b" } },
};

/* Random merges. `whole`: also one of the unknown token, which no text here has, so that words are not cut. */
static Tokenizer *random_merges(const Alphabet *abc, uint32_t seed, bool whole)
{
    enum { MERGES = 30, SYMBOLS = COUNT(abc->symbols), LONGEST = 24 };
    Text       vocab = { 0 }, merges = { 0 }, json = { 0 };
    char       tokens[SYMBOLS + MERGES][LONGEST + 1];
    uint32_t   n = 0;
    Tokenizer *t;
    must(text_addf(&vocab, "\"<unk>\": 0, \"<unk>a\": 1"));
    must(text_addf(&merges, "\"a a\"%s", whole ? ", \"<unk> a\"" : ""));
    for (uint32_t k = 0; k < SYMBOLS + 1 + MERGES; k++) {
        const char *left = "a", *right = "a";
        if (k < SYMBOLS) {
            left = abc->symbols[k];
            right = "";
        } else if (k > SYMBOLS) {
            left = tokens[rng_draw_below(seed, 0, 0, k, n)];
            right = tokens[rng_draw_below(seed, 0, 1, k, n)];
        }
        char made[2 * LONGEST + 1];
        bool there = false;
        snprintf(made, sizeof made, "%s%s", left, right);
        for (uint32_t i = 0; i < n; i++) there |= strcmp(tokens[i], made) == 0;
        if (there || strlen(made) > LONGEST || n == COUNT(tokens)) continue;
        memcpy(tokens[n], made, strlen(made) + 1);
        must(text_addf(&vocab, ", \"%s\": %u", made, ++n + 1));
        if (k > SYMBOLS) must(text_addf(&merges, ", \"%s %s\"", left, right));
    }
    must(text_addf(&json, "{\"pre_tokenizer\": %s, \"model\": {\"type\": \"BPE\", \"unk_token\": \"<unk>\", "
                   "\"vocab\": {%s}, \"merges\": [%s]}}", abc->steps, vocab.data, merges.data));
    must(tokenizer_parse(&t, json.data, json.len, "random"));
    text_release(&vocab);
    text_release(&merges);
    text_release(&json);
    return t;
}

static void cut_words_merge_as_whole_ones(void **state)
{
    (void)state;
    Encoding cut = { 0 }, whole = { 0 };
    Text     text = { 0 };
    for (uint32_t seed = 0; seed < 400; seed++) {
        const Alphabet *abc = &alphabets[seed % COUNT(alphabets)];
        Tokenizer      *a = random_merges(abc, seed, false), *b = random_merges(abc, seed, true);
        for (uint32_t k = 0; k < 20; k++) {
            text_clear(&text);
            for (uint32_t i = rng_draw_below(seed, 1, k, 0, 60) + 1; i > 0; i--)
                must(text_addf(&text, "%s", abc->chars[rng_draw_below(seed, 2, k, i, COUNT(abc->chars))]));
            must(tokenizer_encode(a, text.data, text.len, NULL, 0, NULL, &cut));
            must(tokenizer_encode(b, text.data, text.len, NULL, 0, NULL, &whole));
            assert_int_equal(cut.n, whole.n);
            assert_memory_equal(cut.ids, whole.ids, cut.n * sizeof *cut.ids);
            assert_memory_equal(cut.offsets, whole.offsets, 2 * cut.n * sizeof *cut.offsets);
            for (size_t i = 0; i < cut.n; i++) assert_true(cut.ids[i] > 1);
        }
        tokenizer_free(a);
        tokenizer_free(b);
    }
    encoding_release(&cut);
    encoding_release(&whole);
    text_release(&text);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

typedef struct BadModel { Status status; const char *model, *says; } BadModel;

static const BadModel bad_models[] = {
    { ERR_UNSUPPORTED, "{'type': 'BPE', 'dropout': 0.1, 'vocab': {'a': 0}, 'merges': []}", "model.dropout is 0.1" },
    { ERR_FORMAT, "{'type': 'BPE', 'vocab': {'a': 0}}", "model.merges must be a list" },
    { ERR_FORMAT, "{'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a']}", "model.merges[0] is \"a\"" },
    { ERR_FORMAT, "{'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a a a']}", "one space between" },
    { ERR_FORMAT, "{'type': 'BPE', 'vocab': {'a': 0}, 'merges': [['a']]}", "must be two tokens" },
    { ERR_FORMAT, "{'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a b']}", "\"b\", which is not in the vocabulary" },
    { ERR_FORMAT, "{'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a a']}", "\"aa\", which is not in the vocabulary" },
    { ERR_FORMAT, "{'type': 'Unigram', 'vocab': {}}", "must be a list" },
    { ERR_FORMAT, "{'type': 'Unigram', 'vocab': [['a']]}", "a piece and its score" },
    { ERR_FORMAT, "{'type': 'Unigram', 'vocab': [['a', 1]], 'unk_id': 1}", "model.unk_id is 1" },
    { ERR_FORMAT, "{'type': 'Unigram', 'vocab': [['a', 1], ['a', 2]]}", "stands twice" },
};

static void bad_models_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_models); i++) {
        Text       json = { 0 };
        Tokenizer *t;
        must(text_addf(&json, "{'model': %s}", bad_models[i].model));
        for (char *p = json.data; *p; p++)
            if (*p == '\'') *p = '"';
        assert_int_equal(tokenizer_parse(&t, json.data, json.len, "model"), bad_models[i].status);
        Text said = { 0 };
        must(text_addf(&said, "%s; %s", status_fact(), status_hint()));
        if (!strstr(said.data, bad_models[i].says)) fprintf(stderr, "%s\nsays: %s\n", json.data, said.data);
        assert_non_null(strstr(said.data, bad_models[i].says));
        text_release(&said);
        text_release(&json);
    }
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    static const char nothing[] = "nothing at all", gguf[24] = "GGUF\x03";
    char  *json;
    cJSON *config = cJSON_CreateObject();
    assert_int_equal(gguf_vocab_to_json(&json, nothing, sizeof nothing, "x.gguf"), ERR_FORMAT);
    assert_int_equal(gguf_vocab_to_json(&json, gguf, sizeof gguf, "x.gguf"), ERR_FORMAT);
    assert_non_null(strstr(status_fact(), "holds no vocabulary"));
    assert_int_equal(sentencepiece_to_json(&json, nothing, sizeof nothing, config, "x.model"), ERR_FORMAT);
    assert_int_equal(sentencepiece_to_json(&json, nothing, 0, config, "x.model"), ERR_FORMAT);
    must(json_add_string(config, "tokenizer_class", "CLIPTokenizer"));
    assert_int_equal(vocab_merges_to_json(&json, "{}", 2, "", 0, config, NULL, "vocab.json"), ERR_UNSUPPORTED);
    assert_non_null(strstr(status_fact(), "CLIPTokenizer"));
    cJSON_Delete(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_reference),
        cmocka_unit_test(long_words),
        cmocka_unit_test(cut_words_merge_as_whole_ones),
        cmocka_unit_test(bad_models_are_refused),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
