/* tests/data/tokenizer/tokenizer_test.c: encoding and decoding against stored answers of the reference library
 * (tools/tokenizer_fixtures.py), and what must hold for every text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail                    /* cmocka's; ours comes with core/status.h */
#include <pthread.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/rng.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"

static cJSON *fixtures;

static void must(Status s)
{
    if (s != OK) status_print_last(stderr, false);
    assert_int_equal(s, OK);
}

static int open_fixtures(void **state)
{
    (void)state;
    char *folder = NULL, *path = NULL;
    must(path_folder(&folder, __FILE__));
    must(path_join(&path, folder, "fixtures.json"));
    must(json_read_file(&fixtures, path, JSON_STRICT));
    free(folder);
    free(path);
    return 0;
}

static int close_fixtures(void **state)
{
    (void)state;
    cJSON_Delete(fixtures);
    return 0;
}

static Tokenizer *open_model(const char *name)
{
    Tokenizer *t = NULL;
    char      *text = NULL;
    must(json_print(&text, json_get(json_get(fixtures, "models"), name), false));
    must(tokenizer_parse(&t, text, strlen(text), name));
    free(text);
    return t;
}

static void encode(const Tokenizer *t, const char *text, Encoding *e)
{
    must(tokenizer_encode(t, text, strlen(text), NULL, 0, NULL, e));
}

/* ---- the reference's answers ------------------------------------------------------------------------------------- */

static bool same_numbers(const char *what, const char *text, const cJSON *want, const int32_t *got, size_t n)
{
    const cJSON *w = want->child;
    size_t       n_want = (size_t)cJSON_GetArraySize(want);
    for (size_t i = 0; i < n && i < n_want; i++, w = w->next)
        if (got[i] != (int32_t)w->valuedouble) {
            print_error("\"%s\": %s[%zu] is %d, the reference has %d\n", text, what, i, got[i], (int)w->valuedouble);
            return false;
        }
    if (n != n_want) print_error("\"%s\": %zu %s, the reference has %zu\n", text, n, what, n_want);
    return n == n_want;
}

static bool same_text(const char *text, const char *want, const Tokenizer *t, const Encoding *e, bool skip_special)
{
    char *got = NULL;
    must(tokenizer_decode(t, e->ids, e->n, skip_special, &got));
    bool same = strcmp(want, got) == 0;
    if (!same) print_error("\"%s\" decodes to \"%s\", with the reference to \"%s\"\n", text, got, want);
    free(got);
    return same;
}

static bool check_case(const Tokenizer *t, const cJSON *c, Encoding *e)
{
    const char   *text = json_get(c, "text")->valuestring, *pair = NULL;
    int64_t       max_length = 0, untruncated = 0;
    EncodeOptions options = { 0 };
    must(json_get_string(&pair, c, "pair", NULL, "fixtures"));
    must(json_get_int(&max_length, c, "max_length", 0, "fixtures"));
    must(json_get_int(&untruncated, c, "untruncated", 0, "fixtures"));
    must(json_get_bool(&options.no_special_tokens, c, "no_special_tokens", false, "fixtures"));
    options.max_length = (size_t)max_length;
    must(tokenizer_encode(t, text, strlen(text), pair, pair ? strlen(pair) : 0, &options, e));

    cJSON *flat = cJSON_CreateArray();                             /* [[a, b], ...] -> [a, b, ...] */
    const cJSON *o;
    cJSON_ArrayForEach(o, json_get(c, "offsets"))
        for (int k = 0; k < 2; k++)
            cJSON_AddItemToArray(flat, cJSON_CreateNumber(cJSON_GetArrayItem(o, k)->valuedouble));
    bool same = same_numbers("ids", text, json_get(c, "ids"), e->ids, e->n);
    same &= same_numbers("offsets", text, flat, e->offsets, 2 * e->n);
    same &= same_numbers("segments", text, json_get(c, "segments"), e->segments, e->n);
    same &= same_numbers("words", text, json_get(c, "words"), e->words, e->n);
    same &= same_text(text, json_get(c, "decoded")->valuestring, t, e, true);
    same &= same_text(text, json_get(c, "decoded_all")->valuestring, t, e, false);
    if (e->n_untruncated != (size_t)untruncated) {
        print_error("\"%s\": n_untruncated %zu, the reference has %d\n", text, e->n_untruncated, (int)untruncated);
        same = false;
    }
    cJSON_Delete(flat);
    return same;
}

