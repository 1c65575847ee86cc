/* tests/data/dataset_test.c: labels, shares, windows and truncation, tokenised on the fly. */
#include "data/dataset.h"

#include "tests/data/data_test.h"

static Tokenizer *tokenizer;

static int open_all(void **state)
{
    static const char *const words[] = { "a", "b", "c", "d", "e", "row", "0", "1", "2", "3", "4", "5", "6", "7", "8",
                                         "9", "##0", "##1", "##2", "##3", "##4", "##5", "##6", "##7", "##8", "##9" };
    if (make_folder(state)) return 1;
    tokenizer = word_tokenizer(words, COUNT(words));
    return 0;
}

static int close_all(void **state)
{
    tokenizer_free(tokenizer);
    return remove_folder(state);
}

static const DatasetOptions classes = { .labels = LABEL_CLASS, .max_length = 16 };

static void labels_are_sorted_and_kept(void **state)
{
    (void)state;
    DataConfig c = config_new(write_text("train.csv", "text,label\na,zebra\nb,ant\nc,zebra\nd,Bee\n"));
    Dataset   *d;
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    const Labels *l = dataset_labels(d);
    assert_int_equal(l->n, 3);
    assert_string_equal(l->names[0], "Bee");
    assert_string_equal(l->names[1], "ant");
    assert_string_equal(l->names[2], "zebra");
    const int32_t     want[] = { 2, 1, 2, 0 };
    const char *const letters[] = { "a", "b", "c", "d" };
    for (int i = 0; i < 4; i++) {
        Example e;
        assert_ok(dataset_example(d, i, &e));
        assert_int_equal(e.label, want[i]);
        assert_int_equal(e.line, i + 2);
        assert_int_equal(e.n, 3);                       /* [CLS] letter [SEP] */
        assert_int_equal(e.words[0], -1);
        assert_int_equal(e.words[1], 0);
        assert_string_equal(tokenizer_token(tokenizer, e.ids[1]), letters[i]);
    }
    Labels known = { 0 };
    assert_ok(labels_copy(&known, l));
    dataset_close(d);

    DatasetOptions with_known = { .labels = LABEL_CLASS, .known = &known, .max_length = 16 };
    config_set(&c, "test", write_text("test.csv", "text,label\na,ant\nb,zebras\n"));
    assert_int_equal(dataset_open(&d, &c, "test", tokenizer, &with_known), ERR_DATA);
    assert_says(status_fact(), "test.csv:3: the label \"zebras\" is none of the 3 that are known");
    assert_says(status_hint(), "did you mean \"zebra\"?");
    config_set(&c, "on_bad_row", "skip");
    assert_ok(dataset_open(&d, &c, "test", tokenizer, &with_known));
    assert_int_equal(dataset_count(d), 1);
    assert_int_equal(dataset_bad_rows(d), 1);
    Example e;
    assert_ok(dataset_example(d, 0, &e));
    assert_int_equal(e.label, 1);
    dataset_close(d);
    labels_release(&known);
    config_release(&c);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    Dataset   *d;
    DataConfig c = config_new(NULL);
    assert_int_equal(dataset_open(&d, &c, "train", tokenizer, &classes), ERR_CONFIG);
    assert_says(status_fact(), "data.train is not given");
    config_set(&c, "train", write_text("train.csv", "text,label\na,x\nb,x\n"));
    assert_int_equal(dataset_open(&d, &c, "validation", tokenizer, &classes), ERR_CONFIG);
    assert_says(status_fact(), "data.validation is not given");
    assert_int_equal(dataset_open(&d, &c, "dev", tokenizer, &classes), ERR_USAGE);
    assert_int_equal(dataset_open(&d, &c, "train", tokenizer, &classes), ERR_DATA);
    assert_says(status_fact(), "every row has the label \"x\"");
    config_release(&c);
    c = config_new(write_text("train.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n"
                                         "{\"text\":\"\xC2\xAD\",\"label\":\"y\"}\n"));
    assert_int_equal(dataset_open(&d, &c, "train", tokenizer, &classes), ERR_DATA);      /* a soft hyphen is dropped */
    assert_says(status_fact(), "train.jsonl:2: the text is empty after normalisation");
    config_release(&c);
}

/* ---- validation share ------------------------------------------------------------------------------------------- */

enum { N_ROWS = 400 };

/* Three classes with 4, 3 and 1 eighths of the rows; every tenth text stands there twice. */
static const char *share_file(const char *name, bool backwards, int more)
{
    Text t = { 0 };
    assert_ok(text_addf(&t, "text,label\n"));
    for (int k = 0; k < N_ROWS + more; k++) {
        int i = backwards ? N_ROWS + more - 1 - k : k, class = i % 8;
        if (i >= 8 && i % 10 == 0) i -= 8;              /* the same text, the same class */
        assert_ok(text_addf(&t, "row %d,%s\n", i, class < 4 ? "many" : class < 7 ? "some" : "few"));
    }
    const char *path = write_bytes(name, t.data, t.len);
    text_release(&t);
    return path;
}

