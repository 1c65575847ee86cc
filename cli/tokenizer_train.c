#include "cli/tokenizer_train.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/rows.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/train/tokenizer_train.h"

#define AT(member) OFFSET(TokenizerTrainArgs, member)
const Option tokenizer_train_options[TOKENIZER_TRAIN_OPTIONS] = {
    { "type", OPTION_CHOICE, AT(type), NULL, 0, 0, "bpe|wordpiece|unigram", NULL, "what is trained" },
    { "out", OPTION_PATH, AT(out), NULL, 0, 0, NULL, NULL, "the folder for tokenizer.json and the files around it" },
    { "vocab_size", OPTION_INT, AT(vocab_size), "30000", 1, TOKENIZER_MAX_VOCAB, NULL, NULL, "tokens, special ones and alphabet included" },
    { "min_frequency", OPTION_INT, AT(min_frequency), "2", 0, 1e15, NULL, NULL, "bpe, wordpiece: merge no pair that is rarer" },
    { "special_tokens", OPTION_STRINGS, AT(special_tokens), NULL, 0, 0, NULL, NULL, "ids 0, 1, ...; the usual ones of the type unless given (repeat the flag)" },
    { "unk_token", OPTION_STRING, AT(unk_token), NULL, 0, 0, NULL, NULL, "the special token for what is unknown, if not the usual one" },
    { "limit_alphabet", OPTION_INT, AT(limit_alphabet), "0", 0, 1 << 21, NULL, NULL, "keep so many characters, the most frequent; 0: all" },
    { "max_token_length", OPTION_INT, AT(max_token_length), "0", 0, 1024, NULL, "max_piece_length", "characters; 0: no limit (unigram: 16)" },
    { "continuing_subword_prefix", OPTION_STRING, AT(continuing_subword_prefix), NULL, 0, 0, NULL, NULL, "wordpiece: what pieces inside a word begin with (##)" },
    { "lowercase", OPTION_BOOL, AT(lowercase), "false", 0, 0, NULL, NULL, "the tokenizer makes letters small" },
    { "strip_accents", OPTION_CHOICE, AT(strip_accents), "auto", 0, 0, "auto|true|false", NULL, "wordpiece: accents are taken off; auto: as lowercase" },
    { "add_prefix_space", OPTION_CHOICE, AT(add_prefix_space), "auto", 0, 0, "auto|true|false", NULL, "bpe, unigram: a space before a text's first word; auto: only where \xE2\x96\x81 stands for it" },
    { "byte_fallback", OPTION_BOOL, AT(byte_fallback), "false", 0, 0, NULL, NULL, "bpe: over characters, with tokens for 256 bytes" },
    { "shrinking_factor", OPTION_NUMBER, AT(shrinking_factor), "0.75", 0.01, 0.99, NULL, NULL, "unigram: what a pruning keeps" },
    { "n_sub_iterations", OPTION_INT, AT(n_sub_iterations), "2", 1, 100, NULL, NULL, "unigram: EM steps before each" },
    { "format", OPTION_STRING, AT(format), "auto", 0, 0, NULL, NULL, "a reader (jsonl, csv, text ...); documents: text that blank lines part" },
    { "text", OPTION_STRING, AT(text), "text", 0, 0, NULL, NULL, "the column that is read" },
    { "encoding", OPTION_STRING, AT(encoding), NULL, 0, 0, NULL, NULL, "of the files, windows-1252 and the like; UTF-8, UTF-16 and GB18030 are detected" },
    { "on_bad_row", OPTION_CHOICE, AT(on_bad_row), "fail", 0, 0, "fail|skip", NULL, "what to do with a row that cannot be used" },
    { "memory", OPTION_STRING, AT(memory), NULL, 0, 0, NULL, NULL, "512M, 4G: word counts above a quarter of it go to disk ($TMPDIR)" },
    { "threads", OPTION_INT, AT(threads), "0", 0, 256, NULL, NULL, "threads; 0: one a core" },
};

/* ---- rows of files ----------------------------------------------------------------------------------------------- */

typedef struct RowTexts {
    Rows   *rows;
    bool    skip_bad;
    int64_t n_skipped;
} RowTexts;

static Status next_text(void *arg, const char **text, size_t *n)
{
    RowTexts *t = arg;
    Row       row;
    bool      end = false;
    *text = NULL;
    for (;;) {
        Status s = rows_next(t->rows, &row, &end);
        if (s == ERR_DATA && t->skip_bad && !rows_broken(t->rows)) {
            t->n_skipped++;
            continue;
        }
        if (s != OK) return s;
        if (!end) *text = row.text;
        *n = row.n_text;
        return cli_stop ? fail(ERR_INTERRUPTED, "stopped while reading") : OK;
    }
}

/* ---- talk -------------------------------------------------------------------------------------------------------- */

static void show(void *arg, const TokenizerTrainProgress *p)
{
    const RowTexts *t = arg;
    char read[32], all[32];
    if (p->of > 0) log_progress(false, "%s: %" PRId64 " of %" PRId64, p->stage, p->done, p->of);
    else
        log_progress(false, "%s: %s of %s", p->stage, text_bytes(read, (double)rows_bytes_read(t->rows)),
                     text_bytes(all, (double)rows_bytes(t->rows)));
}

