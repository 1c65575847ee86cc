#include "model/bundle.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

enum { MAX_CLASSES = 1 << 20 };

void bundle_close(Bundle *b)
{
    array_file_close(b->weights);
    free(b->path);
    free(b->name);
    free(b->task);
    free(b->tokenizer_path);
    free(b->tokenizer_json);
    free(b->run_config);
    string_list_release(&b->labels);
    model_config_release(&b->config);
    *b = (Bundle){ 0 };
}

/* ---- checkpoints ---------------------------------------------------------------------------------------------------- */

static Status parse_text(const ArrayFile *f, const char *key, cJSON **out)
{
    const char *text = array_file_text(f, key);
    if (!text)
        return hint(fail(ERR_FORMAT, "%s is no whet checkpoint: it has no text \"%s\"", array_file_path(f), key),
                    "name a checkpoint that `whet train` wrote");
    return json_parse(out, text, strlen(text), array_file_path(f), JSON_STRICT);
}

static Status open_checkpoint(Bundle *b)
{
    cJSON      *config = NULL, *labels = NULL, *state = NULL;
    const char *path = b->path;
    Status      s = parse_text(b->weights, BUNDLE_TEXT_MODEL, &config);
    if (s == OK) s = model_config_read_json(&b->config, config, path);
    if (s == OK) s = parse_text(b->weights, BUNDLE_TEXT_LABELS, &labels);
    const cJSON *l;
    cJSON_ArrayForEach(l, labels) if (s == OK && cJSON_IsString(l)) s = string_list_add(&b->labels, l->valuestring);
    if (s == OK) s = parse_text(b->weights, BUNDLE_TEXT_STATE, &state);
    if (s == OK) s = json_get_int(&b->step, state, "step", -1, path);
    if (s == OK) s = json_get_int(&b->max_length, state, "max_length", 0, path);
    if (s == OK) s = text_copy(&b->task, array_file_text(b->weights, BUNDLE_TEXT_TASK));
    if (s == OK) s = text_copy(&b->tokenizer_json, array_file_text(b->weights, BUNDLE_TEXT_TOKENIZER));
    if (s == OK) s = text_copy(&b->run_config, array_file_text(b->weights, BUNDLE_TEXT_RUN));
    b->group = BUNDLE_GROUP;
    cJSON_Delete(config);
    cJSON_Delete(labels);
    cJSON_Delete(state);
    return s;
}

Status bundle_put_texts(ArrayFile *f, const Model *m, const char *tokenizer_json, const char *run_config)
{
    cJSON *config = NULL, *labels = json_strings((const char *const *)m->labels.items, m->labels.n);
    char  *config_text = NULL, *labels_text = NULL;
    Status s = labels ? model_config_to_json(&m->config, &config) : fail(ERR_MEMORY, "no memory for JSON");
    if (s == OK) s = json_print(&config_text, config, false);
    if (s == OK) s = json_print(&labels_text, labels, false);
    if (s == OK) s = array_file_put_text(f, BUNDLE_TEXT_MODEL, config_text);
    if (s == OK) s = array_file_put_text(f, BUNDLE_TEXT_LABELS, labels_text);
    if (s == OK) s = array_file_put_text(f, BUNDLE_TEXT_TASK, m->task->name);
    if (s == OK) s = array_file_put_text(f, BUNDLE_TEXT_TOKENIZER, tokenizer_json);
    if (s == OK) s = array_file_put_text(f, BUNDLE_TEXT_RUN, run_config);
    free(config_text);
    free(labels_text);
    cJSON_Delete(config);
    cJSON_Delete(labels);
    return s;
}

/* ---- published folders ---------------------------------------------------------------------------------------------- */

/* id2label: {"0": "name", ...}, keys 0 .. n-1 in any order. "LABEL_0" everywhere means that nobody named them. */
static Status read_labels(Bundle *b, const cJSON *config, const char *path)
{
    const cJSON *map = json_get(config, "id2label");
    int          n = cJSON_IsObject(map) ? cJSON_GetArraySize(map) : 0;
    if (n > MAX_CLASSES) return fail(ERR_FORMAT, "%s: id2label has %d entries", path, n);
    for (int i = 0; i < n; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        const cJSON *name = json_get(map, key);
        if (!cJSON_IsString(name)) return fail(ERR_FORMAT, "%s: id2label has no name for %d", path, i);
        TRY(string_list_add(&b->labels, name->valuestring));
    }
    return OK;
}

