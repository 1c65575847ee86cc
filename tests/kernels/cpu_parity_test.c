/* tests/kernels/cpu_parity_test.c: every slot of the cpu backend, at every level that this machine has, against ref.
 *
 * Each case runs ref once and each level twice on the same inputs. Outputs stand between canaries; those that are
 * overwritten begin as NaN, so an element that was skipped shows. The second run must give the same bits. Tolerances are
 * fractions of the largest number in the array (at least 1), as sums of numbers of both signs lose digits to the largest
 * term; ref sums in double, so all of the difference is the level's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail      /* core/status.h has its own */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "kernels/backend.h"

#define give_up(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

enum { CANARIES = 64, MAX_OUTPUTS = 6 };
static const uint32_t canary = 0x7fc0dead;      /* a NaN that arithmetic does not make */

/* Rounding of one product and sum: a few units of the last place. Of a sum over a thousand terms: ten times that. */
static const double tol_elementwise = 1e-6, tol_sum = 1e-5;

static Backend *levels[4], *ref;
static int      n_levels;

/* ---- arrays -------------------------------------------------------------------------------------------------------- */

typedef struct Array { float *p, *block; int64_t n; } Array;

static Array array_new(int64_t n)
{
    float *block = malloc((size_t)(n + 2 * CANARIES) * sizeof *block);
    assert_non_null(block);
    for (int i = 0; i < CANARIES; i++) {
        memcpy(&block[i], &canary, 4);
        memcpy(&block[CANARIES + n + i], &canary, 4);
    }
    return (Array){ block + CANARIES, block, n };
}

static Array array_nan(int64_t n)
{
    Array a = array_new(n);
    for (int64_t i = 0; i < n; i++) a.p[i] = NAN;
    return a;
}

static Array array_random(int64_t n, uint32_t seed, double scale)
{
    Array a = array_new(n);
    for (int64_t i = 0; i < n; i++) a.p[i] = (float)(scale * rng_draw_normal(seed, RNG_SITE_INIT, 7, (uint64_t)i));
    return a;
}

static Array array_output(int64_t n, bool accumulate) { return accumulate ? array_random(n, 99, 1) : array_nan(n); }

static Array array_copy(Array from)
{
    Array a = array_new(from.n);
    memcpy(a.p, from.p, (size_t)from.n * sizeof *a.p);
    return a;
}

static void array_free(Array a) { free(a.block); }

static void check_canaries(Array a, const char *what)
{
    for (int i = 0; i < CANARIES; i++)
        if (memcmp(&a.block[i], &canary, 4) != 0 || memcmp(&a.p[a.n + i], &canary, 4) != 0)
            give_up("%s: written outside of its array", what);
}

static void check_close(Array got, Array want, double tolerance, const char *what)
{
    double largest = 1;
    for (int64_t i = 0; i < want.n; i++)
        if (isfinite(want.p[i])) largest = fmax(largest, fabs(want.p[i]));
    for (int64_t i = 0; i < want.n; i++) {
        bool same = got.p[i] == want.p[i] || (isnan(got.p[i]) && isnan(want.p[i]));
        if (!same && !(fabs((double)got.p[i] - want.p[i]) <= tolerance * largest))
            give_up("%s: element %lld is %.9g, ref has %.9g (allowed %g of %g)", what, (long long)i, got.p[i],
                    want.p[i], tolerance, largest);
    }
}

/* ---- a case: outputs, and a function that computes them ------------------------------------------------------------ */

typedef struct Outputs { Array a[MAX_OUTPUTS]; int n; double tolerance; } Outputs;
typedef void (*Run)(Backend *b, Array *out, void *arg);

static void outputs_copy(Outputs *to, const Outputs *from)
{
    *to = *from;
    for (int i = 0; i < from->n; i++)
        if (from->a[i].p) to->a[i] = array_copy(from->a[i]);
}

static void outputs_free(Outputs *o)
{
    for (int i = 0; i < o->n; i++) array_free(o->a[i]);
}

/* Takes `begin`. Empty arrays stand for outputs that nobody asked for. */
static void check_case(Outputs begin, Run run, void *arg, const char *what)
{
    Outputs want;
    outputs_copy(&want, &begin);
    run(ref, want.a, arg);
    for (int l = 0; l < n_levels; l++) {
        char    name[256];
        Outputs once, twice;
        outputs_copy(&once, &begin);
        outputs_copy(&twice, &begin);
        run(levels[l], once.a, arg);
        run(levels[l], twice.a, arg);
        for (int i = 0; i < begin.n; i++) {
            if (!begin.a[i].p) continue;
            snprintf(name, sizeof name, "%s, %s, output %d", what, levels[l]->name, i);
            check_canaries(once.a[i], name);
            check_close(once.a[i], want.a[i], begin.tolerance, name);
            if (memcmp(once.a[i].p, twice.a[i].p, (size_t)begin.a[i].n * 4) != 0)
                give_up("%s: not the same bits twice", name);
        }
        outputs_free(&once);
        outputs_free(&twice);
    }
    outputs_free(&want);
    outputs_free(&begin);
}

