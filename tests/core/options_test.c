/* tests/core/options_test.c: every type from file, object and flag, what is refused and what is said, and the
 * way back. */
#include "tests/core/core_test.h"

#include "core/options.h"
#include "core/text.h"

typedef struct Train { double learning_rate; int64_t seed; char *optim; bool recompute; StringList freeze; } Train;
typedef struct Data { int64_t seed; char *train_file, *validation; StringList columns, files; } Data;
typedef struct All {
    char   *name, *output_dir;
    int64_t threads, big;
    bool    quiet;
    double  any;
    Train   train;
    Data    data;
} All;

static const Option top_options[] = {
    { "name", OPTION_STRING, OFFSET(All, name), NULL, 0, 0, NULL, "run_name", "name of the run" },
    { "output_dir", OPTION_PATH, OFFSET(All, output_dir), NULL, 0, 0, NULL, NULL, "run folder" },
    { "threads", OPTION_INT, OFFSET(All, threads), "0", 0, 256, NULL, "jobs|n_threads", "threads" },
    { "quiet", OPTION_BOOL, OFFSET(All, quiet), "false", 0, 0, NULL, NULL, "say less" },
    { "any", OPTION_NUMBER, OFFSET(All, any), "0", 0, 0, NULL, NULL, "a number without a range" },
    { "big", OPTION_INT, OFFSET(All, big), "0", 0, 0, NULL, NULL, "a whole number without a range" },
};
static const Option train_options[] = {
    { "learning_rate", OPTION_NUMBER, OFFSET(Train, learning_rate), "5e-5", 0, 10, NULL, "lr", "peak learning rate" },
    { "seed", OPTION_INT, OFFSET(Train, seed), "42", 0, 4294967295.0, NULL, NULL, "seed of the weights" },
    { "optim", OPTION_CHOICE, OFFSET(Train, optim), "adamw", 0, 0, "adamw|sgd", "optimizer", "optimizer" },
    { "recompute", OPTION_BOOL, OFFSET(Train, recompute), "true", 0, 0, NULL, NULL, "compute activations again" },
    { "freeze", OPTION_STRINGS, OFFSET(Train, freeze), "embeddings.*,*.bias", 0, 0, NULL, NULL, "patterns" },
};
static const Option data_options[] = {
    { "seed", OPTION_INT, OFFSET(Data, seed), "-1", -1, 100, NULL, NULL, "seed of the order" },
    { "train_file", OPTION_PATH, OFFSET(Data, train_file), NULL, 0, 0, NULL, "train", "rows to train on" },
    { "validation", OPTION_SHARE_OR_PATH, OFFSET(Data, validation), "0.1", 0, 0, NULL, NULL, "share or file" },
    { "columns", OPTION_STRINGS, OFFSET(Data, columns), NULL, 0, 0, NULL, NULL, "columns" },
    { "files", OPTION_PATHS, OFFSET(Data, files), NULL, 0, 0, NULL, NULL, "more files" },
};
static const OptionSection sections[] = {
    { "", top_options, COUNT(top_options), 0 },
    { "train", train_options, COUNT(train_options), OFFSET(All, train) },
    { "data", data_options, COUNT(data_options), OFFSET(All, data) },
};
static const OptionTable table = { "a test config", sections, COUNT(sections) };

static All fresh(void)
{
    All a = { 0 };
    must(options_defaults(&table, &a));
    return a;
}

static Status read_text(All *a, const char *json)
{
    cJSON *j;
    must(json_parse(&j, json, strlen(json), "t", JSON_STRICT));
    Status s = options_read_json(&table, a, j, "job.json", "/base");
    cJSON_Delete(j);
    return s;
}

static void assert_list(const StringList *l, size_t n, const char *const *want)
{
    assert_int_equal(l->n, n);
    for (size_t i = 0; i < n; i++) assert_string_equal(l->items[i], want[i]);
}
#define assert_items(list, ...) \
    assert_list(list, COUNT(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })

