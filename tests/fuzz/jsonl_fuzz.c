/* tests/fuzz/jsonl_fuzz.c: any bytes as JSONL; and what the quick scan of a line accepts, the strict parser does too. */
#include "data/readers/json_row.h"
#include "data/readers/json_scan.h"
#include "tests/fuzz/rows_fuzz.h"

static void compare_parsers(const char *bytes, size_t n)
{
    JsonMembers members;
    cJSON      *tree;
    if (memchr(bytes, 0, n) || !utf8_valid(bytes, n, NULL)) return;      /* the reader looks at these first */
    if (!json_scan_object(&members, bytes, n)) return;
    BUG_ON(json_parse(&tree, bytes, n, "", JSON_REFUSE_NUL) != OK);
    BUG_ON(members.n != cJSON_GetArraySize(tree));
    const cJSON *v = tree->child;
    for (int i = 0; i < members.n; i++, v = v->next) {
        Text text = { 0 };
        BUG_ON(strlen(v->string) != members.items[i].n_key || memcmp(v->string, members.items[i].key, members.items[i].n_key));
        BUG_ON(cJSON_IsString(v) != (members.items[i].value[0] == '"'));
        if (!cJSON_IsString(v)) continue;
        BUG_ON(json_scan_string(&members.items[i], &text) != OK || strcmp(text.data, v->valuestring) != 0);
        text_release(&text);
    }
    cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) return 0;
    RowsOptions o = { .format = "jsonl", .text = data[0] & 1 ? "text" : "a.b", .pair = data[0] & 2 ? "pair" : NULL,
                      .label = data[0] & 4 ? "label" : "a.*.c",
                      .need = data[0] & 8 ? ROW_NEEDS_LABEL : data[0] & 16 ? ROW_NEEDS_TAGS : ROW_NEEDS_TEXT };
    compare_parsers((const char *)data + 1, n - 1);
    read_as_rows(data + 1, n - 1, &o, "");
    return 0;
}
