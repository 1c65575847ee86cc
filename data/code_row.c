/* data/code_row.c: one row -> its examples in a Block: cleaned, tokenised, its labels found again among the tokens.
 *
 *   a text or a pair           one example, cut to max_length
 *   a language model's text    windows of max_length that lie side by side: every token once, in order
 *   a question and a context   windows of the context that overlap by `stride`, each with the question before it
 *
 * Words with tags and answers are bytes of the text; cleaning moves them along, and tokens find them by their offsets. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/batch.h"
#include "core/hash.h"
#include "data/coder_internal.h"
#include "data/select/select.h"

enum { LEAST_CONTEXT = 4 };           /* tokens of the context that a window holds at least */

/* A row while it is worked on: the texts as they are now, and where the marked pieces have gone. */
typedef struct Piece {
    const char     *text, *pair;
    size_t          n_text, n_pair;
    const ChunkRow *row;
    const ChunkSpan *spans;            /* their tags; their places are in RowWork.marks */
    const char     *path;
    int32_t         index;             /* of the row in the block */
    int8_t          copy;
} Piece;

static Status refuse(const Piece *p, const char *what)
{
    return hint(fail(ERR_DATA, "%s:%" PRId64 ": %s", p->path, p->row->place.line, what),
                "correct the row, or set data.on_bad_row to skip");
}

/* ---- tokens of one text into the block --------------------------------------------------------------------------- */

static void put_words(int8_t *out, const Encoding *e, size_t first, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        size_t i = first + k;
        bool   goes_on = k > 0 && e->words[i] == e->words[i - 1] && e->segments[i] == e->segments[i - 1];
        out[k] = e->words[i] < 0 ? -1 : goes_on ? 0 : 1;
    }
}

/* Tokens first .. first + n - 1 of the encoding, between `prefix` and `suffix`, as a new example; *at: its first token. */
static Status put_tokens(RowWork *w, Block *b, const Encoding *e, size_t first, size_t n, bool specials, int64_t *at)
{
    size_t  before = specials ? (size_t)w->n_prefix : 0, after = specials ? (size_t)w->n_suffix : 0;
    int64_t begin = b->n[OF_TOKEN];
    TRY(block_extend(b, OF_TOKEN, (int64_t)(n + before + after)));
    int32_t *ids = COLUMN(b, int32_t, COL_IDS) + begin;
    int8_t  *words = COLUMN(b, int8_t, COL_WORDS) + begin;
    if (before) memcpy(ids, w->prefix, before * sizeof *ids);
    memcpy(ids + before, e->ids + first, n * sizeof *ids);
    if (after) memcpy(ids + before + n, w->suffix, after * sizeof *ids);
    memset(words, -1, before + n + after);
    put_words(words + before, e, first, n);
    int8_t *segments = COLUMN(b, int8_t, COL_SEGMENTS);
    for (size_t k = 0; segments && k < n; k++) segments[begin + (int64_t)(before + k)] = (int8_t)e->segments[first + k];
    int32_t *offsets = COLUMN(b, int32_t, COL_OFFSETS);
    if (offsets) memcpy(offsets + 2 * (begin + (int64_t)before), e->offsets + 2 * first, 2 * n * sizeof *offsets);
    *at = begin;
    return OK;
}

static Status put_example(RowWork *w, Block *b, const Piece *p, int64_t at, size_t length)
{
    int64_t i = b->n[OF_EXAMPLE], n = b->n[OF_TOKEN] - at;
    int32_t unknown = tokenizer_role(w->o->tokenizer, TOKEN_UNK), n_unknown = 0;
    TRY(block_extend(b, OF_EXAMPLE, 1));
    const int32_t *ids = COLUMN(b, int32_t, COL_IDS) + at;
    for (int64_t k = 0; unknown >= 0 && k < n; k++) n_unknown += ids[k] == unknown;
    COLUMN(b, int32_t, COL_TOKENS)[i] = (int32_t)n;
    COLUMN(b, int32_t, COL_ROW)[i] = p->index;
    COLUMN(b, int32_t, COL_LENGTH)[i] = (int32_t)length;
    COLUMN(b, int32_t, COL_UNKNOWN)[i] = n_unknown;
    if (b->columns & COLUMN_BIT(COL_COPY)) COLUMN(b, int8_t, COL_COPY)[i] = p->copy;
    return OK;
}

