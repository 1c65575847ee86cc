/* cli/cli.h: verbs of the command line. One cmd_<verb>.c each, one row in main.c; the only place that sees everything.
 *
 *     whet VERB [CONFIG|MODEL] [args] [--key=value | --key value | --flag]
 *
 * Results go to stdout, talk to stderr. A verb returns a Status; main prints the failure and turns it into the exit
 * code: 2 for usage and config, 1 for the rest, 130 or 143 when a signal ended it. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <signal.h>

#include "core/options.h"
#include "train/job.h"

/* What stands on the command line after the verb, taken apart. */
typedef struct Args {
    char  **words;            /* positional */
    size_t  n_words;
    Flag   *flags;            /* settings: for the verb to put on top of the config it reads */
    size_t  n_flags;
    void   *options;          /* the verb's own, filled */
} Args;

typedef struct Verb {
    const char        *name, *usage, *about;
    const OptionTable *options;           /* the verb's own flags; NULL: none */
    const OptionTable *(*settings)(void); /* of the config that the verb reads (a job, a server); NULL: none */
    Status           (*run)(const Args *args);
    size_t             options_size;      /* of the struct behind `options` */
    const char        *more;              /* printed below the help; NULL: nothing */
} Verb;

extern const Verb verb_init, verb_prepare, verb_tokenizer, verb_train, verb_eval, verb_predict, verb_export, verb_inspect,
    verb_plan, verb_serve;

/* Number of words must lie within; else ERR_USAGE with the verb's usage line. */
Status args_need(const Args *args, const Verb *verb, size_t least, size_t most) MUST_USE;

/* Set by the first SIGINT or SIGTERM once cli_catch_signals() was called: 0, SIGINT or SIGTERM. A second one quits. */
extern volatile sig_atomic_t cli_stop;
void cli_catch_signals(void);

/* One JSON object as a line on stdout. */
Status print_json_line(const cJSON *json) MUST_USE;

#endif
