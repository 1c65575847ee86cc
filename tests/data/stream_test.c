/* tests/data/stream_test.c: sets that are shuffled a window at a time, mixed, or read while training: each example once
 * an epoch, the same order for the same seed, and going on exactly. */
#include "data/loader.h"

#include "tests/data/data_test.h"

enum { N_ROWS = 9001, N_OTHERS = 500 };

static Tokenizer *tokenizer;

static const char *numbers_file(const char *name, int from, int n)
{
    Text t = { 0 };
    for (int i = 0; i < n; i++) assert_ok(text_addf(&t, "%c %d\n", 'a' + i % 5, from + i));
    const char *path = write_bytes(name, t.data, t.len);
    text_release(&t);
    return path;
}

static int open_all(void **state)
{
    static const char *const words[] = { "a", "b", "c", "d", "e", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "##0",
                                         "##1", "##2", "##3", "##4", "##5", "##6", "##7", "##8", "##9" };
    if (make_folder(state)) return 1;
    tokenizer = word_tokenizer(words, COUNT(words));
    numbers_file("many.txt", 0, N_ROWS);
    numbers_file("few.txt", 100000, N_OTHERS);
    return 0;
}

static int close_all(void **state)
{
    tokenizer_free(tokenizer);
    return remove_folder(state);
}

typedef struct Set { DataConfig config; Data *data; Dataset *train; } Set;

static void set_open(Set *s, const char *window, bool streaming, bool two_files)
{
    s->config = config_new(test_path("many.txt"));
    OptionTable t = config_table();
    if (two_files) {
        const Flag both[] = { { "train", test_path("many.txt") }, { "train", test_path("few.txt") } };
        assert_ok(options_apply(&t, &s->config, both, 2));
    }
    if (window) config_set(&s->config, "shuffle_window", window);
    if (streaming) config_set(&s->config, "streaming", "true");
    assert_ok(data_open(&s->data, &s->config, tokenizer, &(DatasetOptions){ .max_length = 12 }, DATA_ALL, NULL, NULL));
    s->train = data_split(s->data, "train");
}

static void set_close(Set *s)
{
    data_close(s->data);
    config_release(&s->config);
}

static Loader *loader(const Set *s, int64_t window, const double *weights, uint32_t seed)
{
    Loader *l;
    assert_ok(loader_new(&l, s->train, &(LoaderOptions){ .batch_sequences = 64, .shuffle = true, .window = window,
                                                         .weights = weights, .seed = seed }));
    return l;
}

/* The number that a row of ours says, from its tokens: digits are spelt one a token. */
static int number_of(Dataset *d, int64_t i)
{
    Example e;
    int     n = 0;
    assert_ok(dataset_example(d, i, &e));
    for (int64_t k = 2; k + 1 < e.n; k++) {
        const char *digit = tokenizer_token(tokenizer, e.ids[k]);
        n = 10 * n + (digit[strlen(digit) - 1] - '0');
    }
    return n;
}

static int64_t epoch_of(Loader *l, Dataset *d, int *out, int64_t room)
{
    const int64_t *rows;
    int64_t        n, at = 0;
    for (;;) {
        assert_ok(loader_next(l, &rows, &n));
        if (n == 0) return at;
        assert_true(at + n <= room);
        for (int64_t i = 0; i < n; i++) out[at++] = number_of(d, rows[i]);
    }
}

static void check_each_once(const int *numbers, int64_t n)
{
    static bool seen[N_ROWS];
    memset(seen, 0, sizeof seen);
    assert_int_equal(n, N_ROWS);
    for (int64_t i = 0; i < n; i++) {
        assert_in_range(numbers[i], 0, N_ROWS - 1);
        assert_false(seen[numbers[i]]);
        seen[numbers[i]] = true;
    }
}

static int first[N_ROWS + 64], second[N_ROWS + 64], again[N_ROWS + 64];

/* Both kinds of set, through the same checks. */
static void check_set(bool streaming)
{
    Set s, other;
    set_open(&s, "3000", streaming, false);
    set_open(&other, "3000", streaming, false);
    assert_int_equal(dataset_count(s.train), streaming ? -1 : N_ROWS);
    Loader *l = loader(&s, 3000, NULL, 7), *m = loader(&other, 3000, NULL, 7);
    check_each_once(first, epoch_of(l, s.train, first, N_ROWS));
    check_each_once(second, epoch_of(l, s.train, second, N_ROWS));
    assert_memory_not_equal(first, second, N_ROWS * sizeof *first);
    int in_place = 0;
    for (int i = 0; i < N_ROWS; i++) in_place += first[i] == i;
    assert_in_range(in_place, 0, 30);
    check_each_once(again, epoch_of(m, other.train, again, N_ROWS));
    assert_memory_equal(first, again, N_ROWS * sizeof *first);

    loader_seek(l, (Cursor){ 0 });                      /* back to the beginning */
    check_each_once(again, epoch_of(l, s.train, again, N_ROWS));
    assert_memory_equal(first, again, N_ROWS * sizeof *first);
    loader_free(m);
    loader_free(l);
    set_close(&s);
    set_close(&other);
}

static void windows_of_blocks(void **state)
{
    (void)state;
    check_set(false);
}

static void a_stream(void **state)
{
    (void)state;
    check_set(true);
}

