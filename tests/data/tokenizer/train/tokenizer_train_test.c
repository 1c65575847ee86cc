/* tests/data/tokenizer/train/tokenizer_train_test.c: vocabularies against those of the reference library
 * (tools/tokenizer_train_fixtures.py), and what must hold for every text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/test.h"

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/train/train_internal.h"

static cJSON       *fixtures;
static const char **texts;
static size_t       n_texts;

static int open_fixtures(void **state)
{
    (void)state;
    const cJSON *t;
    must(json_read_file(&fixtures, "tests/data/tokenizer/train/fixtures.json", JSON_STRICT));
    must(mem_new(&texts, (size_t)cJSON_GetArraySize(json_get(fixtures, "texts")), sizeof *texts));
    cJSON_ArrayForEach(t, json_get(fixtures, "texts")) texts[n_texts++] = t->valuestring;
    return 0;
}

static int close_fixtures(void **state)
{
    (void)state;
    free(texts);
    cJSON_Delete(fixtures);
    return 0;
}

/* ---- sources ----------------------------------------------------------------------------------------------------- */

typedef struct Source { size_t at, times; bool backwards; } Source;     /* all texts, `times` over */

static Status next_text(void *arg, const char **text, size_t *n)
{
    Source *s = arg;
    size_t  i = s->at % n_texts;
    *text = NULL;
    if (s->at++ == n_texts * s->times) return OK;
    *text = texts[s->backwards ? n_texts - 1 - i : i];
    *n = strlen(*text);
    return OK;
}

static TokenizerTrainOptions options_of(const cJSON *json)
{
    TokenizerTrainOptions o = { 0 };
    int64_t add_prefix_space;
    must(json_get_string(&o.type, json, "type", NULL, "options"));
    must(json_get_int(&o.vocab_size, json, "vocab_size", 0, "options"));
    must(json_get_int(&o.min_frequency, json, "min_frequency", 0, "options"));
    must(json_get_int(&o.limit_alphabet, json, "limit_alphabet", 0, "options"));
    must(json_get_int(&o.max_token_length, json, "max_token_length", 0, "options"));
    must(json_get_bool(&o.lowercase, json, "lowercase", false, "options"));
    must(json_get_bool(&o.byte_fallback, json, "byte_fallback", false, "options"));
    must(json_get_int(&add_prefix_space, json, "add_prefix_space", 0, "options"));
    o.add_prefix_space = (int)add_prefix_space;
    return o;
}

static char *train(TokenizerTrainOptions o, Source source, TokenizerTrainReport *report)
{
    char *json;
    if (source.times == 0) source.times = 1;
    o.next = next_text;
    o.next_arg = &source;
    must(tokenizer_train(&json, report, &o));
    return json;
}

static const cJSON *find_case(const char *name)
{
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(fixtures, "cases"))
        if (strcmp(json_get(c, "name")->valuestring, name) == 0) return c;
    fail_msg("there is no case \"%s\"", name);
    return NULL;
}

/* ---- equal to the reference -------------------------------------------------------------------------------------- */

