/* data/clean/anonymize_ids.c: numbers with a checksum: resident identity numbers, payment cards, bank accounts. */
#include <string.h>

#include "data/clean/anonymize_internal.h"

/* ---- resident identity number (GB 11643-1999) -------------------------------------------------------------------- */

char cn_id_check(const char digits[17])
{
    static const int weights[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;
    for (int i = 0; i < 17; i++) sum += weights[i] * (digits[i] - '0');
    return "10X98765432"[sum % 11];
}

static int number(const char *digits, int n)
{
    int v = 0;
    while (n-- > 0) v = 10 * v + (*digits++ - '0');
    return v;
}

static bool is_province(int code)
{
    static const struct { int first, last; } ranges[] = { { 11, 15 }, { 21, 23 }, { 31, 37 }, { 41, 46 }, { 50, 54 },
                                                          { 61, 65 }, { 71, 71 }, { 81, 83 } };
    for (size_t i = 0; i < COUNT(ranges); i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return true;
    return false;
}

static bool is_birthday(int year, int month, int day)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    /* no clock: the same text, the same answer */
    if (year < 1900 || year > 2035 || month < 1 || month > 12) return false;
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

static bool cn_id_valid(const Shape *s)
{
    char last = s->digits[17] == 'x' ? 'X' : s->digits[17];
    int  year = number(s->digits + 6, 4), month = number(s->digits + 10, 2), day = number(s->digits + 12, 2);
    return is_province(number(s->digits, 2)) && is_birthday(year, month, day) && cn_id_check(s->digits) == last;
}

/* Where the next run of digits begins; n when there is none. */
static size_t next_number(const char *text, size_t n, size_t i)
{
    for (; i < n; i++)
        if (is_digit(text[i]) && (i == 0 || !is_digit(text[i - 1]))) return i;
    return n;
}

bool find_cn_id(const char *text, size_t n, size_t from, Found *out)
{
    for (size_t i = next_number(text, n, from); i < n; i = next_number(text, n, i + 1)) {
        Shape s;
        if (!shape_match("dddddd=dddddddd=dddX", text, n, i, &s) || !cn_id_valid(&s)) continue;
        if (!number_borders(text, n, i, s.end)) continue;
        *out = (Found){ i, s.end };
        return true;
    }
    return false;
}

/* ---- payment cards ----------------------------------------------------------------------------------------------- */

int luhn_digit(const char *digits, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int d = digits[n - 1 - i] - '0';
        sum += i & 1 ? d : 2 * d - (d > 4 ? 9 : 0);
    }
    return (10 - sum % 10) % 10;
}

bool luhn_valid(const char *digits, int n) { return n > 1 && luhn_digit(digits, n - 1) == digits[n - 1] - '0'; }

/* First digits of the networks, and how long their numbers are. */
static const struct { int digits, first, last, shortest, longest; } networks[] = {
    { 1, 4,    4,    13, 13 }, { 1, 4,    4,    16, 16 }, { 1, 4,    4,    19, 19 },      /* Visa */
    { 2, 51,   55,   16, 16 }, { 4, 2221, 2720, 16, 16 },                                 /* Mastercard */
    { 2, 34,   34,   15, 15 }, { 2, 37,   37,   15, 15 },                                 /* American Express */
    { 4, 6011, 6011, 16, 19 }, { 3, 644,  649,  16, 19 }, { 2, 65,   65,   16, 19 },      /* Discover */
    { 3, 300,  305,  14, 19 }, { 4, 3095, 3095, 14, 19 },                                 /* Diners */
    { 2, 36,   36,   14, 19 }, { 2, 38,   39,   14, 19 },
    { 4, 3528, 3589, 16, 19 },                                                            /* JCB */
    { 2, 62,   62,   16, 19 }, { 2, 81,   81,   16, 19 },                                 /* UnionPay; RuPay */
    { 2, 50,   50,   16, 19 }, { 2, 56,   58,   16, 19 }, { 4, 6759, 6759, 16, 19 },      /* Maestro */
    { 4, 2200, 2204, 16, 19 }, { 2, 60,   60,   16, 16 },                                 /* Mir; RuPay */
};

static bool known_network(const char *digits, int n)
{
    for (size_t i = 0; i < COUNT(networks); i++) {
        int first = number(digits, networks[i].digits);
        if (first >= networks[i].first && first <= networks[i].last && n >= networks[i].shortest &&
            n <= networks[i].longest)
            return true;
    }
    return false;
}

static bool card_shape(const char *text, size_t n, size_t at, Shape *s, bool *grouped)
{
    static const char *const shapes[] = { "dddd_dddd_dddd_dddd_ddd", "dddd_dddd_dddd_dddd", "dddd_dddddd_ddddd",
                                          "dddd_dddddd_dddd", "dddd_ddd_ddd_ddd", "dddddd_ddddddddddddd" };
    *grouped = true;
    for (size_t i = 0; i < COUNT(shapes); i++)
        if (shape_match(shapes[i], text, n, at, s) && (s->end == n || !is_digit(text[s->end]))) return true;
    *grouped = false;
    for (s->n = 0, s->end = at; s->end < n && is_digit(text[s->end]) && s->n < 20;) s->digits[s->n++] = text[s->end++];
    return s->n >= 13 && s->n <= 19;
}

bool find_card(const char *text, size_t n, size_t from, Found *out)
{
    for (size_t i = next_number(text, n, from); i < n; i = next_number(text, n, i + 1)) {
        Shape s;
        bool  grouped;
        if (!card_shape(text, n, i, &s, &grouped)) continue;
        if (!known_network(s.digits, s.n) || !luhn_valid(s.digits, s.n)) continue;
        if (!number_borders(text, n, i, s.end)) continue;
        Label label = label_before(text, i);
        /* 13 digits: bar codes */
        if (label == LABEL_OTHER || (s.n == 13 && !grouped && label != LABEL_CARD)) continue;
        *out = (Found){ i, s.end };
        return true;
    }
    return false;
}

/* ---- bank accounts (ISO 13616) ----------------------------------------------------------------------------------- */

static const char iban_lengths[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27"
    "GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22"
    "MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28"
    "TL23TN24TR26UA29VA22VG24XK20YE30";

static int iban_length(const char *country)
{
    for (const char *p = iban_lengths; *p; p += 4)
        if (p[0] == country[0] && p[1] == country[1]) return number(p + 2, 2);
    return 0;
}

static int add_mod97(int rest, char c)
{
    if (is_digit(c)) return (rest * 10 + (c - '0')) % 97;
    return is_upper(c) ? (rest * 100 + (c - 'A' + 10)) % 97 : rest;
}

int mod97(const char *alnum, size_t n)
{
    int    rest = 0;
    size_t seen = 0, body = 0;
    while (body < n && seen < 4) seen += is_alnum(alnum[body++]);
    for (size_t i = body; i < n; i++) rest = add_mod97(rest, alnum[i]);
    for (size_t i = 0; i < body; i++) rest = add_mod97(rest, alnum[i]);
    return rest;
}

/* The end of `length` letters and digits, all in groups of four or none; 0 when they are not there. */
static size_t iban_end(const char *text, size_t n, size_t at, int length)
{
    char separator = 0;
    for (int k = 0; k < length; k++) {
        if (k > 0 && k % 4 == 0 && at < n) {
            char c = text[at] == ' ' || text[at] == '-' ? text[at] : 1;
            if (separator && c != separator) return 0;
            separator = c;
            at += c != 1;
        }
        if (at == n || !(is_digit(text[at]) || is_upper(text[at]))) return 0;
        at++;
    }
    return at;
}

bool find_iban(const char *text, size_t n, size_t from, Found *out)
{
    for (size_t i = from; i + 4 < n; i++) {
        if (!is_upper(text[i]) || !is_upper(text[i + 1]) || !is_digit(text[i + 2]) || !is_digit(text[i + 3])) continue;
        int    length = iban_length(text + i);
        size_t end = length ? iban_end(text, n, i, length) : 0;
        if (!end || !word_borders(text, n, i, end) || mod97(text + i, end - i) != 1) continue;
        *out = (Found){ i, end };
        return true;
    }
    return false;
}
