/* data/readers/instruction.c: what is asked and what is answered, one an object; lines of JSONL or elements of a list.
 *
 *     { "instruction": "...", "input": "...", "output": "..." }                Alpaca
 *     { "prompt": "...", "completion": "..." }
 *     { "instruction": "...", "instances": [ { "input": "...", "output": "..." }, ... ] }      Self-Instruct: a row each
 *
 * text is the instruction and, a blank line below, its input; pair is the answer. Both are also there as two messages. */
#include "data/readers/elements.h"

#include <string.h>

#include "core/arena.h"

static const char *const asked[] = { "instruction", "prompt", NULL };
static const char *const given[] = { "input", "context", NULL };
static const char *const answered[] = { "output", "completion", "response", NULL };

static Status instruction_begin(Source *s)
{
    TRY(source_offers(s, "an instruction", true, true, false, false));
    return elements_begin(s, ELEMENTS_LIST_OR_LINES, NULL);
}

/* The first of the keys that is there, as a string; *out NULL when none is. */
static Status string_of(const Source *s, const cJSON *object, const char *const *keys, const char **out)
{
    *out = NULL;
    for (; *keys; keys++) {
        const cJSON *v = json_get(object, *keys);
        if (!v) continue;
        if (!cJSON_IsString(v))
            return source_bad(s, s->element_place.line, "\"%s\" must be a string, here it is %s", *keys, json_type(v));
        *out = v->valuestring;
        return OK;
    }
    return OK;
}

static Status fill_messages(Source *s, Row *out)
{
    TRY(mem_grow(&s->messages, &s->cap_messages, 2, sizeof *s->messages));
    s->messages[0] = (RowMessage){ "user", out->text };
    s->messages[1] = (RowMessage){ "assistant", out->pair };
    out->messages = s->messages;
    out->n_messages = 2;
    return OK;
}

static Status instruction_row(Source *s, const cJSON *instance, Row *out)
{
    const RowsOptions *o = s->options;
    const char        *instruction, *input, *output;
    int64_t            line = s->element_place.line;
    TRY(string_of(s, s->element, asked, &instruction));
    TRY(string_of(s, instance, given, &input));
    TRY(string_of(s, instance, answered, &output));
    if (!instruction)
        return hint(source_bad(s, line, "there is no \"instruction\" or \"prompt\" in this row"),
                    "for other keys use data.format: jsonl with data.text and data.text_pair");
    if (!output)
        return source_bad(s, line, "there is no \"output\", \"completion\" or \"response\" in this row");
    TRY(text_addf(&s->text, "%s%s%s", instruction, input && input[0] ? "\n\n" : "", input ? input : ""));
    out->text = s->text.data;
    out->n_text = s->text.len;
    out->pair = output;
    out->n_pair = strlen(output);
    if (source_wants(o->label))
        TRY(json_label(s, json_find(s->element, o->label), line, o->label, &s->label, &out->label));
    if (o->group) TRY(json_label(s, json_find(s->element, o->group), line, o->group, &s->group, &out->group));
    return fill_messages(s, out);
}

/* What place.item counts to: the object itself, or one of its instances. NULL behind the last. */
static const cJSON *instance_at(Source *s)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(s->element, "instances");
    if (!cJSON_IsArray(list)) return s->place.item == 0 ? s->element : NULL;
    if (s->element_changed || s->place.item < s->question_item) {
        s->element_changed = false;
        s->question_item = 0;
        s->question = list->child;
    }
    for (; s->question && s->question_item < s->place.item; s->question_item++) s->question = s->question->next;
    return s->question;
}

static Status instruction_read(Source *s, Row *out, bool *end)
{
    const cJSON *instance = NULL;
    for (;;) {
        TRY(elements_hold(s, end));
        if (*end) return OK;
        if ((instance = instance_at(s))) break;
        TRY(elements_leave(s));
    }
    out->place = s->place;
    s->place.item++;
    return instruction_row(s, instance, out);
}

const Reader reader_instruction = { "instruction", NULL, NULL, instruction_begin, instruction_read };
