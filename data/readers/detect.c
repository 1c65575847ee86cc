/* data/readers/detect.c: the table of readers, and which of them a file asks for. */
#include "data/readers/json_row.h"
#include "data/readers/readers.h"

#include <string.h>

static const Reader *const readers[] = {
    &reader_jsonl, &reader_json, &reader_csv, &reader_tsv, &reader_conllu, &reader_conll, &reader_text,
    &reader_documents, &reader_files, &reader_squad, &reader_parallel, &reader_chat, &reader_instruction, &reader_semeval,
    NULL,
};

const Reader *const *readers_all(void) { return readers; }

Status reader_named(const char *name, const Reader **out)
{
    Text   names = { 0 };
    Status s = OK;
    *out = NULL;
    if (!name || strcmp(name, "auto") == 0) return OK;
    for (size_t i = 0; readers[i]; i++) if (strcmp(name, readers[i]->name) == 0) *out = readers[i];
    if (*out) return OK;
    for (size_t i = 0; readers[i] && s == OK; i++) s = text_addf(&names, ", %s", readers[i]->name);
    if (s == OK)
        s = hint(fail(ERR_CONFIG, "data.format: \"%s\" is not a format", name), "use one of auto%s", names.data);
    text_release(&names);
    return s;
}

/* ---- by the first bytes ----------------------------------------------------------------------------------------- */

typedef struct Sample { const char *at; size_t n; } Sample;      /* of the file's beginning */

enum { SAMPLE = 64 << 10 };

static Status take_sample(Source *s, Sample *out)
{
    Status st = OK;
    (void)source_has(s, SAMPLE, &st);
    *out = (Sample){ s->in.data, s->in.n < SAMPLE ? s->in.n : SAMPLE };
    return st;
}

static bool next_line(Sample *rest, Sample *line)
{
    if (rest->n == 0) return false;
    const char *lf = memchr(rest->at, '\n', rest->n);
    size_t      n = lf ? (size_t)(lf - rest->at) : rest->n;
    *line = (Sample){ rest->at, n - (n > 0 && rest->at[n - 1] == '\r') };
    rest->at += n + (lf != NULL);
    rest->n -= n + (lf != NULL);
    return true;
}

static char first_letter(Sample s)
{
    size_t i = 0;
    while (i < s.n && memchr(" \t\r\n", s.at[i], 4)) i++;
    return i < s.n ? s.at[i] : '\0';
}

/* Whether the key stands in the sample, in quotes and with a colon. A hint only: a text might quote it. */
static bool has_key(Sample s, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = s.at, *end = s.at + s.n; (p = memmem(p, (size_t)(end - p), key, n)) != NULL; p += n) {
        const char *q = p + n;
        if (p == s.at || p[-1] != '"' || q >= end || *q != '"') continue;
        for (q++; q < end && memchr(" \t\r\n", *q, 4);) q++;
        if (q < end && *q == ':') return true;
    }
    return false;
}

/* What objects hold decides: rows whose wanted column is there are plain ones. */
static const Reader *by_keys(Sample s, const RowsOptions *o, const Reader *plain)
{
    bool chat = has_key(s, "messages") || has_key(s, "conversations"), named = strcmp(o->text, "text") != 0;
    if (chat && !(named && has_key(s, o->text))) return &reader_chat;      /* parts of a message have a "text" too */
    if (has_key(s, o->text)) return plain;
    if (has_key(s, "instruction") && (has_key(s, "output") || has_key(s, "response") || has_key(s, "instances")))
        return &reader_instruction;
    if (has_key(s, "prompt") && has_key(s, "completion")) return &reader_instruction;
    return plain;
}

