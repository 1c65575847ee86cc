/* data/tokenizer/template.c: post-processors. Each becomes two Templates, one for a text and one for a pair.
 *
 *   TemplateProcessing   the pieces that the file lists
 *   BertProcessing       [CLS] A [SEP]  and  [CLS] A [SEP] B:1 [SEP]:1
 *   none                 A  and  A B:1
 *
 * Truncation is the reference's longest_first, cutting on the right: the longer side of a pair loses tokens until both
 * are equally long, then both do (the odd token stays on the second side, or on the first if that was longer). */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"

/* ---- applying ---------------------------------------------------------------------------------------------------- */

/* Reserves n tokens; all four lists or none of them count as grown. */
static Status reserve(Encoding *e, size_t n)
{
    size_t cap = e->cap, segments = e->cap, words = e->cap, offsets = 2 * e->cap;
    if (n <= cap) return OK;
    TRY(mem_grow(&e->ids, &cap, n, sizeof *e->ids));
    TRY(mem_grow(&e->segments, &segments, cap, sizeof *e->segments));
    TRY(mem_grow(&e->words, &words, cap, sizeof *e->words));
    TRY(mem_grow(&e->offsets, &offsets, 2 * cap, sizeof *e->offsets));
    e->cap = cap;
    return OK;
}

static void cut(size_t *n1, size_t *n2, size_t room)
{
    if (*n1 + *n2 <= room) return;
    bool   swap = *n1 > *n2;
    size_t shorter = swap ? *n2 : *n1, longer;
    if (shorter > room) longer = shorter;
    else longer = room - shorter > shorter ? room - shorter : shorter;
    if (shorter + longer > room) {
        shorter = room / 2;
        longer = room - shorter;
    }
    *n1 = swap ? longer : shorter;
    *n2 = swap ? shorter : longer;
}

static void append_tokens(Encoding *e, const TokenList *list, size_t n, int32_t segment)
{
    for (size_t i = 0; i < n; i++, e->n++) {
        const Token *token = &list->items[i];
        e->ids[e->n] = token->id;
        e->segments[e->n] = segment;
        e->offsets[2 * e->n] = (int32_t)token->begin;
        e->offsets[2 * e->n + 1] = (int32_t)token->end;
        e->words[e->n] = token->word;
    }
}

static void append_special(Encoding *e, TemplatePiece piece)
{
    e->ids[e->n] = piece.id;
    e->segments[e->n] = piece.segment;
    e->offsets[2 * e->n] = e->offsets[2 * e->n + 1] = 0;
    e->words[e->n++] = -1;
}

static size_t total(const Template *tpl, size_t n1, size_t n2, bool specials)
{
    size_t n = specials ? tpl->n_special : 0;
    for (size_t i = 0; i < tpl->n; i++) {
        if (tpl->pieces[i].kind == PIECE_FIRST) n += n1;
        if (tpl->pieces[i].kind == PIECE_SECOND) n += n2;
    }
    return n;
}

Status template_apply(const Template *tpl, const TokenList *first, const TokenList *second,
                      const EncodeOptions *options, Encoding *out)
{
    bool   specials = !(options && options->no_special_tokens);
    size_t n1 = first->n, n2 = second ? second->n : 0, n_special = specials ? tpl->n_special : 0;
    size_t max_length = options ? options->max_length : 0;
    out->n = 0;
    out->n_untruncated = total(tpl, n1, n2, specials);
    if (max_length > 0) {
        if (max_length < n_special)
            return hint(fail(ERR_CONFIG, "max_length %zu leaves no room beside %zu special tokens", max_length,
                             n_special), "raise max_length");
        cut(&n1, &n2, max_length - n_special);
    }
    TRY(reserve(out, total(tpl, n1, n2, specials)));
    for (size_t i = 0; i < tpl->n; i++) {
        TemplatePiece piece = tpl->pieces[i];
        if (piece.kind == PIECE_FIRST) append_tokens(out, first, n1, piece.segment);
        else if (piece.kind == PIECE_SECOND) append_tokens(out, second, n2, piece.segment);
        else if (specials) append_special(out, piece);
    }
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static Status add_piece(Template *tpl, int32_t kind, int64_t id, int64_t segment, const char *where)
{
    if (segment < 0 || segment > INT32_MAX) return fail(ERR_FORMAT, "%s: type_id %lld", where, (long long)segment);
    if (tpl->n >= MAX_TEMPLATE) return fail(ERR_FORMAT, "%s has more than %d tokens", where, MAX_TEMPLATE);
    TRY(mem_grow(&tpl->pieces, &tpl->cap, tpl->n + 1, sizeof *tpl->pieces));
    tpl->pieces[tpl->n++] = (TemplatePiece){ kind, (int32_t)id, (int32_t)segment };
    if (kind == PIECE_SPECIAL) tpl->n_special++;
    return OK;
}

static Status check_special(const Tokenizer *t, const cJSON *id, const char *token, const char *where)
{
    if (!json_is_integer(id)) return fail(ERR_FORMAT, "%s: the id of \"%s\" must be a whole number", where, token);
    if (id->valuedouble < 0 || id->valuedouble >= t->size || !tokenizer_token(t, (int32_t)id->valuedouble))
        return hint(fail(ERR_FORMAT, "%s: \"%s\" has the id %.0f, which the vocabulary does not have", where, token,
                         id->valuedouble), "the post_processor may belong to another vocabulary");
    return OK;
}

static Status add_special(const Tokenizer *t, Template *tpl, const cJSON *specials, const char *id, int64_t segment,
                          const char *where)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(specials, id);
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(entry, "ids");
    if (!entry) return fail(ERR_FORMAT, "%s names \"%s\", which special_tokens does not have", where, id);
    if (!cJSON_IsArray(ids)) return fail(ERR_FORMAT, "%s: special_tokens.\"%s\".ids must be a list", where, id);
    for (const cJSON *c = ids->child; c; c = c->next) {
        TRY(check_special(t, c, id, where));
        TRY(add_piece(tpl, PIECE_SPECIAL, (int64_t)c->valuedouble, segment, where));
    }
    return OK;
}

