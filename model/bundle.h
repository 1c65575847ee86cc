/* model/bundle.h: what a MODEL argument names: a run folder, a checkpoint .h5, or a published checkpoint folder.
 *
 * Training starts from one, inference opens one, export writes one. The tokenizer is handed on as a path or as text,
 * since this folder knows no tokenizer. */
#ifndef MODEL_BUNDLE_H
#define MODEL_BUNDLE_H

#include "model/weights.h"

typedef struct Bundle {
    char       *path;                 /* of the weights file */
    char       *name;                 /* for people: the run's, file's or folder's name */
    ArrayFile  *weights;
    const char *group;                /* where the weights are in it: "model/" in a checkpoint, else "" */
    ModelConfig config;
    char       *task;                 /* NULL: an encoder without a head */
    StringList  labels;
    char       *tokenizer_path;       /* or ... */
    char       *tokenizer_json;       /* ... its text */
    char       *run_config;           /* the job's resolved config as JSON text; NULL for a published folder */
    int64_t     max_length;           /* tokens a sequence in training; 0: unknown, the model's limit */
    int64_t     step;                 /* of a checkpoint; -1 otherwise */
} Bundle;

/* checkpoint: which one of a run ("best", "last", a file name); NULL: best if there is one, else last. */
Status bundle_open(Bundle *b, const char *path, const char *checkpoint) MUST_USE;
void   bundle_close(Bundle *b);

/* A model with the bundle's weights, all of which must be there. task NULL: the bundle's own, else "embedding". */
Status bundle_model(const Bundle *b, Backend *backend, const char *task, Model **out) MUST_USE;

/* Text attributes of a checkpoint that make it complete by itself (train writes them, bundle_open reads them). */
#define BUNDLE_TEXT_MODEL     "model_config"
#define BUNDLE_TEXT_TASK      "task"
#define BUNDLE_TEXT_LABELS    "labels"
#define BUNDLE_TEXT_TOKENIZER "tokenizer"
#define BUNDLE_TEXT_RUN       "run_config"
#define BUNDLE_TEXT_STATE     "state"
#define BUNDLE_GROUP          "model/"
Status bundle_put_texts(ArrayFile *f, const Model *m, const char *tokenizer_json, const char *run_config) MUST_USE;

/* Writes config.json and model.safetensors as published folders have them (the tokenizer's files are the caller's). */
Status bundle_write_folder(const Model *m, const char *folder, int64_t max_length) MUST_USE;

#endif
