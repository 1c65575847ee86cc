#include "data/augment/augment.h"

#include <ctype.h>
#include <math.h>

#include "tests/data/clean/clean_help.h"

#include "core/file.h"
#include "data/clean/segment.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/whet_augment_XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_folder(folder) == OK ? 0 : 1;
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    must(file_write_whole(path, text, strlen(text)));
}

typedef struct Machine { Augmenter *a; AugmentWork *w; } Machine;

static Machine machine(const char **steps, AugmentFill fill, void *arg)
{
    Machine    m;
    StringList list = help_list(steps);
    must(augmenter_new(&m.a, &(AugmentOptions){ &list, folder, fill, arg }));
    must(augment_work_new(&m.w));
    return m;
}

static void stop(Machine m)
{
    augmenter_free(m.a);
    augment_work_free(m.w);
}

/* A copy of the text; lives until the next one. */
static const char *copy_of(Machine m, const char *text, uint32_t seed, int64_t copy)
{
    const char *out;
    size_t      n;
    must(augment_text(m.a, m.w, text, strlen(text), NULL, 0, seed, copy, &out, &n));
    assert_int_equal(strlen(out), n);
    assert_true(n > 0 && utf8_valid(out, n, NULL));
    return out;
}

/* Marks stand in the text as ⟨ ⟩. */
static void marked_copy(Machine m, const char *marked, uint32_t seed, char *result)
{
    char        plain[HELP_MAX];
    size_t      marks[HELP_MARKS], n_marks = help_unmark(marked, plain, marks), n;
    const char *out;
    must(augment_text(m.a, m.w, plain, strlen(plain), marks, n_marks, seed, 0, &out, &n));
    for (size_t i = 0; i < n_marks; i++) assert_true(marks[i] <= n && (i % 2 == 0 || marks[i] >= marks[i - 1]));
    help_mark(out, n, marks, n_marks, result);
}

/* Whether `got` of `n` is what chance p gives, within five standard deviations: wrong once in two million runs, and the
 * seeds are fixed. */
static void assert_rate(const char *what, double got, double n, double p)
{
    double expected = n * p, deviation = sqrt(n * p * (1 - p));
    if (fabs(got - expected) > 5 * deviation)
        fail_msg("%s: %.0f of %.0f, not %.1f +- %.1f", what, got, n, expected, 5 * deviation);
}

enum { TEXTS = 400, WORDS = 40 };

/* TEXTS different texts of WORDS words, w0a0, w0b1, ... */
static void text_number(int i, char out[1024])
{
    size_t n = 0;
    for (int k = 0; k < WORDS; k++)
        n += (size_t)sprintf(out + n, "%sword%c%c%d", k ? " " : "", 'a' + k % 26, 'a' + k / 26, i);
}

static int count_words(const char *text)
{
    int n = 0;
    for (const char *p = text; *p; p++) n += *p != ' ' && (p == text || p[-1] == ' ');
    return n;
}

static void delete_at_its_rate(void **state)
{
    (void)state;
    Machine m = machine(STEPS("delete:0.1"), NULL, NULL);
    char    text[1024];
    int     kept = 0;
    for (int i = 0; i < TEXTS; i++) {
        text_number(i, text);
        const char *out = copy_of(m, text, 7, 0);
        kept += count_words(out);
        assert_null(strstr(out, "  "));
        assert_true(out[0] != ' ' && out[strlen(out) - 1] != ' ');
    }
    assert_rate("words left out", TEXTS * WORDS - kept, TEXTS * WORDS, 0.1);
    stop(m);
}

static void one_word_always_stays(void **state)
{
    (void)state;
    Machine m = machine(STEPS("delete:1", "typo:1", "swap:1"), NULL, NULL);
    int     first = 0;
    for (uint32_t seed = 0; seed < 200; seed++) {
        const char *out = copy_of(m, "one two three", seed, 0);
        assert_int_equal(count_words(out), 1);
        copy_of(m, "x", seed, 0);
        copy_of(m, "...", seed, 0);
        copy_of(m, "中文", seed, 1);
    }
    stop(m);
    m = machine(STEPS("delete:1"), NULL, NULL);
    for (uint32_t seed = 0; seed < 300; seed++) first += strcmp(copy_of(m, "one two three", seed, 0), "one") == 0;
    assert_rate("the first stays", first, 300, 1.0 / 3);
    assert_string_equal(copy_of(m, "only", 1, 0), "only");
    stop(m);
}

