/* data/tokenizer/tokenizer.c: opening a tokenizer, and questions about its tokens.
 *
 * Everything becomes the text of a tokenizer.json first (tokenizer_files.c writes one for a vocab.txt), so there is one
 * way in: tokenizer_parse. "truncation" and "padding" in that text are settings of somebody's run, not properties of
 * the tokenizer: they are kept in the text and do not apply here; EncodeOptions says what does.
 *
 * A tokenizer.json does not say which token is [CLS]. The names come from tokenizer_config.json or
 * special_tokens_map.json beside it, else from the usual spellings; where they are not the usual ones, the text that
 * tokenizer_json() gives has them as one more member, "special_tokens_map", which other readers ignore. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "data/tokenizer/sentencepiece.h"

const char *const role_keys[TOKEN_N_ROLES] = { "pad_token", "unk_token", "cls_token", "sep_token", "mask_token" };

static const char *const usual_names[TOKEN_N_ROLES][2] = {
    { "[PAD]", "<pad>" }, { "[UNK]", "<unk>" }, { "[CLS]", "<s>" }, { "[SEP]", "</s>" }, { "[MASK]", "<mask>" },
};

static const PartDef models[] = {
    { "WordPiece", wordpiece_parse },
    { "BPE", bpe_parse },
    { "Unigram", unigram_parse },
    { "WordLevel", wordlevel_parse },
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status unknown_part(const char *type, const char *name, const char *what, const PartDef *parts, size_t n)
{
    char   known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < n && used + 1 < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", parts[i].type);
    return hint(fail(ERR_UNSUPPORTED, "%s: the %s \"%.80s\" is not supported", name, what, type),
                "known here: %s; another one is one more file in data/tokenizer, see its README", known);
}

Status part_parse(Tokenizer *t, const cJSON *json, const char *name, const char *what, const PartDef *parts, size_t n)
{
    const char *type;
    if (!json) return OK;
    if (!cJSON_IsObject(json)) return fail(ERR_FORMAT, "%s: \"%s\" must be an object or null", name, what);
    TRY(json_get_string(&type, json, "type", NULL, name));
    if (!type) return fail(ERR_FORMAT, "%s: \"%s\" does not say its \"type\"", name, what);
    for (size_t i = 0; i < n; i++)
        if (strcmp(parts[i].type, type) == 0) return parts[i].parse(t, json, name);
    return unknown_part(type, name, what, parts, n);
}

static Status parse_model(Tokenizer *t, const cJSON *json, const char *name)
{
    if (!json) return hint(fail(ERR_FORMAT, "%s has no \"model\"", name), "check that this is a tokenizer.json");
    /* Files from before 2021 do not name the model's type; the reference tells it by its members, in this order. */
    if (cJSON_IsObject(json) && !json_get(json, "type")) {
        if (json_get(json, "merges")) return bpe_parse(t, json, name);
        if (json_get(json, "continuing_subword_prefix") && json_get(json, "max_input_chars_per_word"))
            return wordpiece_parse(t, json, name);
        if (cJSON_IsArray(json_get(json, "vocab"))) return unigram_parse(t, json, name);
    }
    return part_parse(t, json, name, "model", models, COUNT(models));
}

static int32_t usual_role(const Tokenizer *t, TokenRole role)
{
    if (role == TOKEN_UNK && t->unk_id >= 0) return t->unk_id;
    int32_t id = -1;
    for (size_t i = 0; id < 0 && i < COUNT(usual_names[role]); i++) id = tokenizer_id(t, usual_names[role][i]);
    return id;
}

/* Names that are no token here are passed over: configs name tokens that the vocabulary never had. */
static bool apply_names(Tokenizer *t, const TokenNames *names)
{
    bool unusual = false;
    for (int role = 0; role < TOKEN_N_ROLES; role++) {
        int32_t id = names->names[role] ? tokenizer_id(t, names->names[role]) : -1;
        if (id < 0) continue;
        unusual |= id != t->roles[role];
        t->roles[role] = id;
    }
    return unusual;
}

static Status parse_roles(Tokenizer *t, const cJSON *json, const char *name)
{
    TokenNames   names = { 0 };
    const cJSON *map = json_get(json, "special_tokens_map");
    for (int role = 0; role < TOKEN_N_ROLES; role++) t->roles[role] = usual_role(t, (TokenRole)role);
    if (!map) return OK;
    Status s = token_names_read(&names, map, name);
    if (s == OK) (void)apply_names(t, &names);
    token_names_release(&names);
    return s;
}

static Status parse_parts(Tokenizer *t, const cJSON *json, const char *name)
{
    const char *version;
    if (!cJSON_IsObject(json)) return fail(ERR_FORMAT, "%s is not a tokenizer.json: it is no object", name);
    TRY(json_get_string(&version, json, "version", "1.0", name));
    if (strcmp(version, "1.0") != 0)
        return fail(ERR_UNSUPPORTED, "%s: version \"%.20s\" of the format; only 1.0 is known", name, version);
    bool own = json_get(json, "sentencepiece") != NULL;
    if (own) {
        TRY(sentencepiece_parse(t, json, name));
    } else {
        TRY(parse_model(t, json_get(json, "model"), name));
        TRY(normalizer_parse(t, json_get(json, "normalizer"), name));
        TRY(pre_tokenizer_parse(t, json_get(json, "pre_tokenizer"), name));
    }
    TRY(added_parse(t, json_get(json, "added_tokens"), name));
    TRY(post_processor_parse(t, json_get(json, "post_processor"), name));
    if (!own) TRY(decoder_parse(t, json_get(json, "decoder"), name));
    TRY(byte_level_leave_raw(t));
    return parse_roles(t, json, name);
}

