/* tests/data/loader_test.c: the order of rows, going on in the middle, and token budgets. */
#include "data/loader.h"

#include "tests/data/data_test.h"

enum { N_ROWS = 203 };

static Tokenizer *tokenizer;
static Dataset   *set;
static DataConfig config;

static int open_all(void **state)
{
    static const char *const words[] = { "a", "b" };
    if (make_folder(state)) return 1;
    tokenizer = word_tokenizer(words, COUNT(words));
    Text t = { 0 };
    for (int i = 0; i < N_ROWS; i++) {
        for (int k = 0; k <= i * i % 23; k++) assert_ok(text_addf(&t, "a "));
        assert_ok(text_addf(&t, "\n"));
    }
    config = config_new(write_bytes("train.txt", t.data, t.len));
    text_release(&t);
    assert_ok(dataset_open(&set, &config, "train", tokenizer, &(DatasetOptions){ .max_length = 64 }));
    assert_int_equal(dataset_count(set), N_ROWS);
    return 0;
}

static int close_all(void **state)
{
    dataset_close(set);
    config_release(&config);
    tokenizer_free(tokenizer);
    return remove_folder(state);
}

static Loader *loader(int64_t sequences, int64_t tokens, bool shuffle, uint32_t seed)
{
    Loader *l;
    assert_ok(loader_new(&l, set, &(LoaderOptions){ .batch_sequences = sequences, .batch_tokens = tokens,
                                                   .shuffle = shuffle, .seed = seed }));
    return l;
}

/* The epoch's rows in order into out[N_ROWS], and the batches they came in. */
static int64_t epoch_of(Loader *l, int64_t *out)
{
    const int64_t *rows;
    int64_t        n, at = 0, batches = 0;
    for (;;) {
        assert_ok(loader_next(l, &rows, &n));
        if (n == 0) break;
        assert_in_range(at + n, 1, N_ROWS);
        memcpy(out + at, rows, (size_t)n * sizeof *rows);
        at += n;
        batches++;
    }
    assert_int_equal(at, N_ROWS);
    return batches;
}

static void every_row_once_and_epochs_differ(void **state)
{
    (void)state;
    Loader *l = loader(32, 0, true, 7);
    int64_t first[N_ROWS], second[N_ROWS], again[N_ROWS];
    assert_int_equal(epoch_of(l, first), 7);
    assert_int_equal(loader_batches(l), 7);
    Cursor c = loader_tell(l);
    assert_int_equal(c.epoch, 1);
    assert_int_equal(c.position, 0);
    epoch_of(l, second);
    bool seen[N_ROWS] = { false };
    int  same = 0;
    for (int i = 0; i < N_ROWS; i++) {
        assert_false(seen[first[i]]);
        seen[first[i]] = true;
        same += first[i] == second[i];
    }
    assert_in_range(same, 0, 12);
    loader_seek(l, (Cursor){ .epoch = 1 });                   /* without the epoch before it */
    epoch_of(l, again);
    assert_memory_equal(again, second, sizeof second);
    loader_free(l);
    l = loader(32, 0, true, 8);
    epoch_of(l, again);
    assert_memory_not_equal(again, first, sizeof first);
    loader_free(l);
    l = loader(32, 0, false, 7);
    epoch_of(l, again);
    for (int i = 0; i < N_ROWS; i++) assert_int_equal(again[i], i);
    loader_free(l);
}

static void goes_on_from_any_cursor(void **state)
{
    (void)state;
    for (int budget = 0; budget < 2; budget++) {
        int64_t        sequences = budget ? 0 : 10, tokens = budget ? 90 : 0;
        Loader        *l = loader(sequences, tokens, true, 3), *other = loader(sequences, tokens, true, 3);
        const int64_t *rows, *again;
        int64_t        n, m;
        for (int step = 0; step < 90; step++) {         /* some epochs */
            loader_seek(other, loader_tell(l));
            assert_ok(loader_next(l, &rows, &n));
            assert_ok(loader_next(other, &again, &m));
            assert_int_equal(n, m);
            if (n) assert_memory_equal(rows, again, (size_t)n * sizeof *rows);
            assert_memory_equal(&(Cursor[]){ loader_tell(l) }[0], &(Cursor[]){ loader_tell(other) }[0], sizeof(Cursor));
        }
        loader_free(other);
        other = loader(sequences, tokens, true, 3);     /* the whole rest, in a new process as it were */
        Cursor c = loader_tell(l);
        loader_seek(other, c);
        for (int step = 0; step < 60; step++) {
            assert_ok(loader_next(l, &rows, &n));
            assert_ok(loader_next(other, &again, &m));
            assert_int_equal(n, m);
            if (n) assert_memory_equal(rows, again, (size_t)n * sizeof *rows);
        }
        loader_free(l);
        loader_free(other);
    }
}

static void token_budget_is_kept(void **state)
{
    (void)state;
    for (int64_t budget = 1; budget < 200; budget += 7) {
        Loader        *l = loader(0, budget, true, 5);
        const int64_t *rows;
        int64_t        n, total = 0, batches = 0;
        for (;;) {
            assert_ok(loader_next(l, &rows, &n));
            if (n == 0) break;
            int64_t tokens = 0;
            for (int64_t i = 0; i < n; i++) {
                Example e;
                assert_ok(dataset_example(set, rows[i], &e));
                tokens += e.n;
            }
            if (n > 1) assert_in_range(tokens, 1, budget);
            if (budget > 25) assert_in_range(tokens, 1, budget);      /* the longest row has 25 */
            total += n;
            batches++;
        }
        assert_int_equal(total, N_ROWS);
        if (budget > 50) assert_in_range(loader_batches(l), batches * 3 / 4, batches * 5 / 4);
        loader_free(l);
    }
}

static void both_limits(void **state)
{
    (void)state;
    Loader        *l = loader(4, 60, false, 0);
    const int64_t *rows;
    int64_t        n;
    do {
        assert_ok(loader_next(l, &rows, &n));
        assert_in_range(n, 0, 4);
    } while (n > 0);
    loader_free(l);
    assert_int_equal(loader_new(&l, set, &(LoaderOptions){ 0 }), ERR_CONFIG);
    assert_null(l);
}

static void cursor_behind_the_end(void **state)      /* the file got shorter: the epoch is over, no more */
{
    (void)state;
    Loader        *l = loader(8, 0, true, 1);
    const int64_t *rows;
    int64_t        n;
    loader_seek(l, (Cursor){ .epoch = 2, .position = N_ROWS + 5 });
    assert_ok(loader_next(l, &rows, &n));
    assert_int_equal(n, 0);
    assert_int_equal(loader_tell(l).epoch, 3);
    assert_int_equal(loader_tell(l).position, 0);
    loader_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once_and_epochs_differ), cmocka_unit_test(goes_on_from_any_cursor),
        cmocka_unit_test(token_budget_is_kept), cmocka_unit_test(both_limits), cmocka_unit_test(cursor_behind_the_end),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
