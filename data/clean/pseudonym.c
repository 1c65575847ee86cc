/* data/clean/pseudonym.c: another value of the same shape, the same for the same value and key, and nobody's.
 *
 *     email             ten letters and digits @example.com (RFC 2606)
 *     phone             separators and country code stay; then digits that no plan assigns: 0 behind a
 *                       country code, 12 for Chinese mobiles, 1 for landline subscribers, area N9X in North America
 *     cn_id             region 99, a date of birth, a right checksum
 *     card              separators and length stay, first digit 9 (no network), Luhn holds
 *     iban              country ZZ (no country), the same length, MOD 97 holds
 *     ip                240.0.0.0/4 (reserved); 2001:db8::/32 (documentation)
 *     url_credentials   user-xxxxxxxx:xxxxxxxxxxxx
 *
 * Random digits are bytes of keyed BLAKE2b over the kind and the value without separators and case. */
#include <ctype.h>
#include <string.h>

#include "core/hash.h"
#include "data/clean/anonymize_internal.h"

typedef struct Bytes { unsigned char data[HASH_KEYED_BYTES]; size_t used; } Bytes;

static unsigned next_byte(Bytes *b) { return b->data[b->used++ % sizeof b->data]; }
static char     next_digit(Bytes *b) { return (char)('0' + next_byte(b) * 10 / 256); }

static Status add_word(Text *out, Bytes *b, int n)
{
    static const char signs[] = "abcdefghijkmnpqrstuvwxyz23456789";      /* 32, none of them mistaken for another */
    char word[16];
    for (int i = 0; i < n; i++) word[i] = signs[next_byte(b) & 31];
    return text_add(out, word, (size_t)n);
}

static size_t digits_of(const char *value, size_t n, char *digits)
{
    size_t count = 0;
    for (size_t i = 0; i < n && count < MAX_DIGITS - 1; i++)
        if (is_digit(value[i])) digits[count++] = value[i];
    digits[count] = '\0';
    return count;
}

/* The value with its digits, and letters when `letters`, replaced one by one. */
static Status add_like(Text *out, const char *value, size_t n, const char *with, bool letters)
{
    for (size_t i = 0; i < n; i++) {
        bool taken = is_digit(value[i]) || (letters && is_letter(value[i]));
        TRY(text_add(out, taken ? with++ : &value[i], 1));
    }
    return OK;
}

static Status email(const char *value, size_t n, Bytes *b, Text *out)
{
    (void)value; (void)n;
    char first = (char)('a' + next_byte(b) % 26);
    TRY(text_add(out, &first, 1));
    TRY(add_word(out, b, 9));
    return text_add(out, "@example.com", 12);
}

static Status credentials(const char *value, size_t n, Bytes *b, Text *out)
{
    (void)value; (void)n;
    TRY(text_add(out, "user-", 5));
    TRY(add_word(out, b, 8));
    TRY(text_add(out, ":", 1));
    return add_word(out, b, 12);
}

/* Digits of the prefix that stays: +86, 0086, 86, an area code. */
static size_t phone_prefix(const char *value, const char *digits, size_t n)
{
    if (value[0] == '+') return phone_country_code(digits, n);
    if (memcmp(value, "00", 2) == 0) return 2 + phone_country_code(digits + 2, n - 2);
    if (digits[0] == '0') return digits[1] <= '2' ? 3 : 4;
    return n == 13 ? 2 : 0;
}

static Status phone(const char *value, size_t n, Bytes *b, Text *out)
{
    char   digits[MAX_DIGITS] = "";
    size_t count = digits_of(value, n, digits), prefix = phone_prefix(value, digits, count);
    bool   mobile = phone_is_cn_mobile(digits + prefix, (int)(count - prefix));
    bool   country = value[0] == '+' || memcmp(value, "00", 2) == 0;
    for (size_t i = prefix; i < count; i++) digits[i] = next_digit(b);
    if (country) digits[prefix] = '0';
    else if (mobile && (prefix || is_digit(value[1]))) memcpy(digits + prefix, "12", 2);      /* not 1-415 */
    else if (prefix) digits[prefix] = '1';
    else {
        size_t area = count == 11;                          /* behind the 1 of 1-415-555-2671 */
        if (area) digits[0] = '1';
        digits[area] = (char)('2' + next_byte(b) % 8);
        digits[area + 1] = '9';
    }
    return add_like(out, value, n, digits, false);
}