static void equals_the_reference(void **state)
{
    (void)state;
    static const char *const names[] = { "plain", "odd", "bare" };
    Encoding e = { 0 };
    int      wrong = 0, n = 0;
    for (size_t i = 0; i < COUNT(names); i++) {
        Tokenizer   *t = open_model(names[i]);
        const cJSON *c;
        cJSON_ArrayForEach(c, json_get(fixtures, "cases")) {
            if (strcmp(json_get(c, "model")->valuestring, names[i]) != 0) continue;
            wrong += !check_case(t, c, &e);
            n++;
        }
        tokenizer_free(t);
    }
    encoding_release(&e);
    assert_true(n >= 300);
    assert_int_equal(wrong, 0);
}

/* ---- what holds for every text ----------------------------------------------------------------------------------- */

/* Text of `n` draws from pieces that meet in bad ways. */
static void random_text(Text *out, uint32_t stream, int n)
{
    static const char *const pieces[] = {
        "the", "RIVER", "unhappy", " ", "  ", "\t", "\n", ".", "'", "[MASK]", "[", "\xE6\xB0\xB4", "\xC3\xA9",
        "e\xCC\x81", "\xCC\xA3", "\xE2\x80\x8D", "\xF0\x9F\x98\x80", "\xED\x95\x9C", "\xEF\xBF\xBD", "\x01", "\xC4\xB0",
        "\xE3\x80\xAE", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    };
    text_clear(out);
    must(text_add(out, "", 0));
    for (int i = 0; i < n; i++) {
        const char *p = pieces[rng_draw_below(7, RNG_SITE_SHUFFLE, stream, (uint64_t)i, COUNT(pieces))];
        must(text_add(out, p, strlen(p)));
    }
}

static void offsets_are_ordered_and_inside(void **state)
{
    (void)state;
    Tokenizer *t = open_model("plain");
    Encoding   e = { 0 };
    Text       text = { 0 };
    for (uint32_t stream = 0; stream < 2000; stream++) {
        random_text(&text, stream, 1 + (int)(stream % 40));
        must(tokenizer_encode(t, text.data, text.len, NULL, 0, NULL, &e));
        int32_t before = 0, word = -1;
        assert_true(e.n >= 2 && e.n == e.n_untruncated);
        for (size_t i = 1; i + 1 < e.n; i++) {
            int32_t begin = e.offsets[2 * i], end = e.offsets[2 * i + 1];
            assert_true(begin >= before && begin < end && end <= (int32_t)text.len);
            assert_true((text.data[begin] & 0xC0) != 0x80);
            assert_true(end == (int32_t)text.len || (text.data[end] & 0xC0) != 0x80);
            assert_true(e.words[i] == word || e.words[i] == word + 1);
            assert_true(e.ids[i] >= 0 && e.ids[i] < tokenizer_size(t) && tokenizer_token(t, e.ids[i]));
            before = begin;
            word = e.words[i];
        }
    }
    text_release(&text);
    encoding_release(&e);
    tokenizer_free(t);
}

static void decoding_gives_plain_text_back(void **state)
{
    (void)state;
    static const char *const texts[] = { "the quiet river", "sharpened stones, old boats.", "unhappiness and rain!" };
    Tokenizer *t = open_model("plain");
    Encoding   e = { 0 };
    for (size_t i = 0; i < COUNT(texts); i++) {
        char *back = NULL;
        encode(t, texts[i], &e);
        must(tokenizer_decode(t, e.ids, e.n, true, &back));
        assert_string_equal(back, texts[i]);
        free(back);
    }
    encoding_release(&e);
    tokenizer_free(t);
}

