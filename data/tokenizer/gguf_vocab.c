/* data/tokenizer/gguf_vocab.c: the four kinds of vocabulary in a GGUF file (ggml's docs/gguf.md; llama.cpp).
 *
 * WordPiece is stored with its beginnings marked and its continuations not ("##ing" as "ing", "the" as U+2581 "the",
 * what stands in brackets as it is), which is undone here. llama.cpp's llama vocabularies are SentencePiece models
 * without a normalizer. */
#include "data/tokenizer/gguf_vocab.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "data/tokenizer/gguf_header.h"
#include "data/tokenizer/json_build.h"
#include "data/tokenizer/sentencepiece.h"

typedef struct Vocabulary {
    GgufHeader      header;
    const char     *name;
    const char    **tokens;
    char           *pool;
    size_t          n;
    const GgufPair *types, *scores, *merges;      /* NULL: absent */
} Vocabulary;

static int type_of(const Vocabulary *v, size_t i) { return v->types ? gguf_i32_at(v->types, i) : SPM_NORMAL; }

/* An id in the file, -1 when there is none. */
static Status get_id(const Vocabulary *v, const char *key, int32_t *out)
{
    int64_t id;
    TRY(gguf_get_int(&id, &v->header, key, -1));
    if (gguf_find(&v->header, key) && (id < 0 || id >= (int64_t)v->n))
        return fail(ERR_FORMAT, "%s: %s is %lld; ids run from 0 to %zu", v->name, key, (long long)id, v->n - 1);
    *out = (int32_t)id;
    return OK;
}

/* What every kind of vocabulary says of its special tokens. */
typedef struct Specials { int32_t bos, eos, unk, sep, pad, cls, mask; bool add_bos, add_eos; } Specials;

static Status read_specials(const Vocabulary *v, Specials *s, bool add_bos, bool add_eos)
{
    TRY(get_id(v, "tokenizer.ggml.bos_token_id", &s->bos));
    TRY(get_id(v, "tokenizer.ggml.eos_token_id", &s->eos));
    TRY(get_id(v, "tokenizer.ggml.unknown_token_id", &s->unk));
    TRY(get_id(v, "tokenizer.ggml.seperator_token_id", &s->sep));
    if (s->sep < 0) TRY(get_id(v, "tokenizer.ggml.separator_token_id", &s->sep));
    TRY(get_id(v, "tokenizer.ggml.padding_token_id", &s->pad));
    TRY(get_id(v, "tokenizer.ggml.cls_token_id", &s->cls));
    TRY(get_id(v, "tokenizer.ggml.mask_token_id", &s->mask));
    TRY(gguf_get_bool(&s->add_bos, &v->header, "tokenizer.ggml.add_bos_token", add_bos));
    return gguf_get_bool(&s->add_eos, &v->header, "tokenizer.ggml.add_eos_token", add_eos);
}

static Status write_roles(cJSON *root, const Vocabulary *v, const Specials *s)
{
    const int32_t ids[TOKEN_N_ROLES] = { s->pad, s->unk, s->cls, s->sep, s->mask };
    cJSON        *map;
    TRY(build_object(root, "special_tokens_map", &map));
    for (int role = 0; role < TOKEN_N_ROLES; role++)
        if (ids[role] >= 0) TRY(json_add_string(map, role_keys[role], v->tokens[ids[role]]));
    return OK;
}

static Status write_added(cJSON *root, const Vocabulary *v, const Specials *s)
{
    cJSON *list;
    TRY(build_array(root, "added_tokens", &list));
    for (size_t i = 0; i < v->n; i++) {
        int  type = type_of(v, i), id = (int)i;
        bool role = id == s->unk || id == s->sep || id == s->pad || id == s->cls || id == s->mask;
        bool special = type == SPM_UNKNOWN || type == SPM_CONTROL || role;
        if ((special || type == SPM_USER_DEFINED) && *v->tokens[i])
            TRY(build_added(list, id, v->tokens[i], special));
    }
    return OK;
}

static Status write_around(cJSON *root, const Vocabulary *v, const Specials *s)
{
    if (!(s->add_bos && s->bos >= 0) && !(s->add_eos && s->eos >= 0)) return build_null(root, "post_processor");
    BuildToken bos = { s->bos >= 0 ? v->tokens[s->bos] : "", s->bos };
    BuildToken eos = { s->eos >= 0 ? v->tokens[s->eos] : "", s->eos };
    const BuildToken *first = s->add_bos && s->bos >= 0 ? &bos : NULL, *last = s->add_eos && s->eos >= 0 ? &eos : NULL;
    return build_template(root, &(BuildTemplate){ first, last, { last, first }, first ? 1 : 0 });
}

