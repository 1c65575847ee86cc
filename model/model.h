/* model/model.h: an architecture with a task's head on it, and its parameters.
 *
 * An architecture is one file in arch/ (read config, declare parameters, forward) and a line in arch/registry.c; a task is
 * a file in tasks/ (declare the head, forward, answer) and a line in tasks/registry.c. Forward is written once: what
 * differs between training, evaluation and inference is what the Ctx carries. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "core/json.h"
#include "model/ctx.h"
#include "model/model_config.h"
#include "model/params.h"

typedef struct Model Model;

typedef struct ArchDef {
    const char *name;                     /* model_type */
    const char *prefix;                   /* of the base model's parameters in a checkpoint with a head: "bert." */
    const char *class_name;               /* "Bert": + task suffix = "BertForMaskedLM", + "Model" without head */
    Status    (*declare)(Model *m);                                            /* fills m->arch_state */
    Tensor   *(*forward)(Ctx *ctx, const Model *m, const BatchView *batch);    /* hidden states (N, C) */
    Status (*declare_pooler)(Model *m, int flags); /* the published dense + tanh over the first token */
    Tensor   *(*pool)(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch);      /* (B, C) */
    Tensor   *(*word_table)(const Model *m);                                   /* (V, C), for tied heads */
} ArchDef;

typedef struct AnswerOptions { int64_t top_k; } AnswerOptions;

/* What an answer is made of: an input's output rows (host memory) and, where a task has a row a token, the tokens and the
 * texts they came from. */
typedef struct AnswerInput {
    const REAL    *rows;                  /* (n, width) */
    int64_t        n, width;
    const int32_t *segments, *words;      /* (n): 0 first text, 1 second; index of the word, -1 for specials */
    const int32_t *offsets;               /* (2 n): begin and end in bytes of the token's text */
    const char    *text, *pair;
} AnswerInput;

/* What an output row belongs to: a sequence, a token of the sequence, or a token named in Batch.label_rows. */
typedef enum RowKind { ROW_SEQUENCE, ROW_TOKEN, ROW_LABELLED } RowKind;

typedef struct TaskDef {
    const char *name, *about;
    const char *class_suffix;             /* "ForSequenceClassification"; "Model" when there is no head */
    const char *problem_type;             /* of that class in a published config.json; NULL: says nothing */
    RowKind     rows;
    bool        has_classes;              /* needs label names */
    bool        is_pair;                  /* two texts a row */
    bool        may_pair;                 /* a text, or two when config.pairs */
    bool        windows_pair;             /* a second text that is too long is read in overlapping windows, not cut */
    Status    (*declare)(Model *m);                                            /* fills m->head */
    Tensor   *(*forward)(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch);  /* (rows, width) */
    int64_t   (*width)(const Model *m);                                        /* numbers an output row has */
    /* What predict and serve answer, into an object. n_inputs is above 1 for the windows of one pair only. */
    Status    (*answer)(const Model *m, const AnswerInput *inputs, int64_t n_inputs, const AnswerOptions *o, cJSON *out);
} TaskDef;

struct Model {
    ModelConfig    config;
    const ArchDef *arch;
    const TaskDef *task;
    void          *arch_state, *head;     /* freed by model_free; hold no memory of their own */
    StringList     labels;                /* class names, in order of their index */
    Params         params;
    Backend       *backend;               /* borrowed */
};

/* Declares everything and allocates the values (not yet filled: load or params_fill_initial). Copies config and labels. */
Status model_new(Model **out, Backend *backend, const ModelConfig *config, const TaskDef *task,
                 const StringList *labels) MUST_USE;
void   model_free(Model *m);
bool   model_takes_pairs(const Model *m);                         /* every input is two texts */
Status model_upload(Ctx *ctx, const Model *m, const Batch *batch,
                    BatchView *view) MUST_USE; /* ctx_upload with the model's limits */
Tensor *model_hidden(Ctx *ctx, const Model *m, const BatchView *view);                            /* (N, C) */
Tensor *model_forward(Ctx *ctx, const Model *m, const BatchView *view); /* the task's output */

const ArchDef *arch_find(const char *name);                       /* NULL when unknown */
const TaskDef *task_find(const char *name);
const TaskDef *task_at(size_t i);                                 /* NULL past the last */
Status task_need(const TaskDef **out, const char *name) MUST_USE; /* task_find, or an error with the nearest name */
const TaskDef *task_of_class(const char *class_name);             /* from config.json's "architectures" */

#endif
