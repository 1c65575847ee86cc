/* tests/data/guess_test.c: what is guessed of small files in every format, and why. */
#include "data/guess.h"

#include "data/guess_internal.h"
#include "tests/data/data_test.h"

static Guess g;

static void guess(const char *path)
{
    guess_release(&g);
    assert_ok(guess_data(&g, path, NULL));
}

static void assert_is(const char *value, const char *want)
{
    if (!want && value) fail_msg("there is \"%s\", where nothing was expected", value);
    if (want && (!value || strcmp(value, want) != 0))
        fail_msg("\"%s\" is not \"%s\"", value ? value : "(nothing)", want);
}

static void assert_guess(const char *task, const char *format, const char *text, const char *pair, const char *label)
{
    assert_is(g.task, task);
    assert_is(g.format, format);
    assert_is(g.text, text);
    assert_is(g.pair, pair);
    assert_is(g.label, label);
}

static void assert_reason(const char *words)
{
    for (size_t i = 0; i < g.reasons.n; i++) if (strstr(g.reasons.items[i], words)) return;
    fail_msg("no reason says \"%s\"", words);
}

/* n lines of a pattern: %d its number, then %s one of the words. */
static const char *lines(const char *name, const char *head, const char *pattern, int n, const char *const *words,
                         int n_words)
{
    Text t = { 0 };
    assert_ok(text_addf(&t, "%s", head));
    for (int i = 0; i < n; i++) assert_ok(text_addf(&t, pattern, i, words[i % n_words]));
    const char *path = write_bytes(name, t.data, t.len);
    text_release(&t);
    return path;
}

static const char *const kinds[] = { "refund", "delivery", "card" };

static void tables(void **state)
{
    (void)state;
    guess(
        lines("a.csv", "id,utterance,intent\n", "%1$d,\"where is, my thing number %1$d please\",%2$s\n", 40, kinds, 3));
    assert_guess("sequence-classification", "csv", "utterance", NULL, "intent");
    assert_int_equal(g.columns.n, 0);
    assert_int_equal(g.n_rows, 40);
    assert_is(g.validation, "0.1");
    assert_reason("\"intent\" has 3 values in 40 rows");
    guess(lines("nothing", "", "the %dth text of this long table\t%s\n", 40, kinds, 3));      /* no header, no suffix */
    assert_guess("sequence-classification", "tsv", "text", NULL, "label");
    assert_int_equal(g.columns.n, 2);
    assert_is(g.columns.items[0], "text");
    static const char *const digits[] = { "0", "1", "2" };
    guess(lines("nli.tsv", "premise\thypothesis\tlabel\n", "a man walks dog %1$d\tthe dog %1$d runs away\t%2$s\n", 40,
                digits, 3));
    assert_guess("sentence-pair", "tsv", "premise", "hypothesis", "label");
}

static void scores(void **state)
{
    (void)state;
    static const char *const numbers[] = { "0.5", "1.75", "2.25", "3.0", "4.5", "" };
    guess(lines("sts.tsv", "", "%2$s\t%1$d cats sit on the mat\t%1$d dogs lie on it\n", 60, numbers, 6));
    assert_guess("regression", "tsv", "text_a", "text_b", "score");
    assert_int_equal(g.n_bad, 10);                            /* no score: to be skipped, and said so */
    assert_reason("10 of 60 rows cannot be used");
    guess(lines("stars.csv", "review,score\n", "this book number %d was fine,%s\n", 60, numbers, 5));
    assert_guess("regression", "csv", "review", NULL, "score");
}

static void json_lines(void **state)
{
    (void)state;
    guess(lines("a.jsonl", "",
                "{\"n\": %1$d, \"body\": \"a text of some length, number %1$d\", \"lang\": \"en\", \"intent\": "
                "\"%2$s\"}\n",
                40, kinds, 3));
    assert_guess("sequence-classification", "jsonl", "body", NULL, "intent");
    guess(lines("b.jsonl", "",
                "{\"row\": {\"text\": \"a text of some length, number %1$d\", \"user_id\": \"u%1$d\"}, \"meta\": "
                "{\"topic\": \"%2$s\"}}\n",
                40, kinds, 3));
    assert_guess("sequence-classification", "jsonl", "row.text", NULL, "meta.topic");
    assert_is(g.group, NULL);                                 /* every user has one row */
    guess(lines("c.jsonl", "", "{\"tokens\": [\"Row\", \"%d\", \"%s\"], \"ner_tags\": [\"O\", \"B-N\", \"O\"]}\n", 20,
                kinds, 3));
    assert_guess("token-classification", "jsonl", "tokens", NULL, "ner_tags");
    guess(lines("d.jsonl", "", "{\"text\": \"only a text of some length, number %d %s\"}\n", 40, kinds, 3));
    assert_guess("masked-lm", "jsonl", "text", NULL, NULL);
}

