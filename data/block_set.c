#include "data/block_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/text.h"
#include "io/array_file.h"

enum { EXTENT = N_COLUMN_KINDS, CHUNK_TOKENS = 1 << 16, CHUNK_OTHERS = 1 << 11, MAX_SHARDS = 1 << 20,
       MAX_OPEN = 8 };

typedef struct Shard {
    ArrayFile *file;                   /* NULL: closed; a large set has hundreds of shards, and each open one costs memory */
    cJSON     *state;
    int64_t    n[EXTENT];              /* tokens, examples, rows */
    int64_t    used;                   /* when it was asked for last */
} Shard;

typedef struct Held {                  /* one block of the set */
    int64_t shard;                     /* -1: in memory for good */
    int64_t begin[EXTENT], n[EXTENT];  /* where its tokens, examples and rows lie in the shard */
    Block  *block;                     /* NULL: not read */
    unsigned asked;                    /* columns that it was read for; some the set may not have */
    int64_t used;                      /* when it was asked for last */
} Held;

struct BlockSet {
    char      *folder, *name, *work;   /* folder NULL: all in memory */
    DType      id_type;                /* in files */
    Shard     *shards;                 /* (n_shards), complete */
    int64_t    n_shards;
    Held      *blocks;                 /* (n_blocks) */
    int64_t    n_blocks;
    size_t     cap_shards, cap_blocks, memory, held;
    int64_t    clock;
    /* the shard being written */
    ArrayFile *open;
    unsigned   columns;
    int64_t    first_block, n_open[EXTENT];
    void      *narrow;
    size_t     cap_narrow;
};

static DType narrowest(int32_t vocab_size)
{
    return vocab_size <= 1 << 8 ? DTYPE_U8 : vocab_size <= 1 << 16 ? DTYPE_U16 : DTYPE_I32;
}

static DType file_type(const BlockSet *s, ColumnId id) { return id == COL_IDS ? s->id_type : column_defs[id].dtype; }

