/* cli/cmd_export.c: whet export: a published-checkpoint folder, proved equal before it gets its name.
 *
 * The folder is written beside its place, opened again as anybody would open it, and both models answer the same rows;
 * only when the largest difference is small enough does it take its place, with the proof in parity.json. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/held_out.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/text.h"

enum { PARITY_ROWS = 64, PARITY_BATCH = 16 };
static const double most_difference = 1e-4;

typedef struct ExportArgs {
    char *format, *out, *checkpoint, *device;
    bool json, overwrite;
    int64_t threads;
} ExportArgs;
#define AT(member) OFFSET(ExportArgs, member)
static const Option options[] = {
    { "format", OPTION_CHOICE, AT(format), "safetensors", 0, 0, "safetensors", NULL, "a folder as model hubs publish it" },
    { "out", OPTION_PATH, AT(out), NULL, 0, 0, NULL, "output", "where to" },
    { "checkpoint", OPTION_STRING, AT(checkpoint), NULL, 0, 0, NULL, NULL, "best, last or a file; default: best if there is one" },
    { "overwrite", OPTION_BOOL, AT(overwrite), "false", 0, 0, NULL, NULL, "replace an export that is there" },
    { "device", OPTION_CHOICE, AT(device), "auto", 0, 0, "auto|cpu|cuda|ref", NULL, "what computes" },
    { "threads", OPTION_INT, AT(threads), "0", 0, 256, NULL, NULL, "threads; 0: one a core" },
    { "json", OPTION_BOOL, AT(json), "false", 0, 0, NULL, NULL, "print the proof as one JSON line" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet export", &section, 1 };

typedef struct Proof {
    double      largest;
    int64_t     rows;
    const char *source;                  /* the split the rows came from, or "random tokens" */
    Encoding    inputs[PARITY_ROWS];
} Proof;

/* Rows of the run's test or validation split, as this machine still has them. */
static Status rows_of_split(Proof *p, const Engine *e, const char *split)
{
    Job              job;
    const TrainTask *task;
    Dataset         *d = NULL;
    TRY(train_task_need(&task, engine_model(e)->task->name));
    TRY(held_out_job(&job, engine_bundle(e), NULL, 0));
    Status s = task->labels == LABEL_NONE ? fail(ERR_UNSUPPORTED, "a language model has no rows")
                             : held_out_open(&d, &job, e, task, split, NULL);
    for (int64_t i = 0; s == OK && i < dataset_count(d) && i < PARITY_ROWS; i++) {
        Row row;
        s = dataset_row(d, i, &row);
        if (s == OK) s = engine_encode(e, row.text, row.n_text, row.pair, row.n_pair, false, &p->inputs[i]);
        if (s == OK) p->rows++;
    }
    dataset_close(d);
    job_release(&job);
    if (s == OK && p->rows == 0) s = fail(ERR_DATA, "the split %s is empty", split);
    if (s == OK) p->source = split;
    return s;
}

/* Sequences of random tokens of many lengths: what is left when there is no held-out data. */
static Status rows_at_random(Proof *p, const Engine *e)
{
    const Tokenizer *t = engine_tokenizer(e);
    int32_t          vocab = tokenizer_size(t), mask = tokenizer_role(t, TOKEN_MASK);
    int64_t          limit = engine_max_length(e);
    p->source = "random tokens";
    for (p->rows = 0; p->rows < PARITY_ROWS; p->rows++) {
        Text text = { 0 };
        int64_t n = 1 + rng_draw_below(1, 0, 0, (uint64_t)p->rows, (uint32_t)(limit < 128 ? limit : 128));
        Status  s = mask >= 0 ? text_addf(&text, "%s ", tokenizer_token(t, mask)) : OK;
        for (int64_t i = 0; i < n && s == OK; i++) {
            const char *token =
                tokenizer_token(t, (int32_t)rng_draw_below(1, 0, 1 + (uint32_t)p->rows, (uint64_t)i, (uint32_t)vocab));
            if (token) s = text_addf(&text, "%s ", token);
        }
        if (s == OK) s = engine_encode(e, text.data, text.len, NULL, 0, false, &p->inputs[p->rows]);
        text_release(&text);
        TRY(s);
    }
    return OK;
}

