/* data/expand.c: what the user named -> files to read, and the insides of archives. */
#include <dirent.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "data/input_internal.h"

enum { MAX_FOLDERS_DEEP = 32, MAX_FILES = 10000000 };

/* ---- packed files ----------------------------------------------------------------------------------------------- */

static bool begins(const char *s, size_t n, const char *magic, size_t len, size_t at)
{
    return n >= at + len && memcmp(s + at, magic, len) == 0;
}

bool packed_looks(const char *s, size_t n)
{
    return begins(s, n, "\x1F\x8B\x08", 3, 0) || begins(s, n, "\x28\xB5\x2F\xFD", 4, 0) ||      /* gzip, zstd */
           begins(s, n, "\xFD" "7zXZ\0", 6, 0) || begins(s, n, "PK\3\4", 4, 0) ||               /* xz, zip */
           begins(s, n, "PK\5\6", 4, 0) || begins(s, n, "ustar", 5, 257) ||                     /* an empty zip, tar */
           (begins(s, n, "BZh", 3, 0) && begins(s, n, "1AY&SY", 6, 4));                         /* bzip2 */
}

Status packed_open(struct archive **out, const FileMap *map, const char *name)
{
    struct archive *a = archive_read_new();
    *out = NULL;
    if (!a) return fail(ERR_MEMORY, "no memory to unpack %s", name);
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (archive_read_open_memory(a, map->data, map->size) != ARCHIVE_OK) {
        Status s = hint(fail(ERR_FORMAT, "%s: cannot be unpacked: %s", name, archive_error_string(a)),
                        "the file may be incomplete; fetch or copy it again");
        archive_read_free(a);
        return s;
    }
    *out = a;
    return OK;
}

Status packed_next(struct archive *a, const char *name, struct archive_entry **entry, int64_t *index)
{
    for (;;) {
        int r = archive_read_next_header(a, entry);
        if (r == ARCHIVE_EOF) {
            *entry = NULL;
            return OK;
        }
        if (r < ARCHIVE_WARN)
            return hint(fail(ERR_FORMAT, "%s: cannot be unpacked: %s", name, archive_error_string(a)),
                        "the file may be incomplete; fetch or copy it again");
        ++*index;
        bool file = archive_format(a) == ARCHIVE_FORMAT_RAW || archive_entry_filetype(*entry) == AE_IFREG;
        if (!file) continue;
        if (archive_entry_is_data_encrypted(*entry))
            return hint(fail(ERR_UNSUPPORTED, "%s: the archive is encrypted", name), "unpack it first");
        return OK;
    }
}

/* ---- lists ------------------------------------------------------------------------------------------------------ */

static Status add_file(InputList *l, const char *path, const char *member, int64_t index, const char *key, int64_t bytes)
{
    if (l->n >= MAX_FILES) return fail(ERR_DATA, "%s: more than %d files", path, MAX_FILES);
    TRY(mem_grow(&l->items, &l->cap, l->n + 1, sizeof *l->items));
    InputFile *f = &l->items[l->n];
    *f = (InputFile){ .member = index, .bytes = bytes };
    l->n++;
    TRY(text_copy(&f->path, path));
    TRY(text_copy(&f->key, key));
    return member ? text_format(&f->name, "%s//%s", path, member) : text_copy(&f->name, path);
}

static void release_files(InputList *l, size_t from)
{
    for (size_t i = from; i < l->n; i++) {
        free(l->items[i].path);
        free(l->items[i].name);
        free(l->items[i].key);
    }
    l->n = from;
}

void input_list_release(InputList *l)
{
    release_files(l, 0);
    free(l->items);
    free(l->note);
    *l = (InputList){ 0 };
}

/* ---- which files are data --------------------------------------------------------------------------------------- */

size_t input_name_length(const char *name)
{
    static const char *const packers[] = { ".gz", ".zst", ".xz", ".bz2" };
    for (size_t i = 0; i < COUNT(packers); i++)
        if (path_has_suffix(name, packers[i])) return strlen(name) - strlen(packers[i]);
    return strlen(name);
}

bool input_has_suffix(const char *name, const char *suffixes)
{
    size_t n = input_name_length(name), len;
    for (const char *p = suffixes; p && *p; p += len + (p[len] == '|')) {
        len = strcspn(p, "|");
        if (len && n >= len && strncasecmp(name + n - len, p, len) == 0) return true;
    }
    return false;
}

static const char *last_name(const InputFile *f) { return path_name(f->name); }

