/* model/model_config.h: the shape of a model, under the keys of published `config.json` files.
 *
 * One option table serves the "model" section of a job config and the reading of config.json. */
#ifndef MODEL_MODEL_CONFIG_H
#define MODEL_MODEL_CONFIG_H

#include "core/options.h"

typedef struct ModelConfig {
    char   *from, *tokenizer;                  /* of a job: where weights and tokenizer come from */
    char   *architecture;                      /* "bert" */
    int64_t vocab_size, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, max_position_embeddings,
            type_vocab_size, pad_token_id;
    char   *hidden_act;
    double  hidden_dropout_prob, attention_probs_dropout_prob, initializer_range, layer_norm_eps;
    double  classifier_dropout;                /* negative: hidden_dropout_prob */
    char   *pooling;                           /* embedding: mean, first */
    bool    normalize;                         /* embedding: to unit length */
    bool    pairs;                             /* regression: of two texts; training sets it from the data's columns */
    bool    no_answer;                         /* question-answering: "there is none" is an answer, too */
} ModelConfig;

extern const Option model_options[];
extern const size_t n_model_options;

Status model_config_default(ModelConfig *c) MUST_USE;
void   model_config_release(ModelConfig *c);
Status model_config_read_json(ModelConfig *c, const cJSON *json,
                              const char *name) MUST_USE; /* known keys; the rest stays */
Status model_config_to_json(const ModelConfig *c, cJSON **out) MUST_USE;                          /* gives */
Status model_config_copy(ModelConfig *out, const ModelConfig *from) MUST_USE;
/* Whether the numbers make a model: heads divide the width, nothing is zero or absurdly large. */
Status model_config_check(const ModelConfig *c, const char *name) MUST_USE;

#endif
