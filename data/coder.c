#include "data/coder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/parallel.h"
#include "data/coder_internal.h"

/* A chunk is cut into pieces of neighbouring rows, several a thread, so that a long text holds up few others. Each piece
 * has its own block, and blocks are put together in order: who worked on what cannot be seen. */
enum { PIECES_A_THREAD = 4 };

typedef struct PieceOfWork {
    size_t  first, end;                /* rows of the chunk */
    Block   block;
    BadRows bad;
    size_t  failed;                    /* row that stopped it; SIZE_MAX: none */
} PieceOfWork;

struct Coder {
    CoderOptions o;
    LabelSet    *labels;
    Chunk        chunk;
    const Rows  *rows;                 /* of the chunk */
    BadRows      bad;
    RowWork     *works;                /* (n_works) one a thread */
    PieceOfWork *pieces;               /* (n_pieces) */
    int          n_works, n_pieces;
    int64_t      n_rows;
};

/* ---- a thread's share -------------------------------------------------------------------------------------------- */

/* What the tokenizer puts around a text, from what it puts around a letter. */
static Status find_specials(RowWork *w)
{
    Encoding *e = &w->encoding;
    TRY(tokenizer_encode(w->o->tokenizer, "a", 1, NULL, 0, &(EncodeOptions){ 0 }, e));
    TRY(mem_new(&w->prefix, e->n + 1, sizeof *w->prefix));
    TRY(mem_new(&w->suffix, e->n + 1, sizeof *w->suffix));
    for (size_t i = 0; i < e->n && e->words[i] < 0; i++) w->prefix[w->n_prefix++] = e->ids[i];
    size_t from = e->n;
    while (from > (size_t)w->n_prefix && e->words[from - 1] < 0) from--;
    for (; from < e->n; from++) w->suffix[w->n_suffix++] = e->ids[from];
    return OK;
}

Status row_work_init(RowWork *w, const CoderOptions *o)
{
    *w = (RowWork){ .o = o };
    if (o->cleaner) TRY(clean_work_new(&w->clean, o->cleaner));
    if (o->augmenter) TRY(augment_work_new(&w->augment));
    TRY(find_specials(w));
    if (o->windows && o->max_length - w->n_prefix - w->n_suffix < 1)
        return hint(fail(ERR_CONFIG, "data.max_length is %" PRId64 ", which leaves no room for text beside %d special "
                         "tokens", o->max_length, w->n_prefix + w->n_suffix),
                    "use at least %d", w->n_prefix + w->n_suffix + 1);
    return OK;
}

void row_work_release(RowWork *w)
{
    encoding_release(&w->encoding);
    encode_windows_release(&w->windows);
    clean_work_free(w->clean);
    augment_work_free(w->augment);
    text_release(&w->joined);
    free(w->marks);
    free(w->kept_marks);
    free(w->prefix);
    free(w->suffix);
}

static void code_pieces(int64_t i, int thread, void *arg)
{
    Coder       *c = arg;
    PieceOfWork *p = &c->pieces[i];
    RowWork     *w = &c->works[thread];
    block_clear(&p->block);
    p->bad.n = 0;
    p->failed = SIZE_MAX;
    for (size_t r = p->first; r < p->end; r++) {
        const ChunkRow *row = &c->chunk.rows[r];
        Status          s = code_row(w, &c->chunk, row, c->rows, &p->block);
        if (s == OK || bad_row_skipped(&p->bad, s, &c->o, row->place)) continue;
        p->failed = r;
        return;
    }
}

/* ---- a chunk ----------------------------------------------------------------------------------------------------- */

static void cut(Coder *c)
{
    const Chunk *k = &c->chunk;
    size_t       row = 0, each = k->bytes.len / (size_t)c->n_pieces + 1;
    for (int i = 0; i < c->n_pieces; i++) {
        PieceOfWork *p = &c->pieces[i];
        p->first = row;
        while (row < k->n && (k->rows[row].text < each * (size_t)(i + 1) || i + 1 == c->n_pieces)) row++;
        p->end = row;
    }
}

static void add_bad(BadRows *to, const BadRows *from)
{
    for (int64_t i = 0; i < from->n && i < CODER_BAD_SHOWN && to->n + i < CODER_BAD_SHOWN; i++)
        to->shown[to->n + i] = from->shown[i];
    to->n += from->n;
}

