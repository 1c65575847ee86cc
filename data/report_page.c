/* data/report_page.c: the sections of the page, each from its part of the report. Cutting, labels and scripts have
 * charts; every chart is, or stands beside, a table of the same numbers. */
#include "data/report_page.h"

#include <math.h>
#include <string.h>

#include "core/file.h"
#include "data/report_counts.h"
#include "data/report_html.h"
#include "data/report_read.h"

enum { LABELS_SHOWN = 40, ENDS_SHOWN = 20, SCRIPTS_SHOWN = 12, MAX_BUCKETS = 512, ODD_TEXT = 300, PATHS_SHOWN = 12 };

static const cJSON *splits_of(const cJSON *report) { return json_get(report, "splits"); }
static const cJSON *sets_of(const cJSON *report)   { return json_get(report, "sets"); }

static bool any_has(const cJSON *parts, const char *key)      /* one of the splits or sets has something there */
{
    const cJSON *part;
    cJSON_ArrayForEach(part, parts) {
        const cJSON *v = json_get(part, key);
        if (v && (v->child || (cJSON_IsNumber(v) && v->valuedouble > 0))) return true;
    }
    return false;
}

/* ---- head and warnings ------------------------------------------------------------------------------------------ */

static void tile(Page *p, double value, const char *name)
{
    page_put(p, "<div><b>");
    page_number(p, value);
    page_put(p, "</b><span>");
    page_say(p, name);
    page_put(p, "</span></div>\n");
}

static void write_tiles(Page *p, const cJSON *report)
{
    double       tokens = 0;
    const cJSON *s, *train = json_get(splits_of(report), "train");
    char         name[160];
    page_put(p, "<div class=\"tiles\">\n");
    cJSON_ArrayForEach(s, splits_of(report)) {
        snprintf(name, sizeof name, "%.120s rows", s->string);
        tile(p, report_number(s, "rows"), name);
        tokens += report_number(s, "tokens");
    }
    if (tokens > 0) tile(p, tokens, "tokens");
    if (json_get(train, "labels")) tile(p, report_label_range(json_get(train, "labels")).n, "labels");
    if (json_get(report, "vocabulary")) tile(p, report_number(report, "vocabulary"), "vocabulary of the tokenizer");
    page_put(p, "</div>\n");
}

static void write_warnings(Page *p, const cJSON *report)
{
    const cJSON *w, *warnings = json_get(report, "warnings");
    page_put(p, "<section id=\"warnings\"%s>\n<h2>Worth a look</h2>\n",
             warnings && warnings->child ? " class=\"warnings\"" : "");
    if (warnings && warnings->child) page_put(p, "<ul>\n");
    else page_put(p, "<p>Nothing stood out.</p>\n");
    cJSON_ArrayForEach(w, warnings) {
        page_put(p, "<li>");
        page_say(p, cJSON_IsString(w) ? w->valuestring : "");
        page_put(p, "</li>\n");
    }
    if (warnings && warnings->child) page_put(p, "</ul>\n");
    page_put(p, "</section>\n");
}

/* ---- splits and lengths ----------------------------------------------------------------------------------------- */

static void write_splits(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Split", "From", "#Rows", "#Examples", "#Tokens", "#Mean length", "#Longest",
                                         "#max_length", "#Cut", "#Tokens cut", "#Unknown tokens", "#Labels" };
    const cJSON *s;
    page_table(p, NULL, heads, COUNT(heads));
    cJSON_ArrayForEach(s, splits_of(report)) {
        const cJSON *lengths = json_get(s, "lengths");
        page_row(p, s->string);
        page_cell(p, report_string(s, "set"));
        page_cell_number(p, report_number(s, "rows"));
        page_cell_number(p, report_number(s, "examples"));
        page_cell_number(p, report_number(s, "tokens"));
        page_cell_number(p, round(10 * report_number(lengths, "mean")) / 10);
        page_cell_number(p, report_number(lengths, "max"));
        page_cell_number(p, report_number(s, "max_length"));
        page_cell_number(p, report_number(s, "truncated"));
        page_cell_number(p, report_number(s, "tokens_cut"));
        page_cell_percent(p, report_number(s, "unknown_rate"));
        page_cell_number(p, report_label_range(json_get(s, "labels")).n);
        page_row_end(p);
    }
    page_table_end(p);
}

