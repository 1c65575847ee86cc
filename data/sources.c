/* data/sources.c: the bytes that a set is read from. A file's hash is the hash of its pieces' hashes, so that all cores
 * take part; the set's is over the files' in their order. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/data_internal.h"

enum { PIECE = 8 << 20 };

typedef struct Pieces { const FileMap *map; char (*hashes)[HASH_HEX]; } Pieces;

static void hash_piece(int64_t i, int thread, void *arg)
{
    const Pieces *p = arg;
    size_t        at = (size_t)i * PIECE, left = p->map->size - at;
    (void)thread;
    hash_bytes(p->map->data + at, left < PIECE ? left : PIECE, p->hashes[i]);
}

static Status hash_source(SourceFile *f)
{
    FileMap map;
    TRY(file_map(&map, f->path));
    size_t n = (map.size + PIECE - 1) / PIECE;
    Pieces p = { .map = &map };
    Status s = mem_new(&p.hashes, n + 1, sizeof *p.hashes);
    if (s == OK) {
        parallel_tasks((int64_t)n, hash_piece, &p);
        hash_bytes(p.hashes, n * sizeof *p.hashes, f->hash);
    }
    free(p.hashes);
    file_unmap(&map);
    return s;
}

/* The file behind a path of a stream: what stands before a member's name or a key. */
static Status disk_path(const char *path, char **out)
{
    TRY(text_copy(out, path));
    for (char *p = *out + strlen(*out); !file_exists(*out) && p > *out; p--)
        if (*p == '/' || *p == '#') *p = '\0';
    return file_exists(*out) ? OK : fail(ERR_IO, "%s: is gone", path);
}

static Status add_source(Sources *s, const char *path, const Sources *known)
{
    struct stat st;
    char       *disk = NULL;
    Status      status = disk_path(path, &disk);
    if (status == OK && s->n > 0 && strcmp(s->files[s->n - 1].path, disk) == 0) {      /* another member */
        free(disk);
        return OK;
    }
    if (status == OK && stat(disk, &st) != 0) status = fail(ERR_IO, "%s: cannot be examined", disk);
    if (status == OK) status = mem_grow(&s->files, &s->cap, s->n + 1, sizeof *s->files);
    if (status != OK) {
        free(disk);
        return status;
    }
    SourceFile *f = &s->files[s->n++];
    *f = (SourceFile){ disk, (int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec, "" };
    const SourceFile *k = known && s->n <= known->n ? &known->files[s->n - 1] : NULL;
    if (!k || k->size != f->size || k->mtime_ns != f->mtime_ns) return hash_source(f);
    memcpy(f->hash, k->hash, sizeof f->hash);
    return OK;
}

Status sources_open(Sources *out, const Rows *rows, const Sources *known)
{
    Hash h;
    hash_init(&h);
    for (int32_t i = 0; i < rows_n_files(rows); i++) TRY(add_source(out, rows_path(rows, i), known));
    for (size_t i = 0; i < out->n; i++) hash_add(&h, out->files[i].hash, HASH_HEX);
    hash_finish(&h, out->hash);
    return OK;
}

void sources_release(Sources *s)
{
    for (size_t i = 0; i < s->n; i++) free(s->files[i].path);
    free(s->files);
    *s = (Sources){ 0 };
}

/* ---- in files ---------------------------------------------------------------------------------------------------- */

Status sources_to_json(const Sources *s, cJSON **out)
{
    cJSON *list = cJSON_CreateArray();
    Status st = list ? OK : fail(ERR_MEMORY, "no memory for a list of files");
    for (size_t i = 0; i < s->n && st == OK; i++) {
        const SourceFile *f = &s->files[i];
        char              time[32];
        cJSON            *o = cJSON_CreateObject();
        snprintf(time, sizeof time, "%lld", (long long)f->mtime_ns);      /* more digits than a JSON number keeps */
        if ((st = json_add(list, NULL, o)) == OK) st = json_add_string(o, "name", path_name(f->path));
        if (st == OK) st = json_add_number(o, "size", (double)f->size);
        if (st == OK) st = json_add_string(o, "mtime_ns", time);
        if (st == OK) st = json_add_string(o, "hash", f->hash);
    }
    if (st == OK) *out = list;
    else cJSON_Delete(list);
    return st;
}

Status sources_parse(Sources *out, const cJSON *json, const char *where)
{
    Hash h;
    hash_init(&h);
    for (const cJSON *o = json ? json->child : NULL; o; o = o->next) {
        const char *name, *time, *hash;
        int64_t     size;
        TRY(json_get_string(&name, o, "name", "", where));
        TRY(json_get_string(&time, o, "mtime_ns", "0", where));
        TRY(json_get_string(&hash, o, "hash", "", where));
        TRY(json_get_int(&size, o, "size", -1, where));
        if (strlen(hash) != HASH_HEX - 1) return fail(ERR_FORMAT, "%s: a file without its hash", where);
        TRY(mem_grow(&out->files, &out->cap, out->n + 1, sizeof *out->files));
        SourceFile *f = &out->files[out->n++];
        *f = (SourceFile){ .size = size, .mtime_ns = strtoll(time, NULL, 10) };
        memcpy(f->hash, hash, HASH_HEX);
        TRY(text_copy(&f->path, name));
        hash_add(&h, f->hash, HASH_HEX);
    }
    hash_finish(&h, out->hash);
    return OK;
}
