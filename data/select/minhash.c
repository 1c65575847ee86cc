/* data/select/minhash.c: a text's word 3-shingles as 64 values of 16 bits. The part of them that two texts have in
 * common estimates the Jaccard similarity of their shingles.
 *
 * One hash a shingle (Li et al. 2012): its upper bits choose a bin, and each bin keeps its least hash. A bin that
 * stayed empty borrows from one that its number finds by chance (Shrivastava 2017), so that short texts compare as
 * well. Hashes go from bytes to words and from words to shingles; nothing is copied and no shingle is written out. */
#include <pthread.h>
#include <string.h>
#include <utf8proc.h>

#include "core/text.h"
#include "data/select/select.h"

enum { BINS = MINHASH_BYTES / 2, BIN_BITS = 6, SHINGLE = 3, FINGERPRINTS = 65535 };

_Static_assert(1 << BIN_BITS == BINS, "BIN_BITS");

#define WORD_START  0x9E3779B97F4A7C15u
#define WORD_FACTOR 0x2545F4914F6CDD1Du
#define SEPARATOR   0xA0761D6478BD642Fu      /* the word between a text and its pair */

/* Lower case of ASCII letters and digits; 0: no part of a word. */
static const uint8_t folded[128] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',
    ['9'] = '9', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h',
    ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
    ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i',
    ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',
    ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
};

/* Characters that are words: scripts that set no spaces. */
static const struct { int32_t first, last; } alone[] = {
    { 0x0E01, 0x0EFF },      /* Thai, Lao */
    { 0x1000, 0x109F },      /* Myanmar */
    { 0x1780, 0x17FF },      /* Khmer */
    { 0x3005, 0x3007 }, { 0x3021, 0x3029 }, { 0x3031, 0x3035 }, { 0x3041, 0x312F },      /* kana, bopomofo */
    { 0x31A0, 0x31BF }, { 0x31F0, 0x31FF }, { 0x3400, 0x4DBF }, { 0xF900, 0xFAFF },      /* CJK */
    { 0xFF66, 0xFF9F }, { 0x1B000, 0x1B16F }, { 0x20000, 0x3FFFF },
};

static inline uint64_t mix(uint64_t v)                  /* MurmurHash3's finalizer */
{
    v = (v ^ v >> 33) * 0xFF51AFD7ED558CCDu;
    v = (v ^ v >> 33) * 0xC4CEB9FE1A85EC53u;
    return v ^ v >> 33;
}

/* ---- words and shingles ----------------------------------------------------------------------------------------- */

typedef struct Shingles {
    uint64_t bins[BINS];           /* the least hash; UINT64_MAX: empty */
    uint64_t before[SHINGLE - 1];  /* the words before the next, the latest first */
    size_t   n_words;
} Shingles;

static inline void add_shingle(Shingles *s, uint64_t shingle)
{
    uint64_t h = mix(shingle), *bin = &s->bins[h >> (64 - BIN_BITS)];
    *bin = h < *bin ? h : *bin;
}

static inline void add_word(Shingles *s, uint64_t word)
{
    if (++s->n_words >= SHINGLE)
        add_shingle(s, (s->before[1] * WORD_FACTOR + s->before[0]) * WORD_FACTOR + word);
    s->before[1] = s->before[0];
    s->before[0] = word;
}

/* Nearly all characters of a Chinese text; they need no table. */
static inline bool is_ideograph(uint32_t cp) { return cp - 0x4E00 <= 0x9FFF - 0x4E00; }

static bool is_alone(int32_t cp)
{
    size_t i = 0;
    while (i < COUNT(alone) && cp > alone[i].last) i++;
    return i < COUNT(alone) && cp >= alone[i].first;
}

static bool is_in_word(int32_t cp)
{
    utf8proc_category_t c = utf8proc_category(cp);
    return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_NO;      /* letters, marks, numbers */
}

/* A character beyond ASCII (or a byte that is none): the word so far, and how many bytes were read. */
static size_t read_other(Shingles *s, const char *text, size_t n, uint64_t *word)
{
    uint32_t cp;
    int      size = utf8_decode(text, n, &cp);
    bool     ideograph = size > 0 && is_ideograph(cp), part = ideograph || (size > 0 && is_in_word((int32_t)cp));
    bool     whole = ideograph || (part && is_alone((int32_t)cp));
    if (part && !whole) {
        *word = (*word ^ (uint32_t)utf8proc_tolower((int32_t)cp)) * WORD_FACTOR;
        return (size_t)size;
    }
    if (*word != WORD_START) add_word(s, *word);
    if (whole) add_word(s, (WORD_START ^ cp) * WORD_FACTOR);
    *word = WORD_START;
    return size > 0 ? (size_t)size : 1;
}