static int compare_strings(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The tokens by id; sorted for wordpiece, as the fixture has them. */
static const char **tokens_of(const cJSON *vocab, size_t n, bool sorted)
{
    const char **tokens;
    const cJSON *c;
    size_t       i = 0;
    must(mem_new(&tokens, n, sizeof *tokens));
    cJSON_ArrayForEach(c, vocab)
    {
        assert_in_range((size_t)c->valuedouble, 0, n - 1);
        tokens[sorted ? i++ : (size_t)c->valuedouble] = c->string;
    }
    if (sorted) qsort(tokens, n, sizeof *tokens, compare_strings);
    return tokens;
}

static bool same_vocab(const cJSON *c, const cJSON *model)
{
    const cJSON *want = json_get(c, "vocab"), *got = json_get(model, "vocab");
    size_t       n = (size_t)cJSON_GetArraySize(want), i = 0;
    bool same = n == (size_t)cJSON_GetArraySize(got), sorted = json_get(model, "max_input_chars_per_word") != NULL;
    if (!same)
        print_error("%s: %d tokens, the reference has %zu\n", json_get(c, "name")->valuestring, cJSON_GetArraySize(got),
                    n);
    if (!same) return false;
    const char **tokens = tokens_of(got, n, sorted);
    cJSON_ArrayForEach(want, json_get(c, "vocab"))
    {
        if (same && strcmp(tokens[i], want->valuestring) != 0) {
            print_error("%s: token %zu is \"%s\", in the reference \"%s\"\n", json_get(c, "name")->valuestring, i,
                        tokens[i], want->valuestring);
            same = false;
        }
        i++;
    }
    free(tokens);
    return same;
}

static bool same_merges(const cJSON *c, const cJSON *model)
{
    const cJSON *want = json_get(c, "merges"), *got = json_get(model, "merges");
    if (!want && !got) return true;
    assert_non_null(want);
    assert_non_null(got);
    assert_int_equal(cJSON_GetArraySize(got), cJSON_GetArraySize(want));
    int i = 0;
    for (want = want->child, got = got->child; want; want = want->next, got = got->next, i++)
        if (!cJSON_Compare(want, got, true)) {
            print_error("%s: merge %d is %s + %s, in the reference %s + %s\n", json_get(c, "name")->valuestring, i,
                        got->child->valuestring, got->child->next->valuestring, want->child->valuestring,
                        want->child->next->valuestring);
            return false;
        }
    return true;
}

static void equals_the_reference(void **state)
{
    (void)state;
    const cJSON *c;
    bool         same = true;
    size_t       n = 0;
    cJSON_ArrayForEach(c, json_get(fixtures, "cases"))
    {
        if (!json_get(c, "vocab")) continue;
        cJSON *root;
        char  *json = train(options_of(json_get(c, "options")), (Source){ 0 }, NULL);
        must(json_parse(&root, json, strlen(json), "trained", JSON_STRICT));
        same &= same_vocab(c, json_get(root, "model")) && same_merges(c, json_get(root, "model"));
        cJSON_Delete(root);
        free(json);
        n++;
    }
    assert_true(same);
    assert_true(n >= 7);
}

/* ---- unigram: as good as the reference's, under its own model ---------------------------------------------------- */

static void unigram_is_as_likely_as_the_reference(void **state)
{
    (void)state;
    const cJSON *c = find_case("unigram");
    double want_tokens = json_get(c, "n_tokens")->valuedouble, want = json_get(c, "loglikelihood")->valuedouble,
           got = 0;
    char  *json = train(options_of(json_get(c, "options")), (Source){ 0 }, NULL);
    cJSON *root;
    size_t n_tokens = 0;
    Tokenizer *t;
    Encoding   e = { 0 };
    must(json_parse(&root, json, strlen(json), "trained", JSON_STRICT));
    must(tokenizer_parse(&t, json, strlen(json), "trained"));
    assert_int_equal(tokenizer_size(t), (int32_t)json_get(c, "n_vocab")->valuedouble);
    for (size_t i = 0; i < n_texts; i++) {
        must(tokenizer_encode(t, texts[i], strlen(texts[i]), NULL, 0, NULL, &e));
        n_tokens += e.n;
        for (size_t k = 0; k < e.n; k++)
            got += cJSON_GetArrayItem(cJSON_GetArrayItem(json_get(json_get(root, "model"), "vocab"), e.ids[k]), 1)
                       ->valuedouble;
    }
    if (got < want - 0.005 * fabs(want)) fail_msg("log likelihood %.1f, the reference reaches %.1f", got, want);
    if ((double)n_tokens > 1.01 * want_tokens) fail_msg("%zu tokens, the reference needs %.0f", n_tokens, want_tokens);
    encoding_release(&e);
    tokenizer_free(t);
    cJSON_Delete(root);
    free(json);
}

static void unigram_has_every_character_and_falling_scores(void **state)
{
    (void)state;
    char  *json = train(options_of(json_get(find_case("unigram"), "options")), (Source){ 0 }, NULL);
    cJSON *root;
    Tokenizer *t;
    must(json_parse(&root, json, strlen(json), "trained", JSON_STRICT));
    must(tokenizer_parse(&t, json, strlen(json), "trained"));
    double last = INFINITY;
    int    i = 0;
    const cJSON *piece;
    cJSON_ArrayForEach(piece, json_get(json_get(root, "model"), "vocab"))
    {
        if (i++ < 5) continue;                            /* special tokens */
        double score = piece->child->next->valuedouble;
        assert_true(isfinite(score) && score <= last && score < 0);
        last = score;
    }
    Encoding e = { 0 };
    for (size_t k = 0; k < n_texts; k++) {                /* no unknown token where every character is a piece */
        must(tokenizer_encode(t, texts[k], strlen(texts[k]), NULL, 0, NULL, &e));
        for (size_t m = 0; m < e.n; m++) assert_int_not_equal(e.ids[m], tokenizer_role(t, TOKEN_UNK));
    }
    encoding_release(&e);
    tokenizer_free(t);
    cJSON_Delete(root);
    free(json);
}

static const char *const case_names[] = { "wordpiece", "bpe", "bpe over characters", "unigram" };

/* ---- properties -------------------------------------------------------------------------------------------------- */

static void does_not_depend_on_threads_or_order(void **state)
{
    (void)state;
    static const int threads[] = { 2, 3, 7 };
    int before = parallel_threads();
    for (size_t k = 0; k < COUNT(case_names); k++) {
        TokenizerTrainOptions o = options_of(json_get(find_case(case_names[k]), "options"));
        parallel_set_threads(1);
        char *want = train(o, (Source){ .times = 9 }, NULL);
        for (size_t i = 0; i < COUNT(threads); i++) {
            parallel_set_threads(threads[i]);
            char *got = train(o, (Source){ .times = 9, .backwards = i == 1 }, NULL);
            assert_string_equal(got, want);
            free(got);
        }
        free(want);
    }
    parallel_set_threads(before);
}

/* Words that are many enough to go to disk, and few enough to be learned from. */
static char numbered[40000][24];
typedef struct Numbers { size_t at, n; } Numbers;

static Status next_number(void *arg, const char **text, size_t *n)
{
    Numbers *s = arg;
    *text = NULL;
    if (s->at == 2 * s->n) return OK;
    size_t i = s->at++ % s->n;
    *n = (size_t)snprintf(numbered[i], sizeof numbered[i], "w%zu %zux w%zu", i * 7919 % s->n, i % 97, i % 50);
    *text = numbered[i];
    return OK;
}

static void counts_on_disk_change_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(case_names); k++) {
        TokenizerTrainOptions o = options_of(json_get(find_case(case_names[k]), "options"));
        TokenizerTrainReport  in_memory, on_disk;
        char   *json[2];
        Numbers source[2] = { { 0, 4200 }, { 0, 4200 } };
        o.next = next_number;
        o.next_arg = &source[0];
        must(tokenizer_train(&json[0], &in_memory, &o));
        o.memory = TOKENIZER_TRAIN_MIN_MEMORY;
        o.next_arg = &source[1];
        must(tokenizer_train(&json[1], &on_disk, &o));
        assert_int_equal(in_memory.n_runs, 0);
        assert_true(on_disk.n_runs > 0);
        assert_int_equal(on_disk.n_dropped, 0);
        assert_int_equal(on_disk.n_distinct, in_memory.n_distinct);
        assert_int_equal(on_disk.n_words, in_memory.n_words);
        assert_string_equal(json[1], json[0]);
        free(json[0]);
        free(json[1]);
    }
}

