/* tests/data/store_test.c: a prepared set is the set that reading the text gives, or it is not used. */
#include "core/json.h"

#include "data/dataset_internal.h"
#include "tests/data/data_test.h"

static Tokenizer *tokenizer, *other;

static int open_all(void **state)
{
    static const char *const words[] = { "a", "b", "c", "d", "e", "f", "g", "h", "##a", "##b", "##c", "##d" };
    if (make_folder(state)) return 1;
    other = word_tokenizer(words, 3);
    tokenizer = word_tokenizer(words, COUNT(words));
    return 0;
}

static int close_all(void **state)
{
    tokenizer_free(tokenizer);
    tokenizer_free(other);
    return remove_folder(state);
}

enum { N_ROWS = 300 };

static const char *rows_file(const char *name, bool pairs, const char *last)
{
    Text t = { 0 };
    assert_ok(text_addf(&t, "text,%slabel\n", pairs ? "pair," : ""));
    for (int i = 0; i < N_ROWS; i++) {
        assert_ok(text_addf(&t, "\"%c%c", 'a' + i % 8, 'a' + i % 3));
        for (int k = 0; k < i % 11; k++) assert_ok(text_addf(&t, k == 4 ? "\n%c" : " %c", 'a' + (i * 7 + k) % 5));
        assert_ok(text_addf(&t, "\",%sclass %d\n", pairs ? "b a," : "", i % 5));
    }
    assert_ok(text_addf(&t, "%s", last));
    const char *path = write_bytes(name, t.data, t.len);
    text_release(&t);
    return path;
}

static DataConfig config(bool pairs)
{
    const char *train = rows_file("train.csv", pairs, "");
    const char *test = rows_file("test.csv", pairs, pairs ? "z,a,class 1\n" : "z,class 1\n");
    return (DataConfig){ .train = (char *)(uintptr_t)train, .test = (char *)(uintptr_t)test, .validation = "0.2",
                         .format = "auto", .text = "text", .text_pair = pairs ? "pair" : NULL, .label = "label",
                         .truncation = "longest_first", .on_bad_row = "fail", .seed = 42 };
}

static void same_sets(Dataset *a, Dataset *b)
{
    assert_int_equal(dataset_count(a), dataset_count(b));
    assert_string_equal(dataset_hash(a), dataset_hash(b));
    assert_int_equal(dataset_labels(a)->n, dataset_labels(b)->n);
    for (int32_t i = 0; i < dataset_labels(a)->n; i++)
        assert_string_equal(dataset_labels(a)->names[i], dataset_labels(b)->names[i]);
    for (int64_t k = 0, n = dataset_count(a); k < n; k++) {
        int64_t i = n - 1 - k;
        Example x, y;
        Row     r, q;
        assert_ok(dataset_example(a, i, &x));
        assert_ok(dataset_example(b, i, &y));
        assert_int_equal(x.n, y.n);
        assert_memory_equal(x.ids, y.ids, (size_t)x.n * sizeof *x.ids);
        assert_memory_equal(x.words, y.words, (size_t)x.n * sizeof *x.words);
        assert_memory_equal(x.segments, y.segments, (size_t)x.n * sizeof *x.segments);
        assert_int_equal(x.label, y.label);
        assert_int_equal(x.line, y.line);
        assert_int_equal(x.truncated, y.truncated);
        assert_int_equal(x.n_untruncated, y.n_untruncated);
        assert_ok(dataset_row(a, i, &r));
        assert_ok(dataset_row(b, i, &q));
        assert_string_equal(r.text, q.text);
    }
    assert_int_equal(dataset_n_truncated(a), dataset_n_truncated(b));      /* all are seen by now */
}

static void compare_splits(const DataConfig *c, const DatasetOptions *o, int n_splits)
{
    static const char *const names[] = { "train", "test", "validation" };
    DataConfig text = *c;
    Labels     known = { 0 };
    text.prepared = NULL;
    for (int k = 0; k < n_splits; k++) {
        DatasetOptions options = *o;
        Dataset       *a, *b;
        if (k > 0 && o->labels == LABEL_CLASS) options.known = &known;
        assert_ok(dataset_open(&a, c, names[k], tokenizer, &options));
        assert_ok(dataset_open(&b, &text, names[k], tokenizer, &options));
        assert_true(dataset_is_prepared(a));
        assert_false(dataset_is_prepared(b));
        same_sets(a, b);
        if (k == 0) assert_ok(labels_copy(&known, dataset_labels(a)));
        dataset_close(a);
        dataset_close(b);
    }
    labels_release(&known);
}