static void test_defaults(void **state)
{
    (void)state;
    All a = fresh();
    assert_null(a.name);
    assert_null(a.output_dir);
    assert_int_equal(a.threads, 0);
    assert_false(a.quiet);
    assert_near(a.train.learning_rate, 5e-5, 0, "learning_rate");
    assert_int_equal(a.train.seed, 42);
    assert_string_equal(a.train.optim, "adamw");
    assert_true(a.train.recompute);
    assert_items(&a.train.freeze, "embeddings.*", "*.bias");
    assert_int_equal(a.data.seed, -1);
    assert_null(a.data.train_file);
    assert_string_equal(a.data.validation, "0.1");
    assert_int_equal(a.data.columns.n, 0);
    options_release(&table, &a);
    assert_null(a.train.optim);
    assert_null(a.train.freeze.items);
    options_release(&table, &a);
}

static void test_types_from_json(void **state)
{
    (void)state;
    All a = fresh();
    must(read_text(&a, "{\"name\": \"run \xC3\xA9\", \"output_dir\": \"../out/./x\", \"threads\": 8, \"quiet\": true, "
                       "\"any\": -1e9, \"$schema\": 3,"
                       "\"train\": {\"learning_rate\": 3e-4, \"seed\": 4294967295, \"optim\": \"sgd\", "
                       "\"recompute\": false, \"freeze\": \"one,two\"},"
                       "\"data\": {\"seed\": -1, \"train_file\": \"/abs/a.csv\", \"validation\": 0.25, "
                       "\"columns\": [\"a\", \"b,c\", \"\"],"
                       "          \"files\": [\"x\", \"/y/../z\"]}}"));
    assert_string_equal(a.name, "run \xC3\xA9");
    assert_string_equal(a.output_dir, "/out/x");
    assert_int_equal(a.threads, 8);
    assert_true(a.quiet);
    assert_near(a.any, -1e9, 0, "any");
    assert_near(a.train.learning_rate, 3e-4, 0, "learning_rate");
    assert_int_equal(a.train.seed, 4294967295);
    assert_string_equal(a.train.optim, "sgd");
    assert_false(a.train.recompute);
    assert_items(&a.train.freeze, "one,two");             /* a single string is a list of one */
    assert_int_equal(a.data.seed, -1);
    assert_string_equal(a.data.train_file, "/abs/a.csv");
    assert_string_equal(a.data.validation, "0.25");
    assert_items(&a.data.columns, "a", "b,c", "");
    assert_items(&a.data.files, "/base/x", "/z");
    /* null goes back to the default, {} leaves what is there; a later value replaces, lists too */
    must(read_text(&a, "{\"name\": null, \"train\": {}, \"data\": {\"columns\": [], \"validation\": \"val.csv\", "
                       "\"files\": \"w\", \"seed\": null}}"));
    assert_null(a.name);
    assert_int_equal(a.data.seed, -1);
    assert_int_equal(a.data.columns.n, 0);
    assert_string_equal(a.data.validation, "/base/val.csv");
    assert_items(&a.data.files, "/base/w");
    options_release(&table, &a);
}

