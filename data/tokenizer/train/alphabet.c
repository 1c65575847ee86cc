/* data/tokenizer/train/alphabet.c: which characters the words have, and which of them the vocabulary keeps. */
#include "data/tokenizer/train/train_internal.h"

#include <stdlib.h>

#include "core/arena.h"

/* Radford et al. 2019: printable bytes of Latin-1 stand for themselves, the others follow from U+0100. */
uint32_t byte_level_char(unsigned char byte)
{
    if ((byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD)) return byte;
    if (byte <= ' ') return 0x100u + byte;
    if (byte < 0xA1) return 0x100u + 33 + (byte - 127u);
    return 0x100u + 67;
}

Status alphabet_count(uint64_t **counts, const Trainer *t)
{
    TRY(mem_new(counts, CODE_POINTS, sizeof **counts));
    for (size_t w = 0; w < t->words.n; w++) {
        const char *s = word_text(&t->words, w);
        size_t      n = t->words.words[w].len;
        for (size_t i = 0; i < n;) {
            uint32_t cp = t->raw_bytes ? byte_level_char((unsigned char)s[i++]) : word_char(s, n, &i);
            (*counts)[cp] += t->words.words[w].count;
        }
    }
    for (int byte = 0; t->byte_level && byte < 256; byte++)
        (*counts)[byte_level_char((unsigned char)byte)] = UINT64_MAX;
    return OK;
}

typedef struct CharCount { uint64_t count; uint32_t cp; } CharCount;

static int compare_frequent(const void *a, const void *b)
{
    const CharCount *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->cp > y->cp) - (x->cp < y->cp);
}

Status alphabet_choose(uint8_t **keep, const Trainer *t, int64_t limit, int64_t *n)
{
    uint64_t  *counts = NULL;
    CharCount *seen = NULL;
    size_t     n_seen = 0;
    *keep = NULL;
    *n = 0;
    Status s = alphabet_count(&counts, t);
    for (uint32_t cp = 0; s == OK && cp < CODE_POINTS; cp++) n_seen += counts[cp] > 0;
    if (s == OK) s = mem_new(&seen, n_seen, sizeof *seen);
    if (s == OK) s = mem_new(keep, CODE_POINTS, 1);
    if (s == OK) {
        for (uint32_t cp = 0; cp < CODE_POINTS; cp++)
            if (counts[cp] > 0) seen[(*n)++] = (CharCount){ counts[cp], cp };
        qsort(seen, n_seen, sizeof *seen, compare_frequent);
        if (limit > 0 && *n > limit) *n = limit;
        for (int64_t i = 0; i < *n; i++) (*keep)[seen[i].cp] = 1;
    }
    free(counts);
    free(seen);
    return s;
}