static const DatasetOptions classes = { .labels = LABEL_CLASS, .max_length = 10 };

static void prepared_equals_on_the_fly(void **state)
{
    (void)state;
    cJSON     *report;
    DataConfig c = config(false);
    c.prepared = (char *)(uintptr_t)test_path("singles");
    assert_ok(data_prepare(&c, tokenizer, &classes, &report, NULL, NULL));
    cJSON_Delete(report);
    compare_splits(&c, &classes, 3);
    c = config(true);
    c.prepared = (char *)(uintptr_t)test_path("pairs");
    assert_ok(data_prepare(&c, tokenizer, &classes, NULL, NULL, NULL));
    compare_splits(&c, &classes, 3);
    DatasetOptions windows = { .windows = true, .max_length = 6 };
    c = config(false);
    c.prepared = (char *)(uintptr_t)test_path("windows");
    assert_ok(data_prepare(&c, tokenizer, &windows, NULL, NULL, NULL));
    compare_splits(&c, &windows, 3);
}

static void ranges_equal_memory(void **state)
{
    (void)state;
    DataConfig c = config(true);
    c.prepared = (char *)(uintptr_t)test_path("ranges");
    assert_ok(data_prepare(&c, tokenizer, &classes, NULL, NULL, NULL));
    Store *kept, *read;
    assert_ok(store_open(&kept, test_path("ranges/train.h5"), tokenizer_size(tokenizer), STORE_MEMORY));
    assert_ok(store_open(&read, test_path("ranges/train.h5"), tokenizer_size(tokenizer), 0));
    assert_true(store_count(kept) == store_count(read) && store_n_tokens(kept) > store_count(kept));
    for (int64_t i = store_count(kept) - 1; i >= 0; i--) {
        Example x, y;
        assert_ok(store_example(kept, i, &x));
        assert_ok(store_example(read, i, &y));
        assert_int_equal(x.n, y.n);
        assert_memory_equal(x.ids, y.ids, (size_t)x.n * sizeof *x.ids);
        assert_memory_equal(x.words, y.words, (size_t)x.n * sizeof *x.words);
        assert_memory_equal(x.segments, y.segments, (size_t)x.n * sizeof *x.segments);
    }
    store_close(kept);
    store_close(read);
    assert_ok(store_open(&read, test_path("ranges/train.h5"), 5, 0));      /* a vocabulary that is too small for it */
    Example e;
    assert_int_equal(store_example(read, 0, &e), ERR_FORMAT);
    assert_says(status_fact(), "a token that the tokenizer does not have");
    store_close(read);
}

static bool opens_prepared(const DataConfig *c, const Tokenizer *t, const DatasetOptions *o)
{
    Dataset *d;
    assert_ok(dataset_open(&d, c, "train", t, o));
    bool prepared = dataset_is_prepared(d);
    dataset_close(d);
    return prepared;
}

static void used_only_while_it_fits(void **state)
{
    (void)state;
    DataConfig c = config(false);
    c.prepared = (char *)(uintptr_t)test_path("fits");
    assert_ok(data_prepare(&c, tokenizer, &classes, NULL, NULL, NULL));
    assert_true(opens_prepared(&c, tokenizer, &classes));
    assert_false(opens_prepared(&c, other, &classes));                 /* another tokenizer */
    DatasetOptions longer = classes;
    longer.max_length = 11;
    assert_false(opens_prepared(&c, tokenizer, &longer));
    c.seed = 43;                                                       /* another share */
    assert_false(opens_prepared(&c, tokenizer, &classes));
    c.seed = 42;
    assert_true(opens_prepared(&c, tokenizer, &classes));
    (void)rows_file("train.csv", false, "new,class 2\n");              /* another text */
    assert_false(opens_prepared(&c, tokenizer, &classes));
    (void)rows_file("train.csv", false, "");
    assert_true(opens_prepared(&c, tokenizer, &classes));
    assert_int_equal(file_write_whole(test_path("fits/train.h5"), "not HDF5", 8), OK);
    assert_false(opens_prepared(&c, tokenizer, &classes));             /* damaged: the text is still there */
}

