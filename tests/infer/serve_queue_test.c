/* tests/infer/serve_queue_test.c: the hand-over, with a runner that is told when to go on. A row is (first id, n). */
#include "tests/infer/serve_test.h"

typedef struct Fake {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    bool            held;            /* passes wait until it is false */
    int             n_passes, n_waiting, pass_of_seven;      /* pass_of_seven: where an input with the first id 7 ran */
    int64_t         last_n, most_tokens;
    int32_t         fails_on;        /* an input with this first id fails its pass; 0: none */
    REAL           *rows;
    Queue          *queue;
    pthread_t       thread;
} Fake;

static Status run_fake(void *arg, const Encoding *const *inputs, int64_t n, const REAL **rows)
{
    Fake   *f = arg;
    int64_t tokens = 0;
    bool    bad = false;
    pthread_mutex_lock(&f->lock);
    f->n_passes++;
    f->last_n = n;
    f->n_waiting++;
    pthread_cond_broadcast(&f->changed);
    while (f->held) pthread_cond_wait(&f->changed, &f->lock);
    f->n_waiting--;
    free(f->rows);
    f->rows = calloc((size_t)n * 2, sizeof *f->rows);
    for (int64_t i = 0; i < n; i++) {
        f->rows[2 * i] = (REAL)inputs[i]->ids[0];
        f->rows[2 * i + 1] = (REAL)inputs[i]->n;
        tokens += (int64_t)inputs[i]->n;
        if (inputs[i]->ids[0] == 7) f->pass_of_seven = f->n_passes;
        bad |= f->fails_on && inputs[i]->ids[0] == f->fails_on;
    }
    if (tokens > f->most_tokens) f->most_tokens = tokens;
    pthread_mutex_unlock(&f->lock);
    *rows = f->rows;
    return bad ? fail(ERR_NUMERIC, "input %d is bad", f->fails_on) : OK;
}

static void *work(void *arg)
{
    while (queue_work(((Fake *)arg)->queue)) {}
    return NULL;
}

static void begin(Fake *f, int lanes, int64_t max_jobs, int64_t max_tokens)
{
    *f = (Fake){ 0 };
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    must(queue_new(&f->queue, lanes, max_jobs, max_tokens));
    for (int i = 0; i < lanes; i++) queue_open_lane(f->queue, i, run_fake, f, 2, false);
    assert_int_equal(pthread_create(&f->thread, NULL, work, f), 0);
}

static void hold(Fake *f, bool held)
{
    pthread_mutex_lock(&f->lock);
    f->held = held;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static void wait_in_pass(Fake *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->n_waiting == 0) pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void finish(Fake *f)
{
    hold(f, false);
    queue_close(f->queue);
    pthread_join(f->thread, NULL);
    queue_free(f->queue);
    free(f->rows);
}

static QueueJob *job(int64_t n, int32_t first, size_t tokens)
{
    QueueJob *j;
    must(queue_job_new(&j, n));
    for (int64_t i = 0; i < n; i++) {
        j->inputs[i].ids = calloc(tokens, sizeof(int32_t));
        j->inputs[i].ids[0] = first + (int32_t)i;
        j->inputs[i].n = tokens;
    }
    return j;
}

/* One request of a client thread. */
typedef struct Client {
    Queue       *queue;
    int          lane;
    int64_t      n;
    int32_t      first;
    size_t       tokens;
    double       timeout;
    QueueOutcome outcome;
    Status       status;
    bool         right;
    pthread_t    thread;
} Client;

static void *client(void *arg)
{
    Client   *c = arg;
    QueueJob *j = job(c->n, c->first, c->tokens);
    c->outcome = queue_run(c->queue, c->lane, j, c->timeout);
    c->status = j->status;
    c->right = c->outcome == QUEUE_DONE;
    for (int64_t i = 0; i < c->n && c->right; i++)
        c->right = j->rows[2 * i] == (REAL)(c->first + i) && j->rows[2 * i + 1] == (REAL)c->tokens;
    queue_job_free(j);
    return NULL;
}

static void send_off(Client *c, Fake *f, int lane, int64_t n, int32_t first, size_t tokens, double timeout)
{
    *c = (Client){ .queue = f->queue, .lane = lane, .n = n, .first = first, .tokens = tokens, .timeout = timeout };
    assert_int_equal(pthread_create(&c->thread, NULL, client, c), 0);
}

static void wait_for_jobs(Fake *f, int64_t n)
{
    for (int i = 0; i < 5000 && queue_stats(f->queue).n_jobs < n; i++) nap(0.001);
    assert_int_equal(queue_stats(f->queue).n_jobs, n);
}

static void test_waiting_together_is_one_pass(void **state)
{
    (void)state;
    Fake   f;
    Client c[9];
    begin(&f, 1, 64, 1000);
    hold(&f, true);
    send_off(&c[0], &f, 0, 1, 100, 3, 10);
    wait_in_pass(&f);
    for (int i = 1; i < 9; i++) send_off(&c[i], &f, 0, i, 1000 * i, (size_t)i + 1, 10);
    wait_for_jobs(&f, 9);
    hold(&f, false);
    for (int i = 0; i < 9; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].outcome, QUEUE_DONE);
        assert_true(c[i].right);
    }
    assert_int_equal(f.n_passes, 2);
    assert_int_equal(f.last_n, 36);
    finish(&f);
}