static void add_words(Shingles *s, const char *text, size_t n)
{
    uint64_t word = WORD_START;
    for (size_t i = 0; i < n;) {
        uint8_t c = (uint8_t)text[i];
        if (c >= 128) {
            i += read_other(s, text + i, n - i, &word);
            continue;
        }
        if (folded[c]) word = (word ^ folded[c]) * WORD_FACTOR;
        else if (word != WORD_START) {
            add_word(s, word);
            word = WORD_START;
        }
        i++;
    }
    if (word != WORD_START) add_word(s, word);
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

static uint64_t bytes_hash(const char *text, size_t n, uint64_t h)
{
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)text[i]) * WORD_FACTOR;
    return h;
}

/* Each bin's order of the bins that it may take its value from: itself, then the others by chance. An empty bin takes
 * the first one that is filled: what probing by hashes until one is filled comes to, but without a branch. */
static uint8_t        ranks[BINS][BINS];                /* (of this lender, to this bin) */
static uint8_t        lenders[BINS][BINS];              /* (of this bin, at this rank) */
static pthread_once_t order_once = PTHREAD_ONCE_INIT;

static void fill_order(void)
{
    for (unsigned bin = 0; bin < BINS; bin++) {
        uint8_t *order = lenders[bin];
        for (unsigned k = 0; k < BINS; k++) order[k] = (uint8_t)(k == 0 ? bin : k - (k <= bin));
        for (unsigned k = BINS - 1; k > 1; k--) {
            unsigned other = 1 + (unsigned)(mix(bin * BINS + k) % k);
            uint8_t  moved = order[k];
            order[k] = order[other];
            order[other] = moved;
        }
        for (unsigned k = 0; k < BINS; k++) ranks[order[k]][bin] = (uint8_t)k;
    }
}

static void sign(const Shingles *s, Minhash *out)
{
    uint8_t  least[BINS];
    uint16_t prints[BINS];
    pthread_once(&order_once, fill_order);
    memset(least, 0xFF, sizeof least);
    for (unsigned lender = 0; lender < BINS; lender++) {
        if (s->bins[lender] == UINT64_MAX) continue;
        for (unsigned i = 0; i < BINS; i++) least[i] = ranks[lender][i] < least[i] ? ranks[lender][i] : least[i];
        prints[lender] = (uint16_t)(1 + (((s->bins[lender] * WORD_START >> 32) * FINGERPRINTS) >> 32));      /* not 0 */
    }
    for (unsigned i = 0; i < BINS; i++) {
        uint16_t print = prints[lenders[i][least[i]]];
        out->bytes[2 * i] = (uint8_t)print;
        out->bytes[2 * i + 1] = (uint8_t)(print >> 8);
    }
}

void minhash_text(const char *text, size_t n, const char *pair, size_t n_pair, Minhash *out)
{
    Shingles s = { .n_words = 0 };
    memset(s.bins, 0xFF, sizeof s.bins);
    add_words(&s, text, n);
    if (pair) {
        add_word(&s, SEPARATOR);
        add_words(&s, pair, n_pair);
    }
    bool wordless = s.n_words == (pair ? 1 : 0);        /* then only the same bytes are alike */
    if (wordless) add_shingle(&s, bytes_hash(pair, n_pair, bytes_hash(text, n, SEPARATOR)));
    for (size_t i = 0; !wordless && s.n_words < SHINGLE && i < s.n_words; i++) add_shingle(&s, s.before[i]);
    sign(&s, out);
}

/* Values of different shingles agree by chance once in FINGERPRINTS. */
double minhash_similarity(const Minhash *a, const Minhash *b)
{
    uint16_t x[BINS], y[BINS];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    int n = 0;
    for (int i = 0; i < BINS; i++) n += x[i] == y[i];
    double chance = 1.0 / FINGERPRINTS, share = ((double)n / BINS - chance) / (1 - chance);
    return share > 0 ? share : 0;
}