static void *workspace_new(size_t bytes)
{
    void *p = NULL;
    assert_int_equal(posix_memalign(&p, 256, bytes + 256), 0);
    memset(p, 0xff, bytes);      /* NaN: a kernel that reads what it did not write shows */
    memset((char *)p + bytes, 0x5a, 256);
    return p;
}

static void workspace_free(void *p, size_t bytes)
{
    for (int i = 0; i < 256; i++)
        if (((unsigned char *)p)[bytes + (size_t)i] != 0x5a)
            give_up("workspace of %zu bytes: written past its end", bytes);
    free(p);
}

/* ---- dropout's coordinates ----------------------------------------------------------------------------------------- */

static StepScalars key = { .seed = 1234, .step = 56 };
static int32_t     row_position[4096], row_seq[4096];

static Dropout dropout_at(double p, uint32_t site)
{
    return (Dropout){ .p = p, .site = site, .key = &key, .row_position = row_position, .row_seq = row_seq };
}

static void rows_in_sequences_of(int64_t len)
{
    for (int i = 0; i < 4096; i++) {
        row_position[i] = (int32_t)(i % len);
        row_seq[i] = (int32_t)(i / len + 3);
    }
}

/* ---- linear -------------------------------------------------------------------------------------------------------- */

typedef struct LinearCase { LinearArgs a; bool want_dw, want_dbias; } LinearCase;

static void run_linear(Backend *b, Array *out, void *arg)
{
    const LinearCase *c = arg;
    LinearArgs        a = c->a;
    size_t            bytes = b->kernels.linear_workspace ? b->kernels.linear_workspace(b->dev, &a) : 0;
    void             *workspace = workspace_new(bytes);
    a.workspace = workspace;
    a.y = out[0].p;
    a.dx = out[1].p;
    a.dw = out[2].p;
    a.dbias = out[3].p;
    assert_int_equal(b->kernels.linear_fwd(b->dev, &a), OK);
    assert_int_equal(b->kernels.linear_bwd_input(b->dev, &a), OK);
    assert_int_equal(b->kernels.linear_bwd_weight(b->dev, &a), OK);
    workspace_free(workspace, bytes);
}

static void check_linear(int64_t rows, int64_t in, int64_t outw, bool bias, bool accumulate, bool want_dw,
                         bool want_dbias)
{
    char  what[128];
    Array x = array_random(rows * in, 1, 1), w = array_random(outw * in, 2, 0.1), b = array_random(outw, 3, 1);
    Array dy = array_random(rows * outw, 4, 1);
    LinearCase c = { { .dtype = DTYPE_F32,
                       .rows = rows,
                       .in = in,
                       .out = outw,
                       .x = x.p,
                       .w = w.p,
                       .bias = bias ? b.p : NULL,
                       .dy = dy.p,
                       .accumulate_y = accumulate,
                       .accumulate_dx = accumulate },
                     want_dw,
                     want_dbias };
    Outputs o = { { array_output(rows * outw, accumulate), array_output(rows * in, accumulate) }, 4, tol_sum };
    if (want_dw) o.a[2] = array_output(outw * in, true);
    if (want_dbias) o.a[3] = array_output(outw, true);
    snprintf(what, sizeof what, "linear %lld x %lld -> %lld, bias %d, accumulate %d", (long long)rows, (long long)in,
             (long long)outw, bias, accumulate);
    check_case(o, run_linear, &c, what);
    array_free(x);
    array_free(w);
    array_free(b);
    array_free(dy);
}

static void linear_matches_ref(void **state)
{
    (void)state;
    const int64_t rows[] = { 1, 2, 7, 12, 33, 95, 97, 130 }, widths[] = { 1, 5, 33, 96 };
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t i = 0; i < COUNT(widths); i++)
            for (size_t o = 0; o < COUNT(widths); o++)
                check_linear(rows[r], widths[i], widths[o], (r + i) % 3 != 0, (i + o) % 2, (r + o) % 4 != 0,
                             (r + i) % 2);
    check_linear(450, 384, 77, true, false, true, true);
    check_linear(450, 77, 384, true, true, true, true);
    check_linear(33, 1000, 401, true, false, true, true);
    check_linear(7, 768, 1153, true, true, true, true);
    check_linear(97, 1000, 385, false, false, true, true);
    check_linear(801, 40, 40, true, false, true, true);
}

