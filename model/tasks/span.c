/* model/tasks/span.c: where the second text answers the first.  Devlin et al. 2018 sec. 4.2-4.3: every token gets two
 * numbers, for being the answer's first and its last token; the answer is the pair of places with the highest sum, "no
 * answer" is both at the first token. */
#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/tasks/tasks.h"

typedef struct SpanHead { Linear outputs; } SpanHead;

static int64_t span_width(const Model *m) { return (void)m, 2; }

static Status span_declare(Model *m)
{
    SpanHead *h;
    TRY(mem_new(&h, 1, sizeof *h));
    m->head = h;
    return linear_declare(&h->outputs, &m->params, "qa_outputs", m->config.hidden_size, 2, true);
}

static Tensor *span_forward(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    (void)batch;
    return tensor_name(ctx, linear_forward(ctx, &((const SpanHead *)m->head)->outputs, hidden), "logits");
}

/* ---- the answer ----------------------------------------------------------------------------------------------------- */

static double log_sum_exp(const REAL *x, int64_t n)        /* of every second number */
{
    double max = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) max = fmax(max, (double)x[2 * i]);
    for (int64_t i = 0; i < n; i++) sum += exp((double)x[2 * i] - max);
    return max + log(sum);
}

static bool of_context(const AnswerInput *w, int64_t i) { return w->segments[i] == 1 && w->words[i] >= 0; }

SpanChoice span_choose(const AnswerInput *w)
{
    const REAL *x = w->rows;
    SpanChoice  c = { .score = -INFINITY, .null_score = (double)x[0] + (double)x[1] };
    double      all = log_sum_exp(x, w->n) + log_sum_exp(x + 1, w->n);
    for (int64_t i = 0; i < w->n; i++)
        for (int64_t j = i; j < w->n && j < i + SPAN_MAX_TOKENS && of_context(w, i) && of_context(w, j); j++) {
            double score = (double)x[2 * i] + (double)x[2 * j + 1];
            if (c.found && !(score > c.score)) continue;
            c.found = true;
            c.score = score;
            c.begin = w->offsets[2 * i];
            c.end = w->offsets[2 * j + 1];
        }
    c.p = c.found ? exp(c.score - all) : 0;
    c.null_p = exp(c.null_score - all);
    return c;
}

SpanChoice span_better(SpanChoice a, SpanChoice b)
{
    SpanChoice c = b.found && (!a.found || b.score > a.score) ? b : a, null = b.null_score < a.null_score ? b : a;
    c.null_score = null.null_score;
    c.null_p = null.null_p;
    return c;
}

bool span_is_null(const Model *m, const SpanChoice *c)
{
    return !c->found || (m->config.no_answer && c->null_score > c->score);
}

/* {"answer", "begin", "end", "score"}: bytes of the second text, and the probability within its window. */
Status span_answer(const Model *m, const SpanChoice *c, const char *pair, cJSON *out)
{
    bool  none = span_is_null(m, c);
    char *text = NULL;
    TRY(text_format(&text, "%.*s", none ? 0 : (int)(c->end - c->begin), pair + c->begin));
    Status s = json_add_string(out, "answer", text);
    free(text);
    if (s == OK) s = json_add_number(out, "begin", none ? 0 : c->begin);
    if (s == OK) s = json_add_number(out, "end", none ? 0 : c->end);
    return s == OK ? json_add_number(out, "score", none ? c->null_p : c->p) : s;
}

static Status answer(const Model *m, const AnswerInput *in, int64_t n_inputs, const AnswerOptions *o, cJSON *out)
{
    (void)o;
    SpanChoice best = span_choose(&in[0]);
    for (int64_t i = 1; i < n_inputs; i++) best = span_better(best, span_choose(&in[i]));
    return span_answer(m, &best, in->pair, out);
}

const TaskDef task_question_answering = {
    .name = "question-answering",
    .about = "where a text answers a question",
    .class_suffix = "ForQuestionAnswering",
    .rows = ROW_TOKEN,
    .is_pair = true,
    .windows_pair = true,
    .declare = span_declare,
    .forward = span_forward,
    .width = span_width,
    .answer = answer,
};