static Status shard_path(const BlockSet *s, int64_t i, char **out)
{
    return text_format(out, "%s/%s-%05" PRId64 ".h5", s->folder, s->name, i);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static Status damaged(const ArrayFile *f, const char *what)
{
    return hint(fail(ERR_FORMAT, "%s: %s", array_file_path(f), what), "remove the folder and prepare the data again");
}

static Status add_held(BlockSet *s, const Held *h)
{
    TRY(mem_grow(&s->blocks, &s->cap_blocks, (size_t)s->n_blocks + 1, sizeof *s->blocks));
    s->blocks[s->n_blocks++] = *h;
    return OK;
}

/* Takes state, also when it fails. */
static Status add_shard(BlockSet *s, const int64_t n[EXTENT], cJSON *state)
{
    Status st = mem_grow(&s->shards, &s->cap_shards, (size_t)s->n_shards + 1, sizeof *s->shards);
    if (st != OK) {
        cJSON_Delete(state);
        return st;
    }
    Shard *shard = &s->shards[s->n_shards++];
    *shard = (Shard){ .state = state };
    memcpy(shard->n, n, sizeof shard->n);
    return OK;
}

static Status check_columns(const BlockSet *s, const ArrayFile *f, const int64_t n[EXTENT])
{
    for (int id = 0; id < N_COLUMNS; id++) {
        const ArrayInfo *a = array_file_find(f, column_defs[id].name);
        if (!a && (COLUMN_BIT(id) & (COLUMN_BIT(COL_IDS) | COLUMN_BIT(COL_TOKENS) | COLUMN_BIT(COL_ROW))))
            return damaged(f, "not a shard of a prepared set: a column is missing");
        if (a && (a->ndim != 1 || a->dtype != file_type(s, (ColumnId)id) ||
                  a->count != n[column_defs[id].of] * column_defs[id].width))
            return damaged(f, "a column has another size or type than the others ask for");
    }
    return OK;
}

/* The blocks of a shard from its list of sizes; at: its tokens, examples and rows. */
static Status read_extents(BlockSet *s, ArrayFile *f, int64_t at[EXTENT])
{
    const ArrayInfo *a = array_file_find(f, "blocks");
    int64_t         *sizes;
    if (!a || a->dtype != DTYPE_I64 || a->ndim != 1 || a->count % EXTENT != 0 || a->count > INT32_MAX)
        return damaged(f, "not a shard of a prepared set: it has no blocks");
    TRY(mem_new(&sizes, (size_t)a->count + 1, sizeof *sizes));
    Status st = array_file_read(f, a, 0, a->count, sizes);
    for (int64_t b = 0; st == OK && b < a->count / EXTENT; b++) {
        Held h = { .shard = s->n_shards };
        for (int k = 0; k < EXTENT && st == OK; k++) {
            h.begin[k] = at[k];
            h.n[k] = sizes[EXTENT * b + k];
            if (h.n[k] < 0 || h.n[k] > INT32_MAX || __builtin_add_overflow(at[k], h.n[k], &at[k]))
                st = damaged(f, "a block of impossible size");
        }
        if (st == OK) st = add_held(s, &h);
    }
    free(sizes);
    return st == OK ? check_columns(s, f, at) : st;
}

/* *mine: the file is a shard that `work` made. */
static Status open_shard(BlockSet *s, const char *path, bool *mine)
{
    ArrayFile *f;
    cJSON     *state = NULL;
    int64_t    before = s->n_blocks, n[EXTENT] = { 0 };
    TRY(array_file_open(&f, path));
    const char *work = array_file_text(f, "work"), *text = array_file_text(f, "state");
    *mine = work && text && strcmp(work, s->work) == 0;
    Status st = OK;
    if (*mine) st = json_parse(&state, text, strlen(text), path, JSON_STRICT);
    if (*mine && st == OK) st = read_extents(s, f, n);
    array_file_close(f);
    if (*mine && st == OK) return add_shard(s, n, state);
    s->n_blocks = before;
    cJSON_Delete(state);
    return st;
}

static void close_oldest(BlockSet *s)
{
    Shard *oldest = NULL;
    int    n = 0;
    for (int64_t i = 0; i < s->n_shards; i++) {
        Shard *shard = &s->shards[i];
        if (!shard->file) continue;
        n++;
        if (!oldest || shard->used < oldest->used) oldest = shard;
    }
    if (n < MAX_OPEN) return;
    array_file_close(oldest->file);
    oldest->file = NULL;
}

/* The shard's file, opened again where it was closed. */
static Status need_file(BlockSet *s, int64_t i, ArrayFile **out)
{
    Shard *shard = &s->shards[i];
    char  *path = NULL;
    shard->used = ++s->clock;
    if (!shard->file) {
        close_oldest(s);
        TRY(shard_path(s, i, &path));
        Status st = array_file_open(&shard->file, path);
        if (st == OK) st = check_columns(s, shard->file, shard->n);
        free(path);
        TRY(st);
    }
    *out = shard->file;
    return OK;
}

/* Shards from the first on that belong together; what follows is of no use and goes, when writing. */
static Status find_shards(BlockSet *s, bool writing)
{
    bool   usable = true;
    char  *path = NULL;
    Status st = OK;
    for (int64_t i = 0; i < MAX_SHARDS && st == OK; i++) {
        if ((st = shard_path(s, i, &path)) != OK || !file_exists(path)) break;
        if (usable) {
            bool   mine = false;
            Status opened = open_shard(s, path, &mine);
            if (opened == ERR_MEMORY || (opened != OK && !writing)) st = opened;
            usable = opened == OK && mine;
        }
        if (!usable && writing && unlink(path) != 0) st = fail(ERR_IO, "%s: cannot be removed", path);
    }
    free(path);
    return st;
}

Status block_set_new(BlockSet **out) { return mem_new(out, 1, sizeof **out); }

Status block_set_open(BlockSet **out, const char *folder, const char *set, const char *work, int32_t vocab_size,
                      size_t memory, bool writing)
{
    *out = NULL;
    BlockSet *s;
    TRY(mem_new(&s, 1, sizeof *s));
    s->id_type = narrowest(vocab_size);
    s->memory = memory;
    Status st = text_copy(&s->folder, folder);
    if (st == OK) st = text_copy(&s->name, set);
    if (st == OK) st = text_copy(&s->work, work);
    if (st == OK) st = find_shards(s, writing);
    if (st == OK) *out = s;
    else block_set_close(s);
    return st;
}

static void drop(BlockSet *s, Held *h)
{
    if (!h->block) return;
    s->held -= block_bytes(h->block);
    block_release(h->block);
    free(h->block);
    h->block = NULL;
}

void block_set_close(BlockSet *s)
{
    if (!s) return;
    for (int64_t i = 0; i < s->n_blocks; i++) drop(s, &s->blocks[i]);
    for (int64_t i = 0; i < s->n_shards; i++) {
        array_file_close(s->shards[i].file);
        cJSON_Delete(s->shards[i].state);
    }
    array_file_close(s->open);
    free(s->shards);
    free(s->blocks);
    free(s->narrow);
    free(s->folder);
    free(s->name);
    free(s->work);
    free(s);
}

int64_t      block_set_n_shards(const BlockSet *s)              { return s->n_shards; }
const cJSON *block_set_state(const BlockSet *s, int64_t shard)  { return s->shards[shard].state; }
int64_t      block_set_count(const BlockSet *s)                 { return s->n_blocks; }

int64_t block_set_n(const BlockSet *s, int64_t block, ColumnOf of) { return s->blocks[block].n[of]; }

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static Status begin_shard(BlockSet *s, unsigned columns)
{
    char *path = NULL;
    TRY(shard_path(s, s->n_shards, &path));
    Status st = array_file_create(&s->open, path, FORMAT_HDF5);
    free(path);
    for (int id = 0; id < N_COLUMNS && st == OK; id++) {
        const ColumnDef *c = &column_defs[id];
        if (!(columns & COLUMN_BIT(id))) continue;
        st = array_file_declare_growing(s->open, c->name, file_type(s, (ColumnId)id),
                                        c->of == OF_TOKEN ? CHUNK_TOKENS : CHUNK_OTHERS * c->width);
    }
    s->columns = columns;
    s->first_block = s->n_blocks;
    memset(s->n_open, 0, sizeof s->n_open);
    return st;
}

static Status narrow_ids(BlockSet *s, const int32_t *ids, size_t n, const void **out)
{
    *out = ids;
    if (s->id_type == DTYPE_I32) return OK;
    TRY(mem_grow(&s->narrow, &s->cap_narrow, n, dtype_size(s->id_type)));
    uint8_t  *b = s->narrow;
    uint16_t *h = s->narrow;
    uint32_t  all = 0;
    for (size_t i = 0; i < n; i++) all |= (uint32_t)ids[i];
    if (all >> (8 * dtype_size(s->id_type)))
        return fail(ERR_STATE, "%s: an id does not fit %s", array_file_path(s->open), dtype_name(s->id_type));
    if (s->id_type == DTYPE_U8) for (size_t i = 0; i < n; i++) b[i] = (uint8_t)ids[i];
    else for (size_t i = 0; i < n; i++) h[i] = (uint16_t)ids[i];
    *out = s->narrow;
    return OK;
}

static Status write_block(BlockSet *s, const Block *b)
{
    for (int id = 0; id < N_COLUMNS; id++) {
        const ColumnDef *c = &column_defs[id];
        int64_t          n = b->n[c->of] * c->width;
        const void      *values = b->data[id];
        if (!(s->columns & COLUMN_BIT(id)) || n == 0) continue;
        if (id == COL_IDS) TRY(narrow_ids(s, COLUMN(b, int32_t, COL_IDS), (size_t)n, &values));
        TRY(array_file_append(s->open, c->name, n, values));
    }
    return OK;
}

Status block_set_add(BlockSet *s, Block *b)
{
    Held h = { .shard = -1 };
    memcpy(h.n, b->n, sizeof h.n);
    if (s->folder) {
        if (!s->open) TRY(begin_shard(s, b->columns));
        BUG_ON(s->columns != b->columns);
        TRY(write_block(s, b));
        h.shard = s->n_shards;
        for (int k = 0; k < EXTENT; k++) {
            h.begin[k] = s->n_open[k];
            s->n_open[k] += b->n[k];
        }
        return add_held(s, &h);
    }
    TRY(mem_new(&h.block, 1, sizeof *h.block));
    *h.block = *b;
    Status st = add_held(s, &h);
    if (st != OK) {
        free(h.block);
        return st;
    }
    s->held += block_bytes(b);
    *b = (Block){ 0 };
    return OK;
}

bool block_set_shard_is_full(const BlockSet *s)
{
    return s->open && (s->n_open[OF_TOKEN] >= SHARD_TOKENS || s->n_open[OF_ROW] >= SHARD_ROWS);
}

static Status write_extents(BlockSet *s)
{
    int64_t n = s->n_blocks - s->first_block, *sizes, shape = n * EXTENT;
    TRY(mem_new(&sizes, (size_t)shape + 1, sizeof *sizes));
    for (int64_t b = 0; b < n; b++)
        for (int k = 0; k < EXTENT; k++) sizes[EXTENT * b + k] = s->blocks[s->first_block + b].n[k];
    Status st = array_file_declare(s->open, "blocks", DTYPE_I64, &shape, 1);
    if (st == OK && shape > 0) st = array_file_write(s->open, "blocks", 0, shape, sizes);
    free(sizes);
    return st;
}

static Status end_shard(BlockSet *s, const cJSON *state)
{
    char *text = NULL;
    if (!s->open)                      /* the end of a set that ended with a shard: one without a block */
        TRY(begin_shard(s, COLUMN_BIT(COL_IDS) | COLUMN_BIT(COL_TOKENS) | COLUMN_BIT(COL_ROW)));
    TRY(write_extents(s));
    TRY(array_file_put_text(s->open, "kind", "shard"));
    TRY(array_file_put_text(s->open, "work", s->work));
    TRY(json_print(&text, state, false));
    Status st = array_file_put_text(s->open, "state", text);
    free(text);
    return st == OK ? array_file_commit(s->open) : st;
}

Status block_set_end_shard(BlockSet *s, cJSON *state)
{
    Status st = s->folder ? end_shard(s, state) : OK;
    array_file_close(s->open);
    s->open = NULL;
    if (st == OK) return add_shard(s, s->n_open, state);
    cJSON_Delete(state);
    return st;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* From the end, as the wide values are longer. */
static void widen_ids(int32_t *ids, size_t n, DType t)
{
    const uint8_t  *b = (const uint8_t *)ids;
    const uint16_t *h = (const uint16_t *)ids;
    if (t == DTYPE_U8) while (n-- > 0) ids[n] = b[n];
    else if (t == DTYPE_U16) while (n-- > 0) ids[n] = h[n];
}

static Status read_columns(BlockSet *s, const Held *h, unsigned columns, Block *b)
{
    ArrayFile *f;
    TRY(need_file(s, h->shard, &f));
    for (int id = 0; id < N_COLUMNS; id++) {
        const ColumnDef *c = &column_defs[id];
        const ArrayInfo *a = columns & COLUMN_BIT(id) ? array_file_find(f, c->name) : NULL;
        if (a) b->columns |= COLUMN_BIT(id);
    }
    for (int k = 0; k < EXTENT; k++) TRY(block_extend(b, (ColumnOf)k, h->n[k]));
    for (int id = 0; id < N_COLUMNS; id++) {
        const ColumnDef *c = &column_defs[id];
        int64_t          n = h->n[c->of] * c->width;
        if (!(b->columns & COLUMN_BIT(id)) || n == 0) continue;
        TRY(array_file_read(f, array_file_find(f, c->name), h->begin[c->of] * c->width, n, b->data[id]));
        if (id == COL_IDS) widen_ids(COLUMN(b, int32_t, COL_IDS), (size_t)n, s->id_type);
    }
    array_file_forget(f);
    return b->columns & COLUMN_BIT(COL_TOKENS) ? block_index(b) : OK;
}

/* The block that was not asked for longest makes room. */
static void make_room(BlockSet *s)
{
    while (s->held > s->memory) {
        Held *oldest = NULL;
        int   n = 0;
        for (int64_t i = 0; i < s->n_blocks; i++) {
            Held *h = &s->blocks[i];
            if (!h->block) continue;
            n++;
            if (!oldest || h->used < oldest->used) oldest = h;
        }
        if (n < 2) return;
        drop(s, oldest);
    }
}

Status block_set_get(BlockSet *s, int64_t block, unsigned columns, const Block **out)
{
    Held *h = &s->blocks[block];
    h->used = ++s->clock;
    if (h->block && h->shard >= 0 && (h->asked & columns) != columns) {
        columns |= h->asked;
        drop(s, h);
    }
    if (!h->block) {
        Block *b;
        TRY(mem_new(&b, 1, sizeof *b));
        Status st = read_columns(s, h, columns, b);
        if (st != OK) {
            block_release(b);
            free(b);
            return during(st, "reading shard %" PRId64 " of %s", h->shard, s->folder);
        }
        h->block = b;
        h->asked = columns;
        s->held += block_bytes(b);
        make_room(s);
    }
    *out = h->block;
    return OK;
}
