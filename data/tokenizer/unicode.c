/* data/tokenizer/unicode.c: categories from our tables, decompositions from utf8proc.
 *
 * The reference library follows three Unicode versions at once (about 8 for categories, about 12 for decompositions,
 * 17 for lower case), utf8proc 2.8 follows 15, and a newer system has a newer utf8proc. With utf8proc's categories
 * some 600 code points came out differently (newer marks, punctuation and capitals). So the sets are tables, made by
 * asking the reference about every code point (tools/tokenizer_unicode.py). Decompositions and combining classes of a
 * code point that has one never change between versions; utf8proc is asked for those, and only for code points that
 * the reference knows.
 *
 * The first 65,536 code points also have a flat table, filled once a process (under a millisecond): a text that is
 * not ASCII asks for every character. */
#include "data/tokenizer/unicode.h"

#include <pthread.h>
#include <utf8proc.h>

static uint8_t        flat[UNICODE_FLAT];
static pthread_once_t flat_once = PTHREAD_ONCE_INIT;

static const UnicodeRange chinese[] = {           /* BertNormalizer's list; it stops before the extensions of 2017 on */
    { 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF }, { 0xF900, 0xFAFF }, { 0x20000, 0x2A6DF }, { 0x2A700, 0x2B73F },
    { 0x2B740, 0x2B81F }, { 0x2B920, 0x2CEAF }, { 0x2F800, 0x2FA1F },
};

static const struct { const UnicodeRange *ranges; const size_t *n; unsigned flag; } sets[] = {
    { unicode_removed,     &n_unicode_removed,     UNICODE_REMOVED },
    { unicode_spaces,      &n_unicode_spaces,      UNICODE_SPACE   },
    { unicode_punctuation, &n_unicode_punctuation, UNICODE_PUNCT   },
    { unicode_marks,       &n_unicode_marks,       UNICODE_MARK    },
    { unicode_combining,   &n_unicode_combining,   UNICODE_CHANGES },
    { unicode_decomposed,  &n_unicode_decomposed,  UNICODE_CHANGES },
};
enum { N_SETS = sizeof sets / sizeof sets[0], N_CHINESE = sizeof chinese / sizeof chinese[0] };

static bool is_in(const UnicodeRange *ranges, size_t n, uint32_t cp)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > ranges[mid].last) lo = mid + 1;
        else hi = mid;
    }
    return lo < n && cp >= ranges[lo].first;
}

static const UnicodeLower *lower_row(uint32_t cp)
{
    for (size_t lo = 0, hi = n_unicode_lowers; lo < hi;) {
        size_t mid = (lo + hi) / 2;
        const UnicodeLower *row = &unicode_lowers[mid];
        if (cp > row->last) lo = mid + 1;
        else if (cp < row->first) hi = mid;
        else return (cp - row->first) % row->step == 0 ? row : NULL;
    }
    return NULL;
}

static void mark_range(UnicodeRange r, unsigned flag)
{
    for (uint32_t cp = r.first; cp <= r.last && cp < UNICODE_FLAT; cp++) flat[cp] |= (uint8_t)flag;
}

static void fill_flat(void)
{
    for (size_t s = 0; s < N_SETS; s++)
        for (size_t i = 0; i < *sets[s].n; i++) mark_range(sets[s].ranges[i], sets[s].flag);
    for (size_t i = 0; i < N_CHINESE; i++) mark_range(chinese[i], UNICODE_CHINESE);
    for (size_t i = 0; i < n_unicode_lowers; i++)
        for (uint32_t cp = unicode_lowers[i].first; cp <= unicode_lowers[i].last && cp < UNICODE_FLAT;
             cp += unicode_lowers[i].step)
            flat[cp] |= UNICODE_CHANGES;
    flat[0x130] |= UNICODE_CHANGES;               /* not in the table: see unicode_lower */
}

const uint8_t *unicode_flat(void)
{
    pthread_once(&flat_once, fill_flat);
    return flat;
}

unsigned unicode_flags(uint32_t cp)
{
    if (cp < UNICODE_FLAT) return unicode_flat()[cp];
    unsigned flags = is_in(chinese, N_CHINESE, cp) ? UNICODE_CHINESE : 0;
    for (size_t s = 0; s < N_SETS; s++)
        if (!(flags & sets[s].flag) && is_in(sets[s].ranges, *sets[s].n, cp)) flags |= sets[s].flag;
    if (lower_row(cp)) flags |= UNICODE_CHANGES;
    return flags;
}

bool unicode_is_word(uint32_t cp) { return is_in(unicode_words, n_unicode_words, cp); }

