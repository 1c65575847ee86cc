/* data/tokenizer/train/unigram_train.c: a unigram language model of pieces. Kudo 2018, sec. 3.2; the steps and
 * constants are those of the `tokenizers` library's UnigramTrainer.
 *
 *   seeds: all characters, and the repeated substrings with the highest count x length
 *   repeat   E: expected uses of each piece, over all ways to cut each word     M: score = digamma(use) - digamma(sum)
 *            prune: of the pieces whose loss, the fall in likelihood when the piece is cut into others, is least, drop
 *                   a quarter, until 1.1 x vocab_size remain
 *   finish: every character, then the best pieces
 *
 * Uses are summed as whole numbers of 1 / scale, so that threads may add them in any order. */
#include "data/tokenizer/train/unigram.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/parallel.h"

#define LEAST_USE   0.5                /* pieces that are expected less often are dropped */

typedef struct Loss { double loss; uint32_t id; } Loss;
enum { FATE_DROP, FATE_KEEP, FATE_JUDGE };

/* ---- all words, on all threads ----------------------------------------------------------------------------------- */

typedef struct Walk { Unigram *u; bool best; } Walk;           /* best: uses of the best way only */

static Status walk_word(UnigramHelper *h, const Walk *walk, size_t w)
{
    const WordTable *words = &walk->u->t->words;
    const Pieces    *p = &walk->u->pieces;
    TRY(piece_lattice_build(&h->lattice, p, words->words[w].at, words->words[w].len));
    if (walk->best) {
        piece_lattice_best(&h->lattice, p, false);
        for (size_t i = 0; i < h->lattice.n_path; i++) h->uses[h->lattice.path[i]] += (int64_t)words->words[w].count;
    } else {
        piece_lattice_expect(&h->lattice, p, (double)words->words[w].count, walk->u->scale, h->uses);
    }
    return OK;
}

static void walk_block(int64_t block, int thread, void *arg)
{
    Walk   *walk = arg;
    UnigramHelper *h = &walk->u->helpers[thread];
    size_t  begin = (size_t)block * UNIGRAM_BLOCK, end = begin + UNIGRAM_BLOCK;
    if (end > walk->u->n_words) end = walk->u->n_words;
    for (size_t w = begin; w < end && h->status == OK; w++) h->status = walk_word(h, walk, w);
}

/* Into u->uses. */
static Status walk_words(Unigram *u, bool best)
{
    Walk walk = { u, best };
    for (int h = 0; h < u->n_helpers; h++) memset(u->helpers[h].uses, 0, u->pieces.n * sizeof *u->uses);
    parallel_tasks((int64_t)((u->n_words + UNIGRAM_BLOCK - 1) / UNIGRAM_BLOCK), walk_block, &walk);
    memset(u->uses, 0, u->pieces.n * sizeof *u->uses);
    for (int h = 0; h < u->n_helpers; h++) {
        if (u->helpers[h].status != OK) return fail(u->helpers[h].status, "no memory to cut words into pieces");
        for (size_t i = 0; i < u->pieces.n; i++) u->uses[i] += u->helpers[h].uses[i];
    }
    return OK;
}

/* ---- EM ---------------------------------------------------------------------------------------------------------- */

/* d/dx log gamma(x): recurrence up to 7, then the asymptotic series about x - 1/2. */
static double digamma(double x)
{
    double below = 0;
    for (; x < 7; x++) below -= 1 / x;
    x -= 0.5;
    double r = 1 / (x * x);
    return below + log(x) + r * (1.0 / 24 - r * (7.0 / 960 - r * (31.0 / 8064 - r * 127.0 / 30720)));
}

static Status em_step(Unigram *u)
{
    Pieces *p = &u->pieces;
    double  sum = 0;
    TRY(walk_words(u, false));
    for (size_t i = 1; i < p->n; i++) {
        double use = (double)u->uses[i] / u->scale;
        if (use >= LEAST_USE) sum += use;
    }
    double whole = digamma(sum);
    for (size_t i = 1; i < p->n; i++) {
        double use = (double)u->uses[i] / u->scale;
        p->items[i].score = use >= LEAST_USE ? digamma(use) - whole : -INFINITY;
    }
    unigram_use_scores(p);
    return OK;
}

