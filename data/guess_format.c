/* data/guess_format.c: a file's format from its first bytes; its name decides only between what the bytes leave open. */
#include <ctype.h>
#include <string.h>

#include "data/guess_internal.h"

enum { LINES_TRIED = 400 };

/* ---- lines ------------------------------------------------------------------------------------------------------ */

typedef struct Lines { const char *at, *end; bool whole; } Lines;

/* The next line without its end; an unfinished one counts only when the file is whole. */
static bool next_line(Lines *l, const char **line, size_t *n)
{
    if (l->at >= l->end) return false;
    const char *lf = memchr(l->at, '\n', (size_t)(l->end - l->at));
    if (!lf && !l->whole) return false;
    *line = l->at;
    *n = (size_t)((lf ? lf : l->end) - l->at);
    if (*n > 0 && (*line)[*n - 1] == '\r') --*n;
    l->at = lf ? lf + 1 : l->end;
    return true;
}

static bool is_blank(const char *line, size_t n)
{
    while (n > 0 && isspace((unsigned char)line[n - 1])) n--;
    return n == 0;
}

static size_t count_byte(const char *line, size_t n, char c)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) k += line[i] == c;
    return k;
}

/* ---- formats of lines ------------------------------------------------------------------------------------------- */

/* Words a line; the tag is the last field: O, B-x, I-x, ... */
static bool is_tag(const char *word, size_t n)
{
    if (n == 1) return word[0] == 'O';
    return n > 2 && word[1] == '-' && strchr("BIESLUM", word[0]);
}

static bool looks_conll(Lines l)
{
    const char *line;
    size_t      n, tagged = 0, lines = 0, gaps = 0;
    while (lines < LINES_TRIED && next_line(&l, &line, &n)) {
        if (is_blank(line, n)) {
            gaps++;
            continue;
        }
        while (n > 0 && isspace((unsigned char)line[n - 1])) n--;
        size_t last = n;
        while (last > 0 && line[last - 1] != ' ' && line[last - 1] != '\t') last--;
        tagged += last > 0 && is_tag(line + last, n - last);
        lines++;
    }
    return lines >= 4 && gaps > 0 && tagged * 20 >= lines * 19;
}

static bool looks_conllu(Lines l)
{
    const char *line;
    size_t      n, rows = 0, tabs = 0;
    for (size_t k = 0; k < LINES_TRIED && next_line(&l, &line, &n); k++) {
        if (is_blank(line, n) || line[0] == '#') continue;
        rows++;
        tabs += isdigit((unsigned char)line[0]) && count_byte(line, n, '\t') == 9;
    }
    return rows > 0 && tabs == rows;
}

static bool looks_semeval(Lines l)         /* 1 TAB "... <e1>...", then the relation's line */
{
    const char *line;
    size_t      n, marked = 0, relations = 0;
    for (size_t k = 0; k < LINES_TRIED && next_line(&l, &line, &n); k++) {
        if (n > 0 && isdigit((unsigned char)line[0]) && memmem(line, n, "<e1>", 4)) marked++;
        else if (n > 8 && n < 80 && (memmem(line, n, "(e1,e2)", 7) || memmem(line, n, "(e2,e1)", 7))) relations++;
    }
    return marked > 0 && relations * 3 > marked;
}

static bool same_count(Lines l, char separator)
{
    const char *line;
    size_t      n, want = 0, lines = 0, same = 0;
    while (lines < LINES_TRIED && next_line(&l, &line, &n)) {
        if (is_blank(line, n)) continue;
        size_t k = count_byte(line, n, separator);
        if (lines++ == 0) want = k;
        same += k == want;
    }
    return want > 0 && lines >= 2 && same * 20 >= lines * 19;
}

/* Paragraphs of several lines, set apart by blank ones. */
static bool looks_documents(Lines l)
{
    const char *line;
    size_t      n, lines = 0, paragraphs = 0;
    bool        inside = false;
    for (size_t k = 0; k < LINES_TRIED && next_line(&l, &line, &n); k++) {
        bool blank = is_blank(line, n);
        paragraphs += !blank && !inside;
        lines += !blank;
        inside = !blank;
    }
    return paragraphs >= 3 && lines >= 2 * paragraphs;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static const cJSON *any(const cJSON *o, const char *const *keys)
{
    for (; *keys; keys++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, *keys);
        if (v && !cJSON_IsNull(v)) return v;
    }
    return NULL;
}