static void rare_words_are_dropped_and_reported(void **state)
{
    (void)state;
    TokenizerTrainOptions o = options_of(json_get(find_case("bpe"), "options"));
    TokenizerTrainReport  report;
    Numbers source = { 0, 40000 };
    char   *json;
    o.memory = TOKENIZER_TRAIN_MIN_MEMORY;
    o.next = next_number;
    o.next_arg = &source;
    must(tokenizer_train(&json, &report, &o));
    assert_true(report.n_dropped > 30000);
    assert_int_equal(report.min_count, 3);                 /* every number stands twice */
    free(json);
}

static void a_trained_tokenizer_gives_the_text_back(void **state)
{
    (void)state;
    static const char text[] = " don't  panic \xF0\x9F\x98\x80 caf\xC3\xA9\tok ";
    char      *json = train(options_of(json_get(find_case("bpe"), "options")), (Source){ 0 }, NULL), *back;
    Tokenizer *t;
    Encoding   e = { 0 };
    must(tokenizer_parse(&t, json, strlen(json), "trained"));
    must(tokenizer_encode(t, text, strlen(text), NULL, 0, NULL, &e));
    must(tokenizer_decode(t, e.ids, e.n, true, &back));
    assert_string_equal(back, text);
    free(back);
    free(json);
    encoding_release(&e);
    tokenizer_free(t);
}

