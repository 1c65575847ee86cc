/* data/clean/anonymize_phone.c: telephone numbers. Those with + and a country code by ITU-T E.164; without one those of
 * mainland China (mobile, landline, 400) and of the North American plan, each by its shapes. */
#include <string.h>

#include "data/clean/anonymize_internal.h"

/* ---- plans ------------------------------------------------------------------------------------------------------- */

bool phone_is_cn_mobile(const char *d, int n)
{
    bool unassigned = (d[1] == '4' && (d[2] == '2' || d[2] == '3')) || (d[1] == '5' && d[2] == '4');
    return n == 11 && d[0] == '1' && d[1] >= '3' && !unassigned;
}

static bool cn_mobile_86(const char *d, int n) { return n == 13 && phone_is_cn_mobile(d + 2, 11); }

/* Area codes: 010, 020 to 029 but 026 with eight digits behind; 03xx to 09xx with seven or eight. */
static bool cn_landline(const char *d, int n)
{
    int area = d[1] <= '2' ? 3 : 4;
    if (d[0] != '0' || d[1] == '0' || (d[1] == '1' && d[2] != '0') || (d[1] == '2' && d[2] == '6')) return false;
    if (d[area] < '2' || d[area] > '8') return false;
    return area == 3 ? n == 11 : n == 11 || n == 12;
}

static bool cn_service(const char *d, int n)
{
    return n == 10 && (memcmp(d, "400", 3) == 0 || memcmp(d, "800", 3) == 0);
}

/* NPA-NXX-XXXX: area N[0-8]X and exchange NXX, neither of them N11 (NANPA). */
static bool nanp(const char *d, int n)
{
    if (n == 11 && d[0] == '1') { d++; n--; }
    if (n != 10 || d[0] < '2' || d[3] < '2' || d[1] == '9') return false;
    return !(d[1] == '1' && d[2] == '1') && !(d[4] == '1' && d[5] == '1');
}

typedef struct PhoneShape {
    const char *shape;
    bool      (*valid)(const char *digits, int n);
    bool        needs_label;       /* too common among other numbers */
} PhoneShape;

static const PhoneShape shapes[] = {
    { "86-1dd~dddd~dddd", cn_mobile_86, false }, { "86-1dddddddddd",     cn_mobile_86, false },
    { "861dddddddddd",    cn_mobile_86, false }, { "(86) 1dd~dddd~dddd", cn_mobile_86, false },
    { "1dd~dddd~dddd",    phone_is_cn_mobile, false },
    { "0ddd-dddd-dddd",   cn_landline,  false }, { "0ddd-ddd-dddd",      cn_landline,  false },
    { "0ddd-dddddddd",    cn_landline,  false }, { "0ddd-ddddddd",       cn_landline,  false },
    { "(0ddd) dddddddd",  cn_landline,  false }, { "(0ddd) ddddddd",     cn_landline,  false },
    { "（0ddd）dddddddd", cn_landline,  false }, { "（0ddd）ddddddd",    cn_landline,  false },
    { "0dd-dddd-dddd",    cn_landline,  false }, { "0dd-dddd dddd",      cn_landline,  false },
    { "(0dd) dddd~dddd",  cn_landline,  false }, { "（0dd）dddd~dddd",   cn_landline,  false },
    { "0ddddddddddd",     cn_landline,  true },  { "0dddddddddd",        cn_landline,  true },
    { "400-ddd-dddd",     cn_service,   false }, { "400-dddd-ddd",       cn_service,   false },
    { "800-ddd-dddd",     cn_service,   false }, { "400ddddddd",         cn_service,   true },
    { "1-Ndd-Ndd-dddd",   nanp,         false }, { "1 (Ndd) Ndd-dddd",   nanp,         false },
    { "1-(Ndd) Ndd-dddd", nanp,         false }, { "(Ndd) Ndd-dddd",     nanp,         false },
    { "(Ndd)-Ndd-dddd",   nanp,         false }, { "Ndd-Ndd-dddd",       nanp,         false },
    { "1NddNdddddd",      nanp,         true },  { "NddNdddddd",         nanp,         true },
};

