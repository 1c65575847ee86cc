/* data/guess.c: from files to a task: the format says it, or the columns do; then the readers try what was guessed. */
#include "data/guess.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/file.h"
#include "data/guess_internal.h"

enum { STEP = 8, SHORTEST = 16, LM_LENGTH = 128, QA_LENGTH = 384, LONGEST = 512 };

Status guess_say(Guess *g, const char *fmt, ...)
{
    char    text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return string_list_add(&g->reasons, text);
}

void guess_release(Guess *g)
{
    char *const strings[] = { g->name, g->task, g->format, g->validation, g->text, g->pair, g->label, g->group };
    for (size_t i = 0; i < COUNT(strings); i++) free(strings[i]);
    string_list_release(&g->train);
    string_list_release(&g->test);
    string_list_release(&g->columns);
    string_list_release(&g->reasons);
    *g = (Guess){ 0 };
}

static bool is(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

/* ---- columns of JSON and tables --------------------------------------------------------------------------------- */

static Status sample_lines(Columns *c, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n && c->n_rows < GUESS_ROWS;) {
        const char *lf = memchr(bytes + at, '\n', n - at);
        size_t      len = lf ? (size_t)(lf - bytes) - at : n - at;
        cJSON      *row = NULL;
        if (json_parse(&row, bytes + at, len, "", JSON_STRICT) == OK) { /* a bad line is counted when it is tried */
            Status s = columns_see_json(c, row);
            cJSON_Delete(row);
            TRY(s);
        }
        at += len + 1;
    }
    return OK;
}

static Status sample_list(Columns *c, const char *bytes, size_t n, const char *path)
{
    cJSON       *doc;
    const char  *key = strrchr(path, '#');
    const cJSON *row;
    if (n > GUESS_JSON)
        return hint(fail(ERR_DATA, "%s: a JSON file of more than %d MB is not looked into", path, GUESS_JSON >> 20),
                    "write its rows as JSONL, one object a line");
    TRY(hint(json_parse(&doc, bytes, n, path, JSON_STRICT), "correct the file; is all of it there?"));
    const cJSON *list = key ? cJSON_GetObjectItemCaseSensitive(doc, key + 1) : doc;
    Status       s = OK;
    cJSON_ArrayForEach(row, list) if (s == OK && c->n_rows < GUESS_ROWS) s = columns_see_json(c, row);
    cJSON_Delete(doc);
    return s;
}

/* The names that a table's columns go by: those of its first line, or ours. */
static Status name_columns(Guess *g, Columns *c, bool header)
{
    for (size_t i = 0; i < c->n; i++) {
        Column *x = &c->items[i];
        if (!header) continue;
        TRY(text_copy(&x->name, x->first));
        x->n--;
        x->n_distinct--;
        x->n_chars -= (int64_t)strlen(x->first);
    }
    return header ? guess_say(g, "the first line names the columns") : guess_say(g, "the table has no header line");
}

/* Headerless: the config names the columns by what they are. */
static Status name_chosen(Guess *g, const Columns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        char        name[32];
        char      **uses[] = { &g->text, &g->pair, &g->label };
        const char *words[] = { g->pair ? "text_a" : "text", "text_b", is(g->task, "regression") ? "score" : "label" };
        snprintf(name, sizeof name, "column%zu", i);
        for (size_t k = 0; k < COUNT(uses); k++) {
            if (!is(*uses[k], c->items[i].name)) continue;
            snprintf(name, sizeof name, "%s", words[k]);
            TRY(text_copy(uses[k], name));
        }
        TRY(string_list_add(&g->columns, name));
    }
    return OK;
}

static Status guess_table(Guess *g, const InputFile *sample)
{
    Columns c = { 0 };
    Input   in = { 0 };
    bool    header = false;
    Status  s = guess_window(&in, sample, GUESS_WINDOW);
    if (s == OK) s = columns_read_table(&c, &g->train, g->format, in.data, in.n);
    input_close(&in);
    if (s == OK) {
        header = columns_have_header(&c);
        s = name_columns(g, &c, header);
    }
    if (s == OK) s = guess_columns(g, &c, header);
    if (s == OK && !header) s = name_chosen(g, &c);
    columns_release(&c);
    return s;
}