static void truncation_keeps_a_beginning(void **state)
{
    (void)state;
    Tokenizer *t = open_model("plain");
    Encoding   whole = { 0 }, part = { 0 };
    encode(t, "the old boat was on the quiet river", &whole);
    for (size_t max = 2; max <= whole.n + 2; max++) {
        EncodeOptions options = { .max_length = max };
        must(tokenizer_encode(t, "the old boat was on the quiet river", 35, NULL, 0, &options, &part));
        size_t n = max < whole.n ? max : whole.n;
        assert_int_equal(part.n, n);
        assert_int_equal(part.n_untruncated, whole.n);
        assert_memory_equal(part.ids, whole.ids, (n - 1) * sizeof *part.ids);
        assert_int_equal(part.ids[n - 1], tokenizer_role(t, TOKEN_SEP));
    }
    EncodeOptions options = { .max_length = 1 };
    assert_int_equal(tokenizer_encode(t, "a", 1, NULL, 0, &options, &part), ERR_CONFIG);
    encoding_release(&whole);
    encoding_release(&part);
    tokenizer_free(t);
}

static void text_without_a_nul_and_long_text(void **state)
{
    (void)state;
    enum { LONG = 300000 };
    Tokenizer *t = open_model("plain");
    Encoding   e = { 0 };
    char      *tight = malloc(5), *text = malloc(LONG);             /* no byte behind: sanitizers watch */
    assert_true(tight && text);
    memcpy(tight, "r\xC3\xA9\xC3\xA9", 5);
    must(tokenizer_encode(t, tight, 5, NULL, 0, NULL, &e));
    assert_int_equal(e.offsets[2 * (e.n - 2) + 1], 5);
    for (int i = 0; i < LONG; i++) text[i] = "a \xE6\xB0\xB4"[i % 5];
    must(tokenizer_encode(t, text, LONG, NULL, 0, NULL, &e));
    assert_int_equal(e.n, 2 + 2 * LONG / 5);
    memset(text, 'z', LONG);
    must(tokenizer_encode(t, text, LONG, NULL, 0, NULL, &e));
    assert_int_equal(e.n, 3);                                       /* one unknown word */
    must(tokenizer_encode(t, NULL, 0, NULL, 0, NULL, &e));
    assert_int_equal(e.n, 2);
    free(tight);
    free(text);
    encoding_release(&e);
    tokenizer_free(t);
}

static void invalid_utf8_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct { const char *text, *place; } cases[] = {
        { "abc\xFF", "byte 3" },
        { "12345678\xC3", "byte 8" },
        { "\xED\xA0\x80", "byte 0" },
        { "caf\xC3\xA9 \xC0\x80", "byte 6" },
        { "12345678 \xF4\x90\x80\x80", "byte 9" },
    };
    Tokenizer *t = open_model("plain");
    Encoding   e = { 0 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(tokenizer_encode(t, cases[i].text, strlen(cases[i].text), NULL, 0, NULL, &e), ERR_DATA);
        assert_non_null(strstr(status_fact(), cases[i].place));
        assert_int_equal(tokenizer_encode(t, "a", 1, cases[i].text, strlen(cases[i].text), NULL, &e), ERR_DATA);
        assert_non_null(strstr(status_fact(), "second"));
    }
    encoding_release(&e);
    tokenizer_free(t);
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

