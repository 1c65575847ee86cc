/* tests/data/data_config_test.c: the "data" section: defaults, other trainers' names, paths and shares. */
#include "data/data_config.h"

#include "tests/data/data_test.h"

static Status read_config(DataConfig *c, const char *text)
{
    OptionSection section = { "data", data_options, n_data_options, 0 };
    OptionTable   table = { "a job config", &section, 1 };
    cJSON        *json = NULL;
    *c = (DataConfig){ 0 };
    Status s = options_defaults(&table, c);
    if (s == OK) s = json_parse(&json, text, strlen(text), "job.json", JSON_COMMENTS);
    if (s == OK) s = options_read_json(&table, c, json, "job.json", "/jobs");
    cJSON_Delete(json);
    return s;
}

static void release(DataConfig *c)
{
    OptionSection section = { "data", data_options, n_data_options, 0 };
    options_release(&(OptionTable){ "a job config", &section, 1 }, c);
}

static void defaults(void **state)
{
    (void)state;
    DataConfig c;
    assert_ok(read_config(&c, "{ \"data\": { \"train\": \"train.csv\" } }"));
    assert_int_equal(c.train.n, 1);
    assert_string_equal(c.train.items[0], "/jobs/train.csv");
    assert_string_equal(c.format, "auto");
    assert_string_equal(c.text, "text");
    assert_string_equal(c.label, "label");
    assert_string_equal(c.truncation, "longest_first");
    assert_string_equal(c.on_bad_row, "fail");
    assert_int_equal(c.seed, 42);
    assert_int_equal(c.max_length, 0);
    assert_true(!c.test.n && !c.validation && !c.prepared && !c.text_pair);
    release(&c);
}

static void names_of_other_trainers(void **state)
{
    (void)state;
    DataConfig c;
    assert_ok(read_config(&c, "{ \"data\": { \"train_file\": \"../a.jsonl\", \"test_file\": \"/b\", "
                              "\"eval_file\": \"c\", \"max_seq_length\": 128, "
                              "\"text_column\": \"utterance\", \"label_column\": \"intent\" } }"));
    assert_string_equal(c.train.items[0], "/a.jsonl");
    assert_string_equal(c.test.items[0], "/b");
    assert_string_equal(c.validation, "/jobs/c");
    assert_int_equal(c.max_length, 128);
    assert_string_equal(c.text, "utterance");
    assert_string_equal(c.label, "intent");
    release(&c);
    assert_ok(read_config(&c, "{ \"data\": { \"validation_split\": 0.25 } }"));
    assert_string_equal(c.validation, "0.25");
    release(&c);
}

static void refusals(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } cases[] = {
        { "{ \"data\": { \"utterance\": \"x\" } }", "data.utterance is not a key" },
        { "{ \"data\": { \"validation\": 1.5 } }", "data.validation is 1.5" },
        { "{ \"data\": { \"format\": \"xml\" } }", "\"xml\" is not a choice" },
        { "{ \"data\": { \"max_length\": -1 } }", "out of range" },
        { "{ \"data\": { \"on_bad_row\": \"ignore\" } }", "\"ignore\" is not a choice" },
        { "{ \"data\": { \"train\": \"a\", \"train_file\": \"b\" } }", "train is given twice" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        DataConfig c;
        assert_int_equal(read_config(&c, cases[i].text), ERR_CONFIG);
        assert_says(status_fact(), cases[i].says);
        release(&c);
    }
}

static void amounts_of_memory(void **state)
{
    (void)state;
    static const struct { const char *text; size_t bytes; } good[] = {
        { "1M", 1u << 20 }, { "512M", 512u << 20 }, { "2G", (size_t)2 << 30 }, { "1.5GiB", (size_t)3 << 29 },
        { "64mb", 64u << 20 }, { "4194304", 4u << 20 },
    };
    static const char *const bad[] = { "", "M", "1K", "12X", "-1G", "1000000", "3GB!" };
    size_t bytes;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_ok(data_memory(good[i].text, "data.memory", &bytes));
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(data_memory(bad[i], "data.memory", &bytes), ERR_CONFIG);
        assert_says(status_fact(), "data.memory");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(names_of_other_trainers), cmocka_unit_test(refusals),
        cmocka_unit_test(amounts_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
