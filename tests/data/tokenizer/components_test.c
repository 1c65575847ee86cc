/* tests/data/tokenizer/components_test.c: every component beside stored answers of the reference library
 * (tools/tokenizer_components_fixtures.py), windows, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail                    /* cmocka's; ours comes with core/status.h */

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"

static void must(Status s)
{
    if (s != OK) status_print_last(stderr, false);
    assert_int_equal(s, OK);
}

static Tokenizer *open_text(const char *json, const char *name)
{
    Tokenizer *t = NULL;
    must(tokenizer_parse(&t, json, strlen(json), name));
    return t;
}

/* JSON with ' for " */
static char *quoted(const char *json)
{
    char *copy = NULL;
    must(text_copy(&copy, json));
    for (char *p = copy; *p; p++)
        if (*p == '\'') *p = '"';
    return copy;
}

/* ---- stored answers ---------------------------------------------------------------------------------------------- */

static bool same_numbers(const char *name, const char *what, const cJSON *want, const int32_t *got, size_t n)
{
    const cJSON *w = want->child;
    for (size_t i = 0; i < n && w; i++, w = w->next)
        if (got[i] != (int32_t)w->valuedouble) {
            print_error("%s: %s[%zu] is %d, the reference has %d\n", name, what, i, got[i], (int)w->valuedouble);
            return false;
        }
    if (n == (size_t)cJSON_GetArraySize(want)) return true;
    print_error("%s: %zu %s, the reference has %d\n", name, n, what, cJSON_GetArraySize(want));
    return false;
}

static bool check_answer(const Tokenizer *t, const char *name, const cJSON *answer, Encoding *e)
{
    const char *text = json_get(answer, "text")->valuestring;
    char       *decoded = NULL;
    must(tokenizer_encode(t, text, strlen(text), NULL, 0, NULL, e));
    must(tokenizer_decode(t, e->ids, e->n, false, &decoded));
    bool same = same_numbers(name, "ids", json_get(answer, "ids"), e->ids, e->n);
    same &= same_numbers(name, "offsets", json_get(answer, "offsets"), e->offsets, 2 * e->n);
    same &= same_numbers(name, "words", json_get(answer, "words"), e->words, e->n);
    if (strcmp(decoded, json_get(answer, "decoded_all")->valuestring) != 0) {
        print_error("%s: decodes to \"%s\"\n", name, decoded);
        same = false;
    }
    free(decoded);
    return same;
}

static void equals_the_reference(void **state)
{
    (void)state;
    char    *folder = NULL, *path = NULL, *json = NULL;
    cJSON   *fixtures = NULL, *c, *answer;
    Encoding e = { 0 };
    int      n = 0, wrong = 0;
    must(path_folder(&folder, __FILE__));
    must(path_join(&path, folder, "components.json"));
    must(json_read_file(&fixtures, path, JSON_STRICT));
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(fixtures, "cases")) {
        const char *name = json_get(c, "name")->valuestring;
        cJSON      *tokenizer = cJSON_GetObjectItem(c, "tokenizer");
        const char *model = json_get(c, "model")->valuestring;
        cJSON_DeleteItemFromObject(tokenizer, "model");
        cJSON_AddItemToObject(tokenizer, "model", cJSON_Duplicate(json_get(json_get(fixtures, "models"), model), true));
        must(json_print(&json, tokenizer, false));
        Tokenizer *t = open_text(json, name);
        cJSON_ArrayForEach(answer, cJSON_GetObjectItem(c, "answers")) {
            n++;
            wrong += !check_answer(t, name, answer, &e);
        }
        tokenizer_free(t);
        free(json);
    }
    encoding_release(&e);
    cJSON_Delete(fixtures);
    free(folder);
    free(path);
    assert_true(n >= 300);
    assert_int_equal(wrong, 0);
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

#define LETTERS "'model': {'type': 'WordLevel', 'unk_token': '?', 'vocab': {'?': 0, 'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5, " \
                "'f': 6, 'g': 7, '<s>': 8, '</s>': 9}}, 'pre_tokenizer': {'type': 'WhitespaceSplit'}"

static void expect_windows(const char *text, const char *pair, EncodeOptions options, const char *const *want)
{
    char      *json = quoted("{" LETTERS ", 'post_processor': {'type': 'RobertaProcessing', 'cls': ['<s>', 8], "
                             "'sep': ['</s>', 9], 'trim_offsets': false}}");
    Tokenizer *t = open_text(json, "letters");
    EncodeWindows w = { 0 };
    bool       more;
    size_t     k = 0;
    must(encode_windows_begin(&w, t, text, strlen(text), pair, pair ? strlen(pair) : 0, &options));
    for (must(encode_windows_next(&w, &more)); more; must(encode_windows_next(&w, &more)), k++) {
        Text line = { 0 };
        for (size_t i = 0; i < w.encoding.n; i++) must(text_addf(&line, "%s%s", i ? " " : "", tokenizer_token(t, w.encoding.ids[i])));
        assert_non_null(want[k]);
        assert_string_equal(line.data, want[k]);
        for (size_t i = 0; i < w.encoding.n; i++) {
            char letter = tokenizer_token(t, w.encoding.ids[i])[0];              /* each stands in one of the texts, once */
            if (w.encoding.words[i] >= 0)
                assert_int_equal((strchr(text, letter) ? text : pair)[w.encoding.offsets[2 * i]], letter);
        }
        text_release(&line);
    }
    assert_null(want[k]);
    assert_int_equal(k, w.n);
    encode_windows_release(&w);
    tokenizer_free(t);
    free(json);
}

