/* data/tokenizer/train/tokenizer_train.c: options filled in and checked, words counted, the type's trainer called, the
 * result written and read back. */
#include "data/tokenizer/train/tokenizer_train.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/json.h"
#include "data/tokenizer/train/skeleton.h"

void train_progress(const TokenizerTrainOptions *o, const char *stage, int64_t done, int64_t of)
{
    TokenizerTrainProgress p = { stage, done, of };
    if (o->progress) o->progress(o->progress_arg, &p);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

static Status check_special(const TokenizerTrainOptions *o)
{
    if (o->n_special_tokens > TOKENIZER_TRAIN_MAX_SPECIAL)
        return fail(ERR_CONFIG, "%zu special tokens; at most %d", o->n_special_tokens, TOKENIZER_TRAIN_MAX_SPECIAL);
    for (size_t i = 0; i < o->n_special_tokens; i++) {
        const char *token = o->special_tokens[i];
        if (!*token || strlen(token) > MAX_TOKEN_BYTES || !utf8_valid(token, strlen(token), NULL))
            return fail(ERR_CONFIG, "special token %zu is empty, too long or not UTF-8", i + 1);
        for (size_t k = 0; k < i; k++)
            if (strcmp(o->special_tokens[k], token) == 0)
                return hint(fail(ERR_CONFIG, "the special token \"%s\" stands twice", token), "name it once");
    }
    if (!o->unk_token) return OK;
    for (size_t i = 0; i < o->n_special_tokens; i++)
        if (strcmp(o->special_tokens[i], o->unk_token) == 0) return OK;
    return hint(fail(ERR_CONFIG, "unk_token \"%s\" is not among the special tokens", o->unk_token),
                "name it there too, where its id should be");
}

static Status check_numbers(const TokenizerTrainOptions *o)
{
    if (o->vocab_size < 1 || o->vocab_size > TOKENIZER_MAX_VOCAB)
        return hint(fail(ERR_CONFIG, "vocab_size is %" PRId64, o->vocab_size), "from 1 to %d", TOKENIZER_MAX_VOCAB);
    if (o->min_frequency < 0 || o->limit_alphabet < 0 || o->max_token_length < 0 ||
        o->max_token_length > MAX_TOKEN_BYTES / 4)
        return fail(ERR_CONFIG, "min_frequency, limit_alphabet or max_token_length is out of range");
    if (o->memory > 0 && o->memory < TOKENIZER_TRAIN_MIN_MEMORY)
        return hint(fail(ERR_CONFIG, "memory is %zu bytes", o->memory), "at least %d", TOKENIZER_TRAIN_MIN_MEMORY);
    if (!(o->shrinking_factor > 0 && o->shrinking_factor < 1) || o->n_sub_iterations < 1 || o->n_sub_iterations > 100)
        return fail(ERR_CONFIG, "shrinking_factor must lie between 0 and 1, n_sub_iterations from 1 to 100");
    if (o->continuing_subword_prefix && strlen(o->continuing_subword_prefix) > 32)
        return fail(ERR_CONFIG, "continuing_subword_prefix is longer than 32 bytes");
    return OK;
}

static Status fill_in(TokenizerTrainOptions *o, const TrainerType **type)
{
    if (!o->type) return hint(fail(ERR_CONFIG, "no type of tokenizer is named"), "wordpiece, bpe or unigram");
    TRY(trainer_type_find(type, o->type, o->byte_fallback));
    bool wordpiece = strcmp(o->type, "wordpiece") == 0;
    if (o->continuing_subword_prefix && !wordpiece)
        return hint(fail(ERR_CONFIG, "continuing_subword_prefix is for wordpiece"), "leave it out");
    if (wordpiece && !o->continuing_subword_prefix) o->continuing_subword_prefix = "##";
    if (!o->special_tokens) {
        o->special_tokens = (*type)->special_tokens;
        o->n_special_tokens = (*type)->n_special_tokens;
    }
    if (!o->unk_token) o->unk_token = (*type)->unk_token;
    if (o->shrinking_factor == 0) o->shrinking_factor = 0.75;
    if (o->n_sub_iterations == 0) o->n_sub_iterations = 2;
    if (!o->folder) o->folder = getenv("TMPDIR");
    if (!o->folder || !*o->folder) o->folder = "/tmp";
    TRY(check_special(o));
    return check_numbers(o);
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Status count(Trainer *t, cJSON *root)
{
    char      *text = NULL;
    Tokenizer *skeleton = NULL;
    Status s = json_print(&text, root, false);
    if (s == OK) s = tokenizer_parse(&skeleton, text, strlen(text), "the skeleton");
    if (s == OK) {
        t->raw_bytes = skeleton->raw_bytes;
        s = count_words(&t->words, skeleton, t->o, t->report);
    }
    if (s == OK && t->words.n == 0)
        s = hint(fail(ERR_DATA, "there are no words in %" PRId64 " texts", t->report->n_texts),
                 "check that the files have text in the column that is read");
    tokenizer_free(skeleton);
    free(text);
    return s;
}

/* What cannot be read back must not be handed out. */
static Status check_readable(const char *json)
{
    Tokenizer *t;
    TRY(tokenizer_parse(&t, json, strlen(json), "the trained tokenizer"));
    tokenizer_free(t);
    return OK;
}

static Status train(Trainer *t, cJSON *root, char **json)
{
    double started = now();
    t->model = cJSON_GetObjectItemCaseSensitive(root, "model");
    TRY(count(t, root));
    t->report->seconds_counting = now() - started;
    started = now();
    cJSON_DeleteItemFromObjectCaseSensitive(t->model, "vocab");
    cJSON_DeleteItemFromObjectCaseSensitive(t->model, "merges");
    TRY(t->type->train(t));
    TRY(skeleton_finish(root, t->o));
    TRY(json_print(json, root, false));
    TRY(check_readable(*json));
    t->report->seconds_training = now() - started;
    return OK;
}

Status tokenizer_train(char **json, TokenizerTrainReport *report, const TokenizerTrainOptions *options)
{
    TokenizerTrainOptions o = *options;
    TokenizerTrainReport  unread;
    Trainer               t = { .o = &o, .report = report ? report : &unread };
    cJSON                *root = NULL;
    *json = NULL;
    memset(t.report, 0, sizeof *t.report);
    TRY(fill_in(&o, &t.type));
    t.byte_level = strcmp(o.type, "bpe") == 0 && !o.byte_fallback;
    Status s = skeleton_make(&root, t.type, &o);
    if (s == OK) s = train(&t, root, json);
    if (s != OK) {
        free(*json);
        *json = NULL;
    }
    word_table_release(&t.words);
    cJSON_Delete(root);
    return s;
}
