/* Rows to measure with: pieces of real text with a fifth of the words exchanged, each with a number of its own.
 *
 *   cc -O2 generate.c -o generate && ./generate MEGABYTES TEXT... >OUT.jsonl
 *
 * Each row has "text" (20 to 59 words) and "label" (one of seven). The same arguments write the same bytes. Words with a
 * quote or a backslash are left out, so that nothing has to be escaped. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9E3779B97F4A7C15u;

static uint64_t below(uint64_t n)      /* splitmix64 */
{
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % n;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    double   left = atof(argv[1]) * 1e6;
    char   **words = NULL, word[256];
    uint64_t n = 0, cap = 0, row = 0;
    for (int i = 2; i < argc; i++) {
        FILE *f = fopen(argv[i], "r");
        if (!f) return 1;
        while (fscanf(f, "%255s", word) == 1) {
            if (strpbrk(word, "\"\\")) continue;
            if (n == cap) words = realloc(words, (cap = cap ? 2 * cap : 1 << 16) * sizeof *words);
            words[n++] = strdup(word);
        }
        fclose(f);
    }
    while (left > 0) {
        uint64_t k = 20 + below(40), at = below(n - k);
        int      bytes = printf("{\"text\": \"");
        for (uint64_t i = 0; i < k; i++) bytes += printf("%s ", words[below(5) ? at + i : below(n)]);
        bytes += printf("%llu\", \"label\": \"c%llu\"}\n", (unsigned long long)row, (unsigned long long)(row % 7));
        left -= bytes;
        row++;
    }
    return 0;
}
