/* core/options.h: one option table -> config file, --flags, --help, JSON Schema and the saved settings of a run.
 *
 * A table is a list of sections ("train", "data", ... or "" for the top level); a section is a list of options with key,
 * type, default, range, aliases and one help sentence, and says where in the caller's struct its values lie.
 *
 *     typedef struct TrainConfig { double learning_rate; int64_t seed; } TrainConfig;
 *     static const Option options[] = {
 *         { "learning_rate", OPTION_NUMBER, OFFSET(TrainConfig, learning_rate), "5e-5", 0, 10, NULL, "lr", "peak learning rate" },
 *     };
 *
 * Strings are owned by the struct; options_release frees them. Every refusal names the JSON path, the line where there
 * is one, and the nearest known key. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/json.h"
#include "core/status.h"

typedef enum OptionType {
    OPTION_BOOL,              /* bool                                                                    */
    OPTION_INT,               /* int64_t                                                                 */
    OPTION_NUMBER,            /* double                                                                  */
    OPTION_STRING,            /* char *, NULL when not given                                             */
    OPTION_PATH,              /* char *; relative paths resolve against the file that names them         */
    OPTION_CHOICE,            /* char *, one of choices ("a|b|c")                                        */
    OPTION_SHARE_OR_PATH,     /* char *: a path, or a number in 0..1 as text                             */
    OPTION_STRINGS,           /* StringList; a single string is a list of one                            */
    OPTION_PATHS,             /* StringList of paths; "archive.zip//member" resolves the archive alone   */
} OptionType;

typedef struct StringList { char **items; size_t n; } StringList;

typedef struct Option {
    const char *key;
    OptionType  type;
    size_t      offset;       /* of the value in the section's struct */
    const char *fallback;     /* default, as text; NULL: absent (0, false) */
    double      min, max;     /* numbers; both 0: any */
    const char *choices, *aliases;      /* "a|b|c" or NULL */
    const char *help;
} Option;

typedef struct OptionSection {
    const char   *name;       /* "" or "train" */
    const Option *options;
    size_t        n_options;
    size_t        base;       /* where the section's struct begins in the whole */
} OptionSection;

typedef struct OptionTable {
    const char          *name;            /* "a job config" */
    const OptionSection *sections;
    size_t               n_sections;
} OptionTable;

#define OFFSET(Struct, member) offsetof(Struct, member)

Status options_defaults(const OptionTable *t, void *target) MUST_USE;       /* target zeroed or released before */
void   options_release(const OptionTable *t, void *target);

/* Reads a config file: comments, "include" (one path or a list, relative to the file, read first), strict keys. */
Status options_read_file(const OptionTable *t, void *target, const char *path) MUST_USE;
/* The same from an object; `name` is what errors call it, `folder` what paths resolve against. */
Status options_read_json(const OptionTable *t, void *target, const cJSON *object, const char *name,
                         const char *folder) MUST_USE;
/* Only the keys of the object that the section knows; the rest belongs to others (a published config.json). */
Status options_read_known(const OptionSection *s, void *target, const cJSON *object, const char *name,
                          const char *folder) MUST_USE;
/* One key as on the command line: "train.learning_rate" or its unique last part; text is parsed by the option's type. */
Status options_set(const OptionTable *t, void *target, const char *key, const char *text) MUST_USE;
/* Flags in order; a list's first flag replaces what is there, its further flags add to it (--model A --model B). */
typedef struct Flag { const char *key, *text; } Flag;
Status options_apply(const OptionTable *t, void *target, const Flag *flags, size_t n) MUST_USE;
/* Whether the key names an option, and whether that option is a bool (whose value may be left out). */
bool   options_knows(const OptionTable *t, const char *key, bool *is_bool);

Status options_to_json(const OptionTable *t, const void *target, cJSON **out) MUST_USE;      /* complete; gives */
Status options_schema(const OptionTable *t, cJSON **out) MUST_USE; /* JSON Schema draft 2020-12 */
void   options_print_help(const OptionTable *t, FILE *to);

Status string_list_add(StringList *l, const char *s) MUST_USE;
void   string_list_release(StringList *l);

#endif
