/* io/safetensors.c: the format of github.com/huggingface/safetensors.
 *
 *   u64 N, little-endian | N bytes of JSON, begun by {, padded with spaces | data
 *   {"__metadata__": {"key": "text"}, "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}}
 *
 * Offsets count from the start of the data. Sorted by begin, arrays follow each other from 0 to the end of the file
 * without a hole or an overlap, so nothing can hide in a file and two names never share bytes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/text.h"
#include "io/array_file_internal.h"

#define HEADER_MAX ((uint64_t)100000000)
#define PLACE_MAX  ((uint64_t)1 << 49)       /* cJSON prints whole numbers without an exponent up to 10^15 */
enum { LENGTH_BYTES = 8, HEADER_ALIGN = 8, HEADER_MAX_VALUES = 1 << 23 };

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* One array as the header has it. */
typedef struct Span {
    const char *name;            /* borrowed from the JSON */
    ArrayInfo   info;
    uint64_t    begin, end;
} Span;

typedef struct Header {
    cJSON      *json;
    Span       *spans;           /* sorted by begin */
    size_t      n_spans;
    uint64_t    data_start;
} Header;

static void header_release(Header *h)
{
    cJSON_Delete(h->json);
    free(h->spans);
    *h = (Header){ 0 };
}

static bool is_size(const cJSON *v) { return json_is_integer(v) && v->valuedouble >= 0; }

static Status parse_span(Span *span, const cJSON *v, const char *path)
{
    const cJSON *dtype = NULL, *shape = NULL, *offsets = NULL;
    span->name = v->string;
    if (!cJSON_IsObject(v))
        return fail(ERR_FORMAT, "%s: the header's entry of \"%s\" is not an object", path, span->name);
    for (const cJSON *m = v->child; m; m = m->next) {
        if (strcmp(m->string, "dtype") == 0) dtype = m;
        else if (strcmp(m->string, "shape") == 0) shape = m;
        else if (strcmp(m->string, "data_offsets") == 0) offsets = m;
        else
            return fail(ERR_FORMAT, "%s: \"%s\" has a member \"%s\", which the format does not know", path, span->name,
                        m->string);
    }
    if (!cJSON_IsString(dtype)) return fail(ERR_FORMAT, "%s: \"%s\" has no text \"dtype\"", path, span->name);
    int known = dtype_from_name(dtype->valuestring);
    if (known < 0)
        return hint(fail(ERR_UNSUPPORTED, "%s: \"%s\" holds %.32s, which is not read", path, span->name,
                         dtype->valuestring),
                    "convert it to F32, F16 or BF16 (or an integer type of 64 bits at most, signed) first");
    span->info = (ArrayInfo){ .dtype = (DType)known };
    if (!cJSON_IsArray(shape)) return fail(ERR_FORMAT, "%s: \"%s\" has no list \"shape\"", path, span->name);
    for (const cJSON *d = shape->child; d; d = d->next) {
        if (span->info.ndim == ARRAY_MAX_DIMS)
            return fail(ERR_UNSUPPORTED, "%s: \"%s\" has more than %d dimensions", path, span->name, ARRAY_MAX_DIMS);
        if (!is_size(d))
            return fail(ERR_FORMAT, "%s: the shape of \"%s\" has an entry that is no whole number >= 0", path,
                        span->name);
        span->info.shape[span->info.ndim++] = (int64_t)d->valuedouble;
    }
    uint64_t bytes;
    TRY(array_info_check(&span->info, &bytes, path, span->name));
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 || !is_size(offsets->child) ||
        !is_size(offsets->child->next))
        return fail(ERR_FORMAT, "%s: \"data_offsets\" of \"%s\" is not a pair of whole numbers >= 0", path, span->name);
    span->begin = (uint64_t)offsets->child->valuedouble;
    span->end = (uint64_t)offsets->child->next->valuedouble;
    if (span->begin > span->end)
        return fail(ERR_FORMAT, "%s: the data of \"%s\" ends at %" PRIu64 ", before it begins at %" PRIu64, path,
                    span->name, span->end, span->begin);
    if (span->end - span->begin != bytes)
        return fail(ERR_FORMAT, "%s: \"%s\" needs %" PRIu64 " bytes by its shape, and has %" PRIu64 " by its offsets",
                    path, span->name, bytes, span->end - span->begin);
    return OK;
}

static int compare_spans(const void *a, const void *b)
{
    const Span *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;      /* empty arrays before the one that begins there */
    return strcmp(x->name, y->name);
}