static void moved_folder_and_missing_source(void **state)
{
    (void)state;
    DataConfig c = config(false);
    c.prepared = (char *)(uintptr_t)test_path("here");
    assert_ok(data_prepare(&c, tokenizer, &classes, NULL, NULL, NULL));
    char there[128], train[128];
    snprintf(there, sizeof there, "%s", test_path("there"));
    snprintf(train, sizeof train, "%s", test_path("elsewhere.csv"));
    assert_int_equal(rename(c.prepared, there), 0);
    assert_int_equal(rename(test_path("train.csv"), train), 0);
    c.prepared = there;
    c.train = train;
    assert_true(opens_prepared(&c, tokenizer, &classes));
    assert_int_equal(unlink(train), 0);
    Dataset *d;
    Example  e;
    Row      r;
    assert_ok(dataset_open(&d, &c, "train", tokenizer, &classes));
    assert_true(dataset_is_prepared(d));
    assert_ok(dataset_example(d, 3, &e));
    assert_int_equal(dataset_row(d, 3, &r), ERR_IO);
    assert_says(status_fact(), "elsewhere.csv: cannot be opened");
    assert_says(status_trail(), "looking up the text of a prepared row");
    dataset_close(d);
}

static void nothing_half_written(void **state)
{
    (void)state;
    DataConfig c = config(false);
    c.prepared = (char *)(uintptr_t)test_path("half");
    c.test = (char *)(uintptr_t)write_text("test.csv", "text,label\na,class 0\nb,unheard of\n");
    assert_int_equal(data_prepare(&c, tokenizer, &classes, NULL, NULL, NULL), ERR_DATA);
    assert_says(status_fact(), "test.csv:3: the label \"unheard of\"");
    assert_says(status_trail(), "preparing the test set");
    static const char *const names[] = { "train.h5", "validation.h5", "test.h5", "data.json", "train.h5.tmp",
                                         "test.h5.tmp" };
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", c.prepared, names[i]);
        if (file_exists(path)) fail_msg("%s was left behind", path);
    }
}

/* ---- the report ------------------------------------------------------------------------------------------------- */

static double at(const cJSON *o, const char *a, const char *b, const char *c)
{
    o = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(o, "splits"), a);
    o = cJSON_GetObjectItemCaseSensitive(o, b);
    if (c) o = cJSON_GetObjectItemCaseSensitive(o, c);
    if (!cJSON_IsNumber(o)) fail_msg("no number at %s %s %s", a, b, c ? c : "");
    return o->valuedouble;
}

static void count_progress(void *arg, const char *split, int64_t done, int64_t total)
{
    if (strcmp(split, "test") == 0 && done == total) *(int64_t *)arg = total;
}

static void report_says_what_is_there(void **state)
{
    (void)state;
    DataConfig c = config(false);
    c.validation = NULL;
    c.on_bad_row = "skip";
    c.train = (char *)(uintptr_t)write_text("train.csv", "text,label\na,x\nb c,y\na,y\n ,x\nz q a,x\n");
    c.test = (char *)(uintptr_t)write_text("test.csv", "text,label\nd,x\nb c,y\n");
    cJSON  *r;
    int64_t total = 0;
    assert_ok(data_prepare(&c, tokenizer, &classes, &r, count_progress, &total));
    assert_int_equal(total, 2);
    assert_true(at(r, "train", "rows", NULL) == 4);
    assert_true(at(r, "train", "bad_rows", NULL) == 1);
    assert_true(at(r, "train", "tokens", NULL) == 3 + 4 + 3 + 5);
    assert_true(at(r, "train", "lengths", "min") == 3 && at(r, "train", "lengths", "max") == 5);
    assert_true(at(r, "train", "labels", "x") == 2 && at(r, "train", "labels", "y") == 2);
    assert_true(at(r, "train", "unknown_tokens", NULL) == 2);
    assert_true(at(r, "train", "unknown_rate", NULL) == 2.0 / 7);
    assert_true(at(r, "train", "duplicates", "rows") == 1 && at(r, "train", "duplicates", "other_label") == 1);
    const cJSON *across = cJSON_GetArrayItem(cJSON_GetObjectItem(r, "across"), 0);
    assert_true(cJSON_GetObjectItem(across, "rows")->valuedouble == 1);
    char *text = NULL;
    assert_ok(json_print(&text, r, false));
    assert_says(text, "1 rows of test stand in train too, for example line 3 (line 3 there)");
    assert_says(text, "train: 1 bad rows were skipped");
    assert_says(text, "train: 1 texts stand there again with another label");
    free(text);

    size_t n = 0;
    char  *printed = NULL;
    FILE  *to = open_memstream(&printed, &n);
    data_report_print(r, to);
    fclose(to);
    assert_says(printed, "train");
    assert_says(printed, "2 (2 to 2)");
    free(printed);
    cJSON_Delete(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepared_equals_on_the_fly), cmocka_unit_test(ranges_equal_memory),
        cmocka_unit_test(used_only_while_it_fits),
        cmocka_unit_test(moved_folder_and_missing_source), cmocka_unit_test(nothing_half_written),
        cmocka_unit_test(report_says_what_is_there),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