/* ---- pruning ----------------------------------------------------------------------------------------------------- */

/* What the likelihood loses when the piece's uses go to the pieces it is cut into. */
static double loss_of(const Unigram *u, size_t id, const PieceLattice *l)
{
    double use = (double)u->uses[id], log_alternatives = 0;
    double log_sum = log(u->sum_uses + use * (double)(l->n_path - 1));
    for (size_t i = 0; i < l->n_path; i++) log_alternatives += log((double)u->uses[l->path[i]] + use) - log_sum;
    return use / u->sum_counts * (log(use) - log(u->sum_uses) - log_alternatives);
}

static Status judge(Unigram *u, UnigramHelper *h, size_t id)
{
    const Pieces *p = &u->pieces;
    const Piece  *piece = &p->items[id];
    u->fates[id] = FATE_DROP;
    if (piece->score == -INFINITY) return OK;
    TRY(piece_lattice_build(&h->lattice, p, piece->at, piece->len));
    double apart = piece_lattice_best(&h->lattice, p, true);
    bool   alone = apart == -INFINITY, split = apart > piece->score;
    if (u->uses[id] == 0) u->fates[id] = alone ? FATE_KEEP : FATE_DROP;
    else if (alone || split) u->fates[id] = FATE_KEEP;
    else {
        u->fates[id] = FATE_JUDGE;
        u->losses[id] = loss_of(u, id, &h->lattice);
    }
    return OK;
}

static void judge_block(int64_t block, int thread, void *arg)
{
    Unigram *u = arg;
    UnigramHelper  *h = &u->helpers[thread];
    size_t   begin = (size_t)block * UNIGRAM_BLOCK, end = begin + UNIGRAM_BLOCK;
    if (end > u->pieces.n) end = u->pieces.n;
    for (size_t i = begin ? begin : 1; i < end && h->status == OK; i++) h->status = judge(u, h, i);
}

