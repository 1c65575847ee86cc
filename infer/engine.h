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

/* One pass over n inputs. out: n rows of engine_width() (tasks that predict tokens: a row for each mask token of all
 * inputs in order; *n_rows says how many; out is grown). */
typedef struct EngineOutput { REAL *rows; int64_t n_rows; size_t cap; } EngineOutput;
Status engine_run(Engine *e, const Encoding *const *inputs, int64_t n, EngineOutput *out) MUST_USE;
void   engine_output_release(EngineOutput *o);

/* What predict and serve say of one output row, added to an object. */
Status engine_answer(const Engine *e, const REAL *row, const AnswerOptions *o, cJSON *out) MUST_USE;

#endif