static void windows_share_tokens(void **state)
{
    (void)state;
    expect_windows("a b c d e", NULL, (EncodeOptions){ .max_length = 5, .stride = 1 },
                   (const char *const[]){ "<s> a b c </s>", "<s> c d e </s>", NULL });
    expect_windows("a b c d e", NULL, (EncodeOptions){ .max_length = 4, .truncate_left = true },
                   (const char *const[]){ "<s> d e </s>", "<s> b c </s>", "<s> a </s>", NULL });
    expect_windows("a b", NULL, (EncodeOptions){ .max_length = 9 }, (const char *const[]){ "<s> a b </s>", NULL });
    expect_windows("a b", "c d e f", (EncodeOptions){ .max_length = 8, .stride = 1, .truncation = TRUNCATE_ONLY_SECOND },
                   (const char *const[]){ "<s> a b </s> </s> c d </s>", "<s> a b </s> </s> d e </s>",
                                          "<s> a b </s> </s> e f </s>", NULL });
}

static void windows_that_cannot_be(void **state)
{
    (void)state;
    char      *json = quoted("{" LETTERS "}");
    Tokenizer *t = open_text(json, "letters");
    EncodeWindows w = { 0 };
    static const struct { EncodeOptions options; Status s; } cases[] = {
        { { .max_length = 2, .stride = 2 }, ERR_CONFIG },                             /* would not move on */
        { { .max_length = 2, .truncation = TRUNCATE_ONLY_SECOND }, ERR_CONFIG },      /* there is no second text */
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(encode_windows_begin(&w, t, "a b c", 5, NULL, 0, &cases[i].options), cases[i].s);
    EncodeOptions only_first = { .max_length = 2, .truncation = TRUNCATE_ONLY_FIRST };
    assert_int_equal(encode_windows_begin(&w, t, "a", 1, "b c d", 5, &only_first), ERR_DATA);    /* nothing would be left */
    encode_windows_release(&w);
    tokenizer_free(t);
    free(json);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct { const char *part, *says; } cases[] = {
        { "'normalizer': {'type': 'Sequence'}", "normalizers" },
        { "'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'Magic'}]}", "Magic" },
        { "'normalizer': {'type': 'Replace', 'content': ''}", "pattern" },
        { "'normalizer': {'type': 'Replace', 'pattern': {'Regex': '['}, 'content': ''}", "expression" },
        { "'normalizer': {'type': 'Replace', 'pattern': {'Regex': '[a[bc]]'}, 'content': ''}", "sets inside brackets" },
        { "'normalizer': {'type': 'Replace', 'pattern': {'Regex': '(?m)a.b'}, 'content': ''}", "(?m)" },
        { "'normalizer': {'type': 'Replace', 'pattern': {'Regex': 'a{1,2}+'}, 'content': ''}", "{n,m}+" },
        { "'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': 'AAA'}", "base64" },
        { "'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': 'A?AA'}", "base64" },
        { "'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '/////wAAAAA='}", "trie" },
        { "'pre_tokenizer': {'type': 'Split', 'pattern': {'String': 'a'}, 'behavior': 'Eaten', 'invert': false}", "Eaten" },
        { "'pre_tokenizer': {'type': 'CharDelimiterSplit', 'delimiter': 'ab'}", "one character" },
        { "'pre_tokenizer': {'type': 'FixedLength', 'length': 0}", "0 characters" },
        { "'pre_tokenizer': {'type': 'Metaspace', 'replacement': '', 'prepend_scheme': 'always'}", "one character" },
        { "'pre_tokenizer': {'type': 'Metaspace', 'replacement': '_', 'prepend_scheme': 'often'}", "often" },
        { "'decoder': {'type': 'Strip', 'content': 'ab', 'start': 1, 'stop': 0}", "one character" },
        { "'decoder': {'type': 'Sequence', 'decoders': [{'type': 'Magic'}]}", "Magic" },
        { "'post_processor': {'type': 'Sequence', 'processors': [{'type': 'BertProcessing', 'cls': ['a', 1], 'sep': ['a', 1]}, "
          "{'type': 'BertProcessing', 'cls': ['a', 1], 'sep': ['a', 1]}]}", "two post-processors" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Text       json = { 0 };
        Tokenizer *t = NULL;
        must(text_addf(&json, "{%s, 'model': {'type': 'WordLevel', 'unk_token': 'a', 'vocab': {'a': 0, 'b': 1}}}", cases[i].part));
        char  *text = quoted(json.data);
        Status s = tokenizer_parse(&t, text, strlen(text), "bad.json");
        if (s == OK || !strstr(status_fact(), cases[i].says))
            print_error("%s: %s\n", cases[i].part, s == OK ? "was taken" : status_fact());
        assert_int_not_equal(s, OK);
        assert_non_null(strstr(status_fact(), cases[i].says));
        free(text);
        text_release(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_reference),
        cmocka_unit_test(windows_share_tokens),
        cmocka_unit_test(windows_that_cannot_be),
        cmocka_unit_test(refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