/* Rows of a batch must not change with the rows beside them: 1e-5 is promised, OpenBLAS at the portable level needs it. */
static void linear_rows_do_not_depend_on_the_batch(void **state)
{
    (void)state;
    enum { ROWS = 300, IN = 768, OUT = 100 };
    Array x = array_random(ROWS * IN, 1, 1), w = array_random(OUT * IN, 2, 0.05);
    for (int l = 0; l < n_levels; l++) {
        Backend   *b = levels[l];
        Array      all = array_nan(ROWS * OUT), part = array_nan(ROWS * OUT);
        LinearArgs a = { .dtype = DTYPE_F32, .rows = ROWS, .in = IN, .out = OUT, .x = x.p, .w = w.p, .y = all.p };
        size_t     bytes = b->kernels.linear_workspace ? b->kernels.linear_workspace(b->dev, &a) : 0;
        a.workspace = workspace_new(bytes);
        assert_int_equal(b->kernels.linear_fwd(b->dev, &a), OK);
        for (int64_t at = 0, n = 1; at < ROWS; at += n, n = n * 2 + 1) {
            a.rows = at + n < ROWS ? n : ROWS - at;
            a.x = x.p + at * IN;
            a.y = part.p + at * OUT;
            assert_int_equal(b->kernels.linear_fwd(b->dev, &a), OK);
        }
        check_close(part, all, 1e-6, b->name);
        workspace_free(a.workspace, bytes);
        array_free(all);
        array_free(part);
    }
    array_free(x);
    array_free(w);
}

/* ---- embed --------------------------------------------------------------------------------------------------------- */

static void run_embed(Backend *b, Array *out, void *arg)
{
    EmbedArgs a = *(const EmbedArgs *)arg;
    a.y = out[0].p;
    a.dword = out[1].p;
    a.dposition = out[2].p;
    a.dsegment = out[3].p;
    assert_int_equal(b->kernels.embed_fwd(b->dev, &a), OK);
    assert_int_equal(b->kernels.embed_bwd(b->dev, &a), OK);
}

static void embed_matches_ref(void **state)
{
    (void)state;
    enum { ROWS = 70, WORDS = 11, PLACES = 9 };
    const int64_t cols[] = { 1, 5, 33, 384 };
    int32_t       ids[ROWS], positions[ROWS], segments[ROWS];
    for (int i = 0; i < ROWS; i++) {
        ids[i] = i * 7 % WORDS;
        positions[i] = i % PLACES;
        segments[i] = i / 40;
    }
    for (size_t k = 0; k < COUNT(cols); k++)
        for (int parts = 0; parts < 2; parts++) {
            int64_t n = cols[k];
            Array   word = array_random(WORDS * n, 1, 1), position = array_random(PLACES * n, 2, 1);
            Array   segment = array_random(2 * n, 3, 1), dy = array_random(ROWS * n, 4, 1);
            EmbedArgs a = { .dtype = DTYPE_F32, .rows = ROWS, .cols = n, .ids = ids, .positions = positions,
                            .segments = segments, .word = word.p, .position = parts ? position.p : NULL,
                            .segment = parts ? segment.p : NULL, .dy = dy.p };
            Outputs o = { { array_nan(ROWS * n), array_output(WORDS * n, true) }, 4, tol_elementwise };
            if (parts) {
                o.a[2] = array_output(PLACES * n, true);
                o.a[3] = array_output(2 * n, true);
            }
            check_case(o, run_embed, &a, "embed");
            array_free(word);
            array_free(position);
            array_free(segment);
            array_free(dy);
        }
}

/* ---- add_norm ------------------------------------------------------------------------------------------------------ */

static void run_add_norm(Backend *b, Array *out, void *arg)
{
    AddNormArgs a = *(const AddNormArgs *)arg;
    size_t      bytes = b->kernels.add_norm_workspace ? b->kernels.add_norm_workspace(b->dev, &a) : 0;
    void       *workspace = workspace_new(bytes);
    a.workspace = workspace;
    if (!a.dy) {
        a.y = out[0].p;
        a.r = out[1].p;
        a.mean = out[2].p;
        a.rstd = out[3].p;
        assert_int_equal(b->kernels.add_norm_fwd(b->dev, &a), OK);
    } else {
        a.dx = out[0].p;
        a.dresidual = out[1].p;
        a.dgamma = out[2].p;
        a.dbeta = out[3].p;
        assert_int_equal(b->kernels.add_norm_bwd(b->dev, &a), OK);
    }
    workspace_free(workspace, bytes);
}