/* "-8012" behind a landline. */
static size_t extension_end(const char *text, size_t n, size_t end)
{
    size_t i = end + 1;
    if (end >= n || text[end] != '-') return end;
    while (i < n && is_digit(text[i]) && i - end <= 5) i++;
    return i - end >= 3 && (i == n || !(is_alnum(text[i]) || text[i] == '-')) ? i : end;
}

/* Numbers set apart by spaces in a row of numbers: a table, not a telephone. */
static bool in_row(const char *text, size_t n, size_t begin, size_t end)
{
    bool spaced = memchr(text + begin, ' ', end - begin) && is_digit(text[begin]);
    bool before = begin > 1 && text[begin - 1] == ' ' && is_digit(text[begin - 2]);
    bool behind = end + 1 < n && text[end] == ' ' && is_digit(text[end + 1]);
    return spaced && (before || behind);
}

static bool national_at(const char *text, size_t n, size_t at, Found *out)
{
    Label label = LABEL_NONE;
    bool  asked = false;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        Shape s;
        if (!shape_match(shapes[i].shape, text, n, at, &s) || !shapes[i].valid(s.digits, s.n)) continue;
        bool   extends = shapes[i].valid == cn_landline || shapes[i].valid == cn_service;
        size_t end = extends ? extension_end(text, n, s.end) : s.end;
        if (!number_borders(text, n, at, end) || in_row(text, n, at, end)) continue;
        if (!asked) label = label_before(text, at);
        asked = true;
        if (label == LABEL_OTHER || label == LABEL_CARD || (shapes[i].needs_label && label != LABEL_PHONE)) continue;
        *out = (Found){ at, end };
        return true;
    }
    return false;
}

/* ---- E.164 ------------------------------------------------------------------------------------------------------- */

typedef struct CountryCodes { int first, last, least, most; } CountryCodes;      /* digits of a national number */

/* Assigned country codes; those of large countries with the lengths their plans have. */
static const CountryCodes countries[] = {
    { 1, 1, 10, 10 }, { 7, 7, 10, 10 }, { 20, 20, 8, 10 }, { 27, 27, 9, 9 }, { 30, 30, 10, 10 }, { 31, 31, 9, 9 },
    { 32, 32, 8, 9 }, { 33, 33, 9, 9 }, { 34, 34, 9, 9 }, { 36, 36, 8, 9 }, { 39, 39, 6, 11 }, { 40, 40, 9, 9 },
    { 41, 41, 9, 9 }, { 43, 43, 6, 13 }, { 44, 44, 9, 10 }, { 45, 45, 8, 8 }, { 46, 46, 7, 10 }, { 47, 47, 8, 8 },
    { 48, 48, 9, 9 }, { 49, 49, 6, 13 }, { 51, 58, 8, 11 }, { 60, 60, 8, 10 }, { 61, 61, 9, 9 }, { 62, 62, 8, 12 },
    { 63, 63, 8, 10 }, { 64, 64, 8, 10 }, { 65, 65, 8, 8 }, { 66, 66, 8, 9 }, { 81, 81, 9, 10 }, { 82, 82, 8, 10 },
    { 84, 84, 9, 10 }, { 86, 86, 10, 11 }, { 90, 90, 10, 10 }, { 91, 91, 10, 10 }, { 92, 95, 8, 10 },
    { 98, 98, 10, 10 }, { 211, 213, 8, 9 }, { 216, 216, 8, 8 }, { 218, 218, 8, 10 }, { 220, 269, 6, 10 },
    { 290, 299, 5, 7 }, { 350, 359, 6, 12 }, { 370, 378, 6, 10 }, { 380, 389, 7, 10 }, { 420, 423, 7, 10 },
    { 500, 509, 5, 9 }, { 590, 599, 6, 9 }, { 670, 692, 5, 8 }, { 850, 850, 6, 10 }, { 852, 853, 8, 8 },
    { 855, 856, 8, 10 }, { 880, 880, 8, 10 }, { 886, 886, 8, 9 }, { 960, 968, 7, 10 }, { 970, 977, 7, 10 },
    { 992, 998, 8, 10 },
};