typedef struct Texts { char names[N_ROWS + 64][32]; int32_t labels[N_ROWS + 64]; int64_t n; } Texts;

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void read_texts(Texts *out, const char *train, const char *split, const char *share, int64_t seed)
{
    DataConfig c = config_new(train);
    config_set(&c, "validation", share);
    c.seed = seed;
    Dataset *d;
    assert_ok(dataset_open(&d, &c, split, tokenizer, &classes));
    assert_int_equal(dataset_labels(d)->n, 3);
    out->n = dataset_count(d);
    for (int64_t i = 0; i < out->n; i++) {
        Row     r;
        Example e;
        assert_ok(dataset_example(d, i, &e));
        assert_ok(dataset_row(d, i, &r));
        assert_int_equal(e.line, r.place.line);
        assert_string_equal(r.label, dataset_labels(d)->names[e.label]);
        snprintf(out->names[i], sizeof out->names[i], "%s", r.text);
        out->labels[i] = e.label;
    }
    dataset_close(d);
    config_release(&c);
    qsort(out->names, (size_t)out->n, sizeof out->names[0], by_name);
}

static bool holds(const Texts *t, const char *name)
{
    return bsearch(name, t->names, (size_t)t->n, sizeof t->names[0], by_name) != NULL;
}

static void share_is_stratified_stable_and_disjoint(void **state)
{
    (void)state;
    static Texts part, rest, again, other, larger;
    const char  *file = share_file("train.csv", false, 0);
    read_texts(&part, file, "validation", "0.1", 42);
    read_texts(&rest, file, "train", "0.1", 42);
    assert_int_equal(part.n + rest.n, N_ROWS);
    assert_in_range(part.n, 38, 40);
    int64_t classes_of[3] = { 0 };
    for (int64_t i = 0; i < part.n; i++) classes_of[part.labels[i]]++;
    assert_int_equal(classes_of[0], 5);                 /* few, many, some: tenths of 50, 200, 150 */
    assert_in_range(classes_of[1], 19, 20);
    assert_in_range(classes_of[2], 14, 15);
    for (int64_t i = 0; i < part.n; i++)
        if (holds(&rest, part.names[i])) fail_msg("\"%s\" stands on both sides", part.names[i]);

    read_texts(&again, share_file("other.csv", true, 0), "validation", "0.1", 42);      /* rows in another order */
    assert_int_equal(again.n, part.n);
    for (int64_t i = 0; i < part.n; i++) assert_string_equal(again.names[i], part.names[i]);

    read_texts(&other, file, "validation", "0.1", 43);
    int64_t same = 0;
    for (int64_t i = 0; i < part.n; i++) same += holds(&other, part.names[i]);
    assert_in_range(same, 0, 15);

    read_texts(&larger, share_file("more.csv", false, 40), "validation", "0.1", 42);      /* 40 more rows move few */
    int64_t kept = 0;
    for (int64_t i = 0; i < part.n; i++) kept += holds(&larger, part.names[i]);
    assert_in_range(kept, part.n - 8, part.n);
}

static void share_of_almost_nothing(void **state)
{
    (void)state;
    DataConfig c = config_new(write_text("train.csv", "text,label\na,x\nb,y\nc,x\n"));
    Dataset   *d;
    config_set(&c, "validation", "0.1");
    assert_int_equal(dataset_open(&d, &c, "validation", tokenizer, &classes), ERR_DATA);
    assert_says(status_fact(), "no row is left for validation");
    config_set(&c, "validation", "0");
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    assert_int_equal(dataset_count(d), 3);
    dataset_close(d);
    config_set(&c, "validation", "0.9");                               /* every class keeps a row to train on */
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    assert_int_equal(dataset_labels(d)->n, 2);
    assert_int_equal(dataset_count(d), 2);
    dataset_close(d);
    config_release(&c);
}

/* ---- length ----------------------------------------------------------------------------------------------------- */

static void truncation_is_counted_or_refused(void **state)
{
    (void)state;
    DataConfig     c = config_new(write_text("train.csv", "text,label\na b c,x\na b c d,y\na b c d e,x\n"));
    DatasetOptions five = { .labels = LABEL_CLASS, .max_length = 5 };
    Dataset       *d;
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &five));
    for (int epoch = 0; epoch < 2; epoch++) {
        const int64_t full[] = { 5, 6, 7 };
        for (int64_t i = 0; i < 3; i++) {
            Example e;
            assert_ok(dataset_example(d, i, &e));
            assert_int_equal(e.n, 5);
            assert_int_equal(e.n_untruncated, full[i]);
            assert_int_equal(e.truncated, i > 0);
        }
        assert_int_equal(dataset_n_truncated(d), 2);    /* each text counts once, however often it is read */
    }
    dataset_close(d);
    config_set(&c, "truncation", "error");
    assert_int_equal(dataset_open(&d, &c, "train", tokenizer, &five), ERR_DATA);
    assert_says(status_fact(), "train.csv:3: 6 tokens, where data.max_length allows 5");
    assert_says(status_hint(), "longest_first");
    config_set(&c, "on_bad_row", "skip");
    write_text("train.csv", "text,label\na b c,x\na b c d,y\na,y\n");
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &five));
    assert_int_equal(dataset_count(d), 2);
    assert_int_equal(dataset_bad_rows(d), 1);
    dataset_close(d);
    config_release(&c);
}

