/* data/guess_columns.c: what each column of a table or JSON file holds, and from that the task.
 *
 * A class has few values against its rows, a score is a number with fractions or many values, a text is long and hardly
 * ever the same twice. Names decide where values leave it open. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash.h"
#include "data/guess_internal.h"

enum { MAX_CLASSES = 1000, MAX_CLASS_CHARS = 64, DEEP = 3, ITEMS_SEEN = 64, GROUP_ROWS = 2 };

/* ---- facts ------------------------------------------------------------------------------------------------------ */

void columns_release(Columns *c)
{
    for (size_t i = 0; i < c->n; i++) free(c->items[i].name);
    free(c->items);
    *c = (Columns){ 0 };
}

static Status find_column(Columns *c, const char *name, Column **out)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->items[i].name, name) == 0) {
            *out = &c->items[i];
            return OK;
        }
    *out = NULL;
    if (c->n == GUESS_MAX_COLUMNS) return OK;
    TRY(mem_grow(&c->items, &c->cap, c->n + 1, sizeof *c->items));
    *out = &c->items[c->n++];
    return text_copy(&(*out)->name, name);
}

static void see_value(Column *c, const char *value)           /* into the set of those seen */
{
    uint64_t key = hash_u64(value, strlen(value), 1) | 1;
    for (size_t i = key % SEEN_CAP, tries = 0; tries < SEEN_CAP && c->n_distinct < SEEN_CAP;
         i = (i + 1) % SEEN_CAP, tries++) {
        if (c->seen[i] == key) return;
        if (c->seen[i]) continue;
        c->seen[i] = key;
        c->n_distinct++;
        return;
    }
}

static void see_number(Column *c, const char *value)
{
    char  *end;
    double v = strtod(value, &end);
    while (*end == ' ') end++;
    if (end == value || *end || !isfinite(v)) return;
    c->least = c->n_numbers == 0 || v < c->least ? v : c->least;
    c->most = c->n_numbers == 0 || v > c->most ? v : c->most;
    c->n_numbers++;
    c->n_whole += v == floor(v) && !strchr(value, '.');
}

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

Status columns_see(Columns *columns, const char *name, const char *value, bool list, bool star)
{
    Column *c;
    TRY(find_column(columns, name, &c));
    if (!c) return OK;
    if (c->n++ == 0) {
        snprintf(c->start, sizeof c->start, "%s", value);
        snprintf(c->first, sizeof c->first, "%s", value);
    }
    c->list |= list;
    c->star |= star;
    if (value[strspn(value, " \t\r\n")] == '\0') {
        c->n_empty++;
        return OK;
    }
    c->n_same_start += strlen(c->start) + 1 == sizeof c->start && strncmp(value, c->start, sizeof c->start - 1) == 0;
    c->n_links += strncmp(value, "http", 4) == 0;
    c->n_chars += (int64_t)characters(value);
    see_number(c, value);
    see_value(c, value);
    return OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static bool all_strings(const cJSON *list)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) if (!cJSON_IsString(v) && !cJSON_IsNumber(v)) return false;
    return list->child != NULL;
}

static Status see_list(Columns *c, const char *name, const cJSON *list, bool star)
{
    Text         all = { 0 };
    const cJSON *v;
    Column      *column;
    Status       s = OK;
    cJSON_ArrayForEach(v, list) {
        if (s != OK) break;
        s = cJSON_IsString(v) ? text_addf(&all, "%s%s", all.len ? " " : "", v->valuestring)
                              : text_addf(&all, "%s%g", all.len ? " " : "", v->valuedouble);
    }
    if (s == OK) s = columns_see(c, name, all.data, true, star);
    if (s == OK && (s = find_column(c, name, &column)) == OK && column) column->n_items += cJSON_GetArraySize(list);
    text_release(&all);
    return s;
}

static Status see_member(Columns *c, const char *name, const cJSON *v, int depth, bool star);

static Status see_members(Columns *c, const char *above, const cJSON *o, int depth, bool star)
{
    const cJSON *v;
    int          i = 0;
    char         number[16];
    cJSON_ArrayForEach(v, o) {
        char *name = NULL;
        snprintf(number, sizeof number, "%d", i++);
        TRY(text_format(&name, "%s%s%s", above, above[0] ? "." : "", v->string ? v->string : number));
        Status s = see_member(c, name, v, depth, star);
        free(name);
        TRY(s);
    }
    return OK;
}

