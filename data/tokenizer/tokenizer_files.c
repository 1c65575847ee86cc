/* data/tokenizer/tokenizer_files.c: the files around tokenizer.json: vocab.txt, configs, and saving them all.
 *
 * A vocab.txt is BERT's: line number = id, WordPiece with "##", BertNormalizer and BertPreTokenizer with the settings
 * of tokenizer_config.json (do_lower_case, tokenize_chinese_chars, strip_accents), [CLS] A [SEP] B [SEP]. It becomes
 * the tokenizer.json that the reference would make of it: when a line stands twice, the later one counts, as there;
 * special tokens that are not in the file follow after it. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/json.h"
#include "data/tokenizer/gguf_vocab.h"
#include "data/tokenizer/json_build.h"
#include "data/tokenizer/sentencepiece.h"
#include "data/tokenizer/vocab_merges.h"

/* ---- configs ----------------------------------------------------------------------------------------------------- */

/* special_tokens_map.json first, tokenizer_config.json over it. */
Status tokenizer_config_read(cJSON **config, const char *folder)
{
    static const char *const files[] = { "special_tokens_map.json", "tokenizer_config.json" };
    *config = cJSON_CreateObject();
    if (!*config) return fail(ERR_MEMORY, "no memory for tokenizer_config.json");
    Status s = OK;
    for (size_t i = 0; s == OK && i < COUNT(files); i++) {
        char  *path = NULL;
        cJSON *read = NULL;
        s = path_join(&path, folder, files[i]);
        if (s == OK && file_exists(path)) s = json_read_file(&read, path, JSON_REFUSE_NUL);
        if (s == OK && read && !cJSON_IsObject(read)) s = fail(ERR_FORMAT, "%s must hold an object", path);
        while (s == OK && read && read->child) {
            cJSON *member = cJSON_DetachItemViaPointer(read, read->child);
            cJSON_DeleteItemFromObjectCaseSensitive(*config, member->string);
            s = json_add(*config, member->string, member);
        }
        cJSON_Delete(read);
        free(path);
    }
    return s;
}

/* "cls_token": "[CLS]", or an object with its content. */
Status token_names_read(TokenNames *names, const cJSON *config, const char *where)
{
    for (int role = 0; role < TOKEN_N_ROLES; role++) {
        const cJSON *v = json_get(config, role_keys[role]);
        const char  *name = NULL;
        if (cJSON_IsObject(v)) TRY(json_get_string(&name, v, "content", NULL, where));
        else TRY(json_get_string(&name, config, role_keys[role], NULL, where));
        TRY(text_copy(&names->names[role], name));
    }
    return OK;
}

void token_names_release(TokenNames *names)
{
    for (int role = 0; role < TOKEN_N_ROLES; role++) free(names->names[role]);
}

/* ---- vocab.txt --------------------------------------------------------------------------------------------------- */

typedef struct Line { const char *s; size_t n; int32_t id; } Line;

static int compare_lines(const void *a, const void *b)
{
    const Line *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int    c = n ? memcmp(x->s, y->s, n) : 0;
    if (c == 0 && x->n != y->n) c = x->n < y->n ? -1 : 1;
    return c != 0 ? c : x->id - y->id;
}

static int compare_ids(const void *a, const void *b) { return ((const Line *)a)->id - ((const Line *)b)->id; }

/* Lines in order of id, each string once. Cuts text into strings in place. */
static Status read_lines(Line **out, size_t *out_n, char *text, size_t size, const char *path)
{
    size_t n = 0, kept = 0, bad_at = 0;
    Line  *lines;
    if (!utf8_valid(text, size, &bad_at)) return fail(ERR_FORMAT, "%s: byte %zu is not UTF-8", path, bad_at);
    if (memchr(text, 0, size)) return fail(ERR_FORMAT, "%s: a NUL byte", path);
    for (size_t i = 0; i < size; i++) n += text[i] == '\n';
    if (size > 0 && text[size - 1] != '\n') n++;
    if (n > TOKENIZER_MAX_VOCAB)
        return fail(ERR_FORMAT, "%s: %zu lines; at most %d are read", path, n, TOKENIZER_MAX_VOCAB);
    TRY(mem_new(&lines, n, sizeof *lines));
    char *p = text;
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(p, "\n"), end = len;
        bool   last = p[len] == '\0';
        if (end > 0 && p[end - 1] == '\r') end--;
        p[end] = p[len] = '\0';
        lines[i] = (Line){ p, end, (int32_t)i };
        p += len + !last;
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++)                                   /* of equal strings, the last stands */
        if (i + 1 == n || lines[i].n != lines[i + 1].n || memcmp(lines[i].s, lines[i + 1].s, lines[i].n) != 0)
            lines[kept++] = lines[i];
    qsort(lines, kept, sizeof *lines, compare_ids);
    *out = lines;
    *out_n = kept;
    return OK;
}

