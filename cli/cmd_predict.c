/* cli/cmd_predict.c: whet predict: the model's answer to each text, in input order. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/arena.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/rows.h"
#include "infer/engine.h"

typedef struct PredictArgs {
    char   *input, *checkpoint, *task, *text, *text_pair, *device, *truncation, *format;
    bool    json, pairs;
    int64_t top_k, threads;
} PredictArgs;
#define AT(member) OFFSET(PredictArgs, member)
static const Option options[] = {
    { "input", OPTION_PATH, AT(input), NULL, 0, 0, NULL, NULL, "a file of texts: JSONL, CSV, TSV, SQuAD, CoNLL, or a text a line" },
    { "format", OPTION_CHOICE, AT(format), "auto", 0, 0, "auto|jsonl|csv|tsv|conll|conllu|squad|text", NULL, "of --input" },
    { "text", OPTION_STRING, AT(text), "text", 0, 0, NULL, NULL, "its column with the text" },
    { "text_pair", OPTION_STRING, AT(text_pair), NULL, 0, 0, NULL, NULL, "its column with the second text" },
    { "pairs", OPTION_BOOL, AT(pairs), "false", 0, 0, NULL, NULL, "regression: the texts come in pairs" },
    { "task", OPTION_STRING, AT(task), NULL, 0, 0, NULL, NULL, "use the model for another task (embedding)" },
    { "checkpoint", OPTION_STRING, AT(checkpoint), NULL, 0, 0, NULL, NULL, "best, last or a file; default: best if there is one" },
    { "top_k", OPTION_INT, AT(top_k), "0", 0, 1e6, NULL, NULL, "how many labels to name; 0: all with --json, else one" },
    { "truncation", OPTION_CHOICE, AT(truncation), "longest_first", 0, 0, "longest_first|error", NULL, "what to do with a text that is too long" },
    { "device", OPTION_CHOICE, AT(device), "auto", 0, 0, "auto|cpu|cuda|ref", NULL, "what computes" },
    { "threads", OPTION_INT, AT(threads), "0", 0, 256, NULL, NULL, "threads; 0: one a core" },
    { "json", OPTION_BOOL, AT(json), "false", 0, 0, NULL, NULL, "one JSON object a text" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet predict", &section, 1 };

typedef struct Predict {
    const PredictArgs *a;
    Engine            *engine;
    EngineInput        inputs[ENGINE_BATCH];
    size_t             n;
    int64_t            n_cut;
} Predict;

static double number(const cJSON *o, const char *key) { return json_get(o, key)->valuedouble; }

static void print_list(const cJSON *list, const char *what)      /* "text what", tab between the members */
{
    const cJSON *c;
    cJSON_ArrayForEach(c, list)
        printf("%s%s %s", c == list->child ? "" : "\t", json_get(c, "text")->valuestring, json_get(c, what)->valuestring);
}

static void print_plain(const cJSON *answer)
{
    const cJSON *label = json_get(answer, "label"), *text = json_get(answer, "answer"), *c,
                *vector = json_get(answer, "embedding"), *entities = json_get(answer, "entities"),
                *tokens = json_get(answer, "tokens");
    if (label || text) printf("%s\t%.4f", label ? label->valuestring : text->valuestring, number(answer, "score"));
    else if (json_get(answer, "score")) printf("%.4f", number(answer, "score"));
    else if (entities) print_list(entities, "type");
    else if (tokens) print_list(tokens, "tag");
    cJSON_ArrayForEach(c, vector) printf("%s%.6f", c == vector->child ? "" : " ", c->valuedouble);
    cJSON_ArrayForEach(c, json_get(answer, "candidates"))
        printf("%s%s %.4f", c->prev->next ? "  " : "", json_get(c, "token")->valuestring, number(c, "score"));
    putchar('\n');
}

