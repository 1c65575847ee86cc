#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/text.h"

static Status refused(const char *path, const char *doing)
{
    int    e = errno;
    Status s = fail(ERR_IO, "%s: %s: %s", path, doing, strerror(e));
    if (e == ENOENT) return hint(s, "check the path; a relative path in a config starts at that config's folder");
    if (e == ENOSPC || e == EDQUOT)
        return hint(s, "free some space, or write elsewhere (--output_dir); nothing was left half-written");
    if (e == EACCES || e == EPERM) return hint(s, "check the file's and the folder's permissions");
    return s;
}

Status file_map(FileMap *out, const char *path)
{
    *out = (FileMap){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refused(path, "cannot be opened");
    struct stat st;
    Status      s = OK;
    if (fstat(fd, &st) != 0) s = refused(path, "cannot be examined");
    else if (S_ISDIR(st.st_mode)) s = fail(ERR_IO, "%s is a folder, not a file", path);
    else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) s = refused(path, "cannot be mapped");
        else *out = (FileMap){ p, (size_t)st.st_size };
    }
    close(fd);
    return s;
}

void file_unmap(FileMap *map)
{
    if (map->data) munmap((void *)(uintptr_t)map->data, map->size);
    *map = (FileMap){ 0 };
}

Status file_read(char **out, size_t *out_size, const char *path, size_t max_bytes)
{
    *out = NULL;
    if (out_size) *out_size = 0;
    FileMap m;
    TRY(file_map(&m, path));
    Status s = OK;
    char  *p = NULL;
    if (m.size > max_bytes)
        s = hint(fail(ERR_FORMAT, "%s: %zu bytes, where at most %zu make sense", path, m.size, max_bytes),
                 "check that this is the right file");
    else if ((s = mem_new(&p, m.size + 1, 1)) == OK && m.size) memcpy(p, m.data, m.size);
    if (s == OK) {
        *out = p;
        if (out_size) *out_size = m.size;
    }
    file_unmap(&m);
    return s;
}

Status file_create(FileWriter *w, const char *path)
{
    *w = (FileWriter){ 0 };
    Status s = text_copy(&w->path, path);
    if (s == OK) s = text_format(&w->tmp, "%s.tmp", path);
    if (s == OK && !(w->f = fopen(w->tmp, "wbe"))) s = refused(w->tmp, "cannot be created");
    if (s != OK) file_abort(w);
    return s;
}

Status file_write(FileWriter *w, const void *bytes, size_t n)
{
    if (n && fwrite(bytes, 1, n, w->f) != n) return refused(w->path, "cannot be written");
    return OK;
}

Status file_printf(FileWriter *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(w->f, fmt, ap);
    va_end(ap);
    return n < 0 ? refused(w->path, "cannot be written") : OK;
}

static void sync_folder_of(const char *path)
{
    char *folder = NULL;
    if (path_folder(&folder, path) == OK) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            (void)fsync(fd);                     /* some file systems refuse; the rename is still atomic */
            close(fd);
        }
    }
    free(folder);
}

Status file_commit(FileWriter *w)
{
    Status s = OK;
    if (fflush(w->f) != 0 || fsync(fileno(w->f)) != 0) s = refused(w->path, "cannot be written");
    if (fclose(w->f) != 0 && s == OK) s = refused(w->path, "cannot be written");
    w->f = NULL;
    if (s == OK && rename(w->tmp, w->path) != 0) s = refused(w->path, "cannot be put in place");
    if (s == OK) {
        sync_folder_of(w->path);
        free(w->tmp);
        w->tmp = NULL;
    }
    file_abort(w);
    return s;
}

void file_abort(FileWriter *w)
{
    if (w->f) fclose(w->f);
    if (w->tmp) unlink(w->tmp);
    free(w->path);
    free(w->tmp);
    *w = (FileWriter){ 0 };
}

Status file_write_whole(const char *path, const void *bytes, size_t n)
{
    FileWriter w;
    TRY(file_create(&w, path));
    Status s = file_write(&w, bytes, n);
    if (s == OK) return file_commit(&w);
    file_abort(&w);
    return s;
}

Status file_copy(const char *from, const char *to)
{
    FileMap m;
    TRY(file_map(&m, from));
    Status s = file_write_whole(to, m.data, m.size);
    file_unmap(&m);
    return s;
}

Status file_replace(const char *tmp, const char *path)
{
    int fd = open(tmp, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refused(tmp, "cannot be opened");
    int failed = fsync(fd);
    Status s = failed ? refused(path, "cannot be written") : OK;
    close(fd);
    if (s == OK && rename(tmp, path) != 0) s = refused(path, "cannot be put in place");
    if (s != OK) unlink(tmp);
    else sync_folder_of(path);
    return s;
}

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

bool file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

Status file_make_folder(const char *path)
{
    char *copy = NULL;
    TRY(text_copy(&copy, path));
    Status s = OK;
    for (char *p = copy + (copy[0] == '/'); s == OK; p++) {
        if (*p != '/' && *p != '\0') continue;
        char c = *p;
        *p = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) s = refused(copy, "cannot be created");
        else if (!file_is_folder(copy)) s = fail(ERR_IO, "%s is in the way: it is not a folder", copy);
        *p = c;
        if (c == '\0') break;
    }
    free(copy);
    return s;
}

Status file_remove_folder(const char *path)
{
    int  fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        Status s = refused(path, "cannot be opened");
        if (fd >= 0) close(fd);
        return s;
    }
    Status s = OK;
    for (struct dirent *e; s == OK && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char       *child = NULL;
        struct stat st;
        if ((s = path_join(&child, path, e->d_name)) != OK) break;
        if (lstat(child, &st) == 0 && S_ISDIR(st.st_mode)) s = file_remove_folder(child);
        else if (unlink(child) != 0) s = refused(child, "cannot be removed");
        free(child);
    }
    closedir(d);
    if (s == OK && rmdir(path) != 0) s = refused(path, "cannot be removed");
    return s;
}

Status path_join(char **out, const char *base, const char *name)
{
    if (name[0] == '/' || base[0] == '\0' || strcmp(base, ".") == 0) return text_copy(out, name);
    return text_format(out, "%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/", name);
}

Status path_folder(char **out, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return text_copy(out, ".");
    return text_format(out, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool path_has_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n >= m && strcmp(path + n - m, suffix) == 0;
}

Status path_absolute(char **out, const char *path)
{
    char *full = NULL, *cwd = NULL;
    if (path[0] != '/' && !(cwd = getcwd(NULL, 0))) return refused(".", "cannot be examined");
    Status s = path[0] == '/' ? text_copy(&full, path) : text_format(&full, "%s/%s", cwd, path);
    free(cwd);
    if (s != OK) return s;
    size_t n = 0;                               /* full[0..n) is the result so far, without a trailing slash */
    for (char *p = full; *p;) {
        while (*p == '/') p++;
        size_t len = strcspn(p, "/");
        if (len == 2 && p[0] == '.' && p[1] == '.') while (n > 0 && full[--n] != '/') {}
        else if (len > 0 && !(len == 1 && p[0] == '.')) {
            full[n++] = '/';
            memmove(full + n, p, len);
            n += len;
        }
        p += len;
    }
    if (n == 0) full[n++] = '/';
    full[n] = '\0';
    free(*out);
    *out = full;
    return OK;
}
