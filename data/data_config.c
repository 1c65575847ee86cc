#include "data/data_config.h"

#include <stdlib.h>

#define AT(member) OFFSET(DataConfig, member)

/* Aliases are the names that other trainers gave the same things. */
const Option data_options[] = {
    { "train", OPTION_PATHS, AT(train), NULL, 0, 0, NULL, "train_file|train_path|train_files",
      "training rows: files, folders, globs or archives; \"a.json#key\" is a list inside a JSON file" },
    { "test", OPTION_PATHS, AT(test), NULL, 0, 0, NULL, "test_file|test_path|test_files",
      "held-out rows; they never choose anything" },
    { "validation", OPTION_SHARE_OR_PATH, AT(validation), NULL, 0, 0, NULL,
      "validation_file|eval_file|dev_file|validation_split|val_set_size",
      "rows to evaluate on while training: a file, or a share of the training rows (0.1)" },
    { "format", OPTION_CHOICE, AT(format), "auto", 0, 0,
      "auto|text|documents|files|jsonl|json|csv|tsv|conll|conllu|squad|parallel|chat|instruction|semeval",
      "file_format", "how the files are written; auto looks at the name, then at the first bytes" },
    { "text", OPTION_STRING, AT(text), "text", 0, 0, NULL, "text_column|text_column_name",
      "column (JSONL key, header name, or number from 0) with the text; \"a.b\" reaches into objects" },
    { "text_pair", OPTION_STRING, AT(text_pair), NULL, 0, 0, NULL, "text_pair_column|pair_column",
      "column with the second text of a pair" },
    { "label", OPTION_STRING, AT(label), "label", 0, 0, NULL, "label_column|label_column_name",
      "column with the class, number or tag; \"@folder\" and \"@file\" are the names of the row's folder and file" },
    { "group", OPTION_STRING, AT(group), NULL, 0, 0, NULL, "group_column",
      "column whose equal values stay on one side of every split (an author, a document)" },
    { "columns", OPTION_STRINGS, AT(columns), NULL, 0, 0, NULL, "column_names",
      "names of the columns of a CSV or TSV file without a header line" },
    { "labels", OPTION_STRINGS, AT(labels), NULL, 0, 0, NULL, "label_names",
      "the class names; needed for streaming, else those that the training rows have" },
    { "pair_path", OPTION_PATH, AT(pair_path), NULL, 0, 0, NULL, "target_file",
      "parallel text: the file whose line i belongs to line i of data.train" },
    { "encoding", OPTION_STRING, AT(encoding), NULL, 0, 0, NULL, "file_encoding",
      "of the files, as ICU names it (windows-1252); without it UTF-8, UTF-16 and GB18030 are detected" },
    { "on_bad_row", OPTION_CHOICE, AT(on_bad_row), "fail", 0, 0, "fail|skip", NULL,
      "what to do with a row that cannot be used: stop and name its line, or skip and count it" },

    { "clean", OPTION_STRINGS, AT(clean), NULL, 0, 0, NULL, "cleaning",
      "steps in order: nfc nfkc control whitespace html lowercase segment stopwords:en replace:PATTERN=>TEXT "
      "min_chars:N max_chars:N script:Latin,Han drop:PATTERN keep:PATTERN" },
    { "anonymize", OPTION_STRINGS, AT(anonymize), NULL, 0, 0, NULL, "anonymise",
      "kinds that are replaced: email phone cn_id card iban ip url_credentials, or all" },
    { "anonymize_with", OPTION_CHOICE, AT(anonymize_with), "placeholder", 0, 0, "placeholder|pseudonym",
      "anonymise_with", "[EMAIL], or a made-up value that is the same for the same original and key" },
    { "anonymize_key_file", OPTION_PATH, AT(anonymize_key_file), NULL, 0, 0, NULL, NULL,
      "file with the secret key of the pseudonyms, at least 16 bytes" },
    { "augment", OPTION_STRINGS, AT(augment), NULL, 0, 0, NULL, "augmentation",
      "changed copies of training rows: delete:P swap:P synonym:FILE typo:P mlm:P pairs:FILE" },
    { "augment_copies", OPTION_INT, AT(augment_copies), "1", 1, 100, NULL, NULL, "changed copies of each training row" },
    { "augment_model", OPTION_PATH, AT(augment_model), NULL, 0, 0, NULL, NULL,
      "masked language model whose words the mlm step takes; default: model.from" },

    { "on_duplicate", OPTION_CHOICE, AT(on_duplicate), "report", 0, 0, "report|drop|fail", "duplicates",
      "rows whose text stands in the same set before" },
    { "on_near_duplicate", OPTION_CHOICE, AT(on_near_duplicate), "report", 0, 0, "off|report|drop|fail",
      "near_duplicates", "rows that say nearly the same as one before (MinHash)" },
    { "on_contradiction", OPTION_CHOICE, AT(on_contradiction), "report", 0, 0, "report|drop|fail", NULL,
      "one text with several labels" },
    { "on_leakage", OPTION_CHOICE, AT(on_leakage), "report", 0, 0, "report|drop|fail", "leakage",
      "training rows that stand, exactly or nearly, in validation or test; drop takes them from training" },
    { "near_threshold", OPTION_NUMBER, AT(near_threshold), "0.8", 0.3, 1, NULL, NULL,
      "Jaccard similarity of word triples from which two texts are nearly the same" },
    { "stratified", OPTION_BOOL, AT(stratified), "true", 0, 0, NULL, "stratify",
      "a validation share takes every class in proportion" },
    { "folds", OPTION_INT, AT(folds), "0", 0, 1000, NULL, "n_splits|num_folds",
      "k-fold: validation is one of this many parts of the training rows; 0: no folds" },
    { "fold", OPTION_INT, AT(fold), "0", 0, 999, NULL, "fold_index", "which fold validates, from 0" },
    { "seed", OPTION_INT, AT(seed), "42", 0, 4294967295.0, NULL, "split_seed",
      "decides which rows a validation share takes" },

    { "max_length", OPTION_INT, AT(max_length), "0", 0, 1 << 20, NULL,
      "max_seq_length|max_seq_len|cutoff_len|block_size",
      "most tokens a sequence, special ones included; 0 is what the model allows" },
    { "stride", OPTION_INT, AT(stride), "128", 0, 1 << 20, NULL, "doc_stride",
      "tokens that neighbouring windows of a long context share (question answering)" },
    { "truncation", OPTION_CHOICE, AT(truncation), "longest_first", 0, 0, "longest_first|error", NULL,
      "what to do with longer ones: cut (a pair loses from its longer side) and count, or refuse" },
    { "packing", OPTION_BOOL, AT(packing), "false", 0, 0, NULL, "sample_packing|group_texts",
      "fill each batch with as many texts as max_length times the batch size holds; none sees another" },
    { "streaming", OPTION_BOOL, AT(streaming), "false", 0, 0, NULL, NULL,
      "tokenise beside training, holding one shuffle window; needs train.max_steps and, for classes, data.labels" },
    { "shuffle_window", OPTION_INT, AT(shuffle_window), "0", 0, 1e9, NULL, "shuffle_buffer_size|buffer_size",
      "examples that are shuffled among each other; 0 is all of them, or 65536 where they do not fit in memory" },
    { "mixing_weights", OPTION_STRINGS, AT(mixing_weights), NULL, 0, 0, NULL, "probabilities|dataset_weights",
      "share of each path of data.train in what is trained on: [\"3\", \"1\"]" },
    { "mixing_temperature", OPTION_NUMBER, AT(mixing_temperature), "0", 0, 1000, NULL, "sampling_temperature",
      "mix the paths of data.train by rows ^ (1 / T): 1 as they are, larger is more even; 0: no mixing" },
    { "prepared", OPTION_PATH, AT(prepared), NULL, 0, 0, NULL, "prepared_path|dataset_prepared_path",
      "folder of `whet prepare`; used while its content hash fits the files and these settings" },
    { "memory", OPTION_STRING, AT(memory), "256M", 0, 0, NULL, "sort_memory",
      "for sorting and for tokens that are kept (512M, 2G)" },
};
const size_t n_data_options = COUNT(data_options);

Status data_memory(const char *text, const char *key, size_t *out)
{
    static const char units[] = "KMGT";
    char  *end = NULL;
    double v = text ? strtod(text, &end) : 0;
    for (size_t i = 0; end && *end && units[i]; i++) {
        v *= 1024;
        if ((*end & ~0x20) == units[i]) {
            end++;
            break;
        }
    }
    if (end && *end == 'i') end++;                      /* "GiB", "MB", "m" */
    if (end && (*end == 'B' || *end == 'b')) end++;
    if (!end || end == text || *end || !(v >= 1 << 20) || v > 1e15)
        return hint(fail(ERR_CONFIG, "%s: \"%s\" is no amount of memory", key, text ? text : ""),
                    "write 64M, 2G or the like; at least 1M");
    *out = (size_t)v;
    return OK;
}
