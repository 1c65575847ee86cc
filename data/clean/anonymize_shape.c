/* data/clean/anonymize_shape.c: what a number looks like, what stands beside it, and the word before it. */
#include <string.h>

#include "data/clean/anonymize_internal.h"

bool shape_match(const char *shape, const char *text, size_t n, size_t at, Shape *out)
{
    char separator = 0;                    /* 0: not seen yet; 1: seen to be nothing */
    out->n = 0;
    for (; *shape; shape++) {
        char c = at < n ? text[at] : '\0';
        switch (*shape) {
        case 'd': case 'N': case 'X':
            if (!(is_digit(c) && (*shape != 'N' || c >= '2')) && !(*shape == 'X' && (c | 0x20) == 'x')) return false;
            if (out->n == MAX_DIGITS - 1) return false;
            out->digits[out->n++] = c;
            at++;
            break;
        case '-': case '_': case '~': case '=':
            if (c && strchr(*shape == '-' || *shape == '~' ? " -." : " -", c)) {
                if (separator && separator != c) return false;
                separator = c;
                at++;
            } else {
                if (*shape == '-' || *shape == '_' || separator > 1) return false;
                separator = 1;
            }
            break;
        case ' ':
            at += c == ' ';
            break;
        default:
            if (c != *shape) return false;
            at++;
            if (is_digit(c)) out->digits[out->n++] = c;
        }
    }
    out->digits[out->n] = '\0';
    out->end = at;
    return true;
}

bool word_borders(const char *text, size_t n, size_t begin, size_t end)
{
    return (begin == 0 || !(is_alnum(text[begin - 1]) || text[begin - 1] == '_')) &&
           (end == n || !(is_alnum(text[end]) || text[end] == '_'));
}

static bool follows(const char *text, size_t n, size_t at, const char *words)
{
    size_t len = strlen(words);
    return n - at >= len && memcmp(text + at, words, len) == 0;
}

static bool money_behind(const char *text, size_t n, size_t at)
{
    static const char *const units[] = { "%", "元", "块钱", "万", "亿", "美元", "美金", " 元", " USD", " EUR", " RMB", " CNY" };
    for (size_t i = 0; i < COUNT(units); i++)
        if (follows(text, n, at, units[i])) return true;
    return false;
}

static bool money_before(const char *text, size_t at)
{
    static const char *const signs[] = { "$", "#", "¥", "￥", "€", "£", "$ ", "¥ ", "€ ", "£ ", "US$" };
    for (size_t i = 0; i < COUNT(signs); i++) {
        size_t len = strlen(signs[i]);
        if (at >= len && memcmp(text + at - len, signs[i], len) == 0) return true;
    }
    return false;
}

bool number_borders(const char *text, size_t n, size_t begin, size_t end)
{
    if (!word_borders(text, n, begin, end) || money_before(text, begin) || money_behind(text, n, end)) return false;
    char before = begin > 0 ? text[begin - 1] : '\0', beyond = begin > 1 ? text[begin - 2] : '\0';
    char behind = end < n ? text[end] : '\0', further = end + 1 < n ? text[end + 1] : '\0';
    if ((before == '.' && is_digit(beyond)) || (before == '-' && (is_alnum(beyond) || !beyond))) return false;
    if ((before == '/' && !is_digit(beyond)) || before == '*' || before == '+') return false;
    if ((behind == '.' || behind == '-') && is_digit(further)) return false;
    return !(behind == '-' && is_letter(further)) && behind != '*';
}

/* ---- labels ------------------------------------------------------------------------------------------------------ */

typedef struct LabelWord { const char *word; Label label; } LabelWord;

