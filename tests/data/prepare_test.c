/* tests/data/prepare_test.c: a prepared folder holds what memory would, is used while it fits, and is finished by
 * whoever comes after a killed preparation, to the same bytes. */
#include "data/dataset.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "core/parallel.h"
#include "data/block_set.h"
#include "tests/data/data_test.h"

enum { N_ROWS = 3 * SHARD_ROWS / 2 };  /* two shards */

static Tokenizer *tokenizer;

static int open_all(void **state)
{
    static const char *const words[] = { "a", "b", "c", "d", "e", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "##0",
                                         "##1", "##2", "##3", "##4", "##5", "##6", "##7", "##8", "##9" };
    if (make_folder(state)) return 1;
    parallel_set_threads(1);           /* a forked child has no thread pool */
    tokenizer = word_tokenizer(words, COUNT(words));
    return 0;
}

static int close_all(void **state)
{
    tokenizer_free(tokenizer);
    return remove_folder(state);
}

static const DatasetOptions classes = { .labels = LABEL_CLASS, .max_length = 16 };

static const char *numbers_file(const char *name, int n)
{
    Text t = { 0 };
    assert_ok(text_addf(&t, "text,label\n"));
    for (int i = 0; i < n; i++) assert_ok(text_addf(&t, "%c %d,%s\n", 'a' + i % 5, i, i % 3 ? "no" : "yes"));
    const char *path = write_bytes(name, t.data, t.len);
    text_release(&t);
    return path;
}

static Data *open_data(const DataConfig *c, DataUse use)
{
    Data *d;
    assert_ok(data_open(&d, c, tokenizer, &classes, use, NULL, NULL));
    return d;
}

static void prepare(const DataConfig *c) { data_close(open_data(c, DATA_PREPARE)); }

static void same_examples(Dataset *a, Dataset *b)
{
    assert_int_equal(dataset_count(a), dataset_count(b));
    assert_string_equal(dataset_hash(a), dataset_hash(b));
    for (int64_t i = 0; i < dataset_count(a); i++) {
        Example x, y;
        assert_ok(dataset_example(a, i, &x));
        assert_ok(dataset_example(b, i, &y));
        assert_int_equal(x.n, y.n);
        assert_memory_equal(x.ids, y.ids, (size_t)x.n * sizeof *x.ids);
        assert_memory_equal(x.words, y.words, (size_t)x.n * sizeof *x.words);
        assert_memory_equal(x.segments, y.segments, (size_t)x.n * sizeof *x.segments);
        assert_int_equal(x.label, y.label);
        assert_int_equal(x.line, y.line);
        assert_int_equal(x.row, y.row);
    }
}

static void prepared_is_what_memory_holds(void **state)
{
    (void)state;
    DataConfig c = config_new(numbers_file("train.csv", 5000));
    config_set(&c, "test", numbers_file("test.csv", 700));
    config_set(&c, "validation", "0.1");
    config_set(&c, "on_duplicate", "drop");
    Data *memory = open_data(&c, DATA_ALL);
    config_set(&c, "prepared", test_path("prepared"));
    prepare(&c);
    Data *prepared = open_data(&c, DATA_ALL);
    assert_false(data_is_prepared(memory));
    assert_true(data_is_prepared(prepared));
    for (int k = 0; k < 3; k++) {
        const char *name = k == 0 ? "train" : k == 1 ? "validation" : "test";
        same_examples(data_split(memory, name), data_split(prepared, name));
        Row a, b;
        assert_ok(dataset_row(data_split(memory, name), 99, &a));
        char text[64];
        snprintf(text, sizeof text, "%s", a.text);
        assert_ok(dataset_row(data_split(prepared, name), 99, &b));
        assert_string_equal(b.text, text);
    }
    Dataset *one;                      /* an evaluation asks for one split and has the labels from its model */
    DatasetOptions with_labels = classes;
    with_labels.known = dataset_labels(data_split(memory, "train"));
    assert_ok(dataset_open(&one, &c, "test", tokenizer, &with_labels));
    assert_true(dataset_is_prepared(one));
    same_examples(one, data_split(memory, "test"));
    dataset_close(one);
    assert_ok(dataset_open(&one, &c, "validation", tokenizer, &with_labels));
    assert_true(dataset_is_prepared(one));
    same_examples(one, data_split(memory, "validation"));
    dataset_close(one);
    data_close(memory);
    data_close(prepared);
    config_release(&c);
}

static bool uses_prepared(const DataConfig *c)
{
    Data *d = open_data(c, DATA_ALL);
    bool  yes = data_is_prepared(d);
    data_close(d);
    return yes;
}