/* ---- sets of unicode_sets.c -------------------------------------------------------------------------------------- */

static uint8_t        flat_sets[UNICODE_FLAT];
static pthread_once_t flat_sets_once = PTHREAD_ONCE_INIT;

static uint32_t value_of(const UnicodeValue *rows, size_t n, uint32_t cp)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp > rows[mid].last) lo = mid + 1;
        else if (cp < rows[mid].first) hi = mid;
        else return rows[mid].value;
    }
    return 0;
}

UnicodeCategory unicode_category(uint32_t cp)
{
    return (UnicodeCategory)value_of(unicode_categories, n_unicode_categories, cp);
}

int unicode_script(uint32_t cp) { return (int)value_of(unicode_scripts, n_unicode_scripts, cp); }

static uint8_t        flat_graphemes[UNICODE_FLAT];
static pthread_once_t flat_graphemes_once = PTHREAD_ONCE_INIT;

static void fill_flat_graphemes(void)
{
    for (size_t i = 0; i < n_unicode_graphemes; i++)
        for (uint32_t cp = unicode_graphemes[i].first; cp <= unicode_graphemes[i].last && cp < UNICODE_FLAT; cp++)
            flat_graphemes[cp] = (uint8_t)unicode_graphemes[i].value;
}

Grapheme unicode_grapheme(uint32_t cp)
{
    pthread_once(&flat_graphemes_once, fill_flat_graphemes);
    return (Grapheme)(cp < UNICODE_FLAT ? flat_graphemes[cp] : value_of(unicode_graphemes, n_unicode_graphemes, cp));
}

static unsigned find_sets(uint32_t cp)
{
    UnicodeCategory c = unicode_category(cp);
    unsigned        in = 0;
    if (c >= UNICODE_LU && c <= UNICODE_LO) in |= UNICODE_LETTER;
    if (c >= UNICODE_ND && c <= UNICODE_NO) in |= UNICODE_NUMBER;
    if (is_in(unicode_spaces, n_unicode_spaces, cp)) in |= UNICODE_BLANK;
    if (is_in(unicode_words, n_unicode_words, cp)) in |= UNICODE_WORD;
    if (is_in(unicode_numeric, n_unicode_numeric, cp)) in |= UNICODE_NUMERIC;
    if (is_in(unicode_all_marks, n_unicode_all_marks, cp)) in |= UNICODE_ANYMARK;
    if (is_in(unicode_newer, n_unicode_newer, cp)) in |= UNICODE_FOREIGN;
    return in;
}

static void fill_flat_sets(void)
{
    for (uint32_t cp = 0; cp < UNICODE_FLAT; cp++) flat_sets[cp] = (uint8_t)find_sets(cp);
}

const uint8_t *unicode_flat_sets(void)
{
    pthread_once(&flat_sets_once, fill_flat_sets);
    return flat_sets;
}

unsigned unicode_sets(uint32_t cp) { return cp < UNICODE_FLAT ? unicode_flat_sets()[cp] : find_sets(cp); }

/* ---- combining, decomposing, composing --------------------------------------------------------------------------- */

enum {
    HANGUL_S = 0xAC00, HANGUL_L = 0x1100, HANGUL_V = 0x1161, HANGUL_T = 0x11A7,
    HANGUL_N_L = 19, HANGUL_N_V = 21, HANGUL_N_T = 28, HANGUL_N_S = HANGUL_N_L * HANGUL_N_V * HANGUL_N_T
};

uint32_t unicode_compose(uint32_t a, uint32_t b)
{
    if (a - HANGUL_L < HANGUL_N_L && b - HANGUL_V < HANGUL_N_V)
        return HANGUL_S + ((a - HANGUL_L) * HANGUL_N_V + (b - HANGUL_V)) * HANGUL_N_T;
    if (a - HANGUL_S < HANGUL_N_S && (a - HANGUL_S) % HANGUL_N_T == 0 && b > HANGUL_T && b - HANGUL_T < HANGUL_N_T)
        return a + (b - HANGUL_T);
    size_t lo = 0, hi = n_unicode_compositions;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const UnicodeComposition *row = &unicode_compositions[mid];
        if (row->first == a && row->second == b) return row->composed;
        if (row->first < a || (row->first == a && row->second < b)) lo = mid + 1;
        else hi = mid;
    }
    return 0;
}

