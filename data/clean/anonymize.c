#include "data/clean/anonymize.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "data/clean/anonymize_internal.h"

static const struct { const char *name, *placeholder; Finder *find; } kinds[ANONYMIZE_N_KINDS] = {
    { "url_credentials", "[CREDENTIALS]", find_url_credentials },
    { "email",           "[EMAIL]",       find_email },
    { "iban",            "[IBAN]",        find_iban },
    { "cn_id",           "[CN_ID]",       find_cn_id },
    { "card",            "[CARD]",        find_card },
    { "ip",              "[IP]",          find_ip },
    { "phone",           "[PHONE]",       find_phone },
};

const char *anonymize_kind_name(AnonymizeKind kind) { return kinds[kind].name; }

static Status parse_kind(Anonymizer *a, const char *word, size_t i)
{
    const char *names[ANONYMIZE_N_KINDS + 1] = { [ANONYMIZE_N_KINDS] = "all" };
    for (size_t k = 0; k < ANONYMIZE_N_KINDS; k++) names[k] = kinds[k].name;
    for (size_t k = 0; k < COUNT(names); k++) {
        if (strcmp(word, names[k]) != 0) continue;
        a->kinds |= k == ANONYMIZE_N_KINDS ? (1u << ANONYMIZE_N_KINDS) - 1 : 1u << k;
        return OK;
    }
    const char *near = text_nearest(word, names, COUNT(names));
    Status      s = fail(ERR_CONFIG, "data.anonymize[%zu]: \"%s\" is not a kind of personal data", i, word);
    if (near) return hint(s, "did you mean \"%s\"?", near);
    return hint(s, "kinds are email, phone, cn_id, card, iban, ip, url_credentials, or \"all\"");
}

Status anonymizer_parse(Anonymizer *a, const StringList *list, const char *with, const char *key)
{
    *a = (Anonymizer){ 0 };
    for (size_t i = 0; list && i < list->n; i++) TRY(parse_kind(a, list->items[i], i));
    if (!a->kinds || !with || strcmp(with, "placeholder") == 0) return OK;
    if (strcmp(with, "pseudonym") != 0)
        return hint(fail(ERR_CONFIG, "\"%s\" does not say what personal data is replaced with", with),
                    "\"placeholder\" or \"pseudonym\"");
    size_t n = key ? strlen(key) : 0;
    if (n < ANONYMIZE_KEY_MIN || n > ANONYMIZE_KEY_MAX)
        return hint(fail(ERR_CONFIG, "the key of the pseudonyms has %zu bytes, not %d to %d", n,
                         ANONYMIZE_KEY_MIN, ANONYMIZE_KEY_MAX),
                    "`openssl rand -hex 16` makes one; who has it can link pseudonyms to values he guesses");
    a->key = key;
    a->n_key = n;
    return OK;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* Kinds that a text without any @ or digit cannot hold. */
static uint32_t possible(const char *text, size_t n)
{
    const uint32_t at = 1u << ANONYMIZE_URL_CREDENTIALS | 1u << ANONYMIZE_EMAIL;
    uint32_t       found = memchr(text, '@', n) ? at : 0;
    unsigned       digits = 0;
    for (size_t i = 0; i < n && digits < 4; i++) digits += is_digit(text[i]);
    return digits < 4 ? found : found | ~at;
}

static Status find_kind(AnonymizeKind kind, AnonymizeWork *w, const char *text, size_t n)
{
    Found f;
    for (size_t from = 0; kinds[kind].find(text, n, from, &f); from = f.end) {
        TRY(mem_grow(&w->items, &w->cap, w->n + 1, sizeof *w->items));
        w->items[w->n++] = (AnonymizeItem){ kind, f.begin, f.end };
    }
    return OK;
}

static int by_place(const void *a, const void *b)
{
    const AnonymizeItem *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

Status anonymize_find(const Anonymizer *a, AnonymizeWork *w, const char *text, size_t n)
{
    w->n = 0;
    uint32_t wanted = a->kinds & possible(text, n);
    for (int k = 0; k < ANONYMIZE_N_KINDS; k++)
        if (wanted >> k & 1) TRY(find_kind((AnonymizeKind)k, w, text, n));
    if (w->n > 1) qsort(w->items, w->n, sizeof *w->items, by_place);
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        const AnonymizeItem item = w->items[i];
        bool                overlaps = kept > 0 && w->items[kept - 1].end > item.begin;
        if (!overlaps) w->items[kept++] = item;
        else if (item.kind < w->items[kept - 1].kind) w->items[kept - 1] = item;
    }
    w->n = kept;
    return OK;
}

Status anonymize_run(const Anonymizer *a, AnonymizeWork *w, Rewrite *r)
{
    TRY(anonymize_find(a, w, r->text, r->n));
    for (size_t i = 0; i < w->n; i++) {
        const AnonymizeItem *item = &w->items[i];
        const char          *with = kinds[item->kind].placeholder;
        size_t               n = strlen(with);
        if (a->key) {
            text_clear(&w->pseudonym);
            TRY(pseudonym_make(a, item->kind, r->text + item->begin, item->end - item->begin, &w->pseudonym));
            with = w->pseudonym.data;
            n = w->pseudonym.len;
        }
        TRY(rewrite_replace(r, item->begin, item->end, with, n));
        w->counts[item->kind]++;
    }
    return OK;
}

void anonymize_work_release(AnonymizeWork *w)
{
    free(w->items);
    text_release(&w->pseudonym);
    *w = (AnonymizeWork){ 0 };
}
