/* data/collate/mlm.c: masking for masked language models.
 *
 *   every token that is not special is predicted with `probability`     Devlin et al. 2018, sec. 3.1
 *   of those: 80 % [MASK], 10 % a random token, 10 % as it was
 *   whole_word: the draw is one a word, the 80/10/10 one a token        google-research/bert, May 2019
 *
 * A draw is named by (seed, epoch, row, position), so a batch can be made again in any order, and a row is masked the
 * same way in whatever batch it lands. */
#include "core/rng.h"
#include "data/collate/collate.h"

enum { DRAW_CHOOSE, DRAW_KIND, DRAW_TOKEN, DRAW_FALLBACK, N_DRAWS };
enum { MAX_TRIES = 8 };

typedef struct Masker {
    const MlmOptions *o;
    const Example    *e;
    int64_t           row;
    int32_t           mask, size;
} Masker;

static uint64_t coordinate(const Masker *m, int64_t position, int draw, int attempt)
{
    return ((uint64_t)m->row << 29) | ((uint64_t)position << 5) | ((uint64_t)draw << 3) | (uint64_t)attempt;
}

static double uniform(const Masker *m, int64_t position, int draw)
{
    return rng_draw_uniform(m->o->seed, RNG_SITE_MASK, (uint32_t)m->o->epoch, coordinate(m, position, draw, 0));
}

static uint32_t below(const Masker *m, int64_t position, int draw, int attempt, uint32_t n)
{
    return rng_draw_below(m->o->seed, RNG_SITE_MASK, (uint32_t)m->o->epoch, coordinate(m, position, draw, attempt), n);
}

static bool maskable(const Masker *m, int64_t i)
{
    return m->e->words[i] >= 0 && !tokenizer_is_special(m->o->tokenizer, m->e->ids[i]);
}

/* Where what is masked together with token i begins: its word, or the token alone. */
static int64_t unit_begin(const Masker *m, int64_t i)
{
    const Example *e = m->e;
    while (m->o->whole_word && i > 0 && maskable(m, i - 1) && e->words[i - 1] == e->words[i] &&
           e->segments[i - 1] == e->segments[i]) i--;
    return i;
}

/* A token for the place of a predicted one: any of the vocabulary that is a token and not special. */
static int32_t random_token(const Masker *m, int64_t i)
{
    for (int attempt = 0; attempt < MAX_TRIES; attempt++) {
        int32_t id = (int32_t)below(m, i, DRAW_TOKEN, attempt, (uint32_t)m->size);
        if (tokenizer_token(m->o->tokenizer, id) && !tokenizer_is_special(m->o->tokenizer, id)) return id;
    }
    return m->e->ids[i];
}

static Status predict(const Masker *m, int64_t i, int64_t at, Batch *out)
{
    int32_t *ids = out->streams[0].ids;
    double   kind = uniform(m, i, DRAW_KIND);
    TRY(batch_add_token_label(out, (int32_t)(at + i), m->e->ids[i]));
    if (kind < 0.8) ids[at + i] = m->mask;
    else if (kind < 0.9) ids[at + i] = random_token(m, i);
    return OK;
}

/* The one token predicted when chance chose none. */
static int64_t fallback(const Masker *m)
{
    int64_t n = 0, i = 0;
    for (i = 0; i < m->e->n; i++) n += maskable(m, i);
    if (n == 0) return -1;
    int64_t k = below(m, 0, DRAW_FALLBACK, 0, (uint32_t)n);
    for (i = 0; i < m->e->n; i++)
        if (maskable(m, i) && k-- == 0) break;
    return i;
}

static Status mask_row(const Masker *m, int64_t at, Batch *out)
{
    int64_t before = out->n_labelled;
    bool    chosen = false;
    for (int64_t i = 0; i < m->e->n; i++) {
        if (!maskable(m, i)) continue;
        if (unit_begin(m, i) == i) chosen = uniform(m, i, DRAW_CHOOSE) < m->o->probability;
        if (chosen) TRY(predict(m, i, at, out));
    }
    if (out->n_labelled > before) return OK;
    int64_t one = fallback(m);
    if (one < 0) return OK;
    int64_t first = unit_begin(m, one);
    for (int64_t i = first; i < m->e->n && maskable(m, i) && unit_begin(m, i) == first; i++)
        TRY(predict(m, i, at, out));
    return OK;
}

Status collate_mlm(Dataset *d, const int64_t *rows, int64_t n, const MlmOptions *options, Batch *out)
{
    Masker m = { .o = options, .mask = tokenizer_role(options->tokenizer, TOKEN_MASK),
                 .size = tokenizer_size(options->tokenizer) };
    if (m.mask < 0)
        return hint(fail(ERR_CONFIG, "the tokenizer has no [MASK] token, which a masked language model needs"),
                    "use the tokenizer of a BERT-like model, or the task causal-lm");
    for (int64_t i = 0; i < n; i++) {
        Example e;
        TRY(dataset_example(d, rows[i], &e));
        int64_t at = out->streams[0].n_tokens;
        TRY(batch_add(out, 0, e.ids, e.segments, e.n, rows[i]));
        out->n_truncated += e.truncated;
        m.e = &e;
        m.row = rows[i];
        TRY(mask_row(&m, at, out));
    }
    return OK;
}
