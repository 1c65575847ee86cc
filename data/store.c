/* data/store.c: tokenised examples in an HDF5 file.
 *
 *   ids       (tokens)    narrowest integer that holds the vocabulary        words     (tokens)  word of each token
 *   segments  (tokens)    only for pairs                                     offsets   (n + 1)   where example i begins
 *   labels    (n)         class, -1 none                                     lines     (n)       in the source file
 *   lengths   (n)         tokens before max_length cut it                    label_names         a JSON list, as bytes
 *
 * and as text: source (the file's name), file_hash, tokenizer_hash, settings (JSON) and content_hash over all of them.
 * What is one number an example is read when the file is opened (24 bytes each). Tokens are read a range at a time, or
 * kept in memory as they lie in the file while they are few: a range costs some 2 microseconds of the library's time,
 * more than tokenising a short text again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"
#include "data/dataset_internal.h"
#include "io/array_file.h"

enum { CHUNK = 1 << 14, STORE_MAX_LABEL_BYTES = 64 << 20 };

/* ---- a column of integers in the file, int32 in memory ---------------------------------------------------------- */

static DType narrowest(int64_t max)
{
    return max <= INT8_MAX ? DTYPE_I8 : max <= INT16_MAX ? DTYPE_I16 : DTYPE_I32;
}

static bool narrow(void *out, const int32_t *in, size_t n, DType t)      /* false: a value does not fit */
{
    int8_t  *b = out;
    int16_t *h = out;
    int32_t *w = out;
    for (size_t i = 0; i < n; i++) {
        if (t == DTYPE_I8) b[i] = (int8_t)in[i];
        else if (t == DTYPE_I16) h[i] = (int16_t)in[i];
        else w[i] = in[i];
        if ((t == DTYPE_I8 && b[i] != in[i]) || (t == DTYPE_I16 && h[i] != in[i])) return false;
    }
    return true;
}

