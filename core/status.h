/* core/status.h: how functions fail, and how a failure becomes a sentence.
 *
 * A function that can fail returns Status and gives its result through pointers. The first failure writes a record
 * for its thread: code, file and line, the fact (with the values that disagree) and a hint (what to do). Callers on
 * the way out may add lines with during(). Nothing here prints: the cli does, once, with status_print_last().
 *
 *     if (got != want)
 *         return hint(fail(ERR_FORMAT, "%s: header promises %zu bytes, file has %zu", path, want, got),
 *                     "the copy may be incomplete; compare its size with the source");
 *
 * A mistake of ours (not of a user or a file) is BUG_ON(condition), which aborts with file and line. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* code, exit code of the process, sentence */
#define STATUS_LIST(X)                                                                  \
    X(OK,              0, "no error")                                                   \
    X(ERR_USAGE,       2, "the command line is wrong")                                  \
    X(ERR_CONFIG,      2, "the configuration is wrong")                                 \
    X(ERR_IO,          1, "the operating system refused to read or write")              \
    X(ERR_FORMAT,      1, "a file does not follow its format")                          \
    X(ERR_DATA,        1, "the data cannot be used as asked")                           \
    X(ERR_MEMORY,      1, "memory ran out")                                             \
    X(ERR_SHAPE,       1, "shapes do not fit")                                          \
    X(ERR_UNSUPPORTED, 1, "this is not supported")                                      \
    X(ERR_NUMERIC,     1, "a number is not finite")                                     \
    X(ERR_STATE,       1, "this cannot be done now")                                    \
    X(ERR_BUSY,        1, "too much is waiting already")                                \
    X(ERR_INTERRUPTED, 1, "stopped on request")

typedef enum Status {
#define STATUS_ENUM(code, exit_code, sentence) code,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
} Status;

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

#define fail(code, ...) status_fail((code), __FILE__, __LINE__, __VA_ARGS__)

Status status_fail(Status code, const char *file, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);
Status hint(Status s, const char *fmt, ...) PRINTF_LIKE(2, 3);      /* gives s back; no effect on OK */
Status during(Status s, const char *fmt, ...) PRINTF_LIKE(2, 3);    /* adds "while ..." to the trail; gives s back */

const char *status_name(Status s);        /* "ERR_FORMAT" */
const char *status_sentence(Status s);    /* "a file does not follow its format" */
int         status_exit_code(Status s);

/* The calling thread's last failure; the strings live until its next one. "" when there is none. */
const char *status_fact(void);
const char *status_hint(void);
const char *status_trail(void);           /* lines "while ...", newline-separated */
void        status_where(const char **file, int *line);
void        status_clear(void);
void        status_print_last(FILE *to, bool color);   /* error: fact / at file:line / while ... / try: hint */

/* Early return when nothing is held that has to be freed. */
#define TRY(call)                                  \
    do {                                           \
        Status try_status_ = (call);               \
        if (try_status_ != OK) return try_status_; \
    } while (0)

#define BUG_ON(cond)                                          \
    do {                                                      \
        if (cond) status_bug(__FILE__, __LINE__, #cond);      \
    } while (0)
_Noreturn void status_bug(const char *file, int line, const char *what);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