/* Formats that an object shows by its keys; NULL: any other. */
static const char *format_of_object(const cJSON *o)
{
    static const char *const chats[] = { "messages", "conversations", NULL }, *const roles[] = { "role", "from", NULL };
    static const char *const asked[] = { "instruction", "prompt", NULL };
    static const char *const answered[] = { "output", "completion", "response", "instances", NULL };
    const cJSON *chat = any(o, chats);
    if (cJSON_IsArray(chat) && any(cJSON_GetArrayItem(chat, 0), roles)) return "chat";
    if (any(o, asked) && any(o, answered)) return "instruction";
    if (cJSON_GetObjectItemCaseSensitive(o, "paragraphs") && cJSON_GetObjectItemCaseSensitive(
            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, "paragraphs"), 0), "qas")) return "squad";
    return NULL;
}

static bool holds_rows(const cJSON *o)                        /* a list of things under some key */
{
    const cJSON *v;
    cJSON_ArrayForEach(v, o) if (cJSON_IsArray(v) && (cJSON_IsObject(v->child) || cJSON_IsArray(v->child))) return true;
    return false;
}

/* NULL: not an object a line. One line alone that holds a list of rows is a JSON file that was written on one line. */
static const char *json_lines(Lines l, const char *name)
{
    const char *line, *more;
    size_t      n, n_more;
    cJSON      *row;
    do
        if (!next_line(&l, &line, &n)) return NULL;
    while (is_blank(line, n));
    if (json_parse(&row, line, n, "", JSON_STRICT) != OK) return NULL;
    const char *format = cJSON_IsObject(row) ? format_of_object(row) : NULL;
    if (!format && cJSON_IsObject(row)) format = "jsonl";
    if (format && strcmp(format, "jsonl") == 0 && !input_has_suffix(name, ".jsonl|.ndjson") && holds_rows(row) &&
        !next_line(&l, &more, &n_more))
        format = NULL;
    cJSON_Delete(row);
    return format;
}

/* A list in square brackets may be cut anywhere: its first thing is found by its brackets. */
static const char *json_whole(const char *bytes, size_t n, bool whole)
{
    cJSON      *doc = NULL;
    const char *format = NULL;
    if (!whole || json_parse(&doc, bytes, n, "", JSON_STRICT) != OK)
        return memmem(bytes, n, "\"paragraphs\"", 12) && memmem(bytes, n, "\"qas\"", 5) ? "squad" : "json";
    const cJSON *data = cJSON_IsArray(doc) ? doc : cJSON_GetObjectItemCaseSensitive(doc, "data");
    if (cJSON_IsArray(data)) format = format_of_object(data->child);
    bool nothing = !cJSON_IsArray(doc) && !cJSON_IsObject(doc);
    cJSON_Delete(doc);
    return nothing ? NULL : format ? format : "json";
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static bool looks_binary(const char *bytes, size_t n)
{
    size_t bad = 0;
    if (n > 4096) n = 4096;
    for (size_t i = 0; i < n; i++)
        bad += (unsigned char)bytes[i] == 0xFF || (!isspace((unsigned char)bytes[i]) && (unsigned char)bytes[i] < 0x20);
    return bad * 50 > n;                                  /* a few bad bytes are a bad row's, not the file's */
}

const char *guess_format(const char *name, const char *bytes, size_t n, bool whole)
{
    size_t i = 0;
    if (n > GUESS_JSON) {
        n = GUESS_JSON;
        whole = false;
    }
    Lines l = { bytes, bytes + n, whole };
    if (looks_binary(bytes, n)) return NULL;
    while (i < n && isspace((unsigned char)bytes[i])) i++;
    if (i == n) return NULL;
    if (bytes[i] == '{' || bytes[i] == '[') {
        const char *format = bytes[i] == '{' ? json_lines(l, name) : NULL;
        return format ? format : json_whole(bytes + i, n - i, whole);
    }
    if (looks_conllu(l)) return "conllu";
    if (looks_semeval(l)) return "semeval";
    if (looks_conll(l)) return "conll";
    if (input_has_suffix(name, ".csv")) return "csv";
    if (input_has_suffix(name, ".tsv") || same_count(l, '\t')) return "tsv";
    return looks_documents(l) ? "documents" : "text";
}

Status guess_window(Input *in, const InputFile *file, size_t want)
{
    TRY(input_open(in, file, NULL));
    while (in->n < want && !in->end) TRY(input_more(in));
    return OK;
}