static void check_add_norm(int64_t rows, int64_t cols, double p, bool residual, bool saves, bool accumulate)
{
    char  what[128];
    Array x = array_random(rows * cols, 1, 2), res = array_random(rows * cols, 2, 1);
    Array gamma = array_random(cols, 3, 1), beta = array_random(cols, 4, 1), dy = array_random(rows * cols, 5, 1);
    AddNormArgs a = { .dtype = DTYPE_F32, .rows = rows, .cols = cols, .eps = 1e-5, .drop = dropout_at(p, 9), .x = x.p,
                      .residual = residual ? res.p : NULL, .gamma = gamma.p, .beta = beta.p };
    snprintf(what, sizeof what, "add_norm %lld x %lld, p %g, residual %d, accumulate %d", (long long)rows,
             (long long)cols, p, residual, accumulate);
    Outputs o = { { array_nan(rows * cols) }, 4, tol_sum };
    if (saves) {
        o.a[1] = array_nan(rows * cols);
        o.a[2] = array_nan(rows);
        o.a[3] = array_nan(rows);
    }
    check_case(o, run_add_norm, &a, what);

    Array r = array_nan(rows * cols), mean = array_nan(rows), rstd = array_nan(rows), y = array_nan(rows * cols);
    a.r = r.p;
    a.mean = mean.p;
    a.rstd = rstd.p;
    a.y = y.p;
    assert_int_equal(ref->kernels.add_norm_fwd(ref->dev, &a), OK);
    a.dy = dy.p;
    a.accumulate_dx = accumulate;
    a.accumulate_dresidual = !accumulate;
    Outputs back = { { saves ? array_output(rows * cols, a.accumulate_dx) : (Array){ 0 },
                       residual ? array_output(rows * cols, a.accumulate_dresidual) : (Array){ 0 } }, 4, 3e-5 };
    back.a[2] = array_output(cols, true);
    if (saves) back.a[3] = array_output(cols, true);
    check_case(back, run_add_norm, &a, what);
    Array all[] = { x, res, gamma, beta, dy, r, mean, rstd, y };
    for (size_t i = 0; i < COUNT(all); i++) array_free(all[i]);
}

static void add_norm_matches_ref(void **state)
{
    (void)state;
    const int64_t rows[] = { 1, 7, 33, 450 }, cols[] = { 5, 33, 384, 768, 1000 };
    rows_in_sequences_of(14);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < COUNT(cols); k++)
            for (int v = 0; v < 4; v++)
                check_add_norm(rows[i], cols[k], v & 1 ? 0.1 : 0, v & 2, (i + k) % 3 != 0, v != 1);
}

/* ---- activation ---------------------------------------------------------------------------------------------------- */

static void run_activation(Backend *b, Array *out, void *arg)
{
    ActivationArgs a = *(const ActivationArgs *)arg;
    a.y = out[0].p;
    assert_int_equal(b->kernels.activation_fwd(b->dev, &a), OK);
    a.y = out[1].p;
    a.dx = out[2].p;
    if (out[3].p) a.dy = a.dx = out[3].p;      /* in place: the array begins as dy */
    assert_int_equal(b->kernels.activation_bwd(b->dev, &a), OK);
}

static void activation_matches_ref(void **state)
{
    (void)state;
    const int64_t counts[] = { 1, 7, 33, 5000 };
    for (int kind = 0; kind < ACT_COUNT; kind++)
        for (size_t i = 0; i < COUNT(counts); i++)
            for (int v = 0; v < 4; v++) {
                char    what[32];
                int64_t n = counts[i];
                Array   x = array_random(n, 1, 4), dy = array_random(n, 2, 1);
                if (n > 30) memcpy(x.p, (float[]){ 0, -0.0f, 1e-8f, -1e-8f, 100, -100, 9, -9, 1e30f, -1e30f }, 40);
                if (n > 30 && kind == ACT_SILU) x.p[9] = -80;      /* ref's own slope is inf * 0 at -1e30 */
                ActivationArgs a = { .dtype = DTYPE_F32, .kind = (Activation)kind, .n = n, .x = x.p, .dy = dy.p,
                                     .accumulate_dx = v == 1 };
                Outputs o = { { array_nan(n), v & 1 ? array_nan(n) : (Array){ 0 } },
                              4,
                              3 * tol_elementwise }; /* slopes multiply */
                if (v == 2) o.a[3] = array_copy(dy);
                else o.a[2] = array_output(n, a.accumulate_dx);
                snprintf(what, sizeof what, "activation %d", kind);
                check_case(o, run_activation, &a, what);
                array_free(x);
                array_free(dy);
            }
}

/* Small results keep their digits: relative error of GELU far left, and of tanh near 0, stays within 1e-5. */
static void activation_keeps_small_numbers(void **state)
{
    (void)state;
    enum { N = 200 };
    Array x = array_new(N), y = array_nan(N), want = array_nan(N);
    for (int kind = 0; kind < ACT_COUNT; kind++)
        for (int l = 0; l < n_levels; l++) {
            for (int i = 0; i < N; i++) x.p[i] = kind == ACT_TANH ? powf(10, -i / 10.0f) : -i / 40.0f;
            ActivationArgs a = { .dtype = DTYPE_F32, .kind = (Activation)kind, .n = N, .x = x.p, .y = want.p };
            assert_int_equal(ref->kernels.activation_fwd(ref->dev, &a), OK);
            a.y = y.p;
            assert_int_equal(levels[l]->kernels.activation_fwd(levels[l]->dev, &a), OK);
            for (int i = 0; i < N; i++)
                if (fabsf(y.p[i] - want.p[i]) > 1e-5f * fabsf(want.p[i]))
                    give_up("activation %d of %g: %.9g, ref %.9g", kind, x.p[i], y.p[i], want.p[i]);
        }
    array_free(x);
    array_free(y);
    array_free(want);
}

