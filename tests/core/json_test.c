/* tests/core/json_test.c: what is refused and where, comments, lines of paths, members with a check. */
#include "tests/core/core_test.h"

#include "core/json.h"

static Status parse(const char *text, int flags)
{
    cJSON *j;
    Status s = json_parse(&j, text, strlen(text), "t", flags);
    if (s != OK) assert_null(j);
    else assert_non_null(j);
    cJSON_Delete(j);
    return s;
}

static cJSON *parsed(const char *text, int flags)
{
    cJSON *j;
    must(json_parse(&j, text, strlen(text), "t", flags));
    return j;
}

static void test_values(void **state)
{
    (void)state;
    cJSON *j = parsed(" {\"a\": [1, -2.5e3, true, false, null, \"\\u00e9\\n\\ud83d\\ude00\"], \"b\": {}, \"c\": [ ]}\n",
                      JSON_STRICT);
    const cJSON *a = json_get(j, "a");
    assert_int_equal(cJSON_GetArraySize(a), 6);
    assert_near(cJSON_GetArrayItem(a, 1)->valuedouble, -2500, 0, "a[1]");
    assert_true(cJSON_IsTrue(cJSON_GetArrayItem(a, 2)) && cJSON_IsFalse(cJSON_GetArrayItem(a, 3))
                && cJSON_IsNull(cJSON_GetArrayItem(a, 4)));
    assert_string_equal(cJSON_GetArrayItem(a, 5)->valuestring, "\xC3\xA9\n\xF0\x9F\x98\x80");
    assert_true(cJSON_IsObject(json_get(j, "b")) && cJSON_IsArray(json_get(j, "c")));
    cJSON_Delete(j);
    static const char *const fine[] = { "0", "-0", "0.5", "10", "1e5", "1E-2", "\"\"", "null", "\xEF\xBB\xBF{}",
                                        "\t[\r\n]", "\"\xC3\xA9\"", "\"a\\\\\"", "\"\\\"\"", "\"//\"" };
    for (size_t i = 0; i < COUNT(fine); i++)
        if (parse(fine[i], JSON_STRICT) != OK) fail_msg("%s: %s", fine[i], status_fact());
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct { const char *text, *words; } cases[] = {
        { "", "t:1:1: the text ends where a value is expected" },
        { "{\n  \"a\": 1,\n}", "t:3:1: a comma before a closing bracket" },
        { "[1,]", "t:1:4: a comma before a closing bracket" },
        { "[1 2]", "t:1:4: a comma or ] is missing" },
        { "{\"a\": 1 \"b\": 2}", "t:1:9: a comma or } is missing" },
        { "{\"a\" 1}", "t:1:6: a colon is missing" },
        { "{a: 1}", "t:1:2: a string in double quotes" },
        { "{'a': 1}", "t:1:2: a string in double quotes" },
        { "{\"a\": 1", "a comma or } is missing" },
        { "[", "the text ends" },
        { "{\"a\":", "the text ends" },
        { "\"abc", "t:1:1: this string is never closed" },
        { "\"abc\\\"", "t:1:1: this string is never closed" },
        { "\"a\nb\"", "t:1:3: a control character" },
        { "\"a\tb\"", "t:1:3: a control character" },
        { "01", "this is not a JSON value" },
        { "-", "this is not a JSON value" },
        { "+1", "this is not a JSON value" },
        { ".5", "this is not a JSON value" },
        { "1.", "digits are missing after the decimal point" },
        { "1e", "digits are missing in this exponent" },
        { "1e+", "digits are missing in this exponent" },
        { "NaN", "this is not a JSON value" },
        { "Infinity", "this is not a JSON value" },
        { "True", "this is not a JSON value" },
        { "tru", "this is not a JSON value" },
        { "0x10", "t:1:2: text follows" },
        { "{}\n\n  {}", "t:3:3: text follows after the end" },
        { "1 // one", "t:1:3: text follows" },
        { "\"\\x\"", "t:1:2: this escape is not JSON" },
        { "\"\\u00e\"", "t:1:2: this escape is not JSON" },
        { "\"\\u00", "t:1:2: this escape is not JSON" },
        { "\"\\", "t:1:2: this escape is not JSON" },
        { "\"\\ud83d\"", "cannot be read as JSON" },
        { "\"\\u12G4\"", "t:1:2: this escape is not JSON" },
        { "1111111111111111111111111111111111111111111111111111111111111", "a number of more than 60" },
        { "{\"a\":\n\"\xC3\"}", "t:2:2: these bytes are not UTF-8" },
        { "\"\xED\xA0\x80\"", "t:1:2: these bytes are not UTF-8" },
        { "\xFF\xFE{}", "t:1:1: these bytes are not UTF-8" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Status s = parse(cases[i].text, JSON_STRICT);
        if (s != ERR_FORMAT || !strstr(status_fact(), cases[i].words))
            fail_msg("%s gave %s: \"%s\", which lacks \"%s\"", cases[i].text, status_name(s), s ? status_fact() : "",
                     cases[i].words);
    }
    cJSON *j;
    must_fail(json_parse(&j, "[1,\n 2\0]", 8, "t", JSON_STRICT), ERR_FORMAT, "t:2:3: a NUL byte");
    must_fail(json_parse(&j, "1\0", 2, "t", JSON_STRICT), ERR_FORMAT, "t:1:2: a NUL byte");
    must(json_parse(&j, "12345", 2, "t", JSON_STRICT));   /* n counts, not the NUL */
    assert_int_equal(j->valueint, 12);
    cJSON_Delete(j);
}

static void test_escaped_nul(void **state)
{
    (void)state;
    must_fail(parse("[\"a\\u0000b\"]", JSON_REFUSE_NUL), ERR_FORMAT, "t:1:4: \\u0000 is not accepted");
    must_fail(parse("{\"a\\u0000b\": 1}", JSON_REFUSE_NUL), ERR_FORMAT, "\\u0000 is not accepted");
    must(parse("[\"a\\\\u0000b\"]", JSON_REFUSE_NUL));    /* a backslash, then u0000 as letters */
    must(parse("[\"a\\u0001b\"]", JSON_REFUSE_NUL));
    must_fail(parse("[\"\\\\\\u0000\"]", JSON_REFUSE_NUL), ERR_FORMAT, "\\u0000 is not accepted");
}

static void test_duplicates(void **state)
{
    (void)state;
    must_fail(parse("{\"a\": 1, \"b\": 2, \"a\": 1}", JSON_STRICT), ERR_FORMAT, "the key \"a\" stands twice");
    must_fail(parse("{\"a\": 1, \"\\u0061\": 2}", JSON_STRICT), ERR_FORMAT, "the key \"a\" stands twice");
    must_fail(parse("{\"\\/\": 1, \"/\": 2}", JSON_STRICT), ERR_FORMAT, "the key \"/\" stands twice");
    must_fail(parse("{\"\": 1, \"\": 2}", JSON_STRICT), ERR_FORMAT, "the key \"\" stands twice");
    must_fail(parse("[0, {\"x\": {\"k\": [], \"k\": {}}}]", JSON_STRICT), ERR_FORMAT, "the key \"k\" stands twice");
    must(parse("{\"a\": 1, \"A\": 2, \"b\": {\"a\": 3}, \"c\": [{\"a\": 4}, {\"a\": 5}]}", JSON_STRICT));
}

static char *nested(int levels, const char *inside, char open, char close)
{
    char  *p = malloc((size_t)levels * 6 + strlen(inside) + 1);
    size_t n = 0;
    for (int i = 0; i < levels; i++) {
        p[n++] = open;
        if (open == '{') { memcpy(p + n, "\"k\":", 4); n += 4; }
    }
    strcpy(p + n, inside);
    n += strlen(inside);
    for (int i = 0; i < levels; i++) p[n++] = close;
    p[n] = '\0';
    return p;
}

static void test_depth(void **state)
{
    (void)state;
    static const struct { int levels; const char *inside; bool fine; } cases[] = {
        { 63, "1", true }, { 64, "1", true }, { 64, "", true }, { 63, "[]", true }, { 65, "", false },
        { 64, "[]", false },
        { 64, "{}", false }, { 65, "1", false }, { 64, "\"x\"", true }, { 1000, "", false }, { 100000, "", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int object = 0; object < 2; object++) {
            const char *inside = object && !cases[i].inside[0] ? "0" : cases[i].inside;
            char       *text = nested(cases[i].levels, inside, object ? '{' : '[', object ? '}' : ']');
            Status      s = parse(text, JSON_STRICT);
            if (s != (cases[i].fine ? OK : ERR_FORMAT))
                fail_msg("%d levels around \"%s\" give %s", cases[i].levels, inside, status_name(s));
            if (s != OK) assert_non_null(strstr(status_fact(), "nested deeper than 64 levels"));
            free(text);
        }
}

static void test_comments(void **state)
{
    (void)state;
    static const char text[] = "// head\n{ /* one */ \"a\": 1, // two\n  /* three\n"
                               " four */ \"b\": \"// no /* comment */\", \"c\\\"//\": 2 }\n/**/ // tail";
    cJSON *j = parsed(text, JSON_COMMENTS);
    assert_int_equal(json_get(j, "a")->valueint, 1);
    assert_string_equal(json_get(j, "b")->valuestring, "// no /* comment */");
    assert_int_equal(json_get(j, "c\"//")->valueint, 2);
    assert_int_equal(cJSON_GetArraySize(j), 3);
    cJSON_Delete(j);
    must_fail(parse(text, JSON_STRICT), ERR_FORMAT, "t:1:1: this is not a JSON value");
    /* lines and columns stay what they were */
    must_fail(parse("{ /* x\n y */ \"a\": 01 }", JSON_COMMENTS), ERR_FORMAT, "t:2:12: this is not a JSON value");
    must_fail(parse("[1 /*/ 2]", JSON_COMMENTS), ERR_FORMAT, "missing");      /* never closed */
    must_fail(parse("[1 / 2]", JSON_COMMENTS), ERR_FORMAT, "t:1:4");
    must(parse("1 /* x */", JSON_COMMENTS));
    must(parse("1 //", JSON_COMMENTS));
    must_fail(parse("[1, /* \xFF */ 2]", JSON_COMMENTS), ERR_FORMAT, "t:1:8: these bytes are not UTF-8");
}

static void test_lines(void **state)
{
    (void)state;
    static const char text[] =
        "// a head\n"                                     /* 1 */
        "{\n"
        "  \"name\": \"x { \\\" [\",   /* [ { */\n"       /* 3 */
        "  \"train\": {\n"                                /* 4 */
        "    \"seed\":\n"
        "      42,\n"                                     /* 6 */
        "    \"list\": [1,\n"                             /* 7 */
        "      [2, 3],\n"                                 /* 8 */
        "      {\"k\": {\n"
        "         \"deep\": null}}],\n"                   /* 10 */
        "    \"none\": [],\n"                             /* 11 */
        "    \"nothing\": {}\n"
        "  }, \"last\": true\n"                           /* 13 */
        "}\n";
    static const struct { const char *path; int line; } cases[] = {
        { "name", 3 }, { "train", 4 }, { "train.seed", 6 }, { "train.list", 7 }, { "train.list[0]", 7 },
        { "train.list[1]", 8 },
        { "train.list[1][1]", 8 }, { "train.list[2].k.deep", 10 }, { "last", 13 }, { "train.none", 11 }, { "", 2 },
        { "gone", 0 }, { "train.gone", 0 }, { "train.list[3]", 0 }, { "name.x", 0 }, { "train.seed[0]", 0 },
        { "train.none[0]", 0 },
        { "train.nothing.x", 0 }, { "seed", 0 }, { "nam", 0 }, { "name2", 0 }, { "train.list[1][2]", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int got = json_line_of(text, strlen(text), cases[i].path);
        if (got != cases[i].line)
            fail_msg("\"%s\" is said to begin on line %d, not %d", cases[i].path, got, cases[i].line);
    }
    /* a byte order mark, which json_parse takes */
    static const char marked[] = "\xEF\xBB\xBF{\n\"a\": 1}";
    assert_int_equal(json_line_of(marked, sizeof marked - 1, "a"), 2);
}

static void test_members(void **state)
{
    (void)state;
    cJSON *j = parsed("{\"s\": \"text\", \"i\": 9007199254740992, \"d\": 0.5, \"t\": true, \"f\": false, \"n\": null, "
                      "\"big\": 1e16, \"i2\": -3.0}", 0);
    const char *s;
    int64_t     i;
    double      d;
    bool        b;
    must(json_get_string(&s, j, "s", "other", "w"));
    assert_string_equal(s, "text");
    must(json_get_string(&s, j, "n", "other", "w"));
    assert_string_equal(s, "other");
    must(json_get_string(&s, j, "gone", NULL, "w"));
    assert_null(s);
    must_fail(json_get_string(&s, j, "i", NULL, "w.json"), ERR_FORMAT, "w.json: \"i\" must be a string");
    must(json_get_int(&i, j, "i", 1, "w"));
    assert_true(i == 9007199254740992);
    must(json_get_int(&i, j, "i2", 1, "w"));
    assert_int_equal(i, -3);
    must(json_get_int(&i, j, "gone", -5, "w"));
    assert_int_equal(i, -5);
    must_fail(json_get_int(&i, j, "d", 1, "w"), ERR_FORMAT, "\"d\" must be a whole number");
    must_fail(json_get_int(&i, j, "big", 1, "w"), ERR_FORMAT, "\"big\" must be a whole number");
    must_fail(json_get_int(&i, j, "t", 1, "w"), ERR_FORMAT, "\"t\" must be a whole number");
    must(json_get_number(&d, j, "d", 1, "w"));
    assert_near(d, 0.5, 0, "d");
    must(json_get_number(&d, j, "n", 2, "w"));
    assert_near(d, 2, 0, "n");
    must_fail(json_get_number(&d, j, "s", 1, "w"), ERR_FORMAT, "\"s\" must be a number");
    must(json_get_bool(&b, j, "t", false, "w"));
    assert_true(b);
    must(json_get_bool(&b, j, "f", true, "w"));
    assert_false(b);
    must(json_get_bool(&b, j, "gone", true, "w"));
    assert_true(b);
    must_fail(json_get_bool(&b, j, "i", true, "w"), ERR_FORMAT, "\"i\" must be true or false");
    assert_null(json_get(j, "n"));
    assert_null(json_get(j, "S"));
    assert_null(json_get(NULL, "s"));
    assert_false(json_is_integer(json_get(j, "d")));
    assert_true(json_is_integer(json_get(j, "i2")));
    assert_false(json_is_integer(NULL));
    cJSON_Delete(j);
}

static void test_writing(void **state)
{
    (void)state;
    cJSON *j = cJSON_CreateObject(), *back;
    must(json_add_string(j, "s", "a \"b\"\n\xC3\xA9"));
    must(json_add_string(j, "none", NULL));
    must(json_add_number(j, "third", 1.0 / 3));
    must(json_add_number(j, "nan", NAN));
    must(json_add_number(j, "inf", -INFINITY));
    must(json_add(j, "list", json_strings((const char *const[]){ "x", "y" }, 2)));
    must(json_add(j, "empty", json_strings(NULL, 0)));
    must_fail(json_add(j, "failed", NULL), ERR_MEMORY, "no memory");
    char *text;
    must(json_print(&text, j, false));
    assert_string_equal(text, "{\"s\":\"a \\\"b\\\"\\n\xC3\xA9\",\"none\":null,\"third\":0.33333333333333331,"
                              "\"nan\":null,\"inf\":null,\"list\":[\"x\",\"y\"],\"empty\":[]}");
    free(text);
    const char *path = in_folder("out.json");
    must(json_write_file(j, path));
    must(json_read_file(&back, path, JSON_STRICT));
    assert_true(cJSON_Compare(j, back, true));
    assert_true(json_get(back, "third")->valuedouble == 1.0 / 3);
    cJSON_Delete(back);
    must(file_read(&text, NULL, path, 10000));
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_true(strchr(text, '\n') < strrchr(text, '\n'));                    /* indented */
    free(text);
    cJSON_Delete(j);
    must_fail(json_read_file(&back, in_folder("gone.json"), 0), ERR_IO, "gone.json");
    assert_null(back);
    must_fail(json_read_file(&back, text_file("bad.json", "{\n1}"), 0), ERR_FORMAT, "bad.json:2:1: a string");
    j = cJSON_CreateTrue();
    must_fail(json_write_file(j, in_folder("no/folder.json")), ERR_IO, "cannot be created");
    cJSON_Delete(j);
}

/* Numbers come back bit for bit: a resumed run compares what it saved. */
static void test_exact_numbers(void **state)
{
    (void)state;
    static const double values[] = {
        0.1, 0.1 + 0.2, 1.0 / 3, 2.0 / 3, 9007199254740991.0, -9007199254740992.0, 123456789012345678.0,
        0x1.fffffffffffffp-1, 0x1.0000000000001p0,
        5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 4294967295.0, 1e-7, 0x1.fffffep-1, 16777217.0,
    };
    for (size_t i = 0; i < COUNT(values) + 5000; i++) {
        double v = i < COUNT(values) ? values[i] : sin((double)i) * pow(10, (double)(i % 61) - 30);
        cJSON *j = cJSON_CreateObject(), *back;
        char  *text;
        must(json_add_number(j, "v", v));
        must(json_print(&text, j, false));
        must(json_parse(&back, text, strlen(text), "t", JSON_STRICT));
        double got = json_get(back, "v")->valuedouble;
        if (got != v) fail_msg("%.17g came back as %.17g through %s", v, got, text);
        assert_true(cJSON_IsNumber(json_get(j, "v")));
        free(text);
        cJSON_Delete(j);
        cJSON_Delete(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_refusals), cmocka_unit_test(test_escaped_nul),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_depth),  cmocka_unit_test(test_comments), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_members), cmocka_unit_test(test_writing), cmocka_unit_test(test_exact_numbers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
