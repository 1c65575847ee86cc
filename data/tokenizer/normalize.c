/* data/tokenizer/normalize.c: which normalizers there are. */
#include "data/tokenizer/tokenizer_internal.h"

static const PartDef normalizers[] = {
    { "BertNormalizer", normalizer_bert_parse },
};

Status normalizer_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    return part_parse(t, json, name, "normalizer", normalizers, COUNT(normalizers));
}
