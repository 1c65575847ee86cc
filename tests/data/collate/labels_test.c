/* tests/data/collate/labels_test.c: numbers, tags and answers of small files as a Batch has them. */
#include "data/collate/collate.h"

#include "tests/data/data_test.h"

enum { N_WORDS = 52 };

static Tokenizer *tokenizer;           /* a word is its letters, each a token */

static int open_all(void **state)
{
    char        store[N_WORDS][8];
    const char *words[N_WORDS];
    if (make_folder(state)) return 1;
    for (int i = 0; i < N_WORDS; i++) {
        snprintf(store[i], sizeof store[i], i < 26 ? "%c" : "##%c", 'a' + i % 26);
        words[i] = store[i];
    }
    tokenizer = word_tokenizer(words, N_WORDS);
    return 0;
}

static int close_all(void **state)
{
    tokenizer_free(tokenizer);
    return remove_folder(state);
}

static void numbers(void **state)
{
    (void)state;
    Dataset   *d;
    Batch      b = { 0 };
    DataConfig c = config_new(write_text("n.tsv", "a\tb\tscore\nx y\tz\t0.5\nx\ty\t-3\nz z\tx\t4.25\n"));
    config_set(&c, "text", "a");
    config_set(&c, "text_pair", "b");
    config_set(&c, "label", "score");
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &(DatasetOptions){ .labels = LABEL_NUMBER, .max_length = 16 }));
    assert_ok(collate_regress(d, (int64_t[]){ 2, 0, 1 }, 3, &b));
    const float want[] = { 4.25f, 0.5f, -3 };
    assert_int_equal(b.streams[0].n_seqs, 3);
    assert_int_equal(b.target_width, 1);
    for (int i = 0; i < 3; i++) assert_float_equal(b.targets[i], want[i], 0);
    assert_int_equal(b.streams[0].segments[b.streams[0].n_tokens - 1], 1);
    batch_release(&b);
    dataset_close(d);
    config_release(&c);
}

/* The first token of each word has the tag; "abc" is three tokens. */
static void tags(void **state)
{
    (void)state;
    Dataset   *d;
    Batch      b = { 0 };
    DataConfig c = config_new(write_text("t.conll", "abc\tB-X\nd\tO\n\ne\tO\nfg\tB-X\nh\tI-X\n"));
    config_set(&c, "format", "conll");
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &(DatasetOptions){ .labels = LABEL_TAGS, .max_length = 16 }));
    assert_int_equal(dataset_labels(d)->n, 3);
    assert_ok(collate_tag(d, (int64_t[]){ 1, 0 }, 2, &b));       /* [CLS] e f ##g h [SEP] [CLS] a ##b ##c d [SEP] */
    static const int32_t rows[] = { 1, 2, 4, 7, 10 };
    static const char *const names[] = { "O", "B-X", "I-X", "B-X", "O" };
    assert_int_equal(b.streams[0].n_tokens, 12);
    assert_int_equal(b.n_labelled, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(b.label_rows[i], rows[i]);
        assert_string_equal(dataset_labels(d)->names[b.token_labels[i]], names[i]);
    }
    batch_release(&b);
    dataset_close(d);
    config_release(&c);
}

/* A context of 60 words in windows; the answer "k l" stands at words 30 and 31, and some windows hold it. */
static void answers(void **state)
{
    (void)state;
    Dataset *d;
    Batch    b = { 0 };
    Text     t = { 0 };
    assert_ok(text_addf(&t, "{\"data\": [{\"title\": \"x\", \"paragraphs\": [{\"context\": \""));
    for (int i = 0; i < 60; i++) assert_ok(text_addf(&t, "%s%c", i ? " " : "", i == 30 ? 'k' : i == 31 ? 'l' : 'a' + i % 9));
    assert_ok(text_addf(&t, "\", \"qas\": [{\"id\": \"1\", \"question\": \"y z\", \"answers\": [{\"text\": \"k l\", "
                            "\"answer_start\": 60}]}, {\"id\": \"2\", \"question\": \"z\", \"answers\": []}]}]}]}"));
    DataConfig c = config_new(write_bytes("q.json", t.data, t.len));
    config_set(&c, "format", "squad");
    config_set(&c, "stride", "4");
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &(DatasetOptions){ .labels = LABEL_SPAN, .max_length = 24 }));
    int64_t n = dataset_count(d), all[64], with = 0;
    assert_in_range(n, 6, 64);
    for (int64_t i = 0; i < n; i++) all[i] = i;
    assert_ok(collate_span(d, all, n, &b));
    int32_t k = tokenizer_id(tokenizer, "k"), l = tokenizer_id(tokenizer, "l");
    for (int64_t i = 0; i < n; i++) {
        const int32_t *ids = b.streams[0].ids + b.streams[0].cu_seqlens[i], *span = b.spans + 2 * i;
        int64_t        length = b.streams[0].cu_seqlens[i + 1] - b.streams[0].cu_seqlens[i];
        Example        e;
        bool           has_both = false;
        assert_ok(dataset_example(d, i, &e));
        for (int64_t j = 0; j + 1 < length; j++) has_both |= ids[j] == k && ids[j + 1] == l;
        bool first_question = ids[1] == tokenizer_id(tokenizer, "y");
        assert_int_equal(e.row, first_question ? 0 : 1);
        assert_in_range(length, 5, 24);
        if (has_both && first_question) {
            assert_int_equal(ids[span[0]], k);
            assert_int_equal(ids[span[1]], l);
            assert_int_equal(e.offsets[2 * span[0]], 60);
            assert_int_equal(e.offsets[2 * span[1] + 1], 63);
            with++;
        } else {
            assert_true(span[0] == 0 && span[1] == 0);
        }
    }
    assert_in_range(with, 1, 2);
    batch_release(&b);
    text_release(&t);
    dataset_close(d);
    config_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(numbers), cmocka_unit_test(tags), cmocka_unit_test(answers) };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
