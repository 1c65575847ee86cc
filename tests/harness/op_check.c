#include "tests/harness/op_check.h"

#include "tests/harness/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness/guard.h"

typedef struct Result {
    int64_t n_out, n_in[OP_MAX_IN];
    REAL   *out, *grads[OP_MAX_IN];
} Result;

typedef struct Setup {
    const OpCase *c;
    Batch         batch;
    int           n_in;
    int64_t       n[OP_MAX_IN];
    REAL         *values[OP_MAX_IN];
} Setup;

static void need(Status s, const char *what)
{
    if (s == OK) return;
    status_print_last(stderr, false);
    fail_msg("%s: %s", what, status_fact());
}

void op_random(REAL *out, int64_t n, uint32_t stream)
{
    for (int64_t i = 0; i < n; i++) out[i] = (REAL)rng_draw_normal(7, 0, stream, (uint64_t)i);
}

static void setup(Setup *s, const OpCase *c)
{
    *s = (Setup){ .c = c };
    for (; s->n_in < OP_MAX_IN && c->in[s->n_in].dims[0]; s->n_in++) {
        int i = s->n_in;
        s->n[i] = 1;
        for (int d = 0; d < TENSOR_MAX_DIMS && c->in[i].dims[d]; d++) s->n[i] *= c->in[i].dims[d];
        s->values[i] = calloc((size_t)s->n[i], sizeof(REAL));
        op_random(s->values[i], s->n[i], (uint32_t)i + 1);
    }
    int64_t whole[OP_MAX_SEQS] = { c->in[0].dims[0] };
    const int64_t *lengths = c->lengths[0] ? c->lengths : whole;
    for (int64_t b = 0, at = 0; b < OP_MAX_SEQS && lengths[b]; at += lengths[b++]) {
        int32_t *ids = calloc((size_t)lengths[b], sizeof *ids),
                *segments = calloc((size_t)lengths[b], sizeof *segments);
        for (int64_t i = 0; i < lengths[b]; i++) {
            ids[i] = (int32_t)rng_draw_below(7, 1, 0, (uint64_t)(at + i), (uint32_t)(c->vocab ? c->vocab : 1));
            segments[i] = (int32_t)(i > lengths[b] / 2);
        }
        need(batch_add(&s->batch, 0, ids, segments, lengths[b], b), c->name);
        need(batch_add_label(&s->batch, ids[0]), c->name);
        need(batch_add_target(&s->batch, (float)rng_draw_normal(7, 2, 0, (uint64_t)b)), c->name);
        need(batch_add_span(&s->batch, (int32_t)lengths[b] / 3, (int32_t)lengths[b] / 2), c->name);
        for (int64_t i = 0; i < lengths[b]; i += 2)
            need(batch_add_token_label(&s->batch, (int32_t)(at + i), ids[i]), c->name);
        free(ids);
        free(segments);
    }
}

static void teardown(Setup *s)
{
    for (int i = 0; i < s->n_in; i++) free(s->values[i]);
    batch_release(&s->batch);
}

static void make_inputs(Setup *s, Ctx *ctx, Tensor *store, Tensor **in)
{
    Backend *b = ctx->backend;
    int      activations = s->c->activations ? s->c->activations : 1;
    for (int i = 0; i < s->n_in; i++) {
        Tensor *t = &store[i];
        size_t  bytes = (size_t)s->n[i] * sizeof(REAL);
        *t = (Tensor){ .dtype = DTYPE_REAL, .wants_grad = true };
        while (t->ndim < TENSOR_MAX_DIMS && s->c->in[i].dims[t->ndim]) {
            t->shape[t->ndim] = s->c->in[i].dims[t->ndim];
            t->ndim++;
        }
        t->data = ctx_data(ctx, bytes);
        need(b->upload(b, t->data, s->values[i], bytes), s->c->name);
        if (!(activations >> i & 1)) {
            t->is_param = true;
            t->grad = ctx_data(ctx, bytes);
            need(b->zero(b, t->grad, bytes), s->c->name);
        }
        in[i] = t;
    }
}

