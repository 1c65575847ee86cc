/* infer/serve/requests.h: the bodies of the POST routes, from JSON to a struct. Pure: no model, no server.
 *
 * A struct borrows its strings from the JSON it was read from; what it owns is freed by its _release. */
#ifndef INFER_SERVE_REQUESTS_H
#define INFER_SERVE_REQUESTS_H

#include "core/json.h"
#include "infer/serve/errors.h"

/* An input is a text or a list of token ids. */
typedef struct RequestInput {
    const char *text, *pair;             /* text NULL: ids */
    int32_t    *ids;                     /* into the request's pool */
    int64_t     n_ids;
} RequestInput;

typedef struct EmbeddingsRequest {
    const char   *model;
    RequestInput *inputs;
    int64_t       n;
    int32_t      *pool;
    bool          base64, truncate, unnormalized;      /* unnormalized: "normalize": false was asked */
    const char   *pooling;                             /* NULL: the model's */
    int64_t       dimensions;                          /* 0: all */
} EmbeddingsRequest;

typedef struct ClassifyRequest {
    const char   *model;                 /* NULL: not named */
    RequestInput *inputs;
    int64_t       n;
    bool          is_list, truncate, has_pairs;
    int64_t       top_k;                 /* 0: all */
} ClassifyRequest;

typedef struct QaRequest {
    const char  *model;                  /* NULL: not named */
    RequestInput input;                  /* text: the question, pair: what to answer from */
} QaRequest;

typedef void (*FieldIgnored)(void *arg, const char *name);

/* strict: unknown fields are an error; else `ignored` is called with each. */
typedef struct RequestRules { int64_t max_items; bool strict; FieldIgnored ignored; void *arg; } RequestRules;

bool request_json(cJSON **out, const char *body, size_t n, ApiError *e);
bool embeddings_parse(EmbeddingsRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e);
void embeddings_release(EmbeddingsRequest *r);
bool classify_parse(ClassifyRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e);
/* Texts whose entities are wanted: a list or one, without pairs. */
bool ner_parse(ClassifyRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e);
void classify_release(ClassifyRequest *r);
bool qa_parse(QaRequest *r, const cJSON *json, const RequestRules *rules, ApiError *e);

#endif