/* ---- labels among the tokens ------------------------------------------------------------------------------------- */

/* The first token of each marked word gets its tag. Tokens and words both go forward. */
static void put_tags(RowWork *w, Block *b, const Piece *p, int64_t at)
{
    int32_t       *tags = COLUMN(b, int32_t, COL_TAGS);
    const int32_t *offsets = COLUMN(b, int32_t, COL_OFFSETS);
    const int8_t  *words = COLUMN(b, int8_t, COL_WORDS);
    size_t         span = 0, tagged = SIZE_MAX;
    for (int64_t k = at; k < b->n[OF_TOKEN]; k++) {
        tags[k] = BATCH_IGNORE;
        if (words[k] < 0) continue;
        size_t begin = (size_t)offsets[2 * k], end = (size_t)offsets[2 * k + 1];
        while (span < p->row->n_spans && w->marks[2 * span + 1] <= begin) span++;
        if (span == p->row->n_spans || w->marks[2 * span] >= end || span == tagged) continue;
        tags[k] = p->spans[span].tag;
        tagged = span;
    }
}

/* The tokens of the first answer; 0, 0 unless all of it is in this window. The context is the second text. */
static void put_answer(const RowWork *w, Block *b, const Piece *p, const Encoding *e)
{
    int32_t *answer = COLUMN(b, int32_t, COL_ANSWER) + 2 * (b->n[OF_EXAMPLE] - 1);
    int32_t  first = -1, last = -1;
    if (p->row->n_spans == 0) return;
    size_t begin = w->marks[0], end = w->marks[1];
    for (size_t k = 0; k < e->n; k++) {
        if (e->words[k] < 0 || e->segments[k] != 1) continue;
        size_t token_begin = (size_t)e->offsets[2 * k], token_end = (size_t)e->offsets[2 * k + 1];
        if (token_end <= begin || token_begin >= end) continue;
        if (first < 0 && token_begin <= begin) first = (int32_t)k;
        if (token_end >= end) last = (int32_t)k;
    }
    if (first < 0 || last < first) return;
    answer[0] = first;
    answer[1] = last;
}

/* ---- the kinds of examples --------------------------------------------------------------------------------------- */

/* A letter or digit that no normalizer drops, so that the text need not be tokenised to know that it is not empty. */
static bool has_plain_letter(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int      len = utf8_decode(text + i, n - i, &cp);
        if (len == 0) return false;
        if ((cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
            (cp >= 0x400 && cp <= 0x481) || (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0xAC00 && cp <= 0xD7A3))
            return true;
        i += (size_t)len;
    }
    return false;
}

static Status check_not_empty(RowWork *w, const Piece *p, const char *text, size_t n)
{
    if (has_plain_letter(text, n)) return OK;
    TRY(tokenizer_encode(w->o->tokenizer, text, n, NULL, 0, &(EncodeOptions){ .no_special_tokens = true },
                         &w->encoding));
    return w->encoding.n > 0 ? OK : refuse(p, "the text is empty after normalisation");
}

static Status code_one(RowWork *w, const Piece *p, Block *b)
{
    const CoderOptions *o = w->o;
    Encoding           *e = &w->encoding;
    int64_t             at;
    TRY(check_not_empty(w, p, p->text, p->n_text));
    if (p->pair) TRY(check_not_empty(w, p, p->pair, p->n_pair));
    TRY(tokenizer_encode(o->tokenizer, p->text, p->n_text, p->pair, p->n_pair,
                         &(EncodeOptions){ .max_length = (size_t)o->max_length }, e));
    if (o->refuse_long && e->n_untruncated > e->n)
        return hint(fail(ERR_DATA, "%s:%" PRId64 ": %zu tokens, where data.max_length allows %" PRId64, p->path,
                         p->row->place.line, e->n_untruncated, o->max_length),
                    "raise data.max_length, or set data.truncation to longest_first");
    TRY(put_tokens(w, b, e, 0, e->n, false, &at));
    TRY(put_example(w, b, p, at, e->n_untruncated));
    if (o->labels == LABEL_TAGS) put_tags(w, b, p, at);
    return OK;
}

