/* data/clean/anonymize_net.c: e-mail addresses, IP addresses, user:password@ of URLs. */
#include <arpa/inet.h>
#include <string.h>

#include "data/clean/anonymize_internal.h"

/* ---- user:password@ ---------------------------------------------------------------------------------------------- */

static bool ends_authority(char c) { return (unsigned char)c <= ' ' || strchr("/?#\"'<>\\`", c); }

bool find_url_credentials(const char *text, size_t n, size_t from, Found *out)
{
    while (from < n) {
        const char *slashes = memmem(text + from, n - from, "://", 3);
        if (!slashes) return false;
        size_t begin = (size_t)(slashes - text) + 3, end = begin, at = 0, colon = 0;
        for (; end < n && !ends_authority(text[end]); end++) {
            if (text[end] == '@') at = end;
            if (text[end] == ':' && !colon) colon = end;
        }
        bool scheme = begin > 3 && is_alnum(text[begin - 4]);
        if (scheme && colon > begin && at > colon + 1 && at + 1 < end) {
            *out = (Found){ begin, at };
            return true;
        }
        from = begin;
    }
    return false;
}

/* ---- e-mail ------------------------------------------------------------------------------------------------------ */

enum { MAX_LOCAL = 64, MAX_DOMAIN = 253, MAX_LABEL = 63, MAX_USERINFO = 256 };

static bool is_local(char c) { return is_alnum(c) || (c && strchr("._%+-'~", c)); }

/* Ends of file names that are no top-level domains: icon@2x.png. */
static bool is_file_ending(const char *s, size_t n)
{
    static const char *const endings[] = {
        "png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "css", "js", "json", "ts", "tsx", "jsx", "html",
        "htm", "xml", "yaml", "yml", "txt", "pdf", "exe", "dll", "php", "rc", "alpha", "beta", "tgz", "gz", "tar",
        "log", "local", "service",
    };
    for (size_t i = 0; i < COUNT(endings); i++)
        if (strlen(endings[i]) == n && strncasecmp(s, endings[i], n) == 0) return true;
    return false;
}

/* Whether text[label..end) begins the next sentence, the space forgotten: bob@example.com.Then */
static bool is_next_sentence(const char *text, size_t label, size_t end)
{
    return end - label > 1 && is_upper(text[label]) && !is_upper(text[label + 1]) && !is_upper(text[label - 2]);
}

/* The end of the domain that begins at `at`, or 0: labels of letters, digits and hyphens; the last one of letters
 * only. */
static size_t domain_end(const char *text, size_t n, size_t at)
{
    size_t end = 0, label = at, last = at;
    int    n_labels = 0;
    for (size_t i = at; i - at <= MAX_DOMAIN; i++) {
        char c = i < n ? text[i] : '\0';
        if (is_alnum(c) || (c == '-' && i > label)) continue;
        size_t stop = i;
        while (stop > label && text[stop - 1] == '-') stop--;
        if (stop == label || stop - label > MAX_LABEL) break;
        if (n_labels > 1 && is_next_sentence(text, label, stop)) break;
        n_labels++;
        last = label;
        end = stop;
        if (c != '.' || stop < i) break;
        label = i + 1;
    }
    size_t letters = last;
    while (letters < end && is_letter(text[letters])) letters++;
    bool punycode = end - last > 4 && strncasecmp(text + last, "xn--", 4) == 0;
    if (n_labels < 2 || end - last < 2 || (letters < end && !punycode)) return 0;
    return is_file_ending(text + last, end - last) ? 0 : end;
}

/* user@host of a URL: letters of a user part back to "//". */
static bool in_userinfo(const char *text, size_t begin)
{
    size_t i = begin, least = begin > MAX_USERINFO ? begin - MAX_USERINFO : 0;
    while (i > least && !ends_authority(text[i - 1])) i--;
    return i >= 2 && text[i - 1] == '/' && text[i - 2] == '/';
}

static bool is_git_remote(const char *text, size_t n, size_t begin, size_t at, size_t end)
{
    return at - begin == 3 && memcmp(text + begin, "git", 3) == 0 && end < n && (text[end] == ':' || text[end] == '/');
}

static bool version_follows(const char *text, size_t n, size_t at)      /* package@1.2 */
{
    size_t i = at + 1;
    while (i < n && is_digit(text[i])) i++;
    return i > at + 1 && i + 1 < n && text[i] == '.' && is_digit(text[i + 1]);
}

bool find_email(const char *text, size_t n, size_t from, Found *out)
{
    for (size_t at, next = from; next < n; next = at + 1) {
        const char *sign = memchr(text + next, '@', n - next);
        if (!sign) return false;
        at = (size_t)(sign - text);
        size_t begin = at, least = at - from > MAX_LOCAL ? at - MAX_LOCAL : from;
        while (begin > least && is_local(text[begin - 1])) begin--;
        bool whole = begin == from || begin > least || !is_local(text[begin - 1]);
        while (begin < at && !is_alnum(text[begin]) && text[begin] != '_') begin++;
        if (!whole || begin == at || text[at - 1] == '.' || memmem(text + begin, at - begin, "..", 2)) continue;
        if (begin > 0 && (text[begin - 1] == '@' || in_userinfo(text, begin)) ) continue;
        size_t end = domain_end(text, n, at + 1);
        if (!end || (end < n && text[end] == '_') || version_follows(text, n, at)) continue;
        if (is_git_remote(text, n, begin, at, end)) continue;
        *out = (Found){ begin, end };
        return true;
    }
    return false;
}