static void widen_in_place(int32_t *values, size_t n, DType t)      /* from the end, as the wide values are longer */
{
    const char *bytes = (const char *)values;
    int16_t     h;
    if (t == DTYPE_I8) while (n-- > 0) values[n] = (int8_t)bytes[n];
    else if (t == DTYPE_I16)
        while (n-- > 0) {
            memcpy(&h, bytes + n * sizeof h, sizeof h);
            values[n] = h;
        }
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

typedef struct Column {
    const char *name;
    DType       dtype;
    int32_t    *values;                /* waiting to be appended */
    size_t      n, cap;
} Column;

struct StoreWriter {
    ArrayFile *file;
    Column     ids, words, segments;
    int64_t   *lines, *offsets;        /* (n), (n + 1) */
    int32_t   *labels, *lengths;       /* (n) */
    size_t     cap_lines, cap_offsets, cap_labels, cap_lengths;
    int64_t    n, n_tokens;
    bool       pairs;
};

static Status column_flush(StoreWriter *w, Column *c)
{
    if (c->n == 0) return OK;
    char *out;
    TRY(mem_new(&out, c->n, dtype_size(c->dtype)));
    Status s = narrow(out, c->values, c->n, c->dtype)
        ? array_file_append(w->file, c->name, (int64_t)c->n, out)
        : fail(ERR_UNSUPPORTED, "%s: a value in %s does not fit its type, %s", array_file_path(w->file), c->name,
               dtype_name(c->dtype));
    free(out);
    c->n = 0;
    return s;
}

static Status column_add(StoreWriter *w, Column *c, const int32_t *values, size_t n)
{
    if (c->n + n > CHUNK) TRY(column_flush(w, c));
    TRY(mem_grow(&c->values, &c->cap, c->n + n, sizeof *c->values));
    memcpy(c->values + c->n, values, n * sizeof *values);
    c->n += n;
    return OK;
}

Status store_create(StoreWriter **out, const char *path, int32_t vocab_size, int64_t max_length, bool pairs)
{
    *out = NULL;
    StoreWriter *w;
    TRY(mem_new(&w, 1, sizeof *w));
    DType words = narrowest(max_length > 0 ? max_length : INT32_MAX);
    w->pairs = pairs;
    w->ids = (Column){ .name = "ids", .dtype = narrowest(vocab_size) };
    w->words = (Column){ .name = "words", .dtype = words };
    w->segments = (Column){ .name = "segments", .dtype = DTYPE_I8 };
    Column *all[] = { &w->ids, &w->words, &w->segments };
    Status  s = array_file_create(&w->file, path, FORMAT_HDF5);
    for (size_t i = 0; s == OK && i < COUNT(all) - !pairs; i++)
        s = array_file_declare_growing(w->file, all[i]->name, all[i]->dtype, CHUNK);
    if (s == OK) s = mem_grow(&w->offsets, &w->cap_offsets, 1, sizeof *w->offsets);
    if (s == OK) *out = w;
    else store_abort(w);
    return s;
}

Status store_add(StoreWriter *w, const Example *e)
{
    size_t n = (size_t)w->n + 1;
    TRY(mem_grow(&w->lines, &w->cap_lines, n, sizeof *w->lines));
    TRY(mem_grow(&w->offsets, &w->cap_offsets, n + 1, sizeof *w->offsets));
    TRY(mem_grow(&w->labels, &w->cap_labels, n, sizeof *w->labels));
    TRY(mem_grow(&w->lengths, &w->cap_lengths, n, sizeof *w->lengths));
    TRY(column_add(w, &w->ids, e->ids, (size_t)e->n));
    TRY(column_add(w, &w->words, e->words, (size_t)e->n));
    if (w->pairs) TRY(column_add(w, &w->segments, e->segments, (size_t)e->n));
    w->labels[w->n] = e->label;
    w->lengths[w->n] = (int32_t)e->n_untruncated;
    w->lines[w->n++] = e->line;
    w->n_tokens += e->n;
    w->offsets[w->n] = w->n_tokens;
    return OK;
}

static Status write_whole(ArrayFile *f, const char *name, DType t, int64_t n, const void *data)
{
    TRY(array_file_declare(f, name, t, &n, 1));
    return n ? array_file_write(f, name, 0, n, data) : OK;
}

static Status write_labels(ArrayFile *f, const Labels *l)
{
    char  *text = NULL;
    cJSON *names = l->n ? cJSON_CreateStringArray((const char *const *)l->names, l->n) : cJSON_CreateArray();
    Status s = names ? json_print(&text, names, false) : fail(ERR_MEMORY, "no memory for %d label names", l->n);
    if (s == OK) s = write_whole(f, "label_names", DTYPE_U8, (int64_t)strlen(text), text);
    cJSON_Delete(names);
    free(text);
    return s;
}

static Status finish(StoreWriter *w, const StoreInfo *info)
{
    char bad[32];
    snprintf(bad, sizeof bad, "%" PRId64, info->n_bad);
    Column *all[] = { &w->ids, &w->words, &w->segments };
    for (size_t i = 0; i < COUNT(all) - !w->pairs; i++) TRY(column_flush(w, all[i]));
    TRY(write_whole(w->file, "offsets", DTYPE_I64, w->n + 1, w->offsets));
    TRY(write_whole(w->file, "lines", DTYPE_I64, w->n, w->lines));
    TRY(write_whole(w->file, "labels", DTYPE_I32, w->n, w->labels));
    TRY(write_whole(w->file, "lengths", DTYPE_I32, w->n, w->lengths));
    TRY(write_labels(w->file, &info->labels));
    TRY(array_file_put_text(w->file, "kind", "dataset"));
    TRY(array_file_put_text(w->file, "source", info->source));
    TRY(array_file_put_text(w->file, "file_hash", info->file_hash));
    TRY(array_file_put_text(w->file, "tokenizer_hash", info->tokenizer_hash));
    TRY(array_file_put_text(w->file, "settings", info->settings));
    TRY(array_file_put_text(w->file, "content_hash", info->content_hash));
    TRY(array_file_put_text(w->file, "bad_rows", bad));
    return array_file_commit(w->file);
}

Status store_commit(StoreWriter *w, const StoreInfo *info)
{
    Status s = finish(w, info);
    store_abort(w);
    return s;
}

void store_abort(StoreWriter *w)
{
    if (!w) return;
    array_file_close(w->file);
    free(w->ids.values);
    free(w->words.values);
    free(w->segments.values);
    free(w->labels);
    free(w->lengths);
    free(w->lines);
    free(w->offsets);
    free(w);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct Store {
    ArrayFile       *file;
    StoreInfo        info;
    const ArrayInfo *ids, *words, *segments;      /* segments NULL: all 0 */
    char            *kept_ids, *kept_words, *kept_segments;      /* the whole arrays, or NULL */
    int64_t         *offsets, *lines;
    int32_t         *labels, *lengths;
    int64_t          n, n_truncated;
    int32_t          vocab_size;
    int32_t         *out_ids, *out_words, *out_segments;      /* the example given out last */
    size_t           cap_ids, cap_words, cap_segments;
};

static Status damaged(const Store *s, const char *what)
{
    return hint(fail(ERR_FORMAT, "%s: %s", array_file_path(s->file), what), "prepare the data again");
}

static Status need_array(Store *s, const char *name, const ArrayInfo **out)
{
    *out = array_file_find(s->file, name);
    if (!*out || (*out)->ndim != 1) return damaged(s, "not a prepared data set: an array is missing");
    return OK;
}

static Status read_whole(Store *s, const char *name, DType t, int64_t n, void *out_pointer)
{
    const ArrayInfo *info;
    void            *p;
    TRY(need_array(s, name, &info));
    if (info->dtype != t || info->count != n)
        return damaged(s, "not a prepared data set: an array has another size or type");
    TRY(mem_new(out_pointer, (size_t)n, dtype_size(t)));
    memcpy(&p, out_pointer, sizeof p);
    return n ? array_file_read(s->file, info, 0, n, p) : OK;
}

static Status need_text(Store *s, const char *key, const char **out)
{
    *out = array_file_text(s->file, key);
    return *out ? OK : damaged(s, "not a prepared data set: a text is missing");
}

static Status read_labels(Store *s)
{
    const ArrayInfo *info;
    char            *text;
    cJSON           *json = NULL;
    TRY(need_array(s, "label_names", &info));
    if (info->count > STORE_MAX_LABEL_BYTES || info->dtype != DTYPE_U8)
        return damaged(s, "the label names are too long");
    TRY(mem_new(&text, (size_t)info->count + 1, 1));
    Status st = array_file_read(s->file, info, 0, info->count, text);
    if (st == OK) st = json_parse(&json, text, (size_t)info->count, "label_names", JSON_REFUSE_NUL);
    free(text);
    int n = cJSON_GetArraySize(json);
    if (st == OK && n > DATASET_MAX_LABELS) st = damaged(s, "too many labels");
    if (st == OK) st = mem_new(&s->info.labels.names, (size_t)n, sizeof *s->info.labels.names);
    const cJSON *name;
    if (st == OK)
        cJSON_ArrayForEach(name, json) {
            if (st == OK && !cJSON_IsString(name)) st = damaged(s, "a label is no text");
            if (st == OK) st = text_copy(&s->info.labels.names[s->info.labels.n], name->valuestring);
            if (st == OK) s->info.labels.n++;
        }
    cJSON_Delete(json);
    return st;
}

static Status check(Store *s)
{
    int64_t tokens = s->ids->count;
    if (s->words->count != tokens || (s->segments && s->segments->count != tokens))
        return damaged(s, "arrays of unequal length");
    if (s->offsets[0] != 0 || s->offsets[s->n] != tokens) return damaged(s, "the offsets do not fit the tokens");
    for (int64_t i = 0; i < s->n; i++) {
        int64_t n = s->offsets[i + 1] - s->offsets[i];
        if (s->offsets[i] < 0 || n < 1 || n > INT32_MAX) return damaged(s, "the offsets do not fit the tokens");
        if (s->labels[i] < -1 || s->labels[i] >= s->info.labels.n) return damaged(s, "a class that has no name");
        s->n_truncated += s->lengths[i] > n;
    }
    return OK;
}

static Status read_all(Store *s, const char *path)
{
    const char      *kind, *bad;
    const ArrayInfo *offsets;
    TRY(array_file_open(&s->file, path));
    TRY(need_text(s, "kind", &kind));
    if (strcmp(kind, "dataset") != 0) return damaged(s, "not a prepared data set");
    TRY(need_text(s, "source", &s->info.source));
    TRY(need_text(s, "file_hash", &s->info.file_hash));
    TRY(need_text(s, "tokenizer_hash", &s->info.tokenizer_hash));
    TRY(need_text(s, "settings", &s->info.settings));
    TRY(need_text(s, "content_hash", &s->info.content_hash));
    TRY(need_text(s, "bad_rows", &bad));
    s->info.n_bad = strtoll(bad, NULL, 10);
    TRY(need_array(s, "offsets", &offsets));
    if (offsets->count < 2) return damaged(s, "no examples");
    s->n = offsets->count - 1;
    TRY(read_whole(s, "offsets", DTYPE_I64, s->n + 1, &s->offsets));
    TRY(read_whole(s, "lines", DTYPE_I64, s->n, &s->lines));
    TRY(read_whole(s, "labels", DTYPE_I32, s->n, &s->labels));
    TRY(read_whole(s, "lengths", DTYPE_I32, s->n, &s->lengths));
    TRY(read_labels(s));
    TRY(need_array(s, "ids", &s->ids));
    TRY(need_array(s, "words", &s->words));
    s->segments = array_file_find(s->file, "segments");
    const ArrayInfo *tokens[] = { s->ids, s->words, s->segments };
    for (size_t i = 0; i < COUNT(tokens); i++)
        if (tokens[i] && tokens[i]->dtype != DTYPE_I8 && tokens[i]->dtype != DTYPE_I16 && tokens[i]->dtype != DTYPE_I32)
            return damaged(s, "tokens are no integers");
    return check(s);
}

static Status keep(Store *s, const ArrayInfo *info, char **out)
{
    if (!info || info->count == 0) return OK;
    TRY(mem_new(out, (size_t)info->count, dtype_size(info->dtype)));
    return array_file_read(s->file, info, 0, info->count, *out);
}

static Status keep_tokens(Store *s, size_t memory)
{
    size_t each = dtype_size(s->ids->dtype) + dtype_size(s->words->dtype) +
                  (s->segments ? dtype_size(s->segments->dtype) : 0);
    if ((size_t)s->ids->count > memory / each) return OK;
    TRY(keep(s, s->ids, &s->kept_ids));
    TRY(keep(s, s->words, &s->kept_words));
    return keep(s, s->segments, &s->kept_segments);
}

Status store_open(Store **out, const char *path, int32_t vocab_size, size_t memory)
{
    *out = NULL;
    Store *s;
    TRY(mem_new(&s, 1, sizeof *s));
    s->vocab_size = vocab_size;
    Status st = read_all(s, path);
    if (st == OK) st = keep_tokens(s, memory);
    if (st == OK) *out = s;
    else store_close(s);
    return st;
}

void store_close(Store *s)
{
    if (!s) return;
    array_file_close(s->file);
    labels_release(&s->info.labels);
    free(s->offsets);
    free(s->lines);
    free(s->labels);
    free(s->lengths);
    free(s->kept_ids);
    free(s->kept_words);
    free(s->kept_segments);
    free(s->out_ids);
    free(s->out_words);
    free(s->out_segments);
    free(s);
}

int64_t          store_count(const Store *s) { return s->n; }
int64_t          store_n_truncated(const Store *s) { return s->n_truncated; }
int64_t          store_n_tokens(const Store *s) { return s->offsets[s->n]; }
const StoreInfo *store_info(const Store *s) { return &s->info; }

static Status read_tokens(Store *s, const ArrayInfo *info, const char *kept, int64_t first, int64_t n, int32_t **out,
                          size_t *cap)
{
    TRY(mem_grow(out, cap, (size_t)n, sizeof **out));
    if (!info) return OK;                               /* segments: grown memory is zero and stays so */
    size_t size = dtype_size(info->dtype);
    if (kept) memcpy(*out, kept + (size_t)first * size, (size_t)n * size);
    else TRY(array_file_read(s->file, info, first, n, *out));
    widen_in_place(*out, (size_t)n, info->dtype);
    return OK;
}

Status store_example(Store *s, int64_t i, Example *out)
{
    int64_t first = s->offsets[i], n = s->offsets[i + 1] - first;
    TRY(read_tokens(s, s->ids, s->kept_ids, first, n, &s->out_ids, &s->cap_ids));
    TRY(read_tokens(s, s->words, s->kept_words, first, n, &s->out_words, &s->cap_words));
    TRY(read_tokens(s, s->segments, s->kept_segments, first, n, &s->out_segments, &s->cap_segments));
    for (int64_t k = 0; k < n; k++)
        if (s->out_ids[k] < 0 || s->out_ids[k] >= s->vocab_size)
            return damaged(s, "a token that the tokenizer does not have");
    *out = (Example){ .ids = s->out_ids, .segments = s->out_segments, .words = s->out_words, .n = n,
                      .n_untruncated = s->lengths[i], .label = s->labels[i], .line = s->lines[i],
                      .truncated = s->lengths[i] > n };
    return OK;
}
