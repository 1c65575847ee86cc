/* tests/data/readers/chat_test.c: conversations and instructions. */
#include "tests/data/rows_test.h"

static const RowsOptions any = { .text = NULL };

static void check_chat(const char *name, const char *bytes, const RowsOptions *o, const char *text)
{
    Rows *r = open_rows(write_text(name, bytes), o);
    Row   row, again;
    bool  end;
    assert_ok(rows_next(r, &row, &end));
    assert_string_equal(rows_format(r), "chat");
    assert_string_equal(row.text, text);
    assert_true(row.n_messages >= 2);
    assert_string_equal(row.messages[row.n_messages - 2].role, "user");
    assert_string_equal(row.messages[row.n_messages - 1].role, "assistant");
    assert_string_equal(row.messages[row.n_messages - 1].content, "yo");
    Place place = row.place;
    assert_ok(rows_next(r, &again, &end));
    assert_true(end);
    assert_ok(rows_seek(r, place));
    assert_ok(rows_next(r, &again, &end));
    assert_string_equal(again.text, text);
    rows_close(r);
}

static void chats(void **state)
{
    (void)state;
    const char *plain = "user: hi\n\nassistant: yo";
    check_chat("t.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"yo\"}]}\n",
               &any, plain);
    check_chat("t.json", "[{\"id\":1,\"conversations\":[{\"from\":\"human\",\"value\":\"hi\"},\n"
                         "{\"from\":\"gpt\",\"value\":\"yo\"}]}]", &any, plain);
    check_chat("t.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"h\"},"
                          "{\"type\":\"image_url\"},{\"text\":\"i\"}]},{\"role\":\"assistant\",\"content\":\"yo\"}]}\n", &any, plain);
    check_chat("t.jsonl", "{\"system\":\"be\",\"messages\":[{\"role\":\"User\",\"content\":\"hi\"},"
                          "{\"role\":\"assistant\",\"content\":\"yo\"}]}\n", &any, "system: be\n\nuser: hi\n\nassistant: yo");
    RowsOptions turns = { .format = "chat", .text = "turns" };
    check_chat("t.json", "[{\"turns\":[{\"speaker\":\"USER\",\"utterance\":\"hi\"},"
                         "{\"speaker\":\"SYSTEM\",\"utterance\":\"yo\"}]}]", &turns, plain);
}

static void bad_chats(void **state)
{
    (void)state;
    static const Bad cases[] = {
        { "t.jsonl", "{\"messages\":[]}\n", "t.jsonl:1: the chat has no messages", NULL },
        { "t.jsonl", "{\"messages\":[{\"content\":\"a\"}]}\n", "t.jsonl:1: message 1 has no role", "role" },
        { "t.jsonl", "{\"messages\":[{\"role\":\"user\"}]}\n", "t.jsonl:1: message 1 has no content", NULL },
        { "t.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":5}]}\n", "content must be a string, here it is a number",
          NULL },
        { "t.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n{\"a\":1}\n",
          "t.jsonl:2: there is no list of \"messages\"", "data.text" },
    };
    refuse_all(cases, COUNT(cases), &any);
}

static void instructions(void **state)
{
    (void)state;
    const Want alpaca[] = { { "add\n\n1 2", "3", NULL, 1 }, { "say", "so", NULL, 2 } };
    check_file("t.jsonl", "{\"instruction\":\"add\",\"input\":\"1 2\",\"output\":\"3\"}\n"
                          "{\"instruction\":\"say\",\"input\":\"\",\"output\":\"so\"}\n", &any, alpaca, 2);
    check_file("t.json", "[{\"instruction\":\"add\",\"input\":\"1 2\",\"output\":\"3\"},\n"
                         "{\"instruction\":\"say\",\"output\":\"so\"}]\n", &any, alpaca, 2);
    const Want prompts[] = { { "p", "c", NULL, 1 } };
    check_file("t.jsonl", "{\"prompt\":\"p\",\"completion\":\"c\"}\n", &any, prompts, 1);
    const Want each[] = { { "i", "x", NULL, 1 }, { "i\n\nk", "y", NULL, 1 }, { "j", "z", NULL, 3 } };
    check_file("t.jsonl", "{\"instruction\":\"i\",\"instances\":[{\"input\":\"\",\"output\":\"x\"},"
                          "{\"input\":\"k\",\"output\":\"y\"}]}\n\n{\"instruction\":\"j\",\"output\":\"z\"}\n", &any, each, 3);
    RowsOptions named = { .format = "instruction" };
    static const Bad cases[] = {
        { "t.jsonl", "{\"input\":\"i\",\"output\":\"o\"}\n", "t.jsonl:1: there is no \"instruction\"", "text_pair" },
        { "t.jsonl", "{\"instruction\":\"i\"}\n", "t.jsonl:1: there is no \"output\"", NULL },
        { "t.jsonl", "{\"instruction\":5,\"output\":\"o\"}\n", "\"instruction\" must be a string, here it is a number", NULL },
        { "t.jsonl", "{\"instruction\":\"i\",\"output\":\"\"}\n", "t.jsonl:1: the second text", NULL },
    };
    refuse_all(cases, COUNT(cases), &named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chats),
        cmocka_unit_test(bad_chats),
        cmocka_unit_test(instructions),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
