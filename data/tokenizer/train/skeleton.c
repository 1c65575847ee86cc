/* data/tokenizer/train/skeleton.c: the tokenizer.json around the model that is learned, a table of the types.
 *
 * A skeleton is the text of a tokenizer.json with an empty model; options change members of it. It is parsed as any
 * other to cut the texts into words, so that training and encoding cannot disagree. */
#include "data/tokenizer/train/skeleton.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

static const char wordpiece_text[] =
    "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": [],"
    " \"normalizer\": {\"type\": \"BertNormalizer\", \"clean_text\": true, \"handle_chinese_chars\": true,"
    "                  \"strip_accents\": null, \"lowercase\": false},"
    " \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, \"post_processor\": null,"
    " \"decoder\": {\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true},"
    " \"model\": {\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", \"continuing_subword_prefix\": \"##\","
    "             \"max_input_chars_per_word\": 100, \"vocab\": {}}}";

static const char bpe_text[] =
    "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": [], \"normalizer\": null,"
    " \"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true,"
    "                     \"use_regex\": true},"
    " \"post_processor\": null,"
    " \"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": true, \"trim_offsets\": true, \"use_regex\": true},"
    " \"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": null,"
    "             \"end_of_word_suffix\": null, \"fuse_unk\": false, \"byte_fallback\": false,"
    "             \"ignore_merges\": false, \"vocab\": {}, \"merges\": []}}";

#define METASPACE                                                                                                      \
    "\"type\": \"Metaspace\", \"replacement\": \"\xE2\x96\x81\", \"prepend_scheme\": \"always\", \"split\": true"

static const char bytes_text[] =
    "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": [], \"normalizer\": null,"
    " \"pre_tokenizer\": {" METASPACE "}, \"post_processor\": null,"
    " \"decoder\": {\"type\": \"Sequence\", \"decoders\": ["
    "   {\"type\": \"Replace\", \"pattern\": {\"String\": \"\xE2\x96\x81\"}, \"content\": \" \"},"
    "   {\"type\": \"ByteFallback\"},"
    "   {\"type\": \"Fuse\"}, {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 0}]},"
    " \"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": \"<unk>\", \"continuing_subword_prefix\": null,"
    "             \"end_of_word_suffix\": null, \"fuse_unk\": true, \"byte_fallback\": true,"
    "             \"ignore_merges\": false, \"vocab\": {}, \"merges\": []}}";

static const char unigram_text[] =
    "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": [],"
    " \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFKC\"},"
    "   {\"type\": \"Replace\", \"pattern\": {\"Regex\": \" {2,}\"}, \"content\": \" \"}]},"
    " \"pre_tokenizer\": {" METASPACE "}, \"post_processor\": null, \"decoder\": {" METASPACE "},"
    " \"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"byte_fallback\": false, \"vocab\": []}}";