static Status see_member(Columns *c, const char *name, const cJSON *v, int depth, bool star)
{
    char number[32];
    if (cJSON_IsString(v)) return columns_see(c, name, v->valuestring, false, star);
    if (cJSON_IsBool(v)) return columns_see(c, name, cJSON_IsTrue(v) ? "true" : "false", false, star);
    if (cJSON_IsNumber(v)) {
        snprintf(number, sizeof number, "%.15g", v->valuedouble);
        return columns_see(c, name, number, false, star);
    }
    if (depth == DEEP || cJSON_IsNull(v)) return OK;
    if (cJSON_IsObject(v)) return see_members(c, name, v, depth + 1, star);
    if (all_strings(v)) return see_list(c, name, v, star);
    int          n = 0;
    const cJSON *item;
    char        *below = NULL;
    TRY(text_format(&below, "%s.*", name));
    Status s = OK;
    cJSON_ArrayForEach(item, v)
        if (s == OK && n++ < ITEMS_SEEN && cJSON_IsObject(item)) s = see_members(c, below, item, depth + 1, true);
    free(below);
    return s;
}

Status columns_see_json(Columns *c, const cJSON *row)
{
    c->n_rows++;
    return cJSON_IsObject(row) || cJSON_IsArray(row) ? see_members(c, "", row, 0, false) : OK;
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static size_t count_columns(const char *bytes, size_t n, char separator)      /* of the first line, quotes kept whole */
{
    size_t columns = 1;
    bool   quoted = false;
    for (size_t i = 0; i < n && (quoted || bytes[i] != '\n'); i++) {
        if (bytes[i] == '"' && separator == ',') quoted = !quoted;
        columns += bytes[i] == separator && !quoted;
    }
    return columns;
}

static Status read_column(Columns *c, const RowsOptions *o)
{
    Rows  *rows = NULL;
    Status s = rows_open(&rows, o);
    bool   end = false;
    for (int i = 0; i < GUESS_ROWS && s == OK && !end; i++) {
        Row row;
        s = rows_next(rows, &row, &end);
        if (s == ERR_DATA && !rows_broken(rows)) s = columns_see(c, o->text, "", false, false);
        else if (s == OK && !end) s = columns_see(c, o->text, row.text, false, false);
    }
    bool broken = s == ERR_DATA && rows && rows_broken(rows);
    rows_close(rows);
    return broken ? OK : s;                                   /* what was seen before is enough */
}

Status columns_read_table(Columns *c, const StringList *paths, const char *format, const char *bytes, size_t n)
{
    size_t count = count_columns(bytes, n, strcmp(format, "csv") == 0 ? ',' : '\t');
    for (size_t i = 0; i < count && i < GUESS_MAX_COLUMNS; i++) {
        char number[16];
        snprintf(number, sizeof number, "%zu", i);
        TRY(read_column(c, &(RowsOptions){ .paths = paths, .format = format, .text = number, .need = ROW_NEEDS_TEXT }));
        if (c->n > 0) c->n_rows = c->items[0].n;
    }
    return OK;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

/* How well a name fits, from 1 (best); 0: it is none of the words. The last part of "a.b" counts. */
static int rank(const char *name, const char *words)
{
    const char *dot = strrchr(name, '.');
    if (dot && dot[1]) name = dot + 1;
    int at = 1;
    for (const char *p = words; *p; at++) {
        size_t n = strcspn(p, "|");
        if (strlen(name) == n && strncasecmp(p, name, n) == 0) return at;
        p += n + (p[n] == '|');
    }
    return 0;
}

#define LABEL_NAMES                                                                                                    \
    "label|labels|intent|category|class|gold_label|sentiment|relation|topic|target|y|tag|discipline|type"
#define TEXT_NAMES                                                                                                     \
    "text|sentence|utterance|content|review|message|body|tweet|comment|document|query|question|premise|sentence1|"     \
    "text_a|source|abstract|article|description|paragraphs|title|summary|prompt|input"
#define SCORE_NAMES "score|similarity|similarity_score|relatedness_score|relatedness|rating|value|stars"
#define GROUP_NAMES                                                                                                    \
    "group|group_id|user|user_id|author|author_id|speaker|document_id|doc_id|conversation_id|dialogue_id"
#define ASIDE_NAMES "id|idx|index|guid|uid|lang|language|split|date|time|url|source_id|name|domain"
#define PAIR_NAMES                                                                                                     \
    "hypothesis|sentence2|text_b|text2|question2|sentence_b|s2|passage|context|answer|document|paragraph"
#define FIRST_NAMES                                                                                                    \
    "premise|sentence1|text_a|text1|question1|sentence_a|s1|query|question"

static double mean_chars(const Column *c) { return c->n ? (double)c->n_chars / (double)c->n : 0; }

static bool is_number(const Column *c)
{
    return c->n - c->n_empty > 0 && c->n_numbers * 20 >= (c->n - c->n_empty) * 19;
}

static bool is_class(const Column *c)
{
    return !c->list && !c->star && c->n_distinct >= 2 && c->n_distinct <= MAX_CLASSES &&
           mean_chars(c) <= MAX_CLASS_CHARS &&
           (c->n_distinct * 3 <= c->n || (c->n < 100 && c->n_distinct * 2 <= c->n)) &&
           (!is_number(c) || c->n_whole == c->n_numbers) && !rank(c->name, ASIDE_NAMES) && !rank(c->name, GROUP_NAMES);
}

static bool is_score(const Column *c)
{
    if (c->list || c->star || !is_number(c) || rank(c->name, ASIDE_NAMES) || c->n_distinct < 3) return false;
    return c->n_whole < c->n_numbers ? c->most - c->least <= 1000 : rank(c->name, SCORE_NAMES) && c->n_distinct > 10;
}

static bool is_text(const Column *c)
{
    bool named = rank(c->name, TEXT_NAMES);
    if (is_number(c) || c->n_links * 2 > c->n || c->n_distinct < 2) return false;
    if (c->n_same_start * 10 > c->n * 9 && !named) return false;      /* "Attribution: ..." in every row */
    if (rank(c->name, ASIDE_NAMES) || rank(c->name, GROUP_NAMES)) return false;
    return mean_chars(c) >= 4 && (named || c->n_distinct * 5 > c->n || c->n_distinct == SEEN_CAP);
}

static double text_score(const Column *c)
{
    int named = rank(c->name, TEXT_NAMES);
    return (named ? 30 - named : 0) + fmin(log2(1 + mean_chars(c)), 9) - (c->star ? 4 : 0) -
           8.0 * (double)c->n_empty / (double)c->n;
}

/* ---- choosing --------------------------------------------------------------------------------------------------- */

static const Column *best_label(const Columns *columns)
{
    const Column *best = NULL;
    int           best_rank = 0;
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        int           named = rank(c->name, LABEL_NAMES);
        if (!is_class(c) || (best_rank && (!named || named > best_rank))) continue;
        if (!best || (named && !best_rank) || (named && named < best_rank) ||
            (!best_rank && c->n_distinct >= best->n_distinct)) {
            best = c;
            best_rank = named;
        }
    }
    return best;
}

static const Column *best_score(const Columns *columns)
{
    const Column *best = NULL;
    for (size_t i = 0; i < columns->n; i++)
        if (is_score(&columns->items[i]) && (!best || rank(columns->items[i].name, SCORE_NAMES)))
            best = &columns->items[i];
    return best;
}

static const Column *best_text(const Columns *columns, const Column *except)
{
    const Column *best = NULL;
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        if (c != except && is_text(c) && (!best || text_score(c) > text_score(best))) best = c;
    }
    return best;
}