static void test_wrong_values(void **state)
{
    (void)state;
    static const struct { const char *json, *fact, *hint; } cases[] = {
        { "{\"quiet\": 1}", "job.json: quiet must be true or false", "" },
        { "{\"quiet\": \"true\"}", "job.json: quiet must be true or false", "" },
        { "{\"threads\": \"8\"}", "job.json: threads must be a whole number", "" },
        { "{\"threads\": 1.5}", "job.json: threads must be a whole number, not 1.5", "" },
        { "{\"threads\": 257}", "job.json: threads is 257, which is out of range", "use a value from 0 to 256" },
        { "{\"threads\": -1}", "job.json: threads is -1, which is out of range", "use a value from 0 to 256" },
        { "{\"name\": 3}", "job.json: name must be a string", "" },
        { "{\"name\": {}}", "job.json: name must be a string", "" },
        { "{\"output_dir\": []}", "job.json: output_dir must be a path", "" },
        { "{\"big\": 1e300}", "job.json: big is 1e+300, which is out of range", "" },
        { "{\"big\": -9007199254740994}", "out of range", "" },
        { "{\"train\": {\"seed\": 4294967296}}", "train.seed is 4294967296, which",
          "use a value from 0 to 4294967295" },
        { "{\"big\": 1e999}", "job.json: big", "" },
        { "{\"any\": 1e999}", "job.json: any", "" },
        { "{\"train\": {\"learning_rate\": 11}}", "job.json: train.learning_rate is 11, which is out of range",
          "use a value from 0 to 10" },
        { "{\"train\": {\"learning_rate\": \"5e-5\"}}", "train.learning_rate must be a number", "" },
        { "{\"train\": {\"lr\": -1}}", "job.json: train.lr is -1", "" },
        { "{\"train\": {\"optim\": \"adam\"}}", "train.optim: \"adam\" is not a choice", "use one of adamw|sgd" },
        { "{\"train\": {\"optim\": \"adamw|sgd\"}}", "is not a choice", "" },
        { "{\"train\": {\"optim\": \"\"}}", "is not a choice", "" },
        { "{\"train\": {\"freeze\": [\"a\", 1]}}", "train.freeze must be a list of strings", "" },
        { "{\"train\": {\"freeze\": 1}}", "train.freeze must be a list of strings", "" },
        { "{\"train\": 3}", "job.json: train must be an object in { }", "" },
        { "{\"train\": [1]}", "job.json: train must be an object in { }", "" },
        { "{\"data\": {\"validation\": 1}}", "data.validation is 1", "a share lies between 0 and 1" },
        { "{\"data\": {\"validation\": -0.1}}", "data.validation is -0.1", "a share lies between 0 and 1" },
        { "{\"data\": {\"validation\": \"2\"}}", "data.validation is 2", "a share lies between 0 and 1" },
        { "{\"data\": {\"validation\": true}}", "data.validation must be a path or a share between 0 and 1", "" },
        { "{\"data\": {\"files\": {}}}", "data.files must be a list of paths", "" },
        { "{\"data\": {\"seed\": 101}}", "data.seed is 101", "use a value from -1 to 100" },
        { "[1]", "job.json: a test config is one JSON object", "" },
        { "3", "job.json: a test config is one JSON object", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        All    a = fresh();
        Status s = read_text(&a, cases[i].json);
        if (s != ERR_CONFIG || !strstr(status_fact(), cases[i].fact) || !strstr(status_hint(), cases[i].hint))
            fail_msg("%s gave %s: \"%s\" (%s), not \"%s\" (%s)", cases[i].json, status_name(s), s ? status_fact() : "",
                     s ? status_hint() : "",
                     cases[i].fact, cases[i].hint);
        options_release(&table, &a);
    }
    All a = fresh();
    must(read_text(&a, "{\"threads\": 256, \"big\": -9007199254740992, \"train\": {\"learning_rate\": 0, "
                       "\"seed\": 0}, \"data\": {\"seed\": 100, \"validation\": 0}}"));
    assert_true(a.big == -9007199254740992);
    assert_int_equal(a.data.seed, 100);
    assert_string_equal(a.data.validation, "0");
    options_release(&table, &a);
}

static void test_share_or_path(void **state)
{
    (void)state;
    static const struct { const char *text, *want; } cases[] = {
        { "0.5", "0.5" }, { "0", "0" }, { "1e-3", "1e-3" }, { "0.5.csv", "/base/0.5.csv" }, { "./0.5", "/base/0.5" },
        { "a.zip//in/*.csv", "/base/a.zip//in/*.csv" },  { "../a.zip//b", "/a.zip//b" }, { "/tmp//x.csv", "/tmp/x.csv" },
        /* words that strtod would take for numbers */
        { "nan", "/base/nan" }, { "inf", "/base/inf" }, { "", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        All  a = fresh();
        char json[128];
        snprintf(json, sizeof json, "{\"data\": {\"validation\": \"%s\"}}", cases[i].text);
        must(read_text(&a, json));
        assert_string_equal(a.data.validation, cases[i].want);
        options_release(&table, &a);
    }
}

static void test_aliases(void **state)
{
    (void)state;
    All a = fresh();
    must(read_text(&a, "{\"run_name\": \"r\", \"n_threads\": 2, \"train\": {\"lr\": 1, \"optimizer\": \"sgd\"}}"));
    assert_string_equal(a.name, "r");
    assert_int_equal(a.threads, 2);
    assert_near(a.train.learning_rate, 1, 0, "lr");
    assert_string_equal(a.train.optim, "sgd");
    must_fail(read_text(&a, "{\"threads\": 1, \"jobs\": 1}"), ERR_CONFIG,
              "job.json: jobs: threads is given twice, once by another name");
    must_fail(read_text(&a, "{\"n_threads\": 1, \"jobs\": 1}"), ERR_CONFIG, "threads is given twice");
    must_fail(read_text(&a, "{\"train\": {\"lr\": 1, \"seed\": 1, \"learning_rate\": 1}}"), ERR_CONFIG,
              "train.learning_rate: learning_rate is given twice");
    must_fail(read_text(&a, "{\"train\": {\"lr\": null, \"learning_rate\": 1}}"), ERR_CONFIG, "given twice");
    must_fail(read_text(&a, "{\"jobs|n_threads\": 1}"), ERR_CONFIG, "is not a key");
    must_fail(read_text(&a, "{\"job\": 1}"), ERR_CONFIG, "is not a key");
    options_release(&table, &a);
}

static void test_nearest_key(void **state)
{
    (void)state;
    static const struct { const char *json, *fact, *hint; } cases[] = {
        { "{\"train\": {\"learning_rte\": 1}}", "job.json: train.learning_rte is not a key of a test config",
          "did you mean learning_rate?" },
        { "{\"train\": {\"sed\": 1}}", "train.sed is not a key", "did you mean seed?" },
        { "{\"data\": {\"sed\": 1}}", "data.sed is not a key", "did you mean seed?" },           /* and not train's */
        { "{\"thread\": 1}", "job.json: thread is not a key", "did you mean threads?" },
        { "{\"Threads\": 1}", "Threads is not a key", "did you mean threads?" },
        /* the wrong section */
        { "{\"learning_rate\": 1}", "learning_rate is not a key", "did you mean train.learning_rate?" },
        { "{\"data\": {\"learning_rate\": 1}}", "data.learning_rate is not a key",
          "did you mean train.learning_rate?" },
        { "{\"data\": {\"lr\": 1}}", "data.lr is not a key", "did you mean train.learning_rate?" },
        { "{\"train\": {\"threads\": 1}}", "train.threads is not a key", "did you mean threads" },
        { "{\"trian\": {}}", "trian is not a key", "did you mean train?" },                      /* a section */
        { "{\"train\": {\"zzzzzzzz\": 1}}", "train.zzzzzzzz is not a key", "--help lists the keys" },
        { "{\"\": 1}", " is not a key", "--help lists the keys" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        All    a = fresh();
        Status s = read_text(&a, cases[i].json);
        if (s != ERR_CONFIG || !strstr(status_fact(), cases[i].fact) || !strstr(status_hint(), cases[i].hint))
            fail_msg("%s gave %s: \"%s\" (%s), not \"%s\" (%s)", cases[i].json, status_name(s), s ? status_fact() : "",
                     s ? status_hint() : "",
                     cases[i].fact, cases[i].hint);
        options_release(&table, &a);
    }
}

static void test_flags(void **state)
{
    (void)state;
    All a = fresh();
    must(options_set(&table, &a, "train.learning_rate", "1e-3"));
    assert_near(a.train.learning_rate, 1e-3, 0, "learning_rate");
    must(options_set(&table, &a, "learning_rate", "2"));  /* the unique last part */
    must(options_set(&table, &a, "lr", "3"));
    assert_near(a.train.learning_rate, 3, 0, "lr");
    must(options_set(&table, &a, "train.lr", "4"));
    assert_near(a.train.learning_rate, 4, 0, "train.lr");
    must(options_set(&table, &a, "data.seed", "7"));
    assert_int_equal(a.data.seed, 7);
    assert_int_equal(a.train.seed, 42);
    must(options_set(&table, &a, "threads", "3"));
    assert_int_equal(a.threads, 3);
    must(options_set(&table, &a, "quiet", "1"));
    assert_true(a.quiet);
    must(options_set(&table, &a, "quiet", "false"));
    assert_false(a.quiet);
    must(options_set(&table, &a, "columns", "a,b,,c"));
    assert_items(&a.data.columns, "a", "b", "", "c");
    must(options_set(&table, &a, "columns", ""));
    assert_int_equal(a.data.columns.n, 0);
    must(options_set(&table, &a, "name", "x y"));
    assert_string_equal(a.name, "x y");
    must(options_set(&table, &a, "optim", "sgd"));
    assert_string_equal(a.train.optim, "sgd");
    must(options_set(&table, &a, "validation", "0.3"));
    assert_string_equal(a.data.validation, "0.3");
    char *here = NULL;
    must(path_absolute(&here, "x/y.csv"));                /* a flag's path starts where the program does */
    must(options_set(&table, &a, "train_file", "x/../x/y.csv"));
    assert_string_equal(a.data.train_file, here);
    must(options_set(&table, &a, "files", "x/y.csv,/z"));
    assert_items(&a.data.files, here, "/z");
    free(here);
    options_release(&table, &a);
}

static void test_wrong_flags(void **state)
{
    (void)state;
    static const struct { const char *key, *text; Status code; const char *fact, *hint; } cases[] = {
        { "seed", "1", ERR_USAGE, "--seed could mean data.seed too", "write the section before it" },
        { "learnin_rate", "1", ERR_CONFIG, "--learnin_rate is not a key of a test config",
          "did you mean train.learning_rate?" },
        { "train.learnin_rate", "1", ERR_CONFIG, "--train.learnin_rate is not a key",
          "did you mean train.learning_rate?" },
        { "data.learning_rate", "1", ERR_CONFIG, "--data.learning_rate is not a key", "" },
        { "tran.seed", "1", ERR_CONFIG, "--tran.seed is not a key", "did you mean train.seed?" },
        { ".seed", "1", ERR_CONFIG, "--.seed is not a key", "" },
        { ".threads", "1", ERR_CONFIG, "--.threads is not a key", "" },
        { "train.", "1", ERR_CONFIG, "--train. is not a key", "" },
        { "", "1", ERR_CONFIG, "-- is not a key", "" },
        { "lr", "fast", ERR_CONFIG, "--lr must be a number, not \"fast\"", "" },
        { "lr", "1e-3x", ERR_CONFIG, "--lr must be a number", "" },
        { "lr", "", ERR_CONFIG, "--lr must be a number", "" },
        { "any", "inf", ERR_CONFIG, "--any must be a number", "" },
        { "any", "nan", ERR_CONFIG, "--any must be a number", "" },
        { "any", "1e999", ERR_CONFIG, "--any must be a number", "" },
        { "big", "1e300", ERR_CONFIG, "--big is 1e+300, which is out of range", "" },
        { "threads", "2.5", ERR_CONFIG, "--threads must be a whole number, not 2.5", "" },
        { "threads", "999", ERR_CONFIG, "--threads is 999, which is out of range", "use a value from 0 to 256" },
        { "quiet", "yes", ERR_CONFIG, "--quiet must be true or false, not \"yes\"", "" },
        { "optim", "adamw,sgd", ERR_CONFIG, "--optim: \"adamw,sgd\" is not a choice", "use one of adamw|sgd" },
        { "validation", "1.5", ERR_CONFIG, "--validation is 1.5", "a share lies between 0 and 1" },
    };
    All a = fresh();
    for (size_t i = 0; i < COUNT(cases); i++) {
        Status s = options_set(&table, &a, cases[i].key, cases[i].text);
        if (s != cases[i].code || !strstr(status_fact(), cases[i].fact) || !strstr(status_hint(), cases[i].hint))
            fail_msg("--%s=%s gave %s: \"%s\" (%s), not \"%s\" (%s)", cases[i].key, cases[i].text, status_name(s),
                     s ? status_fact() : "",
                     s ? status_hint() : "", cases[i].fact, cases[i].hint);
    }
    assert_near(a.train.learning_rate, 5e-5, 0, "learning_rate");             /* a refusal changes nothing */
    assert_string_equal(a.data.validation, "0.1");
    options_release(&table, &a);
    char key[400];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    must_fail(options_set(&table, &a, key, "1"), ERR_CONFIG, "kkk");
}

static void test_knows(void **state)
{
    (void)state;
    bool is_bool = false;
    assert_true(options_knows(&table, "quiet", &is_bool));
    assert_true(is_bool);
    assert_true(options_knows(&table, "train.recompute", &is_bool) && is_bool);
    assert_true(options_knows(&table, "lr", &is_bool));
    assert_false(is_bool);
    assert_false(options_knows(&table, "seed", &is_bool));
    /* data.train_file's alias, not the section */
    assert_false(options_knows(&table, "train", &is_bool) && is_bool);
    assert_false(options_knows(&table, "quie", &is_bool));
}

static void test_file_and_lines(void **state)
{
    (void)state;
    All  a = fresh();
    char path[192];
    snprintf(path, sizeof path, "%s", text_file("job.json",
                                                "// a job\n{\n  /* two\n  lines */ \"name\": \"n\",\n  \"train\": {\n"
                                                "    \"lr\": 1,\n    \"sede\": 2\n  }\n}\n"));
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "job.json:7: train.sede is not a key of a test config");
    assert_string_equal(status_hint(), "did you mean seed?");
    text_file("job.json", "{\n\"data\": {\n\n\"seed\":\n 500}}");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "job.json:5: data.seed is 500, which is out of range");
    text_file("job.json", "\n{\n\"train\":\n7}");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "job.json:4: train must be an object");
    text_file("job.json", "{\n\"threads\": 1,\n\"jobs\": 2}");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "job.json:3: jobs: threads is given twice");
    text_file("job.json", "{\n\"threads\": 1,\n}");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "job.json:3:1: a comma before");
    text_file("job.json", "{\"threads\": 1, \"threads\": 2}");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "\"threads\" stands twice");
    text_file("job.json", "[]");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "is one JSON object");
    text_file("job.json", "");
    must_fail(options_read_file(&table, &a, path), ERR_CONFIG, "the text ends");
    must_fail(options_read_file(&table, &a, in_folder("gone.json")), ERR_IO, "gone.json");
    text_file("job.json", "{\"output_dir\": \"runs\", \"data\": {\"files\": [\"a\", \"../b\"], "
                          "\"validation\": \"v.csv\"}}");
    must(options_read_file(&table, &a, path));            /* relative to the file */
    assert_string_equal(a.output_dir, in_folder("runs"));
    assert_string_equal(a.data.files.items[0], in_folder("a"));
    assert_string_equal(a.data.validation, in_folder("v.csv"));
    options_release(&table, &a);
}

