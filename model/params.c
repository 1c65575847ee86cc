#include "model/params.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash.h"
#include "core/rng.h"
#include "core/text.h"

void params_init(Params *ps, Backend *backend) { *ps = (Params){ .backend = backend }; }

void params_release(Params *ps)
{
    Backend *b = ps->backend;
    if (b) {
        b->free(b, ps->values, (size_t)ps->n_values * sizeof(REAL));
        b->free(b, ps->grads, (size_t)ps->n_state * sizeof(REAL));
    }
    for (size_t i = 0; i < ps->n; i++) {
        for (int k = 0; k < ps->list[i]->n_slices; k++) free(ps->list[i]->slices[k].name);
        free(ps->list[i]->name);
        free(ps->list[i]);
    }
    free(ps->list);
    *ps = (Params){ 0 };
}

static Status add(Params *ps, Param **out, const int64_t *dims, int ndim, int flags)
{
    Param *p;
    TRY(mem_grow(&ps->list, &ps->cap, ps->n + 1, sizeof *ps->list));
    TRY(mem_new(&p, 1, sizeof *p));
    ps->list[ps->n++] = p;
    p->tensor = (Tensor){ .ndim = ndim, .dtype = DTYPE_REAL, .is_param = true };
    memcpy(p->tensor.shape, dims, (size_t)ndim * sizeof *dims);
    p->n = tensor_count(&p->tensor);
    p->flags = flags;
    p->layer = ps->layer;
    p->trainable = !(flags & PARAM_UNUSED);
    p->state = -1;
    *out = p;
    return OK;
}

Status params_add(Params *ps, Tensor **out, const int64_t *dims, int ndim, int flags, const char *fmt, ...)
{
    Param *p;
    char   name[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    TRY(add(ps, &p, dims, ndim, flags));
    TRY(text_copy(&p->name, name));
    TRY(text_copy(&p->slices[0].name, name));
    p->slices[0].rows = dims[0];
    p->n_slices = 1;
    *out = &p->tensor;
    return OK;
}

Status params_add_packed(Params *ps, Tensor **out, const int64_t *dims, int ndim, int flags, const char *const *names,
                         int n_names, const char *suffix)
{
    Param *p;
    BUG_ON(n_names < 1 || n_names > PARAM_MAX_SLICES || dims[0] % n_names);
    TRY(add(ps, &p, dims, ndim, flags));
    for (int i = 0; i < n_names; i++) {
        TRY(text_format(&p->slices[i].name, "%s.%s", names[i], suffix));
        p->slices[i].rows = dims[0] / n_names;
        p->n_slices = i + 1;
    }
    TRY(text_copy(&p->name, p->slices[0].name));
    *out = &p->tensor;
    return OK;
}

uint32_t params_add_site(Params *ps) { return ++ps->n_sites; }

static int64_t padded(int64_t n) { return (n + PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN; }

Status params_allocate(Params *ps)
{
    ps->n_values = 0;
    for (size_t i = ps->n; i-- > 0;) {                 /* backward reaches the last declared first */
        ps->list[i]->offset = ps->n_values;
        ps->n_values += padded(ps->list[i]->n);
    }
    TRY(ps->backend->alloc(ps->backend, &ps->values, (size_t)ps->n_values * sizeof(REAL)));
    for (size_t i = 0; i < ps->n; i++) ps->list[i]->tensor.data = (REAL *)ps->values + ps->list[i]->offset;
    return OK;
}

Status params_fill_initial(Params *ps, uint32_t seed, double range)
{
    for (size_t i = 0; i < ps->n; i++) {
        Param *p = ps->list[i];
        if (p->loaded) continue;
        REAL *v;
        TRY(mem_new(&v, (size_t)p->n, sizeof *v));
        uint32_t stream = (uint32_t)hash_u64(p->name, strlen(p->name), 0);
        if (p->flags & PARAM_NORMAL)
            for (int64_t k = 0; k < p->n; k++)
                v[k] = (REAL)(range * rng_draw_normal(seed, RNG_SITE_INIT, stream, (uint64_t)k));
        if (p->flags & PARAM_ONE)
            for (int64_t k = 0; k < p->n; k++) v[k] = 1;
        Status s = param_set(ps, p, v);
        free(v);
        TRY(s);
    }
    return OK;
}

static int matches(const Param *p, const char *pattern)
{
    int n = 0;
    for (int i = 0; i < p->n_slices; i++) n += text_match(pattern, p->slices[i].name);
    return n;
}

Status params_freeze(Params *ps, const char *const *patterns, size_t n_patterns, int64_t n_layers)
{
    for (size_t k = 0; k < n_patterns; k++) {
        size_t hits = 0;
        for (size_t i = 0; i < ps->n; i++) {
            Param *p = ps->list[i];
            int    n = matches(p, patterns[k]);
            if (n == 0) continue;
            if (n < p->n_slices)
                return hint(fail(ERR_CONFIG,
                                 "train.freeze: \"%s\" matches %s but not all of the block it is computed with (%s ... "
                                 "%s)",
                                 patterns[k], p->name, p->slices[0].name, p->slices[p->n_slices - 1].name),
                            "freeze query, key and value together");
            p->trainable = false;
            hits++;
        }
        if (hits == 0)
            return hint(fail(ERR_CONFIG, "train.freeze: \"%s\" matches no parameter", patterns[k]),
                        "`whet inspect MODEL` lists the names; * stands for any text");
    }
    for (size_t i = 0; n_layers >= 0 && i < ps->n; i++)
        if (ps->list[i]->layer <= n_layers) ps->list[i]->trainable = false;
    if (params_count(ps, true) == 0)
        return hint(fail(ERR_CONFIG, "train.freeze leaves nothing to train"), "freeze less");
    return OK;
}

Status params_allocate_grads(Params *ps)
{
    ps->n_state = 0;
    for (size_t i = ps->n; i-- > 0;) {
        Param *p = ps->list[i];
        p->tensor.wants_grad = p->trainable;
        if (!p->trainable) continue;
        p->state = ps->n_state;
        ps->n_state += padded(p->n);
    }
    TRY(ps->backend->alloc(ps->backend, &ps->grads, (size_t)ps->n_state * sizeof(REAL)));
    for (size_t i = 0; i < ps->n; i++)
        if (ps->list[i]->trainable) ps->list[i]->tensor.grad = (REAL *)ps->grads + ps->list[i]->state;
    return OK;
}

Param *params_find(const Params *ps, const char *name)
{
    for (size_t i = 0; i < ps->n; i++)
        if (strcmp(ps->list[i]->name, name) == 0) return ps->list[i];
    return NULL;
}

int64_t params_count(const Params *ps, bool trainable_only)
{
    int64_t n = 0;
    for (size_t i = 0; i < ps->n; i++)
        if (!trainable_only || ps->list[i]->trainable) n += ps->list[i]->n;
    return n;
}

Status params_zero_grads(Params *ps)
{
    return ps->backend->zero(ps->backend, ps->grads, (size_t)ps->n_state * sizeof(REAL));
}

Status param_get(const Params *ps, const Param *p, REAL *host)
{
    return ps->backend->download(ps->backend, host, p->tensor.data, (size_t)p->n * sizeof *host);
}

Status param_set(Params *ps, Param *p, const REAL *host)
{
    return ps->backend->upload(ps->backend, p->tensor.data, host, (size_t)p->n * sizeof *host);
}
