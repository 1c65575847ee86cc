/* tests/fuzz/anonymize_fuzz.c: any UTF-8 text through anonymisation of all kinds. The first byte says with what, the
 * second which kinds. Items are in order, inside the text, at borders; what replaces them leaves UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/clean/anonymize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_word(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

static void check_items(const AnonymizeWork *w, const char *text, size_t n)
{
    size_t end = 0;
    for (size_t i = 0; i < w->n; i++) {
        const AnonymizeItem *x = &w->items[i];
        BUG_ON(x->begin < end || x->end <= x->begin || x->end > n || x->kind >= ANONYMIZE_N_KINDS);
        BUG_ON((text[x->begin] & 0xC0) == 0x80 || (x->end < n && (text[x->end] & 0xC0) == 0x80));
        if (x->kind != ANONYMIZE_URL_CREDENTIALS && x->begin > 0 && is_word(text[x->begin]))
            BUG_ON(is_word(text[x->begin - 1]));
        if (x->kind != ANONYMIZE_URL_CREDENTIALS && x->kind != ANONYMIZE_EMAIL && x->end < n)
            BUG_ON(is_word(text[x->end]));
        end = x->end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static AnonymizeWork w;
    static Rewrite       r;
    if (size < 2 || !utf8_valid((const char *)data + 2, size - 2, NULL)) return 0;
    const char *text = (const char *)data + 2;
    size_t      n = size - 2;
    Anonymizer  a = { .kinds = data[1] & 0x80 ? (1u << ANONYMIZE_N_KINDS) - 1 : data[1] };
    if (data[0] & 1) {
        a.key = "sixteen bytes and";
        a.n_key = strlen(a.key);
    }
    rewrite_start(&r, text, n, true);
    BUG_ON(anonymize_run(&a, &w, &r) != OK || rewrite_finish(&r) != OK);
    check_items(&w, text, n);
    if (r.changed) BUG_ON(!utf8_valid(r.out.data, r.out.len, NULL));
    return 0;
}