static Status guess_json(Guess *g, const InputFile *sample)
{
    Columns c = { 0 };
    Input   in = { 0 };
    bool    lines = is(g->format, "jsonl");
    Status  s = guess_window(&in, sample, lines ? GUESS_WINDOW : GUESS_JSON);
    if (s == OK) s = lines ? sample_lines(&c, in.data, in.n) : sample_list(&c, in.data, in.n, g->train.items[0]);
    input_close(&in);
    bool named = c.n > 0 && !isdigit((unsigned char)c.items[0].name[0]);
    if (s == OK) s = guess_columns(g, &c, named);
    columns_release(&c);
    return s;
}

/* ---- what a format says by itself ------------------------------------------------------------------------------- */

#define NOT_YET "not trained on by whet yet, so an encoder learns their language"
static const struct { const char *format, *task, *label, *why; } by_format[] = {
    { "conll",       "token-classification",    NULL,   "a word and its tag a line" },
    { "conllu",      "token-classification",    "upos", "CoNLL-U: the part of speech is the tag (xpos, deprel, ... are there too)" },
    { "squad",       "question-answering",      NULL,   "SQuAD: questions with their answers in a context" },
    { "semeval",     "sequence-classification", NULL,   "SemEval-2010 task 8: two marked nouns and their relation" },
    { "chat",        "masked-lm",               NULL,   "conversations, " NOT_YET },
    { "instruction", "masked-lm",               NULL,   "instructions with answers, " NOT_YET },
    { "parallel",    "masked-lm",               NULL,   "parallel texts, " NOT_YET },
};

static Status guess_task(Guess *g, const InputFile *sample)
{
    if (is(g->format, "csv") || is(g->format, "tsv")) return guess_table(g, sample);
    if (is(g->format, "json") || is(g->format, "jsonl")) return guess_json(g, sample);
    for (size_t i = 0; i < COUNT(by_format); i++) {
        if (!is(g->format, by_format[i].format)) continue;
        if (by_format[i].label) TRY(text_copy(&g->label, by_format[i].label));
        TRY(guess_say(g, "%s", by_format[i].why));
        return text_copy(&g->task, by_format[i].task);
    }
    if (!g->label) TRY(guess_say(g, "plain text: an encoder is pretrained on it (masked-lm)"));
    return text_copy(&g->task, g->label ? "sequence-classification" : "masked-lm");
}

/* ---- trying ----------------------------------------------------------------------------------------------------- */

typedef struct Trial {
    const Tokenizer *tokenizer;
    Encoding         encoding;
    int32_t         *lengths;
    size_t           n, cap;
    size_t           n_bytes;          /* of texts */
    int64_t          n_bad;
    char             bad[400];
} Trial;

/* Without a tokenizer: four letters a token, a Chinese or Japanese character each its own, and the special ones. */
static size_t estimate(const char *text, size_t n)
{
    double tokens = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        int      len = utf8_decode(text + i, n - i, &cp);
        tokens += cp >= 0x2E80 ? 1 : 0.25;
        i += len > 0 ? (size_t)len : 1;
    }
    return (size_t)(tokens + 2.5);
}

static Status see_row(Trial *t, const Row *row)
{
    size_t n = estimate(row->text, row->n_text) + (row->pair ? estimate(row->pair, row->n_pair) : 0);
    if (t->tokenizer) {
        TRY(tokenizer_encode(t->tokenizer, row->text, row->n_text, row->pair, row->n_pair, &(EncodeOptions){ 0 },
                             &t->encoding));
        n = t->encoding.n;
    }
    TRY(mem_grow(&t->lengths, &t->cap, t->n + 1, sizeof *t->lengths));
    t->lengths[t->n++] = (int32_t)n;
    t->n_bytes += row->n_text + row->n_pair;
    return OK;
}

static RowsOptions row_options(const Guess *g)
{
    RowNeed need = is(g->task, "token-classification") ? ROW_NEEDS_TAGS
                 : is(g->task, "question-answering")   ? ROW_NEEDS_ANSWERS
                 : is(g->task, "masked-lm")            ? ROW_NEEDS_TEXT : ROW_NEEDS_LABEL;
    return (RowsOptions){ .paths = &g->train, .format = g->format, .text = g->text ? g->text : "text", .pair = g->pair,
                          .label = g->label ? g->label : need == ROW_NEEDS_LABEL ? "label" : NULL, .group = g->group,
                          .columns = g->columns.n ? &g->columns : NULL, .need = need };
}

