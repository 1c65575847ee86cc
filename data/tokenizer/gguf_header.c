/* data/tokenizer/gguf_header.c: reading and checking the key/value part of a GGUF file. */
#include "data/tokenizer/gguf_header.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"

static const struct { const char *name; size_t size; } types[GGUF_N_TYPES] = {
    [GGUF_U8] = { "u8", 1 },   [GGUF_I8] = { "i8", 1 },   [GGUF_U16] = { "u16", 2 }, [GGUF_I16] = { "i16", 2 },
    [GGUF_U32] = { "u32", 4 }, [GGUF_I32] = { "i32", 4 }, [GGUF_F32] = { "f32", 4 }, [GGUF_BOOL] = { "bool", 1 },
    [GGUF_U64] = { "u64", 8 }, [GGUF_I64] = { "i64", 8 }, [GGUF_F64] = { "f64", 8 }, [GGUF_STRING] = { "string", 0 },
    [GGUF_ARRAY] = { "array", 0 },
};

typedef struct Reader { const unsigned char *at, *begin, *end; const char *name; } Reader;

static uint64_t little(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static Status broken(const Reader *r, const char *what)
{
    return hint(fail(ERR_FORMAT, "%s: %s at byte %zu", r->name, what, (size_t)(r->at - r->begin)),
                "the copy may be incomplete; compare its size with the source");
}

static Status read_number(Reader *r, size_t n, uint64_t *out)
{
    if ((size_t)(r->end - r->at) < n) return broken(r, "the file ends inside the header");
    *out = little(r->at, n);
    r->at += n;
    return OK;
}

static Status read_string(Reader *r, GgufBytes *out)
{
    uint64_t n = 0;
    TRY(read_number(r, 8, &n));
    if (n > GGUF_MAX_STRING || n > (size_t)(r->end - r->at)) return broken(r, "a string too long");
    *out = (GgufBytes){ (const char *)r->at, (size_t)n };
    r->at += n;
    return OK;
}

static bool is_finite(const unsigned char *p, GgufType type)
{
    if (type == GGUF_F32) {
        uint32_t bits = (uint32_t)little(p, 4);
        float    v;
        memcpy(&v, &bits, sizeof v);
        return isfinite(v);
    }
    uint64_t bits = little(p, 8);
    double   v;
    memcpy(&v, &bits, sizeof v);
    return isfinite(v);
}

/* `count` values of one type that is no array. */
static Status skip_values(Reader *r, GgufType type, uint64_t count)
{
    size_t size = types[type].size;
    if (type == GGUF_STRING) {
        GgufBytes s;
        for (uint64_t i = 0; i < count; i++) TRY(read_string(r, &s));
        return OK;
    }
    if (count > (size_t)(r->end - r->at) / size) return broken(r, "values beyond the end of the file");
    for (uint64_t i = 0; i < count; i++, r->at += size) {
        if (type == GGUF_BOOL && *r->at > 1) return broken(r, "a bool that is neither 0 nor 1");
        if ((type == GGUF_F32 || type == GGUF_F64) && !is_finite(r->at, type))
            return broken(r, "a number that is not finite");
    }
    return OK;
}

static Status read_pair(Reader *r, GgufPair *pair)
{
    uint64_t type = 0, element = 0;
    TRY(read_string(r, &pair->key));
    if (pair->key.n == 0 || pair->key.n > 65535) return broken(r, "a key of no bytes or more than 65535");
    TRY(read_number(r, 4, &type));
    if (type >= GGUF_N_TYPES) return broken(r, "a value of unknown type");
    pair->count = 1;
    if (type == GGUF_ARRAY) {
        TRY(read_number(r, 4, &element));
        if (element >= GGUF_N_TYPES || element == GGUF_ARRAY) return broken(r, "an array of arrays or of unknown type");
        TRY(read_number(r, 8, &pair->count));
        if (pair->count > GGUF_MAX_ARRAY) return broken(r, "an array of more than 2^24 elements");
    }
    pair->type = (GgufType)type;
    pair->element = (GgufType)(type == GGUF_ARRAY ? element : type);
    pair->data = r->at;
    return skip_values(r, pair->element, pair->count);
}

static int compare_keys(const void *a, const void *b)
{
    const GgufBytes *x = &((const GgufPair *)a)->key, *y = &((const GgufPair *)b)->key;
    int c = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);
    return c != 0 ? c : x->n < y->n ? -1 : x->n > y->n;
}

static Status read_pairs(Reader *r, GgufHeader *out, uint64_t n_pairs)
{
    TRY(mem_new(&out->pairs, (size_t)n_pairs, sizeof *out->pairs));
    for (out->n = 0; out->n < n_pairs; out->n++) TRY(read_pair(r, &out->pairs[out->n]));
    if (out->n > 0) qsort(out->pairs, out->n, sizeof *out->pairs, compare_keys);
    for (size_t i = 1; i < out->n; i++)
        if (compare_keys(&out->pairs[i - 1], &out->pairs[i]) == 0)
            return fail(ERR_FORMAT, "%s: the key \"%.*s\" stands twice", r->name, (int)out->pairs[i].key.n,
                        out->pairs[i].key.s);
    return OK;
}

