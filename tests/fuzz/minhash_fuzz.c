/* tests/fuzz/minhash_fuzz.c: any bytes as a text; a 0x1E byte, if there is one, begins the second text of a pair. A
 * signature is like itself, has no empty value, and does not depend on ASCII case or on what parts the words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/select/select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *pair;               /* its own block, so that a read behind its end is seen */
    if (!text) return 0;
    memcpy(text, data, size);
    pair = memchr(text, 0x1E, size);
    size_t  n = pair ? (size_t)(pair - text) : size, n_pair = pair ? size - n - 1 : 0;
    Minhash a, b;
    minhash_text(text, n, pair ? pair + 1 : NULL, n_pair, &a);
    bool letters = false;
    for (size_t i = 0; i < size; i++) {
        letters |= (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
        if (text[i] >= 'a' && text[i] <= 'z') text[i] = (char)(text[i] - 32);
        else if (text[i] == ' ') text[i] = '.';
    }
    minhash_text(text, n, pair ? pair + 1 : NULL, n_pair, &b);
    if (letters && minhash_similarity(&a, &b) != 1) abort();
    for (size_t i = 0; i < MINHASH_BYTES; i += 2)
        if (a.bytes[i] == 0 && a.bytes[i + 1] == 0) abort();
    free(text);
    return 0;
}