static Status write_vocab(cJSON *model, const Vocabulary *v)
{
    cJSON *vocab;
    TRY(build_object(model, "vocab", &vocab));
    for (size_t i = 0; i < v->n; i++) TRY(json_add_number(vocab, v->tokens[i], (double)i));
    return OK;
}

/* ---- bert -------------------------------------------------------------------------------------------------------- */

static bool in_brackets(const char *s)
{
    size_t n = strlen(s);
    return n >= 2 && s[0] == '[' && s[n - 1] == ']';
}

/* "##" before what is not marked as a beginning; the new strings are in a pool of their own. */
static Status undo_marks(Vocabulary *v)
{
    char  *pool;
    size_t bytes = 1, used = 0;
    for (size_t i = 0; i < v->n; i++) bytes += strlen(v->tokens[i]) + 3;
    TRY(mem_new(&pool, bytes, 1));
    for (size_t i = 0; i < v->n; i++) {
        const char *s = v->tokens[i];
        int         type = type_of(v, i);
        bool        as_is = in_brackets(s) || type == SPM_CONTROL || type == SPM_UNKNOWN || type == SPM_USER_DEFINED;
        char       *to = pool + used;
        if (!as_is && strncmp(s, SPM_SPACE, 3) == 0) s += 3;
        else if (!as_is) memcpy(to, "##", 2), to += 2;
        memcpy(to, s, strlen(s) + 1);
        v->tokens[i] = pool + used;
        used += (size_t)(to - (pool + used)) + strlen(s) + 1;
    }
    free(v->pool);
    v->pool = pool;
    return OK;
}

static bool has_capitals(const Vocabulary *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->tokens[i][0] >= 'A' && v->tokens[i][0] <= 'Z') return true;
    return false;
}

static Status write_bert(cJSON *root, Vocabulary *v)
{
    Specials s;
    cJSON   *part;
    TRY(undo_marks(v));
    TRY(read_specials(v, &s, true, true));
    if (s.cls < 0) s.cls = s.bos;
    if (s.sep < 0) s.sep = s.eos;
    if (s.unk < 0 || s.cls < 0 || s.sep < 0)
        return fail(ERR_FORMAT, "%s: bert needs the ids of its unknown, cls and seperator tokens", v->name);
    TRY(write_added(root, v, &s));
    TRY(build_part(root, "normalizer", "BertNormalizer", &part));
    TRY(build_bool(part, "clean_text", true));
    TRY(build_bool(part, "handle_chinese_chars", true));
    TRY(build_null(part, "strip_accents"));
    TRY(build_bool(part, "lowercase", !has_capitals(v)));
    TRY(build_part(root, "pre_tokenizer", "BertPreTokenizer", &part));
    BuildToken cls = { v->tokens[s.cls], s.cls }, sep = { v->tokens[s.sep], s.sep };
    TRY(build_template(root, &(BuildTemplate){ &cls, &sep, { &sep }, 1 }));
    TRY(build_part(root, "decoder", "WordPiece", &part));
    TRY(json_add_string(part, "prefix", "##"));
    TRY(build_bool(part, "cleanup", true));
    TRY(build_part(root, "model", "WordPiece", &part));
    TRY(json_add_string(part, "unk_token", v->tokens[s.unk]));
    TRY(json_add_string(part, "continuing_subword_prefix", "##"));
    TRY(json_add_number(part, "max_input_chars_per_word", 100));
    TRY(write_vocab(part, v));
    return write_roles(root, v, &s);
}

/* ---- gpt2 -------------------------------------------------------------------------------------------------------- */

static const char *const gpt2_regexes[] = { BUILD_REGEX_GPT2 };
static const char *const digit_regexes[] = { BUILD_REGEX_DIGIT, BUILD_REGEX_GPT2 };
static const char *const llama3_regexes[] = { BUILD_REGEX_LLAMA3 };
static const char *const qwen2_regexes[] = { BUILD_REGEX_QWEN2 };
/* What llama.cpp takes when a file does not say. */
static const char *const default_regexes[] = {
    "[\\p{P}\\$\\+<=>\\^~\\|]+", BUILD_REGEX_GPT2, "\\p{N}+", "[0-9][0-9][0-9]",
};

#define REGEXES(list) list, COUNT(list)

