#include "cli/init_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

/* ---- values ----------------------------------------------------------------------------------------------------- */

static Status put_string(Text *t, const char *s)              /* as JSON */
{
    TRY(text_add(t, "\"", 1));
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') TRY(text_addf(t, "\\%c", c));
        else if (c < 0x20) TRY(text_addf(t, "\\u%04x", c));
        else TRY(text_add(t, s, 1));
    }
    return text_add(t, "\"", 1);
}

/* Relative to the folder when it lies below it. What follows an archive's // or a file's # is left as it is. */
static Status put_path(Text *t, const char *path, const char *folder)
{
    const char *inside = strstr(path, "//");
    char       *outer = NULL, *full = NULL, *base = NULL;
    size_t      n = strlen(folder);
    Status      s = text_format(&outer, "%.*s", inside ? (int)(inside - path) : (int)strlen(path), path);
    if (s == OK) s = path_absolute(&full, outer);
    if (s == OK) s = path_absolute(&base, folder);
    if (s == OK) {
        n = strlen(base);
        bool  below = strncmp(full, base, n) == 0 && full[n] == '/';
        char *whole = NULL;
        s = text_format(&whole, "%s%s", below ? full + n + 1 : full, inside ? inside : "");
        if (s == OK) s = put_string(t, whole);
        free(whole);
    }
    free(outer);
    free(full);
    free(base);
    return s;
}

static Status put_paths(Text *t, const StringList *paths, const char *folder)
{
    if (paths->n == 1) return put_path(t, paths->items[0], folder);
    TRY(text_addf(t, "["));
    for (size_t i = 0; i < paths->n; i++) {
        TRY(text_addf(t, "%s", i ? ",\n              " : " "));
        TRY(put_path(t, paths->items[i], folder));
    }
    return text_addf(t, " ]");
}

static Status put_columns(Text *t, const StringList *names)
{
    TRY(text_addf(t, "["));
    for (size_t i = 0; i < names->n; i++) {
        if (i) TRY(text_addf(t, ", "));
        TRY(put_string(t, names->items[i]));
    }
    return text_addf(t, "]");
}

static bool is(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

/* ---- the recipe ------------------------------------------------------------------------------------------------- */

typedef struct Recipe { double learning_rate, head_learning_rate, epochs; int batch; const char *why; } Recipe;

/* Small sets want more passes and smaller batches; narrow encoders take larger steps than wide ones. */
static Recipe choose_recipe(const Guess *g, const InitModel *model)
{
    static const struct { int64_t rows; double epochs; int batch; } sizes[] = {
        { 500, 12, 8 }, { 2000, 8, 16 }, { 10000, 5, 16 }, { 50000, 3, 32 }, { INT64_MAX, 2, 32 },
    };
    Recipe r = { .learning_rate = model->hidden_size <= 384 ? 2e-4 : model->hidden_size <= 512 ? 1e-4 : 3e-5 };
    for (size_t i = 0; i < COUNT(sizes) && r.epochs == 0; i++)
        if (g->n_rows < sizes[i].rows) {
            r.epochs = sizes[i].epochs;
            r.batch = sizes[i].batch;
        }
    if (is(g->task, "sequence-classification") && model->hidden_size <= 512)
        r.head_learning_rate = 10 * r.learning_rate;
    if (is(g->task, "question-answering")) r.epochs = r.epochs > 3 ? 3 : r.epochs;
    if (is(g->task, "masked-lm")) r.epochs = r.epochs > 3 ? 3 : r.epochs;
    return r;
}

/* ---- the sections ----------------------------------------------------------------------------------------------- */

/* A comment of words over as many lines as it takes. */
static Status put_comment(Text *t, const char *indent, const char *words)
{
    enum { WIDTH = 112 };
    size_t column = 0;
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, " \r\n");
        if (column == 0 || column + n + 1 > WIDTH) {
            TRY(text_addf(t, "%s%s//", column ? "\n" : "", indent));
            column = strlen(indent) + 2;
        }
        TRY(text_addf(t, " %.*s", (int)n, p));
        column += n + 1;
        p += n + strspn(p + n, " \r\n");
    }
    return text_addf(t, "\n");
}