static Status read_pooling(Bundle *b, const char *folder)
{
    char  *path = NULL;
    cJSON *json = NULL;
    bool   first = false, mean = true;
    Status s = path_join(&path, folder, "1_Pooling/config.json");
    if (s == OK && file_exists(path)) {
        s = json_read_file(&json, path, JSON_STRICT);
        const char *mode = NULL;
        if (s == OK) s = json_get_string(&mode, json, "pooling_mode", NULL, path);
        if (s == OK) s = json_get_bool(&first, json, "pooling_mode_cls_token", false, path);
        if (s == OK) s = json_get_bool(&mean, json, "pooling_mode_mean_tokens", false, path);
        if (mode) { first = strcmp(mode, "cls") == 0; mean = strcmp(mode, "mean") == 0; }
        if (s == OK && first == mean)
            s = hint(fail(ERR_UNSUPPORTED, "%s: this way of pooling is not known", path),
                     "whet pools by the first token or by the mean");
    }
    if (s == OK && first) s = text_copy(&b->config.pooling, "first");
    cJSON_Delete(json);
    free(path);
    return s;
}

/* A chain of modules without "Normalize" leaves vectors as long as they are. */
static Status read_modules(Bundle *b, const char *folder)
{
    char        *path = NULL;
    cJSON       *json = NULL;
    const cJSON *m;
    Status s = path_join(&path, folder, "modules.json");
    if (s == OK && file_exists(path)) {
        s = json_read_file(&json, path, JSON_STRICT);
        b->config.normalize = false;
        cJSON_ArrayForEach(m, json) {
            const cJSON *type = json_get(m, "type");
            if (cJSON_IsString(type) && path_has_suffix(type->valuestring, ".Normalize")) b->config.normalize = true;
        }
    }
    cJSON_Delete(json);
    free(path);
    return s;
}

/* Where sentence-transformers cuts texts, when it is not where the model's positions end. */
static Status read_max_length(Bundle *b, const char *folder)
{
    char  *path = NULL;
    cJSON *json = NULL;
    Status s = path_join(&path, folder, "sentence_bert_config.json");
    if (s == OK && file_exists(path)) {
        s = json_read_file(&json, path, JSON_STRICT);
        if (s == OK) s = json_get_int(&b->max_length, json, "max_seq_length", 0, path);
    }
    cJSON_Delete(json);
    free(path);
    return s;
}

static Status open_folder(Bundle *b, const char *folder)
{
    char  *config_path = NULL;
    cJSON *config = NULL;
    Status s = path_join(&config_path, folder, "config.json");
    if (s == OK && !file_exists(config_path))
        s = hint(fail(ERR_IO, "%s has no config.json", folder),
                 "a MODEL is a run folder, a checkpoint .h5, or a folder with config.json and model.safetensors");
    if (s == OK) s = json_read_file(&config, config_path, JSON_STRICT);
    if (s == OK && !json_get(config, "model_type")) s = fail(ERR_FORMAT, "%s: there is no \"model_type\"", config_path);
    if (s == OK && (s = model_config_read_json(&b->config, config, config_path)) != OK)
        s = s == ERR_CONFIG ? ERR_FORMAT : s;
    const cJSON *classes = json_get(config, "architectures"), *whet = json_get(config, "whet");
    const TaskDef *task =
        cJSON_IsArray(classes) && cJSON_IsString(classes->child) ? task_of_class(classes->child->valuestring) : NULL;
    const char *own_task = NULL;
    ModelConfig *c = &b->config;
    if (s == OK) s = read_max_length(b, folder);
    if (s == OK && whet) s = json_get_string(&own_task, whet, "task", NULL, config_path);
    if (s == OK && whet) s = json_get_int(&b->max_length, whet, "max_length", b->max_length, config_path);
    if (s == OK && whet) s = json_get_bool(&c->pairs, whet, "pairs", c->pairs, config_path);
    if (s == OK && whet) s = json_get_bool(&c->no_answer, whet, "no_answer", c->no_answer, config_path);
    if (s == OK) s = read_labels(b, config, config_path);
    if (s == OK && task && task->problem_type && b->labels.n == 1) task = task_find("regression");
    if (s == OK && (own_task || (task && strcmp(task->class_suffix, "Model") != 0)))
        s = text_copy(&b->task, own_task ? own_task : task->name);
    if (s == OK) s = read_pooling(b, folder);
    if (s == OK) s = read_modules(b, folder);
    if (s == OK) s = path_join(&b->path, folder, "model.safetensors");
    if (s == OK) s = array_file_open(&b->weights, b->path);
    if (s == OK) s = text_copy(&b->tokenizer_path, folder);
    b->group = "";
    b->step = -1;
    cJSON_Delete(config);
    free(config_path);
    return s;
}