/* A checkpoint's cursor brings a new process to the same place. */
static void check_going_on(bool streaming)
{
    Set s;
    set_open(&s, "3000", streaming, false);
    Loader *l = loader(&s, 3000, NULL, 3);
    for (int stop = 1; stop < 290; stop += 37) {
        const int64_t *rows, *more;
        int64_t        n, k;
        Set            other;
        loader_seek(l, (Cursor){ 0 });
        for (int step = 0; step < stop; step++) assert_ok(loader_next(l, &rows, &n));
        Cursor c = loader_tell(l);
        set_open(&other, "3000", streaming, false);
        Loader *m = loader(&other, 3000, NULL, 3);
        loader_seek(m, c);
        for (int step = 0; step < 60; step++) {
            assert_ok(loader_next(l, &rows, &n));
            assert_ok(loader_next(m, &more, &k));
            assert_int_equal(n, k);
            for (int64_t i = 0; i < n; i++) assert_int_equal(number_of(s.train, rows[i]), number_of(other.train, more[i]));
        }
        loader_free(m);
        set_close(&other);
    }
    loader_free(l);
    set_close(&s);
}

static void windows_go_on(void **state)
{
    (void)state;
    check_going_on(false);
}

static void a_stream_goes_on(void **state)
{
    (void)state;
    check_going_on(true);
}

/* ---- mixing ------------------------------------------------------------------------------------------------------ */

static void paths_take_turns(void **state)
{
    (void)state;
    Set s;
    set_open(&s, NULL, false, true);
    assert_int_equal(dataset_n_sources(s.train), 2);
    assert_int_equal(dataset_source_begin(s.train, 1), N_ROWS);
    assert_int_equal(dataset_source_begin(s.train, 2), N_ROWS + N_OTHERS);
    const double   half[] = { 1, 1 };
    Loader        *l = loader(&s, 0, half, 5);
    const int64_t *rows;
    int64_t        n, few = 0, all = 0;
    static int     times[N_OTHERS];
    memset(times, 0, sizeof times);
    assert_int_equal(loader_examples(l), N_ROWS + N_OTHERS);
    for (;;) {
        assert_ok(loader_next(l, &rows, &n));
        if (n == 0) break;
        int64_t here = 0;
        for (int64_t i = 0; i < n; i++) {
            here += rows[i] >= N_ROWS;
            if (rows[i] >= N_ROWS) times[rows[i] - N_ROWS]++;
        }
        if (n == 64) assert_int_equal(here, 32);        /* each batch has both in proportion */
        few += here;
        all += n;
    }
    assert_int_equal(all, N_ROWS + N_OTHERS);
    assert_in_range(few, all / 2 - 1, all / 2 + 1);
    for (int i = 0; i < N_OTHERS; i++) assert_in_range(times[i], 9, 10);      /* 4750 turns, 500 rows: in rounds */
    loader_seek(l, (Cursor){ .epoch = 3, .position = 4000 });
    Loader *m = loader(&s, 0, half, 5);
    loader_seek(m, (Cursor){ .epoch = 3, .position = 4000 - 64 });
    const int64_t *more;
    int64_t        k;
    assert_ok(loader_next(m, &more, &k));
    assert_ok(loader_next(l, &rows, &n));
    assert_ok(loader_next(m, &more, &k));
    assert_int_equal(n, k);
    assert_memory_equal(rows, more, (size_t)n * sizeof *rows);
    loader_free(l);
    loader_free(m);
    const double wrong[] = { 0, 0 };
    assert_int_equal(loader_new(&l, s.train, &(LoaderOptions){ .batch_sequences = 1, .weights = wrong }), ERR_CONFIG);
    set_close(&s);
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

static void a_bad_row_in_a_stream(void **state)
{
    (void)state;
    DataConfig c = config_new(write_text("bad.csv", "text,label\na 1,x\nb 2,y\nc 3,z\n"));
    config_set(&c, "streaming", "true");
    Data          *d;
    DatasetOptions o = { .labels = LABEL_CLASS, .max_length = 12 };
    assert_int_equal(data_open(&d, &c, tokenizer, &o, DATA_ALL, NULL, NULL), ERR_CONFIG);
    assert_says(status_hint(), "data.labels");
    OptionTable t = config_table();
    const Flag  labels[] = { { "labels", "y" }, { "labels", "x" } };
    assert_ok(options_apply(&t, &c, labels, 2));
    assert_ok(data_open(&d, &c, tokenizer, &o, DATA_ALL, NULL, NULL));
    Loader        *l;
    const int64_t *rows;
    int64_t        n;
    assert_ok(loader_new(&l, data_split(d, "train"), &(LoaderOptions){ .batch_sequences = 2 }));
    assert_int_equal(loader_next(l, &rows, &n), ERR_DATA);
    assert_says(status_fact(), "bad.csv:4: the label \"z\" is none of the 2 that are known");
    loader_free(l);
    data_close(d);
    config_set(&c, "on_bad_row", "skip");
    assert_ok(data_open(&d, &c, tokenizer, &o, DATA_ALL, NULL, NULL));
    assert_ok(loader_new(&l, data_split(d, "train"), &(LoaderOptions){ .batch_sequences = 9 }));
    assert_ok(loader_next(l, &rows, &n));
    assert_int_equal(n, 2);
    Example e;
    assert_ok(dataset_example(data_split(d, "train"), rows[0], &e));
    assert_int_equal(e.label, 0);                       /* sorted: x, y */
    Row row;
    assert_ok(dataset_row(data_split(d, "train"), rows[1], &row));
    assert_string_equal(row.text, "b 2");
    loader_free(l);
    data_close(d);
    config_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_of_blocks), cmocka_unit_test(a_stream), cmocka_unit_test(windows_go_on),
        cmocka_unit_test(a_stream_goes_on), cmocka_unit_test(paths_take_turns), cmocka_unit_test(a_bad_row_in_a_stream),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