/* Text and second text of a document are one text to a language model. */
static Status join(RowWork *w, const char **text, size_t *n, const char *pair, size_t n_pair)
{
    if (!pair) return OK;
    text_clear(&w->joined);
    TRY(text_add(&w->joined, *text, *n));
    TRY(text_add(&w->joined, "\n", 1));
    TRY(text_add(&w->joined, pair, n_pair));
    *text = w->joined.data;
    *n = w->joined.len;
    return OK;
}

static Status code_windows(RowWork *w, const Piece *p, Block *b)
{
    const CoderOptions *o = w->o;
    Encoding           *e = &w->encoding;
    const char         *text = p->text;
    size_t              n = p->n_text, room = (size_t)(o->max_length - w->n_prefix - w->n_suffix);
    TRY(join(w, &text, &n, p->pair, p->n_pair));
    TRY(tokenizer_encode(o->tokenizer, text, n, NULL, 0, &(EncodeOptions){ .no_special_tokens = true }, e));
    if (e->n == 0) return refuse(p, "the text is empty after normalisation");
    for (size_t first = 0; first < e->n; first += room) {
        int64_t at;
        size_t  take = e->n - first < room ? e->n - first : room;
        TRY(put_tokens(w, b, e, first, take, true, &at));
        TRY(put_example(w, b, p, at, take + (size_t)(w->n_prefix + w->n_suffix)));
    }
    return OK;
}

static Status code_answer(RowWork *w, const Piece *p, Block *b)
{
    EncodeWindows *v = &w->windows;
    EncodeOptions  o = { .max_length = (size_t)w->o->max_length, .truncation = TRUNCATE_ONLY_SECOND,
                         .stride = (size_t)w->o->stride, .least = LEAST_CONTEXT };
    TRY(check_not_empty(w, p, p->text, p->n_text));
    TRY(check_not_empty(w, p, p->pair, p->n_pair));
    TRY(encode_windows_begin(v, w->o->tokenizer, p->text, p->n_text, p->pair, p->n_pair, &o));
    for (bool more = true;;) {
        int64_t at;
        TRY(encode_windows_next(v, &more));
        if (!more) return OK;
        TRY(put_tokens(w, b, &v->encoding, 0, v->encoding.n, false, &at));
        TRY(put_example(w, b, p, at, v->encoding.n));
        put_answer(w, b, p, &v->encoding);
    }
}

static Status code_piece(RowWork *w, const Piece *p, Block *b)
{
    Status s = w->o->windows ? code_windows(w, p, b)
        : w->o->labels == LABEL_SPAN ? code_answer(w, p, b) : code_one(w, p, b);
    return during(s, "reading %s:%" PRId64, p->path, p->row->place.line);
}

/* ---- a row ------------------------------------------------------------------------------------------------------- */

static Status clean(RowWork *w, Piece *p, bool *kept)
{
    const ChunkRow *row = p->row;
    bool            in_pair = w->o->labels == LABEL_SPAN;
    size_t          n_marks = 2 * row->n_spans;
    TRY(mem_grow(&w->marks, &w->cap_marks, n_marks + 2, sizeof *w->marks));
    for (size_t i = 0; i < row->n_spans; i++) {
        w->marks[2 * i] = p->spans[i].begin;
        w->marks[2 * i + 1] = p->spans[i].end;
    }
    *kept = true;
    if (!w->o->cleaner) return OK;
    TRY(clean_text(w->o->cleaner, w->clean, 0, &p->text, &p->n_text, w->marks, in_pair ? 0 : n_marks, kept));
    if (p->pair && *kept)
        TRY(clean_text(w->o->cleaner, w->clean, 1, &p->pair, &p->n_pair, w->marks, in_pair ? n_marks : 0, kept));
    return OK;
}

