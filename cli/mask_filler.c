#include "cli/mask_filler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "infer/engine.h"

/* A word is drawn from the TOP most probable ones, by their probability, the word that was there left out. */
enum { TOP = 20 };

struct MaskFiller {
    Backend     *backend;
    Engine      *engine;
    Text         masked;              /* the text with mask tokens */
    Encoding     encoding;
    EngineOutput out;
    int32_t      mask;
};

static bool wants_model(const Job *job)
{
    for (size_t i = 0; i < job->data.augment.n; i++)
        if (strncmp(job->data.augment.items[i], "mlm:", 4) == 0) return true;
    return false;
}

static Status start(MaskFiller *f, const Job *job)
{
    const char *model = job->data.augment_model ? job->data.augment_model : job->model.from;
    if (job->data.streaming)
        return hint(fail(ERR_CONFIG, "data.augment: mlm needs the processor that a stream leaves to training"),
                    "prepare the data first, and leave out data.streaming");
    if (!model)
        return hint(fail(ERR_CONFIG, "data.augment: mlm needs a masked language model"), "name one in data.augment_model");
    TRY(backend_open(&f->backend, job->device));
    TRY(during(engine_open(&f->engine, f->backend, model, NULL, "masked-lm"), "opening the model of data.augment"));
    f->mask = tokenizer_role(engine_tokenizer(f->engine), TOKEN_MASK);
    if (f->mask >= 0) return OK;
    return hint(fail(ERR_CONFIG, "%s has no mask token", model), "name a BERT-like model in data.augment_model");
}

Status mask_filler_open(MaskFiller **out, const Job *job)
{
    *out = NULL;
    if (!wants_model(job)) return OK;
    MaskFiller *f;
    TRY(mem_new(&f, 1, sizeof *f));
    Status s = start(f, job);
    if (s == OK) *out = f;
    else mask_filler_close(f);
    return s;
}

void mask_filler_close(MaskFiller *f)
{
    if (!f) return;
    engine_output_release(&f->out);
    encoding_release(&f->encoding);
    engine_close(f->engine);
    backend_close(f->backend);
    text_release(&f->masked);
    free(f);
}

/* Whether a token may stand for a word: a whole one, of letters, and not the one that was there. */
static bool is_word(const MaskFiller *f, int32_t id, const char *old, size_t n_old)
{
    const Tokenizer *t = engine_tokenizer(f->engine);
    const char      *token = tokenizer_token(t, id);
    if (!token || tokenizer_is_special(t, id) || tokenizer_continues_word(t, id)) return false;
    for (const char *p = token; *p; p++)
        if ((unsigned char)*p < 0x80 && !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')) return false;
    return !(strlen(token) == n_old && strncasecmp(token, old, n_old) == 0);
}

static const char *draw(MaskFiller *f, const REAL *logits, double uniform, const char *old, size_t n_old)
{
    int32_t best[TOP];
    int     n = 0;
    double  sum = 0;
    for (int32_t id = 0; id < (int32_t)engine_width(f->engine); id++) {
        if (n == TOP && logits[id] <= logits[best[n - 1]]) continue;
        if (!is_word(f, id, old, n_old)) continue;
        int at = n < TOP ? n++ : n - 1;
        for (; at > 0 && logits[best[at - 1]] < logits[id]; at--) best[at] = best[at - 1];
        best[at] = id;
    }
    for (int i = 0; i < n; i++) sum += exp((double)logits[best[i]] - logits[best[0]]);
    for (int i = 0; i < n; i++) {
        uniform -= exp((double)logits[best[i]] - logits[best[0]]) / sum;
        if (uniform < 0 || i + 1 == n) return tokenizer_token(engine_tokenizer(f->engine), best[i]);
    }
    return NULL;
}

static Status put_masks(MaskFiller *f, const char *text, size_t n, const AugmentMask *masks, size_t n_masks)
{
    const char *mask = tokenizer_token(engine_tokenizer(f->engine), f->mask);
    size_t      at = 0;
    text_clear(&f->masked);
    for (size_t i = 0; i < n_masks; i++) {
        TRY(text_add(&f->masked, text + at, masks[i].begin - at));
        TRY(text_add(&f->masked, mask, strlen(mask)));
        at = masks[i].end;
    }
    return text_add(&f->masked, text + at, n - at);
}

Status mask_filler_fill(void *arg, const char *text, size_t n, const AugmentMask *masks, size_t n_masks,
                        const char **words)
{
    MaskFiller     *f = arg;
    const Encoding *one = &f->encoding;
    if (n_masks == 0) return OK;
    TRY(put_masks(f, text, n, masks, n_masks));
    TRY(engine_encode(f->engine, f->masked.data, f->masked.len, NULL, 0, false, &f->encoding));
    TRY(engine_run(f->engine, &one, 1, &f->out));
    size_t rows = (size_t)f->out.n_rows;                /* fewer when the text was cut; more when it speaks of masks */
    for (size_t i = 0; i < n_masks && i < rows && rows <= n_masks; i++)
        words[i] = draw(f, f->out.rows + (int64_t)i * engine_width(f->engine), masks[i].uniform, text + masks[i].begin,
                        masks[i].end - masks[i].begin);
    return OK;
}