/* ---- which of the three --------------------------------------------------------------------------------------------- */

static Status checkpoint_of_run(char **out, const char *run, const char *which)
{
    static const char *const usual[] = { "best", "last" };
    if (which && path_has_suffix(which, ".h5")) {
        if (file_exists(which)) return text_copy(out, which);
        return text_format(out, "%s/checkpoints/%s", run, which);
    }
    for (size_t i = 0; i < COUNT(usual); i++) {
        if (which && strcmp(which, usual[i]) != 0) continue;
        TRY(text_format(out, "%s/checkpoints/%s.h5", run, usual[i]));
        if (file_exists(*out)) return OK;
    }
    if (which) return text_format(out, "%s/checkpoints/%s.h5", run, which);
    return hint(fail(ERR_IO, "the run %s has no checkpoint yet", run),
                "train it, or go on with `whet train CONFIG --resume`");
}

Status bundle_open(Bundle *b, const char *path, const char *checkpoint)
{
    *b = (Bundle){ .step = -1 };
    char  *runs = NULL;
    Status s = model_config_default(&b->config);
    if (s == OK) s = text_copy(&b->name, path_name(path));
    if (s == OK) s = path_join(&runs, path, "checkpoints");
    if (s == OK && !file_exists(path))
        s = hint(fail(ERR_IO, "there is no %s", path),
                 "a MODEL is a run folder, a checkpoint .h5, or a published checkpoint folder");
    else if (s == OK && file_is_folder(path) && !file_is_folder(runs)) s = open_folder(b, path);
    else if (s == OK) {
        s = file_is_folder(path) ? checkpoint_of_run(&b->path, path, checkpoint) : text_copy(&b->path, path);
        if (s == OK) s = array_file_open(&b->weights, b->path);
        if (s == OK) s = open_checkpoint(b);
    }
    free(runs);
    if (s != OK) {
        bundle_close(b);
        return during(s, "opening the model %s", path);
    }
    return OK;
}

Status bundle_model(const Bundle *b, Backend *backend, const char *task, Model **out)
{
    const TaskDef *def;
    LoadReport     report;
    Model         *m;
    TRY(task_need(&def, task ? task : b->task ? b->task : "embedding"));
    TRY(model_new(&m, backend, &b->config, def, &b->labels));
    Status s = weights_load(m, b->weights, b->group, false, &report);
    if (s == OK) s = params_fill_initial(&m->params, 0, 0);          /* what the file may lack is unused here */
    if (s == OK) *out = m;
    else model_free(m);
    return s;
}

static Status folder_config(const Model *m, int64_t max_length, cJSON **out)
{
    char   class_name[96];
    cJSON *j, *id2label, *label2id;
    TRY(model_config_to_json(&m->config, &j));
    static const char *const own[] = { "from", "tokenizer", "architecture", "pooling", "normalize", "pairs", "no_answer" };
    for (size_t i = 0; i < COUNT(own); i++) cJSON_DeleteItemFromObjectCaseSensitive(j, own[i]);
    if (m->config.classifier_dropout < 0) cJSON_DeleteItemFromObjectCaseSensitive(j, "classifier_dropout");
    snprintf(class_name, sizeof class_name, "%s%s", m->arch->class_name, m->task->class_suffix);
    Status s = json_add_string(j, "model_type", m->arch->name);
    if (s == OK) s = json_add(j, "architectures", json_strings((const char *const[]){ class_name }, 1));
    if (s == OK) s = json_add_string(j, "torch_dtype", "float32");
    if (s == OK) s = json_add_string(j, "position_embedding_type", "absolute");
    if (m->labels.n && s == OK) {
        id2label = cJSON_AddObjectToObject(j, "id2label");
        label2id = cJSON_AddObjectToObject(j, "label2id");
        for (size_t i = 0; i < m->labels.n && s == OK; i++) {
            char key[24];
            snprintf(key, sizeof key, "%zu", i);
            s = json_add_string(id2label, key, m->labels.items[i]);
            if (s == OK) s = json_add_number(label2id, m->labels.items[i], (double)i);
        }
    } else if (m->task->problem_type && s == OK) {      /* readers count the names to know the head's width */
        s = json_add_string(cJSON_AddObjectToObject(j, "id2label"), "0", "LABEL_0");
        if (s == OK) s = json_add_number(cJSON_AddObjectToObject(j, "label2id"), "LABEL_0", 0);
    }
    if (m->task->problem_type && s == OK) s = json_add_string(j, "problem_type", m->task->problem_type);
    cJSON *whet = cJSON_AddObjectToObject(j, "whet");
    if (s == OK) s = json_add_string(whet, "task", m->task->name);
    if (s == OK) s = json_add_number(whet, "max_length", (double)max_length);
    if (s == OK && m->config.pairs) s = json_add(whet, "pairs", cJSON_CreateTrue());
    if (s == OK && m->config.no_answer) s = json_add(whet, "no_answer", cJSON_CreateTrue());
    if (s == OK) *out = j;
    else cJSON_Delete(j);
    return s;
}

