/* core/log.h: talk for people, on stderr; results go to stdout. Libraries do not call this, the cli does.
 *
 * On a terminal a progress line is rewritten in place, at most ten times a second, and cleared before anything else is
 * printed; elsewhere progress is a plain line now and then. Colours only on a terminal, and never with NO_COLOR set
 * (no-color.org). */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

#include "core/status.h"

typedef enum LogLevel { LOG_QUIET, LOG_NORMAL } LogLevel;

void log_init(LogLevel level);                   /* looks at the terminal and NO_COLOR */
bool log_is_terminal(void);
bool log_has_color(void);
void log_line(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_head(const char *fmt, ...) PRINTF_LIKE(1, 2);          /* bold */
void log_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);       /* "warning: ..." */
/* always: also where there is no terminal (a plain line); else the line is dropped there. */
void log_progress(bool always, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_progress_end(void);

/* "[#####.....]" of `width` cells into buf (width + 3 bytes). */
const char *log_bar(char *buf, int width, double share);

#endif
