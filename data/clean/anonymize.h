/* data/clean/anonymize.h: personal data in a text, found and replaced.
 *
 *     email             addresses, but not user@host in a URL, package@version, or git@host:path
 *     phone             +COUNTRY numbers (E.164), mobile and landline of mainland China, North America
 *     cn_id             18-digit resident identity numbers: region, date and checksum (GB 11643, ISO 7064 MOD 11-2)
 *     card              13 to 19 digits of a known network that pass Luhn
 *     iban              length of the country and MOD 97
 *     ip                IPv4 and IPv6, but not loopback, masks or 0.0.0.0, nor version and section numbers
 *     url_credentials   user:password@ in a URL
 *
 * What is replaced stands between borders: no digits, letters or decimal points go on beside it. Numbers without a
 * checksum also heed the word before them ("order no.", "tel"; anonymize_shape.c). How good this is was measured:
 * experiments/anonymisation/.
 *
 * Placeholders are [EMAIL], [PHONE], [CN_ID], [CARD], [IBAN], [IP] and [CREDENTIALS]. Pseudonyms are stable for one key
 * (keyed BLAKE2b of kind and value), keep separators and length, and never name anybody (pseudonym.c). */
#ifndef DATA_CLEAN_ANONYMIZE_H
#define DATA_CLEAN_ANONYMIZE_H

#include "core/options.h"
#include "data/clean/edits.h"

typedef enum AnonymizeKind {           /* of two that overlap, the kind listed first wins */
    ANONYMIZE_URL_CREDENTIALS, ANONYMIZE_EMAIL, ANONYMIZE_IBAN, ANONYMIZE_CN_ID, ANONYMIZE_CARD, ANONYMIZE_IP,
    ANONYMIZE_PHONE,
    ANONYMIZE_N_KINDS
} AnonymizeKind;

typedef struct AnonymizeItem {
    AnonymizeKind kind;
    size_t        begin, end;
} AnonymizeItem;

enum { ANONYMIZE_KEY_MIN = 16, ANONYMIZE_KEY_MAX = 64 };      /* bytes */

typedef struct Anonymizer {
    uint32_t    kinds;                 /* bits */
    const char *key;                   /* borrowed; NULL: placeholders */
    size_t      n_key;
} Anonymizer;

typedef struct AnonymizeWork {         /* zero-initialise; of one thread */
    AnonymizeItem *items;
    size_t         n, cap;
    Text           pseudonym;
    int64_t        counts[ANONYMIZE_N_KINDS];
} AnonymizeWork;

/* kinds: names, or "all"; with: "placeholder" (or NULL) or "pseudonym", which needs a key. */
Status anonymizer_parse(Anonymizer *a, const StringList *kinds, const char *with, const char *key) MUST_USE;
/* What there is in the text: w->items, in order, apart from each other. */
Status anonymize_find(const Anonymizer *a, AnonymizeWork *w, const char *text, size_t n) MUST_USE;
/* Finds and replaces, between rewrite_start and rewrite_finish, and counts. */
Status anonymize_run(const Anonymizer *a, AnonymizeWork *w, Rewrite *r) MUST_USE;
void   anonymize_work_release(AnonymizeWork *w);
const char *anonymize_kind_name(AnonymizeKind kind);

#endif
