#include "data/report_html.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------------------------- */

void page_put(Page *p, const char *fmt, ...)
{
    char    small[512];
    va_list ap;
    if (p->status != OK) return;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    BUG_ON(n < 0 || (size_t)n >= sizeof small);           /* our own markup; long texts go through page_say */
    p->status = text_add(&p->out, small, (size_t)n);
}

static void add(Page *p, const char *bytes, size_t n)
{
    if (p->status == OK) p->status = text_add(&p->out, bytes, n);
}

/* One character as markup; nothing that HTML does not allow: control characters and broken UTF-8 become U+FFFD. */
static void add_character(Page *p, const char *s, int n, uint32_t cp)
{
    const char *entity = cp == '&' ? "&amp;" : cp == '<' ? "&lt;" : cp == '>' ? "&gt;" : cp == '"' ? "&quot;"
                       : cp == '\'' ? "&#39;" : NULL;
    bool control = (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7F && cp < 0xA0);
    if (entity) add(p, entity, strlen(entity));
    else if (n == 0 || control) add(p, "\xEF\xBF\xBD", 3);
    else add(p, s, (size_t)n);
}

void page_say_short(Page *p, const char *text, size_t max_bytes)
{
    size_t len = strlen(text), i = 0;
    while (i < len) {
        uint32_t cp = 0;
        int      n = utf8_decode(text + i, len - i, &cp);
        if (i + (size_t)n > max_bytes) break;
        add_character(p, text + i, n, cp);
        i += n ? (size_t)n : 1;
    }
    if (i < len) page_put(p, "…");
}

void page_say(Page *p, const char *text) { page_say_short(p, text, SIZE_MAX); }

void page_number(Page *p, double v)
{
    char digits[64], spaced[96];
    if (!isfinite(v) || fabs(v) > 1e15) v = 0;
    snprintf(digits, sizeof digits, v == floor(v) ? "%.0f" : fabs(v) < 10 ? "%.2f" : "%.1f", v);
    size_t whole = strcspn(digits, "."), n = 0;
    for (size_t i = 0; digits[i]; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && digits[i - 1] != '-') spaced[n++] = ',';
        spaced[n++] = digits[i];
    }
    add(p, spaced, n);
}

void page_percent(Page *p, double share)
{
    double percent = 100 * share;
    if (!isfinite(percent)) percent = 0;
    page_put(p, percent == 0 || percent >= 99.95 ? "%.0f %%" : percent < 0.1 ? "%.2g %%" : "%.1f %%", percent);
}

/* ---- the page --------------------------------------------------------------------------------------------------- */

static const char styles[] =
    ":root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--ink:#1d1f22;--soft:#5c6168;--line:#dcdcd7;"
    "--bar:#3b6fb6;--cut:#c8641b;--warn:#fdf1e3;--warn-line:#c8641b}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#15171a;--card:#1e2125;--ink:#e6e7e9;--soft:#a2a8b0;--line:#353a41;"
    "--bar:#79a7e3;--cut:#eb9a57;--warn:#33281b;--warn-line:#eb9a57}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Noto Sans','Noto Sans CJK SC',sans-serif}\n"
    "main,header,footer{max-width:1080px;margin:0 auto;padding:0 16px}\n"
    "header{padding-top:24px}\nfooter{color:var(--soft);padding-bottom:40px;font-size:13px}\n"
    "h1{font-size:26px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}\n"
    "h2{font-size:18px;margin:0 0 10px}\nh3{font-size:15px;margin:0 0 6px}\np{margin:0 0 10px}\n"
    "nav{margin:10px 0 16px;display:flex;flex-wrap:wrap;gap:4px 14px;font-size:14px}\na{color:var(--bar)}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:16px;margin:0 0 16px}\n"
    ".soft{color:var(--soft)}\n"
    ".warnings{background:var(--warn);border-color:var(--warn-line)}\n.warnings ul{margin:0;padding-left:20px}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:0 0 16px}\n"
    ".tiles div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px}\n"
    ".tiles b{display:block;font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}\n"
    ".tiles span{color:var(--soft);font-size:13px}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:24px}\n"
    ".figures>*{min-width:0}\nfigure{margin:0 0 8px}\nfigcaption{font-weight:600}\n"
    "svg.chart{display:block;width:100%;height:auto;max-width:460px}\n"
    "svg text{font-size:11px;fill:var(--soft);font-family:inherit}\n"
    "svg .bar{fill:var(--bar)}\nsvg .over{fill:var(--cut)}\nsvg .axis{stroke:var(--line)}\n"
    "svg .limit{stroke:var(--cut);stroke-dasharray:4 3;stroke-width:1.5}\nsvg text.limit-name{fill:var(--cut)}\n"
    ".wide{overflow-x:auto;margin:0 0 12px}\n.wide:focus-visible{outline:2px solid var(--bar)}\n"
    "table{border-collapse:collapse;width:100%;font-size:14px}\n"
    "caption{text-align:left;font-weight:600;padding:4px 0}\n"
    "th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}\n"
    "thead th{color:var(--soft);font-weight:500;font-size:13px;vertical-align:bottom}\n"
    "tbody th{font-weight:500;overflow-wrap:anywhere;min-width:7em}\n"
    ".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td.b{width:34%;min-width:90px;vertical-align:middle}\ntd.b svg{display:block;width:100%;height:10px}\n"
    "td.p{min-width:9em}\nth:last-child,td:last-child{padding-right:0}\n"
    "td.t{min-width:12em;overflow-wrap:anywhere}\n"
    "code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}\n"
    "summary{cursor:pointer;color:var(--soft);font-size:14px}\n"
    "@media(max-width:560px){body{font-size:14px}section{padding:12px}main,header,footer{padding-left:10px;"
    "padding-right:10px}.tiles{grid-template-columns:repeat(2,1fr)}}\n"
    "@media print{section,.tiles div{break-inside:avoid}nav{display:none}}\n";