static void write_marks(Page *p, const cJSON *lengths)
{
    static const struct { const char *key, *name; } marks[] = {
        { "min", "shortest" }, { "p50", "half of the texts" }, { "p90", "90 %" }, { "p95", "95 %" }, { "p99", "99 %" },
        { "max", "longest" },
    };
    static const char *const heads[] = { "Up to", "#Tokens" };
    page_table(p, "Lengths in tokens", heads, COUNT(heads));
    for (size_t i = 0; i < COUNT(marks); i++) {
        if (!json_get(lengths, marks[i].key)) continue;
        page_row(p, marks[i].name);
        page_cell_number(p, report_number(lengths, marks[i].key));
        page_row_end(p);
    }
    page_table_end(p);
}

static void write_cuts(Page *p, const cJSON *lengths, double examples)
{
    static const char *const heads[] = { "Cut at", "#Texts that are longer", "#Share" };
    const cJSON *l, *longer = json_get(lengths, "longer_than");
    if (!longer || !longer->child) return;
    page_table(p, "What a max_length would cut", heads, COUNT(heads));
    cJSON_ArrayForEach(l, longer) {
        if (!cJSON_IsNumber(l)) continue;
        page_row(p, l->string);
        page_cell_number(p, l->valuedouble);
        page_cell_percent(p, report_share(l->valuedouble, examples));
        page_row_end(p);
    }
    page_table_end(p);
}

static void write_buckets(Page *p, const Bucket *b, size_t n)
{
    static const char *const heads[] = { "Tokens", "#Texts" };
    char name[64];
    page_put(p, "<details><summary>The bars as numbers</summary>\n");
    page_table(p, NULL, heads, COUNT(heads));
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%.0f to %.0f", i ? b[i - 1].up_to + 1 : 1, b[i].up_to);
        page_row(p, name);
        page_cell_number(p, b[i].count);
        page_row_end(p);
    }
    page_table_end(p);
    page_put(p, "</details>\n");
}

static void write_lengths(Page *p, const cJSON *report)
{
    const cJSON *s, *bar;
    page_put(p,
             "<p class=\"soft\">Tokens a text, special ones included, before anything is cut. Each bar reaches to the "
             "number below it.</p>\n<div class=\"figures\">\n");
    cJSON_ArrayForEach(s, splits_of(report)) {
        static _Thread_local Bucket buckets[MAX_BUCKETS];
        const cJSON *lengths = json_get(s, "lengths");
        size_t       n = 0;
        if (!lengths) continue;
        cJSON_ArrayForEach(bar, json_get(lengths, "histogram"))
            if (n < MAX_BUCKETS) buckets[n++] = (Bucket){ report_number(bar, "up_to"), report_number(bar, "examples") };
        page_put(p, "<div>\n");
        page_histogram(p, s->string, buckets, n, report_number(s, "max_length"));
        write_marks(p, lengths);
        write_cuts(p, lengths, report_number(s, "examples"));
        write_buckets(p, buckets, n);
        page_put(p, "</div>\n");
    }
    page_put(p, "</div>\n");
}

/* ---- labels, scripts, unknown tokens ---------------------------------------------------------------------------- */

static void write_labels(Page *p, const cJSON *report)
{
    Counts counts = { 0 };
    if (p->status == OK) p->status = counts_read(&counts, splits_of(report), "labels");
    if (p->status == OK && counts.n > 0) {
        page_put(p, "<p class=\"soft\">%zu labels. Bars show the rows of the split \"", counts.n);
        page_say(p, counts.columns[0]);
        page_put(p, "\".</p>\n");
        if (counts.n <= LABELS_SHOWN) {
            counts_write(p, &counts, NULL, "Label", 0, counts.n);
        } else {
            counts_write(p, &counts, "The 20 largest", "Label", 0, ENDS_SHOWN);
            counts_write(p, &counts, "The 20 smallest", "Label", counts.n - ENDS_SHOWN, counts.n);
        }
    }
    counts_release(&counts);
}