static const CountryCodes *country_of(const char *digits, size_t n, size_t *n_code)
{
    int code = 0;
    for (*n_code = 1; *n_code <= 3 && *n_code <= n; (*n_code)++) {
        code = 10 * code + (digits[*n_code - 1] - '0');
        for (size_t i = 0; i < COUNT(countries); i++)
            if (code >= countries[i].first && code <= countries[i].last) return &countries[i];
    }
    *n_code = 0;
    return NULL;
}

size_t phone_country_code(const char *digits, size_t n)
{
    size_t n_code;
    country_of(digits, n, &n_code);
    return n_code;
}

static bool e164_valid(const char *digits, size_t n)
{
    size_t              n_code;
    const CountryCodes *c = country_of(digits, n, &n_code);
    if (!c || n > 15 || n - n_code < (size_t)c->least || n - n_code > (size_t)c->most) return false;
    if (c->first == 1) return nanp(digits + 1, 10);
    if (c->first != 86) return true;
    char landline[MAX_DIGITS] = "0";
    strcat(landline, digits + n_code);
    return phone_is_cn_mobile(digits + 2, (int)n - 2) || cn_landline(landline, (int)n - 1);
}

/* Digits behind the +, in groups with one separator between, or brackets; (0) does not count. The longest run that is a
 * number wins; it is cut only where a space follows. */
static bool e164_from(const char *text, size_t n, size_t begin, size_t at, Found *out)
{
    char   digits[MAX_DIGITS];
    size_t n_digits = 0;
    bool   found = false;
    while (at < n && n_digits < 16) {
        if (is_digit(text[at])) {
            digits[n_digits++] = text[at++];
            digits[n_digits] = '\0';
            bool group_ends = at == n || !is_digit(text[at]);
            bool goes_on = at + 1 < n && strchr("-./()", text[at]) && is_digit(text[at + 1]);
            if (!group_ends || goes_on || !e164_valid(digits, n_digits) || !word_borders(text, n, begin, at)) continue;
            *out = (Found){ begin, at };
            found = true;
        } else if (n - at > 3 && memcmp(text + at, "(0)", 3) == 0) at += 3;
        else if (at + 1 < n && strchr(" -.()/", text[at]) && (is_digit(text[at + 1]) || strchr("( ", text[at + 1])))
            at++;
        else break;
    }
    return found;
}

static bool international_at(const char *text, size_t n, size_t at, Found *out)
{
    bool plus = text[at] == '+', zeros = n - at > 4 && memcmp(text + at, "00", 2) == 0;
    char before = at > 0 ? text[at - 1] : '\0';
    if ((!plus && !zeros) || is_alnum(before) || before == '_' || before == '+' || before == ')') return false;
    if (zeros && (before == '.' || before == '-' || before == '/')) return false;
    /* the middle of a number in groups */
    if (zeros && before == ' ' && at > 1 && is_digit(text[at - 2])) return false;
    if (!e164_from(text, n, at, at + (plus ? 1 : 2), out)) return false;
    if (plus) return true;
    bool grouped = !is_digit(text[at + 2 + phone_country_code(text + at + 2, 3)]);
    return grouped || memcmp(text + at, "00861", 5) == 0 || label_before(text, at) == LABEL_PHONE;
}

bool find_phone(const char *text, size_t n, size_t from, Found *out)
{
    for (size_t i = from; i < n; i++) {
        char c = text[i];
        bool starts = c == '+' || c == '(' || (c == '\xEF' && n - i > 3 && memcmp(text + i, "（0", 4) == 0);
        if (!starts && !(is_digit(c) && (i == 0 || !is_digit(text[i - 1])))) continue;
        if (international_at(text, n, i, out) || national_at(text, n, i, out)) return true;
    }
    return false;
}
