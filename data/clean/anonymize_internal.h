/* data/clean/anonymize_internal.h: what the kinds of personal data share: borders, shapes, the word before a number. */
#ifndef DATA_CLEAN_ANONYMIZE_INTERNAL_H
#define DATA_CLEAN_ANONYMIZE_INTERNAL_H

#include "data/clean/anonymize.h"

typedef struct Found { size_t begin, end; } Found;

/* The first item that begins at or behind `from`; false when there is none. */
typedef bool Finder(const char *text, size_t n, size_t from, Found *out);

bool find_url_credentials(const char *text, size_t n, size_t from, Found *out);      /* anonymize_net.c */
bool find_email(const char *text, size_t n, size_t from, Found *out);
bool find_ip(const char *text, size_t n, size_t from, Found *out);
bool find_iban(const char *text, size_t n, size_t from, Found *out);                 /* anonymize_ids.c */
bool find_cn_id(const char *text, size_t n, size_t from, Found *out);
bool find_card(const char *text, size_t n, size_t from, Found *out);
bool find_phone(const char *text, size_t n, size_t from, Found *out);                /* anonymize_phone.c */

/* ---- shapes (anonymize_shape.c) ---------------------------------------------------------------------------------- */

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool is_letter(char c) { return is_upper((char)(c & ~0x20)); }
static inline bool is_alnum(char c) { return is_digit(c) || is_letter(c); }

enum { MAX_DIGITS = 40 };

typedef struct Shape {
    size_t end;                        /* behind the match */
    int    n;
    char   digits[MAX_DIGITS];         /* without what separates them; NUL-terminated */
} Shape;

/* Whether the text at `at` looks like `shape`: d a digit, N 2-9, X a digit or x, - one of " -." and _ one of " -", the
 * same one at each place, ~ and = the same or nothing at all places, ' ' a space or nothing, others themselves. */
bool shape_match(const char *shape, const char *text, size_t n, size_t at, Shape *out);

/* Whether a number may begin at `begin` and end at `end`: no digits, letters, decimals, dashed codes or paths go on. */
bool number_borders(const char *text, size_t n, size_t begin, size_t end);
bool word_borders(const char *text, size_t n, size_t begin, size_t end);      /* only letters, digits and _ */

/* What the word before a number says it is. */
typedef enum Label { LABEL_NONE, LABEL_PHONE, LABEL_CARD, LABEL_OTHER, LABEL_VERSION } Label;
Label label_before(const char *text, size_t at);

/* ---- checks that pseudonyms need too ----------------------------------------------------------------------------- */

bool luhn_valid(const char *digits, int n);
int  luhn_digit(const char *digits, int n);            /* what to append so that it is valid */
char cn_id_check(const char digits[17]);               /* 0-9 or X */
int  mod97(const char *alnum, size_t n);      /* of an IBAN, its first four characters moved behind; spaces skipped */
size_t phone_country_code(const char *digits, size_t n);      /* digits of the country code; 0: there is none such */

bool   phone_is_cn_mobile(const char *digits, int n);

/* ---- pseudonym.c ------------------------------------------------------------------------------------------------- */

Status pseudonym_make(const Anonymizer *a, AnonymizeKind kind, const char *value, size_t n, Text *out) MUST_USE;

#endif