static const Reader *by_json(const Source *s, Sample all)
{
    Sample      rest = all, line = { all.at, 0 };
    JsonFlags   flags = JSON_STRICT;
    cJSON      *object = NULL;
    const char *column = s->options->text;
    if (s->file->key) return by_keys(all, s->options, &reader_json);
    if (first_letter(all) == '[' && !(column[0] >= '0' && column[0] <= '9'))
        return by_keys(all, s->options, &reader_json);
    while (next_line(&rest, &line) && first_letter(line) == '\0') {}
    if (json_parse(&object, line.at, line.n, "", flags) == OK) {              /* a line that is a value: lines */
        bool squad = cJSON_IsArray(json_find(object, "data"));
        bool list = cJSON_IsArray(object) && first_letter(rest) == '\0';
        cJSON_Delete(object);
        return squad ? &reader_squad : list ? &reader_json : by_keys(line, s->options, &reader_jsonl);
    }
    status_clear();
    if (first_letter(all) == '[') return by_keys(all, s->options, &reader_json);
    if (has_key(all, "data") && has_key(all, "paragraphs")) return &reader_squad;
    bool cut = first_letter(rest) == '\0';                  /* one line longer than the sample: JSONL as well as not */
    return cut || first_letter(rest) == '{' ? by_keys(line, s->options, &reader_jsonl) : &reader_json;
}

/* Tabs of a line; -1: it is blank. */
static int tabs_of(Sample line)
{
    int n = 0;
    if (first_letter(line) == '\0') return -1;
    for (size_t i = 0; i < line.n; i++) n += line.at[i] == '\t';
    return n;
}

/* A word, then its tags: no space within the first column. */
static bool is_word_line(Sample line, int tabs, bool spaces)
{
    const char *end = memchr(line.at, tabs ? '\t' : ' ', line.n);
    return tabs ? !memchr(line.at, ' ', (size_t)(end - line.at)) : spaces && end && line.n < 100;
}

/* Words with tags, and blank lines between. */
static const Reader *by_words(Sample rest, const RowsOptions *o)
{
    Sample line;
    int    words = 0, blanks = 0, ten = 0, others = 0;
    while (next_line(&rest, &line) && rest.n) {             /* the last line may be cut */
        int tabs = tabs_of(line);
        if (tabs < 0) blanks++;
        else if (tabs == 9) ten++;
        else if (line.at[0] == '#' && tabs == 0) continue;
        else if (is_word_line(line, tabs, o->need == ROW_NEEDS_TAGS)) words++;
        else others++;
    }
    if (ten > 0 && words == 0 && others == 0 && blanks) return &reader_conllu;
    bool tags = o->need == ROW_NEEDS_TAGS, only_words = others == 0 && ten == 0;
    return only_words && words > (tags ? 0 : 2) && (blanks || tags) ? &reader_conll : NULL;
}

static bool is_semeval(Sample all)
{
    Sample line;
    size_t i = 0;
    if (!next_line(&all, &line)) return false;
    while (i < line.n && line.at[i] >= '0' && line.at[i] <= '9') i++;
    return i && i < line.n && line.at[i] == '\t' && memmem(line.at, line.n, "<e1>", 4) &&
           memmem(line.at, line.n, "<e2>", 4);
}

/* A name that says nothing: a tab, or the text column's name among commas, makes the first line that of a table. */
static const Reader *by_first_line(Sample all, const RowsOptions *o)
{
    Sample line = { 0 };
    size_t name = strlen(o->text);
    if (!next_line(&all, &line)) return &reader_text;
    if (memchr(line.at, '\t', line.n)) return &reader_tsv;
    if (name && memchr(line.at, ',', line.n) && memmem(line.at, line.n, o->text, name)) return &reader_csv;
    return &reader_text;
}

Status detect_reader(Source *s, const Reader **out)
{
    const RowsOptions *o = s->options;
    Sample             all;
    *out = NULL;
    for (size_t i = 0; readers[i] && !*out; i++)
        if (readers[i]->suffixes && input_has_suffix(s->path, readers[i]->suffixes)) *out = readers[i];
    bool json = *out == &reader_json || *out == &reader_jsonl, text = *out == &reader_text;
    if (*out && !json && !text) return OK;
    TRY(take_sample(s, &all));
    if (*out == &reader_jsonl) *out = by_keys(all, o, &reader_jsonl);
    else if (json || (!*out && (first_letter(all) == '{' || first_letter(all) == '['))) *out = by_json(s, all);
    else if (is_semeval(all)) *out = &reader_semeval;
    else if (text && o->need != ROW_NEEDS_TAGS) *out = &reader_text;
    else if (!(*out = by_words(all, o))) *out = text ? &reader_text : by_first_line(all, o);
    return OK;
}