static void tokens_and_roles(void **state)
{
    (void)state;
    Tokenizer *t = open_model("plain");
    static const char *const names[TOKEN_N_ROLES] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
    for (int role = 0; role < TOKEN_N_ROLES; role++) {
        int32_t id = tokenizer_role(t, (TokenRole)role);
        assert_int_equal(id, role);
        assert_string_equal(tokenizer_token(t, id), names[role]);
        assert_true(tokenizer_is_special(t, id));
        assert_false(tokenizer_continues_word(t, id));
    }
    for (int32_t id = 0; id < tokenizer_size(t); id++) assert_int_equal(tokenizer_id(t, tokenizer_token(t, id)), id);
    assert_true(tokenizer_continues_word(t, tokenizer_id(t, "##ing")));
    assert_false(tokenizer_continues_word(t, tokenizer_id(t, "the")));
    assert_false(tokenizer_continues_word(t, tokenizer_id(t, "#")));
    assert_int_equal(tokenizer_id(t, "no such token"), -1);
    assert_null(tokenizer_token(t, -1));
    assert_null(tokenizer_token(t, tokenizer_size(t)));
    assert_false(tokenizer_is_special(t, -1));
    char   *text = NULL;
    int32_t outside[] = { 5, tokenizer_size(t) };
    assert_int_equal(tokenizer_decode(t, outside, 2, false, &text), ERR_DATA);
    assert_null(text);
    tokenizer_free(t);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static char *temp_folder(void)
{
    char pattern[] = "/tmp/tokenizer_test.XXXXXX", *folder = NULL;
    assert_non_null(mkdtemp(pattern));
    must(text_copy(&folder, pattern));
    return folder;
}

static void write_in(const char *folder, const char *name, const char *text)
{
    char *path = NULL;
    must(path_join(&path, folder, name));
    must(file_write_whole(path, text, strlen(text)));
    free(path);
}

static Tokenizer *open_path(const char *folder, const char *name)
{
    char      *path = NULL;
    Tokenizer *t = NULL;
    must(path_join(&path, folder, name));
    must(tokenizer_open(&t, path));
    free(path);
    return t;
}

static void same_encoding(const Tokenizer *a, const Tokenizer *b, const char *text)
{
    Encoding x = { 0 }, y = { 0 };
    encode(a, text, &x);
    encode(b, text, &y);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.ids, y.ids, x.n * sizeof *x.ids);
    assert_memory_equal(x.offsets, y.offsets, 2 * x.n * sizeof *x.offsets);
    encoding_release(&x);
    encoding_release(&y);
}

static void same_on_all_cases(const Tokenizer *a, const Tokenizer *b)
{
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(fixtures, "cases")) same_encoding(a, b, json_get(c, "text")->valuestring);
}

static void vocab_txt_equals_the_json(void **state)
{
    (void)state;
    char *folder = temp_folder();
    Text  lines = { 0 }, crlf = { 0 };
    const cJSON *v;
    cJSON_ArrayForEach(v, json_get(fixtures, "vocab")) {
        must(text_addf(&lines, "%s\n", v->valuestring));
        must(text_addf(&crlf, "%s%s", crlf.len ? "\r\n" : "", v->valuestring));     /* and no line end at the end */
    }
    write_in(folder, "vocab.txt", lines.data);
    write_in(folder, "windows.txt", crlf.data);
    Tokenizer *json = open_model("plain"), *a = NULL, *b = open_path(folder, "windows.txt"), *again = NULL;
    must(tokenizer_open(&a, folder));
    same_on_all_cases(json, a);
    assert_string_equal(tokenizer_hash(a), tokenizer_hash(b));
    must(tokenizer_parse(&again, tokenizer_json(a), strlen(tokenizer_json(a)), "again"));
    same_on_all_cases(json, again);
    assert_string_equal(tokenizer_hash(a), tokenizer_hash(again));
    tokenizer_free(a);
    tokenizer_free(b);
    tokenizer_free(again);
    tokenizer_free(json);
    text_release(&lines);
    text_release(&crlf);
    must(file_remove_folder(folder));
    free(folder);
}

static void vocab_txt_follows_its_config(void **state)
{
    (void)state;
    char *folder = temp_folder();
    /* "The" stands twice: the later line counts. */
    write_in(folder, "vocab.txt", "<unk>\nThe\nthe\n##e\nth\nThe\n<pad>\n[CLS]\n[SEP]\n[MASK]\n");
    write_in(folder, "special_tokens_map.json",
             "{\"unk_token\": {\"content\": \"<unk>\", \"lstrip\": false}, \"pad_token\": \"[old]\"}");
    write_in(folder, "tokenizer_config.json",
             "{\"do_lower_case\": false, \"pad_token\": \"<pad>\", "
             "\"model_max_length\": 1000000000000000019884624838656}");
    Tokenizer *t = NULL;
    Encoding   e = { 0 };
    must(tokenizer_open(&t, folder));
    EncodeOptions options = { .no_special_tokens = true };
    must(tokenizer_encode(t, "The the THE", 11, NULL, 0, &options, &e));
    assert_int_equal(e.n, 3);
    assert_int_equal(e.ids[0], 5);
    assert_int_equal(e.ids[1], 2);
    assert_int_equal(e.ids[2], 0);
    assert_null(tokenizer_token(t, 1));
    assert_int_equal(tokenizer_role(t, TOKEN_UNK), 0);
    assert_int_equal(tokenizer_role(t, TOKEN_PAD), 6);
    tokenizer_free(t);
    encoding_release(&e);
    must(file_remove_folder(folder));
    free(folder);
}