static const LabelWord label_words[] = {
    { "tel", LABEL_PHONE }, { "telephone", LABEL_PHONE }, { "phone", LABEL_PHONE }, { "mobile", LABEL_PHONE },
    { "cell", LABEL_PHONE }, { "cellphone", LABEL_PHONE }, { "call", LABEL_PHONE }, { "fax", LABEL_PHONE },
    { "dial", LABEL_PHONE }, { "sms", LABEL_PHONE }, { "whatsapp", LABEL_PHONE }, { "hotline", LABEL_PHONE },
    { "call me", LABEL_PHONE }, { "call us", LABEL_PHONE }, { "text me", LABEL_PHONE }, { "reach me", LABEL_PHONE },
    { "电话", LABEL_PHONE }, { "手机", LABEL_PHONE }, { "座机", LABEL_PHONE }, { "热线", LABEL_PHONE }, { "传真", LABEL_PHONE },
    { "致电", LABEL_PHONE }, { "拨打", LABEL_PHONE }, { "联系方式", LABEL_PHONE }, { "card", LABEL_CARD },
    { "visa", LABEL_CARD }, { "mastercard", LABEL_CARD }, { "amex", LABEL_CARD }, { "卡", LABEL_CARD },
    { "银行卡", LABEL_CARD }, { "信用卡", LABEL_CARD }, { "order", LABEL_OTHER }, { "invoice", LABEL_OTHER },
    { "ticket", LABEL_OTHER }, { "tracking", LABEL_OTHER }, { "ref", LABEL_OTHER }, { "reference", LABEL_OTHER },
    { "sku", LABEL_OTHER }, { "serial", LABEL_OTHER }, { "part", LABEL_OTHER }, { "case", LABEL_OTHER },
    { "isbn", LABEL_OTHER }, { "issn", LABEL_OTHER }, { "id", LABEL_OTHER }, { "uid", LABEL_OTHER },
    { "userid", LABEL_OTHER }, { "user_id", LABEL_OTHER }, { "timestamp", LABEL_OTHER }, { "ts", LABEL_OTHER },
    { "batch", LABEL_OTHER }, { "item", LABEL_OTHER }, { "barcode", LABEL_OTHER }, { "ean", LABEL_OTHER },
    { "upc", LABEL_OTHER }, { "imei", LABEL_OTHER }, { "seed", LABEL_OTHER }, { "hash", LABEL_OTHER },
    { "parcel", LABEL_OTHER }, { "shipment", LABEL_OTHER }, { "transaction", LABEL_OTHER }, { "qq", LABEL_OTHER },
    { "doi", LABEL_OTHER }, { "订单", LABEL_OTHER }, { "单", LABEL_OTHER }, { "运单", LABEL_OTHER },
    { "快递单", LABEL_OTHER }, { "编", LABEL_OTHER }, { "流水", LABEL_OTHER }, { "序列", LABEL_OTHER }, { "货", LABEL_OTHER },
    { "学", LABEL_OTHER }, { "工", LABEL_OTHER }, { "批", LABEL_OTHER }, { "条码", LABEL_OTHER }, { "条形码", LABEL_OTHER },
    { "时间戳", LABEL_OTHER }, { "案", LABEL_OTHER }, { "票", LABEL_OTHER }, { "合同", LABEL_OTHER }, { "交易", LABEL_OTHER },
    { "用户", LABEL_OTHER }, { "种子", LABEL_OTHER }, { "version", LABEL_VERSION }, { "ver", LABEL_VERSION },
    { "v", LABEL_VERSION }, { "release", LABEL_VERSION }, { "build", LABEL_VERSION }, { "firmware", LABEL_VERSION },
    { "section", LABEL_VERSION }, { "sec", LABEL_VERSION }, { "chapter", LABEL_VERSION }, { "clause", LABEL_VERSION },
    { "§", LABEL_VERSION }, { "oid", LABEL_VERSION }, { "paragraph", LABEL_VERSION }, { "appendix", LABEL_VERSION },
    { "update", LABEL_VERSION }, { "driver", LABEL_VERSION }, { "版本", LABEL_VERSION }, { "固件", LABEL_VERSION },
    { "章", LABEL_VERSION }, { "章节", LABEL_VERSION }, { "第", LABEL_VERSION }, { "条款", LABEL_VERSION },
    { "升级到", LABEL_VERSION }, { "更新到", LABEL_VERSION },
};

/* What may stand between the label and its number. */
static const char *const fillers[] = {
    "is", "was", "at", "no", "nr", "num", "number", "numbers", "code", "on", "to", "号码", "号", "是", "为", "：", "（", "，",
    "“", "「",
};

/* Whether text[..at) ends in the word, as a word of its own; letters in any case. */
static bool ends_in(const char *text, size_t at, const char *word)
{
    size_t len = strlen(word);
    if (at < len) return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[at - len + i];
        if ((is_upper(c) ? (char)(c | 0x20) : c) != word[i]) return false;
    }
    return !is_alnum(word[0]) || at == len || !is_alnum(text[at - len - 1]);
}

static size_t skip_fillers(const char *text, size_t at)
{
    for (size_t i = 0; at > 0 && i < COUNT(fillers); i++) {
        if (strchr(" :=#(\"'.\t", text[at - 1])) {
            at--;
            i = (size_t)-1;
        } else if (ends_in(text, at, fillers[i])) {
            at -= strlen(fillers[i]);
            i = (size_t)-1;
        }
    }
    return at;
}

Label label_before(const char *text, size_t at)
{
    enum { REACH = 48 };
    size_t start = at > REACH ? at - REACH : 0;
    size_t end = start + skip_fillers(text + start, at - start);
    for (size_t i = 0; i < COUNT(label_words); i++)
        if (ends_in(text, end, label_words[i].word)) return label_words[i].label;
    return LABEL_NONE;
}
