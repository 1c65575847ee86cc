/* data/tokenizer/vocab_merges.c: vocab.json and merges.txt (or encoder.json and vocab.bpe) as a tokenizer.json. */
#include "data/tokenizer/vocab_merges.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/json_build.h"
#include "data/tokenizer/tokenizer_internal.h"

typedef enum Rules { RULES_GPT2, RULES_ROBERTA, RULES_QWEN2 } Rules;

/* transformers' classes for such files; unk: what they call unknown tokens, which the model itself never makes. */
static const struct { const char *class; Rules rules; } classes[] = {
    { "", RULES_GPT2 },                     { "GPT2Tokenizer", RULES_GPT2 },        { "CodeGenTokenizer", RULES_GPT2 },
    { "GPTNeoXTokenizer", RULES_GPT2 },     { "RobertaTokenizer", RULES_ROBERTA },  { "BartTokenizer", RULES_ROBERTA },
    { "LongformerTokenizer", RULES_ROBERTA }, { "LEDTokenizer", RULES_ROBERTA },    { "Qwen2Tokenizer", RULES_QWEN2 },
};

/* The special tokens that a class has when no config names them, where the vocabulary has them. */
static const char *const usual[][5] = {
    [RULES_GPT2] = { "<|endoftext|>" },
    [RULES_ROBERTA] = { "<s>", "</s>", "<pad>", "<unk>", "<mask>" },
    [RULES_QWEN2] = { "<|endoftext|>" },
};

static const char *const special_keys[] = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
};

typedef struct Added { const char *content; int32_t id; bool special, lstrip, rstrip, single_word, normalized; } Added;

typedef struct Loader {
    const cJSON *config, *vocab;
    const char  *name;
    Rules        rules;
    Added       *added;
    size_t       n_added, cap_added;
} Loader;

static Status choose_rules(Loader *l)
{
    const char *class;
    TRY(json_get_string(&class, l->config, "tokenizer_class", "", "tokenizer_config.json"));
    size_t n = strlen(class);
    if (path_has_suffix(class, "Fast")) n -= 4;
    for (size_t i = 0; i < COUNT(classes); i++) {
        if (strlen(classes[i].class) != n || strncmp(classes[i].class, class, n) != 0) continue;
        l->rules = classes[i].rules;
        return OK;
    }
    return hint(fail(ERR_UNSUPPORTED, "%s: files of a %.80s follow rules that are not known here", l->name, class),
                "save its tokenizer.json beside them (tokenizer.save_pretrained in transformers)");
}

/* ---- added tokens ------------------------------------------------------------------------------------------------ */

static int32_t vocab_id(const Loader *l, const char *content)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(l->vocab, content);
    return v && json_is_integer(v) && v->valuedouble >= 0 && v->valuedouble < TOKENIZER_MAX_VOCAB
               ? (int32_t)v->valuedouble : -1;
}

/* The first to say something of a token counts. */
static Status add(Loader *l, Added a)
{
    for (size_t i = 0; i < l->n_added; i++)
        if (strcmp(l->added[i].content, a.content) == 0) {
            l->added[i].special |= a.special;
            return OK;
        }
    if (a.id < 0) a.id = vocab_id(l, a.content);
    if (a.id < 0 || !*a.content) return OK;       /* configs name tokens that the vocabulary never had */
    TRY(mem_grow(&l->added, &l->cap_added, l->n_added + 1, sizeof *l->added));
    l->added[l->n_added++] = a;
    return OK;
}

static Status read_id(int32_t *id, const char *text, const char *where)
{
    char *end;
    long  v = strtol(text, &end, 10);
    if (*end || end == text || v < 0 || v >= TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: \"%.40s\" is no token id", where, text);
    *id = (int32_t)v;
    return OK;
}

static Status add_object(Loader *l, const cJSON *o, int32_t id, bool special, const char *where)
{
    Added a = { .id = id };
    TRY(json_get_string(&a.content, o, "content", "", where));
    TRY(json_get_bool(&a.special, o, "special", special, where));
    TRY(json_get_bool(&a.lstrip, o, "lstrip", false, where));
    TRY(json_get_bool(&a.rstrip, o, "rstrip", false, where));
    TRY(json_get_bool(&a.single_word, o, "single_word", false, where));
    TRY(json_get_bool(&a.normalized, o, "normalized", !a.special, where));
    return add(l, a);
}

static Status add_named(Loader *l, const cJSON *v)
{
    if (cJSON_IsObject(v)) return add_object(l, v, -1, true, "special_tokens_map.json");
    return cJSON_IsString(v) ? add(l, (Added){ v->valuestring, -1, .special = true }) : OK;
}

