/* cli/tokenizer_train.h: whet tokenizer train, an action of cmd_tokenizer.c. */
#ifndef CLI_TOKENIZER_TRAIN_H
#define CLI_TOKENIZER_TRAIN_H

#include "cli/cli.h"

typedef struct TokenizerTrainArgs {
    char      *type, *out, *format, *text, *encoding, *on_bad_row, *memory;
    char      *strip_accents, *add_prefix_space, *unk_token, *continuing_subword_prefix;
    StringList special_tokens;
    int64_t    vocab_size, min_frequency, limit_alphabet, max_token_length, n_sub_iterations, threads;
    double     shrinking_factor;
    bool       lowercase, byte_fallback;
} TokenizerTrainArgs;

enum { TOKENIZER_TRAIN_OPTIONS = 21 };
extern const Option tokenizer_train_options[TOKENIZER_TRAIN_OPTIONS];

/* paths: the files to learn from. json: the closing line is an object on stdout. */
Status tokenizer_train_run(const TokenizerTrainArgs *a, char **paths, size_t n_paths, bool json) MUST_USE;

#endif
