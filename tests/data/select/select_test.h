/* tests/data/select/select_test.h: sets of made-up rows, through a Selection. */
#ifndef TESTS_DATA_SELECT_SELECT_TEST_H
#define TESTS_DATA_SELECT_SELECT_TEST_H

#include "data/select/select.h"

#include "tests/data/data_test.h"

static uint64_t random_state = 7;

static inline uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((random_state >> 32) * n) >> 32);
}

/* A number as a hash would give it. */
static inline uint64_t scramble(uint64_t v)
{
    v = (v ^ v >> 33) * 0xFF51AFD7ED558CCDu;
    v = (v ^ v >> 33) * 0xC4CEB9FE1A85EC53u;
    return v ^ v >> 33;
}

typedef struct TestRow {
    SelectSet set;
    int64_t   line;
    uint32_t  text, label, group;              /* numbers; label, group 0: none */
    int32_t   class;
    bool      filtered;
    Minhash   minhash;
} TestRow;

static inline const char *set_path(void *arg, SelectSet set, int32_t file)
{
    (void)arg, (void)file;
    static const char *const names[] = { "train.jsonl", "dev.jsonl", "test.jsonl" };
    return names[set];
}

static inline SelectOptions report_all(void)
{
    return (SelectOptions){ .near_threshold = 0.8, .memory = 64 << 20, .folder = test_folder, .path = set_path };
}

static inline Selection *select_rows(const SelectOptions *o, const TestRow *rows, size_t n, bool near)
{
    Selection *s;
    assert_ok(selection_new(&s, o));
    for (size_t i = 0; i < n; i++) {
        SelectRow r = { .key = { scramble(rows[i].text + 1), scramble(~(uint64_t)rows[i].text) },
                        .label = rows[i].label, .class = rows[i].class, .line = rows[i].line,
                        .group = rows[i].group ? scramble(rows[i].group + 1000000007u) : 0,
                        .filtered = rows[i].filtered, .minhash = near ? &rows[i].minhash : NULL };
        assert_ok(selection_add(s, rows[i].set, &r));
    }
    return s;
}

static inline Selection *decide_rows(const SelectOptions *o, const TestRow *rows, size_t n, bool near)
{
    Selection *s = select_rows(o, rows, n, near);
    assert_ok(selection_decide(s));
    return s;
}

/* report -> "duplicates.train.rows" */
static inline double report_number(const cJSON *report, const char *key, const char *set, const char *what)
{
    const cJSON *o = json_get(json_get(report, key), set);
    return json_get(o, what)->valuedouble;
}

static inline double leak_number(const cJSON *report, const char *from, const char *into, const char *what)
{
    const cJSON *leak;
    cJSON_ArrayForEach(leak, json_get(report, "leakage"))
        if (strcmp(json_get(leak, "from")->valuestring, from) == 0 &&
            strcmp(json_get(leak, "into")->valuestring, into) == 0)
            return json_get(leak, what)->valuedouble;
    return 0;
}

#endif