/* What sentence-transformers reads beside the encoder: the chain of modules, and how to pool. */
static Status write_pooling(const Model *m, const char *folder)
{
    static const char *const modules[][2] = { { "", "sentence_transformers.models.Transformer" },
                                              { "1_Pooling", "sentence_transformers.models.Pooling" },
                                              { "2_Normalize", "sentence_transformers.models.Normalize" } };
    bool   first = strcmp(m->config.pooling, "first") == 0;
    char  *path = NULL;
    cJSON *list = cJSON_CreateArray(), *pooling = cJSON_CreateObject();
    Status s = OK;
    for (int i = 0; i < (m->config.normalize ? 3 : 2) && s == OK; i++) {
        cJSON *one = cJSON_CreateObject();
        char   name[4] = { (char)('0' + i), 0 };
        s = json_add(list, NULL, one);
        if (s == OK) s = json_add_number(one, "idx", i);
        if (s == OK) s = json_add_string(one, "name", name);
        if (s == OK) s = json_add_string(one, "path", modules[i][0]);
        if (s == OK) s = json_add_string(one, "type", modules[i][1]);
    }
    if (s == OK) s = path_join(&path, folder, "modules.json");
    if (s == OK) s = json_write_file(list, path);
    if (s == OK) s = json_add_number(pooling, "word_embedding_dimension", (double)m->config.hidden_size);
    if (s == OK) s = json_add(pooling, "pooling_mode_cls_token", cJSON_CreateBool(first));
    if (s == OK) s = json_add(pooling, "pooling_mode_mean_tokens", cJSON_CreateBool(!first));
    if (s == OK) s = path_join(&path, folder, "1_Pooling");
    if (s == OK) s = file_make_folder(path);
    if (s == OK) s = path_join(&path, folder, "1_Pooling/config.json");
    if (s == OK) s = json_write_file(pooling, path);
    if (s == OK && m->config.normalize) {
        s = path_join(&path, folder, "2_Normalize");
        if (s == OK) s = file_make_folder(path);
    }
    cJSON_Delete(list);
    cJSON_Delete(pooling);
    free(path);
    return s;
}

Status bundle_write_folder(const Model *m, const char *folder, int64_t max_length)
{
    cJSON     *config = NULL;
    char      *path = NULL;
    ArrayFile *f = NULL;
    bool       with_prefix = strcmp(m->task->class_suffix, "Model") != 0;
    Status     s = file_make_folder(folder);
    if (s == OK) s = folder_config(m, max_length, &config);
    if (s == OK) s = path_join(&path, folder, "config.json");
    if (s == OK) s = json_write_file(config, path);
    if (s == OK) s = path_join(&path, folder, "model.safetensors");
    if (s == OK) s = array_file_create(&f, path, FORMAT_SAFETENSORS);
    if (s == OK) s = weights_declare(m, f, "", with_prefix);
    if (s == OK) s = weights_write(m, f, "", with_prefix);
    if (s == OK) s = array_file_commit(f);
    if (s == OK && !with_prefix) s = write_pooling(m, folder);
    array_file_close(f);
    cJSON_Delete(config);
    free(path);
    return s;
}