/* Two texts that are judged together: by their names, or in a table without names the two texts there are. */
static bool find_pair(const Columns *columns, const Column *label, bool named, const Column **first,
                      const Column **second)
{
    const Column *texts[2] = { 0 };
    int           n = 0;
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        if (c == label || !is_text(c)) continue;
        if (n < 2) texts[n] = c;
        n++;
    }
    if (n < 2) return false;
    if (!named) {
        *first = texts[0];
        *second = texts[1];
        return n == 2;
    }
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        if (c == label || c->star) continue;
        if (rank(c->name, FIRST_NAMES) && !*first) *first = c;
        else if (rank(c->name, PAIR_NAMES) && !*second) *second = c;
    }
    return *first && *second;
}

/* Two lists of the same number of things: words and their tags. */
static bool find_tags(const Columns *columns, const Column **words, const Column **tags)
{
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        if (!c->list || c->star) continue;
        if (rank(c->name, "tokens|words")) *words = c;
        else if (rank(c->name, "tags|ner_tags|labels|ner|pos_tags|upos|pos")) *tags = *tags ? *tags : c;
    }
    return *words && *tags && (*words)->n_items == (*tags)->n_items;
}

static Status choose_group(Guess *g, const Columns *columns)
{
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        if (!rank(c->name, GROUP_NAMES) || c->star || c->n_distinct < 5 || c->n_distinct * GROUP_ROWS > c->n) continue;
        TRY(text_copy(&g->group, c->name));
        return guess_say(g, "\"%s\" has %d values in %lld rows: rows of one stay on one side of a split", c->name,
                         c->n_distinct, (long long)c->n);
    }
    return OK;
}