/* ---- axpby, dropout ------------------------------------------------------------------------------------------------ */

static void run_axpby(Backend *b, Array *out, void *arg)
{
    AxpbyArgs a = *(const AxpbyArgs *)arg;
    a.y = out[0].p;
    assert_int_equal(b->kernels.axpby(b->dev, &a), OK);
}

static void axpby_matches_ref(void **state)
{
    (void)state;
    const int64_t counts[] = { 1, 33, 20000 };
    for (size_t i = 0; i < COUNT(counts); i++)
        for (int v = 0; v < 4; v++) {
            Array     x = array_random(counts[i], 1, 1), z = array_random(counts[i], 2, 1);
            AxpbyArgs a = { .dtype = DTYPE_F32, .n = counts[i], .a = 0.3, .b = -2, .x = x.p, .z = v & 1 ? z.p : NULL,
                            .accumulate_y = v & 2 };
            check_case((Outputs){ { array_output(counts[i], a.accumulate_y) }, 1, tol_elementwise }, run_axpby, &a,
                       "axpby");
            array_free(x);
            array_free(z);
        }
}

static void run_dropout(Backend *b, Array *out, void *arg)
{
    DropoutArgs a = *(const DropoutArgs *)arg;
    a.y = out[0].p;
    assert_int_equal(b->kernels.dropout(b->dev, &a), OK);
}

static void dropout_masks_are_those_of_ref(void **state)
{
    (void)state;
    const int64_t cols[] = { 1, 5, 33, 384, 1000 };
    const double  ps[] = { 0, 0.1, 0.5, 0.9 };
    rows_in_sequences_of(14);
    for (size_t k = 0; k < COUNT(cols); k++)
        for (size_t i = 0; i < COUNT(ps); i++) {
            enum { ROWS = 33 };
            int64_t     n = ROWS * cols[k];
            Array       x = array_random(n, 1, 1), y = array_nan(n), want = array_nan(n);
            DropoutArgs a = {
                .dtype = DTYPE_F32, .rows = ROWS, .cols = cols[k], .drop = dropout_at(ps[i], 5), .x = x.p
            };
            check_case((Outputs){ { array_nan(n) }, 1, tol_elementwise }, run_dropout, &a, "dropout");
            a.accumulate_y = true;
            check_case((Outputs){ { array_output(n, true) }, 1, tol_elementwise }, run_dropout, &a, "dropout, added");
            a.accumulate_y = false;
            for (int64_t j = 0; j < n; j++) x.p[j] = 1;      /* ones: the result is the mask */
            a.y = want.p;
            assert_int_equal(ref->kernels.dropout(ref->dev, &a), OK);
            a.y = y.p;
            for (int l = 0; l < n_levels; l++) {
                assert_int_equal(levels[l]->kernels.dropout(levels[l]->dev, &a), OK);
                assert_memory_equal(y.p, want.p, (size_t)n * 4);
            }
            array_free(x);
            array_free(y);
            array_free(want);
        }
}

/* ---- attention ----------------------------------------------------------------------------------------------------- */

static void run_attention(Backend *b, Array *out, void *arg)
{
    AttentionArgs a = *(const AttentionArgs *)arg;
    size_t        bytes = b->kernels.attention_workspace ? b->kernels.attention_workspace(b->dev, &a) : 0;
    void         *workspace = workspace_new(bytes);
    a.workspace = workspace;
    if (!a.d_o) {
        a.o = out[0].p;
        a.lse = out[1].p;
        assert_int_equal(b->kernels.attention_fwd(b->dev, &a), OK);
    } else {
        int64_t C = a.heads * a.head_size;
        a.dq = out[0].p;
        a.dk = out[1].p ? out[1].p : out[0].p + C;           /* packed: dq, dk and dv are slices of one array */
        a.dv = out[2].p ? out[2].p : out[0].p + 2 * C;
        assert_int_equal(b->kernels.attention_bwd(b->dev, &a), OK);
    }
    workspace_free(workspace, bytes);
}

typedef struct Lengths { int n; int32_t q[8], k[8]; } Lengths;