static void test_includes(void **state)
{
    (void)state;
    All a = fresh();
    must(file_make_folder(in_folder("base")));
    text_file("base/root.json", "{\"threads\": 1, \"name\": \"root\", \"data\": {\"train_file\": \"rows.csv\", "
                                "\"seed\": 1}}");
    text_file("base/mid.json", "{\"include\": \"root.json\", \"threads\": 2, \"train\": {\"lr\": 2}}");
    text_file("other.json", "{\"train\": {\"learning_rate\": 3}, \"any\": 3}");
    text_file("top.json", "{\"train\": {\"seed\": 9}, \"include\": [\"base/mid.json\", \"other.json\"], \"any\": 4}");
    must(options_read_file(&table, &a, in_folder("top.json")));
    assert_string_equal(a.name, "root");
    assert_int_equal(a.threads, 2);                       /* the includer wins, wherever "include" stands */
    assert_near(a.train.learning_rate, 3, 0, "lr of the later include, by its other name");
    assert_near(a.any, 4, 0, "any");
    assert_int_equal(a.train.seed, 9);
    assert_int_equal(a.data.seed, 1);
    assert_string_equal(a.data.train_file, in_folder("base/rows.csv"));       /* relative to the file that names it */
    char absolute[300];
    snprintf(absolute, sizeof absolute, "{\"include\": \"%s\", \"data\": {\"train_file\": null}}",
             in_folder("base/root.json"));
    must(options_read_file(&table, &a, text_file("abs.json", absolute)));
    assert_int_equal(a.threads, 1);

    text_file("base/root.json", "{\n\"thread\": 1}");
    must_fail(options_read_file(&table, &a, in_folder("top.json")), ERR_CONFIG,
              "base/root.json:2: thread is not a key");
    const char *trail = strstr(status_trail(), "mid.json includes");
    assert_non_null(trail);
    assert_non_null(strstr(trail, "top.json includes"));
    must_fail(options_read_file(&table, &a, text_file("lost.json", "{\"include\": \"gone.json\"}")), ERR_IO,
              "gone.json");
    must_fail(options_read_file(&table, &a, text_file("odd.json", "{\"include\": 3}")), ERR_CONFIG,
              "include must be a path or a list of paths");
    must_fail(options_read_file(&table, &a, text_file("odd.json", "{\"include\": [\"other.json\", null]}")),
              ERR_CONFIG, "include must be a path");
    must(options_read_file(&table, &a, text_file("none.json", "{\"include\": []}")));
    must(options_read_file(&table, &a, text_file("none.json", "{\"include\": null}")));

    text_file("a.json", "{\"include\": \"b.json\"}");
    text_file("b.json", "{\"include\": [\"a.json\", \"a.json\"]}");
    must_fail(options_read_file(&table, &a, in_folder("a.json")), ERR_CONFIG, "includes go deeper than 8 files");
    assert_non_null(strstr(status_hint(), "circle"));
    must_fail(options_read_file(&table, &a, text_file("self.json", "{\"include\": \"self.json\"}")), ERR_CONFIG,
              "deeper than 8");
    for (int i = 0; i < 10; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "c%d.json", i);
        snprintf(text, sizeof text, i < 9 ? "{\"include\": \"c%d.json\"}" : "{\"threads\": 77}", i + 1);
        text_file(name, text);
    }
    must(options_read_file(&table, &a, in_folder("c1.json")));                /* eight includes are allowed, nine not */
    assert_int_equal(a.threads, 77);
    must_fail(options_read_file(&table, &a, in_folder("c0.json")), ERR_CONFIG, "deeper than 8");
    options_release(&table, &a);
}