static void json_files(void **state)
{
    (void)state;
    static const char *const pairs[] = { "refund", "delivery", "card" };
    Text t = { 0 };
    for (int k = 0; k < 3; k++) {
        static const char *const keys[] = { "train", "val", "oos_train" };
        assert_ok(text_addf(&t, "%s\"%s\": [\n", k ? ", " : "{", keys[k]));
        for (int i = 0; i < 20; i++)
            assert_ok(text_addf(&t, "%s[\"%d is a text of some length\", \"%s\"]\n", i ? ", " : "", i, pairs[i % 3]));
        assert_ok(text_addf(&t, "]"));
    }
    assert_ok(text_addf(&t, "}\n"));
    guess(write_bytes("full.json", t.data, t.len));
    text_release(&t);
    assert_guess("sequence-classification", "json", "0", NULL, "1");
    assert_int_equal(g.train.n, 2);
    assert_says(g.train.items[0], "full.json#train");
    assert_says(g.train.items[1], "full.json#oos_train");
    assert_says(g.validation, "full.json#val");
    assert_int_equal(g.n_rows, 40);
    guess(write_text("qa.json", "{\"data\": [{\"title\": \"t\", \"paragraphs\": [{\"context\": \"Ann lives in Rome.\", "
                                "\"qas\": [{\"id\": \"1\", \"question\": \"Where does Ann live?\", "
                                "\"answers\": [{\"text\": \"Rome\", \"answer_start\": 13}]}]}]}]}"));
    assert_guess("question-answering", "squad", NULL, NULL, NULL);
    assert_int_equal(g.n_rows, 1);
    assert_int_equal(g.n_unanswered, 0);
    guess(write_text("qa2.json",
                     "{\"data\": [{\"title\": \"t\", \"paragraphs\": [{\"context\": \"Ann lives in Rome.\", "
                     "\"qas\": [{\"id\": \"1\", \"question\": \"Where does Bob live?\", "
                     "\"is_impossible\": true, \"answers\": []}]}]}]}"));
    assert_int_equal(g.n_unanswered, 1);
}

static void groups(void **state)
{
    (void)state;
    static const char *const rows[] = { "ann,card", "bob,bill", "eve,card", "joe,bill",
                                        "kim,bill", "lee,card", "max,bill" };
    guess(lines("g.csv", "text,author,label\n", "a text of some length %d,%s\n", 28, rows, 7));
    assert_guess("sequence-classification", "csv", "text", NULL, "label");
    assert_is(g.group, "author");
    assert_reason("\"author\" has 7 values in 28 rows");
}

