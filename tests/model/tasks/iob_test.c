/* tests/model/tasks/iob_test.c: entities as seqeval 1.2.2's get_entities() gives them for the same tags. */
#include "tests/harness/test.h"

#include <string.h>

#include "core/text.h"
#include "model/tasks/iob.h"

enum { MAX_WORDS = 16 };

static const struct { const char *tags, *entities; } cases[] = {
    { "B-PER I-PER O B-LOC", "PER:0-2 LOC:3-4 " },
    { "I-PER I-PER O I-LOC B-LOC", "PER:0-2 LOC:3-4 LOC:4-5 " },
    { "B-PER I-LOC I-LOC", "PER:0-1 LOC:1-3 " },
    { "O O B-X", "X:2-3 " },
    { "B-PER B-PER I-PER", "PER:0-1 PER:1-3 " },
    { "S-PER B-LOC I-LOC E-LOC O E-PER I-PER", "PER:0-1 LOC:1-4 PER:5-6 PER:6-7 " },
    { "U-PER B-LOC I-LOC L-LOC O", "PER:0-1 LOC:1-4 " },                /* the other spelling, which seqeval wants named */
    { "B-ORG-X I-ORG-X O", "ORG-X:0-2 " },
    { "I-LOC O I-LOC", "LOC:0-1 LOC:2-3 " },
    { "E-LOC E-LOC S-LOC I-LOC B I", "LOC:0-1 LOC:1-2 LOC:2-3 LOC:3-4 _:4-6 " },
    { "B-LOC I-PER E-PER S-PER O B-PER E-LOC", "LOC:0-1 PER:1-3 PER:3-4 PER:5-6 LOC:6-7 " },
};

/* Tags as they stand, one label a word: equal ones need not share a number. */
static void split(const char *text, StringList *out)
{
    char copy[256], *at = copy, *word;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&at, " "))) must(string_list_add(out, word));
}

static void entities_are_those_of_seqeval(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++) {
        StringList tags = { 0 };
        Iob        iob;
        IobEntity  found[MAX_WORDS];
        int32_t    numbers[MAX_WORDS];
        Text       got = { 0 };
        split(cases[c].tags, &tags);
        assert_true(iob_is(&tags));
        must(iob_init(&iob, &tags));
        for (size_t i = 0; i < tags.n; i++) numbers[i] = (int32_t)i;
        int64_t n = iob_entities(&iob, numbers, (int64_t)tags.n, found);
        must(text_add(&got, "", 0));
        for (int64_t i = 0; i < n; i++)
            must(text_addf(&got, "%s:%d-%d ", iob.types.items[found[i].type], (int)found[i].begin, (int)found[i].end));
        if (strcmp(got.data, cases[c].entities) != 0)
            fail_msg("%s: %s, expected %s", cases[c].tags, got.data, cases[c].entities);
        text_release(&got);
        iob_release(&iob);
        string_list_release(&tags);
    }
}

static void no_words_hold_no_entity(void **state)
{
    (void)state;
    StringList tags = { 0 };
    Iob        iob;
    split("B-PER O", &tags);
    must(iob_init(&iob, &tags));
    assert_int_equal(iob_entities(&iob, NULL, 0, NULL), 0);
    iob_release(&iob);
    string_list_release(&tags);
}

static void other_tags_are_none(void **state)
{
    (void)state;
    static const char *const others[] = { "NOUN VERB O", "O", "B-PER I-PER NONE", "O-PER B-PER", "BIG I-PER", "-LRB- B" };
    for (size_t i = 0; i < COUNT(others); i++) {
        StringList tags = { 0 };
        split(others[i], &tags);
        if (iob_is(&tags)) fail_msg("\"%s\" are taken for marks of entities", others[i]);
        string_list_release(&tags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(entities_are_those_of_seqeval),
                                        cmocka_unit_test(no_words_hold_no_entity),
                                        cmocka_unit_test(other_tags_are_none) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