static Status collect_added(Loader *l, const cJSON *added)
{
    const cJSON *decoder = json_get(l->config, "added_tokens_decoder");
    const cJSON *more = json_get(l->config, "additional_special_tokens");
    for (const cJSON *c = cJSON_IsObject(decoder) ? decoder->child : NULL; c; c = c->next) {
        int32_t id = -1;
        TRY(read_id(&id, c->string, "tokenizer_config.json: added_tokens_decoder"));
        TRY(add_object(l, c, id, false, "tokenizer_config.json: added_tokens_decoder"));
    }
    for (size_t i = 0; i < COUNT(special_keys); i++) TRY(add_named(l, json_get(l->config, special_keys[i])));
    for (const cJSON *c = cJSON_IsArray(more) ? more->child : NULL; c; c = c->next) TRY(add_named(l, c));
    for (size_t i = 0; i < COUNT(usual[0]) && usual[l->rules][i]; i++) {
        bool mask = strcmp(usual[l->rules][i], "<mask>") == 0;        /* takes the space before it, as there */
        TRY(add(l, (Added){ usual[l->rules][i], -1, .special = true, .lstrip = mask }));
    }
    for (const cJSON *c = cJSON_IsObject(added) ? added->child : NULL; c; c = c->next) {
        if (!json_is_integer(c) || c->valuedouble < 0 || c->valuedouble >= TOKENIZER_MAX_VOCAB)
            return fail(ERR_FORMAT, "added_tokens.json: the id of \"%.80s\" must be a whole number", c->string);
        TRY(add(l, (Added){ c->string, (int32_t)c->valuedouble, .normalized = true }));
    }
    return OK;
}

static int compare_added(const void *a, const void *b) { return ((const Added *)a)->id - ((const Added *)b)->id; }

static Status write_added(cJSON *root, Loader *l)
{
    cJSON *list;
    TRY(build_array(root, "added_tokens", &list));
    if (l->n_added > 1) qsort(l->added, l->n_added, sizeof *l->added, compare_added);
    for (size_t i = 0; i < l->n_added; i++) {
        const Added *a = &l->added[i];
        cJSON       *one;
        TRY(build_object(list, "", &one));
        TRY(json_add_number(one, "id", a->id));
        TRY(json_add_string(one, "content", a->content));
        TRY(build_bool(one, "single_word", a->single_word));
        TRY(build_bool(one, "lstrip", a->lstrip));
        TRY(build_bool(one, "rstrip", a->rstrip));
        TRY(build_bool(one, "normalized", a->normalized));
        TRY(build_bool(one, "special", a->special));
    }
    return OK;
}

/* ---- the parts --------------------------------------------------------------------------------------------------- */

static Status named_token(const Loader *l, const char *key, const char *fallback, BuildToken *out)
{
    const cJSON *v = json_get(l->config, key);
    out->content = fallback;
    if (cJSON_IsObject(v)) TRY(json_get_string(&out->content, v, "content", fallback, "special_tokens_map.json"));
    else TRY(json_get_string(&out->content, l->config, key, fallback, "tokenizer_config.json"));
    out->id = -1;
    for (size_t i = 0; i < l->n_added; i++)
        if (strcmp(l->added[i].content, out->content) == 0) out->id = l->added[i].id;
    if (out->id < 0)
        return hint(fail(ERR_FORMAT, "%s: the %s \"%.80s\" is no token", l->name, key, out->content),
                    "it must be in the vocabulary or among the added tokens");
    return OK;
}

static Status write_pair(cJSON *part, const char *key, BuildToken token)
{
    cJSON *list;
    TRY(build_array(part, key, &list));
    TRY(json_add_string(list, "", token.content));
    return json_add_number(list, "", token.id);
}

static Status write_post_processor(cJSON *root, const Loader *l, bool prefix_space)
{
    BuildToken cls, sep, bos;
    cJSON     *part;
    bool       add_bos;
    if (l->rules == RULES_ROBERTA) {
        bool trim;
        TRY(json_get_bool(&trim, l->config, "trim_offsets", true, "tokenizer_config.json"));
        TRY(named_token(l, "cls_token", "<s>", &cls));
        TRY(named_token(l, "sep_token", "</s>", &sep));
        TRY(build_part(root, "post_processor", "RobertaProcessing", &part));
        TRY(write_pair(part, "sep", sep));
        TRY(write_pair(part, "cls", cls));
        TRY(build_bool(part, "trim_offsets", trim));
        return build_bool(part, "add_prefix_space", prefix_space);
    }
    TRY(json_get_bool(&add_bos, l->config, "add_bos_token", false, "tokenizer_config.json"));
    if (!add_bos) return build_null(root, "post_processor");
    TRY(named_token(l, "bos_token", "<|endoftext|>", &bos));
    return build_template(root, &(BuildTemplate){ &bos, NULL, { &bos }, 1 });
}