static void test_passes_keep_to_their_tokens(void **state)
{
    (void)state;
    Fake   f;
    Client c[4];
    begin(&f, 1, 64, 20);
    hold(&f, true);
    for (int i = 0; i < 4; i++) send_off(&c[i], &f, 0, 25, 1000 * (i + 1), 3, 10);
    wait_for_jobs(&f, 4);
    hold(&f, false);
    for (int i = 0; i < 4; i++) {
        pthread_join(c[i].thread, NULL);
        assert_true(c[i].right);
    }
    assert_true(f.most_tokens <= 20);
    Client big;                                              /* one input above the limit goes alone */
    send_off(&big, &f, 0, 2, 5, 50, 10);
    pthread_join(big.thread, NULL);
    assert_true(big.right);
    assert_int_equal(f.most_tokens, 50);
    finish(&f);
}

static void test_a_large_job_delays_a_small_one_by_a_pass(void **state)
{
    (void)state;
    Fake   f;
    Client big, small;
    begin(&f, 1, 64, 10);
    hold(&f, true);
    send_off(&big, &f, 0, 1000, 1000, 5, 30);
    wait_in_pass(&f);
    send_off(&small, &f, 0, 1, 7, 5, 30);
    wait_for_jobs(&f, 2);
    hold(&f, false);
    pthread_join(small.thread, NULL);
    pthread_join(big.thread, NULL);
    assert_true(small.right && big.right);
    assert_int_equal(f.pass_of_seven, 3);                    /* one was under way, and one was the large job's turn */
    finish(&f);
}

static void test_full(void **state)
{
    (void)state;
    Fake   f;
    Client c[4];
    begin(&f, 1, 2, 10);
    hold(&f, true);
    send_off(&c[0], &f, 0, 1, 1, 5, 10);
    wait_in_pass(&f);                                        /* taken: waits no longer */
    send_off(&c[1], &f, 0, 1, 2, 5, 10);
    send_off(&c[2], &f, 0, 1, 3, 5, 10);
    wait_for_jobs(&f, 3);
    send_off(&c[3], &f, 0, 1, 4, 5, 10);
    pthread_join(c[3].thread, NULL);
    assert_int_equal(c[3].outcome, QUEUE_FULL);
    assert_int_equal(queue_stats(f.queue).n_refused, 1);
    hold(&f, false);
    for (int i = 0; i < 3; i++) {
        pthread_join(c[i].thread, NULL);
        assert_true(c[i].right);
    }
    finish(&f);
}

/* One in the pass, one that waits, one whose first half is in the pass. */
static void test_late(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        Fake   f;
        Client first, late;
        begin(&f, 1, 8, 10);
        hold(&f, true);
        send_off(&first, &f, 0, round == 2 ? 4 : 1, 1, 5, round == 1 ? 20 : 0.1);
        wait_in_pass(&f);
        send_off(&late, &f, 0, 1, 2, 5, round == 1 ? 0.1 : 20);
        wait_for_jobs(&f, 2);
        if (round == 1) pthread_join(late.thread, NULL);
        else pthread_join(first.thread, NULL);
        assert_int_equal(round == 1 ? late.outcome : first.outcome, QUEUE_LATE);
        hold(&f, false);
        if (round == 1) pthread_join(first.thread, NULL);
        else pthread_join(late.thread, NULL);
        assert_true(round == 1 ? first.right : late.right);
        assert_int_equal(queue_stats(f.queue).n_late, 1);
        finish(&f);
    }
}