static void check_attention(const Lengths *len, int64_t heads, int64_t D, bool causal, double p, bool packed,
                            bool saves)
{
    char    what[160];
    int32_t cu_q[9] = { 0 }, cu_k[9] = { 0 };
    int64_t C = heads * D, stride = packed ? 3 * C : C, max_q = 0, max_k = 0;
    for (int b = 0; b < len->n; b++) {
        cu_q[b + 1] = cu_q[b] + len->q[b];
        cu_k[b + 1] = cu_k[b] + len->k[b];
        if (len->q[b] > max_q) max_q = len->q[b];
        if (len->k[b] > max_k) max_k = len->k[b];
        for (int i = 0; i < len->q[b]; i++) {
            row_position[cu_q[b] + i] = i;
            row_seq[cu_q[b] + i] = b + 2;
        }
    }
    int64_t nq = cu_q[len->n], nk = cu_k[len->n];
    Array q = array_random(nq * stride, 1, 1), k = array_random(nk * C, 2, 1), v = array_random(nk * C, 3, 1);
    Array d_o = array_random(nq * C, 4, 1), o = array_nan(nq * C), lse = array_nan(nq * heads);
    AttentionArgs a = { .dtype = DTYPE_F32,
                        .n_seqs = len->n,
                        .n_queries = nq,
                        .n_keys = nk,
                        .max_q = max_q,
                        .max_k = max_k,
                        .heads = heads,
                        .head_size = D,
                        .cu_q = cu_q,
                        .cu_k = cu_k,
                        .scale = 1 / sqrt((double)D),
                        .causal = causal,
                        .drop = dropout_at(p, 3),
                        .q = q.p,
                        .k = packed ? q.p + C : k.p,
                        .v = packed ? q.p + 2 * C : v.p,
                        .q_stride = stride,
                        .k_stride = stride,
                        .v_stride = stride,
                        .o_stride = C };
    snprintf(what, sizeof what,
             "attention of %d sequences (first %d x %d), %lld heads of %lld, causal %d, p %g, packed %d", len->n,
             len->q[0], len->k[0], (long long)heads, (long long)D, causal, p, packed);
    check_case((Outputs){ { array_nan(nq * C), saves ? array_nan(nq * heads) : (Array){ 0 } }, 2, tol_sum },
               run_attention, &a, what);
    a.o = o.p;
    a.lse = lse.p;
    assert_int_equal(ref->kernels.attention_fwd(ref->dev, &a), OK);
    a.d_o = d_o.p;
    Outputs back = { { array_nan(nq * stride) }, 3, tol_sum };
    if (!packed) {
        back.a[1] = array_nan(nk * C);
        back.a[2] = array_nan(nk * C);
    }
    void *workspace = workspace_new((size_t)max_k * sizeof(double));
    a.workspace = workspace;
    check_case(back, run_attention, &a, what);
    free(workspace);
    Array all[] = { q, k, v, d_o, o, lse };
    for (size_t i = 0; i < COUNT(all); i++) array_free(all[i]);
}

static void attention_matches_ref(void **state)
{
    (void)state;
    static const Lengths same[] = {
        { 6, { 1, 130, 2, 63, 65, 64 }, { 1, 130, 2, 63, 65, 64 } },
        { 4, { 14, 9, 33, 1 },          { 14, 9, 33, 1 } },
    };
    static const Lengths cross[] = {
        { 5, { 3, 70, 1, 20, 6 },       { 9, 3, 80, 20, 0 } },      /* fewer keys than queries; none at all */
        { 3, { 0, 5, 90 },              { 7, 5, 75 } },             /* keys without queries */
    };
    const int64_t sizes[] = { 32, 64, 24, 5 };
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (int v = 0; v < 4; v++) {
            bool   causal = v & 1;
            double p = v & 2 ? 0.1 : 0;
            check_attention(&same[0], s == 0 ? 3 : 2, sizes[s], causal, p, true, v != 1);
            check_attention(&same[1], 3, sizes[s], causal, p, true, true);
            check_attention(&same[1], 1, sizes[s], causal, p, false, true);
            for (size_t c = 0; c < COUNT(cross); c++) check_attention(&cross[c], 2, sizes[s], causal, p, false, true);
        }
}

/* ---- rows ---------------------------------------------------------------------------------------------------------- */

static void run_pool(Backend *b, Array *out, void *arg)
{
    PoolArgs a = *(const PoolArgs *)arg;
    a.y = out[0].p;
    a.dx = out[1].p;
    assert_int_equal(b->kernels.pool_fwd(b->dev, &a), OK);
    assert_int_equal(b->kernels.pool_bwd(b->dev, &a), OK);
}

static void run_gather(Backend *b, Array *out, void *arg)
{
    GatherArgs a = *(const GatherArgs *)arg;
    a.y = out[0].p;
    a.dx = out[1].p;
    assert_int_equal(b->kernels.gather_fwd(b->dev, &a), OK);
    assert_int_equal(b->kernels.gather_bwd(b->dev, &a), OK);
}

static void run_l2norm(Backend *b, Array *out, void *arg)
{
    L2NormArgs a = *(const L2NormArgs *)arg;
    a.y = out[0].p;
    a.dx = out[1].p;
    assert_int_equal(b->kernels.l2norm_fwd(b->dev, &a), OK);
    assert_int_equal(b->kernels.l2norm_bwd(b->dev, &a), OK);
}

