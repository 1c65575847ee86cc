#include "infer/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"

struct Engine {
    Backend   *backend;
    Bundle     bundle;
    Model     *model;
    Tokenizer *tokenizer;
    Ctx       *ctx;
    Batch      batch;
    int64_t    max_length;
};

Status engine_open(Engine **out, Backend *backend, const char *path, const char *checkpoint, const char *task)
{
    Engine *e;
    TRY(mem_new(&e, 1, sizeof *e));
    e->backend = backend;
    Status  s = bundle_open(&e->bundle, path, checkpoint);
    Bundle *b = &e->bundle;
    if (s == OK)
        s = b->tokenizer_json ? tokenizer_parse(&e->tokenizer, b->tokenizer_json, strlen(b->tokenizer_json), b->path)
                              : tokenizer_open(&e->tokenizer, b->tokenizer_path);
    if (s == OK && tokenizer_size(e->tokenizer) > b->config.vocab_size)
        s = hint(fail(ERR_FORMAT, "%s: the tokenizer has %d tokens, the model's vocab_size is %lld", path,
                      tokenizer_size(e->tokenizer), (long long)b->config.vocab_size),
                 "weights, config.json and tokenizer must belong together");
    if (s == OK) s = bundle_model(b, backend, task, &e->model);
    if (s == OK) s = ctx_new(&e->ctx, backend, (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE));
    if (s == OK) {
        int64_t limit = e->model->config.max_position_embeddings;
        e->max_length = b->max_length > 0 && b->max_length < limit ? b->max_length : limit;
        *out = e;
    } else {
        engine_close(e);
    }
    return s;
}

void engine_close(Engine *e)
{
    if (!e) return;
    ctx_free(e->ctx);
    model_free(e->model);
    tokenizer_free(e->tokenizer);
    bundle_close(&e->bundle);
    batch_release(&e->batch);
    free(e);
}

const Model     *engine_model(const Engine *e)      { return e->model; }
const Tokenizer *engine_tokenizer(const Engine *e)  { return e->tokenizer; }
const Bundle    *engine_bundle(const Engine *e)     { return &e->bundle; }
int64_t          engine_max_length(const Engine *e) { return e->max_length; }

int64_t engine_width(const Engine *e)
{
    const Model *m = e->model;
    return m->task->has_classes       ? (int64_t)m->labels.n
           : m->task->predicts_tokens ? m->config.vocab_size
                                      : m->config.hidden_size;
}

static bool is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!memchr(" \t\r\n\f\v", text[i], 6)) return false;
    return true;
}

Status engine_encode(const Engine *e, const char *text, size_t n, const char *pair, size_t n_pair, bool error_if_long,
                     Encoding *out)
{
    if (is_blank(text, n) || (pair && is_blank(pair, n_pair)))
        return hint(fail(ERR_DATA, "the text is empty"), "give at least one character that is not a space");
    EncodeOptions o = { .max_length = (size_t)e->max_length };
    TRY(tokenizer_encode(e->tokenizer, text, n, pair, n_pair, &o, out));
    if (error_if_long && out->n_untruncated > out->n)
        return hint(fail(ERR_DATA, "the text has %zu tokens, the model takes %lld", out->n_untruncated,
                         (long long)e->max_length),
                    "shorten it, or allow truncation");
    return OK;
}

static Status fill_batch(Engine *e, const Encoding *const *inputs, int64_t n)
{
    int32_t mask = tokenizer_role(e->tokenizer, TOKEN_MASK);
    batch_clear(&e->batch);
    for (int64_t i = 0; i < n; i++) {
        int64_t first = e->batch.streams[0].n_tokens;
        TRY(batch_add(&e->batch, 0, inputs[i]->ids, inputs[i]->segments, (int64_t)inputs[i]->n, i));
        for (size_t k = 0; e->model->task->predicts_tokens && k < inputs[i]->n; k++)
            if (inputs[i]->ids[k] == mask)
                TRY(batch_add_token_label(&e->batch, (int32_t)(first + (int64_t)k), BATCH_IGNORE));
    }
    if (e->model->task->predicts_tokens && e->batch.n_labelled == 0)
        return hint(fail(ERR_DATA, "there is no mask token in the text"), "write %s where a word is to be predicted",
                    mask >= 0 ? tokenizer_token(e->tokenizer, mask) : "the mask token");
    return OK;
}

Status engine_run(Engine *e, const Encoding *const *inputs, int64_t n, EngineOutput *out)
{
    BatchView view;
    TRY(fill_batch(e, inputs, n));
    ctx_begin(e->ctx, NULL, false);
    TRY(model_upload(e->ctx, e->model, &e->batch, &view));
    Tensor *y = model_forward(e->ctx, e->model, &view);
    TRY(e->ctx->status);
    out->n_rows = tensor_rows(y);
    TRY(mem_grow(&out->rows, &out->cap, (size_t)tensor_count(y), sizeof *out->rows));
    return e->backend->download(e->backend, out->rows, y->data, tensor_bytes(y));
}

void engine_output_release(EngineOutput *o)
{
    free(o->rows);
    *o = (EngineOutput){ 0 };
}

Status engine_answer(const Engine *e, const REAL *row, const AnswerOptions *o, cJSON *out)
{
    TRY(e->model->task->answer(e->model, row, engine_width(e), o, out));
    cJSON *candidate;                              /* only this folder has both the model and the tokenizer */
    cJSON_ArrayForEach(candidate, cJSON_GetObjectItemCaseSensitive(out, "candidates")) {
        const cJSON *id = json_get(candidate, "id");
        const char  *token = tokenizer_token(e->tokenizer, (int32_t)id->valuedouble);
        TRY(json_add_string(candidate, "token", token ? token : ""));
    }
    return OK;
}