static void wordpiece_puts_its_special_tokens_around(void **state)
{
    (void)state;
    char      *json = train(options_of(json_get(find_case("wordpiece"), "options")), (Source){ 0 }, NULL);
    Tokenizer *t;
    Encoding   e = { 0 };
    must(tokenizer_parse(&t, json, strlen(json), "trained"));
    must(tokenizer_encode(t, "the [MASK]", 10, NULL, 0, NULL, &e));
    assert_int_equal(e.ids[0], tokenizer_role(t, TOKEN_CLS));
    assert_int_equal(e.ids[e.n - 2], tokenizer_role(t, TOKEN_MASK));
    assert_int_equal(e.ids[e.n - 1], tokenizer_role(t, TOKEN_SEP));
    assert_true(tokenizer_is_special(t, e.ids[0]));
    free(json);
    encoding_release(&e);
    tokenizer_free(t);
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

static Status nothing(void *arg, const char **text, size_t *n)
{
    (void)arg, (void)n;
    *text = NULL;
    return OK;
}

static Status one_bad(void *arg, const char **text, size_t *n)
{
    int *at = arg;
    *text = *at == 3 ? NULL : *at == 1 ? "bad \xFF byte" : "good text";
    if (*text) *n = strlen(*text);
    ++*at;
    return OK;
}

static void refuses(TokenizerTrainOptions o, Status code, const char *words)
{
    Source source = { .times = 1 };
    char  *json;
    if (!o.next) {
        o.next = next_text;
        o.next_arg = &source;
    }
    must_fail(tokenizer_train(&json, NULL, &o), code, words);
    assert_null(json);
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    static const char *const twice[] = { "<a>", "<b>", "<a>" }, *const other[] = { "<a>" };
    int at = 0;
    refuses((TokenizerTrainOptions){ .vocab_size = 100 }, ERR_CONFIG, "wordpiece, bpe or unigram");
    refuses((TokenizerTrainOptions){ .type = "wordpeice", .vocab_size = 100 }, ERR_CONFIG, "did you mean wordpiece?");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 0 }, ERR_CONFIG, "vocab_size is 0");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 100 }, ERR_CONFIG,
            "257 special tokens and characters");
    refuses((TokenizerTrainOptions){ .type = "wordpiece", .vocab_size = 50 }, ERR_CONFIG, "limit_alphabet");
    refuses((TokenizerTrainOptions){ .type = "unigram", .vocab_size = 20 }, ERR_CONFIG, "limit_alphabet");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 300, .next = nothing }, ERR_DATA,
            "no words in 0 texts");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 300, .next = one_bad, .next_arg = &at }, ERR_DATA,
            "text 2: the text: byte 4 is not UTF-8");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 300, .memory = 1000 }, ERR_CONFIG, "memory is 1000");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 300, .special_tokens = twice, .n_special_tokens = 3 },
            ERR_CONFIG, "\"<a>\" stands twice");
    refuses((TokenizerTrainOptions){ .type = "wordpiece",
                                     .vocab_size = 300,
                                     .special_tokens = other,
                                     .n_special_tokens = 1 },
            ERR_CONFIG, "\"[UNK]\" is not among the special tokens");
    refuses((TokenizerTrainOptions){ .type = "unigram", .vocab_size = 300, .byte_fallback = true }, ERR_CONFIG,
            "for bpe");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 300, .strip_accents = 1 }, ERR_CONFIG,
            "for wordpiece");
    refuses((TokenizerTrainOptions){ .type = "wordpiece", .vocab_size = 300, .add_prefix_space = 1 }, ERR_CONFIG,
            "for bpe and unigram");
    refuses((TokenizerTrainOptions){ .type = "bpe", .vocab_size = 300, .continuing_subword_prefix = "##" }, ERR_CONFIG,
            "for wordpiece");
    refuses((TokenizerTrainOptions){ .type = "unigram", .vocab_size = 300, .shrinking_factor = 1.5 }, ERR_CONFIG,
            "shrinking_factor");
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static void repeated_substrings_of_banana(void **state)
{
    (void)state;
    static uint32_t chars[] = { 'b', 'a', 'n', 'a', 'n', 'a', 0, 'b', 'a', 'n', 'd', 0 };
    SeedText text = { .chars = chars, .n = COUNT(chars) };
    Seed    *seeds;
    size_t   n;
    /* "an" x 3, "ban" x 2, "ana" x 2; "na" only inside "ana" at its end: also twice on its own */
    static const struct {
        const char *s;
        uint64_t score;
    } want[] = { { "ban", 6 }, { "an", 6 }, { "ana", 6 }, { "na", 4 } };
    must(unigram_seeds(&seeds, &n, &text, 16, 100));
    assert_int_equal(n, COUNT(want));
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < COUNT(want); k++) {
            bool same = seeds[i].len == strlen(want[k].s);
            for (uint32_t c = 0; same && c < seeds[i].len; c++) same = chars[seeds[i].at + c] == (uint32_t)want[k].s[c];
            if (same) assert_int_equal(seeds[i].score, want[k].score);
            found |= same;
        }
        assert_true(found);
    }
    free(seeds);
    must(unigram_seeds(&seeds, &n, &text, 2, 1));          /* no longer than 2, only the best */
    assert_int_equal(n, 1);
    assert_int_equal(seeds[0].len, 2);
    assert_int_equal(seeds[0].score, 6);
    free(seeds);
}