static void write_scripts(Page *p, const cJSON *report)
{
    Counts counts = { 0 };
    if (p->status == OK) p->status = counts_read(&counts, sets_of(report), "scripts");
    if (p->status == OK && counts.n > 0)
        counts_write(p, &counts, "Letters by writing system", "Script", 0,
                     counts.n < SCRIPTS_SHOWN ? counts.n : SCRIPTS_SHOWN);
    counts_release(&counts);
}

static void write_unknown(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Split", "", "#Unknown", "#Share of the tokens" };
    const cJSON *s;
    double       most = 0.01;
    cJSON_ArrayForEach(s, splits_of(report)) most = fmax(most, report_number(s, "unknown_rate"));
    page_put(p, "<p class=\"soft\">Words or characters that the tokenizer's vocabulary lacks: the model sees the same "
                "token for all of them.</p>\n");
    page_table(p, NULL, heads, COUNT(heads));
    cJSON_ArrayForEach(s, splits_of(report)) {
        page_row(p, s->string);
        page_cell_bar(p, report_number(s, "unknown_rate") / most);
        page_cell_number(p, report_number(s, "unknown_tokens"));
        page_cell_percent(p, report_number(s, "unknown_rate"));
        page_row_end(p);
    }
    page_table_end(p);
}

/* ---- rows that repeat ------------------------------------------------------------------------------------------- */

static void write_findings(Page *p, const cJSON *examples, const char *caption, const char *first, const char *second)
{
    const char  *heads[] = { first, second, "#Alike" };
    const cJSON *e;
    Finding      f;
    if (!examples || !examples->child) return;
    page_table(p, caption, heads, COUNT(heads));
    cJSON_ArrayForEach(e, examples) {
        if (!report_finding(e, &f)) continue;
        page_put(p, "<tr>");
        for (int i = 0; i < 2; i++) page_cell_place(p, f.files[i], f.lines[i], NULL);
        page_cell_percent(p, f.similarity);
        page_row_end(p);
    }
    page_table_end(p);
}

static void write_repeats_of(Page *p, const cJSON *selection, const char *key, const char *what)
{
    const cJSON *set;
    char         caption[256];
    cJSON_ArrayForEach(set, json_get(selection, key)) {
        if (report_number(set, "rows") <= 0) continue;
        int n = snprintf(caption, sizeof caption, "%.60s: %.0f rows %s", set->string, report_number(set, "rows"), what);
        if (report_number(set, "contradictions") > 0)
            snprintf(caption + n, sizeof caption - (size_t)n, ", %.0f of them with another label",
                     report_number(set, "contradictions"));
        page_put(p, "<h3>");
        page_say(p, caption);
        page_put(p, "</h3>\n");
        write_findings(p, json_get(set, "examples"), "Examples", "Row", "Repeats");
    }
}

static void write_repeats(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Rows of", "stand in", "#Exactly", "#Nearly" };
    const cJSON *leak, *selection = json_get(report, "selection"), *leaks = json_get(selection, "leakage");
    char         caption[200];
    if (leaks && leaks->child) page_table(p, "Leakage", heads, COUNT(heads));
    cJSON_ArrayForEach(leak, leaks) {
        page_row(p, report_string(leak, "from"));
        page_cell(p, report_string(leak, "into"));
        page_cell_number(p, report_number(leak, "exact"));
        page_cell_number(p, report_number(leak, "near"));
        page_row_end(p);
    }
    if (leaks && leaks->child) page_table_end(p);
    cJSON_ArrayForEach(leak, leaks) {
        snprintf(caption, sizeof caption, "Rows of %.60s found in %.60s", report_string(leak, "from"),
                 report_string(leak, "into"));
        write_findings(p, json_get(leak, "examples"), caption, "Row", "Found as");
    }
    write_repeats_of(p, selection, "duplicates", "repeat an earlier one");
    write_repeats_of(p, selection, "near_duplicates", "are nearly an earlier one");
}

static bool has_repeats(const cJSON *report)
{
    const cJSON *s = json_get(report, "selection");
    return any_has(json_get(s, "duplicates"), "rows") || any_has(json_get(s, "near_duplicates"), "rows") ||
           (json_get(s, "leakage") && json_get(s, "leakage")->child);
}

/* ---- what was done to the texts, and which rows are odd ---------------------------------------------------------- */

