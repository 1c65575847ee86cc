/* tests/data/tokenizer/tokenizer_files_test.c: files that must be refused, each with a sentence that says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail                    /* cmocka's; ours comes with core/status.h */
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"

/* A small tokenizer.json in five members; a case replaces one of them or adds another. */
static const struct { const char *key, *value; } members[] = {
    { "added_tokens",   "[{\"id\": 0, \"content\": \"[UNK]\", \"special\": true, \"normalized\": false}]" },
    { "normalizer",     "{\"type\": \"BertNormalizer\", \"clean_text\": true, \"lowercase\": true}" },
    { "pre_tokenizer",  "{\"type\": \"BertPreTokenizer\"}" },
    { "post_processor", "null" },
    { "decoder",        "{\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true}" },
    { "model",
               "{\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", \"vocab\": {\"[UNK]\": 0, \"a\": 1, \"##b\": 2}}" },
};

static void build(Text *out, const char *key, const char *value)
{
    bool found = false;
    text_clear(out);
    assert_int_equal(text_add(out, "{", 1), OK);
    for (size_t i = 0; i < COUNT(members); i++) {
        bool this = key && strcmp(key, members[i].key) == 0;
        found |= this;
        const char *v = this ? value : members[i].value;
        assert_int_equal(text_addf(out, "%s\"%s\": %s", i ? ", " : "", members[i].key, v), OK);
    }
    if (key && !found) assert_int_equal(text_addf(out, ", \"%s\": %s", key, value), OK);
    assert_int_equal(text_add(out, "}", 1), OK);
}

typedef struct BadCase { Status status; const char *key, *value, *says; } BadCase;

#define WORDPIECE(vocab) "{\"type\": \"WordPiece\", \"vocab\": " vocab "}"
#define TEMPLATE(single, specials) \
    "{\"type\": \"TemplateProcessing\", \"pair\": [], \"single\": " single ", \"special_tokens\": " specials "}"

