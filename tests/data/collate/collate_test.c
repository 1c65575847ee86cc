/* tests/data/collate/collate_test.c: classes, and the masking of masked language models. */
#include "data/collate/collate.h"

#include "tests/data/data_test.h"

enum { N_ROWS = 400, N_WORDS = 40 };

static Tokenizer *tokenizer;
static Dataset   *set;                 /* rows of words of one to three tokens, some with a special token in the text */
static DataConfig config;
static int64_t    all[N_ROWS];

static int open_all(void **state)
{
    if (make_folder(state)) return 1;
    char        store[N_WORDS][8];
    const char *words[N_WORDS];
    for (int i = 0; i < N_WORDS; i++) {
        snprintf(store[i], sizeof store[i], i < 26 ? "%c" : "##%c", 'a' + i % 26);
        words[i] = store[i];
    }
    tokenizer = word_tokenizer(words, N_WORDS);
    Text t = { 0 };
    assert_ok(text_addf(&t, "text,label\n"));
    for (int i = 0; i < N_ROWS; i++) {
        all[i] = i;
        for (int k = 0; k < 30; k++) {
            int m = i * 31 + k * 17;
            assert_ok(text_addf(&t, k % 3 == 0 ? "%c " : k % 3 == 1 ? "%c%c " : "%c%c%c ", 'a' + m % 26, 'a' + m % 14,
                                'a' + m % 13));
        }
        assert_ok(text_addf(&t, "%s,%s\n", i % 4 ? "" : "[SEP] a", i % 3 ? "x" : "y"));
    }
    config = config_new(write_bytes("train.csv", t.data, t.len));
    text_release(&t);
    assert_ok(dataset_open(&set, &config, "train", tokenizer, &(DatasetOptions){ .labels = LABEL_CLASS, .max_length = 48 }));
    return 0;
}

static int close_all(void **state)
{
    dataset_close(set);
    config_release(&config);
    tokenizer_free(tokenizer);
    return remove_folder(state);
}

static void classes(void **state)
{
    (void)state;
    Batch b = { 0 };
    assert_ok(collate_classify(set, (int64_t[]){ 5, 3, 9 }, 3, &b));
    assert_ok(collate_classify(set, (int64_t[]){ 4 }, 1, &b));       /* appended */
    assert_int_equal(b.streams[0].n_seqs, 4);
    assert_int_equal(b.n_streams, 1);
    const int64_t rows[] = { 5, 3, 9, 4 };
    const int32_t labels[] = { 0, 1, 1, 0 };
    for (int i = 0; i < 4; i++) {
        Example e;
        assert_ok(dataset_example(set, rows[i], &e));
        int32_t at = b.streams[0].cu_seqlens[i];
        assert_int_equal(b.rows[i], rows[i]);
        assert_int_equal(b.labels[i], labels[i]);
        assert_int_equal(b.streams[0].cu_seqlens[i + 1] - at, e.n);
        assert_memory_equal(b.streams[0].ids + at, e.ids, (size_t)e.n * sizeof *e.ids);
        assert_int_equal(b.streams[0].positions[at], 0);
    }
    assert_int_equal(b.n_truncated, 4);
    batch_release(&b);
}

static MlmOptions options(double p, bool whole_word, uint32_t seed, int64_t epoch)
{
    return (MlmOptions){ tokenizer, p, whole_word, seed, epoch };
}

/* What the batch says of each token: its original, and whether it is predicted. */
typedef struct Seen { int64_t tokens, maskable, predicted, mask, random, same; } Seen;

static Seen check_batch(const Batch *b, bool whole_word)
{
    Seen          s = { .tokens = b->streams[0].n_tokens };
    const Tokens *t = &b->streams[0];
    int64_t       next = 0;
    for (int64_t q = 0; q < t->n_seqs; q++) {
        Example e;
        assert_ok(dataset_example(set, b->rows[q], &e));
        int64_t in_row = 0;
        bool    before = false;
        for (int64_t i = 0; i < e.n; i++) {
            int32_t at = t->cu_seqlens[q] + (int32_t)i, now = t->ids[at];
            bool    special = tokenizer_is_special(tokenizer, e.ids[i]);
            bool    predicted = next < b->n_labelled && b->label_rows[next] == at;
            s.maskable += !special;
            if (!predicted) assert_int_equal(now, e.ids[i]);
            else {
                assert_false(special);                   /* not the template's, nor those written in the text */
                assert_int_equal(b->token_labels[next], e.ids[i]);
                next++;
                in_row++;
                s.predicted++;
                s.mask += now == tokenizer_role(tokenizer, TOKEN_MASK);
                s.same += now == e.ids[i];
                s.random += now != tokenizer_role(tokenizer, TOKEN_MASK) && now != e.ids[i];
                if (now != tokenizer_role(tokenizer, TOKEN_MASK)) assert_false(tokenizer_is_special(tokenizer, now));
            }
            if (whole_word && i > 0 && !special && e.words[i] == e.words[i - 1]) assert_int_equal(predicted, before);
            before = predicted;
        }
        assert_true(in_row > 0);
    }
    assert_int_equal(next, b->n_labelled);
    return s;
}