static int compare_losses(const void *a, const void *b)
{
    const Loss *x = a, *y = b;
    if (x->loss != y->loss) return x->loss > y->loss ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The pieces that stay, in their order; then the others from the greatest loss on, as many as there is room for.
 * number[old]: the new one, 0 for those that go. */
static Status take_best(Unigram *u, Pieces *out, Loss *losses, uint32_t *number, size_t room)
{
    const Piece *items = u->pieces.items;
    size_t       n = 0;
    TRY(unigram_add_piece(out, 0, 0, -INFINITY));
    for (size_t i = 1; i < u->pieces.n; i++) {
        if (u->fates[i] == FATE_JUDGE) losses[n++] = (Loss){ u->losses[i], (uint32_t)i };
        if (u->fates[i] != FATE_KEEP) continue;
        number[i] = (uint32_t)out->n;
        TRY(unigram_add_piece(out, items[i].at, items[i].len, items[i].score));
    }
    qsort(losses, n, sizeof *losses, compare_losses);
    for (size_t i = 0; i < n && out->n < room; i++) {
        const Piece *piece = &items[losses[i].id];
        number[losses[i].id] = (uint32_t)out->n;
        TRY(unigram_add_piece(out, piece->at, piece->len, piece->score));
    }
    return OK;
}

static Status find_losses(Unigram *u)
{
    TRY(walk_words(u, true));
    u->sum_uses = 0;
    for (size_t i = 0; i < u->pieces.n; i++) u->sum_uses += (double)u->uses[i];
    parallel_tasks((int64_t)((u->pieces.n + UNIGRAM_BLOCK - 1) / UNIGRAM_BLOCK), judge_block, u);
    for (int h = 0; h < u->n_helpers; h++)
        if (u->helpers[h].status != OK) return fail(u->helpers[h].status, "no memory to weigh pieces");
    return OK;
}

static Status prune(Unigram *u, size_t room)
{
    Pieces    rest = { 0 };
    Loss     *losses = NULL;
    uint32_t *number = NULL;
    size_t    n = u->pieces.n;
    Status    s = mem_new(&u->losses, n, sizeof *u->losses);
    if (s == OK) s = mem_new(&u->fates, n, sizeof *u->fates);
    if (s == OK) s = mem_new(&losses, n, sizeof *losses);
    if (s == OK) s = mem_new(&number, n, sizeof *number);
    if (s == OK) s = find_losses(u);
    if (s == OK) s = take_best(u, &rest, losses, number, room);
    if (s == OK) s = unigram_relink(u, &rest, number);
    else free(rest.items);
    free(number);
    free(losses);
    free(u->fates);
    free(u->losses);
    u->fates = NULL;
    u->losses = NULL;
    return s;
}

static Status shrink(Unigram *u)
{
    const TokenizerTrainOptions *o = u->t->o;
    size_t wanted = (size_t)o->vocab_size * 11 / 10, begin = u->pieces.n;
    for (;;) {
        for (int64_t i = 0; i < o->n_sub_iterations; i++) TRY(em_step(u));
        train_progress(o, "pruning pieces", (int64_t)(begin - u->pieces.n_alive),
                       (int64_t)(begin > wanted ? begin - wanted : 0));
        size_t alive = u->pieces.n_alive, room = (size_t)((double)alive * o->shrinking_factor);
        if (alive <= wanted) return OK;
        TRY(prune(u, room > wanted ? room : wanted));
        if (u->pieces.n_alive >= alive) return OK;               /* every piece is needed */
    }
}

/* ---- into the model ---------------------------------------------------------------------------------------------- */

typedef struct Ranked { const char *s; uint32_t len, order; double score; } Ranked;

static int compare_ranked(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Characters first, a little below the worst piece where none of their own is left; then pieces while there is room.
 * chars: all of the alphabet; of_char[cp]: the piece that a character is, or 0. */
static size_t choose(const Unigram *u, Ranked *out, const char *chars, const uint32_t *of_char, size_t room)
{
    const Pieces *p = &u->pieces;
    size_t        n = 0;
    double        penalty = 0;
    for (const char *c = chars; *c; n++) {
        size_t   len = 0;
        uint32_t id = of_char[word_char(c, 4, &len)];
        out[n] = (Ranked){ c, (uint32_t)len, (uint32_t)n, id ? p->items[id].score : p->min_score + penalty };
        if (!id) penalty += 0.0001;
        c += len;
    }
    for (size_t i = 1; i < p->n && n < room; i++) {
        size_t first = 0;
        if (p->items[i].probability == 0 || of_char[word_char(piece_text(p, i), p->items[i].len, &first)] == i)
            continue;
        out[n] = (Ranked){ piece_text(p, i), p->items[i].len, (uint32_t)n, p->items[i].score };
        n++;
    }
    qsort(out, n, sizeof *out, compare_ranked);
    return n;
}

static Status find_char_pieces(const Unigram *u, uint32_t **of_char)
{
    const Pieces *p = &u->pieces;
    TRY(mem_new(of_char, CODE_POINTS, sizeof **of_char));
    for (size_t i = 1; i < p->n; i++) {
        size_t   len = 0;
        uint32_t cp = word_char(piece_text(p, i), p->items[i].len, &len);
        if (len == p->items[i].len && p->items[i].probability > 0) (*of_char)[cp] = (uint32_t)i;
    }
    return OK;
}

static Status write_piece(cJSON *vocab, const char *s, size_t n, double score, Text *name)
{
    cJSON *pair = cJSON_CreateArray();
    text_clear(name);
    TRY(json_add(vocab, NULL, pair));
    TRY(text_add(name, s, n));
    TRY(json_add(pair, NULL, cJSON_CreateString(name->data)));
    return json_add(pair, NULL, cJSON_CreateNumber(score));
}

static bool is_special(const TokenizerTrainOptions *o, const Ranked *r)
{
    for (size_t i = 0; i < o->n_special_tokens; i++)
        if (strlen(o->special_tokens[i]) == r->len && memcmp(o->special_tokens[i], r->s, r->len) == 0) return true;
    return false;
}

static Status write_model(Unigram *u, const Ranked *ranked, size_t n, Text *name)
{
    const TokenizerTrainOptions *o = u->t->o;
    cJSON  *vocab = cJSON_CreateArray();
    int64_t unk = -1;
    TRY(json_add(u->t->model, "vocab", vocab));
    for (size_t i = 0; i < o->n_special_tokens; i++) {
        if (strcmp(o->special_tokens[i], o->unk_token) == 0) unk = (int64_t)i;
        TRY(write_piece(vocab, o->special_tokens[i], strlen(o->special_tokens[i]), 0, name));
    }
    for (size_t i = 0; i < n; i++)
        if (!is_special(o, &ranked[i])) TRY(write_piece(vocab, ranked[i].s, ranked[i].len, ranked[i].score, name));
    u->t->report->n_tokens = cJSON_GetArraySize(vocab);
    cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(u->t->model, "unk_id"), (double)unk);
    return OK;
}

static Status finish(Unigram *u)
{
    Text    chars = { 0 }, name = { 0 };
    Ranked *ranked = NULL;
    uint32_t *of_char = NULL;
    size_t  room = (size_t)u->t->o->vocab_size - u->t->o->n_special_tokens;
    Status  s = text_add(&chars, "", 0);
    for (uint32_t cp = 1; s == OK && cp < CODE_POINTS; cp++) {
        char utf8[4];
        if (u->keep[cp]) s = text_add(&chars, utf8, (size_t)utf8_encode(cp, utf8));
    }
    if (s == OK) s = mem_new(&ranked, u->pieces.n + (size_t)u->t->report->n_alphabet, sizeof *ranked);
    if (s == OK) s = find_char_pieces(u, &of_char);
    if (s == OK) s = write_model(u, ranked, choose(u, ranked, chars.data, of_char, room), &name);
    free(of_char);
    free(ranked);
    text_release(&chars);
    text_release(&name);
    return s;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static Status start(Unigram *u)
{
    const TokenizerTrainOptions *o = u->t->o;
    int64_t *n = &u->t->report->n_alphabet;
    double   sum_chars = 0;
    TRY(alphabet_choose(&u->keep, u->t, o->limit_alphabet, n));
    if (*n + (int64_t)o->n_special_tokens > o->vocab_size)
        return hint(fail(ERR_CONFIG, "vocab_size %" PRId64 " is below what the vocabulary must have: %" PRId64
                         " characters and %zu special tokens", o->vocab_size, *n, o->n_special_tokens),
                    "ask for more, or keep fewer characters with limit_alphabet");
    for (size_t w = 0; w < u->n_words; w++) {
        const Word *word = &u->t->words.words[w];
        u->sum_counts += (double)word->count;
        sum_chars += (double)word->count * word->len;
    }
    u->scale = ldexp(1, 61 - ilogb(sum_chars) < 40 ? 61 - ilogb(sum_chars) : 40);
    u->n_helpers = parallel_threads();
    return mem_new(&u->helpers, (size_t)u->n_helpers, sizeof *u->helpers);
}

Status unigram_train(Trainer *t)
{
    Unigram u = { .t = t, .n_words = t->words.n };
    Status  s = start(&u);
    train_progress(t->o, "finding repeated substrings", 0, 0);
    if (s == OK) s = unigram_make_seeds(&u);
    if (s == OK) s = shrink(&u);
    if (s == OK) s = finish(&u);
    for (int h = 0; u.helpers && h < u.n_helpers; h++) {
        piece_lattice_release(&u.helpers[h].lattice);
        free(u.helpers[h].uses);
    }
    free(u.pieces.items);
    free(u.pieces.longest);
    free(u.helpers);
    free(u.uses);
    free(u.keep);
    return s;
}