static Status write_normalizer(cJSON *root, const cJSON *config, const char *where)
{
    bool   lower, chinese, strip;
    cJSON *part;
    TRY(json_get_bool(&lower, config, "do_lower_case", true, where));
    TRY(json_get_bool(&chinese, config, "tokenize_chinese_chars", true, where));
    TRY(json_get_bool(&strip, config, "strip_accents", lower, where));
    TRY(build_object(root, "normalizer", &part));
    TRY(json_add_string(part, "type", "BertNormalizer"));
    TRY(build_bool(part, "clean_text", true));
    TRY(build_bool(part, "handle_chinese_chars", chinese));
    TRY(json_add(part, "strip_accents",
                 json_get(config, "strip_accents") ? cJSON_CreateBool(strip) : cJSON_CreateNull()));
    TRY(build_bool(part, "lowercase", lower));
    TRY(build_object(root, "pre_tokenizer", &part));
    return json_add_string(part, "type", "BertPreTokenizer");
}

typedef struct Special { const char *content; int32_t id; bool in_vocab; } Special;

static Status write_added(cJSON *root, const Special specials[TOKEN_N_ROLES])
{
    cJSON *list;
    TRY(build_array(root, "added_tokens", &list));
    for (int32_t last = -1, next = -1;; last = next) {               /* in order of id, as the reference writes them */
        int which = -1;
        for (int i = 0; i < TOKEN_N_ROLES; i++)
            if (specials[i].id > last && (which < 0 || specials[i].id < specials[which].id)) which = i;
        if (which < 0) return OK;
        next = specials[which].id;
        TRY(build_added(list, next, specials[which].content, true));
    }
}

static Status write_template(cJSON *root, Special cls, Special sep)
{
    BuildToken first = { cls.content, cls.id }, last = { sep.content, sep.id };
    return build_template(root, &(BuildTemplate){ &first, &last, { &last }, 1 });
}

static Status write_model(cJSON *root, const Line *lines, size_t n, const char *unk)
{
    cJSON *part, *vocab;
    TRY(build_object(root, "decoder", &part));
    TRY(json_add_string(part, "type", "WordPiece"));
    TRY(json_add_string(part, "prefix", "##"));
    TRY(build_bool(part, "cleanup", true));
    TRY(build_object(root, "model", &part));
    TRY(json_add_string(part, "type", "WordPiece"));
    TRY(json_add_string(part, "unk_token", unk));
    TRY(json_add_string(part, "continuing_subword_prefix", "##"));
    TRY(json_add_number(part, "max_input_chars_per_word", 100));
    TRY(build_object(part, "vocab", &vocab));
    for (size_t i = 0; i < n; i++) TRY(json_add_number(vocab, lines[i].s, lines[i].id));
    return OK;
}

/* The order in which the reference adds what the vocabulary lacks. */
static const TokenRole adding_order[] = { TOKEN_UNK, TOKEN_SEP, TOKEN_PAD, TOKEN_CLS, TOKEN_MASK };

static Status write_json(cJSON *root, const Line *lines, size_t n, const cJSON *config, const TokenNames *names,
                         const char *path)
{
    static const char *const defaults[TOKEN_N_ROLES] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
    Special specials[TOKEN_N_ROLES];
    int32_t next = (int32_t)n;
    for (size_t k = 0; k < COUNT(adding_order); k++) {
        TokenRole role = adding_order[k];
        Special  *s = &specials[role];
        *s = (Special){ names->names[role] ? names->names[role] : defaults[role], -1, true };
        for (size_t i = 0; i < n && s->id < 0; i++)
            if (strcmp(lines[i].s, s->content) == 0) s->id = lines[i].id;
        for (size_t j = 0; j < k && s->id < 0; j++)
            if (strcmp(specials[adding_order[j]].content, s->content) == 0) s->id = specials[adding_order[j]].id;
        if (s->id < 0) s->id = next++, s->in_vocab = false;
    }
    if (!specials[TOKEN_UNK].in_vocab)
        return hint(fail(ERR_FORMAT, "%s: the unknown token \"%s\" is not in it", path, specials[TOKEN_UNK].content),
                    "a vocab.txt has one token a line, [UNK] among them; check that this is one");
    TRY(build_head(root));
    TRY(write_added(root, specials));
    TRY(write_normalizer(root, config, "tokenizer_config.json"));
    TRY(write_template(root, specials[TOKEN_CLS], specials[TOKEN_SEP]));
    return write_model(root, lines, n, specials[TOKEN_UNK].content);
}

static Status vocab_txt_to_json(char **out, const char *path, const cJSON *config)
{
    char      *text = NULL;
    size_t     size = 0, n = 0;
    Line      *lines = NULL;
    TokenNames names = { 0 };
    cJSON     *root = NULL;
    *out = NULL;
    Status s = file_read(&text, &size, path, TOKENIZER_MAX_FILE);
    if (s == OK) s = read_lines(&lines, &n, text, size, path);
    if (s == OK) s = token_names_read(&names, config, "tokenizer_config.json");
    if (s == OK && !(root = cJSON_CreateObject())) s = fail(ERR_MEMORY, "no memory for the vocabulary");
    if (s == OK) s = write_json(root, lines, n, config, &names, path);
    if (s == OK) s = json_print(out, root, false);
    cJSON_Delete(root);
    token_names_release(&names);
    free(lines);
    free(text);
    return s;
}