static void write_cleaning(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Step", "Set", "#Texts changed", "#Rows left out", "#Places" };
    const cJSON *set, *step;
    Counts       counts = { 0 };
    if (any_has(sets_of(report), "cleaning")) {
        page_table(p, "Steps", heads, COUNT(heads));
        cJSON_ArrayForEach(set, sets_of(report)) cJSON_ArrayForEach(step, json_get(set, "cleaning")) {
            page_row(p, report_string(step, "step"));
            page_cell(p, set->string);
            page_cell_number(p, report_number(step, "changed"));
            page_cell_number(p, report_number(step, "dropped"));
            page_cell_number(p, report_number(step, "items"));
            page_row_end(p);
        }
        page_table_end(p);
    }
    if (p->status == OK) p->status = counts_read(&counts, sets_of(report), "anonymised");
    if (p->status == OK && counts.n > 0) counts_write(p, &counts, "Replaced for anonymity", "Kind", 0, counts.n);
    counts_release(&counts);
    cJSON_ArrayForEach(set, sets_of(report)) {
        if (report_number(set, "augmented") <= 0) continue;
        page_put(p, "<p>");
        page_number(p, report_number(set, "augmented"));
        page_put(p, " rows were added to ");
        page_say(p, set->string);
        page_put(p, " by augmentation.</p>\n");
    }
}

static bool has_cleaning(const cJSON *report)
{
    return any_has(sets_of(report), "cleaning") || any_has(sets_of(report), "anonymised") ||
           any_has(sets_of(report), "augmented");
}

static void write_bad(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Row", "Why" };
    const cJSON *set, *row;
    if (!any_has(sets_of(report), "bad_lines")) return;
    page_table(p, "Rows that could not be used (the first of each set)", heads, COUNT(heads));
    cJSON_ArrayForEach(set, sets_of(report)) cJSON_ArrayForEach(row, json_get(set, "bad_lines")) {
        page_put(p, "<tr>");
        page_cell_place(p, path_name(report_string(row, "path")), report_number(row, "line"), NULL);
        page_cell(p, report_string(row, "why"));
        page_row_end(p);
    }
    page_table_end(p);
}

static void write_odd(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Row", "Text" };
    const cJSON *set, *row;
    write_bad(p, report);
    if (!any_has(sets_of(report), "odd_rows")) return;
    page_table(p, "Rows least like the others", heads, COUNT(heads));
    cJSON_ArrayForEach(set, sets_of(report)) cJSON_ArrayForEach(row, json_get(set, "odd_rows")) {
        page_put(p, "<tr>");
        page_cell_place(p, path_name(report_string(row, "path")), report_number(row, "line"),
                        report_string(row, "why"));
        page_put(p, "<td class=\"t\" dir=\"auto\">");
        page_say_short(p, report_string(row, "text"), ODD_TEXT);
        page_put(p, "</td>");
        page_row_end(p);
    }
    page_table_end(p);
}

static bool has_odd(const cJSON *report)
{
    return any_has(sets_of(report), "bad_lines") || any_has(sets_of(report), "odd_rows");
}

/* ---- where it comes from ---------------------------------------------------------------------------------------- */

static void write_paths(Page *p, const cJSON *paths)
{
    const cJSON *path;
    int          n = 0;
    cJSON_ArrayForEach(path, paths) {
        if (n++ >= PATHS_SHOWN) continue;
        page_put(p, "%s<code>", n > 1 ? "<br/>" : "");
        page_say(p, cJSON_IsString(path) ? path->valuestring : "");
        page_put(p, "</code>");
    }
    if (n > PATHS_SHOWN) page_put(p, "<br/>and %d more", n - PATHS_SHOWN);
}