/* tokenizer.ggml.pre: how llama.cpp splits, whether a word that is a token is taken whole, its default for bos. */
static const struct { const char *pre; const char *const *regexes; size_t n; bool whole_words, add_bos; } splits[] = {
    { "default", REGEXES(default_regexes), false, false },
    { "gpt-2", REGEXES(gpt2_regexes), false, false },
    { "phi-2", REGEXES(gpt2_regexes), false, false },
    { "mpt", REGEXES(gpt2_regexes), false, false },
    { "olmo", REGEXES(gpt2_regexes), false, false },
    { "jais", REGEXES(gpt2_regexes), false, false },
    { "roberta-bpe", REGEXES(gpt2_regexes), false, true },
    { "jina-es", REGEXES(gpt2_regexes), false, false },
    { "jina-de", REGEXES(gpt2_regexes), false, false },
    { "smollm", REGEXES(digit_regexes), false, false },
    { "starcoder", REGEXES(digit_regexes), false, false },
    { "refact", REGEXES(digit_regexes), false, false },
    { "command-r", REGEXES(digit_regexes), false, false },
    { "codeshell", REGEXES(digit_regexes), false, false },
    { "exaone", REGEXES(digit_regexes), false, false },
    { "minerva-7b", REGEXES(digit_regexes), false, false },
    { "llama3", REGEXES(llama3_regexes), true, true },
    { "llama-v3", REGEXES(llama3_regexes), true, true },
    { "llama-bpe", REGEXES(llama3_regexes), true, true },
    { "falcon3", REGEXES(llama3_regexes), true, true },
    { "dbrx", REGEXES(llama3_regexes), false, false },
    { "smaug-bpe", REGEXES(llama3_regexes), false, false },
    { "qwen2", REGEXES(qwen2_regexes), false, false },
    { "deepseek-r1-qwen", REGEXES(qwen2_regexes), false, false },
    { "stablelm2", REGEXES(qwen2_regexes), false, false },
    { "hunyuan", REGEXES(qwen2_regexes), false, false },
};

static Status find_split(const Vocabulary *v, size_t *which)
{
    char *pre = NULL;
    TRY(gguf_get_string(&pre, &v->header, "tokenizer.ggml.pre", "default"));
    Status s = OK;
    for (*which = 0; *which < COUNT(splits) && strcmp(splits[*which].pre, pre) != 0;) ++*which;
    if (*which == COUNT(splits))
        s = hint(fail(ERR_UNSUPPORTED, "%s: tokenizer.ggml.pre is \"%.80s\", which is not known here", v->name, pre),
                 "known are gpt-2, llama-bpe, qwen2, smollm and others; or use the model's tokenizer.json");
    free(pre);
    return s;
}

static Status write_gpt2(cJSON *root, Vocabulary *v)
{
    Specials     s;
    cJSON       *part, *list;
    const char **merges = NULL;
    char        *pool = NULL;
    size_t       which;
    bool         prefix_space;
    if (!v->merges) return fail(ERR_FORMAT, "%s: tokenizer.ggml.merges is missing", v->name);
    TRY(find_split(v, &which));
    TRY(read_specials(v, &s, splits[which].add_bos, strcmp(splits[which].pre, "roberta-bpe") == 0));
    TRY(gguf_get_bool(&prefix_space, &v->header, "tokenizer.ggml.add_space_prefix", false));
    TRY(write_added(root, v, &s));
    TRY(build_null(root, "normalizer"));
    bool plain = splits[which].regexes == gpt2_regexes;               /* ByteLevel's own */
    TRY(build_byte_level(root, splits[which].regexes, plain ? 0 : splits[which].n, prefix_space));
    TRY(write_around(root, v, &s));
    TRY(build_part(root, "model", "BPE", &part));
    TRY(build_bool(part, "ignore_merges", splits[which].whole_words));
    TRY(write_vocab(part, v));
    TRY(build_array(part, "merges", &list));
    Status status = gguf_copy_strings(&merges, &pool, v->merges, v->name);
    for (size_t i = 0; status == OK && i < v->merges->count; i++) status = json_add_string(list, "", merges[i]);
    free(merges);
    free(pool);
    TRY(status);
    return write_roles(root, v, &s);
}

/* ---- llama and t5 ------------------------------------------------------------------------------------------------ */

static Status fill_pieces(SpmModel *m, const Vocabulary *v, int32_t unk)
{
    for (size_t i = 0; i < v->n; i++) {
        int type = type_of(v, i);
        if ((int32_t)i == unk) type = SPM_UNKNOWN;
        else if (type == SPM_UNKNOWN) type = SPM_CONTROL;             /* one is; a file may mark more */
        m->pieces[i] = (SpmPiece){ v->tokens[i], gguf_f32_at(v->scores, i), type };
        m->byte_fallback |= type == SPM_BYTE;
    }
    return OK;
}

static int32_t first_unknown(const Vocabulary *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (type_of(v, i) == SPM_UNKNOWN) return (int32_t)i;
    return -1;
}

