/* data/tokenizer/vocab_merges.h: GPT-2's pair of files, vocab.json and merges.txt, as the text of a tokenizer.json.
 *
 * Also under the names encoder.json and vocab.bpe. tokenizer_config.json (tokenizer_class, add_prefix_space,
 * add_bos_token, added_tokens_decoder), special_tokens_map.json and added_tokens.json beside them count as they do in
 * transformers: GPT-2's rules, RoBERTa's or Qwen2's. A class with other rules is refused by name. */
#ifndef DATA_TOKENIZER_VOCAB_MERGES_H
#define DATA_TOKENIZER_VOCAB_MERGES_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "core/status.h"

/* config: both configs in one object. added: the object of added_tokens.json, NULL when there is none. */
Status vocab_merges_to_json(char **out, const char *vocab, size_t n_vocab, const char *merges, size_t n_merges,
                            const cJSON *config, const cJSON *added, const char *name) MUST_USE;
/* path: the vocab.json or encoder.json; the other file is looked for beside it. */
Status vocab_merges_file_to_json(char **out, const char *path, const cJSON *config) MUST_USE;
/* The vocabulary file of such a pair in a folder (gives), NULL when there is none. */
Status vocab_merges_find(char **out, const char *folder) MUST_USE;

#endif