static void saved_folders_open_again(void **state)
{
    (void)state;
    static const char *const names[] = { "plain", "odd" };
    char *folder = temp_folder();
    for (size_t i = 0; i < COUNT(names); i++) {
        Tokenizer *t = open_model(names[i]), *back = NULL, *from_vocab = NULL;
        must(tokenizer_save(t, folder, 128));
        must(tokenizer_open(&back, folder));
        assert_string_equal(tokenizer_hash(t), tokenizer_hash(back));
        from_vocab = open_path(folder, "vocab.txt");
        if (i == 0) same_on_all_cases(t, from_vocab);
        for (int role = 0; role < TOKEN_N_ROLES; role++)
            assert_int_equal(tokenizer_role(back, (TokenRole)role), tokenizer_role(t, (TokenRole)role));
        tokenizer_free(t);
        tokenizer_free(back);
        tokenizer_free(from_vocab);
    }
    must(file_remove_folder(folder));
    free(folder);
}

/* A config that gives [unused1] the role of the mask: the text alone must keep it. */
static void unusual_roles_survive_in_the_text(void **state)
{
    (void)state;
    char      *folder = temp_folder();
    Tokenizer *t = open_model("plain"), *with = NULL, *back = NULL;
    write_in(folder, "tokenizer.json", tokenizer_json(t));
    write_in(folder, "tokenizer_config.json",
             "{\"mask_token\": \"[unused1]\", \"cls_token\": \"[not there]\", \"sep_token\": null}");
    must(tokenizer_open(&with, folder));
    must(tokenizer_parse(&back, tokenizer_json(with), strlen(tokenizer_json(with)), "back"));
    assert_int_equal(tokenizer_role(with, TOKEN_MASK), tokenizer_id(t, "[unused1]"));
    assert_int_equal(tokenizer_role(back, TOKEN_MASK), tokenizer_id(t, "[unused1]"));
    assert_int_equal(tokenizer_role(back, TOKEN_CLS), tokenizer_id(t, "[CLS]"));
    tokenizer_free(t);
    tokenizer_free(with);
    tokenizer_free(back);
    must(file_remove_folder(folder));
    free(folder);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static void *encode_all(void *arg)
{
    const Tokenizer *t = arg;
    Encoding         e = { 0 };
    size_t           n = 0;
    const cJSON     *c;
    for (int pass = 0; pass < 5; pass++)
        cJSON_ArrayForEach(c, json_get(fixtures, "cases")) {
            const char *text = json_get(c, "text")->valuestring;
            if (tokenizer_encode(t, text, strlen(text), NULL, 0, NULL, &e) != OK) break;
            for (size_t i = 0; i < e.n; i++) n = n * 31 + (size_t)e.ids[i];
        }
    encoding_release(&e);
    return (void *)n;
}

static void threads_share_a_tokenizer(void **state)
{
    (void)state;
    Tokenizer *t = open_model("plain");
    pthread_t  threads[4];
    for (size_t i = 0; i < COUNT(threads); i++) assert_int_equal(pthread_create(&threads[i], NULL, encode_all, t), 0);
    void *want = encode_all(t);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *got;
        assert_int_equal(pthread_join(threads[i], &got), 0);
        assert_ptr_equal(got, want);
    }
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_reference),
        cmocka_unit_test(offsets_are_ordered_and_inside),
        cmocka_unit_test(decoding_gives_plain_text_back),
        cmocka_unit_test(truncation_keeps_a_beginning),
        cmocka_unit_test(text_without_a_nul_and_long_text),
        cmocka_unit_test(invalid_utf8_is_refused_with_its_place),
        cmocka_unit_test(tokens_and_roles),
        cmocka_unit_test(vocab_txt_equals_the_json),
        cmocka_unit_test(vocab_txt_follows_its_config),
        cmocka_unit_test(saved_folders_open_again),
        cmocka_unit_test(unusual_roles_survive_in_the_text),
        cmocka_unit_test(threads_share_a_tokenizer),
    };
    return cmocka_run_group_tests(tests, open_fixtures, close_fixtures);
}
