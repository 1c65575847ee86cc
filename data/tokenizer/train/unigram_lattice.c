/* data/tokenizer/train/unigram_lattice.c: all ways to cut a word into pieces. Kudo 2018, sec. 3.2.
 *
 *   forward[i]   sum over the ways to cut bytes [0, i)   of the product of their pieces' probabilities
 *   backward[i]  the same for [i, n)
 *   chance of an edge (i, j, piece) = forward[i] * probability[piece] * backward[j] / forward[n]
 *
 * Sums of products rather than log-sum-exp: no exponential in the loops. A character that is no piece is piece 0.
 * No trie is walked: which pieces stand where does not change from step to step, but for those that are dropped. */
#include "data/tokenizer/train/train_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

#define TINY 0x1p-256

static Status make_room(PieceLattice *l, size_t n)
{
    size_t cap = l->cap;
    if (n + 2 <= cap) return OK;
    size_t caps[] = { cap, cap, cap, cap, cap, cap };
    TRY(mem_grow(&l->first, &caps[0], n + 2, sizeof *l->first));
    TRY(mem_grow(&l->forward, &caps[1], n + 2, sizeof *l->forward));
    TRY(mem_grow(&l->backward, &caps[2], n + 2, sizeof *l->backward));
    TRY(mem_grow(&l->best, &caps[3], n + 2, sizeof *l->best));
    TRY(mem_grow(&l->back, &caps[4], n + 2, sizeof *l->back));
    TRY(mem_grow(&l->path, &caps[5], n + 2, sizeof *l->path));
    l->cap = caps[0];
    return OK;
}

static Status add_edge(PieceLattice *l, size_t end, uint32_t id)
{
    if (l->n_edges == l->cap_edges) TRY(mem_grow(&l->edges, &l->cap_edges, l->n_edges + 1, sizeof *l->edges));
    l->edges[l->n_edges++] = (Edge){ (uint32_t)end, id };
    return OK;
}

static size_t char_length(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

Status piece_lattice_build(PieceLattice *l, const Pieces *p, size_t at, size_t n)
{
    const unsigned char *word = (const unsigned char *)p->text + at;
    TRY(make_room(l, n));
    l->n = n;
    l->n_edges = 0;
    for (size_t i = 0; i < n; i++) {
        l->first[i] = (uint32_t)l->n_edges;
        if ((word[i] & 0xC0) == 0x80) continue;                  /* inside a character nothing begins */
        size_t character = char_length(word[i]);
        bool   alone = false;
        for (uint32_t id = p->longest[at + i]; id; id = p->items[id].parent) {
            const Piece *piece = &p->items[id];
            if (piece->len > n - i || piece->probability == 0) continue;
            TRY(add_edge(l, i + piece->len, id));
            alone |= piece->len == character;
        }
        if (!alone) TRY(add_edge(l, i + character, 0));
    }
    l->first[n] = (uint32_t)l->n_edges;
    return OK;
}

/* ---- expectation ------------------------------------------------------------------------------------------------- */

static void add_scaled(Scaled *x, double value, int32_t power)
{
    if (x->value == 0) *x = (Scaled){ value, power };
    else if (power == x->power) x->value += value;
    else if (power == x->power + 1) x->value += value * TINY;
    else if (power < x->power) *x = (Scaled){ value + (x->power == power + 1 ? x->value * TINY : 0), power };
}

static void lift(Scaled *x)
{
    if (x->value >= TINY || x->value == 0) return;
    x->value *= 1 / TINY;
    x->power++;
}

static void sum_forward(PieceLattice *l, const Pieces *p)
{
    memset(l->forward, 0, (l->n + 1) * sizeof *l->forward);
    l->forward[0].value = 1;
    for (size_t i = 0; i < l->n; i++) {
        lift(&l->forward[i]);
        Scaled here = l->forward[i];
        for (uint32_t e = l->first[i]; e < l->first[i + 1]; e++)
            add_scaled(&l->forward[l->edges[e].end], here.value * p->items[l->edges[e].id].probability, here.power);
    }
    lift(&l->forward[l->n]);
}

static void sum_backward(PieceLattice *l, const Pieces *p)
{
    memset(l->backward, 0, (l->n + 1) * sizeof *l->backward);
    l->backward[l->n].value = 1;
    for (size_t i = l->n; i-- > 0;) {
        Scaled here = { 0, 0 };
        for (uint32_t e = l->first[i]; e < l->first[i + 1]; e++) {
            Scaled there = l->backward[l->edges[e].end];
            add_scaled(&here, there.value * p->items[l->edges[e].id].probability, there.power);
        }
        lift(&here);
        l->backward[i] = here;
    }
}

void piece_lattice_expect(PieceLattice *l, const Pieces *p, double count, double scale, int64_t *expected)
{
    sum_forward(l, p);
    sum_backward(l, p);
    Scaled all = l->forward[l->n];
    if (all.value == 0) return;
    double unit = count * scale / all.value;
    for (size_t i = 0; i < l->n; i++) {
        Scaled from = l->forward[i];
        for (uint32_t e = l->first[i]; e < l->first[i + 1]; e++) {
            Scaled to = l->backward[l->edges[e].end];
            double chance = from.value * p->items[l->edges[e].id].probability * to.value;
            int    power = from.power + to.power - all.power;
            if (power != 0) chance = ldexp(chance, -256 * power);
            expected[l->edges[e].id] += llrint(unit * chance);
        }
    }
}

/* ---- the best way ------------------------------------------------------------------------------------------------ */

double piece_lattice_best(PieceLattice *l, const Pieces *p, bool no_whole)
{
    for (size_t i = 0; i <= l->n; i++) l->best[i] = -INFINITY;
    l->best[0] = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->best[i] == -INFINITY) continue;
        for (uint32_t e = l->first[i]; e < l->first[i + 1]; e++) {
            Edge   edge = l->edges[e];
            double score = l->best[i] + (edge.id == 0 ? p->unk_score : p->items[edge.id].score);
            if (no_whole && i == 0 && edge.end == l->n) continue;
            if (!(score > l->best[edge.end])) continue;
            l->best[edge.end] = score;
            l->back[edge.end] = (Edge){ (uint32_t)i, edge.id };
        }
    }
    l->n_path = 0;
    if (l->best[l->n] == -INFINITY) return -INFINITY;
    for (size_t i = l->n; i > 0; i = l->back[i].end) l->path[l->n_path++] = l->back[i].id;
    return l->best[l->n];
}

void piece_lattice_release(PieceLattice *l)
{
    free(l->first);
    free(l->edges);
    free(l->forward);
    free(l->backward);
    free(l->best);
    free(l->back);
    free(l->path);
    memset(l, 0, sizeof *l);
}