void page_begin(Page *p, const char *title)
{
    page_put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                "'unsafe-inline'\"/>\n"
                "<title>");
    page_say(p, title);
    page_put(p, "</title>\n<style>\n");
    add(p, styles, sizeof styles - 1);
    page_put(p, "</style>\n</head>\n<body>\n");
}

void page_end(Page *p) { page_put(p, "</body>\n</html>\n"); }

/* ---- tables ----------------------------------------------------------------------------------------------------- */

void page_table(Page *p, const char *caption, const char *const *heads, size_t n_heads)
{
    page_put(p, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    page_say(p, caption ? caption : heads[0]);
    page_put(p, "\"><table>");
    if (caption) {
        page_put(p, "<caption>");
        page_say(p, caption);
        page_put(p, "</caption>");
    }
    page_put(p, "<thead><tr>");
    for (size_t i = 0; i < n_heads; i++) {
        bool number = heads[i][0] == '#';
        page_put(p, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
        page_say(p, heads[i] + number);
        page_put(p, "</th>");
    }
    page_put(p, "</tr></thead>\n<tbody>\n");
}

void page_table_end(Page *p) { page_put(p, "</tbody></table></div>\n"); }

void page_row(Page *p, const char *name)
{
    page_put(p, "<tr><th scope=\"row\"><bdi>");
    page_say_short(p, name, 200);
    page_put(p, "</bdi></th>");
}

void page_row_end(Page *p) { page_put(p, "</tr>\n"); }

void page_cell(Page *p, const char *text)
{
    page_put(p, "<td><bdi>");
    page_say(p, text);
    page_put(p, "</bdi></td>");
}

void page_cell_number(Page *p, double v)
{
    page_put(p, "<td class=\"n\">");
    page_number(p, v);
    page_put(p, "</td>");
}

void page_cell_percent(Page *p, double share)
{
    page_put(p, "<td class=\"n\">");
    page_percent(p, share);
    page_put(p, "</td>");
}

void page_cell_place(Page *p, const char *file, double line, const char *note)
{
    page_put(p, "<td class=\"p\"><code>");
    page_say(p, file);
    page_put(p, ":%.0f</code>", line);
    if (note) {
        page_put(p, "<br/><span class=\"soft\">");
        page_say(p, note);
        page_put(p, "</span>");
    }
    page_put(p, "</td>");
}

void page_cell_bar(Page *p, double share)
{
    if (!(share > 0)) share = 0;
    if (share > 1) share = 1;
    page_put(p, "<td class=\"b\"><svg aria-hidden=\"true\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\">"
                "<rect class=\"bar\" width=\"%.2f\" height=\"10\"/></svg></td>", 100 * share);
}

/* ---- the histogram ---------------------------------------------------------------------------------------------- */

enum { CHART_W = 360, CHART_H = 190, CHART_LEFT = 4, CHART_TOP = 34, CHART_FLOOR = 166, MAX_NAMES = 12 };

/* Where the cut falls among the buckets, in buckets from the left; buckets grow, so it is linear within one only. */
static double cut_position(const Bucket *b, size_t n, double cut_at)
{
    double from = 0;
    for (size_t i = 0; i < n; from = b[i++].up_to)
        if (cut_at <= b[i].up_to) return (double)i + (cut_at - from) / fmax(b[i].up_to - from, 1);
    return (double)n;
}

static void put_bar(Page *p, const Bucket *b, double from, double x, double step, double most, bool over, bool named)
{
    double height = b->count / most * (CHART_FLOOR - CHART_TOP), gap = step > 6 ? 2 : 0;
    if (b->count > 0 && height < 1) height = 1;           /* one text must be seen among a million */
    page_put(p, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%.0f to %.0f tokens: "
                "%.0f</title></rect>", over ? "over" : "bar", x + gap / 2, CHART_FLOOR - height, step - gap, height,
             from + 1, b->up_to, b->count);
    if (named) page_put(p, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>", x + step / 2,
                        CHART_FLOOR + 15, b->up_to);
}

void page_histogram(Page *p, const char *title, const Bucket *b, size_t n, double cut_at)
{
    double most = 1, step = n ? (double)(CHART_W - 2 * CHART_LEFT) / (double)n : 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, b[i].count);
    page_put(p, "<figure><figcaption>");
    page_say(p, title);
    page_put(p, "</figcaption>\n<svg class=\"chart\" role=\"img\" viewBox=\"0 0 %d %d\"><title>", CHART_W, CHART_H);
    page_say(p, title);
    page_put(p, "</title><desc>Bars: how many texts have at most so many tokens. The table below has the numbers."
                "</desc>\n");
    for (size_t i = 0; i < n; i++)
        put_bar(p, &b[i], i ? b[i - 1].up_to : 0, CHART_LEFT + (double)i * step, step, most,
                cut_at > 0 && (i ? b[i - 1].up_to : 0) >= cut_at, i % (n / MAX_NAMES + 1) == 0);
    page_put(p, "<line class=\"axis\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", CHART_W, CHART_FLOOR, CHART_FLOOR);
    if (cut_at > 0 && n > 0) {
        double x = CHART_LEFT + cut_position(b, n, cut_at) * step;
        page_put(p,
                 "<line class=\"limit\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/><text class=\"limit-name\" "
                 "x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">max_length %.0f</text>\n",
                 x, x, CHART_TOP - 16, CHART_FLOOR, x > CHART_W / 2.0 ? x - 4 : x + 4, CHART_TOP - 20 + 12,
                 x > CHART_W / 2.0 ? "end" : "start", cut_at);
    }
    page_put(p, "</svg></figure>\n");
}
