/* tests/data/tokenizer/windows_test.c: every token of the second text is in a window, windows overlap as asked. */
#include "data/tokenizer/windows.h"

#include "core/arena.h"
#include "tests/data/data_test.h"

enum { FIRST = 5 };      /* [CLS] a a a [SEP], then the second text and [SEP] */

static void fill(Encoding *e, size_t second)
{
    size_t n = FIRST + second + 1, cap[3] = { e->cap, e->cap, e->cap };
    assert_ok(mem_grow(&e->ids, &cap[0], n, sizeof *e->ids));
    assert_ok(mem_grow(&e->words, &cap[1], n, sizeof *e->words));
    assert_ok(mem_grow(&e->offsets, &cap[2], n, 2 * sizeof *e->offsets));
    assert_ok(mem_grow(&e->segments, &e->cap, n, sizeof *e->segments));
    for (size_t i = 0; i < n; i++) {
        bool special = i == 0 || i == FIRST - 1 || i == n - 1;
        e->ids[i] = (int32_t)i;
        e->segments[i] = i >= FIRST;
        e->words[i] = special ? -1 : (int32_t)i;
        e->offsets[2 * i] = special ? 0 : (int32_t)(3 * i);
        e->offsets[2 * i + 1] = special ? 0 : (int32_t)(3 * i + 2);
    }
    e->n = n;
}

static void all_of_it(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 15, 16, 17, 18, 31, 100, 257 }, overlaps[] = { 0, 1, 7, 8, 128 };
    Encoding whole = { 0 }, one = { 0 };
    for (size_t l = 0; l < COUNT(lengths); l++)
        for (size_t o = 0; o < COUNT(overlaps); o++) {
            PairWindows w;
            const size_t most = FIRST + 1 + 17;
            size_t       next = FIRST;
            fill(&whole, lengths[l]);
            assert_ok(pair_windows(&w, &whole, most, overlaps[o]));
            assert_int_equal(w.n == 1, lengths[l] <= 17);
            for (size_t k = 0; k < w.n; k++) {
                assert_ok(pair_window(&w, &whole, k, &one));
                assert_true(one.n <= most && one.n == one.n_untruncated);
                for (size_t i = 0; i < FIRST; i++) assert_int_equal(one.ids[i], i);
                assert_int_equal(one.ids[one.n - 1], whole.n - 1);
                assert_int_equal(one.words[one.n - 1], -1);
                if (lengths[l] == 0) continue;
                size_t first = (size_t)one.ids[FIRST], shared = overlaps[o] < 8 ? overlaps[o] : 8;
                assert_int_equal(first, k == 0 ? next : next - shared);
                for (size_t i = FIRST; i + 1 < one.n; i++) {
                    assert_int_equal(one.ids[i], first + i - FIRST);
                    assert_int_equal(one.offsets[2 * i], 3 * one.ids[i]);
                    assert_int_equal(one.words[i], one.ids[i]);
                    assert_int_equal(one.segments[i], 1);
                }
                next = (size_t)one.ids[one.n - 2] + 1;
            }
            assert_int_equal(next, FIRST + lengths[l]);
        }
    encoding_release(&whole);
    encoding_release(&one);
}

static void a_first_text_that_fills_the_window(void **state)
{
    (void)state;
    PairWindows w;
    Encoding    whole = { 0 };
    fill(&whole, 40);
    assert_int_equal(pair_windows(&w, &whole, FIRST + 1 + PAIR_WINDOW_LEAST - 1, 4), ERR_DATA);
    assert_says(status_fact(), "leaves no room");
    assert_ok(pair_windows(&w, &whole, FIRST + 1 + PAIR_WINDOW_LEAST, 4));
    fill(&whole, 3);                                             /* fits: nothing to divide */
    assert_ok(pair_windows(&w, &whole, FIRST + 1 + 3, 4));
    assert_int_equal(w.n, 1);
    encoding_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_of_it),
                                        cmocka_unit_test(a_first_text_that_fills_the_window) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