static void names_say_the_split(void **state)
{
    (void)state;
    static const struct { const char *name; Split split; const char *stem; } cases[] = {
        { "train.csv", SPLIT_TRAIN, "" },                 { "cls_ctg_dev.tsv", SPLIT_VALIDATION, "cls ctg" },
        { "wnut17train.conll", SPLIT_TRAIN, "wnut" },
        { "train_dialogues_001.json", SPLIT_TRAIN, "dialogues" },  { "emerging.test.annotated", SPLIT_TEST, "emerging" },
        { "en_ewt-ud-dev.conllu", SPLIT_VALIDATION, "en ewt ud" }, { "attest.txt", SPLIT_NONE, "attest" },
        { "TRAIN_FILE.TXT", SPLIT_TRAIN, "file" },        { "val.jsonl.gz", SPLIT_VALIDATION, "" },
        { "oos_train", SPLIT_TRAIN, "oos" },              { "eval", SPLIT_VALIDATION, "" }, { "", SPLIT_NONE, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char stem[64];
        assert_int_equal(split_of(cases[i].name, stem, sizeof stem), cases[i].split);
        assert_string_equal(stem, cases[i].stem);
    }
    char tiny[4];                                             /* a stem that does not fit is cut */
    assert_int_equal(split_of("abcdefgh_train.csv", tiny, sizeof tiny), SPLIT_TRAIN);
    assert_string_equal(tiny, "abc");
}

static void folders(void **state)
{
    (void)state;
    static const char *const set[] = { "f/train.csv", "f/dev.csv", "f/test.csv", "f/other_test.csv" };
    assert_ok(file_make_folder(test_path("f")));
    for (size_t i = 0; i < COUNT(set); i++)
        lines(set[i], "text,label\n", "a text of some length %d,%s\n", i == 0 ? 60 : 20, kinds, 3);
    write_text("f/README.md", "about it\n");
    write_text("f/classes.json", "[\"refund\", \"delivery\", \"card\"]\n");
    guess(test_path("f"));
    assert_guess("sequence-classification", "csv", "text", NULL, "label");
    assert_int_equal(g.train.n, 1);
    assert_string_equal(path_name(g.train.items[0]), "train.csv");
    assert_string_equal(path_name(g.validation), "dev.csv");
    assert_int_equal(g.test.n, 1);
    assert_string_equal(path_name(g.test.items[0]), "test.csv");
    assert_int_equal(g.n_rows, 60);

    assert_ok(file_make_folder(test_path("v")));              /* no training file */
    lines("v/validation.csv", "text,label\n", "a text of some length %d,%s\n", 30, kinds, 3);
    lines("v/test.csv", "text,label\n", "a text of some length %d,%s\n", 30, kinds, 3);
    guess(test_path("v"));
    assert_string_equal(path_name(g.train.items[0]), "validation.csv");
    assert_is(g.validation, "0.1");
    assert_string_equal(path_name(g.test.items[0]), "test.csv");
    assert_reason("no training file");
}

static void names_that_are_classes(void **state)
{
    (void)state;
    assert_ok(file_make_folder(test_path("p")));
    lines("p/pos.txt", "", "a good thing number %d, %s\n", 20, kinds, 3);
    lines("p/neg.txt", "", "a bad thing number %d, %s\n", 20, kinds, 3);
    guess(test_path("p"));
    assert_guess("sequence-classification", "text", NULL, NULL, "@file");
    assert_int_equal(g.train.n, 2);
    assert_int_equal(g.n_rows, 40);

    for (int i = 0; i < 20; i++) {                            /* folder/FILE: each a text */
        char name[64];
        snprintf(name, sizeof name, "d/%s", i % 2 ? "rain" : "sun");
        assert_ok(file_make_folder(test_path(name)));
        snprintf(name, sizeof name, "d/%s/%d.txt", i % 2 ? "rain" : "sun", i);
        write_text(name, "It is what it is today.\nAnd tomorrow.\n");
    }
    guess(test_path("d"));
    assert_guess("sequence-classification", "files", NULL, NULL, "@folder");
    assert_int_equal(g.train.n, 1);
    assert_string_equal(path_name(g.train.items[0]), "d");
    assert_int_equal(g.n_rows, 20);
}

static void plain_text(void **state)
{
    (void)state;
    guess(lines("lines.txt", "", "A sentence on a line of its own, %d, %s.\n", 50, kinds, 3));
    assert_guess("masked-lm", "text", NULL, NULL, NULL);
    assert_in_range(g.max_length, 16, 24);
    guess(lines("wrapped.txt", "", "A paragraph, the %dth, that\ngoes over\nthree lines: %s.\n\n", 50, kinds, 3));
    assert_guess("masked-lm", "documents", NULL, NULL, NULL);
}

/* Formats by their first bytes; whether they are read is the readers' test. */
static void first_bytes(void **state)
{
    (void)state;
    static const struct { const char *name, *bytes, *format; } cases[] = {
        { "x", "{\"a\": 1}\n{\"a\": 2}\n", "jsonl" },
        { "x", "{\"a\": [1,\n2]}\n", "json" },
        { "x", "[{\"a\": 1},\n{\"a\": 2}]", "json" },
        { "x", "{\"data\": [{\"paragraphs\": [{\"context\": \"c\", \"qas\": []}]}]}", "squad" },
        { "x", "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n", "chat" },
        { "x", "[{\"conversations\": [{\"from\": \"human\", \"value\": \"hi\"}]}]", "chat" },
        { "x", "{\"instruction\": \"do\", \"input\": \"\", \"output\": \"done\"}\n", "instruction" },
        { "x", "{\"prompt\": \"do\", \"completion\": \"done\"}\n", "instruction" },
        { "x", "EU B-ORG\nrejects O\n\nGerman B-MISC\ncall O\n", "conll" },
        { "x", "-\tO\nb\tO\nc\tB-x\n\t\nd\tO\ne\tI-x\n", "conll" },
        { "x", "# text = a\n1\ta\ta\tDET\tDT\t_\t2\tdet\t_\t_\n\n", "conllu" },
        { "x", "1\t\"The <e1>a</e1> of <e2>b</e2>.\"\nComponent-Whole(e2,e1)\nComment:\n\n", "semeval" },
        { "x", "a\tb\nc\td\n", "tsv" },
        { "x.csv", "a,b\nc,d\n", "csv" },
        { "x.tsv", "a\n", "tsv" },
        { "x", "one line, two words\nanother line\n", "text" },
        { "x", "  \n", NULL },
        { "x", "\x01\x02\x03\x04", NULL },
        { "x", "", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_is(guess_format(cases[i].name, cases[i].bytes, strlen(cases[i].bytes), true), cases[i].format);
}

static void what_cannot_be_guessed(void **state)
{
    (void)state;
    Guess none;
    assert_int_equal(guess_data(&none, test_path("gone"), NULL), ERR_IO);
    assert_int_equal(guess_data(&none, write_bytes("b.bin", "\x00\x01\x02\x03\x04", 5), NULL), ERR_DATA);
    assert_says(status_fact(), "b.bin");
    assert_int_equal(guess_data(&none, write_text("n.csv", "a,b\n1,2\n3,4\n5,6\n"), NULL), ERR_DATA);
    assert_says(status_fact(), "looks like a text");
    assert_null(none.task);
}

static int end(void **state)
{
    guess_release(&g);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(scores),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(groups),
        cmocka_unit_test(json_files),
        cmocka_unit_test(folders),
        cmocka_unit_test(names_say_the_split),
        cmocka_unit_test(names_that_are_classes),
        cmocka_unit_test(plain_text),
        cmocka_unit_test(first_bytes),
        cmocka_unit_test(what_cannot_be_guessed),
    };
    return cmocka_run_group_tests(tests, make_folder, end);
}