/* Of the files from `from` on, keeps those of the first list of suffixes that any has. */
static Status keep_data(InputList *l, size_t from, InputSuffixes suffixes, const char *where)
{
    const char *lists[] = { suffixes.first, suffixes.second }, *chosen = NULL;
    for (size_t k = 0; k < COUNT(lists) && !chosen; k++)
        for (size_t i = from; i < l->n && !chosen; i++)
            if (input_has_suffix(last_name(&l->items[i]), lists[k])) chosen = lists[k];
    if (!chosen) return OK;
    Text   left = { 0 };
    size_t kept = from, n_left = 0;
    Status s = OK;
    for (size_t i = from; i < l->n; i++) {
        InputFile *f = &l->items[i];
        if (input_has_suffix(last_name(f), chosen)) {
            l->items[kept++] = *f;
            continue;
        }
        if (s == OK && n_left < 3) s = text_addf(&left, "%s%s", n_left ? ", " : "", last_name(f));
        n_left++;
        free(f->path);
        free(f->name);
        free(f->key);
    }
    l->n = kept;
    if (s == OK && n_left)
        s = text_format(&l->note, "%s%s%s: %zu file%s left out, as the names do not end as data does (%s%s)",
                        l->note ? l->note : "", l->note ? "; " : "", where, n_left, n_left > 1 ? "s were" : " was",
                        left.data, n_left > 3 ? ", ..." : "");
    text_release(&left);
    return s;
}

/* ---- archives --------------------------------------------------------------------------------------------------- */

static bool is_hidden(const char *path)
{
    for (const char *p = path, *slash;; p = slash + 1) {
        if (p[0] == '.' && p[1] != '/' && strncmp(p, "../", 3) != 0) return true;
        if (!(slash = strchr(p, '/'))) break;
    }
    return strncmp(path, "__MACOSX/", 9) == 0;
}

static bool member_wanted(const char *name, const char *pattern)
{
    if (!pattern) return !is_hidden(name);
    if (strcmp(name, pattern) == 0) return true;
    size_t n = strlen(pattern);                             /* a folder of the archive */
    if (n && strncmp(name, pattern, n) == 0 && (pattern[n - 1] == '/' || name[n] == '/')) return !is_hidden(name);
    return text_match(pattern, name);
}

static Status list_members(InputList *l, struct archive *a, const char *path, const char *pattern, const char *key,
                           bool *single)
{
    struct archive_entry *entry;
    int64_t               index = -1;
    *single = false;
    for (;;) {
        TRY(packed_next(a, path, &entry, &index));
        if (!entry) return OK;
        *single = archive_format(a) == ARCHIVE_FORMAT_RAW;
        if (*single) return OK;
        const char *name = archive_entry_pathname_utf8(entry);
        if (!name) name = archive_entry_pathname(entry);
        if (!name || !utf8_valid(name, strlen(name), NULL) || !member_wanted(name, pattern)) continue;
        int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 1;
        TRY(add_file(l, path, name, index, key, size > 0 ? size : 1));
    }
}

/* Unpacked sizes become shares of what lies on the disk. */
static void share_bytes(InputList *l, size_t from, int64_t disk)
{
    double total = 0;
    for (size_t i = from; i < l->n; i++) total += (double)l->items[i].bytes;
    for (size_t i = from; i < l->n; i++) l->items[i].bytes = (int64_t)((double)disk * (double)l->items[i].bytes / total);
}

/* A file on the disk: itself, or what is in it. */
static Status expand_file(InputList *l, const char *path, const char *pattern, const char *key, InputSuffixes suffixes)
{
    FileMap         map;
    struct archive *a = NULL;
    size_t          from = l->n;
    bool            single = true;
    TRY(file_map(&map, path));
    Status s = OK;
    if (packed_looks(map.data, map.size) && (s = packed_open(&a, &map, path)) == OK)
        s = list_members(l, a, path, pattern, key, &single);
    else if (s == OK && pattern)
        s = hint(fail(ERR_DATA, "%s: is not an archive, so there is no \"%s\" in it", path, pattern),
                 "write what follows // only behind a zip or tar file");
    if (s == OK && single) s = add_file(l, path, NULL, -1, key, (int64_t)map.size);
    else if (s == OK && l->n == from)
        s = hint(fail(ERR_DATA, "%s: no member of the archive %s%s", path, pattern ? "matches " : "is a file",
                      pattern ? pattern : ""), "list what is in it with: bsdtar tf FILE");
    if (s == OK && !single) {
        share_bytes(l, from, (int64_t)map.size);
        if (!pattern || strpbrk(pattern, "*?") == NULL) s = keep_data(l, from, suffixes, path);
    }
    if (a) archive_read_free(a);
    file_unmap(&map);
    return s;
}

