#include "data/data_config.h"

/* Aliases are the names that other trainers gave the same things. */
const Option data_options[] = {
    { "train", OPTION_PATH, OFFSET(DataConfig, train), NULL, 0, 0, NULL, "train_file|train_path",
      "training rows: JSONL, CSV, TSV or plain text" },
    { "test", OPTION_PATH, OFFSET(DataConfig, test), NULL, 0, 0, NULL, "test_file|test_path",
      "held-out rows; they never choose anything" },
    { "validation", OPTION_SHARE_OR_PATH, OFFSET(DataConfig, validation), NULL, 0, 0, NULL,
      "validation_file|eval_file|dev_file|validation_split|val_set_size",
      "rows to evaluate on while training: a file, or a share of the training rows (0.1)" },
    { "format", OPTION_CHOICE, OFFSET(DataConfig, format), "auto", 0, 0, "auto|jsonl|csv|tsv|text", "file_format",
      "how the files are written; auto looks at the name, then at the first bytes" },
    { "text", OPTION_STRING, OFFSET(DataConfig, text), "text", 0, 0, NULL, "text_column|text_column_name",
      "column (JSONL key, header name) with the text; \"a.b\" reaches into objects" },
    { "text_pair", OPTION_STRING, OFFSET(DataConfig, text_pair), NULL, 0, 0, NULL, "text_pair_column|pair_column",
      "column with the second text of a pair" },
    { "label", OPTION_STRING, OFFSET(DataConfig, label), "label", 0, 0, NULL, "label_column|label_column_name",
      "column with the class" },
    { "max_length", OPTION_INT, OFFSET(DataConfig, max_length), "0", 0, 1 << 20, NULL,
      "max_seq_length|max_seq_len|cutoff_len|block_size",
      "most tokens a sequence, special ones included; 0 is what the model allows" },
    { "truncation", OPTION_CHOICE, OFFSET(DataConfig, truncation), "longest_first", 0, 0, "longest_first|error", NULL,
      "what to do with longer ones: cut (a pair loses from its longer side) and count, or refuse" },
    { "on_bad_row", OPTION_CHOICE, OFFSET(DataConfig, on_bad_row), "fail", 0, 0, "fail|skip", NULL,
      "what to do with a row that cannot be used: stop and name its line, or skip and count it" },
    { "prepared", OPTION_PATH, OFFSET(DataConfig, prepared), NULL, 0, 0, NULL, "prepared_path|dataset_prepared_path",
      "folder of `whet prepare`; used while its content hash fits the files and these settings" },
    { "seed", OPTION_INT, OFFSET(DataConfig, seed), "42", 0, 4294967295.0, NULL, "split_seed",
      "decides which rows a validation share takes" },
};
const size_t n_data_options = COUNT(data_options);
