/* data/tokenizer/template.c: post-processors. Each becomes two Templates, one for a text and one for a pair.
 *
 *   TemplateProcessing   the pieces that the file lists
 *   BertProcessing       [CLS] A [SEP]  and  [CLS] A [SEP] B:1 [SEP]:1
 *   RobertaProcessing    <s> A </s>  and  <s> A </s> </s> B </s>, all segment 0; trims offsets
 *   ByteLevel            trims offsets: white space at a token's ends does not count to its place
 *   Sequence             of those; at most one of them may add tokens
 *   none                 A  and  A B:1 */
#include "data/tokenizer/tokenizer_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "data/tokenizer/unicode.h"

/* ---- trimming ---------------------------------------------------------------------------------------------------- */

static bool is_space(uint32_t cp) { return cp == 0x120 || unicode_sets(cp) & UNICODE_BLANK; }

/* White space at both ends, in characters; ByteLevel's character for a space is some. */
static TokenSpaces spaces_of(const char *s, size_t n)
{
    TokenSpaces spaces = { 0, 0 };
    int         len;
    for (size_t i = 0; i < n && is_space(decode_valid(s + i, &len)); i += (size_t)len) spaces.before++;
    for (size_t i = n; i > 0; i = char_before(s, i), spaces.after++)
        if (!is_space(decode_valid(s + char_before(s, i), &len))) break;
    return spaces;
}

static Status count_spaces(Tokenizer *t)
{
    if (t->spaces) return OK;
    TRY(mem_new(&t->spaces, (size_t)t->size, sizeof *t->spaces));
    for (int32_t id = 0; id < t->size; id++) {
        const char *token = vocab_string(&t->vocab, id);
        if (token) t->spaces[id] = spaces_of(token, strlen(token));
    }
    return OK;
}

/* Moves by characters of the original, as the reference does; its conditions are kept where they look odd. */
static Span trim(Span at, TokenSpaces spaces, bool is_first, bool add_prefix_space, const char *text)
{
    int len;
    if (spaces.before > 0) {
        is_first |= at.begin == 0;
        if (is_first && add_prefix_space && spaces.before == 1) spaces.before = 0;
        for (uint32_t k = 0; k < spaces.before && at.begin < at.end; k++) {
            (void)decode_valid(text + at.begin, &len);
            at.begin += (uint32_t)len;
        }
        if (at.begin > at.end) at.begin = at.end;
    }
    uint32_t end = at.end, k = 0;
    for (; k < spaces.after && end > 0; k++) end = (uint32_t)char_before(text, end);
    if (k == spaces.after) at.end = end > at.begin ? end : at.begin;
    return at;
}

/* first: 0 it is not the text's first token here, 1 it is, 2 it is and nothing was put in front of the text. */
static Span trim_all(const Tokenizer *t, const EncodedText *x, const Token *token, int sequence, int first)
{
    Span at = { token->begin, token->end };
    TokenSpaces spaces = tokenizer_added(t, token->id) ? spaces_of(x->text + at.begin, at.end - at.begin)
                                                       : t->spaces[token->id];
    if (spaces.before == 0 && spaces.after == 0) return at;
    for (size_t i = 0; i < t->n_trims; i++)
        at = trim(at, spaces, first == 2 || (first == 1 && t->trims[i].knows_first[sequence]),
                  t->trims[i].add_prefix_space, x->text);
    return at;
}

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