/* Runs the case; with r, also backward from a random gradient. Gives the sum of out * seed, or the loss. */
static double run(Setup *s, Ctx *ctx, Result *r)
{
    Backend  *b = ctx->backend;
    Tensor    store[OP_MAX_IN], *in[OP_MAX_IN] = { 0 };
    BatchView view;
    Tape      tape;
    ctx_begin(ctx, r ? &tape : NULL, true);
    need(ctx_write_scalars(ctx, &(StepScalars){ .seed = 11, .step = 3 }), s->c->name);
    need(ctx_upload(ctx, &s->batch, 1 << 20, 1 << 20, 2, &view), s->c->name);
    make_inputs(s, ctx, store, in);
    Tensor *y = s->c->op(ctx, in, &view);
    need(ctx->status, s->c->name);
    StepScalars scalars;
    need(ctx_read_scalars(ctx, &scalars), s->c->name);
    double value = scalars.loss_sum;
    if (y) {
        int64_t n = tensor_count(y);
        REAL   *out = calloc((size_t)n, sizeof *out), *seed = calloc((size_t)n, sizeof *seed);
        op_random(seed, n, 99);
        need(b->download(b, out, y->data, (size_t)n * sizeof *out), s->c->name);
        value = 0;
        for (int64_t i = 0; i < n; i++) value += (double)out[i] * seed[i];
        if (r) {
            y->grad = ctx_back_alloc(ctx, (size_t)n * sizeof *seed);
            need(b->upload(b, y->grad, seed, (size_t)n * sizeof *seed), s->c->name);
            r->out = out;
            r->n_out = n;
        } else {
            free(out);
        }
        free(seed);
    } else if (r) {
        r->out = malloc(sizeof *r->out);
        r->out[0] = (REAL)value;
        r->n_out = 1;
    }
    if (!r) return value;
    need(tape_backward(ctx), s->c->name);
    for (int i = 0; i < s->n_in; i++) {
        r->n_in[i] = s->n[i];
        r->grads[i] = calloc((size_t)s->n[i], sizeof(REAL));
        if (!in[i]->grad) fail_msg("%s: input %d got no gradient", s->c->name, i);
        need(b->download(b, r->grads[i], in[i]->grad, (size_t)s->n[i] * sizeof(REAL)), s->c->name);
    }
    return value;
}

static void release(Result *r)
{
    free(r->out);
    for (int i = 0; i < OP_MAX_IN; i++) free(r->grads[i]);
}

static Ctx *open_ctx(Backend *b)
{
    Ctx *ctx;
    need(ctx_new(&ctx, b, (size_t)64 << 20), "ctx_new");
    return ctx;
}

/* ---- gradient check ------------------------------------------------------------------------------------------------- */

__attribute__((unused)) static void check_gradients(const OpCase *c)
{
    Setup    s;
    Backend *b;
    Result   r = { 0 };
    setup(&s, c);
    need(backend_open(&b, "ref"), c->name);
    Ctx *ctx = open_ctx(b);
    run(&s, ctx, &r);
    const double h = 1e-5;
    for (int i = 0; i < s.n_in; i++)
        for (int64_t k = 0; k < s.n[i]; k++) {
            REAL x = s.values[i][k];
            s.values[i][k] = (REAL)(x + h);
            double up = run(&s, ctx, NULL);
            s.values[i][k] = (REAL)(x - h);
            double down = run(&s, ctx, NULL);
            s.values[i][k] = x;
            double numeric = (up - down) / (2 * h), analytic = r.grads[i][k];
            if (!(fabs(analytic - numeric) <= 1e-6 * fmax(1, fmax(fabs(analytic), fabs(numeric)))))
                fail_msg("%s: input %d, element %lld: backward %.12g, differences %.12g", c->name, i, (long long)k,
                         analytic, numeric);
        }
    release(&r);
    ctx_free(ctx);
    backend_close(b);
    teardown(&s);
}

/* ---- parity --------------------------------------------------------------------------------------------------------- */

static void compare(const OpCase *c, const char *backend, const char *what, const REAL *a, const REAL *b, int64_t n)
{
    double tolerance = c->tolerance > 0 ? c->tolerance : 2e-5;
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - b[i]) <= tolerance * fmax(1, fmax(fabs((double)a[i]), fabs((double)b[i])))))
            fail_msg("%s: %s, element %lld: ref %.9g, %s %.9g", c->name, what, (long long)i, (double)a[i], backend,
                     (double)b[i]);
}

__attribute__((unused)) static void check_parity(const OpCase *c, Backend *other)
{
    Setup    s;
    Backend *ref;
    Result   want = { 0 }, got = { 0 };
    char     what[32];
    setup(&s, c);
    need(backend_open(&ref, "ref"), c->name);
    Ctx *a = open_ctx(ref), *b = open_ctx(other);
    run(&s, a, &want);
    run(&s, b, &got);
    assert_int_equal(want.n_out, got.n_out);
    compare(c, other->name, "output", want.out, got.out, want.n_out);
    for (int i = 0; i < s.n_in; i++) {
        snprintf(what, sizeof what, "gradient %d", i);
        compare(c, other->name, what, want.grads[i], got.grads[i], s.n[i]);
    }
    release(&want);
    release(&got);
    ctx_free(a);
    ctx_free(b);
    backend_close(ref);
    teardown(&s);
}

void op_check(const OpCase *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
#ifdef WHET_REF_ONLY
        check_gradients(&cases[i]);
#else
        Backend *b;
        need(cpu_open(&b), "cpu");
        check_parity(&cases[i], b);
        backend_close(b);
        need(guard_open(&b), "guard");
        check_parity(&cases[i], b);
        backend_close(b);
#endif
    }
}
