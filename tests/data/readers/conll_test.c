/* tests/data/readers/conll_test.c: words with tags, CoNLL-2003 and CoNLL-U. */
#include "tests/data/rows_test.h"

typedef struct Word { const char *word, *tag; } Word;

static const RowsOptions tags = { .need = ROW_NEEDS_TAGS };

static void check_words(Rows *r, const char *text, int64_t line, const Word *words, size_t n)
{
    Row  row;
    bool end;
    assert_ok(rows_next(r, &row, &end));
    assert_false(end);
    assert_string_equal(row.text, text);
    assert_int_equal(row.place.line, line);
    assert_int_equal(row.n_spans, n);
    for (size_t i = 0; i < n; i++) {
        const RowSpan *s = &row.spans[i];
        assert_int_equal(s->end - s->begin, strlen(words[i].word));
        assert_memory_equal(row.text + s->begin, words[i].word, s->end - s->begin);
        assert_string_equal(s->label, words[i].tag);
    }
}

static const Word eu[] = { { "EU", "I-ORG" }, { "rejects", "O" } }, peter[] = { { "Peter", "B-PER" } };

static void check_eu(const char *name, const char *bytes, const RowsOptions *o, int64_t first, int64_t second)
{
    Rows *r = open_rows(write_text(name, bytes), o);
    Row   row;
    bool  end;
    check_words(r, "EU rejects", first, eu, 2);
    check_words(r, "Peter", second, peter, 1);
    assert_ok(rows_next(r, &row, &end));
    assert_true(end);
    assert_ok(rows_seek(r, (Place){ 0, 1, 0, 0 }));
    check_words(r, "EU rejects", first, eu, 2);
    assert_string_equal(rows_format(r), "conll");
    rows_close(r);
}

static void conll_2003(void **state)
{
    (void)state;
    RowsOptions third = { .text = "0", .label = "2", .need = ROW_NEEDS_TAGS };
    check_eu("t.conll", "-DOCSTART- -X- O O\n\nEU NNP B-NP I-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n", &tags, 3, 6);
    check_eu("t.txt", "EU\tI-ORG\r\nrejects\tO\r\n\t\r\nPeter\tB-PER", &tags, 1, 4);
    check_eu("t.conll", "EU x I-ORG y\nrejects x O y\n \n\n\nPeter x B-PER y\n\n", &third, 1, 6);
    char       *names[] = { "word", "ner", "pos" };
    StringList  columns = { names, 3 };
    RowsOptions named = { .text = "word", .label = "ner", .columns = &columns, .need = ROW_NEEDS_TAGS };
    check_eu("t.conll", "EU I-ORG x\nrejects O x\n\nPeter B-PER x\n\n", &named, 1, 4);
    check_eu("data", "EU I-ORG\nrejects O\n\nPeter B-PER\n\n", &tags, 1, 4);
}

static void bad_sentences(void **state)
{
    (void)state;
    static const Bad cases[] = {
        { "t.conll", "EU I-ORG\nrejects\n", "t.conll:2: 1 column, where a word and its tag are expected", "tabs" },
        { "t.conll", "EU\tI-ORG\nrejects\t\n", "t.conll:2: the tag is empty", NULL },
        { "t.conll", "E\xFFU\tI-ORG\n", "t.conll:1: byte 2 of the line, 0xFF, is not UTF-8", NULL },
        { "t.conllu", "1\tEU\tO\n", "t.conllu:1: a word of CoNLL-U has 10 columns", "conll" },
        { "t.conllu", "x\ta\t_\tX\t_\t_\t0\t_\t_\t_\n", "t.conllu:1: \"x\" is not a word's number", NULL },
    };
    refuse_all(cases, COUNT(cases), &tags);
    Counts c = count_rows(write_text("t.conll", "a O\nb\nc O\n\nd O\n"), &tags);      /* only its sentence is bad */
    assert_int_equal(c.good, 1);
    assert_int_equal(c.bad, 1);
    assert_string_equal(c.last, "d");
    RowsOptions wrong = { .text = "word", .need = ROW_NEEDS_TAGS };
    assert_int_equal(first_failure(write_text("t.conll", "a O\n"), &wrong), ERR_CONFIG);
}

#define CONLLU(id, form, upos, misc) id "\t" form "\t_\t" upos "\t_\t_\t0\t_\t_\t" misc "\n"

static void conllu(void **state)
{
    (void)state;
    Rows *r = open_rows(write_text("t.conllu",
        "# newdoc\n# text = I don't  (well).\n" CONLLU("1", "I", "PRON", "_") CONLLU("2-3", "don't", "_", "_")
        CONLLU("2", "do", "AUX", "_") CONLLU("3", "n't", "PART", "_") CONLLU("3.1", "know", "VERB", "_")
        CONLLU("4", "(", "PUNCT", "SpaceAfter=No") CONLLU("5", "well", "ADV", "SpaceAfter=No")
        CONLLU("6", ")", "PUNCT", "SpaceAfter=No") CONLLU("7", ".", "PUNCT", "_") "\n"
        CONLLU("1-2", "zum", "_", "_") CONLLU("1", "zu", "ADP", "_") CONLLU("2", "dem", "DET", "_")
        CONLLU("3", "Haus", "NOUN", "_") "\n"
        "# text = something else\n" CONLLU("1", "a", "X", "_") CONLLU("2", "b", "Y", "_")), &tags);
    const Word first[] = { { "I", "PRON" }, { "do", "AUX" }, { "n't", "PART" }, { "(", "PUNCT" }, { "well", "ADV" },
                           { ")", "PUNCT" }, { ".", "PUNCT" } };
    const Word second[] = { { "zum", "ADP+DET" }, { "Haus", "NOUN" } }, third[] = { { "a", "X" }, { "b", "Y" } };
    check_words(r, "I don't  (well).", 1, first, 7);        /* as given, with its two spaces */
    check_words(r, "zum Haus", 13, second, 2);
    check_words(r, "a b", 18, third, 2);                    /* the words, where the text is another */
    assert_string_equal(rows_format(r), "conllu");
    rows_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conll_2003),
        cmocka_unit_test(bad_sentences),
        cmocka_unit_test(conllu),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