static const BadCase cases[] = {
    { ERR_UNSUPPORTED, "version", "\"2.0\"", "version \"2.0\"" },
    { ERR_FORMAT, "version", "1", "\"version\" must be a string" },

    { ERR_FORMAT, "model", "null", "no \"model\"" },
    { ERR_FORMAT, "model", "[]", "must be an object" },
    { ERR_FORMAT, "model", "{}", "\"type\"" },
    { ERR_UNSUPPORTED, "model", "{\"type\": \"Sorcery\"}", "model \"Sorcery\" is not supported" },
    { ERR_FORMAT, "model", WORDPIECE("null"), "must be an object" },
    { ERR_FORMAT, "model", WORDPIECE("[1, 2]"), "must be an object" },
    { ERR_FORMAT, "model", WORDPIECE("{}"), "\"[UNK]\" is not in the vocabulary" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": 0}"), "share the id 0" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": 1, \"a\": 2}"), "twice" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": -1}"), "\"a\" has the id -1" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": 1000000000}"), "has the id 1000000000" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": 1e300}"), "whole number" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": 4000000}"), "only 2 tokens" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": 1.5}"), "whole number" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\": \"1\"}"), "whole number" },
    { ERR_FORMAT, "model", WORDPIECE("{\"[UNK]\": 0, \"a\\u0000b\": 1}"), "u0000" },
    { ERR_FORMAT, "model",
      "{\"type\": \"WordPiece\", \"unk_token\": 7, \"vocab\": {\"[UNK]\": 0}}",
      "\"unk_token\" must be a string" },
    { ERR_FORMAT, "model",
      "{\"type\": \"WordPiece\", \"max_input_chars_per_word\": -3, \"vocab\": {\"[UNK]\": 0}}",
      "max_input_chars_per_word" },

    { ERR_UNSUPPORTED, "normalizer", "{\"type\": \"Charm\"}", "normalizer \"Charm\" is not supported" },
    { ERR_FORMAT, "normalizer", "\"BertNormalizer\"", "must be an object or null" },
    { ERR_FORMAT, "normalizer",
      "{\"type\": \"BertNormalizer\", \"lowercase\": 1}",
      "\"lowercase\" must be true or false" },
    { ERR_UNSUPPORTED, "pre_tokenizer", "{\"type\": \"Charm\"}", "pre_tokenizer \"Charm\"" },
    { ERR_UNSUPPORTED, "decoder", "{\"type\": \"Charm\"}", "decoder \"Charm\"" },
    { ERR_UNSUPPORTED, "post_processor", "{\"type\": \"Other\"}", "post_processor \"Other\"" },

    { ERR_FORMAT, "added_tokens", "{}", "must be a list" },
    { ERR_FORMAT, "added_tokens", "[3]", "added_tokens[0] must be an object" },
    { ERR_FORMAT, "added_tokens", "[{\"id\": 3}]", "no content" },
    { ERR_FORMAT, "added_tokens", "[{\"id\": 4, \"content\": \"new\"}]", "says id 4, but its place is 3" },
    { ERR_FORMAT, "added_tokens", "[{\"id\": 0, \"content\": \"a\"}]", "says id 0, but its place is 1" },
    { ERR_FORMAT, "added_tokens", "[{\"id\": 999999999999, \"content\": \"new\"}]", "its place is 3" },
    { ERR_FORMAT, "added_tokens",
      "[{\"id\": 3, \"content\": \"n\"}, {\"id\": 4, \"content\": \"n\"}]",
      "\"n\" stands twice" },
    { ERR_FORMAT, "added_tokens",
      "[{\"id\": 3, \"content\": \"n\", \"lstrip\": \"yes\"}]",
      "\"lstrip\" must be true or false" },

    { ERR_FORMAT, "post_processor", "{\"type\": \"TemplateProcessing\"}", "single must be a list" },
    { ERR_FORMAT, "post_processor", TEMPLATE("[1]", "{}"), "\"Sequence\" or a \"SpecialToken\"" },
    { ERR_FORMAT, "post_processor", TEMPLATE("[{\"Sequence\": {\"id\": \"C\"}}]", "{}"), "no sequence \"C\"" },
    { ERR_FORMAT, "post_processor", TEMPLATE("[{\"Sequence\": {\"id\": \"B\"}}]", "{}"), "no sequence \"B\"" },
    { ERR_FORMAT, "post_processor", TEMPLATE("[{\"Sequence\": {\"id\": \"A\", \"type_id\": -1}}]", "{}"), "type_id" },
    { ERR_FORMAT, "post_processor",
      TEMPLATE("[{\"SpecialToken\": {\"id\": \"X\"}}]", "{}"),
      "special_tokens does not have" },
    { ERR_FORMAT, "post_processor",
      TEMPLATE("[{\"SpecialToken\": {\"id\": \"X\"}}]", "{\"X\": {\"ids\": 3}}"),
      "must be a list" },
    { ERR_FORMAT, "post_processor",
      TEMPLATE("[{\"SpecialToken\": {\"id\": \"X\"}}]", "{\"X\": {\"ids\": [3]}}"),
      "the vocabulary does not have" },
    { ERR_FORMAT, "post_processor",
      TEMPLATE("[{\"SpecialToken\": {\"id\": \"X\"}}]", "{\"X\": {\"ids\": [\"a\"]}}"),
      "whole number" },
    { ERR_FORMAT, "post_processor",
      "{\"type\": \"BertProcessing\", \"cls\": [\"a\"], \"sep\": [\"a\", 1]}",
      "cls must be" },
    { ERR_FORMAT, "post_processor",
      "{\"type\": \"BertProcessing\", \"cls\": [\"a\", 1], \"sep\": [\"a\", 77]}",
      "has the id 77" },
    { ERR_FORMAT, "special_tokens_map", "{\"mask_token\": 3}", "\"mask_token\" must be a string" },
};

static void bad_members_are_refused_by_name(void **state)
{
    (void)state;
    Text text = { 0 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Tokenizer *t = NULL;
        build(&text, cases[i].key, cases[i].value);
        Status s = tokenizer_parse(&t, text.data, text.len, "bad.json");
        if (s != cases[i].status || !strstr(status_fact(), cases[i].says))
            print_error("%s = %s: %s \"%s\", where \"%s\" was expected\n", cases[i].key, cases[i].value, status_name(s),
                        s == OK ? "" : status_fact(), cases[i].says);
        assert_int_equal(s, cases[i].status);
        assert_non_null(strstr(status_fact(), cases[i].says));
        assert_non_null(strstr(status_fact(), "bad.json"));
        assert_null(t);
    }
    text_release(&text);
}

static void good_variants_are_accepted(void **state)
{
    (void)state;
    static const struct { const char *key, *value; } good[] = {
        { NULL, NULL },
        { "truncation", /* kept, not applied */
          "{\"max_length\": 3, \"strategy\": \"LongestFirst\", \"stride\": 0}" },
        { "padding", "{\"strategy\": {\"Fixed\": 128}, \"pad_id\": 0, \"pad_token\": \"x\"}" },
        { "somebody_elses_member", "[1, 2, {\"three\": 4}]" },
        { "normalizer", "null" },
        { "added_tokens", "[]" },
        { "model", /* a few holes */
          WORDPIECE("{\"[UNK]\": 3, \"a\": 5, \"##b\": 9}") },
        { "model",
          "{\"unk_token\": \"[UNK]\", \"continuing_subword_prefix\": \"##\", "
          "\"max_input_chars_per_word\": 100, \"vocab\": {\"[UNK]\": 0}}" },
    };
    Text     text = { 0 };
    Encoding e = { 0 };
    for (size_t i = 0; i < COUNT(good); i++) {
        Tokenizer *t = NULL;
        build(&text, good[i].key, good[i].value);
        if (i == 6) { /* [UNK] has another id there; no added token claims 0 */
            char *added = strstr(text.data, "[{\"id\": 0"), *end = strstr(text.data, "}],");
            memset(added + 1, ' ', (size_t)(end - added));
        }
        Status s = tokenizer_parse(&t, text.data, text.len, "good.json");
        if (s != OK) status_print_last(stderr, false);
        assert_int_equal(s, OK);
        assert_int_equal(tokenizer_encode(t, "ab a a a a", 10, NULL, 0, NULL, &e), OK);
        assert_true(e.n >= 5);
        tokenizer_free(t);
    }
    encoding_release(&e);
    text_release(&text);
}