static void swap_at_its_rate(void **state)
{
    (void)state;
    Machine m = machine(STEPS("swap:0.2"), NULL, NULL);
    char    text[1024], word[64];
    int     swaps = 0;
    for (int i = 0; i < TEXTS; i++) {
        text_number(i, text);
        const char *out = copy_of(m, text, 3, 0);
        assert_int_equal(strlen(out), strlen(text));
        for (int k = 0; k + 1 < WORDS; k++) {           /* word k + 1 stands before word k */
            sprintf(word, "word%c%c%d word%c%c%d", 'a' + (k + 1) % 26, 'a' + (k + 1) / 26, i, 'a' + k % 26,
                    'a' + k / 26, i);
            const char *at = strstr(out, word);
            swaps += at && (at[strlen(word)] == ' ' || !at[strlen(word)]);
        }
    }
    /* the second of a pair is not asked again */
    assert_rate("words swapped", swaps, TEXTS * (WORDS - 1) - swaps, 0.2);
    stop(m);
}

static void typos_at_their_rate(void **state)
{
    (void)state;
    Machine m = machine(STEPS("typo:0.05"), NULL, NULL);
    char    text[1024];
    int     changed = 0, shorter = 0, longer = 0;
    for (int i = 0; i < TEXTS * 20; i++) {
        sprintf(text, "%05d aCegikmoQsu", i);           /* one word of letters; its neighbours in it differ */
        const char *out = copy_of(m, text, 11, 0);
        assert_memory_equal(out, text, 6);
        changed += strcmp(out, text) != 0;
        shorter += strlen(out) < strlen(text);
        longer += strlen(out) > strlen(text);
    }
    assert_rate("words with a slip", changed, TEXTS * 20, 1 - pow(0.95, 11));
    /* dropped, doubled, and the other two kinds */
    assert_true(shorter > 0 && longer > 0 && shorter + longer < changed);
    stop(m);
}

static void copies_depend_on_text_seed_and_number_only(void **state)
{
    (void)state;
    Machine a = machine(STEPS("delete:0.2", "swap:0.3", "typo:0.1"), NULL, NULL);
    Machine b = machine(STEPS("delete:0.2", "swap:0.3", "typo:0.1"), NULL, NULL);
    char    text[1024], first[2048];
    int     by_seed = 0, by_copy = 0;
    for (int i = 0; i < 50; i++) {
        text_number(i, text);
        snprintf(first, sizeof first, "%s", copy_of(a, text, 5, 1));
        by_seed += strcmp(copy_of(a, text, 6, 1), first) != 0;
        by_copy += strcmp(copy_of(a, text, 5, 2), first) != 0;
        copy_of(b, "another text before it", 5, 1);
        assert_string_equal(copy_of(b, text, 5, 1), first);
    }
    assert_int_equal(by_seed, 50);
    assert_int_equal(by_copy, 50);
    /* the same on every machine */
    assert_string_equal(copy_of(a, "The quick brown fox jumps over the lazy dog.", 42, 0),
                        "quick Teh brown jumps ffox lzay over.");
    stop(a);
    stop(b);
}

static void synonyms_keep_case(void **state)
{
    (void)state;
    write_file("words.tsv", "car\tautomobile\n\nbig, large\r\nrun\tsprint\nhappy\tglad\n高兴\t开心\nÉtude\tstudy\n");
    Machine m = machine(STEPS("synonym:words.tsv:1"), NULL, NULL);
    assert_string_equal(copy_of(m, "Car CAR car cars", 1, 0), "Automobile AUTOMOBILE automobile cars");
    assert_string_equal(copy_of(m, "Big, LARGE run.", 1, 0), "Large, BIG sprint.");
    assert_string_equal(copy_of(m, "我很高兴", 1, 0), "我很开心");
    assert_string_equal(copy_of(m, "étude ÉTUDE Study", 1, 0), "study STUDY Étude");
    stop(m);
    m = machine(STEPS("synonym:words.tsv"), NULL, NULL);
    int replaced = 0;
    for (uint32_t i = 0; i < 4000; i++) replaced += strcmp(copy_of(m, "happy", i, 0), "glad") == 0;
    assert_rate("synonyms", replaced, 4000, 0.1);
    stop(m);
}

static void synonyms_of_several_groups(void **state)
{
    (void)state;
    int counts[3] = { 0 };
    write_file("groups.csv", "bank,shore,beach\nbank,lender\n");
    Machine m = machine(STEPS("synonym:groups.csv:1"), NULL, NULL);
    for (uint32_t i = 0; i < 3000; i++) {
        const char *out = copy_of(m, "bank", i, 0);
        int         k = out[0] == 's' ? 0 : out[0] == 'b' ? 1 : 2;
        assert_string_equal(out, ((const char *[]){ "shore", "beach", "lender" })[k]);
        counts[k]++;
    }
    assert_rate("shore", counts[0], 3000, 0.25);
    assert_rate("lender", counts[2], 3000, 0.5);
    stop(m);
}