static void test_known_only(void **state)
{
    (void)state;
    Train  t = { 0 };
    static const OptionSection alone = { "", train_options, COUNT(train_options), 0 };
    cJSON *j;
    const char *text = "{\"architectures\": [\"X\"], \"learning_rate\": 0.5, \"seed\": null, \"optimizer\": \"sgd\"}";
    must(json_parse(&j, text, strlen(text), "t", 0));
    must(options_read_known(&alone, &t, j, "config.json", "/m"));
    cJSON_Delete(j);
    assert_near(t.learning_rate, 0.5, 0, "learning_rate");
    assert_int_equal(t.seed, 0);
    assert_string_equal(t.optim, "sgd");
    text = "{\"seed\": -4}";
    must(json_parse(&j, text, strlen(text), "t", 0));
    must_fail(options_read_known(&alone, &t, j, "config.json", "/m"), ERR_CONFIG, "config.json: seed is -4");
    cJSON_Delete(j);
    free(t.optim);
}

static void round_trip(All *a)
{
    cJSON *j, *again;
    must(options_to_json(&table, a, &j));
    const char *path = in_folder("settings.json");
    must(json_write_file(j, path));
    All b = fresh();
    must(options_read_file(&table, &b, path));
    must(options_to_json(&table, &b, &again));
    char *one, *two;
    must(json_print(&one, j, true));
    must(json_print(&two, again, true));
    assert_string_equal(one, two);
    free(one);
    free(two);
    assert_true(a->train.learning_rate == b.train.learning_rate && a->any == b.any && a->train.seed == b.train.seed
                && a->big == b.big);
    cJSON_Delete(j);
    cJSON_Delete(again);
    options_release(&table, &b);
}

