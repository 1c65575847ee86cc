#include "infer/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"

/* Tokens of a long second text that neighbouring windows share, and that each holds at least. */
enum { WINDOW_STRIDE = 128, LEAST_CONTEXT = 4 };

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

int64_t          engine_width(const Engine *e)      { return e->model->task->width(e->model); }

static bool is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!memchr(" \t\r\n\f\v", text[i], 6)) return false;
    return true;
}

static Status check_not_blank(const char *text, size_t n, const char *pair, size_t n_pair)
{
    if (!is_blank(text, n) && (!pair || !is_blank(pair, n_pair))) return OK;
    return hint(fail(ERR_DATA, "the text is empty"), "give at least one character that is not a space");
}

Status engine_encode(const Engine *e, const char *text, size_t n, const char *pair, size_t n_pair, bool error_if_long,
                     Encoding *out)
{
    TRY(check_not_blank(text, n, pair, n_pair));
    EncodeOptions o = { .max_length = (size_t)e->max_length };
    TRY(tokenizer_encode(e->tokenizer, text, n, pair, n_pair, &o, out));
    if (error_if_long && out->n_untruncated > out->n)
        return hint(fail(ERR_DATA, "the text has %zu tokens, the model takes %lld", out->n_untruncated,
                         (long long)e->max_length),
                    "shorten it, or allow truncation");
    return OK;
}

static Status new_sequence(EngineInput *in, Encoding **out)
{
    TRY(mem_grow(&in->sequences, &in->cap, in->n + 1, sizeof *in->sequences));
    *out = &in->sequences[in->n++];
    return OK;
}

