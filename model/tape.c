/* model/tape.c: what was recorded, gradients' memory, backward, and recomputation.
 *
 * An activation's gradient is dead once the op that produced the activation has run backward, so it is freed right
 * then, into a short list of blocks that later gradients of the same size reuse. That holds for tensors that cross
 * block boundaries too, and keeps the high-water mark at a few activations however deep the stack is. */
#include <string.h>

#include "model/ctx.h"

bool ctx_records(const Ctx *c, Tensor *const *in, int n_in)
{
    if (!c->tape || c->status != OK) return false;
    for (int i = 0; i < n_in; i++)
        if (in[i] && in[i]->wants_grad) return true;
    return false;
}

void ctx_record(Ctx *c, BackwardFn backward, Tensor *out, Tensor *const *in, int n_in, const void *args, size_t bytes)
{
    BUG_ON(n_in > CTX_MAX_IN);
    if (!ctx_records(c, in, n_in)) return;
    TapeNode *n = arena_alloc(&c->step, sizeof *n);
    void     *copy = arena_alloc(&c->step, bytes);
    if (!n || !copy) {
        ctx_fail(c, ERR_MEMORY, "a step of more ops than the tape holds");
        return;
    }
    *n = (TapeNode){ .previous = c->tape->last, .backward = backward, .out = out, .args = copy };
    memcpy(copy, args, bytes);
    memcpy(n->in, in, (size_t)n_in * sizeof *in);
    c->tape->last = n;
    c->tape->n_nodes++;
    out->wants_grad = true;
}

void *ctx_back_alloc(Ctx *c, size_t bytes)
{
    for (int i = c->n_free_grads - 1; i >= 0; i--)
        if (c->free_grads[i].bytes == bytes) {
            void *p = c->free_grads[i].data;
            c->free_grads[i] = c->free_grads[--c->n_free_grads];
            return p;
        }
    void *p = arena_alloc(&c->back, bytes);
    if (!p)
        ctx_fail(c, ERR_MEMORY, "the memory for gradients of activations (%zu MiB) is full", c->back.capacity >> 20);
    return p;
}

void ctx_back_free(Ctx *c, void *data, size_t bytes)
{
    if (data && c->n_free_grads < (int)COUNT(c->free_grads))
        c->free_grads[c->n_free_grads++] = (struct FreeGrad){ data, bytes };
}

GradOut grad_out(Ctx *c, Tensor *t)
{
    if (!t || !t->wants_grad) return (GradOut){ 0 };
    if (t->grad) return (GradOut){ t->grad, true };
    BUG_ON(t->is_param);                      /* a trainable parameter without memory for its gradient */
    t->grad = ctx_back_alloc(c, tensor_bytes(t));
    return (GradOut){ t->grad, false };
}

Status tape_backward(Ctx *c)
{
    for (TapeNode *n = c->tape->last; n && c->status == OK; n = n->previous) {
        if (!n->out->grad) continue;          /* nothing below asked for it */
        n->backward(c, n);
        if (n->out->grad != n->out->data) ctx_back_free(c, n->out->grad, tensor_bytes(n->out));
        n->out->grad = NULL;
    }
    return c->status;
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

typedef struct BlockArgs {
    BlockFn          block;
    const void      *layer;
    const BatchView *batch;
    int              index;
} BlockArgs;

/* Runs the block on x without keeping anything but its result, which lands in `to` (x's own memory is allowed). */
static void run_into(Ctx *c, const BlockArgs *a, Tensor *x, void *to)
{
    Tape  *tape = c->tape;
    size_t mark = arena_mark(&c->step_data);
    c->tape = NULL;
    Tensor *y = a->block(c, a->layer, x, a->batch, a->index);
    c->tape = tape;
    if (c->status == OK && (y->ndim != x->ndim || tensor_count(y) != tensor_count(x)))
        ctx_fail(c, ERR_SHAPE, "block %d changes the shape of its input", a->index);
    if (c->status == OK) c->status = c->backend->copy(c->backend, to, y->data, tensor_bytes(x));
    arena_release(&c->step_data, mark);
}

static Status recompute_backward(Ctx *c, const TapeNode *n)
{
    const BlockArgs *a = n->args;
    Tensor *x = n->in[0], inner = *x;
    Tape   *outer = c->tape, tape = { 0 };
    size_t  data = arena_mark(&c->step_data), host = arena_mark(&c->step);
    inner.grad = NULL;
    inner.wants_grad = true;
    c->tape = &tape;
    Tensor *y = a->block(c, a->layer, &inner, a->batch, a->index);
    if (c->status == OK) {
        y->grad = n->out->grad;
        y->wants_grad = true;
        n->out->grad = NULL;                  /* the inner tape gives it back */
        c->status = tape_backward(c);
    }
    c->tape = outer;
    GradOut g = grad_out(c, x);
    if (c->status == OK && g.data && inner.grad) {
        AxpbyArgs add = {
            .dtype = x->dtype, .n = tensor_count(x), .a = 1, .x = inner.grad, .y = g.data, .accumulate_y = g.accumulate
        };
        ctx_run(c, axpby, &add);
    }
    ctx_back_free(c, inner.grad, tensor_bytes(&inner));
    arena_release(&c->step_data, data);
    arena_release(&c->step, host);
    return c->status;
}

Tensor *ctx_block(Ctx *c, BlockFn block, const void *layer, Tensor *x, const BatchView *batch, int index)
{
    if (c->status != OK) return &c->nothing;
    BlockArgs a = { block, layer, batch, index };
    if (!c->tape) {
        run_into(c, &a, x, x->data);
        return c->status == OK ? x : &c->nothing;
    }
    if (!c->recompute) return block(c, layer, x, batch, index);
    Tensor *y = ctx_tensor_like(c, x);
    if (c->status != OK) return &c->nothing;
    run_into(c, &a, x, y->data);
    y->wants_grad = true;                     /* the block's own parameters, whatever x wants */
    x->wants_grad = true;
    ctx_record(c, recompute_backward, y, IN(x), &a, sizeof a);
    return c->status == OK ? y : &c->nothing;
}
