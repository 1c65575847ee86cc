/* tests/core/core_test.h: what the tests of core share: a scratch folder, files from text, a child that must die. */
#ifndef TESTS_CORE_CORE_TEST_H
#define TESTS_CORE_CORE_TEST_H

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness/test.h"

static char folder[64];

static inline int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/whet_core_XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return file_remove_folder(folder) == OK ? 0 : -1;
}

/* One of eight path buffers in the scratch folder; copy what has to last. */
static inline const char *in_folder(const char *name)
{
    static char paths[8][192];
    static int  turn;
    char       *p = paths[turn++ & 7];
    snprintf(p, sizeof paths[0], "%s/%s", folder, name);
    return p;
}

static inline const char *text_file(const char *name, const char *text)
{
    const char *path = in_folder(name);
    must(file_write_whole(path, text, strlen(text)));
    return path;
}

/* The file holds exactly this text. */
static inline void assert_file(const char *path, const char *want)
{
    char  *got;
    size_t n;
    must(file_read(&got, &n, path, 1 << 20));
    assert_int_equal(n, strlen(want));
    assert_string_equal(got, want);
    free(got);
}

static inline void assert_near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%s is %.17g, not %.17g (+-%g)", what, got, want, tolerance);
}

/* mistake() must abort with these words on stderr. */
static inline void must_abort(void (*mistake)(void), const char *words)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        mistake();
        _exit(0);
    }
    close(ends[1]);
    char    said[1024] = "";
    size_t  n = 0;
    for (ssize_t got; n + 1 < sizeof said && (got = read(ends[0], said + n, sizeof said - 1 - n)) > 0;)
        n += (size_t)got;
    close(ends[0]);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (!WIFSIGNALED(how) || WTERMSIG(how) != SIGABRT) fail_msg("not aborted, status %d: %s", how, said);
    if (!strstr(said, words)) fail_msg("\"%s\" lacks \"%s\"", said, words);
}

#endif