static Status read_windows(const Engine *e, size_t n_text, size_t n_pair, EngineInput *in)
{
    EncodeOptions o = { .max_length = (size_t)e->max_length, .truncation = TRUNCATE_ONLY_SECOND, .stride = WINDOW_STRIDE,
                        .least = LEAST_CONTEXT };
    Encoding     *out;
    TRY(check_not_blank(in->text, n_text, in->pair, n_pair));
    TRY(encode_windows_begin(&in->windows, e->tokenizer, in->text, n_text, in->pair, n_pair, &o));
    for (bool more = true;;) {
        TRY(encode_windows_next(&in->windows, &more));
        if (!more) return OK;
        TRY(new_sequence(in, &out));
        TRY(encoding_copy(out, &in->windows.encoding));
    }
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

static Status fill_batch(Engine *e, const Encoding *const *inputs, int64_t n)
{
    int32_t mask = tokenizer_role(e->tokenizer, TOKEN_MASK);
    batch_clear(&e->batch);
    for (int64_t i = 0; i < n; i++) {
        int64_t first = e->batch.streams[0].n_tokens;
        TRY(batch_add(&e->batch, 0, inputs[i]->ids, inputs[i]->segments, (int64_t)inputs[i]->n, i));
        for (size_t k = 0; e->model->task->rows == ROW_LABELLED && k < inputs[i]->n; k++)
            if (inputs[i]->ids[k] == mask)
                TRY(batch_add_token_label(&e->batch, (int32_t)(first + (int64_t)k), BATCH_IGNORE));
    }
    if (e->model->task->rows == ROW_LABELLED && e->batch.n_labelled == 0)
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

Status engine_answer(const Engine *e, const AnswerInput *inputs, int64_t n, const AnswerOptions *o, cJSON *out)
{
    TRY(e->model->task->answer(e->model, inputs, n, o, out));
    cJSON *candidate;                              /* only this folder has both the model and the tokenizer */
    cJSON_ArrayForEach(candidate, cJSON_GetObjectItemCaseSensitive(out, "candidates")) {
        const cJSON *id = json_get(candidate, "id");
        const char  *token = tokenizer_token(e->tokenizer, (int32_t)id->valuedouble);
        TRY(json_add_string(candidate, "token", token ? token : ""));
    }
    return OK;
}

/* ---- whole inputs --------------------------------------------------------------------------------------------------- */

void engine_input_release(EngineInput *in)
{
    for (size_t i = 0; i < in->cap; i++) encoding_release(&in->sequences[i]);
    encode_windows_release(&in->windows);
    free(in->sequences);
    free(in->text);
    free(in->pair);
    *in = (EngineInput){ 0 };
}

static Status copy_text(char **out, const char *text, size_t n)
{
    free(*out);
    *out = NULL;
    if (!text) return OK;
    TRY(mem_new(out, n + 1, 1));
    memcpy(*out, text, n);
    return OK;
}

Status engine_read(const Engine *e, const char *text, size_t n, const char *pair, size_t n_pair, bool error_if_long,
                   EngineInput *in)
{
    Encoding *out;
    in->n = 0;
    in->cut = false;
    TRY(copy_text(&in->text, text, n));
    TRY(copy_text(&in->pair, pair, n_pair));
    if (pair && e->model->task->windows_pair && !error_if_long) return read_windows(e, n, n_pair, in);
    TRY(new_sequence(in, &out));
    TRY(engine_encode(e, text, n, pair, n_pair, error_if_long, out));
    in->cut = out->n_untruncated > out->n;
    return OK;
}

/* The output rows of many sequences, pass by pass. */
typedef struct Rows { REAL *rows; size_t n, cap; } Rows;        /* n: rows */

static Status run_all(Engine *e, const Encoding **sequences, size_t n, Rows *out)
{
    EngineOutput pass = { 0 };
    size_t       width = (size_t)engine_width(e);
    Status       s = OK;
    for (size_t i = 0; i < n && s == OK; i += ENGINE_BATCH) {
        s = engine_run(e, sequences + i, (int64_t)(n - i < ENGINE_BATCH ? n - i : ENGINE_BATCH), &pass);
        if (s != OK) break;
        size_t got = (size_t)pass.n_rows;
        s = mem_grow(&out->rows, &out->cap, (out->n + got) * width, sizeof *out->rows);
        if (s == OK) memcpy(out->rows + out->n * width, pass.rows, got * width * sizeof *pass.rows);
        out->n += got;
    }
    engine_output_release(&pass);
    return s;
}

static int64_t rows_of(const Engine *e, const Encoding *x)
{
    int32_t mask = tokenizer_role(e->tokenizer, TOKEN_MASK);
    int64_t n = 0;
    if (e->model->task->rows == ROW_TOKEN) return (int64_t)x->n;
    if (e->model->task->rows == ROW_SEQUENCE) return 1;
    for (size_t i = 0; i < x->n; i++) n += x->ids[i] == mask;
    return n;
}

static Status add_answer(const Engine *e, const AnswerInput *inputs, int64_t n, const AnswerOptions *o, cJSON *answers)
{
    cJSON *one = cJSON_CreateObject();
    TRY(json_add(answers, NULL, one));
    return engine_answer(e, inputs, n, o, one);
}

/* The answers of one input, whose rows begin at `rows`; gives how many those were. */
static Status answer_input(const Engine *e, const EngineInput *in, const REAL *rows, const AnswerOptions *o,
                           int64_t *n_rows, cJSON *answers)
{
    AnswerInput *windows;
    int64_t      width = engine_width(e);
    Status       s = OK;
    *n_rows = 0;
    TRY(mem_new(&windows, in->n, sizeof *windows));
    for (size_t i = 0; i < in->n; i++) {
        const Encoding *x = &in->sequences[i];
        int64_t         n = rows_of(e, x);
        windows[i] = (AnswerInput){ .rows = rows + *n_rows * width, .n = n, .width = width, .segments = x->segments,
                                    .words = x->words, .offsets = x->offsets, .text = in->text, .pair = in->pair };
        *n_rows += n;
    }
    if (e->model->task->rows != ROW_LABELLED) s = add_answer(e, windows, (int64_t)in->n, o, answers);
    for (int64_t i = 0; e->model->task->rows == ROW_LABELLED && i < *n_rows && s == OK; i++)
        s = add_answer(e, &(AnswerInput){ .rows = rows + i * width, .n = 1, .width = width }, 1, o, answers);
    free(windows);
    return s;
}

Status engine_predict(Engine *e, const EngineInput *inputs, size_t n, const AnswerOptions *o, cJSON *answers)
{
    const Encoding **sequences = NULL;
    Rows             all = { 0 };
    size_t           n_sequences = 0, cap = 0;
    Status           s = OK;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < inputs[i].n && s == OK; k++) {
            s = mem_grow(&sequences, &cap, n_sequences + 1, sizeof *sequences);
            if (s == OK) sequences[n_sequences++] = &inputs[i].sequences[k];
        }
    if (s == OK) s = run_all(e, sequences, n_sequences, &all);
    const REAL *rows = all.rows;
    for (size_t i = 0; i < n && s == OK; i++) {
        int64_t used;
        s = answer_input(e, &inputs[i], rows, o, &used, answers);
        if (s == OK) rows += used * engine_width(e);
    }
    free(sequences);
    free(all.rows);
    return s;
}