static void write_sources(Page *p, const cJSON *report)
{
    static const char *const heads[] = { "Set", "Format", "#Rows", "#Bad rows", "#Size", "Files" };
    static const char *const hashes[] = { "Split", "Files", "Examples" };
    const cJSON *set, *s;
    char         bytes[32];
    if (sets_of(report) && sets_of(report)->child) page_table(p, NULL, heads, COUNT(heads));
    cJSON_ArrayForEach(set, sets_of(report)) {
        page_row(p, set->string);
        page_cell(p, report_string(set, "format"));
        page_cell_number(p, report_number(set, "rows"));
        page_cell_number(p, report_number(set, "bad_rows"));
        page_put(p, "<td class=\"n\">%s</td><td>", text_bytes(bytes, report_number(set, "bytes")));
        write_paths(p, json_get(set, "paths"));
        page_put(p, "</td>");
        page_row_end(p);
    }
    if (sets_of(report) && sets_of(report)->child) page_table_end(p);
    if (!splits_of(report) || !splits_of(report)->child) return;
    page_table(p, "Hashes", hashes, COUNT(hashes));
    cJSON_ArrayForEach(s, splits_of(report)) {
        page_row(p, s->string);
        page_put(p, "<td><code>");
        page_say(p, report_string(s, "file_hash"));
        page_put(p, "</code></td><td><code>");
        page_say(p, report_string(s, "content_hash"));
        page_put(p, "</code></td>");
        page_row_end(p);
    }
    page_table_end(p);
}

static bool has_sources(const cJSON *report)
{
    return (sets_of(report) && sets_of(report)->child) || (splits_of(report) && splits_of(report)->child);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static bool has_splits(const cJSON *report)  { return splits_of(report) && splits_of(report)->child; }
static bool has_lengths(const cJSON *report) { return any_has(splits_of(report), "lengths"); }
static bool has_labels(const cJSON *report)  { return any_has(splits_of(report), "labels"); }
static bool has_unknown(const cJSON *report) { return any_has(splits_of(report), "unknown_tokens"); }
static bool has_scripts(const cJSON *report) { return any_has(sets_of(report), "scripts"); }

static const struct {
    const char *id, *title;
    bool      (*has)(const cJSON *report);
    void      (*write)(Page *p, const cJSON *report);
} sections[] = {
    { "splits",   "Splits",                  has_splits,   write_splits   },
    { "lengths",  "Lengths",                 has_lengths,  write_lengths  },
    { "labels",   "Labels",                  has_labels,   write_labels   },
    { "unknown",  "Unknown tokens",          has_unknown,  write_unknown  },
    { "scripts",  "Scripts",                 has_scripts,  write_scripts  },
    { "repeats",  "Repeats and leakage",     has_repeats,  write_repeats  },
    { "cleaning", "Cleaning",                has_cleaning, write_cleaning },
    { "odd",      "Odd rows",                has_odd,      write_odd      },
    { "sources",  "Sources",                 has_sources,  write_sources  },
};

static void write_foot(Page *p, const cJSON *report)
{
    char took[32];
    page_put(p, "<footer>\n");
    if (json_get(report, "tokenizer_hash")) {
        page_put(p, "<p>Tokenizer <code>");
        page_say(p, report_string(report, "tokenizer_hash"));
        page_put(p, "</code></p>\n");
    }
    page_put(p, "<p>Written by whet %s", WHET_VERSION);
    if (report_number(report, "seconds") > 0)
        page_put(p, " in %s", text_seconds(took, report_number(report, "seconds")));
    page_put(p, "; the same as JSON is in data.json beside this page.</p>\n</footer>\n");
}

static void write_page(Page *p, const cJSON *report, const char *name)
{
    char title[300];
    snprintf(title, sizeof title, "%.*s%sdata report", 240, name, name[0] ? ": " : "");
    page_begin(p, title);
    page_put(p, "<header>\n<h1>");
    page_say(p, title);
    page_put(p, "</h1>\n<nav aria-label=\"Sections\">\n");
    for (size_t i = 0; i < COUNT(sections); i++)
        if (sections[i].has(report)) page_put(p, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].title);
    page_put(p, "</nav>\n</header>\n<main>\n");
    write_tiles(p, report);
    write_warnings(p, report);
    for (size_t i = 0; i < COUNT(sections); i++) {
        if (!sections[i].has(report)) continue;
        page_put(p, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id, sections[i].title);
        sections[i].write(p, report);
        page_put(p, "</section>\n");
    }
    page_put(p, "</main>\n");
    write_foot(p, report);
    page_end(p);
}

Status report_page_write(const cJSON *report, const char *name, const char *path)
{
    Page   p = { 0 };
    write_page(&p, report, name);
    Status s = p.status;
    if (s == OK) s = file_write_whole(path, p.out.data, p.out.len);
    text_release(&p.out);
    return s;
}