static Status keep_text(Tokenizer *t, const char *json, size_t n)
{
    free(t->json);
    TRY(mem_new(&t->json, n + 1, 1));
    memcpy(t->json, json, n);
    hash_bytes(t->json, n, t->hash);
    return OK;
}

static atomic_uint_fast64_t last_serial;

Status tokenizer_parse(Tokenizer **out, const char *json, size_t n, const char *name)
{
    cJSON     *root = NULL;
    Tokenizer *t = NULL;
    *out = NULL;
    if (n > TOKENIZER_MAX_FILE)
        return fail(ERR_FORMAT, "%s: %zu bytes, where at most %d make sense", name, n, TOKENIZER_MAX_FILE);
    TRY(json_parse(&root, json, n, name, JSON_REFUSE_NUL));
    if (n >= 3 && memcmp(json, "\xEF\xBB\xBF", 3) == 0) json += 3, n -= 3;     /* not part of what is carried on */
    Status s = mem_new(&t, 1, sizeof *t);
    if (s == OK) s = keep_text(t, json, n);
    if (s == OK) {
        char head[16] = "";                       /* 60 of the hash's 256 bits */
        memcpy(head, t->hash, sizeof head - 1);
        t->seed = strtoull(head, NULL, 16);
        t->serial = atomic_fetch_add(&last_serial, 1) + 1;
        t->unk_id = -1;
        s = parse_parts(t, root, name);
    }
    cJSON_Delete(root);
    if (s == OK) *out = t;
    else tokenizer_free(t);
    return s;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Unusual role names go into the text, so that a checkpoint that carries only the text keeps them. */
static Status store_roles(Tokenizer *t)
{
    cJSON *root = NULL, *map = cJSON_CreateObject();
    char  *text = NULL;
    Status s = json_parse(&root, t->json, strlen(t->json), "tokenizer.json", JSON_REFUSE_NUL);
    for (int role = 0; s == OK && role < TOKEN_N_ROLES; role++)
        if (t->roles[role] >= 0) s = json_add_string(map, role_keys[role], tokenizer_token(t, t->roles[role]));
    if (s == OK) {
        cJSON_DeleteItemFromObjectCaseSensitive(root, "special_tokens_map");
        s = json_add(root, "special_tokens_map", map);
        map = NULL;
    }
    if (s == OK) s = json_print(&text, root, false);
    if (s == OK) s = keep_text(t, text, strlen(text));
    free(text);
    cJSON_Delete(map);
    cJSON_Delete(root);
    return s;
}

static Status open_with(Tokenizer **out, const char *file, const cJSON *config)
{
    TokenNames names = { 0 };
    char      *json = NULL;
    size_t     n = 0;
    Status     s = token_names_read(&names, config, "tokenizer_config.json");
    if (s == OK) s = tokenizer_file_to_json(&json, &n, file, config);
    if (s == OK) s = tokenizer_parse(out, json, n, file);
    if (s == OK && apply_names(*out, &names)) s = store_roles(*out);
    free(json);
    token_names_release(&names);
    return s;
}

Status tokenizer_open(Tokenizer **out, const char *path)
{
    char  *file = NULL, *folder = NULL;
    cJSON *config = NULL;
    *out = NULL;
    Status s = tokenizer_choose_file(&file, path);
    if (s == OK) s = path_folder(&folder, file);
    if (s == OK) s = tokenizer_config_read(&config, folder);
    if (s == OK) s = open_with(out, file, config);
    if (s != OK) {
        tokenizer_free(*out);
        *out = NULL;
    }
    cJSON_Delete(config);
    free(folder);
    free(file);
    return s;
}

void tokenizer_free(Tokenizer *t)
{
    if (!t) return;
    wordpiece_release(&t->wordpiece);
    if (t->release_model) t->release_model(t->model);
    steps_release(&t->normalizers);
    steps_release(&t->pre_tokenizers);
    added_release(t);
    vocab_release(&t->vocab);
    free(t->single.pieces);
    free(t->pair.pieces);
    decoders_release(t);
    free(t->spaces);
    free(t->json);
    free(t);
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

const char *tokenizer_json(const Tokenizer *t) { return t->json; }
const char *tokenizer_hash(const Tokenizer *t) { return t->hash; }
int32_t     tokenizer_size(const Tokenizer *t) { return t->size; }
int32_t     tokenizer_role(const Tokenizer *t, TokenRole role) { return t->roles[role]; }

const AddedToken *tokenizer_added(const Tokenizer *t, int32_t id)
{
    if (id < 0 || id >= t->size || t->added_of_id[id] < 0) return NULL;
    return &t->added[t->added_of_id[id]];
}

const char *tokenizer_token(const Tokenizer *t, int32_t id)
{
    const AddedToken *added = tokenizer_added(t, id);
    return added ? added->content : vocab_string(&t->vocab, id);
}

int32_t tokenizer_id(const Tokenizer *t, const char *token)
{
    int32_t i = vocab_find(&t->added_names, token, strlen(token));
    return i >= 0 ? t->added[i].id : vocab_find(&t->vocab, token, strlen(token));
}

bool tokenizer_is_special(const Tokenizer *t, int32_t id)
{
    const AddedToken *added = tokenizer_added(t, id);
    return added && added->special;
}

bool tokenizer_continues_word(const Tokenizer *t, int32_t id)
{
    const char *token = vocab_string(&t->vocab, id);
    size_t      n = t->wordpiece.n_prefix;
    if (!token || n == 0 || tokenizer_added(t, id)) return false;
    return strncmp(token, t->wordpiece.prefix, n) == 0 && token[n] != '\0';
}
