/* cli/cmd_init.c: whet init: look at data, write a config to start from. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/init_config.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "data/guess.h"
#include "model/bundle.h"

#define DEFAULT_MODEL "models/minilm-l6"

typedef struct InitArgs { char *model, *out; bool overwrite; } InitArgs;
#define AT(member) OFFSET(InitArgs, member)
static const Option options[] = {
    { "model", OPTION_PATH, AT(model), NULL, 0, 0, NULL, "from", "model to fine-tune: a published folder, a run, an export; default: " DEFAULT_MODEL },
    { "out", OPTION_STRING, AT(out), NULL, 0, 0, NULL, NULL, "config to write; - is standard output; default: NAME.json in this folder" },
    { "overwrite", OPTION_BOOL, AT(overwrite), "false", 0, 0, NULL, NULL, "replace a config that is there" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet init", &section, 1 };

static Status open_model(const InitArgs *a, const char **path, Bundle *b, Tokenizer **tokenizer)
{
    *path = a->model ? a->model : DEFAULT_MODEL;
    if (!a->model && !file_exists(DEFAULT_MODEL))
        return hint(fail(ERR_USAGE, "no model is given, and there is no %s in this folder", DEFAULT_MODEL),
                    "--model PATH names a published encoder's folder (tools/get_model minilm-l6 fetches one)");
    TRY(bundle_open(b, *path, NULL));
    return b->tokenizer_json ? tokenizer_parse(tokenizer, b->tokenizer_json, strlen(b->tokenizer_json), b->path)
                             : tokenizer_open(tokenizer, b->tokenizer_path);
}

static void tell(const Guess *g)
{
    log_head("%s: about %lld rows, task %s", g->name, (long long)g->n_rows, g->task);
    for (size_t i = 0; i < g->reasons.n; i++) log_line("  %s", g->reasons.items[i]);
    log_line("  anything else: change the config, or name it to prepare and train (--task, --text, --label, "
             "--max_length ...)");
}

static Status put(const InitArgs *a, const char *out, const Text *config)
{
    if (strcmp(out, "-") == 0)
        return fputs(config->data, stdout) < 0 || fflush(stdout) != 0
                   ? fail(ERR_IO, "standard output cannot be written")
                   : OK;
    if (file_exists(out) && !a->overwrite)
        return hint(fail(ERR_STATE, "%s exists already", out), "--overwrite replaces it, --out names another");
    TRY(file_write_whole(out, config->data, config->len));
    printf("%s\n", out);
    log_line("next: whet prepare %s      (reads all of it and reports what is in the data)", out);
    log_line("      whet train %s", out);
    return OK;
}

static Status init(const Args *args)
{
    const InitArgs *a = args->options;
    Bundle     b = { 0 };
    Tokenizer *tokenizer = NULL;
    Guess      g = { 0 };
    Text       config = { 0 };
    InitModel  model = { 0 };
    char      *out = NULL, *folder = NULL;
    TRY(args_need(args, &verb_init, 1, 1));
    Status s = open_model(a, &model.path, &b, &tokenizer);
    if (s == OK) {
        model.hidden_size = b.config.hidden_size;
        model.max_length = b.config.max_position_embeddings;
        s = guess_data(&g, args->words[0], tokenizer);
    }
    if (s == OK) s = a->out ? text_copy(&out, a->out) : text_format(&out, "%s.json", g.name);
    if (s == OK) s = path_folder(&folder, strcmp(out, "-") == 0 ? "." : out);
    if (s == OK) s = init_config_write(&config, &g, &model, folder);
    if (s == OK) tell(&g);
    if (s == OK) s = put(a, out, &config);
    text_release(&config);
    guess_release(&g);
    tokenizer_free(tokenizer);
    bundle_close(&b);
    free(out);
    free(folder);
    return s;
}

const Verb verb_init = {
    .name = "init",
    .usage = "init DATA [--model PATH] [--out FILE]",
    .about = "look at data, guess task and columns, write a commented config to start from",
    .options = &table,
    .options_size = sizeof(InitArgs),
    .run = init,
};
