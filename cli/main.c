/* cli/main.c: finds the verb, takes the arguments apart, prints the one error. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cli/cli.h"
#include "core/arena.h"
#include "core/log.h"
#include "core/text.h"

static const Verb *const verbs[] = {
    &verb_init,    &verb_prepare, &verb_tokenizer, &verb_train, &verb_eval, &verb_predict,
    &verb_export,  &verb_inspect,   &verb_plan,  &verb_serve,
};

volatile sig_atomic_t cli_stop;

static void on_signal(int number)
{
    if (cli_stop) _exit(128 + number);
    cli_stop = number;
}

void cli_catch_signals(void)
{
    struct sigaction a = { .sa_handler = on_signal };
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

Status print_json_line(const cJSON *json)
{
    char *text;
    TRY(json_print(&text, json, false));
    int n = printf("%s\n", text);
    free(text);
    return n < 0 || fflush(stdout) != 0 ? fail(ERR_IO, "standard output cannot be written") : OK;
}

/* ---- help ----------------------------------------------------------------------------------------------------------- */

static void print_help(FILE *to)
{
    fprintf(to, "whet %s: from raw text to a fine-tuned, evaluated, exported and served language model\n\n"
                "usage: whet VERB [CONFIG|MODEL] [args] [--key=value ...]\n\n", WHET_VERSION);
    for (size_t i = 0; i < COUNT(verbs); i++) fprintf(to, "  %-11s %s\n", verbs[i]->name, verbs[i]->about);
    fprintf(to,
            "\nA MODEL is a run folder, a checkpoint .h5, or a published checkpoint folder.\n"
            "`whet VERB --help` explains a verb; every key of a config is also a flag (--train.learning_rate=3e-5).\n");
}

static void print_verb_help(const Verb *v, FILE *to)
{
    fprintf(to, "whet %s: %s\n\nusage: whet %s\n", v->name, v->about, v->usage);
    if (v->options) {
        fprintf(to, "\noptions:\n");
        options_print_help(v->options, to);
    }
    if (v->settings) {
        fprintf(to, "\nkeys of %s, also as flags:\n", v->settings()->name);
        options_print_help(v->settings(), to);
    }
    if (v->more) fprintf(to, "\n%s\n", v->more);
}

/* ---- arguments ------------------------------------------------------------------------------------------------------ */

typedef struct Flags { Flag *list; size_t n, cap; } Flags;

/* Whose the key is: the verb's own table first, then its config's. */
static Status find_key(const Verb *v, const char *key, bool *own, bool *is_bool)
{
    *own = v->options && options_knows(v->options, key, is_bool);
    if (*own || (v->settings && options_knows(v->settings(), key, is_bool))) return OK;
    if (v->settings || v->options) return ERR_USAGE;         /* the table has said what is near */
    return fail(ERR_USAGE, "whet %s takes no --%s", v->name, key);
}

/* arg is "key=value" or "key"; key is cut off in place, in argv. */
static Status take_flag(const Verb *v, Flags *own_flags, Flags *settings, char *arg, const char *next, bool *took_next)
{
    char *equals = strchr(arg, '=');
    bool  own, is_bool;
    if (equals) *equals = '\0';
    TRY(find_key(v, arg, &own, &is_bool));
    bool        word = next && (strcmp(next, "true") == 0 || strcmp(next, "false") == 0);
    const char *text = equals ? equals + 1 : is_bool && !word ? "true" : next;
    *took_next = !equals && text == next;
    if (!text) return hint(fail(ERR_USAGE, "--%s needs a value", arg), "--%s=VALUE", arg);
    Flags *to = own ? own_flags : settings;
    TRY(mem_grow(&to->list, &to->cap, to->n + 1, sizeof *to->list));
    to->list[to->n++] = (Flag){ arg, text };
    return OK;
}

static Status take_apart(const Verb *v, int argc, char **argv, Args *args)
{
    bool   only_words = false;
    Flags  own = { 0 }, settings = { 0 };
    Status s = mem_new(&args->words, (size_t)argc + 1, sizeof *args->words);
    if (s == OK) s = mem_new(&args->options, 1, v->options_size);
    if (s == OK && v->options) s = options_defaults(v->options, args->options);
    for (int i = 0; i < argc && s == OK; i++) {
        bool took = false;
        if (!only_words && strcmp(argv[i], "--") == 0) only_words = true;
        else if (!only_words && strncmp(argv[i], "--", 2) == 0)
            s = take_flag(v, &own, &settings, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL, &took);
        else args->words[args->n_words++] = argv[i];
        i += took;
    }
    if (s == OK && v->options) s = options_apply(v->options, args->options, own.list, own.n);
    free(own.list);
    args->flags = settings.list;
    args->n_flags = settings.n;
    return s;
}

static void release(const Verb *v, Args *args)
{
    if (v->options && args->options) options_release(v->options, args->options);
    free(args->flags);
    free(args->words);
    free(args->options);
}

Status args_need(const Args *args, const Verb *v, size_t least, size_t most)
{
    if (args->n_words < least)
        return hint(fail(ERR_USAGE, "whet %s needs %s", v->name, least == 1 ? "an argument" : "more arguments"),
                    "whet %s", v->usage);
    if (args->n_words > most)
        return hint(fail(ERR_USAGE, "whet %s: \"%s\" is one argument too many", v->name, args->words[most]), "whet %s",
                    v->usage);
    return OK;
}

/* ---- main ----------------------------------------------------------------------------------------------------------- */

static Status find_verb(const Verb **out, const char *name)
{
    const char *names[COUNT(verbs)];
    for (size_t i = 0; i < COUNT(verbs); i++) {
        names[i] = verbs[i]->name;
        if (strcmp(name, names[i]) == 0) {
            *out = verbs[i];
            return OK;
        }
    }
    const char *near = text_nearest(name, names, COUNT(verbs));
    Status      s = fail(ERR_USAGE, "there is no verb \"%s\"", name);
    return near ? hint(s, "did you mean `whet %s`?", near) : hint(s, "`whet --help` lists the verbs");
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

/* Large blocks come from the system and go back to it. By itself glibc raises that size to what was freed once (the
 * buffers that sort the data), and later zeroes, and so occupies, parameters that nobody has touched yet. */
static void keep_large_blocks_apart(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
}

int main(int argc, char **argv)
{
    keep_large_blocks_apart();
    log_init(LOG_NORMAL);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("whet %s\n", WHET_VERSION);
        return 0;
    }
    const Verb *v = NULL;
    Args        args = { 0 };
    Status      s = find_verb(&v, argv[1]);
    if (s == OK && wants_help(argc - 2, argv + 2)) {
        print_verb_help(v, stdout);
        return 0;
    }
    if (s == OK) {
        s = take_apart(v, argc - 2, argv + 2, &args);
        if (s == OK) s = v->run(&args);
        release(v, &args);
    }
    log_progress_end();
    if (s == OK) return 0;
    status_print_last(stderr, log_has_color());
    return s == ERR_INTERRUPTED && cli_stop ? 128 + cli_stop : status_exit_code(s);
}