static void pairs_have_segments(void **state)
{
    (void)state;
    DataConfig c = config_new(write_text("train.tsv", "text\tpair\tlabel\na b\tc\tx\nd\te e\ty\n"));
    config_set(&c, "text_pair", "pair");
    Dataset *d;
    Example  e;
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    assert_ok(dataset_example(d, 0, &e));
    const int32_t segments[] = { 0, 0, 0, 0, 1, 1 }, words[] = { -1, 0, 1, -1, 0, -1 };
    assert_int_equal(e.n, 6);
    assert_memory_equal(e.segments, segments, sizeof segments);
    assert_memory_equal(e.words, words, sizeof words);
    dataset_close(d);
    config_release(&c);
}

static void windows_hold_every_token_once(void **state)
{
    (void)state;
    DataConfig     c = config_new(write_text("train.txt", "a b c d e a b\n\nc\n12 3\n"));      /* 7, 1 and 3 tokens */
    DatasetOptions six = { .labels = LABEL_NONE, .windows = true, .max_length = 6 };
    Dataset       *d;
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &six));
    static const struct { const char *text; int64_t line; const int32_t words[6]; } want[] = {
        { "[CLS] a b c d [SEP]", 1, { -1, 0, 1, 2, 3, -1 } }, { "[CLS] e a b [SEP]", 1, { -1, 0, 1, 2, -1 } },
        { "[CLS] c [SEP]", 3, { -1, 0, -1 } },                { "[CLS] 1 ##2 3 [SEP]", 4, { -1, 0, 0, 1, -1 } },
    };
    assert_int_equal(dataset_count(d), COUNT(want));
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < COUNT(want); i++) {
            Example e;
            Text    t = { 0 };
            assert_ok(dataset_example(d, (int64_t)i, &e));
            for (int64_t k = 0; k < e.n; k++)
                assert_ok(text_addf(&t, "%s%s", k ? " " : "", tokenizer_token(tokenizer, e.ids[k])));
            assert_string_equal(t.data, want[i].text);
            assert_memory_equal(e.words, want[i].words, (size_t)e.n * sizeof(int32_t));
            assert_int_equal(e.line, want[i].line);
            assert_int_equal(e.label, -1);
            assert_false(e.truncated);
            text_release(&t);
        }
    Row r;
    assert_ok(dataset_row(d, 1, &r));
    assert_string_equal(r.text, "a b c d e a b");
    dataset_close(d);
    six.max_length = 2;
    assert_int_equal(dataset_open(&d, &c, "train", tokenizer, &six), ERR_CONFIG);
    assert_says(status_fact(), "data.max_length is 2, which leaves no room for text beside 2 special tokens");
    config_release(&c);
}

static void hash_tells_sets_apart(void **state)
{
    (void)state;
    const char *same = "text,label\na,x\nb,y\nc,x\nd,y\n";
    DataConfig  c = config_new(write_text("train.csv", same)), moved = config_new(write_text("moved.csv", same));
    Dataset    *d;
    char        hash[65];
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    snprintf(hash, sizeof hash, "%s", dataset_hash(d));
    dataset_close(d);
    assert_ok(dataset_open(&d, &moved, "train", tokenizer, &classes));
    assert_string_equal(dataset_hash(d), hash);         /* a path is no content */
    dataset_close(d);
    DatasetOptions shorter = classes;
    shorter.max_length = 15;
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &shorter));
    assert_string_not_equal(dataset_hash(d), hash);
    dataset_close(d);
    config_set(&c, "validation", "0.5");
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    assert_string_not_equal(dataset_hash(d), hash);
    dataset_close(d);
    assert_ok(dataset_open_file(&d, &c, test_path("moved.csv"), tokenizer, &classes));      /* no share */
    assert_string_equal(dataset_hash(d), hash);
    dataset_close(d);
    config_release(&c);
    config_release(&moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_sorted_and_kept), cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(share_is_stratified_stable_and_disjoint), cmocka_unit_test(share_of_almost_nothing),
        cmocka_unit_test(truncation_is_counted_or_refused), cmocka_unit_test(pairs_have_segments),
        cmocka_unit_test(windows_hold_every_token_once), cmocka_unit_test(hash_tells_sets_apart),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
