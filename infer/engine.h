/* infer/engine.h: a model ready to answer: weights, tokenizer, and a step's memory. No training code behind it.
 *
 * Encoding is done by any thread; running by one (the compute thread). A batch of inputs goes through the model in one
 * padding-free pass; what else is in the batch moves an answer by rounding only. */
#ifndef INFER_ENGINE_H
#define INFER_ENGINE_H

#include "data/tokenizer/tokenizer.h"
#include "model/bundle.h"

typedef struct Engine Engine;

/* model: a run folder, checkpoint or published folder; task NULL: the model's own. Borrows the backend. */
Status engine_open(Engine **out, Backend *backend, const char *model, const char *checkpoint,
                   const char *task) MUST_USE;
void   engine_close(Engine *e);

const Model     *engine_model(const Engine *e);
const Tokenizer *engine_tokenizer(const Engine *e);
const Bundle    *engine_bundle(const Engine *e);
int64_t engine_max_length(const Engine *e); /* tokens a sequence: what it was trained with, else the model's limit */
int64_t          engine_width(const Engine *e);           /* numbers an output row has */

/* Text to tokens, any thread. A text that is empty (or only spaces) is ERR_DATA. A text that is too long is cut, and
 * out->n_untruncated says so, or is ERR_DATA with error_if_long. */
Status engine_encode(const Engine *e, const char *text, size_t n, const char *pair, size_t n_pair, bool error_if_long,
                     Encoding *out) MUST_USE;

/* One pass over n inputs. out: n rows of engine_width(), or one for each token or each mask token of all inputs in
 * order, as the task has it (RowKind); *n_rows says how many; out is grown. */
typedef struct EngineOutput { REAL *rows; int64_t n_rows; size_t cap; } EngineOutput;
Status engine_run(Engine *e, const Encoding *const *inputs, int64_t n, EngineOutput *out) MUST_USE;
void   engine_output_release(EngineOutput *o);

/* What predict and serve say of an input's output rows, added to an object; n above 1 for the windows of one pair. */
Status engine_answer(const Engine *e, const AnswerInput *inputs, int64_t n, const AnswerOptions *o, cJSON *out) MUST_USE;

/* The same for whole inputs of any task: texts, and their sequences (one, or the windows of a long pair). Zero-initialise,
 * reuse for many inputs, engine_input_release at the end. The texts are copied. */
typedef struct EngineInput {
    char     *text, *pair;
    Encoding *sequences;
    EncodeWindows windows;              /* of a long pair, while it is read */
    size_t    n, cap;
    bool      cut;                      /* the text was too long */
} EngineInput;
enum { ENGINE_BATCH = 32 };             /* sequences a pass */

Status engine_read(const Engine *e, const char *text, size_t n, const char *pair, size_t n_pair, bool error_if_long,
                   EngineInput *out) MUST_USE;
void   engine_input_release(EngineInput *in);
/* Adds to the array, in order: an object an input, or one for each mask token of an input. Compute thread. */
Status engine_predict(Engine *e, const EngineInput *inputs, size_t n, const AnswerOptions *o, cJSON *answers) MUST_USE;

#endif