static Status spm_of(char **out, const Vocabulary *v, bool bpe)
{
    Specials        s;
    const GgufPair *map;
    SpmModel        m = { .n = v->n, .bpe = bpe, .escape_whitespaces = true };
    if (!v->scores) return fail(ERR_FORMAT, "%s: tokenizer.ggml.scores is missing", v->name);
    TRY(read_specials(v, &s, bpe, !bpe));
    m.bos = s.add_bos ? s.bos : -1;
    m.eos = s.add_eos ? s.eos : -1;
    TRY(gguf_get_bool(&m.add_dummy_prefix, &v->header, "tokenizer.ggml.add_space_prefix", true));
    TRY(gguf_get_bool(&m.remove_extra_whitespaces, &v->header, "tokenizer.ggml.remove_extra_whitespaces", !bpe));
    map = bpe ? NULL : gguf_find(&v->header, "tokenizer.ggml.precompiled_charsmap");
    if (map && (map->type != GGUF_ARRAY || (map->element != GGUF_U8 && map->element != GGUF_I8)))
        return fail(ERR_FORMAT, "%s: tokenizer.ggml.precompiled_charsmap must be bytes", v->name);
    m.charsmap = map ? map->data : NULL;
    m.n_charsmap = map ? (size_t)map->count : 0;
    TRY(mem_new(&m.pieces, m.n, sizeof *m.pieces));
    Status status = fill_pieces(&m, v, s.unk >= 0 ? s.unk : first_unknown(v));
    if (status == OK) status = spm_to_json(out, &m, v->name);
    free(m.pieces);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static Status read_arrays(Vocabulary *v)
{
    const GgufPair *tokens;
    TRY(gguf_get_array(&tokens, &v->header, "tokenizer.ggml.tokens", GGUF_STRING));
    TRY(gguf_get_array(&v->types, &v->header, "tokenizer.ggml.token_type", GGUF_I32));
    TRY(gguf_get_array(&v->scores, &v->header, "tokenizer.ggml.scores", GGUF_F32));
    TRY(gguf_get_array(&v->merges, &v->header, "tokenizer.ggml.merges", GGUF_STRING));
    if (!tokens || tokens->count == 0 || tokens->count > TOKENIZER_MAX_VOCAB)
        return hint(fail(ERR_FORMAT, "%s holds no vocabulary of 1 to %d tokens", v->name, TOKENIZER_MAX_VOCAB),
                    "some GGUF files hold weights only; use the tokenizer.json of the model");
    if ((v->types && v->types->count != tokens->count) || (v->scores && v->scores->count != tokens->count))
        return fail(ERR_FORMAT, "%s: tokens, token types and scores are not equally many", v->name);
    v->n = (size_t)tokens->count;
    return gguf_copy_strings(&v->tokens, &v->pool, tokens, v->name);
}

static Status parts_to_json(char **out, Vocabulary *v, Status (*write)(cJSON *root, Vocabulary *v))
{
    cJSON *root = cJSON_CreateObject();
    Status s = root ? build_head(root) : fail(ERR_MEMORY, "no memory for the vocabulary");
    if (s == OK) s = write(root, v);
    if (s == OK) s = json_print(out, root, false);
    cJSON_Delete(root);
    return s;
}

static Status write_kind(char **out, Vocabulary *v, const char *kind)
{
    if (strcmp(kind, "bert") == 0) return parts_to_json(out, v, write_bert);
    if (strcmp(kind, "gpt2") == 0) return parts_to_json(out, v, write_gpt2);
    if (strcmp(kind, "llama") == 0) return spm_of(out, v, true);
    if (strcmp(kind, "t5") == 0) return spm_of(out, v, false);
    return hint(fail(ERR_UNSUPPORTED, "%s: tokenizer.ggml.model is \"%.80s\"", v->name, kind),
                "bert, gpt2, llama and t5 are known");
}

Status gguf_vocab_to_json(char **out, const void *bytes, size_t n, const char *name)
{
    Vocabulary v = { .name = name };
    char      *kind = NULL;
    *out = NULL;
    TRY(gguf_header_parse(&v.header, bytes, n, name));
    Status s = gguf_get_string(&kind, &v.header, "tokenizer.ggml.model", "");
    if (s == OK) s = read_arrays(&v);
    if (s == OK) s = write_kind(out, &v, kind);
    free(kind);
    free(v.tokens);
    free(v.pool);
    gguf_header_release(&v.header);
    return s;
}

Status gguf_vocab_file_to_json(char **out, const char *path)
{
    FileMap map;
    *out = NULL;
    TRY(file_map(&map, path));
    Status s = gguf_vocab_to_json(out, map.data, map.size, path);
    file_unmap(&map);
    return s;
}
