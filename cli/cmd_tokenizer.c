/* cli/cmd_tokenizer.c: whet tokenizer encode | decode | inspect | train (the last in tokenizer_train.c). */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/tokenizer_train.h"
#include "core/file.h"
#include "core/text.h"
#include "data/tokenizer/tokenizer.h"

typedef struct TokenizerArgs {
    char              *input;
    bool               json, skip_special_tokens;
    int64_t            max_length;
    TokenizerTrainArgs train;
} TokenizerArgs;
#define AT(member) OFFSET(TokenizerArgs, member)
static const Option options[] = {
    { "input", OPTION_PATH, AT(input), NULL, 0, 0, NULL, NULL, "a file of lines, or of JSON objects with \"text\" (.jsonl)" },
    { "json", OPTION_BOOL, AT(json), "false", 0, 0, NULL, NULL, "one JSON object a text: ids, tokens, offsets in bytes; train: at the end" },
    { "skip_special_tokens", OPTION_BOOL, AT(skip_special_tokens), "false", 0, 0, NULL, NULL, "decode: leave [CLS] and the like out" },
    { "max_length", OPTION_INT, AT(max_length), "0", 0, 1 << 24, NULL, NULL, "cut to this many tokens; 0: never" },
};
static const OptionSection sections[] = {
    { "", options, COUNT(options), 0 },
    { "train", tokenizer_train_options, TOKENIZER_TRAIN_OPTIONS, AT(train) },
};
static const OptionTable table = { "whet tokenizer", sections, COUNT(sections) };

static Status put_tokens(const Tokenizer *t, const Encoding *e, cJSON *j)
{
    cJSON *tokens = cJSON_AddArrayToObject(j, "tokens"), *offsets = cJSON_AddArrayToObject(j, "offsets");
    TRY(json_add(j, "ids", cJSON_CreateIntArray(e->ids, (int)e->n)));
    for (size_t i = 0; i < e->n; i++) {
        TRY(json_add(tokens, NULL, cJSON_CreateString(tokenizer_token(t, e->ids[i]))));
        TRY(json_add(offsets, NULL, cJSON_CreateIntArray(e->offsets + 2 * i, 2)));
    }
    return OK;
}

static Status encode_one(const Tokenizer *t, const TokenizerArgs *a, const char *text, size_t n, Encoding *e)
{
    EncodeOptions o = { .max_length = (size_t)a->max_length };
    TRY(tokenizer_encode(t, text, n, NULL, 0, &o, e));
    if (a->json) {
        cJSON *j = cJSON_CreateObject();
        Status s = put_tokens(t, e, j);
        if (s == OK) s = print_json_line(j);
        cJSON_Delete(j);
        return s;
    }
    for (size_t i = 0; i < e->n; i++) printf("%s%s", i ? " " : "", tokenizer_token(t, e->ids[i]));
    putchar('\n');
    return OK;
}

static Status encode_file(const Tokenizer *t, const TokenizerArgs *a, Encoding *e)
{
    FileMap m;
    bool    jsonl = path_has_suffix(a->input, ".jsonl");
    TRY(file_map(&m, a->input));
    Status s = OK;
    int    line = 1;
    for (size_t at = 0; at < m.size && s == OK; line++) {
        const char *end = memchr(m.data + at, '\n', m.size - at);
        size_t      n = end ? (size_t)(end - m.data) - at : m.size - at;
        cJSON      *row = NULL;
        if (jsonl) {
            const char *text = NULL;
            if ((s = json_parse(&row, m.data + at, n, a->input, JSON_STRICT)) == OK)
                s = json_get_string(&text, row, "text", NULL, a->input);
            if (s == OK && !text) s = fail(ERR_DATA, "%s:%d: the object has no \"text\"", a->input, line);
            if (s == OK) s = encode_one(t, a, text, strlen(text), e);
        } else {
            s = encode_one(t, a, m.data + at, n, e);
        }
        cJSON_Delete(row);
        if (s != OK) s = during(s, "encoding line %d of %s", line, a->input);
        at += n + 1;
    }
    file_unmap(&m);
    return s;
}

static Status encode(const Tokenizer *t, const TokenizerArgs *a, const Args *args)
{
    Encoding e = { 0 };
    Status   s = a->input ? encode_file(t, a, &e) : OK;
    for (size_t i = 2; i < args->n_words && s == OK; i++)
        s = encode_one(t, a, args->words[i], strlen(args->words[i]), &e);
    encoding_release(&e);
    return s;
}

static Status decode(const Tokenizer *t, const TokenizerArgs *a, const Args *args)
{
    size_t   n = args->n_words - 2;
    int32_t *ids = calloc(n + 1, sizeof *ids);
    char    *text = NULL;
    Status   s = ids ? OK : fail(ERR_MEMORY, "no memory for %zu ids", n);
    for (size_t i = 0; i < n && s == OK; i++) {
        char *end;
        long  id = strtol(args->words[i + 2], &end, 10);
        if (*end || end == args->words[i + 2] || id < 0 || id > INT32_MAX)
            s = fail(ERR_USAGE, "\"%s\" is no token id", args->words[i + 2]);
        else ids[i] = (int32_t)id;
    }
    if (s == OK) s = tokenizer_decode(t, ids, n, a->skip_special_tokens, &text);
    if (s == OK) printf("%s\n", text);
    free(ids);
    free(text);
    return s;
}

static Status inspect(const Tokenizer *t, const TokenizerArgs *a, const Args *args)
{
    (void)a, (void)args;
    cJSON *j = cJSON_CreateObject(), *special = cJSON_AddObjectToObject(j, "special_tokens");
    Status s = json_add_number(j, "vocab_size", tokenizer_size(t));
    if (s == OK) s = json_add_string(j, "hash", tokenizer_hash(t));
    for (int r = 0; r < TOKEN_N_ROLES && s == OK; r++) {
        int32_t id = tokenizer_role(t, (TokenRole)r);
        if (id >= 0) s = json_add_number(special, tokenizer_token(t, id), id);
    }
    if (s == OK) s = print_json_line(j);
    cJSON_Delete(j);
    return s;
}

static Status run(const Args *args)
{
    static const struct {
        const char *name;
        Status (*run)(const Tokenizer *, const TokenizerArgs *, const Args *);
    } actions[] = {
        { "encode", encode },
        { "decode", decode },
        { "inspect", inspect },
    };
    TRY(args_need(args, &verb_tokenizer, 2, SIZE_MAX));
    const TokenizerArgs *a = args->options;
    if (strcmp(args->words[0], "train") == 0)
        return tokenizer_train_run(&a->train, args->words + 1, args->n_words - 1, a->json);
    for (size_t i = 0; i < COUNT(actions); i++)
        if (strcmp(actions[i].name, args->words[0]) == 0) {
            Tokenizer *t;
            TRY(tokenizer_open(&t, args->words[1]));
            Status s = actions[i].run(t, a, args);
            tokenizer_free(t);
            return s;
        }
    return hint(fail(ERR_USAGE, "whet tokenizer cannot \"%s\"", args->words[0]), "encode, decode, inspect or train");
}

const Verb verb_tokenizer = {
    .name = "tokenizer",
    .usage = "tokenizer encode|decode|inspect MODEL [TEXT ... | ID ... | --input FILE]\n"
             "       whet tokenizer train FILE ... --type bpe|wordpiece|unigram --out FOLDER [--vocab_size N ...]",
    .about = "text to token ids and back; learn a vocabulary",
    .options = &table,
    .options_size = sizeof(TokenizerArgs),
    .run = run,
};
