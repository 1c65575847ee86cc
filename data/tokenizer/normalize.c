/* data/tokenizer/normalize.c: which normalizers there are, and Sequences of them. */
#include "data/tokenizer/tokenizer_internal.h"

#include "core/json.h"

static Status sequence_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const cJSON *list = json_get(json, "normalizers");
    if (!cJSON_IsArray(list))
        return fail(ERR_FORMAT, "%s: a Sequence of normalizers needs the list \"normalizers\"", name);
    for (const cJSON *c = list->child; c; c = c->next) TRY(normalizer_parse(t, c, name));
    return OK;
}

static const PartDef normalizers[] = {
    { "BertNormalizer", normalizer_bert_parse },
    { "Sequence",       sequence_parse },
    { "NFC",            normalizer_nfc_parse },
    { "NFD",            normalizer_nfd_parse },
    { "NFKC",           normalizer_nfkc_parse },
    { "NFKD",           normalizer_nfkd_parse },
    { "Lowercase",      normalizer_lowercase_parse },
    { "Strip",          normalizer_strip_parse },
    { "StripAccents",   normalizer_accents_parse },
    { "Replace",        normalizer_replace_parse },
    { "Prepend",        normalizer_prepend_parse },
    { "Nmt",            normalizer_nmt_parse },
    { "Precompiled",    normalizer_precompiled_parse },
    { "ByteLevel",      normalizer_byte_level_parse },
};

Status normalizer_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    return part_parse(t, json, name, "normalizer", normalizers, COUNT(normalizers));
}