static void test_round_trip(void **state)
{
    (void)state;
    All a = fresh();
    round_trip(&a);
    must(read_text(&a, "{\"name\": \"\", \"any\": 0.1, \"quiet\": true, \"big\": 9007199254740991, "
                       "\"train\": {\"lr\": 0.30000000000000004, \"seed\": 4294967295,"
                       "\"recompute\": false, \"freeze\": []}, \"data\": {\"validation\": 0.1, \"columns\": [\"a,b\", "
                       "\"\"], \"files\": \"f\"}}"));
    round_trip(&a);
    cJSON *j;
    must(options_to_json(&table, &a, &j));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(j, "output_dir")));
    assert_near(json_get(json_get(j, "data"), "validation")->valuedouble, 0.1, 0, "a share is a number");
    assert_int_equal(cJSON_GetArraySize(json_get(json_get(j, "train"), "freeze")), 0);
    assert_string_equal(json_get(json_get(j, "data"), "files")->child->valuestring, "/base/f");
    cJSON_Delete(j);
    must(read_text(&a, "{\"data\": {\"validation\": \"v\"}, \"any\": 1e-310}"));
    round_trip(&a);
    options_release(&table, &a);
}

static void test_schema(void **state)
{
    (void)state;
    cJSON *j;
    must(options_schema(&table, &j));
    assert_string_equal(json_get(j, "$schema")->valuestring, "https://json-schema.org/draft/2020-12/schema");
    assert_true(cJSON_IsFalse(json_get(j, "additionalProperties")));
    const cJSON *top = json_get(j, "properties");
    assert_non_null(json_get(top, "include"));
    assert_non_null(json_get(top, "$schema"));
    assert_int_equal(cJSON_GetArraySize(top), COUNT(top_options) + 2 + 2);
    static const char *const types[] = { "boolean", "integer", "number", "string", "string", "string" };
    for (size_t s = 0; s < COUNT(sections); s++) {
        const cJSON *in = sections[s].name[0] ? json_get(top, sections[s].name) : j;
        assert_true(cJSON_IsFalse(json_get(in, "additionalProperties")));
        assert_string_equal(json_get(in, "type")->valuestring, "object");
        for (size_t k = 0; k < sections[s].n_options; k++) {
            const Option *o = &sections[s].options[k];
            const cJSON  *p = json_get(json_get(in, "properties"), o->key);
            if (!p) fail_msg("the schema lacks %s.%s", sections[s].name, o->key);
            assert_string_equal(json_get(p, "description")->valuestring, o->help);
            const cJSON *type = json_get(p, "type");
            if (o->type <= OPTION_CHOICE) assert_string_equal(type->valuestring, types[o->type]);
            else assert_string_equal(cJSON_GetArrayItem(type, 1)->valuestring,
                                     o->type == OPTION_SHARE_OR_PATH ? "number" : "array");
        }
    }
    const cJSON *train = json_get(json_get(top, "train"), "properties");
    const cJSON *lr = json_get(train, "learning_rate"), *optim = json_get(train, "optim");
    assert_near(json_get(lr, "minimum")->valuedouble, 0, 0, "minimum");
    assert_near(json_get(lr, "maximum")->valuedouble, 10, 0, "maximum");
    assert_near(json_get(lr, "default")->valuedouble, 5e-5, 0, "default");
    assert_null(json_get(json_get(top, "any"), "minimum"));
    assert_int_equal(cJSON_GetArraySize(json_get(optim, "enum")), 2);
    assert_string_equal(cJSON_GetArrayItem(json_get(optim, "enum"), 1)->valuestring, "sgd");
    assert_string_equal(json_get(optim, "default")->valuestring, "adamw");
    assert_true(cJSON_IsTrue(json_get(json_get(train, "recompute"), "default")));
    cJSON_Delete(j);
}

static void test_help(void **state)
{
    (void)state;
    char  *text = NULL;
    size_t n;
    FILE  *f = open_memstream(&text, &n);
    options_print_help(&table, f);
    fclose(f);
    for (size_t s = 0; s < COUNT(sections); s++)
        for (size_t k = 0; k < sections[s].n_options; k++) {
            char line[128];
            snprintf(line, sizeof line, "  --%s%s%s ", sections[s].name, sections[s].name[0] ? "." : "",
                     sections[s].options[k].key);
            if (!strstr(text, line)) fail_msg("--help lacks \"%s\"", line);
        }
    assert_non_null(strstr(text, "peak learning rate [5e-5] (also: lr)\n"));
    assert_non_null(strstr(text, "optimizer (adamw|sgd) [adamw] (also: optimizer)\n"));
    assert_non_null(strstr(text, "\ntrain:\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_types_from_json),
        cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_share_or_path),  cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_nearest_key),
        cmocka_unit_test(test_flags),          cmocka_unit_test(test_wrong_flags),     cmocka_unit_test(test_knows),
        cmocka_unit_test(test_file_and_lines), cmocka_unit_test(test_includes), cmocka_unit_test(test_known_only),
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_schema),          cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
