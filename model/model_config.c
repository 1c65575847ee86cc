#include "model/model_config.h"

#include <inttypes.h>
#include <string.h>

#define AT(member) OFFSET(ModelConfig, member)
const Option model_options[] = {
    { "from", OPTION_PATH, AT(from), NULL, 0, 0, NULL, "model_name_or_path|pretrained", "published folder, run or checkpoint to start from" },
    { "tokenizer", OPTION_PATH, AT(tokenizer), NULL, 0, 0, NULL, "tokenizer_name|tokenizer_name_or_path", "tokenizer.json, vocab.txt or folder; default: the model's own" },
    { "architecture", OPTION_CHOICE, AT(architecture), "bert", 0, 0, "bert", "model_type", "kind of model" },
    { "vocab_size", OPTION_INT, AT(vocab_size), "0", 0, 1 << 22, NULL, NULL, "rows of the word table; 0: as many as the tokenizer has" },
    { "hidden_size", OPTION_INT, AT(hidden_size), "768", 1, 65536, NULL, NULL, "width C of the hidden states" },
    { "num_hidden_layers", OPTION_INT, AT(num_hidden_layers), "12", 1, 1024, NULL, NULL, "blocks" },
    { "num_attention_heads", OPTION_INT, AT(num_attention_heads), "12", 1, 1024, NULL, NULL, "heads a block" },
    { "intermediate_size", OPTION_INT, AT(intermediate_size), "3072", 1, 1 << 20, NULL, NULL, "width of the feed-forward layer" },
    { "max_position_embeddings", OPTION_INT, AT(max_position_embeddings), "512", 1, 1 << 20, NULL, NULL, "longest sequence, in tokens" },
    { "type_vocab_size", OPTION_INT, AT(type_vocab_size), "2", 1, 1024, NULL, NULL, "segments (first and second text)" },
    { "pad_token_id", OPTION_INT, AT(pad_token_id), "0", 0, 1 << 22, NULL, NULL, "written to config.json; whet itself never pads" },
    { "hidden_act", OPTION_STRING, AT(hidden_act), "gelu", 0, 0, NULL, NULL, "gelu (erf), gelu_new (tanh), relu, silu" },
    { "hidden_dropout_prob", OPTION_NUMBER, AT(hidden_dropout_prob), "0.1", 0, 0.99, NULL, NULL, "dropout of hidden states" },
    { "attention_probs_dropout_prob", OPTION_NUMBER, AT(attention_probs_dropout_prob), "0.1", 0, 0.99, NULL, NULL, "dropout of attention" },
    { "initializer_range", OPTION_NUMBER, AT(initializer_range), "0.02", 0, 10, NULL, NULL, "deviation of initial weights" },
    { "layer_norm_eps", OPTION_NUMBER, AT(layer_norm_eps), "1e-12", 0, 1, NULL, NULL, "added to the variance" },
    { "classifier_dropout", OPTION_NUMBER, AT(classifier_dropout), "-1", -1, 0.99, NULL, NULL, "dropout before the classifier; -1: as hidden_dropout_prob" },
    { "pooling", OPTION_CHOICE, AT(pooling), "mean", 0, 0, "mean|first", NULL, "embedding: mean of the tokens, or the first one" },
    { "normalize", OPTION_BOOL, AT(normalize), "true", 0, 0, NULL, NULL, "embedding: scale to length 1" },
    { "pairs", OPTION_BOOL, AT(pairs), "false", 0, 0, NULL, NULL, "regression: the model compares two texts (set by data.text_pair)" },
    { "no_answer", OPTION_BOOL, AT(no_answer), "false", 0, 0, NULL, "version_2_with_negative", "question-answering: the model may answer that the text has no answer (SQuAD 2.0)" },
};
const size_t n_model_options = COUNT(model_options);

static const OptionSection section = { "", model_options, COUNT(model_options), 0 };
static const OptionTable   table = { "a model config", &section, 1 };

Status model_config_default(ModelConfig *c)
{
    memset(c, 0, sizeof *c);
    return options_defaults(&table, c);
}

void model_config_release(ModelConfig *c) { options_release(&table, c); }

Status model_config_read_json(ModelConfig *c, const cJSON *json, const char *name)
{
    return options_read_known(&section, c, json, name, ".");
}

Status model_config_to_json(const ModelConfig *c, cJSON **out) { return options_to_json(&table, c, out); }

Status model_config_copy(ModelConfig *out, const ModelConfig *from)
{
    cJSON *json;
    TRY(model_config_default(out));
    TRY(model_config_to_json(from, &json));
    Status s = model_config_read_json(out, json, "model config");
    cJSON_Delete(json);
    return s;
}

Status model_config_check(const ModelConfig *c, const char *name)
{
    if (c->hidden_size % c->num_attention_heads)
        return hint(fail(ERR_CONFIG, "%s: hidden_size %" PRId64 " is not a multiple of num_attention_heads %" PRId64,
                         name, c->hidden_size, c->num_attention_heads),
                    "choose heads that divide the width");
    if (c->vocab_size < 1) return fail(ERR_CONFIG, "%s: vocab_size is %" PRId64, name, c->vocab_size);
    double elements = (double)c->vocab_size * (double)c->hidden_size +
                      (double)c->num_hidden_layers * (double)c->hidden_size *
                          (4.0 * (double)c->hidden_size + 2.0 * (double)c->intermediate_size);
    if (elements > 1e12) return fail(ERR_CONFIG, "%s: a model of %.0f billion parameters", name, elements / 1e9);
    return OK;
}