static Status cn_id(const char *value, size_t n, Bytes *b, Text *out)
{
    char digits[32];
    snprintf(digits, sizeof digits, "99%04u%04u%02u%02u%03u", next_byte(b) * 39u % 10000, 1940 + next_byte(b) % 70,
             1 + next_byte(b) % 12, 1 + next_byte(b) % 28, next_byte(b) * 3u % 1000);
    digits[17] = cn_id_check(digits);
    return add_like(out, value, n, digits, true);
}

static Status card(const char *value, size_t n, Bytes *b, Text *out)
{
    char   digits[MAX_DIGITS] = "";
    size_t count = digits_of(value, n, digits);
    for (size_t i = 0; i < count; i++) digits[i] = next_digit(b);
    digits[0] = '9';
    digits[count - 1] = (char)('0' + luhn_digit(digits, (int)count - 1));
    return add_like(out, value, n, digits, false);
}

static Status iban(const char *value, size_t n, Bytes *b, Text *out)
{
    size_t at = out->len, seen = 0;
    TRY(text_add(out, value, n));
    for (size_t i = 0; i < n; i++) {
        char *c = &out->data[at + i];
        if (!is_alnum(*c)) continue;
        if (seen < 2) *c = 'Z';
        else if (seen < 4) *c = '0';
        else *c = is_digit(*c) ? next_digit(b) : (char)('A' + next_byte(b) % 26);
        seen++;
    }
    int check = 98 - mod97(out->data + at, n);
    out->data[at + 2] = (char)('0' + check / 10);
    out->data[at + 3] = (char)('0' + check % 10);
    return OK;
}

static Status ip(const char *value, size_t n, Bytes *b, Text *out)
{
    if (!memchr(value, ':', n)) {
        unsigned first = 240 + next_byte(b) % 15, second = next_byte(b), third = next_byte(b);
        return text_addf(out, "%u.%u.%u.%u", first, second, third, next_byte(b));
    }
    TRY(text_add(out, "2001:db8", 8));
    for (int i = 0; i < 6; i++) {
        unsigned high = next_byte(b);
        TRY(text_addf(out, ":%x", high << 8 | next_byte(b)));
    }
    return OK;
}

static Status (*const makers[ANONYMIZE_N_KINDS])(const char *, size_t, Bytes *, Text *) = {
    [ANONYMIZE_URL_CREDENTIALS] = credentials, [ANONYMIZE_EMAIL] = email, [ANONYMIZE_IBAN] = iban,
    [ANONYMIZE_CN_ID] = cn_id, [ANONYMIZE_CARD] = card, [ANONYMIZE_IP] = ip, [ANONYMIZE_PHONE] = phone,
};

/* What spellings of one value share, but for +86 138 1234 5678 and 13812345678, which stay two. */
static Status add_canonical(Text *out, AnonymizeKind kind, const char *value, size_t n)
{
    bool as_it_is = kind == ANONYMIZE_URL_CREDENTIALS, words = kind == ANONYMIZE_EMAIL || kind == ANONYMIZE_IP;
    for (size_t i = 0; i < n; i++) {
        char c = as_it_is ? value[i] : (char)tolower((unsigned char)value[i]);
        if (as_it_is || words || is_alnum(c)) TRY(text_add(out, &c, 1));
    }
    return OK;
}

Status pseudonym_make(const Anonymizer *a, AnonymizeKind kind, const char *value, size_t n, Text *out)
{
    Bytes  b = { .used = 0 };
    size_t start = out->len;
    TRY(text_addf(out, "%s:", anonymize_kind_name(kind)));
    TRY(add_canonical(out, kind, value, n));
    hash_keyed(a->key, a->n_key, out->data + start, out->len - start, b.data);
    out->len = start;
    return makers[kind](value, n, &b, out);
}