static void test_only_the_bad_one_fails(void **state)
{
    (void)state;
    Fake   f;
    Client c[4];
    begin(&f, 1, 8, 1000);
    hold(&f, true);
    f.fails_on = 300;
    send_off(&c[0], &f, 0, 1, 100, 5, 10);
    wait_in_pass(&f);
    for (int i = 1; i < 4; i++) send_off(&c[i], &f, 0, 2, 100 * (i + 1), 5, 10);
    wait_for_jobs(&f, 4);
    hold(&f, false);
    for (int i = 0; i < 4; i++) pthread_join(c[i].thread, NULL);
    assert_true(c[0].right && c[1].right && c[3].right);
    assert_int_equal(c[2].outcome, QUEUE_FAILED);
    assert_int_equal(c[2].status, ERR_NUMERIC);
    finish(&f);
}

static void test_lanes_take_turns(void **state)
{
    (void)state;
    Fake   f;
    Client many, one;
    begin(&f, 2, 8, 10);
    hold(&f, true);
    send_off(&many, &f, 0, 200, 1000, 5, 20);
    wait_in_pass(&f);
    send_off(&one, &f, 1, 1, 7, 5, 20);
    wait_for_jobs(&f, 2);
    hold(&f, false);
    pthread_join(one.thread, NULL);
    pthread_join(many.thread, NULL);
    assert_true(one.right && many.right);
    assert_int_equal(f.pass_of_seven, 2);
    finish(&f);
}

static void test_close(void **state)
{
    (void)state;
    Fake   f;
    Client running, half, waiting;
    begin(&f, 1, 8, 10);
    hold(&f, true);
    send_off(&running, &f, 0, 1, 1, 5, 20);
    wait_in_pass(&f);
    send_off(&half, &f, 0, 50, 100, 5, 20);
    send_off(&waiting, &f, 0, 1, 3, 5, 20);
    wait_for_jobs(&f, 3);
    queue_close(f.queue);
    pthread_join(half.thread, NULL);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(half.outcome, QUEUE_CLOSED);
    assert_int_equal(waiting.outcome, QUEUE_CLOSED);
    hold(&f, false);
    pthread_join(running.thread, NULL);
    assert_true(running.right);
    Client after;
    send_off(&after, &f, 0, 1, 3, 5, 20);
    pthread_join(after.thread, NULL);
    assert_int_equal(after.outcome, QUEUE_CLOSED);
    finish(&f);

    begin(&f, 1, 8, 10);                                     /* closed while half of a job runs */
    hold(&f, true);
    send_off(&half, &f, 0, 50, 100, 5, 20);
    wait_in_pass(&f);
    queue_close(f.queue);
    hold(&f, false);
    pthread_join(half.thread, NULL);
    assert_int_equal(half.outcome, QUEUE_CLOSED);
    finish(&f);
}

/* Many clients with short and long deadlines: every one ends, with the right rows or late. */
static void test_storm(void **state)
{
    (void)state;
    enum { CLIENTS = 48 };
    Fake f;
    begin(&f, 3, 1000, 40);
    for (int round = 0; round < 20; round++) {
        Client c[CLIENTS];
        for (int i = 0; i < CLIENTS; i++)
            send_off(&c[i], &f, i % 3, 1 + i % 7, 1000 * i + 1, (size_t)(1 + i % 11), i % 5 ? 20 : 2e-5 * i);
        for (int i = 0; i < CLIENTS; i++) {
            pthread_join(c[i].thread, NULL);
            assert_true(c[i].right || (c[i].outcome == QUEUE_LATE && i % 5 == 0));
        }
    }
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_together_is_one_pass),
        cmocka_unit_test(test_passes_keep_to_their_tokens),
        cmocka_unit_test(test_a_large_job_delays_a_small_one_by_a_pass),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_only_the_bad_one_fails),
        cmocka_unit_test(test_lanes_take_turns),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