/* Lines "left right"; a first line "#version: ..." is none. */
static Status write_merges(cJSON *model, char *text, size_t n, const char *name)
{
    cJSON *list;
    size_t bad, line = 0;
    if (!utf8_valid(text, n, &bad)) return fail(ERR_FORMAT, "%s: byte %zu of the merges is not UTF-8", name, bad);
    if (n > 0 && memchr(text, 0, n)) return fail(ERR_FORMAT, "%s: a NUL byte in the merges", name);
    TRY(build_array(model, "merges", &list));
    for (char *p = text, *end = text + n; p < end; line++) {
        size_t len = strcspn(p, "\n"), kept = len;
        if (kept > 0 && p[kept - 1] == '\r') kept--;
        p[kept] = '\0';
        if (kept > 0 && strncmp(p, "#version", 8) != 0) TRY(json_add_string(list, "", p));
        p += len + 1;
    }
    return OK;
}

static Status write_parts(cJSON *root, Loader *l, char *merges, size_t n_merges)
{
    static const char *const qwen2[] = { BUILD_REGEX_QWEN2 };
    cJSON *part;
    bool   prefix_space;
    TRY(json_get_bool(&prefix_space, l->config, "add_prefix_space", false, "tokenizer_config.json"));
    TRY(build_head(root));
    TRY(write_added(root, l));
    if (l->rules == RULES_QWEN2) TRY(build_part(root, "normalizer", "NFC", &part));
    else TRY(build_null(root, "normalizer"));
    TRY(build_byte_level(root, qwen2, l->rules == RULES_QWEN2 ? 1 : 0, prefix_space));
    TRY(write_post_processor(root, l, prefix_space));
    TRY(build_part(root, "model", "BPE", &part));
    TRY(json_add_string(part, "continuing_subword_prefix", ""));
    TRY(json_add_string(part, "end_of_word_suffix", ""));
    TRY(json_add(part, "vocab", cJSON_Duplicate(l->vocab, true)));
    return write_merges(part, merges, n_merges, l->name);
}

Status vocab_merges_to_json(char **out, const char *vocab, size_t n_vocab, const char *merges, size_t n_merges,
                            const cJSON *config, const cJSON *added, const char *name)
{
    Loader l = { .config = config, .name = name };
    cJSON *parsed = NULL, *root = NULL;
    char  *lines = NULL;
    *out = NULL;
    Status s = json_parse(&parsed, vocab, n_vocab, name, JSON_REFUSE_NUL);
    if (s == OK && !cJSON_IsObject(parsed)) s = fail(ERR_FORMAT, "%s must be an object of \"token\": id", name);
    l.vocab = parsed;
    if (s == OK) s = choose_rules(&l);
    if (s == OK) s = collect_added(&l, added);
    if (s == OK) s = mem_new(&lines, n_merges + 1, 1);
    if (s == OK && n_merges > 0) memcpy(lines, merges, n_merges);
    if (s == OK && !(root = cJSON_CreateObject())) s = fail(ERR_MEMORY, "no memory for the vocabulary");
    if (s == OK) s = write_parts(root, &l, lines, n_merges);
    if (s == OK) s = json_print(out, root, false);
    cJSON_Delete(root);
    cJSON_Delete(parsed);
    free(lines);
    free(l.added);
    return s;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const struct { const char *vocab, *merges; } pairs[] = {
    { "vocab.json", "merges.txt" },
    { "encoder.json", "vocab.bpe" },
};

Status vocab_merges_find(char **out, const char *folder)
{
    *out = NULL;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char *merges = NULL;
        TRY(path_join(&merges, folder, pairs[i].merges));
        bool there = file_exists(merges);
        free(merges);
        if (!there) continue;
        TRY(path_join(out, folder, pairs[i].vocab));
        if (file_exists(*out)) return OK;
        free(*out);
        *out = NULL;
    }
    return OK;
}

static Status read_beside(char **text, size_t *n, const char *folder, const char *file)
{
    char  *path = NULL;
    Status s = path_join(&path, folder, file);
    if (s == OK) s = file_read(text, n, path, TOKENIZER_MAX_FILE);
    free(path);
    return s;
}

static Status read_added(cJSON **out, const char *folder)
{
    char  *path = NULL;
    Status s = path_join(&path, folder, "added_tokens.json");
    if (s == OK && file_exists(path)) s = json_read_file(out, path, JSON_REFUSE_NUL);
    free(path);
    return s;
}

Status vocab_merges_file_to_json(char **out, const char *path, const cJSON *config)
{
    char  *folder = NULL, *vocab = NULL, *merges = NULL;
    size_t n_vocab = 0, n_merges = 0;
    cJSON *added = NULL;
    bool   encoder = strcmp(path_name(path), pairs[1].vocab) == 0;
    *out = NULL;
    Status s = path_folder(&folder, path);
    if (s == OK) s = file_read(&vocab, &n_vocab, path, TOKENIZER_MAX_FILE);
    if (s == OK) s = read_beside(&merges, &n_merges, folder, pairs[encoder].merges);
    if (s == OK) s = read_added(&added, folder);
    if (s == OK) s = vocab_merges_to_json(out, vocab, n_vocab, merges, n_merges, config, added, path);
    cJSON_Delete(added);
    free(merges);
    free(vocab);
    free(folder);
    return s;
}