/* ---- folders and globs ------------------------------------------------------------------------------------------ */

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static Status walk(StringList *found, const char *folder, int depth)
{
    if (depth > MAX_FOLDERS_DEEP)
        return hint(fail(ERR_DATA, "%s: folders lie more than %d deep", folder, MAX_FOLDERS_DEEP),
                    "does a link lead back to a folder above?");
    DIR *d = opendir(folder);
    if (!d) return hint(fail(ERR_IO, "%s: the folder cannot be opened", folder), "check its permissions");
    Status s = OK;
    for (struct dirent *e; s == OK && (e = readdir(d));) {
        char       *child = NULL;
        struct stat st;
        if (e->d_name[0] == '.') continue;
        if ((s = path_join(&child, folder, e->d_name)) == OK && stat(child, &st) == 0) {
            if (S_ISDIR(st.st_mode)) s = walk(found, child, depth + 1);
            else if (S_ISREG(st.st_mode)) s = string_list_add(found, child);
        }
        free(child);
    }
    closedir(d);
    return s;
}

static Status expand_folder(InputList *l, const char *path, const char *key, InputSuffixes suffixes)
{
    StringList found = { 0 };
    InputList  files = { 0 };
    Status     s = walk(&found, path, 0);
    if (s == OK && found.n) qsort(found.items, found.n, sizeof *found.items, by_bytes);
    for (size_t i = 0; s == OK && i < found.n; i++) s = add_file(&files, found.items[i], NULL, -1, key, 0);
    if (s == OK && found.n == 0)
        s = hint(fail(ERR_DATA, "%s: there is no file in this folder", path), "hidden files (.name) are not read");
    if (s == OK) s = keep_data(&files, 0, suffixes, path);
    for (size_t i = 0; s == OK && i < files.n; i++)
        s = expand_file(l, files.items[i].path, NULL, key, suffixes);
    if (s == OK && files.note)
        s = text_format(&l->note, "%s%s%s", l->note ? l->note : "", l->note ? "; " : "", files.note);
    input_list_release(&files);
    string_list_release(&found);
    return s;
}

static Status expand_glob(InputList *l, const char *path, const char *pattern, const char *key, InputSuffixes suffixes)
{
    glob_t g = { 0 };
    int    r = glob(path, GLOB_NOSORT, NULL, &g);
    size_t files = 0;
    Status s = r == GLOB_NOSPACE ? fail(ERR_MEMORY, "no memory for the files of %s", path) : OK;
    if (g.gl_pathc) qsort(g.gl_pathv, g.gl_pathc, sizeof *g.gl_pathv, by_bytes);
    for (size_t i = 0; s == OK && i < g.gl_pathc; i++) {
        if (file_is_folder(g.gl_pathv[i])) continue;
        files++;
        s = expand_file(l, g.gl_pathv[i], pattern, key, suffixes);
    }
    globfree(&g);
    if (s != OK || files) return s;
    return hint(fail(ERR_DATA, "%s: no file matches", path),
                "check the pattern; a relative path in a config starts at that config's folder");
}

/* "path//member#key" -> its parts, where no file has the whole as its name. */
static Status expand_path(InputList *l, const char *given, InputSuffixes suffixes)
{
    char  *path = NULL, *key = NULL, *pattern = NULL;
    Status s = text_copy(&path, given);
    char  *hash = s == OK && !file_exists(path) ? strrchr(path, '#') : NULL;
    if (hash) {
        *hash = '\0';
        s = text_copy(&key, hash + 1);
    }
    char *inner = s == OK && !file_exists(path) ? strstr(path + (path[0] != '\0'), "//") : NULL;
    if (inner && inner[2]) {
        *inner = '\0';
        s = text_copy(&pattern, inner + 2);
    }
    if (s == OK) {
        if (file_is_folder(path)) {
            if (pattern) s = fail(ERR_DATA, "%s: is a folder, not an archive", path);
            else s = expand_folder(l, path, key, suffixes);
        } else if (!file_exists(path) && strpbrk(path, "*?[")) {
            s = expand_glob(l, path, pattern, key, suffixes);
        } else {
            s = expand_file(l, path, pattern, key, suffixes);
        }
    }
    free(path);
    free(key);
    free(pattern);
    return s;
}

Status input_expand(InputList *out, const StringList *paths, InputSuffixes suffixes)
{
    *out = (InputList){ 0 };
    Status s = OK;
    for (size_t i = 0, file = 0; s == OK && i < paths->n; i++) {
        s = expand_path(out, paths->items[i], suffixes);
        for (; file < out->n; file++) out->items[file].given = (int32_t)i;
    }
    if (s == OK && out->n == 0) s = hint(fail(ERR_CONFIG, "no data file is named"), "set data.train to a file");
    if (s != OK) input_list_release(out);
    return s;
}