static Status code_chunk(Coder *c, const Rows *rows, Block *out)
{
    c->rows = rows;
    cut(c);
    if (c->n_pieces == 1) code_pieces(0, 0, c);
    else parallel_tasks(c->n_pieces, code_pieces, c);
    for (int i = 0; i < c->n_pieces; i++) {
        const PieceOfWork *p = &c->pieces[i];
        if (p->failed != SIZE_MAX) {                    /* again in this thread, whose record of failures is read */
            Block scratch = { .columns = out->columns };
            Status s = code_row(&c->works[0], &c->chunk, &c->chunk.rows[p->failed], rows, &scratch);
            block_release(&scratch);
            return s != OK ? s : fail(ERR_STATE, "a row failed once and not twice");
        }
        TRY(block_append(out, &p->block));
        add_bad(&c->bad, &p->bad);
    }
    c->n_rows += out->n[OF_ROW];
    return block_index(out);
}

Status coder_next(Coder *c, Rows *rows, Block *out, bool *end)
{
    block_clear(out);
    out->columns = c->pieces[0].block.columns;
    TRY(chunk_fill(&c->chunk, rows, &c->o, c->labels, &c->bad, end));
    return *end ? OK : code_chunk(c, rows, out);
}

/* ---- life cycle -------------------------------------------------------------------------------------------------- */

static unsigned columns_of(const CoderOptions *o)
{
    unsigned all = COLUMN_BIT(COL_IDS) | COLUMN_BIT(COL_WORDS) | COLUMN_BIT(COL_TOKENS) | COLUMN_BIT(COL_ROW) |
                   COLUMN_BIT(COL_LENGTH) | COLUMN_BIT(COL_UNKNOWN) | COLUMN_BIT(COL_AT) | COLUMN_BIT(COL_LINE) |
                   COLUMN_BIT(COL_FILE) | COLUMN_BIT(COL_ITEM) | COLUMN_BIT(COL_CLASS) | COLUMN_BIT(COL_KEY) |
                   COLUMN_BIT(COL_LABEL_KEY) | COLUMN_BIT(COL_GROUP) | COLUMN_BIT(COL_FILTERED);
    if (o->pairs && !o->windows) all |= COLUMN_BIT(COL_SEGMENTS);
    if (o->minhash) all |= COLUMN_BIT(COL_MINHASH);
    if (o->augmenter) all |= COLUMN_BIT(COL_COPY);
    if (o->labels == LABEL_NUMBER) all |= COLUMN_BIT(COL_TARGET);
    if (o->labels == LABEL_TAGS) all |= COLUMN_BIT(COL_TAGS) | COLUMN_BIT(COL_OFFSETS);
    if (o->labels == LABEL_SPAN) all |= COLUMN_BIT(COL_ANSWER) | COLUMN_BIT(COL_OFFSETS);
    return all;
}

static Status start(Coder *c)
{
    c->n_works = c->o.serial ? 1 : parallel_threads();
    c->n_pieces = c->n_works > 1 ? c->n_works * PIECES_A_THREAD : 1;
    TRY(mem_new(&c->works, (size_t)c->n_works, sizeof *c->works));
    TRY(mem_new(&c->pieces, (size_t)c->n_pieces, sizeof *c->pieces));
    for (int i = 0; i < c->n_pieces; i++) c->pieces[i].block.columns = columns_of(&c->o);
    for (int i = 0; i < c->n_works; i++) TRY(row_work_init(&c->works[i], &c->o));
    return OK;
}

Status coder_new(Coder **out, const CoderOptions *options, LabelSet *labels)
{
    *out = NULL;
    Coder *c;
    TRY(mem_new(&c, 1, sizeof *c));
    c->o = *options;
    c->labels = labels;
    Status s = start(c);
    if (s == OK) *out = c;
    else coder_free(c);
    return s;
}