static Status put_row(RowWork *w, Block *b, const Piece *p, bool kept)
{
    const ChunkRow *r = p->row;
    int64_t         i = p->index;
    TRY(block_extend(b, OF_ROW, 1));
    COLUMN(b, int64_t, COL_AT)[i] = r->place.at;
    COLUMN(b, int64_t, COL_LINE)[i] = r->place.line;
    COLUMN(b, int32_t, COL_FILE)[i] = r->place.file;
    COLUMN(b, int32_t, COL_ITEM)[i] = r->place.item;
    COLUMN(b, int32_t, COL_CLASS)[i] = r->class;
    if (b->columns & COLUMN_BIT(COL_TARGET)) COLUMN(b, double, COL_TARGET)[i] = r->target;
    COLUMN(b, int64_t, COL_LABEL_KEY)[i] = (int64_t)r->label_key;
    COLUMN(b, int64_t, COL_GROUP)[i] = (int64_t)r->group;
    COLUMN(b, int8_t, COL_FILTERED)[i] = !kept;
    if (!kept) return OK;
    for (int k = 0; k < 2; k++) {
        uint64_t key = hash_u64(p->text, p->n_text, (uint64_t)k);
        if (p->pair) key = hash_u64(p->pair, p->n_pair, key);
        COLUMN(b, int64_t, COL_KEY)[2 * i + k] = (int64_t)key;
    }
    if (w->o->minhash) minhash_text(p->text, p->n_text, p->pair, p->n_pair, &COLUMN(b, Minhash, COL_MINHASH)[i]);
    return OK;
}

static void count_row(RowWork *w, const Block *b, const Piece *p, int64_t first_example)
{
    int64_t unknown = 0, tokens = 0;
    for (int64_t i = first_example; i < b->n[OF_EXAMPLE]; i++) {
        unknown += COLUMN(b, int32_t, COL_UNKNOWN)[i];
        tokens += COLUMN(b, int32_t, COL_TOKENS)[i];
    }
    row_stats_add(&w->stats, p->text, p->n_text, unknown, tokens, p->row->place);
}

/* A changed copy of the row's text; the second text stays. One that comes out like the row itself, or cannot be used, is
 * no copy. */
static Status code_copy(RowWork *w, const Piece *p, int64_t copy, Block *b)
{
    const CoderOptions *o = w->o;
    Piece               changed = *p;
    size_t              n_marks = o->labels == LABEL_TAGS ? 2 * p->row->n_spans : 0;
    int64_t             before[N_COLUMN_KINDS];
    memcpy(before, b->n, sizeof before);
    TRY(mem_grow(&w->kept_marks, &w->cap_kept, n_marks + 1, sizeof *w->kept_marks));
    memcpy(w->kept_marks, w->marks, n_marks * sizeof *w->marks);
    TRY(augment_text(o->augmenter, w->augment, p->text, p->n_text, n_marks ? w->marks : NULL, n_marks,
                     (uint32_t)o->seed, copy - 1, &changed.text, &changed.n_text));
    bool same = changed.n_text == p->n_text && memcmp(changed.text, p->text, p->n_text) == 0;
    changed.copy = (int8_t)copy;
    Status s = same ? OK : code_piece(w, &changed, b);
    if (s == OK && !same) w->augmented++;
    memcpy(w->marks, w->kept_marks, n_marks * sizeof *w->marks);
    if (s != ERR_DATA) return s;
    memcpy(b->n, before, sizeof before);
    status_clear();
    return OK;
}

/* A bad row leaves nothing behind: the block is cut back to what it was. */
static Status undo(Block *b, const int64_t n[N_COLUMN_KINDS], Status s)
{
    memcpy(b->n, n, sizeof b->n);
    return s;
}

Status code_row(RowWork *w, const Chunk *c, const ChunkRow *row, const Rows *rows, Block *out)
{
    Piece p = { .text = c->bytes.data + row->text, .n_text = row->n_text, .row = row, .spans = c->spans + row->spans,
                .path = rows_path(rows, row->place.file), .index = (int32_t)out->n[OF_ROW] };
    bool    kept;
    int64_t before[N_COLUMN_KINDS];
    memcpy(before, out->n, sizeof before);
    if (row->pair != NO_TEXT) {
        p.pair = c->bytes.data + row->pair;
        p.n_pair = row->n_pair;
    }
    Status s = clean(w, &p, &kept);
    if (s == OK) s = put_row(w, out, &p, kept);
    if (s != OK || !kept) return s == OK ? OK : undo(out, before, s);
    s = code_piece(w, &p, out);
    if (s == OK) count_row(w, out, &p, before[OF_EXAMPLE]);
    for (int64_t copy = 1; s == OK && w->o->augmenter && copy <= w->o->copies; copy++)
        s = code_copy(w, &p, copy, out);
    return s == OK ? OK : undo(out, before, s);
}