static void pairs_by_copy(void **state)
{
    (void)state;
    write_file("pairs.jsonl",
               "{\"text\": \"a b\", \"augmented\": [\"b a\", \"A B\"]}\n\n{\"text\": \"c\", \"augmented\": \"d\"}\n"
                              "{\"text\": \"a b\", \"augmented\": \"a, b\"}");
    Machine m = machine(STEPS("pairs:pairs.jsonl"), NULL, NULL);
    assert_string_equal(copy_of(m, "a b", 1, 0), "b a");
    assert_string_equal(copy_of(m, "a b", 9, 1), "A B");
    assert_string_equal(copy_of(m, "a b", 9, 2), "a, b");
    assert_string_equal(copy_of(m, "a b", 9, 3), "a b");
    assert_string_equal(copy_of(m, "c", 1, 0), "d");
    assert_string_equal(copy_of(m, "e", 1, 0), "e");
    char marked[64];
    marked_copy(m, "⟨a⟩ b", 1, marked);
    assert_string_equal(marked, "⟨a⟩ b");
    stop(m);
}

typedef struct FillCalls { int calls, masks; double sum; } FillCalls;

static Status fill_upper(void *arg, const char *text, size_t n, const AugmentMask *masks, size_t n_masks,
                         const char **words)
{
    FillCalls *f = arg;
    f->calls++;
    for (size_t i = 0; i < n_masks; i++) {
        assert_true(masks[i].end <= n && masks[i].begin < masks[i].end &&
                    (i == 0 || masks[i].begin >= masks[i - 1].end));
        assert_null(words[i]);
        assert_memory_equal(text + masks[i].begin, "word", 4);
        f->sum += masks[i].uniform;
        words[i] = i == 1 ? NULL : i == 2 ? "" : "NEW";
    }
    f->masks += (int)n_masks;
    return OK;
}

static Status fill_fails(void *arg, const char *text, size_t n, const AugmentMask *masks, size_t n_masks,
                         const char **words)
{
    (void)arg; (void)text; (void)n; (void)masks; (void)n_masks; (void)words;
    return status_fail(ERR_STATE, __FILE__, __LINE__, "the model is gone");
}