static void rows_match_ref(void **state)
{
    (void)state;
    enum { SEQS = 4, ROWS = 60, PICKED = 9 };
    const int32_t cu[SEQS + 1] = { 0, 1, 15, 37, ROWS }, index[PICKED] = { 3, 0, 59, 7, 8, 40, 1, 33, 20 };
    const int64_t cols[] = { 1, 5, 33, 384, 1000 };
    for (size_t k = 0; k < COUNT(cols); k++)
        for (int v = 0; v < 4; v++) {
            int64_t n = cols[k];
            bool    add = v & 1;
            Array   x = array_random(ROWS * n, 1, 1), dy = array_random(ROWS * n, 2, 1);
            if (v == 0) memset(x.p, 0, (size_t)n * 4);      /* a row of length 0: eps */
            PoolArgs pool = { .dtype = DTYPE_F32,
                              .kind = v & 2 ? POOL_FIRST : POOL_MEAN,
                              .n_seqs = SEQS,
                              .n_tokens = ROWS,
                              .cols = n,
                              .cu_seqlens = cu,
                              .x = x.p,
                              .dy = dy.p,
                              .accumulate_dx = add };
            check_case((Outputs){ { array_nan(SEQS * n), array_output(ROWS * n, add) }, 2, tol_elementwise }, run_pool,
                       &pool, "pool");
            GatherArgs gather = { .dtype = DTYPE_F32, .n = PICKED, .rows = ROWS, .cols = n, .index = index, .x = x.p,
                                  .dy = dy.p, .accumulate_dx = add };
            check_case((Outputs){ { array_nan(PICKED * n), array_output(ROWS * n, add) }, 2, tol_elementwise },
                       run_gather, &gather, "gather");
            L2NormArgs norm = { .dtype = DTYPE_F32, .rows = ROWS, .cols = n, .eps = 1e-3, .x = x.p, .dy = dy.p,
                                .accumulate_dx = add };
            /* Of one column the gradient is 0, a difference of two numbers of size dy / |x|. */
            check_case((Outputs){ { array_nan(ROWS * n), array_output(ROWS * n, add) },
                                  2,
                                  n == 1 ? 1e-4 : tol_elementwise },
                       run_l2norm, &norm, "l2norm");
            array_free(x);
            array_free(dy);
        }
}

/* ---- loss ---------------------------------------------------------------------------------------------------------- */

static void run_cross_entropy(Backend *b, Array *out, void *arg)
{
    CrossEntropyArgs a = *(const CrossEntropyArgs *)arg;
    size_t bytes = b->kernels.cross_entropy_workspace ? b->kernels.cross_entropy_workspace(b->dev, &a) : 0;
    void  *workspace = workspace_new(bytes);
    StepScalars scalars = { .loss_sum = 5, .count = 2 };
    a.workspace = workspace;
    a.dlogits = out[0].p;
    a.row_loss = out[1].p;
    if (out[2].p) a.logits = a.dlogits = out[2].p;      /* in place: the array begins as the logits */
    a.scalars = &scalars;
    assert_int_equal(b->kernels.cross_entropy(b->dev, &a), OK);
    out[3].p[0] = (float)scalars.loss_sum;
    out[3].p[1] = (float)scalars.count;
    workspace_free(workspace, bytes);
}

static void cross_entropy_matches_ref(void **state)
{
    (void)state;
    const int64_t classes[] = { 1, 2, 5, 33, 77, 3001 };
    for (size_t k = 0; k < COUNT(classes); k++)
        for (int v = 0; v < 4; v++) {
            enum { ROWS = 33 };
            int64_t n = classes[k];
            int32_t labels[ROWS];
            Array   logits = array_random(ROWS * n, 1, 5);
            for (int i = 0; i < ROWS; i++) labels[i] = i % 5 == 3 ? BATCH_IGNORE : (int32_t)(i * 31 % n);
            for (int64_t c = 0; c < n; c++) logits.p[c] += 300;      /* a row that needs its maximum taken away */
            CrossEntropyArgs a = { .dtype = DTYPE_F32, .rows = ROWS, .classes = n, .logits = logits.p, .labels = labels,
                                   .label_smoothing = v & 1 ? 0.1 : 0 };
            Outputs o = { { v < 2 ? array_nan(ROWS * n) : (Array){ 0 }, v != 3 ? array_nan(ROWS) : (Array){ 0 } },
                          4,
                          tol_sum };
            if (v == 3) o.a[2] = array_copy(logits);
            o.a[3] = array_nan(2);
            check_case(o, run_cross_entropy, &a, "cross_entropy");
            array_free(logits);
        }
}

/* ---- optimizers ---------------------------------------------------------------------------------------------------- */

typedef struct OptimCase { OptimArgs a; bool sgd, broken; } OptimCase;

static void run_optim(Backend *b, Array *out, void *arg)
{
    const OptimCase *c = arg;
    OptimArgs        a = c->a;
    StepScalars      scalars = *a.scalars;
    size_t           bytes = b->kernels.grad_norm_workspace ? b->kernels.grad_norm_workspace(b->dev, &a) : 0;
    void            *workspace = workspace_new(bytes);
    a.workspace = workspace;
    a.scalars = &scalars;
    a.values = out[0].p;
    a.grads = out[1].p;
    a.m = out[2].p;
    a.v = out[3].p;
    if (c->broken) out[1].p[a.n_state / 2] = INFINITY;
    assert_int_equal(b->kernels.grad_norm(b->dev, &a), OK);
    assert_int_equal((c->sgd ? b->kernels.sgd : b->kernels.adamw)(b->dev, &a), OK);
    out[4].p[0] = c->broken ? 0 : (float)scalars.grad_norm;
    out[4].p[1] = c->broken ? 0 : (float)scalars.update_scale * 10;
    out[4].p[2] = (float)scalars.finite;
    out[4].p[3] = (float)scalars.updates;
    workspace_free(workspace, bytes);
}