static Status read_template(const Tokenizer *t, Template *tpl, const cJSON *json, const char *key, const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, key);
    const cJSON *specials = cJSON_GetObjectItemCaseSensitive(json, "special_tokens");
    char         where[256];
    int          n_uses[2] = { 0 };            /* of sequence A, of sequence B */
    snprintf(where, sizeof where, "%.150s: post_processor.%s", name, key);
    if (!cJSON_IsArray(list)) return fail(ERR_FORMAT, "%s must be a list", where);
    for (const cJSON *c = list->child; c; c = c->next) {
        const cJSON *sequence = cJSON_GetObjectItemCaseSensitive(c, "Sequence");
        const cJSON *special = cJSON_GetObjectItemCaseSensitive(c, "SpecialToken");
        const cJSON *piece = sequence ? sequence : special;
        const char  *id;
        int64_t      segment;
        if (!cJSON_IsObject(piece))
            return fail(ERR_FORMAT, "%s: each entry is a \"Sequence\" or a \"SpecialToken\"", where);
        TRY(json_get_string(&id, piece, "id", "", where));
        TRY(json_get_int(&segment, piece, "type_id", 0, where));
        if (special) {
            TRY(add_special(t, tpl, specials, id, segment, where));
            continue;
        }
        bool second = strcmp(id, "B") == 0;
        if (!second && strcmp(id, "A") != 0) return fail(ERR_FORMAT, "%s: there is no sequence \"%s\"", where, id);
        if (second && tpl == &t->single) return fail(ERR_FORMAT, "%s: a single text has no sequence \"B\"", where);
        if (n_uses[second]++) return fail(ERR_FORMAT, "%s uses the sequence \"%s\" twice", where, id);
        TRY(add_piece(tpl, second ? PIECE_SECOND : PIECE_FIRST, -1, segment, where));
    }
    if (tpl == &t->pair && !(n_uses[0] && n_uses[1])) return fail(ERR_FORMAT, "%s must use both sequences, A and B", where);
    return OK;
}

static Status template_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    TRY(read_template(t, &t->single, json, "single", name));
    return read_template(t, &t->pair, json, "pair", name);
}

/* "sep": ["[SEP]", 102] */
static Status read_bert_token(const Tokenizer *t, const cJSON *json, const char *key, int32_t *id, const char *name)
{
    const cJSON *pair = cJSON_GetObjectItemCaseSensitive(json, key), *token = cJSON_GetArrayItem(pair, 0);
    if (!cJSON_IsArray(pair) || cJSON_GetArraySize(pair) != 2 || !cJSON_IsString(token))
        return fail(ERR_FORMAT, "%s: post_processor.%s must be [\"token\", id]", name, key);
    TRY(check_special(t, cJSON_GetArrayItem(pair, 1), token->valuestring, name));
    *id = (int32_t)cJSON_GetArrayItem(pair, 1)->valuedouble;
    return OK;
}

static Status bert_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    int32_t cls, sep;
    TRY(read_bert_token(t, json, "cls", &cls, name));
    TRY(read_bert_token(t, json, "sep", &sep, name));
    Template *both[] = { &t->single, &t->pair };
    for (size_t i = 0; i < COUNT(both); i++) {
        TRY(add_piece(both[i], PIECE_SPECIAL, cls, 0, name));
        TRY(add_piece(both[i], PIECE_FIRST, -1, 0, name));
        TRY(add_piece(both[i], PIECE_SPECIAL, sep, 0, name));
    }
    TRY(add_piece(&t->pair, PIECE_SECOND, -1, 1, name));
    return add_piece(&t->pair, PIECE_SPECIAL, sep, 1, name);
}

static const PartDef post_processors[] = {
    { "TemplateProcessing", template_parse },
    { "BertProcessing",     bert_parse     },
};

Status post_processor_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    if (json) return part_parse(t, json, name, "post_processor", post_processors, COUNT(post_processors));
    TRY(add_piece(&t->single, PIECE_FIRST, -1, 0, name));
    TRY(add_piece(&t->pair, PIECE_FIRST, -1, 0, name));
    return add_piece(&t->pair, PIECE_SECOND, -1, 1, name);
}