static Status close_with(const TokenizerTrainReport *r, const RowTexts *texts, const TokenizerTrainArgs *a, bool json)
{
    char bytes[32], counting[32], training[32];
    log_progress_end();
    if (texts->n_skipped > 0) log_warning("%" PRId64 " rows could not be used and were skipped", texts->n_skipped);
    if (r->n_dropped > 0)
        log_warning("%" PRId64 " words that stand fewer than %" PRId64
                    " times in the text were left out: they do not fit into --memory",
                    r->n_dropped, r->min_count);
    log_line("%s: %" PRId64 " tokens from %s, %" PRId64 " words, %" PRId64
             " of them different; counting %s, training %s",
             a->out, r->n_tokens, text_bytes(bytes, (double)r->n_bytes), r->n_words, r->n_distinct,
             text_seconds(counting, r->seconds_counting), text_seconds(training, r->seconds_training));
    if (!json) return OK;
    const struct {
        const char *key;
        double      value;
    } numbers[] = {
        { "vocab_size", (double)r->n_tokens },
        { "texts", (double)r->n_texts },
        { "bytes", (double)r->n_bytes },
        { "words", (double)r->n_words },
        { "distinct", (double)r->n_distinct },
        { "dropped", (double)r->n_dropped },
        { "runs_on_disk", (double)r->n_runs },
        { "seconds_counting", r->seconds_counting },
        { "seconds_training", r->seconds_training },
        { "skipped_rows", (double)texts->n_skipped },
    };
    cJSON *j = cJSON_CreateObject();
    Status s = json_add_string(j, "tokenizer", a->out);
    for (size_t i = 0; s == OK && i < COUNT(numbers); i++) s = json_add_number(j, numbers[i].key, numbers[i].value);
    if (s == OK) s = print_json_line(j);
    cJSON_Delete(j);
    return s;
}

/* ---- the action -------------------------------------------------------------------------------------------------- */

static Status parse_memory(size_t *out, const char *text)
{
    static const char units[] = "KMGT";
    char *end;
    *out = 0;
    if (!text) return OK;
    double v = strtod(text, &end);
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (end == text || !(v >= 0 && v < 1e15) || (*end && (!unit || end[1])))
        return hint(fail(ERR_USAGE, "--memory \"%s\" is no size", text), "for example 512M or 4G");
    for (const char *u = units; unit && u <= unit; u++) v *= 1024;
    *out = v < 9e18 ? (size_t)v : 0;
    return OK;
}

static int three_ways(const char *choice)
{
    return strcmp(choice, "true") == 0 ? 1 : strcmp(choice, "false") == 0 ? -1 : 0;
}

static Status fill(TokenizerTrainOptions *o, const TokenizerTrainArgs *a)
{
    *o = (TokenizerTrainOptions){
        .type = a->type,
        .vocab_size = a->vocab_size,
        .min_frequency = a->min_frequency,
        .limit_alphabet = a->limit_alphabet,
        .max_token_length = a->max_token_length,
        .unk_token = a->unk_token,
        .special_tokens = (const char *const *)a->special_tokens.items,
        .n_special_tokens = a->special_tokens.n,
        .continuing_subword_prefix = a->continuing_subword_prefix,
        .lowercase = a->lowercase,
        .strip_accents = three_ways(a->strip_accents),
        .add_prefix_space = three_ways(a->add_prefix_space),
        .byte_fallback = a->byte_fallback,
        .shrinking_factor = a->shrinking_factor,
        .n_sub_iterations = a->n_sub_iterations,
        .progress = show,
    };
    return parse_memory(&o->memory, a->memory);
}

static Status save(const char *json, const char *out)
{
    Tokenizer *t;
    TRY(tokenizer_parse(&t, json, strlen(json), "the trained tokenizer"));
    Status s = tokenizer_save(t, out, 0);
    tokenizer_free(t);
    return s;
}

static Status train(char **json, TokenizerTrainReport *report, RowTexts *texts, const TokenizerTrainArgs *a)
{
    TokenizerTrainOptions o;
    TRY(fill(&o, a));
    o.next = next_text;
    o.next_arg = o.progress_arg = texts;
    parallel_set_threads((int)a->threads);
    return tokenizer_train(json, report, &o);
}

Status tokenizer_train_run(const TokenizerTrainArgs *a, char **paths, size_t n_paths, bool json)
{
    StringList           list = { paths, n_paths };
    RowsOptions          rows = { .paths = &list, .format = a->format, .text = a->text, .encoding = a->encoding };
    RowTexts             texts = { .skip_bad = strcmp(a->on_bad_row, "skip") == 0 };
    TokenizerTrainReport report;
    char                *text = NULL;
    if (!a->type) return hint(fail(ERR_USAGE, "whet tokenizer train needs --type"), "--type bpe, wordpiece or unigram");
    if (!a->out)
        return hint(fail(ERR_USAGE, "whet tokenizer train needs --out"), "--out FOLDER, where tokenizer.json goes");
    cli_catch_signals();
    TRY(rows_open(&texts.rows, &rows));
    Status s = train(&text, &report, &texts, a);
    if (s == OK) s = save(text, a->out);
    if (s == OK) s = close_with(&report, &texts, a, json);
    rows_close(texts.rows);
    free(text);
    return s;
}