/* Spans in order, without holes or overlaps, up to the end of the file. */
static Status check_layout(const Header *h, size_t file_size, const char *path)
{
    uint64_t have = file_size - h->data_start, end = 0, last = 0;
    for (size_t i = 0; i < h->n_spans; i++) if (h->spans[i].end > last) last = h->spans[i].end;
    if (last > have)
        return hint(fail(ERR_FORMAT, "%s: header promises %" PRIu64 " bytes, file has %zu", path, h->data_start + last,
                         file_size),
                    "the copy may be incomplete; compare its size with the source");
    for (size_t i = 0; i < h->n_spans; i++) {
        const Span *s = &h->spans[i];
        if (s->begin != end)
            return fail(ERR_FORMAT, "%s: the data of \"%s\" begins at %" PRIu64 ", where %" PRIu64 " is due: %s", path,
                        s->name, s->begin, end, s->begin > end ? "a hole" : "an overlap");
        end = s->end;
    }
    if (end < have)
        return hint(fail(ERR_FORMAT, "%s: %" PRIu64 " bytes follow after the last array", path, have - end),
                    "the header promises %" PRIu64 " bytes and the file has %zu; copy it again", h->data_start + end,
                    file_size);
    return OK;
}

static Status check_metadata(const cJSON *metadata, const char *path)
{
    if (!cJSON_IsObject(metadata)) return fail(ERR_FORMAT, "%s: \"__metadata__\" is not an object", path);
    for (const cJSON *m = metadata->child; m; m = m->next)
        if (!cJSON_IsString(m))
            return fail(ERR_FORMAT, "%s: \"%s\" in \"__metadata__\" is not a text", path, m->string);
    return OK;
}

/* Two bytes of JSON ("0,") become a node of 64: without a bound, 100 MB of header would take 3 GB of memory. */
static bool too_many_values(const char *text, size_t n)
{
    size_t commas = 0;
    bool   in_string = false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"') in_string = !in_string;
        else if (in_string && text[i] == '\\') i++;
        else commas += text[i] == ',' && !in_string;
    }
    return commas >= HEADER_MAX_VALUES;
}

static Status header_parse(Header *h, const char *bytes, size_t n, const char *path)
{
    *h = (Header){ 0 };
    if (n < LENGTH_BYTES)
        return hint(fail(ERR_FORMAT, "%s: %zu bytes, where a safetensors header takes at least 10", path, n),
                    "the copy may be incomplete; compare its size with the source");
    uint64_t length;
    memcpy(&length, bytes, sizeof length);
    if (length > HEADER_MAX)
        return hint(fail(ERR_FORMAT, "%s: a header of %" PRIu64 " bytes, where at most %" PRIu64 " are allowed", path,
                         length, HEADER_MAX),
                    "is this a safetensors file?");
    if (length > n - LENGTH_BYTES)
        return hint(fail(ERR_FORMAT, "%s: header promises %" PRIu64 " bytes, file has %zu", path, LENGTH_BYTES + length,
                         n),
                    "the copy may be incomplete; compare its size with the source");
    const char *text = bytes + LENGTH_BYTES;
    size_t      used = (size_t)length;
    while (used > 0 && text[used - 1] == ' ') used--;          /* the only padding allowed */
    if (used < 2 || text[0] != '{' || text[used - 1] != '}')
        return fail(ERR_FORMAT, "%s: the header is not a JSON object from { to }, padded with nothing but spaces",
                    path);
    if (too_many_values(text, used))
        return fail(ERR_FORMAT, "%s: the header has more than %d values", path, HEADER_MAX_VALUES);
    h->data_start = LENGTH_BYTES + length;

    TRY(json_parse(&h->json, text, used, path, JSON_REFUSE_NUL));
    size_t n_members = 0;
    for (const cJSON *v = h->json->child; v; v = v->next) n_members++;
    if (n_members > (size_t)ARRAY_MAX_COUNT + 1)
        return fail(ERR_FORMAT, "%s: more than %d arrays", path, ARRAY_MAX_COUNT);
    TRY(mem_new(&h->spans, n_members, sizeof *h->spans));
    for (const cJSON *v = h->json->child; v; v = v->next) {
        if (strcmp(v->string, "__metadata__") == 0) TRY(check_metadata(v, path));
        else TRY(parse_span(&h->spans[h->n_spans++], v, path));
    }
    qsort(h->spans, h->n_spans, sizeof *h->spans, compare_spans);
    return check_layout(h, n, path);
}

Status safetensors_parse_header(const char *bytes, size_t n, const char *name)
{
    Header h;
    Status s = header_parse(&h, bytes, n, name);
    header_release(&h);
    return s;
}

static bool detect(const char *path, const unsigned char *bytes, size_t n)
{
    return path_has_suffix(path, ".safetensors") || (n > LENGTH_BYTES && bytes[LENGTH_BYTES] == '{');
}