/* ---- which file ---------------------------------------------------------------------------------------------------- */

static Status gguf_to_json(char **out, const char *path, const cJSON *config)
{
    (void)config;
    return gguf_vocab_file_to_json(out, path);
}

/* By the end of the file's name; the first that fits counts. Anything else is a tokenizer.json. */
static const struct { const char *suffix; Status (*to_json)(char **out, const char *path, const cJSON *config); } kinds[] = {
    { "vocab.json", vocab_merges_file_to_json },
    { "encoder.json", vocab_merges_file_to_json },
    { ".model", sentencepiece_file_to_json },
    { ".gguf", gguf_to_json },
    { ".txt", vocab_txt_to_json },
};

Status tokenizer_file_to_json(char **out, size_t *n, const char *path, const cJSON *config)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!path_has_suffix(path, kinds[i].suffix)) continue;
        TRY(kinds[i].to_json(out, path, config));
        *n = strlen(*out);
        return OK;
    }
    return file_read(out, n, path, TOKENIZER_MAX_FILE);
}

static Status find_in_folder(char **out, const char *folder, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        TRY(path_join(out, folder, names[i]));
        if (file_exists(*out)) return OK;
        free(*out);
        *out = NULL;
    }
    return OK;
}

Status tokenizer_choose_file(char **out, const char *path)
{
    static const char *const first[] = { "tokenizer.json" };
    static const char *const last[] = { "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.txt" };
    if (!file_is_folder(path)) return text_copy(out, path);
    TRY(find_in_folder(out, path, first, COUNT(first)));
    if (!*out) TRY(vocab_merges_find(out, path));
    if (!*out) TRY(find_in_folder(out, path, last, COUNT(last)));
    return *out ? OK
                : hint(fail(ERR_IO, "%s holds no tokenizer.json, vocab.json with merges.txt, .model or vocab.txt", path),
                       "copy the tokenizer's files of the published checkpoint there");
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

/* A vocab.txt can only say ids without holes and strings without line ends. */
static bool fits_vocab_txt(const Tokenizer *t)
{
    if (!t->wordpiece.unk_token || t->vocab.count != t->vocab.size) return false;
    for (int32_t id = 0; id < t->vocab.size; id++)
        if (strpbrk(vocab_string(&t->vocab, id), "\r\n")) return false;
    return true;
}

static Status save_vocab(const Tokenizer *t, const char *path)
{
    FileWriter w;
    TRY(file_create(&w, path));
    Status s = OK;
    for (int32_t id = 0; s == OK && id < t->vocab.size; id++) {
        const char *token = vocab_string(&t->vocab, id);
        s = file_write(&w, token, strlen(token));
        if (s == OK) s = file_write(&w, "\n", 1);
    }
    if (s == OK) return file_commit(&w);
    file_abort(&w);
    return s;
}

static Status save_config(const Tokenizer *t, const char *path, int64_t max_length)
{
    cJSON *root = cJSON_CreateObject();
    Status s = root ? OK : fail(ERR_MEMORY, "no memory for tokenizer_config.json");
    if (s == OK && max_length > 0) s = json_add_number(root, "model_max_length", (double)max_length);
    if (s == OK && max_length >= 0 && t->wordpiece.unk_token) {
        s = json_add_string(root, "tokenizer_class", "BertTokenizer");
        if (s == OK) s = build_bool(root, "do_lower_case", t->bert.lowercase);
        if (s == OK) s = build_bool(root, "tokenize_chinese_chars", t->bert.handle_chinese_chars);
        if (s == OK) s = build_bool(root, "strip_accents", t->bert.strip_accents);
    }
    for (int role = 0; s == OK && role < TOKEN_N_ROLES; role++)
        if (t->roles[role] >= 0) s = json_add_string(root, role_keys[role], tokenizer_token(t, t->roles[role]));
    if (s == OK) s = json_write_file(root, path);
    cJSON_Delete(root);
    return s;
}

static Status save_one(const Tokenizer *t, const char *folder, const char *name, int64_t max_length)
{
    char  *path = NULL;
    Status s = path_join(&path, folder, name);
    if (s != OK) return s;
    if (strcmp(name, "tokenizer.json") == 0) s = file_write_whole(path, t->json, strlen(t->json));
    else if (strcmp(name, "vocab.txt") == 0) s = fits_vocab_txt(t) ? save_vocab(t, path) : OK;
    else s = save_config(t, path, max_length);
    free(path);
    return s;
}

Status tokenizer_save(const Tokenizer *t, const char *folder, int64_t max_length)
{
    TRY(file_make_folder(folder));
    TRY(save_one(t, folder, "tokenizer.json", 0));
    TRY(save_one(t, folder, "vocab.txt", 0));
    TRY(save_one(t, folder, "tokenizer_config.json", max_length > 0 ? max_length : 0));
    return save_one(t, folder, "special_tokens_map.json", -1);
}
