#include "data/row_stats.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "core/text.h"

/* ---- letters and their scripts ----------------------------------------------------------------------------------- */

enum { FLAT = 0x10000, NO_LETTER = 255 };

static uint8_t        flat[FLAT];      /* ICU's script of a letter; NO_LETTER */
static pthread_once_t flat_once = PTHREAD_ONCE_INIT;

static uint8_t script_slow(uint32_t cp)
{
    UErrorCode  e = U_ZERO_ERROR;
    UScriptCode c = u_isalpha((UChar32)cp) ? uscript_getScript((UChar32)cp, &e) : USCRIPT_COMMON;
    return U_SUCCESS(e) && c > USCRIPT_INHERITED && (int)c < NO_LETTER ? (uint8_t)c : NO_LETTER;
}

static void fill_flat(void)
{
    for (uint32_t cp = 0; cp < FLAT; cp++) flat[cp] = script_slow(cp);
}

static uint8_t script_of(uint32_t cp) { return cp < FLAT ? flat[cp] : script_slow(cp); }

/* ---- what makes a row odd ---------------------------------------------------------------------------------------- */

typedef struct Shape { int64_t chars, words, lost, run; } Shape;       /* words: letters, digits, spaces; run: of one character */

static void walk(RowStats *s, const char *text, size_t n, Shape *shape)
{
    uint32_t before = 0;
    int64_t  run = 0;
    pthread_once(&flat_once, fill_flat);
    for (size_t i = 0; i < n;) {
        uint32_t cp = (unsigned char)text[i];
        int      len = 1;
        if (cp >= 0x80 && (len = utf8_decode(text + i, n - i, &cp)) == 0) len = 1, cp = 0xFFFD;
        uint8_t script = script_of(cp);
        if (script != NO_LETTER) {
            s->scripts[script]++;
            shape->words++;
        }
        shape->words += cp == ' ' || (cp >= '0' && cp <= '9') || (script == NO_LETTER && cp > 0x2FF && !u_ispunct((UChar32)cp));
        run = cp == before && cp > ' ' ? run + 1 : 1;
        if (run > shape->run) shape->run = run;
        shape->lost += cp == 0xFFFD;
        before = cp;
        shape->chars++;
        i += (size_t)len;
    }
}

static double judge(const Shape *h, int64_t unknown, int64_t n_tokens, char why[80])
{
    double unknowns = n_tokens > 0 ? (double)unknown / (double)n_tokens : 0;
    double signs = h->chars >= 20 ? 1 - (double)h->words / (double)h->chars : 0;
    double run = h->run >= 8 ? (h->run < 40 ? (double)h->run / 40 : 1) : 0;
    double lost = h->lost > 0 ? 0.9 : 0, most = unknowns;
    snprintf(why, 80, "%.0f %% of its tokens are unknown", 100 * unknowns);
    if (signs > most && (most = signs) > 0)
        snprintf(why, 80, "%" PRId64 " of its %" PRId64 " characters are signs", h->chars - h->words, h->chars);
    if (run > most && (most = run) > 0) snprintf(why, 80, "one character %" PRId64 " times in a row", h->run);
    if (lost > most && (most = lost) > 0) snprintf(why, 80, "characters that an earlier conversion lost (U+FFFD)");
    return most;
}

static int before(const OddRow *a, const OddRow *b)      /* highest score first, then the order of the set */
{
    if (a->score != b->score) return a->score > b->score;
    if (a->place.file != b->place.file) return a->place.file < b->place.file;
    if (a->place.at != b->place.at) return a->place.at < b->place.at;
    return a->place.item < b->place.item;
}

static void keep(RowStats *s, const OddRow *row)
{
    int at = s->n_odd;
    while (at > 0 && before(row, &s->odd[at - 1])) at--;
    if (at == ROW_STATS_ODD) return;
    if (s->n_odd < ROW_STATS_ODD) s->n_odd++;
    memmove(s->odd + at + 1, s->odd + at, (size_t)(s->n_odd - at - 1) * sizeof *s->odd);
    s->odd[at] = *row;
}

static void excerpt(OddRow *row, const char *text, size_t n)
{
    size_t keep_bytes = n < ROW_STATS_EXCERPT ? n : ROW_STATS_EXCERPT;
    while (keep_bytes > 0 && keep_bytes < n && ((unsigned char)text[keep_bytes] & 0xC0) == 0x80) keep_bytes--;
    memcpy(row->text, text, keep_bytes);
    snprintf(row->text + keep_bytes, 8, "%s", keep_bytes < n ? " ..." : "");
}

void row_stats_add(RowStats *s, const char *text, size_t n, int64_t unknown, int64_t n_tokens, Place place)
{
    enum { WORTH_A_LOOK = 20 };        /* percent */
    Shape  shape = { 0 };
    OddRow row = { .place = place };
    walk(s, text, n, &shape);
    row.score = judge(&shape, unknown, n_tokens, row.why);
    if (100 * row.score < WORTH_A_LOOK) return;
    if (s->n_odd == ROW_STATS_ODD && !before(&row, &s->odd[ROW_STATS_ODD - 1])) return;
    excerpt(&row, text, n);
    keep(s, &row);
}

void row_stats_merge(RowStats *to, const RowStats *from)
{
    for (int i = 0; i < ROW_STATS_SCRIPTS; i++) to->scripts[i] += from->scripts[i];
    for (int i = 0; i < from->n_odd; i++) keep(to, &from->odd[i]);
}

/* ---- in the report ----------------------------------------------------------------------------------------------- */

static Status add_odd(const OddRow *row, const Rows *rows, cJSON *list)
{
    cJSON *o = cJSON_CreateObject();
    TRY(json_add(list, NULL, o));
    TRY(json_add_string(o, "path", rows_path(rows, row->place.file)));
    TRY(json_add_number(o, "line", (double)row->place.line));
    TRY(json_add_string(o, "why", row->why));
    TRY(json_add_number(o, "score", row->score));
    return json_add_string(o, "text", row->text);
}

Status row_stats_json(const RowStats *s, const Rows *rows, cJSON *out)
{
    cJSON *scripts = cJSON_CreateObject(), *odd = cJSON_CreateArray();
    Status st = json_add(out, "scripts", scripts), after = json_add(out, "odd_rows", odd);
    if (st != OK || after != OK) return st != OK ? st : after;
    for (int i = 0; i < ROW_STATS_SCRIPTS; i++)
        if (s->scripts[i] > 0)
            TRY(json_add_number(scripts, uscript_getName((UScriptCode)i), (double)s->scripts[i]));
    for (int i = 0; i < s->n_odd; i++) TRY(add_odd(&s->odd[i], rows, odd));
    return OK;
}
