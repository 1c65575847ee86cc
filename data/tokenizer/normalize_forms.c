/* data/tokenizer/normalize_forms.c: NFD, NFKD, NFC, NFKC (Unicode annex 15), with the reference's alignment.
 *
 * Characters are decomposed; combining ones wait until the next that is not, which puts them in the order of their
 * classes; for NFC and NFKC a starter then takes up what it composes with. Alignment follows the reference: every part
 * of a decomposition but the first is "new", and a composition adds up what its two halves were, less one.
 * Stretches in which no character decomposes, combines or composes are copied. */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/tokenizer/unicode.h"

typedef struct Form { bool compatible, compose; unsigned flag; } Form;

typedef struct Composer {
    Rewriter *out;
    Marks    *pending;                 /* decomposed; from the last starter on, not yet in order */
    Marks    *blocked;                 /* what the starter did not take up */
    bool      compose, has_starter;
    uint32_t  starter;
    int       starter_change, last_class;                                    /* last_class -1: none between */
} Composer;

/* ---- composing --------------------------------------------------------------------------------------------------- */

static Status purge(Composer *c)
{
    if (c->has_starter) TRY(rewriter_put(c->out, c->starter, c->starter_change));
    for (size_t i = 0; i < c->blocked->n; i++)
        TRY(rewriter_put(c->out, c->blocked->items[i].cp, c->blocked->items[i].change));
    c->blocked->n = 0;
    c->has_starter = false;
    c->last_class = -1;
    return OK;
}

static Status block(Composer *c, uint32_t cp, int change, int class)
{
    TRY(mem_grow(&c->blocked->items, &c->blocked->cap, c->blocked->n + 1, sizeof *c->blocked->items));
    c->blocked->items[c->blocked->n++] = (Mark){ .cp = cp, .change = change };
    c->last_class = class;
    return OK;
}

static void start(Composer *c, uint32_t cp, int change)
{
    c->has_starter = true;
    c->starter = cp;
    c->starter_change = change;
}

static Status take(Composer *c, uint32_t cp, int change, int class)
{
    if (!c->compose) return rewriter_put(c->out, cp, change);
    if (!c->has_starter) {
        if (class != 0) return rewriter_put(c->out, cp, change);
        start(c, cp, change);
        return OK;
    }
    if (c->last_class < 0 || c->last_class < class) {
        uint32_t composed = unicode_compose(c->starter, cp);
        if (composed) {
            c->starter = composed;
            c->starter_change += change - 1;
            return OK;
        }
    }
    if (class != 0) return block(c, cp, change, class);
    TRY(purge(c));
    start(c, cp, change);
    return OK;
}

/* ---- decomposing ------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const Mark *)a)->order, y = ((const Mark *)b)->order;
    return (x > y) - (x < y);
}

static Status flush(Composer *c)
{
    Marks *m = c->pending;
    size_t n = m->n;
    m->n = 0;
    for (size_t i = 1; i < n; i++)
        if (m->items[i].order < m->items[i - 1].order) {
            qsort(m->items, n, sizeof *m->items, compare);
            break;
        }
    for (size_t i = 0; i < n; i++) TRY(take(c, m->items[i].cp, m->items[i].change, (int)(m->items[i].order >> 32)));
    return OK;
}

static Status decompose(Composer *c, uint32_t cp, bool compatible)
{
    uint32_t parts[UNICODE_MAX_COMPATIBLE];
    int      n = compatible ? unicode_decompose_compatible(cp, parts) : unicode_decompose(cp, parts);
    for (int i = 0; i < n; i++) {
        int change = i > 0 ? REWRITE_NEW : REWRITE_REPLACE, class = unicode_combining_class(parts[i]);
        if (class == 0) {
            TRY(flush(c));
            TRY(take(c, parts[i], change, 0));
            continue;
        }
        TRY(mem_grow(&c->pending->items, &c->pending->cap, c->pending->n + 1, sizeof *c->pending->items));
        c->pending->items[c->pending->n] =
            (Mark){ .order = (uint64_t)class << 32 | c->pending->n, .cp = parts[i], .change = change };
        c->pending->n++;
    }
    return OK;
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

/* A starter that the form keeps and that the one before it cannot take up. */
static bool is_inert(const Form *f, uint32_t cp)
{
    if (cp < 0xA0 || (cp < 0x300 && f->compose && !f->compatible)) return true;
    return !(unicode_form_flags(cp) & f->flag);
}

/* Where text that stays as it is ends: before a character that is not inert, or before the starter that it may join. */
static size_t inert_end(const Form *f, const char *text, size_t from, size_t n)
{
    size_t i = from, before = from;
    while (i < n) {
        int      len;
        uint64_t eight;
        if (i + 8 <= n) {
            memcpy(&eight, text + i, 8);
            if (!(eight & 0x8080808080808080u)) {
                before = i + 7;
                i += 8;
                continue;
            }
        }
        uint32_t cp = decode_valid(text + i, &len);
        if (!is_inert(f, cp)) return f->compose ? before : i;
        before = i;
        i += (size_t)len;
    }
    return n;
}

static Status run_form(const Step *step, Scratch *sc)
{
    const Form    *f = step->state;
    const Aligned *in = sc->text;
    size_t         i = inert_end(f, in->text, 0, in->n);
    Rewriter       w;
    if (i == in->n) return OK;
    TRY(rewriter_begin(&w, sc));
    Composer c = { .out = &w, .pending = &sc->marks, .blocked = &sc->blocked, .compose = f->compose, .last_class = -1 };
    c.pending->n = c.blocked->n = 0;
    while (i < in->n) {
        int len;
        TRY(rewriter_copy(&w, i));
        do {
            TRY(decompose(&c, decode_valid(in->text + i, &len), f->compatible));
            i += (size_t)len;
        } while (i < in->n && !is_inert(f, decode_valid(in->text + i, &len)));
        TRY(flush(&c));
        TRY(purge(&c));
        w.at = i;
        i = inert_end(f, in->text, i, in->n);
    }
    TRY(rewriter_copy(&w, in->n));
    rewriter_end(&w);
    return OK;
}

static Status add_form(Tokenizer *t, bool compatible, bool compose, unsigned flag)
{
    Form *state;
    TRY(mem_new(&state, 1, sizeof *state));
    *state = (Form){ compatible, compose, flag };
    return steps_add(&t->normalizers, (Step){ run_form, state, NULL });
}

Status normalizer_nfd_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_form(t, false, false, UNICODE_NOT_NFD);
}

Status normalizer_nfkd_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_form(t, true, false, UNICODE_NOT_NFKD);
}

Status normalizer_nfc_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_form(t, false, true, UNICODE_NOT_NFC);
}

Status normalizer_nfkc_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    (void)json, (void)name;
    return add_form(t, true, true, UNICODE_NOT_NFKC);
}