int unicode_decompose_compatible(uint32_t cp, uint32_t out[UNICODE_MAX_COMPATIBLE])
{
    utf8proc_int32_t parts[UNICODE_MAX_COMPATIBLE];
    int last_class = 0;
    if (!is_in(unicode_compatible, n_unicode_compatible, cp)) return unicode_decompose(cp, out);
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, parts, UNICODE_MAX_COMPATIBLE,
                                                 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last_class);
    out[0] = cp;
    if (n < 1 || n > UNICODE_MAX_COMPATIBLE) return 1;
    for (int i = 0; i < n; i++) out[i] = (uint32_t)parts[i];
    return (int)n;
}

int unicode_combining_class(uint32_t cp)
{
    if (!is_in(unicode_combining, n_unicode_combining, cp)) return 0;
    return utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
}

int unicode_decompose(uint32_t cp, uint32_t out[UNICODE_MAX_DECOMPOSITION])
{
    utf8proc_int32_t parts[UNICODE_MAX_DECOMPOSITION];
    int last_class = 0;
    out[0] = cp;
    if (!is_in(unicode_decomposed, n_unicode_decomposed, cp)) return 1;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, parts, UNICODE_MAX_DECOMPOSITION,
                                                 UTF8PROC_DECOMPOSE, &last_class);
    if (n < 1 || n > UNICODE_MAX_DECOMPOSITION) return 1;
    for (int i = 0; i < n; i++) out[i] = (uint32_t)parts[i];
    return (int)n;
}

int unicode_lower(uint32_t cp, uint32_t out[2])
{
    if (cp == 0x130) {                            /* the one lower case of two code points: i and a dot above */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    const UnicodeLower *row = lower_row(cp);
    out[0] = row ? (uint32_t)((int64_t)cp + row->distance) : cp;
    return 1;
}

/* ---- what normal forms leave alone ------------------------------------------------------------------------------- */

static uint8_t        flat_forms[UNICODE_FLAT];
static uint8_t        is_second_bmp[UNICODE_FLAT / 8];
static pthread_once_t flat_forms_once = PTHREAD_ONCE_INIT;

static bool is_second(uint32_t cp)
{
    if ((cp >= HANGUL_V && cp < HANGUL_V + HANGUL_N_V) || (cp > HANGUL_T && cp < HANGUL_T + HANGUL_N_T)) return true;
    if (cp < UNICODE_FLAT) return is_second_bmp[cp / 8] >> cp % 8 & 1;
    for (size_t i = n_unicode_compositions; i-- > 0 && unicode_compositions[i].first >= UNICODE_FLAT;)
        if (unicode_compositions[i].second == cp) return true;
    return false;
}

/* Whether parts compose to cp again and the first of them stays with it. */
static bool is_composed(uint32_t cp, const uint32_t *parts, int n)
{
    uint32_t whole = parts[0];
    if (is_second(whole)) return false;
    for (int i = 1; i < n; i++)
        if (!(whole = unicode_compose(whole, parts[i]))) return false;
    return whole == cp;
}

static unsigned find_form_flags(uint32_t cp)
{
    uint32_t parts[UNICODE_MAX_COMPATIBLE];
    unsigned flags = 0;
    if (unicode_combining_class(cp) > 0) return UNICODE_NOT_NFD | UNICODE_NOT_NFKD | UNICODE_NOT_NFC | UNICODE_NOT_NFKC;
    int n = unicode_decompose(cp, parts);
    bool moves = unicode_combining_class(parts[0]) > 0;
    if (n > 1 || parts[0] != cp) flags |= UNICODE_NOT_NFD;
    if (moves || !is_composed(cp, parts, n)) flags |= UNICODE_NOT_NFC;
    n = unicode_decompose_compatible(cp, parts);
    moves = unicode_combining_class(parts[0]) > 0;
    if (n > 1 || parts[0] != cp) flags |= UNICODE_NOT_NFKD;
    if (moves || !is_composed(cp, parts, n)) flags |= UNICODE_NOT_NFKC;
    return flags;
}

static void fill_flat_forms(void)
{
    for (size_t i = 0; i < n_unicode_compositions; i++) {
        uint32_t second = unicode_compositions[i].second;
        if (second < UNICODE_FLAT) is_second_bmp[second / 8] |= (uint8_t)(1 << second % 8);
    }
    for (uint32_t cp = 0; cp < UNICODE_FLAT; cp++) flat_forms[cp] = (uint8_t)find_form_flags(cp);
}

unsigned unicode_form_flags(uint32_t cp)
{
    pthread_once(&flat_forms_once, fill_flat_forms);
    return cp < UNICODE_FLAT ? flat_forms[cp] : find_form_flags(cp);
}