/* A word of 6000 characters has a probability far below what a double holds; uses still add up to its characters. */
static void long_words_do_not_underflow(void **state)
{
    (void)state;
    Piece        items[] = { { -50, 0, 0, 0, 0 }, { -9, 0, 0, 1, 0 }, { -17, 0, 0, 2, 1 }, { -40, 0, 0, 4, 2 } };
    static uint32_t longest[6000];
    char         word[COUNT(longest)];
    Pieces       p = { .text = word, .longest = longest, .items = items, .n = COUNT(items), .unk_score = -50 };
    PieceLattice l = { 0 };
    int64_t      uses[COUNT(items)] = { 0 };
    memset(word, 'a', sizeof word);
    for (size_t i = 0; i < COUNT(items); i++) items[i].probability = exp(items[i].score);
    for (size_t i = 0; i < COUNT(longest); i++) longest[i] = 3;
    must(piece_lattice_build(&l, &p, 0, sizeof word));
    piece_lattice_expect(&l, &p, 1, 0x1p30, uses);
    double chars = (double)(uses[1] + 2 * uses[2] + 4 * uses[3]) / 0x1p30;
    if (fabs(chars - 6000) > 1e-3) fail_msg("%.6f characters, not 6000", chars);
    /* A step of two: e^-17 against e^-18 for two steps of one, so uses[2] / uses[1]^2 per place follows; here by hand:
     * with x the chance weight per character, 1 = e^-9 x + e^-17 x^2 + e^-40 x^4. */
    double x = 1;
    for (int i = 0; i < 200; i++) {
        double f = exp(-9) * x + exp(-17) * x * x + exp(-40) * pow(x, 4) - 1;
        x -= f / (exp(-9) + 2 * exp(-17) * x + 4 * exp(-40) * pow(x, 3));
    }
    double share = exp(-9) * x / (exp(-9) * x + exp(-17) * x * x + exp(-40) * pow(x, 4));
    double got = (double)uses[1] / (double)(uses[1] + uses[2] + uses[3]);
    if (fabs(got - share) > 1e-3) fail_msg("a single character is %.6f of the pieces, by hand %.6f", got, share);
    piece_lattice_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_reference),
        cmocka_unit_test(unigram_is_as_likely_as_the_reference),
        cmocka_unit_test(unigram_has_every_character_and_falling_scores),
        cmocka_unit_test(does_not_depend_on_threads_or_order),
        cmocka_unit_test(counts_on_disk_change_nothing),
        cmocka_unit_test(rare_words_are_dropped_and_reported),
        cmocka_unit_test(a_trained_tokenizer_gives_the_text_back),
        cmocka_unit_test(wordpiece_puts_its_special_tokens_around),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(repeated_substrings_of_banana),
        cmocka_unit_test(long_words_do_not_underflow),
    };
    return cmocka_run_group_tests(tests, open_fixtures, close_fixtures);
}
