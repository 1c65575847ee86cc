/* data/readers/chat.c: conversations, one an object; lines of JSONL or the elements of a list.
 *
 *     { "messages": [ { "role": "user", "content": "..." }, ... ] }            chat APIs; content may be a list of parts
 *     { "conversations": [ { "from": "human", "value": "..." }, ... ] }        ShareGPT
 *
 * data.text may name another key ("turns"); a turn's speaker and words are found under the usual names. Speakers become
 * user, assistant, system, or stay what they are ("tool"). */
#include "data/readers/elements.h"

#include <string.h>
#include <strings.h>

#include "core/arena.h"

static const char *const speakers[] = { "role", "from", "speaker", NULL };
static const char *const contents[] = { "content", "value", "utterance", "text", NULL };

static const struct { const char *given, *role; } roles[] = {
    { "user", "user" }, { "human", "user" }, { "customer", "user" }, { "assistant", "assistant" }, { "gpt", "assistant" },
    { "chatgpt", "assistant" }, { "bot", "assistant" }, { "agent", "assistant" }, { "system", "system" },
};

static Status chat_begin(Source *s)
{
    TRY(source_offers(s, "a chat", true, true, false, false));
    return elements_begin(s, ELEMENTS_LIST_OR_LINES, NULL);
}

static const cJSON *first_of(const cJSON *object, const char *const *keys, const char **key)
{
    for (; *keys; keys++) {
        const cJSON *v = json_get(object, *keys);
        *key = *keys;
        if (v) return v;
    }
    return NULL;
}

/* Where both sides are "speakers", "SYSTEM" is the one that answers (schema-guided dialogues). */
static const char *role_of(const char *given, const char *key)
{
    if (strcmp(key, "speaker") == 0 && strcasecmp(given, "system") == 0) return "assistant";
    for (size_t i = 0; i < COUNT(roles); i++) if (strcasecmp(given, roles[i].given) == 0) return roles[i].role;
    return given;
}

/* The words of a message's content as one string; parts of a list ({"type": "text", "text": ...}) lie in s->pair. */
static Status content_of(Source *s, const cJSON *v, int64_t line, size_t *offset, const char **out)
{
    *out = v ? v->valuestring : "";
    *offset = SIZE_MAX;
    if (!v || cJSON_IsString(v)) return OK;
    if (!cJSON_IsArray(v))
        return source_bad(s, line, "a message's content must be a string, here it is %s", json_type(v));
    *offset = s->pair.len;
    for (const cJSON *part = v->child; part; part = part->next) {
        const cJSON *text = cJSON_IsObject(part) ? json_get(part, "text") : part;
        if (!cJSON_IsString(text)) continue;                /* pictures and the like */
        TRY(text_add(&s->pair, text->valuestring, strlen(text->valuestring)));
    }
    return text_add(&s->pair, "", 1);
}

static Status add_message(Source *s, const char *role, const char *content, size_t offset)
{
    if (s->n_messages >= ROWS_MAX_PARTS)
        return source_bad(s, s->place.line, "more than %d messages in one chat", ROWS_MAX_PARTS);
    TRY(mem_grow(&s->messages, &s->cap_messages, s->n_messages + 1, sizeof *s->messages));
    TRY(mem_grow(&s->offsets, &s->cap_offsets, s->n_messages + 1, sizeof *s->offsets));
    s->offsets[s->n_messages] = offset;
    s->messages[s->n_messages++] = (RowMessage){ role, content };
    return OK;
}

static Status add_turn(Source *s, const cJSON *turn, int64_t line)
{
    const char  *key, *content_key, *content;
    size_t       offset;
    const cJSON *speaker = first_of(turn, speakers, &key), *v = first_of(turn, contents, &content_key);
    if (!cJSON_IsObject(turn) || !cJSON_IsString(speaker))
        return hint(source_bad(s, line, "message %zu has no role", s->n_messages + 1),
                    "each message is an object with \"role\" and \"content\" (or \"from\" and \"value\")");
    if (!v && !cJSON_HasObjectItem(turn, content_key) && !cJSON_HasObjectItem(turn, "content"))
        return source_bad(s, line, "message %zu has no content", s->n_messages + 1);
    TRY(content_of(s, v, line, &offset, &content));
    return add_message(s, role_of(speaker->valuestring, key), content, offset);
}

static Status write_text(Source *s, Row *out)
{
    for (size_t i = 0; i < s->n_messages; i++) {
        RowMessage *m = &s->messages[i];
        if (s->offsets[i] != SIZE_MAX) m->content = s->pair.data + s->offsets[i];
        TRY(text_addf(&s->text, "%s%s: %s", i ? "\n\n" : "", m->role, m->content));
    }
    out->messages = s->messages;
    out->n_messages = s->n_messages;
    out->text = s->text.data;
    out->n_text = s->text.len;
    return OK;
}

static Status turns_of(const Source *s, const cJSON *object, int64_t line, const cJSON **out)
{
    const char *const keys[] = { s->options->text, "messages", "conversations", "conversation", NULL };
    for (int i = 0; keys[i]; i++) {
        *out = json_find(object, keys[i]);
        if (cJSON_IsArray(*out)) return OK;
    }
    return hint(source_bad(s, line, "there is no list of \"messages\" in this row"),
                "name the key of the list as data.text");
}

static Status chat_row(Source *s, Row *out)
{
    const RowsOptions *o = s->options;
    const cJSON       *turns = NULL, *system = json_get(s->element, "system");
    int64_t            line = s->element_place.line;
    TRY(turns_of(s, s->element, line, &turns));
    if (cJSON_IsString(system) && system->valuestring[0])
        TRY(add_message(s, "system", system->valuestring, SIZE_MAX));
    for (const cJSON *turn = turns->child; turn; turn = turn->next) TRY(add_turn(s, turn, line));
    if (s->n_messages == 0) return source_bad(s, line, "the chat has no messages");
    if (source_wants(o->label))
        TRY(json_label(s, json_find(s->element, o->label), line, o->label, &s->label, &out->label));
    if (o->group) TRY(json_label(s, json_find(s->element, o->group), line, o->group, &s->group, &out->group));
    return write_text(s, out);
}

static Status chat_read(Source *s, Row *out, bool *end)
{
    for (;;) {
        TRY(elements_hold(s, end));
        if (*end) return OK;
        if (s->place.item == 0) break;
        TRY(elements_leave(s));
    }
    out->place = s->place;
    s->place.item = 1;                                      /* the strings live in the element: it is left next time */
    return chat_row(s, out);
}

const Reader reader_chat = { "chat", NULL, NULL, chat_begin, chat_read };