/* ---- IP ---------------------------------------------------------------------------------------------------------- */

/* Four numbers of at most 255 without leading zeros; the end, or 0. */
static size_t ipv4_end(const char *text, size_t n, size_t at, int octets[4])
{
    for (int k = 0; k < 4; k++) {
        size_t start = at;
        int    v = 0;
        if (k > 0 && (at == n || text[at++] != '.')) return 0;
        if (k > 0) start++;
        while (at < n && is_digit(text[at]) && at - start < 4) v = 10 * v + (text[at++] - '0');
        if (at == start || v > 255 || (at - start > 1 && text[start] == '0')) return 0;
        octets[k] = v;
    }
    return at;
}

/* "192.168.1.1-" before `at`: a range, not an ordinal. */
static bool range_before(const char *text, size_t at)
{
    for (at--; at > 0 && is_digit(text[at - 1]); at--) {}
    return at > 0 && text[at - 1] == '.';
}

static bool ipv4_borders(const char *text, size_t n, size_t begin, size_t end)
{
    char before = begin > 0 ? text[begin - 1] : '\0', beyond = begin > 1 ? text[begin - 2] : '\0';
    if (!word_borders(text, n, begin, end)) return false;
    char behind = end < n ? text[end] : '\0', further = end + 1 < n ? text[end + 1] : '\0';
    if (before == '.' || (before == '-' && !range_before(text, begin))) return false;
    if (before == '/' && beyond != '/' && !is_digit(beyond)) return false;
    if ((behind == '.' && is_alnum(further)) || (behind == '-' && is_letter(further))) return false;
    return label_before(text, begin) != LABEL_VERSION;
}

static bool ipv4_at(const char *text, size_t n, size_t at, Found *out)
{
    int    octets[4];
    size_t end = ipv4_end(text, n, at, octets);
    if (!end || !ipv4_borders(text, n, at, end)) return false;
    if (octets[0] == 0 || octets[0] == 127 || octets[0] == 255) return false;      /* nobody's: any, loopback, masks */
    *out = (Found){ at, end };
    return true;
}

static bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* Hexadecimal groups and colons that inet_pton takes, in a block in use (2000::/3, fc00::/7, fe80::/10, ff00::/8), so
 * that neither times nor a::b of a program are taken. */
static bool ipv6_at(const char *text, size_t n, size_t at, Found *out)
{
    char            word[INET6_ADDRSTRLEN];
    unsigned char   bytes[16];
    size_t          end = at;
    static const unsigned char blocks[][2] = { { 0xE0, 0x20 }, { 0xFE, 0xFC }, { 0xFF, 0xFE }, { 0xFF, 0xFF } };
    while (end < n && (is_hex(text[end]) || text[end] == ':' || text[end] == '.') && end - at < sizeof word) end++;
    while (end > at + 2 && (text[end - 1] == '.' || (text[end - 1] == ':' && text[end - 2] != ':'))) end--;
    if (end - at < 4 || end - at >= sizeof word || !memchr(text + at, ':', end - at)) return false;
    if (!word_borders(text, n, at, end) || (at > 0 && (text[at - 1] == ':' || text[at - 1] == '.'))) return false;
    memcpy(word, text + at, end - at);
    word[end - at] = '\0';
    if (strlen(word) != end - at || inet_pton(AF_INET6, word, bytes) != 1) return false;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        if ((bytes[0] & blocks[i][0]) != blocks[i][1]) continue;
        *out = (Found){ at, end };
        return at + 4 < end && text[at + 4] == ':';                        /* four digits in the first group */
    }
    return false;
}

/* ::ffff:203.0.113.7, IPv4 as IPv6 */
static bool mapped_at(const char *text, size_t n, size_t at, Found *out)
{
    int    octets[4];
    size_t end = n - at > 7 && strncasecmp(text + at, "::ffff:", 7) == 0 ? ipv4_end(text, n, at + 7, octets) : 0;
    if (!end || !word_borders(text, n, at, end)) return false;
    *out = (Found){ at, end };
    return true;
}

bool find_ip(const char *text, size_t n, size_t from, Found *out)
{
    for (size_t i = from; i < n; i++) {
        if (text[i] == ':' && mapped_at(text, n, i, out)) return true;
        if (!is_hex(text[i]) || (i > 0 && is_alnum(text[i - 1]))) continue;
        if (is_digit(text[i]) && ipv4_at(text, n, i, out)) return true;
        if (n - i > 4 && text[i + 4] == ':' && ipv6_at(text, n, i, out)) return true;
    }
    return false;
}
