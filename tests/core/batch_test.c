/* tests/core/batch_test.c: sequences in a row, their offsets, labels beside them. */
#include "tests/core/core_test.h"

#include "core/batch.h"

static void test_sequences(void **state)
{
    (void)state;
    Batch         b = { 0 };
    const int32_t ids[6] = { 101, 7, 8, 102, 9, 102 }, segments[6] = { 0, 0, 0, 0, 1, 1 };
    must(batch_add(&b, 0, ids, NULL, 4, 70));
    must(batch_add(&b, 0, ids, segments, 6, 3));
    must(batch_add(&b, 0, ids + 4, segments + 4, 1, 71));
    const Tokens *t = &b.streams[0];
    static const int32_t want_ids[] = { 101, 7, 8, 102, 101, 7, 8, 102, 9, 102, 9 },
    want_at[] = { 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 0 },
                         want_segments[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1 }, want_cu[] = { 0, 4, 10, 11 };
    static const int64_t want_rows[] = { 70, 3, 71 };
    assert_int_equal(b.n_streams, 1);
    assert_int_equal(t->n_tokens, 11);
    assert_int_equal(t->n_seqs, 3);
    assert_int_equal(t->max_len, 6);
    assert_memory_equal(t->ids, want_ids, sizeof want_ids);
    assert_memory_equal(t->positions, want_at, sizeof want_at);
    assert_memory_equal(t->segments, want_segments, sizeof want_segments);
    assert_memory_equal(t->cu_seqlens, want_cu, sizeof want_cu);
    assert_memory_equal(b.rows, want_rows, sizeof want_rows);
    batch_release(&b);
    assert_null(b.rows);
    assert_int_equal(b.streams[0].cap_tokens, 0);
}

static void test_two_streams(void **state)
{
    (void)state;
    Batch         b = { 0 };
    const int32_t ids[3] = { 1, 2, 3 };
    must(batch_add(&b, 0, ids, NULL, 2, 5));
    must(batch_add(&b, 1, ids, NULL, 3, 99));             /* rows are stream 0's */
    must(batch_add(&b, 0, ids, NULL, 1, 6));
    assert_int_equal(b.n_streams, 2);
    assert_int_equal(b.streams[0].n_seqs, 2);
    assert_int_equal(b.streams[1].n_seqs, 1);
    assert_int_equal(b.streams[1].n_tokens, 3);
    assert_int_equal(b.streams[0].max_len, 2);
    assert_int_equal(b.streams[1].max_len, 3);
    assert_int_equal(b.rows[0], 5);
    assert_int_equal(b.rows[1], 6);
    batch_release(&b);
}

static void test_labels(void **state)
{
    (void)state;
    Batch         b = { 0 };
    const int32_t id = 1;
    for (int i = 0; i < 100; i++) {
        must(batch_add(&b, 0, &id, NULL, 1, i));
        must(batch_add_label(&b, i % 7));
        if (i % 3 == 0) must(batch_add_token_label(&b, i, i * 2));
    }
    for (int i = 0; i < 100; i++) assert_int_equal(b.labels[i], i % 7);
    assert_int_equal(b.n_labelled, 34);
    for (int i = 0; i < 34; i++) {
        assert_int_equal(b.label_rows[i], i * 3);
        assert_int_equal(b.token_labels[i], i * 6);
    }
    batch_release(&b);
}

/* Many sizes against a plain model of what they should give; once more after a clear, in the same memory. */
static void test_growth_and_clear(void **state)
{
    (void)state;
    Batch   b = { 0 };
    int32_t ids[200], *memory = NULL;
    for (int i = 0; i < 200; i++) ids[i] = i * 11;
    for (int round = 0; round < 2; round++) {
        int64_t tokens = 0;
        for (int64_t s = 0; s < 300; s++) {
            int64_t n = 1 + (s * 37 + round) % 199;
            must(batch_add(&b, 0, ids, NULL, n, s));
            tokens += n;
            assert_int_equal(b.streams[0].cu_seqlens[s + 1], tokens);
        }
        const Tokens *t = &b.streams[0];
        assert_int_equal(t->n_tokens, tokens);
        assert_int_equal(t->max_len, 199);
        for (int64_t s = 0; s < 300; s++)
            for (int32_t at = t->cu_seqlens[s]; at < t->cu_seqlens[s + 1]; at++) {
                assert_int_equal(t->positions[at], at - t->cu_seqlens[s]);
                assert_int_equal(t->ids[at], (at - t->cu_seqlens[s]) * 11);
                assert_int_equal(t->segments[at], 0);
            }
        if (round) assert_ptr_equal(t->ids, memory);
        memory = t->ids;
        b.first_seq = 8;
        b.n_truncated = 3;
        b.task_id = 1;
        must(batch_add_token_label(&b, 0, 0));
        batch_clear(&b);
        assert_int_equal(t->n_tokens + t->n_seqs + t->max_len + b.n_streams + b.n_labelled, 0);
        assert_int_equal(b.first_seq + b.n_truncated + b.task_id, 0);
    }
    batch_release(&b);
}

static void test_too_many(void **state)
{
    (void)state;
    Batch         b = { 0 };
    const int32_t ids[2] = { 1, 2 };
    b.streams[0].n_tokens = INT32_MAX - 1;
    must_fail(batch_add(&b, 0, ids, NULL, 2, 0), ERR_DATA, "more than 2147483647 tokens");
    assert_null(b.streams[0].ids);
}

static void add_nothing(void)
{
    Batch b = { 0 };
    if (batch_add(&b, 0, NULL, NULL, 0, 0) != OK) _exit(1);
}

static void add_third_stream(void)
{
    Batch   b = { 0 };
    int32_t id = 0;
    if (batch_add(&b, 2, &id, NULL, 1, 0) != OK) _exit(1);
}

static void label_of_nothing(void)
{
    Batch b = { 0 };
    if (batch_add_label(&b, 0) != OK) _exit(1);
}

static void test_misuse(void **state)
{
    (void)state;
    must_abort(add_nothing, "n <= 0");
    must_abort(add_third_stream, "BATCH_MAX_STREAMS");
    must_abort(label_of_nothing, "n == 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),        cmocka_unit_test(test_two_streams), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_growth_and_clear), cmocka_unit_test(test_too_many),    cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
