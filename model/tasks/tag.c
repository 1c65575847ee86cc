/* model/tasks/tag.c: a class for each word.  Devlin et al. 2018 sec. 5.3: logits = classifier(dropout(x)) of every token;
 * a word's class is its first token's. */
#include <stdlib.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/tasks/iob.h"
#include "model/tasks/tasks.h"

typedef struct TagHead {
    Linear   classifier;
    uint32_t site;
    double   p_drop;
} TagHead;

static Status tag_declare(Model *m)
{
    TagHead *h;
    TRY(mem_new(&h, 1, sizeof *h));
    m->head = h;
    h->p_drop = m->config.classifier_dropout >= 0 ? m->config.classifier_dropout : m->config.hidden_dropout_prob;
    h->site = params_add_site(&m->params);
    return linear_declare(&h->classifier, &m->params, "classifier", m->config.hidden_size, (int64_t)m->labels.n, true);
}

static Tensor *tag_forward(Ctx *ctx, const Model *m, Tensor *hidden, const BatchView *batch)
{
    const TagHead *h = m->head;
    Tensor *x = op_dropout(ctx, hidden, dropout_of_tokens(ctx, &batch->streams[0], h->p_drop, h->site));
    return tensor_name(ctx, linear_forward(ctx, &h->classifier, x), "logits");
}

/* ---- the answer ----------------------------------------------------------------------------------------------------- */

typedef struct Words {                 /* of one input, with their tags */
    int64_t  n;
    int32_t *tags, *begins, *ends;
    double  *scores;
} Words;

static Status words_new(Words *w, int64_t most)
{
    *w = (Words){ 0 };
    TRY(mem_new(&w->tags, (size_t)most, sizeof *w->tags));
    TRY(mem_new(&w->begins, (size_t)most, sizeof *w->begins));
    TRY(mem_new(&w->ends, (size_t)most, sizeof *w->ends));
    return mem_new(&w->scores, (size_t)most, sizeof *w->scores);
}

static void words_release(Words *w)
{
    free(w->tags);
    free(w->begins);
    free(w->ends);
    free(w->scores);
}

/* p: room for one row's probabilities. */
static void read_words(Words *w, const AnswerInput *in, double *p)
{
    for (int64_t i = 0; i < in->n; i++) {
        if (in->words[i] < 0) continue;
        if (w->n > 0 && i > 0 && in->words[i] == in->words[i - 1]) {       /* goes on */
            w->ends[w->n - 1] = in->offsets[2 * i + 1];
            continue;
        }
        int32_t best = 0;
        answer_softmax(in->rows + i * in->width, in->width, p);
        for (int32_t c = 1; c < in->width; c++) if (p[c] > p[best]) best = c;
        w->tags[w->n] = best;
        w->scores[w->n] = p[best];
        w->begins[w->n] = in->offsets[2 * i];
        w->ends[w->n++] = in->offsets[2 * i + 1];
    }
}

static Status add_piece(cJSON *list, const char *what, const char *name, const char *text, int32_t begin, int32_t end,
                        double score)
{
    cJSON *one = cJSON_CreateObject();
    char  *piece = NULL;
    TRY(json_add(list, NULL, one));
    TRY(text_format(&piece, "%.*s", (int)(end - begin), text + begin));
    Status s = json_add_string(one, "text", piece);
    free(piece);
    if (s == OK) s = json_add_string(one, what, name);
    if (s == OK) s = json_add_number(one, "begin", begin);
    if (s == OK) s = json_add_number(one, "end", end);
    return s == OK ? json_add_number(one, "score", score) : s;
}

static Status add_words(const Model *m, const Words *w, const char *text, cJSON *out)
{
    cJSON *list = cJSON_AddArrayToObject(out, "tokens");
    for (int64_t i = 0; i < w->n; i++)
        TRY(add_piece(list, "tag", m->labels.items[w->tags[i]], text, w->begins[i], w->ends[i], w->scores[i]));
    return OK;
}

static Status add_entities(const Model *m, const Words *w, const char *text, cJSON *out)
{
    Iob        iob;
    IobEntity *found;
    cJSON     *list = cJSON_AddArrayToObject(out, "entities");
    TRY(mem_new(&found, (size_t)w->n, sizeof *found));
    Status  s = iob_init(&iob, &m->labels);
    int64_t n = s == OK ? iob_entities(&iob, w->tags, w->n, found) : 0;
    for (int64_t i = 0; i < n && s == OK; i++) {
        const IobEntity *e = &found[i];
        double           score = 0;
        for (int64_t k = e->begin; k < e->end; k++) score += w->scores[k] / (double)(e->end - e->begin);
        s = add_piece(list, "type", iob.types.items[e->type], text, w->begins[e->begin], w->ends[e->end - 1], score);
    }
    iob_release(&iob);
    free(found);
    return s;
}

/* {"tokens": [{"text", "tag", "begin", "end", "score"}], "entities": [{"text", "type", ...}]}; places are bytes of the
 * text, an entity's score is its words' mean. "entities" is there when the tags mark any (iob.h). */
static Status tag_answer(const Model *m, const AnswerInput *in, int64_t n_inputs, const AnswerOptions *o, cJSON *out)
{
    (void)n_inputs, (void)o;
    Words   w;
    double *p = NULL;
    Status  s = words_new(&w, in->n);
    if (s == OK) s = mem_new(&p, (size_t)in->width, sizeof *p);
    if (s == OK) {
        read_words(&w, in, p);
        s = add_words(m, &w, in->text, out);
    }
    if (s == OK && iob_is(&m->labels)) s = add_entities(m, &w, in->text, out);
    words_release(&w);
    free(p);
    return s;
}

const TaskDef task_token_classification = {
    .name = "token-classification",
    .about = "a label for each word: names, parts of speech",
    .class_suffix = "ForTokenClassification",
    .rows = ROW_TOKEN,
    .has_classes = true,
    .declare = tag_declare,
    .forward = tag_forward,
    .width = task_width_classes,
    .answer = tag_answer,
};