static Status set_task(Guess *g, const char *task, const Column *text, const Column *pair, const Column *label)
{
    TRY(text_copy(&g->task, task));
    TRY(text_copy(&g->text, text->name));
    if (pair) TRY(text_copy(&g->pair, pair->name));
    if (label) TRY(text_copy(&g->label, label->name));
    return OK;
}

Status guess_columns(Guess *g, const Columns *c, bool named)
{
    const Column *label = best_label(c), *score = label && rank(label->name, LABEL_NAMES) ? NULL : best_score(c);
    const Column *words = NULL, *tags = NULL, *first = NULL, *second = NULL;
    if (find_tags(c, &words, &tags)) {
        TRY(guess_say(g, "\"%s\" and \"%s\" are lists of equal length: words and their tags", words->name, tags->name));
        return set_task(g, "token-classification", words, NULL, tags);
    }
    const Column *target = score ? score : label, *text = best_text(c, target);
    if (!text)
        return hint(fail(ERR_DATA, "none of the %zu columns looks like a text", c->n),
                    "write the config by hand: configs/data/ has an example for each format");
    bool pair = target && find_pair(c, target, named, &first, &second);
    TRY(choose_group(g, c));
    if (!target) {
        TRY(guess_say(g, "\"%s\" is the text; no column looks like a class or a score", text->name));
        return set_task(g, "masked-lm", text, NULL, NULL);
    }
    if (score)
        TRY(guess_say(g, "\"%s\" holds numbers from %g to %g: a score", score->name, score->least, score->most));
    else
        TRY(guess_say(g, "\"%s\" has %d values in %lld rows: the class", label->name, label->n_distinct,
                      (long long)label->n));
    if (pair) TRY(guess_say(g, "\"%s\" and \"%s\" are texts that belong together", first->name, second->name));
    else TRY(guess_say(g, "\"%s\" is the text (%.0f characters on average)", text->name, mean_chars(text)));
    return set_task(g, score ? "regression" : pair ? "sentence-pair" : "sequence-classification", pair ? first : text,
                    pair ? second : NULL, target);
}

/* The first row is unlike the others: words over numbers, or short names that come in no further row. */
bool columns_have_header(const Columns *columns)
{
    int names = 0, plain = 0;
    for (size_t i = 0; i < columns->n; i++) {
        const Column *c = &columns->items[i];
        char         *end;
        bool          number = c->first[0] && (strtod(c->first, &end), !*end);
        if (number) return false;
        if (rank(c->first, LABEL_NAMES "|" TEXT_NAMES "|" SCORE_NAMES "|" GROUP_NAMES "|" ASIDE_NAMES "|" PAIR_NAMES
                                       "|" FIRST_NAMES))
            names++;
        if (c->n_numbers * 10 >= (c->n - 1) * 9 && c->n > 3) names++;
        plain += strlen(c->first) < 32 &&
                 strspn(c->first, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- .") ==
                     strlen(c->first) &&
                 c->first[0];
    }
    return names > 0 && plain == (int)columns->n;
}