static const char *const bert_tokens[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
static const char *const gpt2_tokens[] = { "<|endoftext|>" };
static const char *const llama_tokens[] = { "<unk>", "<s>", "</s>" };
static const char *const roberta_tokens[] = { "<s>", "<pad>", "</s>", "<unk>", "<mask>" };

static const TrainerType types[] = {
    { "wordpiece", wordpiece_text, "[UNK]", bert_tokens, COUNT(bert_tokens), bpe_train },
    { "bpe", bpe_text, NULL, gpt2_tokens, COUNT(gpt2_tokens), bpe_train },
    { "unigram", unigram_text, "<unk>", roberta_tokens, COUNT(roberta_tokens), unigram_train },
};
static const TrainerType bytes_type = { "bpe", bytes_text, "<unk>", llama_tokens, COUNT(llama_tokens), bpe_train };

Status trainer_type_find(const TrainerType **out, const char *name, bool byte_fallback)
{
    const char *names[COUNT(types)];
    for (size_t i = 0; i < COUNT(types); i++) {
        names[i] = types[i].name;
        if (strcmp(name, types[i].name) != 0) continue;
        bool bpe = types[i].text == bpe_text;
        if (byte_fallback && !bpe)
            return hint(fail(ERR_CONFIG, "byte_fallback is for bpe, not for %s", name), "leave byte_fallback out");
        *out = bpe && byte_fallback ? &bytes_type : &types[i];
        return OK;
    }
    const char *near = text_nearest(name, names, COUNT(names));
    return hint(fail(ERR_CONFIG, "there is no tokenizer of type \"%s\"", name), near ? "did you mean %s?" : "%s",
                near ? near : "wordpiece, bpe or unigram");
}

/* ---- options in the skeleton ------------------------------------------------------------------------------------- */

static Status set(cJSON *part, const char *key, cJSON *value)
{
    if (!value) return fail(ERR_MEMORY, "no memory for \"%s\"", key);
    if (!cJSON_GetObjectItemCaseSensitive(part, key)) return json_add(part, key, value);
    return cJSON_ReplaceItemInObjectCaseSensitive(part, key, value) ? OK
                                                                    : fail(ERR_MEMORY, "no memory for \"%s\"", key);
}

static cJSON *member(cJSON *o, const char *key) { return cJSON_GetObjectItemCaseSensitive(o, key); }

static Status set_normalizer(cJSON *root, const TokenizerTrainOptions *o)
{
    cJSON *part = member(root, "normalizer"), *list = part ? member(part, "normalizers") : NULL;
    if (part && member(part, "lowercase")) {
        if (o->strip_accents != 0) TRY(set(part, "strip_accents", cJSON_CreateBool(o->strip_accents > 0)));
        return set(part, "lowercase", cJSON_CreateBool(o->lowercase));
    }
    if (o->strip_accents != 0)
        return hint(fail(ERR_CONFIG, "strip_accents is for wordpiece"), "leave strip_accents out");
    if (!o->lowercase) return OK;
    cJSON *lower = cJSON_CreateObject();
    TRY(list ? json_add(list, NULL, lower) : set(root, "normalizer", lower));
    return json_add_string(lower, "type", "Lowercase");
}

static Status set_prefix_space(cJSON *root, const TokenizerTrainOptions *o)
{
    static const char *const parts[] = { "pre_tokenizer", "decoder" };
    if (o->add_prefix_space == 0) return OK;
    cJSON *pre = member(root, "pre_tokenizer");
    if (member(pre, "add_prefix_space"))
        return set(pre, "add_prefix_space", cJSON_CreateBool(o->add_prefix_space > 0));
    if (!member(pre, "prepend_scheme"))
        return hint(fail(ERR_CONFIG, "add_prefix_space is for bpe and unigram"), "leave add_prefix_space out");
    for (size_t i = 0; i < COUNT(parts); i++)
        if (member(member(root, parts[i]), "prepend_scheme"))
            TRY(set(member(root, parts[i]), "prepend_scheme",
                    cJSON_CreateString(o->add_prefix_space > 0 ? "always" : "never")));
    return OK;
}

static Status set_model(cJSON *root, const TokenizerTrainOptions *o)
{
    cJSON *model = member(root, "model"), *vocab = member(model, "vocab");
    if (cJSON_IsArray(vocab)) {                                      /* unigram: its parser wants the unknown token */
        cJSON *pair = cJSON_CreateArray();
        TRY(json_add(vocab, NULL, pair));
        TRY(json_add(pair, NULL, cJSON_CreateString(o->unk_token)));
        return json_add(pair, NULL, cJSON_CreateNumber(0));
    }
    if (!member(model, "max_input_chars_per_word"))
        return o->unk_token ? set(model, "unk_token", cJSON_CreateString(o->unk_token)) : OK;
    TRY(json_add_number(vocab, o->unk_token, 0));
    TRY(set(model, "unk_token", cJSON_CreateString(o->unk_token)));
    TRY(set(model, "continuing_subword_prefix", cJSON_CreateString(o->continuing_subword_prefix)));
    return set(member(root, "decoder"), "prefix", cJSON_CreateString(o->continuing_subword_prefix));
}

Status skeleton_make(cJSON **root, const TrainerType *type, const TokenizerTrainOptions *o)
{
    TRY(json_parse(root, type->text, strlen(type->text), "the skeleton", JSON_STRICT));
    TRY(set_normalizer(*root, o));
    TRY(set_prefix_space(*root, o));
    return set_model(*root, o);
}

/* ---- what needs the ids ------------------------------------------------------------------------------------------ */

static Status add_special(cJSON *root, const TokenizerTrainOptions *o)
{
    static const char *const no[] = { "single_word", "lstrip", "rstrip", "normalized" };
    cJSON *list = member(root, "added_tokens");
    for (size_t i = 0; i < o->n_special_tokens; i++) {
        cJSON *one = cJSON_CreateObject();
        TRY(json_add(list, NULL, one));
        TRY(json_add_number(one, "id", (double)i));
        TRY(json_add_string(one, "content", o->special_tokens[i]));
        for (size_t k = 0; k < COUNT(no); k++) TRY(json_add(one, no[k], cJSON_CreateBool(false)));
        TRY(json_add(one, "special", cJSON_CreateBool(true)));
    }
    return OK;
}

static int find_special(const TokenizerTrainOptions *o, const char *name)
{
    for (size_t i = 0; i < o->n_special_tokens; i++)
        if (strcmp(o->special_tokens[i], name) == 0) return (int)i;
    return -1;
}

#define PIECE(kind, id, segment) "{\"" kind "\": {\"id\": \"" id "\", \"type_id\": " segment "}}"
#define CLS                   PIECE("SpecialToken", "[CLS]", "0")
#define SEP(segment)          PIECE("SpecialToken", "[SEP]", segment)
#define SEQUENCE(id, segment) PIECE("Sequence", id, segment)

/* [CLS] A [SEP] B [SEP], where there are a [CLS] and a [SEP]. */
static Status add_template(cJSON *root, const TokenizerTrainOptions *o)
{
    static const char text[] =
        "{\"type\": \"TemplateProcessing\","
        " \"single\": [" CLS ", " SEQUENCE("A", "0") ", " SEP("0") "],"
        " \"pair\": [" CLS ", " SEQUENCE("A", "0") ", " SEP("0") ", " SEQUENCE("B", "1") ", " SEP("1") "],"
        " \"special_tokens\": {\"[CLS]\": {\"id\": \"[CLS]\", \"ids\": [%d], \"tokens\": [\"[CLS]\"]},"
        "                      \"[SEP]\": {\"id\": \"[SEP]\", \"ids\": [%d], \"tokens\": [\"[SEP]\"]}}}";
    int    cls = find_special(o, "[CLS]"), sep = find_special(o, "[SEP]");
    char  *filled = NULL;
    cJSON *json = NULL;
    if (cls < 0 || sep < 0) return OK;
    TRY(text_format(&filled, text, cls, sep));
    Status s = json_parse(&json, filled, strlen(filled), "the template", JSON_STRICT);
    free(filled);
    return s == OK ? set(root, "post_processor", json) : s;
}

Status skeleton_finish(cJSON *root, const TokenizerTrainOptions *o)
{
    TRY(add_special(root, o));
    return add_template(root, o);
}
