/* tests/data/select/near_test.c: near duplicates and near leaks against comparing all with all. */
#include "data/select/select_internal.h"

#include "tests/data/select/select_test.h"

enum { N_TRAIN = 3000, N_DEV = 150, N_TEST = 350, N = N_TRAIN + N_DEV + N_TEST, MAX_WORDS = 80 };

static TestRow  rows[N];
static uint32_t words[N][MAX_WORDS], n_words[N];
static uint64_t shingles[N][MAX_WORDS];                 /* sorted; a text's words all differ but by rare chance */

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void write_row(size_t i)
{
    Text     t = { 0 };
    uint64_t h = 0;
    for (uint32_t k = 0; k < n_words[i]; k++) {
        assert_ok(text_addf(&t, "w%u ", words[i][k]));
        h = scramble(h ^ words[i][k]);
        if (k >= 2) shingles[i][k - 2] = scramble(scramble(scramble(words[i][k - 2]) ^ words[i][k - 1]) ^ words[i][k]);
    }
    qsort(shingles[i], n_words[i] - 2, sizeof shingles[i][0], by_value);
    minhash_text(t.data, t.len, NULL, 0, &rows[i].minhash);
    rows[i].text = (uint32_t)h;
    text_release(&t);
}

/* Half of the texts are earlier ones with up to four words changed; some are exact copies. */
static void make_rows(void)
{
    static const size_t ends[] = { N_TRAIN, N_TRAIN + N_DEV, N };
    for (size_t i = 0, set = 0; i < N; i++) {
        if (i == ends[set]) set++;
        rows[i] = (TestRow){ .set = (SelectSet)set, .line = (int64_t)i + 1 };
        size_t from = i ? random_below((uint32_t)i) : 0;
        if (i && random_below(2)) {
            memcpy(words[i], words[from], sizeof words[i]);
            n_words[i] = n_words[from];
            for (uint32_t c = random_below(5); c > 0; c--) words[i][random_below(n_words[i])] = random_below(100000);
        } else {
            n_words[i] = 30 + random_below(MAX_WORDS - 30);
            for (uint32_t k = 0; k < n_words[i]; k++) words[i][k] = random_below(100000);
        }
        write_row(i);
    }
}

static double jaccard(size_t a, size_t b)
{
    uint32_t common = 0, n = n_words[a] - 2, m = n_words[b] - 2;
    for (uint32_t i = 0, k = 0; i < n && k < m;) {
        if (shingles[a][i] == shingles[b][k]) common++, i++, k++;
        else if (shingles[a][i] < shingles[b][k]) i++;
        else k++;
    }
    return (double)common / (n + m - common);
}

static double similarity(size_t a, size_t b) { return minhash_similarity(&rows[a].minhash, &rows[b].minhash); }

/* What comparing all signatures gives; 1 near duplicate, 2 duplicate. */
static uint8_t wanted[N];

static void compare_all(double threshold)
{
    for (size_t i = 0; i < N_TRAIN; i++) {
        wanted[i] = 0;
        for (size_t k = 0; k < i && wanted[i] != 2; k++)
            if (rows[k].text == rows[i].text) wanted[i] = 2;
            else if (wanted[k] == 0 && similarity(i, k) >= threshold) wanted[i] = 1;
    }
}

static void agrees_with_comparing_all(void **unused)
{
    (void)unused;
    make_rows();
    compare_all(0.8);
    SelectOptions o = report_all();
    o.on_near_duplicate = o.on_duplicate = SELECT_DROP;
    Selection     *s = decide_rows(&o, rows, N_TRAIN, true);
    const uint8_t *fates = selection_fates(s, SELECT_TRAIN);
    int            near = 0, missed = 0, other = 0;
    for (size_t i = 0; i < N_TRAIN; i++) {
        assert_int_equal((fates[i] & FATE_DUPLICATE) != 0, wanted[i] == 2);
        if (wanted[i] == 2) continue;
        near += wanted[i] == 1;
        missed += wanted[i] == 1 && !(fates[i] & FATE_NEAR);
        other += wanted[i] == 0 && (fates[i] & FATE_NEAR);
    }
    if (near < 400 || missed + other > near / 50)      /* the bands lose a few pairs at the threshold itself */
        fail_msg("%d near duplicates, %d missed, %d others", near, missed, other);
    for (size_t i = 0; i < N_TRAIN; i++) {              /* whatever is left out has one like it that stays */
        bool found = !(fates[i] & FATE_NEAR);
        for (size_t k = 0; k < i && !found; k++)
            found = similarity(i, k) >= 0.8 && !(fates[k] & (FATE_NEAR | FATE_DUPLICATE));
        for (size_t k = 0; k < i && !found && (fates[i] & FATE_DUPLICATE); k++) found = rows[k].text == rows[i].text;
        assert_true(found);
    }
    selection_free(s);
}