static Status flush_batch(Predict *p)
{
    AnswerOptions o = { .top_k = p->a->top_k };
    cJSON        *answers = cJSON_CreateArray(), *one;
    if (!answers) return fail(ERR_MEMORY, "no memory for JSON");
    Status s = engine_predict(p->engine, p->inputs, p->n, &o, answers);
    cJSON_ArrayForEach(one, answers) {
        if (s == OK && p->a->json) s = print_json_line(one);
        else if (s == OK) print_plain(one);
    }
    cJSON_Delete(answers);
    p->n = 0;
    return s;
}

static Status add_text(Predict *p, const char *text, size_t n, const char *pair, size_t n_pair)
{
    EngineInput *in = &p->inputs[p->n];
    TRY(engine_read(p->engine, text, n, pair, n_pair, strcmp(p->a->truncation, "error") == 0, in));
    p->n_cut += in->cut;
    return ++p->n == COUNT(p->inputs) ? flush_batch(p) : OK;
}

/* needs_pair: a file whose rows have no second text is refused; some formats have one without being asked. */
static Status add_file(Predict *p, bool needs_pair)
{
    char      *path = p->a->input;
    StringList paths = { &path, 1 };
    Rows      *rows;
    bool       end = false;
    TRY(rows_open(&rows, &(RowsOptions){ .paths = &paths, .format = p->a->format, .text = p->a->text,
                                         .pair = p->a->text_pair }));
    Status s = OK;
    while (s == OK) {
        Row row;
        s = rows_next(rows, &row, &end);
        if (s != OK || end) break;
        if (needs_pair && !row.pair)
            s = hint(fail(ERR_USAGE, "this model judges pairs of texts"), "name the second column with --text_pair");
        if (s == OK) s = add_text(p, row.text, row.n_text, row.pair, row.n_pair);
        if (s != OK) s = during(s, "reading %s:%lld", rows_path(rows, row.place.file), (long long)row.place.line);
    }
    rows_close(rows);
    return s;
}

static Status predict(Predict *p, const Args *args)
{
    const Model *m = engine_model(p->engine);
    bool pair = model_takes_pairs(m) || (m->task->may_pair && (p->a->pairs || p->a->text_pair));
    if (pair && !p->a->input && args->n_words % 2 == 0)
        return hint(fail(ERR_USAGE, "this model judges pairs of texts"), "whet predict MODEL %s",
                    m->task->windows_pair ? "\"question\" \"text\"" : "\"first\" \"second\"");
    if (p->a->input) TRY(add_file(p, pair));
    for (size_t i = 1; i < args->n_words; i += pair ? 2 : 1) {
        const char *text = args->words[i], *second = pair ? args->words[i + 1] : NULL;
        TRY(add_text(p, text, strlen(text), second, second ? strlen(second) : 0));
    }
    TRY(flush_batch(p));
    if (p->n_cut)
        log_warning("%lld texts were longer than %lld tokens and were cut", (long long)p->n_cut,
                    (long long)engine_max_length(p->engine));
    return OK;
}

static Status run(const Args *args)
{
    const PredictArgs *a = args->options;
    Predict           *p;
    Backend           *backend;
    TRY(args_need(args, &verb_predict, 1, SIZE_MAX));
    if (!a->input && args->n_words < 2)
        return hint(fail(ERR_USAGE, "whet predict has no text"), "whet predict MODEL \"a text\", or --input FILE");
    parallel_set_threads((int)a->threads);
    TRY(mem_new(&p, 1, sizeof *p));
    p->a = a;
    Status s = backend_open(&backend, a->device);
    if (s == OK) {
        s = engine_open(&p->engine, backend, args->words[0], a->checkpoint, a->task);
        if (s == OK) s = predict(p, args);
        for (size_t i = 0; i < COUNT(p->inputs); i++) engine_input_release(&p->inputs[i]);
        engine_close(p->engine);
        backend_close(backend);
    }
    free(p);
    return s;
}

const Verb verb_predict = {
    .name = "predict",
    .usage = "predict MODEL [TEXT ... | --input FILE] [--json]",
    .about = "answer texts: a label, a number, tags, an answer, an embedding, the hidden word",
    .options = &table,
    .options_size = sizeof(PredictArgs),
    .run = run,
};
