#include "core/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static struct {
    LogLevel level;
    bool     terminal, color, open;      /* open: a progress line stands on the screen */
    double   last;
} state = { .level = LOG_NORMAL };

void log_init(LogLevel level)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    state.level = level;
    state.terminal = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
    state.color = state.terminal && !(no_color && *no_color);
}

bool log_is_terminal(void) { return state.terminal; }
bool log_has_color(void)   { return state.color; }

void log_progress_end(void)
{
    if (!state.open) return;
    fputs("\r\033[K", stderr);
    state.open = false;
}

static void print(const char *before, const char *after, const char *fmt, va_list ap)
{
    if (state.level == LOG_QUIET) return;
    log_progress_end();
    fputs(before, stderr);
    vfprintf(stderr, fmt, ap);
    fputs(after, stderr);
    fputc('\n', stderr);
}

void log_line(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    print("", "", fmt, ap);
    va_end(ap);
}

void log_head(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    print(state.color ? "\033[1m" : "", state.color ? "\033[0m" : "", fmt, ap);
    va_end(ap);
}

void log_warning(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    print(state.color ? "\033[33mwarning:\033[0m " : "warning: ", "", fmt, ap);
    va_end(ap);
}

static int columns(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

void log_progress(bool always, const char *fmt, ...)
{
    if (state.level == LOG_QUIET || (!state.terminal && !always)) return;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double now = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
    if (state.terminal && now - state.last < 0.1) return;
    state.last = now;
    char    text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (state.terminal) {
        fprintf(stderr, "\r\033[K%.*s", columns() - 1, text);
        fflush(stderr);
        state.open = true;
    } else {
        fprintf(stderr, "%s\n", text);
    }
}

const char *log_bar(char *buf, int width, double share)
{
    int full = (int)(share * width + 0.5);
    if (full < 0) full = 0;
    if (full > width) full = width;
    buf[0] = '[';
    memset(buf + 1, '#', (size_t)full);
    memset(buf + 1 + full, '.', (size_t)(width - full));
    buf[width + 1] = ']';
    buf[width + 2] = '\0';
    return buf;
}