static void agrees_with_true_similarity(void **unused)  /* 64 values are +-0.05 */
{
    (void)unused;
    make_rows();
    SelectOptions o = report_all();
    o.on_near_duplicate = o.on_duplicate = SELECT_DROP;
    Selection     *s = decide_rows(&o, rows, N_TRAIN, true);
    const uint8_t *fates = selection_fates(s, SELECT_TRAIN);
    int            clear = 0, kept = 0, wrong = 0;
    for (size_t i = 0; i < N_TRAIN; i++) {
        double most = 0, most_kept = 0;
        for (size_t k = 0; k < i; k++) {
            double j = jaccard(i, k);
            if (j > most) most = j;
            if (j > most_kept && !fates[k]) most_kept = j;
        }
        clear += most_kept >= 0.9;
        kept += most_kept >= 0.9 && !fates[i];
        wrong += most < 0.6 && fates[i] != 0;
    }
    assert_true(clear > 200);
    if (kept > clear / 50 || wrong > 0) fail_msg("%d of %d above 0.9 kept; %d below 0.6 left out", kept, clear, wrong);
    selection_free(s);
}

static void leaks_drop_the_training_row(void **unused)
{
    (void)unused;
    make_rows();
    SelectOptions o = report_all();
    o.on_leakage = SELECT_DROP;
    Selection     *s = decide_rows(&o, rows, N, true);
    const uint8_t *fates = selection_fates(s, SELECT_TRAIN);
    int            near = 0, wrong = 0;
    for (size_t i = 0; i < N_TRAIN; i++) {
        bool exact = false, leaked = false;
        for (size_t k = N_TRAIN; k < N; k++) {
            exact |= rows[k].text == rows[i].text;
            leaked |= similarity(i, k) >= 0.8;
        }
        if (exact) assert_true(fates[i] == FATE_LEAKED);
        near += leaked && !exact;
        wrong += leaked != ((fates[i] & FATE_LEAKED) != 0);
    }
    if (near < 50 || wrong > near / 50) fail_msg("%d near leaks, %d found wrong", near, wrong);
    for (size_t i = 0; i < N_DEV; i++) assert_int_equal(selection_fates(s, SELECT_VALIDATION)[i], 0);
    for (size_t i = 0; i < N_TEST; i++) assert_int_equal(selection_fates(s, SELECT_TEST)[i], 0);
    selection_free(s);
}

static void leaks_across_the_share(void **unused)
{
    (void)unused;
    make_rows();
    for (int groups = 0; groups < 2; groups++) {
        for (size_t i = 0; i < N_TRAIN; i++) rows[i].group = groups ? 1 + (uint32_t)i / 3 : 0;
        SelectOptions o = report_all();
        o.on_leakage = SELECT_DROP;
        o.share = 0.25;
        Selection     *s = decide_rows(&o, rows, N_TRAIN, true);
        const uint8_t *fates = selection_fates(s, SELECT_TRAIN);
        int            leaks = 0, wrong = 0;
        for (size_t i = 0; i < N_TRAIN; i++) {
            bool leaked = false;
            for (size_t k = 0; k < N_TRAIN && !(fates[i] & FATE_SHARE); k++)
                leaked |= (fates[k] & FATE_SHARE) && similarity(i, k) >= 0.8;
            leaks += leaked;
            wrong += leaked != ((fates[i] & FATE_LEAKED) != 0);
        }
        if (leaks < 100 || wrong > leaks / 50) fail_msg("%d leaks into the share, %d found wrong", leaks, wrong);
        selection_free(s);
    }
}

/* ---- what must not matter --------------------------------------------------------------------------------------- */

enum { N_MANY = 60000, N_HELD = 3000 };      /* several runs of every sorter with the least memory */

static TestRow many[N_MANY], moved[N_MANY];
static uint8_t first_fates[N_MANY];

/* Signatures by chance; a third are earlier ones with some values changed, a tenth are copies. Test rows come first. */
static void make_many(void)
{
    for (size_t i = 0; i < N_MANY; i++) {
        uint32_t from = i ? random_below((uint32_t)i) : 0, kind = i ? random_below(10) : 9;
        many[i] = (TestRow){ .set = i < N_HELD ? SELECT_TEST : SELECT_TRAIN, .line = (int64_t)i + 1,
                             .text = kind == 0 ? many[from].text : (uint32_t)i, .label = random_below(3),
                             .group = 1 + random_below(20000), .class = (int32_t)random_below(5) };
        if (kind < 4) many[i].minhash = many[from].minhash;
        else for (size_t k = 0; k < MINHASH_BYTES; k++) many[i].minhash.bytes[k] = (uint8_t)(1 + random_below(255));
        for (uint32_t c = kind > 0 && kind < 4 ? random_below(14) : 0; c > 0; c--)
            many[i].minhash.bytes[random_below(MINHASH_BYTES)] = (uint8_t)(1 + random_below(255));
    }
    memcpy(moved, many + N_HELD, (N_MANY - N_HELD) * sizeof *many);
    memcpy(moved + N_MANY - N_HELD, many, N_HELD * sizeof *many);
}