static Status open_file(ArrayFile *f)
{
    Header h;
    Status s = header_parse(&h, f->map.data, f->map.size, f->path);
    for (size_t i = 0; i < h.n_spans && s == OK; i++) {
        ArrayEntry *e;
        if ((s = array_file_add(f, &e, h.spans[i].name, &h.spans[i].info)) != OK) break;
        e->offset = h.data_start + h.spans[i].begin;
        e->placed = true;
    }
    const cJSON *metadata = s == OK ? json_get(h.json, "__metadata__") : NULL;
    for (const cJSON *m = metadata ? metadata->child : NULL; m && s == OK; m = m->next)
        s = array_file_add_text(f, m->string, m->valuestring, strlen(m->valuestring));
    header_release(&h);
    return s;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static Status create_file(ArrayFile *f)
{
    (void)f;
    return OK;
}

static Status declare(ArrayFile *f, ArrayEntry *e, int64_t chunk)
{
    (void)chunk;
    if (strcmp(e->name, "__metadata__") == 0)
        return fail(ERR_STATE, "%s: \"__metadata__\" cannot be the name of an array", f->path);
    return OK;
}

static Status add_numbers(cJSON *o, const char *key, const int64_t *numbers, int n)
{
    cJSON *list = cJSON_CreateArray();
    TRY(json_add(o, key, list));
    for (int i = 0; i < n; i++) TRY(json_add_number(list, NULL, (double)numbers[i]));
    return OK;
}

static Status add_entry(cJSON *header, const ArrayEntry *e, int64_t begin, int64_t end)
{
    cJSON *o = cJSON_CreateObject();
    TRY(json_add(header, e->name, o));
    TRY(json_add_string(o, "dtype", dtype_name(e->info.dtype)));
    TRY(add_numbers(o, "shape", e->info.shape, e->info.ndim));
    return add_numbers(o, "data_offsets", (int64_t[]){ begin, end }, 2);
}

static Status add_metadata(cJSON *header, const ArrayFile *f)
{
    cJSON *metadata = cJSON_CreateObject();
    TRY(json_add(header, "__metadata__", metadata));
    /* transformers refuses a file that does not say which framework's arrays these are. */
    if (!array_file_text(f, "format")) TRY(json_add_string(metadata, "format", "pt"));
    for (size_t i = 0; i < f->n_texts; i++) TRY(json_add_string(metadata, f->texts[i].key, f->texts[i].value));
    return OK;
}

/* Places the arrays and writes the header. Wider types come first, each width in the order of declaration: data that
 * starts at a multiple of 8 then stays aligned, as readers that view the mapping as float need it (PyTorch's does). */
static Status start(ArrayFile *f)
{
    cJSON   *header = cJSON_CreateObject();
    char    *json = NULL;
    uint64_t end = 0;             /* of what is placed so far, from the start of the data */
    Status   s = header ? add_metadata(header, f) : fail(ERR_MEMORY, "no memory for JSON");
    for (size_t width = 8; width > 0; width /= 2)
        for (size_t i = 0; i < f->n_entries && s == OK; i++) {
            ArrayEntry *e = f->entries[i];
            if (dtype_size(e->info.dtype) != width) continue;
            e->offset = end;
            uint64_t bytes = (uint64_t)e->info.count * width;
            if (bytes > PLACE_MAX - end)
                s = fail(ERR_SHAPE, "%s: the arrays take more than %" PRIu64 " bytes", f->path, PLACE_MAX);
            else s = add_entry(header, e, (int64_t)end, (int64_t)(end + bytes));
            end += bytes;
        }
    if (s == OK) s = json_print(&json, header, false);
    cJSON_Delete(header);
    if (s != OK) return s;

    Text   head = { 0 };
    size_t used = strlen(json), padded = (used + HEADER_ALIGN - 1) / HEADER_ALIGN * HEADER_ALIGN;
    if (padded > HEADER_MAX)
        s = fail(ERR_DATA, "%s: names and texts make a header of %zu bytes, where at most %" PRIu64 " are allowed",
                 f->path, padded, HEADER_MAX);
    uint64_t length = padded;
    if (s == OK) s = text_add(&head, &length, sizeof length);
    if (s == OK) s = text_addf(&head, "%s%*s", json, (int)(padded - used), "");
    if (s == OK) s = array_file_put(f, head.data, head.len, 0);
    for (size_t i = 0; i < f->n_entries && s == OK; i++) {
        f->entries[i]->offset += LENGTH_BYTES + length;
        f->entries[i]->placed = true;
    }
    text_release(&head);
    free(json);
    return s;
}

static Status finish(ArrayFile *f)
{
    (void)f;
    return OK;
}

static void close_file(ArrayFile *f) { (void)f; }

const ArrayFormatDef safetensors_format = {
    .name = "safetensors", .detect = detect, .open = open_file, .create = create_file, .declare = declare,
    .start = start, .finish = finish, .close = close_file,
};