static void no_json_and_broken_json(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "null", "[]", "3", "{", "{}", "{\"model\": {}}", "\xFF\xFE{}",
                                         "{\"model\": \"x\"}", "\xEF\xBB\xBF\xEF\xBB\xBF{}" };
    Tokenizer *t = NULL;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_not_equal(tokenizer_parse(&t, texts[i], strlen(texts[i]), "broken.json"), OK);
        assert_null(t);
    }
    Text deep = { 0 };
    for (int i = 0; i < 100000; i++) assert_int_equal(text_add(&deep, "[", 1), OK);
    assert_int_equal(tokenizer_parse(&t, deep.data, deep.len, "deep.json"), ERR_FORMAT);
    assert_non_null(strstr(status_fact(), "64 levels"));
    text_release(&deep);

    Text good = { 0 };                                          /* every beginning of a good file */
    build(&good, NULL, NULL);
    for (size_t n = 0; n < good.len; n++) assert_int_not_equal(tokenizer_parse(&t, good.data, n, "cut.json"), OK);
    text_release(&good);
}

static void long_tokens_are_refused(void **state)
{
    (void)state;
    Text       text = { 0 }, model = { 0 };
    Tokenizer *t = NULL;
    assert_int_equal(text_addf(&model, WORDPIECE("{\"[UNK]\": 0, \"%0*d\": 1}"), 5000, 0), OK);
    build(&text, "model", model.data);
    assert_int_equal(tokenizer_parse(&t, text.data, text.len, "long.json"), ERR_FORMAT);
    assert_non_null(strstr(status_fact(), "5000 bytes"));
    text_release(&text);
    text_release(&model);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void expect_open(const char *folder, const char *name, const char *bytes, size_t n, Status status,
                        const char *says)
{
    char      *path = NULL;
    Tokenizer *t = NULL;
    assert_int_equal(path_join(&path, folder, name), OK);
    if (bytes) assert_int_equal(file_write_whole(path, bytes, n), OK);
    Status s = tokenizer_open(&t, path);
    if (s != status || !strstr(status_fact(), says))
        print_error("%s: %s \"%s\"\n", name, status_name(s), s == OK ? "" : status_fact());
    assert_int_equal(s, status);
    assert_non_null(strstr(status_fact(), says));
    assert_null(t);
    free(path);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    char pattern[] = "/tmp/tokenizer_files_test.XXXXXX";
    const char *folder = mkdtemp(pattern);
    Tokenizer  *t = NULL;
    assert_non_null(folder);
    assert_int_equal(tokenizer_open(&t, folder), ERR_IO);
    assert_non_null(strstr(status_fact(), "holds no tokenizer.json"));
    expect_open(folder, "none.json", NULL, 0, ERR_IO, "none.json");
    expect_open(folder, "none.txt", NULL, 0, ERR_IO, "none.txt");
    expect_open(folder, "empty.txt", "", 0, ERR_FORMAT, "\"[UNK]\" is not in it");
    expect_open(folder, "bytes.txt", "[UNK]\n\xFF\n", 8, ERR_FORMAT, "byte 6 is not UTF-8");
    expect_open(folder, "nul.txt", "[UNK]\na\0b\n", 10, ERR_FORMAT, "NUL");
    expect_open(folder, "prose.txt", "It was a dark\nand stormy night.\n", 32, ERR_FORMAT, "\"[UNK]\" is not in it");
    expect_open(folder, "empty.json", "", 0, ERR_FORMAT, "empty.json");
    expect_open(folder, "tokenizer_config.json", "[]", 2, ERR_FORMAT, "must hold an object");
    expect_open(folder, "tokenizer_config.json", "{\"do_lower_case\": ", 18, ERR_FORMAT, "tokenizer_config.json");
    assert_int_equal(file_remove_folder(folder), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_members_are_refused_by_name),
        cmocka_unit_test(good_variants_are_accepted),
        cmocka_unit_test(no_json_and_broken_json),
        cmocka_unit_test(long_tokens_are_refused),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