static Status read_rows(Guess *g, Trial *t, Rows *rows)
{
    bool end = false;
    while (g->n_seen < GUESS_ROWS && t->n_bytes < GUESS_TEXT && !end) {
        Row    row;
        Status s = rows_next(rows, &row, &end);
        if (s == OK && end) break;
        g->n_seen++;
        if (s == OK) s = see_row(t, &row);
        if (s == OK && is(g->task, "question-answering")) g->n_unanswered += row.n_spans == 0;
        if (s == ERR_DATA) {
            if (t->n_bad++ == 0) snprintf(t->bad, sizeof t->bad, "%s", status_fact());
            if (rows_broken(rows)) break;
        } else {
            TRY(s);
        }
    }
    double share = rows_bytes(rows) > 0 ? (double)rows_bytes_read(rows) / (double)rows_bytes(rows) : 1;
    g->n_rows = (int64_t)t->n;
    if (!end && share > 0 && share < 1) g->n_rows = (int64_t)((double)t->n / share);
    return OK;
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static Status conclude(Guess *g, Trial *t, const char *path)
{
    if (t->n == 0)
        return hint(fail(ERR_DATA, "%s: read as %s, none of %lld rows can be used: %s", path, g->format,
                         (long long)g->n_seen, t->bad),
                    "write the config by hand: configs/data/ has an example for each format");
    qsort(t->lengths, t->n, sizeof *t->lengths, by_value);
    int64_t p99 = t->lengths[(t->n - 1) * 99 / 100];
    int64_t most = is(g->task, "masked-lm") ? LM_LENGTH : is(g->task, "question-answering") ? QA_LENGTH : LONGEST;
    g->longest = t->lengths[t->n - 1];
    g->n_bad = t->n_bad;
    g->estimated = !t->tokenizer;
    g->max_length = (p99 + STEP - 1) / STEP * STEP;
    if (g->max_length < SHORTEST) g->max_length = SHORTEST;
    if (g->max_length > most) g->max_length = most;
    TRY(guess_say(g, "99 %% of %zu rows have at most %lld tokens%s", t->n, (long long)p99,
                  g->estimated ? ", estimated from their characters" : ""));
    if (g->n_unanswered > 0)
        TRY(guess_say(g, "%lld questions have no answer: the model may say so (no_answer)",
                      (long long)g->n_unanswered));
    if (t->n_bad > 0)
        TRY(guess_say(g, "%lld of %lld rows cannot be used and are skipped; the first: %s", (long long)t->n_bad,
                      (long long)g->n_seen, t->bad));
    return OK;
}

static Status try_rows(Guess *g, const Tokenizer *tokenizer, const char *path)
{
    Rows       *rows = NULL;
    Trial       t = { .tokenizer = tokenizer };
    RowsOptions o = row_options(g);
    Status      s = rows_open(&rows, &o);
    if (s == OK) s = read_rows(g, &t, rows);
    if (s == OK) s = conclude(g, &t, path);
    rows_close(rows);
    encoding_release(&t.encoding);
    free(t.lengths);
    return s;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static Status name_of(const char *path, char **out)           /* the folder's or file's, letters and digits only */
{
    char   name[64];
    size_t n = 0, len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    char  *whole = NULL;
    TRY(text_format(&whole, "%.*s", (int)len, path));
    bool folder = file_is_folder(whole);
    for (const char *p = path_name(whole); *p && (folder || *p != '.') && n + 1 < sizeof name; p++)
        name[n++] = isalnum((unsigned char)*p) || *p == '-' || *p == '_' ? *p : '-';
    name[n] = '\0';
    free(whole);
    return text_copy(out, n ? name : "data");
}

Status guess_data(Guess *out, const char *path, const Tokenizer *tokenizer)
{
    InputFile sample = { 0 };
    *out = (Guess){ 0 };
    Status s = name_of(path, &out->name);
    if (s == OK) s = guess_files(out, path, &sample);
    if (s == OK) s = guess_task(out, &sample);
    if (s == OK) s = during(try_rows(out, tokenizer, path), "trying %s as %s", path, out->format);
    if (s == OK && !out->validation) s = text_copy(&out->validation, "0.1");
    input_file_release(&sample);
    if (s != OK) guess_release(out);
    return s;
}