void coder_free(Coder *c)
{
    if (!c) return;
    for (int i = 0; c->works && i < c->n_works; i++) row_work_release(&c->works[i]);
    for (int i = 0; c->pieces && i < c->n_pieces; i++) block_release(&c->pieces[i].block);
    free(c->works);
    free(c->pieces);
    chunk_release(&c->chunk);
    free(c);
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

static Status bad_lines_json(const BadRows *bad, const Rows *rows, cJSON *out)
{
    cJSON *list = cJSON_CreateArray();
    TRY(json_add_number(out, "bad_rows", (double)bad->n));
    TRY(json_add(out, "bad_lines", list));
    for (int64_t i = 0; i < bad->n && i < CODER_BAD_SHOWN; i++) {
        cJSON *o = cJSON_CreateObject();
        TRY(json_add(list, NULL, o));
        TRY(json_add_string(o, "path", rows_path(rows, bad->shown[i].place.file)));
        TRY(json_add_number(o, "line", (double)bad->shown[i].place.line));
        TRY(json_add_string(o, "why", bad->shown[i].why));
    }
    return OK;
}

/* What the threads' cleaning counted since their works were made; the works are made anew. */
static Status cleaning_json(Coder *c, cJSON *out)
{
    if (!c->o.cleaner) return OK;
    cJSON *total = NULL, *one = NULL;
    Status s = OK;
    for (int t = 0; s == OK && t < c->n_works; t++) {
        RowWork *w = &c->works[t];
        s = clean_counts(c->o.cleaner, w->clean, total ? &one : &total);
        if (s == OK && one) s = clean_counts_add(total, one);
        cJSON_Delete(one);
        one = NULL;
        clean_work_free(w->clean);
        w->clean = NULL;
        if (s == OK) s = clean_work_new(&w->clean, c->o.cleaner);
    }
    if (s != OK) {
        cJSON_Delete(total);
        return s;
    }
    return json_add(out, "cleaning", total);
}

Status coder_counts(Coder *c, const Rows *rows, cJSON **out)
{
    RowStats *all;
    TRY(mem_new(&all, 1, sizeof *all));
    cJSON  *j = cJSON_CreateObject();
    int64_t augmented = 0;
    for (int t = 0; t < c->n_works; t++) {
        row_stats_merge(all, &c->works[t].stats);
        augmented += c->works[t].augmented;
        c->works[t].augmented = 0;
        memset(&c->works[t].stats, 0, sizeof c->works[t].stats);
    }
    Status s = json_add_number(j, "rows", (double)c->n_rows);
    if (s == OK) s = bad_lines_json(&c->bad, rows, j);
    if (s == OK) s = cleaning_json(c, j);
    if (s == OK && c->o.augmenter) s = json_add_number(j, "augmented", (double)augmented);
    if (s == OK) s = row_stats_json(all, rows, j);
    c->n_rows = 0;
    c->bad.n = 0;
    free(all);
    if (s == OK) *out = j;
    else cJSON_Delete(j);
    return s;
}

static Status add_number(cJSON *total, const char *key, double more)
{
    cJSON *v = cJSON_GetObjectItemCaseSensitive(total, key);
    if (!v) return json_add_number(total, key, more);
    cJSON_SetNumberValue(v, v->valuedouble + more);
    return OK;
}

static Status copy_items(cJSON *to, const cJSON *from, int limit)
{
    for (const cJSON *v = from ? from->child : NULL; v && cJSON_GetArraySize(to) < limit; v = v->next)
        TRY(json_add(to, NULL, cJSON_Duplicate(v, true)));
    return OK;
}

static double score_of(const cJSON *row) { return cJSON_GetNumberValue(json_get(row, "score")); }

/* The highest scores of both lists, each sorted; what stood in the first one wins a tie. */
static Status merge_odd(cJSON *total, const char *key, const cJSON *a, const cJSON *b)
{
    cJSON *merged = cJSON_CreateArray();
    Status s = merged ? OK : fail(ERR_MEMORY, "no memory for the data report");
    a = a->child;
    b = b->child;
    for (int n = 0; s == OK && n < ROW_STATS_ODD && (a || b); n++) {
        const cJSON **from = !b || (a && score_of(a) >= score_of(b)) ? &a : &b;
        s = json_add(merged, NULL, cJSON_Duplicate(*from, true));
        *from = (*from)->next;
    }
    if (s == OK && !cJSON_ReplaceItemInObjectCaseSensitive(total, key, merged)) s = fail(ERR_STATE, "\"%s\" is gone", key);
    else if (s != OK) cJSON_Delete(merged);
    return s;
}

Status counts_add(cJSON *total, const cJSON *more)
{
    static const char *const numbers[] = { "rows", "bad_rows", "augmented" };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const cJSON *v = json_get(more, numbers[i]);
        if (v) TRY(add_number(total, numbers[i], v->valuedouble));
    }
    static const char *const parts[] = { "bad_lines", "cleaning", "scripts", "odd_rows" };
    for (size_t i = 0; i < COUNT(parts); i++) {
        const cJSON *from = json_get(more, parts[i]);
        cJSON       *to = cJSON_GetObjectItemCaseSensitive(total, parts[i]);
        if (!from) continue;
        if (!to) {
            TRY(json_add(total, parts[i], cJSON_Duplicate(from, true)));
            continue;
        }
        if (i == 0) TRY(copy_items(to, from, CODER_BAD_SHOWN));
        if (i == 1) TRY(clean_counts_add(to, from));
        for (const cJSON *v = i == 2 ? from->child : NULL; v; v = v->next)
            TRY(add_number(to, v->string, v->valuedouble));
        if (i == 3) TRY(merge_odd(total, parts[i], to, from));
    }
    return OK;
}
