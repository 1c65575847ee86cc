/* data/sources.c: the bytes that a set is read from. A file's hash is the hash of its pieces' hashes, so that all cores
 * take part; the set's is over the files' in their order. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/data_internal.h"

enum { PIECE = 8 << 20, READ_AT_ONCE = 1 << 20 };

typedef struct Pieces {
    int      fd;
    int64_t  size;
    char   (*hashes)[HASH_HEX];
    int      error;                    /* errno of a read that failed */
} Pieces;

/* Read, not mapped: pages of a mapping would count as ours, and the file may be larger than memory. */
static void hash_piece(int64_t i, int thread, void *arg)
{
    Pieces *p = arg;
    int64_t at = i * PIECE, end = at + PIECE < p->size ? at + PIECE : p->size;
    char   *buffer = malloc(READ_AT_ONCE);
    Hash    h;
    (void)thread;
    hash_init(&h);
    while (buffer && at < end) {
        ssize_t n = pread(p->fd, buffer, (size_t)(end - at < READ_AT_ONCE ? end - at : READ_AT_ONCE), at);
        if (n <= 0 && !(n < 0 && errno == EINTR)) break;
        if (n < 0) continue;
        hash_add(&h, buffer, (size_t)n);
        at += n;
    }
    if (at < end) p->error = buffer ? errno ? errno : EIO : ENOMEM;
    hash_finish(&h, p->hashes[i]);
    free(buffer);
}

static Status hash_source(SourceFile *f)
{
    int64_t n = (f->size + PIECE - 1) / PIECE;
    Pieces  p = { .fd = open(f->path, O_RDONLY | O_CLOEXEC), .size = f->size };
    if (p.fd < 0) return fail(ERR_IO, "%s: cannot be opened: %s", f->path, strerror(errno));
    Status s = mem_new(&p.hashes, (size_t)n + 1, sizeof *p.hashes);
    if (s == OK) parallel_tasks(n, hash_piece, &p);
    if (s == OK && p.error) s = fail(ERR_IO, "%s: cannot be read: %s", f->path, strerror(p.error));
    if (s == OK) hash_bytes(p.hashes, (size_t)n * sizeof *p.hashes, f->hash);
    free(p.hashes);
    close(p.fd);
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
