/* data/readers/squad.c: questions with answers marked in a text, as SQuAD 1.1 and 2.0 have them (Rajpurkar et al. 2016,
 * 2018), and CMRC 2018, XQuAD and others in the same shape.
 *
 *     { "data": [ { "title", "paragraphs": [ { "context", "qas": [ { "id", "question", "is_impossible",
 *                                                                    "answers": [ { "text", "answer_start" } ] } ] } ] } ] }
 *
 * A row is a question: text is the question, pair its context, spans the answers in bytes of the context (answer_start
 * counts code points), none where the question cannot be answered. The group is the article, by its title or else its
 * line, for one article's questions share texts. An answer that does not stand where it should is a bad row. */
#include "data/readers/elements.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

enum { MARK_EVERY = 1024 };            /* code points between the known bytes of a context */

static Status squad_begin(Source *s)
{
    TRY(source_offers(s, "SQuAD", true, false, false, true));
    return elements_begin(s, ELEMENTS_LIST, "data");
}

static const cJSON *list_in(const cJSON *object, const char *key)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsArray(list) ? list->child : NULL;
}

/* The bytes where code points 0, 1024, 2048 ... of the context begin, into s->offsets. */
static Status mark_context(Source *s, const char *context)
{
    size_t n_cp = 0, n_marks = 0, i = 0;
    for (; context[i]; i++) {
        if ((context[i] & 0xC0) == 0x80) continue;
        if (n_cp++ % MARK_EVERY) continue;
        TRY(mem_grow(&s->offsets, &s->cap_offsets, n_marks + 1, sizeof *s->offsets));
        s->offsets[n_marks++] = i;
    }
    s->n_context = i;
    s->n_code_points = n_cp;
    return OK;
}

static size_t byte_of(const Source *s, const char *context, size_t code_point)      /* at most n_code_points */
{
    if (code_point >= s->n_code_points) return s->n_context;
    size_t at = s->offsets[code_point / MARK_EVERY];
    for (size_t left = code_point % MARK_EVERY; left; left--) do at++; while ((context[at] & 0xC0) == 0x80);
    return at;
}

static Status enter_paragraph(Source *s, const cJSON *paragraph)
{
    s->paragraph = paragraph;
    s->n_context = s->n_code_points = 0;
    const cJSON *context = cJSON_GetObjectItemCaseSensitive(paragraph, "context");
    s->question = list_in(paragraph, "qas");
    return cJSON_IsString(context) ? mark_context(s, context->valuestring) : OK;
}

/* s->question: the one that place.item counts to; NULL behind the last. */
static Status find_question(Source *s)
{
    int32_t wanted = s->place.item;
    if (s->element_changed || wanted < s->question_item) {
        s->element_changed = false;
        s->question_item = 0;
        s->question = NULL;
        s->paragraph = list_in(s->element, "paragraphs");
        if (s->paragraph) TRY(enter_paragraph(s, s->paragraph));
    }
    for (;;) {
        while (!s->question && s->paragraph) {
            s->paragraph = s->paragraph->next;
            if (s->paragraph) TRY(enter_paragraph(s, s->paragraph));
        }
        if (!s->paragraph || s->question_item == wanted) return OK;
        s->question = s->question->next;
        s->question_item++;
    }
}

static Status bad_answer(const Source *s, int64_t line, const char *id, const char *what)
{
    return source_bad(s, line, "question %s: %s", id, what);
}

static Status add_answer(Source *s, const cJSON *answer, const char *context, int64_t line, const char *id)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(answer, "text"),
                *start = cJSON_GetObjectItemCaseSensitive(answer, "answer_start");
    if (!cJSON_IsString(text) || !json_is_integer(start))
        return bad_answer(s, line, id, "an answer needs a \"text\" and a whole number as \"answer_start\"");
    size_t n = strlen(text->valuestring);
    if (start->valuedouble < 0 || start->valuedouble > (double)s->n_code_points)
        return bad_answer(s, line, id, "answer_start lies outside of the context");
    size_t at = byte_of(s, context, (size_t)start->valuedouble);
    if (n == 0 || n > s->n_context - at || memcmp(context + at, text->valuestring, n) != 0)
        return bad_answer(s, line, id, "the answer does not stand at answer_start in the context");
    return source_add_span(s, at, at + n, NULL);
}

static Status question_row(Source *s, Row *out, const char *id)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(s->question, "question"),
                *context = cJSON_GetObjectItemCaseSensitive(s->paragraph, "context"),
                *answers = cJSON_GetObjectItemCaseSensitive(s->question, "answers"),
                *title = cJSON_GetObjectItemCaseSensitive(s->element, "title");
    bool         impossible = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s->question, "is_impossible"));
    int64_t      line = out->place.line;
    if (!cJSON_IsString(text) || !cJSON_IsString(context))
        return bad_answer(s, line, id, "a \"question\" and its paragraph's \"context\" must be strings");
    if (s->options->need == ROW_NEEDS_ANSWERS && !impossible && !cJSON_IsArray(answers))
        return bad_answer(s, line, id, "there is no list of \"answers\"");
    for (const cJSON *a = cJSON_IsArray(answers) && !impossible ? answers->child : NULL; a; a = a->next)
        TRY(add_answer(s, a, context->valuestring, line, id));
    if (cJSON_IsString(title) && title->valuestring[0]) TRY(text_addf(&s->group, "%s", title->valuestring));
    else TRY(text_addf(&s->group, "line %" PRId64, line));
    out->text = text->valuestring;
    out->n_text = strlen(text->valuestring);
    out->pair = context->valuestring;
    out->n_pair = s->n_context;
    out->spans = s->spans;
    out->n_spans = s->n_spans;
    out->group = s->group.data;
    return OK;
}

static Status squad_read(Source *s, Row *out, bool *end)
{
    for (;;) {
        TRY(elements_hold(s, end));
        if (*end) return OK;
        TRY(find_question(s));
        if (s->question) break;
        if (!list_in(s->element, "paragraphs") && s->place.item == 0) {
            int64_t line = s->element_place.line;
            TRY(elements_leave(s));
            return source_bad(s, line, "an article of SQuAD has a list of \"paragraphs\"");
        }
        TRY(elements_leave(s));
    }
    out->place = s->place;
    s->place.item++;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(s->question, "id");
    return question_row(s, out, cJSON_IsString(id) ? id->valuestring : "without an id");
}

const Reader reader_squad = { "squad", NULL, NULL, squad_begin, squad_read };
