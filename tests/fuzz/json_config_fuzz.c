/* tests/fuzz/json_config_fuzz.c: any bytes as a config: comments, strict JSON, lines of paths, the option table, and
 * what was read written out and read again.
 *
 * Up to the first NUL the bytes are the config, what follows is a path to look up in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/options.h"
#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

typedef struct Small {
    char      *name, *mode, *file, *share;
    bool       fast;
    int64_t    steps;
    double     rate;
    StringList words, files;
} Small;

static const Option top[] = {
    { "name", OPTION_STRING, OFFSET(Small, name), "run", 0, 0, NULL, "title|run_name", "a name" },
    { "mode", OPTION_CHOICE, OFFSET(Small, mode), "a", 0, 0, "a|bc|def", NULL, "a choice" },
};
static const Option train[] = {
    { "file", OPTION_PATH, OFFSET(Small, file), NULL, 0, 0, NULL, NULL, "a path" },
    { "share", OPTION_SHARE_OR_PATH, OFFSET(Small, share), NULL, 0, 0, NULL, NULL, "a share or a path" },
    { "fast", OPTION_BOOL, OFFSET(Small, fast), NULL, 0, 0, NULL, NULL, "a bool" },
    { "steps", OPTION_INT, OFFSET(Small, steps), "7", 0, 1000, NULL, "max_steps", "a number of steps" },
    { "rate", OPTION_NUMBER, OFFSET(Small, rate), "0.5", 0, 0, NULL, "lr", "a rate" },
    { "words", OPTION_STRINGS, OFFSET(Small, words), NULL, 0, 0, NULL, NULL, "words" },
    { "files", OPTION_PATHS, OFFSET(Small, files), NULL, 0, 0, NULL, NULL, "paths" },
};
static const OptionSection sections[] = { { "", top, COUNT(top), 0 }, { "train", train, COUNT(train), 0 } };
static const OptionTable   table = { "a job config", sections, COUNT(sections) };

static void read_options(const cJSON *json)
{
    Small small = { 0 }, again = { 0 };
    BUG_ON(options_defaults(&table, &small) != OK);
    if (options_read_json(&table, &small, json, "config.json", "/folder") == OK) {
        cJSON *out = NULL, *second = NULL;
        char  *one = NULL, *two = NULL;
        BUG_ON(options_to_json(&table, &small, &out) != OK || json_print(&one, out, false) != OK);
        BUG_ON(options_defaults(&table, &again) != OK);
        /* the saved config repeats the run */
        BUG_ON(options_read_json(&table, &again, out, "config.json", "/folder") != OK);
        BUG_ON(options_to_json(&table, &again, &second) != OK || json_print(&two, second, false) != OK);
        BUG_ON(strcmp(one, two) != 0);
        cJSON_Delete(out);
        cJSON_Delete(second);
        free(one);
        free(two);
    } else BUG_ON(!status_fact()[0]);
    options_release(&table, &small);
    options_release(&table, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data, *nul = n ? memchr(data, 0, n) : NULL;
    size_t      n_text = nul ? (size_t)(nul - text) : n;
    char        path[64] = "train.rate";
    if (nul) snprintf(path, sizeof path, "%.*s", (int)(n - n_text - 1 < 63 ? n - n_text - 1 : 63), nul + 1);
    cJSON *json;
    Status s = json_parse(&json, text, n_text, "config.json", JSON_COMMENTS);
    int    line = json_line_of(text, n_text, path);      /* of any text, also what did not parse */
    BUG_ON(line < 0);
    if (s != OK) {
        BUG_ON(json || !status_fact()[0]);
        return 0;
    }
    char *printed = NULL;
    BUG_ON(json_print(&printed, json, true) != OK);
    free(printed);
    read_options(json);
    cJSON_Delete(json);
    return 0;
}