static void a_model_fills_masks(void **state)
{
    (void)state;
    FillCalls   f = { 0 };
    Machine     m = machine(STEPS("mlm:0.15"), fill_upper, &f);
    char        text[1024];
    int         now = 0;
    const char *out;
    size_t      n;
    for (int i = 0; i < TEXTS; i++) {
        text_number(i, text);
        for (const char *p = copy_of(m, text, 1, 0); (p = strstr(p, "NEW")); p++) now++;
    }
    assert_rate("masks", f.masks, TEXTS * WORDS, 0.15);
    assert_true(fabs(f.sum / f.masks - 0.5) < 0.05);
    assert_true(now > f.masks / 2 && now < f.masks);
    stop(m);
    m = machine(STEPS("mlm:1"), fill_fails, NULL);
    must_fail(augment_text(m.a, m.w, "word", 4, NULL, 0, 1, 0, &out, &n), ERR_STATE, "the model is gone");
    stop(m);
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

/* The words in marks of a copy are those of the text, however they moved: word i of the text is marked, and is "xi". */
static void tags_go_with_their_words(void **state)
{
    (void)state;
    Machine m = machine(STEPS("swap:0.5", "delete:0.3"), NULL, NULL);
    for (uint32_t seed = 0; seed < 500; seed++) {
        static const char plain[] = "x0 x1, x2 x3 x4 (x5) x6";
        static const size_t starts[] = { 0, 3, 7, 10, 13, 17, 21 };
        size_t      marks[14], n;
        const char *out;
        char        word[3] = "x0";
        for (size_t i = 0; i < 7; i++) {
            marks[2 * i] = starts[i];
            marks[2 * i + 1] = starts[i] + 2;
        }
        must(augment_text(m.a, m.w, plain, strlen(plain), marks, 14, seed, 0, &out, &n));
        for (size_t i = 0; i < 7; i++) {
            size_t len = marks[2 * i + 1] - marks[2 * i];
            word[1] = (char)('0' + i);
            if (len == 0) assert_null(strstr(out, word));
            else if (len != 2 || memcmp(out + marks[2 * i], word, 2) != 0)
                fail_msg("seed %u: %s is not in its marks: %s", seed, word, out);
        }
    }
    stop(m);
}

static void answers_stay_whole(void **state)
{
    (void)state;
    Machine m = machine(STEPS("swap:0.9"), NULL, NULL);
    char    marked[256];
    for (uint32_t seed = 0; seed < 300; seed++) {
        marked_copy(m, "a b ⟨c d e⟩ f g", seed, marked);
        const char *begin = strstr(marked, "⟨"), *end = strstr(marked, "⟩");
        assert_non_null(begin);
        assert_non_null(end);
        assert_int_equal(end - begin, 3 + 5);                         /* c, d, e in some order */
        for (const char *p = "cde"; *p; p++) assert_non_null(memchr(begin, *p, (size_t)(end - begin)));
    }
    stop(m);
}

static void marks_of_every_step_are_within(void **state)
{
    (void)state;
    write_file("words.tsv", "one\ta longer one\n中国\t神州大地\n");
    Machine m = machine(STEPS("synonym:words.tsv:0.5", "typo:0.2", "swap:0.5", "delete:0.3"), NULL, NULL);
    char    marked[512];
    for (uint32_t seed = 0; seed < 500; seed++) {
        marked_copy(m, "⟨one⟩ ⟨two three⟩ fo⟨ur fi⟩ve⟨⟩, ⟨我⟩爱⟨中国⟩⟨。⟩⟨ ⟩x 天⟨⟩气ab 北⟨⟩京⟨⟩ c ⟨y", seed, marked);
        assert_true(utf8_valid(marked, strlen(marked), NULL));        /* no mark inside of a character */
    }
    stop(m);
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

static void assert_wrong(const char *step, Status code, const char *words)
{
    StringList list = help_list(STEPS("delete:0.1", step));
    Augmenter *a;
    must_fail(augmenter_new(&a, &(AugmentOptions){ &list, folder, NULL, NULL }), code, words);
    assert_null(a);
}

static void wrong_steps_are_named(void **state)
{
    (void)state;
    const char *out;
    size_t      n;
    write_file("one.tsv", "good\tfine\nalone\n");
    write_file("empty.tsv", "\n\n");
    write_file("latin1.tsv", "caf\xE9\tbar\n");
    write_file("bad.jsonl", "{\"text\": \"a\", \"augmented\": \"b\"}\n{\"text\": \"a\"}\n");
    write_file("none.jsonl", "");
    assert_wrong("delet:0.1", ERR_CONFIG, "data.augment[1]: \"delet\"");
    assert_wrong("delet:0.1", ERR_CONFIG, "did you mean \"delete\"");
    assert_wrong("nonsense", ERR_CONFIG, "delete:P, swap:P");
    assert_wrong("swap", ERR_CONFIG, "swap:0.1");
    assert_wrong("swap:0", ERR_CONFIG, "above 0 and at most 1");
    assert_wrong("typo:1.5", ERR_CONFIG, "not \"1.5\"");
    assert_wrong("typo:nan", ERR_CONFIG, "not \"nan\"");
    assert_wrong("mlm:0.1", ERR_CONFIG, "needs a masked language model");
    assert_wrong("synonym:absent.tsv", ERR_IO, "absent.tsv");
    assert_wrong("synonym:one.tsv:0.2", ERR_FORMAT, "one.tsv:2: a group of one word");
    assert_wrong("synonym:one.tsv:7", ERR_CONFIG, "at most 1");
    assert_wrong("synonym:empty.tsv", ERR_FORMAT, "no words");
    assert_wrong("synonym:latin1.tsv", ERR_FORMAT, "latin1.tsv:1: a word is not UTF-8");
    assert_wrong("pairs:bad.jsonl", ERR_FORMAT, "bad.jsonl:2: not a text");
    assert_wrong("pairs:none.jsonl", ERR_FORMAT, "no rows");
    Machine m = machine(STEPS("delete:0.1"), NULL, NULL);
    must_fail(augment_text(m.a, m.w, "\xFF", 1, NULL, 0, 1, 0, &out, &n), ERR_DATA, "not UTF-8");
    stop(m);
    Augmenter *a;
    must(augmenter_new(&a, &(AugmentOptions){ 0 }));
    assert_null(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delete_at_its_rate),      cmocka_unit_test(one_word_always_stays),
        cmocka_unit_test(swap_at_its_rate),        cmocka_unit_test(typos_at_their_rate),
        cmocka_unit_test(copies_depend_on_text_seed_and_number_only),
        cmocka_unit_test(synonyms_keep_case),      cmocka_unit_test(synonyms_of_several_groups),
        cmocka_unit_test(pairs_by_copy),           cmocka_unit_test(a_model_fills_masks),
        cmocka_unit_test(tags_go_with_their_words), cmocka_unit_test(answers_stay_whole),
        cmocka_unit_test(marks_of_every_step_are_within), cmocka_unit_test(wrong_steps_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