static Status compare(Proof *p, Engine *a, Engine *b)
{
    EngineOutput x = { 0 }, y = { 0 };
    Status       s = OK;
    for (int64_t i = 0; i < p->rows && s == OK; i += PARITY_BATCH) {
        const Encoding *list[PARITY_BATCH];
        int64_t         n = p->rows - i < PARITY_BATCH ? p->rows - i : PARITY_BATCH;
        for (int64_t k = 0; k < n; k++) list[k] = &p->inputs[i + k];
        s = engine_run(a, list, n, &x);
        if (s == OK) s = engine_run(b, list, n, &y);
        if (s == OK && x.n_rows != y.n_rows)
            s = fail(ERR_NUMERIC, "the export answers with %lld rows, the model with %lld", (long long)y.n_rows,
                     (long long)x.n_rows);
        for (int64_t k = 0; s == OK && k < x.n_rows * engine_width(a); k++) {
            double d = fabs((double)x.rows[k] - (double)y.rows[k]);
            if (!(d <= p->largest)) p->largest = d;             /* a NaN counts as the largest */
        }
    }
    engine_output_release(&x);
    engine_output_release(&y);
    return s;
}

static Status prove(Proof *p, Engine *e, Backend *backend, const char *folder)
{
    Engine *again;
    if (rows_of_split(p, e, "test") != OK && rows_of_split(p, e, "validation") != OK) TRY(rows_at_random(p, e));
    TRY(engine_open(&again, backend, folder, NULL, NULL));
    Status s = compare(p, e, again);
    engine_close(again);
    if (s == OK && !(p->largest <= most_difference))
        s = hint(fail(ERR_NUMERIC, "the export answers differently: by up to %g on %lld rows", p->largest,
                      (long long)p->rows),
                 "this is a fault of whet: please report it; nothing was written");
    return s;
}

static Status proof_json(const Proof *p, const char *out, cJSON **json)
{
    cJSON *j = cJSON_CreateObject();
    Status s = json_add_string(j, "exported", out);
    if (s == OK) s = json_add_number(j, "largest_difference", p->largest);
    if (s == OK) s = json_add_number(j, "limit", most_difference);
    if (s == OK) s = json_add_number(j, "rows", (double)p->rows);
    if (s == OK) s = json_add_string(j, "source", p->source);
    if (s == OK) *json = j;
    else cJSON_Delete(j);
    return s;
}

static Status write_and_prove(const ExportArgs *a, Engine *e, Backend *backend, Proof *p, const char *tmp)
{
    char  *path = NULL;
    cJSON *json = NULL;
    if (file_exists(tmp)) TRY(file_remove_folder(tmp));
    TRY(bundle_write_folder(engine_model(e), tmp, engine_max_length(e)));
    TRY(tokenizer_save(engine_tokenizer(e), tmp, engine_max_length(e)));
    TRY(prove(p, e, backend, tmp));
    Status s = proof_json(p, a->out, &json);
    if (s == OK) s = path_join(&path, tmp, "parity.json");
    if (s == OK) s = json_write_file(json, path);
    if (s == OK && file_exists(a->out)) s = file_remove_folder(a->out);
    if (s == OK && rename(tmp, a->out) != 0) s = fail(ERR_IO, "%s cannot be put in place", a->out);
    if (s == OK && a->json) s = print_json_line(json);
    else if (s == OK)
        printf("%s: equal on %lld rows (%s), largest difference %.2g\n", a->out, (long long)p->rows, p->source,
               p->largest);
    cJSON_Delete(json);
    free(path);
    return s;
}

static Status export(const ExportArgs *a, Engine *e, Backend *backend)
{
    Proof *p = calloc(1, sizeof *p);
    char  *tmp = NULL;
    Status s = p ? text_format(&tmp, "%s.tmp", a->out) : fail(ERR_MEMORY, "no memory for the proof");
    if (s == OK) s = write_and_prove(a, e, backend, p, tmp);
    if (s != OK && tmp && file_exists(tmp)) {
        Status ignored = file_remove_folder(tmp);
        (void)ignored;
    }
    for (int i = 0; p && i < PARITY_ROWS; i++) encoding_release(&p->inputs[i]);
    free(p);
    free(tmp);
    return s;
}

static Status run(const Args *args)
{
    const ExportArgs *a = args->options;
    Backend          *backend;
    Engine           *e;
    TRY(args_need(args, &verb_export, 1, 1));
    if (!a->out) return hint(fail(ERR_USAGE, "whet export does not know where to"), "--out FOLDER");
    if (file_exists(a->out) && !a->overwrite)
        return hint(fail(ERR_STATE, "%s exists already", a->out), "--overwrite replaces it");
    parallel_set_threads((int)a->threads);
    TRY(backend_open(&backend, a->device));
    Status s = engine_open(&e, backend, args->words[0], a->checkpoint, NULL);
    if (s == OK) {
        s = export(a, e, backend);
        engine_close(e);
    }
    backend_close(backend);
    return s;
}

const Verb verb_export = {
    .name = "export",
    .usage = "export MODEL --out FOLDER [--format safetensors]",
    .about = "write a published-checkpoint folder, proved equal",
    .options = &table,
    .options_size = sizeof(ExportArgs),
    .run = run,
};
