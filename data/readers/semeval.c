/* data/readers/semeval.c: relations between two marked words, SemEval-2010 task 8 (Hendrickx et al. 2010).
 *
 *     8       "The <e1>author</e1> of a keygen uses a <e2>disassembler</e2> to look at the code."
 *     Instrument-Agency(e2,e1)
 *     Comment:
 *
 * A row is such a block; the test file has the sentences alone. text keeps the markers; spans are the two words between
 * them, labelled e1 and e2; label is the relation. */
#include "data/readers/readers.h"

#include <string.h>

static Status semeval_begin(Source *s) { return source_offers(s, "SemEval", false, true, false, false); }

/* The sentence of "8\t\"...\"", or NULL. */
static const char *sentence_of(const char *line, size_t n, size_t *n_sentence)
{
    size_t i = 0;
    while (i < n && line[i] >= '0' && line[i] <= '9') i++;
    if (i == 0 || i + 1 >= n || line[i] != '\t') return NULL;
    i++;
    size_t end = n;
    while (end > i && (line[end - 1] == ' ' || line[end - 1] == '\t')) end--;
    if (end - i >= 2 && line[i] == '"' && line[end - 1] == '"') {
        i++;
        end--;
    }
    *n_sentence = end - i;
    return line + i;
}

static Status mark(Source *s, int64_t line, const char *open, const char *close, const char *label)
{
    const char *begin = strstr(s->text.data, open), *end = begin ? strstr(begin, close) : NULL;
    if (!end) return source_bad(s, line, "the sentence has no word between %s and %s", open, close);
    return source_add_span(s, (size_t)(begin - s->text.data) + strlen(open), (size_t)(end - s->text.data), label);
}

/* The relation and the comment behind a sentence, if they are there; the place stays before the next sentence. */
static Status read_relation(Source *s, Row *out)
{
    for (int i = 0;; i++) {
        const char *line;
        size_t      n, whole, n_sentence;
        bool        end;
        TRY(source_peek_line(s, &line, &n, &whole, &end));
        if (end || n == 0 || sentence_of(line, n, &n_sentence)) return OK;
        TRY(source_line(s, &line, &n, &end));
        if (i > 0 || (n >= 7 && strncasecmp(line, "Comment", 7) == 0)) continue;
        while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t')) n--;
        TRY(text_add(&s->label, line, n));
        if (n) out->label = s->label.data;
    }
}

static Status semeval_read(Source *s, Row *out, bool *end)
{
    const char *line, *sentence;
    size_t      n, n_sentence;
    int64_t     number = s->place.line;
    TRY(source_line(s, &line, &n, end));
    if (*end) return OK;
    sentence = sentence_of(line, n, &n_sentence);
    if (!sentence)
        return hint(source_bad(s, number, "a number, a tab and a sentence in quotes are expected here"),
                    "is this file in the format of SemEval-2010 task 8?");
    TRY(text_add(&s->text, sentence, n_sentence));
    TRY(read_relation(s, out));
    TRY(mark(s, number, "<e1>", "</e1>", "e1"));
    TRY(mark(s, number, "<e2>", "</e2>", "e2"));
    out->text = s->text.data;
    out->n_text = s->text.len;
    out->spans = s->spans;
    out->n_spans = s->n_spans;
    return OK;
}

const Reader reader_semeval = { "semeval", NULL, " \t\r", semeval_begin, semeval_read };
