#include "core/status.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FACT_MAX = 1024, HINT_MAX = 512, TRAIL_MAX = 1024 };

static _Thread_local struct {
    Status      code;
    const char *file;
    int         line;
    char        fact[FACT_MAX], hint[HINT_MAX], trail[TRAIL_MAX];
} last;

static const struct { const char *name; int exit_code; const char *sentence; } codes[] = {
#define STATUS_ROW(code, exit_code, sentence) { #code, exit_code, sentence },
    STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

Status status_fail(Status code, const char *file, int line, const char *fmt, ...)
{
    char    fact[FACT_MAX];                        /* the arguments may point into the record being replaced */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fact, sizeof fact, fmt, ap);
    va_end(ap);
    last.code = code;
    last.file = file;
    last.line = line;
    memcpy(last.fact, fact, sizeof fact);
    last.hint[0] = last.trail[0] = '\0';
    return code;
}

Status hint(Status s, const char *fmt, ...)
{
    if (s == OK) return OK;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(last.hint, sizeof last.hint, fmt, ap);
    va_end(ap);
    return s;
}

Status during(Status s, const char *fmt, ...)
{
    if (s == OK) return OK;
    size_t  n = strlen(last.trail);
    va_list ap;
    va_start(ap, fmt);
    if (n + 2 < sizeof last.trail) {
        if (n > 0) last.trail[n++] = '\n';
        vsnprintf(last.trail + n, sizeof last.trail - n, fmt, ap);
    }
    va_end(ap);
    return s;
}

const char *status_name(Status s)      { return codes[s].name; }
const char *status_sentence(Status s)  { return codes[s].sentence; }
int         status_exit_code(Status s) { return codes[s].exit_code; }
const char *status_fact(void)          { return last.fact; }
const char *status_hint(void)          { return last.hint; }
const char *status_trail(void)         { return last.trail; }

void status_where(const char **file, int *line)
{
    *file = last.file ? last.file : "";
    *line = last.line;
}

void status_clear(void) { memset(&last, 0, sizeof last); }

void status_print_last(FILE *to, bool color)
{
    const char *bold = color ? "\033[1m" : "", *red = color ? "\033[1;31m" : "", *dim = color ? "\033[2m" : "",
               *end = color ? "\033[0m" : "";
    fprintf(to, "%serror:%s %s%s%s\n", red, end, bold, last.fact[0] ? last.fact : status_sentence(last.code), end);
    if (last.file) fprintf(to, "%s  at %s:%d%s\n", dim, last.file, last.line, end);
    for (const char *p = last.trail; *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(to, "  while %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    if (last.hint[0]) fprintf(to, "  try: %s\n", last.hint);
}

_Noreturn void status_bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "bug in whet: %s:%d: %s\n", file, line, what);
    abort();
}