static void near(int64_t part, int64_t whole, double want, double within)
{
    double rate = (double)part / (double)whole;
    if (rate < want - within || rate > want + within) fail_msg("a rate of %g, expected %g +- %g", rate, want, within);
}

static void rates_and_specials(void **state)
{
    (void)state;
    for (int whole_word = 0; whole_word < 2; whole_word++) {
        Batch      b = { 0 };
        MlmOptions o = options(0.15, whole_word, 1, 0);
        assert_ok(collate_mlm(set, all, N_ROWS, &o, &b));
        Seen s = check_batch(&b, whole_word);
        near(s.predicted, s.maskable, 0.15, 0.012);      /* of 18,000 tokens */
        near(s.mask, s.predicted, 0.8, 0.03);
        near(s.random, s.predicted, 0.1 * (N_WORDS - 1) / N_WORDS, 0.02);
        near(s.same, s.predicted, 0.1 + 0.1 / N_WORDS, 0.02);
        batch_release(&b);
    }
}

static void at_least_one(void **state)
{
    (void)state;
    for (int whole_word = 0; whole_word < 2; whole_word++) {
        Batch      b = { 0 };
        MlmOptions o = options(0, whole_word, 1, 0);
        assert_ok(collate_mlm(set, all, N_ROWS, &o, &b));
        Seen s = check_batch(&b, whole_word);            /* asserts one a row, or one word */
        assert_in_range(s.predicted, N_ROWS, N_ROWS * (whole_word ? 3 : 1));
        batch_release(&b);
    }
}

static void same_batches(const Batch *a, const Batch *b, bool same)
{
    assert_int_equal(a->streams[0].n_tokens, b->streams[0].n_tokens);
    bool equal = a->n_labelled == b->n_labelled &&
                 memcmp(a->streams[0].ids, b->streams[0].ids, (size_t)a->streams[0].n_tokens * sizeof(int32_t)) == 0;
    assert_int_equal(equal, same);
}

static void masked_by_seed_epoch_and_row_alone(void **state)
{
    (void)state;
    Batch      whole = { 0 }, again = { 0 }, pieces = { 0 }, one = { 0 };
    MlmOptions o = options(0.15, true, 9, 2), seed = options(0.15, true, 10, 2), epoch = options(0.15, true, 9, 3);
    assert_ok(collate_mlm(set, all, 50, &o, &whole));
    assert_ok(collate_mlm(set, all, 50, &o, &again));
    same_batches(&whole, &again, true);
    assert_ok(collate_mlm(set, all, 7, &o, &pieces));
    assert_ok(collate_mlm(set, all + 7, 43, &o, &pieces));
    same_batches(&whole, &pieces, true);
    assert_memory_equal(whole.label_rows, pieces.label_rows, (size_t)whole.n_labelled * sizeof *whole.label_rows);
    assert_ok(collate_mlm(set, (int64_t[]){ 33 }, 1, &o, &one));      /* in whatever batch */
    assert_memory_equal(one.streams[0].ids, whole.streams[0].ids + whole.streams[0].cu_seqlens[33],
                        (size_t)one.streams[0].n_tokens * sizeof(int32_t));
    batch_clear(&again);
    assert_ok(collate_mlm(set, all, 50, &seed, &again));
    same_batches(&whole, &again, false);
    batch_clear(&again);
    assert_ok(collate_mlm(set, all, 50, &epoch, &again));
    same_batches(&whole, &again, false);
    batch_release(&whole);
    batch_release(&again);
    batch_release(&pieces);
    batch_release(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes), cmocka_unit_test(rates_and_specials), cmocka_unit_test(at_least_one),
        cmocka_unit_test(masked_by_seed_epoch_and_row_alone),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
