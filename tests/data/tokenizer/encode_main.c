/* tests/data/tokenizer/encode_main.c: what `whet tokenizer encode MODEL --input FILE --json` prints, without the rest
 * of whet; tools/tokenizer_parity.py compares its lines with the reference library.
 *
 *     encode_main MODEL --input FILE [--json] [--max-length N] [--truncation longest_first|only_first|only_second]
 *                 [--left] [--windows STRIDE] [--no-special-tokens] [--decode]
 *
 * FILE: lines of text, or (.jsonl) objects with "text" and, for pairs, "pair". With --decode also "decoded", with
 * --windows instead of all others "windows", a list of ids and offsets for each. A text that cannot be encoded so is
 * { "error": ... }. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"

typedef struct Settings {
    const char   *model, *input;
    EncodeOptions options;
    bool          decode, windows;
} Settings;

static Status print_object(const cJSON *root)
{
    char *line;
    TRY(json_print(&line, root, false));
    puts(line);
    free(line);
    return OK;
}

static cJSON *numbers(const int32_t *items, size_t n)
{
    return n ? cJSON_CreateIntArray(items, (int)n) : cJSON_CreateArray();
}

static Status add_window(cJSON *list, const Encoding *e)
{
    cJSON *one = cJSON_CreateArray();
    TRY(json_add(list, "", one));
    TRY(json_add(one, "", numbers(e->ids, e->n)));
    return json_add(one, "", numbers(e->offsets, 2 * e->n));
}

static Status print_windows(const Tokenizer *t, const Settings *set, const char *text, size_t n, const char *pair,
                            size_t n_pair)
{
    EncodeWindows w = { 0 };
    cJSON  *root = cJSON_CreateObject(), *list = cJSON_CreateArray();
    bool    more;
    Status  s = json_add(root, "windows", list);
    if (s == OK) s = encode_windows_begin(&w, t, text, n, pair, n_pair, &set->options);
    while (s == OK && (s = encode_windows_next(&w, &more)) == OK && more) s = add_window(list, &w.encoding);
    encode_windows_release(&w);
    if (s == OK) s = print_object(root);
    else if (s == ERR_CONFIG || s == ERR_DATA) s = puts("{\"error\": true}") < 0 ? fail(ERR_IO, "cannot print") : OK;
    cJSON_Delete(root);
    return s;
}

static Status print_encoding(const Tokenizer *t, const Encoding *e, bool decode)
{
    cJSON *root = cJSON_CreateObject(), *ids = cJSON_CreateArray(), *tokens = cJSON_CreateArray(),
          *offsets = cJSON_CreateArray();
    cJSON *segments = cJSON_CreateArray(), *words = cJSON_CreateArray();
    for (size_t i = 0; i < e->n; i++) {
        int at[2] = { e->offsets[2 * i], e->offsets[2 * i + 1] };
        TRY(json_add_number(ids, "", e->ids[i]));
        TRY(json_add_string(tokens, "", tokenizer_token(t, e->ids[i])));
        TRY(json_add(offsets, "", cJSON_CreateIntArray(at, 2)));
        TRY(json_add_number(segments, "", e->segments[i]));
        TRY(json_add_number(words, "", e->words[i]));
    }
    TRY(json_add(root, "ids", ids));
    TRY(json_add(root, "tokens", tokens));
    TRY(json_add(root, "offsets", offsets));
    TRY(json_add(root, "segments", segments));
    TRY(json_add(root, "words", words));
    if (decode) {
        char *text;
        TRY(tokenizer_decode(t, e->ids, e->n, true, &text));
        TRY(json_add_string(root, "decoded", text));
        free(text);
        TRY(tokenizer_decode(t, e->ids, e->n, false, &text));
        TRY(json_add_string(root, "decoded_all", text));
        free(text);
    }
    Status s = print_object(root);
    cJSON_Delete(root);
    return s;
}

static Status encode_line(const Tokenizer *t, const Settings *set, const char *line, size_t n, Encoding *e)
{
    const char *text = line, *pair = NULL;
    size_t      n_pair = 0;
    cJSON      *row = NULL;
    if (strstr(set->input, ".jsonl")) {
        TRY(json_parse(&row, line, n, set->input, JSON_REFUSE_NUL));
        TRY(json_get_string(&text, row, "text", "", set->input));
        TRY(json_get_string(&pair, row, "pair", NULL, set->input));
        n = strlen(text);
        n_pair = pair ? strlen(pair) : 0;
    }
    Status s = OK;
    if (set->windows) s = print_windows(t, set, text, n, pair, n_pair);
    else if ((s = tokenizer_encode(t, text, n, pair, n_pair, &set->options, e)) == OK)
        s = print_encoding(t, e, set->decode);
    cJSON_Delete(row);
    return s;
}

static Status run(const Settings *set)
{
    Tokenizer *t;
    Encoding   e = { 0 };
    char      *line = NULL;
    size_t     cap = 0;
    Status     s = tokenizer_open(&t, set->model);
    FILE      *f = s == OK ? fopen(set->input, "rb") : NULL;
    if (s == OK && !f) s = fail(ERR_IO, "%s cannot be opened", set->input);
    for (ssize_t n; s == OK && (n = getline(&line, &cap, f)) >= 0;) {
        if (n > 0 && line[n - 1] == '\n') n--;
        s = encode_line(t, set, line, (size_t)n, &e);
    }
    if (f) fclose(f);
    free(line);
    encoding_release(&e);
    tokenizer_free(t);
    return s;
}

int main(int argc, char **argv)
{
    Settings set = { 0 };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--input") == 0 && i + 1 < argc) set.input = argv[++i];
        else if (strcmp(argv[i], "--max-length") == 0 && i + 1 < argc)
            set.options.max_length = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--truncation") == 0 && i + 1 < argc) {
            const char *which = argv[++i];
            set.options.truncation = strcmp(which, "only_first") == 0 ? TRUNCATE_ONLY_FIRST
                                   : strcmp(which, "only_second") == 0 ? TRUNCATE_ONLY_SECOND : TRUNCATE_LONGEST_FIRST;
        } else if (strcmp(argv[i], "--left") == 0) set.options.truncate_left = true;
        else if (strcmp(argv[i], "--windows") == 0 && i + 1 < argc) {
            set.windows = true;
            set.options.stride = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--no-special-tokens") == 0) set.options.no_special_tokens = true;
        else if (strcmp(argv[i], "--decode") == 0) set.decode = true;
        else if (argv[i][0] != '-') set.model = argv[i];
    }
    if (!set.model || !set.input) {
        fputs("usage: encode_main MODEL --input FILE [--json] [--max-length N] [--truncation WHICH] [--left]"
              " [--windows STRIDE] [--no-special-tokens] [--decode]\n", stderr);
        return 2;
    }
    Status s = run(&set);
    if (s != OK) status_print_last(stderr, false);
    return status_exit_code(s);
}