Status gguf_header_parse(GgufHeader *out, const void *bytes, size_t n, const char *name)
{
    Reader   r = { bytes, bytes, n ? (const unsigned char *)bytes + n : bytes, name };
    uint64_t version = 0, n_tensors = 0, n_pairs = 0;
    *out = (GgufHeader){ .name = name };
    if (n < 24 || memcmp(bytes, "GGUF", 4) != 0) return fail(ERR_FORMAT, "%s is not a GGUF file", name);
    r.at += 4;
    TRY(read_number(&r, 4, &version));
    if (version != 2 && version != 3)
        return hint(fail(ERR_UNSUPPORTED, "%s: GGUF version %u; 2 and 3 are read", name, (unsigned)version),
                    "convert it again with a current converter; big-endian files are not read");
    TRY(read_number(&r, 8, &n_tensors));
    TRY(read_number(&r, 8, &n_pairs));
    if (n_tensors > GGUF_MAX_TENSORS || n_pairs > GGUF_MAX_PAIRS || n_pairs > n / 13)
        return fail(ERR_FORMAT, "%s: %llu tensors and %llu keys in a file of %zu bytes", name,
                    (unsigned long long)n_tensors, (unsigned long long)n_pairs, n);
    Status s = read_pairs(&r, out, n_pairs);
    if (s != OK) gguf_header_release(out);
    return s;
}

void gguf_header_release(GgufHeader *h)
{
    free(h->pairs);
    h->pairs = NULL;
    h->n = 0;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

const GgufPair *gguf_find(const GgufHeader *h, const char *key)
{
    GgufPair wanted = { .key = { key, strlen(key) } };
    return h->n ? bsearch(&wanted, h->pairs, h->n, sizeof *h->pairs, compare_keys) : NULL;
}

static Status wrong_type(const GgufHeader *h, const GgufPair *p, const char *wanted)
{
    return fail(ERR_FORMAT, "%s: \"%.*s\" is %s%s, not %s", h->name, (int)p->key.n, p->key.s, types[p->element].name,
                p->type == GGUF_ARRAY ? "[]" : "", wanted);
}

static Status copy_string(char **out, const GgufBytes s, const char *name)
{
    size_t bad;
    if (s.n > 0 && memchr(s.s, 0, s.n)) return fail(ERR_FORMAT, "%s: a NUL byte in a string", name);
    if (!utf8_valid(s.s, s.n, &bad)) return fail(ERR_FORMAT, "%s: a string that is not UTF-8", name);
    return text_format(out, "%.*s", (int)s.n, s.s);
}

Status gguf_get_string(char **out, const GgufHeader *h, const char *key, const char *fallback)
{
    const GgufPair *p = gguf_find(h, key);
    if (!p) return text_copy(out, fallback);
    if (p->type != GGUF_STRING) return wrong_type(h, p, "a string");
    return copy_string(out, (GgufBytes){ (const char *)p->data + 8, (size_t)little(p->data, 8) }, h->name);
}

Status gguf_get_int(int64_t *out, const GgufHeader *h, const char *key, int64_t fallback)
{
    const GgufPair *p = gguf_find(h, key);
    *out = fallback;
    if (!p) return OK;
    size_t   size = types[p->type].size;
    bool     is_signed = p->type == GGUF_I8 || p->type == GGUF_I16 || p->type == GGUF_I32 || p->type == GGUF_I64;
    bool     is_unsigned = p->type == GGUF_U8 || p->type == GGUF_U16 || p->type == GGUF_U32 || p->type == GGUF_U64;
    if (!is_signed && !is_unsigned) return wrong_type(h, p, "a whole number");
    uint64_t v = little(p->data, size);
    if (is_unsigned && v > INT64_MAX) return wrong_type(h, p, "a number that fits 63 bits");
    if (is_signed && size < 8 && v >> (8 * size - 1)) v |= ~UINT64_C(0) << 8 * size;
    *out = (int64_t)v;
    return OK;
}

Status gguf_get_bool(bool *out, const GgufHeader *h, const char *key, bool fallback)
{
    const GgufPair *p = gguf_find(h, key);
    *out = p ? *p->data != 0 : fallback;
    return p && p->type != GGUF_BOOL ? wrong_type(h, p, "a bool") : OK;
}

Status gguf_get_array(const GgufPair **out, const GgufHeader *h, const char *key, GgufType element)
{
    const GgufPair *p = gguf_find(h, key);
    *out = p;
    return p && (p->type != GGUF_ARRAY || p->element != element) ? wrong_type(h, p, types[element].name) : OK;
}

Status gguf_copy_strings(const char ***out, char **pool, const GgufPair *array, const char *name)
{
    const unsigned char *p = array->data;
    size_t               bytes = 1, used = 0, bad;
    *out = NULL;
    *pool = NULL;
    for (uint64_t i = 0; i < array->count; i++) {
        size_t n = (size_t)little(p, 8);
        TRY(size_add(bytes, n + 1, &bytes));
        if (memchr(p + 8, 0, n) || !utf8_valid((const char *)p + 8, n, &bad))
            return fail(ERR_FORMAT, "%s: string %llu of \"%.*s\" is not UTF-8 or has a NUL byte", name,
                        (unsigned long long)i, (int)array->key.n, array->key.s);
        p += 8 + n;
    }
    TRY(mem_new(pool, bytes, 1));
    TRY(mem_new(out, (size_t)array->count + 1, sizeof **out));
    p = array->data;
    for (uint64_t i = 0; i < array->count; i++) {
        size_t n = (size_t)little(p, 8);
        memcpy(*pool + used, p + 8, n);
        (*out)[i] = *pool + used;
        used += n + 1;
        p += 8 + n;
    }
    return OK;
}

int32_t gguf_i32_at(const GgufPair *array, size_t i)
{
    uint32_t bits = (uint32_t)little(array->data + 4 * i, 4);
    int32_t  v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

float gguf_f32_at(const GgufPair *array, size_t i)
{
    uint32_t bits = (uint32_t)little(array->data + 4 * i, 4);
    float    v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