static void memory_and_order_of_sets_do_not_matter(void **unused)
{
    (void)unused;
    make_many();
    for (int round = 0; round < 2; round++) {
        SelectOptions o = report_all();
        o.on_near_duplicate = o.on_leakage = SELECT_DROP;
        o.share = 0.1;
        o.stratified = true;
        o.memory = round ? 0 : 256 << 20;
        o.list_path = test_path(round ? "least.jsonl" : "most.jsonl");
        Selection     *s = decide_rows(&o, round ? moved : many, N_MANY, true);
        const uint8_t *fates = selection_fates(s, SELECT_TRAIN);
        if (round == 0) memcpy(first_fates, fates, N_MANY - N_HELD);
        else assert_memory_equal(first_fates, fates, N_MANY - N_HELD);
        selection_free(s);
    }
    char  *a, *b;
    size_t n, m;
    assert_ok(file_read(&a, &n, test_path("most.jsonl"), 1 << 26));
    assert_ok(file_read(&b, &m, test_path("least.jsonl"), 1 << 26));
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    assert_says(a, "near_duplicate");
    assert_says(a, "\"set\":\"validation\"");           /* leaks into the share */
    free(a);
    free(b);
}

static void copies_share_a_fate(void **unused)          /* near duplicates whose copies are kept: they go with them */
{
    (void)unused;
    make_rows();
    SelectOptions o = report_all();
    o.on_near_duplicate = SELECT_DROP;
    Selection     *s = decide_rows(&o, rows, N_TRAIN, true);
    const uint8_t *fates = selection_fates(s, SELECT_TRAIN);
    int            copies = 0;
    for (size_t i = 0; i < N_TRAIN; i++)
        for (size_t k = 0; k < i; k++) {
            if (rows[k].text != rows[i].text) continue;
            assert_int_equal(fates[k], fates[i]);
            copies += fates[i] == FATE_NEAR;
        }
    assert_true(copies > 20);
    selection_free(s);
}

/* One text 60,000 times, and 60,000 that differ from it in their last word only: a bucket of each must not be compared
 * all with all (that would be some 10^10 comparisons). */
static void large_buckets(void **unused)
{
    (void)unused;
    SelectOptions o = report_all();
    Selection    *s;
    o.on_near_duplicate = o.on_duplicate = SELECT_DROP;
    o.near_threshold = 0.7;
    assert_ok(selection_new(&s, &o));
    for (uint32_t i = 0; i < 120000; i++) {
        char    text[256];
        Minhash m;
        int     n = snprintf(text, sizeof text, "the same twenty words and a number stand in each of these texts so "
                             "that only the number tells them apart %u", i < 60000 ? 0 : i);
        minhash_text(text, (size_t)n, NULL, 0, &m);
        assert_ok(selection_add(s, SELECT_TRAIN, &(SelectRow){ .key = { scramble(i < 60000 ? 0 : i), 1 },
                                                               .line = i + 1, .minhash = &m }));
    }
    assert_ok(selection_decide(s));
    int64_t kept = 0;
    for (uint32_t i = 0; i < 120000; i++) kept += selection_fates(s, SELECT_TRAIN)[i] == 0;
    assert_in_range(kept, 1, 60);
    selection_free(s);
}

static void sentence_of_a_near_leak(void **unused)
{
    (void)unused;
    static const char *const texts[] = { "please tell me how much money is on my account today my friend",
                                         "something else", "Please, tell me how much money is on my account today" };
    TestRow few[3];
    for (size_t i = 0; i < 3; i++) {
        few[i] = (TestRow){ .set = i < 2 ? SELECT_TRAIN : SELECT_TEST, .line = (int64_t)i + 5, .text = (uint32_t)i };
        minhash_text(texts[i], strlen(texts[i]), NULL, 0, &few[i].minhash);
    }
    SelectOptions o = report_all();
    o.on_leakage = SELECT_FAIL;
    o.near_threshold = 0.7;
    Selection *s = select_rows(&o, few, 3, true);
    assert_int_equal(selection_decide(s), ERR_DATA);
    assert_says(status_fact(), "train.jsonl:5 nearly stands in test.jsonl:7 (similarity 0.");
    selection_free(s);
}

static void bands(void **unused)
{
    (void)unused;
    for (double t = 0.3; t < 0.96; t += 0.05) {
        Bands b = bands_choose(t);
        assert_true(b.n * b.rows <= 64 && b.n >= 1 && b.rows >= 1);
        assert_true(bands_choose(t + 0.04).rows >= b.rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_comparing_all),
        cmocka_unit_test(agrees_with_true_similarity),
        cmocka_unit_test(leaks_drop_the_training_row),
        cmocka_unit_test(leaks_across_the_share),
        cmocka_unit_test(memory_and_order_of_sets_do_not_matter),
        cmocka_unit_test(copies_share_a_fate),
        cmocka_unit_test(large_buckets),
        cmocka_unit_test(sentence_of_a_near_leak),
        cmocka_unit_test(bands),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
