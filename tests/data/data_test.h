/* tests/data/data_test.h: small files in a folder of their own, and what the data tests assert again and again. */
#ifndef TESTS_DATA_DATA_TEST_H
#define TESTS_DATA_DATA_TEST_H

#include "core/file.h"
#include "core/text.h"
#include "data/data_config.h"
#include "data/tokenizer/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>      /* after core/status.h, for it has a fail() of its own */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char test_folder[64];

static inline int make_folder(void **state)
{
    (void)state;
    snprintf(test_folder, sizeof test_folder, "/tmp/whet_data_XXXXXX");
    return mkdtemp(test_folder) ? 0 : 1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return file_remove_folder(test_folder) == OK ? 0 : 1;
}

/* Paths live until the fourth call after. */
static inline const char *test_path(const char *name)
{
    static char paths[4][128];
    static int  next;
    char       *p = paths[next++ & 3];
    snprintf(p, sizeof paths[0], "%s/%s", test_folder, name);
    return p;
}

static inline const char *write_bytes(const char *name, const char *bytes, size_t n)
{
    const char *path = test_path(name);
    assert_int_equal(file_write_whole(path, bytes, n), OK);
    return path;
}

static inline const char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static inline void assert_ok(Status s)
{
    if (s != OK) fail_msg("%s: %s | %s", status_name(s), status_fact(), status_hint());
}

static inline void assert_says(const char *text, const char *words)
{
    if (!strstr(text, words)) fail_msg("expected \"%s\" in \"%s\"", words, text);
}

/* A config with the defaults, and `train` in data.train where it is not NULL. Keys as on the command line. */
static inline OptionTable config_table(void)
{
    static OptionSection section;
    section = (OptionSection){ "", data_options, n_data_options, 0 };
    return (OptionTable){ "a data config", &section, 1 };
}

static inline void config_set(DataConfig *c, const char *key, const char *text)
{
    OptionTable t = config_table();
    assert_ok(options_apply(&t, c, &(Flag){ key, text }, 1));
}

static inline DataConfig config_new(const char *train)
{
    DataConfig  c = { 0 };
    OptionTable t = config_table();
    assert_ok(options_defaults(&t, &c));
    if (train) config_set(&c, "train", train);
    return c;
}

static inline void config_release(DataConfig *c)
{
    OptionTable t = config_table();
    options_release(&t, c);
}

/* A vocabulary of the given words beside BERT's special tokens and a few letters, as a tokenizer. */
static inline Tokenizer *word_tokenizer(const char *const *words, size_t n)
{
    static const char *const first[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
    Text t = { 0 };
    for (size_t i = 0; i < COUNT(first); i++) assert_ok(text_addf(&t, "%s\n", first[i]));
    for (size_t i = 0; i < n; i++) assert_ok(text_addf(&t, "%s\n", words[i]));
    const char *path = write_bytes("vocab.txt", t.data, t.len);
    Tokenizer  *tokenizer;
    assert_ok(tokenizer_open(&tokenizer, path));
    text_release(&t);
    return tokenizer;
}

#endif