static void optimizers_match_ref(void **state)
{
    (void)state;
    enum { A = 70001, B = 33, C = 1, GAP = 5, N = A + B + C + GAP }; /* frozen parameters leave gaps in the state */
    const OptimChunk chunks[] = { { 0, 0, A, 0.01f, 1 },
                                  { A + 64, A, B, 0, 0.5f },
                                  { A + 200, A + B + GAP, C, 0.1f, 1 } };
    for (int v = 0; v < 12; v++) {
        StepScalars s = { .learning_rate = 0.01, .max_grad_norm = v & 1 ? 1 : 0, .loss_sum = 3, .count = v & 2 ? 40 : 0,
                          .updates = v & 1 ? 100 : 0 };
        OptimCase c = { { .dtype = DTYPE_F32,
                          .chunks = chunks,
                          .n_chunks = 3,
                          .n_state = N,
                          .beta1 = 0.9,
                          .beta2 = 0.999,
                          .eps = 1e-8,
                          .momentum = 0.9,
                          .scalars = &s },
                        v >= 4 && v < 8,
                        v >= 8 };
        Outputs o = { { array_random(A + 300, 1, 1), array_random(N, 2, 1), array_random(N, 3, 0.1),
                        array_random(N, 4, 0.1), array_nan(4) },
                      5,
                      tol_elementwise };
        for (int64_t i = 0; i < N; i++) o.a[3].p[i] = fabsf(o.a[3].p[i]) + 1e-4f;
        check_case(o, run_optim, &c, v < 4 ? "adamw" : v < 8 ? "sgd" : "adamw, not finite");
    }
}

/* ---- threads ------------------------------------------------------------------------------------------------------- */

static void any_number_of_threads_matches_ref(void **state)
{
    (void)state;
    static const Lengths len = { 4, { 14, 9, 70, 1 }, { 14, 9, 70, 1 } };
    const int            counts[] = { 1, 3, 5 };
    rows_in_sequences_of(14);
    for (size_t i = 0; i < COUNT(counts); i++) {
        parallel_set_threads(counts[i]);
        check_linear(130, 96, 200, true, true, true, true);
        check_linear(1, 33, 77, true, false, true, true);      /* fewer tiles than threads */
        check_add_norm(33, 384, 0.1, true, true, true);
        check_attention(&len, 3, 32, true, 0.1, true, true);
    }
    parallel_set_threads(0);
}

/* ---- levels -------------------------------------------------------------------------------------------------------- */

static int open_levels(void **state)
{
    (void)state;
    static const char *const names[] = { "portable", "avx2", "avx512" };
    if (ref_open(&ref) != OK) return -1;
    for (size_t i = 0; i < COUNT(names); i++) {
        setenv("WHET_CPU", names[i], 1);
        if (cpu_open(&levels[n_levels]) != OK) {
            print_message("level %s: %s; not tested\n", names[i], status_fact());
            continue;
        }
        levels[n_levels++]->name = names[i];
    }
    unsetenv("WHET_CPU");
    return n_levels > 0 ? 0 : -1;
}

static int close_levels(void **state)
{
    (void)state;
    for (int l = 0; l < n_levels; l++) backend_close(levels[l]);
    backend_close(ref);
    return 0;
}

static void an_unknown_level_is_refused(void **state)
{
    (void)state;
    Backend *b = NULL;
    setenv("WHET_CPU", "mmx", 1);
    assert_int_equal(cpu_open(&b), ERR_CONFIG);
    unsetenv("WHET_CPU");
    assert_int_equal(cpu_open(&b), OK);
    assert_true(strlen(b->description) > 0);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_matches_ref),
        cmocka_unit_test(linear_rows_do_not_depend_on_the_batch),
        cmocka_unit_test(embed_matches_ref),
        cmocka_unit_test(add_norm_matches_ref),
        cmocka_unit_test(activation_matches_ref),
        cmocka_unit_test(activation_keeps_small_numbers),
        cmocka_unit_test(axpby_matches_ref),
        cmocka_unit_test(dropout_masks_are_those_of_ref),
        cmocka_unit_test(attention_matches_ref),
        cmocka_unit_test(rows_match_ref),
        cmocka_unit_test(cross_entropy_matches_ref),
        cmocka_unit_test(optimizers_match_ref),
        cmocka_unit_test(any_number_of_threads_matches_ref),
        cmocka_unit_test(an_unknown_level_is_refused),
    };
    return cmocka_run_group_tests(tests, open_levels, close_levels);
}