static Status put_head(Text *t, const Guess *g)
{
    TRY(text_addf(t, "// Written by `whet init`. What it found:\n"));
    for (size_t i = 0; i < g->reasons.n; i++) {
        char *line = NULL;
        TRY(text_format(&line, "- %s", g->reasons.items[i]));
        Status s = put_comment(t, "", line);
        free(line);
        TRY(s);
    }
    if (is(g->task, "masked-lm"))
        TRY(put_comment(t, "",
                        "masked-lm pretrains an encoder on the texts; afterwards its export is where a classifier can "
                        "start (model.from). Text generation is not trained yet."));
    return OK;
}

static Status put_member(Text *t, const char *key, const char *value, const char *comment)
{
    if (!value) return OK;
    TRY(text_addf(t, "    \"%s\": ", key));
    TRY(put_string(t, value));
    return text_addf(t, ",%s%s\n", comment ? "      // " : "", comment ? comment : "");
}

static Status put_validation(Text *t, const Guess *g, const char *folder)
{
    TRY(text_addf(t, "    \"validation\": "));
    if (isdigit((unsigned char)g->validation[0]) && strcmp(g->validation, "0.1") == 0)
        return text_addf(t, "0.1,      // a tenth of the training rows, every class in proportion; or a file\n");
    TRY(put_path(t, g->validation, folder));
    return text_addf(t, ",\n");
}

static Status put_data(Text *t, const Guess *g, const char *folder, int64_t max_length)
{
    TRY(text_addf(t, "  \"data\": {\n    \"train\": "));
    TRY(put_paths(t, &g->train, folder));
    TRY(text_addf(t, ",\n"));
    TRY(put_validation(t, g, folder));
    if (g->test.n > 0) {
        TRY(text_addf(t, "    \"test\": "));
        TRY(put_paths(t, &g->test, folder));
        TRY(text_addf(t, ",      // `whet eval RUN --split test`; it never chooses anything\n"));
    }
    TRY(put_member(t, "format", g->format, NULL));
    if (g->columns.n > 0) {
        TRY(text_addf(t, "    \"columns\": "));
        TRY(put_columns(t, &g->columns));
        TRY(text_addf(t, ",      // names for a table without a header, in order\n"));
    }
    TRY(put_member(t, "text", g->text, NULL));
    TRY(put_member(t, "text_pair", g->pair, NULL));
    TRY(put_member(t, "label", g->label,
                   is(g->label, "@file")     ? "the file's name"
                   : is(g->label, "@folder") ? "the folder's name"
                                             : NULL));
    TRY(put_member(t, "group", g->group, "rows of one stay on one side of a split"));
    if (g->n_bad > 0) TRY(put_member(t, "on_bad_row", "skip", "count them; `whet prepare` lists the first ones"));
    return text_addf(t, "    \"max_length\": %lld      // tokens; the longest row seen has %lld\n  },\n",
                     (long long)max_length, (long long)g->longest);
}

static Status put_train(Text *t, const Guess *g, const Recipe *r)
{
    TRY(text_addf(t, "  \"train\": {\n    \"learning_rate\": %g,\n", r->learning_rate));
    if (r->head_learning_rate > 0)
        TRY(text_addf(t, "    \"head_learning_rate\": %g,      // the head is new\n", r->head_learning_rate));
    TRY(text_addf(t, "    \"num_train_epochs\": %g,      // for about %lld rows\n", r->epochs, (long long)g->n_rows));
    if (is(g->task, "masked-lm")) TRY(text_addf(t, "    \"whole_word_mask\": true,\n"));
    TRY(text_addf(t, "    \"per_device_train_batch_size\": %d,\n", r->batch));
    return text_addf(t, "    \"warmup_ratio\": 0.1,\n    \"weight_decay\": 0.01,\n    \"seed\": 42\n  }\n}\n");
}

Status init_config_write(Text *out, const Guess *g, const InitModel *model, const char *folder)
{
    Recipe  r = choose_recipe(g, model);
    int64_t longest = model->max_length > 0 && g->max_length > model->max_length ? model->max_length : g->max_length;
    TRY(put_head(out, g));
    TRY(text_addf(out, "{\n  \"name\": "));
    TRY(put_string(out, g->name));
    TRY(text_addf(out, ",\n  \"task\": \"%s\",\n  \"model\": { \"from\": ", g->task));
    TRY(put_path(out, model->path, folder));
    TRY(text_addf(out, "%s },\n", g->n_unanswered > 0 ? ", \"no_answer\": true" : ""));
    TRY(put_data(out, g, folder, longest));
    return put_train(out, g, &r);
}
