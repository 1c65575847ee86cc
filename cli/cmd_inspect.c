/* cli/cmd_inspect.c: whet inspect: what is in a file or folder that whet reads; what this build can do. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/file.h"
#include "core/text.h"
#include "infer/engine.h"
#include "io/array_file.h"

typedef struct InspectArgs { bool json, backends, schema; } InspectArgs;
#define AT(member) OFFSET(InspectArgs, member)
static const Option options[] = {
    { "json", OPTION_BOOL, AT(json), "false", 0, 0, NULL, NULL, "one JSON object" },
    { "backends", OPTION_BOOL, AT(backends), "false", 0, 0, NULL, NULL, "what can compute here" },
    { "schema", OPTION_BOOL, AT(schema), "false", 0, 0, NULL, NULL, "the JSON Schema of job configs, for editors" },
};
static const OptionSection section = { "", options, COUNT(options), 0 };
static const OptionTable   table = { "whet inspect", &section, 1 };

static Status backends(void)
{
    size_t            n;
    const BackendDef *list = backend_list(&n);
    for (size_t i = 0; i < n; i++) {
        Backend *b;
        bool     there = list[i].open(&b) == OK;
        printf("%-6s %-28s %s\n", list[i].name, list[i].about, there ? b->description : status_fact());
        if (there) backend_close(b);
    }
    return OK;
}

static Status schema(void)
{
    cJSON *j;
    char  *text;
    TRY(options_schema(job_table(), &j));
    Status s = json_print(&text, j, true);
    if (s == OK) printf("%s\n", text);
    free(text);
    cJSON_Delete(j);
    return s;
}

static Status arrays_json(const ArrayFile *f)
{
    cJSON *j = cJSON_CreateObject(), *arrays = cJSON_AddArrayToObject(j, "arrays"),
          *texts = cJSON_AddObjectToObject(j, "texts");
    Status s = json_add_string(j, "format", array_file_format(f));
    for (size_t i = 0; i < array_file_count(f) && s == OK; i++) {
        const ArrayInfo *info = array_file_at(f, i);
        cJSON           *one = cJSON_CreateObject(), *shape = cJSON_AddArrayToObject(one, "shape");
        s = json_add_string(one, "name", info->name);
        if (s == OK) s = json_add_string(one, "dtype", dtype_name(info->dtype));
        for (int k = 0; k < info->ndim && s == OK; k++)
            s = json_add(shape, NULL, cJSON_CreateNumber((double)info->shape[k]));
        if (s == OK) s = json_add(arrays, NULL, one);
    }
    for (size_t i = 0; i < array_file_text_count(f) && s == OK; i++)
        s = json_add_string(texts, array_file_text_key(f, i), array_file_text(f, array_file_text_key(f, i)));
    if (s == OK) s = print_json_line(j);
    cJSON_Delete(j);
    return s;
}

static void arrays_plain(const ArrayFile *f)
{
    int64_t elements = 0;
    for (size_t i = 0; i < array_file_text_count(f); i++) {
        const char *text = array_file_text(f, array_file_text_key(f, i));
        size_t      n = strlen(text);
        printf("%-16s %.*s%s\n", array_file_text_key(f, i), (int)(n > 90 ? 90 : n), text, n > 90 ? " ..." : "");
    }
    for (size_t i = 0; i < array_file_count(f); i++) {
        const ArrayInfo *info = array_file_at(f, i);
        char             shape[128] = "";
        for (int k = 0; k < info->ndim; k++)
            snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%" PRId64, k ? " x " : "", info->shape[k]);
        printf("%-5s %-20s %s\n", dtype_name(info->dtype), shape, info->name);
        elements += info->count;
    }
    printf("%zu arrays, %" PRId64 " elements\n", array_file_count(f), elements);
}

static Status array_file(const char *path, bool json)
{
    ArrayFile *f;
    TRY(array_file_open(&f, path));
    Status s = OK;
    if (json) s = arrays_json(f);
    else {
        printf("%s: %s\n", path, array_file_format(f));
        arrays_plain(f);
    }
    array_file_close(f);
    return s;
}

static Status model(const char *path, bool json)
{
    Bundle b;
    cJSON *config = NULL, *j = cJSON_CreateObject();
    TRY(bundle_open(&b, path, NULL));
    Status s = model_config_to_json(&b.config, &config);
    if (s == OK) s = json_add_string(j, "weights", b.path);
    if (s == OK) s = json_add_string(j, "task", b.task ? b.task : "embedding");
    if (s == OK) s = json_add_number(j, "labels", (double)b.labels.n);
    if (s == OK && b.step >= 0) s = json_add_number(j, "step", (double)b.step);
    if (s == OK) s = json_add(j, "config", config);
    char *text = NULL;
    if (s == OK) s = json_print(&text, j, !json);
    if (s == OK) printf("%s\n", text);
    if (s == OK && !json) arrays_plain(b.weights);
    free(text);
    cJSON_Delete(j);
    bundle_close(&b);
    return s;
}

static Status tokenizer(const char *path)
{
    Tokenizer *t;
    TRY(tokenizer_open(&t, path));
    printf("%s: tokenizer, %d tokens, hash %.16s\n", path, tokenizer_size(t), tokenizer_hash(t));
    tokenizer_free(t);
    return OK;
}

static Status run(const Args *args)
{
    const InspectArgs *a = args->options;
    if (a->backends) return backends();
    if (a->schema) return schema();
    TRY(args_need(args, &verb_inspect, 1, 1));
    const char *path = args->words[0];
    if (!file_exists(path))
        return hint(fail(ERR_IO, "there is no %s", path),
                    "name a checkpoint, a data set, a model folder or a tokenizer file");
    if (file_is_folder(path)) return model(path, a->json);
    if (strcmp(path_name(path), "tokenizer.json") == 0 || path_has_suffix(path, ".txt")) return tokenizer(path);
    return array_file(path, a->json);
}

const Verb verb_inspect = {
    .name = "inspect",
    .usage = "inspect FILE|MODEL | --backends | --schema",
    .about = "show what is in a checkpoint, data set, model or tokenizer file",
    .options = &table,
    .options_size = sizeof(InspectArgs),
    .run = run,
};