static struct timespec time_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mtim;
}

static void used_while_it_fits(void **state)
{
    (void)state;
    DataConfig c = config_new(numbers_file("train.csv", 900));
    config_set(&c, "validation", "0.1");
    config_set(&c, "prepared", test_path("fits"));
    assert_false(uses_prepared(&c));
    prepare(&c);
    assert_true(uses_prepared(&c));

    struct timespec made = time_of(test_path("fits/train-00000.h5")), again;
    config_set(&c, "validation", "0.2");                /* another split of the same tokens */
    assert_false(uses_prepared(&c));
    prepare(&c);
    assert_true(uses_prepared(&c));
    again = time_of(test_path("fits/train-00000.h5"));
    assert_memory_equal(&made, &again, sizeof made);

    assert_int_equal(rename(test_path("train.csv"), test_path("moved.csv")), 0);      /* paths do not count */
    config_set(&c, "train", test_path("moved.csv"));
    assert_true(uses_prepared(&c));
    assert_int_equal(rename(test_path("fits"), test_path("elsewhere")), 0);
    config_set(&c, "prepared", test_path("elsewhere"));
    assert_true(uses_prepared(&c));

    config_set(&c, "max_length", "9");                  /* the options say 16: that counts */
    assert_true(uses_prepared(&c));
    config_set(&c, "clean", "nfc");
    assert_false(uses_prepared(&c));
    string_list_release(&c.clean);
    assert_true(uses_prepared(&c));
    numbers_file("moved.csv", 901);                     /* another text */
    assert_false(uses_prepared(&c));
    config_release(&c);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    DataConfig c = config_new(numbers_file("train.csv", 300));
    config_set(&c, "prepared", test_path("damaged"));
    prepare(&c);
    FILE *f = fopen(test_path("damaged/train-00000.h5"), "r+b");
    assert_non_null(f);
    fseek(f, -100, SEEK_END);
    fputs("damage", f);
    fclose(f);
    assert_false(uses_prepared(&c));                    /* read from the text instead */
    prepare(&c);
    assert_true(uses_prepared(&c));
    config_release(&c);
}

/* ---- killed ------------------------------------------------------------------------------------------------------ */

static void stop_after(void *arg, const char *set, double done, int64_t rows)
{
    (void)set, (void)done;
    if (rows >= *(const int64_t *)arg) _exit(0);
}

static void killed_at(const DataConfig *c, int64_t rows)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        Data *d;
        if (data_open(&d, c, tokenizer, &classes, DATA_PREPARE, stop_after, &rows) != OK) _exit(1);
        _exit(2);                                       /* came to the end */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void same_file(const char *a, const char *b)
{
    FileMap x, y;
    assert_ok(file_map(&x, a));
    assert_ok(file_map(&y, b));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    file_unmap(&x);
    file_unmap(&y);
}

static void a_killed_one_is_finished_to_the_same_bytes(void **state)
{
    (void)state;
    static const char *const files[] = { "train-00000.h5", "train-00001.h5", "index.h5", "findings.jsonl" };
    DataConfig c = config_new(numbers_file("train.csv", N_ROWS));
    config_set(&c, "validation", "0.1");
    config_set(&c, "prepared", test_path("whole"));
    prepare(&c);
    config_set(&c, "prepared", test_path("killed"));
    killed_at(&c, SHARD_ROWS / 2);                      /* in the first shard, */
    assert_false(file_exists(test_path("killed/train-00000.h5")));
    killed_at(&c, SHARD_ROWS + SHARD_ROWS / 4);         /* in the second */
    assert_true(file_exists(test_path("killed/train-00000.h5")));
    assert_false(file_exists(test_path("killed/index.h5")));
    struct timespec made = time_of(test_path("killed/train-00000.h5")), kept;
    prepare(&c);
    kept = time_of(test_path("killed/train-00000.h5"));
    assert_memory_equal(&made, &kept, sizeof made);     /* not made again */
    for (size_t i = 0; i < COUNT(files); i++) {
        char a[160], b[160];
        snprintf(a, sizeof a, "%s/whole/%s", test_folder, files[i]);
        snprintf(b, sizeof b, "%s/killed/%s", test_folder, files[i]);
        same_file(a, b);
    }
    config_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepared_is_what_memory_holds), cmocka_unit_test(used_while_it_fits),
        cmocka_unit_test(damage_is_noticed), cmocka_unit_test(a_killed_one_is_finished_to_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