static void append_tokens(const Tokenizer *t, Encoding *e, const EncodedText *x, int sequence, int32_t segment,
                          bool specials)
{
    for (size_t i = x->begin; i < x->end; i++, e->n++) {
        const Token *token = &x->tokens->items[i];
        Span         at = { token->begin, token->end };
        if (t->n_trims > 0) at = trim_all(t, x, token, sequence, i > x->begin ? 0 : specials ? 1 : 2);
        e->ids[e->n] = token->id;
        e->segments[e->n] = segment;
        e->offsets[2 * e->n] = (int32_t)at.begin;
        e->offsets[2 * e->n + 1] = (int32_t)at.end;
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

Status template_apply(const Tokenizer *t, const EncodedText *first, const EncodedText *second, bool specials,
                      Encoding *out)
{
    const Template *tpl = second ? &t->pair : &t->single;
    size_t n1 = first->end - first->begin, n2 = second ? second->end - second->begin : 0;
    out->n = 0;
    out->n_untruncated = total(tpl, first->tokens->n, second ? second->tokens->n : 0, specials);
    TRY(reserve(out, total(tpl, n1, n2, specials)));
    for (size_t i = 0; i < tpl->n; i++) {
        TemplatePiece piece = tpl->pieces[i];
        if (piece.kind == PIECE_FIRST) append_tokens(t, out, first, 0, piece.segment, specials);
        else if (piece.kind == PIECE_SECOND && second) append_tokens(t, out, second, 1, piece.segment, specials);
        else if (piece.kind == PIECE_SPECIAL && specials) append_special(out, piece);
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
    if (tpl == &t->pair && !(n_uses[0] && n_uses[1]))
        return fail(ERR_FORMAT, "%s must use both sequences, A and B", where);
    return OK;
}

/* Two that add tokens would have to work on each other's results; no published file has that. */
static Status check_only(Tokenizer *t, const char *name)
{
    if (t->has_template) return fail(ERR_UNSUPPORTED, "%s: two post-processors that add tokens", name);
    t->has_template = true;
    return OK;
}

static Status template_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    TRY(check_only(t, name));
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

/* Tokens are put around both texts, so a trim that comes after sees none of them first, or only the second. */
static Status bert_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    int32_t cls, sep;
    TRY(check_only(t, name));
    TRY(read_bert_token(t, json, "cls", &cls, name));
    TRY(read_bert_token(t, json, "sep", &sep, name));
    t->hides_first[0] = true;
    Template *both[] = { &t->single, &t->pair };
    for (size_t i = 0; i < COUNT(both); i++) {
        TRY(add_piece(both[i], PIECE_SPECIAL, cls, 0, name));
        TRY(add_piece(both[i], PIECE_FIRST, -1, 0, name));
        TRY(add_piece(both[i], PIECE_SPECIAL, sep, 0, name));
    }
    TRY(add_piece(&t->pair, PIECE_SECOND, -1, 1, name));
    return add_piece(&t->pair, PIECE_SPECIAL, sep, 1, name);
}

static Status add_trim(Tokenizer *t, const cJSON *json, const char *name)
{
    bool trims, prefix;
    TRY(json_get_bool(&trims, json, "trim_offsets", true, name));
    TRY(json_get_bool(&prefix, json, "add_prefix_space", true, name));
    if (!trims) return OK;
    if (t->n_trims == MAX_TRIMS)
        return fail(ERR_UNSUPPORTED, "%s: more than %d post-processors trim offsets", name, MAX_TRIMS);
    t->trims[t->n_trims++] = (Trim){ prefix, { !t->hides_first[0], !t->hides_first[1] } };
    return count_spaces(t);
}

static Status roberta_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    int32_t cls, sep;
    TRY(check_only(t, name));
    TRY(read_bert_token(t, json, "cls", &cls, name));
    TRY(read_bert_token(t, json, "sep", &sep, name));
    TRY(add_trim(t, json, name));
    t->hides_first[0] = t->hides_first[1] = true;
    Template *both[] = { &t->single, &t->pair };
    for (size_t i = 0; i < COUNT(both); i++) {
        TRY(add_piece(both[i], PIECE_SPECIAL, cls, 0, name));
        TRY(add_piece(both[i], PIECE_FIRST, -1, 0, name));
        TRY(add_piece(both[i], PIECE_SPECIAL, sep, 0, name));
    }
    TRY(add_piece(&t->pair, PIECE_SPECIAL, sep, 0, name));
    TRY(add_piece(&t->pair, PIECE_SECOND, -1, 0, name));
    return add_piece(&t->pair, PIECE_SPECIAL, sep, 0, name);
}

static Status parse_any(Tokenizer *t, const cJSON *json, const char *name);

static Status sequence_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    const cJSON *list = json_get(json, "processors");
    if (!cJSON_IsArray(list))
        return fail(ERR_FORMAT, "%s: a Sequence of post-processors needs the list \"processors\"", name);
    for (const cJSON *c = list->child; c; c = c->next) TRY(parse_any(t, c, name));
    return OK;
}

static const PartDef post_processors[] = {
    { "TemplateProcessing", template_parse },
    { "BertProcessing",     bert_parse     },
    { "RobertaProcessing",  roberta_parse  },
    { "ByteLevel",          add_trim       },
    { "Sequence",           sequence_parse },
};

static Status parse_any(Tokenizer *t, const cJSON *json, const char *name)
{
    return part_parse(t, json, name, "post_processor", post_processors, COUNT(post_processors));
}

Status post_processor_parse(Tokenizer *t, const cJSON *json, const char *name)
{
    TRY(parse_any(t, json, name));
    if (t->has_template) return OK;
    TRY(add_piece(&t->single, PIECE_FIRST, -1, 0, name));
    TRY(add_piece(&t->pair, PIECE_FIRST, -1, 0, name));
    return add_piece(&t->pair, PIECE_SECOND, -1, 1, name);
}
