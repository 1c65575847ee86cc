/* train/run_log.c: metrics.jsonl, one object a line. Lines are appended and flushed; resume cuts what lies past the
 * checkpoint. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "train/run_internal.h"

static Status append(Run *r, const cJSON *line)
{
    char *path = NULL, *text = NULL;
    FILE *f = NULL;
    Status s = path_join(&path, r->job->output_dir, "metrics.jsonl");
    if (s == OK) s = json_print(&text, line, false);
    if (s == OK && !(f = fopen(path, "abe"))) s = fail(ERR_IO, "%s cannot be opened: %s", path, strerror(errno));
    if (s == OK && fprintf(f, "%s\n", text) < 0) s = fail(ERR_IO, "%s cannot be written: %s", path, strerror(errno));
    if (f && fclose(f) != 0 && s == OK)
        s = hint(fail(ERR_IO, "%s cannot be written: %s", path, strerror(errno)),
                 "free some space, then go on with --resume");
    free(path);
    free(text);
    return s;
}

static Status start_line(const Run *r, cJSON **out)
{
    cJSON *j = cJSON_CreateObject();
    Status s = json_add_number(j, "step", (double)r->state.step);
    if (s == OK) s = json_add_number(j, "epoch", run_epoch(r));
    if (s == OK) *out = j;
    else cJSON_Delete(j);
    return s;
}

Status run_log_step(Run *r, const StepLog *log)
{
    cJSON *j;
    TRY(start_line(r, &j));
    Status s = json_add_number(j, "loss", log->loss);
    if (s == OK) s = json_add_number(j, "learning_rate", log->learning_rate);
    if (s == OK) s = json_add_number(j, "grad_norm", log->grad_norm);
    if (s == OK) s = json_add_number(j, "tokens_per_second", log->tokens_per_second);
    if (s == OK) s = json_add_number(j, "samples_per_second", log->samples_per_second);
    if (s == OK) s = json_add_number(j, "memory_mib", log->memory_mib);
    if (s == OK) s = append(r, j);
    cJSON_Delete(j);
    return s;
}

Status run_log_eval(Run *r, const cJSON *report)
{
    cJSON *j;
    TRY(start_line(r, &j));
    Status s = OK;
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(report, "metrics")) {
        char         key[96];
        const cJSON *v = json_get(m, "value");
        snprintf(key, sizeof key, "eval_%s", m->string);
        if (s == OK) s = json_add_number(j, key, v ? v->valuedouble : 0);
    }
    if (s == OK) s = append(r, j);
    cJSON_Delete(j);
    return s;
}

Status run_log_cut(Run *r)
{
    char      *path = NULL;
    FileMap    m = { 0 };
    FileWriter w = { 0 };
    Status     s = path_join(&path, r->job->output_dir, "metrics.jsonl");
    if (s == OK && file_exists(path)) {
        if ((s = file_map(&m, path)) == OK) s = file_create(&w, path);
        for (size_t at = 0; s == OK && at < m.size;) {
            const char *end = memchr(m.data + at, '\n', m.size - at);
            if (!end) break;                                   /* a line that was cut off while it was written */
            size_t n = (size_t)(end - m.data) + 1 - at;
            cJSON *line = NULL;
            if (json_parse(&line, m.data + at, n, path, JSON_STRICT) == OK) {
                const cJSON *step = json_get(line, "step");
                if (cJSON_IsNumber(step) && step->valuedouble <= (double)r->state.step)
                    s = file_write(&w, m.data + at, n);
            }
            cJSON_Delete(line);
            at += n;
        }
        if (s == OK) s = file_commit(&w);
        file_abort(&w);
        file_unmap(&m);
        status_clear();
    }
    free(path);
    return s;
}
